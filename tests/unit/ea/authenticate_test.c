// What codicil_ea_authenticate and codicil_ea_decline make, choose and refuse.
#include <string.h>

#include "cmocka_test.h"
#include "ea_fixture.h"
#include "span.h"

static const codicil_span none = {NULL, 0};

typedef struct prover {
  ea_pair pair;
  ea_identity identity;
  codicil_buf request, out;
} prover;

static void prover_init(prover *t, const char *alg) {
  pair_init(&t->pair, CODICIL_HASH_SHA256);
  identity_init(&t->identity, alg);
  t->request = new_buf();
  t->out = new_buf();
}

static void prover_clear(prover *t) {
  codicil_buf_clear(&t->out);
  codicil_buf_clear(&t->request);
  identity_clear(&t->identity);
  pair_clear(&t->pair);
}

static codicil_err speak(prover *t, codicil_span context) {
  return codicil_ea_authenticate(t->pair.server, &t->out, t->identity.credential, none, context);
}

static codicil_err answer(prover *t, codicil_ea *ea) {
  return codicil_ea_authenticate(ea, &t->out, t->identity.credential, codicil_buf_span(&t->request),
                                 none);
}

// Gives both ends what another ClientHello offered.
static void use_hello(prover *t, codicil_span schemes, codicil_span cert_schemes,
                      codicil_span extensions) {
  for (int i = 0; i < 2; i++) {
    codicil_ea **ea = i == 0 ? &t->pair.client : &t->pair.server;
    codicil_tls tls = fake_tls(&t->pair.exporter, CODICIL_HASH_SHA256, i == 1);
    tls.client_schemes = schemes;
    tls.client_cert_schemes = cert_schemes;
    tls.client_extensions = extensions;
    codicil_ea_free(*ea);
    assert_int_equal(codicil_ea_new(ea, NULL, &tls), CODICIL_OK);
  }
}

// Verifies what was made and says which scheme it used.
static uint16_t scheme_used(prover *t, codicil_ea *verifier) {
  codicil_ea_proof *proof = NULL;
  assert_int_equal(codicil_ea_verify(verifier, &proof, NULL, codicil_buf_span(&t->out),
                                     codicil_buf_span(&t->request)),
                   CODICIL_OK);
  uint16_t scheme = codicil_ea_proof_scheme(proof);
  codicil_ea_proof_free(proof);
  return scheme;
}

// ---- roles ------------------------------------------------------------------------------------

// RFC 9261 §5: clients MUST NOT send an authenticator without a preceding request.
static void test_a_client_does_not_authenticate_unasked(void **state) {
  (void)state;
  prover t;
  prover_init(&t, "p256");
  assert_int_equal(
      codicil_ea_authenticate(t.pair.client, &t.out, t.identity.credential, none, context_of(1)),
      CODICIL_USAGE);
  assert_int_equal(t.out.len, 0);
  prover_clear(&t);
}

static void test_a_request_of_ones_own_kind_is_not_answered(void **state) {
  (void)state;
  prover t;
  prover_init(&t, "p256");
  ask(t.pair.server, &t.request, context_of(1));
  assert_int_equal(answer(&t, t.pair.server), CODICIL_MALFORMED);
  assert_int_equal(codicil_ea_decline(t.pair.server, &t.out, codicil_buf_span(&t.request)),
                   CODICIL_MALFORMED);
  assert_int_equal(t.out.len, 0);
  prover_clear(&t);
}

static void test_a_request_that_does_not_parse_is_neither_answered_nor_declined(void **state) {
  (void)state;
  prover t;
  prover_init(&t, "p256");
  put(&t.request, codicil_span_of("\21\0\0\0", 4));
  assert_int_equal(answer(&t, t.pair.server), CODICIL_MALFORMED);
  assert_int_equal(codicil_ea_decline(t.pair.server, &t.out, codicil_buf_span(&t.request)),
                   CODICIL_MALFORMED);
  assert_int_equal(codicil_ea_decline(t.pair.server, &t.out, none), CODICIL_USAGE);
  prover_clear(&t);
}

