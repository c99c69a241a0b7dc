// SERVER_CERTIFICATE payloads: every cut, every limit at its boundary and one beyond.
#include "cmocka_test.h"

#include <stdlib.h>

#include "fail_mem.h"
#include "session_fixture.h"
#include "session_state.h"
#include "span.h"

static void release(codicil_span s) {
  free((void *)(uintptr_t)s.data);
}

static void open_client(world *w) {
  world_connect(w);
  world_negotiate(w);
}

static codicil_err feed_in_frames(world *w, codicil_span all, size_t frame_len) {
  codicil_err err = CODICIL_OK;
  for (size_t at = 0; at < all.len && err == CODICIL_OK; at += frame_len) {
    err = feed_frame(w->client, codicil_span_sub(all, at, frame_len), w->now);
  }
  return err;
}

static void test_an_authenticator_cut_anywhere_is_the_same_certificate(void **state) {
  (void)state;
  codicil_span all = authenticator_of(SITE_IMG, 1);
  for (size_t cut = 0; cut <= all.len; cut++) {
    world w;
    world_init(&w);
    open_client(&w);
    codicil_span first = exact_copy(codicil_span_sub(all, 0, cut));
    codicil_span rest = exact_copy(codicil_span_sub(all, cut, all.len));
    assert_int_equal(feed_frame(w.client, first, w.now), CODICIL_OK);
    if (cut < all.len) {
      assert_int_equal(codicil_session_num_certificates(w.client), 1);
    }
    if (cut < all.len) {
      assert_int_equal(feed_frame(w.client, rest, w.now), CODICIL_OK);
    }
    codicil_certificate_info info;
    assert_true(codicil_session_certificate(w.client, &info, 1));
    assert_int_equal(info.num_octets, all.len);
    assert_int_equal(info.num_frames, cut < all.len ? 2 : 1);
    release(first);
    release(rest);
    world_close(&w);
  }
  release(all);
}

static void test_a_payload_fed_in_pieces_of_any_size_is_the_same_certificate(void **state) {
  (void)state;
  codicil_span all = authenticator_of(SITE_IMG, 1);
  for (size_t piece = 1; piece <= all.len; piece = piece * 3 / 2 + 1) {
    world w;
    world_init(&w);
    open_client(&w);
    assert_int_equal(codicil_session_recv_frame_begin(w.client, all.len), CODICIL_OK);
    for (size_t at = 0; at < all.len; at += piece) {
      assert_int_equal(codicil_session_recv_frame_end(w.client, w.now), CODICIL_USAGE);
      codicil_span bytes = exact_copy(codicil_span_sub(all, at, piece));
      assert_int_equal(codicil_session_recv_frame_data(w.client, bytes), CODICIL_OK);
      release(bytes);
    }
    assert_int_equal(codicil_session_recv_frame_end(w.client, w.now), CODICIL_OK);
    assert_int_equal(codicil_session_num_certificates(w.client), 2);
    world_close(&w);
  }
  release(all);
}

static void test_every_flipped_octet_is_refused(void **state) {
  (void)state;
  codicil_span all = authenticator_of(SITE_IMG, 1);
  for (size_t at = 0; at < all.len; at++) {
    world w;
    world_init(&w);
    open_client(&w);
    codicil_span bad = exact_copy(all);
    ((uint8_t *)(uintptr_t)bad.data)[at] ^= 0x40;
    codicil_err err = feed_frame(w.client, bad, w.now);
    // A length that grew announces more than came, or more than may come.
    if (err == CODICIL_OK) {
      assert_int_equal(codicil_session_num_certificates(w.client), 1);
    } else {
      assert_true(err == CODICIL_MALFORMED || err == CODICIL_AUTH || err == CODICIL_LIMIT);
    }
    release(bad);
    world_close(&w);
  }
  release(all);
}

