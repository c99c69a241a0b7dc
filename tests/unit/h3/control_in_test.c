// The filter of the peer's control stream, alone: what goes where, however the octets are cut.
#include "control_in.h"

#include "cmocka_test.h"

#include <nghttp3/nghttp3.h>
#include <stdio.h>

#include "fail_mem.h"
#include "octets.h"
#include "span.h"

enum { MAX_ORIGIN = 64, MAX_SETTINGS = 16384 };

// What the filter said: pieces in words, one behind the other, and the octets for nghttp3.
typedef struct record {
  codicil_buf said, passed;
  uint64_t eaten;
  codicil_h3_fault fault;
} record;

static void say(record *rec, const char *word, uint64_t number) {
  char text[64];
  int len = snprintf(text, sizeof text, "%s(%llu) ", word, (unsigned long long)number);
  put_octets(&rec->said, text, (size_t)len);
}

// Data of one frame may come in any pieces; all else says the same whatever the cuts.
static void note(record *rec, const codicil_h3_piece *piece) {
  switch (piece->type) {
  case CODICIL_H3_PIECE_PASS:
    put_octets(&rec->passed, piece->octets.data, piece->octets.len);
    return;
  case CODICIL_H3_PIECE_SETTING:
    say(rec, "setting", piece->number);
    return;
  case CODICIL_H3_PIECE_SETTINGS_END:
    say(rec, "settings-end", 0);
    return;
  case CODICIL_H3_PIECE_CERT_BEGIN:
    say(rec, "cert", piece->number);
    return;
  case CODICIL_H3_PIECE_CERT_DATA:
    put_octets(&rec->said, piece->octets.data, piece->octets.len);
    return;
  case CODICIL_H3_PIECE_CERT_END:
    say(rec, "end", 0);
    return;
  case CODICIL_H3_PIECE_ORIGIN:
    say(rec, "origin", piece->octets.len);
    put_octets(&rec->said, piece->octets.data, piece->octets.len);
    return;
  default:
    rec->fault = piece->fault;
  }
}

static void feed(codicil_h3_control_in *in, record *rec, codicil_span octets) {
  codicil_span copy = exact_copy(octets);
  codicil_reader r = codicil_reader_of(copy);
  codicil_h3_piece piece;
  do {
    piece = codicil_h3_control_in_next(in, &r);
    note(rec, &piece);
  } while (piece.type != CODICIL_H3_PIECE_NONE && piece.type != CODICIL_H3_PIECE_FAULT);
  free((void *)(uintptr_t)copy.data);
}

static void in_init(codicil_h3_control_in *in, const codicil_mem *mem, bool is_server) {
  codicil_codepoints codepoints;
  codicil_codepoints_default(&codepoints);
  codicil_h3_control_in_init(in, mem, &codepoints, MAX_ORIGIN, is_server);
}

// Feeds all of `stream`, in two pieces at `cut`, or octet by octet where that is SIZE_MAX.
static record run(codicil_span stream, size_t cut, bool is_server) {
  record rec = {.fault = {CODICIL_OK, 0}};
  codicil_buf_init(&rec.said, NULL, 1 << 20);
  codicil_buf_init(&rec.passed, NULL, 1 << 20);
  codicil_h3_control_in in;
  in_init(&in, NULL, is_server);
  if (cut == SIZE_MAX) {
    for (size_t i = 0; i < stream.len && rec.fault.err == CODICIL_OK; i++) {
      feed(&in, &rec, codicil_span_sub(stream, i, 1));
    }
  } else {
    feed(&in, &rec, codicil_span_sub(stream, 0, cut));
    if (rec.fault.err == CODICIL_OK) {
      feed(&in, &rec, codicil_span_sub(stream, cut, SIZE_MAX));
    }
  }
  rec.eaten = in.eaten;
  codicil_h3_control_in_clear(&in);
  return rec;
}

static void record_clear(record *rec) {
  codicil_buf_clear(&rec->said);
  codicil_buf_clear(&rec->passed);
}

