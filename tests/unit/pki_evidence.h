// CRLs, and Certificate Transparency logs that sign timestamps, for tests: as pki_fixture.h.
#ifndef CODICIL_TESTS_PKI_EVIDENCE_H
#define CODICIL_TESTS_PKI_EVIDENCE_H

#include "pki_fixture.h"

// What a CRL contains. Zero members mean the usual.
typedef struct pki_crl_spec {
  const pki_cert *revoked[4];
  int reason;                       // CRLReason of all entries; 0: none is given
  int64_t this_update, next_update; // 0: an hour before and a week after PKI_NOW; -1: none
  const pki_cert *signer;           // NULL: the issuer, in whose name it is
  pki_extension extra[2];
} pki_crl_spec;
// Makes a CRL (DER) in the name of `issuer`.
pki_bytes pki_crl(const pki_cert *issuer, const pki_crl_spec *spec);
// The same in PEM, with NUL, which `len` does not count.
pki_bytes pki_crl_pem(const pki_cert *issuer, const pki_crl_spec *spec);

// A log.
typedef struct pki_log {
  EVP_PKEY *key;
  uint8_t *spki; // DER
  size_t spki_len;
  uint8_t id[32];
} pki_log;
// `alg` as in pki_spec; NULL: p256.
pki_log *pki_log_new(const char *alg);
void pki_log_free(pki_log *log);

typedef struct pki_sct_spec {
  const pki_log *log;
  int64_t unix_s;     // of the timestamp; 0: a day before PKI_NOW
  uint8_t version;    // 0 is v1
  uint16_t algorithm; // 0: that of the log's key
  bool is_forged;     // one bit of the signature is wrong
} pki_sct_spec;
// Makes a SignedCertificateTimestampList for `cert`, as it stands in TLS and in OCSP responses.
pki_bytes pki_signed_scts(const pki_cert *cert, const pki_sct_spec *specs, size_t num);
// Makes the certificate anew with timestamps embedded: its extension number `at`, -1 the last.
// `named_issuer` is the one that the logs were told of.
pki_cert *pki_with_scts(const pki_cert *cert, const pki_cert *issuer, const pki_cert *named_issuer,
                        const pki_sct_spec *specs, size_t num, int at);

#endif
