// What a ClientHello offered, as it is kept with an SSL.
#ifndef CODICIL_OSSL_CLIENT_HELLO_H
#define CODICIL_OSSL_CLIENT_HELLO_H

#include "codicil/ossl.h"

// Returns what `ssl`'s ClientHello offered, false where none was captured. Lives until the next
// capture or SSL_free.
bool client_offer_of(const SSL *ssl, codicil_client_offer *out);

#endif
