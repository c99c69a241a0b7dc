// What the proof of a required domain rests on, and that it may be lost: DNS evidence and its age,
// the Origin Set, a 421, the block list, time. Events tell of each once.
#include "cmocka_test.h"

#include <openssl/sha.h>
#include <string.h>

#include "bound_fixture.h"
#include "session_state.h"
#include "span.h"

static const bound_spec glue = {.names = "glue.example", .required = "www.example"};
static const bound_spec shared = {.names = "shared.example", .required = "glue.example"};

static void open_page(world *w) {
  bound_init(w);
  bound_connect(w, "https://www.example", "www.example");
}

static bool is_used(world *w, const char *origin) {
  return route_to(w, origin, evidence_here()).answer == CODICIL_USE;
}

static codicil_decision decision_of(world *w, size_t index) {
  codicil_certificate_info info;
  assert_true(codicil_session_certificate(w->client, &info, index));
  return info.decision;
}

// A connection on which glue and shared are accepted, the latter until `until_s`.
static void open_chain(world *w, int64_t until_s) {
  open_page(w);
  bound_give(w, &glue);
  bound_give(w, &shared);
  assert_false(is_used(w, "https://shared.example"));
  assert_true(bound_answer(w, "https://glue.example", evidence_here(), until_s));
  assert_true(is_used(w, "https://shared.example"));
  drop_events(w->client);
}

// Takes all events; returns how many of them were of `type` and about `index`.
static size_t count_events(world *w, codicil_event_type type, size_t index) {
  codicil_event event;
  size_t num = 0;
  while (codicil_session_next_event(w->client, &event)) {
    num += event.type == type && event.index == index;
  }
  return num;
}

// ---- wants --------------------------------------------------------------------------------------

static void test_a_name_is_wanted_once_and_only_while_a_route_hangs_on_it(void **state) {
  (void)state;
  world w;
  open_page(&w);
  bound_give(&w, &glue);
  bound_give(&w, &shared);
  assert_true(is_used(&w, "https://www.example"));
  assert_true(is_used(&w, "https://glue.example"));
  assert_int_equal(count_events(&w, CODICIL_EVENT_WANT_DNS, 0), 0);
  for (int i = 0; i < 3; i++) {
    assert_false(is_used(&w, "https://shared.example"));
  }
  assert_int_equal(count_events(&w, CODICIL_EVENT_WANT_DNS, 0), 1);
  const codicil_origin *want = codicil_session_dns_want(w.client, 0);
  assert_non_null(want);
  assert_string_equal(want->host, "glue.example");
  assert_int_equal(want->port, 443);
  assert_null(codicil_session_dns_want(w.client, 1));
  assert_false(is_used(&w, "https://shared.example"));
  assert_int_equal(count_events(&w, CODICIL_EVENT_WANT_DNS, 0), 0);
  codicil_evidence here = evidence_here();
  assert_int_equal(codicil_session_resume_dns(w.client, 1, &here, 0, w.now), CODICIL_USAGE);
  uint64_t generation = codicil_session_generation(w.client);
  assert_int_equal(codicil_session_resume_dns(w.client, 0, &here, 0, w.now), CODICIL_OK);
  assert_true(codicil_session_generation(w.client) > generation);
  assert_null(codicil_session_dns_want(w.client, 0));
  assert_int_equal(codicil_session_resume_dns(w.client, 0, &here, 0, w.now), CODICIL_USAGE);
  assert_int_equal(count_events(&w, CODICIL_EVENT_CERTIFICATE, 2), 1);
  assert_true(is_used(&w, "https://shared.example"));
  assert_int_equal(count_events(&w, CODICIL_EVENT_WANT_DNS, 0), 0);
  world_close(&w);
}

static void test_a_want_that_was_answered_before_it_was_heard_of_is_withdrawn(void **state) {
  (void)state;
  world w;
  open_page(&w);
  bound_give(&w, &glue);
  bound_give(&w, &shared);
  assert_false(is_used(&w, "https://shared.example"));
  assert_true(bound_answer(&w, "https://glue.example", evidence_here(), 0));
  assert_int_equal(count_events(&w, CODICIL_EVENT_WANT_DNS, 0), 0);
  world_close(&w);
}

