// The pool: see pool.h.
#include "client/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/exit_code.h"
#include "client/wants.h"

// Protocol §3: after so many authenticators that fail with a peer, the setting is not offered to it
// any more: a middlebox ends TLS in between.
enum { MAX_AUTHENTICATOR_FAILURES = 2 };

struct client_pool {
  client_pool_config config;
  client_net net;
  client_resolver *resolver;
  client_wants wants;
  client_request *requests;
  size_t num_requests;
  size_t first; // requests before this one are done
  client_connection **connections;
  bool *is_failure_said; // one a connection
  size_t num_connections;
  size_t cap_connections;
  choose_fact *facts; // one a connection
  ev_prepare prepare; // where news are worked off
  ev_timer wake;      // the first time to wait that runs out
  bool has_news;
  uint64_t num_news; // of connections, and of time: what held requests ask about
};

// Where this is called from what other prepare watchers do, the pool's own turn may be over.
void client_pool_news(void *pool) {
  client_pool *p = pool;
  p->has_news = true;
  if (ev_is_active(&p->prepare)) {
    ev_feed_event(p->config.loop->ev, &p->prepare, EV_CUSTOM);
  }
}

static void on_connection_news(void *user, client_connection *connection) {
  (void)connection;
  ((client_pool *)user)->num_news++;
  client_pool_news(user);
}

static void on_want_dns(void *user, client_connection *connection, size_t index) {
  client_wants_add(&((client_pool *)user)->wants, connection, index);
  client_pool_news(user);
}

static uint64_t now_ns(const client_pool *pool) {
  return pool->config.loop->now.mono_ns;
}

// ---- connections --------------------------------------------------------------------------------

static bool reserve_connection(client_pool *pool) {
  if (pool->num_connections < pool->cap_connections) {
    return true;
  }
  size_t cap = pool->cap_connections * 2 + 16;
  void *connections = realloc(pool->connections, cap * sizeof *pool->connections);
  if (connections == NULL) {
    return false;
  }
  pool->connections = connections;
  void *said = realloc(pool->is_failure_said, cap * sizeof *pool->is_failure_said);
  if (said == NULL) {
    return false;
  }
  pool->is_failure_said = said;
  void *facts = realloc(pool->facts, cap * sizeof *pool->facts);
  if (facts == NULL) {
    return false;
  }
  pool->facts = facts;
  pool->cap_connections = cap;
  return true;
}

static size_t num_failures(const client_pool *pool, const codicil_origin *origin) {
  size_t num = 0;
  for (size_t i = 0; i < pool->num_connections; i++) {
    const client_connection *c = pool->connections[i];
    num += client_connection_failure(c)->is_authenticator &&
                   codicil_origin_equal(client_connection_origin(c), origin)
               ? 1
               : 0;
  }
  return num;
}

// Behind a middlebox every authenticator fails. Who waits for certificates in vain should know.
static void say_failures(client_pool *pool) {
  for (size_t i = 0; i < pool->num_connections; i++) {
    const client_connection *c = pool->connections[i];
    if (pool->is_failure_said[i] || !client_connection_failure(c)->is_authenticator) {
      continue;
    }
    pool->is_failure_said[i] = true;
    const codicil_origin *origin = client_connection_origin(c);
    if (num_failures(pool, origin) == MAX_AUTHENTICATOR_FAILURES && !pool->config.options->silent) {
      fprintf(stderr,
              "codicil get: %s:%u: %d secondary certificates did not verify, as behind a "
              "middlebox: they are not asked for there any more\n",
              origin->host, origin->port, MAX_AUTHENTICATOR_FAILURES);
    }
  }
}

// The port of the Alternative Service over HTTP/3 that the request's origin has; 0 where there is
// none, or none may be used: --connect-to has said where to go, or the server that it was not
// right.
static uint16_t alternative_port(const client_pool *pool, const client_request *r) {
  bool may_use = pool->config.alt_svc != NULL && pool->config.http3 != NULL &&
                 pool->config.options->http == CLIENT_HTTP_DEFAULT &&
                 !r->where.endpoint.is_mapped && !r->must_open;
  return may_use ? alt_svc_cache_h3_port(pool->config.alt_svc, &r->url.origin,
                                         pool->config.loop->now.unix_s)
                 : 0;
}