// `said` and the fault are the same for every cut, and `passed`, where given.
static void expect_all_cuts(const codicil_buf *stream, bool is_server, const char *said,
                            const codicil_buf *passed, codicil_err err, uint64_t code) {
  codicil_span octets = codicil_buf_span(stream);
  size_t step = octets.len > 2000 ? 97 : 1;
  for (size_t cut = 0; cut <= octets.len + step; cut += step) {
    record rec = run(octets, cut > octets.len ? SIZE_MAX : cut, is_server);
    assert_int_equal(rec.fault.err, err);
    assert_int_equal(rec.fault.code, code);
    assert_true(codicil_span_equal(codicil_buf_span(&rec.said), codicil_span_str(said)));
    if (passed != NULL) {
      assert_true(codicil_span_equal(codicil_buf_span(&rec.passed), codicil_buf_span(passed)));
    }
    if (err == CODICIL_OK) {
      assert_int_equal(rec.eaten + rec.passed.len, octets.len);
    }
    record_clear(&rec);
  }
}

typedef struct streams {
  codicil_buf all, passed;
} streams;

static streams streams_new(void) {
  streams s;
  codicil_buf_init(&s.all, NULL, 1 << 20);
  codicil_buf_init(&s.passed, NULL, 1 << 20);
  return s;
}

static void streams_clear(streams *s) {
  codicil_buf_clear(&s->all);
  codicil_buf_clear(&s->passed);
}

// ---- what is kept and what is passed ------------------------------------------------------------

static void test_ours_is_kept_and_the_rest_passes_unchanged(void **state) {
  (void)state;
  streams s = streams_new();
  codicil_buf *both[] = {&s.all, &s.passed};
  for (size_t i = 0; i < 2; i++) {
    put_settings(both[i], SETTING, 1);
    put_filled_frame(both[i], FRAME_UNKNOWN, 5);
  }
  put_frame(&s.all, FRAME_CERT, codicil_span_str("first"));
  put_frame(&s.all, FRAME_ORIGIN, codicil_span_of("\0\3abc", 5));
  for (size_t i = 0; i < 2; i++) {
    put_frame(both[i], FRAME_GOAWAY, codicil_span_of("\0", 1));
  }
  put_frame(&s.all, FRAME_CERT, codicil_span_of(NULL, 0));
  put_frame(&s.all, FRAME_ORIGIN, codicil_span_of(NULL, 0));
  put_filled_frame(&s.all, 0x1fULL * 1000000000 + 0x21, 0);
  put_filled_frame(&s.passed, 0x1fULL * 1000000000 + 0x21, 0);
  static const char said[] = "setting(1) settings-end(0) cert(5) firstend(0) origin(5) \0\3abc"
                             "cert(0) end(0) origin(0) ";
  codicil_span octets = codicil_buf_span(&s.all);
  for (size_t cut = 0; cut <= octets.len + 1; cut++) {
    record rec = run(octets, cut > octets.len ? SIZE_MAX : cut, false);
    assert_int_equal(rec.fault.err, CODICIL_OK);
    assert_true(
        codicil_span_equal(codicil_buf_span(&rec.said), codicil_span_of(said, sizeof said - 1)));
    assert_true(codicil_span_equal(codicil_buf_span(&rec.passed), codicil_buf_span(&s.passed)));
    assert_int_equal(rec.eaten + rec.passed.len, octets.len);
    record_clear(&rec);
  }
  streams_clear(&s);
}

static void test_integers_longer_than_need_be_are_read_and_passed_as_they_came(void **state) {
  (void)state;
  for (size_t len = 1; len <= 8; len *= 2) {
    streams s = streams_new();
    put_varint_long(&s.all, FRAME_SETTINGS, len);
    put_varint_long(&s.all, len < 4 ? 4 + len : 2 * 8, len);
    put_varint_long(&s.all, SETTING, len < 4 ? 4 : 8);
    put_varint_long(&s.all, 1, len < 4 ? len : 8);
    put_octets(&s.passed, s.all.data, s.all.len);
    put_varint_long(&s.all, FRAME_CERT, len < 4 ? 4 : len);
    put_varint_long(&s.all, 2, len);
    put_octets(&s.all, "ab", 2);
    expect_all_cuts(&s.all, false, "setting(1) settings-end(0) cert(2) abend(0) ", &s.passed,
                    CODICIL_OK, 0);
    streams_clear(&s);
  }
}

