// The Origin Set of one connection (RFC 8336 §2.3), and the origins that a 421 took out of it.
//
// Not initialised until the first ORIGIN frame. An origin that was answered with 421 is out for the
// life of the connection: a later ORIGIN does not bring it back.
#ifndef CODICIL_SESSION_ORIGIN_SET_H
#define CODICIL_SESSION_ORIGIN_SET_H

#include "codicil/session.h"

// Origins with a hash each: a peer that sends the same thousand origins again and again must not
// make us compare a million names.
typedef struct codicil_origin_list {
  codicil_origin *items;
  size_t items_cap;
  uint32_t *hashes;
  size_t hashes_cap;
  size_t num;
} codicil_origin_list;

typedef struct codicil_origin_set {
  bool is_initialised;
  codicil_origin_list members;
  codicil_origin_list misdirected;
  size_t text_len; // of the members' serialisations
} codicil_origin_set;

// A hash that skips comparisons; a collision costs one.
uint32_t codicil_origin_hash(const codicil_origin *origin);
// Defines the set to contain the initial origin of `peer`, where it is not yet.
CODICIL_MUST_USE codicil_err codicil_origin_set_initialise(codicil_origin_set *set,
                                                           const codicil_config *config,
                                                           const codicil_mem *mem,
                                                           const codicil_peer *peer);
// Adds `origin`, unless it is a member or misdirected. *out_added (may be NULL) tells.
CODICIL_MUST_USE codicil_err codicil_origin_set_add(codicil_origin_set *set, bool *out_added,
                                                    const codicil_config *config,
                                                    const codicil_mem *mem,
                                                    const codicil_origin *origin);
// A 421 came for `origin`. CODICIL_LIMIT, CODICIL_NOMEM.
CODICIL_MUST_USE codicil_err codicil_origin_set_misdirect(codicil_origin_set *set,
                                                          const codicil_config *config,
                                                          const codicil_mem *mem,
                                                          const codicil_origin *origin);
bool codicil_origin_set_has(const codicil_origin_set *set, const codicil_origin *origin);
bool codicil_origin_set_is_misdirected(const codicil_origin_set *set, const codicil_origin *origin);
// Tells whether both sets are initialised and every member of `set` is one of `other`, but not the
// other way round.
bool codicil_origin_set_is_proper_subset(const codicil_origin_set *set,
                                         const codicil_origin_set *other);
void codicil_origin_set_clear(codicil_origin_set *set, const codicil_mem *mem);

#endif
