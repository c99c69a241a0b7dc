// Octets as a certificate. What has an identity and decodes with OpenSSL says the same to both:
// names, in order. Its Required Domain is what the extension's content decodes to.
#include <assert.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "codicil/x509.h"
#include "span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

// Each of our names is one of OpenSSL's, in the same order; what we leave out OpenSSL may have.
static void check_names(const codicil_identity *identity, X509 *x509) {
  GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
  int at = 0;
  for (size_t i = 0; names != NULL && i < codicil_identity_num_names(identity); i++) {
    const codicil_alt_name *ours = codicil_identity_name(identity, i);
    int type = ours->type == CODICIL_ALT_DNS ? GEN_DNS : GEN_IPADD;
    codicil_span want = ours->type == CODICIL_ALT_DNS
                            ? ours->dns
                            : codicil_span_of(ours->address.octets, ours->address.len);
    for (;; at++) {
      assert(at < sk_GENERAL_NAME_num(names));
      const GENERAL_NAME *theirs = sk_GENERAL_NAME_value(names, at);
      if (theirs->type == type && (size_t)ASN1_STRING_length(theirs->d.ia5) == want.len &&
          OPENSSL_strncasecmp((const char *)ASN1_STRING_get0_data(theirs->d.ia5),
                              (const char *)want.data, want.len) == 0) {
        break;
      }
    }
    at++;
  }
  GENERAL_NAMES_free(names);
}

static void check_required(const codicil_identity *identity) {
  codicil_required_domain own[CODICIL_REQUIRED_DOMAINS_MAX];
  codicil_span der = codicil_identity_required_domain(identity);
  codicil_required_state state = codicil_identity_required_state(identity);
  size_t num = 0;
  uint8_t *text = malloc(der.len + 1);
  codicil_err err =
      codicil_required_domains_parse(own, &num, CODICIL_REQUIRED_DOMAINS_MAX, text, der.len, der);
  assert((der.data == NULL) == (state == CODICIL_REQUIRED_ABSENT));
  assert((err == CODICIL_OK) == (state == CODICIL_REQUIRED_VALID));
  assert(codicil_identity_num_required(identity) == num);
  for (size_t i = 0; i < num; i++) {
    assert(codicil_required_domain_grants(codicil_identity_required(identity, i), &own[i]));
  }
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  codicil_span der = codicil_span_of(data, len);
  codicil_identity *identity = NULL;
  const uint8_t *at = data;
  X509 *x509 = d2i_X509(NULL, &at, (long)len);
  bool has_identity = codicil_identity_new(&identity, NULL, der, "2.999.9261.1") == CODICIL_OK;
  if (has_identity) {
    check_required(identity);
  }
  if (has_identity && x509 != NULL) {
    assert(at == data + len);
    check_names(identity, x509);
  }
  codicil_identity_free(identity);
  X509_free(x509);
  ERR_clear_error();
  return 0;
}
