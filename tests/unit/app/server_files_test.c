// From a target to a file: decoding, staying below the root, and the worker's cache.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/file_cache.h"
#include "server/file_path.h"
#include "server/http_date.h"
#include "server/mime.h"

enum { S = 1000000000 };

// ---- paths
// -----------------------------------------------------------------------------------------------

static file_path_result decode(char *out, const char *target) {
  return file_path_decode(out, codicil_span_of(target, strlen(target)));
}

static void test_targets_become_paths(void **state) {
  (void)state;
  static const char *const pairs[][2] = {
      {"/", "index.html"},     {"/?q=/x", "index.html"},
      {"/a/b.txt", "a/b.txt"}, {"/a/", "a/index.html"},
      {"/a%20b", "a b"},       {"/%C3%a9?", "\xc3\xa9"},
      {"/..a/b..", "..a/b.."}, {"/.well-known/x", ".well-known/x"},
      {"/%2541", "%41"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    char out[FILE_PATH_MAX];
    assert_int_equal(decode(out, pairs[i][0]), FILE_PATH_OK);
    assert_string_equal(out, pairs[i][1]);
  }
}

static void test_targets_that_lead_elsewhere_name_nothing(void **state) {
  (void)state;
  static const char *const none[] = {"/..",    "/../etc/passwd", "/a/../b",  "/%2e%2e/x",
                                     "//a",    "/a//b",          "/./a",     "/a/.",
                                     "/a%00b", "/a%2fb",         "/%2e%2e/", "/a/..%2f.."};
  static const char *const malformed[] = {"", "a", "/%", "/%4", "/%zz", "/a%2"};
  char out[FILE_PATH_MAX];
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    assert_int_equal(decode(out, none[i]), FILE_PATH_NONE);
  }
  for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
    assert_int_equal(decode(out, malformed[i]), FILE_PATH_MALFORMED);
  }
}

static void test_a_path_may_be_long_and_no_longer(void **state) {
  (void)state;
  char target[FILE_PATH_MAX * 2];
  char out[FILE_PATH_MAX];
  memset(target, 'a', sizeof target);
  target[0] = '/';
  assert_int_equal(file_path_decode(out, codicil_span_of(target, 1000)), FILE_PATH_OK);
  assert_int_equal(file_path_decode(out, codicil_span_of(target, sizeof target)), FILE_PATH_NONE);
}

// ---- files
// -----------------------------------------------------------------------------------------------

typedef struct fixture {
  char directory[64];
  int root;
  file_cache *cache;
} fixture;

static void write_file(const fixture *f, const char *name, const char *content) {
  int fd = openat(f->root, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, content, strlen(content)), strlen(content));
  close(fd);
}

static int set_up(void **state) {
  static fixture f;
  strcpy(f.directory, "/tmp/codicil-files-XXXXXX");
  assert_non_null(mkdtemp(f.directory));
  f.root = open(f.directory, O_PATH | O_DIRECTORY);
  f.cache = file_cache_new(8 * 100);
  assert_int_equal(mkdirat(f.root, "d", 0700), 0);
  write_file(&f, "a.html", "hello");
  write_file(&f, "d/in", "inside");
  assert_int_equal(symlinkat("a.html", f.root, "link"), 0);
  assert_int_equal(symlinkat("../a.html", f.root, "d/up"), 0);
  assert_int_equal(symlinkat("/etc/passwd", f.root, "absolute"), 0);
  assert_int_equal(symlinkat("../../etc/passwd", f.root, "out"), 0);
  assert_int_equal(symlinkat("..", f.root, "parent"), 0);
  assert_int_equal(mkfifoat(f.root, "fifo", 0600), 0);
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  static const char *const names[] = {"a.html", "d/in",   "link", "d/up", "absolute",
                                      "out",    "parent", "fifo", "b",    "big"};
  file_cache_free(f->cache);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    unlinkat(f->root, names[i], 0);
  }
  unlinkat(f->root, "d", AT_REMOVEDIR);
  close(f->root);
  rmdir(f->directory);
  return 0;
}

static file_result get(fixture *f, file_entry **out, const char *path, uint64_t now_ns) {
  return file_cache_get(f->cache, out, f->root, path, now_ns);
}

static void expect_content(const file_entry *entry, const char *expected) {
  uint8_t space[64];
  codicil_span content = file_entry_read(entry, 0, sizeof space, space);
  assert_int_equal(content.len, strlen(expected));
  assert_memory_equal(content.data, expected, content.len);
}

static void test_a_file_is_found_and_described(void **state) {
  fixture *f = *state;
  file_entry *entry;
  assert_int_equal(get(f, &entry, "a.html", S), FILE_FOUND);
  assert_string_equal(entry->type, "text/html; charset=utf-8");
  assert_string_equal(entry->length, "5");
  expect_content(entry, "hello");
  file_cache_release(f->cache, entry);
}

static void test_links_below_the_root_are_followed(void **state) {
  fixture *f = *state;
  file_entry *entry;
  static const char *const links[] = {"link", "d/up"};
  for (size_t i = 0; i < 2; i++) {
    file_result result = get(f, &entry, links[i], S);
    if (result == FILE_FOUND) { // without openat2 no link is followed at all
      expect_content(entry, "hello");
      file_cache_release(f->cache, entry);
    } else {
      assert_int_equal(result, FILE_NOT_FOUND);
    }
  }
}

