// The Origin Set of RFC 8336 §2.3: its initial origin, what enters, what a 421 takes out, bounds.
#include "cmocka_test.h"

#include <stdio.h>
#include <string.h>

#include "session_fixture.h"
#include "span.h"

static void open_world(world *w) {
  world_init(w);
  world_connect(w);
}

static codicil_err add(world *w, const char *origin) {
  codicil_span entry = codicil_span_str(origin);
  return codicil_session_recv_origin(w->client, &entry, 1);
}

static bool has(world *w, const char *origin) {
  codicil_origin wanted = origin_of(origin);
  for (size_t i = 0; i < codicil_session_num_origins(w->client); i++) {
    if (codicil_origin_equal(codicil_session_origin(w->client, i), &wanted)) {
      return true;
    }
  }
  return false;
}

static void test_the_set_is_uninitialised_until_the_first_origin_frame(void **state) {
  (void)state;
  world w;
  open_world(&w);
  assert_false(codicil_session_origin_set_initialised(w.client));
  assert_int_equal(codicil_session_num_origins(w.client), 0);
  assert_null(codicil_session_origin(w.client, 0));
  assert_int_equal(codicil_session_recv_origin(w.client, NULL, 0), CODICIL_OK);
  assert_true(codicil_session_origin_set_initialised(w.client));
  assert_int_equal(codicil_session_num_origins(w.client), 1);
  assert_true(has(&w, "https://www.example"));
  assert_int_equal(take_event(w.client, CODICIL_EVENT_ORIGIN_SET), 0);
  world_close(&w);
}

// The initial origin by SNI, port, and without SNI the remote address.
static void expect_initial(codicil_peer peer, const char *want) {
  world w;
  world_init(&w);
  assert_int_equal(codicil_session_new(&w.client, NULL, w.client_config, CODICIL_CLIENT),
                   CODICIL_OK);
  assert_int_equal(codicil_session_set_peer(w.client, &peer), CODICIL_OK);
  assert_int_equal(codicil_session_recv_origin(w.client, NULL, 0), CODICIL_OK);
  assert_int_equal(codicil_session_num_origins(w.client), 1);
  assert_true(has(&w, want));
  world_close(&w);
}

static void test_the_initial_origin_is_the_sni_or_the_remote_address_and_the_remote_port(
    void **state) {
  (void)state;
  codicil_peer peer = {.address = peer_address(),
                       .port = 443,
                       .origin = origin_of("https://www.example"),
                       .sent_sni = true};
  expect_initial(peer, "https://www.example");
  peer.port = 8443; // an Alternative Service: not the origin's own port
  expect_initial(peer, "https://www.example:8443");
  peer.sent_sni = false;
  expect_initial(peer, "https://192.0.2.1:8443");
}

//= https://www.rfc-editor.org/rfc/rfc8336#section-2.2
//# Each ASCII-Origin field in the frame's payload MUST be parsed as an
//# ASCII serialization of an origin ([RFC6454], Section 6.2).  If
//# parsing fails, the field MUST be ignored.
static void test_entries_that_are_no_origins_are_ignored(void **state) {
  (void)state;
  static const char *const entries[] = {"",
                                        "null",
                                        "http://img.example",
                                        "https://*.img.example",
                                        "https://img.example/",
                                        "https://img.example:0",
                                        "https://a@img.example"};
  world w;
  open_world(&w);
  for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
    assert_int_equal(add(&w, entries[i]), CODICIL_OK);
  }
  assert_int_equal(codicil_session_num_origins(w.client), 1);
  world_close(&w);
}

static void test_origins_enter_once_and_only_a_change_is_told(void **state) {
  (void)state;
  world w;
  open_world(&w);
  assert_int_equal(add(&w, "https://IMG.example:443"), CODICIL_OK);
  assert_int_equal(codicil_session_num_origins(w.client), 2);
  drop_events(w.client);
  assert_int_equal(add(&w, "https://img.example"), CODICIL_OK);
  assert_int_equal(codicil_session_num_origins(w.client), 2);
  assert_int_equal(take_event(w.client, CODICIL_EVENT_ORIGIN_SET), SIZE_MAX);
  assert_int_equal(add(&w, "https://img.example:8443"), CODICIL_OK);
  assert_int_equal(codicil_session_num_origins(w.client), 3);
  world_close(&w);
}

