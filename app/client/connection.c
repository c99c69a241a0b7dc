// A connection's life, whichever its transport is: what the pool asks, what it is told, exchanges,
// the end. See connection.h.
#include "client/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/connection_state.h"
#include "client/exit_code.h"
#include "client/http3.h"
#include "io/clock.h"

enum { MAX_REASON = 512, MAX_QUIC_TRANSPORTS = 4 };

// How long HTTP/3 is alone, and how long each address is (RFC 8305 §8).
static const uint64_t h2_delay_ns = 200000000;
static const uint64_t address_delay_ns = 250000000;

// How long others are held for SETTINGS, which every server owes at once; from their arrival on,
// --coalesce-wait counts.
static const uint64_t settings_patience_ns = 1000000000;

// ---- the end ------------------------------------------------------------------------------------

void connection_note_close(client_connection *c, bool has_code, uint64_t code,
                           codicil_span reason) {
  if (c->is_closed) {
    return;
  }
  c->is_closed = true;
  c->has_close_code = has_code;
  c->close_code = code;
  reason.len = reason.len < MAX_REASON ? reason.len : MAX_REASON;
  c->close_reason = report_printable(reason);
}

void connection_closes(client_connection *c) {
  c->stage = CHOOSE_CLOSED;
  c->net->news(c->net->user, c);
}

static void lose_exchanges(client_connection *c) {
  while (c->exchanges != NULL) {
    client_exchange *exchange = c->exchanges;
    c->exchanges = exchange->next;
    c->transport->ops->forget(c->transport, exchange);
    client_end end = {.how = CLIENT_END_CONNECTION};
    exchange->handler->done(exchange, &end);
  }
}

// Nothing more happens here: what was sent on it hears of it, then the pool.
static void lose(client_connection *c) {
  c->stage = CHOOSE_CLOSED;
  ev_timer_stop(c->net->loop->ev, &c->timer);
  connection_race_drop_all(c);
  lose_exchanges(c);
  c->net->news(c->net->user, c);
}

// The connection's failure is that of its transport, once it has one.
static void take_failure(client_connection *c, const client_failure *failure) {
  if (c->failure.exit_code != 0) {
    return;
  }
  c->failure = *failure;
  connection_note_close(c, false, 0, codicil_span_of(c->failure.text, strlen(c->failure.text)));
}

static void explain(client_transport *t, int exit_code, const char *format, va_list args)
    CODICIL_PRINTF(3, 0);
static void explain(client_transport *t, int exit_code, const char *format, va_list args) {
  client_connection *c = t->connection;
  if (t->failure.exit_code != 0 || t->is_dropped) {
    return;
  }
  t->failure.exit_code = exit_code;
  vsnprintf(t->failure.text, sizeof t->failure.text, format, args);
  verbose_line(c->net->verbose, c->id, "%s", t->failure.text);
  if (t == c->transport) {
    take_failure(c, &t->failure);
  }
}

void connection_explain(client_transport *t, int exit_code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  explain(t, exit_code, format, args);
  va_end(args);
}

void connection_explain_verdict(client_transport *t, const tls_client_verdict *verdict) {
  int code = verdict->is_unarmed ? EXIT_SSL_CACERT_BADFILE : EXIT_PEER_FAILED_VERIFICATION;
  connection_explain(
      t, code, "%s (%s)", verdict->text,
      verdict->reason != CODICIL_CERT_NONE ? codicil_cert_reason_word(verdict->reason) : "name");
}

void connection_fail(client_transport *t, int exit_code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  explain(t, exit_code, format, args);
  va_end(args);
  t->ops->abort(t);
}

void connection_broken(client_connection *c, int exit_code, bool is_authenticator,
                       const char *format, ...) {
  c->failure.is_authenticator = is_authenticator;
  if (c->failure.exit_code == 0) {
    va_list args;
    va_start(args, format);
    c->failure.exit_code = exit_code;
    vsnprintf(c->failure.text, sizeof c->failure.text, format, args);
    va_end(args);
    verbose_line(c->net->verbose, c->id, "%s", c->failure.text);
  }
  c->stage = CHOOSE_CLOSED;
  lose_exchanges(c);
  c->net->news(c->net->user, c);
}

// The address that is shown.
static void adopt(client_connection *c, const client_transport *t) {
  if (t->address.len != 0) {
    c->addresses[0] = t->address;
    c->num_addresses = 1;
  }
}

void connection_failed(client_transport *last) {
  client_connection *c = last->connection;
  adopt(c, last);
  take_failure(c, &last->failure);
  c->transport = last;
  lose(c);
}

// What the session knew is kept for the report.
void connection_over(client_transport *t) {
  client_connection *c = t->connection;
  t->is_over = true;
  if (t->is_dropped) {
    return;
  }
  if (t != c->transport) {
    connection_race_lost(t);
    return;
  }
  lose(c);
  report_connection *kept = calloc(1, sizeof *kept);
  if (kept != NULL && !client_connection_report(c, kept)) {
    report_connection_clear(kept);
  }
  c->kept = kept;
}

