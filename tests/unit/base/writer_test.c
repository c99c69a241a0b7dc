// The writer: what it writes the reader reads, and its first error sticks and undoes everything.
#include "cmocka_test.h"

#include "fail_mem.h"
#include "reader.h"
#include "span.h"
#include "writer.h"

static void write_message(codicil_writer *w) {
  codicil_write_u8(w, 0xab);
  codicil_write_u16(w, 0xcdef);
  codicil_write_u24(w, 0x123456);
  codicil_write_u32(w, 0x789abcde);
  size_t outer = codicil_write_open(w, 3);
  size_t middle = codicil_write_open(w, 2);
  size_t inner = codicil_write_open(w, 1);
  codicil_write_bytes(w, codicil_span_str("context"));
  codicil_write_close(w, inner, 1);
  codicil_write_close(w, middle, 2);
  codicil_write_close(w, outer, 3);
}

static void test_reading_gives_back_what_was_written(void **state) {
  (void)state;
  codicil_buf buf;
  codicil_buf_init(&buf, NULL, 64);
  codicil_writer w = codicil_writer_of(&buf);
  write_message(&w);
  assert_int_equal(codicil_writer_finish(&w), CODICIL_OK);
  codicil_reader r = codicil_reader_of(codicil_buf_span(&buf));
  uint8_t v8;
  uint16_t v16;
  uint32_t v24, v32;
  codicil_span outer, middle, inner;
  assert_true(codicil_read_u8(&r, &v8) && codicil_read_u16(&r, &v16) &&
              codicil_read_u24(&r, &v24) && codicil_read_u32(&r, &v32) &&
              codicil_read_vec24(&r, &outer) && codicil_reader_done(&r));
  assert_int_equal(v8, 0xab);
  assert_int_equal(v16, 0xcdef);
  assert_int_equal(v24, 0x123456);
  assert_int_equal(v32, 0x789abcde);
  r = codicil_reader_of(outer);
  assert_true(codicil_read_vec16(&r, &middle) && codicil_reader_done(&r));
  r = codicil_reader_of(middle);
  assert_true(codicil_read_vec8(&r, &inner) && codicil_reader_done(&r));
  assert_true(codicil_span_equal(inner, codicil_span_str("context")));
  codicil_buf_clear(&buf);
}

static void test_a_vector_longer_than_its_length_is_bad_input_and_undone(void **state) {
  (void)state;
  static const uint8_t zeros[256];
  codicil_buf buf;
  codicil_buf_init(&buf, NULL, 1024);
  assert_int_equal(codicil_buf_append(&buf, codicil_span_str("kept")), CODICIL_OK);
  for (size_t len = 255; len <= 256; len++) {
    codicil_writer w = codicil_writer_of(&buf);
    size_t mark = codicil_write_open(&w, 1);
    codicil_write_bytes(&w, codicil_span_of(zeros, len));
    codicil_write_close(&w, mark, 1);
    assert_int_equal(codicil_writer_finish(&w), len == 255 ? CODICIL_OK : CODICIL_BAD_INPUT);
    assert_int_equal(buf.len, 4 + 256);
  }
  codicil_buf_clear(&buf);
}

static void test_every_maximum_below_the_message_is_limit_and_undone(void **state) {
  (void)state;
  enum { MESSAGE_LEN = 1 + 2 + 3 + 4 + 3 + 2 + 1 + 7 };
  for (size_t max = 0; max <= MESSAGE_LEN; max++) {
    codicil_buf buf;
    codicil_buf_init(&buf, NULL, max);
    codicil_writer w = codicil_writer_of(&buf);
    write_message(&w);
    assert_int_equal(codicil_writer_finish(&w), max == MESSAGE_LEN ? CODICIL_OK : CODICIL_LIMIT);
    assert_int_equal(buf.len, max == MESSAGE_LEN ? MESSAGE_LEN : 0);
    codicil_buf_clear(&buf);
  }
}

static void test_every_failing_allocation_is_nomem_and_leaks_nothing(void **state) {
  (void)state;
  codicil_err err = CODICIL_NOMEM;
  size_t n;
  for (n = 0; err != CODICIL_OK; n++) {
    fail_mem fail;
    fail_mem_init(&fail, n);
    codicil_buf buf;
    codicil_buf_init(&buf, &fail.mem, 64);
    codicil_writer w = codicil_writer_of(&buf);
    write_message(&w);
    err = codicil_writer_finish(&w);
    assert_int_equal(err, fail.failed ? CODICIL_NOMEM : CODICIL_OK);
    assert_true(err == CODICIL_OK || buf.len == 0);
    codicil_buf_clear(&buf);
    assert_int_equal(fail.held, 0);
  }
  assert_true(n > 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_reading_gives_back_what_was_written),
      cmocka_unit_test(test_a_vector_longer_than_its_length_is_bad_input_and_undone),
      cmocka_unit_test(test_every_maximum_below_the_message_is_limit_and_undone),
      cmocka_unit_test(test_every_failing_allocation_is_nomem_and_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
