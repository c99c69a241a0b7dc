// HTTP/3 from end to end on one loop: a client and a server over UDP on the loopback interface,
// with requests, bodies, resets, GOAWAY, secondary certificates and ORIGIN.
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmocka_test.h"
#include "io/clock.h"
#include "io/h3.h"
#include "session_fixture.h"

enum { MIB = 1024 * 1024, MAX_EXCHANGES = 64, MAX_STREAMS = 8, DEADLINE_S = 20 };
enum { STREAM_WINDOW = 65536, CONNECTION_WINDOW = 4 * 65536 };

static uint8_t pattern[MIB];

// One request and its response, as one side sees it.
typedef struct exchange {
  int64_t stream;
  char method[8], path[32];
  int status;
  size_t received, to_send, sent;
  size_t held; // octets that were not given back
  bool has_ended, is_closed;
  uint64_t code;
} exchange;

typedef struct side {
  struct fixture *f;
  io_h3 *h3;
  codicil_session *session;
  exchange exchanges[MAX_EXCHANGES];
  size_t num_closed;
  size_t num_turns, num_flushed, num_more;
  size_t num_certificates;
  bool is_ready, is_over, has_origins;
  bool holds; // keeps the octets of /hold
  int64_t shutdown_id;
  quic_end end;
} side;

typedef struct fixture {
  io_loop loop;
  ev_timer tick;
  ev_tstamp deadline;
  bool is_late;
  char certificate[32], key[32];
  quic_shared *shared;
  quic_config server_quic, client_quic;
  quic_tls_context *server_tls, *client_tls;
  quic_stack *server_stack, *client_stack;
  codicil_config *server_config, *client_config;
  io_address address;
  side server, client;
} fixture;

// ---- exchanges ----------------------------------------------------------------------------------

static exchange *exchange_at(side *s, int64_t stream) {
  assert_true(stream >= 0 && stream / 4 < MAX_EXCHANGES);
  exchange *e = &s->exchanges[stream / 4];
  e->stream = stream;
  return e;
}

static nghttp3_nv field(const char *name, const char *value) {
  return (nghttp3_nv){(uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value), 0};
}

// The pattern again and again: it stays in place, so nothing is kept until it is acknowledged.
static nghttp3_ssize read_body(nghttp3_conn *conn, int64_t stream, nghttp3_vec *vec, size_t num,
                               uint32_t *flags, void *user, void *stream_user) {
  exchange *e = exchange_at(io_h3_user(user), stream);
  size_t at = e->sent % MIB;
  size_t left = e->to_send - e->sent;
  size_t n = left < MIB - at ? left : MIB - at;
  (void)conn;
  (void)stream_user;
  assert_true(num > 0);
  vec[0] = (nghttp3_vec){pattern + at, n};
  e->sent += n;
  if (e->sent == e->to_send) {
    *flags |= NGHTTP3_DATA_FLAG_EOF;
  }
  return n > 0;
}

static const nghttp3_data_reader body = {read_body};

static exchange *request(fixture *f, const char *path, size_t len) {
  const nghttp3_nv fields[] = {field(":method", len > 0 ? "POST" : "GET"),
                               field(":scheme", "https"), field(":authority", "www.example"),
                               field(":path", path)};
  int64_t stream = io_h3_submit_request(f->client.h3, fields, 4, len > 0 ? &body : NULL, NULL);
  if (stream < 0) {
    return NULL;
  }
  exchange *e = exchange_at(&f->client, stream);
  e->to_send = len;
  return e;
}

static void respond(side *s, nghttp3_conn *conn, exchange *e, size_t len) {
  const nghttp3_nv fields[] = {field(":status", "200"), field("server", "test")};
  e->to_send = len;
  assert_int_equal(nghttp3_conn_submit_response(conn, e->stream, fields, 2, len > 0 ? &body : NULL),
                   0);
  io_h3_wake(s->h3);
}

static void copy(char *out, size_t out_len, nghttp3_rcbuf *value) {
  nghttp3_vec text = nghttp3_rcbuf_get_buf(value);
  snprintf(out, out_len, "%.*s", (int)text.len, (const char *)text.base);
}

