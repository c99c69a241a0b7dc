// CAA records as DNS carries them, each against its exact allocation.
#include "pki/caa_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
// cmocka.h needs the above.
#include <cmocka.h>

#include "pki/escape.h"

// A copy that ends where its memory ends, for the sanitizer to see a step beyond.
static uint8_t *exact(const void *data, size_t len) {
  uint8_t *copy = malloc(len > 0 ? len : 1);
  assert_non_null(copy);
  memcpy(copy, data, len);
  return copy;
}

static bool parses(const void *data, size_t len, pki_caa_record *out) {
  uint8_t *copy = exact(data, len);
  bool ok = pki_caa_record_parse(out, codicil_span_of(copy, len));
  free(copy);
  return ok;
}

static void test_a_record_has_flags_a_tag_and_a_value(void **state) {
  (void)state;
  static const char rdata[] = "\200\005issueca.example";
  uint8_t *copy = exact(rdata, sizeof rdata - 1);
  pki_caa_record record;
  assert_true(pki_caa_record_parse(&record, codicil_span_of(copy, sizeof rdata - 1)));
  assert_true(record.is_critical);
  assert_int_equal(record.flags, 0x80);
  assert_true(pki_caa_tag_equals(record.tag, "ISSUE"));
  assert_false(pki_caa_tag_equals(record.tag, "issuewild"));
  assert_int_equal(record.value.len, 10);
  assert_memory_equal(record.value.data, "ca.example", 10);
  free(copy);
}

static void test_reserved_flags_neither_set_nor_hide_the_critical_one(void **state) {
  (void)state;
  pki_caa_record record;
  assert_true(parses("\177\001a", 3, &record));
  assert_false(record.is_critical);
  assert_true(parses("\377\001a", 3, &record));
  assert_true(record.is_critical);
}

static void test_what_is_no_record_is_refused_and_leaves_the_output_alone(void **state) {
  (void)state;
  static const struct {
    const char *rdata;
    size_t len;
  } bad[] = {
      {"", 0},           {"\0", 1},        {"\0\0", 2},       {"\0\0x", 3},
      {"\0\005issu", 6}, {"\0\001", 2},    {"\0\377a", 3},    {"\0\002a-", 4},
      {"\0\002a b", 5},  {"\0\002a\0", 4}, {"\0\001\300", 3}, {"\0\001_", 3},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    pki_caa_record record = {.flags = 42};
    assert_false(parses(bad[i].rdata, bad[i].len, &record));
    assert_int_equal(record.flags, 42);
  }
}

static bool parse_issue(const char *value, pki_caa_issue *out, char *domain) {
  uint8_t *copy = exact(value, strlen(value));
  bool ok = pki_caa_issue_parse(out, codicil_span_of(copy, strlen(value)));
  if (ok) {
    memcpy(domain, out->domain.data != NULL ? out->domain.data : copy, out->domain.len);
    domain[out->domain.len] = '\0';
  }
  free(copy);
  return ok;
}

static void test_values_of_issue(void **state) {
  (void)state;
  static const struct {
    const char *value;
    const char *domain;
    bool has_account;
    bool has_methods;
  } good[] = {
      {"", "", false, false},
      {" \t", "", false, false},
      {";", "", false, false},
      {" ; ", "", false, false},
      {"ca.example", "ca.example", false, false},
      {"CA", "CA", false, false},
      {" ca1-x.example \t", "ca1-x.example", false, false},
      {"ca.example;", "ca.example", false, false},
      {"ca.example; a=b", "ca.example", false, false},
      {"ca.example; a = b ;c=d ", "ca.example", false, false},
      {"ca.example; a=", "ca.example", false, false},
      {"; a=b", "", false, false},
      {"ca.example;accounturi=https://ca.example/1", "ca.example", true, false},
      {"ca.example; ValidationMethods=dns-01; AccountURI=x", "ca.example", true, true},
      {"ca.example; x-y=a=b%:\\\"", "ca.example", false, false},
      {"a--b.example", "a--b.example", false, false},
  };
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    pki_caa_issue issue = {.has_account = false};
    char domain[64];
    if (!parse_issue(good[i].value, &issue, domain)) {
      fail_msg("'%s' is refused", good[i].value);
    }
    assert_string_equal(domain, good[i].domain);
    assert_int_equal(issue.has_account, good[i].has_account);
    assert_int_equal(issue.has_methods, good[i].has_methods);
  }
}

