// Every fault of a peer ends in its named error and code, and nothing is read after it.
#include "h2_fixture.h"

#include "cmocka_test.h"

#include "span.h"

enum { INVALID = 0xf0ce, CERTIFICATE_FRAME = 0xfc };

static void open_and_settle(h2_pair *pair) {
  h2_pair_init(pair);
  h2_pair_open(pair);
  h2_settle(pair);
}

// `end` found the error; the other end is told by GOAWAY.
static void expect_end(h2_pair *pair, h2_end *end, codicil_err err, uint32_t code) {
  h2_settle(pair);
  assert_string_equal(codicil_err_name(codicil_h2_error(end->h2)), codicil_err_name(err));
  assert_int_equal((end->is_server ? &pair->client : &pair->server)->goaway, code);
  assert_int_equal(codicil_session_num_certificates(pair->client.session), 1);
}

static void expect_no_error(h2_pair *pair) {
  h2_settle(pair);
  assert_int_equal(codicil_h2_error(pair->client.h2), CODICIL_OK);
  assert_int_equal(codicil_h2_error(pair->server.h2), CODICIL_OK);
  assert_int_equal(pair->client.goaway, NO_GOAWAY);
  assert_int_equal(pair->server.goaway, NO_GOAWAY);
}

// ---- the setting --------------------------------------------------------------------------------

static void test_a_setting_that_is_not_0_or_1_or_is_taken_back_is_a_protocol_error(void **state) {
  (void)state;
  static const struct {
    uint32_t values[3];
    size_t num;
  } rows[] = {{{2}, 1}, {{0xffffffff}, 1}, {{1, 0}, 2}, {{0, 1, 0}, 3}, {{1, 2}, 2}};
  for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
    for (int in_one_frame = 0; in_one_frame < 2; in_one_frame++) {
      h2_pair pair;
      h2_pair_init(&pair);
      h2_end *from = i % 2 == 0 ? &pair.client : &pair.server;
      h2_end *to = i % 2 == 0 ? &pair.server : &pair.client;
      codicil_config_set_offer(from->config, false);
      h2_pair_open(&pair);
      for (size_t k = 0; k < (in_one_frame ? 1 : rows[i / 2].num); k++) {
        h2_send_setting(from, rows[i / 2].values + k, in_one_frame ? rows[i / 2].num : 1);
      }
      expect_end(&pair, to, CODICIL_SETTING, NGHTTP2_PROTOCOL_ERROR);
      h2_pair_clear(&pair);
    }
  }
}

static void test_settings_may_be_repeated_and_say_yes_later(void **state) {
  (void)state;
  static const uint32_t zero = 0, ones[] = {1, 1};
  h2_pair pair;
  h2_pair_init(&pair);
  codicil_config_set_offer(pair.server.config, false);
  h2_pair_open(&pair);
  assert_int_equal(codicil_session_support(pair.client.session), CODICIL_SUPPORT_AWAITED);
  h2_settle(&pair);
  assert_int_equal(codicil_session_support(pair.client.session), CODICIL_SUPPORT_NO);
  h2_send_setting(&pair.server, &zero, 1);
  expect_no_error(&pair);
  assert_int_equal(codicil_session_support(pair.client.session), CODICIL_SUPPORT_NO);
  h2_send_setting(&pair.server, ones, 2);
  expect_no_error(&pair);
  assert_int_equal(codicil_session_support(pair.client.session), CODICIL_SUPPORT_YES);
  h2_send_setting(&pair.server, ones, 1);
  expect_no_error(&pair);
  h2_pair_clear(&pair);
}

// ---- where frames may be ------------------------------------------------------------------------

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-5.1
//# An endpoint MUST treat a SERVER_CERTIFICATE frame with a
//# stream identifier other than 0x00 as a connection error.
static void test_a_frame_on_another_stream_is_a_protocol_error(void **state) {
  (void)state;
  static const uint32_t streams[] = {1, 2, 0x7fffffff};
  for (size_t i = 0; i < 3; i++) {
    h2_pair pair;
    open_and_settle(&pair);
    codicil_buf authenticator = h2_authenticator(&pair);
    h2_inject(&pair.server, CERTIFICATE_FRAME, 0, streams[i], codicil_buf_span(&authenticator));
    expect_end(&pair, &pair.client, CODICIL_UNEXPECTED, NGHTTP2_PROTOCOL_ERROR);
    codicil_buf_clear(&authenticator);
    h2_pair_clear(&pair);
  }
}