static void on_timeout(struct ev_loop *ev, ev_timer *timer, int events) {
  (void)ev;
  (void)events;
  client_connection *c = timer->data;
  if (c->transport != NULL) {
    c->transport->ops->abort(c->transport);
    return;
  }
  client_failure failure = {.exit_code = EXIT_OPERATION_TIMEDOUT};
  snprintf(failure.text, sizeof failure.text, "connecting to %s port %u timed out",
           c->endpoint.host, c->transports[0]->port);
  verbose_line(c->net->verbose, c->id, "%s", failure.text);
  take_failure(c, &failure);
  lose(c);
}

void connection_start_timer(client_connection *c, double seconds) {
  ev_timer_stop(c->net->loop->ev, &c->timer);
  ev_timer_set(&c->timer, seconds, 0.);
  ev_timer_start(c->net->loop->ev, &c->timer);
}

// ---- the transport is there ---------------------------------------------------------------------

void connection_connected(client_transport *t, const codicil_address *address, uint16_t port) {
  client_connection *c = t->connection;
  t->address = *address;
  t->port = port;
  t->connected_ns = c->net->loop->now.mono_ns;
  char text[REPORT_REMOTE_TEXT];
  codicil_address_format(address, text, sizeof text);
  verbose_line(c->net->verbose, c->id, "connected to %s port %u for %s", text, port,
               c->origin.host);
  if (c->num_transports == 1) {
    adopt(c, t);
    c->net->news(c->net->user, c); // of its addresses one is left
  }
}

static bool introduce(client_transport *t, const codicil_chain_entry *chain, size_t num_entries) {
  const client_connection *c = t->connection;
  codicil_peer peer = {.address = c->addresses[0],
                       .port = c->endpoint.is_mapped ? c->origin.port : t->port,
                       .origin = c->origin,
                       .sent_sni = c->origin.address.len == 0};
  if (codicil_session_set_peer(t->session, &peer) != CODICIL_OK) {
    return false;
  }
  // What was not verified proves nothing, to the library neither.
  return c->is_own_only ||
         codicil_session_set_primary(t->session, chain, num_entries) == CODICIL_OK;
}

bool connection_secured(client_transport *t, codicil_tls *tls, const codicil_chain_entry *chain,
                        size_t num_entries) {
  client_connection *c = t->connection;
  connection_race_won(t);
  adopt(c, t);
  c->is_own_only = num_entries == 0;
  // A connection that cannot export keys, or whose certificate is not verified, is an ordinary one.
  bool offer = c->offer && !c->is_own_only && tls != NULL;
  const codicil_config *config = offer ? c->net->config : c->net->plain_config;
  return codicil_session_new(&t->session, NULL, config, CODICIL_CLIENT) == CODICIL_OK &&
         (!offer || codicil_session_tls_ready(t->session, tls) == CODICIL_OK) &&
         introduce(t, chain, num_entries);
}

// The clock itself, not the loop's: what came before in this turn, the validation of a path above
// all, took a part of the time that others are to be held for.
static uint64_t clock_ns(void) {
  return io_clock_now().mono_ns;
}

void connection_ready(client_transport *t) {
  client_connection *c = t->connection;
  ev_timer_stop(c->net->loop->ev, &c->timer);
  c->stage = CHOOSE_AWAIT_SETTINGS;
  c->ready_ns = c->net->loop->now.mono_ns;
  c->handshake_ns = clock_ns() - c->start_ns;
  c->hold_until_ns = clock_ns() + settings_patience_ns;
  connection_events(c);
  c->net->news(c->net->user, c);
}

void connection_had_settings(client_connection *c) {
  if (c->had_settings) {
    return;
  }
  c->had_settings = true;
  if (c->stage == CHOOSE_AWAIT_SETTINGS) {
    c->stage = CHOOSE_OPEN;
  }
  c->hold_until_ns = clock_ns() + choose_wait_ns(c->net->coalesce_wait_ms, c->handshake_ns);
  c->net->news(c->net->user, c);
}

void connection_had_settings_ack(client_connection *c) {
  c->had_settings_ack = true;
  c->net->news(c->net->user, c);
}

// ---- beginning ----------------------------------------------------------------------------------

static void on_race(struct ev_loop *ev, ev_timer *timer, int events) {
  (void)ev;
  (void)events;
  connection_race_begin(timer->data);
}

static bool add_transport(client_connection *c, client_transport *t, uint64_t delay_ns) {
  if (t == NULL) {
    return false;
  }
  t->due_ns = c->start_ns + delay_ns;
  c->transports[c->num_transports++] = t;
  return true;
}

static bool add_quic(client_connection *c) {
  uint16_t port = c->alternative_port != 0 ? c->alternative_port : c->endpoint.port;
  for (size_t i = 0; i < c->num_addresses && i < MAX_QUIC_TRANSPORTS; i++) {
    if (!add_transport(c, client_http3_transport(c->net->http3, c, &c->addresses[i], port),
                       i * address_delay_ns)) {
      return false;
    }
  }
  return true;
}

