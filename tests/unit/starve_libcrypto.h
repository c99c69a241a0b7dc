// libcrypto's own memory, to run out at the nth allocation. A program that includes this calls
// starve_install before libcrypto's first allocation; from starve_begin to starve_end every
// allocation after the first `n` is refused.
#ifndef CODICIL_TESTS_STARVE_LIBCRYPTO_H
#define CODICIL_TESTS_STARVE_LIBCRYPTO_H

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>

static bool starve_armed;
static size_t starve_countdown;

static bool starve_refuses(void) {
  return starve_armed && (starve_countdown == 0 || starve_countdown-- == 0);
}

static void *starve_malloc(size_t len, const char *file, int line) {
  (void)file, (void)line;
  return starve_refuses() ? NULL : malloc(len);
}

static void *starve_realloc(void *ptr, size_t len, const char *file, int line) {
  (void)file, (void)line;
  return starve_refuses() ? NULL : realloc(ptr, len);
}

static void starve_free(void *ptr, const char *file, int line) {
  (void)file, (void)line;
  free(ptr);
}

static inline bool starve_install(void) {
  return CRYPTO_set_mem_functions(starve_malloc, starve_realloc, starve_free) == 1;
}

static inline void starve_begin(size_t n) {
  starve_armed = true;
  starve_countdown = n;
}

// Tells whether the memory had run out.
static inline bool starve_end(void) {
  starve_armed = false;
  return starve_countdown == 0;
}

#endif
