// Two ends back to back: see h3_pair.h.
#include "h3_pair.h"

#include <stdlib.h>

#include "fail_mem.h"
#include "span.h"

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

uint64_t h3_close_code(const h3_end *end) {
  return codicil_h3_app_error_code(end->h3, end->rc);
}
