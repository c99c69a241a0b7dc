// How QUIC connections end, and what is left of them.
#include "cmocka_test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/quic_connection.h"
#include "quic_world.h"

// ---- by a side ---------------------------------------------------------------------------------

static void check_close(world *w, world_peer *from, world_peer *to) {
  quic_close(from->quic, 0x10c, "no \x01 more");
  assert_int_equal(from->num_closed, 0); // from the loop, not from the call
  world_run_until(w, &to->num_closed);
  assert_int_equal(from->num_closed, 1);
  assert_int_equal(from->end.how, QUIC_END_LOCAL);
  assert_int_equal(to->end.how, QUIC_END_PEER);
  assert_true(to->end.is_application && from->end.is_application);
  assert_int_equal(to->end.code, 0x10c);
  assert_string_equal(to->end.reason, "no ? more");
}

static void test_a_client_closes_with_code_and_reason(void **state) {
  world *w = *state;
  world_start(w, 1);
  world_peer *client = world_connect_ready(w);
  check_close(w, client, world_last_server(w));
  assert_int_equal(quic_stack_num_connections(w->server[0]), 0);
  assert_int_equal(quic_stack_num_connections(w->client), 0);
}

static void test_a_server_closes_with_code_and_reason(void **state) {
  world *w = *state;
  world_start(w, 1);
  world_peer *client = world_connect_ready(w);
  check_close(w, world_last_server(w), client);
}

static void test_a_client_closes_before_the_handshake_is_complete(void **state) {
  world *w = *state;
  world_start(w, 1);
  world_peer *client = world_connect(w, 0);
  quic_close(client->quic, 0x100, NULL);
  world_run_until(w, &client->num_closed);
  assert_int_equal(client->end.how, QUIC_END_LOCAL);
  assert_int_equal(client->num_started, 0);
}

static void test_a_server_closes_from_within_its_first_event(void **state) {
  world *w = *state;
  world_start(w, 1);
  w->closes_at_start = true;
  world_peer *client = world_connect(w, 0);
  world_run_until(w, &client->num_closed);
  world_peer *server = world_last_server(w);
  assert_int_equal(server->num_closed, 1);
  assert_int_equal(server->num_ready, 0);
  assert_int_equal(client->end.how, QUIC_END_PEER);
}

static void test_an_abort_tells_the_peer_nothing(void **state) {
  world *w = *state;
  world_start(w, 1);
  world_peer *client = world_connect_ready(w), *server = world_last_server(w);
  world_run_for(w, 0.05); // acknowledgements on their way
  quic_abort(server->quic, "too slow");
  world_run_until(w, &server->num_closed);
  assert_int_equal(server->end.how, QUIC_END_LOCAL);
  assert_string_equal(server->end.reason, "too slow");
  world_run_for(w, 0.05);
  assert_int_equal(client->num_closed, 0);
}

static void test_nothing_is_told_after_a_close(void **state) {
  world *w = *state;
  world_start(w, 1);
  world_peer *client = world_connect_ready(w), *server = world_last_server(w);
  (void)world_send(client, 1000, true);
  quic_close(server->quic, 0x100, NULL);
  quic_close(server->quic, 0x101, NULL); // the first counts
  assert_int_equal(quic_open_uni(server->quic), -1);
  quic_abort(server->quic, NULL);
  world_run_until(w, &client->num_closed);
  assert_int_equal(client->end.code, 0x100);
  assert_int_equal(server->num_streams, 0);
  assert_int_equal(server->num_closed, 1);
}

// ---- by time -----------------------------------------------------------------------------------

static void test_an_idle_connection_ends(void **state) {
  world *w = *state;
  w->server_config.idle_ms = 300;
  world_start(w, 1);
  world_peer *client = world_connect_ready(w), *server = world_last_server(w);
  world_run_until(w, &server->num_closed);
  world_run_until(w, &client->num_closed);
  assert_int_equal(client->end.how, QUIC_END_IDLE);
  assert_int_equal(server->end.how, QUIC_END_IDLE);
}

