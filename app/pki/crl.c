// CRLs (RFC 5280 §5): version 2, whole, in PEM. An issuer lists what it signed itself, so a CA with
// an intermediate has two.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pki/audit.h"
#include "pki/key.h"
#include "pki/revoke.h"

enum { DAY_S = 86400, CRL_FILE_MAX = 1 << 26 };
static const char *const stems[PKI_CRLS_MAX] = {"ca", "intermediate"};

typedef struct work {
  X509_CRL *crl;
  int64_t previous; // when the CRL before was made
  size_t num_entries;
} work;

//= https://www.rfc-editor.org/rfc/rfc5280#section-5.3.1
//# the reason code CRL entry extension SHOULD be absent instead of using the unspecified (0)
//# reasonCode value.
static bool set_reason(X509_REVOKED *entry, int reason) {
  if (reason == 0) {
    return true;
  }
  ASN1_ENUMERATED *code = ASN1_ENUMERATED_new();
  bool ok = code != NULL && ASN1_ENUMERATED_set(code, reason) == 1 &&
            X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, code, 0, X509V3_ADD_DEFAULT) == 1;
  ASN1_ENUMERATED_free(code);
  return ok;
}

static bool fill_entry(X509_REVOKED *revoked, const pki_entry *entry) {
  BIGNUM *number = NULL;
  ASN1_TIME *at = ASN1_TIME_set(NULL, (time_t)entry->revoked_at);
  ASN1_INTEGER *serial =
      BN_hex2bn(&number, entry->serial) > 0 ? BN_to_ASN1_INTEGER(number, NULL) : NULL;
  bool ok = at != NULL && serial != NULL && X509_REVOKED_set_serialNumber(revoked, serial) == 1 &&
            X509_REVOKED_set_revocationDate(revoked, at) == 1 && set_reason(revoked, entry->reason);
  ASN1_INTEGER_free(serial);
  ASN1_TIME_free(at);
  BN_free(number);
  return ok;
}

//= https://www.rfc-editor.org/rfc/rfc5280#section-3.3
//# An entry MUST NOT be removed from the CRL until it appears on one regularly scheduled CRL
//# issued beyond the revoked certificate's validity period.
static bool list_entry(void *user, const pki_entry *entry, app_error *err) {
  work *w = user;
  if (entry->state != PKI_REVOKED || entry->not_after < w->previous) {
    return true;
  }
  X509_REVOKED *revoked = X509_REVOKED_new();
  if (revoked == NULL || !fill_entry(revoked, entry) ||
      X509_CRL_add0_revoked(w->crl, revoked) != 1) {
    X509_REVOKED_free(revoked);
    return pki_fail_crypto(err, "listing a revoked certificate");
  }
  w->num_entries++;
  return true;
}

//= https://www.rfc-editor.org/rfc/rfc5280#section-5.2.3
//# CRL issuers conforming to this profile MUST include this extension in all CRLs and MUST mark
//# this extension as non-critical.
static bool add_number(X509_CRL *crl, int64_t number) {
  ASN1_INTEGER *value = ASN1_INTEGER_new();
  bool ok = value != NULL && ASN1_INTEGER_set_int64(value, number) == 1 &&
            X509_CRL_add1_ext_i2d(crl, NID_crl_number, value, 0, X509V3_ADD_DEFAULT) == 1;
  ASN1_INTEGER_free(value);
  return ok;
}

//= https://www.rfc-editor.org/rfc/rfc5280#section-5.2.1
//# Conforming CRL issuers MUST use the key identifier method, and MUST include this extension in
//# all CRLs issued.
static bool add_key_identifier(X509_CRL *crl, X509 *issuer) {
  X509V3_CTX ctx;
  X509V3_set_ctx(&ctx, issuer, NULL, NULL, crl, 0);
  X509V3_set_ctx_nodb(&ctx);
  X509_EXTENSION *ext =
      X509V3_EXT_nconf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid:always");
  bool ok = ext != NULL && X509_CRL_add_ext(crl, ext, -1) == 1;
  X509_EXTENSION_free(ext);
  return ok;
}

//= https://www.rfc-editor.org/rfc/rfc5280#section-5.1.2.5
//# Conforming CRL issuers MUST include the nextUpdate field in all CRLs.
static bool fill_head(X509_CRL *crl, const pki_ca *ca, const pki_crl_order *order,
                      int64_t next_update) {
  ASN1_TIME *now = ASN1_TIME_set(NULL, (time_t)order->now_s);
  ASN1_TIME *next = ASN1_TIME_set(NULL, (time_t)next_update);
  bool ok = now != NULL && next != NULL && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
            X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->certificate)) == 1 &&
            X509_CRL_set1_lastUpdate(crl, now) == 1 && X509_CRL_set1_nextUpdate(crl, next) == 1;
  ASN1_TIME_free(now);
  ASN1_TIME_free(next);
  return ok;
}

static bool sign_crl(X509_CRL *crl, const pki_ca *ca, int64_t number, app_error *err) {
  bool ok = add_number(crl, number) && add_key_identifier(crl, ca->certificate) &&
            X509_CRL_sort(crl) == 1 && X509_CRL_sign(crl, ca->key, pki_key_digest(ca->key)) > 0;
  return ok || pki_fail_crypto(err, "signing a CRL");
}

