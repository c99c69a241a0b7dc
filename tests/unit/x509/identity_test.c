// Whose a certificate is: names, extensions, times, and what does not parse.
#include "cmocka_test.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "codicil/x509.h"
#include "fail_mem.h"
#include "pki_fixture.h"
#include "span.h"

static codicil_identity *identity_of(codicil_span der) {
  codicil_identity *identity = NULL;
  codicil_span exact = exact_copy(der);
  assert_int_equal(codicil_identity_new(&identity, NULL, exact, PKI_OID), CODICIL_OK);
  free((void *)exact.data);
  assert_int_equal(ERR_peek_error(), 0);
  return identity;
}

static codicil_identity *identity_with(const pki_spec *spec) {
  pki_cert *cert = pki_make(NULL, spec);
  codicil_identity *identity = identity_of(pki_der(cert));
  pki_free(cert);
  return identity;
}

static void expect_err(codicil_span der, codicil_err want) {
  codicil_identity *identity = NULL;
  codicil_span exact = exact_copy(der);
  assert_int_equal(codicil_identity_new(&identity, NULL, exact, PKI_OID), want);
  assert_null(identity);
  assert_int_equal(ERR_peek_error(), 0);
  free((void *)exact.data);
}

static void expect_malformed(const pki_spec *spec) {
  pki_cert *cert = pki_make(NULL, spec);
  expect_err(pki_der(cert), CODICIL_MALFORMED);
  pki_free(cert);
}

static bool covers(const codicil_identity *identity, const char *url) {
  codicil_origin origin;
  assert_true(codicil_origin_parse(&origin, codicil_span_str(url)));
  return codicil_identity_covers(identity, &origin);
}

static bool name_covers(const char *alt_names, const char *url) {
  codicil_identity *identity = identity_with(&(pki_spec){.alt_names = alt_names});
  bool result = covers(identity, url);
  codicil_identity_free(identity);
  return result;
}

static void test_names_of_both_kinds_are_read_in_order_and_lower_cased(void **state) {
  (void)state;
  codicil_identity *identity = identity_with(
      &(pki_spec){.alt_names = "DNS:WWW.Example,email:a@b.example,IP:192.0.2.1,DNS:*.b.example,"
                               "IP:2001:db8::1,URI:https://c.example/"});
  assert_int_equal(codicil_identity_num_names(identity), 4);
  const codicil_alt_name *name = codicil_identity_name(identity, 0);
  assert_int_equal(name->type, CODICIL_ALT_DNS);
  assert_true(codicil_span_equal(name->dns, codicil_span_str("www.example")));
  name = codicil_identity_name(identity, 1);
  assert_int_equal(name->type, CODICIL_ALT_ADDRESS);
  assert_int_equal(name->address.len, 4);
  assert_memory_equal(name->address.octets, "\xc0\x00\x02\x01", 4);
  name = codicil_identity_name(identity, 2);
  assert_true(codicil_span_equal(name->dns, codicil_span_str("*.b.example")));
  assert_int_equal(codicil_identity_name(identity, 3)->address.len, 16);
  assert_null(codicil_identity_name(identity, 4));
  codicil_identity_free(identity);
}

static void test_validity_digest_and_absent_extensions(void **state) {
  (void)state;
  // Past 2049 a certificate's time is a GeneralizedTime.
  pki_cert *cert = pki_make(NULL, &(pki_spec){.not_before = 86399, .not_after = 4102444801});
  codicil_identity *identity = identity_of(pki_der(cert));
  uint8_t sha256[32];
  assert_int_equal(X509_digest(cert->x509, EVP_sha256(), sha256, NULL), 1);
  assert_memory_equal(codicil_identity_sha256(identity), sha256, 32);
  assert_int_equal(codicil_identity_not_before(identity), 86399);
  assert_int_equal(codicil_identity_not_after(identity), 4102444801);
  assert_int_equal(codicil_identity_num_names(identity), 0);
  assert_null(codicil_identity_required_domain(identity).data);
  assert_null(codicil_identity_scts(identity).data);
  assert_false(codicil_identity_must_staple(identity));
  codicil_identity_free(identity);
  pki_free(cert);
}

