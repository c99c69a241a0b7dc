// The inside of one connection: see quic_stack.h.
#ifndef APP_IO_QUIC_CONNECTION_H
#define APP_IO_QUIC_CONNECTION_H

#include <stdio.h>

#include "io/quic_stack.h"

typedef enum quic_state {
  QUIC_ALIVE,
  QUIC_ENDING,  // CONNECTION_CLOSE and `closed` are due, in the turn's end
  QUIC_CLOSING, // RFC 9000 §10.2.1: what comes is answered by the same packet
  QUIC_DRAINING // §10.2.2: nothing is answered
} quic_state;

struct quic_connection {
  quic_stack *stack;
  quic_state state;
  bool is_server;
  ngtcp2_conn *ng; // NULL once it is buried
  quic_tls *tls;
  ngtcp2_crypto_conn_ref ref;
  const quic_handler *handler; // NULL: nobody was told yet
  void *user;
  quic_id *ids;
  quic_socket *own; // a client's socket
  char *server_name;
  FILE *qlog;

  quic_connection *previous, *next; // among the stack's
  quic_queue *queue;
  quic_connection *before, *after; // in it

  ev_timer timer;
  uint64_t timer_at_ns;

  bool is_ready, is_handshaking;   // complete; counted among the stack's handshakes
  bool is_writing, is_woken_again; // woken since `next` was asked the last time
  bool is_drained;                 // `next` had nothing the last time
  bool waits_for_socket;
  bool was_stateless_reset;
  size_t num_blocked; // streams that wait for flow control
  quic_stats stats;

  quic_end end;
  bool tells_peer;     // by CONNECTION_CLOSE
  ngtcp2_ccerr reason; // of it
  uint8_t *close_packet;
  size_t close_len;
  uint64_t closing_in, closing_answers_at; // packets that came since; the next to be answered
};

// What a server's connection begins with.
typedef struct quic_birth {
  quic_socket *sock;
  const quic_datagram *in;
  const ngtcp2_pkt_hd *hd;
  const ngtcp2_cid *original_dcid; // before Retry; NULL: there was none
  ngtcp2_token_type token_type;
} quic_birth;

// Makes a server's connection for a client's first packet; the caller feeds it that.
quic_connection *quic_connection_accept(quic_stack *stack, const quic_birth *birth);
// Makes the shell of one: links, timer, counts.
quic_connection *quic_connection_alloc(quic_stack *stack);
// Gives it its TLS.
CODICIL_MUST_USE bool quic_connection_add_tls(quic_connection *c, quic_tls_context *context,
                                              const char *server_name, void *tls_user,
                                              app_error *err);
void quic_connection_free(quic_connection *c);

// A datagram of this connection. Returns ngtcp2's code; what it means for the connection is done:
// with ERR_RETRY or ERR_DROP_CONN for one that was not accepted yet, it is freed.
int quic_connection_read(quic_connection *c, quic_socket *sock, const quic_datagram *in);
// Writes what there is and may be sent.
void quic_connection_write(quic_connection *c);
// The state is ENDING: writes CONNECTION_CLOSE where the peer is to know.
void quic_connection_write_close(quic_connection *c);
void quic_connection_keep_close(quic_connection *c, codicil_span packet);
// A stream's user data, as ngtcp2 tells it: was it one that waits for flow control? It does no
// more.
bool quic_stream_unblock(quic_connection *c, int64_t stream, void *stream_user_data);
// The last of it: `closed`, then free or buried.
void quic_connection_finish(quic_connection *c);
// A packet for one that is buried.
void quic_connection_answer_buried(quic_connection *c, quic_socket *sock, const quic_datagram *in);
// Sets the timer to what ngtcp2 waits for.
void quic_connection_set_timer(quic_connection *c);

// It ends, for the reason that `how` and ngtcp2's code tell; the first one counts.
void quic_connection_fail(quic_connection *c, quic_end_how how, uint64_t code, const char *reason);
void quic_connection_fail_ngtcp2(quic_connection *c, int error);
// The stack's count of handshakes loses it.
void quic_connection_end_handshake(quic_connection *c);

// What ngtcp2 is told and asks: quic_callbacks.c.
void quic_callbacks_init(ngtcp2_callbacks *out, bool is_server);
// Asks to be told of STOP_SENDING, where this version of ngtcp2 tells; quic_on_stop is called then.
void quic_hear_stops(ngtcp2_callbacks *callbacks);
int quic_on_stop(quic_connection *c, int64_t stream, uint64_t code);
void quic_settings_init(ngtcp2_settings *out, quic_connection *c);
void quic_params_init(ngtcp2_transport_params *out, const quic_connection *c);

// qlog: opens the file of the connection, where the configuration has a directory, and sets the
// settings' writer. Errors leave it without one.
void quic_qlog_open(quic_connection *c, ngtcp2_settings *settings, const ngtcp2_cid *original);
void quic_qlog_close(quic_connection *c);

// Tokens of a client.
void quic_token_keep(quic_connection *c, codicil_span octets);

#endif
