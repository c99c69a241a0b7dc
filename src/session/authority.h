// What was decided on each certificate of one connection: those that are accepted are its
// authority.
//
// Decisions are computed whole (settle.h) and then taken over one by one. The generation tells a
// router that an answer may have changed: a decision that differs changes it, and so does `touch`,
// for what else an answer depends on.
#ifndef CODICIL_SESSION_AUTHORITY_H
#define CODICIL_SESSION_AUTHORITY_H

#include "codicil/session.h"

typedef struct codicil_standing {
  codicil_decision decision;
  codicil_cert_reason reason;
  size_t required;  // the required domain that is satisfied; SIZE_MAX: none
  size_t proved_by; // the certificate that proved it; SIZE_MAX: none did, or none had to
} codicil_standing;

typedef struct codicil_authority {
  codicil_standing *standings; // one a certificate
  size_t num;
  codicil_standing *draft; // room to compute in, as much
  size_t *queue;           // and two places a certificate
  size_t standings_cap, draft_cap, queue_cap;
  uint64_t generation;
} codicil_authority;

// Makes room for `num` certificates. CODICIL_NOMEM.
CODICIL_MUST_USE codicil_err codicil_authority_reserve(codicil_authority *authority,
                                                       const codicil_mem *mem, size_t num);
// One more certificate, unexamined.
void codicil_authority_extend(codicil_authority *authority);
bool codicil_authority_has(const codicil_authority *authority, size_t index);
// Tells whether the decision or its reason differ from before.
bool codicil_authority_decide(codicil_authority *authority, size_t index,
                              codicil_standing standing);
void codicil_authority_touch(codicil_authority *authority);
void codicil_authority_clear(codicil_authority *authority, const codicil_mem *mem);

#endif