static int on_field(nghttp3_conn *conn, int64_t stream, int32_t token, nghttp3_rcbuf *name,
                    nghttp3_rcbuf *value, uint8_t flags, void *user, void *stream_user) {
  exchange *e = exchange_at(io_h3_user(user), stream);
  char status[8];
  (void)conn;
  (void)name;
  (void)flags;
  (void)stream_user;
  if (token == NGHTTP3_QPACK_TOKEN__METHOD) {
    copy(e->method, sizeof e->method, value);
  } else if (token == NGHTTP3_QPACK_TOKEN__PATH) {
    copy(e->path, sizeof e->path, value);
  } else if (token == NGHTTP3_QPACK_TOKEN__STATUS) {
    copy(status, sizeof status, value);
    e->status = atoi(status);
  }
  return 0;
}

// What a server does before it has the request's content.
static int on_section(nghttp3_conn *conn, int64_t stream, int fin, void *user, void *stream_user) {
  side *s = io_h3_user(user);
  exchange *e = exchange_at(s, stream);
  (void)fin;
  (void)stream_user;
  if (strcmp(e->path, "/early") == 0) {
    respond(s, conn, e, MIB);
    io_h3_stop(s->h3, stream, NGHTTP3_H3_NO_ERROR);
  } else if (strcmp(e->path, "/refuse") == 0) {
    io_h3_reset(s->h3, stream, NGHTTP3_H3_REQUEST_REJECTED);
  } else if (strcmp(e->path, "/close") == 0) {
    io_h3_close(s->h3, NGHTTP3_H3_EXCESSIVE_LOAD, "enough");
  } else if (strcmp(e->path, "/fail") == 0) {
    return NGHTTP3_ERR_CALLBACK_FAILURE;
  }
  return 0;
}

static int on_data(nghttp3_conn *conn, int64_t stream, const uint8_t *data, size_t len, void *user,
                   void *stream_user) {
  side *s = io_h3_user(user);
  exchange *e = exchange_at(s, stream);
  (void)conn;
  (void)stream_user;
  for (size_t i = 0; i < len; i++) {
    assert_int_equal(data[i], pattern[(e->received + i) % MIB]);
  }
  e->received += len;
  if (s->holds && e->stream == 0) {
    e->held += len;
  } else {
    io_h3_consume(s->h3, stream, len);
  }
  if (strcmp(e->path, "/reset-in-data") == 0) {
    io_h3_reset(s->h3, stream, NGHTTP3_H3_REQUEST_CANCELLED);
  }
  return 0;
}

static int on_end(nghttp3_conn *conn, int64_t stream, void *user, void *stream_user) {
  side *s = io_h3_user(user);
  exchange *e = exchange_at(s, stream);
  (void)stream_user;
  e->has_ended = true;
  if (s == &s->f->server && strcmp(e->path, "/echo") == 0) {
    respond(s, conn, e, e->received);
  } else if (s == &s->f->server && strcmp(e->path, "/big") == 0) {
    respond(s, conn, e, MIB);
  }
  return 0;
}

static int on_stream_close(nghttp3_conn *conn, int64_t stream, uint64_t code, void *user,
                           void *stream_user) {
  side *s = io_h3_user(user);
  exchange *e = exchange_at(s, stream);
  (void)conn;
  (void)stream_user;
  assert_false(e->is_closed);
  e->is_closed = true;
  e->code = code;
  s->num_closed++;
  return 0;
}

static int on_shutdown(nghttp3_conn *conn, int64_t id, void *user) {
  (void)conn;
  ((side *)io_h3_user(user))->shutdown_id = id;
  return 0;
}

// ---- connections --------------------------------------------------------------------------------

static void on_start(void *user) {
  side *s = user;
  nghttp3_settings settings;
  nghttp3_settings_default(&settings);
  assert_true(io_h3_begin(s->h3, s->session, NULL, &settings, MAX_STREAMS));
}

static void on_ready(void *user) {
  side *s = user;
  codicil_tls *tls;
  s->is_ready = true;
  assert_int_equal(quic_tls_exporter(&tls, quic_connection_tls(io_h3_quic(s->h3))), CODICIL_OK);
  assert_int_equal(codicil_session_tls_ready(s->session, tls), CODICIL_OK);
}

