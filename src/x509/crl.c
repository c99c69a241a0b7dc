// Certificate revocation lists: see crl.h, and x509.h.
#include "crl.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "err.h"
#include "mem.h"
#include "path.h"
#include "trust.h"

enum { CRLS_MAX = 1 << 16 };
// What is written down of a CRL's signer: nothing yet, by some thread just now, all.
enum { SIGNER_UNKNOWN, SIGNER_IN_HAND, SIGNER_KNOWN };

// ---- reading ------------------------------------------------------------------------------------

// An encrypted PEM block is refused; OpenSSL's own callback would ask at the terminal.
static int no_password(char *buf, int len, int writing, void *ctx) {
  (void)buf, (void)len, (void)writing, (void)ctx;
  return -1;
}

// Takes `crl`, which may be NULL.
static bool push(STACK_OF(X509_CRL) * crls, X509_CRL *crl) {
  bool ok = crl != NULL && sk_X509_CRL_push(crls, crl) > 0;
  if (!ok) {
    X509_CRL_free(crl);
  }
  return ok;
}

static bool read_pem(STACK_OF(X509_CRL) * crls, codicil_span file) {
  BIO *bio = BIO_new_mem_buf(file.data, (int)file.len);
  bool ok = bio != NULL;
  X509_CRL *crl = NULL;
  while (ok && (crl = PEM_read_bio_X509_CRL(bio, NULL, no_password, NULL)) != NULL) {
    ok = push(crls, crl);
  }
  ok = ok && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  BIO_free(bio);
  return ok;
}

static bool read_der(STACK_OF(X509_CRL) * crls, codicil_span file) {
  const uint8_t *at = file.data;
  return push(crls, d2i_X509_CRL(NULL, &at, (long)file.len)) && at == file.data + file.len;
}

// Reads all lists, or none. Returns NULL where one does not parse.
static STACK_OF(X509_CRL) * read_file(codicil_span file) {
  STACK_OF(X509_CRL) *crls = file.len <= INT_MAX ? sk_X509_CRL_new_null() : NULL;
  bool is_der = file.len != 0 && file.data[0] == 0x30;
  if (crls != NULL && !(is_der ? read_der(crls, file) : read_pem(crls, file))) {
    sk_X509_CRL_pop_free(crls, X509_CRL_free);
    crls = NULL;
  }
  return crls;
}

// ---- what is taken ------------------------------------------------------------------------------

// Returns why the list's scope is none of ours, else NULL.
static const char *scope_problem(const X509_CRL *crl) {
  int critical = -1;
  ISSUING_DIST_POINT *point =
      X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, &critical, NULL);
  const char *what = NULL;
  if (point == NULL) {
    return critical == -1 ? NULL : "CRL has an issuing distribution point that does not parse";
  }
  if (point->indirectCRL > 0) {
    what = "indirect CRLs are not supported";
  } else if (point->onlyattr > 0) {
    what = "CRL is for attribute certificates";
  }
  ISSUING_DIST_POINT_free(point);
  return what;
}

//= https://www.rfc-editor.org/rfc/rfc5280#section-5.2
//# If a CRL contains a critical extension
//# that the application cannot process, then the application MUST NOT
//# use that CRL to determine the status of certificates.
static const char *extension_problem(const X509_CRL *crl) {
  for (int i = 0; i < X509_CRL_get_ext_count(crl); i++) {
    X509_EXTENSION *extension = X509_CRL_get_ext(crl, i);
    int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
    if (nid == NID_delta_crl) {
      return "delta CRLs are not supported";
    }
    if (X509_EXTENSION_get_critical(extension) && nid != NID_issuing_distribution_point) {
      return "CRL has a critical extension that is not known";
    }
  }
  return scope_problem(crl);
}

