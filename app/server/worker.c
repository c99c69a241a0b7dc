// One thread of the server: see worker.h.
#include "server/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPTS_A_TURN = 64, NS_PER_MS = 1000000, MAX_TICK_MS = 1000, MIN_TICK_MS = 20 };
// Between the GOAWAY that still admits requests under way and the one that does not.
enum { LAST_REQUESTS_MS = 100 };

// ---- connections
// ---------------------------------------------------------------------------------------------

void worker_add(worker *w, connection *c) {
  c->older = w->connections;
  c->newer = NULL;
  if (c->older) {
    c->older->newer = c;
  }
  w->connections = c;
  w->num_connections++;
}

uint16_t worker_public_port(const worker *w, const io_address *local) {
  return w->config->public_port > 0 ? w->config->public_port : io_address_port(local);
}

static void pause_listening(worker *w) {
  for (size_t i = 0; i < w->num_listeners; i++) {
    ev_io_stop(w->loop.ev, &w->listeners[i].io);
  }
}

static void resume_listening(worker *w) {
  if (w->stopping_ns > 0 ||
      w->num_connections >= w->config->limits.limit[SERVER_LIMIT_CONNECTIONS]) {
    return;
  }
  for (size_t i = 0; i < w->num_listeners; i++) {
    ev_io_start(w->loop.ev, &w->listeners[i].io);
  }
}

static void unqueue(worker *w, const connection *c) {
  connection **link = &w->first_to_sign;
  connection *before = NULL;
  while (*link && *link != c) {
    before = *link;
    link = &before->next_to_sign;
  }
  if (*link) {
    *link = c->next_to_sign;
    w->last_to_sign = w->last_to_sign == c ? before : w->last_to_sign;
  }
}

static void end_if_drained(worker *w) {
  if (w->stopping_ns > 0 && w->num_connections == 0) {
    ev_break(w->loop.ev, EVBREAK_ALL);
  }
}

void worker_remove(worker *w, connection *c) {
  *(c->newer ? &c->newer->older : &w->connections) = c->older;
  if (c->older) {
    c->older->newer = c->newer;
  }
  if (c->is_queued_to_sign) {
    unqueue(w, c);
  }
  w->num_connections--;
  end_if_drained(w);
}

// Without descriptors, or at the limit, nothing is accepted until the next tick: clients wait in
// the kernel's queue.
static void on_accept(struct ev_loop *ev, ev_io *watcher, int events) {
  (void)ev;
  (void)events;
  worker_listener *l = watcher->data;
  worker *w = l->worker;
  for (int i = 0; i < ACCEPTS_A_TURN; i++) {
    io_address peer = {.len = sizeof peer.storage};
    if (w->num_connections >= w->config->limits.limit[SERVER_LIMIT_CONNECTIONS]) {
      pause_listening(w);
      return;
    }
    int fd = accept4(watcher->fd, (struct sockaddr *)&peer.storage, &peer.len,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      connection_h2_accept(w, fd, &peer, l->port, codicil_span_of(l->alt_svc, strlen(l->alt_svc)));
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      pause_listening(w);
      return;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    }
  }
}

// ---- signing
// -------------------------------------------------------------------------------------------------

void worker_queue_signature(worker *w, connection *c) {
  if (c->is_queued_to_sign) {
    return;
  }
  c->is_queued_to_sign = true;
  c->next_to_sign = NULL;
  *(w->last_to_sign ? &w->last_to_sign->next_to_sign : &w->first_to_sign) = c;
  w->last_to_sign = c;
  ev_prepare_start(w->loop.ev, &w->sign);
  ev_idle_start(w->loop.ev, &w->sign_soon);
}

// The last thing in a turn, before the loop looks for news.
static void on_sign(struct ev_loop *ev, ev_prepare *watcher, int events) {
  (void)events;
  worker *w = watcher->data;
  connection *c = w->first_to_sign;
  if (c) {
    unqueue(w, c);
    c->is_queued_to_sign = false;
    c->version->sign(c);
  }
  if (!w->first_to_sign) {
    ev_prepare_stop(ev, watcher);
    ev_idle_stop(ev, &w->sign_soon);
  }
}

// Only keeps the loop from sleeping.
static void on_idle(struct ev_loop *ev, ev_idle *watcher, int events) {
  (void)ev;
  (void)watcher;
  (void)events;
}