static void prove(side *s) {
  const site_data *img = site_of(SITE_IMG);
  const codicil_origin origins[] = {origin_of("https://www.example"),
                                    origin_of("https://img.example")};
  assert_int_equal(codicil_session_send_origins(s->session, origins, 2), CODICIL_OK);
  assert_int_equal(codicil_session_offer(s->session, img->credential, img->identity), CODICIL_OK);
}

static void on_turn(void *user) {
  side *s = user;
  codicil_event event;
  s->num_turns++;
  while (codicil_session_next_event(s->session, &event)) {
    switch (event.type) {
    case CODICIL_EVENT_SUPPORT:
      if (s == &s->f->server && codicil_session_support(s->session) == CODICIL_SUPPORT_YES) {
        prove(s);
      }
      break;
    case CODICIL_EVENT_WANT_SIGN:
      assert_int_equal(codicil_session_sign(s->session, event.signing), CODICIL_OK);
      break;
    case CODICIL_EVENT_CERTIFICATE:
      s->num_certificates = codicil_session_num_certificates(s->session);
      break;
    case CODICIL_EVENT_ORIGIN_SET:
      s->has_origins = true;
      break;
    default:
      break;
    }
  }
  io_h3_wake(s->h3);
}

static void on_flushed(void *user) {
  ((side *)user)->num_flushed++;
}

static void on_more_streams(void *user) {
  ((side *)user)->num_more++;
}

static void on_closed(void *user) {
  side *s = user;
  assert_false(s->is_over);
  assert_null(io_h3_http(s->h3));
  s->is_over = true;
  s->end = *quic_connection_end(io_h3_quic(s->h3));
}

static const io_h3_handler handler = {
    .start = on_start,
    .ready = on_ready,
    .turn = on_turn,
    .flushed = on_flushed,
    .more_streams = on_more_streams,
    .closed = on_closed,
    .http = {.recv_header = on_field,
             .end_headers = on_section,
             .recv_data = on_data,
             .end_stream = on_end,
             .stream_close = on_stream_close,
             .shutdown = on_shutdown},
};

static bool on_accept(void *user, quic_connection *quic, const quic_handler **out_handler,
                      void **out_user) {
  fixture *f = user;
  side *s = &f->server;
  assert_null(s->h3);
  assert_int_equal(codicil_session_new(&s->session, NULL, f->server_config, CODICIL_SERVER),
                   CODICIL_OK);
  codicil_session_set_own_primary(s->session, site_of(SITE_WWW)->identity);
  s->h3 = io_h3_new(&f->loop, true, &handler, s);
  assert_non_null(s->h3);
  *out_handler = io_h3_attach(s->h3, quic);
  *out_user = s->h3;
  return true;
}

static bool judge(void *user, const codicil_chain_entry *chain, size_t num_entries) {
  side *s = user;
  return codicil_session_set_primary(s->session, chain, num_entries) == CODICIL_OK;
}

static size_t choose_first(void *ctx, const char *server_name) {
  (void)ctx;
  (void)server_name;
  return 0;
}

// ---- the fixture --------------------------------------------------------------------------------

static void write_file(char *path, size_t path_len, codicil_span text) {
  snprintf(path, path_len, "/tmp/io_h3_test.XXXXXX");
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text.data, text.len), text.len);
  close(fd);
}

static void make_tls(fixture *f) {
  app_error err;
  write_file(f->certificate, sizeof f->certificate, pki_pem(site_of(SITE_WWW)->cert));
  write_file(f->key, sizeof f->key, pki_key_pem(site_of(SITE_WWW)->cert));
  quic_tls_site only = {.certificate = f->certificate, .key = f->key};
  quic_tls_server_config server = {.sites = &only, .num_sites = 1, .choose = choose_first};
  quic_tls_client_config client = {judge};
  assert_true(quic_tls_server_new(&f->server_tls, &server, &err));
  assert_true(quic_tls_client_new(&f->client_tls, &client, &err));
}

