// HTTP/2 on one connection: nghttp2's callbacks, in which the library's have their part. See
// connection_state.h.
#include <stdlib.h>
#include <string.h>

#include "client/connection_state.h"
#include "client/exit_code.h"

enum { MAX_SETTINGS = 8, MAX_HEADER_LIST = 65536 };

static codicil_span span_of(const uint8_t *data, size_t len) {
  return codicil_span_of(data, len);
}

static client_exchange *exchange_of(const client_connection *c, int32_t stream_id) {
  return nghttp2_session_get_stream_user_data(c->ng, stream_id);
}

static void unlink_exchange(client_connection *c, const client_exchange *exchange) {
  client_exchange **at = &c->exchanges;
  while (*at != NULL && *at != exchange) {
    at = &(*at)->next;
  }
  if (*at != NULL) {
    *at = exchange->next;
  }
}

// ---- frames in ----------------------------------------------------------------------------------

static void on_settings(client_connection *c, bool is_ack) {
  if (is_ack) {
    c->had_settings_ack = true;
    c->net->news(c->net->user, c);
    return;
  }
  if (c->had_settings) {
    return;
  }
  c->had_settings = true;
  if (c->stage == CHOOSE_AWAIT_SETTINGS) {
    c->stage = CHOOSE_OPEN;
  }
  c->hold_until_ns = c->net->loop->now.mono_ns +
                     choose_wait_ns(c->net->coalesce_wait_ms, c->ready_ns - c->start_ns);
  c->net->news(c->net->user, c);
}

// The text that stands for a GOAWAY without debug data.
static codicil_span reason_or(const nghttp2_goaway *goaway, const char *text) {
  return goaway->opaque_data_len > 0 ? span_of(goaway->opaque_data, goaway->opaque_data_len)
                                     : codicil_span_of(text, strlen(text));
}

static void on_goaway(client_connection *c, const nghttp2_goaway *goaway) {
  c->stage = CHOOSE_CLOSED;
  connection_note_close(c, true, goaway->error_code, reason_or(goaway, "the server said GOAWAY"));
  c->net->news(c->net->user, c);
}

static int on_begin_frame(nghttp2_session *ng, const nghttp2_frame_hd *hd, void *user) {
  client_connection *c = user;
  return codicil_h2_on_begin_frame(c->h2, ng, hd);
}

static int on_extension_chunk(nghttp2_session *ng, const nghttp2_frame_hd *hd, const uint8_t *data,
                              size_t len, void *user) {
  client_connection *c = user;
  return codicil_h2_on_extension_chunk_recv(c->h2, ng, hd, data, len);
}

static int unpack_extension(nghttp2_session *ng, void **payload, const nghttp2_frame_hd *hd,
                            void *user) {
  client_connection *c = user;
  return codicil_h2_unpack_extension(c->h2, ng, payload, hd);
}

static ssize_t pack_extension(nghttp2_session *ng, uint8_t *buf, size_t len,
                              const nghttp2_frame *frame, void *user) {
  client_connection *c = user;
  return codicil_h2_pack_extension(c->h2, ng, buf, len, frame);
}

