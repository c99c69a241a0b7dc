// Signatures: see signature.h.
#include "signature.h"

#include <openssl/rsa.h>
#include <string.h>

//= https://www.rfc-editor.org/rfc/rfc9261#section-5.2.2
//# *  A string that consists of octet 32 (0x20) repeated 64 times
//#
//# *  The context string "Exported Authenticator" (which is not NUL-
//#    terminated)
//#
//# *  A single 0 octet that serves as the separator
//#
//# *  The hashed authenticator transcript
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
static bool set_padding(EVP_PKEY_CTX *ctx, const codicil_scheme *scheme) {
  return scheme->pss_len == 0 ||
         (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
          EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1);
}

codicil_err codicil_signature_make(uint8_t out[CODICIL_SIGNATURE_MAX], size_t *out_len,
                                   EVP_PKEY *key, const codicil_scheme *scheme, codicil_span tbs) {
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  EVP_PKEY_CTX *key_ctx = NULL;
  size_t len = CODICIL_SIGNATURE_MAX;
  bool done = ctx != NULL &&
              EVP_DigestSignInit_ex(ctx, &key_ctx, scheme->digest, NULL, NULL, key, NULL) == 1 &&
              set_padding(key_ctx, scheme) &&
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
  EVP_PKEY_CTX *key_ctx = NULL;
  bool right = ctx != NULL &&
               EVP_DigestVerifyInit_ex(ctx, &key_ctx, scheme->digest, NULL, NULL, key, NULL) == 1 &&
               set_padding(key_ctx, scheme) &&
               EVP_DigestVerify(ctx, signature.data, signature.len, tbs.data, tbs.len) == 1;
  EVP_MD_CTX_free(ctx);
  return right;
}
