// What codicil_ea_verify refuses, whose Finished and signature are right: structure, schemes,
// extensions, contexts, limits; and every bit of a good one flipped.
#include <string.h>

#include "cmocka_test.h"
#include "ea_fixture.h"
#include "fail_mem.h"
#include "span.h"

static const codicil_span none = {NULL, 0};

typedef struct trial {
  ea_pair pair;
  ea_identity identity;
  codicil_buf list, extensions, request, out;
  forgery f;
} trial;

// A right spontaneous authenticator of a P-256 server over SHA-256.
static void trial_init(trial *t, const char *alg, uint16_t scheme) {
  pair_init(&t->pair, CODICIL_HASH_SHA256);
  identity_init(&t->identity, alg);
  t->list = entry_of(t->identity.leaf, none);
  t->extensions = new_buf();
  t->request = new_buf();
  t->out = new_buf();
  t->f = forgery_of(&t->pair, CODICIL_HASH_SHA256, true);
  t->f.context = context_of(1);
  t->f.list = codicil_buf_span(&t->list);
  t->f.scheme = scheme;
  t->f.key = t->identity.leaf->key;
}

static void trial_clear(trial *t) {
  codicil_buf_clear(&t->out);
  codicil_buf_clear(&t->request);
  codicil_buf_clear(&t->extensions);
  codicil_buf_clear(&t->list);
  identity_clear(&t->identity);
  pair_clear(&t->pair);
}

static void remake(trial *t) {
  codicil_buf_reset(&t->out);
  forge(&t->out, &t->f);
}

static void expect_trial(trial *t, codicil_err err, const char *what) {
  remake(t);
  expect(t->pair.client, &t->out, t->f.request, err, what);
}

// Replaces the one entry by one with what `extensions` holds.
static void use_extensions(trial *t) {
  codicil_buf_clear(&t->list);
  t->list = entry_of(t->identity.leaf, codicil_buf_span(&t->extensions));
  t->f.list = codicil_buf_span(&t->list);
}

// Has the client ask for these schemes, with OCSP and SCTs, and the forger answer.
static void use_request(trial *t, const uint16_t *schemes, size_t num, codicil_span context) {
  ask_for(t->pair.client, &t->request, context, schemes, num);
  t->f.request = codicil_buf_span(&t->request);
  t->f.context = context;
}

// ---- structure --------------------------------------------------------------------------------

static void test_octets_after_finished_are_refused(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  remake(&t);
  put_number(&t.out, 0, 1);
  expect(t.pair.client, &t.out, none, CODICIL_MALFORMED, "octets after Finished");
  trial_clear(&t);
}

static void test_every_cut_is_refused_as_malformed(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "ed25519", 0x0807);
  remake(&t);
  for (size_t len = 0; len < t.out.len; len++) {
    assert_int_equal(check(t.pair.client, NULL, codicil_span_of(t.out.data, len), none),
                     CODICIL_MALFORMED);
  }
  expect(t.pair.client, &t.out, none, CODICIL_OK, "");
  trial_clear(&t);
}

// RFC 9261 §5.2.4: Finished and CertificateVerify both have to be right.
static void test_every_flipped_bit_is_refused(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "ed25519", 0x0807);
  remake(&t);
  for (size_t bit = 0; bit < t.out.len * 8; bit++) {
    t.out.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    codicil_err err = check(t.pair.client, NULL, codicil_buf_span(&t.out), none);
    if (err != CODICIL_AUTH && err != CODICIL_MALFORMED) {
      fail_msg("bit %zu: %s", bit, codicil_err_name(err));
    }
    t.out.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  // None of that has spent the context.
  expect(t.pair.client, &t.out, none, CODICIL_OK, "");
  trial_clear(&t);
}

static void test_messages_out_of_order_are_refused(void **state) {
  (void)state;
  static const uint8_t types[] = {0, 1, 2, 4, 8, 13, 15, 17, 20, 24, 254};
  trial t;
  trial_init(&t, "p256", 0x0403);
  remake(&t);
  for (size_t i = 0; i < sizeof types; i++) {
    t.out.data[0] = types[i];
    expect(t.pair.client, &t.out, none, CODICIL_MALFORMED, "Certificate does not parse");
  }
  trial_clear(&t);
}

