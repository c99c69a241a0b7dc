// Trust anchors and their marks: see x509.h.
#include "trust.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "err.h"
#include "mem.h"

enum { ANCHORS_MAX = 1 << 16 };

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
    codicil_trust_free_crls(trust);
    codicil_trust_free_logs(trust);
    codicil_mem_free(trust->mem, trust->anchors);
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

// generation = SHA-256(generation | part | SHA-256(what is added))
bool codicil_trust_extend(codicil_trust *trust, codicil_trust_part part,
                          const uint8_t sha256[CODICIL_SHA256_LEN]) {
  uint8_t all[2 * CODICIL_SHA256_LEN + 1];
  memcpy(all, trust->generation, CODICIL_SHA256_LEN);
  all[CODICIL_SHA256_LEN] = (uint8_t)part;
  memcpy(&all[CODICIL_SHA256_LEN + 1], sha256, CODICIL_SHA256_LEN);
  return codicil_sha256(trust->generation, codicil_span_of(all, sizeof all));
}

static codicil_err add_anchor(codicil_trust *trust, X509 *cert) {
  codicil_anchor anchor = {.is_caa = false};
  // OpenSSL reads a certificate's extensions when it first needs them, and for good: where memory
  // runs out in the middle of a verification, a shared anchor would be spoiled.
  (void)X509_get_extension_flags(cert);
  codicil_err err = codicil_mem_grow(trust->mem, (void **)&trust->anchors, &trust->cap_anchors,
                                     trust->num_anchors + 1, ANCHORS_MAX, sizeof *trust->anchors);
  if (err == CODICIL_OK && (X509_digest(cert, EVP_sha256(), anchor.sha256, NULL) != 1 ||
                            !codicil_trust_extend(trust, CODICIL_TRUST_ANCHOR, anchor.sha256) ||
                            X509_STORE_add_cert(trust->store, cert) != 1)) {
    err = CODICIL_CRYPTO;
  }
  if (err == CODICIL_OK) {
    trust->anchors[trust->num_anchors++] = anchor;
  }
  return err;
}

// Marks the anchor that is `cert`; *out_num counts it.
static codicil_err mark_anchor(codicil_trust *trust, X509 *cert, size_t *out_num) {
  uint8_t sha256[CODICIL_SHA256_LEN];
  bool found = false;
  if (X509_digest(cert, EVP_sha256(), sha256, NULL) != 1) {
    return CODICIL_CRYPTO;
  }
  for (size_t i = 0; i < trust->num_anchors; i++) {
    if (memcmp(trust->anchors[i].sha256, sha256, sizeof sha256) == 0) {
      trust->anchors[i].is_caa = found = true;
    }
  }
  *out_num += found ? 1 : 0;
  return !found || codicil_trust_extend(trust, CODICIL_TRUST_MARK, sha256) ? CODICIL_OK
                                                                           : CODICIL_CRYPTO;
}

// Reads what codicil_trust_add_pem and codicil_trust_mark_caa are given. NULL, with `diag`, where
// there is nothing.
static STACK_OF(X509) * read_some(codicil_diag *diag, codicil_span pem) {
  STACK_OF(X509) *certs = read_pem(pem);
  if (sk_X509_num(certs) <= 0) {
    codicil_diag_set(diag, certs == NULL ? "certificate does not parse" : "no certificate in file",
                     SIZE_MAX);
    sk_X509_free(certs);
    certs = NULL;
  }
  return certs;
}

codicil_err codicil_trust_add_pem(codicil_trust *trust, size_t *out_num, codicil_diag *diag,
                                  codicil_span pem) {
  STACK_OF(X509) *certs = read_some(diag, pem);
  codicil_err err = certs != NULL ? CODICIL_OK : CODICIL_BAD_INPUT;
  int num = certs != NULL ? sk_X509_num(certs) : 0;
  for (int i = 0; i < num && err == CODICIL_OK; i++) {
    err = add_anchor(trust, sk_X509_value(certs, i));
  }
  if (err == CODICIL_OK && out_num != NULL) {
    *out_num = (size_t)num;
  }
  sk_X509_pop_free(certs, X509_free);
  ERR_clear_error();
  return err;
}

codicil_err codicil_trust_mark_caa(codicil_trust *trust, size_t *out_num, codicil_diag *diag,
                                   codicil_span pem) {
  STACK_OF(X509) *certs = read_some(diag, pem);
  codicil_err err = certs != NULL ? CODICIL_OK : CODICIL_BAD_INPUT;
  int num = certs != NULL ? sk_X509_num(certs) : 0;
  size_t num_marked = 0;
  for (int i = 0; i < num && err == CODICIL_OK; i++) {
    err = mark_anchor(trust, sk_X509_value(certs, i), &num_marked);
  }
  if (err == CODICIL_OK && num_marked < (size_t)num) {
    codicil_diag_set(diag, "a certificate of the file is no trust anchor", SIZE_MAX);
  }
  if (err == CODICIL_OK && out_num != NULL) {
    *out_num = num_marked;
  }
  sk_X509_pop_free(certs, X509_free);
  ERR_clear_error();
  return err;
}

bool codicil_trust_is_caa_anchor(const codicil_trust *trust, X509 *anchor) {
  uint8_t sha256[CODICIL_SHA256_LEN];
  bool is_hashed = false;
  for (size_t i = 0; i < trust->num_anchors; i++) {
    if (trust->anchors[i].is_caa) {
      is_hashed = is_hashed || X509_digest(anchor, EVP_sha256(), sha256, NULL) == 1;
      if (is_hashed && memcmp(trust->anchors[i].sha256, sha256, sizeof sha256) == 0) {
        return true;
      }
    }
  }
  return false;
}

void codicil_trust_set_min_scts(codicil_trust *trust, size_t min) {
  trust->min_scts = min;
}

X509_STORE *codicil_trust_store(const codicil_trust *trust) {
  return trust->store;
}

const uint8_t *codicil_trust_generation(const codicil_trust *trust) {
  return trust->generation;
}
