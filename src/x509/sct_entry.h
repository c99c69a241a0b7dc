// What a log signed: the certificate, or what was to become it (RFC 6962 §3.2).
#ifndef CODICIL_X509_SCT_ENTRY_H
#define CODICIL_X509_SCT_ENTRY_H

#include <openssl/x509.h>

#include "cert_fields.h"
#include "digest.h"

enum { CODICIL_SCT_ENTRY_X509 = 0, CODICIL_SCT_ENTRY_PRECERT = 1 }; // LogEntryType
enum { CODICIL_SCT_PARTS_MAX = 6, CODICIL_SCT_HEADER_MAX = 6 };

// An entry, its octets in parts that lie where they are. It must not move: headers are in it.
typedef struct codicil_sct_entry {
  uint8_t type;
  uint8_t issuer_key_sha256[CODICIL_SHA256_LEN]; // of a precertificate
  codicil_span parts[CODICIL_SCT_PARTS_MAX];
  size_t num_parts;
  uint8_t headers[3][CODICIL_SCT_HEADER_MAX];
} codicil_sct_entry;

// The certificate as it is: for timestamps that come beside it.
void codicil_sct_entry_x509(codicil_sct_entry *out, codicil_span der);
// Its TBSCertificate without the timestamps in it, and the hash of the issuer's key. False where
// there are none, or libcrypto fails.
CODICIL_MUST_USE bool codicil_sct_entry_precert(codicil_sct_entry *out,
                                                const codicil_cert_fields *certificate,
                                                X509 *issuer);
// Finds the list of timestamps (SignedCertificateTimestampList) in a certificate; false where there
// is none.
CODICIL_MUST_USE bool codicil_scts_embedded(codicil_span *out,
                                            const codicil_cert_fields *certificate);

#endif
