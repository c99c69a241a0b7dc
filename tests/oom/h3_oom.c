// Whole exchanges over HTTP/3 in which the nth allocation of a binding fails, for every n.
//
// Each must end with CODICIL_NOMEM and H3_INTERNAL_ERROR, must refuse everything from then on and
// give every block back; and, once n is past the last allocation, must do the whole job.
#include <stdio.h>
#include <stdlib.h>

#include "fail_mem.h"
#include "h3_pair.h"
#include "octets.h"

static void must(bool ok, const char *what, size_t n) {
  if (!ok) {
    fprintf(stderr, "allocation %zu: %s\n", n, what);
    abort();
  }
}

static void check_failed(const h3_end *end, size_t n) {
  if (end->h3 == NULL) {
    return;
  }
  must(end->rc == NGHTTP3_ERR_NOMEM, "what failed", n);
  must(codicil_h3_error(end->h3) == CODICIL_NOMEM, "its error", n);
  must(h3_close_code(end) == NGHTTP3_H3_INTERNAL_ERROR, "its code", n);
  must(codicil_h3_unblock_stream(end->h3, end->http, 0) == NGHTTP3_ERR_NOMEM, "what follows", n);
}

// Everything that allocates: frames out and in, ORIGIN, streams with a frame or a type open.
static void exchange(h3_pair *pair) {
  codicil_origin origin = origin_of("https://img.example");
  const site_data *data = site_of(SITE_BIG);
  must(codicil_session_send_origins(pair->w.server, &origin, 1) == CODICIL_OK, "origins", 0);
  must(codicil_session_offer(pair->w.server, data->credential, data->identity) == CODICIL_OK,
       "offer", 0);
  for (size_t i = 0; i < 20; i++) {
    h3_end_request(&pair->client, 100, 100);
  }
  h3_pair_settle(pair, 7);
  bool lives = pair->client.rc == 0 && pair->server.rc == 0;
  lives = lives && h3_inject(&pair->client, 19, codicil_span_of("\x40", 1), 0, 0);
  for (int64_t id = 80; lives && id < 160; id += 4) {
    lives = h3_inject(&pair->server, id, codicil_span_of("\1", 1), 0, 0);
  }
}

// Tells whether the nth allocation was the last, or beyond it.
static bool run(bool fails_client, size_t n) {
  fail_mem mem;
  fail_mem_init(&mem, n);
  h3_pair pair;
  h3_pair_init(&pair);
  world_connect(&pair.w);
  bool client =
      h3_end_open(&pair.client, false, pair.w.client, fails_client ? &mem.mem : NULL, NULL);
  bool server =
      h3_end_open(&pair.server, true, pair.w.server, fails_client ? NULL : &mem.mem, NULL);
  if (client && server) {
    exchange(&pair);
  }
  const h3_end *end = fails_client ? &pair.client : &pair.server;
  if (mem.failed) {
    check_failed(end, n);
  } else {
    must(pair.client.rc == 0 && pair.server.rc == 0, "an error without a reason", n);
    must(h3_end_is_done(&pair.client), "requests", n);
    must(codicil_session_num_certificates(pair.w.client) == 2, "the certificate", n);
  }
  h3_pair_close(&pair);
  must(mem.held == 0, "a leak", n);
  return !mem.failed;
}

int main(void) {
  for (unsigned side = 0; side < 2; side++) {
    size_t n = 0;
    while (!run(side == 0, n)) {
      n++;
    }
    printf("%s: %zu allocations\n", side == 0 ? "client" : "server", n);
    must(n > 3, "there are some", n);
  }
  sites_free();
  return 0;
}
