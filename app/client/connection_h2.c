// HTTP/2 on one connection: nghttp2's callbacks, in which the library's have their part. See
// connection_h2.h.
#include <stdlib.h>
#include <string.h>

#include "client/connection_h2.h"
#include "client/exit_code.h"
#include "client/verbose_h2.h"

enum { MAX_SETTINGS = 8, MAX_HEADER_LIST = 65536 };

static codicil_span span_of(const uint8_t *data, size_t len) {
  return codicil_span_of(data, len);
}

static connection_h2 *h2_of(client_transport *transport) {
  return (connection_h2 *)transport;
}

static client_exchange *exchange_of(const connection_h2 *t, int32_t stream_id) {
  return nghttp2_session_get_stream_user_data(t->ng, stream_id);
}

// ---- frames in ----------------------------------------------------------------------------------

// The text that stands for a GOAWAY without debug data.
static codicil_span reason_or(const nghttp2_goaway *goaway, const char *text) {
  return goaway->opaque_data_len > 0 ? span_of(goaway->opaque_data, goaway->opaque_data_len)
                                     : codicil_span_of(text, strlen(text));
}

static void on_goaway(client_connection *c, const nghttp2_goaway *goaway) {
  connection_note_close(c, true, goaway->error_code, reason_or(goaway, "the server said GOAWAY"));
  connection_closes(c);
}

static int on_begin_frame(nghttp2_session *ng, const nghttp2_frame_hd *hd, void *user) {
  connection_h2 *t = user;
  return codicil_h2_on_begin_frame(t->h2, ng, hd);
}

static int on_extension_chunk(nghttp2_session *ng, const nghttp2_frame_hd *hd, const uint8_t *data,
                              size_t len, void *user) {
  connection_h2 *t = user;
  return codicil_h2_on_extension_chunk_recv(t->h2, ng, hd, data, len);
}

static int unpack_extension(nghttp2_session *ng, void **payload, const nghttp2_frame_hd *hd,
                            void *user) {
  connection_h2 *t = user;
  return codicil_h2_unpack_extension(t->h2, ng, payload, hd);
}

static ssize_t pack_extension(nghttp2_session *ng, uint8_t *buf, size_t len,
                              const nghttp2_frame *frame, void *user) {
  connection_h2 *t = user;
  return codicil_h2_pack_extension(t->h2, ng, buf, len, frame);
}

static int on_frame_recv(nghttp2_session *ng, const nghttp2_frame *frame, void *user) {
  connection_h2 *t = user;
  client_connection *c = t->base.connection;
  verbose_frame(c->net->verbose, c->id, false, frame);
  int rc = codicil_h2_on_frame_recv(t->h2, ng, frame);
  if (rc != 0) {
    return rc;
  }
  bool is_message = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
  client_exchange *exchange = is_message ? exchange_of(t, frame->hd.stream_id) : NULL;
  if (exchange != NULL) {
    exchange->is_whole = exchange->is_whole || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame->hd.type == NGHTTP2_HEADERS) {
      exchange->handler->section(exchange);
    }
  } else if (frame->hd.type == NGHTTP2_SETTINGS) {
    bool is_ack = (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
    (is_ack ? connection_had_settings_ack : connection_had_settings)(c);
  } else if (frame->hd.type == NGHTTP2_GOAWAY) {
    on_goaway(c, &frame->goaway);
  }
  return 0;
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user) {
  (void)ng;
  (void)flags;
  connection_h2 *t = user;
  client_connection *c = t->base.connection;
  // A promise's fields are a request's, and we forbid promises.
  bool is_response = frame->hd.type == NGHTTP2_HEADERS;
  client_exchange *exchange = is_response ? exchange_of(t, frame->hd.stream_id) : NULL;
  verbose_header(c->net->verbose, c->id, frame->hd.stream_id, span_of(name, name_len),
                 span_of(value, value_len));
  if (exchange != NULL) {
    exchange->handler->field(exchange, span_of(name, name_len), span_of(value, value_len));
  }
  return 0;
}

