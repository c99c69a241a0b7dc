// Certificates and OCSP responses for tests, made at run time.
//
// A test says what a certificate is to contain and gets it signed, wrong things included: nothing
// here checks. Whatever fails ends the program, so that tests read straight on. Keys are new in
// every run and times are fixed: PKI_NOW lies within every default validity, and so does today.
#ifndef CODICIL_TESTS_PKI_FIXTURE_H
#define CODICIL_TESTS_PKI_FIXTURE_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "codicil/codicil.h"

#define PKI_OID        "2.999.9261.1"
#define PKI_NOT_BEFORE INT64_C(1577836800) // 2020-01-01
#define PKI_NOW        INT64_C(1767225600) // 2026-01-01
#define PKI_NOT_AFTER  INT64_C(2208988800) // 2040-01-01
#define PKI_DAY        INT64_C(86400)

// An extension as OpenSSL's configuration files write it ("nameConstraints",
// "permitted;DNS:example"). Any dotted identifier may have the value "DER:0403…" in hexadecimal.
// "critical," in front of the value.
typedef struct pki_extension {
  const char *name;
  const char *value;
} pki_extension;

// What a certificate contains. Zero members mean the usual.
typedef struct pki_spec {
  const char *common_name; // subject; NULL: "test"
  const char *alg;         // p256 (default), p384, p521, rsaBITS, rsapssBITS, ed25519, ed448, and
                           // where libcrypto has it mldsa44, mldsa65, mldsa87
  const char *digest;      // sha256 (default); none for ed25519 and ed448
  const char *alt_names;   // "DNS:www.example,IP:192.0.2.1"; NULL: no extension
  const char *eku;         // NULL: serverAuth for an end entity; "": no extension
  const char *key_usage;   // NULL: what fits; "": no extension
  const char *constraints; // basicConstraints; NULL: what fits; "": no extension
  bool is_ca;              //
  bool must_staple;        // TLS feature status_request (RFC 7633)
  bool no_key_ids;         // neither subject nor authority key identifier
  const char *required_domain; // requiredDomain with this dNSName
  int64_t not_before, not_after;
  long version; // 0: X.509 v3; else the number that the certificate carries, plus one
  pki_extension extra[4];
} pki_spec;

typedef struct pki_cert {
  X509 *x509;
  EVP_PKEY *key;
  uint8_t *der;
  size_t der_len;
  char *pem;     // with NUL
  char *key_pem; // PKCS#8, with NUL
} pki_cert;

// Makes a certificate with a new key, signed by `issuer`, or by itself where that is NULL.
pki_cert *pki_make(const pki_cert *issuer, const pki_spec *spec);
// The usual ones: a root, an intermediate below `issuer`, an end entity with `alt_names`.
pki_cert *pki_root(const char *common_name);
pki_cert *pki_intermediate(const pki_cert *issuer, const char *common_name);
pki_cert *pki_leaf(const pki_cert *issuer, const char *alt_names);
// The same certificate with one extension more, number `at` (-1: the last), signed by `issuer`.
pki_cert *pki_with_extension(const pki_cert *cert, const pki_cert *issuer,
                             X509_EXTENSION *extension, int at);
void pki_free(pki_cert *cert);
codicil_span pki_der(const pki_cert *cert);
codicil_span pki_pem(const pki_cert *cert);
codicil_span pki_key_pem(const pki_cert *cert);
// The PEM of both, in this order, with NUL; free() it.
char *pki_chain_pem(const pki_cert *first, const pki_cert *second);

typedef struct pki_ocsp_spec {
  enum { PKI_GOOD, PKI_REVOKED, PKI_UNKNOWN } status;
  int64_t this_update, next_update; // 0: an hour before and a week after PKI_NOW; -1: none
  const pki_cert *signer;           // NULL: the issuer
  bool with_signer;                 // the signer's certificate is in the response
  bool by_key;                      // responder named by key hash, not by name
  const char *digest;               // of the certificate identifier; NULL: sha1
  const char *signature_digest;     // NULL: sha256
  int response_status;              // OCSPResponseStatus; 0: successful
  size_t num_more;                  // statuses of other certificates before it
  enum { PKI_NOWHERE, PKI_IN_RESPONSE, PKI_IN_SINGLE } strange; // an extension that nobody knows
  bool critical;                                                // and whether it is critical
  codicil_span scts; // SignedCertificateTimestampList in the certificate's own status; may be empty
  bool scts_trail;   // an octet stands after it in its extension
} pki_ocsp_spec;

typedef struct pki_bytes {
  uint8_t *data; // free() it
  size_t len;
} pki_bytes;

// Makes an OCSPResponse (DER) on `subject` of `issuer`.
pki_bytes pki_ocsp(const pki_cert *subject, const pki_cert *issuer, const pki_ocsp_spec *spec);
// Makes a SignedCertificateTimestampList of `num` v1 entries with log ids 0x01…, 0x02…, timestamps
// 1000, 2000, … milliseconds and signatures that nobody made.
pki_bytes pki_scts(size_t num);
// The same as the extension that embeds it in a certificate; value in *out_text, free() it.
pki_extension pki_embedded_scts(char **out_text, size_t num);

#endif
