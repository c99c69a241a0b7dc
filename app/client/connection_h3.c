// HTTP/3 on one connection: requests, and nghttp3's callbacks. See connection_h3.h.
#include "client/connection_h3.h"

#include <stdlib.h>
#include <string.h>

#include "client/exit_code.h"
#include "client/verbose_h3.h"

enum {
  MAX_HEADER_LIST = 65536,
  QPACK_TABLE_LEN = 4096,
  QPACK_BLOCKED_STREAMS = 100,
  BODY_CHUNK_LEN = 65536
};

static connection_h3 *h3_of(client_transport *transport) {
  return (connection_h3 *)transport;
}

static connection_h3 *transport_of(void *conn_user) {
  return io_h3_user(conn_user);
}

static codicil_span span_of(nghttp3_rcbuf *buf) {
  nghttp3_vec vec = nghttp3_rcbuf_get_buf(buf);
  return codicil_span_of(vec.base, vec.len);
}

// The last response that was awaited has come, or is not wanted any more.
static void unlink_exchange(connection_h3 *t, const client_exchange *exchange) {
  connection_unlink(t->base.connection, exchange);
  if (t->base.connection->exchanges == NULL && t->h3 != NULL && io_h3_http(t->h3) != NULL) {
    quic_keep_alive(io_h3_quic(t->h3), false);
  }
}

// The exchange is not the stream's any more.
static void detach(connection_h3 *t, const client_exchange *exchange) {
  unlink_exchange(t, exchange);
  nghttp3_conn *http = t->h3 != NULL ? io_h3_http(t->h3) : NULL;
  if (http != NULL && exchange->stream_id >= 0) {
    nghttp3_conn_set_stream_user_data(http, exchange->stream_id, NULL);
  }
}

static void finish(connection_h3 *t, client_exchange *exchange, const client_end *end) {
  detach(t, exchange);
  exchange->handler->done(exchange, end);
}

// ---- requests that wait for a stream ------------------------------------------------------------

static size_t octets_of(const client_field *fields, size_t num_fields) {
  size_t len = 0;
  for (size_t i = 0; i < num_fields; i++) {
    len += fields[i].name.len + fields[i].value.len;
  }
  return len;
}

static uint8_t *copy(uint8_t *to, codicil_span from) {
  if (from.len > 0) {
    memcpy(to, from.data, from.len);
  }
  return to + from.len;
}

static waiting_request *waiting_new(client_exchange *exchange, const client_field *fields,
                                    size_t num_fields) {
  size_t head_len = sizeof(waiting_request) + num_fields * sizeof(nghttp3_nv);
  waiting_request *w = malloc(head_len + octets_of(fields, num_fields));
  if (w == NULL) {
    return NULL;
  }
  *w = (waiting_request){.exchange = exchange, .num_fields = num_fields};
  uint8_t *at = (uint8_t *)w + head_len;
  for (size_t i = 0; i < num_fields; i++) {
    const client_field *f = &fields[i];
    uint8_t *value = copy(at, f->name);
    w->fields[i] = (nghttp3_nv){at, value, f->name.len, f->value.len, NGHTTP3_NV_FLAG_NONE};
    at = copy(value, f->value);
  }
  return w;
}

static void waiting_remove(connection_h3 *t, const client_exchange *exchange) {
  waiting_request **at = &t->waiting;
  while (*at != NULL && (*at)->exchange != exchange) {
    at = &(*at)->next;
  }
  waiting_request *w = *at;
  if (w != NULL) {
    *at = w->next;
    free(w);
  }
}

void connection_h3_clear(connection_h3 *t) {
  while (t->waiting != NULL) {
    waiting_remove(t, t->waiting->exchange);
  }
}

// ---- requests out -------------------------------------------------------------------------------

// The body stays in place until the program ends.
static nghttp3_ssize read_body(nghttp3_conn *conn, int64_t stream, nghttp3_vec *vec, size_t num,
                               uint32_t *flags, void *conn_user, void *stream_user) {
  (void)conn;
  (void)stream;
  (void)num;
  (void)conn_user;
  client_exchange *exchange = stream_user;
  if (exchange == NULL) {
    return NGHTTP3_ERR_WOULDBLOCK; // cancelled: the stream is being reset
  }
  size_t left = exchange->body.len - exchange->body_sent;
  size_t len = left < BODY_CHUNK_LEN ? left : BODY_CHUNK_LEN;
  // nghttp3 does not change what it sends.
  *vec = (nghttp3_vec){(uint8_t *)(uintptr_t)(exchange->body.data + exchange->body_sent), len};
  exchange->body_sent += len;
  if (exchange->body_sent == exchange->body.len) {
    *flags |= NGHTTP3_DATA_FLAG_EOF;
  }
  return 1;
}

enum { NO_STREAM = -1 };

