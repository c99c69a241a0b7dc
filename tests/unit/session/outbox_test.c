// What a server sends and when: wants, order, cuts, budgets, ORIGIN; and what it then serves.
#include "cmocka_test.h"

#include <stdio.h>
#include <string.h>

#include "fail_mem.h"
#include "session_fixture.h"
#include "session_state.h"
#include "span.h"

static void open_world(world *w) {
  world_init(w);
  world_connect(w);
  world_negotiate(w);
  drop_events(w->server);
}

static void offer(world *w, site which) {
  assert_int_equal(
      codicil_session_offer(w->server, site_of(which)->credential, site_of(which)->identity),
      CODICIL_OK);
}

// Takes the next event, which must be a want, and returns its signing.
static codicil_ea_signing *take_want(world *w, size_t index) {
  codicil_event event;
  assert_true(codicil_session_next_event(w->server, &event));
  assert_int_equal(event.type, CODICIL_EVENT_WANT_SIGN);
  assert_int_equal(event.index, index);
  assert_non_null(event.signing);
  return event.signing;
}

static void expect_event(world *w, codicil_event_type type, size_t index, codicil_err err) {
  codicil_event event;
  assert_true(codicil_session_next_event(w->server, &event));
  assert_int_equal(event.type, type);
  assert_int_equal(event.index, index);
  assert_int_equal(event.err, err);
}

static void expect_no_event(world *w) {
  codicil_event event;
  assert_false(codicil_session_next_event(w->server, &event));
}

static bool has_frame(world *w) {
  codicil_frame_type type;
  codicil_span payload;
  return codicil_session_peek_frame(w->server, &type, &payload);
}

// The host that the client's certificate `index` names first.
static void expect_certificate(world *w, size_t index, site which) {
  codicil_certificate_info info;
  assert_true(codicil_session_certificate(w->client, &info, index));
  assert_memory_equal(codicil_identity_sha256(info.identity),
                      codicil_identity_sha256(site_of(which)->identity), 32);
}

static bool serves(world *w, const char *origin, size_t *out_index) {
  codicil_origin wanted = origin_of(origin);
  return codicil_session_serves(w->server, out_index, &wanted);
}

// ---- wants --------------------------------------------------------------------------------------

static void test_nothing_is_signed_before_the_feature_is_on(void **state) {
  (void)state;
  world w;
  world_init(&w);
  world_connect(&w);
  offer(&w, SITE_IMG);
  expect_no_event(&w);
  codicil_session_recv_settings_end(w.server);
  assert_int_equal(take_event(w.server, CODICIL_EVENT_WANT_SIGN), SIZE_MAX);
  assert_int_equal(w.server_tls.num_exports, 0);
  assert_int_equal(codicil_session_recv_setting(w.server, 1), CODICIL_OK);
  assert_int_equal(take_event(w.server, CODICIL_EVENT_WANT_SIGN), 0);
  world_close(&w);
}

static void test_nothing_is_signed_before_the_handshake_is_complete(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_session *s = NULL;
  assert_int_equal(codicil_session_new(&s, NULL, w.server_config, CODICIL_SERVER), CODICIL_OK);
  assert_int_equal(codicil_session_recv_setting(s, 1), CODICIL_OK);
  assert_int_equal(
      codicil_session_offer(s, site_of(SITE_IMG)->credential, site_of(SITE_IMG)->identity),
      CODICIL_OK);
  assert_int_equal(take_event(s, CODICIL_EVENT_WANT_SIGN), SIZE_MAX);
  assert_int_equal(codicil_session_tls_ready(s, &w.server_tls.tls), CODICIL_OK);
  assert_int_equal(take_event(s, CODICIL_EVENT_WANT_SIGN), 0);
  codicil_session_free(s);
  world_close(&w);
}

static void test_a_few_wants_are_open_at_once_and_answered_in_any_order(void **state) {
  (void)state;
  static const site order[] = {SITE_IMG, SITE_CDN, SITE_ADDRESS, SITE_UNTRUSTED, SITE_BIG};
  world w;
  open_world(&w);
  for (size_t i = 0; i < 5; i++) {
    offer(&w, order[i]);
  }
  codicil_ea_signing *wants[4];
  for (size_t i = 0; i < 4; i++) {
    wants[i] = take_want(&w, i);
  }
  expect_no_event(&w);
  for (size_t i = 4; i > 0; i--) {
    assert_false(has_frame(&w));
    assert_int_equal(codicil_session_sign(w.server, wants[i - 1]), CODICIL_OK);
  }
  assert_true(has_frame(&w));
  server_sign_all(w.server);
  assert_int_equal(link_move(w.server, w.client, w.now), CODICIL_OK);
  for (size_t i = 0; i < 5; i++) {
    expect_certificate(&w, i + 1, order[i]);
  }
  world_close(&w);
}