// The process had no turn for longer than the idle timeout, and its peer did speak meanwhile.
static void test_what_has_come_is_read_before_time_is_up(void **state) {
  enum { IDLE_MS = 700 };
  world *w = *state;
  w->server_config.idle_ms = IDLE_MS;
  world_start(w, 1);
  world_peer *client = world_connect_ready(w), *server = world_last_server(w);
  world_run_for(w, 0.05);
  world_stream *s = world_send(client, 1000, true);
  ev_invoke(w->loop.ev, &w->client->prepare, EV_PREPARE); // it is on its way
  uint64_t until = io_clock_now().mono_ns + (IDLE_MS + 50) * NGTCP2_MILLISECONDS;
  while (io_clock_now().mono_ns < until) {
  }
  ev_run(w->loop.ev, EVRUN_ONCE);
  assert_true(world_stream_of(server, s->id)->is_fin_received);
  assert_int_equal(server->num_closed, 0);
}

static void test_a_handshake_that_gets_no_answer_ends(void **state) {
  world *w = *state;
  w->client_config.handshake_ms = 100;
  world_start(w, 1);
  world_relay_start(w, 1);
  w->relay.loss = 100;
  struct sockaddr_in address = world_relay_address(w);
  world_peer *client = world_connect_to(w, &address);
  world_run_until(w, &client->num_closed);
  assert_int_equal(client->end.how, QUIC_END_HANDSHAKE);
}

static void test_a_half_open_connection_of_a_server_ends(void **state) {
  world *w = *state;
  w->server_config.handshake_ms = 100;
  world_start(w, 1);
  world_relay_start(w, 1);
  w->relay.is_deaf = true;
  struct sockaddr_in address = world_relay_address(w);
  world_peer *client = world_connect_to(w, &address);
  while (quic_stack_num_connections(w->server[0]) == 0) {
    world_run_for(w, 0.001);
  }
  world_peer *server = world_last_server(w);
  world_run_until(w, &server->num_closed);
  assert_int_equal(server->end.how, QUIC_END_HANDSHAKE);
  assert_int_equal(client->num_ready, 0);
  assert_int_equal(w->server[0]->num_handshakes, 0);
}

// ---- by TLS and the network --------------------------------------------------------------------

static void test_a_chain_that_is_refused_ends_both_sides_with_the_alert(void **state) {
  world *w = *state;
  w->judgement = false;
  world_start(w, 1);
  world_peer *client = world_connect(w, 0);
  world_run_until(w, &client->num_closed);
  assert_int_equal(client->end.how, QUIC_END_TLS);
  assert_true(client->end.code > 0);
  assert_false(client->end.is_application);
  world_peer *server = world_last_server(w);
  world_run_until(w, &server->num_closed);
  assert_int_equal(server->end.how, QUIC_END_PEER);
  assert_int_equal(server->end.code, 0x100 + client->end.code);
  assert_int_equal(client->num_ready, 0);
  assert_int_equal(server->num_ready, 0);
}

static void test_nobody_listening_is_told_at_once(void **state) {
  world *w = *state;
  world_start(w, 1);
  struct sockaddr_in address;
  close(world_socket(&address));
  world_peer *client = world_connect_to(w, &address);
  world_run_until(w, &client->num_closed);
  assert_int_equal(client->end.how, QUIC_END_NETWORK);
  assert_int_equal(client->end.code, ECONNREFUSED);
}

static void test_a_server_that_forgot_the_connection_resets_it(void **state) {
  world *w = *state;
  world_start(w, 1);
  world_peer *client = world_connect_ready(w), *server = world_last_server(w);
  (void)world_send(client, 1000, true);
  world_run_for(w, 0.02);
  quic_discard(server->quic);
  server->quic = NULL;
  (void)world_send(client, 1000, true);
  world_run_until(w, &client->num_closed);
  assert_int_equal(client->end.how, QUIC_END_RESET);
  assert_int_equal(server->num_closed, 0);
}

static void test_an_id_that_this_server_never_made_gets_no_reset(void **state) {
  world *w = *state;
  world_start(w, 1);
  struct sockaddr_in ignored;
  uint8_t packet[100] = {0x40, 1, 2, 3}, answer[1500];
  int fd = world_socket(&ignored);
  assert_true(sendto(fd, packet, sizeof packet, 0, (struct sockaddr *)&w->address[0],
                     sizeof w->address[0]) > 0);
  world_run_for(w, 0.02);
  assert_int_equal(recv(fd, answer, sizeof answer, MSG_DONTWAIT), -1);
  close(fd);
}

