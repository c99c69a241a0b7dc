// What has to be known of a ClientHello or of EncryptedExtensions before GnuTLS reads them.
#ifndef APP_IO_QUIC_TLS_GNUTLS_HELLO_H
#define APP_IO_QUIC_TLS_GNUTLS_HELLO_H

#include <gnutls/gnutls.h>
#include <stdbool.h>

// The groups that are spoken, for a priority string.
#define GNUTLS_HELLO_GROUPS "+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1"

typedef struct gnutls_hello {
  bool has_parameters; // of QUIC's transport
  bool is_final;       // has a key share of the group that GnuTLS will choose: it is not sent back
} gnutls_hello;

// `flags` are those of gnutls_ext_raw_parse. One that does not parse has nothing.
gnutls_hello gnutls_hello_read(const gnutls_datum_t *message, unsigned flags);

#endif