static void test_the_extensions_that_matter_are_found(void **state) {
  (void)state;
  char *text;
  pki_extension scts = pki_embedded_scts(&text, 3);
  codicil_identity *identity = identity_with(&(pki_spec){.alt_names = "DNS:a.example",
                                                         .must_staple = true,
                                                         .required_domain = "r.example",
                                                         .extra = {scts}});
  assert_true(codicil_identity_must_staple(identity));
  assert_true(codicil_span_equal(codicil_identity_required_domain(identity),
                                 codicil_span_str("\x82\x09r.example")));
  pki_bytes list = pki_scts(3);
  assert_true(
      codicil_span_equal(codicil_identity_scts(identity), codicil_span_of(list.data, list.len)));
  free(list.data);
  free(text);
  codicil_identity_free(identity);
}

static void test_required_domain_is_found_by_the_identifier_that_is_given(void **state) {
  (void)state;
  pki_cert *cert = pki_make(NULL, &(pki_spec){.required_domain = "r.example",
                                              .extra = {{"1.3.6.1.4.1.99999.1", "DER:0500"}}});
  codicil_identity *identity = NULL;
  assert_int_equal(codicil_identity_new(&identity, NULL, pki_der(cert), "1.3.6.1.4.1.99999.1"),
                   CODICIL_OK);
  assert_int_equal(codicil_identity_required_domain(identity).len, 2);
  codicil_identity_free(identity);
  identity = NULL;
  assert_int_equal(codicil_identity_new(&identity, NULL, pki_der(cert), "2.x"), CODICIL_BAD_INPUT);
  assert_null(identity);
  pki_free(cert);
}

// An identity with the extension of this content, in hexadecimal.
static codicil_identity *identity_requiring(const char *value) {
  return identity_with(
      &(pki_spec){.alt_names = "DNS:A.example,IP:192.0.2.9", .extra = {{PKI_OID, value}}});
}

static void expect_required(const codicil_identity *identity, size_t index, const char *text) {
  char out[CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
  const codicil_required_domain *domain = codicil_identity_required(identity, index);
  assert_non_null(domain);
  codicil_required_domain_format(domain, out, sizeof out);
  assert_string_equal(out, text);
}

static void test_an_absent_required_domain_is_no_invalid_one(void **state) {
  (void)state;
  codicil_identity *identity = identity_with(&(pki_spec){.alt_names = "DNS:a.example"});
  assert_int_equal(codicil_identity_required_state(identity), CODICIL_REQUIRED_ABSENT);
  assert_int_equal(codicil_identity_num_required(identity), 0);
  assert_null(codicil_identity_required(identity, 0));
  codicil_identity_free(identity);
}

static void test_required_domains_are_decoded_with_the_identity(void **state) {
  (void)state;
  codicil_identity *identity = identity_requiring("DER:82035A2E42");
  assert_int_equal(codicil_identity_required_state(identity), CODICIL_REQUIRED_VALID);
  assert_int_equal(codicil_identity_num_required(identity), 1);
  expect_required(identity, 0, "z.b");
  assert_null(codicil_identity_required(identity, 1));
  codicil_identity_free(identity);
  // Names beside it, and octets as they came, are what they were.
  identity = identity_requiring("critical,DER:30138201418704c000020182052a2e622e6382012a");
  assert_int_equal(codicil_identity_required_state(identity), CODICIL_REQUIRED_VALID);
  assert_int_equal(codicil_identity_num_required(identity), 4);
  expect_required(identity, 0, "a");
  expect_required(identity, 1, "192.0.2.1");
  expect_required(identity, 2, "*.b.c");
  expect_required(identity, 3, "*");
  assert_int_equal(codicil_identity_required_domain(identity).len, 21);
  assert_int_equal(codicil_identity_required_domain(identity).data[4], 'A');
  assert_int_equal(codicil_identity_num_names(identity), 2);
  assert_true(covers(identity, "https://a.example"));
  assert_true(covers(identity, "https://192.0.2.9"));
  codicil_identity_free(identity);
}

static void test_a_required_domain_that_does_not_parse_leaves_the_rest_readable(void **state) {
  (void)state;
  static const char *const values[] = {
      "DER:8200",         // an empty name
      "DER:3000",         // no name
      "DER:82016100",     // a trailing octet
      "DER:860161",       // a URI
      "DER:8202612e",     // a trailing dot
      "DER:8204c0a80001", // an address as a name
  };
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    codicil_identity *identity = identity_requiring(values[i]);
    assert_int_equal(codicil_identity_required_state(identity), CODICIL_REQUIRED_INVALID);
    assert_int_equal(codicil_identity_num_required(identity), 0);
    assert_null(codicil_identity_required(identity, 0));
    assert_non_null(codicil_identity_required_domain(identity).data);
    assert_true(covers(identity, "https://a.example"));
    codicil_identity_free(identity);
  }
}

