// The chain cache's two tables: see chain_cache.h, and protocol.md §5 "Chain cache".
#include "chain_cache.h"

#include "lru.h"
#include "mem.h"

enum { ENTRIES_MAX = 65536 };

struct codicil_chain_cache {
  const codicil_mem *mem;
  codicil_lru verdict_index;
  codicil_path_verdict *verdicts;
  codicil_lru cert_index;
  codicil_cached_cert *certs;
};

codicil_err codicil_chain_cache_new(codicil_chain_cache **out, const codicil_mem *mem,
                                    size_t max_entries) {
  if (max_entries == 0 || max_entries > ENTRIES_MAX) {
    return CODICIL_USAGE;
  }
  codicil_chain_cache *cache = codicil_mem_zalloc(mem, sizeof *cache);
  if (cache == NULL) {
    return CODICIL_NOMEM;
  }
  cache->mem = mem;
  cache->verdicts = codicil_mem_zalloc(mem, max_entries * sizeof *cache->verdicts);
  cache->certs = codicil_mem_zalloc(mem, max_entries * sizeof *cache->certs);
  if (cache->verdicts == NULL || cache->certs == NULL ||
      codicil_lru_init(&cache->verdict_index, mem, max_entries) != CODICIL_OK ||
      codicil_lru_init(&cache->cert_index, mem, max_entries) != CODICIL_OK) {
    codicil_chain_cache_free(cache);
    return CODICIL_NOMEM;
  }
  *out = cache;
  return CODICIL_OK;
}

void codicil_chain_cache_free(codicil_chain_cache *cache) {
  if (cache == NULL) {
    return;
  }
  for (uint32_t i = 0; cache->certs != NULL && i < cache->cert_index.num_used; i++) {
    X509_free(cache->certs[i].cert);
    X509_free(cache->certs[i].issuer);
  }
  codicil_lru_clear(&cache->verdict_index);
  codicil_lru_clear(&cache->cert_index);
  codicil_mem_free(cache->mem, cache->verdicts);
  codicil_mem_free(cache->mem, cache->certs);
  codicil_mem_free(cache->mem, cache);
}

bool codicil_chain_cache_find(codicil_chain_cache *cache, codicil_path_verdict *out,
                              const uint8_t key[CODICIL_SHA256_LEN], int64_t unix_s) {
  uint32_t slot = codicil_lru_find(&cache->verdict_index, key);
  // A clock that was set back leaves verdicts from the future, which say nothing about now.
  if (slot == CODICIL_LRU_NONE || unix_s < cache->verdicts[slot].made_at ||
      unix_s >= cache->verdicts[slot].expires) {
    return false;
  }
  *out = cache->verdicts[slot];
  return true;
}

void codicil_chain_cache_put(codicil_chain_cache *cache, const uint8_t key[CODICIL_SHA256_LEN],
                             const codicil_path_verdict *verdict) {
  uint32_t slot = codicil_lru_find(&cache->verdict_index, key);
  if (slot == CODICIL_LRU_NONE) {
    slot = codicil_lru_insert(&cache->verdict_index, key);
  }
  cache->verdicts[slot] = *verdict;
}

const codicil_cached_cert *codicil_chain_cache_find_cert(codicil_chain_cache *cache,
                                                         const uint8_t sha256[CODICIL_SHA256_LEN]) {
  uint32_t slot = codicil_lru_find(&cache->cert_index, sha256);
  return slot != CODICIL_LRU_NONE ? &cache->certs[slot] : NULL;
}

void codicil_chain_cache_put_cert(codicil_chain_cache *cache,
                                  const uint8_t sha256[CODICIL_SHA256_LEN],
                                  const codicil_cached_cert *pair) {
  uint32_t slot = codicil_lru_find(&cache->cert_index, sha256);
  if (slot == CODICIL_LRU_NONE) {
    slot = codicil_lru_insert(&cache->cert_index, sha256);
  }
  codicil_cached_cert old = cache->certs[slot];
  X509_up_ref(pair->cert);
  X509_up_ref(pair->issuer);
  cache->certs[slot] = *pair;
  X509_free(old.cert);
  X509_free(old.issuer);
}
