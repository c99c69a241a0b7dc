// The set that the router sees: small, so a list.
#include "authority.h"

#include <string.h>

#include "mem.h"

codicil_err codicil_authority_reserve(codicil_authority *authority, const codicil_mem *mem,
                                      size_t num) {
  void *members = authority->members;
  codicil_err err =
      codicil_mem_grow(mem, &members, &authority->cap, num, SIZE_MAX, sizeof *authority->members);
  authority->members = members;
  return err;
}

static size_t find(const codicil_authority *authority, size_t index) {
  size_t at = 0;
  while (at < authority->num && authority->members[at] != index) {
    at++;
  }
  return at;
}

bool codicil_authority_has(const codicil_authority *authority, size_t index) {
  return find(authority, index) < authority->num;
}

void codicil_authority_add(codicil_authority *authority, size_t index) {
  if (codicil_authority_has(authority, index)) {
    return;
  }
  authority->members[authority->num] = index;
  authority->num++;
  authority->generation++;
}

void codicil_authority_remove(codicil_authority *authority, size_t index) {
  size_t at = find(authority, index);
  if (at == authority->num) {
    return;
  }
  authority->num--;
  memmove(authority->members + at, authority->members + at + 1,
          (authority->num - at) * sizeof *authority->members);
  authority->generation++;
}

void codicil_authority_touch(codicil_authority *authority) {
  authority->generation++;
}

void codicil_authority_clear(codicil_authority *authority, const codicil_mem *mem) {
  codicil_mem_free(mem, authority->members);
  *authority = (codicil_authority){.generation = authority->generation};
}
