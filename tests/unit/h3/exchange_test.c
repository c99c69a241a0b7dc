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
    }
    assert_int_equal(codicil_h3_num_idle_frames(pair.server.h3), 21);
    check_quiet(&pair);
    h3_pair_close(&pair);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_certificates_and_origins_arrive_beside_requests),
      cmocka_unit_test(test_the_feature_is_on_when_nghttp3_tells_of_settings),
      cmocka_unit_test(test_frames_that_ask_for_nothing_are_counted),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  sites_free();
  return failed;
}
