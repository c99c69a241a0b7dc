// One thread of the server: a loop, its share of the connections, and what they have in common.
#ifndef APP_SERVER_WORKER_H
#define APP_SERVER_WORKER_H

#include <nghttp2/nghttp2.h>
#include <pthread.h>
#include <stdatomic.h>

#include "io/loop.h"
#include "server/access_log.h"
#include "server/config.h"
#include "server/connection.h"
#include "server/connection_h2.h"
#include "server/file_cache.h"
#include "server/http3.h"
#include "server/listener.h"
#include "server/secondary.h"
#include "server/site.h"

typedef struct worker_listener {
  ev_io io;
  struct worker *worker;
  uint16_t port;    // that clients know
  char alt_svc[64]; // for them; empty: none
} worker_listener;

typedef struct worker {
  io_loop loop;
  const server_config *config; // shared, read-only
  const site_table *sites;     // shared, read-only
  secondary_shared *secondary;
  nghttp2_session_callbacks *callbacks;
  nghttp2_option *option;
  nghttp2_mem mem;
  file_cache *files;
  uint8_t *file_space; // IO_RECORD_LEN
  access_log log;
  char date[HTTP_DATE_LEN + 1]; // of this second
  int64_t date_s;
  request *free_requests;
  connection *connections; // newest first
  size_t num_connections;
  uint64_t next_id, id_step; // of connections: no two workers give the same
  http3_worker *http3;       // NULL where only HTTP/2 is served
  worker_listener *listeners;
  size_t num_listeners;
  ev_timer tick;
  // Connections that want signatures, in turn: see worker_queue_signature.
  connection *first_to_sign, *last_to_sign;
  ev_prepare sign;
  ev_idle sign_soon;
  // From the supervisor's thread.
  ev_async stop, plan_news;
  _Atomic(server_plan *) next_plan; // a reference that nobody took yet, or NULL
  atomic_uint num_stops;            // two may come as one event
  uint64_t stopping_ns;             // when the drain began; 0 before
  bool has_said_last;               // the second GOAWAY is out
  bool has_cut_off;                 // streams were open when it ended
  pthread_t thread;
} worker;

// Prepares worker `index`, and takes its sockets of the listeners: TCP's on success only. `http3`
// may be NULL. The arguments are borrowed for its life.
CODICIL_MUST_USE bool worker_init(worker *w, const server_config *config, const site_table *sites,
                                  server_plan *plan, http3_server *http3, listener *listeners,
                                  size_t num_listeners, size_t index, size_t num_workers,
                                  int log_fd, app_error *err);
void worker_clear(worker *w);
// Serves until stopped and drained.
void worker_run(worker *w);
// From any thread: the first call drains, a second one ends at once.
void worker_stop(worker *w);
// From one other thread at a time: new connections are under `plan`, and connections on which a
// certificate was proven that it says is blocked end, as soon as their requests are answered.
void worker_set_plan(worker *w, server_plan *plan);

// For connections. The port that clients know, of those that were accepted on `local`.
uint16_t worker_public_port(const worker *w, const io_address *local);
void worker_add(worker *w, connection *c);
void worker_remove(worker *w, connection *c);
// Asks for a turn of secondary_sign_one. One signature is made a turn of the loop, after everything
// that came in has been answered, so that neither this connection's responses nor others' wait.
void worker_queue_signature(worker *w, connection *c);

#endif
