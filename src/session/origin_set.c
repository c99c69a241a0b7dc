// RFC 8336 §2.3 as a set with a bound: see origin_set.h.
#include "origin_set.h"

#include <string.h>

#include "mem.h"
#include "session_config.h"

// FNV-1a.
uint32_t codicil_origin_hash(const codicil_origin *origin) {
  uint32_t hash = 2166136261U;
  for (const char *c = origin->host; *c != '\0'; c++) {
    hash = (hash ^ (uint8_t)*c) * 16777619U;
  }
  return (hash ^ origin->port) * 16777619U;
}

static size_t find(const codicil_origin_list *list, const codicil_origin *origin) {
  uint32_t hash = codicil_origin_hash(origin);
  for (size_t i = 0; i < list->num; i++) {
    if (list->hashes[i] == hash && codicil_origin_equal(&list->items[i], origin)) {
      return i;
    }
  }
  return SIZE_MAX;
}

static codicil_err append(codicil_origin_list *list, const codicil_mem *mem,
                          const codicil_origin *origin, size_t max) {
  void *items = list->items;
  void *hashes = list->hashes;
  codicil_err err =
      codicil_mem_grow(mem, &items, &list->items_cap, list->num + 1, max, sizeof *list->items);
  list->items = items;
  if (err != CODICIL_OK) {
    return err;
  }
  err = codicil_mem_grow(mem, &hashes, &list->hashes_cap, list->num + 1, max, sizeof(uint32_t));
  list->hashes = hashes;
  if (err != CODICIL_OK) {
    return err;
  }
  list->items[list->num] = *origin;
  list->hashes[list->num] = codicil_origin_hash(origin);
  list->num++;
  return CODICIL_OK;
}

static void remove_at(codicil_origin_list *list, size_t index) {
  size_t after = list->num - index - 1;
  memmove(list->items + index, list->items + index + 1, after * sizeof *list->items);
  memmove(list->hashes + index, list->hashes + index + 1, after * sizeof *list->hashes);
  list->num--;
}

static void clear_list(codicil_origin_list *list, const codicil_mem *mem) {
  codicil_mem_free(mem, list->items);
  codicil_mem_free(mem, list->hashes);
  *list = (codicil_origin_list){0};
}

static size_t text_len_of(const codicil_origin *origin) {
  char text[CODICIL_ORIGIN_TEXT_MAX];
  return codicil_origin_format(origin, text, sizeof text);
}

// RFC 8336 §2.3: scheme https; the value sent in SNI, or else the remote address; the remote port.
static codicil_origin initial_origin(const codicil_peer *peer) {
  codicil_origin origin = {.port = peer->port};
  if (peer->sent_sni) {
    memcpy(origin.host, peer->origin.host, sizeof origin.host);
  } else {
    origin.address = peer->address;
    codicil_address_format(&peer->address, origin.host, sizeof origin.host);
  }
  return origin;
}

codicil_err codicil_origin_set_initialise(codicil_origin_set *set, const codicil_config *config,
                                          const codicil_mem *mem, const codicil_peer *peer) {
  if (set->is_initialised) {
    return CODICIL_OK;
  }
  codicil_origin initial = initial_origin(peer);
  codicil_err err = codicil_origin_set_add(set, NULL, config, mem, &initial);
  set->is_initialised = err == CODICIL_OK;
  return err;
}

codicil_err codicil_origin_set_add(codicil_origin_set *set, bool *out_added,
                                   const codicil_config *config, const codicil_mem *mem,
                                   const codicil_origin *origin) {
  bool added = false;
  codicil_err err = CODICIL_OK;
  if (find(&set->members, origin) == SIZE_MAX && find(&set->misdirected, origin) == SIZE_MAX) {
    size_t len = text_len_of(origin);
    if (len > codicil_limit_of(config, CODICIL_LIMIT_ORIGINS_LEN) - set->text_len) {
      return CODICIL_LIMIT;
    }
    err = append(&set->members, mem, origin, codicil_limit_of(config, CODICIL_LIMIT_ORIGINS));
    added = err == CODICIL_OK;
    set->text_len += added ? len : 0;
  }
  if (err == CODICIL_OK && out_added != NULL) {
    *out_added = added;
  }
  return err;
}

//= https://www.rfc-editor.org/rfc/rfc8336#section-2.3
//# Upon receipt of a response with this status code, implementing
//# clients MUST create the ASCII serialization of the corresponding
//# request's origin (as per [RFC6454], Section 6.2) and remove it from
//# the connection's Origin Set, if present.
codicil_err codicil_origin_set_misdirect(codicil_origin_set *set, const codicil_config *config,
                                         const codicil_mem *mem, const codicil_origin *origin) {
  if (find(&set->misdirected, origin) != SIZE_MAX) {
    return CODICIL_OK;
  }
  codicil_err err =
      append(&set->misdirected, mem, origin, codicil_limit_of(config, CODICIL_LIMIT_ORIGINS));
  if (err != CODICIL_OK) {
    return err;
  }
  size_t index = find(&set->members, origin);
  if (index != SIZE_MAX) {
    set->text_len -= text_len_of(origin);
    remove_at(&set->members, index);
  }
  return CODICIL_OK;
}

bool codicil_origin_set_has(const codicil_origin_set *set, const codicil_origin *origin) {
  return find(&set->members, origin) != SIZE_MAX;
}

bool codicil_origin_set_is_misdirected(const codicil_origin_set *set,
                                       const codicil_origin *origin) {
  return find(&set->misdirected, origin) != SIZE_MAX;
}

bool codicil_origin_set_is_proper_subset(const codicil_origin_set *set,
                                         const codicil_origin_set *other) {
  if (!set->is_initialised || !other->is_initialised || set->members.num >= other->members.num) {
    return false;
  }
  for (size_t i = 0; i < set->members.num; i++) {
    if (!codicil_origin_set_has(other, &set->members.items[i])) {
      return false;
    }
  }
  return true;
}

void codicil_origin_set_clear(codicil_origin_set *set, const codicil_mem *mem) {
  clear_list(&set->members, mem);
  clear_list(&set->misdirected, mem);
  *set = (codicil_origin_set){0};
}
