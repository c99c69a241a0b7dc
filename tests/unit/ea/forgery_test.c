// The construction, against a second implementation of it: what it makes right is accepted, and
// each thing that implementations got wrong is refused, by Finished or by the signature.
#include <string.h>

#include "cmocka_test.h"
#include "ea_fixture.h"
#include "span.h"

static const codicil_span none = {NULL, 0};

typedef struct forged {
  ea_pair pair;
  ea_identity identity;
  codicil_buf list, request, out;
  forgery f;
  codicil_ea *verifier;
} forged;

// A forgery that is right, in answer to a request of the other side, or spontaneous.
static void forged_init(forged *t, codicil_hash hash, bool from_server, bool asked) {
  pair_init(&t->pair, hash);
  identity_init(&t->identity, "p256");
  t->list = entry_of(t->identity.leaf, none);
  t->request = new_buf();
  t->out = new_buf();
  t->verifier = from_server ? t->pair.client : t->pair.server;
  if (asked) {
    ask(t->verifier, &t->request, context_of(9));
  }
  t->f = forgery_of(&t->pair, hash, from_server);
  t->f.request = codicil_buf_span(&t->request);
  t->f.context = context_of(9);
  t->f.list = codicil_buf_span(&t->list);
  t->f.scheme = 0x0403;
  t->f.key = t->identity.leaf->key;
}

static void forged_clear(forged *t) {
  codicil_buf_clear(&t->out);
  codicil_buf_clear(&t->request);
  codicil_buf_clear(&t->list);
  identity_clear(&t->identity);
  pair_clear(&t->pair);
}

static void expect_forged(forged *t, codicil_err err, const char *what) {
  codicil_buf_reset(&t->out);
  forge(&t->out, &t->f);
  expect(t->verifier, &t->out, t->f.request, err, what);
}

// RFC 9261 §5.2: both roles, both hashes, asked and not.
static void test_another_hands_authenticators_are_accepted(void **state) {
  (void)state;
  for (int i = 0; i < 8; i++) {
    bool from_server = (i & 1) != 0;
    bool asked = (i & 2) != 0;
    if (!from_server && !asked) {
      continue;
    }
    forged t;
    forged_init(&t, (i & 4) != 0 ? CODICIL_HASH_SHA384 : CODICIL_HASH_SHA256, from_server, asked);
    expect_forged(&t, CODICIL_OK, "");
    forged_clear(&t);
  }
}

// RFC 9261 §6.
static void test_another_hands_refusal_is_understood(void **state) {
  (void)state;
  for (int i = 0; i < 4; i++) {
    forged t;
    forged_init(&t, (i & 2) != 0 ? CODICIL_HASH_SHA384 : CODICIL_HASH_SHA256, (i & 1) != 0, true);
    t.f.empty = true;
    expect_forged(&t, CODICIL_DECLINED, "peer declined to authenticate");
    forged_clear(&t);
  }
}

// Our own octets, those of the signature apart, are the other hand's: Ed25519 signs the same way
// each time, so that all of them can be compared.
static void test_what_we_make_is_octet_for_octet_what_another_hand_makes(void **state) {
  (void)state;
  for (int i = 0; i < 6; i++) {
    bool from_server = (i & 1) == 0;
    bool asked = i >= 2;
    codicil_hash hash = i >= 4 ? CODICIL_HASH_SHA384 : CODICIL_HASH_SHA256;
    forged t;
    if (!from_server && !asked) {
      continue;
    }
    forged_init(&t, hash, from_server, asked);
    ea_identity ed;
    identity_init(&ed, "ed25519");
    codicil_buf_clear(&t.list);
    t.list = entry_of(ed.leaf, none);
    forge_entry(&t.list, pki_der(ed.root), none);
    t.f.list = codicil_buf_span(&t.list);
    t.f.key = ed.leaf->key;
    t.f.scheme = 0x0807;
    codicil_buf other = new_buf();
    forge(&other, &t.f);
    assert_int_equal(codicil_ea_authenticate(from_server ? t.pair.server : t.pair.client, &t.out,
                                             ed.credential, t.f.request,
                                             asked ? none : t.f.context),
                     CODICIL_OK);
    assert_true(codicil_span_equal(codicil_buf_span(&t.out), codicil_buf_span(&other)));
    codicil_buf_clear(&other);
    identity_clear(&ed);
    forged_clear(&t);
  }
}

static void test_our_refusal_is_octet_for_octet_another_hands(void **state) {
  (void)state;
  forged t;
  forged_init(&t, CODICIL_HASH_SHA384, true, true);
  t.f.empty = true;
  codicil_buf other = new_buf();
  forge(&other, &t.f);
  assert_int_equal(codicil_ea_decline(t.pair.server, &t.out, t.f.request), CODICIL_OK);
  assert_true(codicil_span_equal(codicil_buf_span(&t.out), codicil_buf_span(&other)));
  codicil_buf_clear(&other);
  forged_clear(&t);
}

// Seen in two libraries: the request hashed without its handshake header (§4).
static void test_a_request_hashed_without_its_header_is_refused(void **state) {
  (void)state;
  forged t;
  forged_init(&t, CODICIL_HASH_SHA256, true, true);
  t.f.request_without_header = true;
  expect_forged(&t, CODICIL_AUTH, "Finished is wrong");
  t.f.empty = true;
  expect_forged(&t, CODICIL_AUTH, "Finished is wrong");
  forged_clear(&t);
}

