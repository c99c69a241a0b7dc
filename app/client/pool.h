// The pool: which connection every request goes on, and the connections that are opened for those
// that may go on none.
//
// It asks each connection what it has to do with a request's origin, lets choose.h weigh the
// answers, and asks again on news: a lookup is done, a connection's stage, authority or Origin Set
// changed, a time to wait has run out. News are gathered and worked off once a turn of the loop,
// outside of every callback.
#ifndef APP_CLIENT_POOL_H
#define APP_CLIENT_POOL_H

#include "client/http3.h"
#include "client/request.h"

typedef struct client_pool client_pool;

typedef struct client_pool_config {
  io_loop *loop;
  tls_client *tls;
  client_http3 *http3;    // NULL: HTTP/2 only
  alt_svc_cache *alt_svc; // NULL: none
  const codicil_config *config;
  const codicil_config *plain_config;
  const client_options *options;
  const client_hosts *hosts;
  const client_verbose *verbose;
  // Called after every turn in which something changed.
  void (*turn)(void *user);
  void *user;
} client_pool_config;

// `config` is copied, what it points at must outlive the pool.
CODICIL_MUST_USE bool client_pool_new(client_pool **out, const client_pool_config *config,
                                      app_error *err);
// Frees the connections; requests must not be used by them any more: the loop will not run again.
void client_pool_free(client_pool *pool);
// Takes charge of `requests`, which are the caller's and must not move.
void client_pool_run(client_pool *pool, client_request *requests, size_t num_requests);
// Something changed: see pool.h. `pool` is untyped to be a callback.
void client_pool_news(void *pool);
// The block list of the configuration changed. What was asked for by a certificate that is not
// accepted any more is sent again elsewhere where that is safe; else it fails.
void client_pool_policy_changed(client_pool *pool);
// Every connection says farewell as soon as the loop runs.
void client_pool_end(client_pool *pool);
size_t client_pool_num_connections(const client_pool *pool);
// Fills in the connections of the report.
CODICIL_MUST_USE bool client_pool_report(const client_pool *pool, report_document *out);

#endif
