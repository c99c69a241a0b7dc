// Block lists: their text, what they list, and chains that are on them.
#include "cmocka_test.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

#include "block_list.h"
#include "chain_fixture.h"
#include "span.h"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// ---- the text -----------------------------------------------------------------------------------

static codicil_block_list *parse(const char *text) {
  codicil_block_list *list = NULL;
  codicil_span octets = exact_copy(codicil_span_str(text));
  assert_int_equal(codicil_block_list_parse(&list, NULL, NULL, NULL, octets), CODICIL_OK);
  free((void *)octets.data);
  return list;
}

typedef struct bad_text {
  const char *text;
  size_t line, offset;
} bad_text;

static void test_a_mistake_is_named_with_its_line_and_place(void **state) {
  (void)state;
  static const bad_text cases[] = {
      {"block a.example", 1, 0},
      {"# fine\nbreadcrumb a.example\n\nbreadcrum b.example", 4, 29},
      {"breadcrumb", 1, 0},
      {"breadcrumb a.example b.example", 1, 0},
      {"breadcrumb a.example b c d", 1, 0},
      {"breadcrumb *.a.example", 1, 11},
      {"breadcrumb *", 1, 11},
      {"breadcrumb a..example", 1, 11},
      {"breadcrumb https://a.example/", 1, 11},
      {"breadcrumb 192.0.2.256", 1, 11},
      {"spki", 1, 0},
      {"spki abc", 1, 5},
      {" spki " HASH_A "a", 1, 6},
      {"spki g" HASH_A, 1, 5},
      {"spki aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaag", 1, 5},
      {"serial " HASH_A, 1, 0},
      {"serial " HASH_A " 0x10", 1, 72},
      {"serial " HASH_A " 00:10", 1, 72},
      {"serial " HASH_A " 0" HASH_A "1", 1, 72},
      {"serial abc 10", 1, 7},
      {"serial " HASH_A " 10 11", 1, 0},
      {"Spki " HASH_A, 1, 0},
      {"spki " HASH_A "\rspki", 1, 5},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    codicil_block_list *list = NULL;
    codicil_diag diag = {NULL, 0};
    size_t line = 77;
    codicil_span text = exact_copy(codicil_span_str(cases[i].text));
    assert_int_equal(codicil_block_list_parse(&list, NULL, &diag, &line, text), CODICIL_BAD_INPUT);
    assert_int_equal(line, cases[i].line);
    assert_int_equal(diag.offset, cases[i].offset);
    assert_non_null(diag.what);
    assert_null(list);
    free((void *)text.data);
  }
}

static void test_comments_blank_lines_and_crlf_are_fine(void **state) {
  (void)state;
  codicil_block_list *list = parse("# a list\r\n\r\n \t \n"
                                   "breadcrumb a.example# glue\r\n"
                                   "\tspki\t" HASH_A "  # key\n"
                                   "serial " HASH_A " 0\n"
                                   "breadcrumb B\xc3\xbc"
                                   "cher.example.");
  assert_int_equal(codicil_block_list_num(list), 4);
  codicil_block_list_free(list);
  list = parse("");
  assert_int_equal(codicil_block_list_num(list), 0);
  codicil_block_list_free(list);
  codicil_block_list_free(NULL);
}

static void test_long_lines_are_refused(void **state) {
  (void)state;
  enum { LEN = 4096 };
  char text[LEN + 2];
  memset(text, '#', LEN + 1);
  text[LEN] = '\n';
  codicil_block_list *list = NULL;
  assert_int_equal(codicil_block_list_parse(&list, NULL, NULL, NULL, codicil_span_of(text, LEN)),
                   CODICIL_OK);
  codicil_block_list_free(list);
  list = NULL;
  text[LEN] = '#';
  size_t line = 0;
  assert_int_equal(
      codicil_block_list_parse(&list, NULL, NULL, &line, codicil_span_of(text, LEN + 1)),
      CODICIL_BAD_INPUT);
  assert_int_equal(line, 1);
  assert_null(list);
}

