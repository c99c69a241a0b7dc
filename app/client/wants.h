// What connections want to know of DNS: where the required domains of their certificates are.
//
// A session asks while a request hangs on the answer; it is answered as a request's own host would
// be: by --resolve and --connect-to, else by DNS.
#ifndef APP_CLIENT_WANTS_H
#define APP_CLIENT_WANTS_H

#include "client/connection.h"
#include "client/location.h"

typedef struct client_want client_want;

typedef struct client_wants {
  const client_hosts *hosts;
  client_resolver *resolver;
  const client_verbose *verbose;
  client_want *first;
} client_wants;

// Want `index` of the connection has come up. Where memory runs out it stays open, and what hangs
// on it goes elsewhere.
void client_wants_add(client_wants *wants, client_connection *connection, size_t index);
// Answers those about which something is known by now.
void client_wants_step(client_wants *wants, codicil_now now);
void client_wants_clear(client_wants *wants);

#endif
