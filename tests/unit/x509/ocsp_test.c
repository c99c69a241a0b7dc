// Stapled OCSP responses: what a good one, a revoking one and a useless one do to a chain.
#include "cmocka_test.h"

#include <string.h>

#include "chain_fixture.h"
#include "ocsp.h"
#include "span.h"

static const pki_ocsp_spec good = {.status = PKI_GOOD};
static const pki_ocsp_spec revoked = {.status = PKI_REVOKED};

// Judges `leaf` below the fixture's intermediate, with `staple` on it.
static codicil_cert_reason judge_with(chain_fixture *f, const pki_cert *leaf, pki_bytes staple) {
  codicil_span exact = exact_copy(codicil_span_of(staple.data, staple.len));
  const codicil_chain_entry entries[] = {{.der = pki_der(leaf), .ocsp = exact},
                                         {.der = pki_der(f->intermediate)}};
  codicil_cert_reason reason = chain_judge_entries(f, entries, 2);
  free((void *)exact.data);
  return reason;
}

static codicil_cert_reason judge_spec(chain_fixture *f, const pki_cert *leaf,
                                      const pki_ocsp_spec *spec) {
  pki_bytes staple = pki_ocsp(leaf, f->intermediate, spec);
  codicil_cert_reason reason = judge_with(f, leaf, staple);
  free(staple.data);
  return reason;
}

static pki_cert *must_staple_leaf(const chain_fixture *f) {
  return pki_make(f->intermediate, &(pki_spec){.alt_names = "DNS:a.example", .must_staple = true});
}

// What is unusable is as if absent, and so refuses a certificate that demands a staple.
static void expect_unusable(chain_fixture *f, const pki_ocsp_spec *spec) {
  pki_cert *demanding = must_staple_leaf(f);
  assert_int_equal(judge_spec(f, f->leaf, spec), CODICIL_CERT_NONE);
  assert_int_equal(f->valid_until, PKI_NOT_AFTER);
  assert_int_equal(judge_spec(f, demanding, spec), CODICIL_CERT_STAPLE_MISSING);
  pki_free(demanding);
}

static void expect_usable(chain_fixture *f, const pki_ocsp_spec *spec) {
  pki_cert *demanding = must_staple_leaf(f);
  assert_int_equal(judge_spec(f, demanding, spec), CODICIL_CERT_NONE);
  pki_free(demanding);
}

static void test_a_good_staple_bounds_the_verdict_by_next_update(void **state) {
  chain_fixture *f = *state;
  expect_usable(f, &good);
  assert_int_equal(f->valid_until, PKI_NOW + 7 * PKI_DAY);
  assert_int_equal(judge_spec(f, f->leaf, &good), CODICIL_CERT_NONE);
  assert_int_equal(f->valid_until, PKI_NOW + 7 * PKI_DAY);
}

static void test_responder_by_key_and_identifiers_by_other_digests_are_usable(void **state) {
  chain_fixture *f = *state;
  expect_usable(f, &(pki_ocsp_spec){.by_key = true});
  expect_usable(f, &(pki_ocsp_spec){.with_signer = true});
  expect_usable(f, &(pki_ocsp_spec){.digest = "sha256"});
}

static void test_revoked_refuses_with_and_without_next_update(void **state) {
  chain_fixture *f = *state;
  assert_int_equal(judge_spec(f, f->leaf, &revoked), CODICIL_CERT_REVOKED);
  assert_int_equal(
      judge_spec(f, f->leaf, &(pki_ocsp_spec){.status = PKI_REVOKED, .next_update = -1}),
      CODICIL_CERT_REVOKED);
  pki_cert *demanding = must_staple_leaf(f);
  assert_int_equal(judge_spec(f, demanding, &revoked), CODICIL_CERT_REVOKED);
  pki_free(demanding);
}

static void test_must_staple_without_a_staple_is_refused(void **state) {
  chain_fixture *f = *state;
  pki_cert *demanding = must_staple_leaf(f);
  assert_int_equal(chain_judge(f, (const pki_cert *[]){demanding, f->intermediate}, 2),
                   CODICIL_CERT_STAPLE_MISSING);
  pki_free(demanding);
}

static void test_status_unknown_is_as_if_absent(void **state) {
  expect_unusable(*state, &(pki_ocsp_spec){.status = PKI_UNKNOWN});
}

static void test_a_response_that_is_no_success_is_as_if_absent(void **state) {
  expect_unusable(*state, &(pki_ocsp_spec){.response_status = 3});
}

