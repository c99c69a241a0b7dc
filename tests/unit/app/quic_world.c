// Clients and a server over loopback: see quic_world.h.
#include "quic_world.h"

#include "cmocka_test.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pki_fixture.h"

// ---- octets ------------------------------------------------------------------------------------

enum { PERIOD = 251, TABLE_LEN = 32768 };
static uint8_t table[TABLE_LEN + PERIOD]; // filled before any thread starts

static void fill_table(void) {
  for (size_t i = 0; i < sizeof table; i++) {
    table[i] = (uint8_t)(i % PERIOD);
  }
}

// ---- a side's events ---------------------------------------------------------------------------

world_stream *world_stream_of(world_peer *peer, int64_t id) {
  for (size_t i = 0; i < peer->num_streams; i++) {
    if (peer->streams[i].id == id) {
      return &peer->streams[i];
    }
  }
  assert_true(peer->num_streams < WORLD_STREAMS);
  peer->streams[peer->num_streams] = (world_stream){.id = id};
  return &peer->streams[peer->num_streams++];
}

static void on_start(void *user) {
  world_peer *peer = user;
  peer->num_started++;
  if (peer->is_server && peer->world->closes_at_start) {
    quic_close(peer->quic, 0x100, NULL);
  }
}

static void on_ready(void *user) {
  world_peer *peer = user;
  assert_int_equal(peer->num_started, 1);
  assert_true(quic_is_ready(peer->quic));
  peer->num_ready++;
}

static void on_received(void *user, int64_t id, codicil_span bytes, bool fin) {
  world_peer *peer = user;
  world_stream *stream = world_stream_of(peer, id);
  for (size_t i = 0; i < bytes.len; i++) {
    assert_int_equal(bytes.data[i], (stream->received + i) % PERIOD);
  }
  stream->received += bytes.len;
  stream->is_fin_received = stream->is_fin_received || fin;
  peer->num_early += !quic_is_ready(peer->quic);
  if (!peer->holds) {
    quic_consume(peer->quic, id, bytes.len);
  }
  if (fin && peer->is_server && (id & 3) == 0) {
    stream->to_send = peer->answer_len;
    stream->fin = true;
    quic_wake(peer->quic);
  }
}

static bool has_more(const world_stream *s) {
  return !s->is_blocked && !s->is_shut && (s->taken < s->to_send || (s->fin && !s->is_fin_taken));
}

static ngtcp2_ssize on_next(void *user, int64_t *id, int *fin, ngtcp2_vec *vec, size_t num) {
  world_peer *peer = user;
  assert_true(num >= 1);
  *id = -1;
  for (size_t i = 0; i < peer->num_streams; i++) {
    world_stream *s = &peer->streams[i];
    if (has_more(s)) {
      uint64_t left = s->to_send - s->taken;
      vec[0].base = table + s->taken % PERIOD;
      vec[0].len = left < TABLE_LEN ? (size_t)left : TABLE_LEN;
      *id = s->id;
      *fin = s->fin && vec[0].len == left;
      return left > 0;
    }
  }
  return 0;
}

static void on_sent(void *user, int64_t id, size_t len) {
  world_stream *s = world_stream_of(user, id);
  s->taken += len;
  s->is_fin_taken = s->fin && s->taken == s->to_send;
}

static void on_blocked(void *user, int64_t id) {
  world_stream_of(user, id)->is_blocked = true;
}

static void on_not_writable(void *user, int64_t id) {
  world_stream_of(user, id)->is_shut = true;
}

static void on_writable(void *user, int64_t id) {
  world_peer *peer = user;
  world_stream_of(peer, id)->is_blocked = false;
  quic_wake(peer->quic);
}

static void on_acked(void *user, int64_t id, uint64_t len) {
  world_stream *s = world_stream_of(user, id);
  s->acked += len;
  assert_true(s->acked <= s->taken);
}

static void on_was_reset(void *user, int64_t id, uint64_t code) {
  world_stream *s = world_stream_of(user, id);
  s->was_reset = true;
  s->reset_code = code;
}

static void on_was_stopped(void *user, int64_t id, uint64_t code) {
  (void)code;
  world_stream_of(user, id)->is_shut = true;
}

