// Signing elsewhere: begin, sign, finish; several at a time; given up; outliving the connection.
#include <openssl/err.h>
#include <string.h>

#include "cmocka_test.h"
#include "ea_fixture.h"
#include "span.h"

static const codicil_span none = {NULL, 0};

typedef struct remote {
  ea_pair pair;
  ea_identity identity;
  codicil_buf request, signature, out;
} remote;

static void remote_init(remote *t, const char *alg) {
  pair_init(&t->pair, CODICIL_HASH_SHA384);
  identity_init(&t->identity, alg);
  t->request = new_buf();
  t->signature = new_buf();
  t->out = new_buf();
}

static void remote_clear(remote *t) {
  codicil_buf_clear(&t->out);
  codicil_buf_clear(&t->signature);
  codicil_buf_clear(&t->request);
  identity_clear(&t->identity);
  pair_clear(&t->pair);
}

static codicil_ea_signing *begin(remote *t, codicil_span context) {
  codicil_ea_signing *s = NULL;
  assert_int_equal(codicil_ea_begin(t->pair.server, &s, t->identity.credential, none, context),
                   CODICIL_OK);
  return s;
}

static void sign(remote *t, codicil_ea_signing *s) {
  codicil_buf_reset(&t->signature);
  assert_int_equal(codicil_ea_signing_sign(s, &t->signature), CODICIL_OK);
}

static codicil_err finish(remote *t, codicil_ea_signing *s) {
  codicil_buf_reset(&t->out);
  return codicil_ea_finish(s, &t->out, codicil_buf_span(&t->signature));
}

static void test_begin_sign_finish_makes_what_authenticate_makes(void **state) {
  (void)state;
  remote t;
  remote_init(&t, "ed25519");
  codicil_buf direct = new_buf();
  ea_pair other;
  pair_init(&other, CODICIL_HASH_SHA384);
  assert_int_equal(
      codicil_ea_authenticate(other.server, &direct, t.identity.credential, none, context_of(1)),
      CODICIL_OK);
  codicil_ea_signing *s = begin(&t, context_of(1));
  assert_int_equal(codicil_ea_signing_scheme(s), 0x0807);
  assert_ptr_equal(codicil_ea_signing_credential(s), t.identity.credential);
  sign(&t, s);
  assert_int_equal(finish(&t, s), CODICIL_OK);
  codicil_ea_signing_free(s);
  assert_true(codicil_span_equal(codicil_buf_span(&t.out), codicil_buf_span(&direct)));
  codicil_buf_clear(&direct);
  pair_clear(&other);
  remote_clear(&t);
}

// RFC 9261 §5.2.2: 64 spaces, the string without a NUL, a zero octet, the transcript hash.
static void test_what_is_to_be_signed_is_laid_out_as_the_rfc_says(void **state) {
  (void)state;
  remote t;
  remote_init(&t, "p256");
  codicil_ea_signing *s = begin(&t, context_of(1));
  codicil_span tbs = codicil_ea_signing_tbs(s);
  assert_int_equal(tbs.len, 64 + 22 + 1 + 48);
  for (size_t i = 0; i < 64; i++) {
    assert_int_equal(tbs.data[i], 0x20);
  }
  assert_memory_equal(tbs.data + 64, "Exported Authenticator", 22);
  assert_int_equal(tbs.data[86], 0);
  codicil_ea_signing_free(s);
  remote_clear(&t);
}