// RFC 9261 §5.2.1: the context is the request's; there is none to choose.
static void test_a_context_beside_a_request_is_refused(void **state) {
  (void)state;
  prover t;
  prover_init(&t, "p256");
  ask(t.pair.client, &t.request, context_of(1));
  assert_int_equal(codicil_ea_authenticate(t.pair.server, &t.out, t.identity.credential,
                                           codicil_buf_span(&t.request), context_of(1)),
                   CODICIL_USAGE);
  prover_clear(&t);
}

// ---- contexts ---------------------------------------------------------------------------------

// RFC 9261 §5.2.1: unpredictable, hence not nothing.
static void test_an_empty_context_is_not_used_unasked(void **state) {
  (void)state;
  prover t;
  prover_init(&t, "p256");
  uint8_t octets[256] = {7};
  assert_int_equal(speak(&t, none), CODICIL_USAGE);
  assert_int_equal(speak(&t, codicil_span_of(octets, 256)), CODICIL_USAGE);
  assert_int_equal(t.out.len, 0);
  assert_int_equal(speak(&t, codicil_span_of(octets, 255)), CODICIL_OK);
  prover_clear(&t);
}

// RFC 9261 §5.2: no authenticator should be constructed.
static void test_a_context_makes_one_authenticator(void **state) {
  (void)state;
  prover t;
  prover_init(&t, "p256");
  assert_int_equal(speak(&t, context_of(1)), CODICIL_OK);
  size_t len = t.out.len;
  assert_int_equal(speak(&t, context_of(1)), CODICIL_USAGE);
  assert_int_equal(t.out.len, len);
  prover_clear(&t);
}

static void test_a_request_is_answered_or_declined_once(void **state) {
  (void)state;
  for (int i = 0; i < 4; i++) {
    prover t;
    prover_init(&t, "p256");
    ask(t.pair.client, &t.request, context_of(1));
    codicil_span request = codicil_buf_span(&t.request);
    for (int turn = 0; turn < 2; turn++) {
      bool decline = (i >> turn & 1) != 0;
      codicil_err err =
          decline ? codicil_ea_decline(t.pair.server, &t.out, request) : answer(&t, t.pair.server);
      assert_int_equal(err, turn == 0 ? CODICIL_OK : CODICIL_USAGE);
    }
    prover_clear(&t);
  }
}

// RFC 9261 §4: unique across both request types and both directions.
static void test_a_context_asked_with_is_not_asked_with_again(void **state) {
  (void)state;
  prover t;
  prover_init(&t, "p256");
  ask(t.pair.client, &t.request, context_of(1));
  codicil_ea_request_params params = {
      .context = context_of(1), .schemes = (const uint16_t[]){0x0403}, .num_schemes = 1};
  assert_int_equal(codicil_ea_request(t.pair.client, &t.out, &params), CODICIL_USAGE);
  assert_int_equal(t.out.len, 0);
  prover_clear(&t);
}

static void test_a_context_asked_with_does_not_answer_the_peers_request(void **state) {
  (void)state;
  prover t;
  prover_init(&t, "p256");
  ask(t.pair.client, &t.out, context_of(1));
  codicil_buf_reset(&t.out);
  ask(t.pair.server, &t.request, context_of(1)); // the server does not keep the rule
  assert_int_equal(answer(&t, t.pair.client), CODICIL_USAGE);
  assert_int_equal(codicil_ea_decline(t.pair.client, &t.out, codicil_buf_span(&t.request)),
                   CODICIL_USAGE);
  prover_clear(&t);
}