static void test_a_frame_from_a_client_is_a_protocol_error_whatever_it_offered(void **state) {
  (void)state;
  for (uint32_t i = 0; i < 4; i++) {
    h2_pair pair;
    h2_pair_init(&pair);
    codicil_config_set_offer(pair.client.config, i % 2 == 0);
    h2_pair_open(&pair);
    h2_settle(&pair);
    h2_inject(&pair.client, CERTIFICATE_FRAME, 0, i / 2, codicil_span_of(NULL, 0));
    expect_end(&pair, &pair.server, CODICIL_UNEXPECTED, NGHTTP2_PROTOCOL_ERROR);
    h2_pair_clear(&pair);
  }
}

static void test_a_server_that_did_not_offer_ignores_frames_and_counts_them(void **state) {
  (void)state;
  h2_pair pair;
  h2_pair_init(&pair);
  codicil_config_set_offer(pair.server.config, false);
  h2_pair_open(&pair);
  h2_settle(&pair);
  h2_inject(&pair.client, CERTIFICATE_FRAME, 0, 0, codicil_span_str("x"));
  h2_inject(&pair.client, CERTIFICATE_FRAME, 0xff, 5, codicil_span_of(NULL, 0));
  expect_no_error(&pair);
  assert_int_equal(codicil_session_num_ignored(pair.server.session), 2);
  h2_pair_clear(&pair);
}

// ---- what frames may carry ----------------------------------------------------------------------

typedef void spoil_fn(codicil_buf *authenticator);

static void append_octet(codicil_buf *a) {
  assert_int_equal(codicil_buf_append(a, codicil_span_of("", 1)), CODICIL_OK);
}
static void append_itself(codicil_buf *a) {
  assert_int_equal(codicil_buf_reserve(a, a->len), CODICIL_OK);
  assert_int_equal(codicil_buf_append(a, codicil_span_of(a->data, a->len)), CODICIL_OK);
}
static void flip_last_bit(codicil_buf *a) {
  a->data[a->len - 1] ^= 1;
}
static void change_type(codicil_buf *a) {
  a->data[0] = 0;
}
static void keep_finished_only(codicil_buf *a) {
  enum { FINISHED_LEN = 4 + 32 };
  codicil_buf whole = *a;
  codicil_buf_init(a, NULL, whole.max);
  codicil_span finished = codicil_span_sub(codicil_buf_span(&whole), whole.len - FINISHED_LEN, 99);
  assert_int_equal(codicil_buf_append(a, finished), CODICIL_OK);
  codicil_buf_clear(&whole);
}

static void test_a_payload_that_is_no_authenticator_is_invalid(void **state) {
  (void)state;
  static spoil_fn *const spoils[] = {append_octet, append_itself, flip_last_bit, change_type,
                                     keep_finished_only};
  static const codicil_err errs[] = {CODICIL_MALFORMED, CODICIL_MALFORMED, CODICIL_AUTH,
                                     CODICIL_MALFORMED, CODICIL_MALFORMED};
  for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
    for (size_t step = 0; step < 40; step += 13) {
      h2_pair pair;
      open_and_settle(&pair);
      codicil_buf authenticator = h2_authenticator(&pair);
      spoils[i](&authenticator);
      h2_inject(&pair.server, CERTIFICATE_FRAME, 0, 0, codicil_buf_span(&authenticator));
      h2_deliver(&pair.server, &pair.client, step);
      expect_end(&pair, &pair.client, errs[i], INVALID);
      codicil_buf_clear(&authenticator);
      h2_pair_clear(&pair);
    }
  }
}

static void test_an_authenticator_played_twice_is_invalid(void **state) {
  (void)state;
  h2_pair pair;
  open_and_settle(&pair);
  codicil_buf authenticator = h2_authenticator(&pair);
  h2_inject(&pair.server, CERTIFICATE_FRAME, 0, 0, codicil_buf_span(&authenticator));
  expect_no_error(&pair);
  assert_int_equal(codicil_session_num_certificates(pair.client.session), 2);
  h2_inject(&pair.server, CERTIFICATE_FRAME, 0, 0, codicil_buf_span(&authenticator));
  h2_settle(&pair);
  assert_int_equal(codicil_h2_error(pair.client.h2), CODICIL_AUTH);
  assert_int_equal(pair.server.goaway, INVALID);
  codicil_buf_clear(&authenticator);
  h2_pair_clear(&pair);
}

