// What a codicil_config holds; read by every file of the session, changed by config.c alone.
#ifndef CODICIL_SESSION_CONFIG_H
#define CODICIL_SESSION_CONFIG_H

#include "codicil/session.h"
#include "limit_values.h"

struct codicil_config {
  const codicil_mem *mem;
  codicil_limits limits;
  codicil_codepoints codepoints;
  const codicil_trust *trust;
  codicil_chain_cache *chain_cache;
  codicil_random random;
  codicil_trace trace;
  const codicil_block_list *block_list;
  codicil_required_mode required_mode;
  bool insecure_any;
  codicil_dns_mode dns_mode;
  bool offer;
  bool use_origin;
  bool validate_at_once;
};

static inline size_t codicil_limit_of(const codicil_config *config, codicil_limit_id id) {
  return config->limits.value[id];
}

#endif
