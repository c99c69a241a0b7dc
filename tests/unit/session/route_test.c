// Whose requests may go on the connection: every answer, every reason, and when paths are
// validated.
#include "cmocka_test.h"

#include <string.h>

#include "session_fixture.h"
#include "session_state.h"
#include "span.h"

static void open_world(world *w) {
  world_init(w);
  world_connect(w);
  world_negotiate(w);
}

static void prove(world *w, site which) {
  server_prove(w->server, which);
  assert_int_equal(link_move(w->server, w->client, w->now), CODICIL_OK);
}

static void origins(world *w, const char *first, const char *second) {
  codicil_span entries[2] = {codicil_span_str(first), codicil_span_str(second)};
  assert_int_equal(codicil_session_recv_origin(w->client, entries, 2), CODICIL_OK);
}

static void expect(world *w, const char *origin, codicil_evidence evidence, codicil_answer answer,
                   codicil_route_reason reason) {
  codicil_route route = route_to(w, origin, evidence);
  assert_string_equal(codicil_route_reason_word(route.reason), codicil_route_reason_word(reason));
  assert_string_equal(codicil_answer_word(route.answer), codicil_answer_word(answer));
  assert_non_null(route.rule);
}

static codicil_evidence no_dns(codicil_dns_state state) {
  return (codicil_evidence){.dns = state};
}

static codicil_decision decision_of(world *w, size_t index) {
  codicil_certificate_info info;
  assert_true(codicil_session_certificate(w->client, &info, index));
  return info.decision;
}

// ---- used ---------------------------------------------------------------------------------------

static void test_the_own_origin_needs_no_dns(void **state) {
  (void)state;
  world w;
  open_world(&w);
  expect(&w, "https://www.example", no_dns(CODICIL_DNS_FAILED), CODICIL_USE,
         CODICIL_ROUTE_OWN_ORIGIN);
  expect(&w, "https://www.example", evidence_elsewhere(), CODICIL_USE, CODICIL_ROUTE_OWN_ORIGIN);
  world_close(&w);
}

static void test_another_name_of_the_handshakes_certificate_needs_dns(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config *config = w.client_config;
  codicil_session *s = NULL;
  codicil_peer peer = {
      .address = peer_address(), .port = 443, .origin = origin_of("https://a.cdn.example")};
  codicil_chain_entry entry = {.der = pki_der(site_of(SITE_CDN)->cert)};
  assert_int_equal(codicil_session_new(&s, NULL, config, CODICIL_CLIENT), CODICIL_OK);
  assert_int_equal(codicil_session_set_peer(s, &peer), CODICIL_OK);
  assert_int_equal(codicil_session_set_primary(s, &entry, 1), CODICIL_OK);
  w.client = s;
  expect(&w, "https://a.cdn.example", evidence_elsewhere(), CODICIL_USE, CODICIL_ROUTE_OWN_ORIGIN);
  expect(&w, "https://b.cdn.example", evidence_here(), CODICIL_USE, CODICIL_ROUTE_PRIMARY);
  expect(&w, "https://b.cdn.example", evidence_elsewhere(), CODICIL_NO, CODICIL_ROUTE_DNS_MISMATCH);
  expect(&w, "https://b.cdn.example", no_dns(CODICIL_DNS_FAILED), CODICIL_NO,
         CODICIL_ROUTE_DNS_FAILURE);
  expect(&w, "https://x.b.cdn.example", evidence_elsewhere(), CODICIL_NO,
         CODICIL_ROUTE_NOT_COVERED);
  world_close(&w);
}

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-7.1
//# Clients
//# SHOULD consult DNS for hostnames presented in secondary certificates if they
//# would have done so for the same hostname if it were present in the primary
//# certificate.
static void test_a_secondary_certificate_serves_only_where_dns_leads_here(void **state) {
  (void)state;
  world w;
  open_world(&w);
  prove(&w, SITE_IMG);
  expect(&w, "https://img.example", evidence_elsewhere(), CODICIL_NO, CODICIL_ROUTE_DNS_MISMATCH);
  expect(&w, "https://img.example", no_dns(CODICIL_DNS_ANSWERED), CODICIL_NO,
         CODICIL_ROUTE_DNS_MISMATCH);
  expect(&w, "https://img.example", no_dns(CODICIL_DNS_FAILED), CODICIL_NO,
         CODICIL_ROUTE_DNS_FAILURE);
  expect(&w, "https://img.example", no_dns(CODICIL_DNS_UNKNOWN), CODICIL_WAIT,
         CODICIL_ROUTE_DNS_FAILURE);
  expect(&w, "https://img.example", evidence_here(), CODICIL_USE, CODICIL_ROUTE_SECONDARY);
  // Membership of the Origin Set does not stand in for DNS.
  origins(&w, "https://img.example", "https://www.example");
  expect(&w, "https://img.example", evidence_elsewhere(), CODICIL_NO, CODICIL_ROUTE_DNS_MISMATCH);
  world_close(&w);
}

