// Where bodies go: files, standard output in its turn, and taking back.
#include "cmocka_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/output.h"

enum { MAX_HELD = 8 };

static codicil_span text(const char *s) {
  return codicil_span_of(s, strlen(s));
}

static client_url url_of(const char *s) {
  client_url url;
  app_error err;
  assert_int_equal(client_url_parse(&url, s, &err), 0);
  return url;
}

static output output_of(const client_output *spec, const char *s, bool discard) {
  client_url url = url_of(s);
  output out;
  app_error err;
  assert_true(output_init(&out, spec, &url, discard, MAX_HELD, &err));
  client_url_clear(&url);
  return out;
}

static void assert_file(const char *path, const char *content) {
  char got[64] = {0};
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  size_t n = fread(got, 1, sizeof got - 1, f);
  fclose(f);
  assert_int_equal(n, strlen(content));
  assert_string_equal(got, content);
}

static void test_a_file_is_written_at_once_and_can_be_begun_again(void **state) {
  (void)state;
  char path[] = "/tmp/client_output_XXXXXX";
  close(mkstemp(path));
  client_output spec = {CLIENT_OUTPUT_FILE, path};
  output out = output_of(&spec, "https://a/", false);
  app_error err;
  bool is_held = true;
  assert_true(output_write(&out, &is_held, text("hello"), &err));
  assert_false(is_held);
  assert_file(path, "hello");
  assert_true(output_restart(&out));
  assert_true(output_write(&out, &is_held, text("bye"), &err));
  assert_file(path, "bye");
  output_clear(&out);
  unlink(path);
}

static void test_a_file_that_cannot_be_made_is_named(void **state) {
  (void)state;
  client_output spec = {CLIENT_OUTPUT_FILE, "/nonexistent/directory/file"};
  output out = output_of(&spec, "https://a/", false);
  app_error err = {""};
  bool is_held;
  assert_false(output_write(&out, &is_held, text("x"), &err));
  assert_non_null(strstr(err.text, "/nonexistent/directory/file"));
  output_clear(&out);
}

static void test_standard_output_is_held_until_its_turn_within_bounds(void **state) {
  (void)state;
  client_output spec = {CLIENT_OUTPUT_STDOUT, NULL};
  output out = output_of(&spec, "https://a/", false);
  app_error err;
  bool is_held = false;
  assert_true(output_write(&out, &is_held, text("abcde"), &err));
  assert_true(is_held);
  assert_false(output_write(&out, &is_held, text("fghi"), &err));
  assert_int_equal(out.held.len, 5);
  assert_true(output_restart(&out)); // nothing has left the process
  assert_int_equal(out.held.len, 0);
  output_clear(&out);
}

static void test_what_is_discarded_is_neither_written_nor_held(void **state) {
  (void)state;
  client_output spec = {CLIENT_OUTPUT_STDOUT, NULL};
  output out = output_of(&spec, "https://a/", true);
  app_error err;
  bool is_held = true;
  assert_true(output_write(&out, &is_held, text("more than may be held"), &err));
  assert_false(is_held);
  output_clear(&out);
}

static void test_a_remote_name_stays_in_this_directory(void **state) {
  (void)state;
  client_output spec = {CLIENT_OUTPUT_REMOTE_NAME, NULL};
  output out = output_of(&spec, "https://a/b/c.txt?d", false);
  assert_string_equal(out.path, "c.txt");
  output_clear(&out);
  client_url url = url_of("https://a/b/");
  app_error err = {""};
  assert_false(output_init(&out, &spec, &url, false, MAX_HELD, &err));
  assert_non_null(strstr(err.text, "-O"));
  client_url_clear(&url);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_file_is_written_at_once_and_can_be_begun_again),
      cmocka_unit_test(test_a_file_that_cannot_be_made_is_named),
      cmocka_unit_test(test_standard_output_is_held_until_its_turn_within_bounds),
      cmocka_unit_test(test_what_is_discarded_is_neither_written_nor_held),
      cmocka_unit_test(test_a_remote_name_stays_in_this_directory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