// RFC 8446 §4.4.2.4; seen elsewhere: the first entry of an empty list read all the same.
static void test_an_empty_certificate_list_is_refused(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  t.f.list = none;
  expect_trial(&t, CODICIL_MALFORMED, "no certificate in the authenticator");
  trial_clear(&t);
}

static void test_an_empty_certificate_is_refused(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  codicil_buf_reset(&t.list);
  forge_entry(&t.list, none, none);
  t.f.list = codicil_buf_span(&t.list);
  expect_trial(&t, CODICIL_MALFORMED, "CertificateEntry does not parse");
  trial_clear(&t);
}

// A lone Finished answers nothing where nothing was asked.
static void test_a_lone_finished_without_a_request_is_malformed(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  t.f.empty = true;
  expect_trial(&t, CODICIL_MALFORMED, "Certificate does not parse");
  trial_clear(&t);
}

static void test_a_lone_finished_that_is_wrong_or_of_another_length_is_refused(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  use_request(&t, (const uint16_t[]){0x0403}, 1, context_of(2));
  t.f.empty = true;
  remake(&t);
  t.out.data[t.out.len - 1] ^= 1;
  expect(t.pair.client, &t.out, t.f.request, CODICIL_AUTH, "Finished is wrong");
  codicil_buf shorter = new_buf();
  put_message(&shorter, 20, codicil_span_of(t.out.data + 4, 31));
  expect(t.pair.client, &shorter, t.f.request, CODICIL_AUTH, "Finished is wrong");
  codicil_buf_reset(&shorter);
  put_message(&shorter, 20, none);
  expect(t.pair.client, &shorter, t.f.request, CODICIL_AUTH, "Finished is wrong");
  codicil_buf_clear(&shorter);
  trial_clear(&t);
}

static void test_octets_after_a_lone_finished_are_refused_and_the_request_stays_open(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  use_request(&t, (const uint16_t[]){0x0403}, 1, context_of(2));
  t.f.empty = true;
  remake(&t);
  codicil_buf longer = new_buf();
  put(&longer, codicil_buf_span(&t.out));
  put(&longer, codicil_span_of("", 1));
  expect(t.pair.client, &longer, t.f.request, CODICIL_MALFORMED, "Certificate does not parse");
  expect(t.pair.client, &t.out, t.f.request, CODICIL_DECLINED, "peer declined to authenticate");
  codicil_buf_clear(&longer);
  trial_clear(&t);
}

// RFC 9261 §5.2.1: only the X.509 certificate type is supported.
static void test_a_raw_public_key_is_refused(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  uint8_t *spki = NULL;
  int len = i2d_PUBKEY(t.identity.leaf->key, &spki);
  codicil_buf_reset(&t.list);
  forge_entry(&t.list, codicil_span_of(spki, (size_t)len), none);
  OPENSSL_free(spki);
  t.f.list = codicil_buf_span(&t.list);
  expect_trial(&t, CODICIL_AUTH, "no public key in the certificate");
  trial_clear(&t);
}

// ---- limits -----------------------------------------------------------------------------------

static void test_limits_are_kept_to_the_octet_and_to_the_certificate(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  codicil_buf_reset(&t.list);
  for (size_t i = 0; i < 3; i++) {
    forge_entry(&t.list, pki_der(t.identity.leaf), none);
  }
  t.f.list = codicil_buf_span(&t.list);
  remake(&t);
  codicil_ea_set_limits(t.pair.client, t.out.len - 1, 3);
  expect(t.pair.client, &t.out, none, CODICIL_LIMIT, "authenticator too long");
  codicil_ea_set_limits(t.pair.client, t.out.len, 2);
  expect(t.pair.client, &t.out, none, CODICIL_LIMIT, "too many certificates");
  codicil_ea_set_limits(t.pair.client, t.out.len, 3);
  expect(t.pair.client, &t.out, none, CODICIL_OK, "");
  trial_clear(&t);
}

// ---- schemes ----------------------------------------------------------------------------------

