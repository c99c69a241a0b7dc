// Where DNS leads for the names that prove Required Domains: what was asked, and what is known.
//
// The session cannot look, so it wants: an event out, an answer in. What is known ends; then it is
// unknown again, and is asked anew when something hangs on it.
#ifndef CODICIL_SESSION_WANTS_H
#define CODICIL_SESSION_WANTS_H

#include "codicil/session.h"

typedef enum codicil_leads {
  CODICIL_LEADS_UNKNOWN,
  CODICIL_LEADS_HERE,
  CODICIL_LEADS_ELSEWHERE,
  CODICIL_LEADS_NOWHERE
} codicil_leads;

// Where the caller's evidence leads, seen from the peer's address.
codicil_leads codicil_leads_of(const codicil_evidence *evidence, const codicil_address *peer);

typedef struct codicil_want {
  codicil_origin origin;
  uint32_t hash;
  bool is_open; // asked, and not answered
  codicil_leads leads;
  int64_t until_s; // Unix time at which that ends
} codicil_want;

// The zero state is safe to clear.
typedef struct codicil_wants {
  codicil_want *items; // an index stays what it is while it is open
  size_t num;
  size_t cap;
  size_t num_open;
} codicil_wants;

// What is known of `origin` at `unix_s`.
codicil_leads codicil_wants_leads(const codicil_wants *wants, const codicil_origin *origin,
                                  int64_t unix_s);
bool codicil_wants_is_open(const codicil_wants *wants, const codicil_origin *origin);
// Tells whether one more may be asked at `unix_s`.
bool codicil_wants_has_room(const codicil_wants *wants, int64_t unix_s);
// Opens a want for `origin`, for which there is none open, where there is room. CODICIL_NOMEM;
// unchanged then.
CODICIL_MUST_USE codicil_err codicil_wants_open(codicil_wants *wants, size_t *out_index,
                                                const codicil_mem *mem,
                                                const codicil_origin *origin, int64_t unix_s);
// Answers want `index`, which is open.
void codicil_wants_answer(codicil_wants *wants, size_t index, codicil_leads leads, int64_t until_s,
                          int64_t unix_s);
// Returns when the first of what is known at `unix_s` ends; INT64_MAX where nothing does.
int64_t codicil_wants_next_end(const codicil_wants *wants, int64_t unix_s);
void codicil_wants_clear(codicil_wants *wants, const codicil_mem *mem);

#endif