// To read it as absent would let the certificate be used on any connection.
static void test_an_empty_required_domain_is_invalid_and_not_absent(void **state) {
  (void)state;
  pki_cert *cert = pki_make(NULL, &(pki_spec){.alt_names = "DNS:a.example"});
  ASN1_OBJECT *oid = OBJ_txt2obj(PKI_OID, 1);
  ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
  X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
  assert_int_equal(X509_add_ext(cert->x509, extension, -1), 1);
  assert_true(X509_sign(cert->x509, cert->key, EVP_sha256()) > 0);
  uint8_t *der = NULL;
  int der_len = i2d_X509(cert->x509, &der);
  codicil_identity *identity = identity_of(codicil_span_of(der, (size_t)der_len));
  assert_int_equal(codicil_identity_required_state(identity), CODICIL_REQUIRED_INVALID);
  assert_non_null(codicil_identity_required_domain(identity).data);
  assert_int_equal(codicil_identity_required_domain(identity).len, 0);
  codicil_identity_free(identity);
  OPENSSL_free(der);
  X509_EXTENSION_free(extension);
  ASN1_OCTET_STRING_free(value);
  ASN1_OBJECT_free(oid);
  pki_free(cert);
}

static void test_more_required_domains_than_the_limit_are_invalid_and_not_cut(void **state) {
  (void)state;
  enum { MAX = CODICIL_REQUIRED_DOMAINS_MAX };
  for (unsigned num = MAX; num <= MAX + 1; num++) {
    char value[sizeof "DER:3081ff" + 6 * (MAX + 1)];
    int len = snprintf(value, sizeof value, "DER:3081%02x", 3 * num);
    for (unsigned i = 0; i < num; i++) {
      memcpy(&value[len + (int)(6 * i)], "820161", 7);
    }
    codicil_identity *identity = identity_requiring(value);
    bool fits = num == MAX;
    assert_int_equal(codicil_identity_required_state(identity),
                     fits ? CODICIL_REQUIRED_VALID : CODICIL_REQUIRED_INVALID);
    assert_int_equal(codicil_identity_num_required(identity), fits ? MAX : 0);
    codicil_identity_free(identity);
  }
}

static bool spans(const char *alt_names, const char *required) {
  codicil_identity *identity =
      identity_with(&(pki_spec){.alt_names = alt_names, .required_domain = required});
  bool result = codicil_identity_spans_public_suffix(identity);
  codicil_identity_free(identity);
  return result;
}

static void test_wildcards_among_names_and_required_domains_may_span_a_suffix(void **state) {
  (void)state;
  assert_true(spans("DNS:a.example,DNS:*.co.uk", NULL));
  assert_true(spans("DNS:*.GitHub.io", NULL));
  assert_true(spans("DNS:a.example", "*.co.uk"));
  assert_true(spans(NULL, "*.github.io"));
  assert_false(spans("DNS:*.a.example,DNS:co.uk", "*.b.example"));
  assert_false(spans("IP:192.0.2.1", "*"));
  assert_false(spans(NULL, NULL));
}

static void test_a_feature_other_than_status_request_demands_no_staple(void **state) {
  (void)state;
  codicil_identity *identity =
      identity_with(&(pki_spec){.extra = {{"tlsfeature", "status_request_v2"}}});
  assert_false(codicil_identity_must_staple(identity));
  codicil_identity_free(identity);
  identity = identity_with(&(pki_spec){.extra = {{"tlsfeature", "1280"}}}); // 0x0500
  assert_false(codicil_identity_must_staple(identity));
  codicil_identity_free(identity);
}