static void test_times_hold_with_five_minutes_of_skew(void **state) {
  chain_fixture *f = *state;
  expect_usable(f, &(pki_ocsp_spec){.this_update = PKI_NOW + CODICIL_OCSP_SKEW_S});
  expect_unusable(f, &(pki_ocsp_spec){.this_update = PKI_NOW + CODICIL_OCSP_SKEW_S + 1});
  expect_usable(f, &(pki_ocsp_spec){.this_update = PKI_NOW - PKI_DAY,
                                    .next_update = PKI_NOW - CODICIL_OCSP_SKEW_S + 1});
  assert_int_equal(f->valid_until, PKI_NOW + 1); // where the skew ends
  expect_unusable(f, &(pki_ocsp_spec){.this_update = PKI_NOW - PKI_DAY,
                                      .next_update = PKI_NOW - CODICIL_OCSP_SKEW_S});
  expect_unusable(f, &(pki_ocsp_spec){.this_update = PKI_NOW, .next_update = PKI_NOW - 1});
}

static void test_good_without_an_end_is_as_if_absent(void **state) {
  expect_unusable(*state, &(pki_ocsp_spec){.next_update = -1});
}

static void test_a_staple_for_another_certificate_is_as_if_absent(void **state) {
  chain_fixture *f = *state;
  pki_cert *demanding = must_staple_leaf(f);
  pki_bytes staple = pki_ocsp(f->leaf, f->intermediate, &good);
  assert_int_equal(judge_with(f, demanding, staple), CODICIL_CERT_STAPLE_MISSING);
  free(staple.data);
  staple = pki_ocsp(demanding, f->root, &(pki_ocsp_spec){.signer = f->intermediate});
  assert_int_equal(judge_with(f, demanding, staple), CODICIL_CERT_STAPLE_MISSING);
  free(staple.data);
  pki_free(demanding);
}

static void test_a_staple_signed_by_a_stranger_is_as_if_absent(void **state) {
  chain_fixture *f = *state;
  pki_cert *stranger = pki_root("stranger");
  pki_cert *namesake = pki_root("intermediate");
  expect_unusable(f, &(pki_ocsp_spec){.signer = stranger});
  expect_unusable(f, &(pki_ocsp_spec){.signer = stranger, .with_signer = true});
  expect_unusable(f, &(pki_ocsp_spec){.signer = namesake});
  expect_unusable(f, &(pki_ocsp_spec){.signer = namesake, .with_signer = true});
  expect_unusable(f, &(pki_ocsp_spec){.signer = namesake, .with_signer = true, .by_key = true});
  // The anchor is trusted, and still no responder for what its intermediate issued.
  expect_unusable(f, &(pki_ocsp_spec){.signer = f->root, .with_signer = true});
  pki_free(namesake);
  pki_free(stranger);
}

static void test_each_octet_of_a_staples_signature_matters(void **state) {
  chain_fixture *f = *state;
  pki_cert *demanding = must_staple_leaf(f);
  pki_bytes staple = pki_ocsp(demanding, f->intermediate, &good);
  staple.data[staple.len - 1] ^= 1;
  assert_int_equal(judge_with(f, demanding, staple), CODICIL_CERT_STAPLE_MISSING);
  free(staple.data);
  pki_free(demanding);
}

static void expect_delegate(chain_fixture *f, const pki_cert *issuer, const pki_spec *spec,
                            bool usable) {
  pki_cert *delegate = pki_make(issuer, spec);
  (usable ? expect_usable
          : expect_unusable)(f, &(pki_ocsp_spec){.signer = delegate, .with_signer = true});
  pki_free(delegate);
}

// RFC 6960 §4.2.2.2
static void test_a_delegate_is_issued_directly_for_ocsp_signing_and_current(void **state) {
  chain_fixture *f = *state;
  const pki_spec right = {.common_name = "responder", .eku = "OCSPSigning"};
  expect_delegate(f, f->intermediate, &right, true);
  expect_delegate(f, f->root, &right, false);
  expect_delegate(f, f->intermediate, &(pki_spec){.common_name = "r", .eku = "serverAuth"}, false);
  expect_delegate(f, f->intermediate, &(pki_spec){.common_name = "r", .eku = ""}, false);
  expect_delegate(
      f, f->intermediate,
      &(pki_spec){.common_name = "r", .eku = "OCSPSigning", .key_usage = "keyEncipherment"}, false);
  expect_delegate(f, f->intermediate,
                  &(pki_spec){.common_name = "r", .eku = "OCSPSigning", .not_after = PKI_NOW},
                  false);
  expect_delegate(f, f->intermediate,
                  &(pki_spec){.common_name = "r", .eku = "OCSPSigning", .not_before = PKI_NOW + 1},
                  false);
  expect_delegate(f, f->intermediate,
                  &(pki_spec){.common_name = "r", .eku = "OCSPSigning", .alg = "rsa1024"}, false);
  expect_delegate(f, f->intermediate,
                  &(pki_spec){.common_name = "r", .eku = "OCSPSigning", .digest = "sha1"}, false);
  const pki_spec strange = {.common_name = "r",
                            .eku = "OCSPSigning",
                            .extra = {{"1.3.6.1.4.1.99999.1", "critical,DER:0500"}}};
  expect_delegate(f, f->intermediate, &strange, false);
}

