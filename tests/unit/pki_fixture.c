// Certificates and OCSP responses for tests: see pki_fixture.h.
#include "pki_fixture.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition) check((condition), #condition, __LINE__)

static void check(bool condition, const char *what, int line) {
  if (!condition) {
    fprintf(stderr, "pki_fixture.c:%d: %s\n", line, what);
    ERR_print_errors_fp(stderr);
    abort();
  }
}

static EVP_PKEY *new_rsa_pss_key(unsigned bits) {
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
  EVP_PKEY *key = NULL;
  CHECK(ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
        EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) == 1 && EVP_PKEY_generate(ctx, &key) == 1);
  EVP_PKEY_CTX_free(ctx);
  return key;
}

static EVP_PKEY *new_key(const char *alg) {
  if (strncmp(alg, "rsapss", 6) == 0) {
    return new_rsa_pss_key((unsigned)atoi(alg + 6));
  }
  if (strncmp(alg, "rsa", 3) == 0) {
    return EVP_RSA_gen((unsigned)atoi(alg + 3));
  }
  if (strcmp(alg, "ed25519") == 0) {
    return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
  }
  if (strcmp(alg, "ed448") == 0) {
    return EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
  }
  if (strncmp(alg, "mldsa", 5) == 0) {
    char name[16];
    snprintf(name, sizeof name, "ML-DSA-%s", alg + 5);
    return EVP_PKEY_Q_keygen(NULL, NULL, name);
  }
  if (strcmp(alg, "p521") == 0) {
    return EVP_EC_gen("P-521");
  }
  return EVP_EC_gen(strcmp(alg, "p384") == 0 ? "P-384" : "P-256");
}

static const EVP_MD *digest_for(const EVP_PKEY *key, const char *name) {
  if (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448") ||
      EVP_PKEY_is_a(key, "ML-DSA-44") || EVP_PKEY_is_a(key, "ML-DSA-65") ||
      EVP_PKEY_is_a(key, "ML-DSA-87")) {
    return NULL;
  }
  return EVP_get_digestbyname(name != NULL ? name : "sha256");
}

static char *bio_text(BIO *bio) {
  char *data;
  long len = BIO_get_mem_data(bio, &data);
  char *text = malloc((size_t)len + 1);
  CHECK(text != NULL);
  memcpy(text, data, (size_t)len);
  text[len] = '\0';
  BIO_free(bio);
  return text;
}

static void add_extension(X509 *cert, X509 *issuer, const char *name, const char *value) {
  if (value == NULL || value[0] == '\0') {
    return;
  }
  X509V3_CTX ctx;
  X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
  X509V3_set_ctx_nodb(&ctx);
  X509_EXTENSION *extension = X509V3_EXT_nconf(NULL, &ctx, name, value);
  CHECK(extension != NULL);
  CHECK(X509_add_ext(cert, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

// requiredDomain ::= GeneralName, with a dNSName ([2] IMPLICIT IA5String).
static void add_required_domain(X509 *cert, X509 *issuer, const char *name) {
  char value[300];
  CHECK(strlen(name) < 128);
  int len = snprintf(value, sizeof value, "DER:82%02zx", strlen(name));
  for (const char *c = name; *c != '\0'; c++) {
    len += snprintf(value + len, sizeof value - (size_t)len, "%02x", (unsigned char)*c);
  }
  add_extension(cert, issuer, PKI_OID, value);
}

static const char *or_usual(const char *given, const char *usual) {
  return given != NULL ? given : usual;
}

static void add_extensions(X509 *cert, X509 *issuer, const pki_spec *spec) {
  add_extension(cert, issuer, "basicConstraints",
                or_usual(spec->constraints, spec->is_ca ? "critical,CA:TRUE" : "CA:FALSE"));
  add_extension(
      cert, issuer, "keyUsage",
      or_usual(spec->key_usage, spec->is_ca ? "critical,keyCertSign,cRLSign" : "digitalSignature"));
  add_extension(cert, issuer, "extendedKeyUsage",
                or_usual(spec->eku, spec->is_ca ? "" : "serverAuth"));
  add_extension(cert, issuer, "subjectAltName", spec->alt_names);
  if (!spec->no_key_ids) {
    add_extension(cert, issuer, "subjectKeyIdentifier", "hash");
  }
  if (!spec->no_key_ids && issuer != cert && X509_get0_subject_key_id(issuer) != NULL) {
    add_extension(cert, issuer, "authorityKeyIdentifier", "keyid");
  }
  if (spec->must_staple) {
    add_extension(cert, issuer, "tlsfeature", "status_request");
  }
  if (spec->required_domain != NULL) {
    add_required_domain(cert, issuer, spec->required_domain);
  }
  for (size_t i = 0; i < sizeof spec->extra / sizeof spec->extra[0]; i++) {
    if (spec->extra[i].name != NULL) {
      add_extension(cert, issuer, spec->extra[i].name, spec->extra[i].value);
    }
  }
}

static void set_subject(X509 *cert, const pki_spec *spec) {
  X509_NAME *subject = X509_get_subject_name(cert);
  const char *name = or_usual(spec->common_name, "test");
  CHECK(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1,
                                   -1, 0) == 1);
}

static void set_serial(X509 *cert) {
  static uint64_t serial = 1000;
  CHECK(ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), ++serial) == 1);
}

