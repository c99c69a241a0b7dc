// Two ends of an HTTP/3 connection, back to back: what one sends the other gets at once and
// acknowledges, in pieces of a chosen size. Sessions and certificates are those of session_fixture.
#ifndef CODICIL_TESTS_H3_PAIR_H
#define CODICIL_TESTS_H3_PAIR_H

#include "h3_end.h"

typedef struct h3_pair {
  world w;
  const codicil_mem *mem; // of the bindings
  h3_end client, server;
} h3_pair;

// Configurations, which may be changed; then the ends, nothing moved yet; then the end.
void h3_pair_init(h3_pair *pair);
void h3_pair_open(h3_pair *pair);
void h3_pair_close(h3_pair *pair);

// Moves everything to and fro until both are silent or one has failed, in pieces of `step` octets
// (0: as they come). Signs what the server's session wants signed.
void h3_pair_settle(h3_pair *pair, size_t step);
// Octets of a test's own on a stream of the other side; each piece ends where its memory does.
// False after an error.
bool h3_inject(h3_end *end, int64_t stream, codicil_span octets, size_t step, int fin);

// The code with which the application of `end` would close.
uint64_t h3_close_code(const h3_end *end);

#endif