// What a request brought for its own origin says nothing of another name, nor later.
static void test_evidence_of_a_request_proves_no_required_domain(void **state) {
  (void)state;
  world w;
  open_page(&w);
  bound_give(&w, &glue);
  bound_give(&w, &shared);
  assert_true(is_used(&w, "https://glue.example"));
  assert_false(is_used(&w, "https://shared.example"));
  world_close(&w);
}

static void test_where_the_requests_own_dns_leads_elsewhere_nothing_is_asked(void **state) {
  (void)state;
  world w;
  open_page(&w);
  bound_give(&w, &glue);
  bound_give(&w, &shared);
  codicil_route route = route_to(&w, "https://shared.example", evidence_elsewhere());
  assert_int_equal(route.answer, CODICIL_NO);
  assert_int_equal(route.reason, CODICIL_ROUTE_CERTIFICATE);
  assert_int_equal(count_events(&w, CODICIL_EVENT_WANT_DNS, 0), 0);
  world_close(&w);
}

static void test_a_handful_of_wants_is_open_at_once_and_the_rest_follows(void **state) {
  (void)state;
  world w;
  open_page(&w);
  bound_give(&w, &(bound_spec){.names = "img.example",
                               .required = "g0.example,g1.example,g2.example,g3.example,"
                                           "g4.example,g5.example"});
  bound_give(&w, &(bound_spec){.names = "g0.example,g1.example,g2.example,"
                                        "g3.example,g4.example,g5.example"});
  assert_int_equal(route_to(&w, "https://img.example", evidence_here()).answer, CODICIL_WAIT);
  codicil_event event;
  size_t num = 0;
  while (codicil_session_next_event(w.client, &event)) {
    num += event.type == CODICIL_EVENT_WANT_DNS;
  }
  assert_int_equal(num, CODICIL_DNS_WANTS_OPEN);
  assert_false(bound_answer(&w, "https://g4.example", evidence_here(), 0));
  for (int i = 0; i < 6; i++) {
    char name[32];
    snprintf(name, sizeof name, "https://g%d.example", i);
    (void)is_used(&w, "https://img.example");
    assert_true(bound_answer(&w, name, i < 5 ? evidence_elsewhere() : evidence_here(), 0));
  }
  assert_true(is_used(&w, "https://img.example"));
  world_close(&w);
}

static void test_the_names_that_are_known_are_bounded(void **state) {
  (void)state;
  world w;
  char names[8192], required[64];
  open_page(&w);
  size_t len = 0;
  for (int i = 0; i < CODICIL_DNS_WANTS_MAX + 2; i++) {
    len +=
        (size_t)snprintf(names + len, sizeof names - len, "%sn%d.cdn.example", i > 0 ? "," : "", i);
  }
  snprintf(required, sizeof required, "*.cdn.example");
  bound_give(&w, &(bound_spec){.names = names});
  bound_give(&w, &(bound_spec){.names = "img.example", .required = required});
  size_t num = 0;
  for (bool any = true; any;) {
    assert_int_equal(route_to(&w, "https://img.example", evidence_here()).answer, CODICIL_WAIT);
    const codicil_origin *want = NULL;
    codicil_evidence elsewhere = evidence_elsewhere();
    any = false;
    for (size_t i = 0; i < CODICIL_DNS_WANTS_MAX + 2; i++) {
      want = codicil_session_dns_want(w.client, i);
      if (want != NULL) {
        assert_int_equal(codicil_session_resume_dns(w.client, i, &elsewhere, 0, w.now), CODICIL_OK);
        any = true;
        num++;
      }
    }
  }
  assert_int_equal(num, CODICIL_DNS_WANTS_MAX);
  // What has ended makes room.
  w.now.unix_s += CODICIL_DNS_EVIDENCE_MIN_S;
  assert_int_equal(route_to(&w, "https://img.example", evidence_here()).answer, CODICIL_WAIT);
  assert_true(bound_answer(&w, "https://n0.cdn.example", evidence_here(), 0));
  assert_true(is_used(&w, "https://img.example"));
  world_close(&w);
}

// ---- age ----------------------------------------------------------------------------------------

