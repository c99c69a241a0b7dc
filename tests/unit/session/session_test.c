// The life of a session: the table of states, negotiation, a certificate from one end to the other.
#include "cmocka_test.h"

#include <string.h>

#include "session_fixture.h"
#include "session_state.h"
#include "span.h"

static void test_a_certificate_proven_by_the_server_serves_its_origin_on_the_client(void **state) {
  (void)state;
  world w;
  world_init(&w);
  world_connect(&w);
  world_negotiate(&w);
  assert_int_equal(route_to(&w, "https://img.example", evidence_here()).answer, CODICIL_NO);
  server_prove(w.server, SITE_IMG);
  assert_int_equal(link_move(w.server, w.client, w.now), CODICIL_OK);

  codicil_route route = route_to(&w, "https://img.example", evidence_here());
  assert_int_equal(route.answer, CODICIL_USE);
  assert_int_equal(route.reason, CODICIL_ROUTE_SECONDARY);
  assert_int_equal(route.certificate, 1);
  codicil_certificate_info info;
  assert_true(codicil_session_certificate(w.client, &info, 1));
  assert_int_equal(info.decision, CODICIL_ACCEPTED);
  assert_false(info.is_primary);
  assert_int_equal(info.num_frames, 1);
  assert_true(info.num_octets > 400);
  assert_int_equal(info.scheme, 0x0403);
  assert_memory_equal(codicil_identity_sha256(info.identity),
                      codicil_identity_sha256(site_of(SITE_IMG)->identity), 32);
  world_close(&w);
}

static void test_the_handshakes_certificate_is_number_0_and_accepted(void **state) {
  (void)state;
  world w;
  world_init(&w);
  world_connect(&w);
  codicil_certificate_info info;
  assert_int_equal(codicil_session_num_certificates(w.client), 1);
  assert_true(codicil_session_certificate(w.client, &info, 0));
  assert_true(info.is_primary);
  assert_int_equal(info.decision, CODICIL_ACCEPTED);
  assert_false(codicil_session_certificate(w.client, &info, 1));
  assert_int_equal(route_to(&w, "https://www.example", evidence_elsewhere()).reason,
                   CODICIL_ROUTE_OWN_ORIGIN);
  world_close(&w);
}

// ---- the table ----------------------------------------------------------------------------------

static codicil_session *in_state(world *w, codicil_role role, codicil_session_state state) {
  bool offer = state != CODICIL_STATE_NOT_OFFERED;
  world_init(w);
  codicil_config_set_offer(w->client_config, offer);
  codicil_config_set_offer(w->server_config, offer);
  world_connect(w);
  codicil_session *s = role == CODICIL_CLIENT ? w->client : w->server;
  if (state == CODICIL_STATE_ON) {
    assert_int_equal(codicil_session_recv_setting(s, 1), CODICIL_OK);
  } else if (state == CODICIL_STATE_OFF) {
    codicil_session_recv_settings_end(s);
  } else if (state == CODICIL_STATE_FAILED) {
    assert_int_equal(codicil_session_recv_setting(s, 2), CODICIL_SETTING);
  }
  assert_int_equal(s->state, state);
  return s;
}

static codicil_err give(codicil_session *s, codicil_session_input input) {
  static const codicil_tls tls;
  codicil_span entry = codicil_span_str("https://img.example");
  codicil_now now = {1, PKI_NOW};
  switch (input) {
  case CODICIL_IN_TLS_READY:
    return codicil_session_tls_ready(s, &tls);
  case CODICIL_IN_SETTING:
    return codicil_session_recv_setting(s, 1);
  case CODICIL_IN_SETTINGS_END:
    codicil_session_recv_settings_end(s);
    return CODICIL_OK;
  case CODICIL_IN_FRAME_BEGIN:
    return codicil_session_recv_frame_begin(s, 0);
  case CODICIL_IN_FRAME_DATA:
    return codicil_session_recv_frame_data(s, codicil_span_of(NULL, 0));
  case CODICIL_IN_FRAME_END:
    return codicil_session_recv_frame_end(s, now);
  case CODICIL_IN_FRAME_ELSEWHERE:
    return codicil_session_recv_frame_elsewhere(s);
  default:
    return codicil_session_recv_origin(s, &entry, 1);
  }
}

