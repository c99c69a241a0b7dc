// CRLs: which are taken, and chains whose certificates they list.
#include "cmocka_test.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "chain_fixture.h"
#include "pki_evidence.h"
#include "span.h"
#include "trust.h"

static codicil_err add_crls(chain_fixture *f, pki_bytes file, size_t *out_num, codicil_diag *diag) {
  codicil_span exact = exact_copy(codicil_span_of(file.data, file.len));
  codicil_err err = codicil_trust_add_crls(f->trust, out_num, diag, exact);
  assert_int_equal(ERR_peek_error(), 0);
  free((void *)exact.data);
  free(file.data);
  return err;
}

static void add(chain_fixture *f, const pki_cert *issuer, const pki_crl_spec *spec) {
  size_t num = 0;
  assert_int_equal(add_crls(f, pki_crl(issuer, spec), &num, NULL), CODICIL_OK);
  assert_int_equal(num, 1);
}

static void expect_revoked(chain_fixture *f) {
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_REVOKED);
  assert_string_equal(f->diag.what, "a CRL lists a certificate of the path");
}

// ---- what is read -------------------------------------------------------------------------------

static void test_pem_holds_many_and_der_holds_one(void **state) {
  chain_fixture *f = *state;
  pki_bytes first = pki_crl_pem(f->root, &(pki_crl_spec){.reason = 0});
  pki_bytes second = pki_crl_pem(f->intermediate, &(pki_crl_spec){.revoked = {f->leaf}});
  pki_bytes both = {malloc(first.len + second.len + 16), 0};
  both.len = (size_t)snprintf((char *)both.data, first.len + second.len + 16, "# two\n%s%s",
                              (char *)first.data, (char *)second.data);
  size_t num = 0;
  assert_int_equal(add_crls(f, both, &num, NULL), CODICIL_OK);
  assert_int_equal(num, 2);
  expect_revoked(f);
  free(first.data);
  free(second.data);
}

static void expect_bad(chain_fixture *f, pki_bytes file, const char *want) {
  uint8_t before[CODICIL_SHA256_LEN];
  memcpy(before, codicil_trust_generation(f->trust), sizeof before);
  size_t num = 99;
  codicil_diag diag = {NULL, 0};
  assert_int_equal(add_crls(f, file, &num, &diag), CODICIL_BAD_INPUT);
  assert_int_equal(num, 99);
  assert_string_equal(diag.what, want);
  assert_memory_equal(before, codicil_trust_generation(f->trust), sizeof before);
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
}

static pki_bytes bytes_of(const char *text) {
  pki_bytes out = {malloc(strlen(text) + 1), strlen(text)};
  memcpy(out.data, text, strlen(text) + 1);
  return out;
}

static void test_what_is_no_crl_is_refused(void **state) {
  chain_fixture *f = *state;
  expect_bad(f, bytes_of(""), "no CRL in file");
  expect_bad(f, bytes_of("nothing here\n"), "no CRL in file");
  expect_bad(f, bytes_of(f->root->pem), "no CRL in file");
  expect_bad(f, bytes_of("0"), "CRL does not parse");
  expect_bad(f, bytes_of("-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n"),
             "CRL does not parse");
  pki_bytes longer = pki_crl(f->intermediate, &(pki_crl_spec){.revoked = {f->leaf}});
  longer.len++; // the octet 0 after it
  expect_bad(f, longer, "CRL does not parse");
  pki_bytes shorter = pki_crl(f->intermediate, &(pki_crl_spec){.revoked = {f->leaf}});
  shorter.len--;
  expect_bad(f, shorter, "CRL does not parse");
}

