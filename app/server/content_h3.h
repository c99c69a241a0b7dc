// Content on its way out over HTTP/3: nghttp3 and QUIC keep pointers to it until the client has
// acknowledged it.
//
// What is in memory, in the file's entry or static, stays where it is: the request holds the entry.
// A large file is read in chunks, each freed when it is acknowledged.
#ifndef APP_SERVER_CONTENT_H3_H
#define APP_SERVER_CONTENT_H3_H

#include "server/request.h"

enum {
  CONTENT_CHUNK_LEN = 32768,
  CONTENT_MAX_CHUNKS = 64, // of one response: more wait for acknowledgements
  // Where all responses of a connection have this many, the next one is for those that have fewer
  // than the least. A client may learn to take much, and then take nothing.
  CONTENT_CONNECTION_CHUNKS = 256,
  CONTENT_MIN_CHUNKS = 2
};

typedef enum content_result {
  CONTENT_OK,
  CONTENT_WAITS, // for content_acked
  CONTENT_FAILED // the file shrank or broke, or there is no memory: its own stream ends
} content_result;

// Takes the next piece of the content, which is not at its end, and moves `at` behind it.
content_result content_next(request *r, codicil_span *out);
// The client has `len` more octets. Returns whether content_next would go on where it waited.
bool content_acked(request *r, uint64_t len);
// Frees what is left; QUIC looks at none of it any more.
void content_clear(request *r);

#endif
