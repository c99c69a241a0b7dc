// A certificate: where our bounded reader and OpenSSL's decoder both find a key, it is the same.
#include <assert.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "span.h"
#include "spki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  codicil_key_maker maker = {{NULL, NULL, NULL}, NULL};
  codicil_spki spki;
  if (len > 65536 || !codicil_spki_parse(&spki, codicil_span_of(data, len))) {
    return 0;
  }
  EVP_PKEY *key = codicil_key_make(&maker, &spki);
  const unsigned char *at = data;
  X509 *x509 = d2i_X509(NULL, &at, (long)len);
  if (x509 != NULL) {
    uint8_t *der = NULL;
    int der_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &der);
    EVP_PKEY *other = X509_get0_pubkey(x509);
    // Re-encoded it may differ only where OpenSSL made DER of what was not: then ours has no key.
    assert(key == NULL ||
           (der_len > 0 && codicil_span_equal(spki.whole, codicil_span_of(der, (size_t)der_len))));
    assert(key == NULL || other == NULL || EVP_PKEY_eq(key, other) == 1);
    OPENSSL_free(der);
  }
  X509_free(x509);
  EVP_PKEY_free(key);
  codicil_key_maker_clear(&maker);
  ERR_clear_error();
  return 0;
}
