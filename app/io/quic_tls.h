// QUIC's TLS behind one small interface: quic_tls_gnutls.c or quic_tls_ossl.c, chosen by the build.
//
// TLS 1.3, ALPN h3. The keys of QUIC packets are ngtcp2_crypto's affair; what is left is here:
// certificates, the choice of a site by server name, tickets, what becomes of the server's
// certificate, key log, and the codicil_tls that authenticators need.
#ifndef APP_IO_QUIC_TLS_H
#define APP_IO_QUIC_TLS_H

#include <ngtcp2/ngtcp2_crypto.h>

#include "codicil/ea.h"
#include "codicil/x509.h"
#include "io/error.h"

// The name of the backend and of its library's version, for `codicil --version` ("GnuTLS 3.7.9").
const char *quic_tls_backend(void);

// ---- contexts ----------------------------------------------------------------------------------

typedef struct quic_tls_context quic_tls_context;

// One site's certificate on a server. Borrowed for the call.
typedef struct quic_tls_site {
  const char *certificate, *key; // PEM files
  codicil_span ocsp;             // to staple; empty for none
  uint8_t id[32];                // tickets are bound to it
} quic_tls_site;

typedef struct quic_tls_server_config {
  const quic_tls_site *sites;
  size_t num_sites;
  // Returns the index of the site for a server name: lower case with NUL, "" where none was sent.
  size_t (*choose)(void *ctx, const char *server_name);
  void *ctx;
  bool early_data; // whether tickets allow 0-RTT
} quic_tls_server_config;

// Makes a server's context; one is shared by all workers' threads, and a ticket that it issued to
// any of them is good for all. `err` names the file that does not load, and why.
CODICIL_MUST_USE bool quic_tls_server_new(quic_tls_context **out,
                                          const quic_tls_server_config *config, app_error *err);
// Tells whether the backend can use that certificate and key for a handshake; `err` says why not.
CODICIL_MUST_USE bool quic_tls_can_use(const char *certificate, const char *key, app_error *err);

typedef struct quic_tls_client_config {
  // Judges the server's chain, as it sent it: false ends the handshake. `user` is that of
  // quic_tls_new. Called once, in the handshake; never for a resumed one, for none is resumed.
  bool (*judge)(void *user, const codicil_chain_entry *chain, size_t num_entries);
} quic_tls_client_config;

CODICIL_MUST_USE bool quic_tls_client_new(quic_tls_context **out,
                                          const quic_tls_client_config *config, app_error *err);
// Connections must be gone. NULL is allowed. What $SSLKEYLOGFILE named was added to, on both sides.
void quic_tls_context_free(quic_tls_context *context);

// ---- one connection ----------------------------------------------------------------------------

typedef struct quic_tls quic_tls;

// Makes the TLS of one connection. `ref` is the owner's, says how to find the ngtcp2_conn, and
// outlives it. `server_name`: a client's SNI, NULL for none. `user` is for `judge`.
CODICIL_MUST_USE bool quic_tls_new(quic_tls **out, quic_tls_context *context,
                                   ngtcp2_crypto_conn_ref *ref, const char *server_name, void *user,
                                   app_error *err);
// After the ngtcp2_conn is deleted. NULL is allowed.
void quic_tls_free(quic_tls *tls);
// What ngtcp2_conn_set_tls_native_handle takes.
void *quic_tls_native(quic_tls *tls);
// Server: the index of the site that the handshake chose.
size_t quic_tls_site_index(const quic_tls *tls);
// Server: the handshake resumed an earlier one.
bool quic_tls_is_resumed(const quic_tls *tls);
// Whether ALPN chose h3.
bool quic_tls_speaks_h3(const quic_tls *tls);
// The cipher suite's name, static; "" while there is none.
const char *quic_tls_suite(const quic_tls *tls);
// Makes a codicil_tls, borrowed from `tls` and freed with it: see codicil/ossl.h and gnutls.h for
// the errors. CODICIL_NOT_READY before the handshake is complete.
CODICIL_MUST_USE codicil_err quic_tls_exporter(codicil_tls **out, quic_tls *tls);

#endif