static void test_a_signature_made_elsewhere_is_taken(void **state) {
  (void)state;
  world w;
  open_world(&w);
  codicil_credential *remote = NULL;
  assert_int_equal(
      codicil_credential_new_remote(&remote, NULL, NULL, pki_pem(site_of(SITE_IMG)->cert)),
      CODICIL_OK);
  assert_int_equal(codicil_session_offer(w.server, remote, site_of(SITE_IMG)->identity),
                   CODICIL_OK);
  codicil_credential_free(remote); // the session holds a reference
  codicil_ea_signing *want = take_want(&w, 0);
  assert_int_equal(codicil_session_sign(w.server, want), CODICIL_USAGE);
  expect_no_event(&w);

  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  codicil_span tbs = codicil_ea_signing_tbs(want);
  uint8_t signature[256];
  size_t len = sizeof signature;
  assert_int_equal(codicil_ea_signing_scheme(want), 0x0403);
  assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, site_of(SITE_IMG)->cert->key),
                   1);
  assert_int_equal(EVP_DigestSign(ctx, signature, &len, tbs.data, tbs.len), 1);
  EVP_MD_CTX_free(ctx);
  assert_int_equal(codicil_session_resume_sign(w.server, want, codicil_span_of(signature, len)),
                   CODICIL_OK);
  expect_event(&w, CODICIL_EVENT_SENT, 0, CODICIL_OK);
  assert_int_equal(codicil_session_resume_sign(w.server, want, codicil_span_of(signature, len)),
                   CODICIL_USAGE);
  assert_int_equal(link_move(w.server, w.client, w.now), CODICIL_OK);
  expect_certificate(&w, 1, SITE_IMG);
  world_close(&w);
}

static void test_an_abandoned_certificate_holds_up_no_other(void **state) {
  (void)state;
  world w;
  open_world(&w);
  offer(&w, SITE_IMG);
  offer(&w, SITE_CDN);
  codicil_ea_signing *first = take_want(&w, 0);
  codicil_ea_signing *second = take_want(&w, 1);
  assert_int_equal(codicil_session_sign(w.server, second), CODICIL_OK);
  expect_event(&w, CODICIL_EVENT_SENT, 1, CODICIL_OK);
  assert_false(has_frame(&w));
  codicil_session_abandon_sign(w.server, first);
  codicil_session_abandon_sign(w.server, first);
  expect_event(&w, CODICIL_EVENT_NOT_SENT, 0, CODICIL_CRYPTO);
  expect_no_event(&w);
  assert_int_equal(link_move(w.server, w.client, w.now), CODICIL_OK);
  expect_certificate(&w, 1, SITE_CDN);
  size_t index = 0;
  assert_false(serves(&w, "https://img.example", &index));
  assert_true(serves(&w, "https://cdn.example", &index));
  assert_int_equal(index, 2);
  world_close(&w);
}

static void test_an_abandoned_want_that_was_not_taken_is_withdrawn(void **state) {
  (void)state;
  world w;
  open_world(&w);
  offer(&w, SITE_IMG);
  codicil_ea_signing *want = take_want(&w, 0);
  offer(&w, SITE_CDN);
  codicil_session_abandon_sign(w.server, want);
  take_want(&w, 1);
  expect_event(&w, CODICIL_EVENT_NOT_SENT, 0, CODICIL_CRYPTO);
  world_close(&w);
}

static void test_a_want_of_which_the_application_does_not_know_yet_is_withdrawn(void **state) {
  (void)state;
  world w;
  open_world(&w);
  offer(&w, SITE_IMG);
  codicil_session_abandon_sign(w.server, w.server->outbox.offers[0].signing);
  expect_event(&w, CODICIL_EVENT_NOT_SENT, 0, CODICIL_CRYPTO);
  expect_no_event(&w);
  world_close(&w);
}

