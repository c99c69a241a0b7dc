// libcrypto's own memory runs out at the nth allocation: nothing leaks, nothing crashes, and what
// is to be refused is never accepted.
#include "cmocka_test.h"

#include <stdlib.h>

#include "chain_fixture.h"
#include "pki_evidence.h"
#include "starve_libcrypto.h"

// Judges at one n after the other (every third, once it is inside OpenSSL's loops) until memory no
// longer runs out. Returns the last reason.
static codicil_cert_reason judge_starving(chain_fixture *f, const codicil_chain_entry *entries,
                                          codicil_cert_reason want) {
  codicil_cert_reason reason = CODICIL_NUM_CERT_REASONS;
  bool starved = true;
  for (size_t n = 0; starved; n += n < 64 ? 1 : 3) {
    codicil_err err;
    codicil_chain_verdict verdict = {.reason = CODICIL_NUM_CERT_REASONS};
    starve_begin(n);
    err = codicil_chain_validate(&verdict, NULL, f->trust, NULL, f->cache, entries, 2, f->unix_s);
    starved = starve_end();
    reason = verdict.reason;
    assert_true(err == CODICIL_OK || err == CODICIL_NOMEM || err == CODICIL_CRYPTO);
    assert_int_equal(err == CODICIL_OK, reason != CODICIL_NUM_CERT_REASONS);
    assert_true(want == CODICIL_CERT_NONE || reason != CODICIL_CERT_NONE);
    assert_int_equal(ERR_peek_error(), 0);
  }
  return reason;
}

static void expect_starving(chain_fixture *f, const pki_spec *spec, const char *constraint,
                            const pki_ocsp_spec *ocsp, codicil_cert_reason want) {
  pki_cert *intermediate = pki_make(
      f->root, &(pki_spec){.is_ca = true,
                           .common_name = "i",
                           .extra = {{constraint != NULL ? "nameConstraints" : NULL, constraint}}});
  pki_cert *leaf = pki_make(intermediate, spec);
  pki_bytes staple = {NULL, 0};
  if (ocsp != NULL) {
    staple = pki_ocsp(leaf, intermediate, ocsp);
  }
  const codicil_chain_entry entries[] = {
      {.der = pki_der(leaf), .ocsp = codicil_span_of(staple.data, staple.len)},
      {.der = pki_der(intermediate)}};
  assert_int_equal(judge_starving(f, entries, want), want);
  free(staple.data);
  pki_free(leaf);
  pki_free(intermediate);
}

static void test_a_good_chain_is_judged_once_there_is_memory(void **state) {
  chain_fixture *f = *state;
  const pki_spec leaf = {.alt_names = "DNS:a.example", .must_staple = true};
  expect_starving(f, &leaf, "critical,permitted;DNS:a.example",
                  &(pki_ocsp_spec){.status = PKI_GOOD}, CODICIL_CERT_NONE);
}

static void test_bad_chains_are_never_accepted_for_want_of_memory(void **state) {
  chain_fixture *f = *state;
  const pki_spec usual = {.alt_names = "DNS:a.example"};
  const pki_spec demanding = {.alt_names = "DNS:a.example", .must_staple = true};
  const pki_spec wildcard = {.alt_names = "DNS:*.a.example"};
  const pki_spec client = {.alt_names = "DNS:a.example", .eku = "clientAuth"};
  const pki_spec critical = {.alt_names = "DNS:a.example",
                             .extra = {{"1.3.6.1.4.1.99999.1", "critical,DER:0500"}}};
  const pki_spec weak = {.alt_names = "DNS:a.example", .digest = "sha1"};
  expect_starving(f, &usual, "critical,permitted;DNS:b.example", NULL,
                  CODICIL_CERT_NAME_CONSTRAINTS);
  expect_starving(f, &wildcard, "critical,excluded;DNS:w.a.example", NULL,
                  CODICIL_CERT_NAME_CONSTRAINTS);
  expect_starving(f, &demanding, NULL, NULL, CODICIL_CERT_STAPLE_MISSING);
  expect_starving(f, &client, NULL, NULL, CODICIL_CERT_PURPOSE);
  expect_starving(f, &critical, NULL, NULL, CODICIL_CERT_UNTRUSTED);
  expect_starving(f, &weak, NULL, NULL, CODICIL_CERT_UNTRUSTED);
}