// Makes a certificate, puts `octet` in the place of the last of `pattern` (which it has once, or
// the first is meant), and expects `want` of it.
static void expect_patched(const pki_spec *spec, codicil_span pattern, uint8_t octet,
                           codicil_err want) {
  pki_cert *cert = pki_make(NULL, spec);
  size_t at = 0;
  while (!codicil_span_equal(codicil_span_sub(pki_der(cert), at, pattern.len), pattern)) {
    assert_true(++at < cert->der_len);
  }
  cert->der[at + pattern.len - 1] = octet;
  codicil_identity *identity = NULL;
  assert_int_equal(codicil_identity_new(&identity, NULL, pki_der(cert), PKI_OID), want);
  codicil_identity_free(identity);
  pki_free(cert);
}

// OpenSSL takes any octet but zero for TRUE. Who reads it otherwise takes what is critical for what
// is not.
static void test_a_boolean_is_all_ones_or_zero(void **state) {
  (void)state;
  static const uint8_t critical[] = {0x06, 0x03, 0x55, 0x1d, 0x0f, 0x01, 0x01, 0xff};
  const pki_spec spec = {.key_usage = "critical,digitalSignature"};
  codicil_span pattern = codicil_span_of(critical, sizeof critical);
  expect_patched(&spec, pattern, 0xff, CODICIL_OK);
  expect_patched(&spec, pattern, 0x00, CODICIL_OK);
  expect_patched(&spec, pattern, 0x01, CODICIL_MALFORMED);
  expect_patched(&spec, pattern, 0xfe, CODICIL_MALFORMED);
}

//= https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.1
//# When extensions are used, as expected in this profile, version
//# MUST be 3 (value is 2).
static void test_extensions_are_for_version_3_only(void **state) {
  (void)state;
  static const uint8_t version[] = {0xa0, 0x03, 0x02, 0x01, 0x02};
  const pki_spec spec = {.alt_names = "DNS:a.example"};
  codicil_span pattern = codicil_span_of(version, sizeof version);
  expect_patched(&spec, pattern, 2, CODICIL_OK);
  expect_patched(&spec, pattern, 0, CODICIL_MALFORMED);
  expect_patched(&spec, pattern, 1, CODICIL_MALFORMED);
  expect_patched(&spec, pattern, 3, CODICIL_MALFORMED);
}

static void test_the_common_name_is_never_a_name(void **state) {
  (void)state;
  codicil_identity *identity = identity_with(&(pki_spec){.common_name = "www.example"});
  assert_false(covers(identity, "https://www.example"));
  codicil_identity_free(identity);
  identity = identity_with(&(pki_spec){.common_name = "www.example", .alt_names = "DNS:b.example"});
  assert_false(covers(identity, "https://www.example"));
  codicil_identity_free(identity);
}

