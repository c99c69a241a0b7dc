// What a ClientHello offered: the three lists, every cut, every length that lies, limits.
#include <string.h>

#include "cmocka_test.h"
#include "fail_mem.h"
#include "span.h"
#include "writer.h"

#include "codicil/ea.h"

enum { TYPES_MAX = 64, SCHEMES_AT = 2 + 32 + 1 + 4 + 2 + 2 };

// A ClientHello's body: signature_algorithms {0x0403, 0x0804}, signature_algorithms_cert {0x0807},
// and `num_more` empty extensions of types from 0x1000 on.
static codicil_buf make_hello(size_t num_more) {
  static const uint8_t zeros[32];
  codicil_buf buf;
  codicil_buf_init(&buf, NULL, 10000);
  codicil_writer w = codicil_writer_of(&buf);
  codicil_write_u16(&w, 0x0303);
  codicil_write_bytes(&w, codicil_span_of(zeros, 32));
  codicil_write_u8(&w, 0);
  codicil_write_bytes(&w, codicil_span_of("\0\2\x13\1", 4));
  codicil_write_bytes(&w, codicil_span_of("\1\0", 2));
  size_t extensions = codicil_write_open(&w, 2);
  codicil_write_bytes(&w, codicil_span_of("\0\x0d\0\6\0\4\4\3\x08\4", 10));
  codicil_write_bytes(&w, codicil_span_of("\0\x32\0\4\0\2\x08\7", 8));
  for (size_t i = 0; i < num_more; i++) {
    codicil_write_u16(&w, (uint16_t)(0x1000 + i));
    codicil_write_u16(&w, 0);
  }
  codicil_write_close(&w, extensions, 2);
  assert_int_equal(codicil_writer_finish(&w), CODICIL_OK);
  return buf;
}

static void test_the_three_lists_are_found(void **state) {
  (void)state;
  codicil_buf hello = make_hello(1), types;
  codicil_client_offer offer;
  codicil_buf_init(&types, NULL, TYPES_MAX);
  assert_int_equal(codicil_buf_append(&types, codicil_span_of("before", 6)), CODICIL_OK);
  assert_int_equal(codicil_client_offer_read(&offer, &types, codicil_buf_span(&hello)), CODICIL_OK);
  assert_true(codicil_span_equal(offer.schemes, codicil_span_of("\4\3\x08\4", 4)));
  assert_true(codicil_span_equal(offer.cert_schemes, codicil_span_of("\x08\7", 2)));
  assert_true(codicil_span_equal(offer.extensions, codicil_span_of("\0\x0d\0\x32\x10\0", 6)));
  assert_true(codicil_span_equal(codicil_span_of(types.data, 6), codicil_span_of("before", 6)));
  codicil_buf_clear(&hello);
  codicil_buf_clear(&types);
}

static void expect_refusal(codicil_span hello, size_t max, codicil_err err) {
  codicil_client_offer offer = {.schemes = {(const uint8_t *)"x", 1}};
  codicil_buf types;
  codicil_span exact = exact_copy(hello);
  codicil_buf_init(&types, NULL, max);
  assert_int_equal(codicil_client_offer_read(&offer, &types, exact), err);
  assert_int_equal(types.len, 0);
  assert_int_equal(offer.schemes.len, 1); // untouched
  codicil_buf_clear(&types);
  free((void *)(uintptr_t)exact.data);
}

static void test_every_cut_and_a_trailing_octet_are_malformed(void **state) {
  (void)state;
  codicil_buf hello = make_hello(1);
  for (size_t len = 0; len < hello.len; len++) {
    expect_refusal(codicil_span_of(hello.data, len), TYPES_MAX, CODICIL_MALFORMED);
  }
  assert_int_equal(codicil_buf_append(&hello, codicil_span_of("", 1)), CODICIL_OK);
  expect_refusal(codicil_buf_span(&hello), TYPES_MAX, CODICIL_MALFORMED);
  codicil_buf_clear(&hello);
}

static void test_a_list_whose_length_lies_is_malformed(void **state) {
  (void)state;
  codicil_buf hello = make_hello(0);
  uint8_t *inner = &hello.data[SCHEMES_AT + 5]; // of signature_algorithms: 4
  for (unsigned wrong = 0; wrong < 8; wrong++) {
    *inner = (uint8_t)wrong;
    if (wrong != 4) {
      expect_refusal(codicil_buf_span(&hello), TYPES_MAX, CODICIL_MALFORMED);
    }
  }
  codicil_buf_clear(&hello);
}

static void test_more_types_than_there_is_room_for_are_refused(void **state) {
  (void)state;
  codicil_buf hello = make_hello(TYPES_MAX / 2 - 2), types;
  codicil_client_offer offer;
  codicil_buf_init(&types, NULL, TYPES_MAX);
  assert_int_equal(codicil_client_offer_read(&offer, &types, codicil_buf_span(&hello)), CODICIL_OK);
  assert_int_equal(offer.extensions.len, TYPES_MAX);
  expect_refusal(codicil_buf_span(&hello), TYPES_MAX - 1, CODICIL_LIMIT);
  codicil_buf_clear(&hello);
  codicil_buf_clear(&types);
}

static void test_without_memory_nothing_is_kept(void **state) {
  (void)state;
  codicil_buf hello = make_hello(20), types;
  codicil_client_offer offer;
  codicil_err err = CODICIL_NOMEM;
  for (size_t n = 0; err != CODICIL_OK; n++) {
    fail_mem memory;
    fail_mem_init(&memory, n);
    codicil_buf_init(&types, &memory.mem, TYPES_MAX);
    err = codicil_client_offer_read(&offer, &types, codicil_buf_span(&hello));
    assert_int_equal(err, memory.failed ? CODICIL_NOMEM : CODICIL_OK);
    assert_int_equal(types.len, memory.failed ? 0 : 2 * 22);
    codicil_buf_clear(&types);
    assert_int_equal(memory.held, 0);
  }
  codicil_buf_clear(&hello);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_three_lists_are_found),
      cmocka_unit_test(test_every_cut_and_a_trailing_octet_are_malformed),
      cmocka_unit_test(test_a_list_whose_length_lies_is_malformed),
      cmocka_unit_test(test_more_types_than_there_is_room_for_are_refused),
      cmocka_unit_test(test_without_memory_nothing_is_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
