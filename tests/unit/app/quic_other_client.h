// A client of QUIC's TLS that is not the program's: it offers what it is told, trusts anybody, and
// resumes. And a server that chooses no protocol.
#ifndef CODICIL_TESTS_QUIC_OTHER_CLIENT_H
#define CODICIL_TESTS_QUIC_OTHER_CLIENT_H

#include <ngtcp2/ngtcp2_crypto.h>

#include "codicil/codicil.h"

typedef struct quic_other_client quic_other_client;

typedef struct quic_other_options {
  const char *server_name;
  const char *alpn;    // one protocol; NULL: none
  codicil_span ticket; // what quic_other_client_ticket gave, or empty
  bool early_data;     // announces it, where the ticket allows it
  bool is_retried;     // begins with a key share that no server here takes
} quic_other_options;

quic_other_client *quic_other_client_new(ngtcp2_crypto_conn_ref *ref,
                                         const quic_other_options *options);
void *quic_other_client_native(quic_other_client *client);
bool quic_other_client_is_resumed(const quic_other_client *client);
// Whether the server took the early data that was announced.
bool quic_other_client_early_data_is_accepted(const quic_other_client *client);
// Appends the ticket that came last; false where none came.
bool quic_other_client_ticket(quic_other_client *client, codicil_buf *out);
// The most early data that the ticket allows; 0: none.
uint32_t quic_other_client_max_early_data(const quic_other_client *client);
// Tells whether a server, known by its native handle, takes its client's early data.
bool quic_other_server_took_early_data(void *native);
// After the connection is deleted.
void quic_other_client_free(quic_other_client *client);

// A server that knows no protocol, and goes on all the same.
typedef struct quic_other_server quic_other_server;
quic_other_server *quic_other_server_new(ngtcp2_crypto_conn_ref *ref, const char *certificate,
                                         const char *key);
void *quic_other_server_native(quic_other_server *server);
void quic_other_server_free(quic_other_server *server);

#endif