// RFC 9525 §6.3: pattern, host, whether it covers.
static void test_wildcard_matrix(void **state) {
  (void)state;
  static const struct {
    const char *alt_name;
    const char *url;
    bool covers;
  } rows[] = {
      {"DNS:www.example.com", "https://www.example.com", true},
      {"DNS:www.example.com", "https://www.example.com:8443", true},
      {"DNS:WWW.example.com", "https://www.example.com", true},
      {"DNS:www.example.com", "https://WWW.EXAMPLE.com", true},
      {"DNS:www.example.com", "https://example.com", false},
      {"DNS:www.example.com", "https://a.www.example.com", false},
      {"DNS:*.example.com", "https://www.example.com", true},
      {"DNS:*.example.com", "https://xn--bcher-kva.example.com", true},
      {"DNS:*.example.com", "https://example.com", false},
      {"DNS:*.example.com", "https://a.b.example.com", false},
      {"DNS:*.example.com", "https://www.example.org", false},
      {"DNS:*.*.example.com", "https://a.b.example.com", false},
      {"DNS:w*.example.com", "https://www.example.com", false},
      {"DNS:*w.example.com", "https://www.example.com", false},
      {"DNS:www.*.com", "https://www.example.com", false},
      {"DNS:*", "https://localhost", false},
      {"DNS:*.", "https://localhost", false},
      {"DNS:192.0.2.1", "https://192.0.2.1", false},
      {"DNS:*.0.2.1", "https://192.0.2.1", false},
      {"IP:192.0.2.1", "https://192.0.2.1", true},
      {"IP:192.0.2.1", "https://192.0.2.2", false},
      {"IP:192.0.2.1", "https://[::ffff:192.0.2.1]", true},
      {"IP:2001:db8::1", "https://[2001:DB8:0::1]", true},
      {"IP:2001:db8::1", "https://[2001:db8::2]", false},
      {"URI:https://www.example.com", "https://www.example.com", false},
      {"otherName:1.2.3.4;UTF8:www.example.com", "https://www.example.com", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_int_equal(name_covers(rows[i].alt_name, rows[i].url), rows[i].covers);
  }
}

// A subjectAltName of one GeneralName, of type `tag`, with these octets.
static void expect_no_name(uint8_t tag, codicil_span octets) {
  char value[128];
  int at = snprintf(value, sizeof value, "DER:30%02zx%02x%02zx", octets.len + 2, tag, octets.len);
  for (size_t i = 0; i < octets.len; i++) {
    at += snprintf(value + at, sizeof value - (size_t)at, "%02x", octets.data[i]);
  }
  codicil_identity *identity = identity_with(&(pki_spec){.extra = {{"2.5.29.17", value}}});
  assert_int_equal(codicil_identity_num_names(identity), 0);
  codicil_identity_free(identity);
}

static void test_names_that_can_match_no_host_are_left_out(void **state) {
  (void)state;
  enum { DNS = 0x82, ADDRESS = 0x87 };
  expect_no_name(DNS, codicil_span_of("www.a\0.example", 14));
  expect_no_name(DNS, codicil_span_of("www.a.example\0", 14));
  static const char *const names[] = {"",           ".",          "a..b",        ".a.example",
                                      "a.example.", "\xc3\xbc.a", " a.b",        "*.",
                                      "a.*.b",      "*a.b",       "a.b\x1b[31m", "a.b/c",
                                      "*",          "a,b",        "a.b:443",     "192.0.2.1"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    expect_no_name(DNS, codicil_span_str(names[i]));
  }
  expect_no_name(ADDRESS, codicil_span_of("\x0a\0\0", 3));
  expect_no_name(ADDRESS, codicil_span_of("\x0a\0\0\1\xff\0\0\0", 8));
  // An IPv4-mapped address, which an issuer's excluded IPv4 range would not see.
  expect_no_name(ADDRESS, codicil_span_of("\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1", 16));
}

// RFC 5280 §4.2.1.6
static void test_alt_names_that_do_not_parse_are_malformed(void **state) {
  (void)state;
  static const char *const values[] = {
      "DER:3000", // no name
      "DER:31038201"
      "61",               // a SET
      "DER:300382016100", // an octet after it
      "DER:3003820261",   // cut short
      "DER:30048281"
      "0161",           // a length of two octets where one will do
      "DER:3003020161", // an INTEGER among the names
      "DER:3003890161", // [9] is no GeneralName
      "DER:3080820161"
      "0000",             // indefinite length: BER
      "DER:30049f820161", // a tag of two octets
  };
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    expect_malformed(&(pki_spec){.extra = {{"2.5.29.17", values[i]}}});
  }
}

static void test_other_extensions_that_do_not_parse_are_malformed(void **state) {
  (void)state;
  expect_malformed(&(pki_spec){.extra = {{"1.3.6.1.5.5.7.1.24", "DER:300201"}}});
  expect_malformed(&(pki_spec){.extra = {{"1.3.6.1.5.5.7.1.24", "DER:30020200"}}});
  expect_malformed(&(pki_spec){.extra = {{"1.3.6.1.5.5.7.1.24", "DER:020105"}}});
  expect_malformed(&(pki_spec){.extra = {{"1.3.6.1.4.1.11129.2.4.2", "DER:3000"}}});
  expect_malformed(&(pki_spec){.extra = {{"1.3.6.1.4.1.11129.2.4.2", "DER:04020000ff"}}});
}

