// The inside of a trust store, for path.c and the chain cache.
#ifndef CODICIL_X509_TRUST_H
#define CODICIL_X509_TRUST_H

#include <openssl/x509.h>

#include "codicil/x509.h"
#include "digest.h"

// Owned by `trust`.
X509_STORE *codicil_trust_store(const codicil_trust *trust);
// What tells this set of anchors from any other: a digest of them all, CODICIL_SHA256_LEN octets.
const uint8_t *codicil_trust_generation(const codicil_trust *trust);

#endif