static void test_the_error_code_is_the_configured_one(void **state) {
  (void)state;
  h2_pair pair;
  h2_pair_init(&pair);
  assert_int_equal(codicil_codepoints_set(&pair.codepoints, NULL, "h2-error=0xabcd"), CODICIL_OK);
  h2_pair_open(&pair);
  h2_settle(&pair);
  h2_inject(&pair.server, CERTIFICATE_FRAME, 0, 0, codicil_span_str("no authenticator"));
  expect_end(&pair, &pair.client, CODICIL_MALFORMED, 0xabcd);
  h2_pair_clear(&pair);
}

// ---- limits -------------------------------------------------------------------------------------

static void test_an_authenticator_too_long_ends_the_connection_at_its_header(void **state) {
  (void)state;
  h2_pair pair;
  h2_pair_init(&pair);
  codicil_config_set_limit(pair.client.config, CODICIL_LIMIT_AUTHENTICATOR_LEN, 1000);
  h2_pair_open(&pair);
  h2_settle(&pair);
  static const uint8_t header[9] = {0, 1001 >> 8, 1001 & 0xff, CERTIFICATE_FRAME};
  assert_int_equal(codicil_buf_append(&pair.server.out, codicil_span_of(header, 9)), CODICIL_OK);
  expect_end(&pair, &pair.client, CODICIL_LIMIT, NGHTTP2_ENHANCE_YOUR_CALM);
  h2_pair_clear(&pair);
}

static void test_too_many_frames_of_one_authenticator_end_the_connection(void **state) {
  (void)state;
  h2_pair pair;
  open_and_settle(&pair);
  for (size_t i = 0; i < 256; i++) {
    h2_inject(&pair.server, CERTIFICATE_FRAME, 0, 0, codicil_span_of(NULL, 0));
  }
  expect_no_error(&pair);
  h2_inject(&pair.server, CERTIFICATE_FRAME, 0, 0, codicil_span_of(NULL, 0));
  expect_end(&pair, &pair.client, CODICIL_LIMIT, NGHTTP2_ENHANCE_YOUR_CALM);
  h2_pair_clear(&pair);
}

// ---- afterwards ---------------------------------------------------------------------------------

// Where in a frame the error is found: nghttp2 goes different ways from there.
static void inject_bad_frame(h2_pair *pair, int place) {
  enum { AT_HEADER, IN_PAYLOAD, AT_END };
  codicil_buf authenticator = h2_authenticator(pair);
  if (place == AT_END) {
    flip_last_bit(&authenticator);
  } else if (place == IN_PAYLOAD) {
    change_type(&authenticator);
  }
  h2_inject(&pair->server, CERTIFICATE_FRAME, 0, place == AT_HEADER ? 1 : 0,
            codicil_buf_span(&authenticator));
  codicil_buf_clear(&authenticator);
}

static void test_nothing_is_read_after_an_error(void **state) {
  (void)state;
  static const codicil_err errs[] = {CODICIL_UNEXPECTED, CODICIL_MALFORMED, CODICIL_AUTH};
  static const uint32_t codes[] = {NGHTTP2_PROTOCOL_ERROR, INVALID, INVALID};
  static const uint8_t answer[] = {0x88}; // :status: 200
  for (size_t step = 0; step < 3; step++) {
    for (int place = 0; place < 3; place++) {
      h2_pair pair;
      open_and_settle(&pair);
      h2_request(&pair);
      h2_settle(&pair);
      pair.client.num_seen = 0;
      inject_bad_frame(&pair, place);
      h2_inject(&pair.server, NGHTTP2_HEADERS, 5, 1, codicil_span_of(answer, 1));
      h2_inject(&pair.server, NGHTTP2_ORIGIN, 0, 0, codicil_span_of(NULL, 0));
      h2_inject(&pair.server, CERTIFICATE_FRAME, 0, 0, codicil_span_str("bad"));
      h2_deliver(&pair.server, &pair.client, step);
      assert_int_equal(pair.client.num_seen, 0);
      assert_false(codicil_session_origin_set_initialised(pair.client.session));
      assert_int_equal(nghttp2_session_want_read(pair.client.ng), 0);
      expect_end(&pair, &pair.client, errs[place], codes[place]);
      h2_pair_clear(&pair);
    }
  }
}

