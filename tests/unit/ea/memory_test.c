// libcrypto's own memory runs out at the nth allocation: nothing leaks, what is wrong is never
// accepted, and a call that failed may be made again.
#include "cmocka_test.h"

#include <openssl/err.h>
#include <stdlib.h>

#include "ea_fixture.h"
#include "span.h"
#include "starve_libcrypto.h"

static const codicil_span none = {NULL, 0};
typedef struct scene {
  ea_pair pair;
  ea_identity identity;
  codicil_buf authenticator, signature;
  codicil_ea_signing *signing;
  codicil_ea_proof *proof;
} scene;

static void scene_init(scene *s, const char *alg) {
  *s = (scene){.signing = NULL};
  pair_init(&s->pair, CODICIL_HASH_SHA384);
  identity_init(&s->identity, alg);
  s->authenticator = new_buf();
  s->signature = new_buf();
}

static void scene_clear(scene *s) {
  codicil_ea_proof_free(s->proof);
  codicil_ea_signing_free(s->signing);
  codicil_buf_clear(&s->authenticator);
  codicil_buf_clear(&s->signature);
  identity_clear(&s->identity);
  pair_clear(&s->pair);
}

typedef codicil_err step(scene *s);

static codicil_err authenticate(scene *s) {
  return codicil_ea_authenticate(s->pair.server, &s->authenticator, s->identity.credential, none,
                                 context_of(1));
}

static codicil_err begin(scene *s) {
  return codicil_ea_begin(s->pair.server, &s->signing, s->identity.credential, none, context_of(1));
}

static codicil_err sign(scene *s) {
  return codicil_ea_signing_sign(s->signing, &s->signature);
}

static codicil_err finish(scene *s) {
  return codicil_ea_finish(s->signing, &s->authenticator, codicil_buf_span(&s->signature));
}

static codicil_err verify(scene *s) {
  return codicil_ea_verify(s->pair.client, &s->proof, NULL, codicil_buf_span(&s->authenticator),
                           none);
}

// Makes the call again and again, each time with a little more memory. Returns what it says when
// there was enough.
static codicil_err starve(scene *s, step *call) {
  bool starved = true;
  codicil_err err = CODICIL_OK;
  for (size_t n = 0; starved; n++) {
    starve_begin(n);
    err = call(s);
    starved = starve_end();
    assert_int_equal(ERR_peek_error(), 0);
    if (err == CODICIL_OK) {
      return err; // libcrypto can do without some of what it asks for
    }
  }
  return err;
}

static const char *const algs[] = {"p256", "rsa2048", "ed25519", "rsapss2048"};

static void test_an_authenticator_is_made_and_verified_once_there_is_memory(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
    scene s;
    scene_init(&s, algs[i]);
    assert_int_equal(starve(&s, authenticate), CODICIL_OK);
    assert_int_equal(starve(&s, verify), CODICIL_OK);
    assert_int_equal(codicil_ea_proof_num_certificates(s.proof), 2);
    scene_clear(&s);
  }
}

static void test_in_two_steps_each_may_be_made_again(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
    scene s;
    scene_init(&s, algs[i]);
    assert_int_equal(starve(&s, begin), CODICIL_OK);
    assert_int_equal(starve(&s, sign), CODICIL_OK);
    assert_int_equal(starve(&s, finish), CODICIL_OK);
    assert_int_equal(verify(&s), CODICIL_OK);
    scene_clear(&s);
  }
}

static void test_what_is_wrong_is_never_accepted_for_want_of_memory(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
    scene s;
    scene_init(&s, algs[i]);
    assert_int_equal(begin(&s), CODICIL_OK);
    assert_int_equal(sign(&s), CODICIL_OK);
    s.signature.data[s.signature.len - 1] ^= 1; // Finished is right, the signature is not
    assert_int_equal(finish(&s), CODICIL_OK);
    assert_int_equal(starve(&s, verify), CODICIL_AUTH);
    s.authenticator.data[s.authenticator.len - 1] ^= 1; // neither is
    assert_int_equal(starve(&s, verify), CODICIL_AUTH);
    assert_null(s.proof);
    scene_clear(&s);
  }
}

int main(void) {
  // Before libcrypto's first allocation, or it keeps its own.
  if (!starve_install()) {
    return 1;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_authenticator_is_made_and_verified_once_there_is_memory),
      cmocka_unit_test(test_in_two_steps_each_may_be_made_again),
      cmocka_unit_test(test_what_is_wrong_is_never_accepted_for_want_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
