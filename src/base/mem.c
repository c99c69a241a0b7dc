// Allocation: see mem.h.
#include "mem.h"

#include <stdlib.h>
#include <string.h>

void *codicil_mem_realloc(const codicil_mem *mem, void *ptr, size_t len) {
  return mem != NULL ? mem->realloc(mem->ctx, ptr, len) : realloc(ptr, len);
}

void *codicil_mem_zalloc(const codicil_mem *mem, size_t len) {
  void *ptr = codicil_mem_realloc(mem, NULL, len);
  if (ptr != NULL) {
    memset(ptr, 0, len);
  }
  return ptr;
}

void codicil_mem_free(const codicil_mem *mem, void *ptr) {
  if (ptr == NULL) {
    return;
  }
  if (mem != NULL) {
    mem->free(mem->ctx, ptr);
  } else {
    free(ptr);
  }
}

codicil_err codicil_mem_grow(const codicil_mem *mem, void **array, size_t *cap, size_t want,
                             size_t max, size_t size) {
  if (want > max || want > SIZE_MAX / 2 / size) {
    return CODICIL_LIMIT;
  }
  if (want <= *cap) {
    return CODICIL_OK;
  }
  size_t next = *cap + *cap / 2;
  next = next < want ? want : next;
  next = next < 4 ? 4 : next;
  next = next > max ? max : next;
  void *grown = codicil_mem_realloc(mem, *array, next * size);
  if (grown == NULL) {
    return CODICIL_NOMEM;
  }
  *array = grown;
  *cap = next;
  return CODICIL_OK;
}
