// One client's connection, of any HTTP version: see connection.h.
#include "server/connection.h"

#include <stdlib.h>
#include <string.h>

#include "server/worker.h"

enum { NS_PER_MS = 1000000 };

uint64_t connection_now_ns(const connection *c) {
  return c->worker->loop.now.mono_ns;
}

uint64_t connection_limit(const connection *c, server_limit id) {
  return c->worker->config->limits.limit[id];
}

void connection_init(connection *c, const connection_version *version, worker *w,
                     const io_address *peer, uint16_t port, codicil_span alt_svc) {
  uint64_t now_ns = w->loop.now.mono_ns;
  c->version = version;
  c->worker = w;
  c->peer = *peer;
  c->port = port;
  c->alt_svc = alt_svc;
  c->awaits_settings = true;
  c->id = w->next_id;
  w->next_id += w->id_step;
  c->opened_ns = c->idle_since_ns = c->progress_ns = now_ns;
  server_patience_init(&c->control, connection_limit(c, SERVER_LIMIT_CONTROL_FRAMES), now_ns);
  server_patience_init(&c->resets, connection_limit(c, SERVER_LIMIT_RESETS), now_ns);
  worker_add(w, c);
}

void connection_clear(connection *c) {
  while (c->requests) {
    connection_end_request(c->requests);
  }
  worker_remove(c->worker, c);
}

// ---- requests
// ----------------------------------------------------------------------------------------------

request *connection_begin_request(connection *c, int64_t stream, const request_buffers *buffers) {
  worker *w = c->worker;
  request *r = w->free_requests; // cleared already
  if (r) {
    w->free_requests = r->next;
  } else {
    r = calloc(1, sizeof *r);
    if (!r) {
      return NULL;
    }
  }
  r->connection = c;
  r->stream = stream;
  r->buffers = buffers;
  r->began_ns = connection_now_ns(c);
  r->next = c->requests;
  if (c->requests) {
    c->requests->previous = r;
  }
  c->requests = r;
  c->num_streams++;
  return r;
}

static void log_request(connection *c, const request *r) {
  char remote[IO_ADDRESS_TEXT_MAX];
  if (access_log_is_on(&c->worker->log) && r->is_answered) {
    io_address_format_host(&c->peer, remote, sizeof remote);
    access_log_client client = {c->id, remote, c->version->protocol};
    access_log_add(&c->worker->log, r, &client, io_loop_now(&c->worker->loop));
  }
}

void connection_end_request(request *r) {
  connection *c = r->connection;
  worker *w = c->worker;
  log_request(c, r);
  *(r->previous ? &r->previous->next : &c->requests) = r->next;
  if (r->next) {
    r->next->previous = r->previous;
  }
  if (r->file) {
    file_cache_release(w->files, r->file);
  }
  request_clear(r);
  r->next = w->free_requests;
  w->free_requests = r;
  c->num_streams--;
  c->idle_since_ns = connection_now_ns(c);
}

void connection_complete_request(request *r, bool has_body) {
  connection *c = r->connection;
  r->has_body = has_body;
  c->num_requests++;
  request_complete(r);
  if (!r->is_malformed) {
    server_patience_give(&c->control, CONNECTION_GIVEN_BACK_PER_REQUEST);
  }
}

bool connection_is_at_last_request(const connection *c) {
  uint64_t max_requests = connection_limit(c, SERVER_LIMIT_REQUESTS);
  return max_requests > 0 && c->num_requests >= max_requests;
}

// ---- authority
// -----------------------------------------------------------------------------------------------

// A function of what was proven on this connection, never of the server name that was sent. The
// port is the connection's, or the configuration's public-port: an origin is host and port.
const server_site *connection_site(connection *c, const uint8_t **out_sha256,
                                   const codicil_origin *origin) {
  const server_site *wanted =
      origin->port == c->port ? site_table_find(c->worker->sites, origin->host) : NULL;
  if (!wanted) {
    return NULL;
  }
  if (codicil_identity_covers(c->site->certificate->identity, origin)) {
    *out_sha256 = codicil_identity_sha256(c->site->certificate->identity);
    return wanted;
  }
  return secondary_carries(&c->secondary, out_sha256, origin, wanted) ? wanted : NULL;
}

const server_site *connection_recall_site(const connection *c, const uint8_t **out_sha256,
                                          codicil_span authority) {
  for (size_t i = 0; i < NUM_REMEMBERED; i++) {
    const served_authority *served = &c->remembered[i];
    if (served->len == authority.len && authority.len > 0 &&
        memcmp(authority.data, served->text, authority.len) == 0) {
      *out_sha256 = served->sha256;
      return served->site;
    }
  }
  return NULL;
}

void connection_remember_site(connection *c, codicil_span authority, const server_site *site,
                              const uint8_t *sha256) {
  served_authority *served = &c->remembered[c->next_remembered];
  if (authority.len > 0 && authority.len <= sizeof served->text) {
    memcpy(served->text, authority.data, authority.len);
    served->len = authority.len;
    served->site = site;
    served->sha256 = sha256;
    c->next_remembered = (uint8_t)((c->next_remembered + 1) % NUM_REMEMBERED);
  }
}

void connection_take_plan(connection *c) {
  if (secondary_take_plan(&c->secondary)) {
    return;
  }
  memset(c->remembered, 0, sizeof c->remembered);
  if (c->leaving_ns == 0) {
    c->leaving_ns = connection_now_ns(c);
    c->version->begin_end(c);
  }
}

// ---- limits
// --------------------------------------------------------------------------------------------------

bool connection_spend(connection *c, server_patience *patience) {
  return server_patience_take(patience, connection_now_ns(c));
}

bool connection_has_passed(const connection *c, uint64_t since_ns, server_timeout id) {
  uint64_t timeout_ms = c->worker->config->limits.timeout_ms[id];
  return since_ns > 0 && connection_now_ns(c) - since_ns >= timeout_ms * NS_PER_MS;
}

bool connection_has_stalled(connection *c, uint64_t octets, bool waits) {
  if (!waits || octets - c->progress_octets >= CONNECTION_MIN_PROGRESS_LEN) {
    c->progress_octets = octets;
    c->progress_ns = connection_now_ns(c);
  }
  return connection_has_passed(c, c->progress_ns, SERVER_TIMEOUT_WRITE);
}
