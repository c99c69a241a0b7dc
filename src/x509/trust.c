// Trust anchors: see x509.h.
#include "trust.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "err.h"
#include "mem.h"

struct codicil_trust {
  const codicil_mem *mem;
  X509_STORE *store;
  uint8_t generation[CODICIL_SHA256_LEN];
};

codicil_err codicil_trust_new(codicil_trust **out, const codicil_mem *mem) {
  codicil_trust *trust = codicil_mem_zalloc(mem, sizeof *trust);
  if (trust == NULL) {
    return CODICIL_NOMEM;
  }
  trust->mem = mem;
  trust->store = X509_STORE_new();
  if (trust->store == NULL) {
    ERR_clear_error();
    codicil_mem_free(mem, trust);
    return CODICIL_NOMEM;
  }
  *out = trust;
  return CODICIL_OK;
}

void codicil_trust_free(codicil_trust *trust) {
  if (trust != NULL) {
    X509_STORE_free(trust->store);
    codicil_mem_free(trust->mem, trust);
  }
}

// An encrypted PEM block is refused; OpenSSL's own callback would ask at the terminal.
static int no_password(char *buf, int len, int writing, void *ctx) {
  (void)buf, (void)len, (void)writing, (void)ctx;
  return -1;
}

// Reads all certificates, or none. Returns NULL where one does not parse.
static STACK_OF(X509) * read_pem(codicil_span pem) {
  BIO *bio = pem.len <= INT_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
  STACK_OF(X509) *certs = sk_X509_new_null();
  X509 *cert = NULL;
  bool ok = bio != NULL && certs != NULL;
  while (ok && (cert = PEM_read_bio_X509(bio, NULL, no_password, NULL)) != NULL) {
    ok = sk_X509_push(certs, cert) > 0;
    if (!ok) {
      X509_free(cert);
    }
  }
  ok = ok && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  BIO_free(bio);
  if (!ok) {
    sk_X509_pop_free(certs, X509_free);
    certs = NULL;
  }
  return certs;
}

// generation = SHA-256(generation | SHA-256(certificate))
static bool add_anchor(codicil_trust *trust, X509 *cert) {
  uint8_t both[2 * CODICIL_SHA256_LEN];
  // OpenSSL reads a certificate's extensions when it first needs them, and for good: where memory
  // runs out in the middle of a verification, a shared anchor would be spoiled.
  (void)X509_get_extension_flags(cert);
  memcpy(both, trust->generation, CODICIL_SHA256_LEN);
  return X509_digest(cert, EVP_sha256(), &both[CODICIL_SHA256_LEN], NULL) == 1 &&
         codicil_sha256(trust->generation, codicil_span_of(both, sizeof both)) &&
         X509_STORE_add_cert(trust->store, cert) == 1;
}

codicil_err codicil_trust_add_pem(codicil_trust *trust, size_t *out_num, codicil_diag *diag,
                                  codicil_span pem) {
  STACK_OF(X509) *certs = read_pem(pem);
  int num = sk_X509_num(certs);
  codicil_err err = CODICIL_OK;
  if (num <= 0) {
    codicil_diag_set(diag, certs == NULL ? "certificate does not parse" : "no certificate in file",
                     SIZE_MAX);
    err = CODICIL_BAD_INPUT;
  }
  for (int i = 0; i < num && err == CODICIL_OK; i++) {
    err = add_anchor(trust, sk_X509_value(certs, i)) ? CODICIL_OK : CODICIL_CRYPTO;
  }
  if (err == CODICIL_OK && out_num != NULL) {
    *out_num = (size_t)num;
  }
  sk_X509_pop_free(certs, X509_free);
  ERR_clear_error();
  return err;
}

X509_STORE *codicil_trust_store(const codicil_trust *trust) {
  return trust->store;
}

const uint8_t *codicil_trust_generation(const codicil_trust *trust) {
  return trust->generation;
}
