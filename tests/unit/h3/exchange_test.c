// The whole binding: two nghttp3 connections back to back.
#include "h3_pair.h"

#include "cmocka_test.h"

#include "octets.h"
#include "span.h"

static const size_t steps[] = {1, 2, 3, 7, 100, 0};
enum { NUM_STEPS = sizeof steps / sizeof steps[0] };

static void check_quiet(const h3_pair *pair) {
  assert_int_equal(pair->client.rc, 0);
  assert_int_equal(pair->server.rc, 0);
  assert_int_equal(codicil_h3_error(pair->client.h3), CODICIL_OK);
  assert_int_equal(codicil_h3_error(pair->server.h3), CODICIL_OK);
  // Every octet that came was given back to flow control, once.
  assert_int_equal(pair->client.credited, pair->client.received);
  assert_int_equal(pair->server.credited, pair->server.received);
}

static void offer(h3_pair *pair, site which) {
  const site_data *data = site_of(which);
  assert_int_equal(codicil_session_offer(pair->w.server, data->credential, data->identity),
                   CODICIL_OK);
}

static void test_certificates_and_origins_arrive_beside_requests(void **state) {
  (void)state;
  for (size_t i = 0; i < NUM_STEPS; i++) {
    h3_pair pair;
    h3_pair_init(&pair);
    h3_pair_open(&pair);
    codicil_origin origin = origin_of("https://img.example");
    assert_int_equal(codicil_session_send_origins(pair.w.server, &origin, 1), CODICIL_OK);
    offer(&pair, SITE_IMG);
    offer(&pair, SITE_BIG);
    h3_end_request(&pair.client, 10, 20000);
    h3_end_request(&pair.client, 5000, 0);
    h3_pair_settle(&pair, steps[i]);
    check_quiet(&pair);
    assert_true(h3_end_is_done(&pair.client));
    assert_int_equal(codicil_session_num_certificates(pair.w.client), 3);
    assert_true(codicil_session_origin_set_initialised(pair.w.client));
    codicil_route route = route_to(&pair.w, "https://img.example", evidence_here());
    assert_int_equal(route.answer, CODICIL_USE);
    h3_pair_close(&pair);
  }
}

static void test_the_feature_is_on_when_nghttp3_tells_of_settings(void **state) {
  (void)state;
  for (unsigned offers = 0; offers < 4; offers++) {
    h3_pair pair;
    h3_pair_init(&pair);
    codicil_config_set_offer(pair.w.client_config, (offers & 1) != 0);
    codicil_config_set_offer(pair.w.server_config, (offers & 2) != 0);
    h3_pair_open(&pair);
    offer(&pair, SITE_IMG);
    h3_end_request(&pair.client, 0, 100);
    h3_pair_settle(&pair, 1);
    check_quiet(&pair);
    assert_true(pair.client.had_settings && pair.server.had_settings);
    codicil_support support = offers == 3 ? CODICIL_SUPPORT_YES : CODICIL_SUPPORT_NO;
    assert_int_equal(pair.client.support, support);
    assert_int_equal(pair.server.support, support);
    assert_true(h3_end_is_done(&pair.client));
    assert_int_equal(codicil_session_num_certificates(pair.w.client), offers == 3 ? 2 : 1);
    assert_int_equal(codicil_session_num_ignored(pair.w.client), 0);
    h3_pair_close(&pair);
  }
}

static void inject_frame(h3_end *end, int64_t stream, uint64_t type, size_t len, size_t step) {
  static const uint8_t zeros[4];
  codicil_buf buf;
  codicil_buf_init(&buf, NULL, 64);
  put_frame(&buf, type, codicil_span_of(zeros, len));
  assert_true(h3_inject(end, stream, codicil_buf_span(&buf), step, 0));
  codicil_buf_clear(&buf);
}

static void test_frames_that_ask_for_nothing_are_counted(void **state) {
  (void)state;
  for (size_t step = 0; step < 3; step++) {
    h3_pair pair;
    h3_pair_init(&pair);
    h3_pair_open(&pair);
    h3_end_request(&pair.client, 100, 100);
    h3_pair_settle(&pair, step);
    assert_int_equal(codicil_h3_num_idle_frames(pair.server.h3), 1); // SETTINGS
    for (int64_t stream = 400; stream < 440; stream += 4) {
      inject_frame(&pair.server, h3_one_way(false, H3_CONTROL), FRAME_UNKNOWN, 3, step);
      inject_frame(&pair.server, stream, FRAME_UNKNOWN, 0, step);
      inject_frame(&pair.server, stream, FRAME_UNKNOWN, 4, step);
    }
    assert_int_equal(codicil_h3_num_idle_frames(pair.server.h3), 31);
    check_quiet(&pair);
    h3_pair_close(&pair);
  }
}

// Takes all that `end` has to send now; returns how many octets of `stream` were among it.
static size_t drain(h3_end *end, int64_t stream) {
  nghttp3_vec vec[H3_MAX_VEC];
  int64_t id;
  int fin;
  size_t len = 0;
  for (size_t num; (num = h3_end_next(end, &id, &fin, vec)) > 0 || id >= 0;) {
    h3_end_sent(end, id, (size_t)nghttp3_vec_len(vec, num));
    len += id == stream ? (size_t)nghttp3_vec_len(vec, num) : 0;
  }
  return len;
}