static void test_evidence_holds_a_minute_at_least_and_then_as_long_as_is_told(void **state) {
  (void)state;
  const int64_t told[] = {PKI_NOW - 5, PKI_NOW + 1, PKI_NOW + 60, PKI_NOW + 3600};
  const int64_t holds[] = {60, 60, 60, 3600};
  for (size_t i = 0; i < 4; i++) {
    world w;
    open_chain(&w, told[i]);
    assert_int_equal(route_to(&w, "https://shared.example", evidence_here()).until_s,
                     PKI_NOW + holds[i]);
    w.now.unix_s = PKI_NOW + holds[i] - 1;
    assert_true(is_used(&w, "https://shared.example"));
    w.now.unix_s = PKI_NOW + holds[i];
    assert_false(is_used(&w, "https://shared.example"));
    assert_true(is_used(&w, "https://glue.example"));
    assert_int_equal(decision_of(&w, 2), CODICIL_WAITING);
    assert_int_equal(count_events(&w, CODICIL_EVENT_WANT_DNS, 0), 1);
    assert_true(bound_answer(&w, "https://glue.example", evidence_here(), 0));
    assert_true(is_used(&w, "https://shared.example"));
    world_close(&w);
  }
}

static void test_evidence_that_ended_is_not_wanted_by_other_routes(void **state) {
  (void)state;
  world w;
  open_chain(&w, 0);
  w.now.unix_s += 60;
  uint64_t generation = codicil_session_generation(w.client);
  assert_true(is_used(&w, "https://glue.example"));
  assert_true(codicil_session_generation(w.client) > generation);
  assert_int_equal(count_events(&w, CODICIL_EVENT_WANT_DNS, 0), 0);
  assert_int_equal(decision_of(&w, 2), CODICIL_WAITING);
  world_close(&w);
}

static void test_dns_that_moved_away_takes_the_authority_along(void **state) {
  (void)state;
  world w;
  open_chain(&w, 0);
  w.now.unix_s += 60;
  assert_false(is_used(&w, "https://shared.example"));
  assert_true(bound_answer(&w, "https://glue.example", evidence_elsewhere(), 0));
  codicil_route route = route_to(&w, "https://shared.example", evidence_here());
  assert_int_equal(route.answer, CODICIL_WAIT);
  assert_int_equal(route.cert_reason, CODICIL_CERT_REQUIRED_DOMAIN);
  assert_int_equal(route.required_reason, CODICIL_ROUTE_DNS_MISMATCH);
  world_close(&w);
}

static void test_no_answer_is_an_answer_for_a_minute(void **state) {
  (void)state;
  const codicil_dns_state states[] = {CODICIL_DNS_FAILED, CODICIL_DNS_UNKNOWN};
  for (size_t i = 0; i < 2; i++) {
    world w;
    open_page(&w);
    bound_give(&w, &glue);
    bound_give(&w, &shared);
    assert_false(is_used(&w, "https://shared.example"));
    assert_true(bound_answer(&w, "https://glue.example", (codicil_evidence){.dns = states[i]}, 0));
    drop_events(w.client);
    assert_false(is_used(&w, "https://shared.example"));
    assert_int_equal(count_events(&w, CODICIL_EVENT_WANT_DNS, 0), 0);
    w.now.unix_s += 60;
    assert_false(is_used(&w, "https://shared.example"));
    assert_int_equal(count_events(&w, CODICIL_EVENT_WANT_DNS, 0), 1);
    world_close(&w);
  }
}

static void test_a_clock_that_is_set_back_revives_nothing_wrongly(void **state) {
  (void)state;
  world w;
  open_chain(&w, 0);
  w.now.unix_s += 60;
  assert_false(is_used(&w, "https://shared.example"));
  w.now.unix_s -= 3600;
  assert_true(is_used(&w, "https://glue.example"));
  codicil_route route = route_to(&w, "https://shared.example", evidence_here());
  assert_int_equal(route.answer == CODICIL_USE, decision_of(&w, 2) == CODICIL_ACCEPTED);
  world_close(&w);
}