// Names alone make no delegate: this one has the issuer's as its own issuer's, and another's key
// signed it.
static void test_a_delegate_of_a_namesake_of_the_issuer_is_unusable(void **state) {
  chain_fixture *f = *state;
  pki_cert *namesake =
      pki_make(NULL, &(pki_spec){.common_name = "intermediate", .is_ca = true, .no_key_ids = true});
  expect_delegate(f, namesake,
                  &(pki_spec){.common_name = "r", .eku = "OCSPSigning", .no_key_ids = true}, false);
  pki_free(namesake);
}

static void test_a_delegate_names_its_issuer(void **state) {
  chain_fixture *f = *state;
  const pki_cert by_another_name = {.x509 = f->root->x509, .key = f->intermediate->key};
  expect_delegate(f, &by_another_name, &(pki_spec){.common_name = "r", .eku = "OCSPSigning"},
                  false);
}

static void test_a_delegate_that_is_not_in_the_response_is_unusable(void **state) {
  chain_fixture *f = *state;
  pki_cert *delegate =
      pki_make(f->intermediate, &(pki_spec){.common_name = "r", .eku = "OCSPSigning"});
  expect_unusable(f, &(pki_ocsp_spec){.signer = delegate});
  pki_free(delegate);
}

static void test_a_staple_signed_with_sha1_is_as_if_absent(void **state) {
  expect_unusable(*state, &(pki_ocsp_spec){.signature_digest = "sha1"});
}

static void test_a_staple_signed_by_pss_with_sha1_is_as_if_absent(void **state) {
  chain_fixture *f = *state;
  pki_cert *delegate = pki_make(
      f->intermediate, &(pki_spec){.common_name = "r", .eku = "OCSPSigning", .alg = "rsapss2048"});
  pki_ocsp_spec spec = {.signer = delegate, .with_signer = true};
  expect_usable(f, &spec);
  spec.signature_digest = "sha1";
  expect_unusable(f, &spec);
  pki_free(delegate);
}

static void test_a_delegate_certified_by_pss_with_sha1_is_unusable(void **state) {
  chain_fixture *f = *state;
  pki_free(f->leaf);
  pki_free(f->intermediate);
  f->intermediate = pki_make(f->root, &(pki_spec){.is_ca = true, .alg = "rsapss2048"});
  f->leaf = pki_leaf(f->intermediate, "DNS:a.example");
  pki_spec spec = {.common_name = "r", .eku = "OCSPSigning"};
  expect_delegate(f, f->intermediate, &spec, true);
  spec.digest = "sha1";
  expect_delegate(f, f->intermediate, &spec, false);
}

static void test_a_critical_extension_that_is_not_known_makes_a_staple_as_if_absent(void **state) {
  chain_fixture *f = *state;
  expect_usable(f, &(pki_ocsp_spec){.strange = PKI_IN_RESPONSE});
  expect_usable(f, &(pki_ocsp_spec){.strange = PKI_IN_SINGLE});
  expect_unusable(f, &(pki_ocsp_spec){.strange = PKI_IN_RESPONSE, .critical = true});
  expect_unusable(f, &(pki_ocsp_spec){.strange = PKI_IN_SINGLE, .critical = true});
}

static void test_the_status_is_looked_for_among_eight_and_no_more(void **state) {
  chain_fixture *f = *state;
  expect_usable(f, &(pki_ocsp_spec){.num_more = 7});
  assert_int_equal(judge_spec(f, f->leaf, &(pki_ocsp_spec){.status = PKI_REVOKED, .num_more = 7}),
                   CODICIL_CERT_REVOKED);
  expect_unusable(f, &(pki_ocsp_spec){.num_more = 8});
}

static void test_every_cut_and_a_trailing_octet_are_as_if_absent(void **state) {
  chain_fixture *f = *state;
  pki_cert *demanding = must_staple_leaf(f);
  pki_bytes staple = pki_ocsp(demanding, f->intermediate, &good);
  size_t len = staple.len;
  for (staple.len = 0; staple.len < len; staple.len++) {
    assert_int_equal(judge_with(f, demanding, staple), CODICIL_CERT_STAPLE_MISSING);
  }
  staple.data = realloc(staple.data, len + 1);
  staple.data[len] = 0;
  staple.len = len + 1;
  assert_int_equal(judge_with(f, demanding, staple), CODICIL_CERT_STAPLE_MISSING);
  staple.len = len;
  assert_int_equal(judge_with(f, demanding, staple), CODICIL_CERT_NONE);
  free(staple.data);
  pki_free(demanding);
}