// The connection's window is given back at once, so that no body in wait for its turn stops the
// others; a stream's only when its octets are out of memory.
static int on_data(nghttp2_session *ng, uint8_t flags, int32_t stream_id, const uint8_t *data,
                   size_t len, void *user) {
  (void)flags;
  connection_h2 *t = user;
  client_exchange *exchange = exchange_of(t, stream_id);
  bool is_held = false;
  if (exchange != NULL) {
    exchange->handler->data(exchange, span_of(data, len), &is_held);
  }
  if (nghttp2_session_consume_connection(ng, len) != 0 ||
      (!is_held && nghttp2_session_consume_stream(ng, stream_id, len) != 0)) {
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }
  return 0;
}

static client_end end_of(const client_exchange *exchange, uint32_t code) {
  client_end end = {CLIENT_END_RESET, code, nghttp2_http2_strerror(code), EXIT_HTTP2_STREAM};
  if (exchange->is_unsent || code == NGHTTP2_REFUSED_STREAM) {
    end.how = CLIENT_END_REFUSED;
  } else if (code == NGHTTP2_NO_ERROR && exchange->is_whole) {
    end.how = CLIENT_END_COMPLETE;
  } else if (code == NGHTTP2_HTTP_1_1_REQUIRED) {
    end.how = CLIENT_END_FALLBACK;
  }
  return end;
}

static int on_stream_close(nghttp2_session *ng, int32_t stream_id, uint32_t code, void *user) {
  (void)ng;
  connection_h2 *t = user;
  client_connection *c = t->base.connection;
  client_exchange *exchange = exchange_of(t, stream_id);
  if (exchange != NULL) {
    connection_unlink(c, exchange);
    client_end end = end_of(exchange, code);
    exchange->handler->done(exchange, &end);
  }
  return 0;
}

static int on_invalid_frame(nghttp2_session *ng, const nghttp2_frame *frame, int error,
                            void *user) {
  (void)ng;
  connection_h2 *t = user;
  client_connection *c = t->base.connection;
  verbose_line(c->net->verbose, c->id, "recv invalid frame <type=%u, stream_id=%d>: %s",
               frame->hd.type, frame->hd.stream_id, nghttp2_strerror(error));
  return 0;
}

// ---- frames out ---------------------------------------------------------------------------------

static int on_frame_send(nghttp2_session *ng, const nghttp2_frame *frame, void *user) {
  (void)ng;
  connection_h2 *t = user;
  client_connection *c = t->base.connection;
  verbose_frame(c->net->verbose, c->id, true, frame);
  if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
    codicil_err err = codicil_h2_error(t->h2);
    codicil_span reason = reason_or(&frame->goaway, "the server broke the protocol");
    if (err != CODICIL_OK) {
      const char *text = codicil_err_text(err);
      reason = codicil_span_of(text, strlen(text));
    }
    connection_note_close(c, true, frame->goaway.error_code, reason);
  }
  return 0;
}

static int on_frame_not_send(nghttp2_session *ng, const nghttp2_frame *frame, int error,
                             void *user) {
  (void)ng;
  (void)error;
  connection_h2 *t = user;
  client_exchange *exchange =
      frame->hd.type == NGHTTP2_HEADERS ? exchange_of(t, frame->hd.stream_id) : NULL;
  if (exchange != NULL) {
    exchange->is_unsent = true;
  }
  return 0;
}

static ssize_t read_body(nghttp2_session *ng, int32_t stream_id, uint8_t *buf, size_t len,
                         uint32_t *flags, nghttp2_data_source *source, void *user) {
  (void)ng;
  (void)source;
  connection_h2 *t = user;
  client_exchange *exchange = exchange_of(t, stream_id);
  if (exchange == NULL) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  size_t left = exchange->body.len - exchange->body_sent;
  size_t n = left < len ? left : len;
  if (n > 0) {
    memcpy(buf, exchange->body.data + exchange->body_sent, n);
  }
  exchange->body_sent += n;
  if (exchange->body_sent == exchange->body.len) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
  }
  return (ssize_t)n;
}

