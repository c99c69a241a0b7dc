// Contexts used: see contexts.h.
#include "contexts.h"

#include "mem.h"
#include "span.h"

// What one connection remembers: about two thousand contexts of 32 octets. Far above the number of
// authenticators that a session takes or sends; beyond it the connection has served its time.
enum { MAX_OCTETS = 65535, MAX_SLOTS = 8192 };

void codicil_contexts_init(codicil_contexts *set, const codicil_mem *mem) {
  *set = (codicil_contexts){.mem = mem};
  codicil_buf_init(&set->octets, mem, MAX_OCTETS);
}

void codicil_contexts_clear(codicil_contexts *set) {
  codicil_buf_clear(&set->octets);
  if (set->slots != NULL) {
    codicil_mem_free(set->mem, set->slots);
  }
  codicil_contexts_init(set, set->mem);
}

static codicil_context_slot *find(const codicil_contexts *set, codicil_span context) {
  codicil_span octets = codicil_buf_span(&set->octets);
  for (size_t i = 0; i < set->num; i++) {
    codicil_context_slot *slot = &set->slots[i];
    if (slot->len == context.len &&
        codicil_span_equal(codicil_span_sub(octets, slot->start, slot->len), context)) {
      return slot;
    }
  }
  return NULL;
}

codicil_context_state codicil_contexts_state(const codicil_contexts *set, codicil_span context) {
  const codicil_context_slot *slot = find(set, context);
  return slot != NULL ? (codicil_context_state)slot->state : CODICIL_CONTEXT_NEW;
}

codicil_err codicil_contexts_reserve(codicil_contexts *set, codicil_span context) {
  if (find(set, context) != NULL) {
    return CODICIL_OK;
  }
  codicil_err err = codicil_buf_reserve(&set->octets, context.len);
  if (err != CODICIL_OK) {
    return err;
  }
  void *slots = set->slots;
  err = codicil_mem_grow(set->mem, &slots, &set->cap, set->num + 1, MAX_SLOTS, sizeof *set->slots);
  set->slots = slots;
  return err;
}

void codicil_contexts_set(codicil_contexts *set, codicil_span context,
                          codicil_context_state state) {
  codicil_context_slot *slot = find(set, context);
  if (slot == NULL) {
    slot = &set->slots[set->num++];
    slot->start = (uint16_t)set->octets.len;
    slot->len = (uint8_t)context.len;
    // There is room: codicil_contexts_reserve made it.
    (void)!codicil_buf_append(&set->octets, context);
  }
  slot->state = (uint8_t)state;
}
