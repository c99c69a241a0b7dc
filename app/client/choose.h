// Which connection a request goes on: use one, hold the request for a while, or open one.
//
// Protocol §5.6 as a pure function over a table of facts, a row a connection. Whose requests a
// connection may carry is the library's answer (codicil_session_route); this only weighs the
// answers of several connections, and time.
#ifndef APP_CLIENT_CHOOSE_H
#define APP_CLIENT_CHOOSE_H

#include "codicil/session.h"

typedef enum choose_stage {
  CHOOSE_CONNECTING,     // TCP or TLS is being set up: nothing can be asked yet
  CHOOSE_AWAIT_SETTINGS, // the handshake is complete
  CHOOSE_OPEN,           // SETTINGS came
  CHOOSE_CLOSED          // takes no further requests
} choose_stage;

// What one connection has to do with one request.
typedef struct choose_fact {
  choose_stage stage;
  bool is_own;              // it was opened for this origin
  bool address_matches;     // its address is one of those of the origin's host
  bool is_late;             // it was opened when the request was held already: not waited for
  bool is_within;           // another connection may be used, and its Origin Set has more
  bool is_outdone;          // an Alternative Service of the origin is to be tried in its place
  bool origin_set_is_final; // ORIGIN came, from a server that knows what we support
  codicil_support support;
  codicil_route route;    // CHOOSE_AWAIT_SETTINGS and CHOOSE_OPEN
  uint64_t hold_until_ns; // the same; no request is held for this connection after it
} choose_fact;

typedef enum choose_action { CHOOSE_USE, CHOOSE_HOLD, CHOOSE_NEW } choose_action;

typedef struct choose_result {
  choose_action action;
  size_t connection;           // index of the fact that decided; SIZE_MAX where none did
  codicil_route_reason reason; // of use, or why a connection must be opened
  codicil_cert_reason cert_reason;
  size_t certificate; // CHOOSE_USE: its index
  uint64_t wake_ns;   // CHOOSE_HOLD: ask again then at the latest; UINT64_MAX: on news only
} choose_result;

// Tells whether the request may go on that connection.
bool choose_may_use(const choose_fact *fact);
// `was_held` says that the request has been held before: if time runs out the reason is `waited`.
choose_result choose_connection(const choose_fact *facts, size_t num_facts, bool was_held,
                                uint64_t now_ns);
// How long requests are held for a connection, from its SETTINGS: `wait_ms`, or where that is
// negative the time its handshake took, between 20 and 300 ms.
uint64_t choose_wait_ns(int64_t wait_ms, uint64_t handshake_ns);

#endif
