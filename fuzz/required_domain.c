// Octets as the Required Domain extension's content, and as a name that a person wrote. What is
// read is written, and read again alike, as DER and as text; and a name grants itself.
#include <assert.h>
#include <stdlib.h>

#include "codicil/x509.h"
#include "span.h"

enum { MAX = CODICIL_REQUIRED_DOMAINS_MAX, TEXT_MAX = CODICIL_REQUIRED_DOMAIN_TEXT_MAX };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_equal(const codicil_required_domain *a, const codicil_required_domain *b) {
  assert(a->type == b->type && codicil_span_equal(a->dns, b->dns));
  assert(codicil_address_equal(&a->address, &b->address));
  assert(codicil_required_domain_grants(a, b));
}

// What spans a public suffix is read from DER, for the policy to refuse, and not from text.
static void check_text(const codicil_required_domain *name) {
  codicil_required_domain again;
  char out[TEXT_MAX], text[TEXT_MAX];
  codicil_required_domain_format(name, out, sizeof out);
  bool ok = codicil_required_domain_from_text(&again, text, sizeof text, NULL,
                                              codicil_span_str(out)) == CODICIL_OK;
  assert(ok != codicil_dns_name_spans_public_suffix(name->dns));
  if (ok) {
    check_equal(name, &again);
  }
}

static void check(const codicil_required_domain *names, size_t num) {
  codicil_required_domain again[MAX];
  uint8_t text[MAX * (TEXT_MAX + 1)];
  codicil_buf der;
  codicil_buf_init(&der, NULL, sizeof text);
  assert(codicil_required_domains_encode(&der, names, num) == CODICIL_OK);
  assert(codicil_required_domains_parse(again, &num, num, text, sizeof text,
                                        codicil_buf_span(&der)) == CODICIL_OK);
  for (size_t i = 0; i < num; i++) {
    check_equal(&names[i], &again[i]);
    check_text(&names[i]);
  }
  codicil_buf_clear(&der);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  codicil_span in = codicil_span_of(data, len);
  codicil_required_domain names[MAX];
  size_t num;
  uint8_t *text = malloc(len > TEXT_MAX ? len : TEXT_MAX);
  if (codicil_required_domains_parse(names, &num, MAX, text, len, in) == CODICIL_OK) {
    check(names, num);
  }
  if (codicil_required_domain_from_text(names, (char *)text, TEXT_MAX, NULL, in) == CODICIL_OK) {
    check(names, 1);
  }
  free(text);
  return 0;
}