static void make_configs(fixture *f) {
  assert_int_equal(codicil_config_new(&f->server_config, NULL), CODICIL_OK);
  assert_int_equal(codicil_config_new(&f->client_config, NULL), CODICIL_OK);
  codicil_config_set_random(f->server_config, io_random());
  codicil_config_set_trust(f->client_config, site_trust());
}

static void listen_on_loopback(fixture *f) {
  app_error err;
  struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  f->address.len = sizeof sin;
  assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof sin), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&f->address.storage, &f->address.len), 0);
  assert_true(quic_stack_listen(f->server_stack, fd, on_accept, f, &err));
}

// A loop that has nothing to do would not look at the condition again.
static void on_tick(struct ev_loop *ev, ev_timer *timer, int events) {
  (void)events;
  fixture *f = timer->data;
  f->is_late = ev_now(ev) > f->deadline;
}

static int set_up(void **state) {
  app_error err;
  fixture *f = calloc(1, sizeof *f);
  for (size_t i = 0; i < MIB; i++) {
    pattern[i] = (uint8_t)(i * 7 + i / 251);
  }
  f->server.f = f->client.f = f;
  f->server.shutdown_id = f->client.shutdown_id = -1;
  f->server_quic = (quic_config){.max_streams = MAX_STREAMS,
                                 .stream_window = STREAM_WINDOW,
                                 .connection_window = CONNECTION_WINDOW,
                                 .handshake_ms = 10000,
                                 .idle_ms = 30000,
                                 .retry_from = 100,
                                 .max_connections = 100};
  f->client_quic = f->server_quic;
  f->client_quic.max_streams = 0;
  assert_true(io_loop_init(&f->loop, &err));
  make_tls(f);
  make_configs(f);
  assert_true(quic_shared_new(&f->shared, 1, &err));
  assert_true(quic_stack_new(&f->server_stack, &f->loop, &f->server_quic, f->shared, 0,
                             f->server_tls, &err));
  assert_true(quic_stack_new(&f->client_stack, &f->loop, &f->client_quic, NULL, 0, NULL, &err));
  listen_on_loopback(f);
  f->deadline = ev_now(f->loop.ev) + DEADLINE_S;
  ev_timer_init(&f->tick, on_tick, 0.01, 0.01);
  f->tick.data = f;
  ev_timer_start(f->loop.ev, &f->tick);
  *state = f;
  return 0;
}

static void clear_side(side *s) {
  if (s->h3 && !s->is_over) {
    quic_discard(io_h3_quic(s->h3));
  }
  io_h3_free(s->h3);
  codicil_session_free(s->session);
}

static int tear_down(void **state) {
  fixture *f = *state;
  clear_side(&f->client);
  clear_side(&f->server);
  quic_stack_free(f->client_stack);
  quic_stack_free(f->server_stack);
  quic_shared_free(f->shared);
  quic_tls_context_free(f->server_tls);
  quic_tls_context_free(f->client_tls);
  codicil_config_free(f->server_config);
  codicil_config_free(f->client_config);
  ev_timer_stop(f->loop.ev, &f->tick);
  io_loop_clear(&f->loop);
  unlink(f->certificate);
  unlink(f->key);
  sites_free();
  free(f);
  return 0;
}

// Runs the loop until `condition` holds.
#define RUN_UNTIL(f, condition)         \
  do {                                  \
    while (!(condition)) {              \
      ev_run((f)->loop.ev, EVRUN_ONCE); \
      assert_false((f)->is_late);       \
    }                                   \
  } while (0)

static void connect_client(fixture *f) {
  app_error err;
  side *s = &f->client;
  codicil_peer peer = {.port = io_address_port(&f->address),
                       .origin = origin_of("https://www.example"),
                       .sent_sni = true};
  assert_true(codicil_address_from_octets(&peer.address, io_address_octets(&f->address)));
  assert_int_equal(codicil_session_new(&s->session, NULL, f->client_config, CODICIL_CLIENT),
                   CODICIL_OK);
  assert_int_equal(codicil_session_set_peer(s->session, &peer), CODICIL_OK);
  s->h3 = io_h3_new(&f->loop, false, &handler, s);
  assert_true(
      io_h3_connect(s->h3, f->client_stack, f->client_tls, "www.example", &f->address, s, &err));
  RUN_UNTIL(f, (s->is_ready && f->server.is_ready) || s->is_over);
  assert_false(s->is_over);
}

