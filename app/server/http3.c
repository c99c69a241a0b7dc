// HTTP/3 beside HTTP/2: see http3.h.
//
// Every worker has a QUIC stack with a UDP socket for each address. Sites whose key QUIC's TLS
// cannot use are left to HTTP/2: a client that asks for one here gets another one's certificate, as
// for a name that nobody serves, and goes to TCP.
#include "server/http3.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/quic.h"
#include "server/connection_h3.h"
#include "server/tls.h"
#include "server/worker.h"

enum { MIN_STREAM_WINDOW = 65536, CONNECTION_WINDOW = 1 << 20 };

struct http3_server {
  const site_table *sites;
  quic_config quic;
  quic_shared *shared;
  quic_tls_context *tls;
  size_t *indexes; // of sites: those that QUIC's TLS has, in its order
  size_t num_usable;
};

struct http3_worker {
  http3_server *server;
  worker *worker;
  quic_stack *stack;
};

bool http3_is_built(void) {
  return true;
}

const char *http3_backend(void) {
  return quic_tls_backend();
}

bool http3_can_use(const config_site *site, app_error *err) {
  return quic_tls_can_use(site->certificate.file.text, site->certificate.key.text, err);
}

static bool is_writable_directory(const char *path) {
  struct stat st;
  if (stat(path, &st) != 0) {
    return false;
  }
  if (!S_ISDIR(st.st_mode)) {
    errno = ENOTDIR;
    return false;
  }
  return access(path, W_OK | X_OK) == 0;
}

bool http3_check(const server_config *config, config_report *report) {
  const config_text *qlog = &config->qlog;
  if (!config->http3 || !qlog->text || is_writable_directory(qlog->text)) {
    return true;
  }
  config_say(report, qlog->mark, false, "qlog: %s: %s", qlog->text, strerror(errno));
  return false;
}

// ---- what all workers share
// ------------------------------------------------------------------------------------

// The place among QUIC's sites of the one that serves `name`; the first for unknown ones.
static size_t choose(void *ctx, const char *name) {
  const http3_server *server = ctx;
  const server_site *site = name[0] != '\0' ? site_table_find(server->sites, name) : NULL;
  for (size_t i = 0; site && i < server->num_usable; i++) {
    if (&server->sites->sites[server->indexes[i]] == site) {
      return i;
    }
  }
  return 0;
}

static void set_quic(quic_config *quic, const server_config *config) {
  const server_limits *limits = &config->limits;
  uint64_t header_list = limits->limit[SERVER_LIMIT_HEADER_LIST];
  memset(quic, 0, sizeof *quic);
  quic->max_streams = limits->limit[SERVER_LIMIT_STREAMS];
  quic->stream_window = 2 * header_list > MIN_STREAM_WINDOW ? 2 * header_list : MIN_STREAM_WINDOW;
  quic->connection_window =
      quic->stream_window > CONNECTION_WINDOW ? quic->stream_window : CONNECTION_WINDOW;
  quic->handshake_ms = limits->timeout_ms[SERVER_TIMEOUT_HANDSHAKE];
  // Our own GOAWAY comes first: this is for a client that is gone.
  quic->idle_ms =
      limits->timeout_ms[SERVER_TIMEOUT_IDLE] + limits->timeout_ms[SERVER_TIMEOUT_LINGER];
  quic->retry_from = (size_t)limits->limit[SERVER_LIMIT_HANDSHAKES];
  quic->max_connections = (size_t)limits->limit[SERVER_LIMIT_CONNECTIONS];
  quic->qlog_dir = config->qlog.text;
}

static void find_usable(http3_server *server) {
  for (size_t i = 0; i < server->sites->num_sites; i++) {
    if (server->sites->sites[i].has_http3) {
      server->indexes[server->num_usable++] = i;
    }
  }
}

static bool make_tls(http3_server *server, bool early_data, app_error *err) {
  quic_tls_site *sites = calloc(server->num_usable, sizeof *sites);
  if (!sites) {
    return app_fail(err, "out of memory");
  }
  for (size_t i = 0; i < server->num_usable; i++) {
    const server_site *site = &server->sites->sites[server->indexes[i]];
    sites[i].certificate = site->config->certificate.file.text;
    sites[i].key = site->config->certificate.key.text;
    sites[i].ocsp = codicil_buf_span(&site->certificate->ocsp);
    tls_site_id(sites[i].id, site);
  }
  quic_tls_server_config config = {sites, server->num_usable, choose, server, early_data};
  bool ok = quic_tls_server_new(&server->tls, &config, err);
  free(sites);
  return ok;
}

bool http3_server_new(http3_server **out, const server_config *config, const site_table *sites,
                      size_t num_workers, app_error *err) {
  *out = NULL;
  if (!config->http3) {
    return true;
  }
  http3_server *server = calloc(1, sizeof *server);
  size_t *indexes = calloc(sites->num_sites, sizeof *indexes);
  if (!server || !indexes) {
    free(server);
    free(indexes);
    return app_fail(err, "out of memory");
  }
  server->sites = sites;
  server->indexes = indexes;
  find_usable(server);
  set_quic(&server->quic, config);
  if (server->num_usable == 0) {
    http3_server_free(server);
    return true;
  }
  if (!quic_shared_new(&server->shared, num_workers, err) ||
      !make_tls(server, config->early_data, err)) {
    http3_server_free(server);
    return false;
  }
  *out = server;
  return true;
}

void http3_server_free(http3_server *server) {
  if (server) {
    quic_tls_context_free(server->tls);
    quic_shared_free(server->shared);
    free(server->indexes);
    free(server);
  }
}

// ---- of one worker
// ---------------------------------------------------------------------------------------

bool http3_worker_new(http3_worker **out, http3_server *server, worker *w, size_t index,
                      app_error *err) {
  *out = NULL;
  if (!server) {
    return true;
  }
  http3_worker *h3 = calloc(1, sizeof *h3);
  if (!h3) {
    return app_fail(err, "out of memory");
  }
  h3->server = server;
  h3->worker = w;
  if (!quic_stack_new(&h3->stack, &w->loop, &server->quic, server->shared, index, server->tls,
                      err)) {
    free(h3);
    return false;
  }
  *out = h3;
  return true;
}

// A worker's connections of both kinds count as one number.
static bool accept_connection(void *user, quic_connection *quic, const quic_handler **out_handler,
                              void **out_user) {
  const http3_worker *h3 = user;
  worker *w = h3->worker;
  if (w->stopping_ns > 0 ||
      w->num_connections >= w->config->limits.limit[SERVER_LIMIT_CONNECTIONS]) {
    return false;
  }
  return connection_h3_accept(w, quic, h3->server->indexes, out_handler, out_user);
}

bool http3_worker_listen(http3_worker *h3, int fd, app_error *err) {
  return quic_stack_listen(h3->stack, fd, accept_connection, h3, err);
}

void http3_worker_stop_accepting(http3_worker *h3) {
  if (h3) {
    quic_stack_stop_accepting(h3->stack);
  }
}

void http3_worker_free(http3_worker *h3) {
  if (h3) {
    quic_stack_free(h3->stack);
    free(h3);
  }
}
