// Keys: the kinds that `codicil cert` makes, and their PEM form.
#ifndef APP_PKI_KEY_H
#define APP_PKI_KEY_H

#include <openssl/evp.h>

#include "codicil/codicil.h"
#include "io/error.h"

// Name on the command line, OpenSSL's key type, its size or group.
#define PKI_ALG_MAP(X)               \
  X(P256, "p256", "EC", 256)         \
  X(P384, "p384", "EC", 384)         \
  X(RSA2048, "rsa2048", "RSA", 2048) \
  X(RSA3072, "rsa3072", "RSA", 3072) \
  X(ED25519, "ed25519", "ED25519", 256)

typedef enum pki_alg {
#define PKI_ALG_ENUM(id, name, type, bits) PKI_##id,
  PKI_ALG_MAP(PKI_ALG_ENUM)
#undef PKI_ALG_ENUM
      PKI_NUM_ALGS
} pki_alg;

const char *pki_alg_name(pki_alg alg);
// Reads "p256"; false, with the names there are, for any other word.
CODICIL_MUST_USE bool pki_alg_parse(pki_alg *out, const char *text, app_error *err);

// Makes a new key; the caller frees it. NULL with `err` set where it cannot.
CODICIL_MUST_USE EVP_PKEY *pki_key_new(pki_alg alg, app_error *err);
// Makes a new key of the kind and size of `like`.
CODICIL_MUST_USE EVP_PKEY *pki_key_new_like(const EVP_PKEY *like, app_error *err);
// Appends the key to `out` as unencrypted PKCS#8 PEM. `out` never grows by copying: wipe it with
// pki_wipe.
CODICIL_MUST_USE bool pki_key_write(codicil_buf *out, const EVP_PKEY *key, app_error *err);
// Reads an unencrypted PEM key; `path` is named in errors. NULL where it cannot. Asks nobody for a
// passphrase.
CODICIL_MUST_USE EVP_PKEY *pki_key_parse(codicil_span pem, const char *path, app_error *err);
// The digest with which `key` signs certificates; NULL for keys that take none (Ed25519).
const EVP_MD *pki_key_digest(const EVP_PKEY *key);

// Wipes what `buf` holds and frees it.
void pki_wipe(codicil_buf *buf);
// Sets `err` to "what: OpenSSL's reason" and leaves OpenSSL's error queue empty; returns false.
bool pki_fail_crypto(app_error *err, const char *what);

#endif