static int on_frame_recv(nghttp2_session *ng, const nghttp2_frame *frame, void *user) {
  client_connection *c = user;
  verbose_frame(c->net->verbose, c->id, false, frame);
  int rc = codicil_h2_on_frame_recv(c->h2, ng, frame);
  if (rc != 0) {
    return rc;
  }
  bool is_message = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
  client_exchange *exchange = is_message ? exchange_of(c, frame->hd.stream_id) : NULL;
  if (exchange != NULL) {
    exchange->is_whole = exchange->is_whole || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame->hd.type == NGHTTP2_HEADERS) {
      exchange->handler->section(exchange);
    }
  } else if (frame->hd.type == NGHTTP2_SETTINGS) {
    on_settings(c, (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0);
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
  client_connection *c = user;
  // A promise's fields are a request's, and we forbid promises.
  bool is_response = frame->hd.type == NGHTTP2_HEADERS;
  client_exchange *exchange = is_response ? exchange_of(c, frame->hd.stream_id) : NULL;
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
  client_connection *c = user;
  client_exchange *exchange = exchange_of(c, stream_id);
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
  if (exchange->is_unsent || code == NGHTTP2_REFUSED_STREAM) {
    return (client_end){CLIENT_END_REFUSED, code};
  }
  if (code == NGHTTP2_NO_ERROR && exchange->is_whole) {
    return (client_end){CLIENT_END_COMPLETE, code};
  }
  return (client_end){CLIENT_END_RESET, code};
}

static int on_stream_close(nghttp2_session *ng, int32_t stream_id, uint32_t code, void *user) {
  (void)ng;
  client_connection *c = user;
  client_exchange *exchange = exchange_of(c, stream_id);
  if (exchange != NULL) {
    unlink_exchange(c, exchange);
    client_end end = end_of(exchange, code);
    exchange->handler->done(exchange, &end);
  }
  return 0;
}

static int on_invalid_frame(nghttp2_session *ng, const nghttp2_frame *frame, int error,
                            void *user) {
  (void)ng;
  client_connection *c = user;
  verbose_line(c->net->verbose, c->id, "recv invalid frame <type=%u, stream_id=%d>: %s",
               frame->hd.type, frame->hd.stream_id, nghttp2_strerror(error));
  return 0;
}

// ---- frames out ---------------------------------------------------------------------------------

static int on_frame_send(nghttp2_session *ng, const nghttp2_frame *frame, void *user) {
  (void)ng;
  client_connection *c = user;
  verbose_frame(c->net->verbose, c->id, true, frame);
  if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
    codicil_err err = codicil_h2_error(c->h2);
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
  client_connection *c = user;
  client_exchange *exchange =
      frame->hd.type == NGHTTP2_HEADERS ? exchange_of(c, frame->hd.stream_id) : NULL;
  if (exchange != NULL) {
    exchange->is_unsent = true;
  }
  return 0;
}

static ssize_t read_body(nghttp2_session *ng, int32_t stream_id, uint8_t *buf, size_t len,
                         uint32_t *flags, nghttp2_data_source *source, void *user) {
  (void)ng;
  (void)source;
  client_connection *c = user;
  client_exchange *exchange = exchange_of(c, stream_id);
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

static bool new_session(client_connection *c) {
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
  codicil_h2_set_option(option, c->net->codepoints);
  bool ok = nghttp2_session_client_new2(&c->ng, callbacks, c, option) == 0;
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  return ok;
}

static codicil_now now(void *ctx) {
  return io_loop_now(ctx);
}

bool connection_h2_start(client_connection *c) {
  const client_net *net = c->net;
  nghttp2_settings_entry entries[MAX_SETTINGS] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, CLIENT_STREAM_WINDOW},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, MAX_HEADER_LIST},
  };
  if (codicil_h2_new(&c->h2, NULL, c->session, net->codepoints, now, net->loop) != CODICIL_OK ||
      !new_session(c)) {
    return false;
  }
  size_t num = codicil_h2_settings_entry(c->h2, entries, 3, MAX_SETTINGS);
  return nghttp2_submit_settings(c->ng, NGHTTP2_FLAG_NONE, entries, num) == 0 &&
         nghttp2_session_set_local_window_size(c->ng, NGHTTP2_FLAG_NONE, 0,
                                               CLIENT_CONNECTION_WINDOW) == 0;
}

void connection_h2_lose(client_connection *c) {
  while (c->exchanges != NULL) {
    client_exchange *exchange = c->exchanges;
    c->exchanges = exchange->next;
    if (c->ng != NULL) {
      nghttp2_session_set_stream_user_data(c->ng, exchange->stream_id, NULL);
    }
    client_end end = {CLIENT_END_CONNECTION, 0};
    exchange->handler->done(exchange, &end);
  }
}

// The framing or a frame of ours is broken: GOAWAY has been sent.
static void break_off(client_connection *c) {
  codicil_err err = codicil_h2_error(c->h2);
  uint32_t code = c->has_close_code ? c->close_code : NGHTTP2_PROTOCOL_ERROR;
  if (err != CODICIL_OK) {
    code = codicil_err_h2_code(err, c->net->codepoints);
    c->failure.is_authenticator = code == c->net->codepoints->h2_error;
  }
  if (c->failure.exit_code == 0) {
    const char *why = c->close_reason != NULL ? c->close_reason : "out of memory";
    c->failure.exit_code = EXIT_HTTP2;
    snprintf(c->failure.text, sizeof c->failure.text, "HTTP/2 connection error %s: %s",
             verbose_h2_error_name(c->net->codepoints, code),
             err != CODICIL_OK ? codicil_err_text(err) : why);
  }
  connection_farewell(c);
  connection_h2_lose(c);
  c->net->news(c->net->user, c);
}

