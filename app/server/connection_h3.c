// One client's connection over HTTP/3: see connection_h3.h.
//
// nghttp3's callbacks gather requests and answer them as soon as their fields are complete; io/h3.h
// carries what nghttp3 makes to QUIC.
//
// nghttp3 checks messages itself, and resets a stream with H3_MESSAGE_ERROR before anything here
// could answer: also for a missing :authority and Host, and for one with octets that no authority
// has. What it lets through is judged as over HTTP/2.
#include "server/connection_h3.h"

#include <stdlib.h>
#include <string.h>

#include "io/h3.h"
#include "server/connection.h"
#include "server/content_h3.h"
#include "server/secondary_h3.h"
#include "server/worker.h"

enum {
  QPACK_CAPACITY = 4096,
  QPACK_BLOCKED_STREAMS = 16,
  // Of the limit of a request's fields: what is decoded, and thrown away, before the connection
  // ends.
  FIELDS_BEYOND_LIMIT = 8,
  // A request's content is not wanted: its end may still be on the way, though, until this long
  // after the fields.
  MAY_END_NS = 1000000000,
  // Responses go before certificates; but one that its client is slow to take does so only so long.
  MAX_SIGN_WAIT_NS = 50000000
};

typedef struct connection_h3 {
  connection common; // first: a connection of this version is this
  io_h3 *h3;
  const size_t *sites; // of QUIC's TLS, by their places among the worker's
  uint64_t taken;      // octets of responses that the client has acknowledged
  uint64_t num_idle_frames;
  uint64_t wants_since_ns; // to sign; 0: there is nothing to sign
} connection_h3;

static connection_h3 *h3_of(connection *c) {
  return (connection_h3 *)c;
}

static bool has_unsent(const connection *c) {
  return !quic_is_flushed(io_h3_quic(((const connection_h3 *)c)->h3));
}

static void calm_down(connection_h3 *c, const char *why) {
  c->common.is_ending = true;
  io_h3_close(c->h3, NGHTTP3_H3_EXCESSIVE_LOAD, why);
}

// ---- responses
// ---------------------------------------------------------------------------------------------

static nghttp3_ssize on_read(nghttp3_conn *http, int64_t stream, nghttp3_vec *vec, size_t num,
                             uint32_t *flags, void *user, void *stream_user) {
  connection_h3 *c = io_h3_user(user);
  request *r = stream_user;
  codicil_span part;
  (void)http;
  (void)num;
  switch (content_next(r, &part)) {
  case CONTENT_OK:
    break;
  case CONTENT_FAILED:
    io_h3_reset(c->h3, stream, NGHTTP3_H3_INTERNAL_ERROR);
    return NGHTTP3_ERR_WOULDBLOCK;
  case CONTENT_WAITS:
    return NGHTTP3_ERR_WOULDBLOCK;
  }
  if (r->at == r->end) {
    *flags |= NGHTTP3_DATA_FLAG_EOF;
  }
  vec[0] = (nghttp3_vec){(uint8_t *)part.data, part.len};
  return 1;
}

static void queue_signature(connection_h3 *c);

static int on_acked(nghttp3_conn *http, int64_t stream, uint64_t len, void *user,
                    void *stream_user) {
  connection_h3 *c = io_h3_user(user);
  request *r = stream_user;
  c->taken += len;
  if (r && content_acked(r, len) && nghttp3_conn_resume_stream(http, stream) == 0) {
    io_h3_wake(c->h3);
  }
  queue_signature(c);
  return 0;
}

static int submit(request *r, const response_fields *fields) {
  connection_h3 *c = h3_of(r->connection);
  nghttp3_data_reader reader = {on_read};
  nghttp3_nv nv[RESPONSE_MAX_FIELDS];
  for (size_t i = 0; i < fields->num; i++) {
    const response_field *f = &fields->field[i];
    unsigned flags = NGHTTP3_NV_FLAG_NO_COPY_NAME;
    flags |= f->is_borrowed ? NGHTTP3_NV_FLAG_NONE : NGHTTP3_NV_FLAG_NO_COPY_VALUE;
    nv[i] = (nghttp3_nv){(const uint8_t *)f->name, (const uint8_t *)f->value, f->name_len,
                         f->value_len, (uint8_t)flags};
  }
  return nghttp3_conn_submit_response(io_h3_http(c->h3), r->stream, nv, fields->num,
                                      response_has_content(r) ? &reader : NULL);
}

//= https://www.rfc-editor.org/rfc/rfc9114#section-4.1
//# When the server does not need to receive the remainder of the
//# request, it MAY abort reading the request stream, send a complete
//# response, and cleanly close the sending part of the stream.
static void stop_reading(connection_h3 *c, request *r) {
  r->has_body = false;
  io_h3_stop(c->h3, r->stream, NGHTTP3_H3_NO_ERROR);
}

