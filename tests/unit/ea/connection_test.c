// codicil_ea_new: what is exported, under which labels, and what happens where the exporter
// refuses.
#include <openssl/err.h>
#include <string.h>

#include "cmocka_test.h"
#include "ea_fixture.h"
#include "fail_mem.h"

static codicil_err make(codicil_ea **out, fake_exporter *exporter, codicil_hash hash) {
  codicil_tls tls = fake_tls(exporter, hash, true);
  return codicil_ea_new(out, NULL, &tls);
}

// RFC 9261 §5.1: four labels of 47 and 42 octets.
static void test_the_four_labels_are_those_of_the_rfc(void **state) {
  (void)state;
  static const char *const labels[4] = {"EXPORTER-client authenticator handshake context",
                                        "EXPORTER-server authenticator handshake context",
                                        "EXPORTER-client authenticator finished key",
                                        "EXPORTER-server authenticator finished key"};
  fake_exporter exporter = {.seed = "s"};
  codicil_ea *ea;
  assert_int_equal(make(&ea, &exporter, CODICIL_HASH_SHA256), CODICIL_OK);
  assert_int_equal(exporter.num_calls, 4);
  for (size_t i = 0; i < 4; i++) {
    size_t found = 0;
    assert_int_equal(strlen(labels[i]), i < 2 ? 47 : 42);
    for (size_t call = 0; call < 4; call++) {
      found += strcmp(exporter.labels[call], labels[i]) == 0;
    }
    assert_int_equal(found, 1);
  }
  codicil_ea_free(ea);
}

// RFC 9261 §5.1: the length of the exported value is that of the authenticator hash.
static void test_secrets_are_as_long_as_the_hash(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    fake_exporter exporter = {.seed = "s"};
    codicil_ea *ea;
    assert_int_equal(make(&ea, &exporter, i == 0 ? CODICIL_HASH_SHA256 : CODICIL_HASH_SHA384),
                     CODICIL_OK);
    for (size_t call = 0; call < 4; call++) {
      assert_int_equal(exporter.lens[call], i == 0 ? 32 : 48);
    }
    codicil_ea_free(ea);
  }
}

// RFC 9261 §7: every API fails on TLS 1.1, and on TLS 1.2 without extended master secret; §9:
// nothing before the client's Finished. The binding of the TLS stack knows, and says so here.
static void test_an_exporter_that_refuses_is_passed_through_at_every_call(void **state) {
  (void)state;
  static const codicil_err refusals[] = {CODICIL_NOT_READY, CODICIL_UNSUPPORTED};
  for (size_t i = 0; i < 2; i++) {
    for (size_t call = 0; call < 4; call++) {
      fake_exporter exporter = {.seed = "s", .refusal = refusals[i], .refuse_from = call};
      codicil_ea *ea = NULL;
      assert_int_equal(make(&ea, &exporter, CODICIL_HASH_SHA384), refusals[i]);
      assert_null(ea);
      assert_int_equal(exporter.num_calls, call + 1);
      assert_int_equal(ERR_peek_error(), 0);
    }
  }
}

// RFC 9261 §5.1: not with TLS 1.3 cipher suites that do not have an associated hash function.
static void test_a_suite_without_a_hash_is_unsupported(void **state) {
  (void)state;
  fake_exporter exporter = {.seed = "s"};
  codicil_ea *ea = NULL;
  assert_int_equal(make(&ea, &exporter, (codicil_hash)0), CODICIL_UNSUPPORTED);
  assert_int_equal(make(&ea, &exporter, (codicil_hash)7), CODICIL_UNSUPPORTED);
  assert_int_equal(exporter.num_calls, 0);
  codicil_tls tls = {.hash = CODICIL_HASH_SHA256};
  assert_int_equal(codicil_ea_new(&ea, NULL, &tls), CODICIL_UNSUPPORTED);
  assert_null(ea);
}

static void test_an_odd_list_from_the_client_hello_is_bad_input(void **state) {
  (void)state;
  fake_exporter exporter = {.seed = "s"};
  for (int i = 0; i < 3; i++) {
    codicil_tls tls = fake_tls(&exporter, CODICIL_HASH_SHA256, true);
    codicil_span *lists[] = {&tls.client_schemes, &tls.client_cert_schemes, &tls.client_extensions};
    codicil_ea *ea = NULL;
    *lists[i] = codicil_span_of("\4\3\5", 3);
    assert_int_equal(codicil_ea_new(&ea, NULL, &tls), CODICIL_BAD_INPUT);
    assert_null(ea);
  }
}

// The lists of the ClientHello are borrowed for the call only.
static void test_the_client_hello_is_copied(void **state) {
  (void)state;
  fake_exporter exporter = {.seed = "one connection"};
  ea_identity identity;
  ea_pair pair;
  codicil_buf out = new_buf();
  codicil_ea *client = NULL;
  identity_init(&identity, "p256");
  pair_init(&pair, CODICIL_HASH_SHA256);
  codicil_span lists[2] = {exact_copy(all_schemes()), exact_copy(all_extensions())};
  codicil_tls tls = fake_tls(&exporter, CODICIL_HASH_SHA256, false);
  tls.client_schemes = lists[0];
  tls.client_extensions = lists[1];
  assert_int_equal(codicil_ea_new(&client, NULL, &tls), CODICIL_OK);
  free((void *)(uintptr_t)lists[0].data);
  free((void *)(uintptr_t)lists[1].data);
  codicil_span none = {NULL, 0};
  assert_int_equal(
      codicil_ea_authenticate(pair.server, &out, identity.credential, none, context_of(1)),
      CODICIL_OK);
  expect(client, &out, none, CODICIL_OK, "");
  codicil_ea_free(client);
  codicil_buf_clear(&out);
  pair_clear(&pair);
  identity_clear(&identity);
}

static void test_freeing_nothing_does_nothing(void **state) {
  (void)state;
  codicil_ea_free(NULL);
  codicil_ea_proof_free(NULL);
  codicil_ea_signing_free(NULL);
  codicil_credential_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_four_labels_are_those_of_the_rfc),
      cmocka_unit_test(test_secrets_are_as_long_as_the_hash),
      cmocka_unit_test(test_an_exporter_that_refuses_is_passed_through_at_every_call),
      cmocka_unit_test(test_a_suite_without_a_hash_is_unsupported),
      cmocka_unit_test(test_an_odd_list_from_the_client_hello_is_bad_input),
      cmocka_unit_test(test_the_client_hello_is_copied),
      cmocka_unit_test(test_freeing_nothing_does_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
