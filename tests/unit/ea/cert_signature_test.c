// Which SignatureSchemes stand for the signature on a certificate.
#include "cert_signature.h"

#include <openssl/objects.h>
#include <openssl/x509.h>

#include "cmocka_test.h"
#include "pki_fixture.h"

static void expect_schemes(X509 *certificate, uint16_t first, uint16_t second) {
  codicil_cert_signature found = codicil_cert_signature_of(certificate);
  assert_int_equal(found.schemes[0], first);
  assert_int_equal(found.schemes[1], second);
}

// RFC 8446 §4.2.3: PKCS#1 v1.5 and SHA-1 may stand in certificates, where the peer offers them.
static void test_every_usual_signature_has_its_scheme(void **state) {
  (void)state;
  static const struct {
    const char *alg, *digest;
    uint16_t schemes[2];
  } cases[] = {
      {"p256", "sha256", {0x0403, 0}},
      {"p256", "sha384", {0x0503, 0}},
      {"p384", "sha512", {0x0603, 0}},
      {"p256", "sha1", {0x0203, 0}},
      {"rsa1024", "sha256", {0x0401, 0}},
      {"rsa1024", "sha384", {0x0501, 0}},
      {"rsa1024", "sha512", {0x0601, 0}},
      {"rsa1024", "sha1", {0x0201, 0}},
      {"rsapss2048", "sha256", {0x0804, 0x0809}},
      {"rsapss2048", "sha384", {0x0805, 0x080a}},
      {"rsapss2048", "sha512", {0x0806, 0x080b}},
      {"ed25519", NULL, {0x0807, 0}},
      {"ed448", NULL, {0x0808, 0}},
      {"rsa1024", "sha224", {0, 0}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    pki_spec spec = {.alg = cases[i].alg, .digest = cases[i].digest};
    pki_cert *cert = pki_make(NULL, &spec);
    expect_schemes(cert->x509, cases[i].schemes[0], cases[i].schemes[1]);
    pki_free(cert);
  }
}

// By object identifier, so that a libcrypto that does not know ML-DSA can send such a chain.
static void test_ml_dsa_signatures_are_known_by_their_identifiers(void **state) {
  (void)state;
  static const struct {
    const char *oid;
    uint16_t scheme;
  } cases[] = {{"2.16.840.1.101.3.4.3.17", 0x0904},
               {"2.16.840.1.101.3.4.3.18", 0x0905},
               {"2.16.840.1.101.3.4.3.19", 0x0906},
               {"1.2.3.4.5", 0}};
  for (size_t i = 0; i < 4; i++) {
    pki_cert *cert = pki_leaf(NULL, "DNS:a.example");
    const X509_ALGOR *algorithm = NULL;
    X509_get0_signature(NULL, &algorithm, cert->x509);
    // A certificate is not meant to be changed so; no other way makes one without ML-DSA.
    X509_ALGOR *writable = (X509_ALGOR *)(uintptr_t)algorithm;
    assert_int_equal(X509_ALGOR_set0(writable, OBJ_txt2obj(cases[i].oid, 1), V_ASN1_UNDEF, NULL),
                     1);
    expect_schemes(cert->x509, cases[i].scheme, 0);
    pki_free(cert);
  }
}

static void test_one_of_its_schemes_must_be_offered_unless_it_is_self_signed(void **state) {
  (void)state;
  codicil_cert_signature pss = {{0x0804, 0x0809}, false};
  codicil_cert_signature unknown = {{0, 0}, false};
  codicil_cert_signature anchor = {{0, 0}, true};
  codicil_span none = {NULL, 0};
  assert_true(codicil_cert_signature_allowed(&pss, codicil_span_of("\4\3\10\11", 4)));
  assert_true(codicil_cert_signature_allowed(&pss, codicil_span_of("\10\4", 2)));
  assert_false(codicil_cert_signature_allowed(&pss, codicil_span_of("\4\3", 2)));
  assert_false(codicil_cert_signature_allowed(&pss, none));
  assert_false(codicil_cert_signature_allowed(&unknown, codicil_span_of("\0\0", 2)));
  assert_true(codicil_cert_signature_allowed(&anchor, none));
}

static void test_self_signed_is_told_from_signed_by_another(void **state) {
  (void)state;
  pki_cert *root = pki_root("root");
  pki_cert *leaf = pki_leaf(root, "DNS:a.example");
  assert_true(codicil_cert_signature_of(root->x509).self_signed);
  assert_false(codicil_cert_signature_of(leaf->x509).self_signed);
  pki_free(leaf);
  pki_free(root);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_usual_signature_has_its_scheme),
      cmocka_unit_test(test_ml_dsa_signatures_are_known_by_their_identifiers),
      cmocka_unit_test(test_one_of_its_schemes_must_be_offered_unless_it_is_self_signed),
      cmocka_unit_test(test_self_signed_is_told_from_signed_by_another),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
