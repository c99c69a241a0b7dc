// HTTP/3 on a QUIC connection: see h3.h.
//
// QUIC's events become calls of nghttp3 and codicil_h3, and what nghttp3 asks for becomes calls of
// QUIC. Nothing of nghttp3's may be called from inside its callbacks that changes what it works on
// just then: a reset that an owner asks for there is kept. Such resets, `turn` and `flushed` are an
// event of the loop of their own, after the input and the output of a turn.
#include "io/h3.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_VECS = 16, AFTER_INPUT = -1 };

typedef struct kept_reset {
  int64_t stream;
  uint64_t code;
  bool only_reading;
} kept_reset;

struct io_h3 {
  io_loop *loop;
  const io_h3_handler *handler;
  void *user;
  quic_connection *quic;
  nghttp3_conn *http;
  nghttp3_mem mem; // of the loop's pool
  codicil_h3 *codicil;
  uint64_t max_streams; // that a client may open in all, so far
  unsigned depth;       // calls of nghttp3 that are under way
  kept_reset *resets;
  size_t num_resets, cap_resets;
  ev_prepare after; // never started: a place to feed events to
  bool is_server;
  bool is_ending; // closed by us; QUIC's `closed` follows
  bool is_broken; // nghttp3 failed: it may only be deleted
  bool is_over;
  bool has_turn, has_flushed; // are to be told
  bool had_settings_ack;
};

// ---- the end ------------------------------------------------------------------------------------

static bool is_live(const io_h3 *h3) {
  return h3->http && !h3->is_ending && !h3->is_over;
}

void io_h3_close(io_h3 *h3, uint64_t code, const char *reason) {
  if (h3->quic && !h3->is_ending && !h3->is_over) {
    h3->is_ending = true;
    quic_close(h3->quic, code, reason);
  }
}

// A function of nghttp3's or the library's failed.
static void fail(io_h3 *h3, int error) {
  codicil_err ours = codicil_h3_error(h3->codicil);
  const char *why = ours != CODICIL_OK ? codicil_err_text(ours) : nghttp3_strerror(error);
  io_h3_close(h3, codicil_h3_app_error_code(h3->codicil, error), why);
  h3->is_broken = true;
}

static void end_http(io_h3 *h3) {
  nghttp3_conn_del(h3->http);
  codicil_h3_free(h3->codicil);
  free(h3->resets);
  h3->http = NULL;
  h3->codicil = NULL;
  h3->resets = NULL;
  h3->num_resets = h3->cap_resets = 0;
  ev_clear_pending(h3->loop->ev, &h3->after);
}

static void on_closed(void *user) {
  io_h3 *h3 = user;
  h3->is_over = true;
  end_http(h3);
  h3->handler->closed(h3->user);
}

// ---- calls of nghttp3 ---------------------------------------------------------------------------

static void shutdown_stream(io_h3 *h3, const kept_reset *r) {
  int error = nghttp3_conn_shutdown_stream_read(h3->http, r->stream);
  if (error != 0) {
    fail(h3, error);
    return;
  }
  if (r->only_reading) {
    quic_stop_stream(h3->quic, r->stream, r->code);
  } else {
    codicil_h3_shutdown_stream_write(h3->codicil, h3->http, r->stream);
    quic_shutdown_stream(h3->quic, r->stream, r->code);
  }
  quic_wake(h3->quic); // QPACK's cancellation
}

static void enter(io_h3 *h3) {
  h3->depth++;
}

static void feed_after(io_h3 *h3) {
  ev_feed_event(h3->loop->ev, &h3->after, EV_CUSTOM);
}

// Every call of nghttp3 that may call back is between enter and leave. False: it failed, or the
// owner has closed the connection. What was kept in between follows, for QUIC may be in the middle
// of a packet.
static bool leave(io_h3 *h3, int error) {
  h3->depth--;
  if (error != 0) {
    fail(h3, error);
  }
  if (h3->num_resets > 0) {
    feed_after(h3);
  }
  return is_live(h3);
}

