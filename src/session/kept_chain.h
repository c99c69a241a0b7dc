// A copy of the handshake's chain, as it came: its staples are reported, and it is judged anew when
// the block list changes.
#ifndef CODICIL_SESSION_KEPT_CHAIN_H
#define CODICIL_SESSION_KEPT_CHAIN_H

#include "codicil/x509.h"

// The zero state is safe to clear.
typedef struct codicil_kept_chain {
  codicil_chain_entry *entries; // and what they point to, in one allocation
  size_t num;
} codicil_kept_chain;

// CODICIL_NOMEM.
CODICIL_MUST_USE codicil_err codicil_kept_chain_copy(codicil_kept_chain *out,
                                                     const codicil_mem *mem,
                                                     const codicil_chain_entry *entries,
                                                     size_t num);
void codicil_kept_chain_clear(codicil_kept_chain *chain, const codicil_mem *mem);

#endif