static client_versions versions_of(const client_pool *pool, uint16_t port) {
  switch (pool->config.options->http) {
  case CLIENT_HTTP_3:
    return CLIENT_TRY_H3_FIRST;
  case CLIENT_HTTP_3_ONLY:
    return CLIENT_TRY_H3;
  case CLIENT_HTTP_DEFAULT:
  case CLIENT_HTTP_2:
    break;
  }
  return port != 0 ? CLIENT_TRY_H3_FIRST : CLIENT_TRY_H2;
}

// Tells whether the Alternative Service of the origin was tried and did not come about.
static bool had_no_alternative(const client_pool *pool, const codicil_origin *origin) {
  for (size_t i = 0; i < pool->num_connections; i++) {
    const client_connection *c = pool->connections[i];
    bool is_there = client_connection_ready_ns(c) != 0
                        ? client_connection_alternative_port(c) != 0
                        : client_connection_stage(c) == CHOOSE_CONNECTING;
    if (client_connection_wanted_alternative(c) && !is_there &&
        codicil_origin_equal(client_connection_origin(c), origin)) {
      return true;
    }
  }
  return false;
}

static void open_connection(client_pool *pool, client_request *r) {
  const codicil_origin *origin = &r->url.origin;
  uint16_t port = had_no_alternative(pool, origin) ? 0 : alternative_port(pool, r);
  codicil_evidence there = client_location_evidence(&r->where);
  client_opening opening = {.origin = origin,
                            .endpoint = &r->where.endpoint,
                            .addresses = there.addresses,
                            .num_addresses = there.num_addresses,
                            .offer = num_failures(pool, origin) < MAX_AUTHENTICATOR_FAILURES,
                            .versions = versions_of(pool, port),
                            .alternative_port = port};
  client_connection *c = reserve_connection(pool)
                             ? client_connection_new(&pool->net, pool->num_connections, &opening)
                             : NULL;
  if (c == NULL) {
    client_request_fail(r, EXIT_OUT_OF_MEMORY, "out of memory");
    return;
  }
  pool->is_failure_said[pool->num_connections] = false;
  pool->connections[pool->num_connections++] = c;
  r->connection = c;
  r->opens = true;
  r->must_open = false;
  r->state = CLIENT_REQUEST_OPENING;
  r->report->num_connects++;
  pool->num_news++; // others of its origin wait for this one now
}

// ---- a request's way ----------------------------------------------------------------------------

static void send_on(client_pool *pool, client_request *r, client_connection *c,
                    const choose_result *choice) {
  r->connection = c;
  if (!client_request_send(r)) {
    r->connection = NULL;
    client_pool_news(pool); // it closed meanwhile: ask again
    return;
  }
  client_request_note_reason(r, choice->reason, CODICIL_CERT_NONE);
  client_request_note_authority(r, choice->certificate,
                                pool->facts[choice->connection].route.proved_by);
  r->report->coalesced = !codicil_origin_equal(&r->url.origin, client_connection_origin(c));
  char sentence[CODICIL_EXPLAIN_MAX] = "";
  codicil_route_explain(&pool->facts[choice->connection].route, &r->url.origin, sentence,
                        sizeof sentence);
  client_request_note_sentence(r, sentence);
  verbose_line(pool->config.verbose, client_connection_id(c), "%s goes here (%s): %s", r->url.path,
               codicil_route_reason_word(choice->reason), sentence);
}

// Why no connection that there is will do.
static void explain_opening(const client_pool *pool, client_request *r, const choose_result *choice,
                            size_t id) {
  char sentence[CODICIL_EXPLAIN_MAX] = "";
  bool was_asked =
      choice->connection != SIZE_MAX && pool->facts[choice->connection].stage != CHOOSE_CONNECTING;
  if (was_asked) {
    codicil_route route = pool->facts[choice->connection].route;
    if (choice->reason == CODICIL_ROUTE_ORIGIN_SET) { // for which alone it does not wait any more
      route.reason = CODICIL_ROUTE_ORIGIN_SET;
      route.rule = "RFC 8336 §2.4";
    }
    codicil_route_explain(&route, &r->url.origin, sentence, sizeof sentence);
    verbose_line(pool->config.verbose, choice->connection, "%s", sentence);
  }
  bool is_first = choice->reason == CODICIL_ROUTE_OWN_ORIGIN;
  const char *why =
      is_first ? "no connection leads there" : codicil_route_reason_text(choice->reason);
  client_request_note_sentence(r, was_asked ? sentence : why);
  verbose_line(pool->config.verbose, id, "opened for %s: %s (%s)", r->url.text, why,
               codicil_route_reason_word(choice->reason));
}

