// QUIC's integers: the samples of RFC 9000 §A.1, each edge, and nothing of one that is cut.
#include "cmocka_test.h"

#include "fail_mem.h"
#include "span.h"
#include "varint.h"

static codicil_span write_one(codicil_buf *buf, uint64_t value) {
  codicil_buf_init(buf, NULL, 16);
  codicil_writer w = codicil_writer_of(buf);
  codicil_write_varint(&w, value);
  assert_int_equal(codicil_writer_finish(&w), CODICIL_OK);
  return codicil_buf_span(buf);
}

// RFC 9000 §A.1
static void test_the_samples_of_the_rfc_are_read(void **state) {
  (void)state;
  static const struct {
    const char *octets;
    size_t len;
    uint64_t value;
  } samples[] = {{"\xc2\x19\x7c\x5e\xff\x14\xe8\x8c", 8, UINT64_C(151288809941952652)},
                 {"\x9d\x7f\x3e\x7d", 4, 494878333},
                 {"\x7b\xbd", 2, 15293},
                 {"\x25", 1, 37},
                 {"\x40\x25", 2, 37}};
  for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
    codicil_reader r = codicil_reader_of(codicil_span_of(samples[i].octets, samples[i].len));
    uint64_t value;
    assert_true(codicil_read_varint(&r, &value));
    assert_true(codicil_reader_done(&r));
    assert_int_equal(value, samples[i].value);
  }
}

static void test_what_is_written_is_read_and_as_short_as_can_be(void **state) {
  (void)state;
  static const struct {
    uint64_t value;
    size_t len;
  } edges[] = {{0, 1},      {0x3f, 1},       {0x40, 2},       {0x3fff, 2},
               {0x4000, 4}, {0x3fffffff, 4}, {0x40000000, 8}, {CODICIL_VARINT_MAX, 8}};
  for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
    codicil_buf buf;
    codicil_span octets = write_one(&buf, edges[i].value);
    assert_int_equal(octets.len, edges[i].len);
    codicil_reader r = codicil_reader_of(octets);
    uint64_t value;
    assert_true(codicil_read_varint(&r, &value));
    assert_int_equal(value, edges[i].value);
    codicil_buf_clear(&buf);
  }
}

static void test_one_that_is_cut_leaves_reader_and_output(void **state) {
  (void)state;
  static const uint64_t values[] = {0x40, 0x4000, CODICIL_VARINT_MAX};
  for (size_t i = 0; i < 3; i++) {
    codicil_buf buf;
    codicil_span octets = write_one(&buf, values[i]);
    for (size_t len = 0; len < octets.len; len++) {
      codicil_span cut = exact_copy(codicil_span_sub(octets, 0, len));
      codicil_reader r = codicil_reader_of(cut);
      uint64_t value = 7;
      assert_false(codicil_read_varint(&r, &value));
      assert_int_equal(value, 7);
      assert_int_equal(r.rest.len, len);
      free((void *)(uintptr_t)cut.data);
    }
    codicil_buf_clear(&buf);
  }
}

static void test_what_is_too_large_is_not_written(void **state) {
  (void)state;
  codicil_buf buf;
  codicil_buf_init(&buf, NULL, 16);
  codicil_writer w = codicil_writer_of(&buf);
  codicil_write_varint(&w, 1);
  codicil_write_varint(&w, CODICIL_VARINT_MAX + 1);
  codicil_write_varint(&w, 2);
  assert_int_equal(codicil_writer_finish(&w), CODICIL_BAD_INPUT);
  assert_int_equal(buf.len, 0);
  codicil_buf_clear(&buf);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_samples_of_the_rfc_are_read),
      cmocka_unit_test(test_what_is_written_is_read_and_as_short_as_can_be),
      cmocka_unit_test(test_one_that_is_cut_leaves_reader_and_output),
      cmocka_unit_test(test_what_is_too_large_is_not_written),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
