// Octets as a host name, as an address and as a certificate's dNSName. What normalises stays as it
// is when normalised again and covers itself; what is covered is a name.
#include <assert.h>
#include <string.h>

#include "codicil/name.h"
#include "span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_name(codicil_span text) {
  char once[CODICIL_DNS_NAME_MAX + 1], twice[CODICIL_DNS_NAME_MAX + 1];
  if (codicil_dns_name_normalise(once, sizeof once, text)) {
    codicil_span name = codicil_span_str(once);
    codicil_address address;
    assert(codicil_dns_name_normalise(twice, sizeof twice, name) && strcmp(once, twice) == 0);
    assert(codicil_dns_name_covers(name, name));
    assert(!codicil_address_parse(&address, name));
  }
}

static void check_address(codicil_span text) {
  codicil_address once, twice;
  if (codicil_address_parse(&once, text)) {
    char out[46];
    codicil_address_format(&once, out, sizeof out);
    assert(codicil_address_parse(&twice, codicil_span_str(out)));
    assert(codicil_address_equal(&once, &twice));
    assert(!codicil_dns_name_covers(text, text));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  codicil_span text = codicil_span_of(data, len);
  check_name(text);
  check_address(text);
  // The first line is a pattern, the second a name.
  const uint8_t *end = len != 0 ? memchr(data, '\n', len) : NULL;
  if (end != NULL) {
    size_t pattern_len = (size_t)(end - data);
    codicil_span name = codicil_span_sub(text, pattern_len + 1, SIZE_MAX);
    if (codicil_dns_name_covers(codicil_span_of(data, pattern_len), name)) {
      char out[CODICIL_DNS_NAME_MAX + 1];
      assert(codicil_dns_name_normalise(out, sizeof out, name));
      assert(pattern_len == name.len || data[0] == '*');
    }
  }
  return 0;
}
