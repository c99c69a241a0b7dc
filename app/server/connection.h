// One client's connection: TLS, HTTP/2, its requests, and how long each may take.
#ifndef APP_SERVER_CONNECTION_H
#define APP_SERVER_CONNECTION_H

#include <nghttp2/nghttp2.h>

#include "io/address.h"
#include "io/stream.h"
#include "server/limits.h"
#include "server/request.h"
#include "server/secondary.h"
#include "server/site.h"

struct worker;

// An :authority that was served, as it came, by which site and by which certificate.
typedef struct served_authority {
  uint8_t text[48];
  size_t len;
  const server_site *site;
  const uint8_t *sha256;
} served_authority;
enum { NUM_REMEMBERED = 4 };

typedef struct connection {
  io_stream stream;
  struct worker *worker;
  struct connection *newer, *older; // of the worker's
  struct connection *next_to_sign;
  nghttp2_session *http;
  const server_site *site; // that the handshake selected
  secondary secondary;
  request *requests; // of open streams
  uint32_t num_streams;
  uint32_t num_requests;
  bool awaits_settings; // the client's first
  bool is_ending;       // GOAWAY is out
  bool is_queued_to_sign;
  uint8_t header_frames; // of the block that is coming in
  server_patience control, resets;
  // Moments on the monotonic clock; 0 where nothing is awaited.
  uint64_t headers_since_ns; // a header block is coming in
  uint64_t idle_since_ns;    // no stream is open
  uint64_t ended_ns;         // our side is closed
  // What the client took when we last looked, and when that was.
  uint64_t progress_octets;
  uint64_t progress_ns;
  served_authority remembered[NUM_REMEMBERED];
  uint8_t next_remembered;
  io_address peer;
  uint16_t port; // that clients know
  uint64_t id;   // in the access log
} connection;

// Makes the callbacks and options that all connections of a worker share.
CODICIL_MUST_USE bool connection_prepare(nghttp2_session_callbacks **out_callbacks,
                                         nghttp2_option **out_option,
                                         const secondary_shared *shared);
// Takes `fd`, a connection that was just accepted. `port` is the one that clients know.
void connection_accept(struct worker *w, int fd, const io_address *peer, uint16_t port);
// Frees a connection whose loop will not run again.
void connection_discard(connection *c);
// Ends what has exceeded its time. Called for every connection, several times a second.
void connection_check_time(connection *c);
// Announces the end; open streams go on. The second call names the last stream.
void connection_begin_end(connection *c);
void connection_finish_end(connection *c);

// Finds the site that serves `origin` on this connection, and by which certificate: one that the
// handshake's certificate covers, or that a secondary one covers which has been proven. NULL: 421.
const server_site *connection_site(connection *c, const uint8_t **out_sha256,
                                   const codicil_origin *origin);
// The same answer again without parsing, where `authority` is, octet for octet, one of the last
// that were served: what a connection has proven, it has proven for its life. NULL where it is not.
const server_site *connection_recall_site(const connection *c, const uint8_t **out_sha256,
                                          codicil_span authority);
void connection_remember_site(connection *c, codicil_span authority, const server_site *site,
                              const uint8_t *sha256);

#endif
