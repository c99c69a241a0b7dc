// Wildcards of an end entity against the excluded subtrees of its issuers.
#ifndef CODICIL_X509_WILDCARD_H
#define CODICIL_X509_WILDCARD_H

#include <openssl/x509.h>

#include "codicil/codicil.h"

// Tells whether a wildcard dNSName of the first certificate of `chain` could stand for a name that
// one of the others excludes.
bool codicil_wildcard_is_excluded(STACK_OF(X509) * chain);

#endif