void connection_h2_received(client_connection *c, codicil_span bytes) {
  if (c->ng == NULL || c->failure.exit_code != 0) {
    return;
  }
  ssize_t n = nghttp2_session_mem_recv(c->ng, bytes.data, bytes.len);
  if (n < 0 && codicil_h2_error(c->h2) == CODICIL_OK) {
    connection_fail(c, EXIT_HTTP2, "%s: HTTP/2: %s", c->origin.host, nghttp2_strerror((int)n));
    return;
  }
  if (codicil_h2_flush(c->h2, c->ng) != CODICIL_OK && codicil_h2_error(c->h2) == CODICIL_OK) {
    connection_fail(c, EXIT_OUT_OF_MEMORY, "%s: out of memory", c->origin.host);
    return;
  }
  connection_events(c);
}

void connection_h2_produce(client_connection *c) {
  if (c->ng == NULL) {
    return;
  }
  while (io_stream_room(&c->stream) > 0) {
    const uint8_t *data = NULL;
    ssize_t n = nghttp2_session_mem_send(c->ng, &data);
    if (n < 0) {
      connection_fail(c, EXIT_SEND_ERROR, "%s: HTTP/2: %s", c->origin.host,
                      nghttp2_strerror((int)n));
      return;
    }
    if (n == 0) {
      break;
    }
    if (!io_stream_put(&c->stream, span_of(data, (size_t)n))) {
      return;
    }
  }
  if (nghttp2_session_want_write(c->ng)) {
    return;
  }
  bool is_over = !nghttp2_session_want_read(c->ng);
  if (codicil_h2_error(c->h2) != CODICIL_OK || (is_over && !c->is_ending && c->exchanges != NULL)) {
    break_off(c);
  } else if (is_over) {
    connection_farewell(c);
    c->net->news(c->net->user, c);
  }
}

// ---- exchanges ----------------------------------------------------------------------------------

static int32_t submit(client_connection *c, client_exchange *exchange, const nghttp2_nv *fields,
                      size_t num_fields) {
  nghttp2_data_provider provider = {.read_callback = read_body};
  if (!nghttp2_session_check_request_allowed(c->ng)) {
    return NGHTTP2_ERR_START_STREAM_NOT_ALLOWED;
  }
  return nghttp2_submit_request(c->ng, NULL, fields, num_fields,
                                exchange->body.len > 0 ? &provider : NULL, exchange);
}

bool client_connection_send(client_connection *c, client_exchange *exchange,
                            const nghttp2_nv *fields, size_t num_fields) {
  if (c->stage != CHOOSE_AWAIT_SETTINGS && c->stage != CHOOSE_OPEN) {
    return false;
  }
  exchange->body_sent = 0;
  exchange->is_whole = false;
  exchange->is_unsent = false;
  int32_t id = submit(c, exchange, fields, num_fields);
  if (id < 0) {
    c->stage = CHOOSE_CLOSED; // stream ids are used up, or memory is
    return false;
  }
  exchange->stream_id = id;
  exchange->next = c->exchanges;
  c->exchanges = exchange;
  io_stream_wake(&c->stream);
  return true;
}

void client_connection_cancel(client_connection *c, client_exchange *exchange) {
  unlink_exchange(c, exchange);
  if (c->ng == NULL) {
    return;
  }
  nghttp2_session_set_stream_user_data(c->ng, exchange->stream_id, NULL);
  // Out of memory here means that the next call fails, and the connection with it.
  (void)nghttp2_submit_rst_stream(c->ng, NGHTTP2_FLAG_NONE, exchange->stream_id, NGHTTP2_CANCEL);
  io_stream_wake(&c->stream);
}

void client_connection_consume(client_connection *c, const client_exchange *exchange, size_t len) {
  if (c->ng != NULL && nghttp2_session_consume_stream(c->ng, exchange->stream_id, len) == 0) {
    io_stream_wake(&c->stream);
  }
}