static void on_stream_closed(void *user, int64_t id, bool has_code, uint64_t code) {
  world_peer *peer = user;
  world_stream *s = world_stream_of(peer, id);
  s->is_closed = true;
  s->has_code = has_code;
  s->code = code;
  if (peer->is_server && (id & 3) == 0) {
    quic_extend_streams(peer->quic);
  }
}

static void on_more_streams(void *user) {
  ((world_peer *)user)->num_more_streams++;
}

static void on_closed(void *user) {
  world_peer *peer = user;
  peer->num_closed++;
  peer->end = *quic_connection_end(peer->quic);
  quic_connection_stats(peer->quic, &peer->stats);
  peer->quic = NULL;
}

static const quic_handler events = {
    .start = on_start,
    .ready = on_ready,
    .received = on_received,
    .next = on_next,
    .sent = on_sent,
    .blocked = on_blocked,
    .not_writable = on_not_writable,
    .writable = on_writable,
    .acked = on_acked,
    .was_reset = on_was_reset,
    .was_stopped = on_was_stopped,
    .stream_closed = on_stream_closed,
    .more_streams = on_more_streams,
    .closed = on_closed,
};

// ---- the world ---------------------------------------------------------------------------------

static void write_file(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

static size_t choose(void *ctx, const char *server_name) {
  (void)ctx;
  (void)server_name;
  return 0;
}

static bool judge(void *user, const codicil_chain_entry *chain, size_t num_entries) {
  (void)chain;
  assert_true(num_entries > 0);
  return ((world *)user)->judgement;
}

static void make_tls(world *w) {
  app_error err = {""};
  pki_cert *root = pki_root("root");
  pki_cert *leaf = pki_leaf(root, "DNS:a.example");
  char *pem = pki_chain_pem(leaf, root);
  strcpy(w->dir, "/tmp/quic_world.XXXXXX");
  assert_non_null(mkdtemp(w->dir));
  snprintf(w->certificate, sizeof w->certificate, "%s/cert.pem", w->dir);
  snprintf(w->key, sizeof w->key, "%s/key.pem", w->dir);
  write_file(w->certificate, pem);
  write_file(w->key, leaf->key_pem);
  free(pem);
  pki_free(leaf);
  pki_free(root);
  quic_tls_site site = {w->certificate, w->key, {NULL, 0}, {1}};
  quic_tls_server_config server = {.sites = &site, .num_sites = 1, .choose = choose};
  if (!quic_tls_server_new(&w->server_tls, &server, &err) ||
      !quic_tls_client_new(&w->client_tls, &(quic_tls_client_config){judge}, &err)) {
    fail_msg("%s", err.text);
  }
}

void world_init_bare(world *w) {
  app_error err = {""};
  memset(w, 0, sizeof *w);
  fill_table();
  w->judgement = true;
  w->relay.front = w->relay.back = -1;
  w->server_config = (quic_config){.max_streams = 8,
                                   .stream_window = 65536,
                                   .connection_window = 1 << 18,
                                   .handshake_ms = 5000,
                                   .idle_ms = 10000,
                                   .retry_from = 1000,
                                   .max_connections = 100};
  w->client_config = w->server_config;
  w->client_config.max_streams = 0;
  assert_true(io_loop_init(&w->loop, &err));
}

void world_init(world *w) {
  world_init_bare(w);
  make_tls(w);
}

bool world_accept(void *user, quic_connection *quic, const quic_handler **out_handler,
                  void **out_user) {
  world *w = user;
  assert_true(w->num_peers < WORLD_PEERS);
  world_peer *peer = &w->peers[w->num_peers++];
  *peer = (world_peer){.world = w, .quic = quic, .is_server = true, .is_refused = w->refuses};
  peer->answer_len = w->answer_len;
  peer->holds = w->server_holds;
  if (w->refuses) {
    peer->quic = NULL;
    return false;
  }
  *out_handler = &events;
  *out_user = peer;
  return true;
}

static void share(int fd) {
  int yes = 1;
  assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes), 0);
}

int world_socket(struct sockaddr_in *out) {
  *out = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  return world_shared_socket(out);
}

