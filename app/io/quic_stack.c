// One thread's QUIC: sockets, the turn of the loop, what is shared by its connections.
//
// Connections are woken while events run and written in an ev_prepare, the last thing before the
// loop sleeps: so that packets of a turn go out together, and no function of quic.h calls back. A
// handshake's are written at once: it costs as much as hundreds of requests, and the next client's
// would make this one wait.
#include "io/quic_stack.h"

#include <stdlib.h>
#include <string.h>

#include "io/clock.h"
#include "io/quic_connection.h"

// ---- queues ------------------------------------------------------------------------------------

void quic_queue_add(quic_queue *queue, quic_connection *c) {
  c->queue = queue;
  c->before = queue->last;
  c->after = NULL;
  if (queue->last) {
    queue->last->after = c;
  } else {
    queue->first = c;
  }
  queue->last = c;
}

void quic_queue_remove(quic_connection *c) {
  if (!c->queue) {
    return;
  }
  if (c->before) {
    c->before->after = c->after;
  } else {
    c->queue->first = c->after;
  }
  if (c->after) {
    c->after->before = c->before;
  } else {
    c->queue->last = c->before;
  }
  c->queue = NULL;
}

// ---- time --------------------------------------------------------------------------------------

static uint64_t later(quic_stack *stack, uint64_t now_ns) {
  if (now_ns > stack->now_ns) {
    stack->now_ns = now_ns;
  }
  return stack->now_ns;
}

uint64_t quic_stack_now(quic_stack *stack) {
  return later(stack, io_loop_now(stack->loop).mono_ns);
}

uint64_t quic_stack_refresh(quic_stack *stack) {
  return later(stack, io_clock_now().mono_ns);
}

// ---- the turn ----------------------------------------------------------------------------------

static void on_idle(struct ev_loop *ev, ev_idle *watcher, int events) {
  (void)ev;
  (void)watcher;
  (void)events;
}

static void write_woken(quic_stack *stack) {
  quic_connection *last = stack->woken.last, *c = NULL;
  // Those who are woken meanwhile come behind `last`: the next turn is theirs.
  while (c != last && (c = stack->woken.first) != NULL) {
    quic_queue_remove(c);
    if (c->state == QUIC_ALIVE) {
      quic_connection_write(c);
    }
    if (c->state == QUIC_ENDING) {
      quic_queue_remove(c);
      quic_connection_write_close(c);
      quic_queue_add(&stack->ended, c);
    }
  }
  quic_outbox_flush(stack->outbox);
}

void quic_stack_write(quic_stack *stack) {
  quic_stack_refresh(stack);
  write_woken(stack);
}

static void on_prepare(struct ev_loop *ev, ev_prepare *watcher, int events) {
  (void)events;
  quic_stack *stack = watcher->data;
  if (stack->woken.first) {
    quic_stack_write(stack);
  }
  while (stack->ended.first) {
    quic_connection_finish(stack->ended.first);
  }
  if (!stack->woken.first) {
    ev_idle_stop(ev, &stack->idle);
  }
}

void quic_wake(quic_connection *c) {
  c->is_woken_again = true;
  if (!c->queue && !c->waits_for_socket && c->state <= QUIC_ENDING && !c->is_writing) {
    quic_queue_add(&c->stack->woken, c);
    ev_idle_start(c->stack->loop->ev, &c->stack->idle);
  }
}

// ---- sockets -----------------------------------------------------------------------------------

void quic_stack_watch(quic_stack *stack, quic_socket *sock,
                      void (*readable)(struct ev_loop *, ev_io *, int), void *data) {
  ev_io_init(&sock->io, readable, sock->fd, EV_READ);
  sock->io.data = data;
  sock->ev = stack->loop->ev;
  ev_io_start(sock->ev, &sock->io);
}

void quic_stack_resume(quic_stack *stack, quic_socket *sock) {
  if (!quic_socket_resume(sock)) {
    return;
  }
  for (quic_connection *c = stack->connections; c; c = c->next) {
    if (c->waits_for_socket) {
      c->waits_for_socket = false;
      quic_wake(c);
    }
  }
}

static void on_readable(struct ev_loop *ev, ev_io *watcher, int events) {
  (void)ev;
  // The rest of the turn is for others, TCP among them; the socket stays readable. A batch that is
  // not full was the last.
  enum { PACKETS_A_TURN = 128 };
  quic_listener *listener = watcher->data;
  quic_stack *stack = listener->stack;
  if (events & EV_WRITE) {
    quic_stack_resume(stack, &listener->socket);
  }
  size_t told = 0, n = QUIC_BATCH;
  while ((events & EV_READ) && n >= QUIC_BATCH && told < PACKETS_A_TURN) {
    n = quic_socket_receive(&listener->socket, stack->inbox, quic_stack_receive, stack);
    told += n;
  }
}

bool quic_stack_listen(quic_stack *stack, int fd, quic_accept *accept, void *user, app_error *err) {
  quic_listener *listener = calloc(1, sizeof *listener);
  if (!listener) {
    return app_fail(err, "out of memory");
  }
  if (!quic_socket_init(&listener->socket, fd, err)) {
    free(listener);
    return false;
  }
  quic_stack_watch(stack, &listener->socket, on_readable, listener);
  listener->stack = stack;
  listener->next = stack->listeners;
  stack->listeners = listener;
  stack->accept = accept;
  stack->accept_user = user;
  stack->is_accepting = true;
  return true;
}

