// Handshake, streams both ways, resets and ends of QUIC connections over loopback.
#include "cmocka_test.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/quic_connection.h"
#include "quic_world.h"

static void test_a_handshake_makes_both_sides_ready(void **state) {
  world *w = *state;
  world_start(w, 1);
  world_peer *client = world_connect(w, 0);
  world_run_until(w, &client->num_ready);
  world_peer *server = world_last_server(w);
  world_run_until(w, &server->num_ready);
  assert_int_equal(client->num_ready, 1);
  assert_true(quic_tls_speaks_h3(quic_connection_tls(client->quic)));
  assert_true(quic_tls_speaks_h3(quic_connection_tls(server->quic)));
  assert_int_equal(quic_stack_num_connections(w->server[0]), 1);
}

static void exchange(world *w, uint64_t up, uint64_t down) {
  w->answer_len = down;
  world_peer *client = world_connect(w, 0);
  world_run_until(w, &client->num_ready);
  world_stream *s = world_send(client, up, true);
  world_run_until_true(w, &s->is_fin_received);
  world_run_until_true(w, &s->is_closed);
  world_peer *server = world_last_server(w);
  assert_int_equal(s->received, down);
  assert_int_equal(s->acked, up);
  assert_int_equal(world_stream_of(server, s->id)->received, up);
}

static void test_a_mebioctet_goes_both_ways(void **state) {
  world *w = *state;
  world_start(w, 1);
  exchange(w, 1 << 20, 1 << 20);
}

static void test_small_windows_slow_down_and_stop_nothing(void **state) {
  world *w = *state;
  w->server_config.stream_window = w->client_config.stream_window = 2000;
  w->server_config.connection_window = w->client_config.connection_window = 3000;
  world_start(w, 1);
  exchange(w, 100000, 100000);
}

static void test_streams_of_both_kinds_and_both_sides_carry_octets(void **state) {
  world *w = *state;
  world_start(w, 1);
  world_peer *client = world_connect(w, 0);
  world_run_until(w, &client->num_ready);
  world_peer *server = world_last_server(w);
  int64_t up = quic_open_uni(client->quic), down = quic_open_uni(server->quic);
  assert_int_equal(up, 2);
  assert_int_equal(down, 3);
  *world_stream_of(client, up) = (world_stream){.id = up, .to_send = 5000, .fin = true};
  *world_stream_of(server, down) = (world_stream){.id = down, .to_send = 70000, .fin = true};
  quic_wake(client->quic);
  quic_wake(server->quic);
  world_run_until_true(w, &world_stream_of(client, down)->is_fin_received);
  world_run_until_true(w, &world_stream_of(server, up)->is_fin_received);
  assert_int_equal(world_stream_of(server, up)->received, 5000);
  assert_int_equal(world_stream_of(client, down)->received, 70000);
  assert_int_equal(quic_open_bidi(server->quic), -1); // a client lets a server open none
}

static void test_the_peer_opens_as_many_streams_as_it_was_told_and_more_as_they_close(
    void **state) {
  world *w = *state;
  w->server_config.max_streams = 2;
  world_start(w, 1);
  world_peer *client = world_connect(w, 0);
  world_run_until(w, &client->num_ready);
  world_stream *first = world_send(client, 10, true);
  (void)world_send(client, 10, false);
  assert_int_equal(quic_open_bidi(client->quic), -1);
  unsigned before = client->num_more_streams;
  world_run_until_true(w, &first->is_closed);
  while (client->num_more_streams == before) {
    world_run_for(w, 0.001);
  }
  assert_true(quic_open_bidi(client->quic) >= 0);
}

static void test_what_was_not_consumed_holds_the_sender_and_nothing_else(void **state) {
  world *w = *state;
  w->server_holds = true;
  world_start(w, 1);
  world_peer *client = world_connect(w, 0);
  world_run_until(w, &client->num_ready);
  world_stream *s = world_send(client, 100000, true);
  world_run_until_true(w, &s->is_blocked);
  assert_int_equal(s->taken, 65536);
  assert_false(quic_is_flushed(client->quic));
  world_stream *other = world_send(client, 1000, true);
  world_run_until_true(w, &other->is_fin_received);
  world_peer *server = world_last_server(w);
  server->holds = false;
  quic_consume(server->quic, s->id, (size_t)world_stream_of(server, s->id)->received);
  world_run_until_true(w, &s->is_fin_received);
  assert_int_equal(world_stream_of(server, s->id)->received, 100000);
  world_run_until_true(w, &s->is_closed);
  while (!quic_is_flushed(client->quic)) {
    world_run_for(w, 0.001);
  }
}

