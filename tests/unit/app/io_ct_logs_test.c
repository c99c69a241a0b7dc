// Lists of logs in both forms, block lists, CRLs and marks from files: what is read, and what is
// said of mistakes. Whose timestamps then count is told by chains that are judged.
#include "cmocka_test.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail_mem.h"
#include "io/block_file.h"
#include "io/ct_logs.h"
#include "io/tls_trust.h"
#include "pki_evidence.h"

typedef struct fixture {
  codicil_trust *trust;
  pki_cert *root, *leaf;
  pki_log *log;
  char key[512], id[64]; // base64
  char text[4096];
  app_error err;
} fixture;

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  f->root = pki_root("root");
  f->leaf = pki_leaf(f->root, "DNS:a.example");
  f->log = pki_log_new(NULL);
  EVP_EncodeBlock((unsigned char *)f->key, f->log->spki, (int)f->log->spki_len);
  EVP_EncodeBlock((unsigned char *)f->id, f->log->id, sizeof f->log->id);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  codicil_trust_free(f->trust);
  pki_log_free(f->log);
  pki_free(f->leaf);
  pki_free(f->root);
  free(f);
  return 0;
}

static void new_trust(fixture *f) {
  codicil_trust_free(f->trust);
  f->trust = NULL;
  assert_int_equal(codicil_trust_new(&f->trust, NULL), CODICIL_OK);
  assert_int_equal(codicil_trust_add_pem(f->trust, NULL, NULL, pki_pem(f->root)), CODICIL_OK);
  codicil_trust_set_min_scts(f->trust, 1);
}

// Reads f->text as "list" into a new store.
static bool parse(fixture *f, size_t *out_num) {
  codicil_span text = exact_copy(codicil_span_of(f->text, strlen(f->text)));
  new_trust(f);
  bool ok = ct_logs_parse(f->trust, out_num, text, "list", &f->err);
  free((void *)text.data);
  return ok;
}

static void expect_good(fixture *f, size_t want) {
  size_t num = 0;
  if (!parse(f, &num)) {
    fail_msg("%s\n%s", f->text, f->err.text);
  }
  assert_int_equal(num, want);
}

static void expect_bad(fixture *f, const char *want) {
  size_t num = 99;
  assert_false(parse(f, &num));
  assert_string_equal(f->err.text, want);
  assert_int_equal(num, 99);
}

// Tells whether a timestamp of this second counts by the list that was read.
static bool counts(fixture *f, int64_t unix_s) {
  const pki_sct_spec spec = {.log = f->log, .unix_s = unix_s};
  pki_bytes scts = pki_signed_scts(f->leaf, &spec, 1);
  const codicil_chain_entry entry = {.der = pki_der(f->leaf),
                                     .scts = codicil_span_of(scts.data, scts.len)};
  codicil_chain_verdict verdict;
  assert_int_equal(codicil_chain_validate(&verdict, NULL, f->trust, NULL, NULL, &entry, 1, PKI_NOW),
                   CODICIL_OK);
  free(scts.data);
  return verdict.reason == CODICIL_CERT_NONE;
}

// ---- JSON ---------------------------------------------------------------------------------------

// A list of one log with this state, as JSON.
static void write_json(fixture *f, const char *kind, const char *state) {
  snprintf(f->text, sizeof f->text,
           "{\"version\": \"3.1\", \"operators\": [{\"name\": \"o\", \"%s\": [{\"description\": "
           "\"log\", \"log_id\": \"%s\", \"key\": \"%s\", \"mmd\": 86400, \"temporal_interval\": "
           "{\"start_inclusive\": \"2020-01-01T00:00:00Z\"}%s%s}]}]}",
           kind, f->id, f->key, state[0] != '\0' ? ", \"state\": " : "", state);
}