static void send_short(const world *w, int fd, const ngtcp2_cid *cid, size_t len) {
  uint8_t packet[100] = {0x40};
  memcpy(packet + 1, cid->data, cid->datalen);
  assert_int_equal(
      sendto(fd, packet, len, 0, (struct sockaddr *)&w->address[0], sizeof w->address[0]), len);
}

static unsigned drain(int fd) {
  uint8_t answer[1500];
  unsigned num = 0;
  while (recv(fd, answer, sizeof answer, MSG_DONTWAIT) > 0) {
    num++;
  }
  return num;
}

static void test_resets_are_few_however_many_packets_ask_for_them(void **state) {
  enum { ROUNDS = 20, A_ROUND = 50, BURST = 100 };
  world *w = *state;
  world_start(w, 1);
  struct sockaddr_in ignored;
  ngtcp2_cid cid;
  int fd = world_socket(&ignored);
  unsigned num = 0;
  for (unsigned i = 0; i < ROUNDS; i++) {
    for (unsigned j = 0; j < A_ROUND; j++) {
      assert_true(quic_ids_make(&w->server[0]->ids, &cid));
      send_short(w, fd, &cid, 100);
    }
    world_run_for(w, 0.003);
    num += drain(fd);
  }
  assert_true(num >= BURST && num < ROUNDS * A_ROUND);
  close(fd);
}

// ---- by refusal --------------------------------------------------------------------------------

static void check_refused(world *w) {
  world_peer *client = world_connect(w, 0);
  world_run_until(w, &client->num_closed);
  assert_int_equal(client->end.how, QUIC_END_PEER);
  assert_false(client->end.is_application);
  assert_int_equal(client->end.code, NGTCP2_CONNECTION_REFUSED);
}

static void test_a_full_server_refuses(void **state) {
  world *w = *state;
  w->server_config.max_connections = 1;
  world_start(w, 1);
  world_peer *client = world_connect_ready(w);
  check_refused(w);
  assert_int_equal(client->num_closed, 0);
  assert_int_equal(quic_stack_num_connections(w->server[0]), 1);
}

static void test_a_server_that_stops_refuses_and_serves_those_that_it_has(void **state) {
  world *w = *state;
  world_start(w, 1);
  world_peer *client = world_connect_ready(w);
  quic_stack_stop_accepting(w->server[0]);
  check_refused(w);
  world_stream *s = world_send(client, 1000, true);
  world_run_until_true(w, &s->is_fin_received);
}

static void test_an_owner_refuses(void **state) {
  world *w = *state;
  w->refuses = true;
  world_start(w, 1);
  check_refused(w);
  assert_int_equal(quic_stack_num_connections(w->server[0]), 0);
}

// ---- what is left ------------------------------------------------------------------------------

// Ends a server's connection without a turn of the loop, in which its period might pass.
static quic_connection *bury(world *w, world_peer *server, const char *reason) {
  quic_close(server->quic, 0x100, reason);
  ev_invoke(w->loop.ev, &w->server[0]->prepare, EV_PREPARE);
  assert_int_equal(server->num_closed, 1);
  assert_non_null(w->server[0]->buried.first);
  return w->server[0]->buried.first;
}

// The first packet in the closing period is answered, then the 2nd, 4th, …
static void test_packets_for_a_closed_connection_are_answered_ever_less(void **state) {
  world *w = *state;
  world_start(w, 1);
  world_relay_start(w, 1);
  struct sockaddr_in address = world_relay_address(w);
  world_peer *client = world_connect_to(w, &address);
  world_run_until(w, &client->num_ready);
  world_peer *server = world_last_server(w);
  world_run_until(w, &server->num_ready);
  world_run_for(w, 0.05);
  w->relay.is_deaf = true;
  quic_connection *buried = bury(w, server, NULL);
  assert_int_equal(buried->state, QUIC_CLOSING);
  assert_null(buried->ng);
  ev_timer_stop(w->loop.ev, &buried->timer); // the period is as long as this takes
  unsigned lost = w->relay.num_lost;
  uint64_t was_in = buried->closing_in;
  world_stream *s = world_send(client, 10, false);
  while (buried->closing_in < was_in + 5) {
    s->to_send += 10;
    quic_wake(client->quic);
    world_run_for(w, 0.002);
  }
  assert_true(w->relay.num_lost - lost < buried->closing_in);
  assert_int_equal(quic_stack_num_connections(w->server[0]), 0);
}

