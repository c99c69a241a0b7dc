// Credentials: what is read, what is refused, references and staples.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <string.h>

#include "cmocka_test.h"
#include "credential.h"
#include "ea_fixture.h"
#include "span.h"

static codicil_err make(codicil_credential **out, const char **out_what, codicil_span chain,
                        codicil_span key) {
  codicil_diag diag = {"", 0};
  codicil_err err = codicil_credential_new(out, &diag, NULL, chain, key);
  assert_int_equal(ERR_peek_error(), 0);
  *out_what = diag.what;
  return err;
}

static void expect_bad(codicil_span chain, codicil_span key, const char *what) {
  codicil_credential *credential = NULL;
  const char *found;
  assert_int_equal(make(&credential, &found, chain, key), CODICIL_BAD_INPUT);
  assert_string_equal(found, what);
  assert_null(credential);
}

static void test_a_chain_and_its_key_are_read(void **state) {
  (void)state;
  ea_identity identity;
  identity_init(&identity, "p256");
  const codicil_credential *c = identity.credential;
  assert_int_equal(codicil_credential_num_certificates(c), 2);
  assert_true(codicil_span_equal(codicil_credential_certificate(c, 0), pki_der(identity.leaf)));
  assert_true(codicil_span_equal(codicil_credential_certificate(c, 1), pki_der(identity.root)));
  assert_int_equal(codicil_credential_certificate(c, 2).len, 0);
  assert_true(codicil_credential_has_key(c));
  identity_clear(&identity);
}

static void test_what_does_not_parse_is_named(void **state) {
  (void)state;
  pki_cert *cert = pki_leaf(NULL, "DNS:a.example");
  codicil_span key = pki_key_pem(cert);
  codicil_span none = {NULL, 0};
  char *broken = strdup(cert->pem);
  assert_non_null(broken);
  memset(strchr(broken, '\n') + 20, '*', 4);
  expect_bad(none, key, "no certificate in PEM");
  expect_bad(codicil_span_str("no PEM at all"), key, "no certificate in PEM");
  expect_bad(key, key, "no certificate in PEM");
  expect_bad(codicil_span_str(broken), key, "certificate does not parse");
  expect_bad(pki_pem(cert), none, "no private key in PEM, or it is encrypted");
  expect_bad(pki_pem(cert), pki_pem(cert), "no private key in PEM, or it is encrypted");
  // One good certificate before it does not hide a bad one.
  char *two = pki_chain_pem(cert, cert);
  memset(two + strlen(two) / 2 + 80, '*', 4);
  expect_bad(codicil_span_str(two), key, "certificate does not parse");
  free(two);
  free(broken);
  pki_free(cert);
}

static void test_a_key_that_is_not_the_certificates_is_refused(void **state) {
  (void)state;
  pki_cert *cert = pki_leaf(NULL, "DNS:a.example");
  pki_cert *other = pki_leaf(NULL, "DNS:b.example");
  expect_bad(pki_pem(cert), pki_key_pem(other), "private key is not the certificate's");
  pki_free(other);
  pki_free(cert);
}

// OpenSSL would ask for a passphrase on the terminal.
static void test_an_encrypted_key_is_refused_without_asking(void **state) {
  (void)state;
  pki_cert *cert = pki_leaf(NULL, "DNS:a.example");
  BIO *bio = BIO_new(BIO_s_mem());
  assert_int_equal(
      PEM_write_bio_PKCS8PrivateKey(bio, cert->key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL), 1);
  char *data;
  long len = BIO_get_mem_data(bio, &data);
  expect_bad(pki_pem(cert), codicil_span_of(data, (size_t)len),
             "no private key in PEM, or it is encrypted");
  BIO_free(bio);
  pki_free(cert);
}

// RFC 8446 §4.4.2.2: digitalSignature must be set where keyUsage is present.
static void test_a_certificate_whose_key_may_not_sign_is_refused(void **state) {
  (void)state;
  pki_spec spec = {.common_name = "kem", .alg = "rsa2048", .key_usage = "keyEncipherment"};
  pki_cert *cert = pki_make(NULL, &spec);
  expect_bad(pki_pem(cert), pki_key_pem(cert), "certificate's key usage does not allow signatures");
  pki_free(cert);
}