static void test_the_connections_window_holds_all_streams(void **state) {
  world *w = *state;
  w->server_holds = true;
  w->server_config.connection_window = 5000;
  world_start(w, 1);
  world_peer *client = world_connect(w, 0);
  world_run_until(w, &client->num_ready);
  world_stream *s = world_send(client, 10000, true);
  world_run_for(w, 0.02);
  world_peer *server = world_last_server(w);
  assert_int_equal(s->taken, 5000);
  assert_false(s->is_blocked);
  assert_false(quic_is_flushed(client->quic));
  server->holds = false;
  quic_consume_connection(server->quic, 5000);
  world_run_until_true(w, &s->is_fin_received);
}

static void test_a_reset_and_a_stop_are_told_with_their_codes(void **state) {
  world *w = *state;
  world_start(w, 1);
  world_peer *client = world_connect(w, 0);
  world_run_until(w, &client->num_ready);
  world_stream *s = world_send(client, 100, false);
  world_run_for(w, 0.01);
  world_peer *server = world_last_server(w);
  world_stream *theirs = world_stream_of(server, s->id);
  quic_shutdown_stream(client->quic, s->id, 0x10c);
  world_run_until_true(w, &theirs->was_reset);
  assert_int_equal(theirs->reset_code, 0x10c);
  world_run_until_true(w, &theirs->is_closed);
  assert_true(theirs->has_code);
  assert_int_equal(theirs->code, 0x10c);
  world_run_until_true(w, &s->is_closed);
}

static void test_a_stopped_stream_takes_no_more(void **state) {
  world *w = *state;
  world_start(w, 1);
  world_peer *client = world_connect(w, 0);
  world_run_until(w, &client->num_ready);
  world_stream *s = world_send(client, 100, false);
  world_run_for(w, 0.01);
  world_peer *server = world_last_server(w);
  quic_stop_stream(server->quic, s->id, 0x100);
  world_run_for(w, 0.01);
  s->to_send = 200;
  quic_wake(client->quic);
  world_run_until_true(w, &s->is_shut);
  world_run_until_true(w, &world_stream_of(server, s->id)->was_reset);
  quic_reset_stream(server->quic, s->id, 0x100);
  world_run_until_true(w, &s->is_closed);
  assert_true(s->has_code);
  assert_int_equal(s->code, 0x100);
}

static void test_flushed_means_that_all_was_sent(void **state) {
  world *w = *state;
  world_start(w, 1);
  world_peer *client = world_connect(w, 0);
  world_run_until(w, &client->num_ready);
  world_stream *s = world_send(client, 50000, true);
  assert_false(quic_is_flushed(client->quic));
  while (!quic_is_flushed(client->quic)) {
    world_run_for(w, 0.001);
  }
  assert_int_equal(s->taken, 50000);
}

static void test_ecn_marks_arrive_and_statistics_count(void **state) {
  world *w = *state;
  world_start(w, 1);
  exchange(w, 200000, 200000);
  world_peer *client = &w->peers[0], *server = world_last_server(w);
  quic_stats ours, theirs;
  quic_connection_stats(client->quic, &ours);
  quic_connection_stats(server->quic, &theirs);
  assert_true(ours.octets_out > 200000 && ours.octets_in > 200000);
  assert_true(ours.packets_out > 20 && ours.packets_in > 20);
  assert_true(theirs.octets_in <= ours.octets_out);
  assert_true(ours.ready_ns >= ours.opened_ns && ours.opened_ns > 0);
  assert_true(ours.smoothed_rtt_ns > 0);
}

static void test_the_path_is_that_of_the_sockets(void **state) {
  world *w = *state;
  world_start(w, 1);
  world_peer *client = world_connect(w, 0);
  world_run_until(w, &client->num_ready);
  world_peer *server = world_last_server(w);
  io_address near[2], far[2];
  char text[2][IO_ADDRESS_TEXT_MAX];
  quic_connection_path(client->quic, &near[0], &far[0]);
  quic_connection_path(server->quic, &near[1], &far[1]);
  io_address_format(&far[0], text[0], sizeof text[0]);
  io_address_format(&near[1], text[1], sizeof text[1]);
  assert_string_equal(text[0], text[1]);
  assert_int_equal(io_address_port(&far[0]), ntohs(w->address[0].sin_port));
  io_address_format(&near[0], text[0], sizeof text[0]);
  io_address_format(&far[1], text[1], sizeof text[1]);
  assert_string_equal(text[0], text[1]);
}

