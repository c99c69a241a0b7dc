// Signatures: see signature.h.
#include "signature.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

//= https://www.rfc-editor.org/rfc/rfc9261#section-5.2.2
//# A string that consists of octet 32 (0x20) repeated 64 times
//
//= https://www.rfc-editor.org/rfc/rfc9261#section-5.2.2
//# The context string "Exported Authenticator" (which is not NUL-terminated)
//
// Then a zero octet, and the hashed authenticator transcript.
void codicil_tbs_build(codicil_tbs *out, codicil_span transcript_hash) {
  static const char context[] = "Exported Authenticator";
  enum { PAD = 64, CONTEXT = sizeof context - 1 };
  memset(out->octets, 0x20, PAD);
  memcpy(&out->octets[PAD], context, CONTEXT);
  out->octets[PAD + CONTEXT] = 0;
  memcpy(&out->octets[PAD + CONTEXT + 1], transcript_hash.data, transcript_hash.len);
  out->len = PAD + CONTEXT + 1 + transcript_hash.len;
}

// RFC 8446 §4.2.3: the salt of RSASSA-PSS is as long as the digest, and MGF1 uses the same digest.
// Given at once as parameters: setting them one by one costs a tenth of an RSA verification.
static const OSSL_PARAM *padding_of(const codicil_scheme *scheme) {
  static char mode[] = OSSL_PKEY_RSA_PAD_MODE_PSS;
  static char salt[] = OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST;
  static const OSSL_PARAM pss[] = {
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, mode, sizeof mode - 1),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, salt, sizeof salt - 1),
      OSSL_PARAM_END};
  return scheme->pss_len != 0 ? pss : NULL;
}

codicil_err codicil_signature_make(uint8_t out[CODICIL_SIGNATURE_MAX], size_t *out_len,
                                   EVP_PKEY *key, const codicil_scheme *scheme, codicil_span tbs) {
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  size_t len = CODICIL_SIGNATURE_MAX;
  bool done =
      ctx != NULL &&
      EVP_DigestSignInit_ex(ctx, NULL, scheme->digest, NULL, NULL, key, padding_of(scheme)) == 1 &&
      EVP_DigestSign(ctx, out, &len, tbs.data, tbs.len) == 1;
  EVP_MD_CTX_free(ctx);
  if (!done) {
    return CODICIL_CRYPTO;
  }
  *out_len = len;
  return CODICIL_OK;
}

bool codicil_signature_check(EVP_PKEY *key, const codicil_scheme *scheme, codicil_span tbs,
                             codicil_span signature) {
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  bool right = ctx != NULL &&
               EVP_DigestVerifyInit_ex(ctx, NULL, scheme->digest, NULL, NULL, key,
                                       padding_of(scheme)) == 1 &&
               EVP_DigestVerify(ctx, signature.data, signature.len, tbs.data, tbs.len) == 1;
  EVP_MD_CTX_free(ctx);
  return right;
}