static void test_values_of_issue_that_match_no_grammar(void **state) {
  (void)state;
  static const char *const bad[] = {
      "%%%%%",
      "ca.example.",
      ".example",
      "ca..example",
      "-ca.example",
      "ca-.example",
      "ca.example x",
      "ca_x.example",
      "ca.example; a=b;",
      "ca.example; a",
      "ca.example; =b",
      "ca.example; a=b c=d",
      "ca.example;; a=b",
      "ca.example; -a=b",
      "ca.example; a=\001",
      "c\303\244.example",
      "ca.example; a=\303\244",
      "ca.example\n",
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    pki_caa_issue issue = {.domain = {NULL, 7}};
    char domain[64];
    if (parse_issue(bad[i], &issue, domain)) {
      fail_msg("'%s' is read", bad[i]);
    }
    assert_int_equal(issue.domain.len, 7);
  }
}

static void test_the_parameters_of_requireddomain_are_cut_off(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"www.site.example", "www.site.example"},
      {" www.site.example ", "www.site.example"},
      {"www.site.example;x=y", "www.site.example"},
      {"www.site.example ; \001", "www.site.example"},
      {"a b ;", "a b"},
      {"", ""},
      {" \t", ""},
      {";www.site.example", ""},
      {" ;", ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    size_t len = strlen(cases[i][0]);
    uint8_t *copy = exact(cases[i][0], len);
    codicil_span name = pki_caa_required_name(codicil_span_of(copy, len));
    assert_int_equal(name.len, strlen(cases[i][1]));
    assert_memory_equal(name.data, cases[i][1], name.len);
    free(copy);
  }
}

static void assert_escaped(const char *text, size_t len, size_t room, const char *expected) {
  char *out = malloc(room);
  assert_non_null(out);
  pki_escape(out, room, codicil_span_of(text, len));
  assert_string_equal(out, expected);
  free(out);
}

static void test_a_terminal_is_not_told_what_to_do(void **state) {
  (void)state;
  assert_escaped("plain text", 10, 64, "plain text");
  assert_escaped("\033[2J\\\0\177", 7, 64, "\\x1b[2J\\x5c\\x00\\x7f");
  assert_escaped("b\303\274cher", 7, 64, "b\\xc3\\xbccher");
  assert_escaped("", 0, 8, "");
}

static void test_what_does_not_fit_is_cut_and_marked(void **state) {
  (void)state;
  assert_escaped("1234567", 7, 8, "1234567");
  assert_escaped("12345678", 8, 8, "1234...");
  assert_escaped("1\0012345", 6, 8, "1...");
  assert_escaped("123\001\002", 5, 8, "123...");
  assert_escaped("\001\001\001", 3, 12, "\\x01\\x01...");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_record_has_flags_a_tag_and_a_value),
      cmocka_unit_test(test_reserved_flags_neither_set_nor_hide_the_critical_one),
      cmocka_unit_test(test_what_is_no_record_is_refused_and_leaves_the_output_alone),
      cmocka_unit_test(test_values_of_issue),
      cmocka_unit_test(test_values_of_issue_that_match_no_grammar),
      cmocka_unit_test(test_the_parameters_of_requireddomain_are_cut_off),
      cmocka_unit_test(test_a_terminal_is_not_told_what_to_do),
      cmocka_unit_test(test_what_does_not_fit_is_cut_and_marked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
