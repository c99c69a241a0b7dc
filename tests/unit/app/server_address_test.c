// Socket addresses as text.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/address.h"

static void check(const char *text, const char *expected) {
  io_address address;
  char out[IO_ADDRESS_TEXT_MAX];
  assert_true(io_address_parse(&address, text, 443));
  io_address_format(&address, out, sizeof out);
  assert_string_equal(out, expected);
}

static void test_addresses_are_read_and_written(void **state) {
  (void)state;
  check("127.0.0.1:8443", "127.0.0.1:8443");
  check("127.0.0.1", "127.0.0.1:443");
  check("[::1]:0", "[::1]:0");
  check("::1", "[::1]:443");
  check("[2001:db8::1]", "[2001:db8::1]:443");
  check("*:65535", "[::]:65535");
  check(":80", "[::]:80");
  check("[::ffff:192.0.2.1]:1", "192.0.2.1:1");
}

static void test_what_is_no_address_is_refused(void **state) {
  (void)state;
  static const char *const bad[] = {"localhost:443", "127.0.0.1:",      "127.0.0.1:65536",
                                    "127.0.0.1:-1",  "127.0.0.1:1 ",    "[::1",
                                    "[::1]443",      "[127.0.0.1]:443", "1.2.3:4",
                                    "::1::2",        "[]:443",          "127.0.0.1:000443"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    io_address address;
    assert_false(io_address_parse(&address, bad[i], 443));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_addresses_are_read_and_written),
      cmocka_unit_test(test_what_is_no_address_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
