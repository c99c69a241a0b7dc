// Certificate requests (PKCS#10, RFC 2986): made for a key, and read with suspicion.
#ifndef APP_PKI_CSR_H
#define APP_PKI_CSR_H

#include <openssl/x509.h>

#include "pki/required.h"

enum { PKI_CSR_MAX = 65536 };

// What a request asks for. The zero state is safe to clear.
typedef struct pki_csr {
  X509_REQ *req; // owns the subject
  EVP_PKEY *key;
  pki_name *names; // of its subjectAltName, in normal form
  size_t num_names;
  pki_required *required; // empty where it asks for none
  size_t num_ignored;     // further extensions that it asks for
} pki_csr;

// Appends a request in PEM for `names` and `required`, signed with `key`.
CODICIL_MUST_USE bool pki_csr_write(codicil_buf *out, EVP_PKEY *key, const pki_name *names,
                                    size_t num_names, const pki_required *required, const char *oid,
                                    app_error *err);

// Reads a request (DER): its names from the subjectAltName alone, each checked as one that a person
// wrote, its required domains, its key, of a kind and size that is good for TLS. Says nothing on
// its signature.
CODICIL_MUST_USE bool pki_csr_decode(pki_csr *out, codicil_span der, const char *oid,
                                     app_error *err);
// Reads a request in PEM and verifies that its sender has the key. `path` is named in errors.
CODICIL_MUST_USE bool pki_csr_read(pki_csr *out, codicil_span pem, const char *path,
                                   const char *oid, app_error *err);
void pki_csr_clear(pki_csr *csr);

#endif
