// Path building and validation by OpenSSL, and what OpenSSL does not ask (RFC 5280 §6).
#ifndef CODICIL_X509_PATH_H
#define CODICIL_X509_PATH_H

#include <openssl/x509.h>

#include "codicil/x509.h"

enum { CODICIL_PATH_KNOWN_MAX = 16 };

// A signature that verified before: of `cert`, with the key of `issuer`. A fact about octets, which
// neither time nor trust changes; the same objects mean the same octets.
typedef struct codicil_known_signature {
  X509 *cert;
  X509 *issuer;
} codicil_known_signature;

typedef struct codicil_path_input {
  const codicil_trust *trust; // NULL trusts nothing
  X509 *leaf;
  STACK_OF(X509) * extra; // as received; trusted for nothing
  int64_t unix_s;
  codicil_known_signature known[CODICIL_PATH_KNOWN_MAX];
  size_t num_known;
} codicil_path_input;

typedef struct codicil_path_result {
  codicil_cert_reason reason;
  const char *what;       // static text for humans, NULL where the path is good
  STACK_OF(X509) * chain; // leaf to anchor where the path is good, else NULL; the caller's
} codicil_path_result;

// Returns CODICIL_NOMEM or CODICIL_CRYPTO where no verdict could be reached. Leaves OpenSSL's
// errors in its queue.
CODICIL_MUST_USE codicil_err codicil_path_validate(codicil_path_result *out,
                                                   codicil_path_input *in);
// Reads a time of a certificate or an OCSP response.
CODICIL_MUST_USE bool codicil_asn1_time(int64_t *out_unix_s, const ASN1_TIME *time);

#endif