static void test_a_context_made_or_verified_with_is_not_asked_with(void **state) {
  (void)state;
  prover t;
  prover_init(&t, "p256");
  assert_int_equal(speak(&t, context_of(1)), CODICIL_OK);
  expect(t.pair.client, &t.out, none, CODICIL_OK, "");
  codicil_ea_request_params params = {
      .context = context_of(1), .schemes = (const uint16_t[]){0x0403}, .num_schemes = 1};
  assert_int_equal(codicil_ea_request(t.pair.server, &t.request, &params), CODICIL_USAGE);
  assert_int_equal(codicil_ea_request(t.pair.client, &t.request, &params), CODICIL_USAGE);
  prover_clear(&t);
}

static void test_a_context_verified_in_one_direction_makes_none_in_the_other(void **state) {
  (void)state;
  prover t;
  prover_init(&t, "p256");
  ask(t.pair.server, &t.request, context_of(1));
  assert_int_equal(answer(&t, t.pair.client), CODICIL_OK);
  expect(t.pair.server, &t.out, codicil_buf_span(&t.request), CODICIL_OK, "");
  assert_int_equal(speak(&t, context_of(1)), CODICIL_USAGE);
  prover_clear(&t);
}

static void test_many_contexts_are_told_apart(void **state) {
  (void)state;
  prover t;
  prover_init(&t, "ed25519");
  for (int turn = 0; turn < 2; turn++) {
    for (uint32_t i = 0; i < 300; i++) {
      uint8_t octets[5] = {(uint8_t)(i >> 8), (uint8_t)i, 1, 2, 3};
      codicil_buf_reset(&t.out);
      assert_int_equal(speak(&t, codicil_span_of(octets, 2 + i % 4)),
                       turn == 0 ? CODICIL_OK : CODICIL_USAGE);
    }
  }
  prover_clear(&t);
}

// What one connection remembers has an end, and then nothing is made rather than made twice.
static void test_a_connection_that_remembers_too_many_contexts_makes_no_more(void **state) {
  (void)state;
  prover t;
  prover_init(&t, "ed25519");
  uint8_t octets[255] = {0};
  codicil_err err = CODICIL_OK;
  size_t num = 0;
  for (; err == CODICIL_OK && num < 1000; num++) {
    octets[0] = (uint8_t)(num >> 8);
    octets[1] = (uint8_t)num;
    codicil_buf_reset(&t.out);
    err = speak(&t, codicil_span_of(octets, sizeof octets));
  }
  assert_int_equal(err, CODICIL_LIMIT);
  assert_int_equal(num, 65535 / 255 + 1);
  assert_int_equal(t.out.len, 0);
  prover_clear(&t);
}

// ---- schemes ----------------------------------------------------------------------------------

// RFC 9261 §5.2.2: from the ClientHello where nothing was asked, in its order.
static void test_unasked_the_scheme_is_the_first_of_the_client_hello(void **state) {
  (void)state;
  prover t;
  prover_init(&t, "rsa2048");
  use_hello(&t, codicil_span_of("\4\3\10\6\10\4\4\1", 8), none, all_extensions());
  assert_int_equal(speak(&t, context_of(1)), CODICIL_OK);
  assert_int_equal(scheme_used(&t, t.pair.client), 0x0806);
  prover_clear(&t);
}

// RFC 9261 §5.2.2: from the request, whatever the ClientHello offered.
static void test_asked_the_scheme_is_the_first_of_the_request(void **state) {
  (void)state;
  static const uint16_t schemes[] = {0x0403, 0x0805, 0x0804, 0x0401};
  prover t;
  prover_init(&t, "rsa2048");
  ask_for(t.pair.client, &t.request, context_of(1), schemes, 4);
  assert_int_equal(answer(&t, t.pair.server), CODICIL_OK);
  assert_int_equal(scheme_used(&t, t.pair.client), 0x0805);
  prover_clear(&t);
}

