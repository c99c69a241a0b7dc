// Keys out of certificates, against what OpenSSL finds in the same octets.
#include "spki.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <string.h>

#include "cmocka_test.h"
#include "ea_fixture.h"
#include "fail_mem.h"
#include "span.h"

static const struct {
  const char *alg;
  codicil_key_type type;
} algs[] = {
    {"p256", CODICIL_KEY_P256},       {"p384", CODICIL_KEY_P384},
    {"p521", CODICIL_KEY_P521},       {"rsa1024", CODICIL_KEY_RSA},
    {"rsa2048", CODICIL_KEY_RSA},     {"rsapss2048", CODICIL_KEY_RSA_PSS},
    {"ed25519", CODICIL_KEY_ED25519}, {"ed448", CODICIL_KEY_ED448},
};

static void test_the_key_is_the_one_that_openssl_finds(void **state) {
  (void)state;
  codicil_key_maker maker = {{NULL, NULL, NULL}, NULL};
  for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
    for (long version = 0; version <= 1; version++) { // v3, then v1 without a version field
      pki_spec spec = {.alg = algs[i].alg, .version = version};
      pki_cert *cert = pki_make(NULL, &spec);
      codicil_spki spki;
      assert_true(codicil_spki_parse(&spki, pki_der(cert)));
      assert_int_equal(spki.type, algs[i].type);
      EVP_PKEY *key = codicil_key_make(&maker, &spki);
      assert_non_null(key);
      assert_int_equal(EVP_PKEY_eq(key, X509_get0_pubkey(cert->x509)), 1);
      EVP_PKEY_free(key);
      pki_free(cert);
    }
  }
  codicil_key_maker_clear(&maker);
  assert_int_equal(ERR_peek_error(), 0);
}

static void test_every_cut_of_a_certificate_has_no_key(void **state) {
  (void)state;
  pki_cert *cert = pki_leaf(NULL, "DNS:a.example");
  for (size_t len = 0; len < cert->der_len; len++) {
    codicil_span exact = exact_copy(codicil_span_of(cert->der, len));
    codicil_spki spki;
    assert_false(codicil_spki_parse(&spki, exact));
    free((void *)(uintptr_t)exact.data);
  }
  pki_free(cert);
}

