// Allocation through the codicil_mem that an object was given. NULL means malloc, realloc, free.
#ifndef CODICIL_BASE_MEM_H
#define CODICIL_BASE_MEM_H

#include "codicil/codicil.h"

// Returns `len` zeroed octets, NULL when out of memory.
void *codicil_mem_zalloc(const codicil_mem *mem, size_t len);
void *codicil_mem_realloc(const codicil_mem *mem, void *ptr, size_t len);
void codicil_mem_free(const codicil_mem *mem, void *ptr);
// Grows an array of `size`-octet elements to hold `want` of them, by half and up to `max`; updates
// *cap. Returns CODICIL_LIMIT beyond `max`.
CODICIL_MUST_USE codicil_err codicil_mem_grow(const codicil_mem *mem, void **array, size_t *cap,
                                              size_t want, size_t max, size_t size);

#endif