static void open_for(client_pool *pool, client_request *r, const choose_result *choice) {
  if (client_location_evidence(&r->where).dns == CODICIL_DNS_FAILED) {
    client_request_fail(r, EXIT_COULDNT_RESOLVE_HOST, "could not resolve host: %s: %s",
                        r->where.endpoint.host, r->where.lookup->error);
    return;
  }
  explain_opening(pool, r, choice, pool->num_connections);
  open_connection(pool, r);
  if (r->state == CLIENT_REQUEST_OPENING) {
    client_request_note_reason(r, choice->reason, choice->cert_reason);
  }
}

// Of the connections that may be used, those whose Origin Set is a proper subset of another's take
// no new requests (RFC 8336 §2.4).
static void prefer_wider(client_pool *pool) {
  for (size_t i = 0; i < pool->num_connections; i++) {
    for (size_t j = 0; choose_may_use(&pool->facts[i]) && j < pool->num_connections; j++) {
      pool->facts[i].is_within =
          pool->facts[i].is_within ||
          (choose_may_use(&pool->facts[j]) &&
           client_connection_is_within(pool->connections[i], pool->connections[j]));
    }
  }
}

// An Alternative Service is tried once in a run; where it did not come about, what there is is
// used.
static bool was_tried(const client_pool *pool, const codicil_origin *origin) {
  for (size_t i = 0; i < pool->num_connections; i++) {
    const client_connection *c = pool->connections[i];
    if (client_connection_wanted_alternative(c) &&
        codicil_origin_equal(client_connection_origin(c), origin)) {
      return true;
    }
  }
  return false;
}

// Of a request whose origin has an Alternative Service over HTTP/3: connections over HTTP/3 come
// first, and what is not one gives way until the service was tried.
static void prefer_alternative(client_pool *pool, const client_request *r) {
  if (alternative_port(pool, r) == 0) {
    return;
  }
  bool has_h3 = false;
  for (size_t i = 0; i < pool->num_connections; i++) {
    has_h3 = has_h3 ||
             (client_connection_is_h3(pool->connections[i]) && choose_may_use(&pool->facts[i]));
  }
  bool gives_way = has_h3 || !was_tried(pool, &r->url.origin);
  for (size_t i = 0; i < pool->num_connections; i++) {
    bool is_h2 =
        pool->facts[i].stage != CHOOSE_CONNECTING && !client_connection_is_h3(pool->connections[i]);
    pool->facts[i].is_outdone = is_h2 && gives_way;
  }
}

static choose_result choose(client_pool *pool, client_request *r) {
  codicil_evidence evidence = client_location_evidence(&r->where);
  if (r->must_open) {
    return (choose_result){.action = CHOOSE_NEW,
                           .connection = SIZE_MAX,
                           .reason = CODICIL_ROUTE_MISDIRECTED,
                           .certificate = SIZE_MAX};
  }
  for (size_t i = 0; i < pool->num_connections; i++) {
    pool->facts[i] =
        client_connection_fact(pool->connections[i], &r->url.origin, &r->where.endpoint, &evidence);
    // Without the feature nothing is proven later: nobody holds a request for another's handshake.
    pool->facts[i].is_late = i >= r->num_connections || pool->config.options->no_secondary;
  }
  prefer_alternative(pool, r);
  prefer_wider(pool);
  return choose_connection(pool->facts, pool->num_connections, r->was_held, now_ns(pool));
}

static void hold(client_pool *pool, client_request *r, uint64_t wake_ns) {
  r->state = CLIENT_REQUEST_HELD;
  if (r->num_connections == SIZE_MAX) {
    r->num_connections = pool->num_connections;
  }
  // Time that passes before SETTINGS is not the certificate's.
  r->was_held = r->was_held || wake_ns != UINT64_MAX;
  if (wake_ns == UINT64_MAX) {
    return;
  }
  double seconds = wake_ns > now_ns(pool) ? (double)(wake_ns - now_ns(pool)) / 1e9 : 0.;
  if (!ev_is_active(&pool->wake) ||
      ev_timer_remaining(pool->config.loop->ev, &pool->wake) > seconds) {
    ev_timer_stop(pool->config.loop->ev, &pool->wake);
    ev_timer_set(&pool->wake, seconds + 0.0005, 0.);
    ev_timer_start(pool->config.loop->ev, &pool->wake);
  }
}