static void test_the_error_stays_and_later_calls_do_nothing(void **state) {
  (void)state;
  h2_pair pair;
  open_and_settle(&pair);
  h2_inject(&pair.server, CERTIFICATE_FRAME, 0, 0, codicil_span_str("bad"));
  expect_end(&pair, &pair.client, CODICIL_MALFORMED, INVALID);
  nghttp2_frame frame = {.hd = {3, 0, CERTIFICATE_FRAME, 0, 0}};
  void *payload = NULL;
  codicil_h2 *h2 = pair.client.h2;
  assert_int_equal(codicil_h2_on_begin_frame(h2, pair.client.ng, &frame.hd), 0);
  assert_int_equal(codicil_h2_on_extension_chunk_recv(h2, pair.client.ng, &frame.hd, NULL, 0),
                   NGHTTP2_ERR_CANCEL);
  assert_int_equal(codicil_h2_unpack_extension(h2, pair.client.ng, &payload, &frame.hd),
                   NGHTTP2_ERR_CANCEL);
  frame.hd.type = NGHTTP2_SETTINGS;
  assert_int_equal(codicil_h2_on_frame_recv(h2, pair.client.ng, &frame), 0);
  assert_int_equal(codicil_h2_flush(h2, pair.client.ng), CODICIL_MALFORMED);
  assert_int_equal(codicil_h2_error(h2), CODICIL_MALFORMED);
  assert_int_equal(pair.client.out.len, 0);
  h2_pair_clear(&pair);
}

// A router that knew the connection as good must learn that it is over, whoever saw the error.
static void test_the_session_learns_of_every_error(void **state) {
  (void)state;
  static const uint8_t origin_header[9] = {1, 0, 1, NGHTTP2_ORIGIN}; // 65537
  for (int i = 0; i < 3; i++) {
    h2_pair pair;
    open_and_settle(&pair);
    uint64_t before = codicil_session_generation(pair.client.session);
    if (i == 0) {
      h2_inject(&pair.server, CERTIFICATE_FRAME, 0, 1, codicil_span_of(NULL, 0));
    } else if (i == 1) {
      assert_int_equal(codicil_buf_append(&pair.server.out, codicil_span_of(origin_header, 9)),
                       CODICIL_OK);
    } else {
      h2_inject(&pair.server, CERTIFICATE_FRAME, 0, 0, codicil_span_str("bad"));
    }
    h2_settle(&pair);
    codicil_err err = codicil_h2_error(pair.client.h2);
    assert_int_not_equal(err, CODICIL_OK);
    assert_true(codicil_session_generation(pair.client.session) > before);
    codicil_origin own;
    codicil_route route;
    assert_true(codicil_origin_parse(&own, codicil_span_str("https://www.example.com")));
    assert_int_equal(
        codicil_session_route(pair.client.session, &route, &own, NULL, (codicil_now){1, PKI_NOW}),
        err);
    h2_pair_clear(&pair);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_setting_that_is_not_0_or_1_or_is_taken_back_is_a_protocol_error),
      cmocka_unit_test(test_settings_may_be_repeated_and_say_yes_later),
      cmocka_unit_test(test_a_frame_on_another_stream_is_a_protocol_error),
      cmocka_unit_test(test_a_frame_from_a_client_is_a_protocol_error_whatever_it_offered),
      cmocka_unit_test(test_a_server_that_did_not_offer_ignores_frames_and_counts_them),
      cmocka_unit_test(test_a_payload_that_is_no_authenticator_is_invalid),
      cmocka_unit_test(test_an_authenticator_played_twice_is_invalid),
      cmocka_unit_test(test_the_error_code_is_the_configured_one),
      cmocka_unit_test(test_an_authenticator_too_long_ends_the_connection_at_its_header),
      cmocka_unit_test(test_too_many_frames_of_one_authenticator_end_the_connection),
      cmocka_unit_test(test_nothing_is_read_after_an_error),
      cmocka_unit_test(test_the_error_stays_and_later_calls_do_nothing),
      cmocka_unit_test(test_the_session_learns_of_every_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
