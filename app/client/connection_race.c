// Which transport a connection uses: each is begun when its time has come, or when one of its kind
// has failed, or all; the first whose handshake is complete wins. See connection_state.h.
#include "client/connection_state.h"

static uint64_t now_ns(const client_connection *c) {
  return c->net->loop->now.mono_ns;
}

// The first that has not been begun, of `ops`' kind; NULL: of any.
static client_transport *next_of(client_connection *c, const client_transport_ops *ops) {
  for (size_t i = 0; i < c->num_transports; i++) {
    client_transport *t = c->transports[i];
    if (!t->is_begun && (ops == NULL || t->ops == ops)) {
      return t;
    }
  }
  return NULL;
}

static bool is_any_under_way(const client_connection *c) {
  for (size_t i = 0; i < c->num_transports; i++) {
    if (c->transports[i]->is_begun && !c->transports[i]->is_over) {
      return true;
    }
  }
  return false;
}

static void wake_at(client_connection *c, uint64_t at_ns) {
  uint64_t now = now_ns(c);
  ev_timer_stop(c->net->loop->ev, &c->race);
  if (at_ns != UINT64_MAX) {
    ev_timer_set(&c->race, at_ns > now ? (double)(at_ns - now) / 1e9 : 0., 0.);
    ev_timer_start(c->net->loop->ev, &c->race);
  }
}

static uint64_t first_due_ns(const client_connection *c) {
  uint64_t first = UINT64_MAX;
  for (size_t i = 0; i < c->num_transports; i++) {
    const client_transport *t = c->transports[i];
    first = !t->is_begun && t->due_ns < first ? t->due_ns : first;
  }
  return first;
}

void connection_race_begin(client_connection *c) {
  for (size_t i = 0; i < c->num_transports; i++) {
    client_transport *t = c->transports[i];
    if (!t->is_begun && t->due_ns <= now_ns(c)) {
      t->is_begun = true;
      t->ops->open(t);
    }
  }
  wake_at(c, c->stage == CHOOSE_CONNECTING ? first_due_ns(c) : UINT64_MAX);
}

void connection_race_lost(client_transport *t) {
  client_connection *c = t->connection;
  client_transport *next = next_of(c, t->ops);
  if (next == NULL && !is_any_under_way(c)) {
    next = next_of(c, NULL);
  }
  // From the loop: `t` may have failed while it, or another one, was being begun.
  if (next != NULL) {
    next->due_ns = now_ns(c);
    wake_at(c, next->due_ns);
  } else if (!is_any_under_way(c)) {
    connection_failed(t);
  }
}

void connection_race_drop_all(client_connection *c) {
  ev_timer_stop(c->net->loop->ev, &c->race);
  for (size_t i = 0; i < c->num_transports; i++) {
    client_transport *t = c->transports[i];
    if (t == c->transport) {
      continue;
    }
    t->is_dropped = true;
    if (t->is_begun && !t->is_over) {
      t->ops->abort(t);
    }
    t->is_begun = true;
  }
}

void connection_race_won(client_transport *t) {
  t->connection->transport = t;
  connection_race_drop_all(t->connection);
}
