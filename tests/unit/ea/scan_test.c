// Finding the end of an authenticator: every cut, every refusal, and limits at the header.
#include <string.h>

#include "cmocka_test.h"
#include "ea_fixture.h"
#include "fail_mem.h"

enum { MAX = 131072 };

// Messages of 3, 2 and 1 octets: long enough for every place that a cut can fall into.
static const uint8_t whole[] = {11, 0, 0,   3,   'a', 'b', 'c', 15, 0,
                                0,  2, 'd', 'e', 20,  0,   0,   1,  'f'};

// Feeds an exact copy.
static codicil_err feed(codicil_ea_scan *scan, bool *out_done, const uint8_t *data, size_t len,
                        size_t max) {
  codicil_span exact = exact_copy(codicil_span_of(data, len));
  codicil_err err = codicil_ea_scan_feed(scan, out_done, exact, max);
  free((void *)(uintptr_t)exact.data);
  return err;
}

static void test_every_cut_into_three_finds_the_same_end(void **state) {
  (void)state;
  for (size_t a = 0; a <= sizeof whole; a++) {
    for (size_t b = a; b <= sizeof whole; b++) {
      codicil_ea_scan scan = {0};
      bool done = true;
      assert_int_equal(feed(&scan, &done, whole, a, MAX), CODICIL_OK);
      assert_int_equal(done, a == sizeof whole);
      assert_int_equal(feed(&scan, &done, whole + a, b - a, MAX), CODICIL_OK);
      assert_int_equal(done, b == sizeof whole);
      assert_int_equal(feed(&scan, &done, whole + b, sizeof whole - b, MAX), CODICIL_OK);
      assert_true(done);
      assert_int_equal(scan.total, sizeof whole);
    }
  }
}

static void test_messages_of_no_octets_are_passed_over(void **state) {
  (void)state;
  static const uint8_t empty[] = {11, 0, 0, 0, 15, 0, 0, 0, 20, 0, 0, 0};
  for (size_t cut = 0; cut <= sizeof empty; cut++) {
    codicil_ea_scan scan = {0};
    bool done = false;
    assert_int_equal(feed(&scan, &done, empty, cut, MAX), CODICIL_OK);
    assert_int_equal(feed(&scan, &done, empty + cut, sizeof empty - cut, MAX), CODICIL_OK);
    assert_true(done);
  }
}

static void test_octets_after_finished_are_malformed_in_the_same_piece_or_a_later_one(
    void **state) {
  (void)state;
  uint8_t more[sizeof whole + 1] = {0};
  memcpy(more, whole, sizeof whole);
  for (size_t cut = 0; cut <= sizeof whole; cut++) {
    codicil_ea_scan scan = {0};
    bool done = false;
    assert_int_equal(feed(&scan, &done, more, cut, MAX), CODICIL_OK);
    assert_int_equal(feed(&scan, &done, more + cut, sizeof more - cut, MAX), CODICIL_MALFORMED);
    assert_int_equal(done, cut == sizeof whole);
  }
}

static void test_nothing_more_after_the_end_is_no_mistake(void **state) {
  (void)state;
  codicil_ea_scan scan = {0};
  bool done = false;
  assert_int_equal(feed(&scan, &done, whole, sizeof whole, MAX), CODICIL_OK);
  assert_int_equal(feed(&scan, &done, NULL, 0, MAX), CODICIL_OK);
  assert_true(done);
}

// A lone Finished in a SERVER_CERTIFICATE frame: nothing was asked.
static void test_any_other_type_is_malformed_at_its_first_octet(void **state) {
  (void)state;
  static const size_t starts[] = {0, 7, 13};
  for (size_t i = 0; i < 3; i++) {
    for (unsigned type = 0; type < 256; type++) {
      codicil_ea_scan scan = {0};
      bool done = false;
      uint8_t octet = (uint8_t)type;
      assert_int_equal(feed(&scan, &done, whole, starts[i], MAX), CODICIL_OK);
      assert_int_equal(feed(&scan, &done, &octet, 1, MAX),
                       octet == whole[starts[i]] ? CODICIL_OK : CODICIL_MALFORMED);
    }
  }
}

