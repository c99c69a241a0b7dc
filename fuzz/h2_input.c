// Octets into a client's nghttp2 session with the binding: SETTINGS, then what a program says,
// frames, parts of good authenticators, raw octets. Oracle: octet by octet the outcome is the same.
#include <assert.h>

#include "h2_client.h"
#include "reader.h"
#include "span.h"
#include "writer.h"

static codicil_span proofs[3];
static void write_frame(codicil_writer *w, uint8_t type, uint8_t flags, uint32_t stream_id,
                        codicil_span payload) {
  codicil_write_u24(w, (uint32_t)payload.len);
  codicil_write_u16(w, (uint16_t)(type << 8 | flags));
  codicil_write_u32(w, stream_id);
  codicil_write_bytes(w, payload);
}

// Appends one instruction's octets: what to do, three octets, a vector.
static bool step(codicil_writer *w, codicil_reader *r) {
  uint8_t op, a, b, c;
  codicil_span arg;
  if (!codicil_read_u8(r, &op) || !codicil_read_u8(r, &a) || !codicil_read_u8(r, &b) ||
      !codicil_read_u8(r, &c) || !codicil_read_vec8(r, &arg)) {
    return false;
  }
  if (op % 3 == 0) {
    codicil_write_bytes(w, arg);
  } else if (op % 3 == 1) {
    write_frame(w, a, b, c, arg);
  } else { // from 4 * b on; as long as the vector * 4, to the end where that is 0
    size_t len = arg.len == 0 ? SIZE_MAX : arg.len * 4;
    write_frame(w, 0xfc, c, 0, codicil_span_sub(proofs[a % 3], (size_t)b * 4, len));
  }
  return w->err == CODICIL_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  for (size_t i = 0; proofs[2].data == NULL; i++) {
    proofs[i] = authenticator_of(SITE_IMG + (site)i, i);
  }
  codicil_buf in;
  codicil_buf_init(&in, NULL, 1 << 16);
  codicil_writer w = codicil_writer_of(&in);
  codicil_reader r = codicil_reader_of(codicil_span_of(data, len));
  write_frame(&w, NGHTTP2_SETTINGS, 0, 0, codicil_span_of("\xf0\xce\0\0\0\1", 6));
  while (step(&w, &r)) {
  }
  h2_client whole, pieces;
  bool is_read = h2_client_run(&whole, codicil_buf_span(&in), SIZE_MAX);
  if (h2_client_run(&pieces, codicil_buf_span(&in), 1) && is_read) {
    assert(codicil_h2_error(whole.h2) == codicil_h2_error(pieces.h2));
    assert(codicil_span_equal(codicil_buf_span(&whole.out), codicil_buf_span(&pieces.out)));
    assert(codicil_h2_error(whole.h2) != CODICIL_OK || clients_agree(&whole.world, &pieces.world));
  }
  h2_client_close(&whole);
  h2_client_close(&pieces);
  codicil_buf_clear(&in);
  return 0;
}
