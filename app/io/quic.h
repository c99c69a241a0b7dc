// QUIC over UDP, without blocking, for servers and clients: sockets, packets, timers, connection
// IDs. ngtcp2 is the protocol; io/h3.h runs HTTP/3 on it.
//
// A quic_stack belongs to one thread's loop and holds its connections. A server gives it the UDP
// sockets that it listens on, one a worker and address with SO_REUSEPORT; a packet whose connection
// is another worker's (the client moved) is handed to that worker, which its connection ID names.
// A client's connection opens a socket of its own.
//
// Octets out are pulled: quic_wake, and in the same turn of the loop `next` is asked, again and
// again, while congestion and flow control allow.
#ifndef APP_IO_QUIC_H
#define APP_IO_QUIC_H

#include <ngtcp2/ngtcp2.h>

#include "io/address.h"
#include "io/loop.h"
#include "io/quic_tls.h"

typedef struct quic_connection quic_connection;
typedef struct quic_stack quic_stack;
// What the stacks of one server share: the keys of connection IDs, tokens and stateless resets, and
// a mailbox each for packets that reached the wrong worker. Safe to use from all of them.
typedef struct quic_shared quic_shared;

// Each gets the `user` of the connection, from the loop, never from inside a function of this file
// that the owner calls.
typedef struct quic_handler {
  // Streams may be opened: a client's handshake is complete; a server has keys to send with, and
  // its client is not authenticated yet (0.5-RTT).
  void (*start)(void *user);
  // The handshake is complete; on a server the client's Finished is verified: authenticators may be
  // made. Follows `start`.
  void (*ready)(void *user);
  // Octets of a stream, in order. Each must be given back by quic_consume, sooner or later.
  void (*received)(void *user, int64_t stream, codicil_span bytes, bool fin);
  // What to send next; nghttp3_conn_writev_stream's shape. *stream -1 and 0 for nothing. Negative:
  // the owner has closed the connection.
  ngtcp2_ssize (*next)(void *user, int64_t *stream, int *fin, ngtcp2_vec *vec, size_t num);
  // `len` octets of those that `next` told are taken. `next` is asked again without quic_wake.
  void (*sent)(void *user, int64_t stream, size_t len);
  // The stream takes no more now (until `writable`); or never (it was stopped or reset).
  void (*blocked)(void *user, int64_t stream);
  void (*not_writable)(void *user, int64_t stream);
  void (*writable)(void *user, int64_t stream);
  void (*acked)(void *user, int64_t stream, uint64_t len);
  // The peer resets a stream that it sends on, or asks us to send no more. The latter is told by
  // ngtcp2 1.24 and later only; before, it shows in `not_writable` where there is something to
  // send, else in `stream_closed`.
  void (*was_reset)(void *user, int64_t stream, uint64_t code);
  void (*was_stopped)(void *user, int64_t stream, uint64_t code);
  // The stream is over in both directions.
  void (*stream_closed)(void *user, int64_t stream, bool has_code, uint64_t code);
  // The peer lets us open more bidirectional streams. Optional.
  void (*more_streams)(void *user);
  // It is over: quic_end tells why. Called exactly once; the connection is freed after it.
  void (*closed)(void *user);
} quic_handler;

typedef struct quic_config {
  uint64_t max_streams;       // bidirectional ones that the peer may have open; a client: 0
  uint64_t stream_window;     // octets a stream before they are consumed
  uint64_t connection_window; // the same for all streams
  uint64_t handshake_ms, idle_ms;
  // Server. From this number of handshakes under way on, new clients prove their address by Retry
  // first; 0: always. At `max_connections` new clients are refused (CONNECTION_REFUSED).
  size_t retry_from;
  size_t max_connections;
  const char *qlog_dir; // a file a connection; NULL: none
} quic_config;

// How a connection ended.
typedef enum quic_end_how {
  QUIC_END_NONE,      // it has not
  QUIC_END_LOCAL,     // quic_close
  QUIC_END_PEER,      // the peer's CONNECTION_CLOSE; with its TLS alert: 0x100 + alert
  QUIC_END_IDLE,      // idle timeout
  QUIC_END_HANDSHAKE, // handshake timeout
  QUIC_END_RESET,     // stateless reset
  QUIC_END_TLS,       // the handshake failed here: `code` is the TLS alert that the peer is told
  QUIC_END_VERSION,   // no version in common
  QUIC_END_NETWORK,   // the socket failed: `code` is an errno
  QUIC_END_PROTOCOL   // the peer broke QUIC, or ngtcp2 failed
} quic_end_how;