// Either no key, or the one that OpenSSL finds: never another.
static void test_no_flipped_bit_makes_another_key_than_openssl_finds(void **state) {
  (void)state;
  codicil_key_maker maker = {{NULL, NULL, NULL}, NULL};
  pki_cert *cert = pki_leaf(NULL, "DNS:a.example");
  for (size_t bit = 0; bit < cert->der_len * 8; bit++) {
    cert->der[bit / 8] ^= (uint8_t)(1 << bit % 8);
    const unsigned char *at = cert->der;
    codicil_spki spki;
    EVP_PKEY *key =
        codicil_spki_parse(&spki, pki_der(cert)) ? codicil_key_make(&maker, &spki) : NULL;
    X509 *x509 = d2i_X509(NULL, &at, (long)cert->der_len);
    EVP_PKEY *other = x509 != NULL ? X509_get0_pubkey(x509) : NULL;
    if (key != NULL && other != NULL) {
      assert_int_equal(EVP_PKEY_eq(key, other), 1);
    }
    EVP_PKEY_free(key);
    X509_free(x509);
    cert->der[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  ERR_clear_error();
  codicil_key_maker_clear(&maker);
  pki_free(cert);
}

// Appends an element in DER.
static void test_a_key_is_of_whole_octets(void **state) {
  (void)state;
  static const uint8_t bits[] = {0x03, 0x42, 0x00, 0x04}; // BIT STRING, none unused, a point
  pki_cert *cert = pki_leaf(NULL, "DNS:a.example");
  size_t at = 0;
  while (memcmp(&cert->der[at], bits, sizeof bits) != 0) {
    assert_true(++at + sizeof bits < cert->der_len);
  }
  codicil_spki spki;
  assert_true(codicil_spki_parse(&spki, pki_der(cert)));
  cert->der[at + 2] = 1;
  assert_false(codicil_spki_parse(&spki, pki_der(cert)));
  pki_free(cert);
}

static void put_der(codicil_buf *out, uint8_t tag, codicil_span content) {
  put_number(out, tag, 1);
  if (content.len >= 0x100) {
    put_number(out, 0x82, 1);
  } else if (content.len >= 0x80) {
    put_number(out, 0x81, 1);
  }
  put_number(out, content.len, content.len >= 0x100 ? 2 : 1);
  put(out, content);
}

// Wraps what `buf` holds into an element.
static void wrap(codicil_buf *buf, uint8_t tag) {
  codicil_buf content = *buf;
  *buf = new_buf();
  put_der(buf, tag, codicil_buf_span(&content));
  codicil_buf_clear(&content);
}

// A certificate with `spki` in the place of the key: the smallest that the reader takes.
static codicil_buf certificate_of(codicil_span spki) {
  codicil_buf out = new_buf();
  put(&out, codicil_span_of("\xa0\3\2\1\2\2\1\1\x30\0\x30\0\x30\0\x30\0", 16));
  put(&out, spki);
  wrap(&out, 0x30);
  wrap(&out, 0x30);
  return out;
}

static codicil_buf spki_of(codicil_span algorithm, codicil_span key) {
  codicil_buf bits = new_buf();
  codicil_buf out = new_buf();
  put_number(&bits, 0, 1);
  put(&bits, key);
  put_der(&out, 0x30, algorithm);
  put_der(&out, 0x03, codicil_buf_span(&bits));
  wrap(&out, 0x30);
  codicil_buf_clear(&bits);
  return out;
}

// Tells whether a certificate with this key has one that can be used.
static bool usable(codicil_span algorithm, codicil_span key_octets) {
  codicil_key_maker maker = {{NULL, NULL, NULL}, NULL};
  codicil_buf info = spki_of(algorithm, key_octets);
  codicil_buf certificate = certificate_of(codicil_buf_span(&info));
  codicil_spki spki;
  EVP_PKEY *key = codicil_spki_parse(&spki, codicil_buf_span(&certificate))
                      ? codicil_key_make(&maker, &spki)
                      : NULL;
  bool made = key != NULL;
  EVP_PKEY_free(key);
  codicil_key_maker_clear(&maker);
  codicil_buf_clear(&certificate);
  codicil_buf_clear(&info);
  ERR_clear_error();
  return made;
}

#define P256_ALGORITHM \
  codicil_span_of("\6\7\x2a\x86\x48\xce\x3d\2\1\6\10\x2a\x86\x48\xce\x3d\3\1\7", 19)

// RFC 5480 §2.2; a point that is not on the curve gives secrets away, in other protocols.
static void test_points_are_on_the_curve_and_of_its_length(void **state) {
  (void)state;
  uint8_t point[65];
  size_t len;
  EVP_PKEY *key = EVP_EC_gen("P-256");
  assert_int_equal(
      EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len), 1);
  assert_true(usable(P256_ALGORITHM, codicil_span_of(point, 65)));
  assert_false(usable(P256_ALGORITHM, codicil_span_of(point, 64)));
  point[64] ^= 1;
  assert_false(usable(P256_ALGORITHM, codicil_span_of(point, 65)));
  point[64] ^= 1;
  uint8_t compressed = (uint8_t)(2 + (point[64] & 1));
  point[0] = compressed;
  assert_true(usable(P256_ALGORITHM, codicil_span_of(point, 33)));
  assert_false(usable(P256_ALGORITHM, codicil_span_of(point, 65)));
  point[0] = 6; // hybrid
  assert_false(usable(P256_ALGORITHM, codicil_span_of(point, 65)));
  assert_false(usable(P256_ALGORITHM, codicil_span_of("\0", 1))); // infinity
  assert_false(usable(P256_ALGORITHM, codicil_span_of(NULL, 0)));
  EVP_PKEY_free(key);
}

static void test_other_curves_and_algorithms_are_of_no_use(void **state) {
  (void)state;
  uint8_t octets[65] = {4};
  codicil_span key = codicil_span_of(octets, sizeof octets);
  static const codicil_span algorithms[] = {
      {(const uint8_t *)"\6\7\x2a\x86\x48\xce\x3d\2\1\6\5\x2b\x81\4\0\x0a", 16}, // secp256k1
      {(const uint8_t *)"\6\7\x2a\x86\x48\xce\x3d\2\1\x30\0", 11},               // explicit
      {(const uint8_t *)"\6\7\x2a\x86\x48\xce\x3d\2\1", 9},                      // none
      {(const uint8_t *)"\6\3\x2b\x65\x6e", 5},                                  // X25519
      {(const uint8_t *)"\6\3\x2b\x65\x70\5\0", 7}, // Ed25519 with parameters
  };
  for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
    assert_false(usable(algorithms[i], key));
  }
}

#define RSA_ALGORITHM codicil_span_of("\6\11\x2a\x86\x48\x86\xf7\x0d\1\1\1\5\0", 13)

// An RSAPublicKey with a modulus of `len` octets and the exponent 65537.
static codicil_buf rsa_key(size_t len, uint8_t first) {
  codicil_buf out = new_buf();
  put_number(&out, first, 1);
  for (size_t i = 1; i < len; i++) {
    put_number(&out, 0xff, 1);
  }
  wrap(&out, 0x02);
  put(&out, codicil_span_of("\2\3\1\0\1", 5));
  wrap(&out, 0x30);
  return out;
}