// ---- the session --------------------------------------------------------------------------------

static void set_callbacks(nghttp2_session_callbacks *callbacks) {
  nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
  nghttp2_session_callbacks_set_on_extension_chunk_recv_callback(callbacks, on_extension_chunk);
  nghttp2_session_callbacks_set_unpack_extension_callback(callbacks, unpack_extension);
  nghttp2_session_callbacks_set_pack_extension_callback(callbacks, pack_extension);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_send);
}

static bool new_session(connection_h2 *t) {
  nghttp2_session_callbacks *callbacks = NULL;
  nghttp2_option *option = NULL;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) {
    return false;
  }
  if (nghttp2_option_new(&option) != 0) {
    nghttp2_session_callbacks_del(callbacks);
    return false;
  }
  set_callbacks(callbacks);
  nghttp2_option_set_no_auto_window_update(option, 1);
  codicil_h2_set_option(option, t->base.connection->net->codepoints);
  bool ok = nghttp2_session_client_new2(&t->ng, callbacks, t, option) == 0;
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  return ok;
}

static codicil_now now(void *ctx) {
  return io_loop_now(ctx);
}

bool connection_h2_start(connection_h2 *t) {
  const client_net *net = t->base.connection->net;
  nghttp2_settings_entry entries[MAX_SETTINGS] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, CLIENT_STREAM_WINDOW},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, MAX_HEADER_LIST},
  };
  if (codicil_h2_new(&t->h2, NULL, t->base.session, net->codepoints, now, net->loop) !=
          CODICIL_OK ||
      !new_session(t)) {
    return false;
  }
  size_t num = codicil_h2_settings_entry(t->h2, entries, 3, MAX_SETTINGS);
  return nghttp2_submit_settings(t->ng, NGHTTP2_FLAG_NONE, entries, num) == 0 &&
         nghttp2_session_set_local_window_size(t->ng, NGHTTP2_FLAG_NONE, 0,
                                               CLIENT_CONNECTION_WINDOW) == 0;
}

void connection_h2_clear(connection_h2 *t) {
  codicil_h2_free(t->h2);
  nghttp2_session_del(t->ng);
  t->h2 = NULL;
  t->ng = NULL;
}

const char *connection_h2_error_name(const client_connection *c, uint64_t code) {
  return verbose_h2_error_name(c->net->codepoints, (uint32_t)code);
}

// The framing or a frame of ours is broken: GOAWAY has been sent.
static void break_off(connection_h2 *t) {
  client_connection *c = t->base.connection;
  const codicil_codepoints *codepoints = c->net->codepoints;
  codicil_err err = codicil_h2_error(t->h2);
  uint32_t code = c->has_close_code ? (uint32_t)c->close_code : NGHTTP2_PROTOCOL_ERROR;
  const char *why = c->close_reason != NULL ? c->close_reason : "out of memory";
  if (err != CODICIL_OK) {
    code = codicil_err_h2_code(err, codepoints);
    why = codicil_err_text(err);
  }
  connection_tcp_farewell(t);
  connection_broken(c, EXIT_HTTP2, err != CODICIL_OK && code == codepoints->h2_error,
                    "HTTP/2 connection error %s: %s", verbose_h2_error_name(codepoints, code), why);
}

void connection_h2_received(connection_h2 *t, codicil_span bytes) {
  client_connection *c = t->base.connection;
  if (t->ng == NULL || c->failure.exit_code != 0) {
    return;
  }
  ssize_t n = nghttp2_session_mem_recv(t->ng, bytes.data, bytes.len);
  if (n < 0 && codicil_h2_error(t->h2) == CODICIL_OK) {
    connection_fail(&t->base, EXIT_HTTP2, "%s: HTTP/2: %s", c->origin.host,
                    nghttp2_strerror((int)n));
    return;
  }
  if (codicil_h2_flush(t->h2, t->ng) != CODICIL_OK && codicil_h2_error(t->h2) == CODICIL_OK) {
    connection_fail(&t->base, EXIT_OUT_OF_MEMORY, "%s: out of memory", c->origin.host);
    return;
  }
  connection_events(c);
}

