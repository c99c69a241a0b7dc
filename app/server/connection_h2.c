// One client's connection over HTTP/2: see connection_h2.h.
//
// nghttp2 drives: its callbacks gather requests and answer them as soon as their fields are
// complete, and it produces frames when the stream has room. Content goes from the file's entry
// into TLS records.
#include "server/connection_h2.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/stream.h"
#include "server/secondary_h2.h"
#include "server/tls.h"
#include "server/worker.h"

enum {
  FRAME_HEADER_LEN = 9,
  GIVEN_BACK_PER_DATA_FRAME = 2 // a WINDOW_UPDATE for the stream, another for the connection
};

typedef struct connection_h2 {
  connection common; // first: a connection of this version is this
  io_stream stream;
  nghttp2_session *http;
  secondary_h2 secondary;
  uint8_t header_frames;     // of the block that is coming in
  uint64_t headers_since_ns; // a header block is coming in; 0: none
  uint64_t ended_ns;         // our side is closed; 0: it is not
} connection_h2;

static void finish_end(connection *c);

static connection_h2 *h2_of(connection *c) {
  return (connection_h2 *)c;
}

// A client that makes us do what asks for nothing, or undo what it asked for, is told to calm down.
static int calm_down(connection_h2 *c) {
  c->common.is_ending = true;
  return nghttp2_session_terminate_session(c->http, NGHTTP2_ENHANCE_YOUR_CALM);
}

static int spend(connection_h2 *c, server_patience *patience) {
  return connection_spend(&c->common, patience) ? 0 : calm_down(c);
}

// ---- content
// -----------------------------------------------------------------------------------------------

// Content that is not in memory is read here. What was read waits in the worker's space for
// on_send_data, which nghttp2 calls next.
static ssize_t on_read(nghttp2_session *ng, int32_t stream, uint8_t *buf, size_t len,
                       uint32_t *flags, nghttp2_data_source *source, void *user) {
  (void)buf;
  connection_h2 *c = user;
  request *r = source->ptr;
  if (io_stream_room(&c->stream) == 0) {
    return NGHTTP2_ERR_PAUSE; // nghttp2 would go on with all that the windows allow
  }
  r->part = response_read(r, len, c->common.worker->file_space);
  if (r->part.len == 0) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (r->part.len == r->end - r->at) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (r->has_body) {
      // RFC 9113 §8.1: the request's content is not wanted.
      nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, stream, NGHTTP2_NO_ERROR);
    }
  }
  return (ssize_t)r->part.len;
}

static int on_send_data(nghttp2_session *ng, nghttp2_frame *frame, const uint8_t *header,
                        size_t len, nghttp2_data_source *source, void *user) {
  (void)ng;
  connection_h2 *c = user;
  request *r = source->ptr;
  // A client that reads answers each frame: only windows that dribble (CVE-2019-9511) cost it.
  if (frame->hd.length >= CONNECTION_MIN_PROGRESS_LEN) {
    server_patience_give(&c->common.control, GIVEN_BACK_PER_DATA_FRAME);
  }
  if (len != r->part.len || !io_stream_put(&c->stream, codicil_span_of(header, FRAME_HEADER_LEN)) ||
      !io_stream_put(&c->stream, r->part)) {
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }
  r->at += len;
  r->sent += len;
  return 0;
}

static int submit(request *r, const response_fields *fields) {
  nghttp2_session *ng = h2_of(r->connection)->http;
  nghttp2_data_provider provider = {.source.ptr = r, .read_callback = on_read};
  nghttp2_nv nv[RESPONSE_MAX_FIELDS];
  bool has_content = response_has_content(r);
  int32_t stream = (int32_t)r->stream;
  for (size_t i = 0; i < fields->num; i++) {
    const response_field *f = &fields->field[i];
    unsigned flags = NGHTTP2_NV_FLAG_NO_COPY_NAME;
    flags |= f->is_borrowed ? NGHTTP2_NV_FLAG_NONE : NGHTTP2_NV_FLAG_NO_COPY_VALUE;
    nv[i] = (nghttp2_nv){(uint8_t *)f->name, (uint8_t *)f->value, f->name_len, f->value_len,
                         (uint8_t)flags};
  }
  int rc = nghttp2_submit_response(ng, stream, nv, fields->num, has_content ? &provider : NULL);
  if (rc == 0 && r->has_body && !has_content) {
    rc = nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, stream, NGHTTP2_NO_ERROR);
  }
  return rc;
}