static void assert_still_serves(fixture *f) {
  exchange *e = request(f, "/echo", 1000);
  assert_non_null(e);
  RUN_UNTIL(f, e->is_closed || f->client.is_over);
  assert_int_equal(e->status, 200);
  assert_int_equal(e->received, 1000);
}

// ---- tests --------------------------------------------------------------------------------------

static void test_a_request_gets_its_response(void **state) {
  fixture *f = *state;
  connect_client(f);
  exchange *e = request(f, "/echo", 0);
  RUN_UNTIL(f, e->is_closed && f->server.num_closed == 1);
  assert_int_equal(e->status, 200);
  assert_true(e->has_ended);
  assert_int_equal(e->code, NGHTTP3_H3_NO_ERROR);
  assert_string_equal(f->server.exchanges[0].method, "GET");
  assert_true(f->server.is_ready);
}

static void test_bodies_of_a_mebibyte_go_both_ways_on_many_streams(void **state) {
  fixture *f = *state;
  connect_client(f);
  for (size_t i = 0; i < MAX_STREAMS; i++) {
    assert_non_null(request(f, "/echo", MIB));
  }
  RUN_UNTIL(f, f->client.num_closed == MAX_STREAMS);
  for (size_t i = 0; i < MAX_STREAMS; i++) {
    assert_int_equal(f->server.exchanges[i].received, MIB);
    assert_int_equal(f->client.exchanges[i].received, MIB);
    assert_true(f->client.exchanges[i].has_ended);
  }
}

static void test_a_body_that_is_held_stops_no_other(void **state) {
  fixture *f = *state;
  connect_client(f);
  f->client.holds = true;
  exchange *held = request(f, "/big", 0);
  RUN_UNTIL(f, held->received == STREAM_WINDOW - 1024 || held->received > STREAM_WINDOW / 2);
  for (int i = 0; i < 6; i++) { // more than the connection's window in all
    exchange *other = request(f, "/big", 0);
    RUN_UNTIL(f, other->is_closed);
    assert_int_equal(other->received, MIB);
  }
  assert_true(held->received <= STREAM_WINDOW);
  f->client.holds = false;
  io_h3_consume(f->client.h3, held->stream, held->held);
  RUN_UNTIL(f, held->is_closed);
  assert_int_equal(held->received, MIB);
}

static void test_more_requests_than_streams_at_once_are_served_in_turn(void **state) {
  fixture *f = *state;
  size_t sent = 0;
  connect_client(f);
  while (f->client.num_closed < MAX_EXCHANGES) {
    size_t before = f->client.num_closed + f->client.num_more;
    for (exchange *e; sent < MAX_EXCHANGES && (e = request(f, "/echo", 10)); sent++) {
      // PRIORITY_UPDATE may name a stream that was not to be opened at first.
      nghttp3_conn *http = io_h3_http(f->client.h3);
      assert_int_equal(
          nghttp3_conn_set_client_stream_priority(http, e->stream, (const uint8_t *)"u=1", 3), 0);
    }
    assert_true(sent <= f->server.num_closed + MAX_STREAMS);
    RUN_UNTIL(f, f->client.num_closed + f->client.num_more > before);
  }
  assert_true(f->client.num_more > 0);
}

static void test_a_reset_by_the_client_ends_the_stream_on_both_sides(void **state) {
  fixture *f = *state;
  connect_client(f);
  exchange *e = request(f, "/hang", 0);
  RUN_UNTIL(f, f->server.exchanges[0].has_ended);
  io_h3_reset(f->client.h3, e->stream, NGHTTP3_H3_REQUEST_CANCELLED);
  RUN_UNTIL(f, e->is_closed && f->server.num_closed == 1);
  assert_int_equal(f->server.exchanges[0].code, NGHTTP3_H3_REQUEST_CANCELLED);
  assert_still_serves(f);
}