// Whether a frame that begins on the control stream, or elsewhere, is counted and no more.
static bool is_ignored(codicil_session_state state, codicil_session_input input,
                       codicil_err begin) {
  return (input == CODICIL_IN_FRAME_BEGIN || input == CODICIL_IN_FRAME_ELSEWHERE) &&
         begin == CODICIL_OK && state != CODICIL_STATE_ON && state != CODICIL_STATE_FAILED;
}

// Per row: the error of each input (all but the frame's beginning are alike), then the state after
// a setting of 1.
static void expect_row(codicil_role role, codicil_session_state state, codicil_err begin,
                       codicil_session_state after_one) {
  for (codicil_session_input input = 0; input < CODICIL_NUM_INPUTS; input++) {
    world w;
    assert_non_null(codicil_session_cell(role, state, input));
    codicil_session *s = in_state(&w, role, state);
    codicil_err want = CODICIL_OK;
    if (state == CODICIL_STATE_FAILED) {
      want = input == CODICIL_IN_SETTINGS_END ? CODICIL_OK : CODICIL_SETTING;
    } else if (input == CODICIL_IN_FRAME_BEGIN) {
      want = begin;
    } else if (input == CODICIL_IN_FRAME_ELSEWHERE) {
      want = state == CODICIL_STATE_ON ? CODICIL_UNEXPECTED : begin;
    } else if (input == CODICIL_IN_TLS_READY || input == CODICIL_IN_FRAME_DATA ||
               input == CODICIL_IN_FRAME_END) {
      want = CODICIL_USAGE; // ready already; no frame has begun
    }
    assert_int_equal(give(s, input), want);
    if (input == CODICIL_IN_SETTING) {
      assert_int_equal(s->state, after_one);
    }
    assert_int_equal(codicil_session_num_ignored(s), is_ignored(state, input, begin) ? 1 : 0);
    bool has_set =
        input == CODICIL_IN_ORIGIN && role == CODICIL_CLIENT && state != CODICIL_STATE_FAILED;
    assert_int_equal(codicil_session_origin_set_initialised(s), has_set);
    world_close(&w);
  }
}

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-3.2
//# A client MUST NOT send certificates to the server. The server MUST close the
//# connection upon receipt of a SERVER_CERTIFICATE frame from a client.
static void test_every_cell_of_the_table_does_what_the_protocol_says(void **state) {
  (void)state;
  static const struct {
    codicil_role role;
    codicil_session_state state;
    codicil_err begin;
    codicil_session_state after_one;
  } rows[] = {
      {CODICIL_CLIENT, CODICIL_STATE_AWAIT_SETTINGS, CODICIL_OK, CODICIL_STATE_ON},
      {CODICIL_CLIENT, CODICIL_STATE_ON, CODICIL_OK, CODICIL_STATE_ON},
      {CODICIL_CLIENT, CODICIL_STATE_OFF, CODICIL_OK, CODICIL_STATE_ON},
      {CODICIL_CLIENT, CODICIL_STATE_NOT_OFFERED, CODICIL_OK, CODICIL_STATE_NOT_OFFERED},
      {CODICIL_CLIENT, CODICIL_STATE_FAILED, CODICIL_SETTING, CODICIL_STATE_FAILED},
      {CODICIL_SERVER, CODICIL_STATE_AWAIT_SETTINGS, CODICIL_UNEXPECTED, CODICIL_STATE_ON},
      {CODICIL_SERVER, CODICIL_STATE_ON, CODICIL_UNEXPECTED, CODICIL_STATE_ON},
      {CODICIL_SERVER, CODICIL_STATE_OFF, CODICIL_UNEXPECTED, CODICIL_STATE_ON},
      {CODICIL_SERVER, CODICIL_STATE_NOT_OFFERED, CODICIL_OK, CODICIL_STATE_NOT_OFFERED},
      {CODICIL_SERVER, CODICIL_STATE_FAILED, CODICIL_SETTING, CODICIL_STATE_FAILED},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    expect_row(rows[i].role, rows[i].state, rows[i].begin, rows[i].after_one);
  }
}