static void decide(client_pool *pool, client_request *r) {
  r->asked = pool->num_news;
  choose_result choice = choose(pool, r);
  switch (choice.action) {
  case CHOOSE_USE:
    send_on(pool, r, pool->connections[choice.connection], &choice);
    break;
  case CHOOSE_HOLD:
    hold(pool, r, choice.wake_ns);
    break;
  case CHOOSE_NEW:
    open_for(pool, r, &choice);
    break;
  }
}

// Its host's addresses come first: nothing is asked of a server before DNS has been asked.
static void resolve(client_pool *pool, client_request *r) {
  if (!client_location_has_begun(&r->where) &&
      !client_location_begin(&r->where, pool->config.hosts, pool->resolver, &r->url.origin)) {
    client_request_fail(r, EXIT_OUT_OF_MEMORY, "out of memory");
    return;
  }
  if (client_location_evidence(&r->where).dns != CODICIL_DNS_UNKNOWN) {
    r->report->times.namelookup = client_request_seconds(r, now_ns(pool));
    decide(pool, r);
  }
}

// A request may be held for longer than what DNS said of its host is true: --coalesce-wait may be
// an hour, and a handshake may take minutes.
static void decide_again(client_pool *pool, client_request *r) {
  if (!client_location_is_over(&r->where, now_ns(pool))) {
    decide(pool, r);
    return;
  }
  r->where = (client_location){0};
  r->state = CLIENT_REQUEST_RESOLVING;
  resolve(pool, r);
}

// Its connection is being opened.
static void follow(client_request *r) {
  switch (client_connection_stage(r->connection)) {
  case CHOOSE_CONNECTING:
    break;
  case CHOOSE_AWAIT_SETTINGS:
  case CHOOSE_OPEN:
    client_request_note_opened(r);
    if (client_connection_alternative_port(r->connection) != 0) {
      client_request_note_reason(r, CODICIL_ROUTE_ALT_SVC, CODICIL_CERT_NONE);
    }
    if (client_request_send(r)) {
      client_request_note_authority(r, 0, SIZE_MAX);
    } else {
      client_request_lost_connection(r);
    }
    break;
  case CHOOSE_CLOSED:
    client_request_lost_connection(r);
    break;
  }
}

static void step(client_pool *pool, client_request *r) {
  switch (r->state) {
  case CLIENT_REQUEST_RESOLVING:
    resolve(pool, r);
    break;
  case CLIENT_REQUEST_HELD:
    if (r->asked != pool->num_news) {
      decide_again(pool, r);
    }
    break;
  case CLIENT_REQUEST_OPENING:
    follow(r);
    break;
  case CLIENT_REQUEST_QUEUED:
  case CLIENT_REQUEST_SENT:
  case CLIENT_REQUEST_DONE:
    break;
  }
}

static bool is_active(const client_request *r) {
  return r->state != CLIENT_REQUEST_QUEUED && r->state != CLIENT_REQUEST_DONE;
}

static bool may_begin(const client_request *r) {
  return r->state == CLIENT_REQUEST_QUEUED &&
         (r->after == NULL || r->after->state == CLIENT_REQUEST_DONE);
}

// In the order of the command line, --parallel-max at a time.
static void step_all(client_pool *pool) {
  size_t num_active = 0;
  size_t i = pool->first;
  for (; i < pool->num_requests && num_active < pool->config.options->parallel_max; i++) {
    client_request *r = &pool->requests[i];
    if (may_begin(r)) {
      client_request_start(r);
      r->state = CLIENT_REQUEST_RESOLVING;
    }
    step(pool, r);
    num_active += is_active(r) ? 1 : 0;
  }
  while (pool->first < pool->num_requests &&
         pool->requests[pool->first].state == CLIENT_REQUEST_DONE) {
    pool->first++;
  }
}

static void on_prepare(struct ev_loop *ev, ev_prepare *prepare, int events) {
  (void)ev;
  (void)events;
  client_pool *pool = prepare->data;
  // Working off makes news: a request that is done lets the next begin. It ends, because every
  // round without end would try something again, and tries are counted.
  while (pool->has_news) {
    pool->has_news = false;
    say_failures(pool);
    client_wants_step(&pool->wants, io_loop_now(pool->config.loop));
    step_all(pool);
    pool->config.turn(pool->config.user);
  }
}

