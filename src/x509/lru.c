// A bounded index: see lru.h. Links are slot numbers, so that nothing is allocated after init.
#include "lru.h"

#include <string.h>

#include "mem.h"

struct codicil_lru_node {
  uint8_t key[CODICIL_SHA256_LEN];
  uint32_t next_in_bucket;
  uint32_t newer;
  uint32_t older;
};

codicil_err codicil_lru_init(codicil_lru *lru, const codicil_mem *mem, size_t capacity) {
  codicil_lru made = {.mem = mem, .num_buckets = 1, .capacity = (uint32_t)capacity};
  while (made.num_buckets < capacity) {
    made.num_buckets *= 2;
  }
  made.newest = made.oldest = CODICIL_LRU_NONE;
  made.nodes = codicil_mem_zalloc(mem, capacity * sizeof *made.nodes);
  made.buckets = codicil_mem_zalloc(mem, made.num_buckets * sizeof *made.buckets);
  if (made.nodes == NULL || made.buckets == NULL) {
    codicil_lru_clear(&made);
    return CODICIL_NOMEM;
  }
  for (uint32_t i = 0; i < made.num_buckets; i++) {
    made.buckets[i] = CODICIL_LRU_NONE;
  }
  *lru = made;
  return CODICIL_OK;
}

void codicil_lru_clear(codicil_lru *lru) {
  codicil_mem_free(lru->mem, lru->nodes);
  codicil_mem_free(lru->mem, lru->buckets);
  *lru = (codicil_lru){.mem = NULL};
}

// Keys are digests already: their first octets are as good a hash as any.
static uint32_t *bucket_of(codicil_lru *lru, const uint8_t *key) {
  uint32_t hash;
  memcpy(&hash, key, sizeof hash);
  return &lru->buckets[hash & (lru->num_buckets - 1)];
}

static void unlink_age(codicil_lru *lru, uint32_t slot) {
  codicil_lru_node *node = &lru->nodes[slot];
  *(node->newer == CODICIL_LRU_NONE ? &lru->newest : &lru->nodes[node->newer].older) = node->older;
  *(node->older == CODICIL_LRU_NONE ? &lru->oldest : &lru->nodes[node->older].newer) = node->newer;
}

static void link_newest(codicil_lru *lru, uint32_t slot) {
  codicil_lru_node *node = &lru->nodes[slot];
  node->newer = CODICIL_LRU_NONE;
  node->older = lru->newest;
  *(lru->newest == CODICIL_LRU_NONE ? &lru->oldest : &lru->nodes[lru->newest].newer) = slot;
  lru->newest = slot;
}

static void unlink_bucket(codicil_lru *lru, uint32_t slot) {
  uint32_t *at = bucket_of(lru, lru->nodes[slot].key);
  while (*at != slot) {
    at = &lru->nodes[*at].next_in_bucket;
  }
  *at = lru->nodes[slot].next_in_bucket;
}

uint32_t codicil_lru_find(codicil_lru *lru, const uint8_t key[CODICIL_SHA256_LEN]) {
  uint32_t slot = *bucket_of(lru, key);
  while (slot != CODICIL_LRU_NONE && memcmp(lru->nodes[slot].key, key, CODICIL_SHA256_LEN) != 0) {
    slot = lru->nodes[slot].next_in_bucket;
  }
  if (slot != CODICIL_LRU_NONE) {
    unlink_age(lru, slot);
    link_newest(lru, slot);
  }
  return slot;
}

uint32_t codicil_lru_insert(codicil_lru *lru, const uint8_t key[CODICIL_SHA256_LEN]) {
  uint32_t slot = lru->num_used;
  if (slot < lru->capacity) {
    lru->num_used++;
  } else {
    slot = lru->oldest;
    unlink_bucket(lru, slot);
    unlink_age(lru, slot);
  }
  uint32_t *bucket = bucket_of(lru, key);
  memcpy(lru->nodes[slot].key, key, CODICIL_SHA256_LEN);
  lru->nodes[slot].next_in_bucket = *bucket;
  *bucket = slot;
  link_newest(lru, slot);
  return slot;
}