static void test_crls_of_another_scope_are_refused(void **state) {
  chain_fixture *f = *state;
  static const struct {
    pki_extension extension;
    const char *want;
  } cases[] = {
      {{"issuingDistributionPoint", "critical,indirectCRL:TRUE"},
       "indirect CRLs are not supported"},
      {{"issuingDistributionPoint", "critical,onlyAA:TRUE"}, "CRL is for attribute certificates"},
      {{"2.5.29.28", "critical,DER:0500"},
       "CRL has an issuing distribution point that does not parse"},
      {{"2.5.29.27", "critical,DER:020101"}, "delta CRLs are not supported"},
      {{"2.5.29.27", "DER:020101"}, "delta CRLs are not supported"},
      {{"1.3.6.1.4.1.99999.1", "critical,DER:0500"},
       "CRL has a critical extension that is not known"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const pki_crl_spec spec = {.revoked = {f->leaf}, .extra = {cases[i].extension}};
    expect_bad(f, pki_crl(f->intermediate, &spec), cases[i].want);
  }
}

// The CRL (DER), which is freed, with an extension in its first entry; its signature is wrong then.
static pki_bytes with_entry_extension(pki_bytes file, const char *name, const char *value) {
  const uint8_t *at = file.data;
  X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)file.len);
  assert_non_null(crl);
  X509_EXTENSION *extension = X509V3_EXT_nconf(NULL, NULL, name, value);
  assert_non_null(extension);
  X509_REVOKED *entry = sk_X509_REVOKED_value(X509_CRL_get_REVOKED(crl), 0);
  assert_int_equal(X509_REVOKED_add_ext(entry, extension, -1), 1);
  X509_EXTENSION_free(extension);
  uint8_t *der = NULL;
  assert_true(i2d_re_X509_CRL_tbs(crl, &der) > 0); // encodes it anew
  OPENSSL_free(der);
  free(file.data);
  int len = i2d_X509_CRL(crl, NULL);
  assert_true(len > 0);
  pki_bytes out = {malloc((size_t)len), (size_t)len};
  uint8_t *to = out.data;
  assert_int_equal(i2d_X509_CRL(crl, &to), len);
  X509_CRL_free(crl);
  ERR_clear_error();
  return out;
}

static void test_an_entry_that_insists_on_what_is_not_known_spoils_its_list(void **state) {
  chain_fixture *f = *state;
  static const struct {
    const char *name, *value;
    bool is_bad;
  } cases[] = {{"1.3.6.1.4.1.99999.1", "critical,DER:0500", true},
               {"2.5.29.29", "critical,DER:3000", true}, // certificateIssuer
               {"1.3.6.1.4.1.99999.1", "DER:0500", false},
               {"2.5.29.21", "critical,DER:0A0101", false}}; // reasonCode
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    pki_bytes file = pki_crl(f->intermediate, &(pki_crl_spec){.revoked = {f->leaf}});
    file = with_entry_extension(file, cases[i].name, cases[i].value);
    if (cases[i].is_bad) {
      expect_bad(f, file, "CRL has an entry with a critical extension that is not known");
    } else {
      assert_int_equal(add_crls(f, file, NULL, NULL), CODICIL_OK);
    }
  }
}

static void test_a_part_of_a_list_counts_for_what_it_lists(void **state) {
  chain_fixture *f = *state;
  const pki_crl_spec spec = {.revoked = {f->leaf},
                             .extra = {{"issuingDistributionPoint",
                                        "critical,onlyuser:TRUE,onlysomereasons:keyCompromise"},
                                       {"1.3.6.1.4.1.99999.1", "DER:0500"}}};
  add(f, f->intermediate, &spec);
  expect_revoked(f);
}

// ---- what is listed -----------------------------------------------------------------------------

static void test_a_certificate_of_the_path_that_its_issuer_revoked_is_refused(void **state) {
  chain_fixture *f = *state;
  pki_cert *other = pki_leaf(f->intermediate, "DNS:b.example");
  add(f, f->intermediate, &(pki_crl_spec){.revoked = {other}});
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  add(f, f->intermediate, &(pki_crl_spec){.revoked = {other, f->leaf, f->root}});
  expect_revoked(f);
  pki_free(other);
}

static void test_a_revoked_intermediate_ends_the_path(void **state) {
  chain_fixture *f = *state;
  add(f, f->root, &(pki_crl_spec){.revoked = {f->intermediate}, .reason = 1});
  expect_revoked(f);
}

static void test_the_anchor_is_no_crls_to_revoke(void **state) {
  chain_fixture *f = *state;
  add(f, f->root, &(pki_crl_spec){.revoked = {f->root}});
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
}

static void test_the_same_number_of_another_issuer_is_another_certificate(void **state) {
  chain_fixture *f = *state;
  add(f, f->root, &(pki_crl_spec){.revoked = {f->leaf}});
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
}