static void test_a_clock_that_is_set_back_finds_what_was_true_then(void **state) {
  (void)state;
  world w;
  open_chain(&w, 0);
  w.now.unix_s += 60;
  assert_true(is_used(&w, "https://glue.example"));
  assert_int_equal(decision_of(&w, 2), CODICIL_WAITING);
  w.now.unix_s -= 30;
  assert_true(is_used(&w, "https://shared.example"));
  world_close(&w);
}

// Evidence and the exception of the own origin hold for one port.
static void test_evidence_for_one_port_proves_nothing_on_another(void **state) {
  (void)state;
  world w;
  open_chain(&w, PKI_NOW + 600);
  bound_list(&w, "https://shared.example,https://glue.example:8443,https://www.example:8443");
  assert_int_equal(decision_of(&w, 2), CODICIL_WAITING);
  assert_false(is_used(&w, "https://shared.example"));
  codicil_evidence elsewhere = evidence_elsewhere();
  assert_int_equal(route_to(&w, "https://www.example", elsewhere).answer, CODICIL_USE);
  assert_int_equal(route_to(&w, "https://www.example:8443", elsewhere).answer, CODICIL_NO);
  world_close(&w);
}

// ---- removals -----------------------------------------------------------------------------------

static void test_a_421_for_the_glue_name_takes_what_it_proved(void **state) {
  (void)state;
  world w;
  open_chain(&w, PKI_NOW + 600);
  codicil_origin name = origin_of("https://glue.example");
  assert_int_equal(codicil_session_misdirected(w.client, &name), CODICIL_OK);
  assert_int_equal(decision_of(&w, 1), CODICIL_ACCEPTED);
  assert_int_equal(decision_of(&w, 2), CODICIL_WAITING);
  assert_int_equal(count_events(&w, CODICIL_EVENT_CERTIFICATE, 2), 1);
  assert_false(is_used(&w, "https://shared.example"));
  world_close(&w);
}

static void test_a_421_for_the_page_takes_all_that_rests_on_it(void **state) {
  (void)state;
  world w;
  open_chain(&w, PKI_NOW + 600);
  codicil_origin name = origin_of("https://www.example");
  assert_int_equal(codicil_session_misdirected(w.client, &name), CODICIL_OK);
  assert_int_equal(decision_of(&w, 0), CODICIL_ACCEPTED);
  assert_int_equal(decision_of(&w, 1), CODICIL_WAITING);
  assert_int_equal(decision_of(&w, 2), CODICIL_WAITING);
  assert_false(is_used(&w, "https://shared.example"));
  world_close(&w);
}

static void test_an_origin_set_without_the_glue_name_takes_what_it_proved(void **state) {
  (void)state;
  world w;
  open_chain(&w, PKI_NOW + 600);
  bound_list(&w, "https://shared.example");
  assert_int_equal(decision_of(&w, 1), CODICIL_ACCEPTED); // www.example is the initial origin
  assert_int_equal(decision_of(&w, 2), CODICIL_WAITING);
  codicil_route route = route_to(&w, "https://shared.example", evidence_here());
  assert_int_equal(route.answer, CODICIL_WAIT);
  assert_int_equal(route.required_reason, CODICIL_ROUTE_ORIGIN_SET);
  bound_list(&w, "https://glue.example");
  assert_true(is_used(&w, "https://shared.example"));
  world_close(&w);
}

static void test_certificates_that_came_to_prove_each_other_do_not_outlive_their_ground(
    void **state) {
  (void)state;
  world w;
  bound_init(&w);
  codicil_config_set_dns_mode(w.client_config, CODICIL_DNS_INSECURE_NEVER);
  bound_connect(&w, "https://www.example", "www.example");
  bound_give(&w, &(bound_spec){.names = "a.example", .required = "b.example,www.example"});
  bound_give(&w, &(bound_spec){.names = "b.example", .required = "a.example"});
  assert_true(is_used(&w, "https://a.example"));
  assert_true(is_used(&w, "https://b.example"));
  codicil_origin name = origin_of("https://www.example");
  assert_int_equal(codicil_session_misdirected(w.client, &name), CODICIL_OK);
  assert_false(is_used(&w, "https://a.example"));
  assert_false(is_used(&w, "https://b.example"));
  world_close(&w);
}

