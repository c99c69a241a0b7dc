// Stapled OCSP responses (RFC 6960): what one says of one certificate, at one time.
#ifndef CODICIL_X509_OCSP_H
#define CODICIL_X509_OCSP_H

#include <openssl/x509.h>

#include "codicil/codicil.h"

// Clocks differ: a response counts from this many seconds before thisUpdate until as many after
// nextUpdate.
enum { CODICIL_OCSP_SKEW_S = 300 };

typedef enum codicil_staple {
  CODICIL_STAPLE_UNUSABLE, // as if absent: does not parse, not for this certificate, not signed by
                           // its issuer or a delegate, too old, too new, status unknown
  CODICIL_STAPLE_GOOD,
  CODICIL_STAPLE_REVOKED
} codicil_staple;

// Judges `der` for `subject`, issued by `issuer`. Sets *out_next_update where it is good. Leaves
// OpenSSL's errors in its queue.
codicil_staple codicil_ocsp_judge(int64_t *out_next_update, codicil_span der, X509 *subject,
                                  X509 *issuer, int64_t unix_s);
// Returns the timestamps (SignedCertificateTimestampList) that `der` carries for `subject`, NULL
// where there are none; ASN1_OCTET_STRING_free it. Nothing else is looked at: timestamps are
// signed.
ASN1_OCTET_STRING *codicil_ocsp_scts(codicil_span der, X509 *subject, X509 *issuer);

#endif
