// Lists of signed certificate timestamps.
#include "cmocka_test.h"

#include "codicil/x509.h"
#include "fail_mem.h"
#include "pki_fixture.h"
#include "span.h"

static codicil_err parse(codicil_sct *out, size_t *out_num, size_t max, codicil_span list) {
  codicil_span exact = exact_copy(list);
  codicil_err err = codicil_scts_parse(out, out_num, max, exact);
  free((void *)exact.data);
  return err;
}

static void test_timestamps_are_listed_with_log_and_time(void **state) {
  (void)state;
  pki_bytes list = pki_scts(3);
  codicil_sct scts[CODICIL_SCTS_MAX];
  size_t num = 0;
  assert_int_equal(
      codicil_scts_parse(scts, &num, CODICIL_SCTS_MAX, codicil_span_of(list.data, list.len)),
      CODICIL_OK);
  assert_int_equal(num, 3);
  for (size_t i = 0; i < num; i++) {
    assert_int_equal(scts[i].version, CODICIL_SCT_V1);
    assert_int_equal(scts[i].log_id.len, 32);
    assert_int_equal(scts[i].log_id.data[31], i + 1);
    assert_int_equal(scts[i].timestamp_ms, (i + 1) * 1000);
    assert_int_equal(scts[i].extensions.len, 0);
    assert_int_equal(scts[i].algorithm, 0x0403);
    assert_int_equal(scts[i].signature.len, 8);
  }
  free(list.data);
}

static void test_a_version_not_known_is_listed_unread(void **state) {
  (void)state;
  const uint8_t list[] = {0, 4, 0, 2, 7, 9};
  codicil_sct sct;
  size_t num = 0;
  assert_int_equal(parse(&sct, &num, 1, codicil_span_of(list, sizeof list)), CODICIL_OK);
  assert_int_equal(num, 1);
  assert_int_equal(sct.version, 7);
  assert_null(sct.log_id.data);
}

static void test_every_cut_and_a_trailing_octet_are_malformed(void **state) {
  (void)state;
  pki_bytes list = pki_scts(2);
  codicil_sct scts[2];
  size_t num = 99;
  for (size_t len = 0; len < list.len; len++) {
    assert_int_equal(parse(scts, &num, 2, codicil_span_of(list.data, len)), CODICIL_MALFORMED);
  }
  uint8_t *longer = realloc(list.data, list.len + 1);
  longer[list.len] = 0;
  assert_int_equal(parse(scts, &num, 2, codicil_span_of(longer, list.len + 1)), CODICIL_MALFORMED);
  assert_int_equal(num, 99);
  free(longer);
}

static void test_lists_that_are_wrong_inside_are_malformed(void **state) {
  (void)state;
  static const uint8_t empty[] = {0, 0};
  static const uint8_t empty_sct[] = {0, 2, 0, 0};
  static const uint8_t short_v1[] = {0, 4, 0, 2, 0, 1};
  const codicil_span lists[] = {codicil_span_of(empty, sizeof empty),
                                codicil_span_of(empty_sct, sizeof empty_sct),
                                codicil_span_of(short_v1, sizeof short_v1)};
  codicil_sct sct;
  size_t num;
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(parse(&sct, &num, 1, lists[i]), CODICIL_MALFORMED);
  }
  // An octet after the signature, within the length of its SCT.
  pki_bytes list = pki_scts(1);
  list.data = realloc(list.data, list.len + 1);
  list.data[list.len] = 0;
  list.data[1]++;
  list.data[3]++;
  assert_int_equal(parse(&sct, &num, 1, codicil_span_of(list.data, list.len + 1)),
                   CODICIL_MALFORMED);
  free(list.data);
}

static void test_more_than_there_is_room_for_is_an_error(void **state) {
  (void)state;
  pki_bytes list = pki_scts(3);
  codicil_sct scts[2];
  size_t num = 99;
  assert_int_equal(parse(scts, &num, 2, codicil_span_of(list.data, list.len)), CODICIL_LIMIT);
  assert_int_equal(num, 99);
  free(list.data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_timestamps_are_listed_with_log_and_time),
      cmocka_unit_test(test_a_version_not_known_is_listed_unread),
      cmocka_unit_test(test_every_cut_and_a_trailing_octet_are_malformed),
      cmocka_unit_test(test_lists_that_are_wrong_inside_are_malformed),
      cmocka_unit_test(test_more_than_there_is_room_for_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
