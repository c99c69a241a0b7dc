// Two ends of an HTTP/2 connection in one process: nghttp2, the binding and a session on each.
//
// TLS is pretended: both ends export the same values. Octets of the server wait in `to_client`,
// those of the client in `to_server`, until they are delivered in pieces of a chosen size; tests
// put octets of their own there. What fails ends the test.
#ifndef CODICIL_TESTS_H2_FIXTURE_H
#define CODICIL_TESTS_H2_FIXTURE_H

#include "codicil/h2.h"
#include "pki_fixture.h"

enum { NO_GOAWAY = -1, MAX_SEEN = 2000 };

typedef struct h2_end {
  codicil_config *config;
  codicil_session *session;
  codicil_tls tls;
  codicil_h2 *h2;
  nghttp2_session *ng;
  codicil_buf out;        // octets on their way to the other end
  uint8_t seen[MAX_SEEN]; // types of the frames that on_frame_recv saw
  size_t num_seen;
  int64_t goaway; // code of the GOAWAY that this end received
  bool is_server;
  bool is_answering; // a server that answers requests, after `before_answer`
  struct h2_pair *pair;
} h2_end;

typedef struct h2_pair {
  pki_cert *root, *primary, *secondary;
  codicil_trust *trust;
  codicil_credential *credential;
  codicil_identity *identity, *primary_identity;
  codicil_codepoints codepoints;
  const codicil_mem *mem; // of the bindings
  h2_end client, server;
} h2_pair;

// Certificates, trust, configurations; then the ends may be configured, then opened.
void h2_pair_init(h2_pair *pair);
// Makes both ends: the client's SETTINGS are on their way, the server's too.
void h2_pair_open(h2_pair *pair);
void h2_pair_open_end(h2_pair *pair, h2_end *end);
void h2_pair_close(h2_pair *pair);
void h2_end_close(h2_end *end);
void h2_pair_clear(h2_pair *pair);

// The server proves `secondary` and lists its origin.
void h2_offer(h2_pair *pair);
// Signs what the session wants signed, flushes the binding, moves what nghttp2 has to `out`.
void h2_drive(h2_end *end);
// Gives `from.out` to `to` in pieces of `step` octets (0: at once), then drives `to`.
void h2_deliver(h2_end *from, h2_end *to, size_t step);
// Delivers to and fro until both are silent.
void h2_settle(h2_pair *pair);
// Puts a frame made by hand behind what is on its way from `end`.
void h2_inject(h2_end *end, uint8_t type, uint8_t flags, uint32_t stream_id, codicil_span payload);
// Sends a SETTINGS frame with our setting, once for each value.
void h2_send_setting(h2_end *end, const uint32_t *values, size_t num);
// The client sends a GET.
void h2_request(h2_pair *pair);
// Tells how often `end` saw a frame of this type.
size_t h2_count_seen(const h2_end *end, uint8_t type);
// An authenticator for `secondary` that the client would take (free `data`).
codicil_buf h2_authenticator(h2_pair *pair);
// What the session says of https://img.example.com, for DNS that leads to the server.
codicil_route h2_route(h2_pair *pair);

#endif