// RFC 5280 §5.3: as of the list's own extensions, so of its entries'. Of what may be critical, a
// reason and a date change nothing here.
static bool has_strange_entry(X509_CRL *crl) {
  STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl);
  for (int i = 0; i < sk_X509_REVOKED_num(entries); i++) {
    const X509_REVOKED *entry = sk_X509_REVOKED_value(entries, i);
    for (int at = X509_REVOKED_get_ext_by_critical(entry, 1, -1); at >= 0;
         at = X509_REVOKED_get_ext_by_critical(entry, 1, at)) {
      int nid = OBJ_obj2nid(X509_EXTENSION_get_object(X509_REVOKED_get_ext(entry, at)));
      if (nid != NID_crl_reason && nid != NID_invalidity_date) {
        return true;
      }
    }
  }
  return false;
}

static const char *problem_of(X509_CRL *crl) {
  const ASN1_TIME *next_update = X509_CRL_get0_nextUpdate(crl);
  int64_t at;
  if (!codicil_asn1_time(&at, X509_CRL_get0_lastUpdate(crl)) ||
      (next_update != NULL && !codicil_asn1_time(&at, next_update))) {
    return "CRL has a time that cannot be read";
  }
  if (has_strange_entry(crl)) {
    return "CRL has an entry with a critical extension that is not known";
  }
  return extension_problem(crl);
}

static const char *problem_of_all(STACK_OF(X509_CRL) * crls) {
  const char *what = sk_X509_CRL_num(crls) == 0 ? "no CRL in file" : NULL;
  for (int i = 0; i < sk_X509_CRL_num(crls) && what == NULL; i++) {
    what = problem_of(sk_X509_CRL_value(crls, i));
  }
  return what;
}

// OpenSSL brings the entries into order when they are first asked for, which may not fail later.
static bool sort_entries(X509_CRL *crl) {
  ASN1_INTEGER *zero = ASN1_INTEGER_new();
  X509_REVOKED *entry = NULL;
  if (zero != NULL) {
    (void)X509_CRL_get0_by_serial(crl, &entry, zero);
  }
  ASN1_INTEGER_free(zero);
  return zero != NULL;
}

// Takes the lists over. All of them are added, or none.
static codicil_err add_all(codicil_trust *trust, STACK_OF(X509_CRL) * crls, codicil_span file) {
  uint8_t sha256[CODICIL_SHA256_LEN];
  size_t num = (size_t)sk_X509_CRL_num(crls);
  codicil_err err = codicil_mem_grow(trust->mem, (void **)&trust->crls, &trust->cap_crls,
                                     trust->num_crls + num, CRLS_MAX, sizeof *trust->crls);
  for (int i = 0; err == CODICIL_OK && i < sk_X509_CRL_num(crls); i++) {
    err = sort_entries(sk_X509_CRL_value(crls, i)) ? CODICIL_OK : CODICIL_NOMEM;
  }
  if (err == CODICIL_OK &&
      (!codicil_sha256(sha256, file) || !codicil_trust_extend(trust, CODICIL_TRUST_CRLS, sha256))) {
    err = CODICIL_CRYPTO;
  }
  for (size_t i = 0; err == CODICIL_OK && i < num; i++) {
    codicil_crl *added = &trust->crls[trust->num_crls++];
    added->crl = sk_X509_CRL_value(crls, (int)i);
    X509_CRL_up_ref(added->crl);
    atomic_init(&added->signer_state, SIGNER_UNKNOWN);
  }
  return err;
}

void codicil_trust_free_crls(codicil_trust *trust) {
  for (size_t i = 0; i < trust->num_crls; i++) {
    X509_CRL_free(trust->crls[i].crl);
  }
  codicil_mem_free(trust->mem, trust->crls);
}

codicil_err codicil_trust_add_crls(codicil_trust *trust, size_t *out_num, codicil_diag *diag,
                                   codicil_span file) {
  ERR_clear_error();
  STACK_OF(X509_CRL) *crls = read_file(file);
  size_t num = crls != NULL ? (size_t)sk_X509_CRL_num(crls) : 0;
  const char *what = crls != NULL ? problem_of_all(crls) : "CRL does not parse";
  codicil_err err = CODICIL_BAD_INPUT;
  if (what == NULL) {
    err = add_all(trust, crls, file);
  } else {
    codicil_diag_set(diag, what, SIZE_MAX);
  }
  sk_X509_CRL_pop_free(crls, X509_CRL_free);
  ERR_clear_error();
  if (err == CODICIL_OK && out_num != NULL) {
    *out_num = num;
  }
  return err;
}