static void test_glue_that_expires_takes_what_it_proved(void **state) {
  (void)state;
  world w;
  open_page(&w);
  bound_give(&w, &(bound_spec){.names = "glue.example",
                               .required = "www.example",
                               .not_after = PKI_NOW + 100});
  bound_give(&w, &shared);
  assert_false(is_used(&w, "https://shared.example"));
  assert_true(bound_answer(&w, "https://glue.example", evidence_here(), PKI_NOW + 600));
  assert_true(is_used(&w, "https://shared.example"));
  w.now.unix_s = PKI_NOW + 101;
  codicil_route route = route_to(&w, "https://shared.example", evidence_here());
  assert_int_equal(route.answer, CODICIL_WAIT);
  assert_int_equal(route.required_reason, CODICIL_ROUTE_CERTIFICATE);
  assert_int_equal(decision_of(&w, 1), CODICIL_REJECTED);
  // Another one for the same name takes its place.
  bound_give(&w, &glue);
  assert_true(is_used(&w, "https://shared.example"));
  world_close(&w);
}

static void test_without_the_handshakes_certificate_nothing_is_accepted(void **state) {
  (void)state;
  world w;
  open_chain(&w, PKI_NOT_AFTER + 600);
  bound_give(&w, &(bound_spec){.names = "plain.example", .not_after = PKI_NOT_AFTER + 600});
  assert_true(is_used(&w, "https://plain.example"));
  w.now.unix_s = PKI_NOT_AFTER + 1;
  codicil_route route = route_to(&w, "https://plain.example", evidence_here());
  assert_int_equal(route.answer, CODICIL_NO);
  assert_int_equal(route.cert_reason, CODICIL_CERT_EXPIRED);
  for (size_t i = 0; i < 4; i++) {
    assert_int_not_equal(decision_of(&w, i), CODICIL_ACCEPTED);
  }
  world_close(&w);
}

// ---- block list ---------------------------------------------------------------------------------

static codicil_block_list *block(const char *text) {
  codicil_block_list *list = NULL;
  assert_int_equal(codicil_block_list_parse(&list, NULL, NULL, NULL, codicil_span_str(text)),
                   CODICIL_OK);
  return list;
}

// "spki HEX" of a certificate.
static codicil_block_list *block_key(const bound_spec *spec) {
  uint8_t *der = NULL, digest[SHA256_DIGEST_LENGTH];
  char line[80] = "spki ";
  int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(bound_of(spec)->cert->x509), &der);
  assert_true(len > 0);
  SHA256(der, (size_t)len, digest);
  OPENSSL_free(der);
  for (size_t i = 0; i < sizeof digest; i++) {
    snprintf(line + 5 + 2 * i, 3, "%02x", digest[i]);
  }
  return block(line);
}

static void change(world *w, const codicil_block_list *list) {
  codicil_config_set_block_list(w->client_config, list);
  assert_int_equal(codicil_session_policy_changed(w->client, w->now), CODICIL_OK);
}

static void test_a_breadcrumb_that_is_blocked_later_takes_the_authority_at_once(void **state) {
  (void)state;
  world w;
  codicil_block_list *list = block("breadcrumb www.example");
  open_chain(&w, PKI_NOW + 600);
  change(&w, list);
  assert_int_equal(decision_of(&w, 0), CODICIL_ACCEPTED); // it is no required domain of its own
  assert_int_equal(decision_of(&w, 1), CODICIL_REJECTED);
  assert_int_equal(decision_of(&w, 2), CODICIL_WAITING);
  codicil_event event;
  size_t num = 0;
  while (codicil_session_next_event(w.client, &event)) {
    num += event.type == CODICIL_EVENT_CERTIFICATE;
  }
  assert_int_equal(num, 2);
  codicil_route route = route_to(&w, "https://glue.example", evidence_here());
  assert_int_equal(route.cert_reason, CODICIL_CERT_BLOCKED);
  assert_false(is_used(&w, "https://shared.example"));
  // And back.
  change(&w, NULL);
  assert_true(is_used(&w, "https://shared.example"));
  world_close(&w);
  codicil_block_list_free(list);
}

