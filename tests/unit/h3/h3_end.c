// One end of an HTTP/3 connection in a test: see h3_end.h.
#include "h3_end.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "span.h"

// Octet i of a body on stream s is (i + 3 s) mod 256: a long enough piece of it starts anywhere.
enum { PATTERN_LEN = 4096, PERIOD = 256, QPACK_TABLE = 4096, QPACK_BLOCKED = 16 };
static uint8_t pattern[PATTERN_LEN + PERIOD];

static void require(bool ok, const char *what) {
  if (!ok) {
    fprintf(stderr, "h3_end: %s\n", what);
    abort();
  }
}

static uint8_t pattern_at(int64_t stream, uint64_t i) {
  return (uint8_t)(i + 3 * (uint64_t)stream);
}

static h3_exchange *exchange_of(h3_end *end, int64_t stream) {
  for (size_t i = 0; i < end->num_exchanges; i++) {
    if (end->exchanges[i].id == stream) {
      return &end->exchanges[i];
    }
  }
  require(end->num_exchanges < H3_MAX_EXCHANGES, "too many requests");
  h3_exchange *exchange = &end->exchanges[end->num_exchanges++];
  *exchange = (h3_exchange){.id = stream};
  return exchange;
}

static void keep(h3_end *end, nghttp3_ssize rc) {
  if (rc < 0 && end->rc == 0) {
    end->rc = (int)rc;
  }
}

static void credit(h3_end *end, int64_t stream, size_t len) {
  end->credited += len;
  if (end->credit != NULL) {
    end->credit(end->credit_ctx, stream, len);
  }
}

// ---- what nghttp3 calls -------------------------------------------------------------------------

static int on_acked(nghttp3_conn *conn, int64_t stream, uint64_t len, void *user, void *none) {
  (void)conn, (void)stream, (void)none;
  ((h3_end *)user)->acked_body += len;
  return 0;
}

static int on_data(nghttp3_conn *conn, int64_t stream, const uint8_t *data, size_t len, void *user,
                   void *none) {
  (void)conn, (void)none;
  h3_end *end = user;
  h3_exchange *exchange = exchange_of(end, stream);
  for (size_t i = 0; i < len; i++) {
    require(end->takes_any_body || data[i] == pattern_at(stream, exchange->received + i),
            "an octet of a body changed");
  }
  exchange->received += len;
  credit(end, stream, len);
  return 0;
}

static int on_consume(nghttp3_conn *conn, int64_t stream, size_t len, void *user, void *none) {
  (void)conn, (void)none;
  credit(user, stream, len);
  return 0;
}

static int on_header(nghttp3_conn *conn, int64_t stream, int32_t token, nghttp3_rcbuf *name,
                     nghttp3_rcbuf *value, uint8_t flags, void *user, void *none) {
  (void)conn, (void)flags, (void)none, (void)name;
  h3_exchange *exchange = exchange_of(user, stream);
  nghttp3_vec text = nghttp3_rcbuf_get_buf(value);
  exchange->has_headers = true;
  if (token == NGHTTP3_QPACK_TOKEN__PATH) {
    exchange->answer_len = strtoull((const char *)text.base + 1, NULL, 10);
  }
  return 0;
}

static nghttp3_ssize read_body(nghttp3_conn *conn, int64_t stream, nghttp3_vec *vec, size_t num,
                               uint32_t *flags, void *user, void *none) {
  (void)conn, (void)num, (void)none;
  h3_end *end = user;
  h3_exchange *exchange = exchange_of(end, stream);
  uint64_t len = end->is_server ? exchange->answer_len : exchange->body_len;
  uint64_t rest = len - exchange->written;
  vec[0].base = &pattern[pattern_at(stream, exchange->written)];
  vec[0].len = rest < PATTERN_LEN ? (size_t)rest : PATTERN_LEN;
  exchange->written += vec[0].len;
  if (exchange->written == len) {
    *flags = NGHTTP3_DATA_FLAG_EOF;
  }
  return vec[0].len > 0;
}

static nghttp3_nv field(const char *name, const char *value) {
  return (nghttp3_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
                      strlen(value), NGHTTP3_NV_FLAG_NONE};
}

static int on_end(nghttp3_conn *conn, int64_t stream, void *user, void *none) {
  (void)none;
  h3_end *end = user;
  h3_exchange *exchange = exchange_of(end, stream);
  exchange->is_ended = true;
  if (!end->is_server) {
    return 0;
  }
  nghttp3_nv fields[] = {field(":status", "200"), field("x-some-name", "some value")};
  nghttp3_data_reader body = {read_body};
  return nghttp3_conn_submit_response(conn, stream, fields, 2, &body);
}

static int on_settings(nghttp3_conn *conn, const nghttp3_settings *settings, void *user) {
  (void)conn, (void)settings;
  h3_end *end = user;
  end->had_settings = true;
  end->support = codicil_session_support(end->session);
  return 0;
}

static int on_goaway(nghttp3_conn *conn, int64_t id, void *user) {
  (void)conn;
  ((h3_end *)user)->goaway = id;
  return 0;
}

