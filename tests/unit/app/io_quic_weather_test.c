// QUIC where the network loses, doubles, reorders and damages, and where strangers send garbage.
#include "cmocka_test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/quic_connection.h"
#include "quic_world.h"

static uint64_t state_of_dice;

static unsigned dice(unsigned sides) {
  state_of_dice = state_of_dice * 6364136223846793005 + 1442695040888963407;
  return (unsigned)(state_of_dice >> 33) % sides;
}

// ---- the link ----------------------------------------------------------------------------------

static void check_link(world *w, uint64_t seed, unsigned loss) {
  world_start(w, 1);
  w->answer_len = 100000;
  world_relay_start(w, seed);
  w->relay.loss = loss;
  w->relay.twice = w->relay.swap = loss > 0 ? 10 : 0;
  struct sockaddr_in address = world_relay_address(w);
  world_peer *client = world_connect_to(w, &address);
  world_run_until(w, &client->num_ready);
  world_stream *one = world_send(client, 30000, true), *two = world_send(client, 10, true);
  world_run_until_true(w, &one->is_fin_received);
  world_run_until_true(w, &two->is_fin_received);
  assert_int_equal(one->received, 100000);
  assert_int_equal(two->received, 100000);
  assert_int_equal(client->num_closed, 0);
}

static void test_loss_reordering_and_doubles_are_only_slow(void **state) {
  world *w = *state;
  static const unsigned losses[] = {0, 5, 15, 25};
  for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
    w->server_config.idle_ms = w->client_config.idle_ms = 30000;
    w->server_config.handshake_ms = w->client_config.handshake_ms = 30000;
    check_link(w, i, losses[i]);
    world_clear(w);
    world_init(w);
  }
}

static void flip(uint8_t *data, size_t *len) {
  if (dice(4) == 0) {
    data[dice((unsigned)*len)] ^= (uint8_t)(1 << dice(8));
  } else if (dice(20) == 0) {
    *len = 1 + dice((unsigned)*len);
  }
}

static void test_damaged_packets_are_as_good_as_lost(void **state) {
  world *w = *state;
  state_of_dice = 7;
  w->relay.change = flip;
  check_link(w, 1, 0);
}

// ---- strangers ---------------------------------------------------------------------------------

static void throw_at(const world *w, int fd, const uint8_t *data, size_t len) {
  (void)!sendto(fd, data, len, 0, (const struct sockaddr *)&w->address[0], sizeof w->address[0]);
}

static void check_still_serves(world *w) {
  world_peer *client = world_connect(w, 0);
  world_run_until(w, &client->num_ready);
  world_stream *s = world_send(client, 1000, true);
  world_run_until_true(w, &s->is_fin_received);
}

static void test_random_datagrams_make_no_connections(void **state) {
  world *w = *state;
  struct sockaddr_in ignored;
  uint8_t data[1500];
  int fd = world_socket(&ignored);
  state_of_dice = 11;
  world_start(w, 1);
  for (unsigned i = 0; i < 2000; i++) {
    size_t len = i % 2 ? 1 + dice(60) : 1200 + dice(300);
    for (size_t j = 0; j < len; j++) {
      data[j] = (uint8_t)dice(256);
    }
    if (i % 4 == 1) {
      memcpy(data + 1, "\0\0\0\1", 4);
      data[0] |= 0xc0;
    }
    throw_at(w, fd, data, len);
    if (i % 50 == 0) {
      world_run_for(w, 0.001);
    }
  }
  world_run_for(w, 0.01);
  assert_int_equal(w->num_peers, 0);
  assert_int_equal(quic_stack_num_connections(w->server[0]), 0);
  check_still_serves(w);
  close(fd);
}

// The first datagram of a client that nobody answers.
static size_t capture_initial(world *w, uint8_t *out, size_t out_len) {
  struct sockaddr_in address;
  int fd = world_socket(&address);
  world_peer *client = world_connect_to(w, &address);
  ssize_t n = -1;
  while (n < 0) {
    world_run_for(w, 0.001);
    n = recv(fd, out, out_len, MSG_DONTWAIT);
  }
  quic_discard(client->quic);
  client->quic = NULL;
  assert_ptr_equal(client, &w->peers[w->num_peers - 1]);
  w->num_peers--;
  close(fd);
  return (size_t)n;
}

static void test_initials_that_were_cut_or_changed_reach_no_owner(void **state) {
  world *w = *state;
  struct sockaddr_in ignored;
  uint8_t packet[1500], data[1500];
  int fd = world_socket(&ignored);
  state_of_dice = 13;
  w->server_config.handshake_ms = 1000;
  world_start(w, 1);
  size_t len = capture_initial(w, packet, sizeof packet);
  assert_true(len >= 1200);
  for (size_t cut = 1; cut < len; cut += 7) {
    throw_at(w, fd, packet, cut);
  }
  for (unsigned i = 0; i < 500; i++) {
    memcpy(data, packet, len);
    data[dice((unsigned)len)] ^= (uint8_t)(1 << dice(8));
    throw_at(w, fd, data, len);
    if (i % 50 == 0) {
      world_run_for(w, 0.001);
    }
  }
  world_run_for(w, 0.02);
  assert_int_equal(w->num_peers, 0);
  assert_int_equal(quic_stack_num_connections(w->server[0]), 0);
  throw_at(w, fd, packet, len); // it was a good one
  world_run_for(w, 0.02);
  assert_int_equal(w->num_peers, 1);
  assert_int_equal(w->server[0]->num_handshakes, 1);
  throw_at(w, fd, packet, len); // again: the same connection
  world_run_for(w, 0.02);
  assert_int_equal(w->num_peers, 1);
  world_run_until(w, &w->peers[0].num_closed);
  check_still_serves(w);
  close(fd);
}

