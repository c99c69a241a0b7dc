// Exported authenticators as RFC 9261 §5 has them, and with one fault each.
//
// Written from the RFC alone and apart from the library, so it is also a second opinion: a valid
// one must be accepted by the library, and forge_check judges what the library sends.
#ifndef BADPEER_FORGE_H
#define BADPEER_FORGE_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

#include "bytes.h"

// Name of the scenario, what is wrong. The first is what a good peer sends.
#define FORGE_FAULT_MAP(X)                                              \
  X(NONE, "valid")                                                      \
  X(SIGNATURE_BIT, "signature-bit-flipped")                             \
  X(FINISHED_BIT, "finished-bit-flipped")                               \
  X(FINISHED_SHORT, "finished-one-octet-short")                         \
  X(FINISHED_LONG, "finished-one-octet-long")                           \
  X(FINISHED_EMPTY, "finished-empty")                                   \
  X(FINISHED_OVER_RAW, "finished-over-raw-transcript")                  \
  X(FINISHED_EXPANDED, "finished-key-expanded-like-tls")                \
  X(CLIENT_LABELS, "labels-of-the-client-role")                         \
  X(OTHER_HASH, "transcript-in-the-other-hash")                         \
  X(NO_HANDSHAKE_CONTEXT, "handshake-context-left-out")                 \
  X(NO_MESSAGE_HEADER, "certificate-hashed-without-its-header")         \
  X(TLS_CONTEXT_STRING, "context-string-of-tls-certificate-verify")     \
  X(NO_PADDING, "signed-content-without-padding")                       \
  X(OTHER_KEY, "signed-with-another-key")                               \
  X(SCHEME_NOT_OFFERED, "scheme-not-offered")                           \
  X(SCHEME_SHA1, "scheme-ecdsa-sha1")                                   \
  X(SCHEME_SHA224, "scheme-ecdsa-sha224-offered-but-not-of-tls13")      \
  X(SCHEME_PKCS1, "scheme-rsa-pkcs1")                                   \
  X(SCHEME_OTHER_CURVE, "scheme-of-another-curve")                      \
  X(SCHEME_UNKNOWN, "scheme-unknown")                                   \
  X(CONTEXT_EMPTY, "context-empty")                                     \
  X(LIST_EMPTY, "certificate-list-empty")                               \
  X(CERTIFICATE_EMPTY, "certificate-of-no-octets")                      \
  X(CERTIFICATE_GARBAGE, "certificate-not-der")                         \
  X(CERTIFICATES_11, "certificates-11")                                 \
  X(ENTRY_UNOFFERED, "entry-extension-unoffered")                       \
  X(ENTRY_SIGNATURE_ALGORITHMS, "entry-extension-signature-algorithms") \
  X(ENTRY_TWICE, "entry-extension-twice")                               \
  X(ENTRY_EXTENSIONS_CUT, "entry-extensions-cut")                       \
  X(ENTRY_OCSP_MALFORMED, "entry-status-request-malformed")             \
  X(TRAILING_IN_CERTIFICATE, "trailing-octets-in-certificate")          \
  X(TRAILING_IN_VERIFY, "trailing-octets-in-certificate-verify")        \
  X(LIST_LONGER_THAN_MESSAGE, "certificate-list-longer-than-message")   \
  X(VERIFY_FIRST, "certificate-verify-first")                           \
  X(NO_VERIFY, "certificate-verify-left-out")                           \
  X(OTHER_TYPE, "first-message-of-another-type")                        \
  X(REQUEST_INSTEAD, "certificate-request-instead")                     \
  X(LONE_FINISHED, "lone-finished")

typedef enum forge_fault {
#define FORGE_FAULT_ENUM(name, text) FORGE_##name,
  FORGE_FAULT_MAP(FORGE_FAULT_ENUM)
#undef FORGE_FAULT_ENUM
      FORGE_NUM_FAULTS
} forge_fault;
const char *forge_fault_name(forge_fault fault);

typedef struct credential {
  STACK_OF(X509) * chain; // end entity first
  EVP_PKEY *key;
} credential;
// Reads the PEM files; ends the process where they do not parse.
void credential_load(credential *out, const char *chain_file, const char *key_file);
void credential_clear(credential *c);

// What an authenticator takes from TLS: the hash of the handshake, and the exporter.
typedef struct exporter {
  const EVP_MD *md;
  bool (*run)(void *tls, uint8_t *out, size_t len, const char *label); // empty context
  void *tls;
} exporter;

// Appends a server's spontaneous authenticator for that connection with `fault`. `context` is its
// certificate_request_context; `other` is a key that is not the certificate's.
void forge(bytes *out, const exporter *e, const credential *c, EVP_PKEY *other, forge_fault fault,
           const uint8_t *context, size_t context_len);

// Verifies a server's spontaneous authenticator; its end entity goes to *out_leaf. NULL where it is
// right, else what is wrong.
const char *forge_check(X509 **out_leaf, const exporter *e, const uint8_t *data, size_t len);

#endif
