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

static void read_octets(int fd, size_t len) {
  while (len > 0) {
    char got[4096];
    ssize_t n = read(fd, got, len < sizeof got ? len : sizeof got);
    assert_true(n > 0);
    len -= (size_t)n;
  }
}

static void test_what_a_slow_reader_does_not_take_is_held(void **state) {
  (void)state;
  enum { LEN = 4 * 1024 * 1024 };
  static uint8_t body[LEN];
  client_output spec = {CLIENT_OUTPUT_STDOUT, NULL};
  client_url url = url_of("https://a/");
  app_error err;
  output out;
  bool is_held = false;
  size_t len = 0;
  int ends[2];
  int saved = dup(STDOUT_FILENO);
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
  bool ok = output_init(&out, &spec, &url, false, LEN, &err) &&
            output_take_turn(&out, &len, &err) &&
            output_write(&out, &is_held, codicil_span_of(body, LEN), &err);
  size_t written = LEN - out.held.len;
  bool was_blocked = is_held && output_is_blocked(&out) && out.taken == written && written > 0;
  read_octets(ends[0], written);
  ok = ok && output_take_turn(&out, &len, &err); // as much again, and what was written before
  size_t second = LEN - written - out.held.len;
  read_octets(ends[0], second);
  dup2(saved, STDOUT_FILENO);
  assert_true(ok);
  assert_true(was_blocked);
  assert_true(second > 0);
  assert_int_equal(len, written + second);
  close(saved);
  close(ends[0]);
  close(ends[1]);
  client_url_clear(&url);
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
      cmocka_unit_test(test_what_a_slow_reader_does_not_take_is_held),
      cmocka_unit_test(test_what_is_discarded_is_neither_written_nor_held),
      cmocka_unit_test(test_a_remote_name_stays_in_this_directory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
