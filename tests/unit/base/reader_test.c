// The bounded reader: values, ends, and that a failed read changes nothing.
#include "cmocka_test.h"

#include "fail_mem.h"
#include "reader.h"
#include "span.h"

static const uint8_t octets[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static void test_integers_are_big_endian_and_leave_the_rest(void **state) {
  (void)state;
  uint8_t v8;
  uint16_t v16;
  uint32_t v24, v32;
  uint64_t v64;
  codicil_reader r = codicil_reader_of(codicil_span_of(octets, 9));
  assert_true(codicil_read_u8(&r, &v8) && codicil_read_u16(&r, &v16) && codicil_read_u24(&r, &v24));
  assert_int_equal(v8, 0x01);
  assert_int_equal(v16, 0x0203);
  assert_int_equal(v24, 0x040506);
  assert_int_equal(r.rest.len, 3);
  r = codicil_reader_of(codicil_span_of(octets, 9));
  assert_true(codicil_read_u64(&r, &v64));
  assert_true(v64 == 0x0102030405060708);
  assert_false(codicil_reader_done(&r));
  assert_true(codicil_read_u8(&r, &v8));
  assert_true(codicil_reader_done(&r));
  r = codicil_reader_of(codicil_span_of(octets, 4));
  assert_true(codicil_read_u32(&r, &v32));
  assert_int_equal(v32, 0x01020304);
}

// Reads one field of each kind; false where the input ends too early.
static bool read_kind(size_t kind, codicil_reader *r, uint64_t *number, codicil_span *span) {
  switch (kind) {
  case 0:
    return codicil_read_u8(r, (uint8_t *)number);
  case 1:
    return codicil_read_u16(r, (uint16_t *)number);
  case 2:
    return codicil_read_u24(r, (uint32_t *)number);
  case 3:
    return codicil_read_u32(r, (uint32_t *)number);
  case 4:
    return codicil_read_u64(r, number);
  case 5:
    return codicil_read_bytes(r, span, 7);
  case 6:
    return codicil_read_vec8(r, span);
  case 7:
    return codicil_read_vec16(r, span);
  default:
    return codicil_read_vec24(r, span);
  }
}

static void test_a_read_that_fails_at_any_cut_changes_nothing(void **state) {
  (void)state;
  static const uint8_t whole[9][8] = {{0}, {0}, {0}, {0}, {0}, {0}, {3}, {0, 3}, {0, 0, 3}};
  static const size_t need[9] = {1, 2, 3, 4, 8, 7, 4, 5, 6};
  for (size_t kind = 0; kind < 9; kind++) {
    for (size_t len = 0; len <= need[kind]; len++) {
      codicil_span input = exact_copy(codicil_span_of(whole[kind], len));
      codicil_reader r = codicil_reader_of(input);
      uint64_t number = 0x5a5a5a5a5a5a5a5a;
      codicil_span span = codicil_span_of(octets, 1);
      bool ok = read_kind(kind, &r, &number, &span);
      assert_int_equal(ok, len == need[kind]);
      if (!ok) {
        assert_ptr_equal(r.rest.data, input.data);
        assert_int_equal(r.rest.len, len);
        assert_true(number == 0x5a5a5a5a5a5a5a5a);
        assert_ptr_equal(span.data, octets);
      } else {
        assert_true(codicil_reader_done(&r));
      }
      free((void *)(uintptr_t)input.data);
    }
  }
}

static void test_a_vector_points_into_the_input(void **state) {
  (void)state;
  static const uint8_t input[] = {0, 2, 'h', 'i', 0};
  codicil_reader r = codicil_reader_of(codicil_span_of(input, sizeof input));
  codicil_span v;
  assert_true(codicil_read_vec16(&r, &v));
  assert_ptr_equal(v.data, input + 2);
  assert_int_equal(v.len, 2);
  assert_true(codicil_read_vec8(&r, &v));
  assert_int_equal(v.len, 0);
  assert_true(codicil_reader_done(&r));
}

static void test_an_empty_span_may_be_null(void **state) {
  (void)state;
  codicil_reader r = codicil_reader_of(codicil_span_of(NULL, 0));
  codicil_span v;
  assert_true(codicil_read_bytes(&r, &v, 0));
  assert_true(codicil_span_equal(v, codicil_span_of("", 0)));
  assert_false(codicil_read_bytes(&r, &v, 1));
}

static void test_spans_are_compared_and_cut_within_bounds(void **state) {
  (void)state;
  codicil_span s = codicil_span_str("authority");
  assert_true(codicil_span_equal(codicil_span_sub(s, 0, 6), codicil_span_str("author")));
  assert_true(codicil_span_equal(codicil_span_sub(s, 6, SIZE_MAX), codicil_span_str("ity")));
  assert_int_equal(codicil_span_sub(s, 9, 1).len, 0);
  assert_int_equal(codicil_span_sub(s, SIZE_MAX, SIZE_MAX).len, 0);
  assert_false(codicil_span_equal(s, codicil_span_str("Authority")));
  assert_false(codicil_span_equal(s, codicil_span_str("author")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_integers_are_big_endian_and_leave_the_rest),
      cmocka_unit_test(test_a_read_that_fails_at_any_cut_changes_nothing),
      cmocka_unit_test(test_a_vector_points_into_the_input),
      cmocka_unit_test(test_an_empty_span_may_be_null),
      cmocka_unit_test(test_spans_are_compared_and_cut_within_bounds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