static void test_a_key_elsewhere_signs_through_begin_and_finish_only(void **state) {
  (void)state;
  remote t;
  remote_init(&t, "ed25519");
  codicil_credential *elsewhere = NULL;
  assert_int_equal(
      codicil_credential_new_remote(&elsewhere, NULL, NULL, codicil_span_str(t.identity.chain_pem)),
      CODICIL_OK);
  assert_false(codicil_credential_has_key(elsewhere));
  assert_true(codicil_credential_has_key(t.identity.credential));
  assert_int_equal(codicil_ea_authenticate(t.pair.server, &t.out, elsewhere, none, context_of(1)),
                   CODICIL_USAGE);
  codicil_ea_signing *s = NULL;
  assert_int_equal(codicil_ea_begin(t.pair.server, &s, elsewhere, none, context_of(1)), CODICIL_OK);
  assert_int_equal(codicil_ea_signing_sign(s, &t.signature), CODICIL_USAGE);
  // The signer has nothing of ours but the octets to sign.
  uint8_t signature[64];
  size_t len = sizeof signature;
  codicil_span tbs = codicil_ea_signing_tbs(s);
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, t.identity.leaf->key, NULL),
                   1);
  assert_int_equal(EVP_DigestSign(ctx, signature, &len, tbs.data, tbs.len), 1);
  EVP_MD_CTX_free(ctx);
  assert_int_equal(codicil_ea_finish(s, &t.out, codicil_span_of(signature, len)), CODICIL_OK);
  expect(t.pair.client, &t.out, none, CODICIL_OK, "");
  codicil_ea_signing_free(s);
  codicil_credential_free(elsewhere);
  remote_clear(&t);
}

static void test_several_at_a_time_finish_in_any_order(void **state) {
  (void)state;
  remote t;
  remote_init(&t, "p256");
  codicil_ea_signing *s[3];
  for (uint8_t i = 0; i < 3; i++) {
    s[i] = begin(&t, context_of(i + 1));
  }
  // In between, another one is made at once, and one is verified.
  assert_int_equal(
      codicil_ea_authenticate(t.pair.server, &t.out, t.identity.credential, none, context_of(9)),
      CODICIL_OK);
  expect(t.pair.client, &t.out, none, CODICIL_OK, "");
  static const size_t order[] = {1, 0, 2};
  for (size_t i = 0; i < 3; i++) {
    sign(&t, s[order[i]]);
    assert_int_equal(finish(&t, s[order[i]]), CODICIL_OK);
    expect(t.pair.client, &t.out, none, CODICIL_OK, "");
    codicil_ea_signing_free(s[order[i]]);
  }
  remote_clear(&t);
}

static void test_a_context_is_spoken_for_from_begin_on(void **state) {
  (void)state;
  remote t;
  remote_init(&t, "p256");
  codicil_ea_signing *s = begin(&t, context_of(1));
  codicil_ea_signing *second = NULL;
  assert_int_equal(
      codicil_ea_begin(t.pair.server, &second, t.identity.credential, none, context_of(1)),
      CODICIL_USAGE);
  assert_null(second);
  sign(&t, s);
  assert_int_equal(finish(&t, s), CODICIL_OK);
  codicil_ea_signing_free(s);
  assert_int_equal(
      codicil_ea_begin(t.pair.server, &second, t.identity.credential, none, context_of(1)),
      CODICIL_USAGE);
  remote_clear(&t);
}

// The remote signer failed: the request can still be declined.
static void test_a_signing_that_is_given_up_gives_its_context_back(void **state) {
  (void)state;
  remote t;
  remote_init(&t, "p256");
  ask(t.pair.client, &t.request, context_of(1));
  codicil_ea_signing *s = NULL;
  codicil_span request = codicil_buf_span(&t.request);
  assert_int_equal(codicil_ea_begin(t.pair.server, &s, t.identity.credential, request, none),
                   CODICIL_OK);
  assert_int_equal(codicil_ea_decline(t.pair.server, &t.out, request), CODICIL_USAGE);
  codicil_ea_signing_free(s);
  assert_int_equal(codicil_ea_decline(t.pair.server, &t.out, request), CODICIL_OK);
  expect(t.pair.client, &t.out, request, CODICIL_DECLINED, "peer declined to authenticate");
  remote_clear(&t);
}

static void test_a_signing_finishes_once(void **state) {
  (void)state;
  remote t;
  remote_init(&t, "p256");
  codicil_ea_signing *s = begin(&t, context_of(1));
  sign(&t, s);
  assert_int_equal(finish(&t, s), CODICIL_OK);
  assert_int_equal(finish(&t, s), CODICIL_USAGE);
  assert_int_equal(t.out.len, 0);
  codicil_ea_signing_free(s);
  remote_clear(&t);
}