static void test_our_setting_is_found_among_others(void **state) {
  (void)state;
  for (size_t at = 0; at < 4; at++) {
    codicil_buf payload;
    codicil_buf_init(&payload, NULL, 1000);
    for (size_t i = 0; i < 4; i++) {
      // Values that look like our identifier are none.
      put_varint(&payload, i == at ? SETTING : 0x40 + i);
      put_varint(&payload, i == at ? 0 : SETTING);
    }
    streams s = streams_new();
    put_frame(&s.all, FRAME_SETTINGS, codicil_buf_span(&payload));
    expect_all_cuts(&s.all, false, "setting(0) settings-end(0) ", &s.all, CODICIL_OK, 0);
    streams_clear(&s);
    codicil_buf_clear(&payload);
  }
}

static void test_settings_may_be_empty(void **state) {
  (void)state;
  streams s = streams_new();
  put_frame(&s.all, FRAME_SETTINGS, codicil_span_of(NULL, 0));
  expect_all_cuts(&s.all, false, "settings-end(0) ", &s.all, CODICIL_OK, 0);
  streams_clear(&s);
}

// The application is called by nghttp3 at the last octet of SETTINGS.
static void test_the_end_of_settings_is_told_before_their_last_octet_passes(void **state) {
  (void)state;
  codicil_buf stream;
  codicil_buf_init(&stream, NULL, 100);
  put_settings(&stream, SETTING, 1);
  codicil_h3_control_in in;
  in_init(&in, NULL, false);
  size_t passed = 0;
  bool has_ended = false;
  for (size_t i = 0; i < stream.len; i++) {
    codicil_reader r = codicil_reader_of(codicil_span_of(&stream.data[i], 1));
    codicil_h3_piece piece = {.type = CODICIL_H3_PIECE_PASS};
    while (piece.type != CODICIL_H3_PIECE_NONE) {
      piece = codicil_h3_control_in_next(&in, &r);
      has_ended = has_ended || piece.type == CODICIL_H3_PIECE_SETTINGS_END;
      passed += piece.octets.len;
      assert_int_equal(passed == stream.len, has_ended && passed == stream.len);
    }
  }
  assert_true(has_ended);
  assert_int_equal(passed, stream.len);
  codicil_h3_control_in_clear(&in);
  codicil_buf_clear(&stream);
}

static void test_a_server_eats_origin_without_reading_it(void **state) {
  (void)state;
  streams s = streams_new();
  put_settings(&s.all, 0x40, 0);
  put_settings(&s.passed, 0x40, 0);
  put_filled_frame(&s.all, FRAME_ORIGIN, MAX_ORIGIN + 10);
  put_frame(&s.all, FRAME_GOAWAY, codicil_span_of("\0", 1));
  put_frame(&s.passed, FRAME_GOAWAY, codicil_span_of("\0", 1));
  expect_all_cuts(&s.all, true, "settings-end(0) ", &s.passed, CODICIL_OK, 0);
  streams_clear(&s);
}

// A frame that is not finished is no reason to wait with what was before it, and a great number of
// them none to go deep.
static void test_a_hundred_thousand_frames_in_one_piece_are_taken_one_by_one(void **state) {
  (void)state;
  streams s = streams_new();
  put_settings(&s.all, 0x40, 0);
  put_octets(&s.passed, s.all.data, s.all.len);
  for (size_t i = 0; i < 100000; i++) {
    put_octets(&s.all, i % 2 == 0 ? "\x0c\x00" : "\x21\x00", 2);
    put_octets(&s.passed, "\x21\x00", i % 2 == 0 ? 0 : 2);
  }
  record rec = run(codicil_buf_span(&s.all), 0, true);
  assert_int_equal(rec.fault.err, CODICIL_OK);
  assert_true(codicil_span_equal(codicil_buf_span(&rec.passed), codicil_buf_span(&s.passed)));
  record_clear(&rec);
  streams_clear(&s);
}

