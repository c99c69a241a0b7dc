// The certificate_request_context values of one connection: each stands for one authenticator.
//
// One set for both request types and both directions (RFC 9261 §4).
#ifndef CODICIL_EA_CONTEXTS_H
#define CODICIL_EA_CONTEXTS_H

#include "codicil/ea.h"

typedef enum codicil_context_state {
  CODICIL_CONTEXT_NEW,   // never seen, or given back
  CODICIL_CONTEXT_ASKED, // in a request of ours
  CODICIL_CONTEXT_SPENT  // in an authenticator that was made or verified, or is being made
} codicil_context_state;

typedef struct codicil_context_slot {
  uint16_t start; // in `octets`
  uint8_t len;
  uint8_t state;
} codicil_context_slot;

typedef struct codicil_contexts {
  codicil_buf octets;
  codicil_context_slot *slots;
  size_t num, cap;
  const codicil_mem *mem;
} codicil_contexts;

void codicil_contexts_init(codicil_contexts *set, const codicil_mem *mem);
void codicil_contexts_clear(codicil_contexts *set);
codicil_context_state codicil_contexts_state(const codicil_contexts *set, codicil_span context);
// Makes sure that codicil_contexts_set of this context cannot fail. CODICIL_NOMEM, CODICIL_LIMIT.
CODICIL_MUST_USE codicil_err codicil_contexts_reserve(codicil_contexts *set, codicil_span context);
void codicil_contexts_set(codicil_contexts *set, codicil_span context, codicil_context_state state);

#endif
