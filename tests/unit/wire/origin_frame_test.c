// The payload of an ORIGIN frame: entries in order, and nothing of a frame that ends inside one.
#include "cmocka_test.h"

#include "fail_mem.h"
#include "origin_frame.h"
#include "span.h"
#include "writer.h"

static void write_entry(codicil_writer *w, codicil_span entry) {
  size_t mark = codicil_write_open(w, 2);
  codicil_write_bytes(w, entry);
  codicil_write_close(w, mark, 2);
}

static codicil_buf build(const char *const *entries, size_t num) {
  codicil_buf buf;
  codicil_buf_init(&buf, NULL, 1024);
  codicil_writer w = codicil_writer_of(&buf);
  for (size_t i = 0; i < num; i++) {
    write_entry(&w, codicil_span_str(entries[i]));
  }
  assert_int_equal(codicil_writer_finish(&w), CODICIL_OK);
  return buf;
}

static void test_entries_come_back_in_order_without_the_empty_ones(void **state) {
  (void)state;
  static const char *const entries[] = {"https://a.example", "", "https://b.example:8443", ""};
  codicil_buf buf = build(entries, 4);
  size_t num;
  assert_true(codicil_origin_frame_check(codicil_buf_span(&buf), &num));
  assert_int_equal(num, 2);
  codicil_reader r = codicil_reader_of(codicil_buf_span(&buf));
  codicil_span entry;
  assert_true(codicil_origin_frame_next(&r, &entry));
  assert_true(codicil_span_equal(entry, codicil_span_str(entries[0])));
  assert_true(codicil_origin_frame_next(&r, &entry));
  assert_true(codicil_span_equal(entry, codicil_span_str(entries[2])));
  assert_false(codicil_origin_frame_next(&r, &entry));
  codicil_buf_clear(&buf);
}

static void test_an_empty_payload_is_whole(void **state) {
  (void)state;
  size_t num = 9;
  assert_true(codicil_origin_frame_check(codicil_span_of(NULL, 0), &num));
  assert_int_equal(num, 0);
}

static void test_a_payload_that_ends_inside_an_entry_is_refused(void **state) {
  (void)state;
  static const char *const entries[] = {"https://a.example", "", "https://b.example"};
  codicil_buf buf = build(entries, 3);
  for (size_t len = 1; len < buf.len; len++) {
    codicil_span cut = exact_copy(codicil_span_of(buf.data, len));
    size_t num = 9;
    bool at_boundary = len == 19 || len == 21;
    assert_int_equal(codicil_origin_frame_check(cut, &num), at_boundary);
    assert_int_equal(num, at_boundary ? 1 : 9);
    free((void *)(uintptr_t)cut.data);
  }
  codicil_buf_clear(&buf);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_entries_come_back_in_order_without_the_empty_ones),
      cmocka_unit_test(test_an_empty_payload_is_whole),
      cmocka_unit_test(test_a_payload_that_ends_inside_an_entry_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