static void test_out_of_memory_leaves_nothing_behind(void **state) {
  (void)state;
  codicil_span text = codicil_span_str("breadcrumb a.example\nspki " HASH_A "\nserial " HASH_A
                                       " 1\nbreadcrumb 192.0.2.1\n");
  codicil_err err = CODICIL_NOMEM;
  for (size_t n = 0; err == CODICIL_NOMEM; n++) {
    fail_mem fail;
    fail_mem_init(&fail, n);
    codicil_block_list *list = NULL;
    err = codicil_block_list_parse(&list, &fail.mem, NULL, NULL, text);
    assert_int_equal(list == NULL, err != CODICIL_OK);
    codicil_block_list_free(list);
    assert_int_equal(fail.held, 0);
  }
  assert_int_equal(err, CODICIL_OK);
}

// ---- breadcrumbs --------------------------------------------------------------------------------

static bool lists_domain(const codicil_block_list *list, codicil_required_type type,
                         const char *text) {
  codicil_required_domain domain = {.type = type};
  if (type == CODICIL_REQUIRED_ADDRESS) {
    assert_true(codicil_address_parse(&domain.address, codicil_span_str(text)));
  } else {
    domain.dns = exact_copy(codicil_span_str(text));
  }
  bool found = codicil_block_list_has_domain(list, &domain);
  free((void *)domain.dns.data);
  return found;
}

static void test_a_breadcrumb_lists_itself_what_covers_it_and_what_is_below(void **state) {
  (void)state;
  codicil_block_list *list =
      parse("breadcrumb CDN.example\nbreadcrumb deep.glue.example\nbreadcrumb 192.0.2.7\n"
            "breadcrumb [2001:DB8::1]\nbreadcrumb ::ffff:192.0.2.9\nbreadcrumb lonely");
  static const struct {
    codicil_required_type type;
    const char *text;
    bool listed;
  } cases[] = {
      {CODICIL_REQUIRED_DNS, "cdn.example", true},
      {CODICIL_REQUIRED_DNS, "a.b.cdn.example", true},
      {CODICIL_REQUIRED_DNS, "acdn.example", false},
      {CODICIL_REQUIRED_DNS, "example", false},
      {CODICIL_REQUIRED_DNS, "glue.example", false},
      {CODICIL_REQUIRED_DNS, "x.lonely", true},
      {CODICIL_REQUIRED_WILDCARD, "*.example", true},        // covers cdn.example
      {CODICIL_REQUIRED_WILDCARD, "*.cdn.example", true},    // below it
      {CODICIL_REQUIRED_WILDCARD, "*.x.cdn.example", true},  //
      {CODICIL_REQUIRED_WILDCARD, "*.glue.example", true},   // covers deep.glue.example
      {CODICIL_REQUIRED_WILDCARD, "*.other.example", false}, //
      {CODICIL_REQUIRED_WILDCARD, "*.deep.glue.example", true},
      {CODICIL_REQUIRED_WILDCARD, "*.0.2.7", false}, // an address has no parent
      {CODICIL_REQUIRED_ADDRESS, "192.0.2.7", true},
      {CODICIL_REQUIRED_ADDRESS, "192.0.2.9", true},
      {CODICIL_REQUIRED_ADDRESS, "192.0.2.8", false},
      {CODICIL_REQUIRED_ADDRESS, "2001:db8::1", true},
      {CODICIL_REQUIRED_ADDRESS, "2001:db8::2", false},
      {CODICIL_REQUIRED_ANY, "*", true}, // good on every connection
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    assert_int_equal(lists_domain(list, cases[i].type, cases[i].text), cases[i].listed);
  }
  codicil_block_list_free(list);
}

static bool has_breadcrumb(const codicil_block_list *list, const char *required_domain) {
  pki_cert *cert = pki_make(NULL, &(pki_spec){.required_domain = required_domain});
  codicil_identity *identity = NULL;
  assert_int_equal(codicil_identity_new(&identity, NULL, pki_der(cert), PKI_OID), CODICIL_OK);
  bool found = codicil_block_list_has_breadcrumb(list, identity);
  codicil_identity_free(identity);
  pki_free(cert);
  return found;
}

static void test_a_certificate_is_asked_for_its_required_domains(void **state) {
  (void)state;
  codicil_block_list *list = parse("breadcrumb phish.example");
  assert_true(has_breadcrumb(list, "www.phish.example"));
  assert_true(has_breadcrumb(list, "*"));
  assert_false(has_breadcrumb(list, "www.example"));
  assert_false(has_breadcrumb(list, NULL));
  assert_false(has_breadcrumb(NULL, "www.phish.example"));
  // What does not parse is refused for that.
  assert_false(has_breadcrumb(list, "phish.example."));
  codicil_block_list_free(list);
}

