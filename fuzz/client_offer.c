// A ClientHello's body: what is read of it lies within it, twice alike, and one that is cut, or
// goes on, is refused.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "codicil/ea.h"
#include "span.h"

enum { TYPES_MAX = 2000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static codicil_err read_offer(codicil_client_offer *out, codicil_buf *types, codicil_span hello) {
  codicil_buf_init(types, NULL, TYPES_MAX);
  return codicil_client_offer_read(out, types, hello);
}

static bool lies_within(codicil_span part, codicil_span all) {
  return part.len == 0 || (part.data >= all.data && part.len <= all.len &&
                           (size_t)(part.data - all.data) <= all.len - part.len);
}

// Copied, so that a read past the end is seen.
static void expect_malformed(codicil_span hello) {
  codicil_client_offer offer;
  codicil_buf types;
  uint8_t *copy = malloc(hello.len + 1);
  assert(copy != NULL);
  memcpy(copy, hello.data, hello.len);
  copy[hello.len] = 0;
  assert(read_offer(&offer, &types, codicil_span_of(copy, hello.len + 1)) == CODICIL_MALFORMED);
  assert(read_offer(&offer, &types, codicil_span_of(copy, hello.len - 1)) == CODICIL_MALFORMED);
  assert(types.len == 0);
  free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  codicil_span hello = codicil_span_of(data, len);
  codicil_client_offer first, second;
  codicil_buf a, b;
  codicil_err err = read_offer(&first, &a, hello);
  assert(read_offer(&second, &b, hello) == err);
  if (err == CODICIL_OK) {
    assert(lies_within(first.schemes, hello) && lies_within(first.cert_schemes, hello));
    assert(codicil_span_equal(first.schemes, second.schemes));
    assert(codicil_span_equal(first.extensions, second.extensions));
    assert(first.extensions.len % 2 == 0 && 2 * first.extensions.len <= len);
    expect_malformed(hello);
  } else {
    assert(a.len == 0);
  }
  codicil_buf_clear(&a);
  codicil_buf_clear(&b);
  return 0;
}