static void test_an_address_is_served_by_that_peer_only(void **state) {
  (void)state;
  world w;
  open_world(&w);
  expect(&w, "https://192.0.2.1", evidence_here(), CODICIL_NO, CODICIL_ROUTE_NOT_COVERED);
  prove(&w, SITE_ADDRESS);
  expect(&w, "https://192.0.2.1", no_dns(CODICIL_DNS_UNKNOWN), CODICIL_USE,
         CODICIL_ROUTE_SECONDARY);
  world_close(&w);

  world_init(&w);
  world_connect(&w);
  world_negotiate(&w);
  w.client->peer.address.octets[3] ^= 1;
  prove(&w, SITE_ADDRESS);
  expect(&w, "https://192.0.2.1", evidence_here(), CODICIL_NO, CODICIL_ROUTE_DNS_MISMATCH);
  world_close(&w);
}

// ---- refused ------------------------------------------------------------------------------------

static void test_a_certificate_that_is_not_accepted_tells_its_reason(void **state) {
  (void)state;
  static const struct {
    site which;
    const char *origin;
    codicil_cert_reason reason;
  } cases[] = {
      {SITE_UNTRUSTED, "https://bad.example", CODICIL_CERT_UNTRUSTED},
      {SITE_EXPIRED, "https://old.example", CODICIL_CERT_EXPIRED},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    world w;
    open_world(&w);
    prove(&w, cases[i].which);
    codicil_route route = route_to(&w, cases[i].origin, evidence_here());
    assert_int_equal(route.answer, CODICIL_NO);
    assert_int_equal(route.reason, CODICIL_ROUTE_CERTIFICATE);
    assert_string_equal(codicil_cert_reason_word(route.cert_reason),
                        codicil_cert_reason_word(cases[i].reason));
    assert_int_equal(route.certificate, 1);
    assert_int_equal(decision_of(&w, 1), CODICIL_REJECTED);
    assert_false(codicil_authority_has(&w.client->authority, 1));
    world_close(&w);
  }
}

static void test_a_required_domain_in_the_handshakes_certificate_changes_nothing(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_peer peer = {
      .address = peer_address(), .port = 443, .origin = origin_of("https://bound.example")};
  codicil_chain_entry entry = {.der = pki_der(site_of(SITE_BOUND)->cert)};
  assert_int_equal(codicil_session_new(&w.client, NULL, w.client_config, CODICIL_CLIENT),
                   CODICIL_OK);
  assert_int_equal(codicil_session_set_peer(w.client, &peer), CODICIL_OK);
  assert_int_equal(codicil_session_set_primary(w.client, &entry, 1), CODICIL_OK);
  expect(&w, "https://bound.example", evidence_here(), CODICIL_USE, CODICIL_ROUTE_OWN_ORIGIN);
  world_close(&w);
}

