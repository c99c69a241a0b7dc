// Handshake, streams both ways, resets and ends of QUIC connections over loopback.
#include "cmocka_test.h"

#include <stdlib.h>
#include <string.h>

#include "quic_world.h"

static int set_up(void **state) {
  world *w = malloc(sizeof *w);
  world_init(w);
  *state = w;
  return 0;
}

static int tear_down(void **state) {
  world_clear(*state);
  free(*state);
  return 0;
}

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_a_handshake_makes_both_sides_ready, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_mebioctet_goes_both_ways, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_small_windows_slow_down_and_stop_nothing, set_up,
                                      tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