// Seen elsewhere: falling back on one's own list. RFC 9261 §5.2.2: no authenticator.
static void test_without_a_scheme_in_common_none_is_made_and_a_request_is_declined(void **state) {
  (void)state;
  static const uint16_t schemes[] = {0x0804, 0x0503, 0x0203};
  prover t;
  prover_init(&t, "p256");
  use_hello(&t, codicil_span_of("\10\4\5\3", 4), none, all_extensions());
  assert_int_equal(speak(&t, context_of(1)), CODICIL_NO_SCHEME);
  ask_for(t.pair.client, &t.request, context_of(2), schemes, 3);
  assert_int_equal(answer(&t, t.pair.server), CODICIL_NO_SCHEME);
  assert_int_equal(t.out.len, 0);
  assert_int_equal(codicil_ea_decline(t.pair.server, &t.out, codicil_buf_span(&t.request)),
                   CODICIL_OK);
  expect(t.pair.client, &t.out, codicil_buf_span(&t.request), CODICIL_DECLINED,
         "peer declined to authenticate");
  prover_clear(&t);
}

static void test_schemes_that_tls_1_3_forbids_are_never_chosen(void **state) {
  (void)state;
  prover t;
  prover_init(&t, "rsa2048");
  use_hello(&t, codicil_span_of("\4\1\5\1\6\1\2\1\2\3", 10), none, all_extensions());
  assert_int_equal(speak(&t, context_of(1)), CODICIL_NO_SCHEME);
  prover_clear(&t);
}

static void test_a_client_hello_without_signature_algorithms_allows_nothing(void **state) {
  (void)state;
  prover t;
  prover_init(&t, "p256");
  use_hello(&t, none, none, all_extensions());
  assert_int_equal(speak(&t, context_of(1)), CODICIL_NO_SCHEME);
  prover_clear(&t);
}

// RFC 8017 §9.1.1: 1,024 bits do not hold a SHA-512 digest and a salt as long.
static void test_a_short_rsa_key_passes_over_schemes_that_do_not_fit(void **state) {
  (void)state;
  prover t;
  prover_init(&t, "rsa1024");
  use_hello(&t, codicil_span_of("\10\6\10\5\4\1", 6), none, all_extensions());
  assert_int_equal(speak(&t, context_of(1)), CODICIL_OK);
  assert_int_equal(scheme_used(&t, t.pair.client), 0x0805);
  prover_clear(&t);
}

// ---- the chain --------------------------------------------------------------------------------

// RFC 9261 §5.2.1: the entries MUST be valid for signature_algorithms_cert, or without it for
// signature_algorithms.
static void test_a_chain_signed_with_what_the_peer_does_not_take_is_not_sent(void **state) {
  (void)state;
  prover t;
  prover_init(&t, "rsa2048"); // signed with rsa_pkcs1_sha256
  codicil_span schemes = codicil_span_of("\10\4", 2);
  use_hello(&t, schemes, none, all_extensions());
  assert_int_equal(speak(&t, context_of(1)), CODICIL_NO_SCHEME);
  use_hello(&t, schemes, codicil_span_of("\5\1\4\3", 4), all_extensions());
  assert_int_equal(speak(&t, context_of(1)), CODICIL_NO_SCHEME);
  use_hello(&t, schemes, codicil_span_of("\5\1\4\1", 4), all_extensions());
  assert_int_equal(speak(&t, context_of(1)), CODICIL_OK);
  assert_int_equal(scheme_used(&t, t.pair.client), 0x0804);
  prover_clear(&t);
}

// signature_algorithms_cert speaks of certificates only: what it leaves out may still sign.
static void test_signature_algorithms_cert_does_not_restrict_certificate_verify(void **state) {
  (void)state;
  prover t;
  prover_init(&t, "rsa2048");
  codicil_ea_request_params params = {.context = context_of(1),
                                      .schemes = (const uint16_t[]){0x0804},
                                      .num_schemes = 1,
                                      .cert_schemes = (const uint16_t[]){0x0401},
                                      .num_cert_schemes = 1};
  assert_int_equal(codicil_ea_request(t.pair.client, &t.request, &params), CODICIL_OK);
  assert_int_equal(answer(&t, t.pair.server), CODICIL_OK);
  assert_int_equal(scheme_used(&t, t.pair.client), 0x0804);
  prover_clear(&t);
}

