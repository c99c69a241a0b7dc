// Octets as a request stream. Oracle: our frame is found as often, and last at that place, as in a
// walk over the whole; octet by octet as often.
#include <assert.h>

#include "span.h"
#include "stream_watch.h"

enum { FRAME = 0x21 };

// How often the frame is found; *last is where it was last, in octets from the begin.
static size_t watch(codicil_span octets, size_t step, size_t *last) {
  codicil_h3_frames frames = {.rest = 0};
  size_t num = 0, start;
  for (size_t at = 0; at < octets.len; at += step) {
    codicil_reader r = codicil_reader_of(codicil_span_sub(octets, at, step));
    size_t len = r.rest.len, given = 0;
    for (; codicil_h3_watch(&frames, &start, &r, FRAME); given = len - r.rest.len) {
      *last = at + given + start;
      num++;
    }
    assert(codicil_reader_done(&r));
  }
  return num;
}

static size_t walk(codicil_span octets, size_t *last) {
  codicil_reader r = codicil_reader_of(octets);
  uint64_t type, len;
  size_t num = 0;
  codicil_span payload;
  for (size_t at = 0; codicil_read_varint(&r, &type) && codicil_read_varint(&r, &len);
       at = octets.len - r.rest.len) {
    if (type == FRAME) {
      *last = at;
      num++;
    }
    assert(codicil_read_bytes(&r, &payload, len < r.rest.len ? (size_t)len : r.rest.len));
  }
  return num;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  codicil_span octets = codicil_span_of(data, len);
  size_t whole = 0, walked = 0, last;
  size_t num = walk(octets, &walked);
  assert(watch(octets, SIZE_MAX / 2, &whole) == num && whole == walked);
  assert(watch(octets, 1, &last) == num);
  assert(watch(octets, 7, &last) == num);
  return 0;
}