static bool append_pem(codicil_buf *out, X509_CRL *crl, app_error *err) {
  char *text = NULL;
  BIO *bio = BIO_new(BIO_s_mem());
  bool ok = bio != NULL && PEM_write_bio_X509_CRL(bio, crl) == 1;
  long len = ok ? BIO_get_mem_data(bio, &text) : 0;
  ok = len > 0 && codicil_buf_append(out, codicil_span_of(text, (size_t)len)) == CODICIL_OK;
  BIO_free(bio);
  return ok || pki_fail_crypto(err, "writing a CRL");
}

static bool write_down(const char *issuer, const pki_crl_made *made, const pki_crl_order *order,
                       app_error *err) {
  const pki_event event = {
      .now_s = order->now_s,
      .command = "crl",
      .outcome = "signing",
      .issuer = issuer,
      .crl_number = made->number,
  };
  return pki_audit_append(order->ca_dir, &event, 1, err);
}

// The number is spent before it is used: of a CRL that is lost the next one has a greater.
static bool take_number(pki_crl_made *out, work *w, pki_register *reg, const char *issuer,
                        const pki_crl_order *order, app_error *err) {
  return pki_register_begin(reg, err) &&
         pki_register_next_crl(reg, &out->number, &w->previous, issuer, order->now_s, err) &&
         pki_register_commit(reg, err) && write_down(issuer, out, order, err);
}

static bool make_crl(codicil_buf *pem, pki_crl_made *out, pki_register *reg, const pki_ca *ca,
                     const pki_crl_order *order, app_error *err) {
  char issuer[PKI_ISSUER_LEN];
  work w = {.crl = X509_CRL_new()};
  out->next_update = order->now_s + (int64_t)order->days * DAY_S;
  bool ok = w.crl != NULL && fill_head(w.crl, ca, order, out->next_update)
                ? pki_issuer_id(issuer, X509_get_subject_name(ca->certificate), err)
                : pki_fail_crypto(err, "making a CRL");
  ok = ok && take_number(out, &w, reg, issuer, order, err) &&
       pki_register_each(reg, issuer, NULL, list_entry, &w, err) &&
       sign_crl(w.crl, ca, out->number, err) && append_pem(pem, w.crl, err);
  out->num_entries = w.num_entries;
  X509_CRL_free(w.crl);
  return ok;
}

static bool make_for(codicil_buf *pem, pki_crl_made *out, pki_register *reg, const char *stem,
                     const pki_crl_order *order, app_error *err) {
  pki_ca ca = {NULL, NULL};
  if (!pki_ca_load(&ca, order->ca_dir, stem, err)) {
    return false;
  }
  out->issuer = stem;
  int len = order->out_path != NULL
                ? snprintf(out->path, sizeof out->path, "%s", order->out_path)
                : snprintf(out->path, sizeof out->path, "%s/%s.crl", order->ca_dir, stem);
  bool ok = len > 0 && (size_t)len < sizeof out->path;
  if (!ok) {
    app_fail(err, "%s: path is too long", order->ca_dir);
  } else if ((X509_get_key_usage(ca.certificate) & KU_CRL_SIGN) == 0) {
    ok = app_fail(err, "%s/%s.pem: may not sign CRLs", order->ca_dir, stem);
  }
  ok = ok && make_crl(pem, out, reg, &ca, order, err);
  pki_ca_clear(&ca);
  return ok;
}

// Numbers and files go up together: only one process makes CRLs at a time.
static bool make_all(codicil_buf *pem, pki_crl_made *made, size_t num, const pki_crl_order *order,
                     app_error *err) {
  pki_register *reg = NULL;
  bool is_new = false;
  // One file holds both, one after the other; else each has its own.
  size_t num_files = order->out_path != NULL ? 1 : num;
  bool ok = pki_register_open(&reg, &is_new, order->ca_dir, err);
  for (size_t i = 0; ok && i < num; i++) {
    ok = make_for(&pem[num_files == 1 ? 0 : i], &made[i], reg, stems[i], order, err);
  }
  for (size_t i = 0; ok && i < num_files; i++) {
    ok = pki_file_replace(made[i].path, codicil_buf_span(&pem[i]), err);
  }
  pki_register_close(reg);
  return ok;
}

bool pki_new_crls(pki_crl_made *out, size_t *out_num, const pki_crl_order *order, app_error *err) {
  pki_crl_made made[PKI_CRLS_MAX] = {{.number = 0}};
  codicil_buf pem[PKI_CRLS_MAX];
  pki_ca ca = {NULL, NULL};
  int lock = -1;
  // A directory that holds no CA gets no register.
  if (!pki_ca_load(&ca, order->ca_dir, stems[0], err) || !pki_ca_lock(&lock, order->ca_dir, err)) {
    pki_ca_clear(&ca);
    return false;
  }
  size_t num = pki_ca_exists(order->ca_dir, stems[1]) ? 2 : 1;
  for (size_t i = 0; i < PKI_CRLS_MAX; i++) {
    codicil_buf_init(&pem[i], NULL, CRL_FILE_MAX);
  }
  bool ok = make_all(pem, made, num, order, err);
  if (ok) {
    memcpy(out, made, num * sizeof *made);
    *out_num = num;
  }
  for (size_t i = 0; i < PKI_CRLS_MAX; i++) {
    codicil_buf_clear(&pem[i]);
  }
  pki_ca_clear(&ca);
  close(lock);
  return ok;
}