// RFC 8446 §4.4.2.2: self-signed certificates are not validated as part of the chain.
static void test_the_signature_of_a_self_signed_certificate_does_not_matter(void **state) {
  (void)state;
  prover t;
  prover_init(&t, "p256");
  pki_spec root = {.common_name = "sha1 root", .alg = "rsa2048", .digest = "sha1", .is_ca = true};
  pki_cert *old_root = pki_make(NULL, &root);
  pki_spec leaf = {.common_name = "leaf", .alt_names = "DNS:second.example", .digest = "sha256"};
  pki_cert *cert = pki_make(old_root, &leaf);
  char *pem = pki_chain_pem(cert, old_root);
  codicil_credential *credential = NULL;
  assert_int_equal(
      codicil_credential_new(&credential, NULL, NULL, codicil_span_str(pem), pki_key_pem(cert)),
      CODICIL_OK);
  use_hello(&t, codicil_span_of("\4\3\4\1", 4), none, all_extensions());
  assert_int_equal(codicil_ea_authenticate(t.pair.server, &t.out, credential, none, context_of(1)),
                   CODICIL_OK);
  codicil_credential_free(credential);
  free(pem);
  pki_free(cert);
  pki_free(old_root);
  prover_clear(&t);
}

// ---- staples ----------------------------------------------------------------------------------

static void add_staples(prover *t) {
  codicil_credential *c = t->identity.credential;
  pki_bytes scts = pki_scts(2);
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(codicil_credential_set_ocsp(c, i, codicil_span_str("an OCSP response")),
                     CODICIL_OK);
    assert_int_equal(codicil_credential_set_scts(c, i, codicil_span_of(scts.data, scts.len)),
                     CODICIL_OK);
  }
  free(scts.data);
}

static void expect_staples(prover *t, bool ocsp, bool scts) {
  codicil_ea_proof *proof = NULL;
  assert_int_equal(codicil_ea_verify(t->pair.client, &proof, NULL, codicil_buf_span(&t->out),
                                     codicil_buf_span(&t->request)),
                   CODICIL_OK);
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(codicil_ea_proof_ocsp(proof, i).len, ocsp ? strlen("an OCSP response") : 0);
    assert_int_equal(codicil_ea_proof_scts(proof, i).len != 0, scts);
  }
  codicil_ea_proof_free(proof);
}

// RFC 9261 §5.2.1: unasked, only extensions that the ClientHello had.
static void test_unasked_staples_are_sent_where_the_client_hello_had_their_types(void **state) {
  (void)state;
  for (int i = 0; i < 4; i++) {
    uint8_t types[] = {0, 13, 0, (i & 1) != 0 ? 5 : 10, 0, (i & 2) != 0 ? 18 : 16};
    prover t;
    prover_init(&t, "p256");
    add_staples(&t);
    use_hello(&t, all_schemes(), none, codicil_span_of(types, sizeof types));
    assert_int_equal(speak(&t, context_of(1)), CODICIL_OK);
    expect_staples(&t, (i & 1) != 0, (i & 2) != 0);
    prover_clear(&t);
  }
}

// RFC 9261 §5.2.1: asked, only extensions that the request had, whatever the ClientHello had.
static void test_asked_staples_are_sent_where_the_request_had_their_types(void **state) {
  (void)state;
  for (int i = 0; i < 4; i++) {
    prover t;
    prover_init(&t, "p256");
    add_staples(&t);
    codicil_ea_request_params params = {.context = context_of(1),
                                        .schemes = (const uint16_t[]){0x0403},
                                        .num_schemes = 1,
                                        .want_ocsp = (i & 1) != 0,
                                        .want_scts = (i & 2) != 0};
    assert_int_equal(codicil_ea_request(t.pair.client, &t.request, &params), CODICIL_OK);
    assert_int_equal(answer(&t, t.pair.server), CODICIL_OK);
    expect_staples(&t, (i & 1) != 0, (i & 2) != 0);
    prover_clear(&t);
  }
}

