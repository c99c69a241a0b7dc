// Signature schemes: see scheme.h.
#include "scheme.h"

#include "reader.h"

//= https://www.rfc-editor.org/rfc/rfc9261#section-5.2.2
//# The signature scheme MUST be a valid signature scheme for TLS 1.3.  This
//# excludes all RSASSA-PKCS1-v1_5 algorithms and combinations of ECDSA and
//# hash algorithms that are not supported in TLS 1.3.
//
// RFC 8446 §4.2.3: a curve belongs to its scheme, and rsae and pss tell rsaEncryption keys from
// id-RSASSA-PSS ones. ML-DSA: draft-ietf-tls-mldsa.
static const codicil_scheme schemes[] = {
    {0x0403, CODICIL_KEY_P256, "ecdsa_secp256r1_sha256", "SHA256", 0},
    {0x0503, CODICIL_KEY_P384, "ecdsa_secp384r1_sha384", "SHA384", 0},
    {0x0603, CODICIL_KEY_P521, "ecdsa_secp521r1_sha512", "SHA512", 0},
    {0x0804, CODICIL_KEY_RSA, "rsa_pss_rsae_sha256", "SHA256", 32},
    {0x0805, CODICIL_KEY_RSA, "rsa_pss_rsae_sha384", "SHA384", 48},
    {0x0806, CODICIL_KEY_RSA, "rsa_pss_rsae_sha512", "SHA512", 64},
    {0x0807, CODICIL_KEY_ED25519, "ed25519", NULL, 0},
    {0x0808, CODICIL_KEY_ED448, "ed448", NULL, 0},
    {0x0809, CODICIL_KEY_RSA_PSS, "rsa_pss_pss_sha256", "SHA256", 32},
    {0x080a, CODICIL_KEY_RSA_PSS, "rsa_pss_pss_sha384", "SHA384", 48},
    {0x080b, CODICIL_KEY_RSA_PSS, "rsa_pss_pss_sha512", "SHA512", 64},
    {0x0904, CODICIL_KEY_MLDSA44, "mldsa44", NULL, 0},
    {0x0905, CODICIL_KEY_MLDSA65, "mldsa65", NULL, 0},
    {0x0906, CODICIL_KEY_MLDSA87, "mldsa87", NULL, 0},
};

const codicil_scheme *codicil_scheme_find(uint16_t code) {
  for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
    if (schemes[i].code == code) {
      return &schemes[i];
    }
  }
  return NULL;
}

const char *codicil_scheme_name(uint16_t scheme) {
  const codicil_scheme *found = codicil_scheme_find(scheme);
  return found != NULL ? found->name : "?";
}

bool codicil_scheme_list_has(codicil_span list, uint16_t code) {
  codicil_reader r = codicil_reader_of(list);
  uint16_t offered;
  while (codicil_read_u16(&r, &offered)) {
    if (offered == code) {
      return true;
    }
  }
  return false;
}

// RFC 8017 §9.1.1: a modulus shorter than hash, salt and two octets more cannot hold the encoding.
static bool key_fits(const codicil_scheme *scheme, size_t key_len) {
  return scheme->pss_len == 0 || key_len >= 2 * scheme->pss_len + 2;
}

const codicil_scheme *codicil_scheme_choose(codicil_span list, codicil_key_type key,
                                            size_t key_len) {
  codicil_reader r = codicil_reader_of(list);
  uint16_t code;
  while (codicil_read_u16(&r, &code)) {
    const codicil_scheme *scheme = codicil_scheme_find(code);
    if (scheme != NULL && scheme->key == key && key_fits(scheme, key_len)) {
      return scheme;
    }
  }
  return NULL;
}
