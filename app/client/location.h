// Where the host of an origin is: what the user put in place of DNS, or what DNS says. It is where
// connections are opened to, and the evidence that one leads there (docs/protocol.md §5, step 5).
#ifndef APP_CLIENT_LOCATION_H
#define APP_CLIENT_LOCATION_H

#include "client/hosts.h"
#include "client/resolver.h"

// Must not move once it is begun. The zero state has not begun.
typedef struct client_location {
  client_endpoint endpoint;         // after --connect-to
  const codicil_address *addresses; // fixed ones: an IP literal, --resolve; NULL: `lookup` tells
  size_t num_addresses;
  const client_lookup *lookup;
} client_location;

// Looks `origin` up where that is needed. False: out of memory.
CODICIL_MUST_USE bool client_location_begin(client_location *location, const client_hosts *hosts,
                                            client_resolver *resolver,
                                            const codicil_origin *origin);
bool client_location_has_begun(const client_location *location);
// What DNS said of it is not true any more: begin anew, from the zero state.
bool client_location_is_over(const client_location *location, uint64_t mono_ns);
// What is known of it by now; borrowed from `location`.
codicil_evidence client_location_evidence(const client_location *location);
// Unix time until which that is true; INT64_MAX for what the user said.
int64_t client_location_until_s(const client_location *location, codicil_now now);

#endif