// ---- requests
// ----------------------------------------------------------------------------------------------

static void hold(void *buffer) {
  nghttp3_rcbuf_incref(buffer);
}
static void release(void *buffer) {
  nghttp3_rcbuf_decref(buffer);
}
static const request_buffers buffers = {hold, release, true};

static int on_begin_headers(nghttp3_conn *http, int64_t stream, void *user, void *stream_user) {
  connection_h3 *c = io_h3_user(user);
  (void)stream_user;
  request *r = connection_begin_request(&c->common, stream, &buffers);
  if (!r) {
    io_h3_reset(c->h3, stream, NGHTTP3_H3_REQUEST_REJECTED);
    return 0;
  }
  return nghttp3_conn_set_stream_user_data(http, stream, r);
}

static size_t header_list(const connection_h3 *c) {
  return (size_t)connection_limit(&c->common, SERVER_LIMIT_HEADER_LIST);
}

// A few octets on the wire may stand for many, again and again.
static void check_bomb(connection_h3 *c, const request *r) {
  if (r->fields_len > FIELDS_BEYOND_LIMIT * header_list(c)) {
    calm_down(c, "a field section is too large");
  }
}

static int on_header(nghttp3_conn *http, int64_t stream, int32_t token, nghttp3_rcbuf *name,
                     nghttp3_rcbuf *value, uint8_t flags, void *user, void *stream_user) {
  connection_h3 *c = io_h3_user(user);
  request *r = stream_user;
  (void)http;
  (void)stream;
  (void)token;
  (void)flags;
  if (r) {
    nghttp3_vec n = nghttp3_rcbuf_get_buf(name);
    nghttp3_vec v = nghttp3_rcbuf_get_buf(value);
    request_add_field(r, codicil_span_of(n.base, n.len), codicil_span_of(v.base, v.len), value,
                      header_list(c));
    check_bomb(c, r);
  }
  return 0;
}

// Trailers are of no use here, and measured all the same.
static int on_trailer(nghttp3_conn *http, int64_t stream, int32_t token, nghttp3_rcbuf *name,
                      nghttp3_rcbuf *value, uint8_t flags, void *user, void *stream_user) {
  connection_h3 *c = io_h3_user(user);
  request *r = stream_user;
  (void)http;
  (void)stream;
  (void)token;
  (void)flags;
  if (r) {
    r->fields_len += nghttp3_rcbuf_get_buf(name).len + nghttp3_rcbuf_get_buf(value).len;
    check_bomb(c, r);
  }
  return 0;
}

//= https://www.rfc-editor.org/rfc/rfc8470#section-5.2
//# The 425 (Too Early) status code indicates that the server is
//# unwilling to risk processing a request that might be replayed.
static bool is_too_early(const connection_h3 *c, const request *r) {
  return r->method == METHOD_OTHER && !quic_is_ready(io_h3_quic(c->h3));
}

static void finish_end(connection *c);

static int on_end_headers(nghttp3_conn *http, int64_t stream, int fin, void *user,
                          void *stream_user) {
  connection_h3 *c = io_h3_user(user);
  request *r = stream_user;
  (void)http;
  if (!r) {
    return 0;
  }
  connection_complete_request(r, !fin);
  if (r->is_malformed) {
    io_h3_reset(c->h3, stream, NGHTTP3_H3_MESSAGE_ERROR);
    return 0;
  }
  if (connection_is_at_last_request(&c->common)) {
    finish_end(&c->common);
  }
  return is_too_early(c, r) ? response_submit_status(r, 425) : response_submit(r);
}

static int on_data(nghttp3_conn *http, int64_t stream, const uint8_t *data, size_t len, void *user,
                   void *stream_user) {
  connection_h3 *c = io_h3_user(user);
  request *r = stream_user;
  (void)http;
  (void)data;
  io_h3_consume(c->h3, stream, len);
  if (r && r->has_body && r->is_answered) {
    stop_reading(c, r);
  }
  return 0;
}

static int on_end_stream(nghttp3_conn *http, int64_t stream, void *user, void *stream_user) {
  request *r = stream_user;
  (void)http;
  (void)stream;
  (void)user;
  if (r) {
    r->has_body = false;
  }
  return 0;
}

// A stream that ends with an error was cancelled by the client, or spoiled by it; and so was one
// that ends as if nothing were wrong, before the client has what it asked for.
static bool was_cancelled(const request *r, uint64_t code) {
  return code != NGHTTP3_H3_NO_ERROR || !r || !r->is_answered || response_has_content(r) ||
         r->acked < r->sent;
}