static void test_without_trust_anchors_every_secondary_is_untrusted(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_trust(w.client_config, NULL);
  world_connect(&w);
  world_negotiate(&w);
  prove(&w, SITE_IMG);
  assert_int_equal(route_to(&w, "https://img.example", evidence_here()).cert_reason,
                   CODICIL_CERT_UNTRUSTED);
  world_close(&w);
}

static void test_before_origin_only_the_connections_port_serves(void **state) {
  (void)state;
  world w;
  open_world(&w);
  prove(&w, SITE_IMG);
  expect(&w, "https://img.example:8443", evidence_here(), CODICIL_NO, CODICIL_ROUTE_PORT);
  expect(&w, "https://www.example:8443", evidence_here(), CODICIL_NO, CODICIL_ROUTE_PORT);
  // Afterwards the port is part of membership.
  origins(&w, "https://img.example:8443", "https://img.example:8443");
  expect(&w, "https://img.example:8443", evidence_here(), CODICIL_USE, CODICIL_ROUTE_SECONDARY);
  expect(&w, "https://img.example", evidence_here(), CODICIL_NO, CODICIL_ROUTE_ORIGIN_SET);
  world_close(&w);
}

static void test_the_port_of_the_origin_connected_for_serves_as_well(void **state) {
  (void)state;
  world w;
  open_world(&w);
  w.client->peer.port = 8443;
  prove(&w, SITE_IMG);
  expect(&w, "https://img.example", evidence_here(), CODICIL_USE, CODICIL_ROUTE_SECONDARY);
  expect(&w, "https://img.example:8443", evidence_here(), CODICIL_USE, CODICIL_ROUTE_SECONDARY);
  expect(&w, "https://img.example:4433", evidence_here(), CODICIL_NO, CODICIL_ROUTE_PORT);
  world_close(&w);
}

//= https://www.rfc-editor.org/rfc/rfc8336#section-2.4
//# Specifically, such clients MUST
//# NOT consider a connection to be authoritative for an origin not
//# present in the Origin Set
static void test_outside_the_origin_set_nothing_is_served(void **state) {
  (void)state;
  world w;
  open_world(&w);
  prove(&w, SITE_IMG);
  assert_int_equal(codicil_session_recv_origin(w.client, NULL, 0), CODICIL_OK);
  expect(&w, "https://img.example", evidence_here(), CODICIL_NO, CODICIL_ROUTE_ORIGIN_SET);
  expect(&w, "https://www.example", evidence_here(), CODICIL_USE, CODICIL_ROUTE_OWN_ORIGIN);
  origins(&w, "https://img.example", "https://cdn.example");
  expect(&w, "https://img.example", evidence_here(), CODICIL_USE, CODICIL_ROUTE_SECONDARY);
  world_close(&w);
}

static void test_a_421_is_for_good(void **state) {
  (void)state;
  world w;
  open_world(&w);
  prove(&w, SITE_IMG);
  codicil_origin img = origin_of("https://img.example");
  codicil_origin own = origin_of("https://www.example");
  assert_int_equal(codicil_session_misdirected(w.client, &img), CODICIL_OK);
  expect(&w, "https://img.example", evidence_here(), CODICIL_NO, CODICIL_ROUTE_MISDIRECTED);
  origins(&w, "https://img.example", "https://www.example");
  expect(&w, "https://img.example", evidence_here(), CODICIL_NO, CODICIL_ROUTE_MISDIRECTED);
  prove(&w, SITE_IMG);
  expect(&w, "https://img.example", evidence_here(), CODICIL_NO, CODICIL_ROUTE_MISDIRECTED);
  assert_int_equal(codicil_session_misdirected(w.client, &own), CODICIL_OK);
  expect(&w, "https://www.example", evidence_here(), CODICIL_NO, CODICIL_ROUTE_MISDIRECTED);
  world_close(&w);
}

static void test_without_support_what_the_handshake_does_not_cover_goes_elsewhere(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_offer(w.server_config, false);
  world_connect(&w);
  world_negotiate(&w);
  expect(&w, "https://img.example", evidence_here(), CODICIL_NO, CODICIL_ROUTE_NO_SUPPORT);
  origins(&w, "https://img.example", "https://cdn.example");
  expect(&w, "https://img.example", evidence_here(), CODICIL_NO, CODICIL_ROUTE_NO_SUPPORT);
  world_close(&w);
}

