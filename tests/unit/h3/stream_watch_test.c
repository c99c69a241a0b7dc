// Frames of other streams, alone: ours is found in any pieces; and the table against a plain model.
#include "stream_watch.h"

#include "cmocka_test.h"

#include "fail_mem.h"
#include "octets.h"
#include "span.h"

enum { MAX_FOUND = 8 };

// Offsets in the stream where frames of type FRAME_CERT begin.
typedef struct found {
  size_t at[MAX_FOUND];
  size_t num;
} found;

static void watch(codicil_h3_frames *frames, found *f, codicil_span octets, size_t offset) {
  codicil_span copy = exact_copy(octets);
  codicil_reader r = codicil_reader_of(copy);
  size_t given = 0, start;
  while (codicil_h3_watch(frames, &start, &r, FRAME_CERT)) {
    assert_true(f->num < MAX_FOUND);
    f->at[f->num++] = offset + given + start;
    given = copy.len - r.rest.len;
  }
  assert_true(codicil_reader_done(&r));
  free((void *)(uintptr_t)copy.data);
}

static codicil_buf request_stream(size_t *out_first, size_t *out_second) {
  codicil_buf stream;
  codicil_buf_init(&stream, NULL, 1000);
  put_filled_frame(&stream, FRAME_HEADERS, 20);
  // What looks like our header inside a payload is none.
  codicil_buf body;
  codicil_buf_init(&body, NULL, 100);
  put_frame(&body, FRAME_CERT, codicil_span_str("abc"));
  put_frame(&stream, FRAME_DATA, codicil_buf_span(&body));
  codicil_buf_clear(&body);
  put_frame(&stream, FRAME_DATA, codicil_span_of(NULL, 0));
  *out_first = stream.len;
  put_frame(&stream, FRAME_CERT, codicil_span_of(NULL, 0));
  put_filled_frame(&stream, FRAME_UNKNOWN, 3);
  *out_second = stream.len;
  put_filled_frame(&stream, FRAME_CERT, 70);
  put_filled_frame(&stream, FRAME_HEADERS, 5);
  return stream;
}

static void test_our_frame_is_found_whatever_the_pieces(void **state) {
  (void)state;
  size_t first, second;
  codicil_buf stream = request_stream(&first, &second);
  codicil_span all = codicil_buf_span(&stream);
  for (size_t cut = 0; cut <= all.len; cut++) {
    codicil_h3_frames frames = {.rest = 0};
    found f = {.num = 0};
    watch(&frames, &f, codicil_span_sub(all, 0, cut), 0);
    watch(&frames, &f, codicil_span_sub(all, cut, SIZE_MAX), cut);
    assert_int_equal(f.num, 2);
    // Where the header is cut, the begin of the second piece stands for it: the first is gone.
    assert_int_equal(f.at[0], cut > first && cut < first + 5 ? cut : first);
    assert_int_equal(f.at[1], cut > second && cut < second + 6 ? cut : second);
    assert_true(codicil_h3_frames_at_boundary(&frames));
  }
  codicil_h3_frames frames = {.rest = 0};
  found f = {.num = 0};
  for (size_t i = 0; i < all.len; i++) {
    watch(&frames, &f, codicil_span_sub(all, i, 1), i);
  }
  assert_int_equal(f.num, 2);
  codicil_buf_clear(&stream);
}

static void test_a_stream_is_at_a_boundary_only_between_frames(void **state) {
  (void)state;
  codicil_buf stream;
  codicil_buf_init(&stream, NULL, 100);
  put_filled_frame(&stream, FRAME_DATA, 3);
  put_frame(&stream, FRAME_DATA, codicil_span_of(NULL, 0));
  put_varint_long(&stream, FRAME_DATA, 8);
  put_varint_long(&stream, 1, 8);
  put_octets(&stream, "x", 1);
  codicil_h3_frames frames = {.rest = 0};
  found f = {.num = 0};
  for (size_t i = 0; i < stream.len; i++) {
    bool between = i == 0 || i == 5 || i == 7;
    assert_int_equal(codicil_h3_frames_at_boundary(&frames), between);
    watch(&frames, &f, codicil_span_of(&stream.data[i], 1), i);
  }
  assert_true(codicil_h3_frames_at_boundary(&frames));
  assert_int_equal(f.num, 0);
  codicil_buf_clear(&stream);
}

