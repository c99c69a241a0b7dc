// Signing: what stands in the register and on the disk when it ends before its end.
#include "pki/sign.h"

#include <dirent.h>
#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// cmocka.h needs the above.
#include <cmocka.h>

#include "pki/pki.h"
#include "pki/revoke.h"
#include "starve_libcrypto.h"

static const int64_t now_s = 1767225600; // 2026-01-01

typedef struct fixture {
  char top[64];
  char ca[128];
  char out[128];
  app_error err;
} fixture;

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  strcpy(f->top, "/tmp/codicil-sign-XXXXXX");
  assert_non_null(mkdtemp(f->top));
  snprintf(f->ca, sizeof f->ca, "%s/ca", f->top);
  snprintf(f->out, sizeof f->out, "%s/out", f->top);
  const pki_ca_order order = {.dir = f->ca, .alg = PKI_ED25519, .days = 100, .now_s = now_s};
  pki_made made;
  assert_true(pki_new_ca(&made, &order, &f->err));
  *state = f;
  return 0;
}

// Empties and removes a directory; tells how many files it had.
static size_t remove_dir(const char *path) {
  char name[512];
  size_t num = 0;
  DIR *dir = opendir(path);
  for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
      snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
      num += unlink(name) == 0;
    }
  }
  if (dir != NULL) {
    closedir(dir);
    rmdir(path);
  }
  return num;
}

static int tear_down(void **state) {
  fixture *f = *state;
  remove_dir(f->ca);
  remove_dir(f->out);
  int failed = rmdir(f->top);
  free(f);
  return failed;
}

static pki_desk desk_of(const fixture *f, bool intermediate) {
  pki_desk desk = {.ca_dir = f->ca,
                   .command = "test",
                   .now_s = now_s,
                   .intermediate = intermediate,
                   .caa = {.skip = true}};
  codicil_codepoints_default(&desk.codepoints);
  return desk;
}

typedef struct counts {
  size_t in_state[3];
} counts;

static bool count(void *user, const pki_entry *entry, app_error *err) {
  counts *c = user;
  (void)err;
  c->in_state[entry->state]++;
  return true;
}

static counts count_register(fixture *f) {
  counts c = {{0}};
  pki_register *reg = NULL;
  assert_true(pki_register_open_to_read(&reg, f->ca, &f->err));
  assert_true(pki_register_each(reg, NULL, NULL, count, &c, &f->err));
  pki_register_close(reg);
  return c;
}

static void sign_and_give_up(fixture *f, pki_batch *batch, bool finish) {
  pki_files files = {.num_files = 0};
  pki_name name;
  X509 *cert = NULL;
  const pki_desk desk = desk_of(f, false);
  EVP_PKEY *key = pki_key_new(PKI_ED25519, &f->err);
  assert_true(pki_name_parse(&name, "a.example", &f->err));
  pki_request request = {.profile = PKI_SERVER,
                         .key = key,
                         .common_name = name.text,
                         .names = &name,
                         .num_names = 1,
                         .now_s = now_s,
                         .days = 1};
  assert_true(pki_sign(batch, &cert, &desk, &request, 1, &files, &f->err));
  if (finish) {
    assert_true(pki_batch_finish(batch, &files, f->out, &f->err));
  }
  pki_batch_close(batch);
  X509_free(cert);
  EVP_PKEY_free(key);
}

static void test_a_batch_that_is_not_finished_is_revoked(void **state) {
  fixture *f = *state;
  pki_batch batch = {.desk = NULL};
  sign_and_give_up(f, &batch, false);
  counts c = count_register(f);
  assert_int_equal(c.in_state[PKI_REVOKED], 1);
  sign_and_give_up(f, &batch, true);
  c = count_register(f);
  assert_int_equal(c.in_state[PKI_REVOKED], 1);
  assert_int_equal(c.in_state[PKI_ISSUED], 2);
}

static void test_closing_a_batch_that_never_began_does_nothing(void **state) {
  (void)state;
  pki_batch batch = {.desk = NULL};
  pki_batch_close(&batch);
  pki_batch_close(&batch);
}

static bool make_glue(fixture *f) {
  static const char *const sites[] = {"www.site.example"};
  const pki_glue_order order = {.desk = desk_of(f, false),
                                .out_dir = f->out,
                                .sites = sites,
                                .num_sites = 1,
                                .shared = "shared.cdn.example",
                                .alg = PKI_ED25519,
                                .days = 30};
  pki_made made[2];
  return pki_new_glue(made, &order, &f->err);
}

// All files or none, and what the register calls issued is what is on the disk.
static void check_outcome(fixture *f, bool ok, counts before) {
  counts after = count_register(f);
  size_t num_issued = after.in_state[PKI_ISSUED] - before.in_state[PKI_ISSUED];
  assert_int_equal(remove_dir(f->out), ok ? 4 : 0);
  assert_int_equal(num_issued, ok ? 2 : 0);
}

static void test_signing_without_memory_is_all_or_nothing(void **state) {
  fixture *f = *state;
  bool was_refused = true;
  size_t refusals = 0;
  // Every allocation in turn would take a minute; 37 is prime to what repeats for each certificate.
  for (size_t n = 0; was_refused; n += 37) {
    counts before = count_register(f);
    starve_begin(n);
    bool ok = make_glue(f);
    was_refused = starve_end();
    assert_true(ok || was_refused);
    refusals += !ok;
    ERR_clear_error();
    check_outcome(f, ok, before);
  }
  assert_true(refusals > 10);
}

static void test_crls_without_memory_are_whole_or_not_there(void **state) {
  fixture *f = *state;
  char path[256];
  pki_batch batch = {.desk = NULL};
  pki_crl_made made[PKI_CRLS_MAX];
  size_t num = 0;
  bool was_refused = true;
  sign_and_give_up(f, &batch, false);
  snprintf(path, sizeof path, "%s/ca.crl", f->ca);
  for (size_t n = 0; was_refused; n += 5) {
    const pki_crl_order order = {.ca_dir = f->ca, .days = 1, .now_s = now_s};
    starve_begin(n);
    bool ok = pki_new_crls(made, &num, &order, &f->err);
    was_refused = starve_end();
    assert_true(ok || was_refused);
    assert_int_equal(unlink(path), ok ? 0 : -1);
    ERR_clear_error();
  }
  assert_int_equal(made[0].num_entries, 1);
}

#define WITH_CA(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_CA(test_a_batch_that_is_not_finished_is_revoked),
      cmocka_unit_test(test_closing_a_batch_that_never_began_does_nothing),
      WITH_CA(test_signing_without_memory_is_all_or_nothing),
      WITH_CA(test_crls_without_memory_are_whole_or_not_there),
  };
  if (!starve_install()) {
    return 1;
  }
  return cmocka_run_group_tests(tests, NULL, NULL);
}
