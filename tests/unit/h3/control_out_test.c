// Our control stream, alone: what leaves, where our frames may stand, and what is held how long.
#include "control_out.h"

#include "cmocka_test.h"

#include "fail_mem.h"
#include "octets.h"
#include "span.h"

enum { MAX_UNSENT = 32768 };

// What nghttp3 writes: its type, SETTINGS, two more frames. `with_ours` adds our setting.
static codicil_buf stream_of(bool with_ours, size_t num_settings) {
  codicil_buf payload, stream;
  codicil_buf_init(&payload, NULL, 2000);
  codicil_buf_init(&stream, NULL, 4000);
  if (with_ours) {
    put_varint(&payload, SETTING);
    put_varint(&payload, 1);
  }
  for (size_t i = 0; i < num_settings; i++) {
    put_varint(&payload, 0x06);
    put_varint(&payload, 0x3fffffff);
  }
  put_octets(&stream, "\0", 1);
  put_frame(&stream, FRAME_SETTINGS, codicil_buf_span(&payload));
  put_frame(&stream, FRAME_GOAWAY, codicil_span_of("\0", 1));
  put_filled_frame(&stream, FRAME_UNKNOWN, 100);
  codicil_buf_clear(&payload);
  return stream;
}

// Takes all that is unsent, as one piece or octet by octet, and acknowledges `ack` of it.
static void send_all(codicil_h3_control_out *out, codicil_buf *sent, bool ack) {
  nghttp3_vec vec[2];
  size_t num;
  while ((num = codicil_h3_control_out_writev(out, vec, 2)) > 0) {
    size_t len = 0;
    for (size_t i = 0; i < num; i++) {
      assert_true(vec[i].len > 0);
      put_octets(sent, vec[i].base, vec[i].len);
      len += vec[i].len;
    }
    assert_true(codicil_h3_control_out_sent(out, len));
    assert_true(!ack || codicil_h3_control_out_acked(out, len));
  }
}

static void take(codicil_h3_control_out *out, codicil_span octets) {
  codicil_span copy = exact_copy(octets);
  assert_int_equal(codicil_h3_control_out_take(out, copy), CODICIL_OK);
  free((void *)(uintptr_t)copy.data);
}

static void test_our_setting_is_added_wherever_the_octets_are_cut(void **state) {
  (void)state;
  // 0, 1 and so many settings that the length needs another octet.
  static const size_t nums[] = {0, 1, 11, 3300 / 5 / 2};
  for (size_t n = 0; n < 4; n++) {
    for (unsigned ours = 0; ours < 2; ours++) {
      codicil_buf in = stream_of(false, nums[n]), want = stream_of(ours == 1, nums[n]);
      size_t step = in.len > 500 ? 13 : 1;
      for (size_t cut = 0; cut <= in.len; cut += step) {
        codicil_h3_control_out out;
        codicil_buf sent;
        codicil_buf_init(&sent, NULL, 10000);
        codicil_h3_control_out_init(&out, NULL, SETTING, ours == 1);
        take(&out, codicil_span_of(in.data, cut));
        send_all(&out, &sent, cut % 2 == 0);
        take(&out, codicil_span_of(in.data + cut, in.len - cut));
        send_all(&out, &sent, false);
        assert_true(codicil_span_equal(codicil_buf_span(&sent), codicil_buf_span(&want)));
        codicil_h3_control_out_clear(&out);
        codicil_buf_clear(&sent);
      }
      codicil_buf_clear(&in);
      codicil_buf_clear(&want);
    }
  }
}

