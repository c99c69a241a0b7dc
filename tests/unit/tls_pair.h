// A client and a server connection of OpenSSL in one process, over memory. Whatever fails ends the
// test. Options are set on the contexts or the connections between tls_pair_init and the handshake.
#ifndef CODICIL_TESTS_TLS_PAIR_H
#define CODICIL_TESTS_TLS_PAIR_H

#include "codicil/ossl.h"
#include "pki_fixture.h"

typedef struct tls_pair {
  pki_cert *root, *leaf;
  SSL_CTX *client_ctx, *server_ctx;
  SSL *client, *server;
  unsigned num_client_hellos; // seen by the server's callback
  bool capture;               // by the server's callback; set by tls_pair_init
} tls_pair;

// Makes both contexts (the client trusts the server's root, ALPN h2, the server captures).
void tls_pair_init(tls_pair *pair);
// Makes both connections and prepares the client where `prepare`; after the contexts' options.
void tls_pair_connect(tls_pair *pair, bool prepare);
// One step of one side; true where its handshake is done.
bool tls_pair_step(SSL *ssl);
// Steps until both are done.
void tls_pair_handshake(tls_pair *pair);
// Frees the connections, keeps the contexts; may be followed by another tls_pair_connect.
void tls_pair_disconnect(tls_pair *pair);
void tls_pair_clear(tls_pair *pair);

#endif
