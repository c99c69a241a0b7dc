// Octets as a certificate. What has an identity and decodes with OpenSSL says the same to both:
// times, must-staple, Required Domain.
#include <assert.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "codicil/x509.h"
#include "path.h"
#include "span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static codicil_span octets_of(const ASN1_STRING *s) {
  return codicil_span_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

static void check_times(const codicil_identity *identity, X509 *x509) {
  int64_t time;
  assert(codicil_asn1_time(&time, X509_get0_notBefore(x509)) &&
         time == codicil_identity_not_before(identity));
  assert(codicil_asn1_time(&time, X509_get0_notAfter(x509)) &&
         time == codicil_identity_not_after(identity));
}

static void check_must_staple(const codicil_identity *identity, X509 *x509) {
  TLS_FEATURE *features = X509_get_ext_d2i(x509, NID_tlsfeature, NULL, NULL);
  bool must_staple = false;
  for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++) {
    must_staple = must_staple || ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == 5;
  }
  assert(features == NULL || must_staple == codicil_identity_must_staple(identity));
  sk_ASN1_INTEGER_pop_free(features, ASN1_INTEGER_free);
}

static void check_required_domain(const codicil_identity *identity, X509 *x509) {
  ASN1_OBJECT *oid = OBJ_txt2obj("2.999.9261.1", 1);
  int index = X509_get_ext_by_OBJ(x509, oid, -1);
  ASN1_OBJECT_free(oid);
  codicil_span ours = codicil_identity_required_domain(identity);
  assert((index >= 0) == (ours.data != NULL));
  assert(index < 0 ||
         codicil_span_equal(ours, octets_of(X509_EXTENSION_get_data(X509_get_ext(x509, index)))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  codicil_span der = codicil_span_of(data, len);
  codicil_identity *identity = NULL;
  const uint8_t *at = data;
  X509 *x509 = d2i_X509(NULL, &at, (long)len);
  bool has_identity = codicil_identity_new(&identity, NULL, der, "2.999.9261.1") == CODICIL_OK;
  if (has_identity && x509 != NULL) {
    assert(at == data + len);
    check_times(identity, x509);
    check_must_staple(identity, x509);
    check_required_domain(identity, x509);
  }
  codicil_identity_free(identity);
  X509_free(x509);
  ERR_clear_error();
  return 0;
}
