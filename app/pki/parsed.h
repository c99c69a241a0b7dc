// A certificate that somebody else made, to be looked at: OpenSSL's view of it and the library's.
#ifndef APP_PKI_PARSED_H
#define APP_PKI_PARSED_H

#include <openssl/x509v3.h>

#include "codicil/x509.h"
#include "io/error.h"

enum { PKI_SHA256_LEN = 32 };

// The zero state is safe to clear.
typedef struct pki_parsed {
  X509 *x509;
  codicil_identity *identity;
  GENERAL_NAMES *names; // of the subjectAltName, right ones and wrong ones; NULL: there is none
} pki_parsed;

// Decodes as far as the library does, which is a good deal faster and tells the names and Required
// Domain; errors as below. The caller frees it.
codicil_identity *pki_identity_new(codicil_span der, const char *oid, app_error *err);
// Decodes; `oid` is that of the Required Domain extension. False with the reason, which names no
// file, where it is no certificate.
CODICIL_MUST_USE bool pki_parsed_new(pki_parsed *out, codicil_span der, const char *oid,
                                     app_error *err);
void pki_parsed_clear(pki_parsed *parsed);

// Certificates that sign others, by basicConstraints.
bool pki_parsed_is_ca(const pki_parsed *parsed);
// SHA-256 of the SubjectPublicKeyInfo, as a block list's `spki` has it.
CODICIL_MUST_USE bool pki_parsed_spki(uint8_t out[PKI_SHA256_LEN], const pki_parsed *parsed);
// SHA-256 of the issuer's Name, as a block list's `serial` has it.
CODICIL_MUST_USE bool pki_parsed_issuer(uint8_t out[PKI_SHA256_LEN], const pki_parsed *parsed);
// Tells whether the Required Domain extension is there and critical.
bool pki_parsed_is_critical(const pki_parsed *parsed, const char *oid);

#endif
