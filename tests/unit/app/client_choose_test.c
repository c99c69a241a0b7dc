// Which connection a request goes on (protocol §5.6): every row of facts and its outcome.
#include "cmocka_test.h"

#include "client/choose.h"

enum { NOW = 1000, LATER = 2000, EARLIER = 500 };

// A connection that answers "not covered", supports the feature and may be waited for.
static choose_fact promising(void) {
  return (choose_fact){
      .stage = CHOOSE_OPEN,
      .address_matches = true,
      .support = CODICIL_SUPPORT_YES,
      .route = {.answer = CODICIL_NO, .reason = CODICIL_ROUTE_NOT_COVERED, .certificate = SIZE_MAX},
      .hold_until_ns = LATER};
}

static choose_fact answering(codicil_answer answer, codicil_route_reason reason) {
  choose_fact f = promising();
  f.route.answer = answer;
  f.route.reason = reason;
  return f;
}

static choose_result one(choose_fact f, bool was_held) {
  return choose_connection(&f, 1, was_held, NOW);
}

static void assert_new(choose_result result, codicil_route_reason reason) {
  assert_int_equal(result.action, CHOOSE_NEW);
  assert_int_equal(result.reason, reason);
}

static void assert_held(choose_result result, uint64_t wake_ns) {
  assert_int_equal(result.action, CHOOSE_HOLD);
  assert_true(result.wake_ns == wake_ns);
}

static void test_without_connections_one_is_opened_for_the_origin(void **state) {
  (void)state;
  assert_new(choose_connection(NULL, 0, false, NOW), CODICIL_ROUTE_OWN_ORIGIN);
}

static void test_the_first_that_may_be_used_is_used(void **state) {
  (void)state;
  choose_fact facts[] = {promising(), answering(CODICIL_USE, CODICIL_ROUTE_SECONDARY),
                         answering(CODICIL_USE, CODICIL_ROUTE_PRIMARY)};
  facts[1].route.certificate = 7;
  choose_result result = choose_connection(facts, 3, false, NOW);
  assert_int_equal(result.action, CHOOSE_USE);
  assert_int_equal(result.connection, 1);
  assert_int_equal(result.reason, CODICIL_ROUTE_SECONDARY);
  assert_int_equal(result.certificate, 7);
}

static void test_of_two_that_may_be_used_the_one_with_the_wider_origin_set_is_used(void **state) {
  (void)state;
  choose_fact facts[] = {answering(CODICIL_USE, CODICIL_ROUTE_PRIMARY),
                         answering(CODICIL_USE, CODICIL_ROUTE_SECONDARY)};
  facts[0].is_within = true;
  choose_result r = choose_connection(facts, 2, false, 0);
  assert_int_equal(r.action, CHOOSE_USE);
  assert_int_equal(r.connection, 1);
}

static void test_what_an_alternative_service_outdoes_is_neither_used_nor_waited_for(void **state) {
  (void)state;
  choose_fact facts[] = {answering(CODICIL_USE, CODICIL_ROUTE_OWN_ORIGIN), promising()};
  facts[0].is_outdone = true;
  facts[1].is_outdone = true;
  choose_result r = choose_connection(facts, 1, false, NOW);
  assert_new(r, CODICIL_ROUTE_OWN_ORIGIN);
  assert_int_equal(choose_connection(facts, 2, false, NOW).action, CHOOSE_NEW);
}

static void test_what_the_handshake_covers_need_not_await_settings(void **state) {
  (void)state;
  choose_fact f = answering(CODICIL_USE, CODICIL_ROUTE_PRIMARY);
  f.stage = CHOOSE_AWAIT_SETTINGS;
  f.support = CODICIL_SUPPORT_AWAITED;
  assert_int_equal(one(f, false).action, CHOOSE_USE);
}

static void test_a_handshake_with_an_address_of_the_host_holds_without_end(void **state) {
  (void)state;
  choose_fact f = {.stage = CHOOSE_CONNECTING, .address_matches = true};
  assert_held(one(f, false), UINT64_MAX);
  f.address_matches = false;
  assert_new(one(f, false), CODICIL_ROUTE_DNS_MISMATCH);
  f.is_own = true;
  assert_held(one(f, false), UINT64_MAX);
}