static void test_an_authenticator_that_clients_would_refuse_is_not_sent(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_limit(w.server_config, CODICIL_LIMIT_AUTHENTICATOR_LEN, 200);
  world_connect(&w);
  world_negotiate(&w);
  drop_events(w.server);
  offer(&w, SITE_IMG);
  assert_int_equal(codicil_session_sign(w.server, take_want(&w, 0)), CODICIL_OK);
  expect_event(&w, CODICIL_EVENT_NOT_SENT, 0, CODICIL_LIMIT);
  assert_false(has_frame(&w));
  world_close(&w);
}

// A signer elsewhere is not asked for what would not be sent.
static void test_past_the_budget_no_signature_is_asked_for(void **state) {
  (void)state;
  world w;
  open_world(&w);
  server_prove(w.server, SITE_IMG);
  codicil_config_set_limit(w.server_config, CODICIL_LIMIT_SEND_AUTHENTICATORS_LEN,
                           w.server->outbox.authenticators_len);
  offer(&w, SITE_CDN);
  expect_event(&w, CODICIL_EVENT_NOT_SENT, 1, CODICIL_LIMIT);
  expect_no_event(&w);
  world_close(&w);
}

static void test_without_randomness_no_certificate_is_sent(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_random(w.server_config, (codicil_random){0});
  world_connect(&w);
  world_negotiate(&w);
  drop_events(w.server);
  offer(&w, SITE_IMG);
  expect_event(&w, CODICIL_EVENT_NOT_SENT, 0, CODICIL_USAGE);
  world_close(&w);
}

static bool no_random(void *ctx, uint8_t *out, size_t len) {
  (void)ctx;
  (void)out;
  (void)len;
  return false;
}

static void test_failing_randomness_and_exporter_are_told_per_certificate(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_random(w.server_config, (codicil_random){NULL, no_random});
  world_connect(&w);
  world_negotiate(&w);
  drop_events(w.server);
  offer(&w, SITE_IMG);
  expect_event(&w, CODICIL_EVENT_NOT_SENT, 0, CODICIL_CRYPTO);
  world_close(&w);

  world_init(&w);
  w.server_tls.refusal = CODICIL_UNSUPPORTED;
  world_connect(&w);
  world_negotiate(&w);
  drop_events(w.server);
  offer(&w, SITE_IMG);
  expect_event(&w, CODICIL_EVENT_NOT_SENT, 0, CODICIL_UNSUPPORTED);
  world_close(&w);
}

static void test_a_credential_that_the_client_cannot_check_is_not_sent(void **state) {
  (void)state;
  static const uint8_t only_ed25519[] = {8, 7};
  world w;
  world_init(&w);
  w.server_tls.tls.client_schemes = codicil_span_of(only_ed25519, sizeof only_ed25519);
  world_connect(&w);
  world_negotiate(&w);
  drop_events(w.server);
  offer(&w, SITE_IMG);
  expect_event(&w, CODICIL_EVENT_NOT_SENT, 0, CODICIL_NO_SCHEME);
  world_close(&w);
}

// ---- cuts and budgets ---------------------------------------------------------------------------

static void test_a_long_authenticator_is_cut_at_the_frame_length(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_limit(w.server_config, CODICIL_LIMIT_FRAME_LEN, 1000);
  world_connect(&w);
  world_negotiate(&w);
  server_prove(w.server, SITE_BIG);
  codicil_frame_type type;
  codicil_span payload;
  size_t num = 0, total = 0, index = 0;
  while (codicil_session_peek_frame(w.server, &type, &payload)) {
    assert_int_equal(type, CODICIL_FRAME_SERVER_CERTIFICATE);
    assert_int_equal(total, num * 1000); // every frame before this one was full
    assert_true(payload.len > 0 && payload.len <= 1000);
    assert_false(serves(&w, "https://big.example", &index)); // only what was sent whole counts
    num++;
    total += payload.len;
    assert_int_equal(feed_frame(w.client, payload, w.now), CODICIL_OK);
    codicil_session_pop_frame(w.server);
  }
  assert_int_equal(num, (total + 999) / 1000);
  assert_true(serves(&w, "https://big.example", &index));
  assert_int_equal(index, 1);
  expect_certificate(&w, 1, SITE_BIG);
  world_close(&w);
}

