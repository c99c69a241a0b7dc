// Entries first, octets behind them: see kept_chain.h.
#include "kept_chain.h"

#include <string.h>

#include "mem.h"

static size_t len_of(const codicil_chain_entry *entry) {
  return entry->der.len + entry->ocsp.len + entry->scts.len;
}

static codicil_span copy(uint8_t *octets, size_t *at, codicil_span from) {
  if (from.len == 0) {
    return codicil_span_of(NULL, 0);
  }
  uint8_t *to = &octets[*at];
  memcpy(to, from.data, from.len);
  *at += from.len;
  return codicil_span_of(to, from.len);
}

codicil_err codicil_kept_chain_copy(codicil_kept_chain *out, const codicil_mem *mem,
                                    const codicil_chain_entry *entries, size_t num) {
  size_t len = num * sizeof *entries, at = 0;
  for (size_t i = 0; i < num; i++) {
    len += len_of(&entries[i]);
  }
  codicil_chain_entry *kept = codicil_mem_zalloc(mem, len);
  if (kept == NULL) {
    return CODICIL_NOMEM;
  }
  uint8_t *octets = (uint8_t *)&kept[num];
  for (size_t i = 0; i < num; i++) {
    kept[i].der = copy(octets, &at, entries[i].der);
    kept[i].ocsp = copy(octets, &at, entries[i].ocsp);
    kept[i].scts = copy(octets, &at, entries[i].scts);
  }
  *out = (codicil_kept_chain){kept, num};
  return CODICIL_OK;
}

void codicil_kept_chain_clear(codicil_kept_chain *chain, const codicil_mem *mem) {
  codicil_mem_free(mem, chain->entries);
  *chain = (codicil_kept_chain){0};
}
