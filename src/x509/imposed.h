// What issuers impose on the certificates below them, and OpenSSL does not ask: TLS features
// (RFC 7633) and explicit policies (RFC 5280 §4.2.1.11).
#ifndef CODICIL_X509_IMPOSED_H
#define CODICIL_X509_IMPOSED_H

#include <openssl/x509.h>

#include "codicil/codicil.h"

// Tells whether a path below `issuer` depends on more of the end entity than its issuer's name and
// signature: name constraints, TLS features, policy constraints.
bool codicil_imposes(X509 *issuer);
// Returns X509_V_OK, or why `chain` (end entity to anchor) breaks what one of its issuers imposes.
// Name constraints are for OpenSSL and wildcard.h.
int codicil_imposed_error(STACK_OF(X509) * chain);

#endif
