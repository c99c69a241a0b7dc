// Octets as a certificate with timestamps in it. What is left when they are cut out is what OpenSSL
// writes without that extension, wherever it writes certificates as they were read.
#include <assert.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "sct_entry.h"
#include "span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool writes_as_read(X509 *cert, codicil_span tbs) {
  uint8_t *again = NULL;
  int len = i2d_re_X509_tbs(cert, &again);
  bool same = len > 0 && codicil_span_equal(codicil_span_of(again, (size_t)len), tbs);
  OPENSSL_free(again);
  return same;
}

static void check_cut(X509 *cert, const codicil_sct_entry *entry) {
  X509_EXTENSION_free(X509_delete_ext(cert, X509_get_ext_by_NID(cert, NID_ct_precert_scts, -1)));
  uint8_t *without = NULL;
  int len = i2d_re_X509_tbs(cert, &without);
  codicil_span rest = codicil_span_of(without, len > 0 ? (size_t)len : 0);
  for (size_t i = 0; i < entry->num_parts; i++) {
    codicil_span part = entry->parts[i];
    assert(codicil_span_equal(codicil_span_sub(rest, 0, part.len), part));
    rest = codicil_span_sub(rest, part.len, SIZE_MAX);
  }
  assert(rest.len == 0);
  OPENSSL_free(without);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  codicil_cert_fields fields;
  codicil_sct_entry entry;
  const uint8_t *at = data;
  X509 *cert = d2i_X509(NULL, &at, (long)len);
  if (cert != NULL && codicil_cert_fields_parse(&fields, codicil_span_of(data, len)) &&
      codicil_sct_entry_precert(&entry, &fields, cert) && writes_as_read(cert, fields.tbs)) {
    // The list of extensions may not be empty: OpenSSL leaves out one that is.
    if (X509_get_ext_count(cert) > 1) {
      check_cut(cert, &entry);
    }
  }
  X509_free(cert);
  ERR_clear_error();
  return 0;
}
