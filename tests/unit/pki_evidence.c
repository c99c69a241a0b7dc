// CRLs and timestamps for tests: see pki_evidence.h.
#include "pki_evidence.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition) check((condition), #condition, __LINE__)

static void check(bool condition, const char *what, int line) {
  if (!condition) {
    fprintf(stderr, "pki_evidence.c:%d: %s\n", line, what);
    ERR_print_errors_fp(stderr);
    abort();
  }
}

static pki_bytes copy(const void *data, size_t len) {
  pki_bytes out = {malloc(len + 1), len};
  CHECK(out.data != NULL);
  memcpy(out.data, data, len);
  out.data[len] = 0;
  return out;
}

// ---- CRLs ---------------------------------------------------------------------------------------

static void add_revoked(X509_CRL *crl, const pki_cert *cert, int reason) {
  X509_REVOKED *entry = X509_REVOKED_new();
  ASN1_TIME *time = ASN1_TIME_set(NULL, PKI_NOW - PKI_DAY);
  CHECK(entry != NULL && time != NULL &&
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(cert->x509)) == 1 &&
        X509_REVOKED_set_revocationDate(entry, time) == 1);
  if (reason != 0) {
    ASN1_ENUMERATED *value = ASN1_ENUMERATED_new();
    CHECK(value != NULL && ASN1_ENUMERATED_set(value, reason) == 1 &&
          X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, value, 0, 0) == 1);
    ASN1_ENUMERATED_free(value);
  }
  CHECK(X509_CRL_add0_revoked(crl, entry) == 1);
  ASN1_TIME_free(time);
}

static void add_extension(X509_CRL *crl, X509 *issuer, const pki_extension *extension) {
  X509V3_CTX ctx;
  X509V3_set_ctx(&ctx, issuer, NULL, NULL, crl, 0);
  X509V3_set_ctx_nodb(&ctx);
  X509_EXTENSION *made = X509V3_EXT_nconf(NULL, &ctx, extension->name, extension->value);
  CHECK(made != NULL && X509_CRL_add_ext(crl, made, -1) == 1);
  X509_EXTENSION_free(made);
}

static void set_times(X509_CRL *crl, const pki_crl_spec *spec) {
  ASN1_TIME *time =
      ASN1_TIME_set(NULL, spec->this_update != 0 ? spec->this_update : PKI_NOW - 3600);
  CHECK(time != NULL && X509_CRL_set1_lastUpdate(crl, time) == 1);
  if (spec->next_update >= 0) {
    int64_t at = spec->next_update != 0 ? spec->next_update : PKI_NOW + 7 * PKI_DAY;
    CHECK(ASN1_TIME_set(time, at) != NULL && X509_CRL_set1_nextUpdate(crl, time) == 1);
  }
  ASN1_TIME_free(time);
}

static X509_CRL *make_crl(const pki_cert *issuer, const pki_crl_spec *spec) {
  const pki_cert *signer = spec->signer != NULL ? spec->signer : issuer;
  X509_CRL *crl = X509_CRL_new();
  CHECK(crl != NULL && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
        X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->x509)) == 1);
  set_times(crl, spec);
  for (size_t i = 0; i < 4 && spec->revoked[i] != NULL; i++) {
    add_revoked(crl, spec->revoked[i], spec->reason);
  }
  for (size_t i = 0; i < 2 && spec->extra[i].name != NULL; i++) {
    add_extension(crl, issuer->x509, &spec->extra[i]);
  }
  CHECK(X509_CRL_sign(crl, signer->key, EVP_sha256()) > 0);
  ERR_clear_error();
  return crl;
}

pki_bytes pki_crl(const pki_cert *issuer, const pki_crl_spec *spec) {
  X509_CRL *crl = make_crl(issuer, spec);
  uint8_t *der = NULL;
  int len = i2d_X509_CRL(crl, &der);
  CHECK(len > 0);
  pki_bytes out = copy(der, (size_t)len);
  OPENSSL_free(der);
  X509_CRL_free(crl);
  return out;
}

pki_bytes pki_crl_pem(const pki_cert *issuer, const pki_crl_spec *spec) {
  X509_CRL *crl = make_crl(issuer, spec);
  BIO *bio = BIO_new(BIO_s_mem());
  char *data;
  CHECK(bio != NULL && PEM_write_bio_X509_CRL(bio, crl) == 1);
  long len = BIO_get_mem_data(bio, &data);
  pki_bytes out = copy(data, (size_t)len);
  BIO_free(bio);
  X509_CRL_free(crl);
  return out;
}

// ---- logs ---------------------------------------------------------------------------------------

pki_log *pki_log_new(const char *alg) {
  pki_log *log = calloc(1, sizeof *log);
  CHECK(log != NULL);
  pki_cert *cert = pki_make(NULL, &(pki_spec){.alg = alg});
  log->key = cert->key;
  CHECK(EVP_PKEY_up_ref(log->key) == 1);
  pki_free(cert);
  int len = i2d_PUBKEY(log->key, &log->spki);
  CHECK(len > 0);
  log->spki_len = (size_t)len;
  SHA256(log->spki, log->spki_len, log->id);
  return log;
}