static void test_the_frame_length_stays_within_what_every_peer_takes(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_limit(w.server_config, CODICIL_LIMIT_FRAME_LEN, 1000000);
  assert_int_equal(codicil_config_limit(w.server_config, CODICIL_LIMIT_FRAME_LEN), 16384);
  codicil_config_set_limit(w.server_config, CODICIL_LIMIT_FRAME_LEN, 0);
  assert_int_equal(codicil_config_limit(w.server_config, CODICIL_LIMIT_FRAME_LEN), 512);
  world_close(&w);
}

static void test_as_many_are_sent_as_the_budget_allows(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_limit(w.server_config, CODICIL_LIMIT_SEND_AUTHENTICATORS, 2);
  world_connect(&w);
  world_negotiate(&w);
  drop_events(w.server);
  offer(&w, SITE_IMG);
  offer(&w, SITE_CDN);
  offer(&w, SITE_BIG);
  codicil_ea_signing *first = take_want(&w, 0);
  take_want(&w, 1);
  expect_event(&w, CODICIL_EVENT_NOT_SENT, 2, CODICIL_LIMIT);
  // One that was given up leaves its place to the next.
  codicil_session_abandon_sign(w.server, first);
  expect_event(&w, CODICIL_EVENT_NOT_SENT, 0, CODICIL_CRYPTO);
  offer(&w, SITE_ADDRESS);
  take_want(&w, 3);
  world_close(&w);
}

static size_t authenticator_len(site which) {
  world w;
  open_world(&w);
  server_prove(w.server, which);
  codicil_span all = take_authenticator(w.server);
  size_t len = all.len;
  free((void *)(uintptr_t)all.data);
  world_close(&w);
  return len;
}

static void test_as_many_octets_are_sent_as_the_budget_allows(void **state) {
  (void)state;
  // An ECDSA signature is now and then an octet or two shorter.
  size_t len = authenticator_len(SITE_IMG) + authenticator_len(SITE_IMG);
  for (size_t tight = 0; tight <= 1; tight++) {
    world w;
    world_init(&w);
    codicil_config_set_limit(w.server_config, CODICIL_LIMIT_SEND_AUTHENTICATORS_LEN,
                             tight == 1 ? len - 16 : len + 16);
    world_connect(&w);
    world_negotiate(&w);
    drop_events(w.server);
    offer(&w, SITE_IMG);
    offer(&w, SITE_IMG);
    codicil_ea_signing *first = take_want(&w, 0), *second = take_want(&w, 1);
    assert_int_equal(codicil_session_sign(w.server, first), CODICIL_OK);
    assert_int_equal(codicil_session_sign(w.server, second), CODICIL_OK);
    expect_event(&w, CODICIL_EVENT_SENT, 0, CODICIL_OK);
    expect_event(&w, tight == 1 ? CODICIL_EVENT_NOT_SENT : CODICIL_EVENT_SENT, 1,
                 tight == 1 ? CODICIL_LIMIT : CODICIL_OK);
    assert_int_equal(link_move(w.server, w.client, w.now), CODICIL_OK);
    assert_int_equal(codicil_session_num_certificates(w.client), tight == 1 ? 2 : 3);
    world_close(&w);
  }
}

// ---- ORIGIN -------------------------------------------------------------------------------------

static void test_origins_go_before_certificates_and_need_no_support(void **state) {
  (void)state;
  world w;
  world_init(&w);
  world_connect(&w);
  offer(&w, SITE_IMG);
  codicil_origin img = origin_of("https://img.example");
  assert_int_equal(codicil_session_send_origins(w.server, &img, 1), CODICIL_OK);
  codicil_frame_type type;
  codicil_span payload;
  assert_true(codicil_session_peek_frame(w.server, &type, &payload));
  assert_int_equal(type, CODICIL_FRAME_ORIGIN);
  assert_int_equal(payload.len, 2 + strlen("https://img.example"));
  assert_memory_equal(payload.data, "\0\x13https://img.example", payload.len);
  world_negotiate(&w);
  server_sign_all(w.server);
  assert_true(codicil_session_peek_frame(w.server, &type, &payload));
  assert_int_equal(type, CODICIL_FRAME_ORIGIN);
  codicil_session_pop_frame(w.server);
  assert_true(codicil_session_peek_frame(w.server, &type, &payload));
  assert_int_equal(type, CODICIL_FRAME_SERVER_CERTIFICATE);
  world_close(&w);
}