static void test_keys_are_updated_by_either_side(void **state) {
  world *w = *state;
  world_start(w, 1);
  exchange(w, 1000, 1000);
  world_peer *client = &w->peers[0], *server = world_last_server(w);
  world_run_for(w, 0.01); // HANDSHAKE_DONE
  world_stream *s = world_send(client, 10, false);
  const world_stream *theirs = world_stream_of(server, s->id);
  for (int i = 0; i < 4; i++) {
    quic_connection *from = i % 2 == 0 ? client->quic : server->quic;
    // An update is refused until the one before is acknowledged and some time has passed.
    while (ngtcp2_conn_initiate_key_update(from->ng, quic_stack_refresh(from->stack)) != 0) {
      s->to_send += 10;
      quic_wake(client->quic);
      world_run_for(w, 0.005);
      assert_int_equal(client->num_closed, 0);
    }
    s->to_send += 3000;
    quic_wake(client->quic);
    while (theirs->received < s->to_send) {
      world_run_for(w, 0.002);
    }
  }
  assert_int_equal(client->num_closed + server->num_closed, 0);
}

static size_t count_logs(const char *dir, const char *suffix) {
  size_t num = 0;
  DIR *d = opendir(dir);
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) {
    size_t len = strlen(e->d_name);
    if (len > strlen(suffix) && strcmp(e->d_name + len - strlen(suffix), suffix) == 0) {
      char path[512], first[2] = "";
      snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
      FILE *file = fopen(path, "r");
      assert_non_null(file);
      assert_int_equal(fread(first, 1, 2, file), 2);
      assert_memory_equal(first, "\x1e{", 2); // RFC 7464: a JSON text sequence
      (void)fclose(file);
      (void)unlink(path);
      num++;
    }
  }
  (void)closedir(d);
  return num;
}

static void test_each_side_writes_a_qlog_and_lives_without_one(void **state) {
  world *w = *state;
  w->server_config.qlog_dir = w->client_config.qlog_dir = w->dir;
  world_start(w, 1);
  exchange(w, 1000, 1000);
  world_peer *client = &w->peers[0], *server = world_last_server(w);
  quic_close(client->quic, 0x100, NULL);
  world_run_until(w, &server->num_closed);
  assert_int_equal(count_logs(w->dir, "_client.sqlog"), 1);
  assert_int_equal(count_logs(w->dir, "_server.sqlog"), 1);
  w->server_config.qlog_dir = "/nowhere/at/all";
  w->client_config.qlog_dir = "/dev/full";
  w->num_peers = 0;
  exchange(w, 1000, 1000);
}

// The loopback interface takes more than Ethernet does.
static void test_packets_grow_as_the_path_takes_them(void **state) {
  world *w = *state;
  world_start(w, 1);
  exchange(w, 1 << 20, 1 << 20);
  quic_connection *client = w->peers[0].quic;
  while (ngtcp2_conn_get_path_max_tx_udp_payload_size(client->ng) <= 1452) {
    world_run_for(w, 0.002);
  }
  assert_int_equal(ngtcp2_conn_get_path_max_tx_udp_payload_size(client->ng), 8952);
}

static unsigned turns_in(world *w, double seconds) {
  unsigned before = ev_iteration(w->loop.ev);
  world_run_for(w, seconds);
  return ev_iteration(w->loop.ev) - before;
}

static void test_quiet_connections_let_the_loop_sleep(void **state) {
  world *w = *state;
  world_start(w, 1);
  exchange(w, 100000, 100000);
  world_run_for(w, 0.1);               // delayed acknowledgements
  assert_true(turns_in(w, 0.2) < 400); // the wait's own ticks are 200
  // One that is woken and then gone leaves nobody awake.
  quic_wake(w->peers[0].quic);
  quic_discard(w->peers[0].quic);
  w->peers[0].quic = NULL;
  assert_true(turns_in(w, 0.2) < 400);
}

int main(void) {

  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_a_handshake_makes_both_sides_ready, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_mebioctet_goes_both_ways, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_small_windows_slow_down_and_stop_nothing, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_streams_of_both_kinds_and_both_sides_carry_octets,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(
          test_the_peer_opens_as_many_streams_as_it_was_told_and_more_as_they_close, world_set_up,
          world_tear_down),
      cmocka_unit_test_setup_teardown(test_what_was_not_consumed_holds_the_sender_and_nothing_else,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(test_the_connections_window_holds_all_streams, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_reset_and_a_stop_are_told_with_their_codes,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_stopped_stream_takes_no_more, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_flushed_means_that_all_was_sent, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_ecn_marks_arrive_and_statistics_count, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_the_path_is_that_of_the_sockets, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_keys_are_updated_by_either_side, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_each_side_writes_a_qlog_and_lives_without_one,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(test_quiet_connections_let_the_loop_sleep, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_packets_grow_as_the_path_takes_them, world_set_up,
                                      world_tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
