// The chain cache: what makes two chains the same, when a verdict ends, what is forgotten first.
#include "cmocka_test.h"

#include "chain_cache.h"

#include <string.h>

#include "chain_fixture.h"
#include "lru.h"
#include "span.h"

static int set_up(void **state) {
  chain_set_up(state);
  chain_fixture *f = *state;
  return codicil_chain_cache_new(&f->cache, NULL, 4) == CODICIL_OK ? 0 : -1;
}

static void test_a_verdict_is_kept_for_an_hour_and_no_longer(void **state) {
  chain_fixture *f = *state;
  uint8_t key[CODICIL_SHA256_LEN] = {1};
  codicil_path_verdict v = {.reason = CODICIL_CERT_PURPOSE, .made_at = 100, .expires = 3700}, got;
  codicil_chain_cache_put(f->cache, key, &v);
  assert_false(codicil_chain_cache_find(f->cache, &got, key, 99)); // the clock was set back
  assert_true(codicil_chain_cache_find(f->cache, &got, key, 100));
  assert_int_equal(got.reason, CODICIL_CERT_PURPOSE);
  assert_true(codicil_chain_cache_find(f->cache, &got, key, 3699));
  assert_false(codicil_chain_cache_find(f->cache, &got, key, 3700));
}

static void test_good_and_bad_verdicts_are_found_again(void **state) {
  chain_fixture *f = *state;
  for (int i = 0; i < 3; i++) {
    assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
    assert_int_equal(f->valid_until, PKI_NOT_AFTER);
    f->diag.what = NULL;
    assert_int_equal(chain_judge(f, (const pki_cert *[]){f->leaf}, 1), CODICIL_CERT_UNTRUSTED);
    assert_non_null(f->diag.what);
  }
}

static void test_time_is_looked_at_again_after_not_after(void **state) {
  chain_fixture *f = *state;
  pki_cert *leaf = pki_make(f->intermediate,
                            &(pki_spec){.alt_names = "DNS:a.example", .not_after = PKI_NOW + 60});
  const pki_cert *chain[] = {leaf, f->intermediate};
  assert_int_equal(chain_judge(f, chain, 2), CODICIL_CERT_NONE);
  f->unix_s += 59;
  assert_int_equal(chain_judge(f, chain, 2), CODICIL_CERT_NONE);
  f->unix_s += 1;
  assert_int_equal(chain_judge(f, chain, 2), CODICIL_CERT_EXPIRED);
  f->unix_s = PKI_NOT_BEFORE - 1;
  assert_int_equal(chain_judge(f, chain, 2), CODICIL_CERT_NOT_YET_VALID);
  pki_free(leaf);
}

static void test_a_refusal_ends_when_a_certificate_becomes_valid(void **state) {
  chain_fixture *f = *state;
  pki_cert *leaf = pki_make(f->intermediate,
                            &(pki_spec){.alt_names = "DNS:a.example", .not_before = PKI_NOW + 60});
  const pki_cert *chain[] = {leaf, f->intermediate};
  assert_int_equal(chain_judge(f, chain, 2), CODICIL_CERT_NOT_YET_VALID);
  assert_int_equal(f->valid_until, PKI_NOW + 60);
  f->unix_s += 60;
  assert_int_equal(chain_judge(f, chain, 2), CODICIL_CERT_NONE);
  pki_free(leaf);
}

static void test_next_update_ends_a_verdict(void **state) {
  chain_fixture *f = *state;
  pki_cert *leaf =
      pki_make(f->intermediate, &(pki_spec){.alt_names = "DNS:a.example", .must_staple = true});
  pki_bytes staple = pki_ocsp(leaf, f->intermediate, &(pki_ocsp_spec){.next_update = PKI_NOW + 60});
  const codicil_chain_entry entries[] = {
      {.der = pki_der(leaf), .ocsp = codicil_span_of(staple.data, staple.len)},
      {.der = pki_der(f->intermediate)}};
  assert_int_equal(chain_judge_entries(f, entries, 2), CODICIL_CERT_NONE);
  f->unix_s = PKI_NOW + 60 + 300;
  assert_int_equal(chain_judge_entries(f, entries, 2), CODICIL_CERT_STAPLE_MISSING);
  free(staple.data);
  pki_free(leaf);
}

