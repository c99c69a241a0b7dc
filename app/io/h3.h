// HTTP/3 on a QUIC connection: nghttp3, and codicil_h3 between it and QUIC. What servers and
// clients have in common: control and QPACK streams, flow control, streams that end or are reset,
// the end.
//
// The owner has the requests: nghttp3's callbacks, whose conn_user_data is the io_h3 (io_h3_user
// gives the owner's), and its own stream_user_data. From `start` it calls io_h3_begin with the
// session of the connection. Octets of a body (recv_data) are given back by io_h3_consume.
//
// Every function here but io_h3_free may be called from any callback, and so may what nghttp3 has
// to submit (response, info, trailers, shutdown). What is submitted to io_h3_http wants io_h3_wake.
// Streams are ended by io_h3_reset and io_h3_stop, not by nghttp3's shutdown_stream functions.
#ifndef APP_IO_H3_H
#define APP_IO_H3_H

#include "codicil/h3.h"
#include "io/quic.h"

typedef struct io_h3 io_h3;

// Each gets the `user` of io_h3_new, from the loop, never from inside a function of this file that
// the owner calls.
typedef struct io_h3_handler {
  // As quic_handler's. In `start` call io_h3_begin, or io_h3_close.
  void (*start)(void *user);
  void (*ready)(void *user);
  // After input of a turn of the loop, once, and when the peer has acknowledged our SETTINGS: the
  // session's events wait to be taken. io_h3_wake where that leaves something to send.
  void (*turn)(void *user);
  // All that there is to send now has been sent. Follows each io_h3_wake, sooner or later.
  // Optional.
  void (*flushed)(void *user);
  // The peer lets a client open more requests. Optional.
  void (*more_streams)(void *user);
  // It is over: quic_connection_end of io_h3_quic tells why; nghttp3's connection is gone.
  // Exchanges are the owner's to end: stream_close is not called for them. Called exactly once;
  // `h3` is freed by the owner, here or later, with io_h3_free.
  void (*closed)(void *user);
  // The owner's: begin_headers, recv_header, end_headers, begin_trailers, recv_trailer,
  // end_trailers, recv_data, end_stream, stream_close, acked_stream_data, recv_settings, shutdown.
  // deferred_consume, stop_sending and reset_stream are this file's. A callback that fails closes
  // the connection with H3_INTERNAL_ERROR. stream_close may be of a stream that begin_headers was
  // not called for: a request that was reset at once; and of one of one direction (nghttp3 1.17).
  nghttp3_callbacks http;
} io_h3_handler;

// Makes HTTP/3, for a server's connection in quic_accept, for a client's before io_h3_connect.
// `handler` is borrowed for its life. NULL: out of memory.
io_h3 *io_h3_new(io_loop *loop, bool is_server, const io_h3_handler *handler, void *user);
// Not before `closed`, unless the QUIC connection was discarded or never made. No nghttp3_rcbuf of
// the connection may be held any more. NULL is allowed.
void io_h3_free(io_h3 *h3);
// The owner's pointer. In nghttp3's callbacks: `connection *c = io_h3_user(conn_user_data);`.
void *io_h3_user(const io_h3 *h3);
// For quic_accept: takes note of the connection; what to tell QUIC, with `h3` as its user.
const quic_handler *io_h3_attach(io_h3 *h3, quic_connection *quic);
// Opens a client's connection.
CODICIL_MUST_USE bool io_h3_connect(io_h3 *h3, quic_stack *stack, quic_tls_context *tls,
                                    const char *server_name, const io_address *remote,
                                    void *tls_user, app_error *err);

// Begins HTTP with `session`, which is borrowed until `closed`: opens the control and QPACK
// streams and sends SETTINGS. `max_streams`: a server's quic_config.max_streams. False: the
// connection is being closed.
CODICIL_MUST_USE bool io_h3_begin(io_h3 *h3, codicil_session *session,
                                  const codicil_codepoints *codepoints,
                                  const nghttp3_settings *settings, uint64_t max_streams);

// NULL before io_h3_begin, after an error of HTTP/3 and after the end. Inside of nghttp3's
// callbacks take theirs.
nghttp3_conn *io_h3_http(const io_h3 *h3);
// NULL before io_h3_begin and after the end.
codicil_h3 *io_h3_codicil(const io_h3 *h3);
// Not after `closed`.
quic_connection *io_h3_quic(const io_h3 *h3);

// A client's request; the stream's ID, or -1 where the peer allows no more streams now, or -2 where
// none will be taken on this connection any more.
int64_t io_h3_submit_request(io_h3 *h3, const nghttp3_nv *fields, size_t num_fields,
                             const nghttp3_data_reader *body, void *stream_user_data);
// Resets both directions of a stream; stream_close follows. Inside one of nghttp3's callbacks it
// takes effect later in the same turn of the loop: what had come of the stream may still be told
// until then.
void io_h3_reset(io_h3 *h3, int64_t stream, uint64_t code);
// Asks the peer to send no more on a stream, and drops what still comes: a response is complete,
// and the request's content is not wanted (RFC 9114 §4.1).
void io_h3_stop(io_h3 *h3, int64_t stream, uint64_t code);
// `len` octets of a body are out of memory: the stream's window; the connection's was given back
// when they came, so that no body that waits stops the others.
void io_h3_consume(io_h3 *h3, int64_t stream, size_t len);
// There is something to send: a response was submitted, a reader resumed, the session has frames.
void io_h3_wake(io_h3 *h3);
// Ends the connection with an HTTP/3 error code, or H3_NO_ERROR: what was not sent yet is lost.
// `closed` follows. The first call counts.
void io_h3_close(io_h3 *h3, uint64_t code, const char *reason);

#endif