// ---- outputs ----------------------------------------------------------------------------------

static void test_an_authenticator_is_appended_and_never_half(void **state) {
  (void)state;
  prover t;
  prover_init(&t, "p256");
  codicil_buf small;
  codicil_buf_init(&small, NULL, 100);
  put(&small, codicil_span_str("before"));
  assert_int_equal(
      codicil_ea_authenticate(t.pair.server, &small, t.identity.credential, none, context_of(1)),
      CODICIL_LIMIT);
  assert_int_equal(small.len, 6);
  ask(t.pair.client, &t.request, context_of(2));
  codicil_buf_clear(&small);
  codicil_buf_init(&small, NULL, 6 + 35);
  put(&small, codicil_span_str("before"));
  assert_int_equal(codicil_ea_decline(t.pair.server, &small, codicil_buf_span(&t.request)),
                   CODICIL_LIMIT);
  assert_int_equal(small.len, 6);
  codicil_buf_reset(&small);
  small.max = 36;
  assert_int_equal(codicil_ea_decline(t.pair.server, &small, codicil_buf_span(&t.request)),
                   CODICIL_OK);
  // Nothing was made, so the context is still there to be used.
  put(&t.out, codicil_span_str("before"));
  assert_int_equal(speak(&t, context_of(1)), CODICIL_OK);
  assert_memory_equal(t.out.data, "before\13", 7);
  codicil_buf_clear(&small);
  prover_clear(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_client_does_not_authenticate_unasked),
      cmocka_unit_test(test_a_request_of_ones_own_kind_is_not_answered),
      cmocka_unit_test(test_a_request_that_does_not_parse_is_neither_answered_nor_declined),
      cmocka_unit_test(test_a_context_beside_a_request_is_refused),
      cmocka_unit_test(test_an_empty_context_is_not_used_unasked),
      cmocka_unit_test(test_a_context_makes_one_authenticator),
      cmocka_unit_test(test_a_request_is_answered_or_declined_once),
      cmocka_unit_test(test_a_context_asked_with_is_not_asked_with_again),
      cmocka_unit_test(test_a_context_asked_with_does_not_answer_the_peers_request),
      cmocka_unit_test(test_a_context_made_or_verified_with_is_not_asked_with),
      cmocka_unit_test(test_a_context_verified_in_one_direction_makes_none_in_the_other),
      cmocka_unit_test(test_many_contexts_are_told_apart),
      cmocka_unit_test(test_a_connection_that_remembers_too_many_contexts_makes_no_more),
      cmocka_unit_test(test_unasked_the_scheme_is_the_first_of_the_client_hello),
      cmocka_unit_test(test_asked_the_scheme_is_the_first_of_the_request),
      cmocka_unit_test(test_without_a_scheme_in_common_none_is_made_and_a_request_is_declined),
      cmocka_unit_test(test_schemes_that_tls_1_3_forbids_are_never_chosen),
      cmocka_unit_test(test_a_client_hello_without_signature_algorithms_allows_nothing),
      cmocka_unit_test(test_a_short_rsa_key_passes_over_schemes_that_do_not_fit),
      cmocka_unit_test(test_a_chain_signed_with_what_the_peer_does_not_take_is_not_sent),
      cmocka_unit_test(test_signature_algorithms_cert_does_not_restrict_certificate_verify),
      cmocka_unit_test(test_the_signature_of_a_self_signed_certificate_does_not_matter),
      cmocka_unit_test(test_unasked_staples_are_sent_where_the_client_hello_had_their_types),
      cmocka_unit_test(test_asked_staples_are_sent_where_the_request_had_their_types),
      cmocka_unit_test(test_an_authenticator_is_appended_and_never_half),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
