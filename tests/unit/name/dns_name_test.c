// DNS names: one normal form, and what a certificate's dNSName covers (RFC 9525 §6.3).
#include "cmocka_test.h"

#include <string.h>

#include "codicil/name.h"
#include "span.h"

static void expect(const char *text, const char *normal) {
  char out[CODICIL_DNS_NAME_MAX + 1] = "untouched";
  bool ok = codicil_dns_name_normalise(out, sizeof out, codicil_span_str(text));
  assert_int_equal(ok, normal != NULL);
  assert_string_equal(out, normal != NULL ? normal : "untouched");
}

static void test_names_become_a_labels_in_lower_case_without_trailing_dot(void **state) {
  (void)state;
  expect("WWW.Example.COM", "www.example.com");
  expect("www.example.com.", "www.example.com");
  expect("localhost", "localhost");
  expect("_dmarc.a-b.example", "_dmarc.a-b.example");
  expect("1.example", "1.example");
  expect("xn--bcher-kva.example", "xn--bcher-kva.example");
}

static void test_u_labels_are_mapped_by_idna_2008(void **state) {
  (void)state;
  expect("b\xc3\xbc"
         "cher.example",
         "xn--bcher-kva.example");
  expect("B\xc3\x9c"
         "CHER.example.",
         "xn--bcher-kva.example");
  expect("fa\xc3\x9f.example", "xn--fa-hia.example"); // non-transitional: not "fass"
  expect("www\xe3\x80\x82"
         "example",
         "www.example"); // ideographic full stop
}

static void test_what_is_no_host_name_is_refused(void **state) {
  (void)state;
  static const char *const texts[] = {
      "",
      ".",
      "..",
      "a..b",
      ".a",
      "a.example..",
      "-a.example",
      "a-.example",
      "a b",
      "a/b",
      "a:b",
      "*.example",
      "a@b",
      "192.0.2.1",
      "127.1",
      "2130706433",
      "0x7f.0.0.1",
      "a.0x7F",
      "a.1",
      "[::1]",
      "a%2eb",
      "\xff.example",
      "\xc3\x28.example",
      "\xef\xbc\x91\xef\xbc\x92.0.0.1", // full-width digits
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    expect(texts[i], NULL);
  }
  char out[CODICIL_DNS_NAME_MAX + 1];
  assert_false(codicil_dns_name_normalise(out, sizeof out, codicil_span_of("a\0b.example", 11)));
  assert_false(codicil_dns_name_normalise(out, sizeof out, codicil_span_of("\xc3\xbc\0b", 4)));
}

static void test_labels_of_63_and_names_of_253_octets_are_the_longest(void **state) {
  (void)state;
  char text[300];
  memset(text, 'a', sizeof text);
  for (size_t i = 63; i < sizeof text; i += 64) {
    text[i] = '.';
  }
  char out[CODICIL_DNS_NAME_MAX + 1];
  assert_true(codicil_dns_name_normalise(out, sizeof out, codicil_span_of(text, 253)));
  assert_true(codicil_dns_name_normalise(out, sizeof out, codicil_span_of(text, 63)));
  assert_false(codicil_dns_name_normalise(out, sizeof out, codicil_span_of(text, 254)));
  memset(text, 'a', 64);
  assert_false(codicil_dns_name_normalise(out, sizeof out, codicil_span_of(text, 64)));
  assert_false(codicil_dns_name_normalise(out, 4, codicil_span_of("abcd", 4)));
  assert_true(codicil_dns_name_normalise(out, 5, codicil_span_of("abcd", 4)));
  char wide[4 * CODICIL_DNS_NAME_MAX + 2];
  memset(wide, 0xc3, sizeof wide);
  assert_false(codicil_dns_name_normalise(out, sizeof out, codicil_span_of(wide, sizeof wide)));
}

static bool covers(const char *pattern, const char *name) {
  return codicil_dns_name_covers(codicil_span_str(pattern), codicil_span_str(name));
}

static void test_a_name_covers_itself_in_any_case_and_nothing_else(void **state) {
  (void)state;
  assert_true(covers("www.example.com", "www.example.com"));
  assert_true(covers("WWW.Example.com", "www.example.com"));
  assert_false(covers("example.com", "www.example.com"));
  assert_false(covers("www.example.com", "example.com"));
  assert_false(covers("www.example.co", "www.example.com"));
  assert_false(covers("www-example.com", "www.example.com"));
}

static void test_a_wildcard_is_one_whole_left_most_label(void **state) {
  (void)state;
  assert_true(covers("*.example.com", "www.example.com"));
  assert_true(covers("*.EXAMPLE.com", "xn--bcher-kva.example.com"));
  assert_true(covers("*.com", "example.com")); // whether that is wise is the policy's matter
  assert_false(covers("*.example.com", "example.com"));
  assert_false(covers("*.example.com", "a.b.example.com"));
  assert_false(covers("*", "localhost"));
  assert_false(covers("*.", "localhost"));
  assert_false(covers("w*.example.com", "www.example.com"));
  assert_false(covers("*w.example.com", "www.example.com"));
  assert_false(covers("xn--*.example.com", "xn--bcher-kva.example.com"));
  assert_false(covers("www.*.com", "www.example.com"));
  assert_false(covers("*.*.com", "www.example.com"));
  assert_false(covers("**.example.com", "www.example.com"));
}

static void test_a_wildcard_never_matches_an_address(void **state) {
  (void)state;
  assert_false(covers("*.0.2.1", "192.0.2.1"));
  assert_false(covers("192.0.2.1", "192.0.2.1"));
  assert_false(covers("*.1", "127.1"));
  assert_false(covers("2001:db8::1", "2001:db8::1"));
}

static void test_odd_octets_and_empty_labels_never_match(void **state) {
  (void)state;
  codicil_span with_nul = codicil_span_of("www.example.com\0.evil.example", 29);
  assert_false(codicil_dns_name_covers(with_nul, codicil_span_str("www.example.com")));
  assert_false(codicil_dns_name_covers(with_nul, with_nul));
  assert_false(covers("b\xc3\xbc"
                      "cher.example",
                      "b\xc3\xbc"
                      "cher.example"));
  assert_false(covers("", ""));
  assert_false(covers(".", "."));
  assert_false(covers("www.example.com.", "www.example.com"));
  assert_false(covers("www.example.com.", "www.example.com."));
  assert_false(covers("*..com", "a..com"));
  assert_false(covers("*.example.com", ".example.com"));
  assert_false(codicil_dns_name_covers(codicil_span_of(NULL, 0), codicil_span_str("a.example")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names_become_a_labels_in_lower_case_without_trailing_dot),
      cmocka_unit_test(test_u_labels_are_mapped_by_idna_2008),
      cmocka_unit_test(test_what_is_no_host_name_is_refused),
      cmocka_unit_test(test_labels_of_63_and_names_of_253_octets_are_the_longest),
      cmocka_unit_test(test_a_name_covers_itself_in_any_case_and_nothing_else),
      cmocka_unit_test(test_a_wildcard_is_one_whole_left_most_label),
      cmocka_unit_test(test_a_wildcard_never_matches_an_address),
      cmocka_unit_test(test_odd_octets_and_empty_labels_never_match),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
