// TLS over TCP, without blocking: see stream.h.
//
// run() is the only way in from the loop: it reads the socket once, lets OpenSSL and the owner work
// on what came, lets the owner produce, writes the socket once, and sets the watcher to what it
// awaits. Whatever ends the stream only marks it; run() tells the owner last, when nothing here
// touches the stream again.
#include "io/stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/stream_bio.h"

enum { MAX_PENDING_LEN = 2 * IO_OUT_LEN }; // `produce` alone leaves at most half of it

static void fail(io_stream *stream, const char *why, int sys_error) {
  if (stream->state != IO_CLOSED && !stream->why) {
    stream->why = why;
    stream->sys_error = sys_error;
    stream->ssl_error = ERR_peek_error();
  }
  ERR_clear_error();
  stream->state = IO_CLOSED;
}

// ---- the socket -------------------------------------------------------------------------------

static void peer_end(io_stream *stream) {
  if (stream->peer_ended) {
    return;
  }
  stream->peer_ended = true;
  stream->truncated = !(SSL_get_shutdown(stream->ssl) & SSL_RECEIVED_SHUTDOWN);
  if (stream->state < IO_OPEN) {
    fail(stream, "the peer closed the connection in the handshake", 0);
  } else if (stream->state == IO_OPEN && stream->handler->peer_ended) {
    stream->handler->peer_ended(stream->user);
  } else if (stream->state == IO_OPEN) {
    io_stream_end(stream);
  }
}

static bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

// One read for as many records as there are. Nothing of it outlives run(): OpenSSL keeps what is
// less than a record.
static void fill_in(io_stream *stream) {
  io_loop *loop = stream->loop;
  ssize_t n = recv(stream->io.fd, loop->in, IO_IN_LEN, 0);
  if (n > 0) {
    loop->in_len = (size_t)n;
    stream->octets_in += (size_t)n;
  } else if (n == 0) {
    peer_end(stream);
  } else if (!would_block(errno)) {
    fail(stream, "reading failed", errno);
  }
}

// Gives the socket what it takes of `data`; the count, or 0 where it takes nothing or failed.
static size_t give(io_stream *stream, const uint8_t *data, size_t len) {
  ssize_t n = send(stream->io.fd, data, len, MSG_NOSIGNAL);
  if (n < 0) {
    if (!would_block(errno)) {
      fail(stream, "writing failed", errno);
    }
    return 0;
  }
  stream->octets_out += (size_t)n;
  stream->progress_ns = stream->loop->now.mono_ns;
  return (size_t)n;
}

// The rest of an earlier turn goes first.
static void flush_pending(io_stream *stream) {
  if (stream->pending_len == 0) {
    return;
  }
  size_t n = give(stream, stream->pending + stream->pending_at, stream->pending_len);
  stream->pending_at += n;
  stream->pending_len -= n;
  if (stream->pending_len == 0) {
    free(stream->pending);
    stream->pending = NULL;
    stream->pending_at = 0;
  }
}

static bool keep(io_stream *stream, const uint8_t *data, size_t len) {
  uint8_t *kept = malloc(stream->pending_len + len);
  if (!kept) {
    return false;
  }
  if (stream->pending_len > 0) {
    memcpy(kept, stream->pending + stream->pending_at, stream->pending_len);
  }
  memcpy(kept + stream->pending_len, data, len);
  free(stream->pending);
  stream->pending = kept;
  stream->pending_at = 0;
  if (stream->pending_len == 0) {
    stream->progress_ns = stream->loop->now.mono_ns;
  }
  stream->pending_len += len;
  return true;
}

// Also after a failure: the alert that tells the peer why should reach it.
static void flush_out(io_stream *stream) {
  io_loop *loop = stream->loop;
  if (loop->out_len == 0) {
    return;
  }
  size_t n = stream->pending_len == 0 ? give(stream, loop->out, loop->out_len) : 0;
  if (n < loop->out_len && stream->state != IO_CLOSED &&
      !keep(stream, loop->out + n, loop->out_len - n)) {
    fail(stream, "out of memory", 0);
  }
  loop->out_len = 0;
}

// ---- TLS --------------------------------------------------------------------------------------