// From anywhere: nobody has proven the address.
static void test_a_closed_connection_answers_no_more_than_three_times_what_came(void **state) {
  world *w = *state;
  world_start(w, 1);
  (void)world_connect_ready(w);
  struct sockaddr_in ignored;
  int fd = world_socket(&ignored);
  quic_connection *buried =
      bury(w, world_last_server(w), "a text that makes the packet longer than sixty-six octets");
  ev_timer_stop(w->loop.ev, &buried->timer);
  const ngtcp2_cid cid = buried->ids->cid;
  send_short(w, fd, &cid, 22);
  world_run_for(w, 0.01);
  assert_int_equal(drain(fd), 0);
  buried->closing_answers_at = 1;
  send_short(w, fd, &cid, 100);
  world_run_for(w, 0.01);
  assert_int_equal(drain(fd), 1);
  close(fd);
}

static void test_a_closed_connection_is_gone_after_its_period(void **state) {
  world *w = *state;
  world_start(w, 1);
  (void)world_connect_ready(w);
  (void)bury(w, world_last_server(w), NULL);
  assert_int_equal(w->server[0]->num_buried, 1);
  while (w->server[0]->num_buried > 0) {
    world_run_for(w, 0.01);
  }
  assert_int_equal(w->server[0]->table.num, 0);
}

static void test_no_more_are_buried_than_may_live(void **state) {
  world *w = *state;
  w->server_config.max_connections = 2;
  world_start(w, 1);
  for (int i = 0; i < 5; i++) {
    world_peer *client = world_connect_ready(w);
    quic_close(client->quic, 0x100, NULL);
    world_peer *server = world_last_server(w);
    world_run_until(w, &server->num_closed);
    assert_true(w->server[0]->num_buried <= 2);
  }
}

// A step of the loop at a time, until the handshake is long over.
static void test_a_connection_can_be_discarded_in_every_state(void **state) {
  world *w = *state;
  world_start(w, 1);
  for (int steps = 0; steps < 12; steps++) {
    w->num_peers = 0;
    world_peer *client = world_connect(w, 0);
    for (int i = 0; i < steps; i++) {
      ev_run(w->loop.ev, EVRUN_NOWAIT);
    }
    if (steps % 2 == 0) {
      quic_close(client->quic, 0x100, NULL);
    }
    for (size_t i = 0; i < w->num_peers; i++) {
      if (w->peers[i].quic) {
        quic_discard(w->peers[i].quic);
        w->peers[i].quic = NULL;
      }
    }
    assert_int_equal(quic_stack_num_connections(w->client), 0);
    assert_int_equal(w->server[0]->num_handshakes, 0);
    world_run_for(w, 0.005); // what is still on its way finds nobody
    for (size_t i = 0; i < w->num_peers; i++) {
      if (w->peers[i].quic) {
        quic_discard(w->peers[i].quic);
        w->peers[i].quic = NULL;
      }
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_a_client_closes_with_code_and_reason, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_server_closes_with_code_and_reason, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_client_closes_before_the_handshake_is_complete,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_server_closes_from_within_its_first_event,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(test_an_abort_tells_the_peer_nothing, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_nothing_is_told_after_a_close, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_an_idle_connection_ends, world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(test_what_has_come_is_read_before_time_is_up, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_handshake_that_gets_no_answer_ends, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_half_open_connection_of_a_server_ends, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_chain_that_is_refused_ends_both_sides_with_the_alert,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(test_nobody_listening_is_told_at_once, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_server_that_forgot_the_connection_resets_it,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(test_an_id_that_this_server_never_made_gets_no_reset,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(test_resets_are_few_however_many_packets_ask_for_them,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(
          test_a_closed_connection_answers_no_more_than_three_times_what_came, world_set_up,
          world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_full_server_refuses, world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_server_that_stops_refuses_and_serves_those_that_it_has,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(test_an_owner_refuses, world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(test_packets_for_a_closed_connection_are_answered_ever_less,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_closed_connection_is_gone_after_its_period,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(test_no_more_are_buried_than_may_live, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_connection_can_be_discarded_in_every_state,
                                      world_set_up, world_tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