static void test_a_list_without_breadcrumbs_lists_no_required_domain(void **state) {
  (void)state;
  codicil_block_list *list = parse("spki " HASH_A);
  assert_false(lists_domain(list, CODICIL_REQUIRED_ANY, "*"));
  assert_false(lists_domain(list, CODICIL_REQUIRED_DNS, "a.example"));
  assert_false(lists_domain(list, CODICIL_REQUIRED_WILDCARD, "*.a.example"));
  codicil_block_list_free(list);
}

// ---- keys and serial numbers --------------------------------------------------------------------

static void put_sha256(char *out, const uint8_t *data, size_t len) {
  uint8_t sha256[32];
  SHA256(data, len, sha256);
  for (size_t i = 0; i < 32; i++) {
    snprintf(out + 2 * i, 3, i % 2 ? "%02x" : "%02X", sha256[i]);
  }
}

static codicil_block_list *list_key(const pki_cert *cert) {
  char text[128] = "spki ";
  uint8_t *der = NULL;
  int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert->x509), &der);
  assert_true(len > 0);
  put_sha256(text + 5, der, (size_t)len);
  OPENSSL_free(der);
  return parse(text);
}

static codicil_block_list *list_serial(const pki_cert *cert, const char *before,
                                       const char *after) {
  char text[256] = "serial ";
  const uint8_t *der;
  size_t len;
  uint64_t serial = 0;
  assert_int_equal(X509_NAME_get0_der(X509_get_issuer_name(cert->x509), &der, &len), 1);
  put_sha256(text + 7, der, len);
  assert_int_equal(ASN1_INTEGER_get_uint64(&serial, X509_get0_serialNumber(cert->x509)), 1);
  snprintf(text + 71, sizeof text - 71, " %s%lX%s", before, (unsigned long)serial, after);
  return parse(text);
}

// What judging says with the list, without a cache and with one, twice each.
static void expect_listed(chain_fixture *f, codicil_block_list *list, codicil_cert_reason want) {
  f->block_list = list;
  for (int i = 0; i < 4; i++) {
    assert_int_equal(chain_judge_usual(f), want);
    if (want != CODICIL_CERT_NONE) {
      assert_string_equal(f->diag.what, "a certificate of the path is on the block list");
    }
    if (i == 1) {
      assert_int_equal(codicil_chain_cache_new(&f->cache, NULL, 4), CODICIL_OK);
    }
  }
  codicil_chain_cache_free(f->cache);
  f->cache = NULL;
  f->block_list = NULL;
  codicil_block_list_free(list);
}

static void test_a_key_of_the_path_is_blocked_anchor_included(void **state) {
  chain_fixture *f = *state;
  pki_cert *other = pki_root("other");
  expect_listed(f, list_key(f->leaf), CODICIL_CERT_BLOCKED);
  expect_listed(f, list_key(f->intermediate), CODICIL_CERT_BLOCKED);
  expect_listed(f, list_key(f->root), CODICIL_CERT_BLOCKED);
  expect_listed(f, list_key(other), CODICIL_CERT_NONE);
  pki_free(other);
}

static void test_a_serial_number_of_the_path_is_blocked_anchor_included(void **state) {
  chain_fixture *f = *state;
  expect_listed(f, list_serial(f->leaf, "", ""), CODICIL_CERT_BLOCKED);
  expect_listed(f, list_serial(f->leaf, "0", ""), CODICIL_CERT_BLOCKED);
  expect_listed(f, list_serial(f->leaf, "0000000000", ""), CODICIL_CERT_BLOCKED);
  expect_listed(f, list_serial(f->intermediate, "", ""), CODICIL_CERT_BLOCKED);
  expect_listed(f, list_serial(f->root, "", ""), CODICIL_CERT_BLOCKED);
  expect_listed(f, list_serial(f->leaf, "", "0"), CODICIL_CERT_NONE);
  expect_listed(f, list_serial(f->leaf, "1", ""), CODICIL_CERT_NONE);
  expect_listed(f, parse("serial " HASH_A " 1"), CODICIL_CERT_NONE);
}

