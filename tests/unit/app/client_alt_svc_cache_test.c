// The cache of Alternative Services, in memory and in a file of curl's format.
#include "cmocka_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client/alt_svc_cache.h"

enum { NOW = 1800000000 }; // 2027-01-15 08:00:00

static char directory[] = "/tmp/alt_svc_XXXXXX";
static char path[64];

static int set_up(void **state) {
  (void)state;
  memcpy(directory + sizeof directory - 7, "XXXXXX", 6);
  assert_non_null(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/cache", directory);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  unlink(path);
  return rmdir(directory); // and no other file was left there
}

static codicil_origin origin_of(const char *text) {
  codicil_origin origin;
  assert_true(codicil_origin_parse(&origin, codicil_span_of(text, strlen(text))));
  return origin;
}

// `notes` (may be NULL) gets what -v would show.
static alt_svc_cache *cache_of(const char *name, int64_t now_s, FILE *notes) {
  static io_loop loop;
  static client_verbose verbose;
  alt_svc_cache *cache = NULL;
  app_error err = {""};
  verbose = (client_verbose){.out = notes, .loop = &loop};
  if (!alt_svc_cache_new(&cache, name, &verbose, now_s, &err)) {
    fail_msg("%s", err.text);
  }
  return cache;
}

static void update(alt_svc_cache *cache, const char *origin, const char *value, int64_t now_s) {
  codicil_origin o = origin_of(origin);
  alt_svc_cache_update(cache, &o, ALT_SVC_H2, codicil_span_of(value, strlen(value)), now_s);
}

static unsigned port_of(const alt_svc_cache *cache, const char *origin, int64_t now_s) {
  codicil_origin o = origin_of(origin);
  return alt_svc_cache_h3_port(cache, &o, now_s);
}

static void save(const alt_svc_cache *cache, int64_t now_s) {
  app_error err = {""};
  if (!alt_svc_cache_save(cache, now_s, &err)) {
    fail_msg("%s", err.text);
  }
}

static void write_file(const char *text) {
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  assert_true(fputs(text, f) >= 0);
  assert_int_equal(fclose(f), 0);
}

static void assert_file(const char *expected) {
  char got[4096] = "";
  char *lines = got;
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  got[fread(got, 1, sizeof got - 1, f)] = '\0';
  fclose(f);
  while (lines[0] == '#') {
    lines = strchr(lines, '\n') + 1;
  }
  assert_string_equal(lines, expected);
}

static void test_a_fresh_alternative_on_the_same_host_is_found(void **state) {
  (void)state;
  alt_svc_cache *cache = cache_of("", NOW, NULL);
  update(cache, "https://a.example", "h2=\":1\", h3=\":8443\"; ma=10", NOW);
  assert_int_equal(port_of(cache, "https://a.example", NOW), 8443);
  assert_int_equal(port_of(cache, "https://a.example", NOW + 9), 8443);
  assert_int_equal(port_of(cache, "https://a.example", NOW + 10), 0);
  assert_int_equal(port_of(cache, "https://a.example:8443", NOW), 0);
  assert_int_equal(port_of(cache, "https://b.example", NOW), 0);
  alt_svc_cache_free(cache);
}

static void test_other_hosts_are_kept_and_not_used(void **state) {
  (void)state;
  alt_svc_cache *cache = cache_of("", NOW, NULL);
  update(cache, "https://a.example", "h3=\"b.example:1\", h3=\"a.example:2\"", NOW);
  assert_int_equal(port_of(cache, "https://a.example", NOW), 2);
  alt_svc_cache_free(cache);
}

static void test_a_field_replaces_what_was_known(void **state) {
  (void)state;
  alt_svc_cache *cache = cache_of("", NOW, NULL);
  update(cache, "https://a.example", "h3=\":1\"", NOW);
  update(cache, "https://b.example", "h3=\":2\"", NOW);
  update(cache, "https://a.example", "h3=\":3\"", NOW);
  assert_int_equal(port_of(cache, "https://a.example", NOW), 3);
  update(cache, "https://a.example", "not a field", NOW);
  assert_int_equal(port_of(cache, "https://a.example", NOW), 3);
  update(cache, "https://a.example", "clear", NOW);
  assert_int_equal(port_of(cache, "https://a.example", NOW), 0);
  assert_int_equal(port_of(cache, "https://b.example", NOW), 2);
  alt_svc_cache_free(cache);
}

static void test_one_service_is_forgotten_alone(void **state) {
  (void)state;
  alt_svc_cache *cache = cache_of("", NOW, NULL);
  codicil_origin a = origin_of("https://a.example");
  update(cache, "https://a.example", "h2=\":1\", h3=\"b.example:1\", h3=\":1\", h3=\":2\"", NOW);
  update(cache, "https://b.example", "h3=\":1\"", NOW);
  alt_svc_cache_forget(cache, &a, 1);
  assert_int_equal(port_of(cache, "https://a.example", NOW), 2);
  assert_int_equal(port_of(cache, "https://b.example", NOW), 1);
  alt_svc_cache_forget(cache, &a, 2);
  assert_int_equal(port_of(cache, "https://a.example", NOW), 0);
  alt_svc_cache_free(cache);
}

static void test_it_holds_so_many_and_no_more(void **state) {
  (void)state;
  alt_svc_cache *cache = cache_of("", NOW, NULL);
  for (int i = 0; i < 4200; i++) {
    char origin[64];
    snprintf(origin, sizeof origin, "https://n%d.example", i);
    update(cache, origin, "h3=\":1\"", NOW);
  }
  assert_int_equal(port_of(cache, "https://n0.example", NOW), 0);
  assert_int_equal(port_of(cache, "https://n4199.example", NOW), 1);
  alt_svc_cache_free(cache);
}

static void test_the_file_is_written_as_curl_reads_it(void **state) {
  (void)state;
  struct stat st;
  alt_svc_cache *cache = cache_of(path, NOW, NULL);
  update(cache, "https://a.example", "h3=\":8443\"; ma=60; persist=1, h2=\"[::1]:1\"; ma=61", NOW);
  update(cache, "https://gone.example", "h3=\":1\"; ma=1", NOW);
  save(cache, NOW + 2);
  alt_svc_cache_free(cache);
  assert_file("h2 a.example 443 h3 a.example 8443 \"20270115 08:01:00\" 1 0\n"
              "h2 a.example 443 h2 [::1] 1 \"20270115 08:01:01\" 0 0\n");
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_a_file_is_read_and_written_alike(void **state) {
  (void)state;
  static const char lines[] = "h2 a.example 443 h3 a.example 8443 \"20270115 08:01:00\" 1 0\n"
                              "h3 [::1] 8443 h3 [::1] 443 \"20290101 00:00:00\" 0 0\n";
  write_file(lines);
  alt_svc_cache *cache = cache_of(path, NOW, NULL);
  assert_int_equal(port_of(cache, "https://a.example", NOW), 8443);
  assert_int_equal(port_of(cache, "https://[::1]:8443", NOW), 443);
  save(cache, NOW);
  alt_svc_cache_free(cache);
  assert_file(lines);
}

static void test_bad_lines_are_passed_over_with_a_note(void **state) {
  (void)state;
  char *notes = NULL;
  size_t len = 0;
  FILE *out = open_memstream(&notes, &len);
  write_file("# a comment\n\n"
             "h9 a.example 443 h3 a.example 1 \"20290101 00:00:00\" 0 0\n"
             "h2 a.example 443 h3 a.example 1 \"20290101 00:00:00\" 0\n"
             "h2 a.example 443 h3 a.example 1 \"20290101 00:00:00\" 0 0 more\n"
             "h2 a.example 0 h3 a.example 1 \"20290101 00:00:00\" 0 0\n"
             "h2 a.example 443 h3 a.example 65536 \"20290101 00:00:00\" 0 0\n"
             "h2 a.example:1 443 h3 a.example 1 \"20290101 00:00:00\" 0 0\n"
             "h2 [::1 443 h3 a.example 1 \"20290101 00:00:00\" 0 0\n"
             "h2 a.example 443 h3 a.example 1 \"20291301 00:00:00\" 0 0\n"
             "h2 a.example 443 h3 a.example 1 20290101 00:00:00 0 0\n"
             "h2 a.example 443 h3 a.example 1 \"20290101 00:00:00\" 5 0\n"
             "h2 b.example 443 h3 b.example 2 \"20290101 00:00:00\" 0 0\r\n"
             "h2 c.example 443 h3 c.example 3 \"20290101 00:00:00\" 0 0");
  alt_svc_cache *cache = cache_of(path, NOW, out);
  assert_int_equal(port_of(cache, "https://a.example", NOW), 0);
  assert_int_equal(port_of(cache, "https://b.example", NOW), 2);
  assert_int_equal(port_of(cache, "https://c.example", NOW), 3);
  fclose(out);
  size_t num_notes = 0;
  for (const char *p = notes; *p != '\0'; p++) {
    num_notes += *p == '\n' ? 1 : 0;
  }
  assert_int_equal(num_notes, 10);
  assert_non_null(strstr(notes, ":3: not an Alternative Service"));
  free(notes);
  alt_svc_cache_free(cache);
}

// 4 MiB at the most: it is read in a moment, whatever it holds.
static void test_a_file_of_many_lines_costs_little(void **state) {
  (void)state;
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  for (int i = 0; i < 80000; i++) {
    fprintf(f, "h2 n%d 1 h3 n%d 1 \"20990101 00:00:00\" 0 0\n", i, i);
  }
  assert_int_equal(fclose(f), 0);
  clock_t begin = clock();
  alt_svc_cache *cache = cache_of(path, NOW, NULL);
  assert_true((clock() - begin) / CLOCKS_PER_SEC < 15); // it takes a fraction of one
  assert_int_equal(port_of(cache, "https://n0:1", NOW), 0);
  assert_int_equal(port_of(cache, "https://n79999:1", NOW), 1);
  alt_svc_cache_free(cache);
}

static void test_what_has_ended_is_not_read(void **state) {
  (void)state;
  write_file("h2 a.example 443 h3 a.example 1 \"20270115 08:00:00\" 0 0\n");
  alt_svc_cache *cache = cache_of(path, NOW, NULL);
  assert_int_equal(port_of(cache, "https://a.example", NOW - 5), 0);
  alt_svc_cache_free(cache);
}

static void test_a_file_that_cannot_be_written_says_so(void **state) {
  (void)state;
  app_error err = {""};
  alt_svc_cache *cache = cache_of("/nowhere/cache", NOW, NULL);
  assert_false(alt_svc_cache_save(cache, NOW, &err));
  assert_non_null(strstr(err.text, "/nowhere/cache"));
  alt_svc_cache_free(cache);
}

static void test_a_directory_is_no_file(void **state) {
  (void)state;
  alt_svc_cache *cache = NULL;
  app_error err = {""};
  client_verbose verbose = {.out = NULL};
  assert_false(alt_svc_cache_new(&cache, directory, &verbose, NOW, &err));
  assert_null(cache);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_fresh_alternative_on_the_same_host_is_found),
      cmocka_unit_test(test_other_hosts_are_kept_and_not_used),
      cmocka_unit_test(test_a_field_replaces_what_was_known),
      cmocka_unit_test(test_one_service_is_forgotten_alone),
      cmocka_unit_test(test_it_holds_so_many_and_no_more),
      WITH_FILE(test_the_file_is_written_as_curl_reads_it),
      WITH_FILE(test_a_file_is_read_and_written_alike),
      WITH_FILE(test_bad_lines_are_passed_over_with_a_note),
      WITH_FILE(test_a_file_of_many_lines_costs_little),
      WITH_FILE(test_what_has_ended_is_not_read),
      cmocka_unit_test(test_a_file_that_cannot_be_written_says_so),
      WITH_FILE(test_a_directory_is_no_file),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