static void test_rsa_keys_have_up_to_8192_bits(void **state) {
  (void)state;
  static const struct {
    size_t len;
    uint8_t first;
    bool usable;
  } cases[] = {{1025, 0, true},  // 8,192 bits with the sign's octet
               {1026, 0, false}, // more
               {257, 0, true},   //
               {257, 0x80, false} /* negative */};
  for (size_t i = 0; i < 4; i++) {
    codicil_buf key = rsa_key(cases[i].len, cases[i].first);
    assert_int_equal(usable(RSA_ALGORITHM, codicil_buf_span(&key)), cases[i].usable);
    put_number(&key, 0, 1);
    assert_false(usable(RSA_ALGORITHM, codicil_buf_span(&key)));
    codicil_buf_clear(&key);
  }
  assert_false(usable(RSA_ALGORITHM, codicil_span_of("\x30\0", 2)));
  assert_false(usable(RSA_ALGORITHM, codicil_span_of("\x30\6\2\1\0\2\1\3", 8)));
}

// ML-DSA is there by name from OpenSSL 3.5 on; before that the key is not one.
static void test_ml_dsa_keys_are_known_by_their_identifiers(void **state) {
  (void)state;
  static const uint8_t key[2592] = {1};
  static const size_t lens[] = {1312, 1952, 2592};
  static const char *const names[] = {"ML-DSA-44", "ML-DSA-65", "ML-DSA-87"};
  for (uint8_t i = 0; i < 3; i++) {
    uint8_t algorithm[] = {6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 0};
    algorithm[10] = (uint8_t)(17 + i);
    EVP_PKEY *direct = EVP_PKEY_new_raw_public_key_ex(NULL, names[i], NULL, key, lens[i]);
    assert_int_equal(
        usable(codicil_span_of(algorithm, sizeof algorithm), codicil_span_of(key, lens[i])),
        direct != NULL);
    EVP_PKEY_free(direct);
    codicil_buf info =
        spki_of(codicil_span_of(algorithm, sizeof algorithm), codicil_span_of(key, lens[i]));
    codicil_buf certificate = certificate_of(codicil_buf_span(&info));
    codicil_spki spki;
    assert_true(codicil_spki_parse(&spki, codicil_buf_span(&certificate)));
    assert_int_equal(spki.type, CODICIL_KEY_MLDSA44 + i);
    codicil_buf_clear(&certificate);
    codicil_buf_clear(&info);
  }
}

// X.690 §10.1: DER has one length for each content; others would read differently elsewhere.
static void test_lengths_that_der_does_not_have_are_refused(void **state) {
  (void)state;
  static const codicil_span wrong[] = {
      {(const uint8_t *)"\x30\x80\0\0", 4},             // indefinite
      {(const uint8_t *)"\x30\x81\x02\x30\0", 5},       // long form of a short length
      {(const uint8_t *)"\x30\x82\0\x90", 4},           // leading zero
      {(const uint8_t *)"\x30\x84\0\0\0\x02\x30\0", 8}, // four octets
      {(const uint8_t *)"\x30", 1},
      {(const uint8_t *)"\x31\x02\x30\0", 4},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    codicil_spki spki;
    codicil_span exact = exact_copy(wrong[i]);
    assert_false(codicil_spki_parse(&spki, exact));
    free((void *)(uintptr_t)exact.data);
  }
}

// The same certificate, right but for its first length: it is that length which is refused.
static void test_no_other_form_of_a_length_will_do(void **state) {
  (void)state;
  codicil_buf info = spki_of(P256_ALGORITHM, codicil_span_of("", 1));
  codicil_buf right = certificate_of(codicil_buf_span(&info));
  codicil_span content = codicil_span_sub(codicil_buf_span(&right), 2, SIZE_MAX);
  codicil_spki spki;
  assert_true(codicil_spki_parse(&spki, codicil_buf_span(&right)));
  static const size_t forms[] = {0x81, 0x82, 0x83, 0x84, 0x80};
  for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
    codicil_buf wrong = new_buf();
    put_number(&wrong, 0x30, 1);
    put_number(&wrong, forms[i], 1);
    put_number(&wrong, content.len, forms[i] & 0x7f);
    put(&wrong, content);
    put(&wrong, codicil_span_of("\0\0", forms[i] == 0x80 ? 2 : 0)); // where an indefinite one ends
    assert_false(codicil_spki_parse(&spki, codicil_buf_span(&wrong)));
    codicil_buf_clear(&wrong);
  }
  codicil_buf_clear(&right);
  codicil_buf_clear(&info);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_key_is_the_one_that_openssl_finds),
      cmocka_unit_test(test_every_cut_of_a_certificate_has_no_key),
      cmocka_unit_test(test_a_key_is_of_whole_octets),
      cmocka_unit_test(test_no_flipped_bit_makes_another_key_than_openssl_finds),
      cmocka_unit_test(test_points_are_on_the_curve_and_of_its_length),
      cmocka_unit_test(test_other_curves_and_algorithms_are_of_no_use),
      cmocka_unit_test(test_rsa_keys_have_up_to_8192_bits),
      cmocka_unit_test(test_ml_dsa_keys_are_known_by_their_identifiers),
      cmocka_unit_test(test_lengths_that_der_does_not_have_are_refused),
      cmocka_unit_test(test_no_other_form_of_a_length_will_do),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
