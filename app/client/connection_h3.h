// HTTP/3 over QUIC, as one transport: what http3.c (the handshake, the end) and connection_h3.c
// (HTTP/3) share; for these two files only.
#ifndef APP_CLIENT_CONNECTION_H3_H
#define APP_CLIENT_CONNECTION_H3_H

#include "client/connection_state.h"
#include "client/http3.h"
#include "io/h3.h"

// A request for which the server allows no stream yet.
typedef struct waiting_request {
  struct waiting_request *next;
  client_exchange *exchange;
  size_t num_fields;
  nghttp3_nv fields[]; // and their octets
} waiting_request;

typedef struct connection_h3 {
  client_transport base; // first: the connection knows it by it
  client_http3 *http3;
  io_h3_handler handler;
  io_h3 *h3; // NULL before and after the QUIC connection
  tls_client_verdict verdict;
  codicil_chain_entry *chain; // the server's, where it was verified; owned with its octets
  size_t num_entries;
  waiting_request *waiting; // in the order in which they came
  quic_stats stats;         // of the end
  bool had_settings_ack;
  bool had_goaway;
  bool is_ending; // we say farewell, all being done
} connection_h3;

// connection_h3.c
//
// What io_h3 is to call of this file.
void connection_h3_set_handler(io_h3_handler *handler);
// Begins HTTP/3 on a connection whose handshake is complete; false: it is being closed.
CODICIL_MUST_USE bool connection_h3_start(connection_h3 *t);
void connection_h3_clear(connection_h3 *t);
// Notes that the server's GOAWAY was the end, unless another was noted before.
void connection_h3_note_goaway(const connection_h3 *t);
// The parts of client_transport_ops.
bool connection_h3_submit(client_transport *transport, client_exchange *exchange,
                          const client_field *fields, size_t num_fields);
void connection_h3_cancel(client_transport *transport, client_exchange *exchange);
void connection_h3_forget(client_transport *transport, client_exchange *exchange);
void connection_h3_consume(client_transport *transport, const client_exchange *exchange,
                           size_t len);

#endif
