// The set that the router sees.
#include "authority.h"

#include "mem.h"

codicil_err codicil_authority_reserve(codicil_authority *authority, const codicil_mem *mem,
                                      size_t num) {
  void *standings = authority->standings, *draft = authority->draft, *queue = authority->queue;
  codicil_err err = codicil_mem_grow(mem, &standings, &authority->standings_cap, num, SIZE_MAX,
                                     sizeof *authority->standings);
  if (err == CODICIL_OK) {
    err = codicil_mem_grow(mem, &draft, &authority->draft_cap, num, SIZE_MAX,
                           sizeof *authority->draft);
  }
  if (err == CODICIL_OK) {
    err = codicil_mem_grow(mem, &queue, &authority->queue_cap, 2 * num, SIZE_MAX,
                           sizeof *authority->queue);
  }
  authority->standings = standings;
  authority->draft = draft;
  authority->queue = queue;
  return err;
}

void codicil_authority_extend(codicil_authority *authority) {
  authority->standings[authority->num] =
      (codicil_standing){CODICIL_UNEXAMINED, CODICIL_CERT_NONE, SIZE_MAX, SIZE_MAX};
  authority->num++;
  authority->generation++;
}

bool codicil_authority_has(const codicil_authority *authority, size_t index) {
  return index < authority->num && authority->standings[index].decision == CODICIL_ACCEPTED;
}

bool codicil_authority_decide(codicil_authority *authority, size_t index,
                              codicil_standing standing) {
  codicil_standing *now = &authority->standings[index];
  bool differs = now->decision != standing.decision || now->reason != standing.reason;
  if (differs || now->required != standing.required || now->proved_by != standing.proved_by) {
    authority->generation++;
  }
  *now = standing;
  return differs;
}

void codicil_authority_touch(codicil_authority *authority) {
  authority->generation++;
}

void codicil_authority_clear(codicil_authority *authority, const codicil_mem *mem) {
  codicil_mem_free(mem, authority->standings);
  codicil_mem_free(mem, authority->draft);
  codicil_mem_free(mem, authority->queue);
  *authority = (codicil_authority){.generation = authority->generation};
}
