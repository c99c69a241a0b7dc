// HTTP/2 over TLS over TCP, as one transport: what connection_tcp.c (TCP, TLS, the end) and
// connection_h2.c (HTTP/2) share; for these two files only.
#ifndef APP_CLIENT_CONNECTION_H2_H
#define APP_CLIENT_CONNECTION_H2_H

#include "client/connection_state.h"
#include "client/dial.h"
#include "codicil/h2.h"
#include "io/stream.h"

typedef struct connection_h2 {
  client_transport base; // first: the connection knows it by it
  client_dial *dial;
  io_stream stream;
  bool has_stream;
  codicil_tls *tls;
  codicil_h2 *h2;
  nghttp2_session *ng;
  bool is_ending; // we say farewell, all being done
} connection_h2;

// connection_h2.c
//
// Makes nghttp2's session over an open stream and sends SETTINGS; false: out of memory.
CODICIL_MUST_USE bool connection_h2_start(connection_h2 *t);
void connection_h2_received(connection_h2 *t, codicil_span bytes);
void connection_h2_produce(connection_h2 *t);
void connection_h2_clear(connection_h2 *t);
// The parts of client_transport_ops.
bool connection_h2_submit(client_transport *transport, client_exchange *exchange,
                          const client_field *fields, size_t num_fields);
void connection_h2_cancel(client_transport *transport, client_exchange *exchange);
void connection_h2_forget(client_transport *transport, client_exchange *exchange);
void connection_h2_consume(client_transport *transport, const client_exchange *exchange,
                           size_t len);
void connection_h2_end(client_transport *transport);
const char *connection_h2_error_name(const client_connection *connection, uint64_t code);

// connection_tcp.c
//
// Ends the stream: what is produced already goes out, then close_notify.
void connection_tcp_farewell(connection_h2 *t);

#endif