static void test_an_intermediates_own_staple_counts(void **state) {
  chain_fixture *f = *state;
  const pki_ocsp_spec specs[] = {{.status = PKI_REVOKED},
                                 {.status = PKI_GOOD, .next_update = PKI_NOW + 60}};
  const codicil_cert_reason reasons[] = {CODICIL_CERT_REVOKED, CODICIL_CERT_NONE};
  for (size_t i = 0; i < 2; i++) {
    pki_bytes staple = pki_ocsp(f->intermediate, f->root, &specs[i]);
    const codicil_chain_entry entries[] = {
        {.der = pki_der(f->leaf)},
        {.der = pki_der(f->intermediate), .ocsp = codicil_span_of(staple.data, staple.len)}};
    assert_int_equal(chain_judge_entries(f, entries, 2), reasons[i]);
    free(staple.data);
  }
  assert_int_equal(f->valid_until, PKI_NOW + 60);
}

static void test_an_intermediates_staple_is_not_the_leafs(void **state) {
  chain_fixture *f = *state;
  pki_cert *demanding = must_staple_leaf(f);
  pki_bytes staple = pki_ocsp(f->intermediate, f->root, &good);
  const codicil_span ocsp = codicil_span_of(staple.data, staple.len);
  codicil_chain_entry entries[] = {{.der = pki_der(demanding)},
                                   {.der = pki_der(f->intermediate), .ocsp = ocsp}};
  assert_int_equal(chain_judge_entries(f, entries, 2), CODICIL_CERT_STAPLE_MISSING);
  entries[0].ocsp = ocsp;
  assert_int_equal(chain_judge_entries(f, entries, 2), CODICIL_CERT_STAPLE_MISSING);
  free(staple.data);
  pki_free(demanding);
}

static void test_a_staple_on_a_certificate_outside_the_path_does_not_count(void **state) {
  chain_fixture *f = *state;
  pki_cert *other = pki_intermediate(f->root, "other");
  pki_bytes staple = pki_ocsp(other, f->root, &revoked);
  const codicil_chain_entry entries[] = {
      {.der = pki_der(f->leaf)},
      {.der = pki_der(other), .ocsp = codicil_span_of(staple.data, staple.len)},
      {.der = pki_der(f->intermediate)}};
  assert_int_equal(chain_judge_entries(f, entries, 3), CODICIL_CERT_NONE);
  free(staple.data);
  pki_free(other);
}

#define CHAIN_TEST(name) cmocka_unit_test_setup_teardown(name, chain_set_up, chain_tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      CHAIN_TEST(test_a_good_staple_bounds_the_verdict_by_next_update),
      CHAIN_TEST(test_responder_by_key_and_identifiers_by_other_digests_are_usable),
      CHAIN_TEST(test_revoked_refuses_with_and_without_next_update),
      CHAIN_TEST(test_must_staple_without_a_staple_is_refused),
      CHAIN_TEST(test_status_unknown_is_as_if_absent),
      CHAIN_TEST(test_a_response_that_is_no_success_is_as_if_absent),
      CHAIN_TEST(test_times_hold_with_five_minutes_of_skew),
      CHAIN_TEST(test_good_without_an_end_is_as_if_absent),
      CHAIN_TEST(test_a_staple_for_another_certificate_is_as_if_absent),
      CHAIN_TEST(test_a_staple_signed_by_a_stranger_is_as_if_absent),
      CHAIN_TEST(test_each_octet_of_a_staples_signature_matters),
      CHAIN_TEST(test_a_delegate_is_issued_directly_for_ocsp_signing_and_current),
      CHAIN_TEST(test_a_delegate_of_a_namesake_of_the_issuer_is_unusable),
      CHAIN_TEST(test_a_delegate_names_its_issuer),
      CHAIN_TEST(test_a_delegate_that_is_not_in_the_response_is_unusable),
      CHAIN_TEST(test_a_staple_signed_with_sha1_is_as_if_absent),
      CHAIN_TEST(test_a_staple_signed_by_pss_with_sha1_is_as_if_absent),
      CHAIN_TEST(test_a_delegate_certified_by_pss_with_sha1_is_unusable),
      CHAIN_TEST(test_a_critical_extension_that_is_not_known_makes_a_staple_as_if_absent),
      CHAIN_TEST(test_the_status_is_looked_for_among_eight_and_no_more),
      CHAIN_TEST(test_every_cut_and_a_trailing_octet_are_as_if_absent),
      CHAIN_TEST(test_an_intermediates_own_staple_counts),
      CHAIN_TEST(test_an_intermediates_staple_is_not_the_leafs),
      CHAIN_TEST(test_a_staple_on_a_certificate_outside_the_path_does_not_count),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