// ---- wait ---------------------------------------------------------------------------------------

static void test_while_settings_are_awaited_an_origin_of_this_address_waits(void **state) {
  (void)state;
  world w;
  world_init(&w);
  world_connect(&w);
  expect(&w, "https://img.example", evidence_here(), CODICIL_WAIT, CODICIL_ROUTE_NOT_COVERED);
  expect(&w, "https://img.example", no_dns(CODICIL_DNS_UNKNOWN), CODICIL_WAIT,
         CODICIL_ROUTE_NOT_COVERED);
  expect(&w, "https://img.example", evidence_elsewhere(), CODICIL_NO, CODICIL_ROUTE_NOT_COVERED);
  expect(&w, "https://img.example:99", evidence_here(), CODICIL_NO, CODICIL_ROUTE_NOT_COVERED);
  expect(&w, "https://www.example", evidence_here(), CODICIL_USE, CODICIL_ROUTE_OWN_ORIGIN);
  world_negotiate(&w);
  expect(&w, "https://img.example", evidence_here(), CODICIL_NO, CODICIL_ROUTE_NOT_COVERED);
  world_close(&w);
}

static void test_a_member_of_the_origin_set_waits_for_its_certificate(void **state) {
  (void)state;
  world w;
  open_world(&w);
  origins(&w, "https://img.example", "https://cdn.example");
  expect(&w, "https://img.example", evidence_here(), CODICIL_WAIT, CODICIL_ROUTE_NOT_COVERED);
  expect(&w, "https://img.example", evidence_elsewhere(), CODICIL_NO, CODICIL_ROUTE_NOT_COVERED);
  expect(&w, "https://other.example", evidence_here(), CODICIL_NO, CODICIL_ROUTE_NOT_COVERED);
  codicil_origin img = origin_of("https://img.example");
  assert_int_equal(codicil_session_misdirected(w.client, &img), CODICIL_OK);
  expect(&w, "https://img.example", evidence_here(), CODICIL_NO, CODICIL_ROUTE_NOT_COVERED);
  world_close(&w);
}

static void test_while_an_authenticator_is_incomplete_an_origin_waits(void **state) {
  (void)state;
  world w;
  open_world(&w);
  server_prove(w.server, SITE_IMG);
  codicil_frame_type type;
  codicil_span payload;
  assert_true(codicil_session_peek_frame(w.server, &type, &payload));
  uint64_t before = codicil_session_generation(w.client);
  assert_int_equal(feed_frame(w.client, codicil_span_sub(payload, 0, 9), w.now), CODICIL_OK);
  assert_true(codicil_session_generation(w.client) > before);
  expect(&w, "https://img.example", evidence_here(), CODICIL_WAIT, CODICIL_ROUTE_NOT_COVERED);
  assert_int_equal(feed_frame(w.client, codicil_span_sub(payload, 9, SIZE_MAX), w.now), CODICIL_OK);
  expect(&w, "https://img.example", evidence_here(), CODICIL_USE, CODICIL_ROUTE_SECONDARY);
  expect(&w, "https://cdn.example", evidence_here(), CODICIL_NO, CODICIL_ROUTE_NOT_COVERED);
  world_close(&w);
}

static void test_a_peer_without_an_address_is_refused(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_session *client;
  assert_int_equal(codicil_session_new(&client, NULL, w.client_config, CODICIL_CLIENT), CODICIL_OK);
  codicil_peer peer = {.port = 443, .origin = origin_of("https://www.example")};
  assert_int_equal(codicil_session_set_peer(client, &peer), CODICIL_BAD_INPUT);
  peer.address = peer_address();
  assert_int_equal(codicil_session_set_peer(client, &peer), CODICIL_OK);
  codicil_session_free(client);
  world_close(&w);
}