// ---- time
// ----------------------------------------------------------------------------------------------------

static void update_date(worker *w) {
  if (w->loop.now.unix_s != w->date_s) {
    w->date_s = w->loop.now.unix_s;
    http_date_format(w->date, w->date_s);
  }
}

// Ends at once, and remembers whether anything was lost by it.
static void cut_off(worker *w) {
  for (const connection *c = w->connections; c; c = c->older) {
    w->has_cut_off |= c->num_streams > 0 || c->version->has_unsent(c);
  }
  ev_break(w->loop.ev, EVBREAK_ALL);
}

// Since the first GOAWAY, for requests that were on their way; never for 0.
static bool has_waited(const worker *w, uint64_t since_ns) {
  return since_ns > 0 && w->loop.now.mono_ns - since_ns >= LAST_REQUESTS_MS * (uint64_t)NS_PER_MS;
}

static void drain(worker *w) {
  uint64_t since_ms = (w->loop.now.mono_ns - w->stopping_ns) / NS_PER_MS;
  if (!w->has_said_last && has_waited(w, w->stopping_ns)) {
    w->has_said_last = true;
    for (connection *c = w->connections; c; c = c->older) {
      c->version->finish_end(c);
    }
  }
  if (since_ms >= w->config->limits.timeout_ms[SERVER_TIMEOUT_DRAIN]) {
    cut_off(w);
  }
}

static void on_tick(struct ev_loop *ev, ev_timer *watcher, int events) {
  (void)ev;
  (void)events;
  worker *w = watcher->data;
  update_date(w);
  for (connection *c = w->connections; c; c = c->older) {
    c->version->check_time(c); // ends come later, from the loop
    if (has_waited(w, c->leaving_ns)) {
      c->version->finish_end(c);
    }
  }
  access_log_flush(&w->log);
  resume_listening(w);
  if (w->stopping_ns > 0) {
    drain(w);
  }
}

static double tick_s(const server_config *config) {
  uint64_t least_ms = (uint64_t)MAX_TICK_MS * 4;
  for (size_t i = 0; i < SERVER_NUM_TIMEOUTS; i++) {
    uint64_t timeout_ms = config->limits.timeout_ms[i];
    least_ms = timeout_ms < least_ms ? timeout_ms : least_ms;
  }
  uint64_t tick_ms = least_ms / 4 < MIN_TICK_MS ? MIN_TICK_MS : least_ms / 4;
  return (double)tick_ms / 1000;
}

// ---- the thread
// ----------------------------------------------------------------------------------------------

static void close_listeners(worker *w) {
  pause_listening(w);
  for (size_t i = 0; i < w->num_listeners; i++) {
    close(w->listeners[i].io.fd);
  }
  w->num_listeners = 0;
  http3_worker_stop_accepting(w->http3);
}

static void on_stop(struct ev_loop *ev, ev_async *watcher, int events) {
  (void)events;
  worker *w = watcher->data;
  if (atomic_load(&w->num_stops) > 1) {
    cut_off(w);
    return;
  }
  w->stopping_ns = w->loop.now.mono_ns;
  close_listeners(w);
  for (connection *c = w->connections; c; c = c->older) {
    c->version->begin_end(c);
  }
  ev_timer_stop(ev, &w->tick);
  ev_timer_set(&w->tick, LAST_REQUESTS_MS / 1000.0, MIN_TICK_MS / 1000.0);
  ev_timer_start(ev, &w->tick);
  end_if_drained(w);
}

static void on_plan(struct ev_loop *ev, ev_async *watcher, int events) {
  (void)ev;
  (void)events;
  worker *w = watcher->data;
  server_plan *plan = atomic_exchange(&w->next_plan, NULL);
  if (!plan) {
    return;
  }
  secondary_set_plan(w->secondary, plan);
  for (connection *c = w->connections; c; c = c->older) {
    connection_take_plan(c);
  }
}

// Every UDP socket beside one of TCP's. One that a QUIC stack has taken is the listener's no more.
static bool listen_on_udp(worker *w, listener *listeners, size_t num_listeners, size_t index,
                          app_error *err) {
  for (size_t i = 0; w->http3 && i < num_listeners; i++) {
    if (!http3_worker_listen(w->http3, listeners[i].udp[index], err)) {
      return false;
    }
    listeners[i].udp[index] = -1;
  }
  return true;
}

