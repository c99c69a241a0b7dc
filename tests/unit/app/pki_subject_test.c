// Names of a certificate to be: what people may write, and what then stands in it.
#include "pki/subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
// cmocka.h needs the above.
#include <cmocka.h>

static void assert_becomes(const char *text, const char *expected) {
  pki_name name;
  app_error err = {""};
  if (!pki_name_parse(&name, text, &err)) {
    fail_msg("%s: %s", text, err.text);
  }
  assert_string_equal(name.text, expected);
}

static void assert_refused(const char *text, const char *sentence) {
  pki_name name = {.text = "untouched"};
  app_error err = {""};
  assert_false(pki_name_parse(&name, text, &err));
  assert_string_equal(name.text, "untouched");
  assert_non_null(strstr(err.text, sentence));
}

static void test_names_take_their_normal_form(void **state) {
  (void)state;
  assert_becomes("www.Example.com.", "www.example.com");
  assert_becomes("b\303\274cher.example", "xn--bcher-kva.example");
  assert_becomes("localhost", "localhost");
  assert_becomes("*.B\303\274cher.example", "*.xn--bcher-kva.example");
  assert_becomes("192.0.2.1", "192.0.2.1");
  assert_becomes("[2001:DB8:0::1]", "2001:db8::1");
}

static void test_what_is_no_name_is_refused_with_a_reason(void **state) {
  (void)state;
  assert_refused("", "neither a host name nor an address");
  assert_refused("a b.example", "neither a host name nor an address");
  assert_refused("www.*.example", "neither a host name nor an address");
  assert_refused("DNS:a.example,DNS:b.example", "neither a host name nor an address");
  assert_refused("*", "neither a host name nor an address");
  assert_refused("*.example", "two labels or more");
  assert_refused("*.*.example.com", "is not a host name");
}

static void test_a_wildcard_may_not_pass_the_length_of_a_name(void **state) {
  (void)state;
  char text[300] = "*.";
  for (int i = 0; i < 3; i++) {
    memset(text + strlen(text), 'a', 63);
    strcat(text, ".");
  }
  size_t used = strlen(text) - 2;
  memset(text + strlen(text), 'b', CODICIL_DNS_NAME_MAX - used);
  assert_refused(text, "longer than a host name");
}

static void assert_stem(const char *text, const char *expected) {
  pki_name name;
  app_error err;
  char stem[PKI_STEM_LEN];
  assert_true(pki_name_parse(&name, text, &err));
  pki_name_stem(stem, &name);
  assert_string_equal(stem, expected);
}

static void test_the_first_name_names_the_files(void **state) {
  (void)state;
  assert_stem("www.example.com", "www.example.com");
  assert_stem("*.example.com", "_wildcard.example.com");
  assert_stem("2001:db8::1", "2001-db8--1");
}

static void test_san_keeps_order_and_drops_repetition(void **state) {
  (void)state;
  const char *texts[] = {"b.example", "192.0.2.1", "a.example", "B.example"};
  pki_name names[4];
  app_error err;
  for (size_t i = 0; i < 4; i++) {
    assert_true(pki_name_parse(&names[i], texts[i], &err));
  }
  GENERAL_NAMES *san = pki_names_to_san(names, 4);
  assert_int_equal(sk_GENERAL_NAME_num(san), 3);
  int type = -1;
  const ASN1_STRING *first = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(san, 0), &type);
  assert_int_equal(type, GEN_DNS);
  assert_memory_equal(ASN1_STRING_get0_data(first), "b.example", 9);
  const ASN1_STRING *second = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(san, 1), &type);
  assert_int_equal(type, GEN_IPADD);
  assert_int_equal(ASN1_STRING_length(second), 4);
  sk_GENERAL_NAME_pop_free(san, GENERAL_NAME_free);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names_take_their_normal_form),
      cmocka_unit_test(test_what_is_no_name_is_refused_with_a_reason),
      cmocka_unit_test(test_a_wildcard_may_not_pass_the_length_of_a_name),
      cmocka_unit_test(test_the_first_name_names_the_files),
      cmocka_unit_test(test_san_keeps_order_and_drops_repetition),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
