// A root that is trusted, an intermediate, an end entity, and one call to judge a chain.
#ifndef CODICIL_TESTS_CHAIN_FIXTURE_H
#define CODICIL_TESTS_CHAIN_FIXTURE_H

#include <openssl/err.h>

#include "codicil/x509.h"
#include "fail_mem.h"
#include "pki_fixture.h"

typedef struct chain_fixture {
  pki_cert *root;
  pki_cert *intermediate;
  pki_cert *leaf;
  codicil_trust *trust;
  codicil_block_list *block_list; // NULL at first, as the cache
  codicil_chain_cache *cache;
  int64_t unix_s;      // PKI_NOW at first
  int64_t valid_until; // of the last verdict
  bool is_caa_anchor;  // of the last verdict
  codicil_diag diag;   // of the last verdict
} chain_fixture;

static inline codicil_trust *chain_trust(const pki_cert *anchor) {
  codicil_trust *trust = NULL;
  assert_int_equal(codicil_trust_new(&trust, NULL), CODICIL_OK);
  assert_int_equal(codicil_trust_add_pem(trust, NULL, NULL, pki_pem(anchor)), CODICIL_OK);
  return trust;
}

static inline codicil_cert_reason chain_judge_entries(chain_fixture *f,
                                                      const codicil_chain_entry *entries,
                                                      size_t num_entries) {
  codicil_chain_verdict verdict = {.reason = CODICIL_NUM_CERT_REASONS};
  assert_int_equal(codicil_chain_validate(&verdict, &f->diag, f->trust, f->block_list, f->cache,
                                          entries, num_entries, f->unix_s),
                   CODICIL_OK);
  f->valid_until = verdict.valid_until;
  f->is_caa_anchor = verdict.is_caa_anchor;
  assert_int_equal(ERR_peek_error(), 0);
  return verdict.reason;
}

static inline codicil_cert_reason chain_judge(chain_fixture *f, const pki_cert *const *certs,
                                              size_t num_certs) {
  codicil_chain_entry entries[8] = {{.der = {NULL, 0}}};
  assert_true(num_certs <= 8);
  for (size_t i = 0; i < num_certs; i++) {
    entries[i].der = exact_copy(pki_der(certs[i]));
  }
  codicil_cert_reason reason = chain_judge_entries(f, entries, num_certs);
  for (size_t i = 0; i < num_certs; i++) {
    free((void *)entries[i].der.data);
  }
  return reason;
}

static inline codicil_cert_reason chain_judge_usual(chain_fixture *f) {
  return chain_judge(f, (const pki_cert *[]){f->leaf, f->intermediate}, 2);
}

static inline int chain_set_up(void **state) {
  chain_fixture *f = calloc(1, sizeof *f);
  f->root = pki_root("root");
  f->intermediate = pki_intermediate(f->root, "intermediate");
  f->leaf = pki_leaf(f->intermediate, "DNS:a.example");
  f->trust = chain_trust(f->root);
  f->unix_s = PKI_NOW;
  *state = f;
  return 0;
}

static inline int chain_tear_down(void **state) {
  chain_fixture *f = *state;
  codicil_chain_cache_free(f->cache);
  codicil_trust_free(f->trust);
  pki_free(f->leaf);
  pki_free(f->intermediate);
  pki_free(f->root);
  free(f);
  return 0;
}

#endif