static void finish_connect(io_stream *stream) {
  int error = 0;
  socklen_t len = sizeof error;
  if (getsockopt(stream->io.fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
    fail(stream, "connecting failed", error != 0 ? error : errno);
    return;
  }
  stream->connected_ns = stream->loop->now.mono_ns;
  stream->state = IO_AWAIT_HANDSHAKE;
}

static void shake_hands(io_stream *stream) {
  ERR_clear_error();
  int rc = SSL_do_handshake(stream->ssl);
  if (rc == 1) {
    stream->state = IO_OPEN;
    stream->ready_ns = stream->loop->now.mono_ns;
    if (stream->handler->ready) {
      stream->handler->ready(stream->user);
    }
  } else if (SSL_get_error(stream->ssl, rc) != SSL_ERROR_WANT_READ) {
    fail(stream, "the TLS handshake failed", 0);
  }
}

// Until OpenSSL has nothing more of what was read from the socket.
static void receive(io_stream *stream) {
  io_loop *loop = stream->loop;
  while (stream->state >= IO_OPEN && stream->state != IO_CLOSED) {
    size_t n = 0;
    ERR_clear_error();
    int rc = SSL_read_ex(stream->ssl, loop->received, IO_RECORD_LEN, &n);
    if (rc != 1) {
      int error = SSL_get_error(stream->ssl, rc);
      if (error == SSL_ERROR_ZERO_RETURN) {
        peer_end(stream);
      } else if (error != SSL_ERROR_WANT_READ) {
        fail(stream, "TLS failed", 0);
      }
      return;
    }
    if (stream->state == IO_OPEN) {
      stream->handler->received(stream->user, codicil_span_of(loop->received, n));
    }
  }
}

static bool write_record(io_stream *stream) {
  io_loop *loop = stream->loop;
  size_t written = 0;
  if (loop->record_len == 0) {
    return true;
  }
  ERR_clear_error();
  if (SSL_write_ex(stream->ssl, loop->record, loop->record_len, &written) != 1 ||
      written != loop->record_len) {
    fail(stream, "TLS failed", 0);
    return false;
  }
  loop->record_len = 0;
  return true;
}

size_t io_stream_room(const io_stream *stream) {
  const io_loop *loop = stream->loop;
  size_t used = loop->out_len + loop->record_len;
  // Two records less than there is, for what a put may exceed the room by.
  size_t most = IO_OUT_LEN - 2 * (IO_RECORD_LEN + 256);
  bool may = loop->active == stream && stream->state == IO_OPEN && stream->pending_len == 0;
  return may && used < most ? most - used : 0;
}

bool io_stream_put(io_stream *stream, codicil_span bytes) {
  io_loop *loop = stream->loop;
  if (loop->active != stream || stream->state != IO_OPEN) {
    return false;
  }
  while (bytes.len > 0) {
    size_t n = IO_RECORD_LEN - loop->record_len;
    n = n < bytes.len ? n : bytes.len;
    memcpy(loop->record + loop->record_len, bytes.data, n);
    loop->record_len += n;
    bytes = codicil_span_of(bytes.data + n, bytes.len - n);
    if (loop->record_len == IO_RECORD_LEN && !write_record(stream)) {
      return false;
    }
  }
  return true;
}

// As long as the socket takes all of it, but not for ever: many streams share the loop.
static void send_produced(io_stream *stream) {
  stream->has_more = false;
  for (int round = 0; round < 4; round++) {
    if (stream->state != IO_OPEN || stream->pending_len > 0) {
      return;
    }
    size_t before = stream->loop->out_len;
    stream->handler->produce(stream->user);
    bool full = io_stream_room(stream) == 0;
    if (stream->state == IO_CLOSED || !write_record(stream)) {
      return;
    }
    if (stream->loop->out_len == before || !full) {
      return;
    }
    flush_out(stream);
  }
  stream->has_more = true;
}

static void say_farewell(io_stream *stream) {
  stream->state = IO_AWAIT_PEER_END;
  ERR_clear_error();
  if (write_record(stream)) {
    SSL_shutdown(stream->ssl);
    ERR_clear_error();
    flush_out(stream);
  }
}

static void end_output(io_stream *stream) {
  if (stream->state == IO_AWAIT_FLUSH) {
    say_farewell(stream);
  }
  if (stream->state == IO_AWAIT_PEER_END && stream->pending_len == 0) {
    shutdown(stream->io.fd, SHUT_WR);
    if (stream->peer_ended) {
      stream->state = IO_CLOSED;
    }
  }
}

// ---- the loop's way in --------------------------------------------------------------------------

static void await(io_stream *stream, int events) {
  if (stream->awaited == events) {
    return;
  }
  int fd = stream->io.fd;
  ev_io_stop(stream->loop->ev, &stream->io);
  ev_io_set(&stream->io, fd, events);
  if (events != 0) {
    ev_io_start(stream->loop->ev, &stream->io);
  }
  stream->awaited = events;
}

static void await_next(io_stream *stream) {
  bool write = stream->state == IO_AWAIT_CONNECT || stream->pending_len > 0;
  // What OpenSSL answers by itself (KeyUpdate) must not pile up for a peer that reads nothing.
  bool read = stream->state != IO_AWAIT_CONNECT && !stream->peer_ended &&
              stream->pending_len <= MAX_PENDING_LEN;
  await(stream, (read ? EV_READ : 0) | (write ? EV_WRITE : 0));
}

static void finish(io_stream *stream) {
  ev_io_stop(stream->loop->ev, &stream->io);
  ev_clear_pending(stream->loop->ev, &stream->io);
  stream->handler->closed(stream->user);
}

static void work(io_stream *stream, int events) {
  if (stream->state == IO_AWAIT_CONNECT && (events & EV_WRITE)) {
    finish_connect(stream);
  }
  if ((events & EV_READ) && stream->state != IO_CLOSED) {
    fill_in(stream);
  }
  if (events & EV_WRITE) {
    flush_pending(stream);
  }
  if (stream->state == IO_AWAIT_HANDSHAKE) {
    shake_hands(stream);
  }
  if (stream->loop->in_len > 0) {
    receive(stream);
  }
  if (stream->state == IO_OPEN) {
    send_produced(stream);
  }
  flush_out(stream);
  end_output(stream);
}

static void run(struct ev_loop *ev, ev_io *watcher, int events) {
  (void)ev;
  io_stream *stream = watcher->data;
  io_loop *loop = stream->loop;
  loop->active = stream;
  if (stream->state != IO_CLOSED) {
    work(stream, events);
  }
  loop->active = NULL;
  loop->in_at = loop->in_len = loop->record_len = loop->out_len = 0;
  if (stream->state == IO_CLOSED) {
    finish(stream);
    return;
  }
  await_next(stream);
  if (stream->has_more) {
    io_stream_wake(stream);
  }
}

// ---- the owner's side
// -----------------------------------------------------------------------------

static bool is_connected(int fd) {
  struct sockaddr_storage peer;
  socklen_t len = sizeof peer;
  return getpeername(fd, (struct sockaddr *)&peer, &len) == 0;
}

bool io_stream_open(io_stream *stream, io_loop *loop, int fd, SSL *ssl,
                    const io_stream_handler *handler, void *user, app_error *err) {
  memset(stream, 0, sizeof *stream);
  stream->loop = loop;
  stream->ssl = ssl;
  stream->handler = handler;
  stream->user = user;
  if (!io_stream_bio_attach(stream)) {
    ERR_clear_error();
    return app_fail(err, "out of memory");
  }
  stream->opened_ns = stream->progress_ns = loop->now.mono_ns;
  stream->state = IO_AWAIT_CONNECT;
  if (is_connected(fd)) {
    stream->state = IO_AWAIT_HANDSHAKE;
    stream->connected_ns = stream->opened_ns;
  }
  ev_io_init(&stream->io, run, fd, 0);
  stream->io.data = stream;
  await_next(stream);
  if (stream->state == IO_AWAIT_HANDSHAKE && !SSL_is_server(ssl)) {
    io_stream_wake(stream); // the client speaks first
  }
  return true;
}

void io_stream_clear(io_stream *stream) {
  static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
  if (!stream->ssl) {
    return;
  }
  if (stream->resets) {
    setsockopt(stream->io.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  ev_io_stop(stream->loop->ev, &stream->io);
  ev_clear_pending(stream->loop->ev, &stream->io);
  SSL_free(stream->ssl);
  ERR_clear_error();
  close(stream->io.fd);
  free(stream->pending);
  stream->ssl = NULL;
  stream->pending = NULL;
  stream->pending_len = 0;
}

// Inside its own callback the stream comes to produce, or to the end, anyway.
void io_stream_wake(io_stream *stream) {
  if (stream->loop->active != stream) {
    ev_feed_event(stream->loop->ev, &stream->io, EV_CUSTOM);
  }
}

void io_stream_end(io_stream *stream) {
  if (stream->state < IO_OPEN) {
    stream->state = IO_CLOSED;
  } else if (stream->state == IO_OPEN) {
    stream->state = IO_AWAIT_FLUSH;
  }
  io_stream_wake(stream);
}

void io_stream_abort(io_stream *stream, const char *why) {
  if (stream->state != IO_CLOSED) {
    stream->why = why;
    stream->resets = why != NULL;
    stream->state = IO_CLOSED;
  }
  io_stream_wake(stream);
}

bool io_stream_error(const io_stream *stream, char *out, size_t out_len) {
  const char *reason = NULL;
  if (!stream->why) {
    return false;
  }
  if (stream->sys_error != 0) {
    reason = strerror(stream->sys_error);
  } else if (stream->ssl_error != 0) {
    reason = ERR_reason_error_string(stream->ssl_error);
  }
  snprintf(out, out_len, "%s%s%s", stream->why, reason ? ": " : "", reason ? reason : "");
  return true;
}

int io_stream_alert(const io_stream *stream) {
  int reason = ERR_GET_REASON(stream->ssl_error);
  bool is_alert = ERR_GET_LIB(stream->ssl_error) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET &&
                  reason < SSL_AD_REASON_OFFSET + 256;
  return is_alert ? reason - SSL_AD_REASON_OFFSET : -1;
}
