// ORIGIN frames over HTTP/2: RFC 8336 §2, not nghttp2's reading of it.
#include "h2_fixture.h"

#include "cmocka_test.h"

#include <stdio.h>
#include <string.h>

#include "span.h"
#include "writer.h"

static const char img[] = "\0\x17https://img.example.com";
static codicil_span img_entry(void) {
  return codicil_span_of(img, sizeof img - 1);
}

static void open_and_settle(h2_pair *pair) {
  h2_pair_init(pair);
  h2_pair_open(pair);
  h2_settle(pair);
}

// What a client makes of one frame: -1 where the Origin Set stays uninitialised, else its size.
static int origins_after(uint8_t flags, uint32_t stream_id, codicil_span payload) {
  h2_pair pair;
  open_and_settle(&pair);
  h2_inject(&pair.server, NGHTTP2_ORIGIN, flags, stream_id, payload);
  h2_settle(&pair);
  assert_int_equal(codicil_h2_error(pair.client.h2), CODICIL_OK);
  int num = codicil_session_origin_set_initialised(pair.client.session)
                ? (int)codicil_session_num_origins(pair.client.session)
                : -1;
  h2_pair_clear(&pair);
  return num;
}

static void test_an_origin_is_added_to_the_initial_one(void **state) {
  (void)state;
  assert_int_equal(origins_after(0, 0, img_entry()), 2);
}

static void test_a_frame_without_entries_initialises_the_set(void **state) {
  (void)state;
  assert_int_equal(origins_after(0, 0, codicil_span_of(NULL, 0)), 1);
  assert_int_equal(origins_after(0, 0, codicil_span_of("\0\0\0\0", 4)), 1);
}

static void test_entries_that_are_no_origin_are_skipped(void **state) {
  (void)state;
  static const char payload[] = "\0\4null\0\x17https://img.example.com\0\x0dhttps://*.x.y";
  assert_int_equal(origins_after(0, 0, codicil_span_of(payload, sizeof payload - 1)), 2);
}

//= https://www.rfc-editor.org/rfc/rfc8336#section-2.2
//# The ORIGIN frame MUST be sent on stream 0; an ORIGIN frame on any
//# other stream is invalid and MUST be ignored.
//= https://www.rfc-editor.org/rfc/rfc8336#section-2.2
//# when any of them are set, the ORIGIN frame containing them MUST be
//# ignored by clients conforming to this specification
static void test_another_stream_and_the_first_four_flags_make_it_ignored(void **state) {
  (void)state;
  assert_int_equal(origins_after(0, 1, img_entry()), -1);
  for (unsigned bit = 0; bit < 8; bit++) {
    assert_int_equal(origins_after((uint8_t)(1U << bit), 0, img_entry()), bit < 4 ? -1 : 2);
  }
  assert_int_equal(origins_after(0xf0, 0, img_entry()), 2);
}

static void test_a_frame_that_ends_inside_an_entry_is_ignored_whole(void **state) {
  (void)state;
  codicil_buf two;
  codicil_buf_init(&two, NULL, 100);
  assert_int_equal(codicil_buf_append(&two, img_entry()), CODICIL_OK);
  assert_int_equal(codicil_buf_append(&two, codicil_span_of("\0\x0bhttps://a.b", 13)), CODICIL_OK);
  for (size_t len = 1; len < two.len; len++) {
    assert_int_equal(origins_after(0, 0, codicil_span_of(two.data, len)),
                     len == img_entry().len ? 2 : -1);
  }
  codicil_buf_clear(&two);
}

static void test_a_server_and_a_client_that_does_not_want_it_ignore_it(void **state) {
  (void)state;
  h2_pair pair;
  h2_pair_init(&pair);
  codicil_config_set_use_origin(pair.client.config, false);
  h2_pair_open(&pair);
  h2_inject(&pair.client, NGHTTP2_ORIGIN, 0, 0, img_entry());
  h2_inject(&pair.server, NGHTTP2_ORIGIN, 0, 0, img_entry());
  h2_settle(&pair);
  assert_int_equal(codicil_h2_error(pair.server.h2), CODICIL_OK);
  assert_int_equal(codicil_h2_error(pair.client.h2), CODICIL_OK);
  assert_false(codicil_session_origin_set_initialised(pair.client.session));
  h2_pair_clear(&pair);
}

static void test_a_server_bounds_nothing_of_what_it_ignores(void **state) {
  (void)state;
  static const uint8_t header[9] = {1, 0, 1, NGHTTP2_ORIGIN}; // 65537
  h2_pair pair;
  open_and_settle(&pair);
  assert_int_equal(codicil_buf_append(&pair.client.out, codicil_span_of(header, 9)), CODICIL_OK);
  h2_settle(&pair);
  assert_int_equal(codicil_h2_error(pair.server.h2), CODICIL_OK);
  h2_pair_clear(&pair);
}

