// Host names to addresses by getaddrinfo, which blocks and therefore runs in threads; the loop
// hears of the answers.
//
// Answers are kept, and asked for anew by requests that come 60 seconds later (protocol §5, step
// 5). getaddrinfo cannot be cancelled: a thread that is still at it when the resolver is freed
// frees its own things when it ends.
#ifndef APP_CLIENT_RESOLVER_H
#define APP_CLIENT_RESOLVER_H

#include "client/hosts.h"
#include "codicil/session.h"
#include "io/loop.h"

typedef struct client_resolver client_resolver;

typedef struct client_lookup {
  char host[CODICIL_HOST_MAX + 1];
  codicil_dns_state state; // CODICIL_DNS_UNKNOWN while it is being asked
  codicil_address *addresses;
  size_t num_addresses;
  const char *error; // static; CODICIL_DNS_FAILED
  uint64_t done_ns;
  struct client_lookup *next;
} client_lookup;

// `news` is called from the loop whenever a lookup is done.
CODICIL_MUST_USE bool client_resolver_new(client_resolver **out, io_loop *loop,
                                          void (*news)(void *user), void *user, app_error *err);
void client_resolver_free(client_resolver *resolver);
// Returns the lookup of `host`, begun now or earlier; lives as long as the resolver. NULL: out of
// memory, or no thread could be had.
const client_lookup *client_resolver_lookup(client_resolver *resolver, const char *host);

#endif