static void test_message_bodies_hashed_without_headers_are_refused(void **state) {
  (void)state;
  forged t;
  forged_init(&t, CODICIL_HASH_SHA256, true, false);
  t.f.bodies_only = true;
  expect_forged(&t, CODICIL_AUTH, "Finished is wrong");
  forged_clear(&t);
}

// RFC 9261 §5.2.3: the HMAC is over the hash of the concatenation.
static void test_an_hmac_over_the_raw_concatenation_is_refused(void **state) {
  (void)state;
  forged t;
  forged_init(&t, CODICIL_HASH_SHA256, true, false);
  t.f.hmac_of_raw = true;
  expect_forged(&t, CODICIL_AUTH, "Finished is wrong");
  forged_clear(&t);
}

// RFC 9261 §5.2.3: the Finished MAC Key is the exporter value itself.
static void test_a_finished_key_derived_once_more_is_refused(void **state) {
  (void)state;
  forged t;
  forged_init(&t, CODICIL_HASH_SHA384, true, false);
  t.f.derive_finished = true;
  expect_forged(&t, CODICIL_AUTH, "Finished is wrong");
  forged_clear(&t);
}

// RFC 9261 §5.2.2: "Exported Authenticator", without a NUL, and no other string.
static void test_another_signature_context_is_refused(void **state) {
  (void)state;
  static const char *const contexts[] = {"TLS 1.3, server CertificateVerify",
                                         "exported authenticator", ""};
  for (size_t i = 0; i < 3; i++) {
    forged t;
    forged_init(&t, CODICIL_HASH_SHA256, true, false);
    t.f.signature_context = contexts[i];
    expect_forged(&t, CODICIL_AUTH, "signature is wrong");
    forged_clear(&t);
  }
}

static void test_a_nul_in_the_signature_context_is_refused(void **state) {
  (void)state;
  forged t;
  forged_init(&t, CODICIL_HASH_SHA256, true, false);
  t.f.nul_in_context = true;
  expect_forged(&t, CODICIL_AUTH, "signature is wrong");
  forged_clear(&t);
}

// RFC 9261 §5.1: the hash is the connection's. A P-256 signature over a SHA-384 transcript is the
// usual case, and one over a SHA-256 transcript is wrong there.
static void test_a_transcript_hash_fixed_at_sha256_is_refused(void **state) {
  (void)state;
  forged t;
  forged_init(&t, CODICIL_HASH_SHA384, true, false);
  t.f.sign_sha256_transcript = true;
  expect_forged(&t, CODICIL_AUTH, "signature is wrong");
  t.f.sign_sha256_transcript = false;
  expect_forged(&t, CODICIL_OK, "");
  forged_clear(&t);
}

// RFC 9261 §5.1: client and server are the sender of the authenticator, not of the request.
static void test_labels_from_the_requesters_role_are_refused(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    forged t;
    forged_init(&t, CODICIL_HASH_SHA256, i == 0, true);
    forgery wrong = forgery_of(&t.pair, CODICIL_HASH_SHA256, i != 0);
    t.f.handshake_context = wrong.handshake_context;
    t.f.finished_key = wrong.finished_key;
    expect_forged(&t, CODICIL_AUTH, "Finished is wrong");
    forged_clear(&t);
  }
}

// RFC 9261 §5.2.2: behind a TLS-terminating middlebox nothing verifies.
static void test_an_authenticator_of_another_connection_is_refused(void **state) {
  (void)state;
  forged t;
  forged_init(&t, CODICIL_HASH_SHA256, true, false);
  ea_pair other = {.exporter = {.seed = "another connection"}};
  t.f = forgery_of(&other, CODICIL_HASH_SHA256, true);
  t.f.context = context_of(9);
  t.f.list = codicil_buf_span(&t.list);
  t.f.scheme = 0x0403;
  t.f.key = t.identity.leaf->key;
  expect_forged(&t, CODICIL_AUTH, "Finished is wrong");
  forged_clear(&t);
}

static void test_a_signature_by_another_key_is_refused(void **state) {
  (void)state;
  forged t;
  forged_init(&t, CODICIL_HASH_SHA256, true, false);
  t.f.key = t.identity.root->key;
  expect_forged(&t, CODICIL_AUTH, "signature is wrong");
  forged_clear(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_another_hands_authenticators_are_accepted),
      cmocka_unit_test(test_another_hands_refusal_is_understood),
      cmocka_unit_test(test_what_we_make_is_octet_for_octet_what_another_hand_makes),
      cmocka_unit_test(test_our_refusal_is_octet_for_octet_another_hands),
      cmocka_unit_test(test_a_request_hashed_without_its_header_is_refused),
      cmocka_unit_test(test_message_bodies_hashed_without_headers_are_refused),
      cmocka_unit_test(test_an_hmac_over_the_raw_concatenation_is_refused),
      cmocka_unit_test(test_a_finished_key_derived_once_more_is_refused),
      cmocka_unit_test(test_another_signature_context_is_refused),
      cmocka_unit_test(test_a_nul_in_the_signature_context_is_refused),
      cmocka_unit_test(test_a_transcript_hash_fixed_at_sha256_is_refused),
      cmocka_unit_test(test_labels_from_the_requesters_role_are_refused),
      cmocka_unit_test(test_an_authenticator_of_another_connection_is_refused),
      cmocka_unit_test(test_a_signature_by_another_key_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
