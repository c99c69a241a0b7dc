// Which credentials answer a request: server_name, certificate_authorities, oid_filters, schemes.
#include <openssl/err.h>
#include <string.h>

#include "cmocka_test.h"
#include "ea_fixture.h"
#include "span.h"

typedef struct match {
  pki_cert *root, *intermediate, *leaf;
  char *pem;
  codicil_credential *credential;
  codicil_ea_request_info request;
} match;

static void match_init(match *m, const pki_spec *spec) {
  m->root = pki_root("root");
  m->intermediate = pki_intermediate(m->root, "intermediate");
  m->leaf = pki_make(m->intermediate, spec);
  m->pem = pki_chain_pem(m->leaf, m->intermediate);
  assert_int_equal(codicil_credential_new(&m->credential, NULL, NULL, codicil_span_str(m->pem),
                                          pki_key_pem(m->leaf)),
                   CODICIL_OK);
  m->request =
      (codicil_ea_request_info){.from_client = true, .schemes = codicil_span_of("\4\3", 2)};
}

static void match_clear(match *m) {
  codicil_credential_free(m->credential);
  free(m->pem);
  pki_free(m->leaf);
  pki_free(m->intermediate);
  pki_free(m->root);
}

static bool matches(const match *m) {
  bool found = codicil_ea_request_matches(&m->request, m->credential);
  assert_int_equal(ERR_peek_error(), 0);
  return found;
}

static const pki_spec usual = {.common_name = "common.example",
                               .alt_names =
                                   "DNS:www.example,DNS:*.wild.example,DNS:p*.some.example"};

static void test_the_server_name_is_one_of_the_alternative_names(void **state) {
  (void)state;
  static const struct {
    const char *name;
    bool matches;
  } names[] = {{"www.example", true},     {"WWW.Example", true},       {"img.example", false},
               {"a.wild.example", true},  {"a.b.wild.example", false}, {"wild.example", false},
               {"common.example", false}, {"www.example.evil", false}, {"part.some.example", false},
               {".example", false},       {".wild.example", false}};
  match m;
  match_init(&m, &usual);
  assert_true(matches(&m)); // nothing asked for
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    m.request.server_name = codicil_span_str(names[i].name);
    assert_int_equal(matches(&m), names[i].matches);
  }
  m.request.server_name = codicil_span_of("www.example\0.evil", 17);
  assert_false(matches(&m));
  m.request.server_name = codicil_span_of("www.example", 12); // with its NUL
  assert_false(matches(&m));
  match_clear(&m);
}

static void test_a_common_name_is_no_name_where_there_is_no_other(void **state) {
  (void)state;
  match m;
  match_init(&m, &(pki_spec){.common_name = "common.example", .alt_names = "IP:192.0.2.1"});
  m.request.server_name = codicil_span_str("common.example");
  assert_false(matches(&m));
  match_clear(&m);
}

static void test_a_scheme_in_common_is_needed_for_key_and_chain(void **state) {
  (void)state;
  match m;
  match_init(&m, &usual);
  m.request.schemes = codicil_span_of("\10\4", 2);
  assert_false(matches(&m));
  m.request.schemes = codicil_span_of("\4\3", 2);
  m.request.cert_schemes = codicil_span_of("\4\1", 2);
  assert_false(matches(&m));
  m.request.cert_schemes = codicil_span_of("\4\3", 2);
  assert_true(matches(&m));
  match_clear(&m);
}

// certificate_authorities with these names, one list.
static codicil_buf authorities_of(const X509_NAME *first, const X509_NAME *second) {
  codicil_buf out = new_buf();
  codicil_buf list = new_buf();
  const X509_NAME *names[] = {first, second};
  for (size_t i = 0; i < 2; i++) {
    uint8_t *der = NULL;
    int len = names[i] != NULL ? i2d_X509_NAME(names[i], &der) : 0;
    if (len > 0) {
      put_number(&list, (size_t)len, 2);
      put(&list, codicil_span_of(der, (size_t)len));
    }
    OPENSSL_free(der);
  }
  put_number(&out, list.len, 2);
  put(&out, codicil_buf_span(&list));
  codicil_buf_clear(&list);
  return out;
}

