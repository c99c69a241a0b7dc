// Which transport a connection uses, with transports that do as they are told.
#include "cmocka_test.h"

#include <stdlib.h>
#include <string.h>

#include "client/connection_state.h"
#include "client/exit_code.h"

enum { MAX = 3, MS = 1000000 };

typedef struct fake {
  client_transport base;
  bool fails_at_once;
  bool is_aborted;
} fake;

typedef struct fixture {
  io_loop loop;
  client_verbose verbose;
  client_net net;
  client_connection connection;
  fake fakes[MAX];
  unsigned num_news;
} fixture;

static void fake_open(client_transport *t) {
  if (((fake *)t)->fails_at_once) {
    connection_fail(t, EXIT_COULDNT_CONNECT, "port %u is closed", t->port);
  }
}

static void fake_abort(client_transport *t) {
  ((fake *)t)->is_aborted = true;
  if (!t->is_over) {
    connection_over(t);
  }
}

static void fake_octets(const client_transport *t, uint64_t *in, uint64_t *out) {
  (void)t;
  *in = *out = 1;
}

static const client_transport_ops quic_ops = {.protocol = "h3",
                                              .http_version = "3",
                                              .open = fake_open,
                                              .abort = fake_abort,
                                              .octets = fake_octets};
static const client_transport_ops tcp_ops = {.protocol = "h2",
                                             .http_version = "2",
                                             .open = fake_open,
                                             .abort = fake_abort,
                                             .octets = fake_octets};

static void on_news(void *user, client_connection *connection) {
  (void)connection;
  ((fixture *)user)->num_news++;
}

static void on_race(struct ev_loop *ev, ev_timer *timer, int events) {
  (void)ev;
  (void)events;
  connection_race_begin(timer->data);
}

static int set_up(void **state) {
  static fixture f;
  app_error err;
  memset(&f, 0, sizeof f);
  assert_true(io_loop_init(&f.loop, &err));
  f.verbose = (client_verbose){.loop = &f.loop};
  f.net = (client_net){.loop = &f.loop, .verbose = &f.verbose, .news = on_news, .user = &f};
  f.connection.net = &f.net;
  f.connection.start_ns = f.loop.now.mono_ns;
  ev_timer_init(&f.connection.race, on_race, 0., 0.);
  f.connection.race.data = &f.connection;
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  ev_timer_stop(f->loop.ev, &f->connection.race);
  free(f->connection.close_reason);
  if (f->connection.kept != NULL) {
    report_connection_clear(f->connection.kept);
    free(f->connection.kept);
  }
  io_loop_clear(&f->loop);
  return 0;
}

static fake *add(fixture *f, const client_transport_ops *ops, uint64_t delay_ms) {
  client_connection *c = &f->connection;
  fake *t = &f->fakes[c->num_transports];
  t->base = (client_transport){.ops = ops,
                               .connection = c,
                               .port = (uint16_t)(1 + c->num_transports),
                               .due_ns = c->start_ns + delay_ms * MS};
  c->transports[c->num_transports++] = &t->base;
  return t;
}

static void turn(fixture *f) {
  ev_run(f->loop.ev, EVRUN_NOWAIT);
}

static void test_http2_follows_after_its_delay(void **state) {
  fixture *f = *state;
  fake *quic = add(f, &quic_ops, 0);
  fake *tcp = add(f, &tcp_ops, 30);
  connection_race_begin(&f->connection);
  assert_true(quic->base.is_begun);
  assert_false(tcp->base.is_begun);
  while (!tcp->base.is_begun) {
    ev_run(f->loop.ev, EVRUN_ONCE);
  }
  assert_true(f->loop.now.mono_ns >= tcp->base.due_ns);
  assert_false(quic->is_aborted);
}

static void test_http2_follows_at_once_where_quic_fails(void **state) {
  fixture *f = *state;
  fake *quic = add(f, &quic_ops, 0);
  fake *tcp = add(f, &tcp_ops, 3600000);
  quic->fails_at_once = true;
  connection_race_begin(&f->connection);
  turn(f);
  assert_true(tcp->base.is_begun);
  assert_int_equal(f->connection.stage, CHOOSE_CONNECTING);
  assert_int_equal(f->num_news, 0);
}

