// What the files of a connection share: connection.c (its life, exchanges, what the pool asks),
// connection_race.c (which transport is used), and the transports. For these files only.
//
// A connection has one transport or tries several. Each is begun when its time has come; the first
// whose handshake is complete is the connection's, and the others are dropped.
#ifndef APP_CLIENT_CONNECTION_STATE_H
#define APP_CLIENT_CONNECTION_STATE_H

#include "client/connection.h"
#include "io/address.h"

typedef struct client_transport client_transport;

// One way to carry HTTP: TCP and TLS with HTTP/2, or QUIC with HTTP/3.
typedef struct client_transport_ops {
  const char *protocol;     // ALPN's word
  const char *http_version; // "2", "3"
  // Begins to connect. connection_fail may be called at once.
  void (*open)(client_transport *transport);
  // Sends a request. False: no more are taken.
  bool (*submit)(client_transport *transport, client_exchange *exchange, const client_field *fields,
                 size_t num_fields);
  // Nobody waits for the response any more: the stream is reset unless it is over already.
  void (*cancel)(client_transport *transport, client_exchange *exchange);
  // The connection is lost, and the exchange with it.
  void (*forget)(client_transport *transport, client_exchange *exchange);
  void (*consume)(client_transport *transport, const client_exchange *exchange, size_t len);
  // Says farewell, all being done.
  void (*end)(client_transport *transport);
  // Ends at once; connection_over follows, here or from the loop.
  void (*abort)(client_transport *transport);
  // Our end of it; false: none (any more).
  bool (*local)(const client_transport *transport, io_address *out);
  void (*octets)(const client_transport *transport, uint64_t *out_in, uint64_t *out_out);
  const char *(*error_name)(const client_connection *connection, uint64_t code);
  // The loop will not run again, or the transport is over.
  void (*free)(client_transport *transport);
} client_transport_ops;

struct client_transport {
  const client_transport_ops *ops;
  client_connection *connection;
  codicil_address address; // the remote end, as soon as there is one
  uint16_t port;
  const char *tls;          // the version, static; NULL before the handshake is complete
  codicil_session *session; // of the connection's transport alone
  client_failure failure;
  uint64_t due_ns, connected_ns;
  bool is_begun, is_over, is_dropped;
};

enum { CONNECTION_MAX_TRANSPORTS = 5 };

struct client_connection {
  const client_net *net;
  size_t id;
  codicil_origin origin;
  client_endpoint endpoint;
  uint16_t alternative_port;
  bool offer;
  choose_stage stage;
  // While it is being set up: every address that is tried; then the one.
  codicil_address addresses[CLIENT_MAX_ADDRESSES];
  size_t num_addresses;
  client_transport *transports[CONNECTION_MAX_TRANSPORTS];
  size_t num_transports;
  client_transport *transport; // the one that is used; NULL while none is
  ev_timer race;               // the next transport to begin
  ev_timer timer;
  uint64_t start_ns, ready_ns, handshake_ns, hold_until_ns;
  // Good for no origin but its own: the certificate was not verified (--insecure).
  bool is_own_only;
  bool had_settings;
  bool had_settings_ack; // of ours
  client_exchange *exchanges;
  client_failure failure;
  // The end, for the report.
  bool is_closed;
  bool has_close_code;
  uint64_t close_code;
  char *close_reason;
  report_connection *kept; // once the session is gone
};

// connection_race.c
//
// Begins what is due, and wakes for the rest.
void connection_race_begin(client_connection *connection);
// `transport` failed before it was used: others are tried, or the connection has failed.
void connection_race_lost(client_transport *transport);
// `transport` is used from now on.
void connection_race_won(client_transport *transport);
// None is used.
void connection_race_drop_all(client_connection *connection);

// connection_h2.c: HTTP/2 over TLS over TCP. NULL: out of memory.
client_transport *connection_h2_new(client_connection *connection);

// connection.c, for transports.
//
// One end of its own is known: TCP's, or QUIC's once that is connected.
void connection_connected(client_transport *transport, const codicil_address *address,
                          uint16_t port);
// The handshake is complete: the transport is the connection's. Makes its session; `tls` is NULL
// where that cannot carry authenticators, `chain` all that the server sent, for what the block list
// says of it later. Without entries it was not verified and proves nothing. False: out of memory.
CODICIL_MUST_USE bool connection_secured(client_transport *transport, codicil_tls *tls,
                                         const codicil_chain_entry *chain, size_t num_entries);
// HTTP runs on it.
void connection_ready(client_transport *transport);
// The server's SETTINGS came; ours are acknowledged.
void connection_had_settings(client_connection *connection);
void connection_had_settings_ack(client_connection *connection);
// Takes the session's events: shows them and tells the pool.
void connection_events(client_connection *connection);
void connection_unlink(client_connection *connection, const client_exchange *exchange);
// Notes how the connection ended, the first time. Unless `has_code`, without HTTP's error code.
void connection_note_close(client_connection *connection, bool has_code, uint64_t code,
                           codicil_span reason);
// HTTP is broken, and the peer has been told or will be: exchanges are lost, with EXIT_HTTP2 and
// the like. What is produced already goes out.
void connection_broken(client_connection *connection, int exit_code, bool is_authenticator,
                       const char *format, ...) CODICIL_PRINTF(4, 5);
// Takes no further requests.
void connection_closes(client_connection *connection);
// Aborts the transport after `seconds`.
void connection_start_timer(client_connection *connection, double seconds);
// Says why the transport is over or will be; the first reason counts.
void connection_explain(client_transport *transport, int exit_code, const char *format, ...)
    CODICIL_PRINTF(3, 4);
// The server's certificate is why: with curl's exit code for it.
void connection_explain_verdict(client_transport *transport, const tls_client_verdict *verdict);
// No transport came about; `last` is the one that failed last.
void connection_failed(client_transport *last);
// Says so and ends it.
void connection_fail(client_transport *transport, int exit_code, const char *format, ...)
    CODICIL_PRINTF(3, 4);
// It is over; what belongs to the session may still be asked during the call. Once.
void connection_over(client_transport *transport);

#endif
