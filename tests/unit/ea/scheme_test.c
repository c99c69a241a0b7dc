// The table of signature schemes.
#include "scheme.h"

#include <stdlib.h>
#include <string.h>

#include "cmocka_test.h"

// RFC 8446 §4.2.3 and draft-ietf-tls-mldsa, written out once more.
static const struct {
  uint16_t code;
  const char *name;
  codicil_key_type key;
} allowed[] = {
    {0x0403, "ecdsa_secp256r1_sha256", CODICIL_KEY_P256},
    {0x0503, "ecdsa_secp384r1_sha384", CODICIL_KEY_P384},
    {0x0603, "ecdsa_secp521r1_sha512", CODICIL_KEY_P521},
    {0x0804, "rsa_pss_rsae_sha256", CODICIL_KEY_RSA},
    {0x0805, "rsa_pss_rsae_sha384", CODICIL_KEY_RSA},
    {0x0806, "rsa_pss_rsae_sha512", CODICIL_KEY_RSA},
    {0x0807, "ed25519", CODICIL_KEY_ED25519},
    {0x0808, "ed448", CODICIL_KEY_ED448},
    {0x0809, "rsa_pss_pss_sha256", CODICIL_KEY_RSA_PSS},
    {0x080a, "rsa_pss_pss_sha384", CODICIL_KEY_RSA_PSS},
    {0x080b, "rsa_pss_pss_sha512", CODICIL_KEY_RSA_PSS},
    {0x0904, "mldsa44", CODICIL_KEY_MLDSA44},
    {0x0905, "mldsa65", CODICIL_KEY_MLDSA65},
    {0x0906, "mldsa87", CODICIL_KEY_MLDSA87},
};
enum { NUM_ALLOWED = sizeof allowed / sizeof allowed[0] };

// RFC 9261 §5.2.2: all others excluded, RSASSA-PKCS1-v1_5 and legacy pairs among them.
static void test_of_all_codepoints_those_of_tls_1_3_are_known(void **state) {
  (void)state;
  size_t num = 0;
  for (unsigned code = 0; code <= 0xffff; code++) {
    num += codicil_scheme_find((uint16_t)code) != NULL;
  }
  assert_int_equal(num, NUM_ALLOWED);
  for (size_t i = 0; i < NUM_ALLOWED; i++) {
    const codicil_scheme *scheme = codicil_scheme_find(allowed[i].code);
    assert_non_null(scheme);
    assert_int_equal(scheme->key, allowed[i].key);
    assert_string_equal(codicil_scheme_name(allowed[i].code), allowed[i].name);
  }
}

static void test_an_unknown_scheme_has_a_name_to_print(void **state) {
  (void)state;
  assert_string_equal(codicil_scheme_name(0x0401), "?");
  assert_string_equal(codicil_scheme_name(0), "?");
}

// RFC 8446 §4.2.3: the salt is as long as the digest.
static void test_digests_and_salts_fit_their_schemes(void **state) {
  (void)state;
  for (size_t i = 0; i < NUM_ALLOWED; i++) {
    const codicil_scheme *scheme = codicil_scheme_find(allowed[i].code);
    const char *digits = strstr(scheme->name, "sha");
    assert_int_equal(digits != NULL, scheme->digest != NULL);
    if (digits != NULL) {
      assert_string_equal(scheme->digest + 3, digits + 3);
    }
    bool is_pss = strncmp(scheme->name, "rsa_pss", 7) == 0;
    size_t digest_len = digits != NULL ? (size_t)atoi(digits + 3) / 8 : 0;
    assert_int_equal(scheme->pss_len, is_pss ? digest_len : 0);
  }
}

static void test_the_peers_order_decides(void **state) {
  (void)state;
  codicil_span list = codicil_span_of("\4\1\10\6\10\5\10\4", 8);
  assert_int_equal(codicil_scheme_choose(list, CODICIL_KEY_RSA, 256)->code, 0x0806);
  assert_int_equal(codicil_scheme_choose(list, CODICIL_KEY_RSA, 128)->code, 0x0805);
  assert_null(codicil_scheme_choose(list, CODICIL_KEY_RSA_PSS, 256));
  assert_null(codicil_scheme_choose(list, CODICIL_KEY_NONE, 256));
  assert_null(codicil_scheme_choose(codicil_span_of(NULL, 0), CODICIL_KEY_RSA, 256));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_of_all_codepoints_those_of_tls_1_3_are_known),
      cmocka_unit_test(test_an_unknown_scheme_has_a_name_to_print),
      cmocka_unit_test(test_digests_and_salts_fit_their_schemes),
      cmocka_unit_test(test_the_peers_order_decides),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