static void test_another_address_over_quic_comes_before_http2(void **state) {
  fixture *f = *state;
  fake *first = add(f, &quic_ops, 0);
  fake *second = add(f, &quic_ops, 3600000);
  fake *tcp = add(f, &tcp_ops, 3600000);
  first->fails_at_once = true;
  connection_race_begin(&f->connection);
  turn(f);
  assert_true(second->base.is_begun);
  assert_false(tcp->base.is_begun);
  connection_fail(&second->base, EXIT_COULDNT_CONNECT, "no");
  turn(f);
  assert_true(tcp->base.is_begun);
}

static void test_http2_does_not_follow_where_another_address_is_still_under_way(void **state) {
  fixture *f = *state;
  fake *first = add(f, &quic_ops, 0);
  fake *second = add(f, &quic_ops, 0);
  fake *tcp = add(f, &tcp_ops, 3600000);
  connection_race_begin(&f->connection);
  connection_fail(&first->base, EXIT_COULDNT_CONNECT, "no");
  turn(f);
  assert_false(tcp->base.is_begun);
  connection_fail(&second->base, EXIT_COULDNT_CONNECT, "no");
  turn(f);
  assert_true(tcp->base.is_begun);
}

static void test_the_winner_drops_the_others(void **state) {
  fixture *f = *state;
  fake *quic = add(f, &quic_ops, 0);
  fake *tcp = add(f, &tcp_ops, 0);
  fake *late = add(f, &quic_ops, 1);
  connection_race_begin(&f->connection);
  connection_race_won(&tcp->base);
  assert_ptr_equal(f->connection.transport, &tcp->base);
  assert_true(quic->is_aborted);
  assert_false(tcp->is_aborted || late->is_aborted);
  assert_false(ev_is_active(&f->connection.race));
  // What the loser says afterwards is nobody's failure.
  connection_explain(&quic->base, EXIT_COULDNT_CONNECT, "no");
  assert_int_equal(f->connection.failure.exit_code, 0);
  assert_int_equal(f->num_news, 0);
}

static void test_where_all_fail_the_last_failure_is_the_connections(void **state) {
  fixture *f = *state;
  add(f, &quic_ops, 0)->fails_at_once = true;
  add(f, &tcp_ops, 3600000)->fails_at_once = true;
  connection_race_begin(&f->connection);
  turn(f);
  assert_int_equal(f->connection.stage, CHOOSE_CLOSED);
  assert_int_equal(f->connection.failure.exit_code, EXIT_COULDNT_CONNECT);
  assert_string_equal(f->connection.failure.text, "port 2 is closed");
  assert_int_equal(f->num_news, 1);
}

static void test_octets_of_a_connection_that_is_over_are_counted_once(void **state) {
  fixture *f = *state;
  fake *quic = add(f, &quic_ops, 0);
  add(f, &tcp_ops, 0);
  connection_race_begin(&f->connection);
  connection_race_won(&quic->base);
  connection_fail(&quic->base, EXIT_RECV_ERROR, "gone");
  report_connection told;
  assert_non_null(f->connection.kept);
  assert_true(client_connection_report(&f->connection, &told));
  assert_string_equal(told.protocol, "h3");
  assert_int_equal(told.octets_received, 2);
  assert_int_equal(told.octets_sent, 2);
  assert_string_equal(told.closed_reason, "gone");
  report_connection_clear(&told);
}

#define RACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      RACE(test_http2_follows_after_its_delay),
      RACE(test_http2_follows_at_once_where_quic_fails),
      RACE(test_another_address_over_quic_comes_before_http2),
      RACE(test_http2_does_not_follow_where_another_address_is_still_under_way),
      RACE(test_the_winner_drops_the_others),
      RACE(test_where_all_fail_the_last_failure_is_the_connections),
      RACE(test_octets_of_a_connection_that_is_over_are_counted_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
