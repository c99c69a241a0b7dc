// Issuing: what stands in a certificate, for each profile and each kind of key.
#include "pki/issue.h"

#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
// cmocka.h needs the above.
#include <cmocka.h>

#include "pki/key.h"

static const int64_t now_s = 1767225600; // 2026-01-01
enum { DAY_S = 86400, ROOT_DAYS = 100 };

typedef struct fixture {
  EVP_PKEY *root_key;
  X509 *root;
  EVP_PKEY *key;
  X509 *cert;
} fixture;

static pki_serial a_serial(void) {
  pki_serial serial;
  app_error err;
  assert_true(pki_serial_new(&serial, &err));
  return serial;
}

static void make_root(fixture *f, pki_alg alg) {
  app_error err;
  f->root_key = pki_key_new(alg, &err);
  assert_non_null(f->root_key);
  const pki_request request = {
      .profile = PKI_ROOT,
      .serial = a_serial(),
      .key = f->root_key,
      .common_name = "Test CA",
      .now_s = now_s,
      .days = ROOT_DAYS,
  };
  const pki_issuer self = {NULL, f->root_key};
  f->root = pki_issue(&request, &self, &err);
  assert_non_null(f->root);
}

static void make_cert(fixture *f, pki_alg alg, const char *text, unsigned days, app_error *err) {
  pki_name name;
  assert_true(pki_name_parse(&name, text, err));
  f->key = pki_key_new(alg, err);
  assert_non_null(f->key);
  const pki_request request = {
      .profile = PKI_SERVER,
      .serial = a_serial(),
      .key = f->key,
      .common_name = name.text,
      .names = &name,
      .num_names = 1,
      .now_s = now_s,
      .days = days,
  };
  const pki_issuer issuer = {f->root, f->root_key};
  f->cert = pki_issue(&request, &issuer, err);
}

static void clear(fixture *f) {
  X509_free(f->cert);
  EVP_PKEY_free(f->key);
  X509_free(f->root);
  EVP_PKEY_free(f->root_key);
  memset(f, 0, sizeof *f);
}

static int verify(const fixture *f) {
  X509_STORE *store = X509_STORE_new();
  X509_STORE_CTX *ctx = X509_STORE_CTX_new();
  assert_int_equal(X509_STORE_add_cert(store, f->root), 1);
  assert_int_equal(X509_STORE_CTX_init(ctx, store, f->cert, NULL), 1);
  X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
  X509_VERIFY_PARAM_set_time(param, (time_t)now_s);
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
  X509_verify_cert(ctx);
  int error = X509_STORE_CTX_get_error(ctx);
  X509_STORE_CTX_free(ctx);
  X509_STORE_free(store);
  return error;
}

static void test_every_key_kind_makes_a_certificate_that_verifies_strictly(void **state) {
  (void)state;
  for (size_t alg = 0; alg < PKI_NUM_ALGS; alg++) {
    fixture f = {NULL, NULL, NULL, NULL};
    app_error err;
    make_root(&f, (pki_alg)alg);
    make_cert(&f, (pki_alg)alg, "www.example.com", 90, &err);
    assert_non_null(f.cert);
    assert_int_equal(verify(&f), X509_V_OK);
    assert_int_equal(X509_check_host(f.cert, "www.example.com", 0, 0, NULL), 1);
    clear(&f);
  }
}

static void test_an_end_entity_says_server_and_no_more(void **state) {
  (void)state;
  fixture f = {NULL, NULL, NULL, NULL};
  app_error err;
  make_root(&f, PKI_P256);
  make_cert(&f, PKI_RSA2048, "www.example.com", 90, &err);
  assert_int_equal(X509_check_ca(f.cert), 0);
  assert_int_equal(X509_get_key_usage(f.cert), KU_DIGITAL_SIGNATURE);
  assert_int_equal(X509_get_extended_key_usage(f.cert), XKU_SSL_SERVER);
  assert_int_equal(X509_get_version(f.cert), X509_VERSION_3);
  assert_int_equal(
      ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(f.cert), X509_get0_subject_key_id(f.root)),
      0);
  clear(&f);
}