static bool keep_reset(io_h3 *h3, const kept_reset *r) {
  if (h3->num_resets == h3->cap_resets) {
    size_t cap = h3->cap_resets > 0 ? 2 * h3->cap_resets : 4;
    kept_reset *grown = realloc(h3->resets, cap * sizeof *grown);
    if (!grown) {
      return false;
    }
    h3->resets = grown;
    h3->cap_resets = cap;
  }
  h3->resets[h3->num_resets++] = *r;
  return true;
}

static void reset(io_h3 *h3, const kept_reset *r) {
  if (!is_live(h3)) {
    return;
  }
  if (h3->depth == 0) {
    shutdown_stream(h3, r);
  } else if (!keep_reset(h3, r)) {
    io_h3_close(h3, NGHTTP3_H3_INTERNAL_ERROR, "out of memory");
  }
}

// ---- after input and output of a turn -----------------------------------------------------------

static void do_resets(io_h3 *h3) {
  for (size_t i = 0; i < h3->num_resets && is_live(h3); i++) {
    shutdown_stream(h3, &h3->resets[i]);
  }
  h3->num_resets = 0;
}

static void on_after(struct ev_loop *ev, ev_prepare *watcher, int events) {
  io_h3 *h3 = watcher->data;
  (void)ev;
  (void)events;
  do_resets(h3);
  if (h3->has_turn) {
    h3->has_turn = false;
    h3->handler->turn(h3->user); // which may close, but never free: `closed` comes later
  }
  if (h3->has_flushed && is_live(h3) && quic_is_flushed(h3->quic)) {
    h3->has_flushed = false;
    h3->handler->flushed(h3->user);
  }
}

static void turn_soon(io_h3 *h3) {
  h3->has_turn = true;
  feed_after(h3);
}

// ---- QUIC's events ------------------------------------------------------------------------------

static void on_start(void *user) {
  io_h3 *h3 = user;
  if (!h3->is_ending) {
    h3->handler->start(h3->user);
  }
}

static void on_ready(void *user) {
  io_h3 *h3 = user;
  if (!h3->is_ending) {
    h3->handler->ready(h3->user);
    turn_soon(h3);
  }
}

//= https://www.rfc-editor.org/rfc/rfc9114#section-4.1.1
//# Implementations SHOULD cancel requests by abruptly terminating any
//# directions of a stream that are still open.
// With the peer's code, which is the one that the owner is told: §8.1 allows even a client
// H3_REQUEST_REJECTED then.
static void cancel(io_h3 *h3, int64_t stream, uint64_t code) {
  reset(h3, &(kept_reset){stream, code, false});
}

// The connection's window is given back at once, also for what nghttp3 keeps: it keeps no more than
// the stream's window allows.
static void on_received(void *user, int64_t stream, codicil_span bytes, bool fin) {
  io_h3 *h3 = user;
  if (!is_live(h3)) {
    return;
  }
  enter(h3);
  nghttp3_ssize n =
      codicil_h3_read_stream(h3->codicil, h3->http, stream, bytes.data, bytes.len, fin);
  if (n == NGHTTP3_ERR_MALFORMED_HTTP_MESSAGING) { // an error of the stream alone
    cancel(h3, stream, NGHTTP3_H3_MESSAGE_ERROR);
    n = (nghttp3_ssize)bytes.len;
  }
  if (!leave(h3, n < 0 ? (int)n : 0)) {
    return;
  }
  quic_consume_connection(h3->quic, bytes.len);
  quic_consume_stream(h3->quic, stream, (size_t)n);
  io_h3_wake(h3);
  turn_soon(h3);
}

static ngtcp2_ssize on_next(void *user, int64_t *stream, int *fin, ngtcp2_vec *vec, size_t num) {
  io_h3 *h3 = user;
  nghttp3_vec part[MAX_VECS];
  *stream = -1;
  *fin = 0;
  if (!is_live(h3)) {
    return h3->is_ending ? -1 : 0;
  }
  enter(h3);
  nghttp3_ssize n = codicil_h3_writev_stream(h3->codicil, h3->http, stream, fin, part,
                                             num < MAX_VECS ? num : MAX_VECS);
  if (!leave(h3, n < 0 ? (int)n : 0)) {
    return -1;
  }
  for (nghttp3_ssize i = 0; i < n; i++) {
    vec[i] = (ngtcp2_vec){part[i].base, part[i].len};
  }
  h3->has_flushed = *stream < 0 && h3->handler->flushed;
  if (h3->has_flushed) {
    feed_after(h3);
  }
  return n;
}

