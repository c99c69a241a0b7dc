// The inside of a trust store: anchors (trust.c), CRLs (crl.c), logs (sct_verify.c).
#ifndef CODICIL_X509_TRUST_H
#define CODICIL_X509_TRUST_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdatomic.h>

#include "codicil/x509.h"
#include "digest.h"

typedef struct codicil_anchor {
  uint8_t sha256[CODICIL_SHA256_LEN]; // of the certificate
  bool is_caa;
} codicil_anchor;

// A Certificate Transparency log. Its timestamps count from `from_s` until before `until_s`.
typedef struct codicil_ct_log {
  uint8_t id[CODICIL_SHA256_LEN]; // RFC 6962 §3.2: SHA-256 of the key
  EVP_PKEY *key;
  uint16_t algorithm; // SignatureAndHashAlgorithm of its signatures
  int64_t from_s, until_s;
} codicil_ct_log;

// A CRL, its entries in order. To verify its signature takes time in proportion to its length; a
// peer could ask for that again and again. So who finds out which key signed it writes it down.
typedef struct codicil_crl {
  X509_CRL *crl;
  atomic_int signer_state; // of crl.c
  uint8_t signer_sha256[CODICIL_SHA256_LEN];
} codicil_crl;

struct codicil_trust {
  const codicil_mem *mem;
  X509_STORE *store;
  uint8_t generation[CODICIL_SHA256_LEN];
  codicil_anchor *anchors;
  size_t num_anchors, cap_anchors;
  codicil_crl *crls;
  size_t num_crls, cap_crls;
  codicil_ct_log *logs;
  size_t num_logs, cap_logs;
  size_t min_scts;
};

// Owned by `trust`.
X509_STORE *codicil_trust_store(const codicil_trust *trust);
// What tells these anchors, marks, CRLs and logs from any others: CODICIL_SHA256_LEN octets. The
// number of timestamps that is demanded is not in it.
const uint8_t *codicil_trust_generation(const codicil_trust *trust);
// Tells whether `anchor` is one that codicil_trust_mark_caa marked.
bool codicil_trust_is_caa_anchor(const codicil_trust *trust, X509 *anchor);

typedef enum codicil_trust_part {
  CODICIL_TRUST_ANCHOR,
  CODICIL_TRUST_MARK,
  CODICIL_TRUST_CRLS,
  CODICIL_TRUST_LOG
} codicil_trust_part;
// Makes a new generation for a store to which what has this digest is added.
CODICIL_MUST_USE bool codicil_trust_extend(codicil_trust *trust, codicil_trust_part part,
                                           const uint8_t sha256[CODICIL_SHA256_LEN]);
// Frees what codicil_trust_add_crls made.
void codicil_trust_free_crls(codicil_trust *trust);
// Frees what codicil_trust_add_log made.
void codicil_trust_free_logs(codicil_trust *trust);

#endif