// ---- negotiation --------------------------------------------------------------------------------

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-3.1
//# Endpoints MUST NOT use any of the
//# authentication functionality described in this document unless they have
//# both sent and received `SETTINGS_HTTP_SERVER_CERT_AUTH` with a value of 1.
static void test_the_feature_is_on_only_when_both_sent_and_received_1(void **state) {
  (void)state;
  for (int bits = 0; bits < 4; bits++) {
    bool ours = bits & 1, theirs = bits & 2;
    world w;
    world_init(&w);
    codicil_config_set_offer(w.client_config, ours);
    codicil_config_set_offer(w.server_config, theirs);
    world_connect(&w);
    assert_int_equal(codicil_session_support(w.client),
                     ours ? CODICIL_SUPPORT_AWAITED : CODICIL_SUPPORT_NO);
    world_negotiate(&w);
    codicil_support want = ours && theirs ? CODICIL_SUPPORT_YES : CODICIL_SUPPORT_NO;
    assert_int_equal(codicil_session_support(w.client), want);
    assert_int_equal(codicil_session_support(w.server), want);
    assert_int_not_equal(take_event(w.client, CODICIL_EVENT_SUPPORT), SIZE_MAX);
    assert_int_equal(take_event(w.client, CODICIL_EVENT_SUPPORT), SIZE_MAX);
    world_close(&w);
  }
}

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-4.1
//# The value of the
//# parameter MUST be 0 or 1.
static void test_a_setting_that_is_neither_0_nor_1_is_an_error(void **state) {
  (void)state;
  static const uint64_t values[] = {2, 256, UINT32_MAX, UINT64_MAX};
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    world w;
    world_init(&w);
    world_connect(&w);
    assert_int_equal(codicil_session_recv_setting(w.client, values[i]), CODICIL_SETTING);
    assert_int_equal(codicil_session_support(w.client), CODICIL_SUPPORT_NO);
    world_close(&w);
  }
}

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-3.1
//# Endpoints MUST NOT send a `SETTINGS_HTTP_SERVER_CERT_AUTH` parameter with a
//# value of 0 after previously sending a value of 1.
static void test_0_after_1_is_an_error_and_1_after_0_is_not(void **state) {
  (void)state;
  world w;
  world_init(&w);
  world_connect(&w);
  assert_int_equal(codicil_session_recv_setting(w.client, 0), CODICIL_OK);
  assert_int_equal(codicil_session_support(w.client), CODICIL_SUPPORT_AWAITED);
  codicil_session_recv_settings_end(w.client);
  assert_int_equal(codicil_session_support(w.client), CODICIL_SUPPORT_NO);
  assert_int_equal(codicil_session_recv_setting(w.client, 1), CODICIL_OK);
  assert_int_equal(codicil_session_recv_setting(w.client, 1), CODICIL_OK);
  assert_int_equal(codicil_session_support(w.client), CODICIL_SUPPORT_YES);
  assert_int_equal(codicil_session_recv_setting(w.client, 0), CODICIL_SETTING);
  world_close(&w);
}

static void test_0_after_1_is_an_error_also_where_we_did_not_offer(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_offer(w.client_config, false);
  world_connect(&w);
  assert_int_equal(codicil_session_recv_setting(w.client, 1), CODICIL_OK);
  assert_int_equal(codicil_session_recv_setting(w.client, 0), CODICIL_SETTING);
  world_close(&w);
}

