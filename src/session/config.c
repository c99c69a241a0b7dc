// The configuration that sessions share: defaults and setters. Nothing here decides anything.
#include "mem.h"
#include "session_config.h"

// A frame must hold one whole Origin-Entry (RFC 8336 §2.1: two octets of length before the origin),
// and HTTP/2 peers take no more than 16,384 octets until they say so (RFC 9113 §4.2).
enum { FRAME_LEN_MIN = 512, FRAME_LEN_MAX = 16384 };

codicil_err codicil_config_new(codicil_config **out, const codicil_mem *mem) {
  codicil_config *config = codicil_mem_zalloc(mem, sizeof *config);
  if (config == NULL) {
    return CODICIL_NOMEM;
  }
  config->mem = mem;
  codicil_limits_default(&config->limits);
  codicil_codepoints_default(&config->codepoints);
  config->offer = true;
  config->use_origin = true;
  *out = config;
  return CODICIL_OK;
}

void codicil_config_free(codicil_config *config) {
  if (config != NULL) {
    codicil_mem_free(config->mem, config);
  }
}

void codicil_config_set_limit(codicil_config *config, codicil_limit_id id, size_t value) {
  if ((unsigned)id >= CODICIL_NUM_LIMITS) {
    return;
  }
  if (id == CODICIL_LIMIT_FRAME_LEN) {
    value = value < FRAME_LEN_MIN ? FRAME_LEN_MIN : value;
    value = value > FRAME_LEN_MAX ? FRAME_LEN_MAX : value;
  }
  config->limits.value[id] = value;
}

size_t codicil_config_limit(const codicil_config *config, codicil_limit_id id) {
  return (unsigned)id < CODICIL_NUM_LIMITS ? config->limits.value[id] : 0;
}

void codicil_config_set_codepoints(codicil_config *config, const codicil_codepoints *codepoints) {
  config->codepoints = *codepoints;
}

const codicil_codepoints *codicil_config_codepoints(const codicil_config *config) {
  return &config->codepoints;
}

void codicil_config_set_trust(codicil_config *config, const codicil_trust *trust) {
  config->trust = trust;
}

void codicil_config_set_chain_cache(codicil_config *config, codicil_chain_cache *cache) {
  config->chain_cache = cache;
}

void codicil_config_set_random(codicil_config *config, codicil_random random) {
  config->random = random;
}

void codicil_config_set_offer(codicil_config *config, bool offer) {
  config->offer = offer;
}

void codicil_config_set_use_origin(codicil_config *config, bool use) {
  config->use_origin = use;
}

void codicil_config_set_validate_at_once(codicil_config *config, bool at_once) {
  config->validate_at_once = at_once;
}

void codicil_config_set_block_list(codicil_config *config, const codicil_block_list *list) {
  config->block_list = list;
}

void codicil_config_set_required_domain(codicil_config *config, codicil_required_mode mode,
                                        bool insecure_any) {
  config->required_mode = mode;
  config->insecure_any = insecure_any;
}

void codicil_config_set_dns_mode(codicil_config *config, codicil_dns_mode mode) {
  config->dns_mode = mode;
}

void codicil_config_set_trace(codicil_config *config, codicil_trace trace) {
  config->trace = trace;
}
