// Trust anchors from PEM, marks on them, and what all of it makes of a store's generation.
#include "cmocka_test.h"

#include "trust.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "fail_mem.h"
#include "pki_evidence.h"
#include "span.h"

typedef struct fixture {
  codicil_trust *trust;
  pki_cert *a, *b;
} fixture;

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  f->a = pki_root("a");
  f->b = pki_root("b");
  *state = f;
  return codicil_trust_new(&f->trust, NULL) == CODICIL_OK ? 0 : -1;
}

static int tear_down(void **state) {
  fixture *f = *state;
  codicil_trust_free(f->trust);
  codicil_trust_free(NULL);
  pki_free(f->a);
  pki_free(f->b);
  free(f);
  return 0;
}

static codicil_err add(fixture *f, size_t *out_num, codicil_diag *diag, const char *text) {
  codicil_span exact = exact_copy(codicil_span_str(text));
  codicil_err err = codicil_trust_add_pem(f->trust, out_num, diag, exact);
  assert_int_equal(ERR_peek_error(), 0);
  free((void *)exact.data);
  return err;
}

static void test_every_certificate_of_a_bundle_counts_and_the_rest_does_not(void **state) {
  fixture *f = *state;
  char *both = pki_chain_pem(f->a, f->b);
  size_t len = strlen(both) + strlen(f->a->key_pem) + 64;
  char *text = malloc(len);
  snprintf(text, len, "# a comment\n%s%sthe end\n", f->a->key_pem, both);
  size_t num = 0;
  assert_int_equal(add(f, &num, NULL, text), CODICIL_OK);
  assert_int_equal(num, 2);
  free(text);
  free(both);
}

static void expect_bad(fixture *f, const char *text) {
  uint8_t before[CODICIL_SHA256_LEN];
  memcpy(before, codicil_trust_generation(f->trust), sizeof before);
  size_t num = 99;
  codicil_diag diag = {NULL, 0};
  assert_int_equal(add(f, &num, &diag, text), CODICIL_BAD_INPUT);
  assert_int_equal(num, 99);
  assert_non_null(diag.what);
  assert_memory_equal(before, codicil_trust_generation(f->trust), sizeof before);
}

