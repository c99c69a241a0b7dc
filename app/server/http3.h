// HTTP/3 beside HTTP/2: UDP sockets, QUIC and its TLS. Implemented by http3.c or, in a build
// without QUIC, by http3_none.c, which has nothing to offer.
#ifndef APP_SERVER_HTTP3_H
#define APP_SERVER_HTTP3_H

#include "server/site.h"

struct worker;

bool http3_is_built(void);
// The TLS library of QUIC and its version, static; "" where HTTP/3 is not built.
const char *http3_backend(void);
// Tells whether QUIC's TLS can use a certificate and its key; `err` says why not.
CODICIL_MUST_USE bool http3_can_use(const config_site *site, app_error *err);
// Says what of the configuration as a whole HTTP/3 cannot do. False: there is something.
CODICIL_MUST_USE bool http3_check(const server_config *config, config_report *report);

// What all workers share.
typedef struct http3_server http3_server;
// `config` and `sites` are borrowed. `*out` is NULL, and all is well, where HTTP/3 is off, is not
// built, or can use no site's key.
CODICIL_MUST_USE bool http3_server_new(http3_server **out, const server_config *config,
                                       const site_table *sites, size_t num_workers, app_error *err);
// After its workers. NULL is allowed.
void http3_server_free(http3_server *server);

// Of one worker. All of these do nothing for NULL.
typedef struct http3_worker http3_worker;
CODICIL_MUST_USE bool http3_worker_new(http3_worker **out, http3_server *server, struct worker *w,
                                       size_t index, app_error *err);
// Serves clients on `fd`, a bound UDP socket, and takes it on success.
CODICIL_MUST_USE bool http3_worker_listen(http3_worker *h3, int fd, app_error *err);
// New clients are refused; connections go on.
void http3_worker_stop_accepting(http3_worker *h3);
// Every connection must be gone.
void http3_worker_free(http3_worker *h3);

#endif