static void on_wake(struct ev_loop *ev, ev_timer *timer, int events) {
  (void)ev;
  (void)events;
  client_pool *pool = timer->data;
  pool->num_news++;
  client_pool_news(pool);
}

// ---- the pool -----------------------------------------------------------------------------------

// A look-up is a part of what --connect-timeout limits, and never longer than DNS is asked.
static bool make_resolver(client_pool *pool, const client_pool_config *config, app_error *err) {
  const client_options *options = config->options;
  uint64_t limit_ms = client_connect_timeout_ms(options);
  dns_options dns = {.servers = options->dns_servers.items,
                     .num_servers = options->dns_servers.num,
                     .trust_anchor = options->dnssec_anchor,
                     .timeout_ms = limit_ms < DNS_TIMEOUT_MS ? limit_ms : DNS_TIMEOUT_MS};
  return client_resolver_new(&pool->resolver, config->loop, &dns, client_pool_news, pool, err);
}

bool client_pool_new(client_pool **out, const client_pool_config *config, app_error *err) {
  client_pool *pool = calloc(1, sizeof *pool);
  if (pool == NULL) {
    return app_fail(err, "out of memory");
  }
  if (!make_resolver(pool, config, err)) {
    free(pool);
    return false;
  }
  pool->config = *config;
  pool->net = (client_net){.loop = config->loop,
                           .tls = config->tls,
                           .http3 = config->http3,
                           .config = config->config,
                           .plain_config = config->plain_config,
                           .codepoints = &config->options->codepoints,
                           .verbose = config->verbose,
                           .coalesce_wait_ms = config->options->coalesce_wait_ms,
                           .connect_timeout_ms = client_connect_timeout_ms(config->options),
                           .news = on_connection_news,
                           .want_dns = on_want_dns,
                           .user = pool};
  pool->wants = (client_wants){
      .hosts = config->hosts, .resolver = pool->resolver, .verbose = config->verbose};
  ev_prepare_init(&pool->prepare, on_prepare);
  ev_set_priority(&pool->prepare, EV_MINPRI); // after all that makes news
  pool->prepare.data = pool;
  ev_prepare_start(config->loop->ev, &pool->prepare);
  ev_timer_init(&pool->wake, on_wake, 0., 0.);
  pool->wake.data = pool;
  *out = pool;
  return true;
}

void client_pool_run(client_pool *pool, client_request *requests, size_t num_requests) {
  pool->requests = requests;
  pool->num_requests = num_requests;
  client_pool_news(pool);
}

void client_pool_policy_changed(client_pool *pool) {
  for (size_t i = 0; i < pool->num_connections; i++) {
    client_connection_policy_changed(pool->connections[i]);
  }
  for (size_t i = pool->first; i < pool->num_requests; i++) {
    client_request *r = &pool->requests[i];
    if (r->state == CLIENT_REQUEST_SENT &&
        !client_connection_accepts(r->connection, r->certificate)) {
      client_request_withdraw(r, "the certificate it went by is on the block list now, or was "
                                 "proven by one that is");
    }
  }
  pool->num_news++;
  client_pool_news(pool);
}

void client_pool_end(client_pool *pool) {
  ev_prepare_stop(pool->config.loop->ev, &pool->prepare);
  ev_timer_stop(pool->config.loop->ev, &pool->wake);
  for (size_t i = 0; i < pool->num_connections; i++) {
    client_connection_end(pool->connections[i]);
  }
}

void client_pool_free(client_pool *pool) {
  if (pool == NULL) {
    return;
  }
  ev_prepare_stop(pool->config.loop->ev, &pool->prepare);
  ev_timer_stop(pool->config.loop->ev, &pool->wake);
  for (size_t i = 0; i < pool->num_connections; i++) {
    client_connection_free(pool->connections[i]);
  }
  client_wants_clear(&pool->wants);
  client_resolver_free(pool->resolver);
  free(pool->connections);
  free(pool->is_failure_said);
  free(pool->facts);
  free(pool);
}

size_t client_pool_num_connections(const client_pool *pool) {
  return pool->num_connections;
}

bool client_pool_report(const client_pool *pool, report_document *out) {
  out->connections = calloc(pool->num_connections + 1, sizeof *out->connections);
  if (out->connections == NULL) {
    return false;
  }
  for (size_t i = 0; i < pool->num_connections; i++) {
    if (!client_connection_report(pool->connections[i], &out->connections[i])) {
      return false;
    }
    out->num_connections++;
  }
  return true;
}
