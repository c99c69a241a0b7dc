// HTTP/3 of a client, where the build has it: http3.c and connection_h3.c. In a build without QUIC
// http3_none.c stands for them and says so.
#ifndef APP_CLIENT_HTTP3_H
#define APP_CLIENT_HTTP3_H

#include "client/connection.h"

// What QUIC connections share: a loop's stack, TLS.
typedef struct client_http3 client_http3;

typedef struct client_http3_config {
  io_loop *loop;
  tls_client *tls; // judges the servers' certificates
  uint64_t connect_timeout_ms;
  const char *qlog_dir; // NULL: none
} client_http3_config;

// Tells whether this build speaks HTTP/3.
bool client_http3_is_built(void);
// What `config` points at must outlive it. False, with `err`, in a build without HTTP/3, too.
CODICIL_MUST_USE bool client_http3_new(client_http3 **out, const client_http3_config *config,
                                       app_error *err);
// Every connection must have been freed. NULL is allowed.
void client_http3_free(client_http3 *http3);
// A transport for `connection`, to one address. NULL: out of memory.
struct client_transport *client_http3_transport(client_http3 *http3, client_connection *connection,
                                                const codicil_address *address, uint16_t port);

#endif
