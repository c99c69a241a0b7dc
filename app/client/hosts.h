// What the user put in place of DNS: --resolve and --connect-to, read as curl reads them.
//
//   --resolve HOST:PORT:ADDR[,ADDR]…        HOST may be *; a rule for the name itself comes first
//   --connect-to HOST1:PORT1:HOST2:PORT2    empty HOST1 or PORT1 match anything, empty HOST2 or
//                                           PORT2 keep what the URL says; the first match counts
//
// Rules replace DNS as evidence too (docs/protocol.md §5, step 5), for exactly that host and port.
#ifndef APP_CLIENT_HOSTS_H
#define APP_CLIENT_HOSTS_H

#include "client/options.h"
#include "codicil/name.h"
#include "io/error.h"

enum { CLIENT_MAX_ADDRESSES = 64 };

typedef struct client_hosts client_hosts;

// Where a connection for an origin goes. `is_mapped`: --connect-to said so.
typedef struct client_endpoint {
  char host[CODICIL_HOST_MAX + 1];
  codicil_address address; // set iff `host` is an IP literal
  uint16_t port;
  bool is_mapped;
} client_endpoint;

// Reads the rules; `err` names the one that does not parse.
CODICIL_MUST_USE bool client_hosts_new(client_hosts **out, const client_list *resolve,
                                       const client_list *connect_to, app_error *err);
void client_hosts_free(client_hosts *hosts);
// Applies --connect-to.
void client_hosts_endpoint(const client_hosts *hosts, client_endpoint *out,
                           const codicil_origin *origin);
// Applies --resolve: the addresses, borrowed from `hosts`; NULL with *out_num 0 where no rule
// matches. A rule for the name itself comes before one for *; of two alike the later one counts.
const codicil_address *client_hosts_resolve(const client_hosts *hosts, size_t *out_num,
                                            const client_endpoint *endpoint);

#endif
