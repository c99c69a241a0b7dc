// The two ends of a connection, over either version: who listens, connects, begins and ends.
#ifndef BADPEER_ENDS_H
#define BADPEER_ENDS_H

#include <stdatomic.h>

#include "scenario.h"
#include "tls.h"

typedef struct options {
  const struct version *version;
  const char *primary[2], *secondary[2]; // PEM files: chain, key
  const char *authority;
  int port, times;
  bool misdirect;
  size_t num_expected;
  const char *then_sni;
  tls_options tls;
} options;

// ---- what a version does ------------------------------------------------------------------------

typedef struct server server;

typedef struct session { // what resumes a client's connection
  SSL_SESSION *tls;
  bytes quic;
} session;

typedef struct version {
  const char *name;
  const scenario_list *serving, *calling;
  // Listens, prints `ready PORT`, and serves for ever: a thread a connection.
  void (*serve)(server *sv);
  // Client: connects. False, and reported: the handshake failed.
  bool (*connect)(wire *w, const options *o, const scenario *s, const session *resumed);
  // Our first octets: preface, streams, SETTINGS.
  bool (*begin)(wire *w, const scenario *s, bool is_server);
  void (*take_session)(wire *w, session *out);
  void (*disconnect)(wire *w);
} version;

extern const version version_h2;
extern const version *const version_h3; // NULL in a build without QUIC

// ---- server.c -----------------------------------------------------------------------------------

struct server {
  const options *o;
  const scenario *s;
  credential primary, secondary;
  int port;
  atomic_int times_left;
};

int serve(const char *name, const options *o);
void serve_ready(server *sv, int port);
void serve_handshake_failure(int number, const char *reason);
// Serves a connection until it ends, and reports it; `is_secondary` is about the handshake's
// certificate. Clears the wire.
void serve_one(server *sv, wire *w, int number, const char *sni, bool is_secondary);

// ---- client.c -----------------------------------------------------------------------------------

int call(const char *name, const options *o);
int request(options *o, int argc, char **argv);

// ---- main.c -------------------------------------------------------------------------------------

int usage(void);

#endif
