// The server's TLS: which versions, suites and protocols, which site by which name.
#ifndef APP_SERVER_TLS_H
#define APP_SERVER_TLS_H

#include <openssl/ssl.h>

#include "io/error.h"
#include "server/site.h"

// Makes the context of `site`, whose credential is loaded; both are borrowed for its life. Any
// site's context may begin a handshake: the ClientHello's server name selects the site's own.
CODICIL_MUST_USE bool tls_context_new(SSL_CTX **out, const site_table *table,
                                      const server_site *site, app_error *err);
// From now on secrets of connections to `site` go to `key_log` (io/key_log.h), -1 for nowhere.
void tls_log_keys(server_site *site, int key_log);
// What tickets of `site` are bound to: its first name and its certificate.
void tls_site_id(uint8_t out[32], const server_site *site);
// The site that a connection's handshake selected.
const server_site *tls_site(const SSL *ssl);

#endif
