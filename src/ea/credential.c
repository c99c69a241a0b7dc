// Credentials: see credential.h and codicil/ea.h.
#include "credential.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "err.h"
#include "extension.h"
#include "mem.h"
#include "message.h"
#include "spki.h"

// A chain longer than any that a peer would take, and a certificate_list that leaves room for the
// rest of the 24-bit Certificate message.
enum { MAX_CHAIN = 64, MAX_LIST = 0xffffff - 512 };

// ---- reading PEM ------------------------------------------------------------------------------

// Answers for OpenSSL, which would ask on the terminal, that there is no passphrase.
static int no_passphrase(char *buf, int size, int rwflag, void *ctx) {
  (void)buf;
  (void)size;
  (void)rwflag;
  (void)ctx;
  return -1;
}

static BIO *bio_of(codicil_span pem) {
  return pem.len != 0 && pem.len <= INT_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
}

static codicil_err fill_link(codicil_link *link, const codicil_mem *mem, X509 *x509) {
  unsigned char *der = NULL;
  int len = i2d_X509(x509, &der);
  if (len <= 0) {
    return CODICIL_CRYPTO;
  }
  codicil_buf_init(&link->der, mem, MAX_LIST);
  codicil_buf_init(&link->ocsp, mem, 0xffff - 4);
  codicil_buf_init(&link->scts, mem, 0xffff);
  codicil_err err = codicil_buf_append(&link->der, codicil_span_of(der, (size_t)len));
  OPENSSL_free(der);
  if (err == CODICIL_OK) {
    link->signature = codicil_cert_signature_of(x509);
    link->x509 = x509;
  }
  return err == CODICIL_LIMIT ? CODICIL_BAD_INPUT : err;
}

// Takes `x509` on success only.
static codicil_err take_certificate(codicil_credential *c, X509 *x509) {
  void *chain = c->chain;
  codicil_err err =
      codicil_mem_grow(c->mem, &chain, &c->cap, c->num + 1, MAX_CHAIN, sizeof *c->chain);
  c->chain = chain;
  if (err != CODICIL_OK) {
    return err == CODICIL_LIMIT ? CODICIL_BAD_INPUT : err;
  }
  err = fill_link(&c->chain[c->num], c->mem, x509);
  if (err == CODICIL_OK) {
    c->num++;
  }
  return err;
}