static void test_no_certificate_or_one_that_does_not_parse_adds_nothing(void **state) {
  fixture *f = *state;
  expect_bad(f, "");
  expect_bad(f, "no certificate here\n");
  expect_bad(f, f->a->key_pem);
  expect_bad(f, "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
  expect_bad(f, "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
  expect_bad(f, "-----BEGIN CERTIFICATE-----\nMAA=\n");
  // A good one before a bad one is not added either.
  size_t len = strlen(f->a->pem) + 128;
  char *text = malloc(len);
  snprintf(text, len, "%s-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
           f->a->pem);
  expect_bad(f, text);
  free(text);
}

static void test_an_encrypted_block_is_refused_and_nobody_is_asked(void **state) {
  expect_bad(*state, "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
                     "DEK-Info: AES-128-CBC,00000000000000000000000000000000\n\n"
                     "MAAAAAAAAAAAAAAAAAAAAA==\n-----END CERTIFICATE-----\n");
}

static void test_the_same_anchors_are_the_same_generation(void **state) {
  fixture *f = *state;
  codicil_trust *other = NULL;
  assert_int_equal(codicil_trust_new(&other, NULL), CODICIL_OK);
  assert_int_equal(add(f, NULL, NULL, f->a->pem), CODICIL_OK);
  const uint8_t *mine = codicil_trust_generation(f->trust);
  assert_int_equal(codicil_trust_add_pem(other, NULL, NULL, pki_pem(f->b)), CODICIL_OK);
  assert_memory_not_equal(mine, codicil_trust_generation(other), CODICIL_SHA256_LEN);
  codicil_trust_free(other);
  assert_int_equal(codicil_trust_new(&other, NULL), CODICIL_OK);
  assert_int_equal(codicil_trust_add_pem(other, NULL, NULL, pki_pem(f->a)), CODICIL_OK);
  assert_memory_equal(mine, codicil_trust_generation(other), CODICIL_SHA256_LEN);
  codicil_trust_free(other);
}

// ---- marks --------------------------------------------------------------------------------------

static codicil_err mark(fixture *f, size_t *out_num, codicil_diag *diag, const char *text) {
  codicil_span exact = exact_copy(codicil_span_str(text));
  codicil_err err = codicil_trust_mark_caa(f->trust, out_num, diag, exact);
  assert_int_equal(ERR_peek_error(), 0);
  free((void *)exact.data);
  return err;
}

static void test_a_mark_makes_no_anchor(void **state) {
  fixture *f = *state;
  char *both = pki_chain_pem(f->a, f->b);
  codicil_diag diag = {NULL, 0};
  size_t num = 99;
  assert_int_equal(mark(f, &num, &diag, both), CODICIL_OK); // none is there yet
  assert_int_equal(num, 0);
  assert_int_equal(add(f, NULL, NULL, f->a->pem), CODICIL_OK);
  assert_false(codicil_trust_is_caa_anchor(f->trust, f->a->x509));
  diag.what = NULL;
  assert_int_equal(mark(f, &num, &diag, both), CODICIL_OK);
  assert_int_equal(num, 1);
  assert_string_equal(diag.what, "a certificate of the file is no trust anchor");
  assert_true(codicil_trust_is_caa_anchor(f->trust, f->a->x509));
  assert_false(codicil_trust_is_caa_anchor(f->trust, f->b->x509));
  assert_int_equal(add(f, NULL, NULL, f->b->pem), CODICIL_OK);
  diag.what = NULL;
  assert_int_equal(mark(f, &num, &diag, both), CODICIL_OK);
  assert_int_equal(num, 2);
  assert_null(diag.what);
  assert_true(codicil_trust_is_caa_anchor(f->trust, f->b->x509));
  free(both);
}

static void test_a_file_of_marks_without_certificates_is_refused(void **state) {
  fixture *f = *state;
  codicil_diag diag = {NULL, 0};
  size_t num = 99;
  assert_int_equal(mark(f, &num, &diag, "nothing"), CODICIL_BAD_INPUT);
  assert_string_equal(diag.what, "no certificate in file");
  assert_int_equal(
      mark(f, &num, &diag, "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"),
      CODICIL_BAD_INPUT);
  assert_string_equal(diag.what, "certificate does not parse");
  assert_int_equal(num, 99);
}

// ---- generations and memory ---------------------------------------------------------------------

static void test_all_that_is_added_makes_another_generation(void **state) {
  fixture *f = *state;
  uint8_t seen[6][CODICIL_SHA256_LEN];
  size_t num = 0;
  memcpy(seen[num++], codicil_trust_generation(f->trust), CODICIL_SHA256_LEN);
  assert_int_equal(add(f, NULL, NULL, f->a->pem), CODICIL_OK);
  memcpy(seen[num++], codicil_trust_generation(f->trust), CODICIL_SHA256_LEN);
  assert_int_equal(mark(f, NULL, NULL, f->a->pem), CODICIL_OK);
  memcpy(seen[num++], codicil_trust_generation(f->trust), CODICIL_SHA256_LEN);
  pki_bytes crl = pki_crl(f->a, &(pki_crl_spec){.reason = 0});
  assert_int_equal(codicil_trust_add_crls(f->trust, NULL, NULL, codicil_span_of(crl.data, crl.len)),
                   CODICIL_OK);
  memcpy(seen[num++], codicil_trust_generation(f->trust), CODICIL_SHA256_LEN);
  pki_log *log = pki_log_new(NULL);
  codicil_span spki = codicil_span_of(log->spki, log->spki_len);
  assert_int_equal(codicil_trust_add_log(f->trust, NULL, spki, 0, 1), CODICIL_OK);
  memcpy(seen[num++], codicil_trust_generation(f->trust), CODICIL_SHA256_LEN);
  assert_int_equal(codicil_trust_add_log(f->trust, NULL, spki, 0, 2), CODICIL_OK);
  memcpy(seen[num++], codicil_trust_generation(f->trust), CODICIL_SHA256_LEN);
  for (size_t i = 0; i < num; i++) {
    for (size_t j = 0; j < i; j++) {
      assert_memory_not_equal(seen[i], seen[j], CODICIL_SHA256_LEN);
    }
  }
  pki_log_free(log);
  free(crl.data);
}

static void test_out_of_memory_leaves_nothing_behind(void **state) {
  fail_mem fail;
  fail_mem_init(&fail, 0);
  codicil_trust *trust = NULL;
  assert_int_equal(codicil_trust_new(&trust, &fail.mem), CODICIL_NOMEM);
  assert_null(trust);
  fail_mem_init(&fail, 1);
  assert_int_equal(codicil_trust_new(&trust, &fail.mem), CODICIL_OK);
  const fixture *f = *state;
  pki_log *log = pki_log_new(NULL);
  codicil_span spki = codicil_span_of(log->spki, log->spki_len);
  assert_int_equal(codicil_trust_add_pem(trust, NULL, NULL, pki_pem(f->a)), CODICIL_NOMEM);
  assert_int_equal(codicil_trust_add_log(trust, NULL, spki, 0, INT64_MAX), CODICIL_NOMEM);
  fail.countdown = 2;
  assert_int_equal(codicil_trust_add_pem(trust, NULL, NULL, pki_pem(f->a)), CODICIL_OK);
  assert_int_equal(codicil_trust_add_log(trust, NULL, spki, 0, INT64_MAX), CODICIL_OK);
  pki_log_free(log);
  codicil_trust_free(trust);
  assert_int_equal(fail.held, 0);
}

#define TRUST_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TRUST_TEST(test_every_certificate_of_a_bundle_counts_and_the_rest_does_not),
      TRUST_TEST(test_no_certificate_or_one_that_does_not_parse_adds_nothing),
      TRUST_TEST(test_an_encrypted_block_is_refused_and_nobody_is_asked),
      TRUST_TEST(test_the_same_anchors_are_the_same_generation),
      TRUST_TEST(test_a_mark_makes_no_anchor),
      TRUST_TEST(test_a_file_of_marks_without_certificates_is_refused),
      TRUST_TEST(test_all_that_is_added_makes_another_generation),
      TRUST_TEST(test_out_of_memory_leaves_nothing_behind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
