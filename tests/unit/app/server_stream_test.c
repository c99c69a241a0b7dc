// Two streams on one loop, over a pair of sockets: handshake, data both ways, ends and failures.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/stream.h"
#include "server_identity.h"

typedef struct side {
  io_stream stream;
  uint64_t to_send, received;
  uint8_t next_out, next_in;
  bool is_ready, has_peer_ended, is_closed, end_when_sent;
  char error[256];
  int alert;
} side;

static void on_ready(void *user) {
  ((side *)user)->is_ready = true;
}

static void on_received(void *user, codicil_span bytes) {
  side *s = user;
  for (size_t i = 0; i < bytes.len; i++) {
    assert_int_equal(bytes.data[i], s->next_in++);
  }
  s->received += bytes.len;
}

static void on_produce(void *user) {
  side *s = user;
  uint8_t chunk[1000];
  while (s->to_send > 0 && io_stream_room(&s->stream) > 0) {
    size_t n = s->to_send < sizeof chunk ? (size_t)s->to_send : sizeof chunk;
    for (size_t i = 0; i < n; i++) {
      chunk[i] = s->next_out++;
    }
    assert_true(io_stream_put(&s->stream, codicil_span_of(chunk, n)));
    s->to_send -= n;
  }
  if (s->to_send == 0 && s->end_when_sent) {
    io_stream_end(&s->stream);
  }
}

static void on_peer_ended(void *user) {
  ((side *)user)->has_peer_ended = true;
  io_stream_end(&((side *)user)->stream);
}

static void on_closed(void *user) {
  side *s = user;
  s->is_closed = true;
  if (!io_stream_error(&s->stream, s->error, sizeof s->error)) {
    s->error[0] = '\0';
  }
  s->alert = io_stream_alert(&s->stream);
  io_stream_clear(&s->stream);
}

static const io_stream_handler handler = {on_ready, on_received, on_produce, on_peer_ended,
                                          on_closed};

typedef struct fixture {
  io_loop loop;
  SSL_CTX *server_ctx, *client_ctx;
  side server, client;
} fixture;

static int set_up(void **state) {
  static fixture f;
  app_error err;
  memset(&f, 0, sizeof f);
  assert_true(io_loop_init(&f.loop, &err));
  f.server_ctx = SSL_CTX_new(TLS_server_method());
  f.client_ctx = SSL_CTX_new(TLS_client_method());
  use_fresh_identity(f.server_ctx, "a.example");
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  io_stream_clear(&f->server.stream);
  io_stream_clear(&f->client.stream);
  io_loop_clear(&f->loop);
  SSL_CTX_free(f->server_ctx);
  SSL_CTX_free(f->client_ctx);
  return 0;
}

static void open_both(fixture *f) {
  int fds[2];
  app_error err;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  SSL *accepting = SSL_new(f->server_ctx);
  SSL *connecting = SSL_new(f->client_ctx);
  SSL_set_accept_state(accepting);
  SSL_set_connect_state(connecting);
  assert_true(
      io_stream_open(&f->server.stream, &f->loop, fds[0], accepting, &handler, &f->server, &err));
  assert_true(
      io_stream_open(&f->client.stream, &f->loop, fds[1], connecting, &handler, &f->client, &err));
}

// The loop ends by itself when no stream is left.
static void run_to_end(fixture *f) {
  ev_run(f->loop.ev, 0);
  assert_true(f->server.is_closed);
  assert_true(f->client.is_closed);
}

static void test_octets_go_both_ways_and_both_sides_end(void **state) {
  fixture *f = *state;
  f->server.to_send = 5000000;
  f->client.to_send = 3000001;
  f->server.end_when_sent = f->client.end_when_sent = false;
  open_both(f);
  while (f->client.received < 5000000 || f->server.received < 3000001) {
    ev_run(f->loop.ev, EVRUN_ONCE);
  }
  io_stream_end(&f->client.stream);
  run_to_end(f);
  assert_true(f->server.has_peer_ended);
  assert_string_equal(f->server.error, "");
  assert_string_equal(f->client.error, "");
  assert_true(f->server.stream.octets_out > 5000000);
  assert_int_equal(f->server.stream.octets_out, f->client.stream.octets_in);
  assert_int_equal(f->server.stream.octets_in, f->client.stream.octets_out);
  assert_true(f->client.stream.ready_ns >= f->client.stream.connected_ns);
}

static void test_end_flushes_what_was_put(void **state) {
  fixture *f = *state;
  f->server.to_send = 2000000;
  f->server.end_when_sent = true;
  open_both(f);
  run_to_end(f);
  assert_int_equal(f->client.received, 2000000);
  assert_false(f->client.stream.truncated);
}

