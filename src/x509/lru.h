// An index from digests to a fixed number of slots; a new digest takes the slot least recently
// used. What the slots hold is the owner's.
#ifndef CODICIL_X509_LRU_H
#define CODICIL_X509_LRU_H

#include "codicil/codicil.h"
#include "digest.h"

#define CODICIL_LRU_NONE UINT32_MAX

typedef struct codicil_lru_node codicil_lru_node;

// The zero state is safe to clear.
typedef struct codicil_lru {
  const codicil_mem *mem;
  codicil_lru_node *nodes;
  uint32_t *buckets;    // first node, CODICIL_LRU_NONE where empty
  uint32_t num_buckets; // a power of two
  uint32_t capacity;
  uint32_t num_used; // slots are taken in order until all are
  uint32_t newest;
  uint32_t oldest;
} codicil_lru;

// `capacity` is 1 to 65536. Returns CODICIL_NOMEM.
CODICIL_MUST_USE codicil_err codicil_lru_init(codicil_lru *lru, const codicil_mem *mem,
                                              size_t capacity);
void codicil_lru_clear(codicil_lru *lru);
// Returns the slot of `key` and makes it the most recently used; CODICIL_LRU_NONE where it has
// none.
uint32_t codicil_lru_find(codicil_lru *lru, const uint8_t key[CODICIL_SHA256_LEN]);
// Returns the slot for `key`, which has none yet. What the slot held is still in it: release it.
uint32_t codicil_lru_insert(codicil_lru *lru, const uint8_t key[CODICIL_SHA256_LEN]);

#endif
