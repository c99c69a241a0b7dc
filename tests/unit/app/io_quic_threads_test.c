// Two workers in threads of their own on one port: a client that moves reaches the wrong one, again
// and again.
#include "cmocka_test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "quic_world.h"

// A worker of `main`'s server with a loop and a world of its own.
typedef struct worker {
  world world;
  size_t index;
  pthread_t thread;
  ev_async stop;
} worker;

static void on_stop(struct ev_loop *ev, ev_async *watcher, int revents) {
  (void)watcher;
  (void)revents;
  ev_break(ev, EVBREAK_ALL);
}

static void *run_worker(void *arg) {
  worker *w = arg;
  ev_run(w->world.loop.ev, 0);
  return NULL;
}

static void start_worker(worker *w, size_t index, const world *main, struct sockaddr_in *address) {
  app_error err = {""};
  world_init_bare(&w->world);
  w->index = index;
  assert_true(quic_stack_new(&w->world.server[0], &w->world.loop, &w->world.server_config,
                             main->shared, index, main->server_tls, &err));
  w->world.num_workers = 1;
  assert_true(quic_stack_listen(w->world.server[0], world_shared_socket(address), world_accept,
                                &w->world, &err));
  ev_async_init(&w->stop, on_stop);
  ev_async_start(w->world.loop.ev, &w->stop);
  assert_int_equal(pthread_create(&w->thread, NULL, run_worker, w), 0);
}

static void stop_worker(worker *w) {
  ev_async_send(w->world.loop.ev, &w->stop);
  assert_int_equal(pthread_join(w->thread, NULL), 0);
}

static void test_packets_find_their_worker_from_every_port(void **state) {
  enum { WORKERS = 2, MOVES = 12 };
  (void)state;
  app_error err = {""};
  world *main = malloc(sizeof *main);
  worker *workers = calloc(WORKERS, sizeof *workers);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  world_init(main);
  world_start(main, 0); // the client
  quic_shared_free(main->shared);
  assert_true(quic_shared_new(&main->shared, WORKERS, &err));
  for (size_t i = 0; i < WORKERS; i++) {
    start_worker(&workers[i], i, main, &address);
  }
  main->address[0] = address;
  world_relay_start(main, 1);
  struct sockaddr_in front = world_relay_address(main);
  world_peer *client = world_connect_to(main, &front);
  world_run_until(main, &client->num_ready);
  world_stream *s = world_send(client, 1000, false);
  for (unsigned i = 0; i < MOVES; i++) {
    s->to_send += 3000;
    quic_wake(client->quic);
    while (s->acked < s->to_send) {
      world_run_for(main, 0.001);
      assert_int_equal(client->num_closed, 0);
    }
    world_relay_rebind(main);
  }
  for (size_t i = 0; i < WORKERS; i++) {
    stop_worker(&workers[i]);
  }
  assert_int_equal(workers[0].world.num_peers + workers[1].world.num_peers, 1);
  for (size_t i = 0; i < WORKERS; i++) {
    world_clear(&workers[i].world);
  }
  world_clear(main);
  free(workers);
  free(main);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_packets_find_their_worker_from_every_port),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
