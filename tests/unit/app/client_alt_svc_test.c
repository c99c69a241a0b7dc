// The Alt-Svc field: RFC 7838 §3.
#include "cmocka_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/alt_svc.h"

static bool parse(alt_svc_field *out, const char *text) {
  // Against its exact allocation.
  size_t len = strlen(text);
  char *copy = malloc(len > 0 ? len : 1);
  assert_non_null(copy);
  memcpy(copy, text, len);
  bool ok = alt_svc_parse(out, codicil_span_of(copy, len));
  free(copy);
  return ok;
}

// "h3 host:port ma=N[ persist]" of each, joined by "; ".
static void assert_read(const char *text, const char *expected) {
  alt_svc_field field;
  char got[512] = "";
  size_t len = 0;
  assert_true(parse(&field, text));
  assert_false(field.is_clear);
  for (size_t i = 0; i < field.num; i++) {
    const alt_svc *s = &field.items[i];
    len += (size_t)snprintf(got + len, sizeof got - len, "%s%s %s:%u ma=%u%s", i > 0 ? "; " : "",
                            alt_svc_protocol_word(s->protocol), s->host, s->port, s->max_age_s,
                            s->persist ? " persist" : "");
  }
  assert_string_equal(got, expected);
}

static void assert_refused(const char *text) {
  alt_svc_field field;
  alt_svc_field untouched;
  memset(&field, 0x5a, sizeof field);
  memset(&untouched, 0x5a, sizeof untouched);
  assert_false(parse(&field, text));
  assert_memory_equal(&field, &untouched, sizeof field);
}

static void test_alternatives_are_read_in_order(void **state) {
  (void)state;
  assert_read("h3=\":443\"", "h3 :443 ma=86400");
  assert_read("h3=\":443\"; ma=60, h2=\"Alt.Example:8443\";persist=1; ma=5",
              "h3 :443 ma=60; h2 alt.example:8443 ma=5 persist");
  assert_read("http%2F1.1=\"[::1]:80\"", "h1 ::1:80 ma=86400");
}

static void test_protocol_names_are_percent_encoded(void **state) {
  (void)state;
  assert_read("%68%33=\":1\"", "h3 :1 ma=86400");
  assert_read("h%33=\":1\", w%3Dx%3Ay=\":2\"", "h3 :1 ma=86400");
  assert_refused("h%3=\":1\"");
  assert_refused("h%zz=\":1\"");
  assert_refused("h3%=\":1\"");
}

static void test_what_has_no_name_here_is_passed_over(void **state) {
  (void)state;
  assert_read("h3-29=\":443\", hq=\":1\", h3=\":2\"", "h3 :2 ma=86400");
  assert_read("a-protocol-with-a-name-of-many-octets=\":443\"", "");
  assert_read("H3=\":443\"", ""); // ALPN has case
}

static void test_unknown_parameters_and_values_do_not_count(void **state) {
  (void)state;
  assert_read("h3=\":1\"; x=y; z=\"a, \\\"b;\"; ma=7", "h3 :1 ma=7");
  assert_read("h3=\":1\"; ma=x; persist=2", "h3 :1 ma=86400");
  assert_read("h3=\":1\"; ma=\"9\"; persist=\"1\"", "h3 :1 ma=9 persist");
  assert_read("h3=\":1\"; ma=99999999999999999999999", "h3 :1 ma=2147483647");
}

static void test_clear_stands_alone_and_has_case(void **state) {
  (void)state;
  alt_svc_field field;
  assert_true(parse(&field, " clear\t"));
  assert_true(field.is_clear);
  assert_int_equal(field.num, 0);
  assert_refused("Clear");
  assert_refused("clear, h3=\":1\"");
}

static void test_empty_elements_are_allowed(void **state) {
  (void)state;
  assert_read("", "");
  assert_read(" , ,h3=\":1\" ,, ", "h3 :1 ma=86400");
}

static void test_a_place_that_is_none_is_passed_over(void **state) {
  (void)state;
  assert_read("h3=\"\", h3=\":\", h3=\":0\", h3=\":65536\", h3=\"host\", h3=\"a b:1\"", "");
  assert_read("h3=\":x\", h3=\":1x\", h3=\"::1:443\", h3=\"u@h:1\"", "");
}

static void test_what_does_not_parse_is_refused_whole(void **state) {
  (void)state;
  static const char *const texts[] = {
      "h3",           "h3=",           "h3=:443",          "h3=\":443",       "=\":443\"",
      "h3 =\":443\"", "h3=\":443\" x", "h3=\":443\";",     "h3=\":443\"; ma", "h3=\":443\"; ma=",
      "h3=\":1\";=1", "h3=\":1\\",     "h3=\":1\"; a=\"b", "h3=\":\x01\"",    "\x80=\":1\"",
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    assert_refused(texts[i]);
  }
}

static void test_every_cut_is_read_or_refused_in_bounds(void **state) {
  (void)state;
  static const char text[] =
      "h3=\"alt.example:443\"; ma=3600; persist=1, h%32=\":8443\"; q=\"x\\y\"";
  for (size_t len = 0; len < sizeof text; len++) {
    char cut[sizeof text];
    alt_svc_field field;
    snprintf(cut, len + 1, "%s", text);
    if (parse(&field, cut)) {
      assert_true(field.num <= 2);
    }
  }
}

static void test_of_too_many_the_first_ones_count(void **state) {
  (void)state;
  char text[ALT_SVC_MAX * 16 + 64] = "";
  alt_svc_field field;
  for (int i = 1; i <= ALT_SVC_MAX + 3; i++) {
    size_t len = strlen(text);
    snprintf(text + len, sizeof text - len, "h3=\":%d\",", i);
  }
  assert_true(parse(&field, text));
  assert_int_equal(field.num, ALT_SVC_MAX);
  assert_int_equal(field.items[ALT_SVC_MAX - 1].port, ALT_SVC_MAX);
}

static void test_a_host_that_is_too_long_is_none(void **state) {
  (void)state;
  char text[1024];
  memset(text, 'a', sizeof text);
  memcpy(text, "h3=\"", 4);
  memcpy(text + sizeof text - 4, ":1\"", 4);
  assert_read(text, "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_alternatives_are_read_in_order),
      cmocka_unit_test(test_protocol_names_are_percent_encoded),
      cmocka_unit_test(test_what_has_no_name_here_is_passed_over),
      cmocka_unit_test(test_unknown_parameters_and_values_do_not_count),
      cmocka_unit_test(test_clear_stands_alone_and_has_case),
      cmocka_unit_test(test_empty_elements_are_allowed),
      cmocka_unit_test(test_a_place_that_is_none_is_passed_over),
      cmocka_unit_test(test_what_does_not_parse_is_refused_whole),
      cmocka_unit_test(test_every_cut_is_read_or_refused_in_bounds),
      cmocka_unit_test(test_of_too_many_the_first_ones_count),
      cmocka_unit_test(test_a_host_that_is_too_long_is_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