//= https://www.rfc-editor.org/rfc/rfc8336#section-2.3
//# Upon receipt of a response with this status code, implementing
//# clients MUST create the ASCII serialization of the corresponding
//# request's origin (as per [RFC6454], Section 6.2) and remove it from
//# the connection's Origin Set, if present.
static void test_a_421_takes_an_origin_out_and_no_origin_frame_brings_it_back(void **state) {
  (void)state;
  world w;
  open_world(&w);
  codicil_origin img = origin_of("https://img.example");
  assert_int_equal(add(&w, "https://img.example"), CODICIL_OK);
  assert_int_equal(add(&w, "https://cdn.example"), CODICIL_OK);
  drop_events(w.client);
  assert_int_equal(codicil_session_misdirected(w.client, &img), CODICIL_OK);
  assert_int_equal(codicil_session_misdirected(w.client, &img), CODICIL_OK);
  assert_int_equal(take_event(w.client, CODICIL_EVENT_ORIGIN_SET), 0);
  assert_false(has(&w, "https://img.example"));
  assert_true(has(&w, "https://cdn.example"));
  assert_int_equal(add(&w, "https://img.example"), CODICIL_OK);
  assert_false(has(&w, "https://img.example"));
  assert_int_equal(add(&w, "https://img.example:8443"), CODICIL_OK);
  assert_true(has(&w, "https://img.example:8443"));
  world_close(&w);
}

static void test_a_421_before_the_first_origin_frame_holds_for_the_initial_origin(void **state) {
  (void)state;
  world w;
  open_world(&w);
  codicil_origin own = origin_of("https://www.example");
  assert_int_equal(codicil_session_misdirected(w.client, &own), CODICIL_OK);
  assert_int_equal(codicil_session_recv_origin(w.client, NULL, 0), CODICIL_OK);
  assert_true(codicil_session_origin_set_initialised(w.client));
  assert_int_equal(codicil_session_num_origins(w.client), 0);
  world_close(&w);
}

static void test_the_set_may_have_as_many_origins_as_the_limit_and_no_more(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_limit(w.client_config, CODICIL_LIMIT_ORIGINS, 8);
  world_connect(&w);
  char origin[64];
  for (int i = 1; i < 8; i++) {
    snprintf(origin, sizeof origin, "https://h%d.example", i);
    assert_int_equal(add(&w, origin), CODICIL_OK);
  }
  assert_int_equal(add(&w, "https://h1.example"), CODICIL_OK);
  assert_int_equal(add(&w, "https://h8.example"), CODICIL_LIMIT);
  world_close(&w);
}

static void test_the_set_may_be_as_long_as_the_limit_and_no_longer(void **state) {
  (void)state;
  for (size_t short_by = 0; short_by <= 1; short_by++) {
    world w;
    world_init(&w);
    size_t len = strlen("https://www.example") + strlen("https://img.example");
    codicil_config_set_limit(w.client_config, CODICIL_LIMIT_ORIGINS_LEN, len - short_by);
    world_connect(&w);
    assert_int_equal(add(&w, "https://img.example"), short_by == 0 ? CODICIL_OK : CODICIL_LIMIT);
    world_close(&w);
  }
}

static void test_what_a_421_took_out_leaves_its_room_and_the_others_in_place(void **state) {
  (void)state;
  world w;
  world_init(&w);
  size_t len = strlen("https://www.example") + 2 * strlen("https://a.example");
  codicil_config_set_limit(w.client_config, CODICIL_LIMIT_ORIGINS_LEN, len);
  world_connect(&w);
  assert_int_equal(add(&w, "https://a.example"), CODICIL_OK);
  assert_int_equal(add(&w, "https://b.example"), CODICIL_OK);
  codicil_origin a = origin_of("https://a.example");
  assert_int_equal(codicil_session_misdirected(w.client, &a), CODICIL_OK);
  assert_int_equal(add(&w, "https://b.example"), CODICIL_OK);
  assert_int_equal(codicil_session_num_origins(w.client), 2);
  assert_int_equal(add(&w, "https://c.example"), CODICIL_OK);
  assert_int_equal(codicil_session_num_origins(w.client), 3);
  assert_int_equal(add(&w, "https://d.example"), CODICIL_LIMIT);
  world_close(&w);
}