// RFC 9261 §5.2.2: no RSASSA-PKCS1-v1_5 and no legacy pairs, though the ClientHello offers them.
static void test_schemes_that_tls_1_3_forbids_are_refused_though_offered(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "rsa2048", 0x0401);
  t.f.pkcs1 = true;
  expect_trial(&t, CODICIL_AUTH, "signature scheme that TLS 1.3 does not allow");
  trial_clear(&t);
  trial_init(&t, "p256", 0x0203);
  expect_trial(&t, CODICIL_AUTH, "signature scheme that TLS 1.3 does not allow");
  trial_clear(&t);
}

static void test_an_rsa_signature_with_pkcs1_padding_or_another_salt_is_refused(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "rsa2048", 0x0804);
  t.f.pkcs1 = true;
  expect_trial(&t, CODICIL_AUTH, "signature is wrong");
  t.f.pkcs1 = false;
  t.f.salt_len = 20;
  expect_trial(&t, CODICIL_AUTH, "signature is wrong");
  t.f.salt_len = 0;
  expect_trial(&t, CODICIL_OK, "");
  trial_clear(&t);
}

// RFC 8446 §4.2.3: a curve belongs to its scheme, a digest to its scheme, rsae and pss to their
// kinds of keys.
static void test_a_scheme_that_is_not_for_the_key_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *alg;
    uint16_t scheme;
  } wrong[] = {{"p384", 0x0403},    {"p256", 0x0503},       {"p521", 0x0503},
               {"rsa2048", 0x0809}, {"rsapss2048", 0x0804}, {"ed25519", 0x0808},
               {"ed448", 0x0807},   {"p256", 0x0804},       {"rsa2048", 0x0403}};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    trial t;
    trial_init(&t, wrong[i].alg, wrong[i].scheme);
    bool hashes_itself = strncmp(wrong[i].alg, "ed", 2) == 0;
    t.f.digest = hashes_itself ? NULL : "SHA256";
    expect_trial(&t, CODICIL_AUTH, "signature scheme is not for the certificate's key");
    trial_clear(&t);
  }
}

static void test_a_digest_that_is_not_the_schemes_is_refused(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  t.f.digest = "SHA384";
  expect_trial(&t, CODICIL_AUTH, "signature is wrong");
  trial_clear(&t);
}

// RFC 9261 §5.2.2: spontaneous, from the ClientHello.
static void test_a_scheme_that_the_client_hello_did_not_offer_is_refused(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  codicil_tls tls = fake_tls(&t.pair.exporter, CODICIL_HASH_SHA256, false);
  tls.client_schemes = codicil_span_of("\x08\x04\x05\x03", 4);
  codicil_ea_free(t.pair.client);
  assert_int_equal(codicil_ea_new(&t.pair.client, NULL, &tls), CODICIL_OK);
  expect_trial(&t, CODICIL_AUTH, "signature scheme that was not offered");
  trial_clear(&t);
}

// RFC 9261 §5.2.2: asked, from the request, whatever the ClientHello offered.
static void test_a_scheme_that_the_request_did_not_offer_is_refused(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  use_request(&t, (const uint16_t[]){0x0804, 0x0503}, 2, context_of(2));
  expect_trial(&t, CODICIL_AUTH, "signature scheme that was not offered");
  trial_clear(&t);
}

// ---- extensions of entries --------------------------------------------------------------------

static const uint8_t status[] = {1, 0, 0, 3, 'o', 'c', 's'};
static const uint8_t scts[] = {0, 5, 0, 3, 's', 'c', 't'};