typedef struct quic_end {
  quic_end_how how;
  bool is_application; // `code` is HTTP/3's, not QUIC's
  uint64_t code;
  char reason[256]; // the peer's text, made printable, or ours; may be empty
} quic_end;

// ---- stacks ------------------------------------------------------------------------------------

CODICIL_MUST_USE bool quic_shared_new(quic_shared **out, size_t num_stacks, app_error *err);
// Every stack must be gone. NULL is allowed.
void quic_shared_free(quic_shared *shared);

// A new connection of a server: sets `*out_handler` and `*out_user`, or returns false to refuse it
// (CONNECTION_REFUSED). Its client's first packet is genuine; its address may not be proven yet.
typedef bool quic_accept(void *user, quic_connection *connection, const quic_handler **out_handler,
                         void **out_user);

// Makes the stack of `loop`, to whose thread it belongs from then on. `config` is borrowed for its
// life. Server: `shared`, its place `index` in it, and `tls` of quic_tls_server_new; client: NULL,
// 0 and NULL.
CODICIL_MUST_USE bool quic_stack_new(quic_stack **out, io_loop *loop, const quic_config *config,
                                     quic_shared *shared, size_t index, quic_tls_context *tls,
                                     app_error *err);
// Every connection must be over or discarded. NULL is allowed.
void quic_stack_free(quic_stack *stack);
// Serves clients on `fd`, a bound UDP socket that does not block; takes it on success. `accept` is
// told of new connections, with `user`.
CODICIL_MUST_USE bool quic_stack_listen(quic_stack *stack, int fd, quic_accept *accept, void *user,
                                        app_error *err);
// Accepts no more clients. Packets of existing connections still come.
void quic_stack_stop_accepting(quic_stack *stack);
size_t quic_stack_num_connections(const quic_stack *stack);

// ---- connections -------------------------------------------------------------------------------

// Opens a connection of a client to `remote`. NULL, with `err`, where that fails at once.
// `tls_user` is for the judge of the server's chain.
quic_connection *quic_connect(quic_stack *stack, quic_tls_context *tls, const char *server_name,
                              const io_address *remote, const quic_handler *handler, void *user,
                              void *tls_user, app_error *err);
// Ends at once and in silence; `closed` is not called. For a loop that will not run again; never
// from a function of a quic_handler.
void quic_discard(quic_connection *connection);

// Opens a stream; -1 where the peer allows none now.
int64_t quic_open_bidi(quic_connection *connection);
int64_t quic_open_uni(quic_connection *connection);
// There is something to send.
void quic_wake(quic_connection *connection);
// Tells whether all that `next` told so far has been sent and nothing waits for congestion or flow
// control.
bool quic_is_flushed(const quic_connection *connection);
// Gives the peer `len` octets of window back, on the stream and on the connection (what nghttp3
// consumed), or on one of both.
void quic_consume(quic_connection *connection, int64_t stream, size_t len);
void quic_consume_stream(quic_connection *connection, int64_t stream, size_t len);
void quic_consume_connection(quic_connection *connection, size_t len);
// RESET_STREAM, STOP_SENDING, both.
void quic_reset_stream(quic_connection *connection, int64_t stream, uint64_t code);
void quic_stop_stream(quic_connection *connection, int64_t stream, uint64_t code);
void quic_shutdown_stream(quic_connection *connection, int64_t stream, uint64_t code);
// Lets the peer open one more bidirectional stream, as one of its own has closed.
void quic_extend_streams(quic_connection *connection);
// Client: whether the connection is to be kept from idling away, as something is still awaited.
void quic_keep_alive(quic_connection *connection, bool is_wanted);
// CONNECTION_CLOSE with HTTP/3's `code`; `reason` (may be NULL) is for people. `closed` follows,
// from the loop.
void quic_close(quic_connection *connection, uint64_t code, const char *reason);
// The same without telling the peer.
void quic_abort(quic_connection *connection, const char *reason);

quic_tls *quic_connection_tls(const quic_connection *connection);
bool quic_is_ready(const quic_connection *connection); // the handshake is complete
const quic_end *quic_connection_end(const quic_connection *connection);
// The path now: it changes when the client moves.
void quic_connection_path(const quic_connection *connection, io_address *out_local,
                          io_address *out_remote);

typedef struct quic_stats {
  uint64_t octets_in, octets_out; // UDP payloads
  uint64_t packets_in, packets_out;
  uint64_t smoothed_rtt_ns;
  uint64_t opened_ns, ready_ns; // on the loop's clock
} quic_stats;
void quic_connection_stats(const quic_connection *connection, quic_stats *out);

#endif
