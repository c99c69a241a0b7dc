// Who may connect and from where: Retry, tokens, versions, clients that move, packets that reach
// the wrong worker.
#include "cmocka_test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/quic_connection.h"
#include "quic_world.h"

static void check_exchange(world *w, world_peer *client) {
  world_stream *s = world_send(client, 3000, true);
  world_run_until_true(w, &s->is_fin_received);
}

static bool was_retried(const world_peer *client) {
  return ngtcp2_conn_after_retry(client->quic->ng) != 0;
}

// ---- Retry and tokens --------------------------------------------------------------------------

static void test_below_the_threshold_nobody_is_retried(void **state) {
  world *w = *state;
  world_start(w, 1);
  assert_false(was_retried(world_connect_ready(w)));
}

static void test_retry_always_proves_every_address(void **state) {
  world *w = *state;
  w->server_config.retry_from = 0;
  world_start(w, 1);
  world_peer *client = world_connect_ready(w);
  assert_true(was_retried(client));
  check_exchange(w, client);
}

static void test_handshakes_under_way_switch_retry_on(void **state) {
  world *w = *state;
  w->server_config.retry_from = 1;
  world_start(w, 1);
  world_relay_start(w, 1);
  w->relay.is_deaf = true;
  struct sockaddr_in address = world_relay_address(w);
  (void)world_connect_to(w, &address);
  while (w->server[0]->num_handshakes == 0) {
    world_run_for(w, 0.001);
  }
  world_peer *client = world_connect_ready(w);
  assert_true(was_retried(client));
  assert_int_equal(w->server[0]->num_handshakes, 1);
}

static void wait_for_token(world *w) {
  while (w->client->num_tokens == 0) {
    world_run_for(w, 0.001);
  }
}

static void test_a_token_of_an_earlier_connection_spares_retry_once(void **state) {
  world *w = *state;
  w->server_config.retry_from = 0;
  world_start(w, 1);
  assert_true(was_retried(world_connect_ready(w)));
  wait_for_token(w);
  world_peer *second = world_connect(w, 0);
  assert_int_equal(w->client->num_tokens, 0); // used once
  world_run_until(w, &second->num_ready);
  assert_false(was_retried(second));
}

static void test_a_token_of_another_server_name_or_address_is_not_used(void **state) {
  world *w = *state;
  world_start(w, 1);
  (void)world_connect_ready(w);
  wait_for_token(w);
  world_relay_start(w, 1);
  struct sockaddr_in address = world_relay_address(w);
  world_peer *other = world_connect_to(w, &address);
  assert_int_equal(w->client->num_tokens, 1);
  world_run_until(w, &other->num_ready);
}

static void test_a_token_that_was_damaged_counts_for_nothing(void **state) {
  world *w = *state;
  w->server_config.retry_from = 0;
  world_start(w, 1);
  (void)world_connect_ready(w);
  wait_for_token(w);
  w->client->tokens->octets[w->client->tokens->len - 1] ^= 1;
  world_peer *client = world_connect(w, 0);
  world_run_until(w, &client->num_ready);
  assert_true(was_retried(client));
}

// The Retry's token comes back from another address than the one that asked for it.
static void test_a_retry_token_from_another_address_is_refused(void **state) {
  world *w = *state;
  w->server_config.retry_from = 0;
  world_start(w, 1);
  world_relay_start(w, 1);
  struct sockaddr_in address = world_relay_address(w);
  w->relay.rebinds_after = 2; // the Initial and the Retry
  world_peer *client = world_connect_to(w, &address);
  world_run_until(w, &client->num_closed);
  assert_int_equal(client->end.how, QUIC_END_PEER);
  assert_int_equal(client->end.code, NGTCP2_INVALID_TOKEN);
}

// ---- versions ----------------------------------------------------------------------------------

static void test_a_version_that_nobody_knows_is_answered_with_those_that_we_know(void **state) {
  world *w = *state;
  world_start(w, 1);
  struct sockaddr_in ignored;
  uint8_t packet[1200] = {0xc0, 0xba, 0xba, 0xba, 0xba, 20}, answer[1500];
  packet[26] = 255; // another version's IDs may be longer than ours
  int fd = world_socket(&ignored);
  assert_true(sendto(fd, packet, sizeof packet, 0, (struct sockaddr *)&w->address[0],
                     sizeof w->address[0]) > 0);
  world_run_for(w, 0.02);
  ssize_t n = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
  assert_int_equal(n, 1 + 4 + 1 + 255 + 1 + 20 + 3 * 4);
  assert_memory_equal(answer + 1, "\0\0\0\0", 4);
  assert_int_equal(answer[5], 255); // the IDs change places
  assert_int_equal(answer[261], 20);
  assert_int_equal(answer[282] & 0x0f, 0x0a);
  assert_memory_equal(answer + 286, "\0\0\0\1\x6b\x33\x43\xcf", 8);
  // What is shorter than an Initial packet gets no answer.
  assert_true(sendto(fd, packet, 1199, 0, (struct sockaddr *)&w->address[0], sizeof w->address[0]) >
              0);
  world_run_for(w, 0.02);
  assert_int_equal(recv(fd, answer, sizeof answer, MSG_DONTWAIT), -1);
  close(fd);
}

