// A byte program drives a client session whose exporter is fixed; three authenticators are there to
// be sent whole or in part. Oracle: a session that gets its payloads octet by octet decides alike.
#include <assert.h>

#include "reader.h"
#include "session_fixture.h"
#include "span.h"

static codicil_span proofs[3];

// One instruction: what to do, an octet, and a vector.
static codicil_err step(world *w, uint8_t op, uint8_t n, codicil_span arg, size_t piece) {
  static const char *const origins[] = {"https://www.example", "https://img.example",
                                        "https://a.cdn.example", "https://bad.example"};
  codicil_origin origin = origin_of(origins[n % 4]);
  switch (op % 5) {
  case 0:
    return codicil_session_recv_setting(w->client, n);
  case 1:
    return feed_frame_in_pieces(w->client, arg, piece, w->now);
  case 2: // the part that the vector's length names; the whole where that is 0
    arg = codicil_span_sub(proofs[n % 3], n & 252U, arg.len * 4 - (arg.len == 0));
    return feed_frame_in_pieces(w->client, arg, piece, w->now);
  case 3:
    return codicil_session_recv_origin(w->client, &arg, n % 2);
  default:
    return codicil_session_misdirected(w->client, &origin);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  world w[2];
  for (size_t i = 0; i < 2; i++) {
    world_init(&w[i]);
    codicil_config_set_limit(w[i].client_config, CODICIL_LIMIT_AUTHENTICATORS, 2);
    world_connect(&w[i]);
  }
  for (size_t i = 0; proofs[2].data == NULL; i++) {
    proofs[i] = authenticator_of(SITE_IMG + (site)i, i);
  }
  codicil_reader r = codicil_reader_of(codicil_span_of(data, len));
  codicil_err err = CODICIL_OK;
  uint8_t op, n;
  codicil_span arg;
  while (!codicil_err_is_fatal(err) && codicil_read_u8(&r, &op) && codicil_read_u8(&r, &n) &&
         codicil_read_vec8(&r, &arg)) {
    err = step(&w[0], op, n, arg, SIZE_MAX);
    assert(step(&w[1], op, n, arg, 1) == err);
    assert(codicil_err_is_fatal(err) || clients_agree(&w[0], &w[1]));
  }
  world_close(&w[0]);
  world_close(&w[1]);
  return 0;
}