static void on_sent(void *user, int64_t stream, size_t len) {
  io_h3 *h3 = user;
  if (is_live(h3)) {
    enter(h3);
    leave(h3, codicil_h3_add_write_offset(h3->codicil, h3->http, stream, len));
  }
}

static void on_acked(void *user, int64_t stream, uint64_t len) {
  io_h3 *h3 = user;
  if (!is_live(h3)) {
    return;
  }
  enter(h3);
  bool goes_on = leave(h3, codicil_h3_add_ack_offset(h3->codicil, h3->http, stream, len));
  if (goes_on && !h3->had_settings_ack && codicil_h3_settings_acked(h3->codicil)) {
    h3->had_settings_ack = true;
    turn_soon(h3);
  }
}

static void on_blocked(void *user, int64_t stream) {
  io_h3 *h3 = user;
  if (is_live(h3)) {
    codicil_h3_block_stream(h3->codicil, h3->http, stream);
  }
}

static void on_not_writable(void *user, int64_t stream) {
  io_h3 *h3 = user;
  if (is_live(h3)) {
    codicil_h3_shutdown_stream_write(h3->codicil, h3->http, stream);
  }
}

static void on_writable(void *user, int64_t stream) {
  io_h3 *h3 = user;
  if (is_live(h3)) {
    enter(h3);
    leave(h3, codicil_h3_unblock_stream(h3->codicil, h3->http, stream));
    quic_wake(h3->quic);
  }
}

static bool is_request(int64_t stream) {
  return (stream & 3) == 0; // RFC 9000 §2.1: bidirectional, opened by the client
}

// nghttp3 hears of a request that is reset before its first octet: else the owner would not be told
// of it (stream_close), and a PRIORITY_UPDATE that follows would make a stream that never closes.
static void make_known(io_h3 *h3, int64_t stream) {
  if (is_live(h3) && h3->is_server && is_request(stream)) {
    enter(h3);
    nghttp3_ssize n = codicil_h3_read_stream(h3->codicil, h3->http, stream, NULL, 0, 0);
    leave(h3, n < 0 ? (int)n : 0);
  }
}

// A client whose request's content we did not want resets it with our own code (RFC 9000 §3.5): it
// still takes the response. The end of a critical stream comes as stream_closed.
static void on_was_reset(void *user, int64_t stream, uint64_t code) {
  io_h3 *h3 = user;
  bool was_asked_to = h3->is_server && code == NGHTTP3_H3_NO_ERROR;
  make_known(h3, stream);
  if (is_request(stream) && !was_asked_to) {
    cancel(h3, stream, code);
  } else if (is_live(h3)) {
    enter(h3);
    leave(h3, nghttp3_conn_shutdown_stream_read(h3->http, stream));
  }
}

// A client that wants no response wants nothing more of that request; a server that wants no more
// of a request's content may still answer it (RFC 9114 §4.1).
static void on_was_stopped(void *user, int64_t stream, uint64_t code) {
  io_h3 *h3 = user;
  if (h3->is_server && is_request(stream)) {
    cancel(h3, stream, code);
  } else {
    on_not_writable(user, stream);
  }
}

static void on_stream_closed(void *user, int64_t stream, bool has_code, uint64_t code) {
  io_h3 *h3 = user;
  if (!is_live(h3)) {
    return;
  }
  enter(h3);
  int error =
      codicil_h3_close_stream(h3->codicil, h3->http, stream, has_code ? code : NGHTTP3_H3_NO_ERROR);
  if (leave(h3, error == NGHTTP3_ERR_STREAM_NOT_FOUND ? 0 : error) && h3->is_server &&
      is_request(stream)) {
    quic_extend_streams(h3->quic);
    nghttp3_conn_set_max_client_streams_bidi(h3->http, ++h3->max_streams);
  }
}

