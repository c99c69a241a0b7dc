// Which certificates this connection has proven and we accept.
//
// Changes by add and remove only. The generation tells a router that an answer may have changed:
// membership changes it, and so does `touch`, for what else an answer depends on.
#ifndef CODICIL_SESSION_AUTHORITY_H
#define CODICIL_SESSION_AUTHORITY_H

#include "codicil/session.h"

typedef struct codicil_authority {
  size_t *members; // certificate indices, ascending by time of acceptance
  size_t num;
  size_t cap;
  uint64_t generation;
} codicil_authority;

// Makes room for `num` members, so that add cannot fail. CODICIL_NOMEM.
CODICIL_MUST_USE codicil_err codicil_authority_reserve(codicil_authority *authority,
                                                       const codicil_mem *mem, size_t num);
bool codicil_authority_has(const codicil_authority *authority, size_t index);
void codicil_authority_add(codicil_authority *authority, size_t index);
void codicil_authority_remove(codicil_authority *authority, size_t index);
void codicil_authority_touch(codicil_authority *authority);
void codicil_authority_clear(codicil_authority *authority, const codicil_mem *mem);

#endif
