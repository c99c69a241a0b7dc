// One client's connection, of any HTTP version: its requests, whose they may be, and how long each
// thing may take. connection_h2.c and connection_h3.c are the versions.
#ifndef APP_SERVER_CONNECTION_H
#define APP_SERVER_CONNECTION_H

#include "io/address.h"
#include "server/limits.h"
#include "server/request.h"
#include "server/response.h"
#include "server/secondary.h"
#include "server/site.h"

struct worker;
typedef struct connection connection;

// What an HTTP version does its own way.
typedef struct connection_version {
  const char *protocol; // in the access log
  // Sends a response's fields, then its content. Returns 0 or what the HTTP library returned.
  int (*submit)(request *r, const response_fields *fields);
  // Ends what has exceeded its time. Called for every connection, several times a second.
  void (*check_time)(connection *c);
  // Announces the end; open streams go on. The second call names the last stream.
  void (*begin_end)(connection *c);
  void (*finish_end)(connection *c);
  // Tells whether something that was to be sent is not.
  bool (*has_unsent)(const connection *c);
  // Makes one signature, if this is the time for it: see worker_queue_signature.
  void (*sign)(connection *c);
  // Frees a connection whose loop will not run again.
  void (*discard)(connection *c);
} connection_version;

// An :authority that was served, as it came, by which site and by which certificate.
typedef struct served_authority {
  uint8_t text[48];
  size_t len;
  const server_site *site;
  const uint8_t *sha256;
} served_authority;
enum { NUM_REMEMBERED = 4 };

struct connection {
  const connection_version *version;
  struct worker *worker;
  connection *newer, *older; // of the worker's
  connection *next_to_sign;
  const server_site *site; // that the handshake selected
  secondary secondary;
  request *requests; // of open streams
  uint32_t num_streams;
  uint32_t num_requests;
  size_t num_chunks;    // of all requests (HTTP/3)
  bool awaits_settings; // the client's first
  bool is_ending;       // the last GOAWAY is out
  bool is_queued_to_sign;
  server_patience control, resets;
  // Moments on the monotonic clock; 0 where nothing is awaited.
  uint64_t opened_ns;
  uint64_t idle_since_ns; // no stream is open
  uint64_t leaving_ns;    // the first GOAWAY went out, and the last one follows
  // What the client took when we last looked, and when that was.
  uint64_t progress_octets;
  uint64_t progress_ns;
  served_authority remembered[NUM_REMEMBERED];
  uint8_t next_remembered;
  io_address peer;
  uint16_t port;        // that clients know
  codicil_span alt_svc; // to announce; empty for nothing
  uint64_t id;          // in the access log
};

enum { CONNECTION_MIN_PROGRESS_LEN = 1024, CONNECTION_GIVEN_BACK_PER_REQUEST = 4 };

// A new connection of `w`, all else of `c` being zero. `alt_svc` is borrowed for its life.
void connection_init(connection *c, const connection_version *version, struct worker *w,
                     const io_address *peer, uint16_t port, codicil_span alt_svc);
// Ends and logs the requests of streams that are still open, and leaves the worker.
void connection_clear(connection *c);

uint64_t connection_now_ns(const connection *c);
uint64_t connection_limit(const connection *c, server_limit id);
// Tells whether the time of `id` is over since `since_ns`; never for 0.
bool connection_has_passed(const connection *c, uint64_t since_ns, server_timeout id);
// Takes one of `patience`; false: the client is to be told to calm down.
bool connection_spend(connection *c, server_patience *patience);
// A client that takes nothing of what waits for it: of `octets` that it has taken so far, less than
// CONNECTION_MIN_PROGRESS_LEN in SERVER_TIMEOUT_WRITE.
bool connection_has_stalled(connection *c, uint64_t octets, bool waits);

// A new request on an open stream, or NULL without memory.
request *connection_begin_request(connection *c, int64_t stream, const request_buffers *buffers);
// Its stream has closed: logs and frees it.
void connection_end_request(request *r);
// Its fields are complete: counts it, and tells whether it is the last one that the connection
// takes. It may be malformed.
void connection_complete_request(request *r, bool has_body);
bool connection_is_at_last_request(const connection *c);

// Finds the site that serves `origin` on this connection, and by which certificate: one that the
// handshake's certificate covers, or that a secondary one covers which has been proven. NULL: 421.
const server_site *connection_site(connection *c, const uint8_t **out_sha256,
                                   const codicil_origin *origin);
// The same answer again without parsing, where `authority` is, octet for octet, one of the last
// that were served: what a connection has proven, it has proven until connection_take_plan. NULL
// where it is not.
const server_site *connection_recall_site(const connection *c, const uint8_t **out_sha256,
                                          codicil_span authority);
void connection_remember_site(connection *c, codicil_span authority, const server_site *site,
                              const uint8_t *sha256);
// The worker has a new plan. Where a certificate is blocked now that was proven here, what it
// carries gets 421 from now on, and the connection ends as soon as its requests are answered.
void connection_take_plan(connection *c);

#endif
