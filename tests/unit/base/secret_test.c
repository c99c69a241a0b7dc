// Keys are wiped; comparing looks at every octet.
#include "cmocka_test.h"

#include <string.h>

#include "secret.h"

static void test_clear_wipes_every_octet_and_may_be_repeated(void **state) {
  (void)state;
  codicil_secret secret = {.len = 48};
  memset(secret.octets, 0x5a, sizeof secret.octets);
  assert_int_equal(codicil_secret_span(&secret).len, 48);
  codicil_secret_clear(&secret);
  codicil_secret_clear(&secret);
  for (size_t i = 0; i < sizeof secret.octets; i++) {
    assert_int_equal(secret.octets[i], 0);
  }
  assert_int_equal(secret.len, 0);
}

static void test_a_difference_in_any_bit_is_seen(void **state) {
  (void)state;
  uint8_t a[32] = {1, 2, 3}, b[32] = {1, 2, 3};
  assert_true(codicil_equal_constant_time(codicil_span_of(a, 32), codicil_span_of(b, 32)));
  for (size_t bit = 0; bit < 8 * sizeof b; bit++) {
    b[bit / 8] ^= (uint8_t)(1U << bit % 8);
    assert_false(codicil_equal_constant_time(codicil_span_of(a, 32), codicil_span_of(b, 32)));
    b[bit / 8] ^= (uint8_t)(1U << bit % 8);
  }
  assert_false(codicil_equal_constant_time(codicil_span_of(a, 32), codicil_span_of(b, 31)));
  assert_true(codicil_equal_constant_time(codicil_span_of(NULL, 0), codicil_span_of(b, 0)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_clear_wipes_every_octet_and_may_be_repeated),
      cmocka_unit_test(test_a_difference_in_any_bit_is_seen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