// nghttp3 knows nothing of that stream.
static void test_a_reset_before_the_first_octet_is_told_and_opens_a_stream(void **state) {
  fixture *f = *state;
  connect_client(f);
  quic_connection *quic = io_h3_quic(f->client.h3);
  for (size_t i = 0; i < 2 * MAX_STREAMS; i++) {
    int64_t stream;
    RUN_UNTIL(f, (stream = quic_open_bidi(quic)) >= 0);
    quic_reset_stream(quic, stream, NGHTTP3_H3_REQUEST_CANCELLED); // and still takes a response
    quic_wake(quic);
    RUN_UNTIL(f, f->server.num_closed == i + 1);
    assert_int_equal(f->server.exchanges[i].code, NGHTTP3_H3_REQUEST_CANCELLED);
  }
  assert_still_serves(f);
  nghttp3_conn *http = io_h3_http(f->server.h3);
  assert_int_equal(nghttp3_conn_shutdown(http), 0);
  io_h3_wake(f->server.h3);
  RUN_UNTIL(f, nghttp3_conn_is_drained(http));
}

static void test_a_reset_by_the_server_ends_the_stream_on_both_sides(void **state) {
  fixture *f = *state;
  connect_client(f);
  exchange *e = request(f, "/refuse", 10 * MIB);
  RUN_UNTIL(f, e->is_closed && f->server.num_closed == 1);
  assert_int_equal(e->code, NGHTTP3_H3_REQUEST_REJECTED);
  assert_int_equal(e->status, 0);
  assert_still_serves(f);
}

static void test_a_reset_inside_recv_data_is_safe(void **state) {
  fixture *f = *state;
  connect_client(f);
  exchange *e = request(f, "/reset-in-data", 10 * MIB);
  RUN_UNTIL(f, e->is_closed && f->server.num_closed == 1);
  assert_int_equal(e->code, NGHTTP3_H3_REQUEST_CANCELLED);
  assert_still_serves(f);
}

static void test_content_that_is_not_wanted_is_stopped_and_the_response_comes_whole(void **state) {
  fixture *f = *state;
  connect_client(f);
  exchange *e = request(f, "/early", 10 * MIB);
  RUN_UNTIL(f, e->is_closed && f->server.num_closed == 1);
  assert_int_equal(e->status, 200);
  assert_int_equal(e->received, MIB);
  assert_true(e->has_ended);
  assert_still_serves(f);
}

static void test_close_inside_a_callback_is_safe_and_tells_the_peer(void **state) {
  fixture *f = *state;
  connect_client(f);
  request(f, "/close", 0);
  RUN_UNTIL(f, f->client.is_over && f->server.is_over);
  assert_int_equal(f->server.end.how, QUIC_END_LOCAL);
  assert_int_equal(f->client.end.how, QUIC_END_PEER);
  assert_true(f->client.end.is_application);
  assert_int_equal(f->client.end.code, NGHTTP3_H3_EXCESSIVE_LOAD);
  assert_string_equal(f->client.end.reason, "enough");
  assert_int_equal(io_h3_submit_request(f->client.h3, NULL, 0, NULL, NULL), -2);
}

static void test_a_callback_that_fails_closes_the_connection(void **state) {
  fixture *f = *state;
  connect_client(f);
  request(f, "/fail", 0);
  RUN_UNTIL(f, f->client.is_over && f->server.is_over);
  assert_int_equal(f->client.end.how, QUIC_END_PEER);
  assert_int_equal(f->client.end.code, NGHTTP3_H3_INTERNAL_ERROR);
}

static void test_goaway_reaches_the_client_and_open_requests_go_on(void **state) {
  fixture *f = *state;
  connect_client(f);
  exchange *e = request(f, "/hang", 0);
  RUN_UNTIL(f, f->server.exchanges[0].has_ended);
  nghttp3_conn *http = io_h3_http(f->server.h3);
  assert_int_equal(nghttp3_conn_submit_shutdown_notice(http), 0);
  io_h3_wake(f->server.h3);
  RUN_UNTIL(f, f->client.shutdown_id >= 0);
  assert_int_equal(f->client.shutdown_id, NGHTTP3_SHUTDOWN_NOTICE_STREAM_ID);
  assert_int_equal(nghttp3_conn_shutdown(http), 0);
  io_h3_wake(f->server.h3);
  RUN_UNTIL(f, f->client.shutdown_id == 4);
  respond(&f->server, http, &f->server.exchanges[0], MIB);
  RUN_UNTIL(f, e->is_closed && f->server.num_closed == 1);
  assert_int_equal(e->received, MIB);
  assert_true(nghttp3_conn_is_drained(http));
  assert_null(request(f, "/echo", 0));
}