static void on_more_streams(void *user) {
  io_h3 *h3 = user;
  if (is_live(h3) && h3->handler->more_streams) {
    h3->handler->more_streams(h3->user);
  }
}

static const quic_handler quic_events = {
    .start = on_start,
    .ready = on_ready,
    .received = on_received,
    .next = on_next,
    .sent = on_sent,
    .blocked = on_blocked,
    .not_writable = on_not_writable,
    .writable = on_writable,
    .acked = on_acked,
    .was_reset = on_was_reset,
    .was_stopped = on_was_stopped,
    .stream_closed = on_stream_closed,
    .more_streams = on_more_streams,
    .closed = on_closed,
};

// ---- what nghttp3 asks for ----------------------------------------------------------------------

static int on_deferred_consume(nghttp3_conn *conn, int64_t stream, size_t len, void *user,
                               void *stream_user) {
  const io_h3 *h3 = user;
  (void)conn;
  (void)stream_user;
  quic_consume_stream(h3->quic, stream, len);
  return 0;
}

static int on_stop_sending(nghttp3_conn *conn, int64_t stream, uint64_t code, void *user,
                           void *stream_user) {
  const io_h3 *h3 = user;
  (void)conn;
  (void)stream_user;
  quic_stop_stream(h3->quic, stream, code);
  return 0;
}

static int on_reset_stream(nghttp3_conn *conn, int64_t stream, uint64_t code, void *user,
                           void *stream_user) {
  const io_h3 *h3 = user;
  (void)conn;
  (void)stream_user;
  quic_reset_stream(h3->quic, stream, code);
  return 0;
}

// A stream that QUIC closed while a field section of it waited for QPACK's encoder stream: older
// nghttp3s process what waited when its entries come, and free the stream then, wherever that (a
// response, PRIORITY_UPDATE) has put it among those that have something to send.
static int on_stream_close(nghttp3_conn *conn, int64_t stream, uint64_t code, void *user,
                           void *stream_user) {
  const io_h3 *h3 = user;
  nghttp3_conn_shutdown_stream_write(conn, stream);
  return h3->handler->http.stream_close
             ? h3->handler->http.stream_close(conn, stream, code, user, stream_user)
             : 0;
}

static bool new_http(io_h3 *h3, const nghttp3_settings *settings) {
  nghttp3_callbacks callbacks = h3->handler->http;
  callbacks.stream_close = on_stream_close;
  callbacks.deferred_consume = on_deferred_consume;
  callbacks.stop_sending = on_stop_sending;
  callbacks.reset_stream = on_reset_stream;
  int rc = h3->is_server ? nghttp3_conn_server_new(&h3->http, &callbacks, settings, &h3->mem, h3)
                         : nghttp3_conn_client_new(&h3->http, &callbacks, settings, &h3->mem, h3);
  return rc == 0;
}

// ---- the owner's side ---------------------------------------------------------------------------

io_h3 *io_h3_new(io_loop *loop, bool is_server, const io_h3_handler *handler, void *user) {
  io_h3 *h3 = calloc(1, sizeof *h3);
  if (h3) {
    h3->loop = loop;
    h3->is_server = is_server;
    h3->handler = handler;
    h3->user = user;
    nghttp2_mem mem = io_pool_mem(&loop->pool);
    h3->mem = (nghttp3_mem){mem.mem_user_data, mem.malloc, mem.free, mem.calloc, mem.realloc};
    ev_prepare_init(&h3->after, on_after);
    ev_set_priority(&h3->after, AFTER_INPUT);
    h3->after.data = h3;
  }
  return h3;
}

void io_h3_free(io_h3 *h3) {
  if (h3) {
    end_http(h3);
    free(h3);
  }
}

void *io_h3_user(const io_h3 *h3) {
  return h3->user;
}