static void test_frames_stand_between_those_of_nghttp3_only(void **state) {
  (void)state;
  codicil_buf in = stream_of(false, 2), want, sent;
  codicil_buf_init(&sent, NULL, 10000);
  codicil_buf_init(&want, NULL, 10000);
  codicil_h3_control_out out;
  codicil_h3_control_out_init(&out, NULL, SETTING, false);
  size_t settings_end = 1 + 2 + 10, goaway_end = settings_end + 3;
  for (size_t i = 0; i < in.len; i++) {
    bool at_end = i == settings_end || i == goaway_end;
    assert_int_equal(codicil_h3_control_out_has_room(&out), at_end);
    if (at_end) {
      assert_int_equal(
          codicil_h3_control_out_put_frame(&out, FRAME_CERT, codicil_span_str("proof")),
          CODICIL_OK);
      put_frame(&want, FRAME_CERT, codicil_span_str("proof"));
    }
    take(&out, codicil_span_of(&in.data[i], 1));
    put_octets(&want, &in.data[i], 1);
  }
  assert_true(codicil_h3_control_out_has_room(&out));
  send_all(&out, &sent, false);
  assert_true(codicil_span_equal(codicil_buf_span(&sent), codicil_buf_span(&want)));
  codicil_h3_control_out_clear(&out);
  codicil_buf_clear(&in);
  codicil_buf_clear(&sent);
  codicil_buf_clear(&want);
}

static codicil_h3_control_out opened(const codicil_mem *mem) {
  codicil_h3_control_out out;
  codicil_h3_control_out_init(&out, mem, SETTING, true);
  assert_int_equal(codicil_h3_control_out_take(&out, codicil_span_of("\0\4\0", 3)), CODICIL_OK);
  return out;
}

static void test_no_more_than_so_much_waits_unsent(void **state) {
  (void)state;
  static const uint8_t payload[1000];
  codicil_h3_control_out out = opened(NULL);
  while (codicil_h3_control_out_has_room(&out)) {
    assert_true(out.end - out.sent < MAX_UNSENT);
    assert_int_equal(codicil_h3_control_out_put_frame(&out, FRAME_CERT,
                                                      codicil_span_of(payload, sizeof payload)),
                     CODICIL_OK);
  }
  assert_true(out.end - out.sent >= MAX_UNSENT);
  // What nghttp3 writes is taken all the same, and makes no room.
  assert_int_equal(codicil_h3_control_out_take(&out, codicil_span_of("\7\1\0", 3)), CODICIL_OK);
  assert_false(codicil_h3_control_out_has_room(&out));
  assert_true(codicil_h3_control_out_sent(&out, out.end - out.sent - MAX_UNSENT));
  assert_false(codicil_h3_control_out_has_room(&out));
  assert_true(codicil_h3_control_out_sent(&out, 1));
  assert_true(codicil_h3_control_out_has_room(&out));
  codicil_h3_control_out_clear(&out);
}

static void test_a_blocked_stream_gives_nothing_and_takes_all(void **state) {
  (void)state;
  codicil_h3_control_out out = opened(NULL);
  codicil_buf sent;
  codicil_buf_init(&sent, NULL, 10000);
  nghttp3_vec vec[2];
  out.is_blocked = true;
  take(&out, codicil_span_of("\7\1\0", 3));
  assert_int_equal(codicil_h3_control_out_writev(&out, vec, 2), 0);
  out.is_blocked = false;
  send_all(&out, &sent, false);
  assert_int_equal(sent.len, out.end);
  codicil_h3_control_out_clear(&out);
  codicil_buf_clear(&sent);
}

// QUIC may send again what is not acknowledged, from where it was.
static void test_octets_stay_in_place_until_they_are_acknowledged(void **state) {
  (void)state;
  fail_mem mem;
  fail_mem_init(&mem, SIZE_MAX);
  codicil_h3_control_out out = opened(&mem.mem);
  enum { NUM = 40 };
  nghttp3_vec seen[NUM];
  uint8_t copies[NUM][512];
  for (size_t i = 0; i < NUM; i++) {
    uint8_t payload[500];
    memset(payload, (int)i, sizeof payload);
    assert_int_equal(codicil_h3_control_out_put_frame(&out, FRAME_CERT,
                                                      codicil_span_of(payload, sizeof payload)),
                     CODICIL_OK);
    assert_int_equal(codicil_h3_control_out_writev(&out, &seen[i], 1), 1);
    seen[i].len = seen[i].len < sizeof copies[i] ? seen[i].len : sizeof copies[i];
    memcpy(copies[i], seen[i].base, seen[i].len);
    assert_true(codicil_h3_control_out_sent(&out, seen[i].len));
  }
  for (size_t i = 0; i < NUM; i++) {
    for (size_t j = i; j < NUM; j++) {
      assert_memory_equal(seen[j].base, copies[j], seen[j].len);
    }
    assert_true(codicil_h3_control_out_acked(&out, seen[i].len));
  }
  assert_true(codicil_h3_control_out_sent(&out, out.end - out.sent));
  assert_true(codicil_h3_control_out_acked(&out, out.end - out.acked));
  assert_int_equal(mem.held, 0);
  codicil_h3_control_out_clear(&out);
}