static void test_a_blocked_control_stream_holds_no_other(void **state) {
  (void)state;
  h3_pair pair;
  h3_pair_init(&pair);
  h3_pair_open(&pair);
  h3_end *end = &pair.client;
  h3_end_request(end, 3000, 10);
  codicil_h3_block_stream(end->h3, end->http, h3_one_way(false, H3_CONTROL));
  assert_true(drain(end, 0) > 3000);
  static const char value[] = "u=2";
  assert_int_equal(nghttp3_conn_set_client_stream_priority(end->http, 0, (const uint8_t *)value,
                                                           sizeof value - 1),
                   0);
  assert_int_equal(drain(end, h3_one_way(false, H3_CONTROL)), 0);
  assert_int_equal(codicil_h3_unblock_stream(end->h3, end->http, h3_one_way(false, H3_CONTROL)), 0);
  assert_true(drain(end, h3_one_way(false, H3_CONTROL)) > 10);
  assert_int_equal(end->rc, 0);
  h3_pair_close(&pair);
}

static void test_a_blocked_request_holds_no_other(void **state) {
  (void)state;
  h3_pair pair;
  h3_pair_init(&pair);
  h3_pair_open(&pair);
  h3_end *end = &pair.client;
  h3_end_request(end, 3000, 10);
  h3_end_request(end, 3000, 10);
  codicil_h3_block_stream(end->h3, end->http, 0);
  assert_true(drain(end, 4) > 3000);
  assert_int_equal(drain(end, 0), 0);
  assert_int_equal(codicil_h3_unblock_stream(end->h3, end->http, 0), 0);
  assert_true(drain(end, 0) > 3000);
  assert_int_equal(end->rc, 0);
  h3_pair_close(&pair);
}

static void test_a_stream_that_takes_no_more_is_left_alone(void **state) {
  (void)state;
  h3_pair pair;
  h3_pair_init(&pair);
  h3_pair_open(&pair);
  h3_end *end = &pair.client;
  h3_end_request(end, 3000, 10);
  h3_end_request(end, 3000, 10);
  codicil_h3_shutdown_stream_write(end->h3, end->http, 0);
  assert_true(drain(end, 4) > 3000);
  assert_int_equal(drain(end, 0), 0);
  assert_int_equal(end->exchanges[0].written, 0);
  h3_pair_close(&pair);
}

// Flow control of QUIC tells of more than was given only where the caller is wrong.
static void test_more_than_was_given_is_not_sent(void **state) {
  (void)state;
  h3_pair pair;
  h3_pair_init(&pair);
  h3_pair_open(&pair);
  h3_end *end = &pair.client;
  int64_t control = h3_one_way(false, H3_CONTROL);
  assert_int_equal(codicil_h3_add_write_offset(end->h3, end->http, control, 1),
                   NGHTTP3_ERR_INVALID_ARGUMENT);
  size_t len = drain(end, control);
  assert_int_equal(codicil_h3_add_write_offset(end->h3, end->http, control, 1),
                   NGHTTP3_ERR_INVALID_ARGUMENT);
  assert_int_equal(codicil_h3_add_ack_offset(end->h3, end->http, control, len + 1),
                   NGHTTP3_ERR_INVALID_ARGUMENT);
  assert_false(codicil_h3_settings_acked(end->h3));
  assert_int_equal(codicil_h3_add_ack_offset(end->h3, end->http, control, len), 0);
  assert_true(codicil_h3_settings_acked(end->h3));
  h3_pair_close(&pair);
}

static void test_a_control_stream_is_bound_once(void **state) {
  (void)state;
  h3_pair pair;
  h3_pair_init(&pair);
  h3_pair_open(&pair);
  assert_int_equal(codicil_h3_bind_control_stream(pair.client.h3, pair.client.http, 14),
                   NGHTTP3_ERR_INVALID_STATE);
  h3_end_request(&pair.client, 1, 1);
  h3_pair_settle(&pair, 0);
  check_quiet(&pair);
  assert_true(h3_end_is_done(&pair.client));
  h3_pair_close(&pair);
}

static void test_codepoints_may_be_others(void **state) {
  (void)state;
  h3_pair pair;
  h3_pair_init(&pair);
  codicil_codepoints codepoints;
  codicil_codepoints_default(&codepoints);
  assert_int_equal(
      codicil_codepoints_set(&codepoints, NULL, "h3-setting=0x70,h3-frame=0x3f,h3-error=0x777"),
      CODICIL_OK);
  codicil_config_set_codepoints(pair.w.client_config, &codepoints);
  codicil_config_set_codepoints(pair.w.server_config, &codepoints);
  h3_pair_open(&pair);
  offer(&pair, SITE_IMG);
  h3_pair_settle(&pair, 0);
  check_quiet(&pair);
  assert_int_equal(codicil_session_num_certificates(pair.w.client), 2);
  codicil_buf frame;
  codicil_buf_init(&frame, NULL, 100);
  put_frame(&frame, 0x3f, codicil_span_str("no authenticator"));
  assert_false(h3_inject(&pair.client, 3, codicil_buf_span(&frame), 0, 0));
  assert_int_equal(h3_close_code(&pair.client), 0x777);
  codicil_buf_clear(&frame);
  h3_pair_close(&pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_certificates_and_origins_arrive_beside_requests),
      cmocka_unit_test(test_the_feature_is_on_when_nghttp3_tells_of_settings),
      cmocka_unit_test(test_frames_that_ask_for_nothing_are_counted),
      cmocka_unit_test(test_a_blocked_control_stream_holds_no_other),
      cmocka_unit_test(test_a_blocked_request_holds_no_other),
      cmocka_unit_test(test_a_stream_that_takes_no_more_is_left_alone),
      cmocka_unit_test(test_more_than_was_given_is_not_sent),
      cmocka_unit_test(test_a_control_stream_is_bound_once),
      cmocka_unit_test(test_codepoints_may_be_others),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  sites_free();
  return failed;
}
