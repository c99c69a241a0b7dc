// Scenarios by name: what the misbehaving peer does once both sides' SETTINGS are there.
#ifndef BADPEER_SCENARIO_H
#define BADPEER_SCENARIO_H

#include "wire.h"

// One connection on which a scenario runs.
typedef struct peer {
  wire *w;
  const credential *primary, *secondary; // server only
  int port;                              // server: ours; client: the server's
  const char *authority;                 // client: of ordinary requests
  size_t num_expected;                   // client: authenticators to wait for
  char verdict[256];                     // what the scenario itself found, for the report
} peer;

enum { NO_SETTING = -1 };

typedef struct scenario {
  const char *name;
  long setting; // value of SETTINGS_HTTP_SERVER_CERT_AUTH in our first SETTINGS, or NO_SETTING
  void (*run)(peer *p);
  void (*early)(peer *p); // client: sends this together with its first octets; may be NULL
  // HTTP/3.
  void (*settings)(bytes *payload); // appends to our SETTINGS; may be NULL
  bool is_bare;                     // opens no stream and sends no SETTINGS: `run` does
  uint64_t stream_window;           // octets of each stream that the peer may send; 0: plenty
} scenario;

typedef struct scenario_list {
  const scenario *all;
  size_t num;
} scenario_list;

// As a server: every forged authenticator by its fault's name, and these. As a client: the others.
// `both` are the same over either version.
extern const scenario_list serving_both, serving_h2, serving_h3;
extern const scenario_list calling_both, calling_h2, calling_h3;

// Makes a valid authenticator of the secondary certificate, or of `c` with `fault`, with a context
// of its own.
bytes make_valid(peer *p);
void make_authenticator(bytes *out, peer *p, const credential *c, forge_fault fault);
// Waits for the next request, which the scenario answers in its own way; -1: none came.
int64_t await_request(peer *p);
// HEADERS of a response with that content-length, which may be NULL.
void send_status(peer *p, int64_t stream, const char *status, const char *length);
// Sends a valid one.
void run_valid(peer *p);
void send_origin_of(peer *p, const char *origin);

#endif