static void test_octets_after_finished_in_one_payload_are_malformed(void **state) {
  (void)state;
  codicil_span all = authenticator_of(SITE_IMG, 1);
  world w;
  world_init(&w);
  open_client(&w);
  assert_int_equal(codicil_session_recv_frame_begin(w.client, all.len + 1), CODICIL_OK);
  assert_int_equal(codicil_session_recv_frame_data(w.client, all), CODICIL_OK);
  assert_int_equal(codicil_session_recv_frame_data(w.client, codicil_span_str("\x0b")),
                   CODICIL_MALFORMED);
  assert_int_equal(codicil_session_num_certificates(w.client), 1);
  world_close(&w);
  release(all);
}

static void test_two_authenticators_in_one_payload_are_malformed(void **state) {
  (void)state;
  codicil_span a = authenticator_of(SITE_IMG, 1), b = authenticator_of(SITE_CDN, 2);
  codicil_buf both;
  codicil_buf_init(&both, NULL, SIZE_MAX);
  assert_int_equal(codicil_buf_append(&both, a), CODICIL_OK);
  assert_int_equal(codicil_buf_append(&both, b), CODICIL_OK);
  world w;
  world_init(&w);
  open_client(&w);
  assert_int_equal(feed_frame(w.client, codicil_buf_span(&both), w.now), CODICIL_MALFORMED);
  world_close(&w);
  codicil_buf_clear(&both);
  release(a);
  release(b);
}

static void test_a_lone_finished_is_malformed(void **state) {
  (void)state;
  uint8_t finished[36] = {20, 0, 0, 32};
  world w;
  world_init(&w);
  open_client(&w);
  assert_int_equal(feed_frame(w.client, codicil_span_of(finished, sizeof finished), w.now),
                   CODICIL_MALFORMED);
  world_close(&w);
}

static void test_frames_of_one_authenticator_stop_at_the_limit_empty_ones_too(void **state) {
  (void)state;
  codicil_span all = authenticator_of(SITE_IMG, 1);
  for (size_t empty = 3; empty <= 4; empty++) {
    world w;
    world_init(&w);
    codicil_config_set_limit(w.client_config, CODICIL_LIMIT_AUTHENTICATOR_FRAMES, 4);
    open_client(&w);
    for (size_t i = 0; i < empty; i++) {
      assert_int_equal(feed_frame(w.client, codicil_span_of(NULL, 0), w.now), CODICIL_OK);
    }
    assert_int_equal(codicil_session_recv_frame_begin(w.client, all.len),
                     empty == 3 ? CODICIL_OK : CODICIL_LIMIT);
    world_close(&w);
  }
  release(all);
}

static void test_an_authenticator_as_long_as_the_limit_is_taken_and_one_octet_more_is_not(
    void **state) {
  (void)state;
  codicil_span all = authenticator_of(SITE_IMG, 1);
  for (size_t short_by = 0; short_by <= 1; short_by++) {
    world w;
    world_init(&w);
    codicil_config_set_limit(w.client_config, CODICIL_LIMIT_AUTHENTICATOR_LEN, all.len - short_by);
    open_client(&w);
    assert_int_equal(codicil_session_recv_frame_begin(w.client, all.len),
                     short_by == 0 ? CODICIL_OK : CODICIL_LIMIT);
    world_close(&w);
    // The same in frames: the excess shows at the header of the last one, or in a message's own.
    world_init(&w);
    codicil_config_set_limit(w.client_config, CODICIL_LIMIT_AUTHENTICATOR_LEN, all.len - short_by);
    open_client(&w);
    assert_int_equal(feed_in_frames(&w, all, 100), short_by == 0 ? CODICIL_OK : CODICIL_LIMIT);
    world_close(&w);
  }
  release(all);
}

static void test_a_frame_longer_than_what_is_left_is_refused_at_its_header(void **state) {
  (void)state;
  codicil_span all = authenticator_of(SITE_IMG, 1);
  for (size_t more = 0; more <= 1; more++) {
    world w;
    world_init(&w);
    codicil_config_set_limit(w.client_config, CODICIL_LIMIT_AUTHENTICATOR_LEN, all.len);
    open_client(&w);
    assert_int_equal(feed_frame(w.client, codicil_span_sub(all, 0, 100), w.now), CODICIL_OK);
    assert_int_equal(codicil_session_recv_frame_begin(w.client, all.len - 100 + more),
                     more == 0 ? CODICIL_OK : CODICIL_LIMIT);
    world_close(&w);
  }
  release(all);
}