static void set_times(X509 *cert, const pki_spec *spec) {
  int64_t not_before = spec->not_before != 0 ? spec->not_before : PKI_NOT_BEFORE;
  int64_t not_after = spec->not_after != 0 ? spec->not_after : PKI_NOT_AFTER;
  CHECK(ASN1_TIME_set(X509_getm_notBefore(cert), not_before) != NULL);
  CHECK(ASN1_TIME_set(X509_getm_notAfter(cert), not_after) != NULL);
}

static void encode(pki_cert *cert) {
  int len = i2d_X509(cert->x509, &cert->der);
  CHECK(len > 0);
  cert->der_len = (size_t)len;
  BIO *pem = BIO_new(BIO_s_mem());
  CHECK(PEM_write_bio_X509(pem, cert->x509) == 1);
  cert->pem = bio_text(pem);
  BIO *key = BIO_new(BIO_s_mem());
  CHECK(PEM_write_bio_PKCS8PrivateKey(key, cert->key, NULL, NULL, 0, NULL, NULL) == 1);
  cert->key_pem = bio_text(key);
}

pki_cert *pki_make(const pki_cert *issuer, const pki_spec *spec) {
  pki_cert *cert = calloc(1, sizeof *cert);
  CHECK(cert != NULL);
  cert->key = new_key(or_usual(spec->alg, "p256"));
  cert->x509 = X509_new();
  CHECK(cert->key != NULL && cert->x509 != NULL);
  X509 *signer = issuer != NULL ? issuer->x509 : cert->x509;
  EVP_PKEY *key = issuer != NULL ? issuer->key : cert->key;
  CHECK(X509_set_version(cert->x509, spec->version != 0 ? spec->version - 1 : X509_VERSION_3) == 1);
  set_serial(cert->x509);
  set_subject(cert->x509, spec);
  set_times(cert->x509, spec);
  CHECK(X509_set_issuer_name(cert->x509, X509_get_subject_name(signer)) == 1);
  CHECK(X509_set_pubkey(cert->x509, cert->key) == 1);
  if (spec->version == 0) {
    add_extensions(cert->x509, signer, spec);
  }
  CHECK(X509_sign(cert->x509, key, digest_for(key, spec->digest)) > 0);
  encode(cert);
  ERR_clear_error();
  return cert;
}

pki_cert *pki_root(const char *common_name) {
  return pki_make(NULL, &(pki_spec){.common_name = common_name, .is_ca = true});
}

pki_cert *pki_intermediate(const pki_cert *issuer, const char *common_name) {
  return pki_make(issuer, &(pki_spec){.common_name = common_name, .is_ca = true});
}

pki_cert *pki_leaf(const pki_cert *issuer, const char *alt_names) {
  return pki_make(issuer, &(pki_spec){.common_name = "leaf", .alt_names = alt_names});
}

pki_cert *pki_with_extension(const pki_cert *cert, const pki_cert *issuer,
                             X509_EXTENSION *extension, int at) {
  pki_cert *made = calloc(1, sizeof *made);
  CHECK(made != NULL);
  made->x509 = X509_dup(cert->x509);
  made->key = cert->key;
  CHECK(made->x509 != NULL && EVP_PKEY_up_ref(made->key) == 1 &&
        X509_add_ext(made->x509, extension, at) == 1 &&
        X509_sign(made->x509, issuer->key, digest_for(issuer->key, NULL)) > 0);
  encode(made);
  return made;
}