static int on_stream_close(nghttp3_conn *http, int64_t stream, uint64_t code, void *user,
                           void *stream_user) {
  connection_h3 *c = io_h3_user(user);
  request *r = stream_user;
  bool is_to_pay = was_cancelled(r, code) && !c->common.is_ending;
  (void)http;
  (void)stream;
  if (r) {
    c->taken += CONNECTION_MIN_PROGRESS_LEN;
    content_clear(r);
    connection_end_request(r);
  }
  if (is_to_pay && !connection_spend(&c->common, &c->common.resets)) {
    calm_down(c, "too many streams are cancelled");
  }
  if (c->common.is_ending) {
    io_h3_wake(c->h3); // on_flushed sees whether it was the last one
  }
  return 0;
}

static int on_settings(nghttp3_conn *http, const nghttp3_settings *settings, void *user) {
  connection_h3 *c = io_h3_user(user);
  (void)http;
  (void)settings;
  c->common.awaits_settings = false;
  return 0;
}

// ---- the connection's events
// -------------------------------------------------------------------------------

static void on_start(void *user) {
  connection_h3 *c = user;
  connection *common = &c->common;
  worker *w = common->worker;
  nghttp3_settings settings;
  nghttp3_settings_default(&settings);
  settings.max_field_section_size = header_list(c);
  settings.qpack_max_dtable_capacity = QPACK_CAPACITY;
  settings.qpack_encoder_max_dtable_capacity = QPACK_CAPACITY;
  settings.qpack_blocked_streams = QPACK_BLOCKED_STREAMS;
  quic_tls *tls = quic_connection_tls(io_h3_quic(c->h3));
  common->site = &w->sites->sites[c->sites[quic_tls_site_index(tls)]];
  secondary_init(&common->secondary, w->secondary, common->site, common->port);
  codicil_session *session = secondary_need_session(&common->secondary);
  if (!session) {
    io_h3_close(c->h3, NGHTTP3_H3_INTERNAL_ERROR, "out of memory");
    return;
  }
  // What fails closes the connection.
  (void)!io_h3_begin(c->h3, session, &w->config->codepoints, &settings,
                     connection_limit(common, SERVER_LIMIT_STREAMS));
}

static void on_ready(void *user) {
  connection_h3 *c = user;
  if (!secondary_h3_ready(&c->common.secondary, quic_connection_tls(io_h3_quic(c->h3)))) {
    io_h3_close(c->h3, NGHTTP3_H3_INTERNAL_ERROR, "out of memory");
  }
}

static bool may_sign(const connection_h3 *c) {
  return !has_unsent(&c->common) ||
         connection_now_ns(&c->common) - c->wants_since_ns >= MAX_SIGN_WAIT_NS;
}

// Asked whenever it may have become time: after input, when all is sent, and as time goes.
static void queue_signature(connection_h3 *c) {
  if (!secondary_wants_signature(&c->common.secondary)) {
    c->wants_since_ns = 0;
    return;
  }
  c->wants_since_ns = c->wants_since_ns > 0 ? c->wants_since_ns : connection_now_ns(&c->common);
  if (may_sign(c)) {
    worker_queue_signature(c->common.worker, &c->common);
  }
}

// Frames that came and ask for nothing are paid for all at once, after the turn that brought them.
static void pay_for_idle_frames(connection_h3 *c) {
  const codicil_h3 *h3 = io_h3_codicil(c->h3);
  uint64_t num = h3 ? codicil_h3_num_idle_frames(h3) : c->num_idle_frames;
  for (; c->num_idle_frames < num; c->num_idle_frames++) {
    if (!connection_spend(&c->common, &c->common.control)) {
      calm_down(c, "too many frames ask for nothing");
      return;
    }
  }
}

static void on_turn(void *user) {
  connection_h3 *c = user;
  pay_for_idle_frames(c);
  if (secondary_h3_after_input(&c->common.secondary)) {
    io_h3_wake(c->h3);
  }
  queue_signature(c);
}

static void on_flushed(void *user) {
  connection_h3 *c = user;
  if (c->common.is_ending && c->common.num_streams == 0) {
    io_h3_close(c->h3, NGHTTP3_H3_NO_ERROR, NULL);
  } else {
    queue_signature(c);
  }
}

static void on_closed(void *user) {
  connection_h3 *c = user;
  for (request *r = c->common.requests; r; r = r->next) {
    content_clear(r);
  }
  connection_clear(&c->common);
  io_h3_free(c->h3); // whose memory the fields of requests were
  secondary_clear(&c->common.secondary);
  free(c);
}

// ---- time and the end
// --------------------------------------------------------------------------------------

static void discard(connection *c) {
  quic_discard(io_h3_quic(h3_of(c)->h3));
  on_closed(c);
}