static void test_frames_are_counted_for_each_authenticator_anew(void **state) {
  (void)state;
  codicil_span a = authenticator_of(SITE_IMG, 1), b = authenticator_of(SITE_CDN, 2);
  world w;
  world_init(&w);
  size_t frames = (a.len > b.len ? a.len : b.len) / 100 + 1;
  codicil_config_set_limit(w.client_config, CODICIL_LIMIT_AUTHENTICATOR_FRAMES, frames);
  open_client(&w);
  assert_int_equal(feed_in_frames(&w, a, 100), CODICIL_OK);
  assert_int_equal(feed_in_frames(&w, b, 100), CODICIL_OK);
  codicil_certificate_info info;
  assert_true(codicil_session_certificate(w.client, &info, 2));
  assert_int_equal(info.num_frames, (b.len + 99) / 100);
  world_close(&w);
  release(a);
  release(b);
}

static void test_between_authenticators_no_buffer_is_held(void **state) {
  (void)state;
  world w;
  world_init(&w);
  open_client(&w);
  server_prove(w.server, SITE_BIG);
  assert_int_equal(link_move(w.server, w.client, w.now), CODICIL_OK);
  assert_int_equal(codicil_session_num_certificates(w.client), 2);
  assert_null(w.client->in.octets.data);
  world_close(&w);
}

// Who asks between the last octets and the frame's end is told to wait: the end must be news.
static void test_the_end_of_an_authenticator_changes_the_generation(void **state) {
  (void)state;
  codicil_span all = authenticator_of(SITE_IMG, 1);
  world w;
  world_init(&w);
  open_client(&w);
  assert_int_equal(codicil_session_recv_frame_begin(w.client, all.len), CODICIL_OK);
  assert_int_equal(codicil_session_recv_frame_data(w.client, all), CODICIL_OK);
  codicil_route route = route_to(&w, "https://img.example", evidence_here());
  assert_int_equal(route.answer, CODICIL_WAIT);
  assert_int_equal(codicil_session_recv_frame_end(w.client, w.now), CODICIL_OK);
  assert_true(codicil_session_generation(w.client) > route.generation);
  assert_int_equal(route_to(&w, "https://img.example", evidence_here()).answer, CODICIL_USE);
  world_close(&w);
  release(all);
}

static void test_a_handshake_header_that_announces_too_much_is_a_limit_at_once(void **state) {
  (void)state;
  static const uint8_t header[] = {11, 0xff, 0xff, 0xff};
  world w;
  world_init(&w);
  open_client(&w);
  assert_int_equal(feed_frame(w.client, codicil_span_of(header, sizeof header), w.now),
                   CODICIL_LIMIT);
  world_close(&w);
}

static void test_a_huge_frame_is_refused_at_its_header(void **state) {
  (void)state;
  world w;
  world_init(&w);
  open_client(&w);
  assert_int_equal(codicil_session_recv_frame_begin(w.client, UINT64_MAX), CODICIL_LIMIT);
  world_close(&w);
}

// Sends `num` authenticators of img.example; returns how many certificates the client then has,
// the handshake's aside.
static size_t certificates_after(world *w, size_t num) {
  for (size_t i = 0; i < num; i++) {
    server_prove(w->server, SITE_IMG);
    assert_int_equal(link_move(w->server, w->client, w->now), CODICIL_OK);
  }
  return codicil_session_num_certificates(w->client) - 1;
}

