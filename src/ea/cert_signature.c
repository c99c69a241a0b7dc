// Signatures on certificates: see cert_signature.h.
//
// Certificates may use what CertificateVerify may not: signature_algorithms_cert of a peer can name
// RSASSA-PKCS1-v1_5 and SHA-1. ECDSA is compared by its digest alone, as TLS stacks do: the curve
// is the issuer's, whose certificate need not be in the chain.
#include "cert_signature.h"

#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "scheme.h"

static const struct {
  int key;
  int digest;
  uint16_t schemes[2];
} algorithms[] = {
    {NID_X9_62_id_ecPublicKey, NID_sha256, {0x0403, 0}},
    {NID_X9_62_id_ecPublicKey, NID_sha384, {0x0503, 0}},
    {NID_X9_62_id_ecPublicKey, NID_sha512, {0x0603, 0}},
    {NID_X9_62_id_ecPublicKey, NID_sha1, {0x0203, 0}},
    {NID_rsaEncryption, NID_sha256, {0x0401, 0}},
    {NID_rsaEncryption, NID_sha384, {0x0501, 0}},
    {NID_rsaEncryption, NID_sha512, {0x0601, 0}},
    {NID_rsaEncryption, NID_sha1, {0x0201, 0}},
    {NID_rsassaPss, NID_sha256, {0x0804, 0x0809}},
    {NID_rsassaPss, NID_sha384, {0x0805, 0x080a}},
    {NID_rsassaPss, NID_sha512, {0x0806, 0x080b}},
    {NID_ED25519, NID_undef, {0x0807, 0}},
    {NID_ED448, NID_undef, {0x0808, 0}},
};

// Signatures that older versions of libcrypto have no number for, by object identifier.
static const struct {
  const char *oid;
  uint16_t scheme;
} by_oid[] = {
    {"2.16.840.1.101.3.4.3.17", 0x0904},
    {"2.16.840.1.101.3.4.3.18", 0x0905},
    {"2.16.840.1.101.3.4.3.19", 0x0906},
};

static uint16_t scheme_by_oid(const X509 *certificate) {
  const X509_ALGOR *algorithm = NULL;
  const ASN1_OBJECT *object = NULL;
  char oid[64];
  X509_get0_signature(NULL, &algorithm, certificate);
  X509_ALGOR_get0(&object, NULL, NULL, algorithm);
  if (OBJ_obj2txt(oid, sizeof oid, object, 1) <= 0) {
    return 0;
  }
  for (size_t i = 0; i < sizeof by_oid / sizeof by_oid[0]; i++) {
    if (strcmp(oid, by_oid[i].oid) == 0) {
      return by_oid[i].scheme;
    }
  }
  return 0;
}

codicil_cert_signature codicil_cert_signature_of(X509 *certificate) {
  codicil_cert_signature out = {{0, 0}, (X509_get_extension_flags(certificate) & EXFLAG_SS) != 0};
  int digest = NID_undef;
  int key = NID_undef;
  (void)X509_get_signature_info(certificate, &digest, &key, NULL, NULL);
  for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
    if (algorithms[i].key == key && algorithms[i].digest == digest) {
      memcpy(out.schemes, algorithms[i].schemes, sizeof out.schemes);
      return out;
    }
  }
  out.schemes[0] = scheme_by_oid(certificate);
  return out;
}

//= https://www.rfc-editor.org/rfc/rfc9261#section-5.2.1
//# In
//# particular, the entries of certificate_list MUST be valid for the
//# signature algorithms indicated by the peer in the
//# "signature_algorithms" and "signature_algorithms_cert" extension
//
// RFC 8446 §4.4.2.2: self-signed certificates are not validated as part of the chain.
bool codicil_cert_signature_allowed(const codicil_cert_signature *signature, codicil_span schemes) {
  if (signature->self_signed) {
    return true;
  }
  for (size_t i = 0; i < 2; i++) {
    if (signature->schemes[i] != 0 && codicil_scheme_list_has(schemes, signature->schemes[i])) {
      return true;
    }
  }
  return false;
}
