// One bit a name, by hash: see sieve.h.
#include "sieve.h"

#include "span.h"

// FNV-1a, of which the best mixed bits choose.
static uint64_t bit_of(codicil_span octets) {
  uint64_t hash = UINT64_C(14695981039346656037);
  for (size_t i = 0; i < octets.len; i++) {
    hash = (hash ^ octets.data[i]) * UINT64_C(1099511628211);
  }
  return UINT64_C(1) << ((hash ^ (hash >> 29)) & 63);
}

// What lies behind the first label; empty where there is no more.
static codicil_span above(codicil_span name) {
  const uint8_t *dot = name.len > 0 ? memchr(name.data, '.', name.len) : NULL;
  return dot != NULL ? codicil_span_sub(name, (size_t)(dot - name.data) + 1, SIZE_MAX)
                     : codicil_span_of(NULL, 0);
}

static codicil_span octets_of(const codicil_address *address) {
  return codicil_span_of(address->octets, address->len);
}

static bool is_wildcard(codicil_span name) {
  return name.len > 1 && name.data[0] == '*' && name.data[1] == '.';
}

codicil_sieve codicil_sieve_of_names(const codicil_identity *identity) {
  codicil_sieve sieve = {0};
  const codicil_alt_name *name;
  for (size_t i = 0; (name = codicil_identity_name(identity, i)) != NULL; i++) {
    if (name->type == CODICIL_ALT_ADDRESS) {
      sieve.exact |= bit_of(octets_of(&name->address));
      continue;
    }
    sieve.below |= bit_of(above(name->dns));
    if (is_wildcard(name->dns)) {
      sieve.wild |= bit_of(above(name->dns));
    } else {
      sieve.exact |= bit_of(name->dns);
    }
  }
  return sieve;
}

codicil_sieve codicil_sieve_of_required(const codicil_identity *identity) {
  codicil_sieve sieve = {0};
  const codicil_required_domain *required;
  for (size_t i = 0; (required = codicil_identity_required(identity, i)) != NULL; i++) {
    switch (required->type) {
    case CODICIL_REQUIRED_DNS:
      sieve.exact |= bit_of(required->dns);
      sieve.wild |= bit_of(above(required->dns));
      break;
    case CODICIL_REQUIRED_WILDCARD:
      sieve.below |= bit_of(above(required->dns));
      break;
    case CODICIL_REQUIRED_ADDRESS:
      sieve.exact |= bit_of(octets_of(&required->address));
      break;
    case CODICIL_REQUIRED_ANY: // no name proves it
      break;
    }
  }
  return sieve;
}

codicil_sieve codicil_sieve_of_origin(const codicil_origin *origin) {
  if (origin->address.len != 0) {
    return (codicil_sieve){.exact = bit_of(octets_of(&origin->address))};
  }
  codicil_span host = codicil_span_str(origin->host);
  return (codicil_sieve){.exact = bit_of(host), .wild = bit_of(above(host))};
}