static void test_at_the_connections_count_further_ones_are_skipped_counted_and_told(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_limit(w.client_config, CODICIL_LIMIT_AUTHENTICATORS, 3);
  open_client(&w);
  assert_int_equal(certificates_after(&w, 3), 3);
  assert_int_equal(codicil_session_num_skipped(w.client), 0);
  assert_int_equal(take_event(w.client, CODICIL_EVENT_SKIPPED), SIZE_MAX);
  assert_int_equal(certificates_after(&w, 2), 3);
  assert_int_equal(codicil_session_num_skipped(w.client), 2);
  assert_int_not_equal(take_event(w.client, CODICIL_EVENT_SKIPPED), SIZE_MAX);
  assert_int_equal(take_event(w.client, CODICIL_EVENT_SKIPPED), SIZE_MAX);
  codicil_route route = route_to(&w, "https://other.example", evidence_here());
  assert_int_equal(route.answer, CODICIL_NO);
  assert_int_equal(route.reason, CODICIL_ROUTE_NOT_COVERED);
  assert_int_equal(route.cert_reason, CODICIL_CERT_LIMIT);
  assert_int_equal(route_to(&w, "https://img.example", evidence_here()).answer, CODICIL_USE);
  world_close(&w);
}

static void test_skipped_ones_without_end_do_not_make_a_router_ask_without_end(void **state) {
  (void)state;
  static const uint8_t empty[] = {11, 0, 0, 0, 15, 0, 0, 0, 20, 0, 0, 0};
  world w;
  world_init(&w);
  codicil_config_set_limit(w.client_config, CODICIL_LIMIT_AUTHENTICATORS, 1);
  open_client(&w);
  assert_int_equal(certificates_after(&w, 1), 1);
  uint64_t before = codicil_session_generation(w.client);
  codicil_span whole = codicil_span_of(empty, sizeof empty);
  assert_int_equal(feed_frame(w.client, whole, w.now), CODICIL_OK);
  uint64_t after_first = codicil_session_generation(w.client);
  assert_true(after_first > before);
  for (int i = 0; i < 100; i++) {
    assert_int_equal(feed_frame(w.client, whole, w.now), CODICIL_OK);
  }
  assert_int_equal(codicil_session_num_skipped(w.client), 101);
  assert_int_equal(codicil_session_generation(w.client), after_first);
  world_close(&w);
}

static void test_past_the_limit_no_member_of_the_origin_set_waits(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_limit(w.client_config, CODICIL_LIMIT_AUTHENTICATORS, 1);
  open_client(&w);
  codicil_span entry = codicil_span_str("https://cdn.example");
  assert_int_equal(codicil_session_recv_origin(w.client, &entry, 1), CODICIL_OK);
  assert_int_equal(certificates_after(&w, 1), 1);
  assert_int_equal(route_to(&w, "https://cdn.example", evidence_here()).answer, CODICIL_WAIT);
  uint64_t before = codicil_session_generation(w.client);
  assert_int_equal(certificates_after(&w, 1), 1);
  assert_true(codicil_session_generation(w.client) > before);
  codicil_route route = route_to(&w, "https://cdn.example", evidence_here());
  assert_int_equal(route.answer, CODICIL_NO);
  assert_int_equal(route.cert_reason, CODICIL_CERT_LIMIT);
  world_close(&w);
}

static void test_at_the_connections_octets_further_ones_are_skipped_in_the_middle_too(
    void **state) {
  (void)state;
  codicil_span a = authenticator_of(SITE_IMG, 1), b = authenticator_of(SITE_CDN, 2);
  for (size_t short_by = 0; short_by <= 1; short_by++) {
    world w;
    world_init(&w);
    codicil_config_set_limit(w.client_config, CODICIL_LIMIT_AUTHENTICATORS_LEN,
                             a.len + b.len - short_by);
    open_client(&w);
    assert_int_equal(feed_in_frames(&w, a, 512), CODICIL_OK);
    assert_int_equal(feed_in_frames(&w, b, 100), CODICIL_OK);
    assert_int_equal(codicil_session_num_certificates(w.client), short_by == 0 ? 3 : 2);
    assert_int_equal(codicil_session_num_skipped(w.client), short_by);
    world_close(&w);
  }
  release(a);
  release(b);
}

