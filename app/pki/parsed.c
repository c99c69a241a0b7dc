// A certificate to be looked at: see parsed.h.
#include "pki/parsed.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

codicil_identity *pki_identity_new(codicil_span der, const char *oid, app_error *err) {
  codicil_identity *identity = NULL;
  codicil_err e = codicil_identity_new(&identity, NULL, der, oid);
  if (e != CODICIL_OK) {
    app_fail(err, "%s",
             e == CODICIL_LIMIT   ? "it has more names than a client takes"
             : e == CODICIL_NOMEM ? "out of memory"
                                  : "it is not a certificate in DER");
  }
  return identity;
}

bool pki_parsed_new(pki_parsed *out, codicil_span der, const char *oid, app_error *err) {
  pki_parsed parsed = {.identity = pki_identity_new(der, oid, err)};
  if (parsed.identity == NULL) {
    return false;
  }
  const unsigned char *at = der.data;
  parsed.x509 = d2i_X509(NULL, &at, (long)der.len);
  if (parsed.x509 == NULL) {
    pki_parsed_clear(&parsed);
    ERR_clear_error();
    return app_fail(err, "it is not a certificate in DER");
  }
  parsed.names = X509_get_ext_d2i(parsed.x509, NID_subject_alt_name, NULL, NULL);
  ERR_clear_error();
  *out = parsed;
  return true;
}

void pki_parsed_clear(pki_parsed *parsed) {
  sk_GENERAL_NAME_pop_free(parsed->names, GENERAL_NAME_free);
  codicil_identity_free(parsed->identity);
  X509_free(parsed->x509);
  *parsed = (pki_parsed){.x509 = NULL};
}

bool pki_parsed_is_ca(const pki_parsed *parsed) {
  BASIC_CONSTRAINTS *constraints =
      X509_get_ext_d2i(parsed->x509, NID_basic_constraints, NULL, NULL);
  bool is_ca = constraints != NULL && constraints->ca != 0;
  BASIC_CONSTRAINTS_free(constraints);
  ERR_clear_error();
  return is_ca;
}

static bool hash_and_free(uint8_t out[PKI_SHA256_LEN], unsigned char *der, int len) {
  bool ok = len > 0 && EVP_Digest(der, (size_t)len, out, NULL, EVP_sha256(), NULL) == 1;
  OPENSSL_free(der);
  ERR_clear_error();
  return ok;
}

bool pki_parsed_spki(uint8_t out[PKI_SHA256_LEN], const pki_parsed *parsed) {
  unsigned char *der = NULL;
  int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(parsed->x509), &der);
  return hash_and_free(out, der, len);
}

bool pki_parsed_issuer(uint8_t out[PKI_SHA256_LEN], const pki_parsed *parsed) {
  unsigned char *der = NULL;
  int len = i2d_X509_NAME(X509_get_issuer_name(parsed->x509), &der);
  return hash_and_free(out, der, len);
}

bool pki_parsed_is_critical(const pki_parsed *parsed, const char *oid) {
  ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
  int at = object != NULL ? X509_get_ext_by_OBJ(parsed->x509, object, -1) : -1;
  bool is_critical = at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(parsed->x509, at)) == 1;
  ASN1_OBJECT_free(object);
  ERR_clear_error();
  return is_critical;
}
