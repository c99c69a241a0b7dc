// What a chain cache keeps, for chain.c and path.c: verdicts on whole chains, and decoded
// intermediates with the issuer under whose key their signature verified.
//
// An intermediate is found by the digest of its own octets, and so only when a peer sent it: what
// one peer brought never completes another's chain.
#ifndef CODICIL_X509_CHAIN_CACHE_H
#define CODICIL_X509_CHAIN_CACHE_H

#include <openssl/x509.h>

#include "codicil/x509.h"
#include "digest.h"

// A path verdict. It holds from `made_at` until before `expires`.
typedef struct codicil_path_verdict {
  codicil_cert_reason reason;
  const char *what; // static text for humans
  int64_t valid_until;
  int64_t made_at;
  int64_t expires;
  bool is_caa_anchor; // a good path ends in an anchor with that mark
} codicil_path_verdict;

// False where there is none, or none that holds at `unix_s`.
bool codicil_chain_cache_find(codicil_chain_cache *cache, codicil_path_verdict *out,
                              const uint8_t key[CODICIL_SHA256_LEN], int64_t unix_s);
void codicil_chain_cache_put(codicil_chain_cache *cache, const uint8_t key[CODICIL_SHA256_LEN],
                             const codicil_path_verdict *verdict);

// A path from a cached intermediate to an anchor, in which nothing depends on the end entity: one
// step, nothing imposed on it (imposed.h), not revoked, not blocked. It holds under the trust store
// and the block list of `generation`, from `not_before` until before `not_after`.
typedef struct codicil_known_tail {
  bool is_set;
  uint8_t generation[CODICIL_SHA256_LEN];
  int64_t not_before;
  int64_t not_after;
  bool is_caa_anchor;
} codicil_known_tail;

// A decoded intermediate. `issuer` is the certificate whose key its signature was verified with.
typedef struct codicil_cached_cert {
  X509 *cert;
  X509 *issuer;
  codicil_known_tail tail;
} codicil_cached_cert;

// Returns what is kept, NULL where there is nothing. Valid until the next put.
const codicil_cached_cert *codicil_chain_cache_find_cert(codicil_chain_cache *cache,
                                                         const uint8_t sha256[CODICIL_SHA256_LEN]);
// Keeps references to both certificates.
void codicil_chain_cache_put_cert(codicil_chain_cache *cache,
                                  const uint8_t sha256[CODICIL_SHA256_LEN],
                                  const codicil_cached_cert *pair);

#endif
