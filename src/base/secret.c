// Keys: see secret.h.
#include "secret.h"

#include <string.h>

void codicil_wipe(void *ptr, size_t len) {
  explicit_bzero(ptr, len);
}

void codicil_secret_clear(codicil_secret *secret) {
  codicil_wipe(secret, sizeof *secret);
}

bool codicil_equal_constant_time(codicil_span a, codicil_span b) {
  if (a.len != b.len) {
    return false;
  }
  // volatile: the compiler may not leave the loop at the first difference.
  volatile uint8_t difference = 0;
  for (size_t i = 0; i < a.len; i++) {
    difference = (uint8_t)(difference | (a.data[i] ^ b.data[i]));
  }
  return difference == 0;
}