const quic_handler *io_h3_attach(io_h3 *h3, quic_connection *quic) {
  h3->quic = quic;
  return &quic_events;
}

bool io_h3_connect(io_h3 *h3, quic_stack *stack, quic_tls_context *tls, const char *server_name,
                   const io_address *remote, void *tls_user, app_error *err) {
  h3->quic = quic_connect(stack, tls, server_name, remote, &quic_events, h3, tls_user, err);
  return h3->quic != NULL;
}

static codicil_now now_of_loop(void *ctx) {
  return io_loop_now(ctx);
}

// False without a stream that the peer has to allow (RFC 9114 §6.2).
static bool open_streams(io_h3 *h3, int *out_error) {
  int64_t control = quic_open_uni(h3->quic);
  int64_t encoder = quic_open_uni(h3->quic);
  int64_t decoder = quic_open_uni(h3->quic);
  if (control < 0 || encoder < 0 || decoder < 0) {
    return false;
  }
  *out_error = codicil_h3_bind_control_stream(h3->codicil, h3->http, control);
  if (*out_error == 0) {
    *out_error = nghttp3_conn_bind_qpack_streams(h3->http, encoder, decoder);
  }
  return true;
}

bool io_h3_begin(io_h3 *h3, codicil_session *session, const codicil_codepoints *codepoints,
                 const nghttp3_settings *settings, uint64_t max_streams) {
  int error = 0;
  if (codicil_h3_new(&h3->codicil, NULL, session, codepoints, now_of_loop, h3->loop) !=
          CODICIL_OK ||
      !new_http(h3, settings)) {
    io_h3_close(h3, NGHTTP3_H3_INTERNAL_ERROR, "out of memory");
    return false;
  }
  if (h3->is_server) {
    h3->max_streams = max_streams;
    nghttp3_conn_set_max_client_streams_bidi(h3->http, max_streams);
    nghttp3_conn_set_max_concurrent_streams(h3->http, (size_t)max_streams);
  }
  if (!open_streams(h3, &error)) {
    io_h3_close(h3, NGHTTP3_H3_STREAM_CREATION_ERROR, "three unidirectional streams are needed");
  } else if (error != 0) {
    fail(h3, error);
  }
  quic_wake(h3->quic);
  return !h3->is_ending;
}

nghttp3_conn *io_h3_http(const io_h3 *h3) {
  return h3->is_broken ? NULL : h3->http;
}

codicil_h3 *io_h3_codicil(const io_h3 *h3) {
  return h3->codicil;
}

quic_connection *io_h3_quic(const io_h3 *h3) {
  return h3->quic;
}

int64_t io_h3_submit_request(io_h3 *h3, const nghttp3_nv *fields, size_t num_fields,
                             const nghttp3_data_reader *body, void *stream_user_data) {
  enum { NO_STREAM = -1, NO_REQUESTS = -2 };
  if (!is_live(h3)) {
    return NO_REQUESTS;
  }
  int64_t stream = quic_open_bidi(h3->quic);
  if (stream < 0) {
    return NO_STREAM;
  }
  if (nghttp3_conn_submit_request(h3->http, stream, fields, num_fields, body, stream_user_data) !=
      0) {
    quic_shutdown_stream(h3->quic, stream, NGHTTP3_H3_REQUEST_CANCELLED);
    return NO_REQUESTS;
  }
  io_h3_wake(h3);
  return stream;
}

void io_h3_reset(io_h3 *h3, int64_t stream, uint64_t code) {
  reset(h3, &(kept_reset){stream, code, false});
}

void io_h3_stop(io_h3 *h3, int64_t stream, uint64_t code) {
  reset(h3, &(kept_reset){stream, code, true});
}

void io_h3_consume(io_h3 *h3, int64_t stream, size_t len) {
  if (is_live(h3)) {
    quic_consume_stream(h3->quic, stream, len);
    quic_wake(h3->quic); // MAX_STREAM_DATA
  }
}

void io_h3_wake(io_h3 *h3) {
  if (is_live(h3)) {
    h3->has_flushed = false;
    quic_wake(h3->quic);
  }
}
