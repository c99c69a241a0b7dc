// A client and a server session of GnuTLS in one process, over memory. Whatever fails ends the
// test. Members above the line are set between gnutls_pair_init and gnutls_pair_connect.
#ifndef CODICIL_TESTS_GNUTLS_PAIR_H
#define CODICIL_TESTS_GNUTLS_PAIR_H

#include "codicil/gnutls.h"
#include "pki_fixture.h"

// Octets on their way.
typedef struct gnutls_pipe {
  uint8_t octets[1 << 16];
  size_t len;
} gnutls_pipe;

typedef struct gnutls_end {
  gnutls_pipe *in, *out;
} gnutls_end;

typedef struct gnutls_pair {
  const char *client_priorities, *server_priorities;
  unsigned client_flags, server_flags;
  bool prepare;              // both sides; set by gnutls_pair_init
  gnutls_datum_t ticket_key; // the server's; empty: no tickets
  gnutls_datum_t resumed;    // the client's session to resume; empty: none
  // --
  pki_cert *root, *leaf;
  gnutls_certificate_credentials_t client_credentials, server_credentials;
  gnutls_session_t client, server;
  gnutls_pipe to_server, to_client;
  gnutls_end client_end, server_end;
} gnutls_pair;

void gnutls_pair_init(gnutls_pair *pair);
void gnutls_pair_connect(gnutls_pair *pair);
// One step of one side; true where gnutls_handshake returns success.
bool gnutls_pair_step(gnutls_session_t session);
// Steps until both are done.
void gnutls_pair_handshake(gnutls_pair *pair);
// Frees the sessions; may be followed by another gnutls_pair_connect.
void gnutls_pair_disconnect(gnutls_pair *pair);
void gnutls_pair_clear(gnutls_pair *pair);
// Makes `session` read and write memory.
void gnutls_end_attach(gnutls_end *end, gnutls_session_t session);

#endif