static void test_origins_of_one_hash_are_two_origins(void **state) {
  (void)state;
  world w;
  open_world(&w);
  assert_int_equal(add(&w, "https://lsexqzd.example"), CODICIL_OK); // FNV-1a with 443: 0xff7f6aab
  assert_int_equal(add(&w, "https://ztxtxde.example"), CODICIL_OK); // the same
  assert_int_equal(codicil_session_num_origins(w.client), 3);
  world_close(&w);
}

static void test_what_a_421_took_out_is_bounded_too(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_limit(w.client_config, CODICIL_LIMIT_ORIGINS, 2);
  world_connect(&w);
  codicil_origin a = origin_of("https://a.example"), b = origin_of("https://b.example"),
                 c = origin_of("https://c.example");
  assert_int_equal(codicil_session_misdirected(w.client, &a), CODICIL_OK);
  assert_int_equal(codicil_session_misdirected(w.client, &b), CODICIL_OK);
  assert_int_equal(codicil_session_misdirected(w.client, &c), CODICIL_LIMIT);
  world_close(&w);
}

//= https://www.rfc-editor.org/rfc/rfc8336#section-2.4
//# When this
//# occurs, clients SHOULD NOT emit new requests on any connection whose
//# Origin Set is a proper subset of another connection's Origin Set
static void test_a_set_within_another_is_known_as_such(void **state) {
  (void)state;
  world a, b;
  open_world(&a);
  open_world(&b);
  assert_int_equal(add(&b, "https://img.example"), CODICIL_OK);
  assert_false(codicil_session_is_within(a.client, b.client)); // not initialised
  assert_int_equal(codicil_session_recv_origin(a.client, NULL, 0), CODICIL_OK);
  assert_true(codicil_session_is_within(a.client, b.client));
  assert_false(codicil_session_is_within(b.client, a.client));
  assert_int_equal(add(&a, "https://img.example"), CODICIL_OK);
  assert_false(codicil_session_is_within(a.client, b.client)); // equal
  assert_int_equal(add(&b, "https://cdn.example"), CODICIL_OK);
  assert_int_equal(add(&b, "https://x.example"), CODICIL_OK);
  assert_int_equal(add(&a, "https://other.example"), CODICIL_OK);
  assert_false(codicil_session_is_within(a.client, b.client)); // neither
  world_close(&a);
  world_close(&b);
}

static void test_a_client_told_to_heeds_no_origin_frame(void **state) {
  (void)state;
  world w;
  world_init(&w);
  codicil_config_set_use_origin(w.client_config, false);
  world_connect(&w);
  assert_int_equal(add(&w, "https://img.example"), CODICIL_OK);
  assert_false(codicil_session_origin_set_initialised(w.client));
  world_close(&w);
}

static void test_a_server_ignores_origin_frames(void **state) {
  (void)state;
  world w;
  open_world(&w);
  codicil_span entry = codicil_span_str("https://img.example");
  assert_int_equal(codicil_session_recv_origin(w.server, &entry, 1), CODICIL_OK);
  assert_false(codicil_session_origin_set_initialised(w.server));
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_set_is_uninitialised_until_the_first_origin_frame),
      cmocka_unit_test(
          test_the_initial_origin_is_the_sni_or_the_remote_address_and_the_remote_port),
      cmocka_unit_test(test_entries_that_are_no_origins_are_ignored),
      cmocka_unit_test(test_origins_enter_once_and_only_a_change_is_told),
      cmocka_unit_test(test_a_421_takes_an_origin_out_and_no_origin_frame_brings_it_back),
      cmocka_unit_test(test_a_421_before_the_first_origin_frame_holds_for_the_initial_origin),
      cmocka_unit_test(test_the_set_may_have_as_many_origins_as_the_limit_and_no_more),
      cmocka_unit_test(test_the_set_may_be_as_long_as_the_limit_and_no_longer),
      cmocka_unit_test(test_what_a_421_took_out_leaves_its_room_and_the_others_in_place),
      cmocka_unit_test(test_origins_of_one_hash_are_two_origins),
      cmocka_unit_test(test_what_a_421_took_out_is_bounded_too),
      cmocka_unit_test(test_a_set_within_another_is_known_as_such),
      cmocka_unit_test(test_a_client_told_to_heeds_no_origin_frame),
      cmocka_unit_test(test_a_server_ignores_origin_frames),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  sites_free();
  return failed;
}