static void test_staples_that_were_offered_are_in_the_proof(void **state) {
  (void)state;
  for (int asked = 0; asked < 2; asked++) {
    trial t;
    codicil_ea_proof *proof = NULL;
    trial_init(&t, "p256", 0x0403);
    forge_extension(&t.extensions, 5, codicil_span_of(status, sizeof status));
    forge_extension(&t.extensions, 18, codicil_span_of(scts, sizeof scts));
    use_extensions(&t);
    if (asked == 1) {
      use_request(&t, (const uint16_t[]){0x0403}, 1, context_of(2));
    }
    remake(&t);
    assert_int_equal(
        codicil_ea_verify(t.pair.client, &proof, NULL, codicil_buf_span(&t.out), t.f.request),
        CODICIL_OK);
    assert_true(
        codicil_span_equal(codicil_ea_proof_ocsp(proof, 0), codicil_span_of(status + 4, 3)));
    assert_true(
        codicil_span_equal(codicil_ea_proof_scts(proof, 0), codicil_span_of(scts, sizeof scts)));
    assert_int_equal(codicil_ea_proof_certificate(proof, 1).len, 0);
    assert_int_equal(codicil_ea_proof_ocsp(proof, 1).len, 0);
    codicil_ea_proof_free(proof);
    trial_clear(&t);
  }
}

// RFC 9261 §5.2.1.
static void test_an_extension_that_the_client_hello_did_not_have_is_refused(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  codicil_tls tls = fake_tls(&t.pair.exporter, CODICIL_HASH_SHA256, false);
  tls.client_extensions = codicil_span_of("\0\5\0\15", 4);
  codicil_ea_free(t.pair.client);
  assert_int_equal(codicil_ea_new(&t.pair.client, NULL, &tls), CODICIL_OK);
  forge_extension(&t.extensions, 18, codicil_span_of(scts, sizeof scts));
  use_extensions(&t);
  expect_trial(&t, CODICIL_AUTH, "CertificateEntry extension that was not offered");
  codicil_buf_reset(&t.extensions);
  forge_extension(&t.extensions, 5, codicil_span_of(status, sizeof status));
  use_extensions(&t);
  expect_trial(&t, CODICIL_OK, "");
  trial_clear(&t);
}

// The ClientHello of the fixture has status_request; the request that is answered has not.
static void test_an_extension_that_the_request_did_not_have_is_refused(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  codicil_ea_request_params params = {.context = context_of(2),
                                      .schemes = (const uint16_t[]){0x0403},
                                      .num_schemes = 1,
                                      .want_scts = true};
  assert_int_equal(codicil_ea_request(t.pair.client, &t.request, &params), CODICIL_OK);
  t.f.request = codicil_buf_span(&t.request);
  t.f.context = context_of(2);
  forge_extension(&t.extensions, 5, codicil_span_of(status, sizeof status));
  use_extensions(&t);
  expect_trial(&t, CODICIL_AUTH, "CertificateEntry extension that was not offered");
  trial_clear(&t);
}

// Seen elsewhere: signature_algorithms in an entry. It was offered, and does not belong there.
static void test_a_known_extension_that_does_not_belong_into_an_entry_is_refused(void **state) {
  (void)state;
  static const uint16_t types[] = {0, 13, 43, 51};
  for (size_t i = 0; i < 4; i++) {
    trial t;
    trial_init(&t, "p256", 0x0403);
    forge_extension(&t.extensions, types[i], codicil_span_of("\0\2\4\3", 4));
    use_extensions(&t);
    expect_trial(&t, CODICIL_MALFORMED, "extension that may not stand in a CertificateEntry");
    trial_clear(&t);
  }
}

static void test_an_unknown_extension_is_refused_where_it_was_not_offered(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  forge_extension(&t.extensions, 0xfafa, none);
  use_extensions(&t);
  expect_trial(&t, CODICIL_AUTH, "CertificateEntry extension that was not offered");
  trial_clear(&t);
}

static void test_an_unknown_extension_that_was_offered_is_passed_over(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  codicil_tls tls = fake_tls(&t.pair.exporter, CODICIL_HASH_SHA256, false);
  tls.client_extensions = codicil_span_of("\xfa\xfa", 2);
  codicil_ea_free(t.pair.client);
  assert_int_equal(codicil_ea_new(&t.pair.client, NULL, &tls), CODICIL_OK);
  forge_extension(&t.extensions, 0xfafa, codicil_span_of("anything", 8));
  use_extensions(&t);
  expect_trial(&t, CODICIL_OK, "");
  trial_clear(&t);
}

