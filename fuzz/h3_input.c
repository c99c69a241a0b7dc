// Octets of a peer into one end of HTTP/3, nghttp3 and all: a program says on which stream come raw
// octets, frames, and parts of good authenticators. Oracle: octet by octet the connection lives on
// alike, or ends by the same error of ours. Of two errors in one SETTINGS frame either may be told,
// and whether a field section that had to wait fails is nghttp3's affair: it depends on the cut.
#include <assert.h>

#include "h3_fed.h"
#include "span.h"
#include "varint.h"

static codicil_span proofs[3];

// One instruction's octets: what to do, a number, a vector.
static void write_step(codicil_writer *w, uint8_t op, uint8_t n, codicil_span arg) {
  static const uint64_t types[] = {0x2ce5f4a3, 0x0, 0x1, 0x4, 0x7, 0xc, 0xd, 0xf0700, 0x21};
  codicil_span proof = codicil_span_sub(proofs[n % 3], (n & 0xfcU) * 4U, arg.len * 8);
  codicil_span payload = op % 4 == 2 ? proof : arg;
  if (op % 4 != 0) {
    codicil_write_varint(w, op % 4 == 2 ? types[0] : types[n % 9]);
    codicil_write_varint(w, payload.len);
  }
  codicil_write_bytes(w, payload);
}

static void play(h3_fed *fed, codicil_reader r, size_t step) {
  uint8_t op, n;
  codicil_span arg;
  while (codicil_read_u8(&r, &op) && codicil_read_u8(&r, &n) && codicil_read_vec8(&r, &arg)) {
    codicil_buf octets;
    codicil_buf_init(&octets, NULL, 1 << 16);
    codicil_writer w = codicil_writer_of(&octets);
    write_step(&w, op, n, arg);
    assert(codicil_writer_finish(&w) == CODICIL_OK);
    h3_fed_give(fed, op / 4 % 4, codicil_buf_span(&octets), step, op >= 0xf0 && octets.len > 0);
    codicil_buf_clear(&octets);
  }
}

static bool is_of_settings(const h3_end *end) {
  uint64_t code = codicil_h3_app_error_code(end->h3, end->rc);
  return end->rc != 0 && (code == NGHTTP3_H3_SETTINGS_ERROR || code == NGHTTP3_H3_FRAME_ERROR);
}

static bool is_of_qpack(const h3_end *end) {
  uint64_t code = codicil_h3_app_error_code(end->h3, end->rc);
  return end->rc != 0 && code >= NGHTTP3_QPACK_DECOMPRESSION_FAILED &&
         code <= NGHTTP3_QPACK_DECODER_STREAM_ERROR;
}

static void compare(h3_fed fed[2]) {
  const h3_end *whole = &fed[0].end, *pieces = &fed[1].end;
  assert((whole->rc == 0) == (pieces->rc == 0));
  assert(codicil_h3_error(whole->h3) == codicil_h3_error(pieces->h3) ||
         (is_of_settings(whole) && is_of_settings(pieces)));
  bool is_exact = whole->rc == 0 && !fed[0].had_malformed;
  assert(!is_exact || whole->credited == pieces->credited);
  assert(whole->rc != 0 || whole->is_server || clients_agree(&fed[0].world, &fed[1].world));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  for (size_t i = 0; proofs[2].data == NULL; i++) {
    proofs[i] = authenticator_of(SITE_IMG + (site)i, i);
  }
  codicil_reader r = codicil_reader_of(codicil_span_of(data, len));
  uint8_t how = 0;
  (void)!codicil_read_u8(&r, &how);
  h3_fed fed[2];
  for (size_t i = 0; i < 2; i++) {
    h3_fed_open(&fed[i], how);
    play(&fed[i], r, i == 0 ? SIZE_MAX / 2 : 1);
  }
  if (!is_of_qpack(&fed[0].end) && !is_of_qpack(&fed[1].end)) {
    compare(fed);
  }
  h3_fed_close(&fed[0]);
  h3_fed_close(&fed[1]);
  return 0;
}