// ---- nghttp2's callbacks
// --------------------------------------------------------------------------------

static bool asks_for_nothing(const nghttp2_frame_hd *hd) {
  return hd->type == NGHTTP2_DATA ? hd->length == 0 && !(hd->flags & NGHTTP2_FLAG_END_STREAM)
                                  : hd->type != NGHTTP2_HEADERS && hd->type != NGHTTP2_RST_STREAM;
}

static int on_begin_frame(nghttp2_session *ng, const nghttp2_frame_hd *hd, void *user) {
  connection_h2 *c = user;
  if (hd->type == NGHTTP2_CONTINUATION &&
      ++c->header_frames > connection_limit(&c->common, SERVER_LIMIT_HEADER_FRAMES)) {
    return calm_down(c);
  }
  int rc = asks_for_nothing(hd) ? spend(c, &c->common.control) : 0;
  return rc != 0 ? rc : secondary_h2_on_begin_frame(&c->secondary, ng, hd);
}

static void hold(void *buffer) {
  nghttp2_rcbuf_incref(buffer);
}
static void release(void *buffer) {
  nghttp2_rcbuf_decref(buffer);
}
static const request_buffers buffers = {hold, release, false};

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *user) {
  connection_h2 *c = user;
  c->headers_since_ns = connection_now_ns(&c->common);
  c->header_frames = 1;
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
    return 0;
  }
  request *r = connection_begin_request(&c->common, frame->hd.stream_id, &buffers);
  if (!r) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  return nghttp2_session_set_stream_user_data(ng, frame->hd.stream_id, r);
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                     nghttp2_rcbuf *value, uint8_t flags, void *user) {
  connection_h2 *c = user;
  (void)flags;
  if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
    request *r = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
    if (r) {
      nghttp2_vec n = nghttp2_rcbuf_get_buf(name);
      nghttp2_vec v = nghttp2_rcbuf_get_buf(value);
      request_add_field(r, codicil_span_of(n.base, n.len), codicil_span_of(v.base, v.len), value,
                        connection_limit(&c->common, SERVER_LIMIT_HEADER_LIST));
    }
  }
  return 0;
}