void pki_free(pki_cert *cert) {
  if (cert == NULL) {
    return;
  }
  X509_free(cert->x509);
  EVP_PKEY_free(cert->key);
  OPENSSL_free(cert->der);
  free(cert->pem);
  free(cert->key_pem);
  free(cert);
}

codicil_span pki_der(const pki_cert *cert) {
  return codicil_span_of(cert->der, cert->der_len);
}

codicil_span pki_pem(const pki_cert *cert) {
  return codicil_span_of(cert->pem, strlen(cert->pem));
}

codicil_span pki_key_pem(const pki_cert *cert) {
  return codicil_span_of(cert->key_pem, strlen(cert->key_pem));
}

char *pki_chain_pem(const pki_cert *first, const pki_cert *second) {
  size_t len = strlen(first->pem) + strlen(second->pem) + 1;
  char *text = malloc(len);
  CHECK(text != NULL);
  snprintf(text, len, "%s%s", first->pem, second->pem);
  return text;
}

// ---- OCSP and SCTs
// ------------------------------------------------------------------------------

static ASN1_TIME *update_time(int64_t given, int64_t usual) {
  if (given < 0) {
    return NULL;
  }
  ASN1_TIME *time = ASN1_GENERALIZEDTIME_set(NULL, given != 0 ? given : usual);
  CHECK(time != NULL);
  return time;
}

static void add_strange(OCSP_BASICRESP *basic, const pki_ocsp_spec *spec) {
  ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1);
  ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
  CHECK(oid != NULL && value != NULL && ASN1_OCTET_STRING_set(value, (uint8_t[]){5, 0}, 2) == 1);
  X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, oid, spec->critical, value);
  CHECK(extension != NULL);
  if (spec->strange == PKI_IN_RESPONSE) {
    CHECK(OCSP_BASICRESP_add_ext(basic, extension, -1) == 1);
  } else if (spec->strange == PKI_IN_SINGLE) {
    CHECK(OCSP_SINGLERESP_add_ext(OCSP_resp_get0(basic, 0), extension, -1) == 1);
  }
  X509_EXTENSION_free(extension);
  ASN1_OCTET_STRING_free(value);
  ASN1_OBJECT_free(oid);
}

static void add_scts(OCSP_SINGLERESP *single, codicil_span list, bool trail) {
  ASN1_OCTET_STRING *inner = ASN1_OCTET_STRING_new(), *value = ASN1_OCTET_STRING_new();
  uint8_t *der = NULL;
  CHECK(inner != NULL && value != NULL &&
        ASN1_OCTET_STRING_set(inner, list.data, (int)list.len) == 1);
  int len = i2d_ASN1_OCTET_STRING(inner, &der);
  uint8_t longer[2048] = {0};
  CHECK(len > 0 && len < (int)sizeof longer);
  memcpy(longer, der, (size_t)len);
  CHECK(ASN1_OCTET_STRING_set(value, longer, len + (trail ? 1 : 0)) == 1);

  X509_EXTENSION *extension = X509_EXTENSION_create_by_NID(NULL, NID_ct_cert_scts, 0, value);
  CHECK(extension != NULL && OCSP_SINGLERESP_add_ext(single, extension, -1) == 1);
  X509_EXTENSION_free(extension);
  ASN1_OCTET_STRING_free(inner);
  ASN1_OCTET_STRING_free(value);
  OPENSSL_free(der);
}

