// A byte program drives a client session whose exporter is fixed; some authenticators are there to
// be sent whole or in part, of certificates that prove each other's Required Domains. Oracle: a
// session that gets its payloads octet by octet decides alike.
#include <assert.h>

#include "bound_fixture.h"
#include "reader.h"
#include "span.h"

enum { PROOFS = 8, HELD_MAX = 5 };

static const bound_spec specs[PROOFS] = {
    {.names = "img.example"},
    {.names = "glue.example", .required = "www.example"},
    {.names = "shared.example", .required = "glue.example"},
    {.names = "a.cdn.example", .required = "shared.example,*"},
    {.names = "*.cdn.example", .required = "192.0.2.1", .by_caa = true},
    {.names = "bad.example", .required = "*.cdn.example", .not_after = PKI_NOW + 99},
    {.names = "192.0.2.1", .required = "bad.example,glue.example", .by_caa = true},
    {.names = "glue.example,bad.example", .required = "DER:8200"},
};
static const char *const origins[] = {"https://www.example",   "https://img.example",
                                      "https://a.cdn.example", "https://bad.example",
                                      "https://glue.example",  "https://shared.example"};

static codicil_err resume(world *w, uint8_t n) {
  codicil_evidence evidence = n & 16 ? evidence_elsewhere() : evidence_here();
  w->now.unix_s += n & 32 ? 61 : 0;
  return codicil_session_resume_dns(w->client, n % 4U, &evidence, w->now.unix_s + n, w->now);
}

static codicil_err change_modes(world *w, uint8_t n) {
  codicil_config_set_required_domain(w->client_config, (codicil_required_mode)(n % 3), n & 64);
  codicil_config_set_dns_mode(w->client_config, (codicil_dns_mode)(n / 4 % 4));
  return codicil_session_policy_changed(w->client, w->now);
}

// One instruction: what to do, an octet, and a vector.
static codicil_err step(world *w, uint8_t op, uint8_t n, codicil_span arg, size_t piece) {
  codicil_origin origin = origin_of(origins[n % 6]);
  codicil_span proof = bound_of(&specs[n % PROOFS])->authenticator;
  switch (op % 7) {
  case 0:
    return codicil_session_recv_setting(w->client, n);
  case 1:
    return feed_frame_in_pieces(w->client, arg, piece, w->now);
  case 2: // the part that the vector's length names; the whole where that is 0
    arg = codicil_span_sub(proof, n & 248U, arg.len * 4 - (arg.len == 0));
    return feed_frame_in_pieces(w->client, arg, piece, w->now);
  case 3:
    return codicil_session_recv_origin(w->client, &arg, n % 2);
  case 4:
    return codicil_session_misdirected(w->client, &origin);
  case 5:
    return resume(w, n);
  default:
    return change_modes(w, n);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  world w[2];
  for (size_t i = 0; i < 2; i++) {
    bound_init(&w[i]);
    codicil_config_set_limit(w[i].client_config, CODICIL_LIMIT_AUTHENTICATORS, HELD_MAX);
    world_connect(&w[i]);
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
