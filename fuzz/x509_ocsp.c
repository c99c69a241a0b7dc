// Octets as a certificate, its issuer and a stapled OCSP response on it: a length of two octets and
// the certificate, the same for the issuer, then the response. Judged twice it says the same; good
// says so within its time only, and of this certificate only.
#include <assert.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>

#include "ocsp.h"
#include "reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const int64_t now = 1767225600;

static X509 *read_cert(codicil_reader *r) {
  codicil_span der;
  if (!codicil_read_vec16(r, &der)) {
    return NULL;
  }
  const uint8_t *at = der.data;
  return d2i_X509(NULL, &at, (long)der.len);
}

static void check(codicil_span staple, X509 *subject, X509 *issuer) {
  int64_t next_update = 0, again = 0;
  codicil_staple says = codicil_ocsp_judge(&next_update, staple, subject, issuer, now);
  assert(codicil_ocsp_judge(&again, staple, subject, issuer, now) == says);
  assert(again == next_update);
  if (says == CODICIL_STAPLE_GOOD) {
    int64_t end = next_update + CODICIL_OCSP_SKEW_S;
    assert(now < end);
    assert(codicil_ocsp_judge(&again, staple, subject, issuer, end) == CODICIL_STAPLE_UNUSABLE);
    // Nor is it good for the certificate that issued.
    assert(codicil_ocsp_judge(&again, staple, issuer, issuer, now) == CODICIL_STAPLE_UNUSABLE ||
           X509_cmp(subject, issuer) == 0);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  codicil_reader r = codicil_reader_of(codicil_span_of(data, len));
  X509 *subject = read_cert(&r);
  X509 *issuer = subject != NULL ? read_cert(&r) : NULL;
  ERR_clear_error();
  if (issuer != NULL) {
    check(r.rest, subject, issuer);
  }
  X509_free(subject);
  X509_free(issuer);
  ERR_clear_error();
  return 0;
}