static void test_a_certificate_is_looked_up_alone(void **state) {
  chain_fixture *f = *state;
  codicil_block_list *key = list_key(f->leaf);
  codicil_block_list *serial = list_serial(f->leaf, "", "");
  codicil_span der = exact_copy(pki_der(f->leaf));
  assert_true(codicil_block_list_has(key, der));
  assert_true(codicil_block_list_has(serial, der));
  assert_false(codicil_block_list_has(NULL, der));
  assert_false(codicil_block_list_has(key, pki_der(f->intermediate)));
  assert_false(codicil_block_list_has(serial, pki_der(f->root)));
  assert_false(codicil_block_list_has(key, codicil_span_sub(der, 0, der.len - 1)));
  free((void *)der.data);
  codicil_block_list_free(serial);
  codicil_block_list_free(key);
}

static void test_serial_numbers_are_compared_as_numbers(void **state) {
  (void)state;
  // In DER 0x80 has a zero before it, and 0 is one zero octet.
  static const uint8_t high[] = {0x02, 0x02, 0x00, 0x80}, zero[] = {0x02, 0x01, 0x00},
                       other[] = {0x02, 0x02, 0x80, 0x00};
  uint8_t longest[2 + 33] = {0x02, 33};
  memset(longest + 2, 0x7f, 33);
  codicil_cert_fields cert = {.issuer = {NULL, 0}};
  char sha256[65], text[512];
  put_sha256(sha256, NULL, 0);
  snprintf(text, sizeof text, "serial %s 80\nserial %s 00\n", sha256, sha256);
  codicil_block_list *list = parse(text);
  const struct {
    codicil_span serial;
    bool listed;
  } cases[] = {{codicil_span_of(high, sizeof high), true},
               {codicil_span_of(zero, sizeof zero), true},
               {codicil_span_of(other, sizeof other), false},
               {codicil_span_of(longest, sizeof longest), false}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    bool found = !cases[i].listed;
    cert.serial = cases[i].serial;
    assert_int_equal(codicil_block_list_find(list, &found, &cert), CODICIL_OK);
    assert_int_equal(found, cases[i].listed);
  }
  codicil_block_list_free(list);
}

// RFC 5280 §4.1.2.2: non-conforming CAs issue negative ones, and users of certificates have to
// cope.
static void test_a_negative_serial_number_is_listed_by_its_octets_on_every_way(void **state) {
  chain_fixture *f = *state;
  X509 *cert = X509_dup(f->leaf->x509);
  ASN1_INTEGER *minus_two = ASN1_INTEGER_new();
  assert_int_equal(ASN1_INTEGER_set_int64(minus_two, -2), 1);
  assert_int_equal(X509_set_serialNumber(cert, minus_two), 1);
  ASN1_INTEGER_free(minus_two);
  uint8_t *der = NULL;
  const uint8_t *issuer;
  size_t issuer_len;
  assert_true(i2d_re_X509_tbs(cert, &der) > 0); // encodes it anew
  OPENSSL_free(der);
  der = NULL;
  int len = i2d_X509(cert, &der);
  assert_true(len > 0);
  assert_int_equal(X509_NAME_get0_der(X509_get_issuer_name(cert), &issuer, &issuer_len), 1);
  for (int i = 0; i < 2; i++) {
    char text[256], sha256[65];
    put_sha256(sha256, issuer, issuer_len);
    snprintf(text, sizeof text, "serial %s %s", sha256, i == 0 ? "fe" : "2");
    codicil_block_list *list = parse(text);
    bool found = i != 0;
    assert_int_equal(codicil_block_list_has(list, codicil_span_of(der, (size_t)len)), i == 0);
    assert_int_equal(codicil_block_list_find_x509(list, &found, cert), CODICIL_OK);
    assert_int_equal(found, i == 0);
    codicil_block_list_free(list);
  }
  OPENSSL_free(der);
  X509_free(cert);
}

// ---- many, and changes --------------------------------------------------------------------------

