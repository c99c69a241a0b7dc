// QUIC's TLS for the misbehaving peer: GnuTLS, whichever stack the programs under test have.
#ifndef BADPEER_QUIC_TLS_H
#define BADPEER_QUIC_TLS_H

#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include "quic.h"

typedef struct quic_certificates {
  gnutls_certificate_credentials_t primary, secondary;
} quic_certificates;

void quic_certificates_load(quic_certificates *out, const char *const primary[2],
                            const char *const secondary[2]);

typedef struct quic_tls {
  gnutls_session_t session;
  gnutls_certificate_credentials_t own;  // client
  const quic_certificates *certificates; // server
  bool is_secondary;
  char sni[256];
} quic_tls;

void quic_tls_client(quic_tls *tls, ngtcp2_crypto_conn_ref *ref, const quic_options *options);
void quic_tls_server(quic_tls *tls, ngtcp2_crypto_conn_ref *ref, const quic_options *options,
                     const quic_certificates *certificates);
void quic_tls_clear(quic_tls *tls);
exporter quic_tls_exporter(const quic_tls *tls);

#endif
