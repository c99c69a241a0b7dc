// The two clocks, and randomness: see clock.h.
#include "io/clock.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <time.h>

codicil_now io_clock_now(void) {
  struct timespec mono;
  struct timespec wall;
  clock_gettime(CLOCK_MONOTONIC, &mono);
  clock_gettime(CLOCK_REALTIME, &wall);
  codicil_now now = {(uint64_t)mono.tv_sec * 1000000000u + (uint64_t)mono.tv_nsec, wall.tv_sec};
  return now;
}

static bool fill(void *ctx, uint8_t *out, size_t len) {
  (void)ctx;
  if (len > INT_MAX || RAND_bytes(out, (int)len) != 1) {
    ERR_clear_error();
    return false;
  }
  return true;
}

codicil_random io_random(void) {
  codicil_random random = {NULL, fill};
  return random;
}
