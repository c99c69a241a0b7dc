// One connection over which HTTP/2 or HTTP/3 runs: a transport, the library's session, and the
// exchanges (requests and their responses) on it.
//
// The pool opens it, asks it (client_connection_fact) what it has to do with an origin, and sends
// exchanges on it. It tells the pool of news: ask again then. An exchange that ends is not touched
// again. From an exchange's callbacks client_connection_cancel, _consume and _misdirected may be
// called, and what only asks; the rest outside of every callback.
#ifndef APP_CLIENT_CONNECTION_H
#define APP_CLIENT_CONNECTION_H

#include "client/choose.h"
#include "client/fields.h"
#include "client/hosts.h"
#include "client/report.h"
#include "client/verbose.h"
#include "io/tls_client.h"

// A stream's window is what a body that waits for its turn may hold.
enum { CLIENT_STREAM_WINDOW = 256 * 1024, CLIENT_CONNECTION_WINDOW = 16 * 1024 * 1024 };

typedef struct client_connection client_connection;
typedef struct client_exchange client_exchange;

// What connections share; outlives them.
typedef struct client_net {
  io_loop *loop;
  tls_client *tls;
  struct client_http3 *http3;         // http3.h; NULL: HTTP/2 only
  const codicil_config *config;       // offers the setting, unless the user said no
  const codicil_config *plain_config; // does not offer it
  const codicil_codepoints *codepoints;
  const client_verbose *verbose;
  int64_t coalesce_wait_ms;
  uint64_t connect_timeout_ms;
  // Something changed: stage, authority, Origin Set, or the end.
  void (*news)(void *user, client_connection *connection);
  // DNS want `index` of its session has come up: client_connection_dns_want, later.
  void (*want_dns)(void *user, client_connection *connection, size_t index);
  void *user;
} client_net;

// How an exchange ended.
typedef struct client_end {
  enum {
    CLIENT_END_COMPLETE,  // the response is whole
    CLIENT_END_REFUSED,   // the server did not process it: it may be sent again
    CLIENT_END_RESET,     // the stream was reset with `code`
    CLIENT_END_FALLBACK,  // it was reset, because the server wants HTTP/1.1 for it
    CLIENT_END_CONNECTION // the connection was lost: ask client_connection_failure
  } how;
  uint64_t code;
  const char *name; // of `code`; static
  int exit_code;    // curl's, for streams that are reset
} client_end;

typedef struct client_exchange_handler {
  // A field of a header section; `:status` is one.
  void (*field)(client_exchange *exchange, codicil_span name, codicil_span value);
  // A header section is complete: of an interim response, the response, or trailers.
  void (*section)(client_exchange *exchange);
  // Octets of the body. With *out_held true they are still in memory: call
  // client_connection_consume when they are not any more.
  void (*data)(client_exchange *exchange, codicil_span bytes, bool *out_held);
  // Once, at the end.
  void (*done)(client_exchange *exchange, const client_end *end);
} client_exchange_handler;

struct client_exchange {
  const client_exchange_handler *handler;
  codicil_span body; // of the request
  size_t body_sent;
  int64_t stream_id;
  // The connection's.
  bool is_whole;  // the response's end came
  bool is_unsent; // HEADERS never went out
  client_exchange *next;
};

typedef enum client_versions { CLIENT_TRY_H2, CLIENT_TRY_H3_FIRST, CLIENT_TRY_H3 } client_versions;

// What to open. Borrowed for the call.
typedef struct client_opening {
  const codicil_origin *origin; // for which it is opened
  const client_endpoint *endpoint;
  const codicil_address *addresses; // one of which it will lead to
  size_t num_addresses;
  bool offer; // the setting
  client_versions versions;
  uint16_t alternative_port; // QUIC's, by the origin's Alt-Svc; 0: the endpoint's
} client_opening;

// NULL: out of memory.
client_connection *client_connection_new(const client_net *net, size_t id,
                                         const client_opening *opening);
// The loop will not run again, or the connection has failed.
void client_connection_free(client_connection *connection);
// Says farewell (GOAWAY and close_notify, or CONNECTION_CLOSE) as soon as the loop runs.
void client_connection_end(client_connection *connection);

// What this connection has to do with `origin`, to which `endpoint` and `evidence` belong.
choose_fact client_connection_fact(client_connection *connection, const codicil_origin *origin,
                                   const client_endpoint *endpoint,
                                   const codicil_evidence *evidence);
// What the session wants to know of DNS (codicil_session_dns_want); NULL: not any more.
const codicil_origin *client_connection_dns_want(const client_connection *connection, size_t index);
// Answers that; as for client_connection_fact, `endpoint` and `evidence` belong to the origin.
void client_connection_resume_dns(client_connection *connection, size_t index,
                                  const client_endpoint *endpoint, const codicil_evidence *evidence,
                                  int64_t until_s);
// Tells whether the Origin Set of `other` has all that this one's has, and more (RFC 8336 §2.4).
bool client_connection_is_within(const client_connection *connection,
                                 const client_connection *other);
// Sends a request; `exchange` is the caller's memory until it is done or cancelled. False: the
// connection takes none.
CODICIL_MUST_USE bool client_connection_send(client_connection *connection,
                                             client_exchange *exchange, const client_field *fields,
                                             size_t num_fields);
// Resets the stream; `done` is not called.
void client_connection_cancel(client_connection *connection, client_exchange *exchange);
// `len` octets that were held have been written.
void client_connection_consume(client_connection *connection, const client_exchange *exchange,
                               size_t len);
// The block list changed. Where the handshake's certificate is on it the connection ends.
void client_connection_policy_changed(client_connection *connection);
// Tells whether certificate `index` of the connection is accepted; on one that was not verified
// there is none, and true is the answer.
bool client_connection_accepts(const client_connection *connection, size_t index);
// A 421 came for `origin`.
void client_connection_misdirected(client_connection *connection, const codicil_origin *origin);

typedef struct client_failure {
  int exit_code; // 0: has not failed
  char text[512];
  bool is_authenticator; // a secondary certificate did not verify: a middlebox, maybe
} client_failure;

// Accessors.
size_t client_connection_id(const client_connection *connection);
const codicil_origin *client_connection_origin(const client_connection *connection);
bool client_connection_is_h3(const client_connection *connection); // false while none is used
// Tells whether an Alternative Service of its origin was to be tried.
bool client_connection_wanted_alternative(const client_connection *connection);
// The port of the Alternative Service of its origin that it leads to; 0: to none.
uint16_t client_connection_alternative_port(const client_connection *connection);
// Tells whether the certificate was verified: what is said here, its origins say.
bool client_connection_is_verified(const client_connection *connection);
choose_stage client_connection_stage(const client_connection *connection);
const client_failure *client_connection_failure(const client_connection *connection);
const codicil_session *client_connection_session(const client_connection *connection);
// "2" or "3"; while it is being set up, of what is tried first. Static.
const char *client_connection_http_version(const client_connection *connection);
// When TCP and TLS were complete (QUIC: both at once); 0: not yet.
uint64_t client_connection_connected_ns(const client_connection *connection);
uint64_t client_connection_ready_ns(const client_connection *connection);
// Fills in both ends of the transport.
void client_connection_ends(const client_connection *connection, report_request *out);
// The connection as it is now, for the report; owned by the caller.
bool client_connection_report(const client_connection *connection, report_connection *out);

#endif