static void test_evidence_that_holds_no_address_leads_nowhere(void **state) {
  (void)state;
  world w;
  open_world(&w);
  prove(&w, SITE_IMG);
  codicil_address none = {0};
  expect(&w, "https://img.example", (codicil_evidence){CODICIL_DNS_ANSWERED, &none, 1}, CODICIL_NO,
         CODICIL_ROUTE_DNS_MISMATCH);
  expect(&w, "https://img.example", (codicil_evidence){CODICIL_DNS_ANSWERED, NULL, 0}, CODICIL_NO,
         CODICIL_ROUTE_DNS_MISMATCH);
  world_close(&w);
}

// The certificate that is accepted must be one that covers the host.
static void test_an_accepted_certificate_serves_no_host_of_a_refused_one(void **state) {
  (void)state;
  world w;
  open_world(&w);
  prove(&w, SITE_UNTRUSTED);
  prove(&w, SITE_IMG);
  expect(&w, "https://img.example", evidence_here(), CODICIL_USE, CODICIL_ROUTE_SECONDARY);
  expect(&w, "https://bad.example", evidence_here(), CODICIL_NO, CODICIL_ROUTE_CERTIFICATE);
  world_close(&w);
}

static void test_the_origin_set_is_asked_before_dns(void **state) {
  (void)state;
  world w;
  open_world(&w);
  prove(&w, SITE_IMG);
  assert_int_equal(codicil_session_recv_origin(w.client, NULL, 0), CODICIL_OK);
  expect(&w, "https://img.example", evidence_elsewhere(), CODICIL_NO, CODICIL_ROUTE_ORIGIN_SET);
  world_close(&w);
}

static void test_a_member_whose_dns_failed_does_not_wait(void **state) {
  (void)state;
  world w;
  open_world(&w);
  origins(&w, "https://img.example", "https://cdn.example");
  expect(&w, "https://img.example", no_dns(CODICIL_DNS_FAILED), CODICIL_NO,
         CODICIL_ROUTE_NOT_COVERED);
  expect(&w, "https://img.example", no_dns(CODICIL_DNS_UNKNOWN), CODICIL_WAIT,
         CODICIL_ROUTE_NOT_COVERED);
  world_close(&w);
}

// A connection whose handshake did not cover its own origin, which was proven later.
static void test_the_own_origin_may_be_served_by_a_secondary_certificate(void **state) {
  (void)state;
  world w;
  world_init(&w);
  world_connect(&w);
  w.client->peer.origin = origin_of("https://img.example");
  world_negotiate(&w);
  prove(&w, SITE_IMG);
  expect(&w, "https://img.example", evidence_elsewhere(), CODICIL_USE, CODICIL_ROUTE_SECONDARY);
  world_close(&w);
}

static void test_after_a_421_nothing_waits_for_settings(void **state) {
  (void)state;
  world w;
  world_init(&w);
  world_connect(&w);
  codicil_origin img = origin_of("https://img.example");
  expect(&w, "https://img.example", evidence_here(), CODICIL_WAIT, CODICIL_ROUTE_NOT_COVERED);
  assert_int_equal(codicil_session_misdirected(w.client, &img), CODICIL_OK);
  expect(&w, "https://img.example", evidence_here(), CODICIL_NO, CODICIL_ROUTE_NOT_COVERED);
  world_close(&w);
}

// ---- paths --------------------------------------------------------------------------------------

typedef struct path_count {
  size_t verdicts;
} path_count;

static void count_verdicts(void *ctx, const char *point, const codicil_trace_field *fields,
                           size_t num_fields) {
  path_count *count = ctx;
  (void)fields;
  (void)num_fields;
  count->verdicts += strcmp(point, "path:validate") == 0;
}

