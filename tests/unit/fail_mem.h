// Memory that fails at the nth allocation and counts what is still held.
#ifndef CODICIL_TESTS_FAIL_MEM_H
#define CODICIL_TESTS_FAIL_MEM_H

#include <stdlib.h>
#include <string.h>

#include "codicil/codicil.h"

typedef struct fail_mem {
  codicil_mem mem;
  size_t countdown; // allocations that still succeed
  size_t held;      // blocks not yet freed
  bool failed;      // one was refused
} fail_mem;

static inline void *fail_mem_realloc(void *ctx, void *ptr, size_t len) {
  fail_mem *fail = ctx;
  if (fail->countdown == 0) {
    fail->failed = true;
    return NULL;
  }
  fail->countdown--;
  fail->held += ptr == NULL;
  return realloc(ptr, len);
}

static inline void fail_mem_free(void *ctx, void *ptr) {
  fail_mem *fail = ctx;
  fail->held -= ptr != NULL;
  free(ptr);
}

static inline void fail_mem_init(fail_mem *fail, size_t countdown) {
  *fail = (fail_mem){.mem = {fail, fail_mem_realloc, fail_mem_free}, .countdown = countdown};
}

// A copy exactly as long as its content, so that ASan sees a read past the end. Free `data`.
static inline codicil_span exact_copy(codicil_span s) {
  uint8_t *data = malloc(s.len > 0 ? s.len : 1);
  if (data == NULL) {
    abort();
  }
  if (s.len != 0) {
    memcpy(data, s.data, s.len);
  }
  return codicil_span_of(data, s.len);
}

#endif
