// What connection.c (TCP, TLS, life and end) and connection_h2.c (HTTP/2) share; for these two
// files only.
#ifndef APP_CLIENT_CONNECTION_STATE_H
#define APP_CLIENT_CONNECTION_STATE_H

#include "client/connection.h"

struct client_connection {
  const client_net *net;
  size_t id;
  codicil_origin origin;
  client_endpoint endpoint;
  bool offer;
  choose_stage stage;
  // While TCP is being set up: every address that is tried; then the one.
  codicil_address addresses[CLIENT_MAX_ADDRESSES];
  size_t num_addresses;
  client_dial *dial;
  io_stream stream;
  bool has_stream;
  ev_timer timer;
  uint64_t start_ns, connected_ns, ready_ns, hold_until_ns;
  // Good for no origin but its own: the certificate was not verified (--insecure).
  bool is_own_only;
  codicil_tls *tls;
  codicil_session *session;
  codicil_h2 *h2;
  nghttp2_session *ng;
  bool had_settings;
  bool had_settings_ack; // of ours
  bool is_ending;        // we say farewell, all being done
  client_exchange *exchanges;
  client_failure failure;
  // The end, for the report.
  char *tls_version;
  bool is_closed;
  bool has_close_code;
  uint32_t close_code;
  char *close_reason;
  report_connection *kept; // once the session is gone
};

// connection_h2.c
//
// Makes nghttp2's session over an open stream and sends SETTINGS; false: out of memory.
CODICIL_MUST_USE bool connection_h2_start(client_connection *connection);
void connection_h2_received(client_connection *connection, codicil_span bytes);
void connection_h2_produce(client_connection *connection);
// Ends every exchange, as the connection is lost.
void connection_h2_lose(client_connection *connection);

// connection.c
//
// Takes the session's events: shows them and tells the pool.
void connection_events(client_connection *connection);
// Notes how the connection ended, the first time. Unless `has_code`, without an HTTP/2 error code.
void connection_note_close(client_connection *connection, bool has_code, uint32_t code,
                           codicil_span reason);
// Ends the connection: what is produced already goes out, then close_notify.
void connection_farewell(client_connection *connection);
// The connection is lost, for a reason of its own; the first one counts.
void connection_fail(client_connection *connection, int exit_code, const char *format, ...)
    CODICIL_PRINTF(3, 4);

#endif