// The same certificates with another staple, or other SCTs, are another chain.
static void test_staples_are_part_of_the_key(void **state) {
  chain_fixture *f = *state;
  pki_cert *leaf =
      pki_make(f->intermediate, &(pki_spec){.alt_names = "DNS:a.example", .must_staple = true});
  pki_bytes staple = pki_ocsp(leaf, f->intermediate, &(pki_ocsp_spec){.status = PKI_GOOD});
  codicil_chain_entry entries[] = {{.der = pki_der(leaf)}, {.der = pki_der(f->intermediate)}};
  assert_int_equal(chain_judge_entries(f, entries, 2), CODICIL_CERT_STAPLE_MISSING);
  entries[0].ocsp = codicil_span_of(staple.data, staple.len);
  assert_int_equal(chain_judge_entries(f, entries, 2), CODICIL_CERT_NONE);
  entries[0].scts = entries[0].ocsp;
  entries[0].ocsp = codicil_span_of(NULL, 0);
  assert_int_equal(chain_judge_entries(f, entries, 2), CODICIL_CERT_STAPLE_MISSING);
  free(staple.data);
  pki_free(leaf);
}

static void test_the_trust_store_is_part_of_the_key(void **state) {
  chain_fixture *f = *state;
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  pki_cert *stranger = pki_root("stranger");
  codicil_trust *trust = f->trust;
  f->trust = chain_trust(stranger);
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_UNTRUSTED);
  assert_int_equal(codicil_trust_add_pem(f->trust, NULL, NULL, pki_pem(f->root)), CODICIL_OK);
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  codicil_trust_free(f->trust);
  f->trust = NULL;
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_UNTRUSTED);
  f->trust = trust;
  pki_free(stranger);
}

static void test_a_mark_on_the_anchor_is_part_of_the_key_and_found_on_every_way(void **state) {
  chain_fixture *f = *state;
  pki_cert *next = pki_leaf(f->intermediate, "DNS:b.example");
  pki_cert *third = pki_leaf(f->intermediate, "DNS:c.example");
  pki_cert *late = pki_make(f->intermediate, &(pki_spec){.not_before = PKI_NOW + 60});
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  assert_false(f->is_caa_anchor);
  assert_int_equal(chain_judge(f, (const pki_cert *[]){next, f->intermediate}, 2),
                   CODICIL_CERT_NONE);
  assert_false(f->is_caa_anchor);
  assert_int_equal(codicil_trust_mark_caa(f->trust, NULL, NULL, pki_pem(f->root)), CODICIL_OK);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
    assert_true(f->is_caa_anchor);
    assert_int_equal(chain_judge(f, (const pki_cert *[]){third, f->intermediate}, 2),
                     CODICIL_CERT_NONE); // the short way
    assert_true(f->is_caa_anchor);
    assert_int_equal(chain_judge(f, (const pki_cert *[]){late, f->intermediate}, 2),
                     CODICIL_CERT_NOT_YET_VALID);
    assert_false(f->is_caa_anchor);
  }
  pki_free(late);
  pki_free(third);
  pki_free(next);
}

static void test_a_cached_intermediate_never_completes_another_peers_chain(void **state) {
  chain_fixture *f = *state;
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  pki_cert *leaf = pki_leaf(f->intermediate, "DNS:b.example");
  assert_int_equal(chain_judge(f, (const pki_cert *[]){leaf}, 1), CODICIL_CERT_UNTRUSTED);
  assert_int_equal(chain_judge(f, (const pki_cert *[]){leaf, f->intermediate}, 2),
                   CODICIL_CERT_NONE);
  pki_free(leaf);
}

static void test_a_cached_intermediate_is_judged_anew_with_each_end_entity(void **state) {
  chain_fixture *f = *state;
  const pki_spec spec = {.is_ca = true,
                         .not_after = PKI_NOW + 60,
                         .extra = {{"nameConstraints", "critical,permitted;DNS:a.example"}}};
  pki_cert *intermediate = pki_make(f->root, &spec);
  pki_cert *inside = pki_leaf(intermediate, "DNS:a.example");
  pki_cert *outside = pki_leaf(intermediate, "DNS:b.example");
  assert_int_equal(chain_judge(f, (const pki_cert *[]){inside, intermediate}, 2),
                   CODICIL_CERT_NONE);
  assert_int_equal(chain_judge(f, (const pki_cert *[]){outside, intermediate}, 2),
                   CODICIL_CERT_NAME_CONSTRAINTS);
  f->unix_s += 60;
  assert_int_equal(chain_judge(f, (const pki_cert *[]){outside, intermediate}, 2),
                   CODICIL_CERT_EXPIRED);
  pki_free(outside);
  pki_free(inside);
  pki_free(intermediate);
}