// To a socket that may share its port the kernel gives one that others have who may, too: those of
// another test, which would lose clients to this one. So the first one comes by its port alone.
int world_shared_socket(struct sockaddr_in *out) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  bool is_first = out->sin_port == 0;
  socklen_t len = sizeof *out;
  assert_true(fd >= 0);
  if (!is_first) {
    share(fd);
  }
  assert_int_equal(bind(fd, (struct sockaddr *)out, len), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)out, &len), 0);
  if (is_first) {
    share(fd);
  }
  return fd;
}

void world_start(world *w, size_t num_workers) {
  app_error err = {""};
  w->num_workers = num_workers;
  assert_true(quic_shared_new(&w->shared, num_workers, &err));
  for (size_t i = 0; i < num_workers; i++) {
    assert_true(quic_stack_new(&w->server[i], &w->loop, &w->server_config, w->shared, i,
                               w->server_tls, &err));
    int fd = world_socket(&w->address[i]);
    assert_true(quic_stack_listen(w->server[i], fd, world_accept, w, &err));
  }
  assert_true(quic_stack_new(&w->client, &w->loop, &w->client_config, NULL, 0, NULL, &err));
}

void world_clear(world *w) {
  for (size_t i = 0; i < w->num_peers; i++) {
    if (w->peers[i].quic) {
      quic_discard(w->peers[i].quic);
    }
  }
  if (w->relay.front >= 0) {
    ev_io_stop(w->loop.ev, &w->relay.front_io);
    ev_io_stop(w->loop.ev, &w->relay.back_io);
    close(w->relay.front);
    close(w->relay.back);
  }
  quic_stack_free(w->client);
  for (size_t i = 0; i < w->num_workers; i++) {
    quic_stack_free(w->server[i]);
  }
  quic_shared_free(w->shared);
  quic_tls_context_free(w->server_tls);
  quic_tls_context_free(w->client_tls);
  io_loop_clear(&w->loop);
  if (w->dir[0] != '\0') {
    unlink(w->certificate);
    unlink(w->key);
    rmdir(w->dir);
  }
}

int world_set_up(void **state) {
  world *w = malloc(sizeof *w);
  world_init(w);
  *state = w;
  return 0;
}

int world_tear_down(void **state) {
  world_clear(*state);
  free(*state);
  return 0;
}

world_peer *world_connect_to(world *w, const struct sockaddr_in *address) {
  app_error err = {""};
  io_address remote = {.len = sizeof *address};
  memcpy(&remote.storage, address, sizeof *address);
  assert_true(w->num_peers < WORLD_PEERS);
  world_peer *peer = &w->peers[w->num_peers++];
  *peer = (world_peer){.world = w};
  peer->quic = quic_connect(w->client, w->client_tls, "a.example", &remote, &events, peer, w, &err);
  if (!peer->quic) {
    fail_msg("%s", err.text);
  }
  return peer;
}

world_peer *world_connect(world *w, size_t worker) {
  return world_connect_to(w, &w->address[worker]);
}

world_peer *world_last_server(world *w) {
  for (size_t i = w->num_peers; i-- > 0;) {
    if (w->peers[i].is_server) {
      return &w->peers[i];
    }
  }
  fail_msg("no connection was accepted");
  return NULL;
}

world_peer *world_connect_ready(world *w) {
  world_peer *client = world_connect(w, 0);
  world_run_until(w, &client->num_ready);
  world_peer *server = world_last_server(w);
  world_run_until(w, &server->num_ready);
  return client;
}

// ---- time --------------------------------------------------------------------------------------

static void on_tick(struct ev_loop *ev, ev_timer *watcher, int revents) {
  (void)ev;
  (void)watcher;
  (void)revents;
}

// What is waited for may come at the end of a turn, after which the loop would sleep: a tick wakes
// it.
static bool run(world *w, const unsigned *number, const bool *flag, double seconds) {
  enum { TICKS_A_SECOND = 1000 };
  ev_now_update(w->loop.ev);
  double until = ev_now(w->loop.ev) + seconds;
  ev_timer_init(&w->tick, on_tick, 1. / TICKS_A_SECOND, 1. / TICKS_A_SECOND);
  ev_timer_start(w->loop.ev, &w->tick);
  // Where the machine was busy with others, time alone says nothing: turns count, too.
  bool is_true = false;
  for (double turns = 0;
       !is_true && (ev_now(w->loop.ev) < until || turns < seconds * TICKS_A_SECOND); turns++) {
    ev_run(w->loop.ev, EVRUN_ONCE);
    is_true = (number && *number) || (flag && *flag);
  }
  ev_timer_stop(w->loop.ev, &w->tick);
  return is_true;
}