static void test_no_origins_make_an_empty_frame(void **state) {
  (void)state;
  world w;
  open_world(&w);
  assert_int_equal(codicil_session_send_origins(w.server, NULL, 0), CODICIL_OK);
  codicil_frame_type type;
  codicil_span payload;
  assert_true(codicil_session_peek_frame(w.server, &type, &payload));
  assert_int_equal(type, CODICIL_FRAME_ORIGIN);
  assert_int_equal(payload.len, 0);
  assert_int_equal(link_move(w.server, w.client, w.now), CODICIL_OK);
  assert_int_equal(codicil_session_num_origins(w.client), 1);
  codicil_session_pop_frame(w.server);
  assert_false(has_frame(&w));
  world_close(&w);
}

static void test_many_origins_are_cut_into_frames_of_whole_entries(void **state) {
  (void)state;
  enum { NUM = 300 };
  static codicil_origin origins[NUM];
  for (int i = 0; i < NUM; i++) {
    char text[64];
    snprintf(text, sizeof text, "https://host-number-%d.example", i);
    origins[i] = origin_of(text);
  }
  world w;
  world_init(&w);
  codicil_config_set_limit(w.server_config, CODICIL_LIMIT_FRAME_LEN, 512);
  world_connect(&w);
  assert_int_equal(codicil_session_send_origins(w.server, origins, NUM), CODICIL_OK);
  codicil_frame_type type;
  codicil_span payload;
  size_t num_frames = 0;
  while (codicil_session_peek_frame(w.server, &type, &payload)) {
    assert_true(payload.len <= 512 && payload.len > 0);
    assert_int_equal(feed_origin(w.client, payload), CODICIL_OK);
    codicil_session_pop_frame(w.server);
    num_frames++;
  }
  assert_true(num_frames > 10);
  assert_int_equal(codicil_session_num_origins(w.client), NUM + 1);
  world_close(&w);
}

static void test_more_origins_than_a_set_holds_are_not_queued(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_limit(w.server_config, CODICIL_LIMIT_ORIGINS, 3);
  codicil_config_set_limit(w.client_config, CODICIL_LIMIT_ORIGINS, 3);
  world_connect(&w);
  codicil_origin origins[3] = {origin_of("https://a.example"), origin_of("https://b.example"),
                               origin_of("https://c.example")};
  assert_int_equal(codicil_session_send_origins(w.server, origins, 3), CODICIL_BAD_INPUT);
  assert_false(has_frame(&w));
  assert_int_equal(codicil_session_send_origins(w.server, origins, 2), CODICIL_OK);
  assert_int_equal(codicil_session_send_origins(w.server, origins, 1), CODICIL_BAD_INPUT);
  assert_int_equal(codicil_session_send_origins(w.server, NULL, 0), CODICIL_OK);
  // A client with the same limit takes them all, beside the initial origin.
  assert_int_equal(link_move(w.server, w.client, w.now), CODICIL_OK);
  assert_int_equal(codicil_session_num_origins(w.client), 3);
  world_close(&w);
}

static void test_origins_for_which_there_is_no_memory_are_not_queued_in_part(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_limit(w.server_config, CODICIL_LIMIT_FRAME_LEN, 512);
  codicil_origin origins[100];
  for (size_t i = 0; i < 100; i++) {
    origins[i] = origin_of("https://a-name-of-some-length.example");
  }
  codicil_err err = CODICIL_NOMEM;
  for (size_t n = 1; err != CODICIL_OK; n++) {
    fail_mem fail;
    fail_mem_init(&fail, SIZE_MAX);
    assert_int_equal(codicil_session_new(&w.server, &fail.mem, w.server_config, CODICIL_SERVER),
                     CODICIL_OK);
    fail.countdown = n - 1;
    err = codicil_session_send_origins(w.server, origins, 100);
    assert_true(err == CODICIL_OK || err == CODICIL_NOMEM);
    assert_int_equal(has_frame(&w), err == CODICIL_OK);
    codicil_session_free(w.server);
    assert_int_equal(fail.held, 0);
  }
  w.server = NULL;
  world_close(&w);
}

