// Keys: a fixed array that is wiped when it is cleared and compared in constant time.
#ifndef CODICIL_BASE_SECRET_H
#define CODICIL_BASE_SECRET_H

#include "codicil/codicil.h"

enum { CODICIL_SECRET_MAX = 64 };

typedef struct codicil_secret {
  uint8_t octets[CODICIL_SECRET_MAX];
  size_t len;
} codicil_secret;

static inline codicil_span codicil_secret_span(const codicil_secret *s) {
  return codicil_span_of(s->octets, s->len);
}
void codicil_secret_clear(codicil_secret *secret);
// Overwrites `len` octets in a way that the compiler keeps.
void codicil_wipe(void *ptr, size_t len);
// Compares in time that depends on the lengths only.
bool codicil_equal_constant_time(codicil_span a, codicil_span b);

#endif
