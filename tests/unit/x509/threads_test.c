// One trust store and one block list, many threads: each with a cache of its own, as x509.h asks.
#include "cmocka_test.h"

#include <pthread.h>
#include <stdlib.h>

#include "chain_fixture.h"
#include "pki_evidence.h"

enum { NUM_THREADS = 4, NUM_ROUNDS = 20, NUM_LEAVES = 4 };

// What the threads share, and what each of them has to find.
typedef struct shared {
  const chain_fixture *chain;
  pki_cert *leaves[NUM_LEAVES];
  codicil_cert_reason want[NUM_LEAVES];
} shared;

static size_t judge_all(const shared *s, codicil_chain_cache *cache) {
  const chain_fixture *c = s->chain;
  size_t num_wrong = 0;
  for (size_t i = 0; i < NUM_LEAVES; i++) {
    const codicil_chain_entry entries[] = {{.der = pki_der(s->leaves[i])},
                                           {.der = pki_der(c->intermediate)}};
    codicil_chain_verdict verdict = {.reason = CODICIL_NUM_CERT_REASONS};
    codicil_err err =
        codicil_chain_validate(&verdict, NULL, c->trust, c->block_list, cache, entries, 2, PKI_NOW);
    num_wrong += err != CODICIL_OK || verdict.reason != s->want[i] ? 1 : 0;
  }
  return num_wrong;
}

// Returns NULL, or what was shared where a verdict was wrong.
static void *judge_often(void *arg) {
  shared *s = arg;
  size_t num_wrong = 0;
  for (int i = 0; i < NUM_ROUNDS; i++) {
    codicil_chain_cache *cache = NULL;
    num_wrong += codicil_chain_cache_new(&cache, NULL, 2) != CODICIL_OK ? 1 : 0;
    num_wrong += judge_all(s, NULL) + judge_all(s, cache) + judge_all(s, cache);
    codicil_chain_cache_free(cache);
  }
  OPENSSL_thread_stop();
  return num_wrong == 0 ? NULL : s;
}

static codicil_block_list *block_key_of(const pki_cert *cert) {
  char text[128] = "spki ";
  uint8_t *spki = NULL, sha256[32];
  int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert->x509), &spki);
  assert_true(len > 0);
  assert_int_equal(EVP_Digest(spki, (size_t)len, sha256, NULL, EVP_sha256(), NULL), 1);
  OPENSSL_free(spki);
  for (size_t i = 0; i < 32; i++) {
    snprintf(text + 5 + 2 * i, 3, "%02x", sha256[i]);
  }
  codicil_block_list *list = NULL;
  assert_int_equal(codicil_block_list_parse(&list, NULL, NULL, NULL, codicil_span_of(text, 69)),
                   CODICIL_OK);
  return list;
}

static void test_many_threads_find_the_same(void **state) {
  chain_fixture *f = *state;
  pki_log *log = pki_log_new(NULL);
  const pki_sct_spec sct = {.log = log};
  shared s = {
      .chain = f,
      .want = {CODICIL_CERT_NONE, CODICIL_CERT_REVOKED, CODICIL_CERT_BLOCKED, CODICIL_CERT_SCTS}};
  for (size_t i = 0; i < NUM_LEAVES; i++) {
    pki_cert *bare = pki_leaf(f->intermediate, "DNS:a.example");
    bool has_sct = s.want[i] != CODICIL_CERT_SCTS;
    s.leaves[i] =
        has_sct ? pki_with_scts(bare, f->intermediate, f->intermediate, &sct, 1, -1) : bare;
    if (has_sct) {
      pki_free(bare);
    }
  }
  pki_bytes crl = pki_crl(f->intermediate, &(pki_crl_spec){.revoked = {s.leaves[1]}});
  assert_int_equal(codicil_trust_add_crls(f->trust, NULL, NULL, codicil_span_of(crl.data, crl.len)),
                   CODICIL_OK);
  assert_int_equal(codicil_trust_add_log(f->trust, NULL, codicil_span_of(log->spki, log->spki_len),
                                         0, INT64_MAX),
                   CODICIL_OK);
  codicil_trust_set_min_scts(f->trust, 1);
  f->block_list = block_key_of(s.leaves[2]);

  pthread_t threads[NUM_THREADS];
  for (size_t i = 0; i < NUM_THREADS; i++) {
    assert_int_equal(pthread_create(&threads[i], NULL, judge_often, &s), 0);
  }
  for (size_t i = 0; i < NUM_THREADS; i++) {
    void *wrong = &s;
    assert_int_equal(pthread_join(threads[i], &wrong), 0);
    assert_null(wrong);
  }

  codicil_block_list_free(f->block_list);
  free(crl.data);
  for (size_t i = 0; i < NUM_LEAVES; i++) {
    pki_free(s.leaves[i]);
  }
  pki_log_free(log);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_many_threads_find_the_same, chain_set_up,
                                      chain_tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