static bool send_frames(connection_h2 *t) {
  while (io_stream_room(&t->stream) > 0) {
    const uint8_t *data = NULL;
    ssize_t n = nghttp2_session_mem_send(t->ng, &data);
    if (n < 0) {
      connection_fail(&t->base, EXIT_SEND_ERROR, "%s: HTTP/2: %s", t->base.connection->origin.host,
                      nghttp2_strerror((int)n));
      return false;
    }
    if (n == 0) {
      break;
    }
    if (!io_stream_put(&t->stream, span_of(data, (size_t)n))) {
      return false;
    }
  }
  return true;
}

void connection_h2_produce(connection_h2 *t) {
  client_connection *c = t->base.connection;
  if (t->ng == NULL || !send_frames(t) || nghttp2_session_want_write(t->ng)) {
    return;
  }
  bool is_over = !nghttp2_session_want_read(t->ng);
  if (codicil_h2_error(t->h2) != CODICIL_OK || (is_over && !t->is_ending && c->exchanges != NULL)) {
    break_off(t);
  } else if (is_over) {
    connection_tcp_farewell(t);
    connection_closes(c);
  }
}

void connection_h2_end(client_transport *transport) {
  connection_h2 *t = h2_of(transport);
  if (t->ng != NULL && transport->connection->stage != CHOOSE_CLOSED) {
    t->is_ending = true;
    nghttp2_session_terminate_session(t->ng, NGHTTP2_NO_ERROR);
    io_stream_wake(&t->stream);
  }
}

// ---- exchanges ----------------------------------------------------------------------------------

static nghttp2_nv nv_of(const client_field *field) {
  // nghttp2 takes pointers to octets that it does not change.
  return (nghttp2_nv){(uint8_t *)(uintptr_t)field->name.data,
                      (uint8_t *)(uintptr_t)field->value.data, field->name.len, field->value.len,
                      NGHTTP2_NV_FLAG_NONE};
}

bool connection_h2_submit(client_transport *transport, client_exchange *exchange,
                          const client_field *fields, size_t num_fields) {
  connection_h2 *t = h2_of(transport);
  nghttp2_data_provider provider = {.read_callback = read_body};
  nghttp2_nv *nva = calloc(num_fields, sizeof *nva);
  if (nva == NULL || !nghttp2_session_check_request_allowed(t->ng)) {
    free(nva);
    return false;
  }
  for (size_t i = 0; i < num_fields; i++) {
    nva[i] = nv_of(&fields[i]);
  }
  exchange->stream_id = nghttp2_submit_request(t->ng, NULL, nva, num_fields,
                                               exchange->body.len > 0 ? &provider : NULL, exchange);
  free(nva);
  if (exchange->stream_id >= 0) {
    io_stream_wake(&t->stream);
  }
  return exchange->stream_id >= 0;
}

void connection_h2_forget(client_transport *transport, client_exchange *exchange) {
  connection_h2 *t = h2_of(transport);
  if (t->ng != NULL) {
    nghttp2_session_set_stream_user_data(t->ng, (int32_t)exchange->stream_id, NULL);
  }
}

void connection_h2_cancel(client_transport *transport, client_exchange *exchange) {
  connection_h2 *t = h2_of(transport);
  if (t->ng == NULL) {
    return;
  }
  connection_h2_forget(transport, exchange);
  // Out of memory here means that the next call fails, and the connection with it.
  (void)nghttp2_submit_rst_stream(t->ng, NGHTTP2_FLAG_NONE, (int32_t)exchange->stream_id,
                                  NGHTTP2_CANCEL);
  io_stream_wake(&t->stream);
}

void connection_h2_consume(client_transport *transport, const client_exchange *exchange,
                           size_t len) {
  connection_h2 *t = h2_of(transport);
  if (t->ng != NULL &&
      nghttp2_session_consume_stream(t->ng, (int32_t)exchange->stream_id, len) == 0) {
    io_stream_wake(&t->stream);
  }
}
