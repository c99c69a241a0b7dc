// A CA in files: what appears, with which mode, and that nothing stays behind a refusal.
#include <dirent.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
// cmocka.h needs the above.
#include <cmocka.h>

#include "pki/pki.h"

static const int64_t now_s = 1767225600; // 2026-01-01

// ca.pem, ca.key, register.db, audit.log.
enum { CA_FILES = 4 };

typedef struct fixture {
  char top[64];
  char ca[128];
  char out[128];
  pki_made made;
  app_error err;
} fixture;

static void path_of(char *path, size_t len, const char *dir, const char *name) {
  assert_true(snprintf(path, len, "%s/%s", dir, name) < (int)len);
}

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  strcpy(f->top, "/tmp/codicil-pki-XXXXXX");
  if (mkdtemp(f->top) == NULL) {
    free(f);
    return -1;
  }
  path_of(f->ca, sizeof f->ca, f->top, "ca");
  path_of(f->out, sizeof f->out, f->top, "out");
  *state = f;
  return 0;
}

static size_t count_files(const char *dir_path) {
  size_t num = 0;
  DIR *dir = opendir(dir_path);
  while (dir != NULL) {
    struct dirent *entry = readdir(dir);
    if (entry == NULL) {
      break;
    }
    num += entry->d_name[0] != '.';
  }
  if (dir != NULL) {
    closedir(dir);
  }
  return num;
}

static void remove_dir(const char *dir_path) {
  char path[512];
  DIR *dir = opendir(dir_path);
  while (dir != NULL) {
    struct dirent *entry = readdir(dir);
    if (entry == NULL) {
      break;
    }
    path_of(path, sizeof path, dir_path, entry->d_name);
    unlink(path);
  }
  if (dir != NULL) {
    closedir(dir);
  }
  rmdir(dir_path);
}

static int tear_down(void **state) {
  fixture *f = *state;
  remove_dir(f->ca);
  remove_dir(f->out);
  int failed = rmdir(f->top);
  free(f);
  return failed;
}

static bool new_ca(fixture *f) {
  const pki_ca_order order = {.dir = f->ca, .alg = PKI_P256, .days = 100, .now_s = now_s};
  return pki_new_ca(&f->made, &order, &f->err);
}

static bool new_cert(fixture *f, const char *name, bool intermediate) {
  const char *names[] = {name};
  const pki_cert_order order = {
      .desk = {.ca_dir = f->ca, .command = "new", .now_s = now_s, .intermediate = intermediate},
      .out_dir = f->out,
      .names = names,
      .num_names = 1,
      .alg = PKI_P256,
      .days = 30,
  };
  return pki_new_cert(&f->made, &order, &f->err);
}

static unsigned mode_of(const char *path) {
  struct stat st;
  assert_int_equal(stat(path, &st), 0);
  return st.st_mode & 07777;
}

static size_t count_certificates(const char *path) {
  size_t num = 0;
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  for (X509 *cert; (cert = PEM_read_X509(file, NULL, NULL, NULL)) != NULL; num++) {
    X509_free(cert);
  }
  ERR_clear_error();
  fclose(file);
  return num;
}