static void test_a_root_signs_certificates_and_crls_only(void **state) {
  (void)state;
  fixture f = {NULL, NULL, NULL, NULL};
  make_root(&f, PKI_ED25519);
  assert_int_equal(X509_check_ca(f.root), 1);
  assert_int_equal(X509_get_key_usage(f.root), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
  assert_int_equal(X509_get_pathlen(f.root), -1);
  assert_non_null(X509_get0_subject_key_id(f.root));
  clear(&f);
}

static void test_an_intermediate_signs_end_entities_only(void **state) {
  (void)state;
  fixture f = {NULL, NULL, NULL, NULL};
  app_error err;
  make_root(&f, PKI_P256);
  f.key = pki_key_new_like(f.root_key, &err);
  const pki_request request = {
      .profile = PKI_INTERMEDIATE,
      .serial = a_serial(),
      .key = f.key,
      .common_name = "Test intermediate",
      .now_s = now_s,
      .days = ROOT_DAYS,
  };
  const pki_issuer issuer = {f.root, f.root_key};
  f.cert = pki_issue(&request, &issuer, &err);
  assert_non_null(f.cert);
  assert_int_equal(X509_get_pathlen(f.cert), 0);
  assert_int_equal(X509_check_ca(f.cert), 1);
  clear(&f);
}

static void test_serials_are_positive_random_and_128_bits(void **state) {
  (void)state;
  fixture f = {NULL, NULL, NULL, NULL};
  fixture g = {NULL, NULL, NULL, NULL};
  make_root(&f, PKI_P256);
  make_root(&g, PKI_P256);
  BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(f.root), NULL);
  assert_false(BN_is_negative(serial));
  assert_int_equal(BN_num_bits(serial), 128);
  assert_int_not_equal(
      ASN1_INTEGER_cmp(X509_get0_serialNumber(f.root), X509_get0_serialNumber(g.root)), 0);
  BN_free(serial);
  clear(&f);
  clear(&g);
}

static void test_validity_begins_an_hour_ago_and_lasts_the_days(void **state) {
  (void)state;
  fixture f = {NULL, NULL, NULL, NULL};
  app_error err;
  make_root(&f, PKI_P256);
  make_cert(&f, PKI_P256, "a.example", 7, &err);
  assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notBefore(f.cert), (time_t)now_s - 3600), 0);
  assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notAfter(f.cert), (time_t)now_s + 7 * DAY_S), 0);
  clear(&f);
}

static void test_a_certificate_lives_as_long_as_its_issuer_and_no_longer(void **state) {
  (void)state;
  fixture f = {NULL, NULL, NULL, NULL};
  app_error err;
  make_root(&f, PKI_P256);
  make_cert(&f, PKI_P256, "a.example", ROOT_DAYS, &err);
  assert_non_null(f.cert);
  X509_free(f.cert);
  EVP_PKEY_free(f.key);
  make_cert(&f, PKI_P256, "a.example", ROOT_DAYS + 1, &err);
  assert_null(f.cert);
  assert_non_null(strstr(err.text, "outlive"));
  clear(&f);
}

static void test_a_name_too_long_for_a_subject_makes_the_alternative_names_critical(void **state) {
  (void)state;
  fixture f = {NULL, NULL, NULL, NULL};
  app_error err;
  char name[100];
  memset(name, 'a', 60);
  strcpy(name + 60, ".example");
  make_root(&f, PKI_P256);
  make_cert(&f, PKI_P256, name, 7, &err);
  assert_int_equal(X509_NAME_entry_count(X509_get_subject_name(f.cert)), 0);
  int at = X509_get_ext_by_NID(f.cert, NID_subject_alt_name, -1);
  assert_int_equal(X509_EXTENSION_get_critical(X509_get_ext(f.cert, at)), 1);
  assert_int_equal(verify(&f), X509_V_OK);
  clear(&f);
}

static void test_key_algorithms_are_known_by_name(void **state) {
  (void)state;
  pki_alg alg = PKI_P256;
  app_error err;
  for (size_t i = 0; i < PKI_NUM_ALGS; i++) {
    assert_true(pki_alg_parse(&alg, pki_alg_name((pki_alg)i), &err));
    assert_int_equal(alg, i);
  }
  alg = PKI_P384;
  assert_false(pki_alg_parse(&alg, "dsa", &err));
  assert_int_equal(alg, PKI_P384);
  assert_non_null(strstr(err.text, "ed25519"));
}

static void test_a_key_like_another_has_its_kind_and_size(void **state) {
  (void)state;
  for (size_t i = 0; i < PKI_NUM_ALGS; i++) {
    app_error err;
    EVP_PKEY *key = pki_key_new((pki_alg)i, &err);
    EVP_PKEY *like = pki_key_new_like(key, &err);
    assert_int_equal(EVP_PKEY_get_bits(key), EVP_PKEY_get_bits(like));
    assert_true(EVP_PKEY_is_a(like, EVP_PKEY_get0_type_name(key)));
    EVP_PKEY_free(key);
    EVP_PKEY_free(like);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_key_kind_makes_a_certificate_that_verifies_strictly),
      cmocka_unit_test(test_an_end_entity_says_server_and_no_more),
      cmocka_unit_test(test_a_root_signs_certificates_and_crls_only),
      cmocka_unit_test(test_an_intermediate_signs_end_entities_only),
      cmocka_unit_test(test_serials_are_positive_random_and_128_bits),
      cmocka_unit_test(test_validity_begins_an_hour_ago_and_lasts_the_days),
      cmocka_unit_test(test_a_certificate_lives_as_long_as_its_issuer_and_no_longer),
      cmocka_unit_test(test_a_name_too_long_for_a_subject_makes_the_alternative_names_critical),
      cmocka_unit_test(test_key_algorithms_are_known_by_name),
      cmocka_unit_test(test_a_key_like_another_has_its_kind_and_size),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