static OCSP_BASICRESP *ocsp_basic(const pki_cert *subject, const pki_cert *issuer,
                                  const pki_ocsp_spec *spec) {
  static const int status[] = {V_OCSP_CERTSTATUS_GOOD, V_OCSP_CERTSTATUS_REVOKED,
                               V_OCSP_CERTSTATUS_UNKNOWN};
  const pki_cert *signer = spec->signer != NULL ? spec->signer : issuer;
  ASN1_TIME *this_update = update_time(spec->this_update, PKI_NOW - 3600);
  ASN1_TIME *next_update = update_time(spec->next_update, PKI_NOW + 7 * PKI_DAY);
  const EVP_MD *digest = EVP_get_digestbyname(or_usual(spec->digest, "sha1"));
  OCSP_CERTID *id = OCSP_cert_to_id(digest, subject->x509, issuer->x509);
  OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
  CHECK(basic != NULL && id != NULL);
  for (size_t i = 0; i < spec->num_more; i++) {
    OCSP_CERTID *other = OCSP_cert_to_id(digest, issuer->x509, issuer->x509);
    CHECK(OCSP_basic_add1_status(basic, other, V_OCSP_CERTSTATUS_GOOD, 0, NULL, this_update,
                                 next_update) != NULL);
    OCSP_CERTID_free(other);
  }
  OCSP_SINGLERESP *single = OCSP_basic_add1_status(
      basic, id, status[spec->status], OCSP_REVOKED_STATUS_KEYCOMPROMISE,
      spec->status == PKI_REVOKED ? this_update : NULL, this_update, next_update);
  CHECK(single != NULL);
  if (spec->scts.len != 0) {
    add_scts(single, spec->scts, spec->scts_trail);
  }
  add_strange(basic, spec);
  unsigned long flags =
      (spec->with_signer ? 0 : OCSP_NOCERTS) | (spec->by_key ? OCSP_RESPID_KEY : 0);
  CHECK(OCSP_basic_sign(basic, signer->x509, signer->key,
                        digest_for(signer->key, spec->signature_digest), NULL, flags) == 1);
  OCSP_CERTID_free(id);
  ASN1_TIME_free(this_update);
  ASN1_TIME_free(next_update);
  return basic;
}

pki_bytes pki_ocsp(const pki_cert *subject, const pki_cert *issuer, const pki_ocsp_spec *spec) {
  OCSP_BASICRESP *basic = ocsp_basic(subject, issuer, spec);
  OCSP_RESPONSE *response =
      OCSP_response_create(spec->response_status, spec->response_status == 0 ? basic : NULL);
  CHECK(response != NULL);
  uint8_t *der = NULL;
  int len = i2d_OCSP_RESPONSE(response, &der);
  CHECK(len > 0);
  pki_bytes out = {malloc((size_t)len), (size_t)len};
  CHECK(out.data != NULL);
  memcpy(out.data, der, out.len);
  OPENSSL_free(der);
  OCSP_RESPONSE_free(response);
  OCSP_BASICRESP_free(basic);
  ERR_clear_error();
  return out;
}

enum { SCT_LEN = 1 + 32 + 8 + 2 + 2 + 2 + 8 }; // v1, no extensions, a signature of 8 octets

static void put_sct(uint8_t *out, size_t index) {
  memset(out, 0, SCT_LEN);
  memset(out + 1, (int)(index + 1), 32);
  uint64_t timestamp = (index + 1) * 1000;
  for (size_t i = 0; i < 8; i++) {
    out[33 + i] = (uint8_t)(timestamp >> (56 - 8 * i));
  }
  out[43] = 4; // SHA-256
  out[44] = 3; // ECDSA
  out[46] = 8;
}

pki_bytes pki_scts(size_t num) {
  size_t list_len = num * (2 + SCT_LEN);
  pki_bytes out = {calloc(1, 2 + list_len), 2 + list_len};
  CHECK(out.data != NULL);
  out.data[0] = (uint8_t)(list_len >> 8);
  out.data[1] = (uint8_t)list_len;
  for (size_t i = 0; i < num; i++) {
    uint8_t *at = out.data + 2 + i * (2 + SCT_LEN);
    at[1] = SCT_LEN;
    put_sct(at + 2, i);
  }
  return out;
}

pki_extension pki_embedded_scts(char **out_text, size_t num) {
  static const char kind[] = "ASN1:FORMAT:HEX,OCTETSTRING:";
  pki_bytes list = pki_scts(num);
  size_t text_len = sizeof kind + 2 * list.len;
  char *text = malloc(text_len);
  CHECK(text != NULL);
  int at = snprintf(text, text_len, "%s", kind);
  for (size_t i = 0; i < list.len; i++) {
    at += snprintf(text + at, text_len - (size_t)at, "%02x", list.data[i]);
  }
  free(list.data);
  *out_text = text;
  return (pki_extension){"1.3.6.1.4.1.11129.2.4.2", text};
}