// nghttp3 before 1.10 aborts where a piece ends behind the identifier, and takes what follows the
// integer of GOAWAY for a frame.
static void test_what_nghttp3_must_see_whole_passes_whole(void **state) {
  (void)state;
  static const uint64_t types[] = {FRAME_GOAWAY, FRAME_MAX_PUSH_ID, FRAME_PRIORITY_UPDATE};
  for (size_t i = 0; i < 3; i++) {
    codicil_buf stream;
    codicil_buf_init(&stream, NULL, 100);
    put_settings(&stream, 0x40, 0);
    codicil_span payload = codicil_span_of("\x40\x04u=1", i == 2 ? 5 : 2);
    put_frame(&stream, types[i], payload);
    codicil_h3_control_in in;
    in_init(&in, NULL, true);
    codicil_h3_piece last = {.type = CODICIL_H3_PIECE_NONE};
    for (size_t at = 0; at < stream.len; at++) {
      codicil_reader r = codicil_reader_of(codicil_span_of(&stream.data[at], 1));
      codicil_h3_piece piece = codicil_h3_control_in_next(&in, &r);
      while (piece.type != CODICIL_H3_PIECE_NONE) {
        last = piece;
        piece = codicil_h3_control_in_next(&in, &r);
      }
    }
    assert_int_equal(last.type, CODICIL_H3_PIECE_PASS);
    assert_true(codicil_span_equal(last.octets, payload));
    codicil_h3_control_in_clear(&in);
    expect_all_cuts(&stream, true, "settings-end(0) ", &stream, CODICIL_OK, 0);
    codicil_buf_clear(&stream);
  }
}

static void test_a_priority_update_that_is_too_long_to_be_heeded_is_not_passed(void **state) {
  (void)state;
  for (size_t over = 0; over < 2; over++) {
    streams s = streams_new();
    put_settings(&s.all, 0x40, 0);
    put_settings(&s.passed, 0x40, 0);
    put_filled_frame(&s.all, FRAME_PRIORITY_UPDATE, CODICIL_H3_MAX_HELD + over);
    put_filled_frame(&s.passed, FRAME_PRIORITY_UPDATE, CODICIL_H3_MAX_HELD);
    s.passed.len -= over == 1 ? 2 + 4 + CODICIL_H3_MAX_HELD : 0;
    expect_all_cuts(&s.all, true, "settings-end(0) ", &s.passed, CODICIL_OK, 0);
    streams_clear(&s);
  }
}

// ---- what is refused ----------------------------------------------------------------------------

//= https://www.rfc-editor.org/rfc/rfc9114#section-6.2.1
//# If the first frame of the control stream
//# is any other frame type, this MUST be treated as a connection error
//# of type H3_MISSING_SETTINGS.
static void test_any_frame_before_settings_is_missing_settings(void **state) {
  (void)state;
  static const uint64_t types[] = {FRAME_CERT, FRAME_ORIGIN, FRAME_UNKNOWN, FRAME_GOAWAY,
                                   FRAME_DATA};
  for (size_t i = 0; i < 2 * sizeof types / sizeof types[0]; i++) {
    streams s = streams_new();
    put_filled_frame(&s.all, types[i / 2], 3);
    put_settings(&s.all, SETTING, 1);
    expect_all_cuts(&s.all, i % 2 == 0, "", &s.passed, CODICIL_UNEXPECTED,
                    NGHTTP3_H3_MISSING_SETTINGS);
    streams_clear(&s);
  }
}

//= https://www.rfc-editor.org/rfc/rfc9114#section-7.2.4
//# If an endpoint receives a second SETTINGS
//# frame on the control stream, the endpoint MUST respond with a
//# connection error of type H3_FRAME_UNEXPECTED.
static void test_a_second_settings_frame_is_unexpected(void **state) {
  (void)state;
  streams s = streams_new();
  put_settings(&s.all, 0x40, 0);
  put_settings(&s.passed, 0x40, 0);
  put_settings(&s.all, SETTING, 1);
  expect_all_cuts(&s.all, false, "settings-end(0) ", &s.passed, CODICIL_UNEXPECTED,
                  NGHTTP3_H3_FRAME_UNEXPECTED);
  streams_clear(&s);
}