static codicil_buf many_origins(size_t num) {
  codicil_buf buf;
  codicil_buf_init(&buf, NULL, 1 << 20);
  codicil_writer w = codicil_writer_of(&buf);
  for (size_t i = 0; i < num; i++) {
    char text[64];
    snprintf(text, sizeof text, "https://n%zu.example", i);
    size_t mark = codicil_write_open(&w, 2);
    codicil_write_bytes(&w, codicil_span_str(text));
    codicil_write_close(&w, mark, 2);
  }
  assert_int_equal(codicil_writer_finish(&w), CODICIL_OK);
  return buf;
}

static void test_any_number_of_origins_up_to_the_limit_is_added(void **state) {
  (void)state;
  static const size_t nums[] = {1, 63, 64, 65, 128, 129, 1000};
  for (size_t i = 0; i < sizeof nums / sizeof nums[0]; i++) {
    codicil_buf payload = many_origins(nums[i]);
    assert_int_equal(origins_after(0, 0, codicil_buf_span(&payload)), nums[i] + 1);
    codicil_buf_clear(&payload);
  }
}

static void test_more_origins_than_the_limit_end_the_connection(void **state) {
  (void)state;
  h2_pair pair;
  open_and_settle(&pair);
  codicil_buf payload = many_origins(1100);
  h2_inject(&pair.server, NGHTTP2_ORIGIN, 0, 0, codicil_buf_span(&payload));
  h2_settle(&pair);
  assert_int_equal(codicil_h2_error(pair.client.h2), CODICIL_LIMIT);
  assert_int_equal(pair.server.goaway, NGHTTP2_ENHANCE_YOUR_CALM);
  codicil_buf_clear(&payload);
  h2_pair_clear(&pair);
}

static void test_a_frame_longer_than_the_limit_ends_the_connection_at_its_header(void **state) {
  (void)state;
  static const uint8_t header[9] = {1, 0, 1, NGHTTP2_ORIGIN}; // 65537
  h2_pair pair;
  open_and_settle(&pair);
  assert_int_equal(codicil_buf_append(&pair.server.out, codicil_span_of(header, 9)), CODICIL_OK);
  h2_settle(&pair);
  assert_int_equal(codicil_h2_error(pair.client.h2), CODICIL_LIMIT);
  assert_int_equal(pair.server.goaway, NGHTTP2_ENHANCE_YOUR_CALM);
  h2_pair_clear(&pair);
}

static void test_the_longest_frame_is_the_configured_limit(void **state) {
  (void)state;
  for (size_t short_by = 0; short_by <= 1; short_by++) {
    h2_pair pair;
    h2_pair_init(&pair);
    codicil_buf payload = many_origins(3);
    codicil_config_set_limit(pair.client.config, CODICIL_LIMIT_ORIGINS_LEN, payload.len - short_by);
    h2_pair_open(&pair);
    h2_settle(&pair);
    // The header alone: nothing of the payload is waited for.
    uint8_t header[9] = {0, 0, (uint8_t)payload.len, NGHTTP2_ORIGIN};
    assert_int_equal(codicil_buf_append(&pair.server.out, codicil_span_of(header, 9)), CODICIL_OK);
    h2_settle(&pair);
    assert_int_equal(codicil_h2_error(pair.client.h2), short_by == 0 ? CODICIL_OK : CODICIL_LIMIT);
    codicil_buf_clear(&payload);
    h2_pair_clear(&pair);
  }
}

static void test_every_cut_of_a_frame_gives_the_same_set(void **state) {
  (void)state;
  for (size_t step = 1; step < 40; step++) {
    h2_pair pair;
    open_and_settle(&pair);
    h2_inject(&pair.server, NGHTTP2_ORIGIN, 0, 0, img_entry());
    h2_inject(&pair.server, NGHTTP2_ORIGIN, 0, 0, codicil_span_of("\0\x0bhttps://a.b", 13));
    h2_deliver(&pair.server, &pair.client, step);
    assert_int_equal(codicil_session_num_origins(pair.client.session), 3);
    h2_pair_clear(&pair);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_origin_is_added_to_the_initial_one),
      cmocka_unit_test(test_a_frame_without_entries_initialises_the_set),
      cmocka_unit_test(test_entries_that_are_no_origin_are_skipped),
      cmocka_unit_test(test_another_stream_and_the_first_four_flags_make_it_ignored),
      cmocka_unit_test(test_a_frame_that_ends_inside_an_entry_is_ignored_whole),
      cmocka_unit_test(test_a_server_and_a_client_that_does_not_want_it_ignore_it),
      cmocka_unit_test(test_a_server_bounds_nothing_of_what_it_ignores),
      cmocka_unit_test(test_any_number_of_origins_up_to_the_limit_is_added),
      cmocka_unit_test(test_more_origins_than_the_limit_end_the_connection),
      cmocka_unit_test(test_a_frame_longer_than_the_limit_ends_the_connection_at_its_header),
      cmocka_unit_test(test_the_longest_frame_is_the_configured_limit),
      cmocka_unit_test(test_every_cut_of_a_frame_gives_the_same_set),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