static void test_a_limit_is_kept_at_the_header_that_announces_more(void **state) {
  (void)state;
  static const size_t headers[] = {4, 11, 17}; // octets up to the end of each
  for (size_t max = 0; max < sizeof whole; max++) {
    codicil_ea_scan scan = {0};
    bool done = false;
    size_t at = 0;
    codicil_err err = CODICIL_OK;
    for (; err == CODICIL_OK && at < sizeof whole; at++) {
      err = feed(&scan, &done, whole + at, 1, max);
    }
    assert_int_equal(err, CODICIL_LIMIT);
    assert_false(done);
    // Never later than the header whose message does not fit.
    size_t latest = max < 7 ? headers[0] : max < 13 ? headers[1] : headers[2];
    assert_true(at <= latest);
  }
  codicil_ea_scan scan = {0};
  bool done = false;
  assert_int_equal(feed(&scan, &done, whole, sizeof whole, sizeof whole), CODICIL_OK);
  assert_true(done);
}

static void test_sixteen_megabytes_announced_are_refused_before_they_come(void **state) {
  (void)state;
  static const uint8_t header[] = {11, 0xff, 0xff, 0xff};
  codicil_ea_scan scan = {0};
  bool done = false;
  assert_int_equal(feed(&scan, &done, header, 4, MAX), CODICIL_LIMIT);
}

static void test_a_refusal_leaves_the_scanner_and_the_output_as_they_were(void **state) {
  (void)state;
  codicil_ea_scan scan = {0};
  bool done = false;
  assert_int_equal(feed(&scan, &done, whole, 5, MAX), CODICIL_OK);
  codicil_ea_scan before = scan;
  done = true;
  assert_int_equal(feed(&scan, &done, (const uint8_t *)"bcX", 3, MAX), CODICIL_MALFORMED);
  assert_int_equal(scan.total, before.total);
  assert_int_equal(scan.remaining, before.remaining);
  assert_int_equal(scan.stage, before.stage);
  assert_int_equal(scan.header_len, before.header_len);
  assert_true(done);
}

static void test_a_real_authenticator_ends_where_it_ends(void **state) {
  (void)state;
  ea_pair pair;
  ea_identity identity;
  codicil_buf out = new_buf();
  pair_init(&pair, CODICIL_HASH_SHA256);
  identity_init(&identity, "p256");
  assert_int_equal(codicil_ea_authenticate(pair.server, &out, identity.credential,
                                           codicil_span_of(NULL, 0), context_of(1)),
                   CODICIL_OK);
  codicil_ea_scan scan = {0};
  for (size_t i = 0; i < out.len; i++) {
    bool done = true;
    assert_int_equal(feed(&scan, &done, out.data + i, 1, out.len), CODICIL_OK);
    assert_int_equal(done, i + 1 == out.len);
  }
  codicil_buf_clear(&out);
  identity_clear(&identity);
  pair_clear(&pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_cut_into_three_finds_the_same_end),
      cmocka_unit_test(test_messages_of_no_octets_are_passed_over),
      cmocka_unit_test(test_octets_after_finished_are_malformed_in_the_same_piece_or_a_later_one),
      cmocka_unit_test(test_nothing_more_after_the_end_is_no_mistake),
      cmocka_unit_test(test_any_other_type_is_malformed_at_its_first_octet),
      cmocka_unit_test(test_a_limit_is_kept_at_the_header_that_announces_more),
      cmocka_unit_test(test_sixteen_megabytes_announced_are_refused_before_they_come),
      cmocka_unit_test(test_a_refusal_leaves_the_scanner_and_the_output_as_they_were),
      cmocka_unit_test(test_a_real_authenticator_ends_where_it_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