void world_run_until(world *w, const unsigned *is_true) {
  assert_true(run(w, is_true, NULL, 30));
}

void world_run_until_true(world *w, const bool *is_true) {
  assert_true(run(w, NULL, is_true, 30));
}

void world_run_for(world *w, double seconds) {
  (void)run(w, NULL, NULL, seconds);
}

world_stream *world_send(world_peer *peer, uint64_t len, bool fin) {
  int64_t id = quic_open_bidi(peer->quic);
  assert_true(id >= 0);
  world_stream *s = world_stream_of(peer, id);
  s->to_send = len;
  s->fin = fin;
  quic_wake(peer->quic);
  return s;
}

// ---- the relay ---------------------------------------------------------------------------------

static unsigned roll(world_relay *r) {
  r->seed = r->seed * 6364136223846793005 + 1442695040888963407;
  return (unsigned)(r->seed >> 33) % 100;
}

static void pass(world_relay *r, bool to_server, const uint8_t *data, size_t len) {
  if (r->rebinds_after > 0 && r->num_passed >= r->rebinds_after) {
    r->rebinds_after = 0;
    world_relay_rebind(r->world);
  }
  r->num_passed++;
  if (to_server) {
    (void)!sendto(r->back, data, len, 0, (struct sockaddr *)&r->target, sizeof r->target);
  } else {
    (void)!sendto(r->front, data, len, 0, (struct sockaddr *)&r->client, r->client_len);
  }
}

static void carry(world_relay *r, bool to_server, uint8_t *data, size_t len) {
  if (to_server && r->change) {
    r->change(data, &len);
  }
  if (roll(r) < r->loss || (!to_server && r->is_deaf)) {
    r->num_lost++;
    return;
  }
  if (r->held_len[to_server] == 0 && roll(r) < r->swap) {
    memcpy(r->held[to_server], data, len);
    r->held_len[to_server] = len;
    return;
  }
  pass(r, to_server, data, len);
  if (roll(r) < r->twice) {
    pass(r, to_server, data, len);
  }
  if (r->held_len[to_server] > 0) {
    pass(r, to_server, r->held[to_server], r->held_len[to_server]);
    r->held_len[to_server] = 0;
  }
}

static void on_relay(struct ev_loop *ev, ev_io *watcher, int revents) {
  (void)ev;
  (void)revents;
  world_relay *r = watcher->data;
  bool to_server = watcher == &r->front_io;
  static uint8_t data[65536];
  struct sockaddr_storage from;
  socklen_t from_len = sizeof from;
  ssize_t n;
  while ((n = recvfrom(watcher->fd, data, sizeof data, 0, (struct sockaddr *)&from, &from_len)) >
         0) {
    if (to_server) {
      r->client = from;
      r->client_len = from_len;
    }
    carry(r, to_server, data, (size_t)n);
    from_len = sizeof from;
  }
}

static void watch(world_relay *r, ev_io *io, int fd) {
  ev_io_init(io, on_relay, fd, EV_READ);
  io->data = r;
  ev_io_start(r->world->loop.ev, io);
}

void world_relay_start(world *w, uint64_t seed) {
  struct sockaddr_in ignored;
  world_relay *r = &w->relay;
  r->world = w;
  r->seed = seed;
  r->target = w->address[0];
  r->front = world_socket(&ignored);
  r->back = world_socket(&ignored);
  watch(r, &r->front_io, r->front);
  watch(r, &r->back_io, r->back);
}

void world_relay_rebind(world *w) {
  struct sockaddr_in ignored;
  world_relay *r = &w->relay;
  int fresh = world_socket(&ignored); // before the old one goes: another port
  ev_io_stop(w->loop.ev, &r->back_io);
  close(r->back);
  r->back = fresh;
  watch(r, &r->back_io, r->back);
}

struct sockaddr_in world_relay_address(const world *w) {
  struct sockaddr_in address;
  socklen_t len = sizeof address;
  assert_int_equal(getsockname(w->relay.front, (struct sockaddr *)&address, &len), 0);
  return address;
}
