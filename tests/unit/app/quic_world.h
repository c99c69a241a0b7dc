// A QUIC server and clients in one process and one loop, over loopback sockets with ports that the
// kernel chooses; and a relay between them that loses, doubles, reorders and moves.
#ifndef CODICIL_TESTS_QUIC_WORLD_H
#define CODICIL_TESTS_QUIC_WORLD_H

#include "io/quic.h"

enum { WORLD_STREAMS = 12, WORLD_PEERS = 40, WORLD_WORKERS = 2 };

typedef struct world world;

// One stream of one side. Its octets follow from their offset, so that the other side can check.
typedef struct world_stream {
  int64_t id;
  uint64_t to_send, taken, acked, received;
  bool fin, is_fin_taken, is_fin_received; // `fin`: after `to_send`
  bool is_blocked, is_shut;
  bool was_reset, is_closed, has_code;
  uint64_t reset_code, code;
} world_stream;

// One side of one connection.
typedef struct world_peer {
  world *world;
  quic_connection *quic; // NULL after `closed`
  bool is_server, is_refused;
  world_stream streams[WORLD_STREAMS];
  size_t num_streams;
  uint64_t answer_len; // a server: octets that it answers on a stream that ends
  bool holds;          // gives no window back
  unsigned num_started, num_ready, num_closed, num_more_streams, num_early;
  quic_end end;
  quic_stats stats;
} world_peer;

// A relay: clients speak to `front`; it speaks to `target` from a socket of its own.
typedef struct world_relay {
  world *world;
  int front, back;
  ev_io front_io, back_io;
  struct sockaddr_storage client;
  socklen_t client_len;
  struct sockaddr_in target;
  uint64_t seed;
  unsigned loss, twice, swap; // per cent
  bool is_deaf;               // towards the client
  uint8_t held[2][65536];     // one datagram a direction, to come after the next one
  size_t held_len[2];
  unsigned num_passed, num_lost;
  unsigned rebinds_after;                     // datagrams passed; 0: does not
  void (*change)(uint8_t *data, size_t *len); // of datagrams to the server; optional
} world_relay;

struct world {
  io_loop loop;
  char dir[64], certificate[96], key[96];
  quic_tls_context *server_tls, *client_tls;
  bool judgement;
  quic_config server_config, client_config;
  quic_shared *shared;
  size_t num_workers;
  quic_stack *server[WORLD_WORKERS], *client;
  struct sockaddr_in address[WORLD_WORKERS];
  bool refuses, closes_at_start; // the server
  uint64_t answer_len;
  bool server_holds;
  world_peer peers[WORLD_PEERS];
  size_t num_peers;
  world_relay relay;
  ev_timer tick;
};

// Sets up one worker with the usual configuration; world_start makes the stacks after the test has
// changed what it wants to.
void world_init(world *w);
// The same without TLS.
void world_init_bare(world *w);
void world_start(world *w, size_t num_workers);
void world_clear(world *w);
// Of a test whose *state is a world that has not started.
int world_set_up(void **state);
int world_tear_down(void **state);
// Opens a client's connection to a worker, or to the relay.
world_peer *world_connect(world *w, size_t worker);
world_peer *world_connect_to(world *w, const struct sockaddr_in *address);
// Opens a connection to the first worker; both sides are ready.
world_peer *world_connect_ready(world *w);
// The server's side of the connection of which `client` is the other: the last one accepted.
world_peer *world_last_server(world *w);
// Runs the loop until `*is_true` is not 0; a test that waits for ten seconds has failed.
void world_run_until(world *w, const unsigned *is_true);
void world_run_until_true(world *w, const bool *is_true);
void world_run_for(world *w, double seconds);
// Opens a stream and sends that many octets on it.
world_stream *world_send(world_peer *peer, uint64_t len, bool fin);
world_stream *world_stream_of(world_peer *peer, int64_t id);

void world_relay_start(world *w, uint64_t seed);
// The client moves: the server sees another port.
void world_relay_rebind(world *w);
struct sockaddr_in world_relay_address(const world *w);
// A socket on a free port of the loopback interface.
int world_socket(struct sockaddr_in *out);
// The same on `address`; with port 0 it is told which. Others may have it, too.
int world_shared_socket(struct sockaddr_in *address);
// The accept of a server, with a world.
quic_accept world_accept;

#endif