static void test_a_signing_that_outlives_its_connection_can_only_be_freed(void **state) {
  (void)state;
  remote t;
  remote_init(&t, "p256");
  codicil_ea_signing *s[3];
  for (uint8_t i = 0; i < 3; i++) {
    s[i] = begin(&t, context_of(i + 1));
  }
  codicil_ea_signing_free(s[1]);
  codicil_ea_free(t.pair.server);
  t.pair.server = NULL;
  sign(&t, s[0]);
  assert_int_equal(finish(&t, s[0]), CODICIL_USAGE);
  codicil_ea_signing_free(s[0]);
  codicil_ea_signing_free(s[2]);
  remote_clear(&t);
}

static void test_a_signing_keeps_its_credential(void **state) {
  (void)state;
  remote t;
  remote_init(&t, "p256");
  codicil_ea_signing *s = begin(&t, context_of(1));
  codicil_credential_free(t.identity.credential);
  t.identity.credential = NULL;
  sign(&t, s);
  assert_int_equal(finish(&t, s), CODICIL_OK);
  expect(t.pair.client, &t.out, none, CODICIL_OK, "");
  codicil_ea_signing_free(s);
  remote_clear(&t);
}

static void test_a_signature_that_cannot_be_one_is_bad_input(void **state) {
  (void)state;
  static uint8_t octets[70000];
  remote t;
  remote_init(&t, "p256");
  codicil_ea_signing *s = begin(&t, context_of(1));
  assert_int_equal(codicil_ea_finish(s, &t.out, none), CODICIL_BAD_INPUT);
  assert_int_equal(codicil_ea_finish(s, &t.out, codicil_span_of(octets, sizeof octets)),
                   CODICIL_BAD_INPUT);
  assert_int_equal(t.out.len, 0);
  // It may be tried again.
  sign(&t, s);
  assert_int_equal(finish(&t, s), CODICIL_OK);
  codicil_ea_signing_free(s);
  remote_clear(&t);
}

// The first try finds no room; the second makes the same authenticator as if there had been none.
static void test_finish_that_found_no_room_may_be_tried_again(void **state) {
  (void)state;
  remote t;
  remote_init(&t, "p256");
  codicil_ea_signing *s = begin(&t, context_of(1));
  codicil_buf small;
  codicil_buf_init(&small, NULL, 100);
  sign(&t, s);
  assert_int_equal(codicil_ea_finish(s, &small, codicil_buf_span(&t.signature)), CODICIL_LIMIT);
  assert_int_equal(small.len, 0);
  assert_int_equal(finish(&t, s), CODICIL_OK);
  expect(t.pair.client, &t.out, none, CODICIL_OK, "");
  codicil_ea_signing_free(s);
  codicil_buf_clear(&small);
  remote_clear(&t);
}

static void test_a_wrong_signature_is_for_the_peer_to_find(void **state) {
  (void)state;
  remote t;
  remote_init(&t, "p256");
  codicil_ea_signing *s = begin(&t, context_of(1));
  sign(&t, s);
  t.signature.data[t.signature.len - 1] ^= 1;
  assert_int_equal(finish(&t, s), CODICIL_OK);
  expect(t.pair.client, &t.out, none, CODICIL_AUTH, "signature is wrong");
  codicil_ea_signing_free(s);
  assert_int_equal(ERR_peek_error(), 0);
  remote_clear(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_begin_sign_finish_makes_what_authenticate_makes),
      cmocka_unit_test(test_what_is_to_be_signed_is_laid_out_as_the_rfc_says),
      cmocka_unit_test(test_a_key_elsewhere_signs_through_begin_and_finish_only),
      cmocka_unit_test(test_several_at_a_time_finish_in_any_order),
      cmocka_unit_test(test_a_context_is_spoken_for_from_begin_on),
      cmocka_unit_test(test_a_signing_that_is_given_up_gives_its_context_back),
      cmocka_unit_test(test_a_signing_finishes_once),
      cmocka_unit_test(test_a_signing_that_outlives_its_connection_can_only_be_freed),
      cmocka_unit_test(test_a_signing_keeps_its_credential),
      cmocka_unit_test(test_a_signature_that_cannot_be_one_is_bad_input),
      cmocka_unit_test(test_finish_that_found_no_room_may_be_tried_again),
      cmocka_unit_test(test_a_wrong_signature_is_for_the_peer_to_find),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
