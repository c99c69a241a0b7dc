// Octets as an origin and as an authority: what parses, parses again from what is written.
#include <assert.h>

#include "codicil/name.h"
#include "span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const codicil_origin *origin) {
  char out[CODICIL_ORIGIN_TEXT_MAX], again_out[CODICIL_ORIGIN_TEXT_MAX];
  codicil_origin again;
  size_t out_len = codicil_origin_format(origin, out, sizeof out);
  assert(out_len == strlen(out) && out_len > strlen("https://"));
  assert(codicil_origin_parse(&again, codicil_span_of(out, out_len)));
  assert(codicil_origin_equal(origin, &again));
  assert(codicil_address_equal(&origin->address, &again.address));
  codicil_origin_format(&again, again_out, sizeof again_out);
  assert(strcmp(out, again_out) == 0);
  assert(codicil_origin_parse_authority(&again, codicil_span_str(out + strlen("https://"))));
  assert(codicil_origin_equal(origin, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  codicil_origin origin;
  if (codicil_origin_parse(&origin, codicil_span_of(data, len))) {
    check(&origin);
  }
  if (codicil_origin_parse_authority(&origin, codicil_span_of(data, len))) {
    check(&origin);
  }
  return 0;
}