static void test_a_certificate_whose_key_no_scheme_can_use_is_refused(void **state) {
  (void)state;
  pki_cert *cert = pki_leaf(NULL, "DNS:a.example");
  EVP_PKEY *key = EVP_EC_gen("secp256k1");
  assert_int_equal(X509_set_pubkey(cert->x509, key), 1);
  assert_true(X509_sign(cert->x509, cert->key, EVP_sha256()) > 0);
  BIO *bio = BIO_new(BIO_s_mem());
  assert_int_equal(PEM_write_bio_X509(bio, cert->x509), 1);
  char *data;
  long len = BIO_get_mem_data(bio, &data);
  expect_bad(codicil_span_of(data, (size_t)len), pki_key_pem(cert),
             "no signature scheme can use the certificate's key");
  BIO_free(bio);
  EVP_PKEY_free(key);
  pki_free(cert);
}

static void test_a_certificate_without_key_usage_is_taken(void **state) {
  (void)state;
  pki_spec spec = {.common_name = "any", .key_usage = ""};
  pki_cert *cert = pki_make(NULL, &spec);
  codicil_credential *credential = NULL;
  const char *what;
  assert_int_equal(make(&credential, &what, pki_pem(cert), pki_key_pem(cert)), CODICIL_OK);
  codicil_credential_free(credential);
  pki_free(cert);
}

static void test_a_chain_of_more_than_64_certificates_is_refused(void **state) {
  (void)state;
  pki_cert *cert = pki_leaf(NULL, "DNS:a.example");
  codicil_buf pem;
  codicil_buf_init(&pem, NULL, 1 << 20);
  for (size_t i = 0; i < 64; i++) {
    put(&pem, pki_pem(cert));
  }
  codicil_credential *credential = NULL;
  const char *what;
  assert_int_equal(make(&credential, &what, codicil_buf_span(&pem), pki_key_pem(cert)), CODICIL_OK);
  codicil_credential_free(credential);
  put(&pem, pki_pem(cert));
  expect_bad(codicil_buf_span(&pem), pki_key_pem(cert), "certificate chain too long");
  codicil_buf_clear(&pem);
  pki_free(cert);
}

static void test_references_keep_a_credential(void **state) {
  (void)state;
  ea_identity identity;
  identity_init(&identity, "p256");
  codicil_credential *second = codicil_credential_ref(identity.credential);
  assert_ptr_equal(second, identity.credential);
  codicil_credential_free(identity.credential);
  assert_int_equal(codicil_credential_num_certificates(second), 2);
  identity_clear(&identity);
}

enum { NUM_THREADS = 4, PER_THREAD = 20 };

// One connection of its own on a credential of all.
static void *prove_often(void *credential) {
  ea_pair pair;
  codicil_buf out = new_buf();
  pair_init(&pair, CODICIL_HASH_SHA256);
  for (uint8_t i = 1; i <= PER_THREAD; i++) {
    const codicil_span context = codicil_span_of(&i, 1);
    codicil_buf_reset(&out);
    codicil_credential *held = codicil_credential_ref(credential);
    assert_int_equal(
        codicil_ea_authenticate(pair.server, &out, held, codicil_span_of(NULL, 0), context),
        CODICIL_OK);
    codicil_credential_free(held);
    expect(pair.client, &out, codicil_span_of(NULL, 0), CODICIL_OK, "");
  }
  codicil_buf_clear(&out);
  pair_clear(&pair);
  return NULL;
}

// Counted by reference and immutable: any number of threads may use one.
static void test_threads_share_a_credential(void **state) {
  (void)state;
  ea_identity identity;
  pthread_t threads[NUM_THREADS];
  identity_init(&identity, "p256");
  for (size_t i = 0; i < NUM_THREADS; i++) {
    assert_int_equal(pthread_create(&threads[i], NULL, prove_often, identity.credential), 0);
  }
  for (size_t i = 0; i < NUM_THREADS; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
  }
  identity_clear(&identity);
}

// The certificate_list with what staples it has and the offer allows.
static size_t list_len(const codicil_credential *c, bool ocsp, bool scts) {
  const uint8_t types[] = {0, ocsp ? 5 : 1, 0, scts ? 18 : 1};
  codicil_offer offer = {.types = codicil_span_of(types, sizeof types)};
  return codicil_credential_list(c, &offer).len;
}

