// The signature schemes that an authenticator may use, and the keys that they are bound to.
//
// One table. A scheme names one kind of key, a curve included, so that nothing else has to know
// which goes with which. What is not in the table is not used: no RSASSA-PKCS1-v1_5, no SHA-1.
#ifndef CODICIL_EA_SCHEME_H
#define CODICIL_EA_SCHEME_H

#include "codicil/ea.h"

// What a SubjectPublicKeyInfo says a key is for. NONE is every key that no scheme can use.
typedef enum codicil_key_type {
  CODICIL_KEY_NONE,
  CODICIL_KEY_RSA,     // rsaEncryption: the rsae schemes
  CODICIL_KEY_RSA_PSS, // id-RSASSA-PSS: the pss schemes
  CODICIL_KEY_P256,
  CODICIL_KEY_P384,
  CODICIL_KEY_P521,
  CODICIL_KEY_ED25519,
  CODICIL_KEY_ED448,
  CODICIL_KEY_MLDSA44,
  CODICIL_KEY_MLDSA65,
  CODICIL_KEY_MLDSA87,
  CODICIL_NUM_KEY_TYPES
} codicil_key_type;

typedef struct codicil_scheme {
  uint16_t code;
  codicil_key_type key;
  const char *name;
  const char *digest; // as OpenSSL names it; NULL where the scheme hashes on its own
  size_t pss_len;     // octets of digest and salt of RSASSA-PSS; 0 for the others
} codicil_scheme;

// Returns the scheme of that codepoint, NULL where an authenticator may not use it.
const codicil_scheme *codicil_scheme_find(uint16_t code);
// Tells whether `code` is in `list` of big-endian 16-bit values.
bool codicil_scheme_list_has(codicil_span list, uint16_t code);
// Returns the first scheme of `list`, which is in the peer's order of preference, that a key of
// that type with a signature of `key_len` octets can make; NULL where there is none.
const codicil_scheme *codicil_scheme_choose(codicil_span list, codicil_key_type key,
                                            size_t key_len);

#endif