// ---- asking -------------------------------------------------------------------------------------

static bool is_in_name_of(const X509_CRL *crl, X509 *issuer) {
  return X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(issuer)) == 0;
}

// An entry with the reason removeFromCRL (2) takes a certificate off.
static bool lists(X509_CRL *crl, const ASN1_INTEGER *serial) {
  X509_REVOKED *entry = NULL;
  return X509_CRL_get0_by_serial(crl, &entry, serial) == 1;
}

static bool is_known_signer(codicil_crl *crl, const uint8_t key_sha256[CODICIL_SHA256_LEN]) {
  return atomic_load_explicit(&crl->signer_state, memory_order_acquire) == SIGNER_KNOWN &&
         memcmp(crl->signer_sha256, key_sha256, CODICIL_SHA256_LEN) == 0;
}

// The first thread to find out writes it down, the others go without.
static void know_signer(codicil_crl *crl, const uint8_t key_sha256[CODICIL_SHA256_LEN]) {
  int state = SIGNER_UNKNOWN;
  if (atomic_compare_exchange_strong(&crl->signer_state, &state, SIGNER_IN_HAND)) {
    memcpy(crl->signer_sha256, key_sha256, CODICIL_SHA256_LEN);
    atomic_store_explicit(&crl->signer_state, SIGNER_KNOWN, memory_order_release);
  }
}

//= https://www.rfc-editor.org/rfc/rfc5280#section-6.3.3
//# If a key usage extension is
//# present in the CRL issuer's certificate, verify that the
//# cRLSign bit is set.
static bool is_signed_by(codicil_crl *crl, X509 *issuer) {
  uint8_t key_sha256[CODICIL_SHA256_LEN];
  EVP_PKEY *key = X509_get0_pubkey(issuer);
  if (key == NULL || (X509_get_key_usage(issuer) & KU_CRL_SIGN) == 0 ||
      X509_pubkey_digest(issuer, EVP_sha256(), key_sha256, NULL) != 1) {
    return false;
  }
  if (is_known_signer(crl, key_sha256)) {
    return true;
  }
  bool ok = X509_CRL_verify(crl->crl, key) == 1;
  if (ok) {
    know_signer(crl, key_sha256);
  }
  return ok;
}

bool codicil_crls_name(const codicil_trust *trust, const ASN1_INTEGER *serial, X509 *issuer) {
  for (size_t i = 0; i < trust->num_crls; i++) {
    X509_CRL *crl = trust->crls[i].crl;
    if (is_in_name_of(crl, issuer) && lists(crl, serial)) {
      return true;
    }
  }
  return false;
}

bool codicil_crls_revoke(const codicil_trust *trust, const ASN1_INTEGER *serial, X509 *issuer) {
  for (size_t i = 0; i < trust->num_crls; i++) {
    codicil_crl *one = &trust->crls[i];
    if (is_in_name_of(one->crl, issuer) && lists(one->crl, serial) && is_signed_by(one, issuer)) {
      return true;
    }
  }
  return false;
}

int64_t codicil_crls_next_update(const codicil_trust *trust, X509 *issuer, int64_t unix_s) {
  int64_t first = INT64_MAX;
  for (size_t i = 0; i < trust->num_crls; i++) {
    const X509_CRL *crl = trust->crls[i].crl;
    int64_t from, until;
    if (X509_CRL_get0_nextUpdate(crl) != NULL && is_in_name_of(crl, issuer) &&
        codicil_asn1_time(&from, X509_CRL_get0_lastUpdate(crl)) &&
        codicil_asn1_time(&until, X509_CRL_get0_nextUpdate(crl)) && from <= unix_s &&
        unix_s < until && until < first) {
      first = until;
    }
  }
  return first;
}