static void test_settings_are_awaited_for_a_while(void **state) {
  (void)state;
  choose_fact f = promising();
  f.stage = CHOOSE_AWAIT_SETTINGS;
  f.support = CODICIL_SUPPORT_AWAITED;
  assert_held(one(f, false), LATER);
  f.hold_until_ns = EARLIER;
  assert_new(one(f, true), CODICIL_ROUTE_WAITED);
}

static void test_certificates_are_awaited_from_settings_on(void **state) {
  (void)state;
  assert_held(one(promising(), false), LATER);
  choose_fact f = promising();
  f.hold_until_ns = EARLIER;
  assert_new(one(f, true), CODICIL_ROUTE_WAITED);
  // Who comes later did not wait.
  assert_new(one(f, false), CODICIL_ROUTE_NOT_COVERED);
}

static void test_an_answer_to_wait_is_waited_for_until_its_time_runs_out(void **state) {
  (void)state;
  choose_fact f = answering(CODICIL_WAIT, CODICIL_ROUTE_NOT_COVERED);
  f.origin_set_is_final = true;
  assert_held(one(f, false), LATER);
  f.hold_until_ns = NOW;
  assert_new(one(f, true), CODICIL_ROUTE_WAITED);
}

static void test_no_support_opens_at_once(void **state) {
  (void)state;
  choose_fact f = answering(CODICIL_NO, CODICIL_ROUTE_NO_SUPPORT);
  f.support = CODICIL_SUPPORT_NO;
  assert_new(one(f, true), CODICIL_ROUTE_NO_SUPPORT);
}

static void test_an_origin_set_without_the_origin_opens_at_once_and_says_so(void **state) {
  (void)state;
  choose_fact f = promising();
  f.origin_set_is_final = true;
  assert_new(one(f, true), CODICIL_ROUTE_ORIGIN_SET);
  f.hold_until_ns = EARLIER;
  assert_new(one(f, false), CODICIL_ROUTE_NOT_COVERED);
  assert_new(one(answering(CODICIL_NO, CODICIL_ROUTE_ORIGIN_SET), false), CODICIL_ROUTE_ORIGIN_SET);
}

static void test_a_refused_certificate_opens_at_once_with_its_reason(void **state) {
  (void)state;
  choose_fact f = answering(CODICIL_NO, CODICIL_ROUTE_CERTIFICATE);
  f.route.cert_reason = CODICIL_CERT_EXPIRED;
  choose_result result = one(f, true);
  assert_new(result, CODICIL_ROUTE_CERTIFICATE);
  assert_int_equal(result.cert_reason, CODICIL_CERT_EXPIRED);
}

static void test_at_the_limit_of_certificates_nothing_is_waited_for(void **state) {
  (void)state;
  choose_fact f = promising();
  f.route.cert_reason = CODICIL_CERT_LIMIT;
  choose_result result = one(f, true);
  assert_new(result, CODICIL_ROUTE_NOT_COVERED);
  assert_int_equal(result.cert_reason, CODICIL_CERT_LIMIT);
}

static void test_other_refusals_open_at_once(void **state) {
  (void)state;
  static const codicil_route_reason reasons[] = {CODICIL_ROUTE_PORT, CODICIL_ROUTE_MISDIRECTED,
                                                 CODICIL_ROUTE_DNS_MISMATCH,
                                                 CODICIL_ROUTE_DNS_FAILURE, CODICIL_ROUTE_REFUSED};
  for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
    assert_new(one(answering(CODICIL_NO, reasons[i]), true), reasons[i]);
  }
}

static void test_an_address_that_does_not_match_is_not_waited_for(void **state) {
  (void)state;
  choose_fact f = promising();
  f.address_matches = false;
  assert_new(one(f, false), CODICIL_ROUTE_NOT_COVERED);
}

