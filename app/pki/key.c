// Keys: see key.h. Secrets live in OpenSSL's objects, in a secure BIO, and in buffers that are
// reserved whole before the first octet, so that growing leaves no copy behind.
#include "pki/key.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

enum { KEY_PEM_MAX = 65536 };

typedef struct alg_row {
  const char *name;
  const char *type;
  int bits;
} alg_row;

static const alg_row algs[PKI_NUM_ALGS] = {
#define PKI_ALG_ROW(id, name, type, bits) {name, type, bits},
    PKI_ALG_MAP(PKI_ALG_ROW)
#undef PKI_ALG_ROW
};

const char *pki_alg_name(pki_alg alg) {
  return algs[alg].name;
}

bool pki_alg_parse(pki_alg *out, const char *text, app_error *err) {
  for (size_t i = 0; i < PKI_NUM_ALGS; i++) {
    if (strcmp(algs[i].name, text) == 0) {
      *out = (pki_alg)i;
      return true;
    }
  }
  return app_fail(err, "'%s' is no key algorithm: p256, p384, rsa2048, rsa3072 or ed25519", text);
}

bool pki_fail_crypto(app_error *err, const char *what) {
  unsigned long code = ERR_peek_error();
  const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
  app_fail(err, "%s: %s", what, reason != NULL ? reason : "OpenSSL failed");
  ERR_clear_error();
  return false;
}

EVP_PKEY *pki_key_new(pki_alg alg, app_error *err) {
  const alg_row *row = &algs[alg];
  EVP_PKEY *key = NULL;
  if (strcmp(row->type, "EC") == 0) {
    key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", row->bits == 384 ? "P-384" : "P-256");
  } else if (strcmp(row->type, "RSA") == 0) {
    key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)row->bits);
  } else {
    key = EVP_PKEY_Q_keygen(NULL, NULL, row->type);
  }
  if (key == NULL) {
    pki_fail_crypto(err, "making a key");
  }
  return key;
}

EVP_PKEY *pki_key_new_like(const EVP_PKEY *like, app_error *err) {
  for (size_t i = 0; i < PKI_NUM_ALGS; i++) {
    if (EVP_PKEY_is_a(like, algs[i].type) && EVP_PKEY_get_bits(like) == algs[i].bits) {
      return pki_key_new((pki_alg)i, err);
    }
  }
  // A CA that another program made, with a key that we do not make.
  return pki_key_new(PKI_P256, err);
}

bool pki_key_write(codicil_buf *out, const EVP_PKEY *key, app_error *err) {
  bool ok = false;
  char *text = NULL;
  BIO *bio = BIO_new(BIO_s_secmem());
  if (bio == NULL || PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1) {
    pki_fail_crypto(err, "writing a key");
    goto done;
  }
  long len = BIO_get_mem_data(bio, &text);
  ok = len > 0 && codicil_buf_reserve(out, (size_t)len) == CODICIL_OK &&
       codicil_buf_append(out, codicil_span_of(text, (size_t)len)) == CODICIL_OK;
  if (!ok) {
    app_fail(err, "writing a key: out of memory");
  }
done:
  BIO_free(bio);
  return ok;
}

static int no_passphrase(char *buf, int size, int writing, void *ctx) {
  (void)buf;
  (void)size;
  (void)writing;
  (void)ctx;
  return -1;
}

EVP_PKEY *pki_key_parse(codicil_span pem, const char *path, app_error *err) {
  EVP_PKEY *key = NULL;
  BIO *bio = pem.len <= KEY_PEM_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
  if (bio != NULL) {
    key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
  }
  BIO_free(bio);
  if (key == NULL) {
    ERR_clear_error();
    app_fail(err, "%s: not an unencrypted private key in PEM", path);
  }
  return key;
}

const EVP_MD *pki_key_digest(const EVP_PKEY *key) {
  if (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448")) {
    return NULL;
  }
  return EVP_PKEY_get_bits(key) == 384 ? EVP_sha384() : EVP_sha256();
}

void pki_wipe(codicil_buf *buf) {
  if (buf->data != NULL) {
    OPENSSL_cleanse(buf->data, buf->cap);
  }
  codicil_buf_clear(buf);
}