// The stream's ID, or what io_h3_submit_request returns else.
static int64_t submit(connection_h3 *t, client_exchange *exchange, const nghttp3_nv *fields,
                      size_t num_fields) {
  const client_connection *c = t->base.connection;
  const nghttp3_data_reader reader = {.read_data = read_body};
  int64_t stream = io_h3_submit_request(t->h3, fields, num_fields,
                                        exchange->body.len > 0 ? &reader : NULL, exchange);
  exchange->stream_id = stream;
  if (stream >= 0) {
    quic_keep_alive(io_h3_quic(t->h3), true);
    verbose_h3_request(c->net->verbose, c->id, stream, fields, num_fields);
  }
  return stream;
}

bool connection_h3_submit(client_transport *transport, client_exchange *exchange,
                          const client_field *fields, size_t num_fields) {
  connection_h3 *t = h3_of(transport);
  waiting_request *w = t->h3 != NULL ? waiting_new(exchange, fields, num_fields) : NULL;
  if (w == NULL) {
    return false;
  }
  exchange->stream_id = NO_STREAM;
  // What waits already comes first.
  int64_t stream = t->waiting == NULL ? submit(t, exchange, w->fields, num_fields) : NO_STREAM;
  if (stream != NO_STREAM) {
    free(w);
    return stream >= 0;
  }
  waiting_request **at = &t->waiting;
  while (*at != NULL) {
    at = &(*at)->next;
  }
  *at = w;
  return true;
}

// A request that was never sent.
static void refuse(connection_h3 *t, client_exchange *exchange) {
  client_end end = {CLIENT_END_REFUSED, NGHTTP3_H3_REQUEST_REJECTED, "H3_REQUEST_REJECTED",
                    EXIT_HTTP3};
  waiting_remove(t, exchange);
  finish(t, exchange, &end);
}

static void on_more_streams(void *user) {
  connection_h3 *t = user;
  while (t->waiting != NULL) {
    waiting_request *w = t->waiting;
    int64_t stream = submit(t, w->exchange, w->fields, w->num_fields);
    if (stream == NO_STREAM) {
      return;
    }
    if (stream >= 0) {
      waiting_remove(t, w->exchange);
    } else {
      w->exchange->stream_id = NO_STREAM;
      refuse(t, w->exchange);
    }
  }
}

void connection_h3_forget(client_transport *transport, client_exchange *exchange) {
  connection_h3 *t = h3_of(transport);
  waiting_remove(t, exchange);
  detach(t, exchange);
}

void connection_h3_cancel(client_transport *transport, client_exchange *exchange) {
  connection_h3 *t = h3_of(transport);
  connection_h3_forget(transport, exchange);
  if (t->h3 != NULL && exchange->stream_id >= 0) {
    io_h3_reset(t->h3, exchange->stream_id, NGHTTP3_H3_REQUEST_CANCELLED);
  }
}

void connection_h3_consume(client_transport *transport, const client_exchange *exchange,
                           size_t len) {
  connection_h3 *t = h3_of(transport);
  if (t->h3 != NULL) {
    io_h3_consume(t->h3, exchange->stream_id, len);
  }
}

// ---- responses in -------------------------------------------------------------------------------

static int on_field(nghttp3_conn *conn, int64_t stream, int32_t token, nghttp3_rcbuf *name,
                    nghttp3_rcbuf *value, uint8_t flags, void *conn_user, void *stream_user) {
  (void)conn;
  (void)token;
  (void)flags;
  const client_connection *c = transport_of(conn_user)->base.connection;
  client_exchange *exchange = stream_user;
  verbose_header(c->net->verbose, c->id, stream, span_of(name), span_of(value));
  if (exchange != NULL) {
    exchange->handler->field(exchange, span_of(name), span_of(value));
  }
  return 0;
}

static int on_section(nghttp3_conn *conn, int64_t stream, int fin, void *conn_user,
                      void *stream_user) {
  (void)conn;
  (void)fin;
  const client_connection *c = transport_of(conn_user)->base.connection;
  client_exchange *exchange = stream_user;
  verbose_line(c->net->verbose, c->id, "recv HEADERS frame <stream_id=%lld>%s", (long long)stream,
               fin ? " ; END_STREAM" : "");
  if (exchange != NULL) {
    exchange->handler->section(exchange);
  }
  return 0;
}

static int on_data(nghttp3_conn *conn, int64_t stream, const uint8_t *data, size_t len,
                   void *conn_user, void *stream_user) {
  (void)conn;
  connection_h3 *t = transport_of(conn_user);
  client_exchange *exchange = stream_user;
  bool is_held = false;
  if (exchange != NULL) {
    exchange->handler->data(exchange, codicil_span_of(data, len), &is_held);
  }
  if (!is_held) {
    io_h3_consume(t->h3, stream, len);
  }
  return 0;
}

static int on_end_stream(nghttp3_conn *conn, int64_t stream, void *conn_user, void *stream_user) {
  (void)conn;
  const client_connection *c = transport_of(conn_user)->base.connection;
  client_exchange *exchange = stream_user;
  verbose_line(c->net->verbose, c->id, "recv end of stream <stream_id=%lld>", (long long)stream);
  if (exchange != NULL) {
    exchange->is_whole = true;
  }
  return 0;
}