static void test_who_was_held_once_does_not_wait_for_later_connections(void **state) {
  (void)state;
  choose_fact f = {.stage = CHOOSE_CONNECTING, .address_matches = true, .is_late = true};
  assert_new(one(f, true), CODICIL_ROUTE_OWN_ORIGIN);
  f.is_own = true;
  assert_held(one(f, true), UINT64_MAX);
  choose_fact facts[] = {answering(CODICIL_NO, CODICIL_ROUTE_NO_SUPPORT), promising()};
  facts[1].is_late = true;
  assert_new(choose_connection(facts, 2, true, NOW), CODICIL_ROUTE_NO_SUPPORT);
  facts[1].route.answer = CODICIL_USE;
  assert_int_equal(choose_connection(facts, 2, true, NOW).action, CHOOSE_USE);
}

static void test_a_closed_connection_plays_no_part(void **state) {
  (void)state;
  choose_fact f = answering(CODICIL_USE, CODICIL_ROUTE_PRIMARY);
  f.stage = CHOOSE_CLOSED;
  assert_new(one(f, false), CODICIL_ROUTE_OWN_ORIGIN);
}

static void test_of_several_reasons_the_one_that_says_most_is_told(void **state) {
  (void)state;
  choose_fact facts[] = {answering(CODICIL_NO, CODICIL_ROUTE_DNS_MISMATCH),
                         answering(CODICIL_NO, CODICIL_ROUTE_CERTIFICATE),
                         answering(CODICIL_NO, CODICIL_ROUTE_NO_SUPPORT)};
  choose_result result = choose_connection(facts, 3, false, NOW);
  assert_new(result, CODICIL_ROUTE_CERTIFICATE);
  assert_int_equal(result.connection, 1);
}

static void test_the_earliest_end_of_waiting_wakes(void **state) {
  (void)state;
  choose_fact facts[] = {promising(), promising(), {.stage = CHOOSE_CONNECTING, .is_own = true}};
  facts[0].hold_until_ns = LATER + 5;
  assert_held(choose_connection(facts, 3, false, NOW), LATER);
}

static void test_the_default_wait_is_the_handshake_within_bounds(void **state) {
  (void)state;
  const uint64_t ms = 1000000;
  assert_true(choose_wait_ns(-1, 1 * ms) == 20 * ms);
  assert_true(choose_wait_ns(-1, 50 * ms) == 50 * ms);
  assert_true(choose_wait_ns(-1, 900 * ms) == 300 * ms);
  assert_true(choose_wait_ns(0, 50 * ms) == 0);
  assert_true(choose_wait_ns(3000, 50 * ms) == 3000 * ms);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_without_connections_one_is_opened_for_the_origin),
      cmocka_unit_test(test_the_first_that_may_be_used_is_used),
      cmocka_unit_test(test_of_two_that_may_be_used_the_one_with_the_wider_origin_set_is_used),
      cmocka_unit_test(test_what_an_alternative_service_outdoes_is_neither_used_nor_waited_for),
      cmocka_unit_test(test_what_the_handshake_covers_need_not_await_settings),
      cmocka_unit_test(test_a_handshake_with_an_address_of_the_host_holds_without_end),
      cmocka_unit_test(test_settings_are_awaited_for_a_while),
      cmocka_unit_test(test_certificates_are_awaited_from_settings_on),
      cmocka_unit_test(test_an_answer_to_wait_is_waited_for_until_its_time_runs_out),
      cmocka_unit_test(test_no_support_opens_at_once),
      cmocka_unit_test(test_an_origin_set_without_the_origin_opens_at_once_and_says_so),
      cmocka_unit_test(test_a_refused_certificate_opens_at_once_with_its_reason),
      cmocka_unit_test(test_at_the_limit_of_certificates_nothing_is_waited_for),
      cmocka_unit_test(test_other_refusals_open_at_once),
      cmocka_unit_test(test_an_address_that_does_not_match_is_not_waited_for),
      cmocka_unit_test(test_who_was_held_once_does_not_wait_for_later_connections),
      cmocka_unit_test(test_a_closed_connection_plays_no_part),
      cmocka_unit_test(test_of_several_reasons_the_one_that_says_most_is_told),
      cmocka_unit_test(test_the_earliest_end_of_waiting_wakes),
      cmocka_unit_test(test_the_default_wait_is_the_handshake_within_bounds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