// RFC 5280 §4.2
static void test_an_extension_twice_is_malformed(void **state) {
  (void)state;
  expect_malformed(&(pki_spec){.extra = {{PKI_OID, "DER:820161"}, {PKI_OID, "DER:820161"}}});
  expect_malformed(&(pki_spec){
      .extra = {{"1.3.6.1.4.1.99999.1", "DER:0500"}, {"1.3.6.1.4.1.99999.1", "DER:0500"}}});
}

static void test_every_cut_and_a_trailing_octet_are_malformed(void **state) {
  (void)state;
  pki_cert *cert = pki_make(NULL, &(pki_spec){.alt_names = "DNS:a.example", .must_staple = true});
  codicil_span der = pki_der(cert);
  for (size_t len = 0; len < der.len; len++) {
    expect_err(codicil_span_sub(der, 0, len), CODICIL_MALFORMED);
  }
  uint8_t *longer = malloc(der.len + 1);
  memcpy(longer, der.data, der.len);
  longer[der.len] = 0;
  expect_err(codicil_span_of(longer, der.len + 1), CODICIL_MALFORMED);
  free(longer);
  pki_free(cert);
}

static void test_more_names_than_the_limit_are_an_error_and_not_cut(void **state) {
  (void)state;
  enum { NUM = 2049, EACH = sizeof "DNS:a," - 1 };
  char *names = malloc(NUM * EACH + 1);
  for (size_t i = 0; i < NUM; i++) {
    memcpy(names + i * EACH, "DNS:a,", EACH + 1);
  }
  names[NUM * EACH - 1] = '\0';
  pki_cert *cert = pki_make(NULL, &(pki_spec){.alt_names = names});
  expect_err(pki_der(cert), CODICIL_LIMIT);
  pki_free(cert);
  names[(NUM - 1) * EACH - 1] = '\0';
  codicil_identity *identity = identity_with(&(pki_spec){.alt_names = names});
  assert_int_equal(codicil_identity_num_names(identity), NUM - 1);
  codicil_identity_free(identity);
  free(names);
}

static void test_out_of_memory_leaves_nothing_behind(void **state) {
  (void)state;
  pki_cert *cert = pki_make(NULL, &(pki_spec){.alt_names = "DNS:a.example"});
  codicil_err err = CODICIL_NOMEM;
  for (size_t n = 0; err == CODICIL_NOMEM; n++) {
    fail_mem fail;
    fail_mem_init(&fail, n);
    codicil_identity *identity = NULL;
    err = codicil_identity_new(&identity, &fail.mem, pki_der(cert), PKI_OID);
    assert_int_equal(err == CODICIL_NOMEM, fail.failed);
    assert_int_equal(identity == NULL, err != CODICIL_OK);
    codicil_identity_free(identity);
    assert_int_equal(fail.held, 0);
  }
  assert_int_equal(err, CODICIL_OK);
  pki_free(cert);
}

static void test_a_certificate_of_version_1_has_no_names(void **state) {
  (void)state;
  codicil_identity *identity =
      identity_with(&(pki_spec){.version = 1, .common_name = "www.example"});
  assert_int_equal(codicil_identity_num_names(identity), 0);
  codicil_identity_free(identity);
}

enum { NUM_FORMS = 4 };

// Writes the `form` of a name that has the number `n`, behind `prefix`.
static size_t write_name(char *out, size_t out_len, const char *const prefixes[NUM_FORMS],
                         unsigned form, unsigned n) {
  static const char *const ends[NUM_FORMS] = {".example", ".example", "", ".a-longer.example"};
  return (size_t)snprintf(out, out_len, "%s%u%s", prefixes[form], n, ends[form]);
}