static void test_nothing_outside_the_root_is_found(void **state) {
  fixture *f = *state;
  file_entry *entry;
  static const char *const paths[] = {"absolute",      "out",         "parent/etc/passwd",
                                      "../etc/passwd", "/etc/passwd", "nothing",
                                      "a.html/x"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    assert_int_equal(get(f, &entry, paths[i], S), FILE_NOT_FOUND);
  }
}

static void test_what_is_no_file_is_not_opened(void **state) {
  fixture *f = *state;
  file_entry *entry;
  assert_int_equal(get(f, &entry, "d", S), FILE_IS_DIRECTORY);
  assert_int_equal(get(f, &entry, "fifo", S), FILE_NOT_FOUND);
}

static void test_a_change_is_seen_after_a_second(void **state) {
  fixture *f = *state;
  file_entry *before;
  file_entry *after;
  assert_int_equal(get(f, &before, "a.html", S), FILE_FOUND);
  write_file(f, "a.html", "changed");
  assert_int_equal(get(f, &after, "a.html", S + S / 2), FILE_FOUND);
  assert_ptr_equal(after, before);
  file_cache_release(f->cache, after);
  assert_int_equal(get(f, &after, "a.html", 2ull * S), FILE_FOUND);
  expect_content(after, "changed");
  expect_content(before, "hello"); // a response under way stays whole
  assert_string_not_equal(before->etag, after->etag);
  file_cache_release(f->cache, before);
  file_cache_release(f->cache, after);
  assert_int_equal(unlinkat(f->root, "a.html", 0), 0);
  assert_int_equal(get(f, &after, "a.html", 4ull * S), FILE_NOT_FOUND);
}

static void test_the_cache_keeps_no_more_than_it_may(void **state) {
  fixture *f = *state;
  file_entry *entry;
  char name[16];
  char content[91];
  memset(content, 'x', 90);
  content[90] = '\0';
  for (int i = 0; i < 20; i++) {
    snprintf(name, sizeof name, "b");
    write_file(f, name, content);
    assert_int_equal(get(f, &entry, name, (uint64_t)(i + 1) * 2 * S), FILE_FOUND);
    expect_content(entry, content + 26); // 64 of them are read
    file_cache_release(f->cache, entry);
  }
}

static void test_a_large_file_is_read_as_it_is_sent(void **state) {
  fixture *f = *state;
  file_entry *entry;
  uint8_t space[50];
  char content[301];
  memset(content, 'y', 300);
  content[300] = '\0';
  write_file(f, "big", content);
  assert_int_equal(get(f, &entry, "big", S), FILE_FOUND);
  assert_null(entry->content);
  assert_int_equal(file_entry_read(entry, 280, sizeof space, space).len, 20);
  write_file(f, "big", "short");
  assert_int_equal(file_entry_read(entry, 280, sizeof space, space).len, 0);
  file_cache_release(f->cache, entry);
}

// ---- types and dates
// -----------------------------------------------------------------------------------

static void test_types_go_by_extension(void **state) {
  (void)state;
  assert_string_equal(mime_type("a/b.JS"), "text/javascript; charset=utf-8");
  assert_string_equal(mime_type("a.b/c"), "application/octet-stream");
  assert_string_equal(mime_type("x.woff2"), "font/woff2");
  assert_string_equal(mime_type("x."), "application/octet-stream");
  assert_string_equal(mime_type("7z.7z"), "application/x-7z-compressed");
  assert_string_equal(mime_type("x.zip"), "application/zip");
}

static bool parse_date(int64_t *out, const char *text) {
  return http_date_parse(out, codicil_span_of(text, strlen(text)));
}

static void test_dates_of_all_three_formats_are_read(void **state) {
  (void)state;
  char out[HTTP_DATE_LEN + 1];
  int64_t t;
  http_date_format(out, 784111777);
  assert_string_equal(out, "Sun, 06 Nov 1994 08:49:37 GMT");
  assert_true(parse_date(&t, out) && t == 784111777);
  assert_true(parse_date(&t, "Sunday, 06-Nov-94 08:49:37 GMT") && t == 784111777);
  assert_true(parse_date(&t, "Sun Nov  6 08:49:37 1994") && t == 784111777);
  assert_false(parse_date(&t, ""));
  assert_false(parse_date(&t, "Sun, 06 Nov 1994 08:49:37 GMT+1"));
  assert_false(parse_date(&t, "yesterday"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_targets_become_paths),
      cmocka_unit_test(test_targets_that_lead_elsewhere_name_nothing),
      cmocka_unit_test(test_a_path_may_be_long_and_no_longer),
      cmocka_unit_test_setup_teardown(test_a_file_is_found_and_described, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_links_below_the_root_are_followed, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_nothing_outside_the_root_is_found, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_what_is_no_file_is_not_opened, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_change_is_seen_after_a_second, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_the_cache_keeps_no_more_than_it_may, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_large_file_is_read_as_it_is_sent, set_up, tear_down),
      cmocka_unit_test(test_types_go_by_extension),
      cmocka_unit_test(test_dates_of_all_three_formats_are_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