// ---- the table ----------------------------------------------------------------------------------

enum { NUM_IDS = 300, STEPS = 60000 };

static uint32_t draw(uint32_t *state) {
  *state = *state * 1664525 + 1013904223;
  return *state >> 8;
}

// Numbers that meet in one slot again and again, and small ones.
static int64_t id_of(size_t i) {
  return i % 2 == 0 ? (int64_t)(4 * i) : (int64_t)((uint64_t)i << 40);
}

static codicil_h3_stream entry(int64_t id, uint64_t rest) {
  return (codicil_h3_stream){.id = id, .frames = {.rest = rest, .in_frame = true}};
}

static void test_the_table_remembers_what_a_plain_array_does(void **state) {
  (void)state;
  static uint64_t model[NUM_IDS]; // 0: forgotten
  codicil_h3_streams streams = {.mem = NULL};
  uint32_t seed = 5;
  size_t num = 0;
  for (size_t step = 1; step <= STEPS; step++) {
    size_t i = draw(&seed) % NUM_IDS;
    // It fills and empties in turns.
    if (draw(&seed) % 100 < (step / 10000 % 2 == 0 ? 70U : 30U)) {
      codicil_h3_stream stream = entry(id_of(i), step);
      assert_int_equal(codicil_h3_streams_put(&streams, &stream), CODICIL_OK);
      num += model[i] == 0;
      model[i] = step;
    } else {
      codicil_h3_streams_remove(&streams, id_of(i));
      num -= model[i] != 0;
      model[i] = 0;
    }
    assert_int_equal(streams.num, num);
    assert_true(2 * streams.num <= streams.cap);
    size_t probe = draw(&seed) % NUM_IDS;
    const codicil_h3_stream *known = codicil_h3_streams_find(&streams, id_of(probe));
    assert_int_equal(known != NULL, model[probe] != 0);
    assert_true(known == NULL || known->frames.rest == model[probe]);
  }
  for (size_t i = 0; i < NUM_IDS; i++) {
    const codicil_h3_stream *known = codicil_h3_streams_find(&streams, id_of(i));
    assert_int_equal(known != NULL, model[i] != 0);
  }
  codicil_h3_streams_clear(&streams);
  assert_null(codicil_h3_streams_find(&streams, id_of(0)));
}

static void test_an_empty_table_has_no_memory(void **state) {
  (void)state;
  fail_mem mem;
  fail_mem_init(&mem, SIZE_MAX);
  codicil_h3_streams streams = {.mem = &mem.mem};
  assert_null(codicil_h3_streams_find(&streams, 0));
  codicil_h3_streams_remove(&streams, 0);
  assert_int_equal(mem.held, 0);
  codicil_h3_streams_clear(&streams);
}

static void test_memory_that_runs_out_leaves_the_table_as_it_was(void **state) {
  (void)state;
  for (size_t n = 0; n < 3; n++) {
    fail_mem mem;
    fail_mem_init(&mem, n);
    codicil_h3_streams streams = {.mem = &mem.mem};
    size_t num = 0;
    codicil_err err = CODICIL_OK;
    while (err == CODICIL_OK) {
      codicil_h3_stream stream = entry((int64_t)num, num + 1);
      err = codicil_h3_streams_put(&streams, &stream);
      num += err == CODICIL_OK;
    }
    assert_int_equal(err, CODICIL_NOMEM);
    assert_int_equal(streams.num, num);
    for (size_t i = 0; i < num; i++) {
      assert_int_equal(codicil_h3_streams_find(&streams, (int64_t)i)->frames.rest, i + 1);
    }
    codicil_h3_streams_clear(&streams);
    assert_int_equal(mem.held, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_our_frame_is_found_whatever_the_pieces),
      cmocka_unit_test(test_a_stream_is_at_a_boundary_only_between_frames),
      cmocka_unit_test(test_the_table_remembers_what_a_plain_array_does),
      cmocka_unit_test(test_an_empty_table_has_no_memory),
      cmocka_unit_test(test_memory_that_runs_out_leaves_the_table_as_it_was),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