//= https://www.rfc-editor.org/rfc/rfc9114#section-7.2.4
//# The same setting identifier MUST NOT occur more than once in the
//# SETTINGS frame.
static void test_our_setting_twice_is_an_error_whatever_its_values(void **state) {
  (void)state;
  for (uint64_t second = 0; second <= 1; second++) {
    codicil_buf payload;
    codicil_buf_init(&payload, NULL, 100);
    put_varint(&payload, SETTING);
    put_varint(&payload, 1);
    put_varint_long(&payload, SETTING, 8);
    put_varint(&payload, second);
    streams s = streams_new();
    put_frame(&s.all, FRAME_SETTINGS, codicil_buf_span(&payload));
    expect_all_cuts(&s.all, false, "setting(1) ", NULL, CODICIL_SETTING, 0);
    streams_clear(&s);
    codicil_buf_clear(&payload);
  }
}

//= https://www.rfc-editor.org/rfc/rfc9114#section-7.1
//# A frame payload that contains additional bytes
//# after the identified fields or a frame payload that terminates before
//# the end of the identified fields MUST be treated as a connection
//# error of type H3_FRAME_ERROR.
static void test_settings_that_end_inside_an_entry_are_a_frame_error(void **state) {
  (void)state;
  codicil_buf payload;
  codicil_buf_init(&payload, NULL, 100);
  put_varint(&payload, 0x40);
  put_varint(&payload, 0x4000);
  for (size_t len = 1; len < payload.len; len++) {
    streams s = streams_new();
    put_frame(&s.all, FRAME_SETTINGS, codicil_span_of(payload.data, len));
    expect_all_cuts(&s.all, false, "", NULL, CODICIL_MALFORMED, NGHTTP3_H3_FRAME_ERROR);
    streams_clear(&s);
  }
  codicil_buf_clear(&payload);
}

//= https://www.rfc-editor.org/rfc/rfc9114#section-7.1
//# A frame payload that contains additional bytes
//# after the identified fields or a frame payload that terminates before
//# the end of the identified fields MUST be treated as a connection
//# error of type H3_FRAME_ERROR.
static void test_an_identifier_that_does_not_fill_its_frame_is_a_frame_error(void **state) {
  (void)state;
  static const struct {
    const char *payload;
    size_t len;
  } wrong[] = {{"", 0}, {"\x40", 1}, {"\0\0", 2}, {"\0\x21\0", 3}, {"\xc0\0\0\0\0\0\0\0\0", 9}};
  for (size_t i = 0; i < 10; i++) {
    streams s = streams_new();
    put_settings(&s.all, 0x40, 0);
    put_frame(&s.all, i % 2 == 0 ? FRAME_GOAWAY : FRAME_MAX_PUSH_ID,
              codicil_span_of(wrong[i / 2].payload, wrong[i / 2].len));
    expect_all_cuts(&s.all, true, "settings-end(0) ", NULL, CODICIL_MALFORMED,
                    NGHTTP3_H3_FRAME_ERROR);
    streams_clear(&s);
  }
  // What no integer can fill is refused at its header.
  streams s = streams_new();
  put_settings(&s.all, 0x40, 0);
  put_varint(&s.all, FRAME_GOAWAY);
  put_varint(&s.all, 9);
  expect_all_cuts(&s.all, false, "settings-end(0) ", NULL, CODICIL_MALFORMED,
                  NGHTTP3_H3_FRAME_ERROR);
  streams_clear(&s);
}

static void test_settings_have_a_longest_length(void **state) {
  (void)state;
  streams s = streams_new();
  put_varint(&s.all, FRAME_SETTINGS);
  put_varint(&s.all, MAX_SETTINGS + 1);
  expect_all_cuts(&s.all, false, "", &s.passed, CODICIL_LIMIT, 0);
  codicil_buf_reset(&s.all);
  put_varint(&s.all, FRAME_SETTINGS);
  put_varint(&s.all, MAX_SETTINGS);
  for (size_t i = 0; i < MAX_SETTINGS / 2; i++) {
    put_octets(&s.all, "\x21\x00", 2);
  }
  expect_all_cuts(&s.all, false, "settings-end(0) ", &s.all, CODICIL_OK, 0);
  streams_clear(&s);
}

static void test_an_origin_frame_at_the_limit_is_whole_and_beyond_is_refused_at_its_header(
    void **state) {
  (void)state;
  streams s = streams_new();
  put_settings(&s.all, 0x40, 0);
  size_t len = s.all.len;
  put_filled_frame(&s.all, FRAME_ORIGIN, MAX_ORIGIN);
  static const char said[] = "settings-end(0) origin(64) "
                             "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
  expect_all_cuts(&s.all, false, said, NULL, CODICIL_OK, 0);
  s.all.len = len;
  put_varint(&s.all, FRAME_ORIGIN);
  put_varint(&s.all, MAX_ORIGIN + 1);
  expect_all_cuts(&s.all, false, "settings-end(0) ", NULL, CODICIL_LIMIT, 0);
  streams_clear(&s);
}