static void test_the_state_of_a_log_says_which_timestamps_count(void **state) {
  fixture *f = *state;
  static const char *const good[] = {"usable", "qualified", "readonly"};
  static const char *const bad[] = {"{\"pending\": {}}", "{\"rejected\": {}}", ""};
  char text[128];
  for (size_t i = 0; i < 3; i++) {
    snprintf(text, sizeof text, "{\"%s\": {\"timestamp\": \"2020-01-01T00:00:00Z\"}}", good[i]);
    write_json(f, i == 1 ? "tiled_logs" : "logs", text);
    expect_good(f, 1);
    assert_true(counts(f, PKI_NOW - 1));
    write_json(f, "logs", bad[i]);
    expect_bad(f, "list: it names no log whose timestamps count");
  }
  // 1767139200 is a day before PKI_NOW.
  static const char *const times[] = {"2025-12-31T00:00:00Z", "2025-12-31T00:00:00.123Z"};
  for (size_t i = 0; i < 2; i++) {
    snprintf(text, sizeof text, "{\"retired\": {\"timestamp\": \"%s\"}}", times[i]);
    write_json(f, "logs", text);
    expect_good(f, 1);
    assert_true(counts(f, PKI_NOW - PKI_DAY - 1));
    assert_false(counts(f, PKI_NOW - PKI_DAY));
  }
}

static void test_times_are_read_as_the_calendar_has_them(void **state) {
  fixture *f = *state;
  static const struct {
    const char *text;
    int64_t unix_s;
  } cases[] = {{"2024-02-29T12:34:56Z", 1709210096},
               {"2024-03-01T00:00:00Z", 1709251200},
               {"2023-12-31T23:59:59Z", 1704067199},
               {"2000-01-01T00:00:00Z", 946684800}};
  for (size_t i = 0; i < 4; i++) {
    char text[128];
    snprintf(text, sizeof text, "{\"retired\": {\"timestamp\": \"%s\"}}", cases[i].text);
    write_json(f, "logs", text);
    expect_good(f, 1);
    assert_true(counts(f, cases[i].unix_s - 1));
    assert_false(counts(f, cases[i].unix_s));
  }
}

static void test_a_state_that_is_none_is_an_error(void **state) {
  fixture *f = *state;
  static const char *const times[] = {
      "null",
      "\"\"",
      "\"2024-01-01\"",
      "\"2024-01-01T00:00:00\"",
      "1704067200",
      "\"x\"",
      "\"2024-13-01T00:00:00Z\"",
      "\"2024-00-01T00:00:00Z\"",
      "\"2024-01-32T00:00:00Z\"",
      "\"2024-01-01T24:00:00Z\"",
      "\"2024-01-01T00:60:00Z\"",
      "\"2024-01-01T00:00:00.Z\"",
      "\"2024-01-01T00:00:00+01:00\"",
      "\"2024- 1-01T00:00:00Z\"",
      "\"1969-12-31T23:59:59Z\"",
  };
  char text[128];
  for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
    snprintf(text, sizeof text, "{\"retired\": {\"timestamp\": %s}}", times[i]);
    write_json(f, "logs", text);
    expect_bad(f, "list: operators[0].logs[0]: it is retired, and no timestamp says when");
  }
  write_json(f, "logs", "{\"retired\": {}}");
  expect_bad(f, "list: operators[0].logs[0]: it is retired, and no timestamp says when");
  write_json(f, "logs", "{\"trusted\": {}}");
  expect_bad(f, "list: operators[0].logs[0]: its state is none of usable, qualified, readonly, "
                "retired, pending, rejected");
  static const char *const none[] = {"{}", "[]", "\"usable\"", "{\"usable\": {}, \"retired\": {}}"};
  for (size_t i = 0; i < 4; i++) {
    write_json(f, "tiled_logs", none[i]);
    expect_bad(f, "list: operators[0].tiled_logs[0]: its state is not one");
  }
}

