// A second implementation of RFC 9261 §5.2, straight from its text and sharing nothing with the
// library: it makes right authenticators to compare with, and every kind of wrong one.
#ifndef CODICIL_TESTS_EA_FORGE_H
#define CODICIL_TESTS_EA_FORGE_H

#include <openssl/evp.h>

#include "codicil/ea.h"

// What goes into an authenticator. Zero members of the second part mean the right thing.
typedef struct forgery {
  codicil_hash hash;
  codicil_span handshake_context, finished_key;
  codicil_span request; // empty: spontaneous
  codicil_span context;
  codicil_span list; // certificate_list content
  uint16_t scheme;   // as named in CertificateVerify
  EVP_PKEY *key;

  const char *digest;            // sign with this one, where it is not the scheme's
  int salt_len;                  // of RSASSA-PSS
  bool pkcs1;                    // sign with RSASSA-PKCS1-v1_5
  const char *signature_context; // in place of "Exported Authenticator"
  bool nul_in_context;           // one zero octet too many after it
  bool request_without_header;   // hash only the request's body
  bool bodies_only;              // hash Certificate and CertificateVerify without their headers
  bool hmac_of_raw;              // HMAC over the concatenation in place of its hash
  bool derive_finished;          // HMAC key through a "finished" HKDF-Expand-Label step
  bool sign_sha256_transcript;   // transcript hash fixed at SHA-256
  bool empty;                    // a lone Finished
} forgery;

// Appends the authenticator to `out`.
void forge(codicil_buf *out, const forgery *f);
// Appends one CertificateEntry; `extensions` is the content of its extension block.
void forge_entry(codicil_buf *list, codicil_span der, codicil_span extensions);
// Appends one extension to a block.
void forge_extension(codicil_buf *block, uint16_t type, codicil_span content);
// Appends octets, or a number of `len` octets, big-endian.
void put(codicil_buf *out, codicil_span bytes);
void put_number(codicil_buf *out, size_t value, size_t len);
// Appends a handshake message.
void put_message(codicil_buf *out, uint8_t type, codicil_span body);

#endif