static void test_a_server_without_our_version_ends_the_attempt(void **state) {
  world *w = *state;
  world_start(w, 1);
  struct sockaddr_in address;
  int fd = world_socket(&address);
  world_peer *client = world_connect_to(w, &address);
  uint8_t packet[1500], answer[64];
  ssize_t n = -1;
  struct sockaddr_in from;
  socklen_t from_len = sizeof from;
  while (n < 0) {
    world_run_for(w, 0.001);
    n = recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &from_len);
  }
  size_t dcid_len = packet[5], scid_len = packet[6 + dcid_len];
  const uint32_t version = 0xff00001d;
  ngtcp2_ssize len = ngtcp2_pkt_write_version_negotiation(
      answer, sizeof answer, 0, packet + 7 + dcid_len, scid_len, packet + 6, dcid_len, &version, 1);
  assert_true(len > 0);
  assert_true(sendto(fd, answer, (size_t)len, 0, (struct sockaddr *)&from, from_len) > 0);
  world_run_until(w, &client->num_closed);
  assert_int_equal(client->end.how, QUIC_END_VERSION);
  close(fd);
}

// ---- clients that move -------------------------------------------------------------------------

static void test_a_client_whose_port_changes_goes_on(void **state) {
  world *w = *state;
  world_start(w, 1);
  world_relay_start(w, 1);
  struct sockaddr_in address = world_relay_address(w);
  world_peer *client = world_connect_to(w, &address);
  world_run_until(w, &client->num_ready);
  check_exchange(w, client);
  world_peer *server = world_last_server(w);
  io_address local, before, after;
  quic_connection_path(server->quic, &local, &before);
  world_relay_rebind(w);
  check_exchange(w, client);
  world_stream *s = world_send(client, 200000, true);
  world_run_until_true(w, &s->is_fin_received);
  quic_connection_path(server->quic, &local, &after);
  assert_int_not_equal(io_address_port(&before), io_address_port(&after));
  assert_int_equal(server->num_closed, 0);
}

// ---- workers -----------------------------------------------------------------------------------

static void test_a_packet_that_reaches_the_wrong_worker_is_handed_over(void **state) {
  world *w = *state;
  world_start(w, 2);
  world_relay_start(w, 1);
  struct sockaddr_in address = world_relay_address(w);
  world_peer *client = world_connect_to(w, &address);
  world_run_until(w, &client->num_ready);
  world_run_until(w, &world_last_server(w)->num_ready);
  // Its socket has another port here; with SO_REUSEPORT it has the same.
  w->server[0]->listeners->socket.local.in.sin_port = w->address[1].sin_port;
  w->relay.target = w->address[1];
  uint64_t before = world_last_server(w)->quic->stats.packets_in;
  world_stream *s = world_send(client, 3000, true);
  world_run_until_true(w, &world_stream_of(world_last_server(w), s->id)->is_fin_received);
  assert_true(world_last_server(w)->quic->stats.packets_in > before);
  assert_int_equal(quic_stack_num_connections(w->server[1]), 0);
  assert_int_equal(quic_shared_num_dropped(w->shared), 0);
}

static void test_mail_for_a_worker_that_is_gone_or_full_is_dropped_and_counted(void **state) {
  world *w = *state;
  world_start(w, 2);
  uint8_t octet = 0x40;
  quic_datagram in = {.data = &octet, .len = 1};
  for (size_t i = 0; i < QUIC_MAILBOX_MAX; i++) {
    assert_true(quic_shared_post(w->shared, 1, &in));
  }
  assert_false(quic_shared_post(w->shared, 1, &in));
  assert_int_equal(quic_shared_num_dropped(w->shared), 1);
  quic_stack_free(w->server[1]);
  w->server[1] = NULL;
  assert_false(quic_shared_post(w->shared, 1, &in));
  assert_false(quic_shared_post(w->shared, 2, &in));
  assert_int_equal(quic_shared_num_dropped(w->shared), 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_below_the_threshold_nobody_is_retried, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_retry_always_proves_every_address, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_handshakes_under_way_switch_retry_on, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_token_of_an_earlier_connection_spares_retry_once,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_token_of_another_server_name_or_address_is_not_used,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_token_that_was_damaged_counts_for_nothing,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_retry_token_from_another_address_is_refused,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(
          test_a_version_that_nobody_knows_is_answered_with_those_that_we_know, world_set_up,
          world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_server_without_our_version_ends_the_attempt,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_client_whose_port_changes_goes_on, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_packet_that_reaches_the_wrong_worker_is_handed_over,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(
          test_mail_for_a_worker_that_is_gone_or_full_is_dropped_and_counted, world_set_up,
          world_tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