static void test_a_blocked_key_is_refused_from_the_start_and_from_then_on(void **state) {
  (void)state;
  world w;
  codicil_block_list *list = block_key(&shared);
  open_chain(&w, PKI_NOW + 600);
  change(&w, list);
  assert_int_equal(decision_of(&w, 1), CODICIL_ACCEPTED);
  assert_int_equal(decision_of(&w, 2), CODICIL_REJECTED);
  world_close(&w);
  bound_init(&w);
  codicil_config_set_block_list(w.client_config, list);
  bound_connect(&w, "https://www.example", "www.example");
  bound_give(&w, &shared);
  assert_int_equal(route_to(&w, "https://shared.example", evidence_here()).cert_reason,
                   CODICIL_CERT_BLOCKED);
  world_close(&w);
  codicil_block_list_free(list);
}

static void test_a_blocked_key_of_the_handshake_takes_all(void **state) {
  (void)state;
  for (int with_trust = 0; with_trust < 2; with_trust++) {
    world w;
    codicil_block_list *list = block_key(&(bound_spec){.names = "www.example"});
    open_chain(&w, PKI_NOW + 600);
    if (!with_trust) {
      codicil_config_set_trust(w.client_config, NULL);
    }
    change(&w, list);
    for (size_t i = 0; i < 3; i++) {
      assert_int_equal(decision_of(&w, i), CODICIL_REJECTED);
    }
    codicil_route route = route_to(&w, "https://www.example", evidence_here());
    assert_int_equal(route.answer, CODICIL_NO);
    assert_int_equal(route.cert_reason, CODICIL_CERT_BLOCKED);
    world_close(&w);
    codicil_block_list_free(list);
  }
}

static void test_a_block_list_that_has_none_of_it_changes_nothing(void **state) {
  (void)state;
  world w;
  codicil_block_list *list = block("breadcrumb nobody.example");
  open_chain(&w, PKI_NOW + 600);
  change(&w, list);
  codicil_event event;
  assert_false(codicil_session_next_event(w.client, &event));
  assert_true(is_used(&w, "https://shared.example"));
  world_close(&w);
  codicil_block_list_free(list);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_name_is_wanted_once_and_only_while_a_route_hangs_on_it),
      cmocka_unit_test(test_a_want_that_was_answered_before_it_was_heard_of_is_withdrawn),
      cmocka_unit_test(test_evidence_of_a_request_proves_no_required_domain),
      cmocka_unit_test(test_where_the_requests_own_dns_leads_elsewhere_nothing_is_asked),
      cmocka_unit_test(test_a_handful_of_wants_is_open_at_once_and_the_rest_follows),
      cmocka_unit_test(test_the_names_that_are_known_are_bounded),
      cmocka_unit_test(test_evidence_holds_a_minute_at_least_and_then_as_long_as_is_told),
      cmocka_unit_test(test_evidence_that_ended_is_not_wanted_by_other_routes),
      cmocka_unit_test(test_dns_that_moved_away_takes_the_authority_along),
      cmocka_unit_test(test_no_answer_is_an_answer_for_a_minute),
      cmocka_unit_test(test_a_clock_that_is_set_back_revives_nothing_wrongly),
      cmocka_unit_test(test_a_clock_that_is_set_back_finds_what_was_true_then),
      cmocka_unit_test(test_evidence_for_one_port_proves_nothing_on_another),
      cmocka_unit_test(test_a_421_for_the_glue_name_takes_what_it_proved),
      cmocka_unit_test(test_a_421_for_the_page_takes_all_that_rests_on_it),
      cmocka_unit_test(test_an_origin_set_without_the_glue_name_takes_what_it_proved),
      cmocka_unit_test(test_certificates_that_came_to_prove_each_other_do_not_outlive_their_ground),
      cmocka_unit_test(test_glue_that_expires_takes_what_it_proved),
      cmocka_unit_test(test_without_the_handshakes_certificate_nothing_is_accepted),
      cmocka_unit_test(test_a_breadcrumb_that_is_blocked_later_takes_the_authority_at_once),
      cmocka_unit_test(test_a_blocked_key_is_refused_from_the_start_and_from_then_on),
      cmocka_unit_test(test_a_blocked_key_of_the_handshake_takes_all),
      cmocka_unit_test(test_a_block_list_that_has_none_of_it_changes_nothing),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  bound_free();
  return failed;
}