static int on_request(connection_h2 *c, nghttp2_session *ng, const nghttp2_frame *frame) {
  request *r = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
  c->headers_since_ns = 0;
  if (!r || frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
    return 0;
  }
  connection_complete_request(r, !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM));
  if (r->is_malformed) {
    int rc = spend(c, &c->common.resets);
    return rc != 0 ? rc
                   : nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                               NGHTTP2_PROTOCOL_ERROR);
  }
  if (connection_is_at_last_request(&c->common)) {
    finish_end(&c->common);
  }
  return response_submit(r);
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *user) {
  connection_h2 *c = user;
  switch (frame->hd.type) {
  case NGHTTP2_HEADERS:
    return on_request(c, ng, frame);
  case NGHTTP2_RST_STREAM:
    return spend(c, &c->common.resets);
  case NGHTTP2_SETTINGS:
    c->common.awaits_settings &= (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
    break;
  default:
    break;
  }
  return secondary_h2_on_frame(&c->secondary, ng, frame);
}

// A frame that makes us reset a stream costs as much as one that resets it.
static int on_invalid_frame(nghttp2_session *ng, const nghttp2_frame *frame, int error,
                            void *user) {
  connection_h2 *c = user;
  (void)ng;
  (void)frame;
  (void)error;
  return spend(c, &c->common.resets);
}

static int on_stream_close(nghttp2_session *ng, int32_t stream, uint32_t error, void *user) {
  (void)error;
  (void)user;
  request *r = nghttp2_session_get_stream_user_data(ng, stream);
  if (r) {
    connection_end_request(r);
  }
  return 0;
}

static int on_chunk(nghttp2_session *ng, const nghttp2_frame_hd *hd, const uint8_t *data,
                    size_t len, void *user) {
  return secondary_h2_on_chunk(&((connection_h2 *)user)->secondary, ng, hd, data, len);
}

static int on_unpack(nghttp2_session *ng, void **payload, const nghttp2_frame_hd *hd, void *user) {
  return secondary_h2_unpack(&((connection_h2 *)user)->secondary, ng, payload, hd);
}

static ssize_t on_pack(nghttp2_session *ng, uint8_t *out, size_t len, const nghttp2_frame *frame,
                       void *user) {
  return secondary_h2_pack(&((connection_h2 *)user)->secondary, ng, out, len, frame);
}

static void set_callbacks(nghttp2_session_callbacks *cbs) {
  nghttp2_session_callbacks_set_on_begin_frame_callback(cbs, on_begin_frame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(cbs, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback2(cbs, on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(cbs, on_frame);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(cbs, on_invalid_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(cbs, on_stream_close);
  nghttp2_session_callbacks_set_send_data_callback(cbs, on_send_data);
  nghttp2_session_callbacks_set_on_extension_chunk_recv_callback(cbs, on_chunk);
  nghttp2_session_callbacks_set_unpack_extension_callback(cbs, on_unpack);
  nghttp2_session_callbacks_set_pack_extension_callback(cbs, on_pack);
}

bool connection_h2_prepare(nghttp2_session_callbacks **out_callbacks, nghttp2_option **out_option,
                           const server_config *config) {
  nghttp2_session_callbacks *callbacks;
  nghttp2_option *option;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) {
    return false;
  }
  if (nghttp2_option_new(&option) != 0) {
    nghttp2_session_callbacks_del(callbacks);
    return false;
  }
  set_callbacks(callbacks);
  nghttp2_option_set_no_http_messaging(option, 1); // request.c checks
  nghttp2_option_set_no_closed_streams(option, 1);
  secondary_h2_set_option(config, option);
  *out_callbacks = callbacks;
  *out_option = option;
  return true;
}

// ---- the stream's callbacks
// -------------------------------------------------------------------------------

static int submit_settings(connection_h2 *c) {
  const connection *common = &c->common;
  nghttp2_settings_entry entries[8] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
       (uint32_t)connection_limit(common, SERVER_LIMIT_STREAMS)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
       (uint32_t)connection_limit(common, SERVER_LIMIT_HEADER_LIST)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  size_t num = secondary_h2_settings(common->worker->config, entries, 3, 8);
  return nghttp2_submit_settings(c->http, NGHTTP2_FLAG_NONE, entries, num);
}

static void on_ready(void *user) {
  connection_h2 *c = user;
  worker *w = c->common.worker;
  c->common.site = tls_site(c->stream.ssl);
  secondary_init(&c->common.secondary, w->secondary, c->common.site, c->common.port);
  secondary_h2_init(&c->secondary, w->config, &c->common.secondary, c->stream.ssl);
  if (nghttp2_session_server_new3(&c->http, w->callbacks, c, w->option, &w->mem) != 0 ||
      submit_settings(c) != 0 || secondary_h2_submit_origin(&c->secondary, c->http) != 0) {
    io_stream_abort(&c->stream, "out of memory");
  }
}

static void on_received(void *user, codicil_span bytes) {
  connection_h2 *c = user;
  ssize_t n = nghttp2_session_mem_recv(c->http, bytes.data, bytes.len);
  if (n < 0) {
    io_stream_abort(&c->stream, nghttp2_strerror((int)n));
    return;
  }
  secondary_h2_after_input(&c->secondary, c->http);
}

static bool is_over(const connection_h2 *c) {
  return !nghttp2_session_want_write(c->http) &&
         (!nghttp2_session_want_read(c->http) ||
          (c->common.is_ending && c->common.num_streams == 0));
}

static void on_produce(void *user) {
  connection_h2 *c = user;
  while (io_stream_room(&c->stream) > 0) {
    const uint8_t *data;
    ssize_t n = nghttp2_session_mem_send(c->http, &data);
    if (n < 0) {
      io_stream_abort(&c->stream, nghttp2_strerror((int)n));
      return;
    }
    if (n == 0) {
      break;
    }
    if (!io_stream_put(&c->stream, codicil_span_of(data, (size_t)n))) {
      return;
    }
  }
  if (is_over(c)) {
    c->ended_ns = connection_now_ns(&c->common);
    io_stream_end(&c->stream);
  } else if (secondary_wants_signature(&c->common.secondary)) {
    worker_queue_signature(c->common.worker, &c->common);
  }
}

static void on_peer_ended(void *user) {
  connection_h2 *c = user;
  c->ended_ns = connection_now_ns(&c->common);
  io_stream_end(&c->stream);
}

static void on_closed(void *user) {
  connection_h2 *c = user;
  nghttp2_session_del(c->http);
  connection_clear(&c->common);
  secondary_h2_clear(&c->secondary);
  io_stream_clear(&c->stream);
  free(c);
}

static void discard(connection *c) {
  on_closed(c);
}

// ---- time and the end
// ----------------------------------------------------------------------------------------------------

static bool has_unsent(const connection *c) {
  return !io_stream_is_flushed(&((const connection_h2 *)c)->stream);
}

static void check_time(connection *c) {
  connection_h2 *h2 = h2_of(c);
  io_stream *stream = &h2->stream;
  if (c->awaits_settings) {
    if (connection_has_passed(c, stream->opened_ns, SERVER_TIMEOUT_HANDSHAKE)) {
      io_stream_abort(stream, "the client did not finish its handshake in time");
    }
    return;
  }
  if (connection_has_passed(c, h2->ended_ns, SERVER_TIMEOUT_LINGER)) {
    io_stream_abort(stream, "the client did not close in time");
  } else if (connection_has_passed(c, h2->headers_since_ns, SERVER_TIMEOUT_HEADERS)) {
    io_stream_abort(stream, "a header block did not come in time");
  } else if (connection_has_stalled(c, stream->octets_out, c->num_streams > 0 || has_unsent(c))) {
    io_stream_abort(stream, "the client takes nothing");
  } else if (!c->is_ending && c->num_streams == 0 &&
             connection_has_passed(c, c->idle_since_ns, SERVER_TIMEOUT_IDLE)) {
    finish_end(c);
  }
}

// RFC 9113 §6.8: first a GOAWAY that still admits what is on its way, later the real one.
static void begin_end(connection *c) {
  connection_h2 *h2 = h2_of(c);
  if (!h2->http) {
    io_stream_abort(&h2->stream, NULL);
  } else if (!c->is_ending && nghttp2_submit_shutdown_notice(h2->http) == 0) {
    io_stream_wake(&h2->stream);
  }
}

static void finish_end(connection *c) {
  connection_h2 *h2 = h2_of(c);
  if (!h2->http || c->is_ending) {
    return;
  }
  c->is_ending = true;
  int32_t last = nghttp2_session_get_last_proc_stream_id(h2->http);
  if (nghttp2_submit_goaway(h2->http, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, NULL, 0) != 0) {
    io_stream_abort(&h2->stream, "out of memory");
  }
  io_stream_wake(&h2->stream);
}

// A client that has yet to take what is sent already comes back by itself, once it has.
static void sign(connection *c) {
  connection_h2 *h2 = h2_of(c);
  if (io_stream_is_flushed(&h2->stream) && h2->stream.state == IO_OPEN) {
    secondary_sign_one(&c->secondary);
    secondary_h2_after_input(&h2->secondary, h2->http);
    io_stream_wake(&h2->stream);
  }
}

// ---- the beginning
// ----------------------------------------------------------------------------------------------

static const io_stream_handler handler = {on_ready, on_received, on_produce, on_peer_ended,
                                          on_closed};
static const connection_version version = {"HTTP/2.0", submit,     check_time, begin_end,
                                           finish_end, has_unsent, sign,       discard};

void connection_h2_accept(worker *w, int fd, const io_address *peer, uint16_t port,
                          codicil_span alt_svc) {
  app_error err;
  connection_h2 *c = calloc(1, sizeof *c);
  SSL *ssl = SSL_new(w->sites->sites[0].tls);
  if (!c || !ssl) {
    goto fail;
  }
  SSL_set_accept_state(ssl);
  if (!io_stream_open(&c->stream, &w->loop, fd, ssl, &handler, c, &err)) {
    goto fail;
  }
  connection_init(&c->common, &version, w, peer, port, alt_svc);
  return;
fail:
  SSL_free(ssl);
  free(c);
  close(fd);
}