static void test_a_path_is_validated_only_when_a_name_of_it_is_wanted_and_then_once(void **state) {
  (void)state;
  world w;
  path_count count = {0};
  world_init(&w);
  codicil_config_set_trace(w.client_config, (codicil_trace){&count, count_verdicts});
  world_connect(&w);
  world_negotiate(&w);
  prove(&w, SITE_IMG);
  prove(&w, SITE_CDN);
  prove(&w, SITE_UNTRUSTED);
  assert_int_equal(count.verdicts, 0);
  assert_int_equal(decision_of(&w, 1), CODICIL_UNEXAMINED);
  expect(&w, "https://www.example", evidence_here(), CODICIL_USE, CODICIL_ROUTE_OWN_ORIGIN);
  expect(&w, "https://none.example", evidence_here(), CODICIL_NO, CODICIL_ROUTE_NOT_COVERED);
  expect(&w, "https://img.example:99", evidence_here(), CODICIL_NO, CODICIL_ROUTE_PORT);
  assert_int_equal(count.verdicts, 0);
  for (int i = 0; i < 3; i++) {
    expect(&w, "https://img.example", evidence_here(), CODICIL_USE, CODICIL_ROUTE_SECONDARY);
    expect(&w, "https://bad.example", evidence_here(), CODICIL_NO, CODICIL_ROUTE_CERTIFICATE);
  }
  assert_int_equal(count.verdicts, 2);
  assert_int_equal(decision_of(&w, 2), CODICIL_UNEXAMINED);
  world_close(&w);
}

static void test_a_second_certificate_for_a_host_is_examined_only_if_the_first_fails(void **state) {
  (void)state;
  world w;
  path_count count = {0};
  world_init(&w);
  codicil_config_set_trace(w.client_config, (codicil_trace){&count, count_verdicts});
  world_connect(&w);
  world_negotiate(&w);
  prove(&w, SITE_IMG);
  prove(&w, SITE_IMG);
  assert_int_equal(route_to(&w, "https://img.example", evidence_here()).certificate, 1);
  assert_int_equal(count.verdicts, 1);
  world_close(&w);
}

static void test_paths_are_validated_at_once_where_the_caller_says_so(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_validate_at_once(w.client_config, true);
  world_connect(&w);
  world_negotiate(&w);
  prove(&w, SITE_IMG);
  prove(&w, SITE_UNTRUSTED);
  assert_int_equal(decision_of(&w, 1), CODICIL_ACCEPTED);
  assert_int_equal(decision_of(&w, 2), CODICIL_REJECTED);
  world_close(&w);
}

static void test_a_verdict_that_ended_is_reached_anew(void **state) {
  (void)state;
  world w;
  path_count count = {0};
  world_init(&w);
  codicil_config_set_trace(w.client_config, (codicil_trace){&count, count_verdicts});
  world_connect(&w);
  world_negotiate(&w);
  w.now.unix_s = PKI_NOW - 2 * PKI_DAY;
  prove(&w, SITE_EXPIRED);
  expect(&w, "https://old.example", evidence_here(), CODICIL_USE, CODICIL_ROUTE_SECONDARY);
  size_t before = count.verdicts;
  drop_events(w.client);
  w.now.unix_s = PKI_NOW;
  codicil_route route = route_to(&w, "https://old.example", evidence_here());
  assert_int_equal(route.reason, CODICIL_ROUTE_CERTIFICATE);
  assert_int_equal(route.cert_reason, CODICIL_CERT_EXPIRED);
  assert_int_equal(count.verdicts, before + 1);
  assert_int_equal(take_event(w.client, CODICIL_EVENT_CERTIFICATE), 1);
  assert_false(codicil_authority_has(&w.client->authority, 1));
  world_close(&w);
}

static void test_an_answer_tells_how_long_it_holds(void **state) {
  (void)state;
  world w;
  open_world(&w);
  prove(&w, SITE_IMG);
  codicil_route route = route_to(&w, "https://img.example", evidence_here());
  assert_int_equal(route.answer, CODICIL_USE);
  assert_true(route.until_s > w.now.unix_s && route.until_s < INT64_MAX);
  w.now.unix_s = route.until_s - 1;
  codicil_route later = route_to(&w, "https://img.example", evidence_here());
  assert_int_equal(later.answer, CODICIL_USE);
  assert_int_equal(later.generation, route.generation);
  w.now.unix_s = route.until_s;
  later = route_to(&w, "https://img.example", evidence_here());
  assert_int_equal(later.answer, CODICIL_NO);
  assert_true(later.generation > route.generation);
  world_close(&w);
}

