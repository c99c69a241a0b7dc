// One end of an HTTP/3 connection in a test: nghttp3, the binding and a session, without QUIC.
//
// Whoever uses it moves the octets: h3_end_next gives what is to be sent, h3_end_recv takes what
// came. The client sends GET /LEN with a body, the server answers with a body of LEN octets; every
// octet of a body is checked by the end that receives it.
#ifndef CODICIL_TESTS_H3_END_H
#define CODICIL_TESTS_H3_END_H

#include "codicil/h3.h"
#include "session_fixture.h"

enum { H3_MAX_EXCHANGES = 64, H3_MAX_VEC = 8 };
// The streams of one direction that each end opens (RFC 9000 §2.1).
enum { H3_CONTROL, H3_ENCODER, H3_DECODER };
static inline int64_t h3_one_way(bool is_server, int64_t which) {
  return which * 4 + (is_server ? 3 : 2);
}

typedef struct h3_exchange {
  int64_t id;
  uint64_t body_len, answer_len; // of the request, of the response
  uint64_t written, received;    // octets of bodies, at this end
  bool has_headers, is_ended;
} h3_exchange;

typedef struct h3_end {
  bool is_server;
  codicil_session *session; // borrowed
  codicil_h3 *h3;
  nghttp3_conn *http;
  codicil_now now;
  h3_exchange exchanges[H3_MAX_EXCHANGES];
  size_t num_exchanges;
  uint64_t received, credited; // octets that came, and those given back to flow control
  void (*credit)(void *ctx, int64_t stream, size_t len); // told of each of the latter; may be NULL
  void *credit_ctx;
  bool takes_any_body;     // bodies are not checked
  uint64_t acked_body;     // octets of our bodies that nghttp3 knows to be acknowledged
  bool had_settings;       // nghttp3 has told of the peer's
  codicil_support support; // of the session, when it did
  int64_t goaway;          // -1 or what the peer's GOAWAY said
  int rc;                  // the first error that a function returned
} h3_end;

// Opens it: control and QPACK streams are bound, SETTINGS are on their way. `codepoints` may be
// NULL. False where memory runs out; h3_end_close is to be called anyway.
bool h3_end_open(h3_end *end, bool is_server, codicil_session *session, const codicil_mem *mem,
                 const codicil_codepoints *codepoints);
void h3_end_close(h3_end *end);

// A client's next request.
void h3_end_request(h3_end *end, uint64_t body_len, uint64_t answer_len);
// Tells whether every request is answered whole.
bool h3_end_is_done(const h3_end *end);

// What is to be sent, as codicil_h3_writev_stream gives it; 0 also after an error.
size_t h3_end_next(h3_end *end, int64_t *out_stream, int *out_fin, nghttp3_vec vec[H3_MAX_VEC]);
// Octets of a stream that came in order. False after an error.
bool h3_end_recv(h3_end *end, int64_t stream, codicil_span octets, int fin);
void h3_end_sent(h3_end *end, int64_t stream, size_t len);
void h3_end_acked(h3_end *end, int64_t stream, size_t len);

#endif