static void test_a_crl_that_its_issuer_did_not_sign_is_passed_over(void **state) {
  chain_fixture *f = *state;
  add(f, f->intermediate, &(pki_crl_spec){.revoked = {f->leaf}, .signer = f->root});
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  add(f, f->intermediate, &(pki_crl_spec){.revoked = {f->leaf}});
  expect_revoked(f);
}

// Its key, another's name: an indirect CRL that does not say so.
static void test_a_crl_in_anothers_name_is_passed_over(void **state) {
  chain_fixture *f = *state;
  add(f, f->root, &(pki_crl_spec){.revoked = {f->leaf}, .signer = f->intermediate});
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
}

static void test_an_issuer_that_may_not_sign_crls_revokes_nothing(void **state) {
  chain_fixture *f = *state;
  pki_cert *issuer =
      pki_make(f->root, &(pki_spec){.is_ca = true, .key_usage = "critical,keyCertSign"});
  pki_cert *leaf = pki_leaf(issuer, "DNS:a.example");
  add(f, issuer, &(pki_crl_spec){.revoked = {leaf}});
  assert_int_equal(chain_judge(f, (const pki_cert *[]){leaf, issuer}, 2), CODICIL_CERT_NONE);
  pki_free(leaf);
  pki_free(issuer);
}

static void test_what_was_revoked_stays_so_whatever_the_crls_dates(void **state) {
  static const int64_t dates[][2] = {{PKI_NOW - 3 * PKI_DAY, PKI_NOW - 2 * PKI_DAY},
                                     {PKI_NOW + PKI_DAY, PKI_NOW + 2 * PKI_DAY},
                                     {PKI_NOW - 3 * PKI_DAY, -1}};
  for (size_t i = 0; i < 3; i++) {
    chain_fixture *f = *state;
    codicil_trust_free(f->trust);
    f->trust = chain_trust(f->root);
    add(f, f->intermediate,
        &(pki_crl_spec){
            .revoked = {f->leaf}, .this_update = dates[i][0], .next_update = dates[i][1]});
    expect_revoked(f);
  }
}

static void test_an_entry_that_takes_off_does_not_list(void **state) {
  chain_fixture *f = *state;
  add(f, f->intermediate, &(pki_crl_spec){.revoked = {f->leaf}, .reason = 8});
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
}

// To verify a long CRL takes long, and a peer with a revoked certificate can ask for it at will.
static void test_who_signed_a_crl_is_found_out_once(void **state) {
  chain_fixture *f = *state;
  pki_cert *namesake = pki_intermediate(f->root, "intermediate");
  pki_cert *leaf = pki_leaf(namesake, "DNS:a.example");
  uint8_t key_sha256[CODICIL_SHA256_LEN];
  assert_int_equal(X509_pubkey_digest(f->intermediate->x509, EVP_sha256(), key_sha256, NULL), 1);
  add(f, f->intermediate, &(pki_crl_spec){.revoked = {f->leaf, leaf}});
  assert_memory_not_equal(f->trust->crls[0].signer_sha256, key_sha256, sizeof key_sha256);
  for (int i = 0; i < 3; i++) {
    // The same name with another key: the same numbers there are other certificates.
    assert_int_equal(chain_judge(f, (const pki_cert *[]){leaf, namesake}, 2), CODICIL_CERT_NONE);
    expect_revoked(f);
    assert_memory_equal(f->trust->crls[0].signer_sha256, key_sha256, sizeof key_sha256);
  }
  pki_free(leaf);
  pki_free(namesake);
}

// ---- time and the cache -------------------------------------------------------------------------

