// A site's certificate and key for GnuTLS: read, and refused with a reason.
#ifndef APP_IO_QUIC_TLS_GNUTLS_CREDENTIALS_H
#define APP_IO_QUIC_TLS_GNUTLS_CREDENTIALS_H

#include <gnutls/gnutls.h>

#include "io/error.h"

// Makes credentials of two PEM files, to be freed by gnutls_certificate_free_credentials. `err`
// names the file that GnuTLS cannot use in a handshake of TLS 1.3, and why.
CODICIL_MUST_USE bool gnutls_credentials_load(gnutls_certificate_credentials_t *out,
                                              const char *certificate, const char *key,
                                              app_error *err);

#endif
