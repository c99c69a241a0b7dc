// A certificate and its origin travel over HTTP/2, however the octets are cut.
#include "h2_fixture.h"

#include "cmocka_test.h"

#include <string.h>

#include "fail_mem.h"
#include "span.h"
#include "tls_pair.h"

static void expect_proven(h2_pair *pair) {
  assert_int_equal(codicil_session_support(pair->client.session), CODICIL_SUPPORT_YES);
  assert_int_equal(codicil_session_num_certificates(pair->client.session), 2);
  assert_int_equal(codicil_session_num_origins(pair->client.session), 2);
  codicil_route route = h2_route(pair);
  assert_int_equal(route.answer, CODICIL_USE);
  assert_int_equal(route.reason, CODICIL_ROUTE_SECONDARY);
  assert_int_equal(pair->client.goaway, NO_GOAWAY);
  assert_int_equal(pair->server.goaway, NO_GOAWAY);
}

static void test_a_certificate_and_its_origin_arrive(void **state) {
  (void)state;
  h2_pair pair;
  h2_pair_init(&pair);
  h2_pair_open(&pair);
  h2_offer(&pair);
  h2_settle(&pair);
  expect_proven(&pair);
  assert_int_equal(h2_count_seen(&pair.client, 0xfc), 1);
  assert_int_equal(h2_count_seen(&pair.client, NGHTTP2_ORIGIN), 1);
  h2_pair_clear(&pair);
}

static void test_other_codepoints_work_as_well(void **state) {
  (void)state;
  h2_pair pair;
  h2_pair_init(&pair);
  assert_int_equal(
      codicil_codepoints_set(&pair.codepoints, NULL, "h2-frame=0xf1,h2-setting=0xff01"),
      CODICIL_OK);
  h2_pair_open(&pair);
  h2_offer(&pair);
  h2_settle(&pair);
  expect_proven(&pair);
  assert_int_equal(h2_count_seen(&pair.client, 0xf1), 1);
  h2_pair_clear(&pair);
}

static void test_it_holds_over_real_tls_of_either_version(void **state) {
  (void)state;
  for (int is_tls_1_2 = 0; is_tls_1_2 < 2; is_tls_1_2++) {
    tls_pair tls;
    tls_pair_init(&tls);
    if (is_tls_1_2) {
      assert_int_equal(SSL_CTX_set_max_proto_version(tls.client_ctx, TLS1_2_VERSION), 1);
    }
    tls_pair_connect(&tls, true);
    tls_pair_handshake(&tls);
    codicil_tls *client_tls, *server_tls;
    assert_int_equal(codicil_ossl_tls_new(&client_tls, tls.client), CODICIL_OK);
    assert_int_equal(codicil_ossl_tls_new(&server_tls, tls.server), CODICIL_OK);
    h2_pair pair;
    h2_pair_init(&pair);
    pair.client.tls = *client_tls;
    pair.server.tls = *server_tls;
    h2_pair_open(&pair);
    h2_offer(&pair);
    h2_settle(&pair);
    expect_proven(&pair);
    h2_pair_clear(&pair);
    codicil_ossl_tls_free(client_tls);
    codicil_ossl_tls_free(server_tls);
    tls_pair_clear(&tls);
  }
}

static void test_every_size_of_piece_and_every_cut_gives_the_same_outcome(void **state) {
  (void)state;
  h2_pair pair;
  h2_pair_init(&pair);
  h2_pair_open(&pair);
  h2_offer(&pair);
  h2_deliver(&pair.client, &pair.server, 0);
  codicil_buf whole = pair.server.out; // SETTINGS, ACK, ORIGIN, SERVER_CERTIFICATE
  codicil_buf_init(&pair.server.out, NULL, 1 << 20);
  for (size_t cut = 0; cut < whole.len; cut++) {
    h2_end_close(&pair.client);
    h2_pair_open_end(&pair, &pair.client);
    codicil_span first = exact_copy(codicil_span_sub(codicil_buf_span(&whole), 0, cut));
    codicil_span rest = exact_copy(codicil_span_sub(codicil_buf_span(&whole), cut, SIZE_MAX));
    assert_int_equal(nghttp2_session_mem_recv(pair.client.ng, first.data, first.len), first.len);
    assert_int_equal(nghttp2_session_mem_recv(pair.client.ng, rest.data, rest.len), rest.len);
    assert_int_equal(codicil_h2_error(pair.client.h2), CODICIL_OK);
    assert_int_equal(codicil_session_num_certificates(pair.client.session), 2);
    assert_int_equal(codicil_session_num_origins(pair.client.session), 2);
    free((void *)(uintptr_t)first.data);
    free((void *)(uintptr_t)rest.data);
  }
  for (size_t step = 1; step < 20; step++) {
    h2_end_close(&pair.client);
    h2_pair_open_end(&pair, &pair.client);
    assert_int_equal(codicil_buf_append(&pair.server.out, codicil_buf_span(&whole)), CODICIL_OK);
    h2_deliver(&pair.server, &pair.client, step);
    expect_proven(&pair);
  }
  codicil_buf_clear(&whole);
  h2_pair_clear(&pair);
}