static void test_many_entries_are_all_found(void **state) {
  (void)state;
  enum { NUM = 3000 };
  codicil_buf text;
  codicil_buf_init(&text, NULL, 1 << 20);
  for (unsigned i = 0; i < NUM; i++) {
    char line[256];
    int len = snprintf(line, sizeof line, "breadcrumb h%u.g%u.example\nspki %064x\n",
                       i * 7919 % NUM, i % 7, i * 104729u);
    assert_int_equal(codicil_buf_append(&text, codicil_span_of(line, (size_t)len)), CODICIL_OK);
  }
  codicil_block_list *list = NULL;
  assert_int_equal(codicil_block_list_parse(&list, NULL, NULL, NULL, codicil_buf_span(&text)),
                   CODICIL_OK);
  assert_int_equal(codicil_block_list_num(list), 2 * NUM);
  for (unsigned i = 0; i < NUM; i++) {
    char name[64];
    snprintf(name, sizeof name, "h%u.g%u.example", i * 7919 % NUM, i % 7);
    assert_true(lists_domain(list, CODICIL_REQUIRED_DNS, name));
    assert_true(lists_domain(list, CODICIL_REQUIRED_WILDCARD, "*.g3.example"));
    snprintf(name, sizeof name, "h%u.g%u.example", i * 7919 % NUM, i % 7 + 7);
    assert_false(lists_domain(list, CODICIL_REQUIRED_DNS, name));
  }
  codicil_block_list_free(list);
  codicil_buf_clear(&text);
}

static void test_a_cached_verdict_does_not_survive_another_block_list(void **state) {
  chain_fixture *f = *state;
  codicil_block_list *harmless = parse("spki " HASH_A), *key = list_key(f->leaf);
  codicil_block_list *above = list_key(f->intermediate);
  pki_cert *next = pki_leaf(f->intermediate, "DNS:b.example");
  assert_int_equal(codicil_chain_cache_new(&f->cache, NULL, 16), CODICIL_OK);
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  f->block_list = harmless;
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  f->block_list = key;
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_BLOCKED);
  assert_int_equal(chain_judge(f, (const pki_cert *[]){next, f->intermediate}, 2),
                   CODICIL_CERT_NONE);
  f->block_list = above;
  // The short way, too, asks what stands above under the list of now.
  assert_int_equal(chain_judge(f, (const pki_cert *[]){next, f->intermediate}, 2),
                   CODICIL_CERT_BLOCKED);
  f->block_list = NULL;
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  pki_free(next);
  codicil_block_list_free(above);
  codicil_block_list_free(key);
  codicil_block_list_free(harmless);
}

// An end entity one step below a known intermediate is not decoded; it is looked up all the same.
static void test_the_short_way_looks_at_the_block_list(void **state) {
  chain_fixture *f = *state;
  pki_cert *first = pki_leaf(f->intermediate, "DNS:b.example");
  pki_cert *second = pki_leaf(f->intermediate, "DNS:c.example");
  codicil_block_list *list = list_serial(second, "", "");
  assert_int_equal(codicil_chain_cache_new(&f->cache, NULL, 16), CODICIL_OK);
  f->block_list = list;
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  assert_int_equal(chain_judge(f, (const pki_cert *[]){first, f->intermediate}, 2),
                   CODICIL_CERT_NONE);
  assert_int_equal(chain_judge(f, (const pki_cert *[]){second, f->intermediate}, 2),
                   CODICIL_CERT_BLOCKED);
  f->block_list = NULL;
  codicil_block_list_free(list);
  pki_free(second);
  pki_free(first);
}

#define CHAIN_TEST(name) cmocka_unit_test_setup_teardown(name, chain_set_up, chain_tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_mistake_is_named_with_its_line_and_place),
      cmocka_unit_test(test_comments_blank_lines_and_crlf_are_fine),
      cmocka_unit_test(test_long_lines_are_refused),
      cmocka_unit_test(test_out_of_memory_leaves_nothing_behind),
      cmocka_unit_test(test_a_breadcrumb_lists_itself_what_covers_it_and_what_is_below),
      cmocka_unit_test(test_a_certificate_is_asked_for_its_required_domains),
      cmocka_unit_test(test_a_list_without_breadcrumbs_lists_no_required_domain),
      CHAIN_TEST(test_a_key_of_the_path_is_blocked_anchor_included),
      CHAIN_TEST(test_a_serial_number_of_the_path_is_blocked_anchor_included),
      CHAIN_TEST(test_a_certificate_is_looked_up_alone),
      cmocka_unit_test(test_serial_numbers_are_compared_as_numbers),
      CHAIN_TEST(test_a_negative_serial_number_is_listed_by_its_octets_on_every_way),
      cmocka_unit_test(test_many_entries_are_all_found),
      CHAIN_TEST(test_a_cached_verdict_does_not_survive_another_block_list),
      CHAIN_TEST(test_the_short_way_looks_at_the_block_list),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