static int on_stop(nghttp3_conn *conn, int64_t stream, uint64_t code, void *user, void *none) {
  (void)conn, (void)stream, (void)code, (void)user, (void)none;
  return 0;
}

static const nghttp3_callbacks callbacks = {.acked_stream_data = on_acked,
                                            .recv_data = on_data,
                                            .deferred_consume = on_consume,
                                            .recv_header = on_header,
                                            .end_stream = on_end,
                                            .stop_sending = on_stop,
                                            .reset_stream = on_stop,
                                            .recv_settings = on_settings,
                                            .shutdown = on_goaway};

// ---- birth and death ----------------------------------------------------------------------------

static codicil_now now_of(void *ctx) {
  return *(const codicil_now *)ctx;
}

bool h3_end_open(h3_end *end, bool is_server, codicil_session *session, const codicil_mem *mem,
                 const codicil_codepoints *codepoints) {
  for (size_t i = 0; i < sizeof pattern; i++) {
    pattern[i] = (uint8_t)i;
  }
  *end = (h3_end){.is_server = is_server, .session = session, .goaway = -1};
  end->now = (codicil_now){.mono_ns = 1, .unix_s = PKI_NOW};
  nghttp3_settings settings;
  nghttp3_settings_default(&settings);
  settings.qpack_max_dtable_capacity = QPACK_TABLE;
  settings.qpack_encoder_max_dtable_capacity = QPACK_TABLE;
  settings.qpack_blocked_streams = QPACK_BLOCKED;
  int rc = is_server ? nghttp3_conn_server_new(&end->http, &callbacks, &settings, NULL, end)
                     : nghttp3_conn_client_new(&end->http, &callbacks, &settings, NULL, end);
  require(rc == 0, "nghttp3_conn_new");
  if (is_server) {
    nghttp3_conn_set_max_client_streams_bidi(end->http, H3_MAX_EXCHANGES);
  }
  if (codicil_h3_new(&end->h3, mem, session, codepoints, now_of, &end->now) != CODICIL_OK) {
    return false;
  }
  keep(end, codicil_h3_bind_control_stream(end->h3, end->http, h3_one_way(is_server, H3_CONTROL)));
  keep(end, nghttp3_conn_bind_qpack_streams(end->http, h3_one_way(is_server, H3_ENCODER),
                                            h3_one_way(is_server, H3_DECODER)));
  return end->rc == 0;
}

void h3_end_close(h3_end *end) {
  nghttp3_conn_del(end->http);
  codicil_h3_free(end->h3);
  end->http = NULL;
  end->h3 = NULL;
}

// ---- requests -----------------------------------------------------------------------------------

void h3_end_request(h3_end *end, uint64_t body_len, uint64_t answer_len) {
  h3_exchange *exchange = exchange_of(end, (int64_t)end->num_exchanges * 4);
  exchange->body_len = body_len;
  exchange->answer_len = answer_len;
  char path[24];
  (void)snprintf(path, sizeof path, "/%llu", (unsigned long long)answer_len);
  nghttp3_nv fields[] = {field(":method", "POST"), field(":scheme", "https"),
                         field(":authority", "www.example"), field(":path", path),
                         field("x-some-name", "some value")};
  nghttp3_data_reader body = {read_body};
  require(nghttp3_conn_submit_request(end->http, exchange->id, fields, 5, &body, NULL) == 0,
          "submit_request");
}

bool h3_end_is_done(const h3_end *end) {
  for (size_t i = 0; i < end->num_exchanges; i++) {
    const h3_exchange *exchange = &end->exchanges[i];
    if (!exchange->is_ended || !exchange->has_headers ||
        exchange->received != exchange->answer_len) {
      return false;
    }
  }
  return true;
}

// ---- octets -------------------------------------------------------------------------------------

size_t h3_end_next(h3_end *end, int64_t *out_stream, int *out_fin, nghttp3_vec vec[H3_MAX_VEC]) {
  nghttp3_ssize num =
      codicil_h3_writev_stream(end->h3, end->http, out_stream, out_fin, vec, H3_MAX_VEC);
  keep(end, num);
  if (num < 0) {
    *out_stream = -1;
  }
  return num > 0 ? (size_t)num : 0;
}

bool h3_end_recv(h3_end *end, int64_t stream, codicil_span octets, int fin) {
  nghttp3_ssize taken =
      codicil_h3_read_stream(end->h3, end->http, stream, octets.data, octets.len, fin);
  keep(end, taken);
  if (taken < 0) {
    return false;
  }
  end->received += octets.len;
  credit(end, stream, (size_t)taken);
  return true;
}

void h3_end_sent(h3_end *end, int64_t stream, size_t len) {
  keep(end, codicil_h3_add_write_offset(end->h3, end->http, stream, len));
}

void h3_end_acked(h3_end *end, int64_t stream, size_t len) {
  keep(end, codicil_h3_add_ack_offset(end->h3, end->http, stream, len));
}