static void test_frame_before_settings_is_ignored_and_counted(void **state) {
  (void)state;
  world w;
  world_init(&w);
  world_connect(&w);
  codicil_span junk = codicil_span_str("not an authenticator");
  assert_int_equal(feed_frame(w.client, junk, w.now), CODICIL_OK);
  assert_int_equal(codicil_session_num_ignored(w.client), 1);
  world_negotiate(&w);
  server_prove(w.server, SITE_IMG);
  assert_int_equal(link_move(w.server, w.client, w.now), CODICIL_OK);
  assert_int_equal(codicil_session_num_certificates(w.client), 2);
  assert_int_equal(codicil_session_num_ignored(w.client), 1);
  world_close(&w);
}

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-5.2
//# An endpoint MUST treat a SERVER_CERTIFICATE
//# frame received on any stream other than the control stream as a connection error.
static void test_a_frame_elsewhere_is_an_error_once_settings_allow_frames_at_all(void **state) {
  (void)state;
  for (uint64_t value = 0; value <= 1; value++) {
    for (unsigned offer = 0; offer <= 1; offer++) {
      world w;
      world_init(&w);
      codicil_config_set_offer(w.client_config, offer == 1);
      world_connect(&w);
      assert_int_equal(codicil_session_recv_frame_elsewhere(w.client), CODICIL_OK);
      assert_int_equal(codicil_session_num_ignored(w.client), 1);
      codicil_err want = value == 1 && offer == 1 ? CODICIL_UNEXPECTED : CODICIL_OK;
      assert_int_equal(codicil_session_recv_setting(w.client, value), want);
      world_close(&w);
    }
  }
}

static void test_a_frame_that_began_ignored_ends_ignored(void **state) {
  (void)state;
  world w;
  world_init(&w);
  world_connect(&w);
  assert_int_equal(codicil_session_recv_frame_begin(w.client, 4), CODICIL_OK);
  world_negotiate(&w);
  assert_int_equal(codicil_session_recv_frame_data(w.client, codicil_span_str("\1junk")),
                   CODICIL_USAGE);
  assert_int_equal(codicil_session_recv_frame_data(w.client, codicil_span_str("\1jun")),
                   CODICIL_OK);
  assert_int_equal(codicil_session_recv_frame_end(w.client, w.now), CODICIL_OK);
  assert_int_equal(codicil_session_num_certificates(w.client), 1);
  world_close(&w);
}

static void test_a_server_that_did_not_offer_counts_frames_and_lives(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_offer(w.server_config, false);
  world_connect(&w);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(feed_frame(w.server, codicil_span_str("x"), w.now), CODICIL_OK);
  }
  assert_int_equal(codicil_session_num_ignored(w.server), 3);
  world_close(&w);
}

// ---- order of calls -----------------------------------------------------------------------------

static void test_a_frame_needs_tls_a_peer_and_the_handshakes_certificate(void **state) {
  (void)state;
  codicil_peer peer = {
      .address = peer_address(), .port = 443, .origin = origin_of("https://www.example")};
  codicil_chain_entry entry = {.der = pki_der(site_of(SITE_WWW)->cert)};
  for (int bits = 0; bits < 8; bits++) {
    bool has_tls = bits & 1, has_peer = bits & 2, has_primary = bits & 4;
    world w;
    world_init(&w);
    codicil_session *s = NULL;
    assert_int_equal(codicil_session_new(&s, NULL, w.client_config, CODICIL_CLIENT), CODICIL_OK);
    assert_int_equal(codicil_session_recv_setting(s, 1), CODICIL_OK);
    assert_true(!has_tls || codicil_session_tls_ready(s, &w.client_tls.tls) == CODICIL_OK);
    assert_true(!has_peer || codicil_session_set_peer(s, &peer) == CODICIL_OK);
    assert_int_equal(codicil_session_set_primary(s, NULL, 0), CODICIL_USAGE);
    assert_true(!has_primary || codicil_session_set_primary(s, &entry, 1) == CODICIL_OK);
    codicil_route route;
    assert_int_equal(codicil_session_recv_frame_begin(s, 1),
                     bits == 7 ? CODICIL_OK : CODICIL_USAGE);
    assert_int_equal(codicil_session_recv_origin(s, NULL, 0),
                     has_peer ? CODICIL_OK : CODICIL_USAGE);
    assert_int_equal(codicil_session_route(s, &route, &peer.origin, NULL, w.now),
                     has_peer && has_primary ? CODICIL_OK : CODICIL_USAGE);
    codicil_session_free(s);
    world_close(&w);
  }
}

