// What is GnuTLS's own: certificates that it would take and fail on in every handshake, or cannot
// read, are refused with a sentence that names the file and says why; early data; memory.
#include "quic_tls_fixture.h"

#include "cmocka_test.h"

#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void expect_refusal(const char *certificate_pem, const char *key_pem, const char *file,
                           const char *why) {
  char dir[] = "/tmp/quic_tls.XXXXXX", certificate[64], key[64];
  app_error err = {""};
  assert_non_null(mkdtemp(dir));
  snprintf(certificate, sizeof certificate, "%s/certificate.pem", dir);
  snprintf(key, sizeof key, "%s/key.pem", dir);
  fixture_write_file(certificate, certificate_pem);
  fixture_write_file(key, key_pem);
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

static void test_a_file_of_megabytes_is_refused(void **state) {
  (void)state;
  enum { LEN = 2000000 };
  char *text = malloc(LEN + 1);
  assert_non_null(text);
  memset(text, '\n', LEN);
  text[LEN] = '\0';
  pki_cert *leaf = pki_leaf(NULL, "DNS:a.example");
  expect_refusal(text, leaf->key_pem, "certificate.pem", "larger than");
  expect_refusal(leaf->pem, text, "key.pem", "larger than");
  pki_free(leaf);
  free(text);
}

// ---- early data ---------------------------------------------------------------------------------

// The ticket is good; the key share is not. Of the early data none is taken (RFC 8446 §4.2.10), and
// the server goes on; what GnuTLS's client does is its own affair.
static void test_early_data_before_a_retry_is_not_taken(void **state) {
  (void)state;
  fixture f;
  visit v;
  codicil_buf ticket;
  codicil_buf_init(&ticket, NULL, TICKET_MAX);
  fixture_set_up(&f);
  fixture_make_contexts(&f, true);
  visit_begin(
      &v, &f,
      &(quic_other_options){.server_name = fixture_names[0], .alpn = "h3", .early_data = true});
  assert_true(quic_other_client_ticket(v.client, &ticket));
  visit_end(&v);
  visit_begin(&v, &f,
              &(quic_other_options){.server_name = fixture_names[0],
                                    .alpn = "h3",
                                    .ticket = codicil_buf_span(&ticket),
                                    .early_data = true,
                                    .is_retried = true});
  assert_true(v.pair.num_first > 1);
  assert_true(v.pair.server.has_1rtt_key);
  assert_true(quic_tls_is_resumed(v.server));
  assert_int_equal(quic_side_alert(&v.pair.server), 0);
  assert_false(quic_other_server_took_early_data(quic_tls_native(v.server)));
  assert_false(quic_other_client_early_data_is_accepted(v.client));
  visit_end(&v);
  codicil_buf_clear(&ticket);
  fixture_tear_down(&f);
}

// ---- memory -------------------------------------------------------------------------------------

static size_t countdown;
static bool failed;

static bool refuses(void) {
  failed = failed || countdown == 0;
  return countdown == 0 || countdown-- == 0;
}

static void *starved_malloc(size_t len) {
  return refuses() ? NULL : malloc(len);
}

static void *starved_calloc(size_t num, size_t len) {
  return refuses() ? NULL : calloc(num, len);
}

static void *starved_realloc(void *ptr, size_t len) {
  return refuses() ? NULL : realloc(ptr, len);
}

// From here on all but the first `n` allocations of GnuTLS and of its binding are refused.
static void starve(size_t n) {
  countdown = n;
  failed = false;
  gnutls_malloc = starved_malloc;
  gnutls_calloc = starved_calloc;
  gnutls_realloc = starved_realloc;
}

static void feed(void) {
  gnutls_malloc = malloc;
  gnutls_calloc = calloc;
  gnutls_realloc = realloc;
}

// A connection cannot be made, and says so, or it can be made although something was refused.
static void test_each_allocation_for_a_connection_may_fail(void **state) {
  (void)state;
  fixture f;
  fixture_set_up(&f);
  fixture_make_contexts(&f, false);
  for (int is_client = 0; is_client < 2; is_client++) {
    size_t num_refused = 0;
    failed = true;
    for (size_t n = 0; failed; n++) {
      quic_pair pair;
      quic_tls *tls = NULL;
      app_error err = {""};
      quic_pair_init(&pair);
      starve(n);
      bool ok = quic_tls_new(&tls, is_client ? f.client : f.server, &pair.client.ref,
                             is_client ? "one.example" : NULL, &f, &err);
      feed();
      num_refused += ok ? 0 : 1;
      assert_true(ok == (tls != NULL) && ok == (err.text[0] == '\0'));
      quic_tls_free(tls);
    }
    assert_true(num_refused > 3);
  }
  fixture_tear_down(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_key_that_may_not_sign_is_refused),
      cmocka_unit_test(test_an_object_identifier_with_a_huge_arc_is_refused),
      cmocka_unit_test(test_an_intermediate_that_cannot_be_read_is_refused),
      cmocka_unit_test(test_a_file_of_megabytes_is_refused),
      cmocka_unit_test(test_early_data_before_a_retry_is_not_taken),
      cmocka_unit_test(test_each_allocation_for_a_connection_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
