// Octets as a peer's control stream; the first says whose. Oracles: what nghttp3 gets is the input
// without our frames, as a walk over the whole of it finds them; every octet is passed, eaten or
// held; octet by octet the outcome is the same.
#include <assert.h>

#include "control_in.h"
#include "span.h"

enum { MAX_ORIGIN = 100, MAX_HELD = 16 + CODICIL_H3_MAX_HELD };

// All but frames of ours, of ORIGIN, and to a server long ones of PRIORITY_UPDATE. Ends inside a
// header.
static void walk(codicil_buf *passed, codicil_reader r, uint64_t ours, bool is_server) {
  uint64_t type, len;
  codicil_span frame;
  for (codicil_reader h = r; codicil_read_varint(&h, &type) && codicil_read_varint(&h, &len);
       h = r) {
    bool is_long = is_server && type == 0xf0700 && len > CODICIL_H3_MAX_HELD;
    size_t rest = len < h.rest.len ? h.rest.len - (size_t)len : 0;
    assert(codicil_read_bytes(&r, &frame, r.rest.len - rest));
    if (type != ours && type != 0x0c && !is_long) {
      assert(codicil_buf_append(passed, frame) == CODICIL_OK);
    }
  }
}

static void run(codicil_buf passed[], codicil_h3_control_in *in, codicil_span octets, size_t step) {
  codicil_h3_piece piece = {.type = CODICIL_H3_PIECE_NONE};
  for (size_t at = 0; at < octets.len && piece.type != CODICIL_H3_PIECE_FAULT; at += step) {
    codicil_reader r = codicil_reader_of(codicil_span_sub(octets, at, step));
    do {
      piece = codicil_h3_control_in_next(in, &r);
      codicil_buf *to = &passed[piece.type == CODICIL_H3_PIECE_PASS ? 0 : 1];
      assert(codicil_buf_append(to, piece.octets) == CODICIL_OK);
    } while (piece.type != CODICIL_H3_PIECE_NONE && piece.type != CODICIL_H3_PIECE_FAULT);
  }
  codicil_h3_control_in_clear(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  codicil_codepoints codepoints;
  codicil_codepoints_default(&codepoints);
  bool is_server = len > 0 && data[0] % 2 == 1;
  codicil_span octets = codicil_span_sub(codicil_span_of(data, len), 1, SIZE_MAX);
  codicil_buf bufs[5]; // passed and kept, at once and octet by octet; passed by the walk
  for (size_t i = 0; i < 5; i++) {
    codicil_buf_init(&bufs[i], NULL, len);
  }
  walk(&bufs[4], codicil_reader_of(octets), codepoints.h3_frame, is_server);
  codicil_h3_control_in in[2];
  for (size_t i = 0; i < 2; i++) {
    codicil_h3_control_in_init(&in[i], NULL, &codepoints, MAX_ORIGIN, is_server);
    run(&bufs[2 * i], &in[i], octets, i == 0 ? SIZE_MAX / 2 : 1);
    codicil_span passed = codicil_buf_span(&bufs[2 * i]);
    assert(codicil_span_equal(codicil_span_sub(codicil_buf_span(&bufs[4]), 0, passed.len), passed));
    assert(in[i].fault.err != CODICIL_OK || octets.len - passed.len - in[i].eaten <= MAX_HELD);
  }
  assert(in[0].fault.err == in[1].fault.err && in[0].fault.code == in[1].fault.code);
  for (size_t i = 0; i < 2 && in[0].fault.err == CODICIL_OK; i++) {
    assert(codicil_span_equal(codicil_buf_span(&bufs[i]), codicil_buf_span(&bufs[2 + i])));
  }
  for (size_t i = 0; i < 5; i++) {
    codicil_buf_clear(&bufs[i]);
  }
  return 0;
}
