// A bounded table of names: see wants.h.
#include "wants.h"

#include "mem.h"
#include "origin_set.h"

codicil_leads codicil_leads_of(const codicil_evidence *evidence, const codicil_address *peer) {
  if (evidence == NULL || evidence->dns == CODICIL_DNS_UNKNOWN) {
    return CODICIL_LEADS_UNKNOWN;
  }
  if (evidence->dns == CODICIL_DNS_FAILED) {
    return CODICIL_LEADS_NOWHERE;
  }
  for (size_t i = 0; i < evidence->num_addresses; i++) {
    if (codicil_address_equal(&evidence->addresses[i], peer)) {
      return CODICIL_LEADS_HERE;
    }
  }
  return CODICIL_LEADS_ELSEWHERE;
}

static const codicil_want *find(const codicil_wants *wants, const codicil_origin *origin) {
  uint32_t hash = wants->num > 0 ? codicil_origin_hash(origin) : 0;
  for (size_t i = 0; i < wants->num; i++) {
    const codicil_want *want = &wants->items[i];
    if (want->hash == hash && codicil_origin_equal(&want->origin, origin)) {
      return want;
    }
  }
  return NULL;
}

static bool is_known(const codicil_want *want, int64_t unix_s) {
  return !want->is_open && unix_s < want->until_s;
}

codicil_leads codicil_wants_leads(const codicil_wants *wants, const codicil_origin *origin,
                                  int64_t unix_s) {
  const codicil_want *want = find(wants, origin);
  return want != NULL && is_known(want, unix_s) ? want->leads : CODICIL_LEADS_UNKNOWN;
}

bool codicil_wants_is_open(const codicil_wants *wants, const codicil_origin *origin) {
  const codicil_want *want = find(wants, origin);
  return want != NULL && want->is_open;
}

// One that is neither open nor known any more; `num` where there is none.
static size_t find_ended(const codicil_wants *wants, int64_t unix_s) {
  size_t i = 0;
  while (i < wants->num && (wants->items[i].is_open || is_known(&wants->items[i], unix_s))) {
    i++;
  }
  return i;
}

bool codicil_wants_has_room(const codicil_wants *wants, int64_t unix_s) {
  return wants->num_open < CODICIL_DNS_WANTS_OPEN &&
         (wants->num < CODICIL_DNS_WANTS_MAX || find_ended(wants, unix_s) < wants->num);
}

codicil_err codicil_wants_open(codicil_wants *wants, size_t *out_index, const codicil_mem *mem,
                               const codicil_origin *origin, int64_t unix_s) {
  const codicil_want *known = find(wants, origin);
  size_t index = known != NULL ? (size_t)(known - wants->items) : find_ended(wants, unix_s);
  if (index == wants->num) {
    void *items = wants->items;
    codicil_err err = codicil_mem_grow(mem, &items, &wants->cap, wants->num + 1,
                                       CODICIL_DNS_WANTS_MAX, sizeof *wants->items);
    wants->items = items;
    if (err != CODICIL_OK) {
      return err;
    }
  }
  *out_index = index;
  wants->num += index == wants->num ? 1 : 0;
  wants->num_open++;
  wants->items[index] =
      (codicil_want){.origin = *origin, .hash = codicil_origin_hash(origin), .is_open = true};
  return CODICIL_OK;
}

// Protocol §5.5: no sooner than after a minute, whatever the record's TTL.
void codicil_wants_answer(codicil_wants *wants, size_t index, codicil_leads leads, int64_t until_s,
                          int64_t unix_s) {
  codicil_want *want = &wants->items[index];
  int64_t least = unix_s < INT64_MAX - CODICIL_DNS_EVIDENCE_MIN_S
                      ? unix_s + CODICIL_DNS_EVIDENCE_MIN_S
                      : INT64_MAX;
  want->is_open = false;
  want->leads = leads;
  want->until_s = until_s > least ? until_s : least;
  wants->num_open--;
}

int64_t codicil_wants_next_end(const codicil_wants *wants, int64_t unix_s) {
  int64_t least = INT64_MAX;
  for (size_t i = 0; i < wants->num; i++) {
    const codicil_want *want = &wants->items[i];
    if (is_known(want, unix_s) && want->until_s < least) {
      least = want->until_s;
    }
  }
  return least;
}

void codicil_wants_clear(codicil_wants *wants, const codicil_mem *mem) {
  codicil_mem_free(mem, wants->items);
  *wants = (codicil_wants){0};
}
