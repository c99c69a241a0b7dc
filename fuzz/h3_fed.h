// One end of HTTP/3, nghttp3 and all, that is fed octets; for the fuzz target h3_input.
#ifndef CODICIL_FUZZ_H3_FED_H
#define CODICIL_FUZZ_H3_FED_H

#include "h3_end.h"

typedef struct h3_fed {
  world world;
  h3_end end;
  bool is_over[4];    // streams of the peer that have ended
  bool had_malformed; // a message was, and the octets that brought it were not given back
} h3_fed;

// What `how` says: a client, which has two requests open, or a server; that offers or does not;
// with the peer's SETTINGS read or not.
void h3_fed_open(h3_fed *fed, uint8_t how);
void h3_fed_close(h3_fed *fed);
// Feeds octets on one of four streams: two of requests, the control stream, another of one
// direction. In pieces of `step` octets, until the first error of the
// connection.
void h3_fed_give(h3_fed *fed, size_t which, codicil_span octets, size_t step, int fin);

#endif