static void test_origins_longer_than_a_set_may_be_are_not_queued(void **state) {
  (void)state;
  codicil_origin a = origin_of("https://a.example"), b = origin_of("https://b.example");
  size_t len = 2 * (2 + strlen("https://a.example"));
  for (size_t short_by = 0; short_by <= 1; short_by++) {
    world w;
    world_init(&w);
    codicil_config_set_limit(w.server_config, CODICIL_LIMIT_ORIGINS_LEN, len - short_by);
    world_connect(&w);
    assert_int_equal(codicil_session_send_origins(w.server, &a, 1), CODICIL_OK);
    assert_int_equal(codicil_session_send_origins(w.server, &b, 1),
                     short_by == 0 ? CODICIL_OK : CODICIL_BAD_INPUT);
    world_close(&w);
  }
}

static void test_a_limit_of_no_origins_allows_the_empty_frame_only(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_limit(w.server_config, CODICIL_LIMIT_ORIGINS, 0);
  world_connect(&w);
  codicil_origin origin = origin_of("https://a.example");
  assert_int_equal(codicil_session_send_origins(w.server, &origin, 1), CODICIL_BAD_INPUT);
  assert_int_equal(codicil_session_send_origins(w.server, NULL, 0), CODICIL_OK);
  world_close(&w);
}

// ---- serving ------------------------------------------------------------------------------------

static void test_a_server_serves_what_it_has_proven_here_and_nothing_else(void **state) {
  (void)state;
  world w;
  open_world(&w);
  size_t index = 99;
  assert_true(serves(&w, "https://www.example:8443", &index)); // the port is the application's
  assert_int_equal(index, 0);
  offer(&w, SITE_CDN);
  assert_false(serves(&w, "https://cdn.example", &index));
  server_sign_all(w.server);
  assert_false(serves(&w, "https://cdn.example", &index));
  assert_int_equal(link_move(w.server, w.client, w.now), CODICIL_OK);
  assert_true(serves(&w, "https://cdn.example", &index));
  assert_int_equal(index, 1);
  assert_true(serves(&w, "https://a.cdn.example", &index));
  assert_false(serves(&w, "https://a.b.cdn.example", &index));
  assert_false(serves(&w, "https://img.example", &index));
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_nothing_is_signed_before_the_feature_is_on),
      cmocka_unit_test(test_nothing_is_signed_before_the_handshake_is_complete),
      cmocka_unit_test(test_a_few_wants_are_open_at_once_and_answered_in_any_order),
      cmocka_unit_test(test_a_signature_made_elsewhere_is_taken),
      cmocka_unit_test(test_an_abandoned_certificate_holds_up_no_other),
      cmocka_unit_test(test_an_abandoned_want_that_was_not_taken_is_withdrawn),
      cmocka_unit_test(test_a_want_of_which_the_application_does_not_know_yet_is_withdrawn),
      cmocka_unit_test(test_an_authenticator_that_clients_would_refuse_is_not_sent),
      cmocka_unit_test(test_past_the_budget_no_signature_is_asked_for),
      cmocka_unit_test(test_without_randomness_no_certificate_is_sent),
      cmocka_unit_test(test_failing_randomness_and_exporter_are_told_per_certificate),
      cmocka_unit_test(test_a_credential_that_the_client_cannot_check_is_not_sent),
      cmocka_unit_test(test_a_long_authenticator_is_cut_at_the_frame_length),
      cmocka_unit_test(test_the_frame_length_stays_within_what_every_peer_takes),
      cmocka_unit_test(test_as_many_are_sent_as_the_budget_allows),
      cmocka_unit_test(test_as_many_octets_are_sent_as_the_budget_allows),
      cmocka_unit_test(test_origins_go_before_certificates_and_need_no_support),
      cmocka_unit_test(test_no_origins_make_an_empty_frame),
      cmocka_unit_test(test_many_origins_are_cut_into_frames_of_whole_entries),
      cmocka_unit_test(test_more_origins_than_a_set_holds_are_not_queued),
      cmocka_unit_test(test_origins_for_which_there_is_no_memory_are_not_queued_in_part),
      cmocka_unit_test(test_origins_longer_than_a_set_may_be_are_not_queued),
      cmocka_unit_test(test_a_limit_of_no_origins_allows_the_empty_frame_only),
      cmocka_unit_test(test_a_server_serves_what_it_has_proven_here_and_nothing_else),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  sites_free();
  return failed;
}