static void test_an_ignored_frame_has_its_turns_too(void **state) {
  (void)state;
  world w;
  world_init(&w);
  world_connect(&w); // SETTINGS are awaited
  assert_int_equal(codicil_session_recv_frame_begin(w.client, 2), CODICIL_OK);
  assert_int_equal(codicil_session_recv_frame_begin(w.client, 2), CODICIL_USAGE);
  assert_int_equal(codicil_session_recv_frame_end(w.client, w.now), CODICIL_USAGE);
  assert_int_equal(codicil_session_recv_frame_data(w.client, codicil_span_str("abc")),
                   CODICIL_USAGE);
  assert_int_equal(codicil_session_recv_frame_data(w.client, codicil_span_str("ab")), CODICIL_OK);
  assert_int_equal(codicil_session_recv_frame_end(w.client, w.now), CODICIL_OK);
  assert_int_equal(codicil_session_num_ignored(w.client), 1);
  world_close(&w);
}

static void test_who_did_not_offer_is_told_once_that_there_is_no_support(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_offer(w.client_config, false);
  world_connect(&w);
  for (int i = 0; i < 2; i++) {
    codicil_session_recv_settings_end(w.client);
    assert_int_equal(take_event(w.client, CODICIL_EVENT_SUPPORT), i == 0 ? 0 : SIZE_MAX);
  }
  world_close(&w);
}

static void test_a_tls_connection_of_the_other_role_is_refused(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_session *s;
  for (int role = CODICIL_CLIENT; role <= CODICIL_SERVER; role++) {
    fake_tls *wrong = role == CODICIL_CLIENT ? &w.server_tls : &w.client_tls;
    fake_tls *right = role == CODICIL_CLIENT ? &w.client_tls : &w.server_tls;
    assert_int_equal(codicil_session_new(&s, NULL, w.client_config, (codicil_role)role),
                     CODICIL_OK);
    assert_int_equal(codicil_session_tls_ready(s, &wrong->tls), CODICIL_USAGE);
    assert_int_equal(codicil_session_tls_ready(s, &right->tls), CODICIL_OK);
    codicil_session_free(s);
  }
  world_close(&w);
}

static void test_each_side_refuses_what_is_the_others(void **state) {
  (void)state;
  world w;
  world_init(&w);
  world_connect(&w);
  codicil_origin origin = origin_of("https://www.example");
  codicil_peer peer = {.port = 443};
  codicil_chain_entry entry = {.der = pki_der(site_of(SITE_WWW)->cert)};
  codicil_route route;
  assert_int_equal(codicil_session_set_peer(w.server, &peer), CODICIL_USAGE);
  assert_int_equal(codicil_session_set_primary(w.server, &entry, 1), CODICIL_USAGE);
  assert_int_equal(codicil_session_misdirected(w.server, &origin), CODICIL_USAGE);
  assert_int_equal(codicil_session_route(w.server, &route, &origin, NULL, w.now), CODICIL_USAGE);
  assert_int_equal(codicil_session_send_origins(w.client, &origin, 1), CODICIL_USAGE);
  assert_int_equal(
      codicil_session_offer(w.client, site_of(SITE_IMG)->credential, site_of(SITE_IMG)->identity),
      CODICIL_USAGE);
  assert_int_equal(codicil_session_set_peer(w.client, &peer), CODICIL_USAGE);
  assert_int_equal(codicil_session_set_peer(w.server, &peer), CODICIL_USAGE);
  assert_int_equal(codicil_session_set_primary(w.client, &entry, 1), CODICIL_USAGE);
  assert_int_equal(codicil_session_sign(w.server, NULL), CODICIL_USAGE);
  world_close(&w);
}