static void test_many_half_open_connections_are_bounded_and_go(void **state) {
  world *w = *state;
  struct sockaddr_in ignored;
  uint8_t packet[1500];
  w->server_config.max_connections = 5;
  w->server_config.handshake_ms = 100;
  world_start(w, 1);
  for (unsigned i = 0; i < 12; i++) {
    size_t len = capture_initial(w, packet, sizeof packet);
    int fd = world_socket(&ignored);
    throw_at(w, fd, packet, len);
    close(fd);
    world_run_for(w, 0.002);
    assert_true(quic_stack_num_connections(w->server[0]) <= 5);
  }
  while (quic_stack_num_connections(w->server[0]) > 0) {
    world_run_for(w, 0.01);
  }
  assert_int_equal(w->server[0]->table.num, 0);
}

// A spoofer who sees nothing: packets for connections that do not exist, with IDs of ours.
static void test_stateless_resets_are_shorter_than_their_cause_and_rare(void **state) {
  world *w = *state;
  struct sockaddr_in ignored;
  uint8_t packet[100] = {0x40}, answer[1500];
  int fd = world_socket(&ignored);
  ngtcp2_cid cid;
  world_start(w, 1);
  assert_true(quic_ids_make(&w->server[0]->ids, &cid));
  memcpy(packet + 1, cid.data, cid.datalen);
  for (size_t len = 17; len <= 60; len++) {
    throw_at(w, fd, packet, len);
    world_run_for(w, 0.002);
    ssize_t n = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
    assert_true(n < (ssize_t)len);
    assert_true(len < 22 ? n == -1 : n >= 21);
  }
  unsigned num = 0;
  for (unsigned i = 0; i < 400; i++) {
    throw_at(w, fd, packet, 100);
    if (i % 20 == 0) {
      world_run_for(w, 0.001);
    }
  }
  world_run_for(w, 0.02);
  while (recv(fd, answer, sizeof answer, MSG_DONTWAIT) > 0) {
    num++;
  }
  assert_true(num > 0 && num < 250);
  close(fd);
}

// ---- a socket that takes no more ---------------------------------------------------------------

// Puts a socket of another kind, whose reader does not read, in the place of the client's; returns
// the client's own.
static int fill_socket(world_peer *client, int *out_reader) {
  int fds[2], fd = client->quic->own->fd, kept = dup(fd);
  assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds), 0);
  while (send(fds[0], "full", 4, MSG_DONTWAIT) > 0) {
  }
  assert_true(dup2(fds[0], fd) == fd);
  close(fds[0]);
  *out_reader = fds[1];
  return kept;
}

static void test_a_connection_waits_for_its_socket_and_goes_on(void **state) {
  world *w = *state;
  world_start(w, 1);
  world_peer *client = world_connect(w, 0);
  world_run_until(w, &client->num_ready);
  world_stream *s = world_send(client, 1000, false);
  world_run_for(w, 0.02);
  int reader, kept = fill_socket(client, &reader);
  s->to_send += 50000;
  quic_wake(client->quic);
  world_run_for(w, 0.02);
  quic_wake(client->quic);
  world_run_until_true(w, &client->quic->waits_for_socket);
  assert_false(quic_is_flushed(client->quic));
  assert_true(dup2(kept, client->quic->own->fd) >= 0);
  s->fin = true;
  quic_stack_resume(w->client, client->quic->own);
  world_run_until_true(w, &s->is_fin_received);
  close(reader);
  close(kept);
}

static void test_a_connection_that_waits_for_its_socket_still_notices_that_it_is_idle(
    void **state) {
  world *w = *state;
  w->client_config.idle_ms = 300;
  world_start(w, 1);
  world_peer *client = world_connect(w, 0);
  world_run_until(w, &client->num_ready);
  int reader, kept = fill_socket(client, &reader);
  (void)world_send(client, 50000, true);
  world_run_until(w, &client->num_closed);
  assert_int_equal(client->end.how, QUIC_END_IDLE);
  close(reader);
  close(kept);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_loss_reordering_and_doubles_are_only_slow, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_damaged_packets_are_as_good_as_lost, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_random_datagrams_make_no_connections, world_set_up,
                                      world_tear_down),
      cmocka_unit_test_setup_teardown(test_initials_that_were_cut_or_changed_reach_no_owner,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(test_many_half_open_connections_are_bounded_and_go,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(test_stateless_resets_are_shorter_than_their_cause_and_rare,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(test_a_connection_waits_for_its_socket_and_goes_on,
                                      world_set_up, world_tear_down),
      cmocka_unit_test_setup_teardown(
          test_a_connection_that_waits_for_its_socket_still_notices_that_it_is_idle, world_set_up,
          world_tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