static void test_who_waits_for_an_authenticator_learns_that_it_is_passed_over(void **state) {
  (void)state;
  codicil_span all = authenticator_of(SITE_IMG, 1);
  world w;
  world_init(&w);
  codicil_config_set_limit(w.client_config, CODICIL_LIMIT_AUTHENTICATORS_LEN, all.len - 1);
  open_client(&w);
  assert_int_equal(feed_frame(w.client, codicil_span_sub(all, 0, 100), w.now), CODICIL_OK);
  assert_int_equal(route_to(&w, "https://img.example", evidence_here()).answer, CODICIL_WAIT);
  uint64_t before = codicil_session_generation(w.client);
  assert_int_equal(codicil_session_recv_frame_begin(w.client, all.len - 100), CODICIL_OK);
  assert_true(codicil_session_generation(w.client) > before);
  assert_null(w.client->in.octets.data); // what will not be kept is not held
  assert_int_equal(route_to(&w, "https://img.example", evidence_here()).answer, CODICIL_NO);
  world_close(&w);
  release(all);
}

static void test_what_is_skipped_must_still_be_framed(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_limit(w.client_config, CODICIL_LIMIT_AUTHENTICATORS, 0);
  open_client(&w);
  assert_int_equal(feed_frame(w.client, codicil_span_str("junk"), w.now), CODICIL_MALFORMED);
  world_close(&w);
}

static void test_more_certificates_than_the_limit_are_a_limit(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_limit(w.client_config, CODICIL_LIMIT_CHAIN_CERTIFICATES, 0);
  open_client(&w);
  server_prove(w.server, SITE_IMG);
  assert_int_equal(link_move(w.server, w.client, w.now), CODICIL_LIMIT);
  world_close(&w);
}

static void test_a_frame_inside_a_frame_is_the_callers_mistake(void **state) {
  (void)state;
  world w;
  world_init(&w);
  open_client(&w);
  assert_int_equal(codicil_session_recv_frame_begin(w.client, 3), CODICIL_OK);
  assert_int_equal(codicil_session_recv_frame_begin(w.client, 3), CODICIL_USAGE);
  assert_int_equal(codicil_session_recv_frame_data(w.client, codicil_span_str("\x0b\0\0")),
                   CODICIL_OK);
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_authenticator_cut_anywhere_is_the_same_certificate),
      cmocka_unit_test(test_a_payload_fed_in_pieces_of_any_size_is_the_same_certificate),
      cmocka_unit_test(test_every_flipped_octet_is_refused),
      cmocka_unit_test(test_octets_after_finished_in_one_payload_are_malformed),
      cmocka_unit_test(test_two_authenticators_in_one_payload_are_malformed),
      cmocka_unit_test(test_a_lone_finished_is_malformed),
      cmocka_unit_test(test_frames_of_one_authenticator_stop_at_the_limit_empty_ones_too),
      cmocka_unit_test(
          test_an_authenticator_as_long_as_the_limit_is_taken_and_one_octet_more_is_not),
      cmocka_unit_test(test_a_frame_longer_than_what_is_left_is_refused_at_its_header),
      cmocka_unit_test(test_frames_are_counted_for_each_authenticator_anew),
      cmocka_unit_test(test_between_authenticators_no_buffer_is_held),
      cmocka_unit_test(test_the_end_of_an_authenticator_changes_the_generation),
      cmocka_unit_test(test_a_handshake_header_that_announces_too_much_is_a_limit_at_once),
      cmocka_unit_test(test_a_huge_frame_is_refused_at_its_header),
      cmocka_unit_test(test_at_the_connections_count_further_ones_are_skipped_counted_and_told),
      cmocka_unit_test(test_skipped_ones_without_end_do_not_make_a_router_ask_without_end),
      cmocka_unit_test(test_past_the_limit_no_member_of_the_origin_set_waits),
      cmocka_unit_test(test_at_the_connections_octets_further_ones_are_skipped_in_the_middle_too),
      cmocka_unit_test(test_who_waits_for_an_authenticator_learns_that_it_is_passed_over),
      cmocka_unit_test(test_what_is_skipped_must_still_be_framed),
      cmocka_unit_test(test_more_certificates_than_the_limit_are_a_limit),
      cmocka_unit_test(test_a_frame_inside_a_frame_is_the_callers_mistake),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  sites_free();
  return failed;
}
