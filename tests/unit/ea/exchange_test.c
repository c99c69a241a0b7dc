// Authenticators made by one end and verified by the other: every scheme, both hashes, both roles.
#include <openssl/err.h>

#include "cmocka_test.h"
#include "ea_fixture.h"
#include "span.h"

static const codicil_span none = {NULL, 0};

static const struct {
  const char *alg;
  uint16_t scheme;
} algs[] = {
    {"p256", 0x0403},    {"p384", 0x0503},  {"p521", 0x0603},       {"rsa2048", 0x0804},
    {"ed25519", 0x0807}, {"ed448", 0x0808}, {"rsapss2048", 0x0809},
};
enum { NUM_ALGS = sizeof algs / sizeof algs[0] };

// Verifies what `buf` holds at `verifier` and compares what the proof says with the credential.
static void expect_proof(codicil_ea *verifier, const codicil_buf *buf, codicil_span request,
                         codicil_span context, const codicil_credential *credential,
                         uint16_t scheme) {
  codicil_ea_proof *proof = NULL;
  codicil_diag diag = {"", 0};
  codicil_err err = codicil_ea_verify(verifier, &proof, &diag, codicil_buf_span(buf), request);
  if (err != CODICIL_OK) {
    fail_msg("%s: %s", codicil_err_name(err), diag.what);
  }
  assert_int_equal(codicil_ea_proof_scheme(proof), scheme);
  assert_true(codicil_span_equal(codicil_ea_proof_context(proof), context));
  assert_int_equal(codicil_ea_proof_num_certificates(proof), 2);
  for (size_t i = 0; i < 2; i++) {
    assert_true(codicil_span_equal(codicil_ea_proof_certificate(proof, i),
                                   codicil_credential_certificate(credential, i)));
  }
  codicil_ea_proof_free(proof);
}

static void exchange(const char *alg, uint16_t scheme, codicil_hash hash) {
  ea_identity identity;
  ea_pair pair;
  codicil_buf out = new_buf();
  codicil_buf request = new_buf();
  identity_init(&identity, alg);
  pair_init(&pair, hash);

  // The server, unasked.
  assert_int_equal(
      codicil_ea_authenticate(pair.server, &out, identity.credential, none, context_of(1)),
      CODICIL_OK);
  expect_proof(pair.client, &out, none, context_of(1), identity.credential, scheme);
  // The server, asked; then the client.
  for (int i = 0; i < 2; i++) {
    codicil_ea *asker = i == 0 ? pair.client : pair.server;
    codicil_ea *prover = i == 0 ? pair.server : pair.client;
    codicil_span context = context_of((uint8_t)(2 + i));
    codicil_buf_reset(&out);
    codicil_buf_reset(&request);
    ask(asker, &request, context);
    assert_int_equal(codicil_ea_authenticate(prover, &out, identity.credential,
                                             codicil_buf_span(&request), none),
                     CODICIL_OK);
    expect_proof(asker, &out, codicil_buf_span(&request), context, identity.credential, scheme);
  }
  codicil_buf_clear(&request);
  codicil_buf_clear(&out);
  pair_clear(&pair);
  identity_clear(&identity);
}

static void test_every_scheme_proves_both_roles_over_both_hashes(void **state) {
  (void)state;
  for (size_t i = 0; i < NUM_ALGS; i++) {
    exchange(algs[i].alg, algs[i].scheme, CODICIL_HASH_SHA256);
    exchange(algs[i].alg, algs[i].scheme, CODICIL_HASH_SHA384);
  }
}

// Where libcrypto has it (OpenSSL 3.5), by name.
static void test_ml_dsa_proves_both_roles_where_libcrypto_has_it(void **state) {
  (void)state;
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "ML-DSA-44", NULL);
  bool known = ctx != NULL;
  EVP_PKEY_CTX_free(ctx);
  ERR_clear_error();
  if (!known) {
    skip();
  }
  exchange("mldsa44", 0x0904, CODICIL_HASH_SHA256);
  exchange("mldsa65", 0x0905, CODICIL_HASH_SHA384);
  exchange("mldsa87", 0x0906, CODICIL_HASH_SHA256);
}

static void test_an_empty_authenticator_declines_in_both_roles(void **state) {
  (void)state;
  for (int i = 0; i < 4; i++) {
    ea_pair pair;
    pair_init(&pair, i < 2 ? CODICIL_HASH_SHA256 : CODICIL_HASH_SHA384);
    codicil_ea *asker = i % 2 == 0 ? pair.client : pair.server;
    codicil_ea *prover = i % 2 == 0 ? pair.server : pair.client;
    codicil_buf request = new_buf();
    codicil_buf out = new_buf();
    codicil_ea_proof *proof = NULL;
    ask(asker, &request, context_of(7));
    assert_int_equal(codicil_ea_decline(prover, &out, codicil_buf_span(&request)), CODICIL_OK);
    assert_int_equal(out.len, i < 2 ? 36 : 52);
    // Well-formed empty authenticators are returned as invalid.
    assert_int_equal(
        codicil_ea_verify(asker, &proof, NULL, codicil_buf_span(&out), codicil_buf_span(&request)),
        CODICIL_DECLINED);
    assert_null(proof);
    codicil_buf_clear(&out);
    codicil_buf_clear(&request);
    pair_clear(&pair);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_scheme_proves_both_roles_over_both_hashes),
      cmocka_unit_test(test_ml_dsa_proves_both_roles_where_libcrypto_has_it),
      cmocka_unit_test(test_an_empty_authenticator_declines_in_both_roles),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