// Each name of many is found, whatever their order, and what lies between two is not.
static void test_every_name_of_many_is_found(void **state) {
  (void)state;
  static const char *const names[NUM_FORMS] = {",DNS:n", ",DNS:*.w", ",IP:192.0.2.", ",DNS:N"};
  static const char *const urls[NUM_FORMS] = {"https://n", "https://x.w", "https://192.0.2.",
                                              "https://n"};
  enum { NUM = 200 };
  char text[NUM * 40] = "DNS:first.example";
  size_t len = strlen(text);
  for (unsigned i = 0; i < NUM; i++) {
    unsigned n = i * 77 % NUM; // in no order
    len += write_name(text + len, sizeof text - len, names, n % NUM_FORMS, n);
  }
  codicil_identity *identity = identity_with(&(pki_spec){.alt_names = text});
  assert_int_equal(codicil_identity_num_names(identity), NUM + 1);
  for (unsigned n = 0; n < NUM; n++) {
    for (unsigned form = 0; form < NUM_FORMS; form++) {
      char url[64];
      write_name(url, sizeof url, urls, form, n);
      assert_int_equal(covers(identity, url), form == n % NUM_FORMS);
    }
  }
  assert_false(covers(identity, "https://w1.example"));
  assert_false(covers(identity, "https://y.x.w1.example"));
  codicil_identity_free(identity);
}

// What an issuer signed is the certificate; its signature has two spellings where it is ECDSA.
static void test_a_certificate_is_the_same_whatever_the_octets_of_its_signature(void **state) {
  (void)state;
  pki_cert *cert = pki_make(NULL, &(pki_spec){.alt_names = "DNS:a.example"});
  pki_cert *renewed = pki_make(NULL, &(pki_spec){.alt_names = "DNS:a.example"});
  codicil_identity *identity = identity_of(pki_der(cert));
  codicil_identity *another = identity_of(pki_der(renewed));
  cert->der[cert->der_len - 1] ^= 1;
  codicil_identity *turned = identity_of(pki_der(cert));
  assert_memory_not_equal(codicil_identity_sha256(identity), codicil_identity_sha256(turned), 32);
  assert_true(codicil_identity_is_same(identity, turned));
  assert_false(codicil_identity_is_same(identity, another));
  codicil_identity_free(identity);
  codicil_identity_free(another);
  codicil_identity_free(turned);
  pki_free(cert);
  pki_free(renewed);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names_of_both_kinds_are_read_in_order_and_lower_cased),
      cmocka_unit_test(test_validity_digest_and_absent_extensions),
      cmocka_unit_test(test_the_extensions_that_matter_are_found),
      cmocka_unit_test(test_required_domain_is_found_by_the_identifier_that_is_given),
      cmocka_unit_test(test_an_absent_required_domain_is_no_invalid_one),
      cmocka_unit_test(test_required_domains_are_decoded_with_the_identity),
      cmocka_unit_test(test_a_required_domain_that_does_not_parse_leaves_the_rest_readable),
      cmocka_unit_test(test_an_empty_required_domain_is_invalid_and_not_absent),
      cmocka_unit_test(test_more_required_domains_than_the_limit_are_invalid_and_not_cut),
      cmocka_unit_test(test_wildcards_among_names_and_required_domains_may_span_a_suffix),
      cmocka_unit_test(test_a_feature_other_than_status_request_demands_no_staple),
      cmocka_unit_test(test_a_boolean_is_all_ones_or_zero),
      cmocka_unit_test(test_extensions_are_for_version_3_only),
      cmocka_unit_test(test_the_common_name_is_never_a_name),
      cmocka_unit_test(test_wildcard_matrix),
      cmocka_unit_test(test_names_that_can_match_no_host_are_left_out),
      cmocka_unit_test(test_alt_names_that_do_not_parse_are_malformed),
      cmocka_unit_test(test_other_extensions_that_do_not_parse_are_malformed),
      cmocka_unit_test(test_an_extension_twice_is_malformed),
      cmocka_unit_test(test_every_cut_and_a_trailing_octet_are_malformed),
      cmocka_unit_test(test_more_names_than_the_limit_are_an_error_and_not_cut),
      cmocka_unit_test(test_out_of_memory_leaves_nothing_behind),
      cmocka_unit_test(test_a_certificate_of_version_1_has_no_names),
      cmocka_unit_test(test_every_name_of_many_is_found),
      cmocka_unit_test(test_a_certificate_is_the_same_whatever_the_octets_of_its_signature),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