//= https://www.rfc-editor.org/rfc/rfc9114#section-4.1.1
//# Requests cancelled by the server with
//# H3_REQUEST_REJECTED can be treated by the client as though they had
//# never been sent at all
//
//= https://www.rfc-editor.org/rfc/rfc9114#section-4.1
//# Clients MUST NOT discard complete responses as a
//# result of having their request terminated abruptly, though clients
//# can always discard responses at their discretion for other reasons.
static client_end end_of(const client_connection *c, const client_exchange *exchange,
                         uint64_t code) {
  client_end end = {CLIENT_END_RESET, code, verbose_h3_error_name(c->net->codepoints, code),
                    EXIT_HTTP3};
  if (exchange->is_whole) { // the code is that of the request's content, which was not wanted
    end.how = CLIENT_END_COMPLETE;
  } else if (code == NGHTTP3_H3_REQUEST_REJECTED) {
    end.how = CLIENT_END_REFUSED;
  } else if (code == NGHTTP3_H3_VERSION_FALLBACK) {
    end.how = CLIENT_END_FALLBACK;
  }
  return end;
}

static int on_stream_close(nghttp3_conn *conn, int64_t stream, uint64_t code, void *conn_user,
                           void *stream_user) {
  (void)conn;
  (void)stream;
  connection_h3 *t = transport_of(conn_user);
  client_exchange *exchange = stream_user;
  if (exchange != NULL) {
    client_end end = end_of(t->base.connection, exchange, code);
    unlink_exchange(t, exchange);
    exchange->handler->done(exchange, &end);
  }
  return 0;
}

// ---- the connection -----------------------------------------------------------------------------

static int on_settings(nghttp3_conn *conn, const nghttp3_settings *settings, void *conn_user) {
  (void)conn;
  client_connection *c = transport_of(conn_user)->base.connection;
  verbose_h3_settings(c->net->verbose, c->id, settings);
  connection_had_settings(c);
  return 0;
}

// The first exchange of those that the server will not process.
static client_exchange *unprocessed(const client_connection *c, int64_t first_id) {
  client_exchange *exchange = c->exchanges;
  while (exchange != NULL && exchange->stream_id >= 0 && exchange->stream_id < first_id) {
    exchange = exchange->next;
  }
  return exchange;
}

void connection_h3_note_goaway(const connection_h3 *t) {
  static const char text[] = "the server said GOAWAY";
  if (t->had_goaway) {
    connection_note_close(t->base.connection, true, NGHTTP3_H3_NO_ERROR,
                          codicil_span_of(text, strlen(text)));
  }
}

// GOAWAY is no end yet: a fault may follow.
//
//= https://www.rfc-editor.org/rfc/rfc9114#section-5.2
//# Requests or pushes with the indicated identifier or greater
//# are rejected (Section 4.1.1) by the sender of the GOAWAY.
static int on_goaway(nghttp3_conn *conn, int64_t id, void *conn_user) {
  (void)conn;
  connection_h3 *t = transport_of(conn_user);
  client_connection *c = t->base.connection;
  verbose_line(c->net->verbose, c->id, "recv GOAWAY frame <id=%lld>", (long long)id);
  t->had_goaway = true;
  connection_closes(c);
  for (client_exchange *e = unprocessed(c, id); e != NULL; e = unprocessed(c, id)) {
    int64_t stream = e->stream_id;
    refuse(t, e);
    if (stream >= 0) {
      io_h3_reset(t->h3, stream, NGHTTP3_H3_REQUEST_CANCELLED);
    }
  }
  return 0;
}

static void on_turn(void *user) {
  connection_h3 *t = user;
  client_connection *c = t->base.connection;
  codicil_h3 *codicil = io_h3_codicil(t->h3);
  if (codicil == NULL) {
    return;
  }
  if (!t->had_settings_ack && codicil_h3_settings_acked(codicil)) {
    t->had_settings_ack = true;
    connection_had_settings_ack(c);
  }
  connection_events(c);
}

static void on_ready(void *user) {
  (void)user; // a client's `start` is as late
}

void connection_h3_set_handler(io_h3_handler *handler) {
  handler->ready = on_ready;
  handler->turn = on_turn;
  handler->more_streams = on_more_streams;
  handler->http = (nghttp3_callbacks){.recv_header = on_field,
                                      .end_headers = on_section,
                                      .recv_trailer = on_field,
                                      .end_trailers = on_section,
                                      .recv_data = on_data,
                                      .end_stream = on_end_stream,
                                      .stream_close = on_stream_close,
                                      .recv_settings = on_settings,
                                      .shutdown = on_goaway};
}

bool connection_h3_start(connection_h3 *t) {
  const client_net *net = t->base.connection->net;
  nghttp3_settings settings;
  nghttp3_settings_default(&settings);
  settings.max_field_section_size = MAX_HEADER_LIST;
  settings.qpack_max_dtable_capacity = QPACK_TABLE_LEN;
  settings.qpack_blocked_streams = QPACK_BLOCKED_STREAMS;
  return io_h3_begin(t->h3, t->base.session, net->codepoints, &settings, 0);
}