static void test_next_update_ends_a_verdict_while_the_crl_is_in_force(void **state) {
  chain_fixture *f = *state;
  pki_cert *next = pki_leaf(f->intermediate, "DNS:b.example");
  for (int i = 0; i < 2; i++) {
    codicil_trust_free(f->trust);
    f->trust = chain_trust(f->root);
    add(f, i == 0 ? f->root : f->intermediate, &(pki_crl_spec){.next_update = PKI_NOW + 60});
    add(f, i == 0 ? f->root : f->intermediate, &(pki_crl_spec){.next_update = PKI_NOW + 90});
    add(f, f->root, &(pki_crl_spec){.next_update = -1});
    add(f, f->root, &(pki_crl_spec){.this_update = PKI_NOW + 10, .next_update = PKI_NOW + 30});
    codicil_chain_cache_free(f->cache);
    f->cache = NULL;
    assert_int_equal(codicil_chain_cache_new(&f->cache, NULL, 16), CODICIL_OK);
    f->unix_s = PKI_NOW;
    assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
    assert_int_equal(f->valid_until, PKI_NOW + 60);
    assert_int_equal(chain_judge(f, (const pki_cert *[]){next, f->intermediate}, 2),
                     CODICIL_CERT_NONE); // the short way
    assert_int_equal(f->valid_until, PKI_NOW + 60);
    f->unix_s = PKI_NOW + 60;
    assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
    assert_int_equal(f->valid_until, PKI_NOW + 90);
    f->unix_s = PKI_NOW + 90;
    assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
    assert_int_equal(f->valid_until, PKI_NOT_AFTER);
  }
  pki_free(next);
}

static void test_a_cached_verdict_does_not_survive_another_crl(void **state) {
  chain_fixture *f = *state;
  pki_cert *next = pki_leaf(f->intermediate, "DNS:b.example");
  assert_int_equal(codicil_chain_cache_new(&f->cache, NULL, 16), CODICIL_OK);
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  add(f, f->intermediate, &(pki_crl_spec){.revoked = {f->leaf}});
  expect_revoked(f);
  assert_int_equal(chain_judge(f, (const pki_cert *[]){next, f->intermediate}, 2),
                   CODICIL_CERT_NONE);
  add(f, f->root, &(pki_crl_spec){.revoked = {f->intermediate}});
  // The short way, too, asks what stands above under the CRLs of now.
  assert_int_equal(chain_judge(f, (const pki_cert *[]){next, f->intermediate}, 2),
                   CODICIL_CERT_REVOKED);
  pki_free(next);
}

static void test_the_short_way_looks_at_crls(void **state) {
  chain_fixture *f = *state;
  pki_cert *first = pki_leaf(f->intermediate, "DNS:b.example");
  pki_cert *second = pki_leaf(f->intermediate, "DNS:c.example");
  add(f, f->intermediate, &(pki_crl_spec){.revoked = {second}});
  assert_int_equal(codicil_chain_cache_new(&f->cache, NULL, 16), CODICIL_OK);
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  assert_int_equal(chain_judge(f, (const pki_cert *[]){first, f->intermediate}, 2),
                   CODICIL_CERT_NONE);
  assert_int_equal(chain_judge(f, (const pki_cert *[]){second, f->intermediate}, 2),
                   CODICIL_CERT_REVOKED);
  pki_free(second);
  pki_free(first);
}

#define CHAIN_TEST(name) cmocka_unit_test_setup_teardown(name, chain_set_up, chain_tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      CHAIN_TEST(test_pem_holds_many_and_der_holds_one),
      CHAIN_TEST(test_what_is_no_crl_is_refused),
      CHAIN_TEST(test_crls_of_another_scope_are_refused),
      CHAIN_TEST(test_an_entry_that_insists_on_what_is_not_known_spoils_its_list),
      CHAIN_TEST(test_a_part_of_a_list_counts_for_what_it_lists),
      CHAIN_TEST(test_a_certificate_of_the_path_that_its_issuer_revoked_is_refused),
      CHAIN_TEST(test_a_revoked_intermediate_ends_the_path),
      CHAIN_TEST(test_the_anchor_is_no_crls_to_revoke),
      CHAIN_TEST(test_the_same_number_of_another_issuer_is_another_certificate),
      CHAIN_TEST(test_a_crl_that_its_issuer_did_not_sign_is_passed_over),
      CHAIN_TEST(test_a_crl_in_anothers_name_is_passed_over),
      CHAIN_TEST(test_an_issuer_that_may_not_sign_crls_revokes_nothing),
      CHAIN_TEST(test_what_was_revoked_stays_so_whatever_the_crls_dates),
      CHAIN_TEST(test_an_entry_that_takes_off_does_not_list),
      CHAIN_TEST(test_who_signed_a_crl_is_found_out_once),
      CHAIN_TEST(test_next_update_ends_a_verdict_while_the_crl_is_in_force),
      CHAIN_TEST(test_a_cached_verdict_does_not_survive_another_crl),
      CHAIN_TEST(test_the_short_way_looks_at_crls),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