// RFC 8446 §4.2.4: an issuer anywhere in the chain, the root that is not sent included.
static void test_one_of_the_authorities_issued_one_of_the_chain(void **state) {
  (void)state;
  match m;
  match_init(&m, &usual);
  pki_cert *stranger = pki_root("stranger");
  const X509_NAME *root = X509_get_subject_name(m.root->x509);
  const X509_NAME *intermediate = X509_get_subject_name(m.intermediate->x509);
  const X509_NAME *strange = X509_get_subject_name(stranger->x509);
  const struct {
    const X509_NAME *names[2];
    bool matches;
  } cases[] = {{{root, NULL}, true},
               {{strange, intermediate}, true},
               {{strange, NULL}, false},
               {{X509_get_subject_name(m.leaf->x509), NULL}, false}};
  for (size_t i = 0; i < 4; i++) {
    codicil_buf content = authorities_of(cases[i].names[0], cases[i].names[1]);
    m.request.authorities = codicil_buf_span(&content);
    assert_int_equal(matches(&m), cases[i].matches);
    codicil_buf_clear(&content);
  }
  m.request.authorities = codicil_span_of("\0\6\0\4junk", 8);
  assert_false(matches(&m));
  pki_free(stranger);
  match_clear(&m);
}

#define KEY_USAGE "\3\x55\x1d\x0f"
#define EXT_USAGE "\3\x55\x1d\x25"

// oid_filters of one filter.
static codicil_buf filter_of(const char *oid_content, codicil_span values) {
  codicil_buf out = new_buf();
  codicil_buf list = new_buf();
  put_number(&list, strlen(oid_content) + 1, 1);
  put_number(&list, 6, 1);
  put(&list, codicil_span_str(oid_content));
  put_number(&list, values.len, 2);
  put(&list, values);
  put_number(&out, list.len, 2);
  put(&out, codicil_buf_span(&list));
  codicil_buf_clear(&list);
  return out;
}

static void expect_filter(match *m, const char *oid, codicil_span values, bool expected) {
  codicil_buf content = filter_of(oid, values);
  m->request.oid_filters = codicil_buf_span(&content);
  assert_int_equal(matches(m), expected);
  codicil_buf_clear(&content);
}

// RFC 8446 §4.2.5: all bits of a key usage, all purposes of an extended key usage; unknown filters
// are ignored.
static void test_filters_match_key_usage_and_extended_key_usage(void **state) {
  (void)state;
  match m;
  pki_spec spec = usual;
  spec.key_usage = "digitalSignature,keyAgreement";
  spec.eku = "serverAuth,clientAuth,anyExtendedKeyUsage";
  match_init(&m, &spec);
  codicil_span none = {NULL, 0};
  expect_filter(&m, KEY_USAGE, none, true);
  expect_filter(&m, KEY_USAGE, codicil_span_of("\3\2\7\x80", 4), true);  // digitalSignature
  expect_filter(&m, KEY_USAGE, codicil_span_of("\3\2\3\x88", 4), true);  // and keyAgreement
  expect_filter(&m, KEY_USAGE, codicil_span_of("\3\2\2\x84", 4), false); // and keyCertSign
  expect_filter(&m, KEY_USAGE, codicil_span_of("junk", 4), false);
  expect_filter(&m, EXT_USAGE, none, true);
  expect_filter(&m, EXT_USAGE, codicil_span_of("\x30\x0a\6\10\x2b\6\1\5\5\7\3\2", 12), true);
  expect_filter(&m, EXT_USAGE, codicil_span_of("\x30\x0a\6\10\x2b\6\1\5\5\7\3\3", 12), false);
  expect_filter(&m, EXT_USAGE, codicil_span_of("\x30\x06\6\4\x55\x1d\x25\0", 8), false); // any
  expect_filter(&m, "\4\x55\x1d\x63\x63", codicil_span_of("whatever", 8), true);
  match_clear(&m);
}

static void test_a_filter_for_an_extension_that_is_not_there_does_not_match(void **state) {
  (void)state;
  match m;
  pki_spec spec = usual;
  spec.key_usage = "";
  spec.eku = "";
  match_init(&m, &spec);
  expect_filter(&m, KEY_USAGE, codicil_span_of(NULL, 0), false);
  expect_filter(&m, EXT_USAGE, codicil_span_of(NULL, 0), false);
  match_clear(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_server_name_is_one_of_the_alternative_names),
      cmocka_unit_test(test_a_common_name_is_no_name_where_there_is_no_other),
      cmocka_unit_test(test_a_scheme_in_common_is_needed_for_key_and_chain),
      cmocka_unit_test(test_one_of_the_authorities_issued_one_of_the_chain),
      cmocka_unit_test(test_filters_match_key_usage_and_extended_key_usage),
      cmocka_unit_test(test_a_filter_for_an_extension_that_is_not_there_does_not_match),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