static void test_an_authenticator_may_come_in_many_frames_with_others_between(void **state) {
  (void)state;
  for (size_t len = 3; len < 800; len += 61) {
    h2_pair pair;
    h2_pair_init(&pair);
    codicil_config_set_limit(pair.client.config, CODICIL_LIMIT_AUTHENTICATOR_FRAMES, 1000);
    h2_pair_open(&pair);
    h2_settle(&pair);
    codicil_buf authenticator = h2_authenticator(&pair);
    for (size_t at = 0; at < authenticator.len; at += len) {
      h2_inject(&pair.server, 0xfc, 0, 0, codicil_span_of(NULL, 0)); // adds nothing
      h2_inject(&pair.server, 0xfc, (uint8_t)at, 0,                  // flags are ignored
                codicil_span_sub(codicil_buf_span(&authenticator), at, len));
      h2_inject(&pair.server, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, codicil_span_str("12345678"));
    }
    h2_deliver(&pair.server, &pair.client, 5);
    assert_int_equal(codicil_h2_error(pair.client.h2), CODICIL_OK);
    assert_int_equal(codicil_session_num_certificates(pair.client.session), 2);
    codicil_buf_clear(&authenticator);
    h2_pair_clear(&pair);
  }
}

static void test_a_certificate_goes_out_before_the_response_that_follows_it(void **state) {
  (void)state;
  h2_pair pair;
  h2_pair_init(&pair);
  // Small frames, so that the authenticator needs more than one.
  codicil_config_set_limit(pair.server.config, CODICIL_LIMIT_FRAME_LEN, 512);
  h2_pair_open(&pair);
  h2_settle(&pair);
  pair.server.is_answering = true;
  pair.client.num_seen = 0;
  h2_request(&pair);
  h2_settle(&pair);
  expect_proven(&pair);
  assert_true(h2_count_seen(&pair.client, 0xfc) > 1);
  assert_int_equal(pair.client.seen[0], NGHTTP2_ORIGIN);
  assert_int_equal(pair.client.seen[pair.client.num_seen - 1], NGHTTP2_HEADERS);
  h2_pair_clear(&pair);
}

static void test_without_offering_nothing_is_sent_and_frames_are_counted(void **state) {
  (void)state;
  for (int server_offers = 0; server_offers < 2; server_offers++) {
    h2_pair pair;
    h2_pair_init(&pair);
    codicil_config_set_offer(server_offers ? pair.client.config : pair.server.config, false);
    h2_pair_open(&pair);
    h2_offer(&pair);
    h2_settle(&pair);
    assert_int_equal(h2_count_seen(&pair.client, 0xfc), 0);
    h2_inject(&pair.server, 0xfc, 0, 0, codicil_span_str("anything"));
    h2_inject(&pair.server, 0xfc, 0, 1, codicil_span_str("on any stream"));
    h2_settle(&pair);
    assert_int_equal(codicil_session_num_ignored(pair.client.session), 2);
    assert_int_equal(codicil_h2_error(pair.client.h2), CODICIL_OK);
    assert_int_equal(codicil_session_num_certificates(pair.client.session), 1);
    h2_pair_clear(&pair);
  }
}

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-3.1
//# HTTP/2 and HTTP/3 endpoints that wish to indicate support for HTTP-Layer
//# certificate authentication MUST send a `SETTINGS_HTTP_SERVER_CERT_AUTH`
//# parameter set to "1" in their SETTINGS frame.
static void test_the_setting_is_appended_where_it_is_offered_and_fits(void **state) {
  (void)state;
  h2_pair pair;
  h2_pair_init(&pair);
  codicil_config_set_offer(pair.server.config, false);
  h2_pair_open(&pair);
  nghttp2_settings_entry entries[3] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
  assert_int_equal(codicil_h2_settings_entry(pair.client.h2, entries, 1, 3), 2);
  assert_int_equal(entries[1].settings_id, 0xf0ce);
  assert_int_equal(entries[1].value, 1);
  assert_int_equal(codicil_h2_settings_entry(pair.client.h2, entries, 3, 3), 3);
  assert_int_equal(codicil_h2_settings_entry(pair.server.h2, entries, 1, 3), 1);
  h2_pair_clear(&pair);
}

static void test_a_last_frame_of_one_octet_goes_out_whole(void **state) {
  (void)state;
  h2_pair pair;
  h2_pair_init(&pair);
  h2_pair_open(&pair);
  h2_settle(&pair);
  codicil_session *server = pair.server.session;
  assert_int_equal(codicil_session_offer(server, pair.credential, pair.identity), CODICIL_OK);
  codicil_event event;
  while (codicil_session_next_event(server, &event)) {
    assert_true(event.type != CODICIL_EVENT_WANT_SIGN ||
                codicil_session_sign(server, event.signing) == CODICIL_OK);
  }
  codicil_frame_type type;
  codicil_span all;
  assert_true(codicil_session_peek_frame(server, &type, &all));
  assert_true(all.len > 513);
  codicil_config_set_limit(pair.server.config, CODICIL_LIMIT_FRAME_LEN, all.len - 1);
  h2_drive(&pair.server);
  h2_settle(&pair);
  codicil_certificate_info info;
  assert_true(codicil_session_certificate(pair.client.session, &info, 1));
  assert_int_equal(info.num_frames, 2);
  h2_pair_clear(&pair);
}