static codicil_err read_chain(codicil_credential *c, codicil_diag *diag, codicil_span pem) {
  BIO *bio = bio_of(pem);
  codicil_err err = CODICIL_OK;
  X509 *x509 = NULL;
  while (err == CODICIL_OK && bio != NULL &&
         (x509 = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL) {
    err = take_certificate(c, x509);
    if (err != CODICIL_OK) {
      X509_free(x509);
    }
  }
  BIO_free(bio);
  if (err != CODICIL_OK) {
    codicil_diag_set(diag, "certificate chain too long", SIZE_MAX);
    return err;
  }
  // The end of the file is an error of its own kind; any other is a certificate that is not one.
  unsigned long last = ERR_peek_last_error();
  bool at_end = pem.len == 0 ||
                (ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE);
  if (c->num == 0 || !at_end) {
    codicil_diag_set(diag, at_end ? "no certificate in PEM" : "certificate does not parse",
                     SIZE_MAX);
    return CODICIL_BAD_INPUT;
  }
  return CODICIL_OK;
}

static codicil_err read_key(codicil_credential *c, codicil_diag *diag, codicil_span pem) {
  BIO *bio = bio_of(pem);
  EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
  BIO_free(bio);
  if (key == NULL) {
    codicil_diag_set(diag, "no private key in PEM, or it is encrypted", SIZE_MAX);
    return CODICIL_BAD_INPUT;
  }
  if (X509_check_private_key(c->chain[0].x509, key) != 1) {
    EVP_PKEY_free(key);
    codicil_diag_set(diag, "private key is not the certificate's", SIZE_MAX);
    return CODICIL_BAD_INPUT;
  }
  c->key = key;
  return CODICIL_OK;
}

// RFC 8446 §4.4.2.2: where keyUsage is present, digitalSignature must be set, and the key must be
// one that a scheme can use.
static codicil_err read_end_entity(codicil_credential *c, codicil_diag *diag) {
  codicil_spki spki;
  X509 *x509 = c->chain[0].x509;
  EVP_PKEY *key = X509_get0_pubkey(x509);
  if (!codicil_spki_parse(&spki, codicil_buf_span(&c->chain[0].der)) ||
      spki.type == CODICIL_KEY_NONE || key == NULL) {
    codicil_diag_set(diag, "no signature scheme can use the certificate's key", SIZE_MAX);
    return CODICIL_BAD_INPUT;
  }
  if ((X509_get_extension_flags(x509) & EXFLAG_KUSAGE) != 0 &&
      (X509_get_key_usage(x509) & KU_DIGITAL_SIGNATURE) == 0) {
    codicil_diag_set(diag, "certificate's key usage does not allow signatures", SIZE_MAX);
    return CODICIL_BAD_INPUT;
  }
  c->key_type = spki.type;
  c->signature_len = (size_t)EVP_PKEY_get_size(key);
  return CODICIL_OK;
}

// ---- encoding ---------------------------------------------------------------------------------

static codicil_err encode_list(codicil_buf *out, const codicil_credential *c, unsigned with) {
  codicil_writer w = codicil_writer_of(out);
  for (size_t i = 0; i < c->num; i++) {
    codicil_entry entry = {codicil_buf_span(&c->chain[i].der), {NULL, 0}, {NULL, 0}};
    if ((with & CODICIL_WITH_OCSP) != 0) {
      entry.ocsp = codicil_buf_span(&c->chain[i].ocsp);
    }
    if ((with & CODICIL_WITH_SCTS) != 0) {
      entry.scts = codicil_buf_span(&c->chain[i].scts);
    }
    codicil_entry_write(&w, &entry);
  }
  codicil_err err = codicil_writer_finish(&w);
  return err == CODICIL_LIMIT ? CODICIL_BAD_INPUT : err;
}

static unsigned staples_of(const codicil_credential *c) {
  unsigned staples = 0;
  for (size_t i = 0; i < c->num; i++) {
    staples |= c->chain[i].ocsp.len != 0 ? CODICIL_WITH_OCSP : 0u;
    staples |= c->chain[i].scts.len != 0 ? CODICIL_WITH_SCTS : 0u;
  }
  return staples;
}

// Encodes the list for every set of staples that there can be. All are made before one is replaced.
static codicil_err encode_lists(codicil_credential *c) {
  unsigned staples = staples_of(c);
  codicil_buf lists[CODICIL_NUM_LISTS];
  codicil_err err = CODICIL_OK;
  for (unsigned with = 0; with < CODICIL_NUM_LISTS; with++) {
    codicil_buf_init(&lists[with], c->mem, MAX_LIST);
    if (err == CODICIL_OK && (with & ~staples) == 0) {
      err = encode_list(&lists[with], c, with);
    }
  }
  for (unsigned with = 0; with < CODICIL_NUM_LISTS; with++) {
    codicil_buf_clear(err == CODICIL_OK ? &c->lists[with] : &lists[with]);
    if (err == CODICIL_OK) {
      c->lists[with] = lists[with];
    }
  }
  c->staples = err == CODICIL_OK ? staples : c->staples;
  return err;
}

// ---- life -------------------------------------------------------------------------------------

static codicil_err fill(codicil_credential *c, codicil_diag *diag, codicil_span chain_pem,
                        const codicil_span *key_pem) {
  codicil_err err = read_chain(c, diag, chain_pem);
  if (err == CODICIL_OK) {
    err = read_end_entity(c, diag);
  }
  if (err == CODICIL_OK && key_pem != NULL) {
    err = read_key(c, diag, *key_pem);
  }
  return err == CODICIL_OK ? encode_lists(c) : err;
}

static codicil_err make(codicil_credential **out, codicil_diag *diag, const codicil_mem *mem,
                        codicil_span chain_pem, const codicil_span *key_pem) {
  codicil_credential *c = codicil_mem_zalloc(mem, sizeof *c);
  if (c == NULL) {
    return CODICIL_NOMEM;
  }
  c->mem = mem;
  atomic_init(&c->refs, 1);
  // Nothing that happened before may be taken for the end of the PEM.
  ERR_clear_error();
  codicil_err err = fill(c, diag, chain_pem, key_pem);
  ERR_clear_error();
  if (err != CODICIL_OK) {
    codicil_credential_free(c);
    return err;
  }
  *out = c;
  return CODICIL_OK;
}

codicil_err codicil_credential_new(codicil_credential **out, codicil_diag *diag,
                                   const codicil_mem *mem, codicil_span chain_pem,
                                   codicil_span key_pem) {
  return make(out, diag, mem, chain_pem, &key_pem);
}

codicil_err codicil_credential_new_remote(codicil_credential **out, codicil_diag *diag,
                                          const codicil_mem *mem, codicil_span chain_pem) {
  return make(out, diag, mem, chain_pem, NULL);
}

codicil_credential *codicil_credential_ref(codicil_credential *credential) {
  atomic_fetch_add_explicit(&credential->refs, 1, memory_order_relaxed);
  return credential;
}

void codicil_credential_free(codicil_credential *credential) {
  if (credential == NULL ||
      atomic_fetch_sub_explicit(&credential->refs, 1, memory_order_acq_rel) != 1) {
    return;
  }
  const codicil_mem *mem = credential->mem;
  for (size_t i = 0; i < credential->num; i++) {
    codicil_link *link = &credential->chain[i];
    X509_free(link->x509);
    codicil_buf_clear(&link->der);
    codicil_buf_clear(&link->ocsp);
    codicil_buf_clear(&link->scts);
  }
  for (size_t i = 0; i < CODICIL_NUM_LISTS; i++) {
    codicil_buf_clear(&credential->lists[i]);
  }
  if (credential->chain != NULL) {
    codicil_mem_free(mem, credential->chain);
  }
  EVP_PKEY_free(credential->key);
  codicil_mem_free(mem, credential);
}

// ---- staples ----------------------------------------------------------------------------------

// Puts `staple` in the place of `*slot`; puts back what was there where the lists cannot be made.
static codicil_err set_staple(codicil_credential *c, codicil_buf *slot, codicil_span staple) {
  codicil_buf before = *slot;
  codicil_buf_init(slot, before.mem, before.max);
  codicil_err err = codicil_buf_append(slot, staple);
  if (err == CODICIL_OK) {
    err = encode_lists(c);
  }
  if (err != CODICIL_OK) {
    codicil_buf_clear(slot);
    *slot = before;
    return err == CODICIL_LIMIT ? CODICIL_BAD_INPUT : err;
  }
  codicil_buf_clear(&before);
  return CODICIL_OK;
}

codicil_err codicil_credential_set_ocsp(codicil_credential *credential, size_t index,
                                        codicil_span der) {
  if (index >= credential->num) {
    return CODICIL_USAGE;
  }
  return set_staple(credential, &credential->chain[index].ocsp, der);
}

codicil_err codicil_credential_set_scts(codicil_credential *credential, size_t index,
                                        codicil_span list) {
  if (index >= credential->num) {
    return CODICIL_USAGE;
  }
  if (list.len != 0 && !codicil_sct_list_valid(list)) {
    return CODICIL_BAD_INPUT;
  }
  return set_staple(credential, &credential->chain[index].scts, list);
}

// ---- asking -----------------------------------------------------------------------------------

size_t codicil_credential_num_certificates(const codicil_credential *credential) {
  return credential->num;
}

codicil_span codicil_credential_certificate(const codicil_credential *credential, size_t index) {
  return index < credential->num ? codicil_buf_span(&credential->chain[index].der)
                                 : codicil_span_of(NULL, 0);
}

bool codicil_credential_has_key(const codicil_credential *credential) {
  return credential->key != NULL;
}

codicil_span codicil_credential_list(const codicil_credential *credential,
                                     const codicil_offer *offer) {
  unsigned with = 0;
  if ((credential->staples & CODICIL_WITH_OCSP) != 0 &&
      codicil_offer_has(offer, CODICIL_EXT_STATUS_REQUEST)) {
    with |= CODICIL_WITH_OCSP;
  }
  if ((credential->staples & CODICIL_WITH_SCTS) != 0 && codicil_offer_has(offer, CODICIL_EXT_SCT)) {
    with |= CODICIL_WITH_SCTS;
  }
  return codicil_buf_span(&credential->lists[with]);
}

const codicil_scheme *codicil_credential_choose(const codicil_credential *credential,
                                                const codicil_offer *offer) {
  codicil_span cert_schemes = codicil_offer_cert_schemes(offer);
  for (size_t i = 0; i < credential->num; i++) {
    if (!codicil_cert_signature_allowed(&credential->chain[i].signature, cert_schemes)) {
      return NULL;
    }
  }
  return codicil_scheme_choose(offer->schemes, credential->key_type, credential->signature_len);
}
