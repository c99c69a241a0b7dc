// Signed certificate timestamps (RFC 6962), verified against the logs of a trust store.
//
// libcrypto's own verification takes its logs from a file only, and decodes the certificate; here
// the octets that a log signed are put together from the certificate's own.
#ifndef CODICIL_X509_SCT_VERIFY_H
#define CODICIL_X509_SCT_VERIFY_H

#include <openssl/x509.h>

#include "cert_fields.h"
#include "codicil/x509.h"

// An end entity, its issuer, and the lists that came with it beside the embedded one (empty if
// absent).
typedef struct codicil_sct_input {
  codicil_span der;
  const codicil_cert_fields *fields; // of `der`
  X509 *issuer;
  codicil_span tls;  // of the TLS extension
  codicil_span ocsp; // of the stapled OCSP response
  int64_t unix_s;
} codicil_sct_input;

// Tells whether there are valid timestamps of as many different logs as the trust store demands.
// Lowers *out_retry_s to when a timestamp that lies in the future would count. Leaves OpenSSL's
// errors in its queue.
bool codicil_scts_suffice(const codicil_trust *trust, int64_t *out_retry_s,
                          const codicil_sct_input *in);

#endif
