// The public key of a certificate, taken out of its DER without decoding the rest.
//
// A verifier needs one thing of the end-entity certificate before the certificate is judged: its
// key. Decoding the whole of it, or even its SubjectPublicKeyInfo with OpenSSL's decoders, costs
// more than the signature to be verified. So a bounded reader finds the key, strict DER only, and
// OpenSSL is given the bare key. Where x509/ later decodes the same octets it finds the same key:
// the fuzz target ea_spki holds the two against each other.
#ifndef CODICIL_EA_SPKI_H
#define CODICIL_EA_SPKI_H

#include <openssl/evp.h>

#include "codicil/ea.h"
#include "scheme.h"

// A SubjectPublicKeyInfo taken apart; spans point into the certificate.
typedef struct codicil_spki {
  codicil_key_type type;
  codicil_span whole; // SubjectPublicKeyInfo, encoded
  codicil_span key;   // content of the BIT STRING, whose unused bits are none
} codicil_spki;

// Finds the key of an X.509 certificate. False where the DER up to and including the key is wrong.
// A key of a kind that no scheme uses is CODICIL_KEY_NONE.
CODICIL_MUST_USE bool codicil_spki_parse(codicil_spki *out, codicil_span certificate);

// What OpenSSL needs to make keys quickly: a key of each curve without its point, and a context for
// RSA. Filled in when first needed; the zero state is safe to clear.
typedef struct codicil_key_maker {
  EVP_PKEY *curves[3];
  EVP_PKEY_CTX *rsa;
} codicil_key_maker;

void codicil_key_maker_clear(codicil_key_maker *maker);
// Makes the key; NULL where it is not a valid one, or libcrypto does not know its kind.
CODICIL_MUST_USE EVP_PKEY *codicil_key_make(codicil_key_maker *maker, const codicil_spki *spki);

#endif