static void test_staples_are_in_the_list_where_the_offer_allows_them(void **state) {
  (void)state;
  ea_identity identity;
  identity_init(&identity, "p256");
  codicil_credential *c = identity.credential;
  size_t plain = list_len(c, true, true);
  assert_int_equal(codicil_credential_set_ocsp(c, 0, codicil_span_str("response")), CODICIL_OK);
  // Type, length, status_type and a 24-bit length before the response.
  size_t ocsp_len = 2 + 2 + 1 + 3 + 8;
  assert_int_equal(list_len(c, true, true), plain + ocsp_len);
  assert_int_equal(list_len(c, false, true), plain);
  codicil_span scts = codicil_span_of("\0\5\0\3sct", 7);
  assert_int_equal(codicil_credential_set_scts(c, 1, scts), CODICIL_OK);
  assert_int_equal(list_len(c, true, true), plain + ocsp_len + 4 + 7);
  assert_int_equal(list_len(c, false, true), plain + 4 + 7);
  assert_int_equal(list_len(c, true, false), plain + ocsp_len);
  assert_int_equal(list_len(c, false, false), plain);
  // Replaced, and taken away.
  assert_int_equal(codicil_credential_set_ocsp(c, 0, codicil_span_str("r")), CODICIL_OK);
  assert_int_equal(list_len(c, true, false), plain + ocsp_len - 7);
  assert_int_equal(codicil_credential_set_ocsp(c, 0, codicil_span_of(NULL, 0)), CODICIL_OK);
  assert_int_equal(codicil_credential_set_scts(c, 1, codicil_span_of(NULL, 0)), CODICIL_OK);
  assert_int_equal(list_len(c, true, true), plain);
  identity_clear(&identity);
}

static void test_staples_that_cannot_be_sent_are_refused(void **state) {
  (void)state;
  static uint8_t octets[65536];
  ea_identity identity;
  identity_init(&identity, "p256");
  codicil_credential *c = identity.credential;
  size_t plain = list_len(c, true, true);
  assert_int_equal(codicil_credential_set_ocsp(c, 2, codicil_span_str("r")), CODICIL_USAGE);
  assert_int_equal(codicil_credential_set_scts(c, 2, codicil_span_of("\0\5\0\3sct", 7)),
                   CODICIL_USAGE);
  assert_int_equal(codicil_credential_set_ocsp(c, 0, codicil_span_of(octets, 65532)),
                   CODICIL_BAD_INPUT);
  assert_int_equal(codicil_credential_set_scts(c, 0, codicil_span_str("not a list")),
                   CODICIL_BAD_INPUT);
  // Each fits, and both together do not fit the entry's extensions.
  assert_int_equal(codicil_credential_set_ocsp(c, 0, codicil_span_of(octets, 65500)), CODICIL_OK);
  size_t with_ocsp = list_len(c, true, true);
  codicil_span scts = codicil_span_of("\0\x1e\0\x1c..........................xx", 32);
  assert_int_equal(codicil_credential_set_scts(c, 0, scts), CODICIL_BAD_INPUT);
  assert_int_equal(list_len(c, true, true), with_ocsp);
  assert_int_equal(list_len(c, false, true), plain);
  // The one before is kept, and is in the lists that are made next.
  codicil_span small = codicil_span_of("\0\5\0\3sct", 7);
  assert_int_equal(codicil_credential_set_scts(c, 0, small), CODICIL_OK);
  assert_int_equal(codicil_credential_set_scts(c, 0, scts), CODICIL_BAD_INPUT);
  assert_int_equal(codicil_credential_set_ocsp(c, 0, codicil_span_of(NULL, 0)), CODICIL_OK);
  assert_int_equal(list_len(c, true, true), plain + 4 + 7);
  identity_clear(&identity);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_chain_and_its_key_are_read),
      cmocka_unit_test(test_what_does_not_parse_is_named),
      cmocka_unit_test(test_a_key_that_is_not_the_certificates_is_refused),
      cmocka_unit_test(test_an_encrypted_key_is_refused_without_asking),
      cmocka_unit_test(test_a_certificate_whose_key_may_not_sign_is_refused),
      cmocka_unit_test(test_a_certificate_whose_key_no_scheme_can_use_is_refused),
      cmocka_unit_test(test_a_certificate_without_key_usage_is_taken),
      cmocka_unit_test(test_a_chain_of_more_than_64_certificates_is_refused),
      cmocka_unit_test(test_references_keep_a_credential),
      cmocka_unit_test(test_threads_share_a_credential),
      cmocka_unit_test(test_staples_are_in_the_list_where_the_offer_allows_them),
      cmocka_unit_test(test_staples_that_cannot_be_sent_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
