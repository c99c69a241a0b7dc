// What the parts of this module know of DNS names and the public header does not tell.
#ifndef CODICIL_NAME_DNS_NAME_H
#define CODICIL_NAME_DNS_NAME_H

#include "codicil/name.h"

static inline uint8_t codicil_lower(uint8_t c) {
  return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

// Normalises a name that is ASCII on the wire (no U-labels); else as codicil_dns_name_normalise.
CODICIL_MUST_USE bool codicil_dns_name_from_ascii(char *out, size_t out_len, codicil_span text);

#endif