static void test_an_extension_twice_in_an_entry_is_refused(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  forge_extension(&t.extensions, 18, codicil_span_of(scts, sizeof scts));
  forge_extension(&t.extensions, 18, codicil_span_of(scts, sizeof scts));
  use_extensions(&t);
  expect_trial(&t, CODICIL_MALFORMED, "extension that may not stand in a CertificateEntry");
  trial_clear(&t);
}

static void test_staples_that_do_not_parse_are_refused(void **state) {
  (void)state;
  static const struct {
    uint16_t type;
    codicil_span content;
    const char *what;
  } wrong[] = {
      {5, {NULL, 0}, "status_request does not parse"},
      {5, {(const uint8_t *)"\2\0\0\1x", 5}, "status_request does not parse"},
      {5, {(const uint8_t *)"\1\0\0\0", 4}, "status_request does not parse"},
      {5, {(const uint8_t *)"\1\0\0\2x", 5}, "status_request does not parse"},
      {5, {(const uint8_t *)"\1\0\0\1xy", 6}, "status_request does not parse"},
      {18, {NULL, 0}, "signed_certificate_timestamp does not parse"},
      {18, {(const uint8_t *)"\0\0", 2}, "signed_certificate_timestamp does not parse"},
      {18, {(const uint8_t *)"\0\2\0\0", 4}, "signed_certificate_timestamp does not parse"},
      {18, {(const uint8_t *)"\0\3\0\2x", 5}, "signed_certificate_timestamp does not parse"},
      {18, {(const uint8_t *)"\0\3\0\1xy", 6}, "signed_certificate_timestamp does not parse"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    trial t;
    trial_init(&t, "p256", 0x0403);
    forge_extension(&t.extensions, wrong[i].type, wrong[i].content);
    use_extensions(&t);
    expect_trial(&t, CODICIL_MALFORMED, wrong[i].what);
    trial_clear(&t);
  }
}

// ---- contexts ---------------------------------------------------------------------------------

// RFC 9261 §5.2.1: unpredictable, hence not nothing.
static void test_an_empty_context_in_a_spontaneous_authenticator_is_refused(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  t.f.context = none;
  expect_trial(&t, CODICIL_AUTH, "spontaneous authenticator with an empty context");
  trial_clear(&t);
}

// RFC 9261 §7.4; and our rule: also a replay octet for octet.
static void test_a_context_used_by_another_authenticator_is_refused(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  expect_trial(&t, CODICIL_OK, "");
  expect(t.pair.client, &t.out, none, CODICIL_AUTH, "context was used on this connection");
  expect_trial(&t, CODICIL_AUTH, "context was used on this connection");
  trial_clear(&t);
}

static void test_a_context_that_is_not_the_requests_is_refused(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  use_request(&t, (const uint16_t[]){0x0403}, 1, context_of(2));
  t.f.context = context_of(3);
  expect_trial(&t, CODICIL_AUTH, "context is not the request's");
  trial_clear(&t);
}

static void test_a_request_is_answered_once(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  use_request(&t, (const uint16_t[]){0x0403}, 1, context_of(2));
  expect_trial(&t, CODICIL_OK, "");
  expect_trial(&t, CODICIL_AUTH, "context was used by another authenticator");
  t.f.empty = true;
  expect_trial(&t, CODICIL_AUTH, "request was answered already");
  trial_clear(&t);
}

static void test_after_a_refusal_no_authenticator_answers_the_request(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  use_request(&t, (const uint16_t[]){0x0403}, 1, context_of(2));
  t.f.empty = true;
  expect_trial(&t, CODICIL_DECLINED, "peer declined to authenticate");
  t.f.empty = false;
  expect_trial(&t, CODICIL_AUTH, "context was used by another authenticator");
  trial_clear(&t);
}

// A spontaneous authenticator may not borrow the context of a request that is still open.
static void test_a_spontaneous_authenticator_with_the_context_of_a_request_is_refused(
    void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  use_request(&t, (const uint16_t[]){0x0403}, 1, context_of(2));
  t.f.request = none;
  expect_trial(&t, CODICIL_AUTH, "context was used on this connection");
  trial_clear(&t);
}

// ---- roles ------------------------------------------------------------------------------------

// RFC 9261 §5: clients MUST NOT send an authenticator without a preceding request.
static void test_a_client_that_authenticates_unasked_is_refused(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  codicil_span context = t.f.context;
  codicil_span list = t.f.list;
  t.f = forgery_of(&t.pair, CODICIL_HASH_SHA256, false);
  t.f.context = context;
  t.f.list = list;
  t.f.scheme = 0x0403;
  t.f.key = t.identity.leaf->key;
  remake(&t);
  expect(t.pair.server, &t.out, none, CODICIL_AUTH, "client authenticated unasked");
  trial_clear(&t);
}

static void test_a_request_of_the_other_side_is_not_one_to_verify_against(void **state) {
  (void)state;
  trial t;
  trial_init(&t, "p256", 0x0403);
  ask(t.pair.server, &t.request, context_of(2));
  remake(&t);
  expect(t.pair.client, &t.out, codicil_buf_span(&t.request), CODICIL_USAGE,
         "request is not one of ours");
  expect(t.pair.client, &t.out, codicil_span_of("\21", 1), CODICIL_USAGE,
         "request is not one of ours");
  trial_clear(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_octets_after_finished_are_refused),
      cmocka_unit_test(test_every_cut_is_refused_as_malformed),
      cmocka_unit_test(test_every_flipped_bit_is_refused),
      cmocka_unit_test(test_messages_out_of_order_are_refused),
      cmocka_unit_test(test_an_empty_certificate_list_is_refused),
      cmocka_unit_test(test_an_empty_certificate_is_refused),
      cmocka_unit_test(test_a_lone_finished_without_a_request_is_malformed),
      cmocka_unit_test(test_a_lone_finished_that_is_wrong_or_of_another_length_is_refused),
      cmocka_unit_test(test_octets_after_a_lone_finished_are_refused_and_the_request_stays_open),
      cmocka_unit_test(test_a_raw_public_key_is_refused),
      cmocka_unit_test(test_limits_are_kept_to_the_octet_and_to_the_certificate),
      cmocka_unit_test(test_schemes_that_tls_1_3_forbids_are_refused_though_offered),
      cmocka_unit_test(test_an_rsa_signature_with_pkcs1_padding_or_another_salt_is_refused),
      cmocka_unit_test(test_a_scheme_that_is_not_for_the_key_is_refused),
      cmocka_unit_test(test_a_digest_that_is_not_the_schemes_is_refused),
      cmocka_unit_test(test_a_scheme_that_the_client_hello_did_not_offer_is_refused),
      cmocka_unit_test(test_a_scheme_that_the_request_did_not_offer_is_refused),
      cmocka_unit_test(test_staples_that_were_offered_are_in_the_proof),
      cmocka_unit_test(test_an_extension_that_the_client_hello_did_not_have_is_refused),
      cmocka_unit_test(test_an_extension_that_the_request_did_not_have_is_refused),
      cmocka_unit_test(test_a_known_extension_that_does_not_belong_into_an_entry_is_refused),
      cmocka_unit_test(test_an_unknown_extension_is_refused_where_it_was_not_offered),
      cmocka_unit_test(test_an_unknown_extension_that_was_offered_is_passed_over),
      cmocka_unit_test(test_an_extension_twice_in_an_entry_is_refused),
      cmocka_unit_test(test_staples_that_do_not_parse_are_refused),
      cmocka_unit_test(test_an_empty_context_in_a_spontaneous_authenticator_is_refused),
      cmocka_unit_test(test_a_context_used_by_another_authenticator_is_refused),
      cmocka_unit_test(test_a_context_that_is_not_the_requests_is_refused),
      cmocka_unit_test(test_a_request_is_answered_once),
      cmocka_unit_test(test_after_a_refusal_no_authenticator_answers_the_request),
      cmocka_unit_test(test_a_spontaneous_authenticator_with_the_context_of_a_request_is_refused),
      cmocka_unit_test(test_a_client_that_authenticates_unasked_is_refused),
      cmocka_unit_test(test_a_request_of_the_other_side_is_not_one_to_verify_against),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