// A signature that verified under one issuer's key says nothing of another issuer of that name.
static void test_a_known_signature_is_bound_to_its_issuer(void **state) {
  chain_fixture *f = *state;
  const pki_spec ca = {.common_name = "i", .is_ca = true, .no_key_ids = true};
  pki_cert *intermediate = pki_make(f->root, &ca);
  pki_cert *namesake =
      pki_make(NULL, &(pki_spec){.common_name = "root", .is_ca = true, .no_key_ids = true});
  pki_cert *first = pki_leaf(intermediate, "DNS:a.example");
  pki_cert *second = pki_leaf(intermediate, "DNS:b.example");
  assert_int_equal(chain_judge(f, (const pki_cert *[]){first, intermediate}, 2), CODICIL_CERT_NONE);
  codicil_trust *trust = f->trust;
  f->trust = chain_trust(namesake);
  assert_int_equal(chain_judge(f, (const pki_cert *[]){second, intermediate}, 2),
                   CODICIL_CERT_UNTRUSTED);
  codicil_trust_free(f->trust);
  f->trust = trust;
  assert_int_equal(chain_judge(f, (const pki_cert *[]){second, intermediate}, 2),
                   CODICIL_CERT_NONE);
  pki_free(second);
  pki_free(first);
  pki_free(namesake);
  pki_free(intermediate);
}

static void test_only_intermediates_of_good_paths_are_kept(void **state) {
  chain_fixture *f = *state;
  uint8_t sha256[CODICIL_SHA256_LEN];
  assert_true(codicil_sha256(sha256, pki_der(f->intermediate)));
  pki_cert *stranger = pki_root("stranger");
  assert_int_equal(chain_judge(f, (const pki_cert *[]){stranger, f->intermediate}, 2),
                   CODICIL_CERT_UNTRUSTED);
  assert_null(codicil_chain_cache_find_cert(f->cache, sha256));
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  const codicil_cached_cert *found = codicil_chain_cache_find_cert(f->cache, sha256);
  assert_non_null(found);
  assert_int_equal(X509_cmp(found->cert, f->intermediate->x509), 0);
  assert_int_equal(X509_cmp(found->issuer, f->root->x509), 0);
  assert_true(found->tail.is_set);
  pki_free(stranger);
}

static void test_nothing_of_a_revoked_path_is_kept(void **state) {
  chain_fixture *f = *state;
  uint8_t sha256[CODICIL_SHA256_LEN];
  assert_true(codicil_sha256(sha256, pki_der(f->intermediate)));
  pki_bytes staple = pki_ocsp(f->leaf, f->intermediate, &(pki_ocsp_spec){.status = PKI_REVOKED});
  const codicil_chain_entry entries[] = {
      {.der = pki_der(f->leaf), .ocsp = codicil_span_of(staple.data, staple.len)},
      {.der = pki_der(f->intermediate)}};
  assert_int_equal(chain_judge_entries(f, entries, 2), CODICIL_CERT_REVOKED);
  assert_null(codicil_chain_cache_find_cert(f->cache, sha256));
  free(staple.data);
}

static void test_a_huge_intermediate_is_not_kept(void **state) {
  chain_fixture *f = *state;
  uint8_t sha256[CODICIL_SHA256_LEN];
  char comment[1 << 14];
  memset(comment, 'x', sizeof comment - 1);
  comment[sizeof comment - 1] = '\0';
  pki_cert *huge = pki_make(f->root, &(pki_spec){.is_ca = true, .extra = {{"nsComment", comment}}});
  pki_cert *leaf = pki_leaf(huge, "DNS:a.example");
  assert_true(codicil_sha256(sha256, pki_der(huge)));
  for (int i = 0; i < 2; i++) {
    assert_int_equal(chain_judge(f, (const pki_cert *[]){leaf, huge}, 2), CODICIL_CERT_NONE);
    assert_null(codicil_chain_cache_find_cert(f->cache, sha256));
  }
  pki_free(leaf);
  pki_free(huge);
}

static void test_the_least_recently_used_is_forgotten_first(void **state) {
  chain_fixture *f = *state;
  codicil_path_verdict v = {.expires = 100}, got;
  uint8_t keys[6][CODICIL_SHA256_LEN] = {{0}};
  for (uint8_t i = 0; i < 6; i++) {
    keys[i][31] = i; // all in one bucket
    codicil_chain_cache_put(f->cache, keys[i], &v);
    assert_true(codicil_chain_cache_find(f->cache, &got, keys[0], 0)); // 0 stays in use
  }
  static const bool kept[6] = {true, false, false, true, true, true};
  for (size_t i = 0; i < 6; i++) {
    assert_int_equal(codicil_chain_cache_find(f->cache, &got, keys[i], 0), kept[i]);
  }
}

