// DER elements, times and object identifiers.
#include "cmocka_test.h"

#include "der.h"

#include <string.h>
#include <time.h>

#include "fail_mem.h"
#include "span.h"

static bool reads(const char *octets, size_t len, size_t content_len) {
  codicil_span exact = exact_copy(codicil_span_of(octets, len));
  codicil_reader r = codicil_reader_of(exact);
  codicil_span content = {NULL, 99};
  bool ok = codicil_der_read(&r, 0x04, &content);
  assert_int_equal(content.len, ok ? content_len : 99);
  assert_int_equal(r.rest.len, ok ? 0 : len); // untouched on failure
  free((void *)exact.data);
  return ok;
}

static void test_lengths_are_definite_and_shortest(void **state) {
  (void)state;
  char big[4 + 0x100] = {0x04, (char)0x82, 0x01, 0x00};
  assert_true(reads(big, sizeof big, 0x100));
  assert_false(reads(big, sizeof big - 1, 0));
  char middle[3 + 0x80] = {0x04, (char)0x81, (char)0x80};
  assert_true(reads(middle, sizeof middle, 0x80));
  assert_true(reads("\x04\x00", 2, 0));
  assert_true(reads("\x04\x01x", 3, 1));
  char longer[4 + 0x80] = {0x04, (char)0x82, 0x00, (char)0x80}; // a zero in front of what needs one
  assert_false(reads(longer, sizeof longer, 0));
  assert_false(reads("\x04\x81\x01x", 4, 0));       // one octet would do
  assert_false(reads("\x04\x82\x00\x01x", 5, 0));   // a zero in front
  assert_false(reads("\x04\x80x\0\0", 5, 0));       // indefinite
  assert_false(reads("\x04\x85\0\0\0\0\1x", 8, 0)); // more than four octets
  assert_false(reads("\x04\x84\xff\xff\xff\xff", 6, 0));
  assert_false(reads("\x04\xff", 2, 0));
  assert_false(reads("\x04", 1, 0));
  assert_false(reads("", 0, 0));
  assert_false(reads("\x05\x00", 2, 0)); // another type
}

static void test_tags_of_more_than_one_octet_are_refused(void **state) {
  (void)state;
  codicil_reader r = codicil_reader_of(codicil_span_of("\x9f\x01\x00", 3));
  uint8_t tag;
  codicil_span content;
  assert_false(codicil_der_read_any(&r, &tag, &content));
}

static void test_a_whole_element_includes_its_header(void **state) {
  (void)state;
  codicil_reader r = codicil_reader_of(codicil_span_str("\x04\x02xyrest"));
  codicil_span element;
  assert_true(codicil_der_read_whole(&r, 0x04, &element));
  assert_true(codicil_span_equal(element, codicil_span_str("\x04\x02xy")));
  assert_true(codicil_span_equal(r.rest, codicil_span_str("rest")));
}

static bool reads_time(uint8_t tag, const char *text, int64_t *out) {
  codicil_span exact = exact_copy(codicil_span_str(text));
  bool ok = codicil_der_time(out, tag, exact);
  free((void *)exact.data);
  return ok;
}

static void test_times_are_those_of_the_calendar(void **state) {
  (void)state;
  for (int64_t day = -7304; day < 60000; day += 13) { // from 1950 past 2100
    time_t t = (time_t)(day * 86400 + (day * 7919 % 86400 + 86400) % 86400);
    struct tm tm;
    char text[32];
    int64_t got = 0;
    assert_non_null(gmtime_r(&t, &tm));
    strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &tm);
    assert_true(reads_time(CODICIL_DER_GENERALIZED_TIME, text, &got));
    assert_int_equal(got, t);
    if (tm.tm_year < 150) {
      assert_true(reads_time(CODICIL_DER_UTC_TIME, text + 2, &got));
      assert_int_equal(got, t);
    }
  }
}

static void test_times_in_other_forms_are_refused(void **state) {
  (void)state;
  static const char *const texts[] = {"",
                                      "20260101000000",
                                      "202601010000Z",
                                      "20260101000000.5Z",
                                      "20260101000000+00",
                                      "2026010100000zZ",
                                      "20261301000000Z",
                                      "20260001000000Z",
                                      "20260132000000Z",
                                      "20260100000000Z",
                                      "20260229000000Z",
                                      "21000229000000Z",
                                      "20260101240000Z",
                                      "20260101006000Z",
                                      "20260101000060Z",
                                      "00000101000000Z",
                                      "20260101000000Z ",
                                      "260101000000Z",
                                      "20260101000000+0100",
                                      "-0260101000000Z"};
  int64_t got = 99;
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    assert_false(reads_time(CODICIL_DER_GENERALIZED_TIME, texts[i], &got));
  }
  assert_false(reads_time(CODICIL_DER_UTC_TIME, "20260101000000Z", &got));
  assert_false(reads_time(CODICIL_DER_UTC_TIME, "2601010000Z", &got));
  assert_false(reads_time(CODICIL_DER_OCTET_STRING, "20260101000000Z", &got));
  assert_int_equal(got, 99);
  assert_true(reads_time(CODICIL_DER_GENERALIZED_TIME, "20000229000000Z", &got));
  assert_true(reads_time(CODICIL_DER_GENERALIZED_TIME, "99991231235959Z", &got));
  assert_int_equal(got, 253402300799);
}

static void expect_oid(const char *dotted, const char *octets) {
  codicil_oid oid;
  assert_true(codicil_oid_parse(&oid, dotted));
  assert_true(codicil_span_equal(codicil_span_of(oid.octets, oid.len), codicil_span_str(octets)));
}

static void test_object_identifiers(void **state) {
  (void)state;
  expect_oid("2.999.9261.1", "\x88\x37\xc8\x2d\x01");
  expect_oid("2.5.29.17", "\x55\x1d\x11");
  expect_oid("1.3.6.1.4.1.11129.2.4.2", "\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02");
  expect_oid("1.39", "\x4f");
  static const char *const bad[] = {
      "",     "1",    "1.",   ".1",    "1..2", "3.1",  "1.40",
      "1.2.", "01.2", "1.02", "1.2.x", "1.2 ", "-1.2", "1.2.99999999999999999999"};
  codicil_oid oid = {.len = 99};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_false(codicil_oid_parse(&oid, bad[i]));
  }
  char text[200] = "1.2";
  for (int i = 0; i < 64; i++) {
    strcat(text, ".1");
  }
  assert_false(codicil_oid_parse(&oid, text)); // 65 octets
  assert_int_equal(oid.len, 99);
  text[strlen(text) - 2] = '\0';
  assert_true(codicil_oid_parse(&oid, text));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_lengths_are_definite_and_shortest),
      cmocka_unit_test(test_tags_of_more_than_one_octet_are_refused),
      cmocka_unit_test(test_a_whole_element_includes_its_header),
      cmocka_unit_test(test_times_are_those_of_the_calendar),
      cmocka_unit_test(test_times_in_other_forms_are_refused),
      cmocka_unit_test(test_object_identifiers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
