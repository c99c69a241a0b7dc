// Octets as an end entity. What is judged on its own octets as plain is for OpenSSL, too, a strong
// certificate for servers with nothing in it that is wrong or not understood.
#include <assert.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "plain_leaf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(X509 *x509) {
  int bits = 0;
  uint32_t flags = X509_get_extension_flags(x509);
  assert((flags & (EXFLAG_INVALID | EXFLAG_CRITICAL | EXFLAG_CA | EXFLAG_PROXY)) == 0);
  assert(X509_get_version(x509) == X509_VERSION_3);
  assert(X509_check_purpose(x509, X509_PURPOSE_SSL_SERVER, 0) == 1);
  assert((X509_get_key_usage(x509) & KU_DIGITAL_SIGNATURE) != 0);
  assert((X509_get_extended_key_usage(x509) & XKU_SSL_SERVER) != 0);
  assert(X509_get_signature_info(x509, NULL, NULL, &bits, NULL) == 1 && bits >= 112);
  EVP_PKEY *key = X509_get0_pubkey(x509); // NULL: a point that is not on its curve
  assert(key == NULL || EVP_PKEY_get_security_bits(key) >= 112);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  codicil_cert_fields fields;
  const uint8_t *at = data;
  if (codicil_cert_fields_parse(&fields, codicil_span_of(data, len)) &&
      codicil_leaf_is_plain(&fields)) {
    X509 *x509 = d2i_X509(NULL, &at, (long)len);
    // A subject that OpenSSL does not decode names nobody here.
    if (x509 != NULL) {
      assert(at == data + len);
      check(x509);
    }
    X509_free(x509);
    ERR_clear_error();
  }
  return 0;
}
