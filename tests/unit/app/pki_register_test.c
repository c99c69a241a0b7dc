// The register: numbers that are spent once, states that only go forward, changes that are whole.
#include "pki/register.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// cmocka.h needs the above.
#include <cmocka.h>

#include "pki/key.h"

static const int64_t now_s = 1767225600; // 2026-01-01

typedef struct fixture {
  char dir[64];
  pki_register *reg;
  app_error err;
} fixture;

static void reopen(fixture *f, bool expect_new) {
  bool made = !expect_new;
  pki_register_close(f->reg);
  assert_true(pki_register_open(&f->reg, &made, f->dir, &f->err));
  assert_int_equal(made, expect_new);
}

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  strcpy(f->dir, "/tmp/codicil-register-XXXXXX");
  assert_non_null(mkdtemp(f->dir));
  reopen(f, true);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  char path[128];
  pki_register_close(f->reg);
  snprintf(path, sizeof path, "%s/register.db", f->dir);
  unlink(path);
  int failed = rmdir(f->dir);
  free(f);
  return failed;
}

static bool reserve(fixture *f, const char *issuer, const char *serial) {
  const pki_entry entry = {
      .issuer = issuer,
      .serial = serial,
      .profile = "server",
      .names = "a.example b.example",
      .required_domains = "",
      .not_before = now_s,
      .not_after = now_s + 100,
      .reserved_at = now_s,
  };
  return pki_register_reserve(f->reg, &entry, &f->err);
}

typedef struct seen {
  size_t num;
  pki_state state;
  int reason;
} seen;

static bool see(void *user, const pki_entry *entry, app_error *err) {
  seen *s = user;
  (void)err;
  s->num++;
  s->state = entry->state;
  s->reason = entry->reason;
  return true;
}

static seen look(fixture *f, const char *issuer, const char *serial) {
  seen s = {.num = 0};
  assert_true(pki_register_each(f->reg, issuer, serial, see, &s, &f->err));
  return s;
}

static X509 *make_certificate(void) {
  app_error err;
  EVP_PKEY *key = pki_key_new(PKI_ED25519, &err);
  const pki_issuer self = {NULL, key};
  const pki_request request = {
      .profile = PKI_ROOT, .key = key, .common_name = "x", .now_s = now_s, .days = 1};
  X509 *cert = pki_issue(&request, &self, &err);
  EVP_PKEY_free(key);
  assert_non_null(cert);
  return cert;
}

static void test_an_issuer_uses_a_number_once_and_two_may_use_the_same(void **state) {
  fixture *f = *state;
  assert_true(reserve(f, "i", "01"));
  assert_false(reserve(f, "i", "01"));
  assert_non_null(strstr(f->err.text, "register.db: UNIQUE constraint failed"));
  assert_true(reserve(f, "j", "01"));
  assert_int_equal(look(f, NULL, "01").num, 2);
  assert_int_equal(look(f, "j", "01").num, 1);
  assert_int_equal(look(f, "k", NULL).num, 0);
}

static void test_states_go_forward_only(void **state) {
  fixture *f = *state;
  X509 *cert = make_certificate();
  assert_false(pki_register_issue(f->reg, "i", "01", cert, &f->err));
  assert_true(reserve(f, "i", "01"));
  assert_int_equal(look(f, "i", "01").state, PKI_RESERVED);
  assert_true(pki_register_issue(f->reg, "i", "01", cert, &f->err));
  assert_int_equal(look(f, "i", "01").state, PKI_ISSUED);
  assert_false(pki_register_issue(f->reg, "i", "01", cert, &f->err));
  assert_non_null(strstr(f->err.text, "not reserved"));
  assert_true(pki_register_revoke(f->reg, "i", "01", now_s, 1, &f->err));
  assert_false(pki_register_revoke(f->reg, "i", "01", now_s, 4, &f->err));
  assert_false(pki_register_issue(f->reg, "i", "01", cert, &f->err));
  assert_int_equal(look(f, "i", "01").state, PKI_REVOKED);
  assert_int_equal(look(f, "i", "01").reason, 1);
  X509_free(cert);
}