void pki_log_free(pki_log *log) {
  if (log != NULL) {
    EVP_PKEY_free(log->key);
    OPENSSL_free(log->spki);
    free(log);
  }
}

// Octets that grow: long enough for every list here.
typedef struct octets {
  uint8_t data[1 << 14];
  size_t len;
} octets;

static void put(octets *out, uint64_t value, size_t len) {
  CHECK(out->len + len <= sizeof out->data);
  for (size_t i = 0; i < len; i++) {
    out->data[out->len++] = (uint8_t)(value >> (8 * (len - 1 - i)));
  }
}

static void put_bytes(octets *out, const void *data, size_t len) {
  CHECK(out->len + len <= sizeof out->data);
  memcpy(&out->data[out->len], data, len);
  out->len += len;
}

// The end of what is signed: entry type, entry.
static octets x509_entry(const pki_cert *cert) {
  octets out = {.len = 0};
  put(&out, 0, 2);
  put(&out, cert->der_len, 3);
  put_bytes(&out, cert->der, cert->der_len);
  return out;
}

static octets precert_entry(const pki_cert *cert, const pki_cert *issuer) {
  octets out = {.len = 0};
  uint8_t *tbs = NULL, *spki = NULL, hash[32];
  int tbs_len = i2d_re_X509_tbs(cert->x509, &tbs), spki_len = i2d_PUBKEY(issuer->key, &spki);
  CHECK(tbs_len > 0 && spki_len > 0);
  SHA256(spki, (size_t)spki_len, hash);
  put(&out, 1, 2);
  put_bytes(&out, hash, sizeof hash);
  put(&out, (uint64_t)tbs_len, 3);
  put_bytes(&out, tbs, (size_t)tbs_len);
  OPENSSL_free(tbs);
  OPENSSL_free(spki);
  return out;
}

static void put_sct(octets *out, const octets *entry, const pki_sct_spec *spec) {
  octets tbs = {.len = 0};
  uint64_t at_ms = (uint64_t)(spec->unix_s != 0 ? spec->unix_s : PKI_NOW - PKI_DAY) * 1000;
  uint16_t algorithm = spec->algorithm != 0                   ? spec->algorithm
                       : EVP_PKEY_is_a(spec->log->key, "RSA") ? 0x0401
                                                              : 0x0403;
  uint8_t signature[1024];
  size_t len = sizeof signature;
  put(&tbs, spec->version, 1);
  put(&tbs, 0, 1);
  put(&tbs, at_ms, 8);
  put_bytes(&tbs, entry->data, entry->len);
  put(&tbs, 0, 2);
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  CHECK(ctx != NULL &&
        EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, spec->log->key, NULL) == 1 &&
        EVP_DigestSign(ctx, signature, &len, tbs.data, tbs.len) == 1);
  EVP_MD_CTX_free(ctx);
  signature[len - 1] ^= spec->is_forged ? 1 : 0;
  put(out, 1 + 32 + 8 + 2 + 2 + 2 + len, 2);
  put(out, spec->version, 1);
  put_bytes(out, spec->log->id, 32);
  put(out, at_ms, 8);
  put(out, 0, 2);
  put(out, algorithm, 2);
  put(out, len, 2);
  put_bytes(out, signature, len);
}

static pki_bytes sign_all(const octets *entry, const pki_sct_spec *specs, size_t num) {
  octets list = {.len = 2};
  for (size_t i = 0; i < num; i++) {
    put_sct(&list, entry, &specs[i]);
  }
  list.data[0] = (uint8_t)((list.len - 2) >> 8);
  list.data[1] = (uint8_t)(list.len - 2);
  return copy(list.data, list.len);
}

pki_bytes pki_signed_scts(const pki_cert *cert, const pki_sct_spec *specs, size_t num) {
  octets entry = x509_entry(cert);
  return sign_all(&entry, specs, num);
}

pki_cert *pki_with_scts(const pki_cert *cert, const pki_cert *issuer, const pki_cert *named_issuer,
                        const pki_sct_spec *specs, size_t num, int at) {
  octets entry = precert_entry(cert, named_issuer);
  pki_bytes list = sign_all(&entry, specs, num);
  ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new(), *inner = ASN1_OCTET_STRING_new();
  uint8_t *der = NULL;
  CHECK(value != NULL && inner != NULL &&
        ASN1_OCTET_STRING_set(inner, list.data, (int)list.len) == 1);
  int len = i2d_ASN1_OCTET_STRING(inner, &der);
  CHECK(len > 0 && ASN1_OCTET_STRING_set(value, der, len) == 1);
  X509_EXTENSION *extension = X509_EXTENSION_create_by_NID(NULL, NID_ct_precert_scts, 0, value);
  CHECK(extension != NULL);
  pki_cert *made = pki_with_extension(cert, issuer, extension, at);
  X509_EXTENSION_free(extension);
  ASN1_OCTET_STRING_free(value);
  ASN1_OCTET_STRING_free(inner);
  OPENSSL_free(der);
  free(list.data);
  return made;
}
