// A program for the table of streams. Oracle: it remembers what a plain array does.
#include <assert.h>

#include "stream_watch.h"

enum { NUM_IDS = 64 };

// Small numbers, and such as share their low bits.
static int64_t id_of(size_t i) {
  return (int64_t)((uint64_t)i << (i % 50));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  uint64_t model[NUM_IDS] = {0}; // 0: forgotten
  codicil_h3_streams streams = {.mem = NULL};
  codicil_reader r = codicil_reader_of(codicil_span_of(data, len));
  uint8_t op;
  for (uint64_t step = 1; codicil_read_u8(&r, &op); step++) {
    size_t i = op % NUM_IDS;
    bool is_put = op < 2 * NUM_IDS;
    if (is_put) {
      codicil_h3_stream stream = {.id = id_of(i), .frames = {.rest = step}};
      assert(codicil_h3_streams_put(&streams, &stream) == CODICIL_OK);
    } else {
      codicil_h3_streams_remove(&streams, id_of(i));
    }
    model[i] = is_put ? step : 0;
  }
  size_t num = 0;
  for (size_t i = 1; i < NUM_IDS; i++) {
    const codicil_h3_stream *known = codicil_h3_streams_find(&streams, id_of(i));
    assert((known != NULL ? known->frames.rest : 0) == model[i]);
    num += model[i] != 0;
  }
  assert(streams.num == num + (model[0] != 0));
  codicil_h3_streams_clear(&streams);
  return 0;
}