static void test_a_fault_stays(void **state) {
  (void)state;
  codicil_buf stream;
  codicil_buf_init(&stream, NULL, 100);
  put_filled_frame(&stream, FRAME_GOAWAY, 1);
  put_settings(&stream, SETTING, 1);
  codicil_h3_control_in in;
  in_init(&in, NULL, false);
  codicil_reader r = codicil_reader_of(codicil_buf_span(&stream));
  for (size_t i = 0; i < 3; i++) {
    codicil_h3_piece piece = codicil_h3_control_in_next(&in, &r);
    assert_int_equal(piece.type, CODICIL_H3_PIECE_FAULT);
    assert_int_equal(piece.fault.code, NGHTTP3_H3_MISSING_SETTINGS);
  }
  codicil_h3_control_in_clear(&in);
  codicil_buf_clear(&stream);
}

static void test_memory_that_runs_out_under_an_origin_frame_is_a_fault(void **state) {
  (void)state;
  codicil_buf stream;
  codicil_buf_init(&stream, NULL, 200);
  put_settings(&stream, SETTING, 1);
  put_filled_frame(&stream, FRAME_ORIGIN, 30);
  size_t n = 0;
  for (bool failed = true; failed; n++) {
    fail_mem mem;
    fail_mem_init(&mem, n);
    codicil_h3_control_in in;
    in_init(&in, &mem.mem, false);
    codicil_h3_piece piece = {.type = CODICIL_H3_PIECE_PASS};
    bool is_over = false;
    for (size_t i = 0; i < stream.len && !is_over; i++) {
      codicil_reader r = codicil_reader_of(codicil_span_of(&stream.data[i], 1));
      do {
        piece = codicil_h3_control_in_next(&in, &r);
        is_over = piece.type == CODICIL_H3_PIECE_FAULT;
      } while (!is_over && piece.type != CODICIL_H3_PIECE_NONE);
    }
    failed = mem.failed;
    assert_int_equal(is_over, failed);
    assert_int_equal(in.fault.err, failed ? CODICIL_NOMEM : CODICIL_OK);
    codicil_h3_control_in_clear(&in);
    assert_int_equal(mem.held, 0);
  }
  assert_true(n > 1);
  codicil_buf_clear(&stream);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_ours_is_kept_and_the_rest_passes_unchanged),
      cmocka_unit_test(test_integers_longer_than_need_be_are_read_and_passed_as_they_came),
      cmocka_unit_test(test_our_setting_is_found_among_others),
      cmocka_unit_test(test_settings_may_be_empty),
      cmocka_unit_test(test_the_end_of_settings_is_told_before_their_last_octet_passes),
      cmocka_unit_test(test_a_server_eats_origin_without_reading_it),
      cmocka_unit_test(test_a_hundred_thousand_frames_in_one_piece_are_taken_one_by_one),
      cmocka_unit_test(test_what_nghttp3_must_see_whole_passes_whole),
      cmocka_unit_test(test_a_priority_update_that_is_too_long_to_be_heeded_is_not_passed),
      cmocka_unit_test(test_any_frame_before_settings_is_missing_settings),
      cmocka_unit_test(test_a_second_settings_frame_is_unexpected),
      cmocka_unit_test(test_our_setting_twice_is_an_error_whatever_its_values),
      cmocka_unit_test(test_settings_that_end_inside_an_entry_are_a_frame_error),
      cmocka_unit_test(test_an_identifier_that_does_not_fill_its_frame_is_a_frame_error),
      cmocka_unit_test(test_settings_have_a_longest_length),
      cmocka_unit_test(
          test_an_origin_frame_at_the_limit_is_whole_and_beyond_is_refused_at_its_header),
      cmocka_unit_test(test_a_fault_stays),
      cmocka_unit_test(test_memory_that_runs_out_under_an_origin_frame_is_a_fault),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