// Looks at open requests. False: the fields of one do not come.
static bool check_requests(connection_h3 *c) {
  uint64_t now_ns = connection_now_ns(&c->common);
  for (request *r = c->common.requests; r; r = r->next) {
    if (!r->is_complete && connection_has_passed(&c->common, r->began_ns, SERVER_TIMEOUT_HEADERS)) {
      return false;
    }
    if (r->has_body && r->is_answered && now_ns - r->began_ns >= MAY_END_NS) {
      stop_reading(c, r);
    }
  }
  return true;
}

// A client moves at will: what is logged is where it was lately.
static void look_where_it_is(connection *c) {
  io_address local;
  quic_connection_path(io_h3_quic(h3_of(c)->h3), &local, &c->peer);
}

static void check_time(connection *c) {
  connection_h3 *h3 = h3_of(c);
  look_where_it_is(c);
  if (c->awaits_settings) {
    if (connection_has_passed(c, c->opened_ns, SERVER_TIMEOUT_HANDSHAKE)) {
      io_h3_close(h3->h3, NGHTTP3_H3_MISSING_SETTINGS, "SETTINGS did not come in time");
    }
    return;
  }
  if (!check_requests(h3)) {
    calm_down(h3, "a field section did not come in time");
  } else if (connection_has_stalled(c, h3->taken, c->num_streams > 0 || has_unsent(c))) {
    calm_down(h3, "the client takes nothing");
  } else if (!c->is_ending && c->num_streams == 0 &&
             connection_has_passed(c, c->idle_since_ns, SERVER_TIMEOUT_IDLE)) {
    finish_end(c);
  } else if (c->is_ending && c->num_streams == 0 &&
             connection_has_passed(c, c->idle_since_ns, SERVER_TIMEOUT_LINGER)) {
    io_h3_close(h3->h3, NGHTTP3_H3_NO_ERROR, NULL); // it did not take the GOAWAY
  }
  queue_signature(h3);
}

// RFC 9114 §5.2: first a GOAWAY that still admits what is on its way, later the real one.
static void begin_end(connection *c) {
  connection_h3 *h3 = h3_of(c);
  nghttp3_conn *http = io_h3_http(h3->h3);
  if (!http) {
    io_h3_close(h3->h3, NGHTTP3_H3_NO_ERROR, NULL);
  } else if (!c->is_ending && nghttp3_conn_submit_shutdown_notice(http) == 0) {
    io_h3_wake(h3->h3);
  }
}

static void finish_end(connection *c) {
  connection_h3 *h3 = h3_of(c);
  nghttp3_conn *http = io_h3_http(h3->h3);
  if (!http || c->is_ending) {
    return;
  }
  c->is_ending = true;
  if (nghttp3_conn_shutdown(http) != 0) {
    io_h3_close(h3->h3, NGHTTP3_H3_INTERNAL_ERROR, "out of memory");
  }
  io_h3_wake(h3->h3);
}

static void sign(connection *c) {
  connection_h3 *h3 = h3_of(c);
  if (io_h3_http(h3->h3) && may_sign(h3)) {
    secondary_sign_one(&c->secondary);
    (void)secondary_h3_after_input(&c->secondary);
    io_h3_wake(h3->h3);
  }
}

// ---- the beginning
// ----------------------------------------------------------------------------------------------

static const io_h3_handler handler = {
    .start = on_start,
    .ready = on_ready,
    .turn = on_turn,
    .flushed = on_flushed,
    .closed = on_closed,
    .http = {.acked_stream_data = on_acked,
             .stream_close = on_stream_close,
             .recv_data = on_data,
             .begin_headers = on_begin_headers,
             .recv_header = on_header,
             .end_headers = on_end_headers,
             .recv_trailer = on_trailer,
             .end_stream = on_end_stream,
             .recv_settings = on_settings},
};

static const connection_version version = {"HTTP/3.0", submit,     check_time, begin_end,
                                           finish_end, has_unsent, sign,       discard};

bool connection_h3_accept(worker *w, quic_connection *quic, const size_t *sites,
                          const quic_handler **out_handler, void **out_user) {
  io_address local;
  io_address peer;
  connection_h3 *c = calloc(1, sizeof *c);
  io_h3 *h3 = c ? io_h3_new(&w->loop, true, &handler, c) : NULL;
  if (!h3) {
    free(c);
    return false;
  }
  c->h3 = h3;
  c->sites = sites;
  quic_connection_path(quic, &local, &peer);
  uint16_t port = worker_public_port(w, &local);
  connection_init(&c->common, &version, w, &peer, port, codicil_span_of(NULL, 0));
  *out_handler = io_h3_attach(h3, quic);
  *out_user = h3;
  return true;
}