static void test_after_a_fatal_error_nothing_is_told_and_nothing_is_taken(void **state) {
  (void)state;
  world w;
  world_init(&w);
  world_connect(&w);
  world_negotiate(&w);
  codicil_origin origin = origin_of("https://www.example");
  codicil_route route;
  codicil_event event;
  codicil_session_end(w.client, CODICIL_OK);
  assert_int_equal(codicil_session_route(w.client, &route, &origin, NULL, w.now), CODICIL_OK);
  assert_int_equal(feed_frame(w.client, codicil_span_str("junk"), w.now), CODICIL_MALFORMED);
  codicil_session_end(w.client, CODICIL_UNEXPECTED); // the first reason stays
  assert_int_equal(codicil_session_recv_setting(w.client, 1), CODICIL_MALFORMED);
  assert_int_equal(codicil_session_route(w.client, &route, &origin, NULL, w.now),
                   CODICIL_MALFORMED);
  assert_int_equal(codicil_session_misdirected(w.client, &origin), CODICIL_MALFORMED);
  assert_false(codicil_session_next_event(w.client, &event));
  world_close(&w);
}

static void test_a_server_that_failed_sends_nothing_more(void **state) {
  (void)state;
  world w;
  world_init(&w);
  world_connect(&w);
  world_negotiate(&w);
  const site_data *img = site_of(SITE_IMG);
  codicil_origin origin = origin_of("https://img.example");
  codicil_frame_type type;
  codicil_span payload;
  server_prove(w.server, SITE_IMG);
  assert_true(codicil_session_peek_frame(w.server, &type, &payload));
  assert_int_equal(codicil_session_recv_frame_begin(w.server, 0), CODICIL_UNEXPECTED);
  assert_false(codicil_session_peek_frame(w.server, &type, &payload));
  assert_int_equal(codicil_session_offer(w.server, img->credential, img->identity), CODICIL_USAGE);
  assert_int_equal(codicil_session_send_origins(w.server, &origin, 1), CODICIL_USAGE);
  world_close(&w);
}

static void test_the_exporter_is_called_only_when_a_proof_is_made_or_checked(void **state) {
  (void)state;
  world w;
  world_init(&w);
  world_connect(&w);
  world_negotiate(&w);
  assert_int_equal(w.client_tls.num_exports, 0);
  assert_int_equal(w.server_tls.num_exports, 0);
  server_prove(w.server, SITE_IMG);
  server_prove(w.server, SITE_CDN);
  size_t exports = w.server_tls.num_exports;
  assert_true(exports > 0 && exports <= 4);
  assert_int_equal(link_move(w.server, w.client, w.now), CODICIL_OK);
  assert_true(w.client_tls.num_exports > 0 && w.client_tls.num_exports <= 4);
  world_close(&w);
}

static void test_an_authenticator_that_cannot_be_checked_is_invalid(void **state) {
  (void)state;
  world w;
  world_init(&w);
  world_connect(&w);
  world_negotiate(&w);
  server_prove(w.server, SITE_IMG);
  w.client_tls.refusal = CODICIL_UNSUPPORTED;
  assert_int_equal(link_move(w.server, w.client, w.now), CODICIL_AUTH);
  world_close(&w);
}

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-5.3
//# If the authenticator cannot be validated, this MUST be treated as a connection
//# error of type SERVER_CERTIFICATE_INVALID ({{errors}}).
static void test_an_authenticator_of_another_connection_is_invalid(void **state) {
  (void)state;
  world w;
  world_init(&w);
  w.server_tls.seed = 43;
  world_connect(&w);
  world_negotiate(&w);
  server_prove(w.server, SITE_IMG);
  assert_int_equal(link_move(w.server, w.client, w.now), CODICIL_AUTH);
  assert_int_equal(codicil_session_num_certificates(w.client), 1);
  world_close(&w);
}

