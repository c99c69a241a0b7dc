// Certificate revocation lists (RFC 5280 §5), from files that the user named.
//
// A list only ever refuses: that a certificate stands on none proves nothing, and nothing is asked
// for where there is no list. So one that is out of date still counts for what it lists, and parts
// of a list (by distribution point, reason or kind of certificate) count as lists.
#ifndef CODICIL_X509_CRL_H
#define CODICIL_X509_CRL_H

#include <openssl/x509.h>

#include "codicil/x509.h"

// Tells whether a CRL in the name of `issuer` lists the serial number. Its signature may be wrong.
bool codicil_crls_name(const codicil_trust *trust, const ASN1_INTEGER *serial, X509 *issuer);
// Tells whether a CRL that `issuer` signed lists it. Leaves OpenSSL's errors in its queue.
bool codicil_crls_revoke(const codicil_trust *trust, const ASN1_INTEGER *serial, X509 *issuer);
// Returns the first nextUpdate of the CRLs in the name of `issuer` that are in force at `unix_s`;
// INT64_MAX where there is none.
int64_t codicil_crls_next_update(const codicil_trust *trust, X509 *issuer, int64_t unix_s);

#endif