static void test_a_peer_that_reads_nothing_is_owed_one_bufferful(void **state) {
  fixture *f = *state;
  open_both(f);
  while (!f->client.is_ready || !f->server.is_ready) {
    ev_run(f->loop.ev, EVRUN_ONCE);
  }
  ev_io_stop(f->loop.ev, &f->client.stream.io);
  f->server.to_send = 50000000;
  io_stream_wake(&f->server.stream);
  for (int i = 0; i < 100; i++) {
    ev_run(f->loop.ev, EVRUN_NOWAIT);
  }
  assert_false(io_stream_is_flushed(&f->server.stream));
  assert_true(f->server.stream.pending_len <= IO_OUT_LEN);
  assert_true(f->server.to_send > 40000000);
  ev_io_start(f->loop.ev, &f->client.stream.io);
  while (f->client.received < 50000000) {
    ev_run(f->loop.ev, EVRUN_ONCE);
  }
  io_stream_end(&f->client.stream);
  run_to_end(f);
}

static void test_abort_tells_why_and_peer_sees_truncation(void **state) {
  fixture *f = *state;
  open_both(f);
  while (!f->client.is_ready || !f->server.is_ready) {
    ev_run(f->loop.ev, EVRUN_ONCE);
  }
  io_stream_abort(&f->server.stream, "idle for too long");
  run_to_end(f);
  assert_string_equal(f->server.error, "idle for too long");
  assert_true(f->client.has_peer_ended);
  assert_true(f->client.stream.truncated);
}

static int refuse_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *in, unsigned in_len, void *ctx) {
  (void)ssl;
  (void)out;
  (void)out_len;
  (void)in;
  (void)in_len;
  (void)ctx;
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void test_alert_of_the_peer_is_known(void **state) {
  fixture *f = *state;
  SSL_CTX_set_alpn_select_cb(f->server_ctx, refuse_alpn, NULL);
  SSL_CTX_set_alpn_protos(f->client_ctx, (const unsigned char *)"\x02h2", 3);
  open_both(f);
  run_to_end(f);
  assert_int_equal(f->client.alert, SSL_AD_NO_APPLICATION_PROTOCOL);
  assert_non_null(strstr(f->client.error, "no application protocol"));
  assert_false(f->client.is_ready);
}

static void test_peer_that_leaves_in_the_handshake_is_an_error(void **state) {
  fixture *f = *state;
  int fds[2];
  app_error err;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  SSL *ssl = SSL_new(f->server_ctx);
  SSL_set_accept_state(ssl);
  assert_true(io_stream_open(&f->server.stream, &f->loop, fds[0], ssl, &handler, &f->server, &err));
  close(fds[1]);
  ev_run(f->loop.ev, 0);
  assert_true(f->server.is_closed);
  assert_string_equal(f->server.error, "the peer closed the connection in the handshake");
}

static void test_octets_that_are_not_tls_are_an_error(void **state) {
  fixture *f = *state;
  int fds[2];
  app_error err;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  SSL *ssl = SSL_new(f->server_ctx);
  SSL_set_accept_state(ssl);
  assert_true(io_stream_open(&f->server.stream, &f->loop, fds[0], ssl, &handler, &f->server, &err));
  assert_int_equal(write(fds[1], "GET / HTTP/1.1\r\n\r\n", 18), 18);
  ev_run(f->loop.ev, 0);
  assert_non_null(strstr(f->server.error, "the TLS handshake failed"));
  close(fds[1]);
}

static void test_refused_connect_is_an_error_with_its_reason(void **state) {
  fixture *f = *state;
  app_error err;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof address;
  int taken = socket(AF_INET, SOCK_STREAM, 0); // bound, and nobody listens
  assert_int_equal(bind(taken, (struct sockaddr *)&address, len), 0);
  assert_int_equal(getsockname(taken, (struct sockaddr *)&address, &len), 0);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, len), -1);
  SSL *ssl = SSL_new(f->client_ctx);
  SSL_set_connect_state(ssl);
  assert_true(io_stream_open(&f->client.stream, &f->loop, fd, ssl, &handler, &f->client, &err));
  ev_run(f->loop.ev, 0);
  assert_non_null(strstr(f->client.error, "Connection refused"));
  close(taken);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_octets_go_both_ways_and_both_sides_end, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(test_end_flushes_what_was_put, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_peer_that_reads_nothing_is_owed_one_bufferful, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(test_abort_tells_why_and_peer_sees_truncation, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(test_alert_of_the_peer_is_known, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_peer_that_leaves_in_the_handshake_is_an_error, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(test_octets_that_are_not_tls_are_an_error, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_refused_connect_is_an_error_with_its_reason, set_up,
                                      tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
