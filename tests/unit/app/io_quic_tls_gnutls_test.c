// Certificates that GnuTLS would take and fail on in every handshake, or cannot read, are refused
// with a sentence that names the file and says why.
#include "io/quic_tls.h"

#include "cmocka_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pki_fixture.h"

static void write_file(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

static void expect_refusal(const char *certificate_pem, const char *key_pem, const char *file,
                           const char *why) {
  char dir[] = "/tmp/quic_tls.XXXXXX", certificate[64], key[64];
  app_error err = {""};
  assert_non_null(mkdtemp(dir));
  snprintf(certificate, sizeof certificate, "%s/certificate.pem", dir);
  snprintf(key, sizeof key, "%s/key.pem", dir);
  write_file(certificate, certificate_pem);
  write_file(key, key_pem);
  assert_false(quic_tls_can_use(certificate, key, &err));
  if (strstr(err.text, file) == NULL || strstr(err.text, why) == NULL) {
    fail_msg("not of %s, %s: %s", file, why, err.text);
  }
  unlink(certificate);
  unlink(key);
  rmdir(dir);
}

static void expect_spec_refused(const pki_spec *spec, const char *why) {
  pki_cert *root = pki_root("root");
  pki_cert *leaf = pki_make(root, spec);
  expect_refusal(leaf->pem, leaf->key_pem, "certificate.pem", why);
  pki_free(leaf);
  pki_free(root);
}

static void test_a_key_that_may_not_sign_is_refused(void **state) {
  (void)state;
  expect_spec_refused(&(pki_spec){.alt_names = "DNS:a.example", .key_usage = "keyAgreement"},
                      "key usage");
}

static void test_an_object_identifier_with_a_huge_arc_is_refused(void **state) {
  (void)state;
  expect_spec_refused(
      &(pki_spec){.alt_names = "DNS:a.example",
                  .extra = {{"2.25.329800735698586629295641978511506172918", "DER:0500"}}},
      "GnuTLS cannot use the certificate");
}

static void test_an_intermediate_that_cannot_be_read_is_refused(void **state) {
  (void)state;
  pki_cert *root = pki_root("root");
  pki_cert *leaf = pki_leaf(root, "DNS:a.example");
  char *broken = malloc(strlen(leaf->pem) + 100);
  assert_non_null(broken);
  strcpy(broken, leaf->pem);
  strcat(broken, "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
  expect_refusal(broken, leaf->key_pem, "certificate.pem", "GnuTLS cannot use the certificate");
  free(broken);
  pki_free(leaf);
  pki_free(root);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_key_that_may_not_sign_is_refused),
      cmocka_unit_test(test_an_object_identifier_with_a_huge_arc_is_refused),
      cmocka_unit_test(test_an_intermediate_that_cannot_be_read_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