static void test_what_is_listed_is_never_accepted_for_want_of_memory(void **state) {
  chain_fixture *f = *state;
  const codicil_chain_entry entries[] = {{.der = pki_der(f->leaf)},
                                         {.der = pki_der(f->intermediate)}};
  pki_bytes crl = pki_crl(f->intermediate, &(pki_crl_spec){.revoked = {f->leaf}});
  pki_log *log = pki_log_new(NULL);
  assert_int_equal(
      codicil_trust_add_log(f->trust, NULL, codicil_span_of(log->spki, log->spki_len), 0, 1),
      CODICIL_OK);
  codicil_trust_set_min_scts(f->trust, 1);
  assert_int_equal(judge_starving(f, entries, CODICIL_CERT_SCTS), CODICIL_CERT_SCTS);
  assert_int_equal(codicil_trust_add_crls(f->trust, NULL, NULL, codicil_span_of(crl.data, crl.len)),
                   CODICIL_OK);
  assert_int_equal(judge_starving(f, entries, CODICIL_CERT_REVOKED), CODICIL_CERT_REVOKED);
  pki_log_free(log);
  free(crl.data);
}

// The short way leaves what it cannot find out to the long one.
static void test_the_short_way_accepts_nothing_listed_for_want_of_memory(void **state) {
  chain_fixture *f = *state;
  pki_cert *leaf = pki_leaf(f->intermediate, "DNS:b.example");
  const codicil_chain_entry entries[] = {{.der = pki_der(leaf)}, {.der = pki_der(f->intermediate)}};
  pki_bytes crl = pki_crl(f->intermediate, &(pki_crl_spec){.revoked = {leaf}});
  assert_int_equal(codicil_trust_add_crls(f->trust, NULL, NULL, codicil_span_of(crl.data, crl.len)),
                   CODICIL_OK);
  assert_int_equal(codicil_chain_cache_new(&f->cache, NULL, 4), CODICIL_OK);
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  (void)judge_starving(f, entries, CODICIL_CERT_REVOKED);
  free(crl.data);
  pki_free(leaf);
}

static void test_timestamps_are_counted_once_there_is_memory(void **state) {
  chain_fixture *f = *state;
  pki_log *log = pki_log_new(NULL);
  pki_cert *leaf =
      pki_with_scts(f->leaf, f->intermediate, f->intermediate, &(pki_sct_spec){.log = log}, 1, -1);
  const codicil_chain_entry entries[] = {{.der = pki_der(leaf)}, {.der = pki_der(f->intermediate)}};
  assert_int_equal(codicil_trust_add_log(f->trust, NULL, codicil_span_of(log->spki, log->spki_len),
                                         0, INT64_MAX),
                   CODICIL_OK);
  codicil_trust_set_min_scts(f->trust, 1);
  assert_int_equal(judge_starving(f, entries, CODICIL_CERT_NONE), CODICIL_CERT_NONE);
  pki_free(leaf);
  pki_log_free(log);
}

// libcrypto hides some of its want of memory (an extension then "does not parse"): such a refusal
// may be remembered, for an hour at most.
static void test_with_a_cache_a_good_chain_is_good_again_within_the_hour(void **state) {
  chain_fixture *f = *state;
  pki_cert *leaf = pki_leaf(f->intermediate, "DNS:b.example");
  const codicil_chain_entry first[] = {{.der = pki_der(f->leaf)},
                                       {.der = pki_der(f->intermediate)}};
  const codicil_chain_entry next[] = {{.der = pki_der(leaf)}, {.der = pki_der(f->intermediate)}};
  assert_int_equal(codicil_chain_cache_new(&f->cache, NULL, 4), CODICIL_OK);
  (void)judge_starving(f, first, CODICIL_CERT_NONE);
  f->unix_s += 3600;
  assert_int_equal(chain_judge_entries(f, first, 2), CODICIL_CERT_NONE);
  (void)judge_starving(f, next, CODICIL_CERT_NONE); // the short way
  f->unix_s += 3600;
  assert_int_equal(chain_judge_entries(f, next, 2), CODICIL_CERT_NONE);
  pki_free(leaf);
}

#define CHAIN_TEST(name) cmocka_unit_test_setup_teardown(name, chain_set_up, chain_tear_down)

int main(void) {
  // Before libcrypto's first allocation, or it keeps its own.
  if (!starve_install()) {
    return 1;
  }
  const struct CMUnitTest tests[] = {
      CHAIN_TEST(test_a_good_chain_is_judged_once_there_is_memory),
      CHAIN_TEST(test_bad_chains_are_never_accepted_for_want_of_memory),
      CHAIN_TEST(test_what_is_listed_is_never_accepted_for_want_of_memory),
      CHAIN_TEST(test_the_short_way_accepts_nothing_listed_for_want_of_memory),
      CHAIN_TEST(test_timestamps_are_counted_once_there_is_memory),
      CHAIN_TEST(test_with_a_cache_a_good_chain_is_good_again_within_the_hour),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