static void test_json_that_is_no_list_is_an_error(void **state) {
  fixture *f = *state;
  static const struct {
    const char *text, *want;
  } cases[] = {
      {"{}", "list: it has no array \"operators\""},
      {" \n{\"operators\": 1}", "list: it has no array \"operators\""},
      {"{\"operators\": []}", "list: it names no log whose timestamps count"},
      {"{\"operators\": [1, {\"logs\": []}]}", "list: it names no log whose timestamps count"},
      {"{\"operators\": [{\"logs\": {}}]}", "list: operators[0].logs is no array"},
      {"{\"operators\": [{}, {\"tiled_logs\": 1}]}", "list: operators[1].tiled_logs is no array"},
      {"{\"operators\": [{\"logs\": [{}]}]}", "list: operators[0].logs[0]: it has no key"},
      {"{\"operators\": [{\"logs\": [{\"key\": \"\", \"log_id\": 1}]}]}",
       "list: operators[0].logs[0]: its log_id is no string"},
      {"{\"operators\": [{\"logs\": [{\"key\": \"\", \"state\": {\"usable\": {}}}]}]}",
       "list: log operators[0].logs[0]: its key is not base64"},
      {"{\"operators\": [{\"logs\": [{\"key\": \"MA==\", \"description\": \"A b\", \"state\": "
       "{\"usable\": {}}}]}]}",
       "list: log A b: public key does not parse"},
      {"{\"operators\": [{\"logs\": [{\"key\": \"MA==\", \"description\": \"\\u001b[2J\", "
       "\"state\": {\"usable\": {}}}]}]}",
       "list: log operators[0].logs[0]: public key does not parse"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    snprintf(f->text, sizeof f->text, "%s", cases[i].text);
    expect_bad(f, cases[i].want);
  }
  static const char *const broken[] = {"{\"a\": 1", "{\"a\": 1, \"a\": 1}", "{\"a\": \"\\u0000\"}"};
  for (size_t i = 0; i < 3; i++) {
    size_t num = 0;
    snprintf(f->text, sizeof f->text, "%s", broken[i]);
    assert_false(parse(f, &num));
    assert_memory_equal(f->err.text, "list:1:", 7); // the rest are jansson's words
  }
  f->id[0] = f->id[0] == 'A' ? 'B' : 'A';
  write_json(f, "logs", "{\"usable\": {}}");
  expect_bad(f, "list: log log: its log_id is not that of its key");
  f->id[0] = '\0';
  write_json(f, "logs", "{\"usable\": {}}");
  expect_bad(f, "list: log log: its log_id is not that of its key");
}

// ---- OpenSSL's form -----------------------------------------------------------------------------

static void test_openssls_form_names_its_logs(void **state) {
  fixture *f = *state;
  snprintf(f->text, sizeof f->text,
           "# logs\r\nenabled_logs = one ,two\n\n[ two ]\ndescription = x\nkey = %s # the key\n"
           "[one]\nkey=MA==\nkey = %s\n[three]\nkey = wrong, and nobody asks\n",
           f->key, f->key);
  expect_good(f, 2);
  assert_true(counts(f, PKI_NOW - 1));
}

static void test_mistakes_in_openssls_form_have_a_line(void **state) {
  fixture *f = *state;
  static const struct {
    const char *text, *want;
  } cases[] = {
      {"", "list: neither a JSON object nor a file with enabled_logs"},
      {"[one]\nenabled_logs = one\n", "list: neither a JSON object nor a file with enabled_logs"},
      {"enabled_logs = a\nnonsense\n", "list:2: neither [section] nor name = value"},
      {"enabled_logs = a\n.include = /etc/passwd\n", "list:2: neither [section] nor name = value"},
      {"enabled_logs = a\n\n[]\n", "list:3: neither [section] nor name = value"},
      {"= a\n", "list:1: neither [section] nor name = value"},
      {"enabled_logs =\n", "list: it names no log whose timestamps count"},
      {"\nenabled_logs = a\n", "list:2: log a: there is no section [a] with a key"},
      {"enabled_logs = a\n[a]\nname = x\n[b]\nkey = MA==\n",
       "list:1: log a: there is no section [a] with a key"},
      {"enabled_logs = ,\n", "list:1: enabled_logs is no list of names"},
      {"enabled_logs = a\n[a]\nkey = ????\n", "list: log a: its key is not base64"},
      {"enabled_logs = a\n[a]\nkey = MA==MA==\n", "list: log a: its key is not base64"},
      {"enabled_logs = a\n[a]\nkey = MAA\n", "list: log a: its key is not base64"},
      {"enabled_logs = a\n[a]\nkey =\n", "list: log a: its key is not base64"},
      {"enabled_logs = a\n[a]\nkey = MAA=\n", "list: log a: public key does not parse"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    snprintf(f->text, sizeof f->text, "%s", cases[i].text);
    expect_bad(f, cases[i].want);
  }
  snprintf(f->text, sizeof f->text, "enabled_logs = a\n[a]\nkey = %03000d\n", 0);
  expect_bad(f, "list:3: log a: its key is too long");
  snprintf(f->text, sizeof f->text, "enabled_logs = a\n[a]\nkey = %02000d\n", 0);
  expect_bad(f, "list: log a: its key is not base64");
}

// ---- files --------------------------------------------------------------------------------------

// Writes a file that the caller unlinks.
static const char *write_file(const char *text) {
  static char path[64];
  snprintf(path, sizeof path, "/tmp/codicil-evidence-XXXXXX");
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
  close(fd);
  return path;
}

static void expect_error(const fixture *f, const char *path, const char *want) {
  char text[600];
  snprintf(text, sizeof text, "%s%s", path, want);
  assert_string_equal(f->err.text, text);
}

static void test_errors_name_the_file(void **state) {
  fixture *f = *state;
  size_t num = 0;
  bool strange = false;
  codicil_buf text;
  codicil_block_list *list = NULL;
  new_trust(f);
  assert_false(ct_logs_read(f->trust, &num, "/nowhere/at/all", &f->err));
  expect_error(f, "/nowhere/at/all", ": No such file or directory");
  assert_false(block_file_read(&list, &text, "/nowhere/at/all", &f->err));
  expect_error(f, "/nowhere/at/all", ": No such file or directory");
  const char *path = write_file("# one\n\nspki 12\n");
  assert_false(block_file_read(&list, &text, path, &f->err));
  assert_int_equal(text.len, strlen("# one\n\nspki 12\n"));
  codicil_buf_clear(&text);
  expect_error(f, path, ":3: no SHA-256 of 64 hexadecimal digits");
  assert_null(list);
  assert_false(tls_trust_add_crls(f->trust, path, &f->err));
  expect_error(f, path, ": no CRL in file");
  assert_false(tls_trust_mark_caa(f->trust, &strange, path, &f->err));
  expect_error(f, path, ": no certificate in file");
  assert_false(ct_logs_read(f->trust, &num, path, &f->err));
  expect_error(f, path, ":3: neither [section] nor name = value");
  unlink(path);
}

static void test_files_are_read(void **state) {
  fixture *f = *state;
  codicil_buf text;
  codicil_block_list *list = NULL;
  bool strange = false;
  pki_bytes crl = pki_crl_pem(f->root, &(pki_crl_spec){.revoked = {f->leaf}});
  new_trust(f);
  const char *path = write_file("breadcrumb a.example\r\nbreadcrumb b.example");
  assert_true(block_file_read(&list, &text, path, &f->err));
  codicil_buf_clear(&text);
  assert_int_equal(codicil_block_list_num(list), 2);
  codicil_block_list_free(list);
  unlink(path);
  path = write_file((const char *)crl.data);
  assert_true(tls_trust_add_crls(f->trust, path, &f->err));
  unlink(path);
  path = write_file(f->root->pem);
  assert_true(tls_trust_mark_caa(f->trust, &strange, path, &f->err));
  assert_false(strange);
  unlink(path);
  path = write_file(f->leaf->pem);
  assert_true(tls_trust_mark_caa(f->trust, &strange, path, &f->err));
  assert_true(strange);
  unlink(path);
  free(crl.data);
}

#define LOGS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      LOGS_TEST(test_the_state_of_a_log_says_which_timestamps_count),
      LOGS_TEST(test_times_are_read_as_the_calendar_has_them),
      LOGS_TEST(test_a_state_that_is_none_is_an_error),
      LOGS_TEST(test_json_that_is_no_list_is_an_error),
      LOGS_TEST(test_openssls_form_names_its_logs),
      LOGS_TEST(test_mistakes_in_openssls_form_have_a_line),
      LOGS_TEST(test_errors_name_the_file),
      LOGS_TEST(test_files_are_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
