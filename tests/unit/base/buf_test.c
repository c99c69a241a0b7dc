// Owned octets with a hard maximum, and growing arrays.
#include "cmocka_test.h"

#include "fail_mem.h"
#include "mem.h"
#include "span.h"

static void test_append_stops_at_the_maximum_and_changes_nothing(void **state) {
  (void)state;
  codicil_buf buf;
  codicil_buf_init(&buf, NULL, 5);
  assert_int_equal(codicil_buf_append(&buf, codicil_span_str("abc")), CODICIL_OK);
  assert_int_equal(codicil_buf_append(&buf, codicil_span_str("def")), CODICIL_LIMIT);
  assert_true(codicil_span_equal(codicil_buf_span(&buf), codicil_span_str("abc")));
  assert_int_equal(codicil_buf_append(&buf, codicil_span_str("de")), CODICIL_OK);
  assert_int_equal(codicil_buf_append(&buf, codicil_span_of(NULL, 0)), CODICIL_OK);
  assert_true(codicil_span_equal(codicil_buf_span(&buf), codicil_span_str("abcde")));
  assert_int_equal(codicil_buf_reserve(&buf, 1), CODICIL_LIMIT);
  assert_int_equal(codicil_buf_reserve(&buf, SIZE_MAX), CODICIL_LIMIT);
  assert_true(buf.cap <= buf.max);
  codicil_buf_clear(&buf);
}

static void test_clear_twice_and_the_zero_state_are_safe(void **state) {
  (void)state;
  codicil_buf zero = {0};
  codicil_buf_clear(&zero);
  assert_int_equal(codicil_buf_append(&zero, codicil_span_str("x")), CODICIL_LIMIT);
  codicil_buf buf;
  codicil_buf_init(&buf, NULL, 8);
  assert_int_equal(codicil_buf_append(&buf, codicil_span_str("x")), CODICIL_OK);
  codicil_buf_clear(&buf);
  codicil_buf_clear(&buf);
  assert_int_equal(buf.len, 0);
  assert_int_equal(buf.max, 8);
}

static void test_reset_keeps_the_memory(void **state) {
  (void)state;
  fail_mem fail;
  fail_mem_init(&fail, 1);
  codicil_buf buf;
  codicil_buf_init(&buf, &fail.mem, 8);
  assert_int_equal(codicil_buf_append(&buf, codicil_span_str("abcd")), CODICIL_OK);
  codicil_buf_reset(&buf);
  assert_int_equal(buf.len, 0);
  assert_int_equal(codicil_buf_append(&buf, codicil_span_str("efgh")), CODICIL_OK);
  codicil_buf_clear(&buf);
  assert_int_equal(fail.held, 0);
}

static void test_a_failed_allocation_leaves_the_content(void **state) {
  (void)state;
  fail_mem fail;
  fail_mem_init(&fail, 1);
  codicil_buf buf;
  codicil_buf_init(&buf, &fail.mem, 1000);
  assert_int_equal(codicil_buf_append(&buf, codicil_span_str("abcd")), CODICIL_OK);
  assert_int_equal(codicil_buf_reserve(&buf, 900), CODICIL_NOMEM);
  assert_true(codicil_span_equal(codicil_buf_span(&buf), codicil_span_str("abcd")));
  codicil_buf_clear(&buf);
  assert_int_equal(fail.held, 0);
}

static void test_arrays_grow_by_half_up_to_their_maximum(void **state) {
  (void)state;
  void *array = NULL;
  size_t cap = 0;
  assert_int_equal(codicil_mem_grow(NULL, &array, &cap, 1, 100, 8), CODICIL_OK);
  assert_int_equal(cap, 4);
  void *before = array;
  assert_int_equal(codicil_mem_grow(NULL, &array, &cap, 4, 100, 8), CODICIL_OK);
  assert_ptr_equal(array, before);
  assert_int_equal(codicil_mem_grow(NULL, &array, &cap, 90, 100, 8), CODICIL_OK);
  assert_int_equal(cap, 90);
  assert_int_equal(codicil_mem_grow(NULL, &array, &cap, 91, 100, 8), CODICIL_OK);
  assert_int_equal(cap, 100);
  assert_int_equal(codicil_mem_grow(NULL, &array, &cap, 101, 100, 8), CODICIL_LIMIT);
  assert_int_equal(codicil_mem_grow(NULL, &array, &cap, SIZE_MAX / 4, SIZE_MAX, 8), CODICIL_LIMIT);
  assert_int_equal(cap, 100);
  codicil_mem_free(NULL, array);
}

static void test_zalloc_gives_zeros_and_tells_when_there_is_no_memory(void **state) {
  (void)state;
  fail_mem fail;
  fail_mem_init(&fail, 1);
  uint8_t *octets = codicil_mem_zalloc(&fail.mem, 64);
  assert_non_null(octets);
  for (size_t i = 0; i < 64; i++) {
    assert_int_equal(octets[i], 0);
  }
  assert_null(codicil_mem_zalloc(&fail.mem, 64));
  codicil_mem_free(&fail.mem, octets);
  assert_int_equal(fail.held, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_append_stops_at_the_maximum_and_changes_nothing),
      cmocka_unit_test(test_clear_twice_and_the_zero_state_are_safe),
      cmocka_unit_test(test_reset_keeps_the_memory),
      cmocka_unit_test(test_a_failed_allocation_leaves_the_content),
      cmocka_unit_test(test_arrays_grow_by_half_up_to_their_maximum),
      cmocka_unit_test(test_zalloc_gives_zeros_and_tells_when_there_is_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
