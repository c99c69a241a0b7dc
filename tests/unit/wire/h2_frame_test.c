// The HTTP/2 frame header.
#include "cmocka_test.h"

#include "fail_mem.h"
#include "h2_frame.h"
#include "span.h"

static void test_reading_gives_back_what_was_written(void **state) {
  (void)state;
  const codicil_h2_frame_header in = {0xfffffe, 0xfc, 0x81, 0x7ffffffd};
  codicil_buf buf;
  codicil_buf_init(&buf, NULL, CODICIL_H2_FRAME_HEADER_LEN);
  codicil_writer w = codicil_writer_of(&buf);
  codicil_h2_frame_header_write(&w, &in);
  assert_int_equal(codicil_writer_finish(&w), CODICIL_OK);
  assert_int_equal(buf.len, CODICIL_H2_FRAME_HEADER_LEN);
  codicil_reader r = codicil_reader_of(codicil_buf_span(&buf));
  codicil_h2_frame_header out;
  assert_true(codicil_h2_frame_header_read(&r, &out));
  assert_int_equal(out.payload_len, in.payload_len);
  assert_int_equal(out.type, in.type);
  assert_int_equal(out.flags, in.flags);
  assert_int_equal(out.stream_id, in.stream_id);
  codicil_buf_clear(&buf);
}

//= https://www.rfc-editor.org/rfc/rfc9113#section-4.1
//# The semantics of this bit are undefined, and the bit MUST remain unset (0x00) when sending and
//# MUST be ignored when receiving.
static void test_the_reserved_bit_is_ignored_and_never_sent(void **state) {
  (void)state;
  static const uint8_t octets[9] = {0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
  codicil_reader r = codicil_reader_of(codicil_span_of(octets, 9));
  codicil_h2_frame_header header;
  assert_true(codicil_h2_frame_header_read(&r, &header));
  assert_int_equal(header.stream_id, 0x7fffffff);
  header.stream_id = 0xffffffff;
  codicil_buf buf;
  codicil_buf_init(&buf, NULL, 9);
  codicil_writer w = codicil_writer_of(&buf);
  codicil_h2_frame_header_write(&w, &header);
  assert_int_equal(codicil_writer_finish(&w), CODICIL_OK);
  assert_int_equal(buf.data[5], 0x7f);
  codicil_buf_clear(&buf);
}

static void test_a_header_cut_anywhere_is_refused_and_leaves_the_reader(void **state) {
  (void)state;
  static const uint8_t octets[9] = {0, 1, 0, 0xfc, 0, 0, 0, 0, 0};
  for (size_t len = 0; len < sizeof octets; len++) {
    codicil_span input = exact_copy(codicil_span_of(octets, len));
    codicil_reader r = codicil_reader_of(input);
    codicil_h2_frame_header header = {.payload_len = 7};
    assert_false(codicil_h2_frame_header_read(&r, &header));
    assert_int_equal(r.rest.len, len);
    assert_int_equal(header.payload_len, 7);
    free((void *)(uintptr_t)input.data);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_reading_gives_back_what_was_written),
      cmocka_unit_test(test_the_reserved_bit_is_ignored_and_never_sent),
      cmocka_unit_test(test_a_header_cut_anywhere_is_refused_and_leaves_the_reader),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
