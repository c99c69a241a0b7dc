// SHA-256, the one digest of this module.
#ifndef CODICIL_X509_DIGEST_H
#define CODICIL_X509_DIGEST_H

#include "codicil/codicil.h"

enum { CODICIL_SHA256_LEN = 32 };

// False only where libcrypto fails.
CODICIL_MUST_USE bool codicil_sha256(uint8_t out[CODICIL_SHA256_LEN], codicil_span bytes);

#endif