static void test_the_same_authenticator_again_is_invalid(void **state) {
  (void)state;
  world w;
  world_init(&w);
  world_connect(&w);
  world_negotiate(&w);
  server_prove(w.server, SITE_IMG);
  codicil_span authenticator = take_authenticator(w.server);
  assert_int_equal(feed_frame(w.client, authenticator, w.now), CODICIL_OK);
  assert_int_equal(feed_frame(w.client, authenticator, w.now), CODICIL_AUTH);
  free((void *)(uintptr_t)authenticator.data);
  world_close(&w);
}

static void test_the_generation_grows_with_each_thing_that_matters(void **state) {
  (void)state;
  world w;
  world_init(&w);
  world_connect(&w);
  uint64_t last = codicil_session_generation(w.client);
  world_negotiate(&w);
  assert_true(codicil_session_generation(w.client) > last);
  last = codicil_session_generation(w.client);
  assert_int_equal(codicil_session_recv_origin(w.client, NULL, 0), CODICIL_OK);
  assert_true(codicil_session_generation(w.client) > last);
  last = codicil_session_generation(w.client);
  assert_int_equal(codicil_session_recv_origin(w.client, NULL, 0), CODICIL_OK);
  assert_int_equal(codicil_session_generation(w.client), last);
  server_prove(w.server, SITE_IMG);
  assert_int_equal(link_move(w.server, w.client, w.now), CODICIL_OK);
  assert_true(codicil_session_generation(w.client) > last);
  last = codicil_session_generation(w.client);
  codicil_origin origin = origin_of("https://img.example");
  assert_int_equal(codicil_session_misdirected(w.client, &origin), CODICIL_OK);
  assert_true(codicil_session_generation(w.client) > last);
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_certificate_proven_by_the_server_serves_its_origin_on_the_client),
      cmocka_unit_test(test_the_handshakes_certificate_is_number_0_and_accepted),
      cmocka_unit_test(test_every_cell_of_the_table_does_what_the_protocol_says),
      cmocka_unit_test(test_the_feature_is_on_only_when_both_sent_and_received_1),
      cmocka_unit_test(test_a_setting_that_is_neither_0_nor_1_is_an_error),
      cmocka_unit_test(test_0_after_1_is_an_error_and_1_after_0_is_not),
      cmocka_unit_test(test_0_after_1_is_an_error_also_where_we_did_not_offer),
      cmocka_unit_test(test_frame_before_settings_is_ignored_and_counted),
      cmocka_unit_test(test_a_frame_elsewhere_is_an_error_once_settings_allow_frames_at_all),
      cmocka_unit_test(test_a_frame_that_began_ignored_ends_ignored),
      cmocka_unit_test(test_a_server_that_did_not_offer_counts_frames_and_lives),
      cmocka_unit_test(test_a_frame_needs_tls_a_peer_and_the_handshakes_certificate),
      cmocka_unit_test(test_an_ignored_frame_has_its_turns_too),
      cmocka_unit_test(test_who_did_not_offer_is_told_once_that_there_is_no_support),
      cmocka_unit_test(test_a_tls_connection_of_the_other_role_is_refused),
      cmocka_unit_test(test_each_side_refuses_what_is_the_others),
      cmocka_unit_test(test_after_a_fatal_error_nothing_is_told_and_nothing_is_taken),
      cmocka_unit_test(test_a_server_that_failed_sends_nothing_more),
      cmocka_unit_test(test_the_exporter_is_called_only_when_a_proof_is_made_or_checked),
      cmocka_unit_test(test_an_authenticator_that_cannot_be_checked_is_invalid),
      cmocka_unit_test(test_an_authenticator_of_another_connection_is_invalid),
      cmocka_unit_test(test_the_same_authenticator_again_is_invalid),
      cmocka_unit_test(test_the_generation_grows_with_each_thing_that_matters),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  sites_free();
  return failed;
}