static bool add_transports(client_connection *c, client_versions versions) {
  bool ok = versions == CLIENT_TRY_H2 || add_quic(c);
  if (!ok || versions == CLIENT_TRY_H3) {
    return ok;
  }
  return add_transport(c, connection_h2_new(c), versions == CLIENT_TRY_H3_FIRST ? h2_delay_ns : 0);
}

static void init(client_connection *c, const client_net *net, const client_opening *opening) {
  size_t num = opening->num_addresses;
  c->net = net;
  c->origin = *opening->origin;
  c->endpoint = *opening->endpoint;
  c->alternative_port = opening->alternative_port;
  c->offer = opening->offer;
  c->stage = CHOOSE_CONNECTING;
  c->start_ns = net->loop->now.mono_ns;
  c->num_addresses = num < CLIENT_MAX_ADDRESSES ? num : CLIENT_MAX_ADDRESSES;
  memcpy(c->addresses, opening->addresses, c->num_addresses * sizeof *c->addresses);
  ev_timer_init(&c->timer, on_timeout, 0., 0.);
  c->timer.data = c;
  ev_timer_init(&c->race, on_race, 0., 0.);
  c->race.data = c;
}

client_connection *client_connection_new(const client_net *net, size_t id,
                                         const client_opening *opening) {
  client_connection *c = calloc(1, sizeof *c);
  if (c == NULL) {
    return NULL;
  }
  init(c, net, opening);
  c->id = id;
  if (!add_transports(c, opening->versions)) {
    client_connection_free(c);
    return NULL;
  }
  connection_start_timer(c, (double)net->connect_timeout_ms / 1000);
  connection_race_begin(c);
  return c;
}

void client_connection_free(client_connection *c) {
  if (c == NULL) {
    return;
  }
  ev_timer_stop(c->net->loop->ev, &c->timer);
  ev_timer_stop(c->net->loop->ev, &c->race);
  for (size_t i = 0; i < c->num_transports; i++) {
    c->transports[i]->ops->free(c->transports[i]);
  }
  free(c->close_reason);
  if (c->kept != NULL) {
    report_connection_clear(c->kept);
    free(c->kept);
  }
  free(c);
}

// ---- exchanges ----------------------------------------------------------------------------------

void connection_unlink(client_connection *c, const client_exchange *exchange) {
  client_exchange **at = &c->exchanges;
  while (*at != NULL && *at != exchange) {
    at = &(*at)->next;
  }
  if (*at != NULL) {
    *at = exchange->next;
  }
}

bool client_connection_send(client_connection *c, client_exchange *exchange,
                            const client_field *fields, size_t num_fields) {
  if (c->stage != CHOOSE_AWAIT_SETTINGS && c->stage != CHOOSE_OPEN) {
    return false;
  }
  exchange->body_sent = 0;
  exchange->is_whole = false;
  exchange->is_unsent = false;
  if (!c->transport->ops->submit(c->transport, exchange, fields, num_fields)) {
    c->stage = CHOOSE_CLOSED; // stream ids are used up, or memory is
    return false;
  }
  exchange->next = c->exchanges;
  c->exchanges = exchange;
  return true;
}

void client_connection_cancel(client_connection *c, client_exchange *exchange) {
  connection_unlink(c, exchange);
  c->transport->ops->cancel(c->transport, exchange);
}

void client_connection_consume(client_connection *c, const client_exchange *exchange, size_t len) {
  c->transport->ops->consume(c->transport, exchange, len);
}

// ---- what the pool asks -------------------------------------------------------------------------

void client_connection_end(client_connection *c) {
  if (c->transport != NULL) {
    c->transport->ops->end(c->transport);
  } else {
    connection_race_drop_all(c);
  }
}

size_t client_connection_id(const client_connection *c) {
  return c->id;
}

const codicil_origin *client_connection_origin(const client_connection *c) {
  return &c->origin;
}

bool client_connection_is_h3(const client_connection *c) {
  return c->transport != NULL && c->transport->ops->http_version[0] == '3';
}

bool client_connection_wanted_alternative(const client_connection *c) {
  return c->alternative_port != 0;
}

uint16_t client_connection_alternative_port(const client_connection *c) {
  return client_connection_is_h3(c) ? c->alternative_port : 0;
}

bool client_connection_is_verified(const client_connection *c) {
  return client_connection_session(c) != NULL && !c->is_own_only;
}

choose_stage client_connection_stage(const client_connection *c) {
  return c->stage;
}

const client_failure *client_connection_failure(const client_connection *c) {
  return &c->failure;
}

const codicil_session *client_connection_session(const client_connection *c) {
  return c->transport != NULL ? c->transport->session : NULL;
}

const char *client_connection_http_version(const client_connection *c) {
  return (c->transport != NULL ? c->transport : c->transports[0])->ops->http_version;
}

uint64_t client_connection_connected_ns(const client_connection *c) {
  return c->transport != NULL ? c->transport->connected_ns : 0;
}

uint64_t client_connection_ready_ns(const client_connection *c) {
  return c->ready_ns;
}
