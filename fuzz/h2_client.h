// A client's nghttp2 session with the binding, for the fuzz target h2_input.
#ifndef CODICIL_FUZZ_H2_CLIENT_H
#define CODICIL_FUZZ_H2_CLIENT_H

#include "codicil/h2.h"
#include "session_fixture.h"

typedef struct h2_client {
  world world;
  codicil_h2 *h2;
  nghttp2_session *ng;
  codicil_buf out; // what it sent
} h2_client;

// Makes a client that asked for / and feeds it `in`, in pieces of `piece` octets. False where
// the connection ended for other reasons: what is read then depends on the pieces. (nghttp2 reads
// no next piece after a GOAWAY that ends all streams, and counts the reads of a CONTINUATION's
// header.)
bool h2_client_run(h2_client *client, codicil_span in, size_t piece);
void h2_client_close(h2_client *client);

#endif
