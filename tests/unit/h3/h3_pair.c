// Two ends back to back: see h3_pair.h.
#include "h3_pair.h"

#include <stdlib.h>

#include "fail_mem.h"
#include "span.h"
#include "varint.h"

static void must(bool ok) {
  if (!ok) {
    abort();
  }
}

void h3_pair_init(h3_pair *pair) {
  *pair = (h3_pair){.mem = NULL};
  world_init(&pair->w);
}

void h3_pair_open(h3_pair *pair) {
  world_connect(&pair->w);
  must(h3_end_open(&pair->client, false, pair->w.client, pair->mem, NULL));
  must(h3_end_open(&pair->server, true, pair->w.server, pair->mem, NULL));
}

void h3_pair_close(h3_pair *pair) {
  h3_end_close(&pair->client);
  h3_end_close(&pair->server);
  world_close(&pair->w);
}

bool h3_inject(h3_end *end, int64_t stream, codicil_span octets, size_t step, int fin) {
  size_t at = 0;
  bool ok = true;
  do {
    codicil_span piece = exact_copy(codicil_span_sub(octets, at, step != 0 ? step : octets.len));
    at += piece.len;
    ok = h3_end_recv(end, stream, piece, fin != 0 && at == octets.len);
    free((void *)(uintptr_t)piece.data);
  } while (ok && at < octets.len);
  return ok;
}

// Moves what `from` has to send now; tells whether there was anything.
static bool move_once(h3_end *from, h3_end *to, size_t step) {
  nghttp3_vec vec[H3_MAX_VEC];
  int64_t stream;
  int fin;
  size_t num = h3_end_next(from, &stream, &fin, vec);
  if (stream < 0) {
    return false;
  }
  size_t len = 0;
  for (size_t i = 0; i < num; i++) {
    len += vec[i].len;
    if (!h3_inject(to, stream, codicil_span_of(vec[i].base, vec[i].len), step,
                   fin != 0 && i + 1 == num)) {
      return false;
    }
  }
  if (num == 0 && !h3_inject(to, stream, codicil_span_of(NULL, 0), step, fin)) {
    return false;
  }
  h3_end_sent(from, stream, len);
  h3_end_acked(from, stream, len);
  return from->rc == 0;
}

void h3_pair_settle(h3_pair *pair, size_t step) {
  bool moved;
  do {
    server_sign_all(pair->w.server);
    moved = move_once(&pair->client, &pair->server, step);
    moved = move_once(&pair->server, &pair->client, step) || moved;
  } while (moved);
}

void h3_write_varint(codicil_buf *buf, uint64_t value) {
  codicil_writer w = codicil_writer_of(buf);
  codicil_write_varint(&w, value);
  must(codicil_writer_finish(&w) == CODICIL_OK);
}

void h3_write_varint_long(codicil_buf *buf, uint64_t value, size_t len) {
  uint8_t octets[CODICIL_VARINT_MAX_LEN];
  for (size_t i = 0; i < len; i++) {
    octets[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
  }
  octets[0] |= len == 8 ? 0xc0 : len == 4 ? 0x80 : len == 2 ? 0x40 : 0;
  must(codicil_buf_append(buf, codicil_span_of(octets, len)) == CODICIL_OK);
}

void h3_write_frame(codicil_buf *buf, uint64_t type, codicil_span payload) {
  h3_write_varint(buf, type);
  h3_write_varint(buf, payload.len);
  must(codicil_buf_append(buf, payload) == CODICIL_OK);
}

uint64_t h3_close_code(const h3_end *end) {
  return codicil_h3_app_error_code(end->h3, end->rc);
}