// Against a list that is searched from end to end.
static void test_the_index_does_what_a_plain_list_does(void **state) {
  (void)state;
  enum { CAPACITY = 7, KEYS = 20, STEPS = 5000 };
  codicil_lru lru;
  assert_int_equal(codicil_lru_init(&lru, NULL, CAPACITY), CODICIL_OK);
  uint8_t held[CAPACITY]; // newest first
  size_t num_held = 0;
  uint32_t random = 1;
  for (size_t step = 0; step < STEPS; step++) {
    random = random * 1664525 + 1013904223;
    uint8_t id = (uint8_t)((random >> 16) % KEYS);
    uint8_t key[CODICIL_SHA256_LEN] = {(uint8_t)(id % 4), [31] = id};
    size_t at = 0;
    while (at < num_held && held[at] != id) {
      at++;
    }
    uint32_t slot = codicil_lru_find(&lru, key);
    assert_int_equal(slot != CODICIL_LRU_NONE, at < num_held);
    if (at == num_held) {
      assert_true(codicil_lru_insert(&lru, key) < CAPACITY);
      at = num_held < CAPACITY ? num_held++ : CAPACITY - 1;
    }
    memmove(&held[1], &held[0], at);
    held[0] = id;
  }
  codicil_lru_clear(&lru);
  codicil_lru_clear(&lru);
}

static void test_many_chains_through_a_small_cache(void **state) {
  chain_fixture *f = *state;
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < 8; i++) {
      pki_cert *intermediate = pki_intermediate(f->root, "another");
      pki_cert *leaf = pki_leaf(intermediate, "DNS:a.example");
      assert_int_equal(chain_judge(f, (const pki_cert *[]){leaf, intermediate}, 2),
                       CODICIL_CERT_NONE);
      assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
      pki_free(leaf);
      pki_free(intermediate);
    }
  }
}

static void test_a_cache_outlives_the_trust_store(void **state) {
  chain_fixture *f = *state;
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  codicil_trust_free(f->trust);
  f->trust = chain_trust(f->root); // the same anchors: the same generation
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  pki_cert *leaf = pki_leaf(f->intermediate, "DNS:b.example");
  assert_int_equal(chain_judge(f, (const pki_cert *[]){leaf, f->intermediate}, 2),
                   CODICIL_CERT_NONE);
  pki_free(leaf);
}

static void test_sizes_out_of_range_are_refused(void **state) {
  (void)state;
  codicil_chain_cache *cache = NULL;
  assert_int_equal(codicil_chain_cache_new(&cache, NULL, 0), CODICIL_USAGE);
  assert_int_equal(codicil_chain_cache_new(&cache, NULL, 65537), CODICIL_USAGE);
  assert_null(cache);
  codicil_chain_cache_free(NULL);
}

static void test_out_of_memory_leaves_nothing_behind(void **state) {
  (void)state;
  codicil_err err = CODICIL_NOMEM;
  for (size_t n = 0; err == CODICIL_NOMEM; n++) {
    fail_mem fail;
    fail_mem_init(&fail, n);
    codicil_chain_cache *cache = NULL;
    err = codicil_chain_cache_new(&cache, &fail.mem, 16);
    assert_int_equal(cache == NULL, err != CODICIL_OK);
    codicil_chain_cache_free(cache);
    assert_int_equal(fail.held, 0);
  }
  assert_int_equal(err, CODICIL_OK);
}

#define CACHE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, chain_tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      CACHE_TEST(test_a_verdict_is_kept_for_an_hour_and_no_longer),
      CACHE_TEST(test_good_and_bad_verdicts_are_found_again),
      CACHE_TEST(test_time_is_looked_at_again_after_not_after),
      CACHE_TEST(test_a_refusal_ends_when_a_certificate_becomes_valid),
      CACHE_TEST(test_next_update_ends_a_verdict),
      CACHE_TEST(test_staples_are_part_of_the_key),
      CACHE_TEST(test_the_trust_store_is_part_of_the_key),
      CACHE_TEST(test_a_mark_on_the_anchor_is_part_of_the_key_and_found_on_every_way),
      CACHE_TEST(test_a_cached_intermediate_never_completes_another_peers_chain),
      CACHE_TEST(test_a_cached_intermediate_is_judged_anew_with_each_end_entity),
      CACHE_TEST(test_a_known_signature_is_bound_to_its_issuer),
      CACHE_TEST(test_only_intermediates_of_good_paths_are_kept),
      CACHE_TEST(test_nothing_of_a_revoked_path_is_kept),
      CACHE_TEST(test_a_huge_intermediate_is_not_kept),
      CACHE_TEST(test_the_least_recently_used_is_forgotten_first),
      cmocka_unit_test(test_the_index_does_what_a_plain_list_does),
      CACHE_TEST(test_many_chains_through_a_small_cache),
      CACHE_TEST(test_a_cache_outlives_the_trust_store),
      cmocka_unit_test(test_sizes_out_of_range_are_refused),
      cmocka_unit_test(test_out_of_memory_leaves_nothing_behind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
