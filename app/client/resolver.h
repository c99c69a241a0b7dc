// Host names to addresses by DNS (io/dns.h): A and AAAA, asked at once.
//
// Where one of the two fails and the other has addresses, these are what there is. Answers are kept
// until their TTL ends, 60 seconds at least, and asked for anew by what comes later
// (docs/protocol.md §5, step 5). Addresses are in the order in which they are tried: one of each
// family in turn, IPv6 first where this machine has a way to it (RFC 6724, RFC 8305 §4).
#ifndef APP_CLIENT_RESOLVER_H
#define APP_CLIENT_RESOLVER_H

#include "client/hosts.h"
#include "codicil/session.h"
#include "io/dns.h"

typedef struct client_resolver client_resolver;

enum { CLIENT_LOOKUP_ERROR_MAX = 160 };

typedef struct client_lookup {
  char host[CODICIL_HOST_MAX + 1];
  codicil_dns_state state; // CODICIL_DNS_UNKNOWN while it is being asked
  codicil_address *addresses;
  size_t num_addresses;
  bool is_secure;                      // both answers were validated with DNSSEC
  char error[CLIENT_LOOKUP_ERROR_MAX]; // CODICIL_DNS_FAILED
  uint64_t done_ns;
  uint64_t until_ns; // it is true until then
  struct client_lookup *next;
} client_lookup;

// `dns` is borrowed for the call. `news` is called from the loop whenever a lookup is done.
CODICIL_MUST_USE bool client_resolver_new(client_resolver **out, io_loop *loop,
                                          const dns_options *dns, void (*news)(void *user),
                                          void *user, app_error *err);
void client_resolver_free(client_resolver *resolver);
// Returns the lookup of `host`, begun now or earlier; lives as long as the resolver. NULL: out of
// memory.
const client_lookup *client_resolver_lookup(client_resolver *resolver, const char *host);

#endif