// Else a router would ask again and again.
static void test_a_verdict_that_is_over_and_not_needed_does_not_shorten_an_answer(void **state) {
  (void)state;
  world w;
  open_world(&w);
  w.now.unix_s = PKI_NOW - 2 * PKI_DAY;
  prove(&w, SITE_EXPIRED);
  expect(&w, "https://old.example", evidence_here(), CODICIL_USE, CODICIL_ROUTE_SECONDARY);
  w.now.unix_s = PKI_NOW;
  assert_true(route_to(&w, "https://www.example", evidence_here()).until_s > PKI_NOW);
  world_close(&w);
}

static void test_the_handshakes_certificate_ends_with_its_not_after(void **state) {
  (void)state;
  world w;
  open_world(&w);
  w.now.unix_s = PKI_NOT_AFTER;
  expect(&w, "https://www.example", evidence_here(), CODICIL_USE, CODICIL_ROUTE_OWN_ORIGIN);
  w.now.unix_s = PKI_NOT_AFTER + 1;
  codicil_route route = route_to(&w, "https://www.example", evidence_here());
  assert_int_equal(route.reason, CODICIL_ROUTE_CERTIFICATE);
  assert_int_equal(route.cert_reason, CODICIL_CERT_EXPIRED);
  world_close(&w);
}

// ---- words --------------------------------------------------------------------------------------

static void expect_sentence(world *w, const char *origin, codicil_evidence evidence,
                            const char *want) {
  char sentence[CODICIL_EXPLAIN_MAX];
  codicil_origin wanted = origin_of(origin);
  codicil_route route = route_to(w, origin, evidence);
  assert_int_equal(codicil_route_explain(&route, &wanted, sentence, sizeof sentence), strlen(want));
  assert_string_equal(sentence, want);
}

static void test_every_answer_has_a_sentence(void **state) {
  (void)state;
  world w;
  open_world(&w);
  prove(&w, SITE_IMG);
  prove(&w, SITE_UNTRUSTED);
  expect_sentence(&w, "https://www.example", evidence_here(),
                  "https://www.example: the connection was opened for this origin (RFC 9110 "
                  "§4.3.3)");
  expect_sentence(&w, "https://img.example", evidence_here(),
                  "https://img.example: secondary certificate 1 covers it; DNS leads to this "
                  "server (RFC 9113 §9.1.1)");
  expect_sentence(&w, "https://img.example", evidence_elsewhere(),
                  "https://img.example: DNS does not lead to the connection's address (RFC 9113 "
                  "§9.1.1)");
  expect_sentence(&w, "https://bad.example", evidence_here(),
                  "https://bad.example: secondary certificate 2 covers it but is not accepted: no "
                  "path to a trust anchor (RFC 5280 §6)");
  origins(&w, "https://cdn.example", "https://cdn.example");
  expect_sentence(&w, "https://cdn.example", evidence_here(),
                  "https://cdn.example: not yet: no certificate of the connection covers the host "
                  "(RFC 9525 §6.3)");
  world_close(&w);
}

static void test_a_sentence_is_cut_to_the_room_there_is(void **state) {
  (void)state;
  world w;
  open_world(&w);
  codicil_origin wanted = origin_of("https://www.example");
  codicil_route route = route_to(&w, "https://www.example", evidence_here());
  char room[9];
  assert_int_equal(codicil_route_explain(&route, &wanted, room, sizeof room), 8);
  assert_string_equal(room, "https://");
  assert_int_equal(codicil_route_explain(&route, &wanted, room, 1), 0);
  assert_string_equal(room, "");
  world_close(&w);
}