static void test_what_is_offered_after_all_is_sent_goes_out_too(void **state) {
  (void)state;
  h2_pair pair;
  h2_pair_init(&pair);
  h2_pair_open(&pair);
  for (size_t num = 1; num <= 3; num++) {
    h2_offer(&pair);
    h2_drive(&pair.server);
    h2_settle(&pair);
    assert_int_equal(codicil_session_num_certificates(pair.client.session), 1 + num);
  }
  h2_pair_clear(&pair);
}

static void test_extension_frames_of_the_application_are_left_to_it(void **state) {
  (void)state;
  h2_pair pair;
  h2_pair_init(&pair);
  h2_pair_open(&pair);
  uint8_t buf[16];
  int mine;
  nghttp2_frame frame = {.ext = {{5, 0, 0xfa, 0, 0}, &mine}};
  void *payload = &mine;
  assert_int_equal(
      codicil_h2_pack_extension(pair.server.h2, pair.server.ng, buf, sizeof buf, &frame),
      NGHTTP2_ERR_CANCEL);
  assert_int_equal(codicil_h2_on_begin_frame(pair.client.h2, pair.client.ng, &frame.hd), 0);
  assert_int_equal(
      codicil_h2_on_extension_chunk_recv(pair.client.h2, pair.client.ng, &frame.hd, buf, 5), 0);
  assert_int_equal(codicil_h2_unpack_extension(pair.client.h2, pair.client.ng, &payload, &frame.hd),
                   NGHTTP2_ERR_CANCEL);
  assert_ptr_equal(payload, &mine);
  assert_int_equal(codicil_h2_error(pair.client.h2), CODICIL_OK);
  h2_pair_clear(&pair);
}

static void test_frames_not_sent_are_freed_with_the_binding(void **state) {
  (void)state;
  h2_pair pair;
  h2_pair_init(&pair);
  h2_pair_open(&pair);
  h2_settle(&pair);
  h2_offer(&pair);
  codicil_event event;
  while (codicil_session_next_event(pair.server.session, &event)) {
    if (event.type == CODICIL_EVENT_WANT_SIGN) {
      assert_int_equal(codicil_session_sign(pair.server.session, event.signing), CODICIL_OK);
    }
  }
  assert_int_equal(codicil_h2_flush(pair.server.h2, pair.server.ng), CODICIL_OK);
  h2_pair_clear(&pair); // LeakSanitizer looks
}

static void test_every_failing_allocation_of_the_binding_ends_the_connection(void **state) {
  (void)state;
  h2_pair pair;
  fail_mem fail;
  h2_pair_init(&pair);
  pair.mem = &fail.mem;
  size_t n = 2; // the bindings themselves
  bool has_failed;
  do {
    fail_mem_init(&fail, n++);
    h2_pair_open(&pair);
    h2_offer(&pair);
    h2_settle(&pair);
    has_failed = fail.failed;
    if (has_failed) {
      bool by_client = codicil_h2_error(pair.client.h2) == CODICIL_NOMEM;
      bool by_server = codicil_h2_error(pair.server.h2) == CODICIL_NOMEM;
      assert_true(by_client != by_server);
      assert_int_equal(by_client ? pair.server.goaway : pair.client.goaway, NGHTTP2_INTERNAL_ERROR);
    } else {
      expect_proven(&pair);
    }
    h2_pair_close(&pair);
    assert_int_equal(fail.held, 0);
  } while (has_failed);
  assert_true(n > 5);
  h2_pair_clear(&pair);
  codicil_h2 *h2;
  fail_mem_init(&fail, 0);
  assert_int_equal(codicil_h2_new(&h2, &fail.mem, NULL, &pair.codepoints, NULL, NULL),
                   CODICIL_NOMEM);
  codicil_h2_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_certificate_and_its_origin_arrive),
      cmocka_unit_test(test_other_codepoints_work_as_well),
      cmocka_unit_test(test_it_holds_over_real_tls_of_either_version),
      cmocka_unit_test(test_every_size_of_piece_and_every_cut_gives_the_same_outcome),
      cmocka_unit_test(test_an_authenticator_may_come_in_many_frames_with_others_between),
      cmocka_unit_test(test_a_certificate_goes_out_before_the_response_that_follows_it),
      cmocka_unit_test(test_without_offering_nothing_is_sent_and_frames_are_counted),
      cmocka_unit_test(test_the_setting_is_appended_where_it_is_offered_and_fits),
      cmocka_unit_test(test_a_last_frame_of_one_octet_goes_out_whole),
      cmocka_unit_test(test_what_is_offered_after_all_is_sent_goes_out_too),
      cmocka_unit_test(test_extension_frames_of_the_application_are_left_to_it),
      cmocka_unit_test(test_frames_not_sent_are_freed_with_the_binding),
      cmocka_unit_test(test_every_failing_allocation_of_the_binding_ends_the_connection),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
