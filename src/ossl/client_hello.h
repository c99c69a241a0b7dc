// What a ClientHello offered, as it is kept with an SSL.
#ifndef CODICIL_OSSL_CLIENT_HELLO_H
#define CODICIL_OSSL_CLIENT_HELLO_H

#include "codicil/ossl.h"

// Lists of big-endian 16-bit values.
typedef struct client_offer {
  codicil_span schemes;
  codicil_span cert_schemes;
  codicil_span extensions;
} client_offer;

// Returns what `ssl`'s ClientHello offered, false where none was captured. Lives until the next
// capture or SSL_free.
bool client_offer_of(const SSL *ssl, client_offer *out);

#endif