static void test_what_was_not_committed_never_was(void **state) {
  fixture *f = *state;
  assert_true(pki_register_begin(f->reg, &f->err));
  assert_true(reserve(f, "i", "01"));
  reopen(f, false);
  assert_int_equal(look(f, NULL, NULL).num, 0);
  assert_true(pki_register_begin(f->reg, &f->err));
  assert_true(reserve(f, "i", "01"));
  assert_true(pki_register_begin(f->reg, &f->err)); // gives up what failed before
  assert_true(pki_register_commit(f->reg, &f->err));
  assert_int_equal(look(f, NULL, NULL).num, 0);
}

static void test_each_issuer_counts_its_own_crls(void **state) {
  fixture *f = *state;
  int64_t number = 0;
  int64_t previous = -1;
  for (int64_t i = 1; i <= 3; i++) {
    assert_true(pki_register_next_crl(f->reg, &number, &previous, "i", now_s + i, &f->err));
    assert_int_equal(number, i);
    assert_int_equal(previous, i == 1 ? 0 : now_s + i - 1);
  }
  assert_true(pki_register_next_crl(f->reg, &number, &previous, "j", now_s, &f->err));
  assert_int_equal(number, 1);
}

static void test_a_certificate_in_force_is_found_by_its_names(void **state) {
  fixture *f = *state;
  int64_t not_after = -1;
  X509 *cert = make_certificate();
  pki_entry like = {.names = "a.example b.example", .required_domains = "", .profile = "server"};
  assert_true(reserve(f, "i", "01"));
  assert_true(pki_register_in_force(f->reg, &not_after, &like, now_s, &f->err));
  assert_int_equal(not_after, 0);
  assert_true(pki_register_issue(f->reg, "i", "01", cert, &f->err));
  assert_true(pki_register_in_force(f->reg, &not_after, &like, now_s, &f->err));
  assert_int_equal(not_after, now_s + 100);
  assert_true(pki_register_in_force(f->reg, &not_after, &like, now_s + 100, &f->err));
  assert_int_equal(not_after, 0);
  like.names = "a.example";
  assert_true(pki_register_in_force(f->reg, &not_after, &like, now_s, &f->err));
  assert_int_equal(not_after, 0);
  X509_free(cert);
}

static void test_serial_numbers_have_one_form(void **state) {
  (void)state;
  app_error err;
  char text[PKI_SERIAL_TEXT_LEN];
  static const struct {
    int64_t number;
    const char *text;
  } rows[] = {{0, "0"}, {1, "1"}, {0xab, "ab"}, {0x0abc, "abc"}, {0x80, "80"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    assert_int_equal(ASN1_INTEGER_set_int64(serial, rows[i].number), 1);
    assert_true(pki_serial_text_of(text, serial, &err));
    assert_string_equal(text, rows[i].text);
    ASN1_INTEGER_free(serial);
  }
}

static void test_a_number_too_long_for_the_register_is_refused(void **state) {
  (void)state;
  app_error err;
  char text[PKI_SERIAL_TEXT_LEN] = "untouched";
  BIGNUM *number = NULL;
  assert_int_not_equal(BN_hex2bn(&number, "1234567890123456789012345678901234567890ff"), 0);
  ASN1_INTEGER *serial = BN_to_ASN1_INTEGER(number, NULL);
  assert_false(pki_serial_text_of(text, serial, &err));
  assert_string_equal(text, "untouched");
  ASN1_INTEGER_free(serial);
  BN_free(number);
}

static void test_a_path_that_is_too_long_is_refused(void **state) {
  (void)state;
  static char dir[5000];
  app_error err;
  pki_register *reg = NULL;
  bool made = false;
  memset(dir, 'd', sizeof dir - 1);
  assert_false(pki_register_open(&reg, &made, dir, &err));
  assert_non_null(strstr(err.text, "path is too long"));
  assert_false(pki_register_open_to_read(&reg, dir, &err));
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_DIR(test_an_issuer_uses_a_number_once_and_two_may_use_the_same),
      WITH_DIR(test_states_go_forward_only),
      WITH_DIR(test_what_was_not_committed_never_was),
      WITH_DIR(test_each_issuer_counts_its_own_crls),
      WITH_DIR(test_a_certificate_in_force_is_found_by_its_names),
      cmocka_unit_test(test_serial_numbers_have_one_form),
      cmocka_unit_test(test_a_number_too_long_for_the_register_is_refused),
      cmocka_unit_test(test_a_path_that_is_too_long_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
