// TLS over TCP, without blocking, for servers and clients.
//
// The owner makes the socket and the SSL, calls io_stream_open, and is told: `ready` when the
// handshake is complete, `received` with plaintext, `produce` when it may send, `closed` once at
// the end, in which, and nowhere else, it calls io_stream_clear. To send: in `produce`, put octets
// while there is room; elsewhere, io_stream_wake, and `produce` follows in the same turn of the
// loop. Octets are gathered into full records, and records into one write.
//
//   static void produce(void *user) {
//     const uint8_t *data;
//     ssize_t n;
//     while (io_stream_room(s) > 0 && (n = nghttp2_session_mem_send(ng, &data)) > 0)
//       io_stream_put(s, codicil_span_of(data, (size_t)n));
//   }
//
// Timeouts are the owner's: a timer of its own that calls io_stream_abort. An idle stream holds no
// buffer of its own besides OpenSSL's.
#ifndef APP_IO_STREAM_H
#define APP_IO_STREAM_H

#include <openssl/ssl.h>

#include "io/loop.h"

typedef struct io_stream io_stream;

// Each gets the `user` of io_stream_open. All are called from the loop, never from inside a
// function of this file that the owner calls, but for what io_stream_put does to itself.
typedef struct io_stream_handler {
  // The handshake is complete; SSL_get0_alpn_selected and the peer's certificate can be asked.
  // Optional.
  void (*ready)(void *user);
  // Plaintext, at most IO_RECORD_LEN octets, borrowed for the call.
  void (*received)(void *user, codicil_span bytes);
  // There may be room: io_stream_put.
  void (*produce)(void *user);
  // The peer will send no more (close_notify or end of stream). Optional: without it, the stream
  // ends as by io_stream_end.
  void (*peer_ended)(void *user);
  // It is over, for the reason that io_stream_error tells. Called exactly once.
  void (*closed)(void *user);
} io_stream_handler;

typedef enum io_stream_state {
  IO_AWAIT_CONNECT,   // TCP
  IO_AWAIT_HANDSHAKE, // TLS
  IO_OPEN,
  IO_AWAIT_FLUSH,    // io_stream_end was called: what is produced already goes out first
  IO_AWAIT_PEER_END, // ours is closed: what still comes is dropped
  IO_CLOSED
} io_stream_state;

struct io_stream {
  io_loop *loop;
  SSL *ssl; // owned
  const io_stream_handler *handler;
  void *user;
  ev_io io;
  io_stream_state state;
  bool peer_ended; // no more input
  bool truncated;  // and it ended without close_notify
  bool resets;     // what the peer did not take yet is not worth the kernel's memory
  bool has_more;   // `produce` was stopped for other streams' sake
  int awaited;     // events of `io`
  // Ciphertext that the socket did not take yet.
  uint8_t *pending;
  size_t pending_at, pending_len;
  // Octets on the socket, TLS included, and moments on the monotonic clock (0: not yet).
  uint64_t octets_in, octets_out;
  uint64_t opened_ns, connected_ns, ready_ns;
  uint64_t progress_ns; // when the socket last took octets, or had none to take
  // Why it ended.
  const char *why; // static; NULL while there is no error
  int sys_error;   // errno or 0
  unsigned long ssl_error;
};

// Starts a stream on `fd`, a non-blocking TCP socket that is connected or connecting, and `ssl`,
// whose role is set (SSL_set_accept_state, SSL_set_connect_state). Takes both, on success only.
// `stream` is the owner's memory and must not move; `handler` is borrowed for its life.
CODICIL_MUST_USE bool io_stream_open(io_stream *stream, io_loop *loop, int fd, SSL *ssl,
                                     const io_stream_handler *handler, void *user, app_error *err);
// Frees what the stream holds. Only in `closed`, or where the loop will not run again.
void io_stream_clear(io_stream *stream);

// Octets that may still be put in this call of `produce`; 0 elsewhere and while the socket is full.
size_t io_stream_room(const io_stream *stream);
// Sends `bytes`, which are copied; a little more than the room is allowed. Only in `produce`. False
// once the stream has failed.
bool io_stream_put(io_stream *stream, codicil_span bytes);
// There is something to send: `produce` will be called.
void io_stream_wake(io_stream *stream);
// Tells whether everything that was put has been given to the socket.
static inline bool io_stream_is_flushed(const io_stream *stream) {
  return stream->pending_len == 0;
}
// No more will be put: sends what was, then close_notify and the end of the stream, drops what
// still comes, and closes when the peer has ended, too. The owner sees to a deadline.
void io_stream_end(io_stream *stream);
// Ends at once; `why` is static text for io_stream_error, or NULL for none. With a reason, what the
// peer has not taken yet is forgotten, and it sees a reset.
void io_stream_abort(io_stream *stream, const char *why);

// Tells whether the stream failed, and writes why, in a sentence without a full stop.
bool io_stream_error(const io_stream *stream, char *out, size_t out_len);
// Returns the TLS alert that the peer sent and that ended the stream, or -1.
int io_stream_alert(const io_stream *stream);

#endif