static void set_alt_svc(worker_listener *l, const worker *w) {
  if (w->http3 && w->config->alt_svc_max_age_s > 0) {
    snprintf(l->alt_svc, sizeof l->alt_svc, "h3=\":%u\"; ma=%llu", (unsigned)l->port,
             (unsigned long long)w->config->alt_svc_max_age_s);
  }
}

static void watch(worker *w, const listener *listeners, size_t num_listeners, size_t index) {
  double every_s = tick_s(w->config);
  w->num_listeners = num_listeners;
  for (size_t i = 0; i < num_listeners; i++) {
    worker_listener *l = &w->listeners[i];
    l->worker = w;
    l->port = worker_public_port(w, &listeners[i].address);
    set_alt_svc(l, w);
    ev_io_init(&l->io, on_accept, listeners[i].sockets[index], EV_READ);
    l->io.data = l;
    ev_io_start(w->loop.ev, &l->io);
  }
  ev_timer_init(&w->tick, on_tick, every_s, every_s);
  ev_prepare_init(&w->sign, on_sign);
  ev_idle_init(&w->sign_soon, on_idle);
  ev_async_init(&w->stop, on_stop);
  ev_async_init(&w->plan_news, on_plan);
  w->tick.data = w->sign.data = w->stop.data = w->plan_news.data = w;
  ev_timer_start(w->loop.ev, &w->tick);
  ev_async_start(w->loop.ev, &w->stop);
  ev_async_start(w->loop.ev, &w->plan_news);
}

bool worker_init(worker *w, const server_config *config, const site_table *sites, server_plan *plan,
                 http3_server *http3, listener *listeners, size_t num_listeners, size_t index,
                 size_t num_workers, int log_fd, app_error *err) {
  memset(w, 0, sizeof *w);
  w->config = config;
  w->sites = sites;
  w->next_id = index;
  w->id_step = num_workers;
  w->mem = io_pool_mem(&w->loop.pool);
  if (!io_loop_init(&w->loop, err) ||
      !secondary_shared_new(&w->secondary, config, sites, plan, &w->loop, err)) {
    worker_clear(w);
    return false;
  }
  w->listeners = calloc(num_listeners, sizeof *w->listeners);
  w->files = file_cache_new((size_t)config->limits.limit[SERVER_LIMIT_FILE_CACHE]);
  w->file_space = malloc(IO_RECORD_LEN);
  if (!w->listeners || !w->files || !w->file_space ||
      !connection_h2_prepare(&w->callbacks, &w->option, config) ||
      !access_log_init(&w->log, log_fd, config->access_log_is_json)) {
    worker_clear(w);
    return app_fail(err, "out of memory");
  }
  if (!http3_worker_new(&w->http3, http3, w, index, err) ||
      !listen_on_udp(w, listeners, num_listeners, index, err)) {
    worker_clear(w);
    return false;
  }
  update_date(w);
  watch(w, listeners, num_listeners, index);
  return true;
}

void worker_clear(worker *w) {
  while (w->connections) {
    w->connections->version->discard(w->connections);
  }
  while (w->free_requests) {
    request *next = w->free_requests->next;
    free(w->free_requests);
    w->free_requests = next;
  }
  if (w->loop.ev) {
    close_listeners(w);
  }
  http3_worker_free(w->http3);
  access_log_clear(&w->log);
  file_cache_free(w->files);
  free(w->file_space);
  free(w->listeners);
  nghttp2_session_callbacks_del(w->callbacks);
  nghttp2_option_del(w->option);
  secondary_shared_free(w->secondary);
  server_plan_release(atomic_load(&w->next_plan));
  if (w->loop.ev) {
    io_loop_clear(&w->loop);
  }
  memset(w, 0, sizeof *w);
}

// Another worker may have to drain for a while yet. Packets for it, and those of new clients, must
// not come to a socket that nobody reads.
void worker_run(worker *w) {
  ev_run(w->loop.ev, 0);
  if (w->num_connections == 0) {
    http3_worker_free(w->http3);
    w->http3 = NULL;
  }
}

void worker_stop(worker *w) {
  atomic_fetch_add(&w->num_stops, 1);
  ev_async_send(w->loop.ev, &w->stop);
}

void worker_set_plan(worker *w, server_plan *plan) {
  server_plan_release(atomic_exchange(&w->next_plan, server_plan_hold(plan)));
  ev_async_send(w->loop.ev, &w->plan_news);
}
