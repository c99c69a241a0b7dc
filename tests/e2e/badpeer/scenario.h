// Scenarios by name: what the misbehaving peer does once both sides' SETTINGS are there.
#ifndef BADPEER_SCENARIO_H
#define BADPEER_SCENARIO_H

#include "forge.h"
#include "wire.h"

// One connection on which a scenario runs.
typedef struct peer {
  wire *w;
  SSL *ssl;
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
  void (*early)(peer *p); // client: sends this in one segment with the preface; may be NULL
} scenario;

// As a server: every forged authenticator by its fault's name, and these.
extern const scenario serving_scenarios[];
extern const size_t num_serving_scenarios;
// As a client.
extern const scenario calling_scenarios[];
extern const size_t num_calling_scenarios;

// Makes a valid authenticator of `c` with a context of its own.
void make_authenticator(bytes *out, peer *p, const credential *c, forge_fault fault);

#endif