static void test_a_secondary_certificate_and_origins_arrive(void **state) {
  fixture *f = *state;
  connect_client(f);
  RUN_UNTIL(f, f->client.num_certificates == 2 && f->client.has_origins);
  assert_int_equal(codicil_session_support(f->server.session), CODICIL_SUPPORT_YES);
  assert_int_equal(codicil_session_num_origins(f->client.session), 3); // with the initial one
  assert_true(codicil_session_num_ignored(f->client.session) == 0);
  RUN_UNTIL(f, codicil_h3_settings_acked(io_h3_codicil(f->client.h3)));
}

static void test_a_client_that_does_not_offer_gets_no_certificate(void **state) {
  fixture *f = *state;
  codicil_config_set_offer(f->client_config, false);
  connect_client(f);
  assert_still_serves(f);
  assert_int_equal(codicil_session_support(f->server.session), CODICIL_SUPPORT_NO);
  assert_int_equal(f->client.num_certificates, 1); // the handshake's
}

static void test_flushed_follows_when_all_is_sent(void **state) {
  fixture *f = *state;
  connect_client(f);
  exchange *e = request(f, "/hang", 0);
  RUN_UNTIL(f, f->server.exchanges[0].has_ended && f->server.num_flushed > 0);
  f->server.num_flushed = 0;
  exchange *mine = &f->server.exchanges[0];
  respond(&f->server, io_h3_http(f->server.h3), mine, MIB);
  RUN_UNTIL(f, f->server.num_flushed > 0);
  assert_int_equal(mine->sent, MIB);
  RUN_UNTIL(f, e->is_closed);
}

static void test_a_client_closes_and_the_server_hears_of_it(void **state) {
  fixture *f = *state;
  connect_client(f);
  io_h3_close(f->client.h3, NGHTTP3_H3_NO_ERROR, NULL);
  io_h3_close(f->client.h3, NGHTTP3_H3_INTERNAL_ERROR, "the first one counts");
  RUN_UNTIL(f, f->client.is_over && f->server.is_over);
  assert_int_equal(f->server.end.how, QUIC_END_PEER);
  assert_int_equal(f->server.end.code, NGHTTP3_H3_NO_ERROR);
}

static void test_a_discarded_connection_frees_everything(void **state) {
  fixture *f = *state;
  connect_client(f);
  request(f, "/big", 10 * MIB);
  RUN_UNTIL(f, f->server.exchanges[0].received > 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(test_a_request_gets_its_response),
      TEST(test_bodies_of_a_mebibyte_go_both_ways_on_many_streams),
      TEST(test_a_body_that_is_held_stops_no_other),
      TEST(test_more_requests_than_streams_at_once_are_served_in_turn),
      TEST(test_a_reset_by_the_client_ends_the_stream_on_both_sides),
      TEST(test_a_reset_before_the_first_octet_is_told_and_opens_a_stream),
      TEST(test_a_reset_by_the_server_ends_the_stream_on_both_sides),
      TEST(test_a_reset_inside_recv_data_is_safe),
      TEST(test_content_that_is_not_wanted_is_stopped_and_the_response_comes_whole),
      TEST(test_close_inside_a_callback_is_safe_and_tells_the_peer),
      TEST(test_a_callback_that_fails_closes_the_connection),
      TEST(test_goaway_reaches_the_client_and_open_requests_go_on),
      TEST(test_a_secondary_certificate_and_origins_arrive),
      TEST(test_a_client_that_does_not_offer_gets_no_certificate),
      TEST(test_flushed_follows_when_all_is_sent),
      TEST(test_a_client_closes_and_the_server_hears_of_it),
      TEST(test_a_discarded_connection_frees_everything),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
