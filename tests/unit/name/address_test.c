// IP addresses in one normal form.
#include "cmocka_test.h"

#include <string.h>

#include "codicil/name.h"
#include "span.h"

static void expect(const char *text, const char *formatted) {
  codicil_address address = {.len = 99};
  bool ok = codicil_address_parse(&address, codicil_span_str(text));
  if (formatted == NULL) {
    assert_false(ok);
    assert_int_equal(address.len, 99);
    return;
  }
  char out[46];
  assert_true(ok);
  codicil_address_format(&address, out, sizeof out);
  assert_string_equal(out, formatted);
}

static void test_both_families_are_read_with_and_without_brackets(void **state) {
  (void)state;
  expect("192.0.2.1", "192.0.2.1");
  expect("2001:DB8:0:0:0:0:0:1", "2001:db8::1");
  expect("[2001:db8::1]", "2001:db8::1");
  expect("::", "::");
  expect("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

static void test_ipv4_mapped_is_the_ipv4_address(void **state) {
  (void)state;
  expect("::ffff:192.0.2.1", "192.0.2.1");
  expect("[::ffff:c000:201]", "192.0.2.1");
  expect("::fffe:192.0.2.1", "::fffe:c000:201");
}

static void test_what_is_no_address_is_refused_and_leaves_the_output(void **state) {
  (void)state;
  static const char *const texts[] = {
      "",        "192.0.2",         "192.0.2.1.",    "192.0.2.256",  "192.0.02.1",
      "0x7f.1",  "[192.0.2.1]",     "2001:db8::1::", "2001:db8::g",  "[2001:db8::1",
      "[]",      "fe80::1%eth0",    " 192.0.2.1",    "192.0.2.1/24", "[[::1]]",
      "1:2:3:4", "www.example.com", "127.1",         "2130706433",   "::ffff:192.0.2.1 ",
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    expect(texts[i], NULL);
  }
  codicil_address address;
  assert_false(codicil_address_parse(&address, codicil_span_of("192.0.2.1\0x", 11)));
  char longest[80];
  memset(longest, '1', sizeof longest);
  assert_false(codicil_address_parse(&address, codicil_span_of(longest, sizeof longest)));
}

static void test_only_4_or_16_octets_make_an_address(void **state) {
  (void)state;
  static const uint8_t octets[17] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1};
  for (size_t len = 0; len <= sizeof octets; len++) {
    codicil_address address;
    bool ok = codicil_address_from_octets(&address, codicil_span_of(octets, len));
    assert_int_equal(ok, len == 4 || len == 16);
    if (ok) {
      assert_int_equal(address.len, 4); // 16 octets: IPv4-mapped
    }
  }
}

static void test_equal_compares_family_and_octets(void **state) {
  (void)state;
  codicil_address a, b, mapped, v6;
  assert_true(codicil_address_parse(&a, codicil_span_str("192.0.2.1")));
  assert_true(codicil_address_parse(&b, codicil_span_str("192.0.2.2")));
  assert_true(codicil_address_parse(&mapped, codicil_span_str("::ffff:192.0.2.1")));
  assert_true(codicil_address_parse(&v6, codicil_span_str("c000:201::")));
  assert_true(codicil_address_equal(&a, &mapped));
  assert_false(codicil_address_equal(&a, &b));
  assert_false(codicil_address_equal(&a, &v6)); // the same first octets
}

static void test_no_address_and_no_room_are_empty_text(void **state) {
  (void)state;
  codicil_address none = {0}, a;
  char out[46] = "x";
  codicil_address_format(&none, out, sizeof out);
  assert_string_equal(out, "");
  assert_true(codicil_address_parse(&a, codicil_span_str("192.0.2.1")));
  char small[5] = "x";
  codicil_address_format(&a, small, sizeof small);
  assert_string_equal(small, "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_both_families_are_read_with_and_without_brackets),
      cmocka_unit_test(test_ipv4_mapped_is_the_ipv4_address),
      cmocka_unit_test(test_what_is_no_address_is_refused_and_leaves_the_output),
      cmocka_unit_test(test_only_4_or_16_octets_make_an_address),
      cmocka_unit_test(test_equal_compares_family_and_octets),
      cmocka_unit_test(test_no_address_and_no_room_are_empty_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
