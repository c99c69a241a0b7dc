// Making and checking the signature of CertificateVerify (RFC 9261 §5.2.2).
#ifndef CODICIL_EA_SIGNATURE_H
#define CODICIL_EA_SIGNATURE_H

#include <openssl/evp.h>

#include "codicil/ea.h"
#include "scheme.h"
#include "transcript.h"

// Longer than the longest signature: ML-DSA-87's 4,627 octets, RSA's 1,024 for 8,192 bits.
enum { CODICIL_SIGNATURE_MAX = 5120 };

// The octets that are signed.
typedef struct codicil_tbs {
  uint8_t octets[64 + 22 + 1 + CODICIL_HASH_MAX];
  size_t len;
} codicil_tbs;

void codicil_tbs_build(codicil_tbs *out, codicil_span transcript_hash);
static inline codicil_span codicil_tbs_span(const codicil_tbs *tbs) {
  return codicil_span_of(tbs->octets, tbs->len);
}

// Signs into `out`; *out_len is set on success.
CODICIL_MUST_USE codicil_err codicil_signature_make(uint8_t out[CODICIL_SIGNATURE_MAX],
                                                    size_t *out_len, EVP_PKEY *key,
                                                    const codicil_scheme *scheme, codicil_span tbs);
// Tells whether the signature is right. The caller has seen that `key` is of the scheme's type.
CODICIL_MUST_USE bool codicil_signature_check(EVP_PKEY *key, const codicil_scheme *scheme,
                                              codicil_span tbs, codicil_span signature);

#endif