static void test_no_more_is_sent_or_acknowledged_than_there_was(void **state) {
  (void)state;
  codicil_h3_control_out out = opened(NULL);
  assert_false(codicil_h3_control_out_acked(&out, 1));
  assert_false(codicil_h3_control_out_sent(&out, out.end + 1));
  assert_true(codicil_h3_control_out_sent(&out, 2));
  assert_false(codicil_h3_control_out_acked(&out, 3));
  assert_false(codicil_h3_control_out_sent(&out, UINT64_MAX));
  assert_true(codicil_h3_control_out_acked(&out, 2));
  assert_int_equal(out.acked, 2);
  assert_int_equal(out.sent, 2);
  codicil_h3_control_out_clear(&out);
}

static void test_settings_are_acknowledged_with_their_last_octet(void **state) {
  (void)state;
  codicil_buf in = stream_of(false, 2);
  codicil_h3_control_out out;
  codicil_h3_control_out_init(&out, NULL, SETTING, true);
  assert_false(codicil_h3_control_out_settings_acked(&out));
  take(&out, codicil_buf_span(&in));
  assert_true(codicil_h3_control_out_sent(&out, out.end));
  uint64_t settings_end = 1 + 2 + 10 + 5; // type, header, two settings, ours
  for (uint64_t acked = 0; acked < out.end; acked++) {
    assert_int_equal(codicil_h3_control_out_settings_acked(&out), acked >= settings_end);
    assert_true(codicil_h3_control_out_acked(&out, 1));
  }
  codicil_h3_control_out_clear(&out);
  codicil_buf_clear(&in);
}

static void test_what_is_no_control_stream_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *octets;
    size_t len;
  } wrong[] = {{"\1\4\0", 3}, {"\0\7\1\0", 4}, {"\0\4\xff\xff\xff\xff\xff\xff\xff\xff", 10}};
  for (size_t i = 0; i < 3; i++) {
    codicil_h3_control_out out;
    codicil_h3_control_out_init(&out, NULL, SETTING, true);
    assert_int_equal(
        codicil_h3_control_out_take(&out, codicil_span_of(wrong[i].octets, wrong[i].len)),
        CODICIL_BAD_INPUT);
    codicil_h3_control_out_clear(&out);
  }
}

static void test_memory_that_runs_out_is_told_and_nothing_leaks(void **state) {
  (void)state;
  static const uint8_t payload[10000];
  size_t n = 0;
  for (bool failed = true; failed; n++) {
    fail_mem mem;
    fail_mem_init(&mem, n);
    codicil_h3_control_out out;
    codicil_h3_control_out_init(&out, &mem.mem, SETTING, true);
    codicil_err err = codicil_h3_control_out_take(&out, codicil_span_of("\0\4\0", 3));
    if (err == CODICIL_OK) {
      err = codicil_h3_control_out_put_frame(&out, FRAME_CERT,
                                             codicil_span_of(payload, sizeof payload));
    }
    failed = mem.failed;
    assert_int_equal(err, failed ? CODICIL_NOMEM : CODICIL_OK);
    codicil_h3_control_out_clear(&out);
    assert_int_equal(mem.held, 0);
  }
  assert_true(n > 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_our_setting_is_added_wherever_the_octets_are_cut),
      cmocka_unit_test(test_frames_stand_between_those_of_nghttp3_only),
      cmocka_unit_test(test_no_more_than_so_much_waits_unsent),
      cmocka_unit_test(test_a_blocked_stream_gives_nothing_and_takes_all),
      cmocka_unit_test(test_octets_stay_in_place_until_they_are_acknowledged),
      cmocka_unit_test(test_no_more_is_sent_or_acknowledged_than_there_was),
      cmocka_unit_test(test_settings_are_acknowledged_with_their_last_octet),
      cmocka_unit_test(test_what_is_no_control_stream_is_refused),
      cmocka_unit_test(test_memory_that_runs_out_is_told_and_nothing_leaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
