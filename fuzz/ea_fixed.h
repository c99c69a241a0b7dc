// A connection whose secrets never change: each octet of one is the last of its label.
#ifndef CODICIL_FUZZ_EA_FIXED_H
#define CODICIL_FUZZ_EA_FIXED_H

#include <assert.h>
#include <string.h>

#include "codicil/ea.h"

static inline codicil_err fixed_export(void *ctx, uint8_t *out, size_t out_len, const char *label,
                                       size_t len) {
  (void)ctx;
  memset(out, label[len - 1], out_len);
  return CODICIL_OK;
}

static inline codicil_ea *fixed_ea(bool is_server) {
  static const uint8_t schemes[] = {4, 3, 5, 3, 6, 3, 8, 4, 8, 7, 8, 8, 8, 9};
  static const uint8_t extensions[] = {0, 5, 0, 13, 0, 18, 0xfa, 0xfa};
  codicil_tls tls = {.exporter = fixed_export,
                     .hash = CODICIL_HASH_SHA256,
                     .is_server = is_server,
                     .client_schemes = codicil_span_of(schemes, sizeof schemes),
                     .client_extensions = codicil_span_of(extensions, sizeof extensions)};
  codicil_ea *ea = NULL;
  assert(codicil_ea_new(&ea, NULL, &tls) == CODICIL_OK);
  return ea;
}

#endif