static void test_words_are_the_protocols(void **state) {
  (void)state;
  assert_string_equal(codicil_route_reason_word(CODICIL_ROUTE_OWN_ORIGIN), "own-origin");
  assert_string_equal(codicil_route_reason_word(CODICIL_ROUTE_CERTIFICATE), "certificate");
  assert_string_equal(codicil_route_reason_word((codicil_route_reason)99), "?");
  assert_string_equal(codicil_route_reason_text((codicil_route_reason)99), "?");
  assert_string_equal(codicil_decision_word(CODICIL_UNEXAMINED), "unexamined");
  assert_string_equal(codicil_decision_word(CODICIL_ACCEPTED), "accepted");
  assert_string_equal(codicil_decision_word(CODICIL_WAITING), "waiting");
  assert_string_equal(codicil_decision_word(CODICIL_REJECTED), "rejected");
  assert_string_equal(codicil_decision_word((codicil_decision)9), "?");
  assert_string_equal(codicil_answer_word(CODICIL_ASK), "ask");
  assert_string_equal(codicil_answer_word((codicil_answer)9), "?");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_own_origin_needs_no_dns),
      cmocka_unit_test(test_another_name_of_the_handshakes_certificate_needs_dns),
      cmocka_unit_test(test_a_secondary_certificate_serves_only_where_dns_leads_here),
      cmocka_unit_test(test_an_address_is_served_by_that_peer_only),
      cmocka_unit_test(test_a_certificate_that_is_not_accepted_tells_its_reason),
      cmocka_unit_test(test_a_required_domain_in_the_handshakes_certificate_changes_nothing),
      cmocka_unit_test(test_without_trust_anchors_every_secondary_is_untrusted),
      cmocka_unit_test(test_before_origin_only_the_connections_port_serves),
      cmocka_unit_test(test_the_port_of_the_origin_connected_for_serves_as_well),
      cmocka_unit_test(test_outside_the_origin_set_nothing_is_served),
      cmocka_unit_test(test_a_421_is_for_good),
      cmocka_unit_test(test_without_support_what_the_handshake_does_not_cover_goes_elsewhere),
      cmocka_unit_test(test_while_settings_are_awaited_an_origin_of_this_address_waits),
      cmocka_unit_test(test_a_member_of_the_origin_set_waits_for_its_certificate),
      cmocka_unit_test(test_while_an_authenticator_is_incomplete_an_origin_waits),
      cmocka_unit_test(test_a_path_is_validated_only_when_a_name_of_it_is_wanted_and_then_once),
      cmocka_unit_test(test_a_second_certificate_for_a_host_is_examined_only_if_the_first_fails),
      cmocka_unit_test(test_paths_are_validated_at_once_where_the_caller_says_so),
      cmocka_unit_test(test_a_verdict_that_ended_is_reached_anew),
      cmocka_unit_test(test_an_accepted_certificate_serves_no_host_of_a_refused_one),
      cmocka_unit_test(test_the_origin_set_is_asked_before_dns),
      cmocka_unit_test(test_a_member_whose_dns_failed_does_not_wait),
      cmocka_unit_test(test_the_own_origin_may_be_served_by_a_secondary_certificate),
      cmocka_unit_test(test_a_peer_without_an_address_is_refused),
      cmocka_unit_test(test_evidence_that_holds_no_address_leads_nowhere),
      cmocka_unit_test(test_an_answer_tells_how_long_it_holds),
      cmocka_unit_test(test_a_verdict_that_is_over_and_not_needed_does_not_shorten_an_answer),
      cmocka_unit_test(test_after_a_421_nothing_waits_for_settings),
      cmocka_unit_test(test_the_handshakes_certificate_ends_with_its_not_after),
      cmocka_unit_test(test_every_answer_has_a_sentence),
      cmocka_unit_test(test_a_sentence_is_cut_to_the_room_there_is),
      cmocka_unit_test(test_words_are_the_protocols),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  sites_free();
  return failed;
}
