// Origins: read from an ASCII serialisation or an authority, written back in normal form.
#include "cmocka_test.h"

#include <string.h>

#include "codicil/name.h"
#include "span.h"

typedef bool parse_fn(codicil_origin *out, codicil_span text);

// `normal` NULL: refused, and the output untouched.
static void expect(parse_fn *parse, const char *text, const char *normal) {
  codicil_origin origin = {.port = 77};
  bool ok = parse(&origin, codicil_span_str(text));
  if (normal == NULL) {
    assert_false(ok);
    assert_int_equal(origin.port, 77);
    assert_string_equal(origin.host, "");
    return;
  }
  char out[CODICIL_ORIGIN_TEXT_MAX];
  assert_true(ok);
  assert_int_equal(codicil_origin_format(&origin, out, sizeof out), strlen(normal));
  assert_string_equal(out, normal);
}

static void test_serialisations_are_read_and_written_in_normal_form(void **state) {
  (void)state;
  expect(codicil_origin_parse, "https://www.example.com", "https://www.example.com");
  expect(codicil_origin_parse, "HTTPS://WWW.Example.com", "https://www.example.com");
  expect(codicil_origin_parse, "https://www.example.com:443", "https://www.example.com");
  expect(codicil_origin_parse, "https://h.example:8443", "https://h.example:8443");
  expect(codicil_origin_parse, "https://h.example:65535", "https://h.example:65535");
  expect(codicil_origin_parse, "https://192.0.2.1", "https://192.0.2.1");
  expect(codicil_origin_parse, "https://[2001:DB8::0:1]:8443", "https://[2001:db8::1]:8443");
  expect(codicil_origin_parse, "https://[::ffff:192.0.2.1]", "https://192.0.2.1");
}

static void test_what_is_no_https_origin_is_refused(void **state) {
  (void)state;
  static const char *const texts[] = {
      "",
      "https://",
      "null",
      "http://www.example.com",
      "www.example.com",
      "https:www.example.com",
      "https://www.example.com/",
      "https://www.example.com?q",
      "https://user@www.example.com",
      "https://user:pw@www.example.com",
      "https://*.example.com",
      "https://www.example.com:",
      "https://www.example.com:0",
      "https://www.example.com:0443",
      "https://www.example.com:65536",
      "https://www.example.com:99999999999999999999",
      "https://www.example.com:+443",
      "https://www.example.com:443 ",
      " https://www.example.com",
      "https://:443",
      "https://2001:db8::1",
      "https://[2001:db8::1",
      "https://[2001:db8::1]x",
      "https://[192.0.2.1]",
      "https://[www.example.com]",
      "https://b\303\274cher.example",
      "https://127.1",
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    expect(codicil_origin_parse, texts[i], NULL);
  }
  codicil_origin origin;
  assert_false(codicil_origin_parse(&origin, codicil_span_of("https://a\0b.example", 19)));
}

static void test_authorities_default_to_port_443(void **state) {
  (void)state;
  expect(codicil_origin_parse_authority, "www.example.com", "https://www.example.com");
  expect(codicil_origin_parse_authority, "WWW.example.com:8443", "https://www.example.com:8443");
  expect(codicil_origin_parse_authority, "www.example.com:", "https://www.example.com");
  expect(codicil_origin_parse_authority, "[::1]:8443", "https://[::1]:8443");
  expect(codicil_origin_parse_authority, "[::1]:", "https://[::1]");
  expect(codicil_origin_parse_authority, "127.0.0.1:1", "https://127.0.0.1:1");
}

static void test_malformed_authorities_are_refused(void **state) {
  (void)state;
  static const char *const texts[] = {
      "",  ":",   ":443", "user@www.example.com", "www.example.com/", "a:b:443", "a:443:", "::1",
      "*", "[]:", "a b",  "https://a.example",    "a.example:65536",  "a..b",    "::1:",
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    expect(codicil_origin_parse_authority, texts[i], NULL);
  }
}

static void test_equal_compares_host_and_port(void **state) {
  (void)state;
  codicil_origin a, b;
  assert_true(codicil_origin_parse(&a, codicil_span_str("https://a.example")));
  assert_true(codicil_origin_parse_authority(&b, codicil_span_str("A.EXAMPLE:443")));
  assert_true(codicil_origin_equal(&a, &b));
  b.port = 8443;
  assert_false(codicil_origin_equal(&a, &b));
  assert_true(codicil_origin_parse(&b, codicil_span_str("https://b.example")));
  assert_false(codicil_origin_equal(&a, &b));
}

static void test_the_longest_origin_fits_and_a_small_buffer_is_told(void **state) {
  (void)state;
  char text[8 + CODICIL_DNS_NAME_MAX + 6 + 1] = "https://";
  memset(text + 8, 'a', CODICIL_DNS_NAME_MAX);
  text[8 + 63] = text[8 + 127] = text[8 + 191] = '.';
  strcpy(text + 8 + CODICIL_DNS_NAME_MAX, ":65535");
  expect(codicil_origin_parse, text, text);
  codicil_origin origin;
  assert_true(codicil_origin_parse(&origin, codicil_span_str("https://a.example")));
  char out[17];
  assert_int_equal(codicil_origin_format(&origin, out, sizeof out), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_serialisations_are_read_and_written_in_normal_form),
      cmocka_unit_test(test_what_is_no_https_origin_is_refused),
      cmocka_unit_test(test_authorities_default_to_port_443),
      cmocka_unit_test(test_malformed_authorities_are_refused),
      cmocka_unit_test(test_equal_compares_host_and_port),
      cmocka_unit_test(test_the_longest_origin_fits_and_a_small_buffer_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
