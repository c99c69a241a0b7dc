// Comparing and cutting borrowed octets. The only place, with reader.h, that moves a pointer.
#ifndef CODICIL_BASE_SPAN_H
#define CODICIL_BASE_SPAN_H

#include <string.h>

#include "codicil/codicil.h"

static inline codicil_span codicil_span_str(const char *text) {
  return codicil_span_of(text, strlen(text));
}

static inline bool codicil_span_equal(codicil_span a, codicil_span b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

// Returns the part from `start` of `len` octets, both cut to what there is.
static inline codicil_span codicil_span_sub(codicil_span s, size_t start, size_t len) {
  if (start >= s.len) {
    return codicil_span_of(NULL, 0);
  }
  size_t rest = s.len - start;
  return codicil_span_of(s.data + start, len < rest ? len : rest);
}

#endif