static void put(const char *dir, const char *name, const char *text) {
  char path[512];
  path_of(path, sizeof path, dir, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static void test_a_ca_is_four_files_and_its_key_is_for_the_owner_alone(void **state) {
  fixture *f = *state;
  umask(0);
  assert_true(new_ca(f));
  assert_int_equal(count_files(f->ca), CA_FILES);
  assert_int_equal(mode_of(f->made.key_path), 0600);
  assert_int_equal(mode_of(f->made.chain_path), 0644);
  assert_int_equal(f->made.expires_s, now_s + 100 * 86400);
}

static void test_a_ca_is_not_overwritten(void **state) {
  fixture *f = *state;
  assert_true(new_ca(f));
  assert_false(new_ca(f));
  assert_non_null(strstr(f->err.text, "exists already"));
  assert_int_equal(count_files(f->ca), CA_FILES);
}

static void test_a_certificate_from_the_root_is_a_chain_of_one(void **state) {
  fixture *f = *state;
  assert_true(new_ca(f) && new_cert(f, "*.example.com", false));
  assert_non_null(strstr(f->made.chain_path, "/_wildcard.example.com.pem"));
  assert_int_equal(count_certificates(f->made.chain_path), 1);
  assert_int_equal(mode_of(f->made.key_path), 0600);
  assert_int_equal(count_files(f->out), 2);
}

static void test_an_intermediate_is_made_once_and_sent_in_the_chain(void **state) {
  fixture *f = *state;
  assert_true(new_ca(f) && new_cert(f, "a.example", true));
  assert_int_equal(count_files(f->ca), CA_FILES + 2);
  assert_int_equal(count_certificates(f->made.chain_path), 2);
  assert_true(new_cert(f, "b.example", true));
  assert_int_equal(count_files(f->ca), CA_FILES + 2);
  assert_int_equal(count_files(f->out), 4);
}

static void test_a_certificate_is_not_overwritten(void **state) {
  fixture *f = *state;
  assert_true(new_ca(f) && new_cert(f, "a.example", false));
  assert_false(new_cert(f, "a.example", false));
  assert_non_null(strstr(f->err.text, "a.example.pem: exists already"));
}

static void test_where_only_the_key_exists_nothing_is_written(void **state) {
  fixture *f = *state;
  assert_true(new_ca(f));
  assert_int_equal(mkdir(f->out, 0755), 0);
  put(f->out, "a.example.key", "");
  assert_false(new_cert(f, "a.example", true));
  assert_non_null(strstr(f->err.text, "a.example.key: exists already"));
  assert_int_equal(count_files(f->out), 1);
  assert_int_equal(count_files(f->ca), CA_FILES);
}

static void test_a_write_that_fails_takes_back_those_before_it(void **state) {
  fixture *f = *state;
  assert_true(new_ca(f));
  // A symbolic link to nowhere: it does not exist when asked for, and cannot be created.
  assert_int_equal(mkdir(f->out, 0755), 0);
  char path[512];
  path_of(path, sizeof path, f->out, "a.example.key");
  assert_int_equal(symlink("nowhere", path), 0);
  assert_false(new_cert(f, "a.example", true));
  assert_int_equal(count_files(f->out), 1);
  assert_int_equal(count_files(f->ca), CA_FILES);
}

static void test_a_refusal_leaves_no_directory(void **state) {
  fixture *f = *state;
  assert_true(new_ca(f));
  assert_false(new_cert(f, "not a name", false));
  assert_int_equal(access(f->out, F_OK), -1);
  char deep[256];
  path_of(deep, sizeof deep, f->out, "deep");
  const pki_ca_order order = {.dir = deep, .alg = PKI_P256, .days = 1, .now_s = now_s};
  assert_false(pki_new_ca(&f->made, &order, &f->err));
  assert_non_null(strstr(f->err.text, "No such file or directory"));
}

static void test_a_missing_ca_is_named(void **state) {
  fixture *f = *state;
  assert_false(new_cert(f, "a.example", false));
  assert_non_null(strstr(f->err.text, "/ca/ca.pem: No such file or directory"));
}

static void test_files_that_are_no_ca_are_refused(void **state) {
  fixture *f = *state;
  assert_true(new_ca(f));
  put(f->ca, "ca.key", "no key\n");
  assert_false(new_cert(f, "a.example", false));
  assert_non_null(strstr(f->err.text, "ca.key: not an unencrypted private key in PEM"));
  put(f->ca, "ca.pem", "no certificate\n");
  assert_false(new_cert(f, "a.example", false));
  assert_non_null(strstr(f->err.text, "ca.pem: not a certificate in PEM"));
  assert_int_equal(ERR_peek_error(), 0);
}

static void move(const char *dir, const char *from, const char *to) {
  char old_path[512];
  char new_path[512];
  path_of(old_path, sizeof old_path, dir, from);
  path_of(new_path, sizeof new_path, dir, to);
  assert_int_equal(rename(old_path, new_path), 0);
}

static void test_a_key_that_belongs_to_another_certificate_is_refused(void **state) {
  fixture *f = *state;
  assert_true(new_ca(f) && new_cert(f, "a.example", true));
  move(f->ca, "intermediate.key", "ca.key");
  assert_false(new_cert(f, "b.example", false));
  assert_non_null(strstr(f->err.text, "not the key of"));
}

static void test_an_end_entity_signs_no_others(void **state) {
  fixture *f = *state;
  assert_true(new_ca(f) && new_cert(f, "a.example", false));
  move(f->out, "a.example.pem", "ca.pem");
  move(f->out, "a.example.key", "ca.key");
  const char *names[] = {"b.example"};
  const pki_cert_order order = {
      .desk = {.ca_dir = f->out, .command = "new", .now_s = now_s},
      .out_dir = f->out,
      .names = names,
      .num_names = 1,
      .days = 1,
  };
  assert_false(pki_new_cert(&f->made, &order, &f->err));
  assert_non_null(strstr(f->err.text, "not the certificate of a CA"));
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_DIR(test_a_ca_is_four_files_and_its_key_is_for_the_owner_alone),
      WITH_DIR(test_a_ca_is_not_overwritten),
      WITH_DIR(test_a_certificate_from_the_root_is_a_chain_of_one),
      WITH_DIR(test_an_intermediate_is_made_once_and_sent_in_the_chain),
      WITH_DIR(test_a_certificate_is_not_overwritten),
      WITH_DIR(test_where_only_the_key_exists_nothing_is_written),
      WITH_DIR(test_a_write_that_fails_takes_back_those_before_it),
      WITH_DIR(test_a_refusal_leaves_no_directory),
      WITH_DIR(test_a_missing_ca_is_named),
      WITH_DIR(test_files_that_are_no_ca_are_refused),
      WITH_DIR(test_a_key_that_belongs_to_another_certificate_is_refused),
      WITH_DIR(test_an_end_entity_signs_no_others),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
