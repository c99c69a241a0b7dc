// HTTP/3 on a QUIC connection: nghttp3, and codicil_h3 between it and QUIC. What servers and
// clients have in common: control and QPACK streams, flow control, streams that end or are reset,
// the end.
//
// The owner has the requests: nghttp3's callbacks, with the `user` of io_h3_open as conn_user_data
// and its own stream_user_data. From `start` it calls io_h3_begin with the session of the
// connection. Octets of a body (recv_data) are given back by io_h3_consume.
#ifndef APP_IO_H3_H
#define APP_IO_H3_H

#include "codicil/h3.h"
#include "io/quic.h"

typedef struct io_h3 io_h3;

typedef struct io_h3_handler {
  // As quic_handler's. In `start` call io_h3_begin, or quic_close.
  void (*start)(void *user);
  void (*ready)(void *user);
  // After input of a turn: the session's events wait to be taken.
  void (*turn)(void *user);
  // All that there is to send now has been sent.
  void (*flushed)(void *user);
  // It is over: io_h3_end tells why; nghttp3's connection is gone. Exchanges are the owner's to
  // end. Called exactly once; `h3` is freed by the owner, here or later, with io_h3_free.
  void (*closed)(void *user);
  // recv_settings2 and the like are nghttp3's: begin_headers, recv_header, end_headers,
  // begin_trailers, recv_trailer, end_trailers, recv_data, end_stream, stream_close,
  // acked_stream_data, recv_settings, shutdown. deferred_consume, stop_sending and reset_stream are
  // this file's.
  nghttp3_callbacks http;
} io_h3_handler;

// Makes HTTP/3 for `quic`; for a server's connection in quic_accept, for a client's see
// io_h3_connect. `handler` is borrowed for its life. NULL: out of memory.
io_h3 *io_h3_new(io_loop *loop, bool is_server, const io_h3_handler *handler, void *user);
void io_h3_free(io_h3 *h3);
// For quic_accept: the connection, and what to tell QUIC.
const quic_handler *io_h3_attach(io_h3 *h3, quic_connection *quic);
// Opens a client's connection.
CODICIL_MUST_USE bool io_h3_connect(io_h3 *h3, quic_stack *stack, quic_tls_context *tls,
                                    const char *server_name, const io_address *remote,
                                    void *tls_user, app_error *err);

// Begins HTTP with `session`, which is borrowed until `closed`: opens the control and QPACK
// streams and sends SETTINGS. False: the connection is being closed.
CODICIL_MUST_USE bool io_h3_begin(io_h3 *h3, codicil_session *session,
                                  const codicil_codepoints *codepoints,
                                  const nghttp3_settings *settings, uint64_t max_streams);

// NULL before io_h3_begin and after the end.
nghttp3_conn *io_h3_http(const io_h3 *h3);
codicil_h3 *io_h3_codicil(const io_h3 *h3);
quic_connection *io_h3_quic(const io_h3 *h3);

// A client's request; the stream's ID, or -1 where the peer allows no more streams now, or -2 where
// nghttp3 refuses.
int64_t io_h3_submit_request(io_h3 *h3, const nghttp3_nv *fields, size_t num_fields,
                             const nghttp3_data_reader *body, void *stream_user_data);
// Resets both directions of a stream.
void io_h3_reset(io_h3 *h3, int64_t stream, uint64_t code);
// `len` octets of a body are out of memory: the stream's window; the connection's was given back
// when they came, so that no body that waits stops the others.
void io_h3_consume(io_h3 *h3, int64_t stream, size_t len);
// There is something to send: a response was submitted, a reader resumed, the session has frames.
void io_h3_wake(io_h3 *h3);
// Ends the connection with an HTTP/3 error code, or H3_NO_ERROR.
void io_h3_close(io_h3 *h3, uint64_t code, const char *reason);

#endif
