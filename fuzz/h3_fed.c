// One end of HTTP/3 that is fed: see h3_fed.h.
#include "h3_fed.h"

#include <assert.h>

#include "span.h"

enum { SERVER = 1, SILENT = 2, NO_SETTINGS = 4 };

void h3_fed_open(h3_fed *fed, uint8_t how) {
  *fed = (h3_fed){.is_over = {false}};
  bool is_server = (how & SERVER) != 0;
  world *w = &fed->world;
  world_init(w);
  codicil_config_set_offer(is_server ? w->server_config : w->client_config, (how & SILENT) == 0);
  world_connect(w);
  assert(h3_end_open(&fed->end, is_server, is_server ? w->server : w->client, NULL, NULL));
  fed->end.takes_any_body = true;
  for (size_t i = 0; i < 2 && !is_server; i++) {
    h3_end_request(&fed->end, 0, 10);
  }
  if ((how & NO_SETTINGS) == 0) {
    h3_fed_give(fed, 2, codicil_span_of("\0\4\5\xac\xe5\xe7\x71\1", 8), 8, 0);
  }
}

void h3_fed_close(h3_fed *fed) {
  h3_end_close(&fed->end);
  world_close(&fed->world);
}

void h3_fed_give(h3_fed *fed, size_t which, codicil_span octets, size_t step, int fin) {
  int64_t stream =
      which < 2 ? (int64_t)which * 4 : h3_one_way(!fed->end.is_server, (int64_t)which - 2);
  if (fed->is_over[which]) {
    return;
  }
  fed->is_over[which] = fin != 0;
  for (size_t at = 0; at < octets.len && fed->end.rc == 0; at += step) {
    codicil_span piece = codicil_span_sub(octets, at, step);
    (void)h3_end_recv(&fed->end, stream, piece, fin != 0 && at + piece.len == octets.len);
    // Of that stream alone.
    bool is_malformed = fed->end.rc == NGHTTP3_ERR_MALFORMED_HTTP_MESSAGING;
    fed->had_malformed = fed->had_malformed || is_malformed;
    fed->end.rc = is_malformed ? 0 : fed->end.rc;
  }
}