void quic_stack_stop_accepting(quic_stack *stack) {
  stack->is_accepting = false;
}

size_t quic_stack_num_connections(const quic_stack *stack) {
  return stack->num_connections;
}

// ---- mail --------------------------------------------------------------------------------------

static bool is_any(const ngtcp2_sockaddr_union *address) {
  return address->sa.sa_family == AF_INET ? address->in.sin_addr.s_addr == INADDR_ANY
                                          : IN6_IS_ADDR_UNSPECIFIED(&address->in6.sin6_addr);
}

static bool serves(const ngtcp2_sockaddr_union *bound, const ngtcp2_sockaddr_union *local) {
  if (bound->sa.sa_family != local->sa.sa_family) {
    return false;
  }
  if (bound->sa.sa_family == AF_INET) {
    return bound->in.sin_port == local->in.sin_port &&
           (is_any(bound) || bound->in.sin_addr.s_addr == local->in.sin_addr.s_addr);
  }
  return bound->in6.sin6_port == local->in6.sin6_port &&
         (is_any(bound) || IN6_ARE_ADDR_EQUAL(&bound->in6.sin6_addr, &local->in6.sin6_addr));
}

static quic_socket *socket_for(quic_stack *stack, const ngtcp2_sockaddr_union *local) {
  for (quic_listener *l = stack->listeners; l; l = l->next) {
    if (serves(&l->socket.local, local)) {
      return &l->socket;
    }
  }
  return NULL;
}

static void on_bell(struct ev_loop *ev, ev_async *watcher, int events) {
  (void)ev;
  (void)events;
  quic_stack *stack = watcher->data;
  quic_mail *mail = quic_shared_take(stack->shared, stack->index);
  while (mail) {
    quic_mail *next = mail->next;
    quic_datagram in = {mail->data, mail->len, mail->path, mail->ecn};
    quic_socket *sock = socket_for(stack, &in.path.local);
    if (sock) {
      quic_stack_receive(stack, sock, &in);
    }
    free(mail);
    mail = next;
  }
}

// ---- making and freeing ------------------------------------------------------------------------

static void start_watchers(quic_stack *stack) {
  struct ev_loop *ev = stack->loop->ev;
  ev_prepare_init(&stack->prepare, on_prepare);
  ev_set_priority(&stack->prepare, EV_MINPRI);
  stack->prepare.data = stack;
  ev_prepare_start(ev, &stack->prepare);
  ev_unref(ev); // it alone keeps no loop running, nor does the bell
  ev_idle_init(&stack->idle, on_idle);
  if (stack->shared) {
    ev_async_init(&stack->bell, on_bell);
    stack->bell.data = stack;
    ev_async_start(ev, &stack->bell);
    ev_unref(ev);
    quic_shared_enter(stack->shared, stack->index, ev, &stack->bell);
  }
}

static void stop_watchers(quic_stack *stack) {
  struct ev_loop *ev = stack->loop->ev;
  if (stack->shared) {
    quic_shared_leave(stack->shared, stack->index);
    ev_ref(ev);
    ev_async_stop(ev, &stack->bell);
  }
  ev_ref(ev);
  ev_prepare_stop(ev, &stack->prepare);
  ev_idle_stop(ev, &stack->idle);
}

static void free_parts(quic_stack *stack) {
  quic_ids_clear(&stack->ids);
  quic_id_table_clear(&stack->table);
  quic_inbox_free(stack->inbox);
  quic_outbox_free(stack->outbox);
  free(stack);
}

bool quic_stack_new(quic_stack **out, io_loop *loop, const quic_config *config, quic_shared *shared,
                    size_t index, quic_tls_context *tls, app_error *err) {
  quic_stack *stack = calloc(1, sizeof *stack);
  if (!stack) {
    return app_fail(err, "out of memory");
  }
  *stack =
      (quic_stack){.loop = loop, .config = config, .shared = shared, .index = index, .tls = tls};
  nghttp2_mem mem = io_pool_mem(&loop->pool);
  stack->mem = (ngtcp2_mem){mem.mem_user_data, mem.malloc, mem.free, mem.calloc, mem.realloc};
  stack->inbox = quic_inbox_new();
  stack->outbox = quic_outbox_new();
  if (!stack->inbox || !stack->outbox || !quic_id_table_init(&stack->table) ||
      (shared && !quic_ids_init(&stack->ids, quic_shared_cid_key(shared), index))) {
    free_parts(stack);
    return app_fail(err, "out of memory");
  }
  start_watchers(stack);
  *out = stack;
  return true;
}

void quic_stack_free(quic_stack *stack) {
  if (!stack) {
    return;
  }
  stop_watchers(stack);
  while (stack->buried.first) {
    quic_connection_free(stack->buried.first);
  }
  while (stack->listeners) {
    quic_listener *next = stack->listeners->next;
    quic_socket_clear(&stack->listeners->socket);
    free(stack->listeners);
    stack->listeners = next;
  }
  while (stack->tokens) {
    quic_token *next = stack->tokens->next;
    free(stack->tokens);
    stack->tokens = next;
  }
  free_parts(stack);
}
