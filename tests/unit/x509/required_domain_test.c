// The Required Domain extension: both forms, each refusal of protocol §8, as text, and what grants.
#include "cmocka_test.h"

#include <stdlib.h>
#include <string.h>

#include "codicil/x509.h"
#include "fail_mem.h"
#include "span.h"

enum { MAX = CODICIL_REQUIRED_DOMAINS_MAX, TEXT_MAX = CODICIL_REQUIRED_DOMAIN_TEXT_MAX };

// What the tests read into: as much text as the content is long, so that ASan sees one more.
typedef struct parsed {
  codicil_required_domain names[MAX + 1];
  size_t num;
  uint8_t *text;
  codicil_err err;
} parsed;

static parsed parse(codicil_span der, size_t max) {
  parsed p = {.num = SIZE_MAX};
  codicil_span exact = exact_copy(der);
  p.text = malloc(der.len != 0 ? der.len : 1);
  p.err = codicil_required_domains_parse(p.names, &p.num, max, p.text, der.len, exact);
  free((void *)exact.data);
  return p;
}

static codicil_span hex(const char *digits) {
  static uint8_t octets[512];
  size_t len = strlen(digits) / 2;
  assert_true(len <= sizeof octets);
  for (size_t i = 0; i < len; i++) {
    char pair[3] = {digits[2 * i], digits[2 * i + 1], '\0'};
    octets[i] = (uint8_t)strtoul(pair, NULL, 16);
  }
  return codicil_span_of(octets, len);
}

// One dNSName as GeneralName.
static codicil_span dns_name(const void *name, size_t len) {
  static uint8_t octets[512];
  size_t header = len < 0x80 ? 2 : 4;
  assert_true(header + len <= sizeof octets);
  octets[0] = 0x82;
  octets[1] = len < 0x80 ? (uint8_t)len : 0x82;
  if (len >= 0x80 && len <= 0xff) {
    header = 3;
    octets[1] = 0x81;
    octets[2] = (uint8_t)len;
  } else if (len > 0xff) {
    octets[2] = (uint8_t)(len >> 8);
    octets[3] = (uint8_t)len;
  }
  memcpy(&octets[header], name, len);
  return codicil_span_of(octets, header + len);
}

static void expect_refused(codicil_span der) {
  static const codicil_required_domain untouched;
  parsed p = parse(der, MAX);
  assert_int_equal(p.err, CODICIL_MALFORMED);
  assert_int_equal(p.num, SIZE_MAX);
  assert_memory_equal(&p.names[0], &untouched, sizeof untouched);
  free(p.text);
}

static void expect_name(const codicil_required_domain *name, codicil_required_type type,
                        const char *text) {
  char out[TEXT_MAX];
  assert_int_equal(name->type, type);
  codicil_required_domain_format(name, out, sizeof out);
  assert_string_equal(out, text);
}

static void expect_one(codicil_span der, codicil_required_type type, const char *text) {
  parsed p = parse(der, MAX);
  assert_int_equal(p.err, CODICIL_OK);
  assert_int_equal(p.num, 1);
  expect_name(&p.names[0], type, text);
  free(p.text);
}

static void expect_dns(const char *name, codicil_required_type type, const char *text) {
  expect_one(dns_name(name, strlen(name)), type, text);
}

// ---- reading ------------------------------------------------------------------------------------

static void test_one_general_name_of_each_kind_is_read(void **state) {
  (void)state;
  expect_dns("www.example.com", CODICIL_REQUIRED_DNS, "www.example.com");
  expect_dns("localhost", CODICIL_REQUIRED_DNS, "localhost");
  expect_dns("xn--bcher-kva.example", CODICIL_REQUIRED_DNS, "xn--bcher-kva.example");
  expect_dns("*.example.com", CODICIL_REQUIRED_WILDCARD, "*.example.com");
  expect_dns("*", CODICIL_REQUIRED_ANY, "*");
  expect_one(hex("8704c0000201"), CODICIL_REQUIRED_ADDRESS, "192.0.2.1");
  expect_one(hex("871020010db8000000000000000000000001"), CODICIL_REQUIRED_ADDRESS, "2001:db8::1");
}

static void test_names_are_lower_cased(void **state) {
  (void)state;
  expect_dns("WWW.Example.COM", CODICIL_REQUIRED_DNS, "www.example.com");
  expect_dns("*.EXAMPLE.com", CODICIL_REQUIRED_WILDCARD, "*.example.com");
}

static void test_general_names_of_one_and_of_many_are_read_in_order(void **state) {
  (void)state;
  expect_one(hex("3003820161"), CODICIL_REQUIRED_DNS, "a");
  //                         a     192.0.2.1    *.b.c           *
  parsed p = parse(hex("30138201418704c000020182052a2e622e6382012a"), MAX);
  assert_int_equal(p.err, CODICIL_OK);
  assert_int_equal(p.num, 4);
  expect_name(&p.names[0], CODICIL_REQUIRED_DNS, "a");
  expect_name(&p.names[1], CODICIL_REQUIRED_ADDRESS, "192.0.2.1");
  expect_name(&p.names[2], CODICIL_REQUIRED_WILDCARD, "*.b.c");
  expect_name(&p.names[3], CODICIL_REQUIRED_ANY, "*");
  free(p.text);
}

static void test_names_of_253_and_labels_of_63_octets_are_the_longest(void **state) {
  (void)state;
  char name[300];
  memset(name, 'a', sizeof name);
  for (size_t i = 63; i < sizeof name; i += 64) {
    name[i] = '.';
  }
  parsed p = parse(dns_name(name, 253), MAX);
  assert_int_equal(p.err, CODICIL_OK);
  assert_int_equal(p.names[0].dns.len, 253);
  free(p.text);
  expect_refused(dns_name(name, 254));
  expect_refused(dns_name(name, 300));
  name[63] = 'a';
  expect_refused(dns_name(name, 253));
  memcpy(name, "*.", 2); // and 62 octets
  name[64] = '.';
  p = parse(dns_name(name, 253), MAX);
  assert_int_equal(p.err, CODICIL_OK);
  assert_int_equal(p.names[0].type, CODICIL_REQUIRED_WILDCARD);
  free(p.text);
  expect_refused(dns_name(name, 254));
}

static void test_what_is_no_dns_name_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *name;
    size_t len;
  } rows[] = {
      {"", 0},
      {".", 1},
      {"a.", 2},
      {".a", 2},
      {"a..b", 4},
      {"a b", 3},
      {"a\0b", 3},
      {"\0", 1},
      {"a.example\0", 10},
      {"b\xc3\xbc"
       "cher.example",
       15},
      {"\x80", 1},
      {"-a.b", 4},
      {"192.0.2.1", 9},
      {"::1", 3},
      {"a:443", 5},
      {"https://a", 9},
      {"a@b", 3},
      {" ", 1},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    expect_refused(dns_name(rows[i].name, rows[i].len));
  }
}

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-http2-secondary-certs#section-5
//# This character MUST be the entirety of
//# the name if used and MUST have a type of "dNSName".
static void test_a_wildcard_is_alone_or_before_two_labels(void **state) {
  (void)state;
  static const char *const names[] = {
      "*.", "*.com",  "*.com.",  "w*.example.com", "*w.example.com", "www.*.com", "*.*.example.com",
      "**", "**.a.b", "*ab.c.d", "*.a.*",          "*.a.b.",         "*..a.b",    "*.0.2",
      ".*", "a.*",
  };
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    expect_refused(dns_name(names[i], strlen(names[i])));
  }
  expect_refused(hex("81012a")); // "*" as rfc822Name
  expect_refused(hex("86012a")); // as URI
}

static void test_addresses_have_four_or_sixteen_octets_and_one_form(void **state) {
  (void)state;
  expect_refused(hex("8700"));
  expect_refused(hex("8703c00002"));
  expect_refused(hex("8705c000020100"));
  expect_refused(hex("8708c0000201ffffffff")); // with a mask, as in name constraints
  expect_refused(hex("870f20010db80000000000000000000000"));
  expect_refused(hex("871120010db800000000000000000000000100"));
  // ::ffff:192.0.2.1 is 192.0.2.1, which is written with four octets.
  expect_refused(hex("871000000000000000000000ffffc0000201"));
}

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-http2-secondary-certs#section-5
//# Unlike the subject field, conforming CAs MUST NOT issue
//# certificates with a requiredDomain extension containing empty GeneralName
//# fields.
//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-http2-secondary-certs#section-5
//# Clients that encounter such a certificate when processing a
//# certification path MUST consider the certificate invalid.
static void test_other_types_and_empty_fields_are_refused(void **state) {
  (void)state;
  static const char *const values[] = {
      "",
      "3000",           // no name at all
      "8200",           // an empty one
      "30058201618200", // among others
      "30058200820161",
      "300230003003820161",   // more than one GeneralNames
      "30053003820161",       // GeneralNames within
      "a00806032a0304a0010c", // otherName
      "8103614062",           // rfc822Name
      "a3023000",             // x400Address
      "a4023000",             // directoryName
      "a502a000",             // ediPartyName
      "860161",               // URI
      "88032a0304",           // registeredID
      "890161",               // no GeneralName
      "a704c0000201",         // [7] constructed
      "4704c0000201",         // [7] of the application class
      "a20382016100",         // [2] constructed: EXPLICIT
      "a203820161",
      "a2031601"
      "61",     // [2] around an IA5String
      "160161", // IA5String
      "0c0161", // UTF8String
      "040161", // OCTET STRING
      "c20161", // private class
      "420161", // application class
      "0500",
      "310382"
      "0161", // SET
  };
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    expect_refused(hex(values[i]));
  }
}

static void test_what_is_not_der_or_has_more_after_it_is_refused(void **state) {
  (void)state;
  static const char *const values[] = {
      "82016100",     // a trailing octet
      "820161820162", // two GeneralName and no GeneralNames
      "300382016100",
      "3003820161820162",
      "3004820161"
      "00", // within
      "30068201618201"
      "",         // cut within
      "82810161", // a length longer than needed
      "308103820161",
      "3082000382"
      "0161",
      "9f020161", // a tag longer than needed
      "3080820161"
      "0000", // indefinite: BER
      "a280820161"
      "0000",
      "82",
      "8202"
      "61",
      "8285"
      "0000000001"
      "61",
  };
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    expect_refused(hex(values[i]));
  }
}

static void test_every_cut_is_refused(void **state) {
  (void)state;
  const char *const values[] = {"30138201418704c000020182052a2e622e6382012a", "8704c0000201",
                                "82052a2e622e63"};
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    size_t len = strlen(values[i]) / 2;
    for (size_t cut = 0; cut < len; cut++) {
      expect_refused(codicil_span_sub(hex(values[i]), 0, cut));
    }
  }
}

static void test_more_names_than_there_is_room_for_are_an_error_and_not_cut(void **state) {
  (void)state;
  static const codicil_required_domain untouched;
  uint8_t der[4 + 3 * (MAX + 1)] = {0x30, 0x81, 3 * MAX};
  for (size_t i = 0; i <= MAX; i++) {
    memcpy(&der[3 + 3 * i],
           "\x82\x01"
           "a",
           3);
  }
  parsed p = parse(codicil_span_of(der, 3 + 3 * MAX), MAX);
  assert_int_equal(p.err, CODICIL_OK);
  assert_int_equal(p.num, MAX);
  free(p.text);
  der[2] = 3 * (MAX + 1);
  p = parse(codicil_span_of(der, 3 + 3 * (MAX + 1)), MAX);
  assert_int_equal(p.err, CODICIL_LIMIT);
  assert_int_equal(p.num, SIZE_MAX);
  assert_memory_equal(&p.names[0], &untouched, sizeof untouched);
  free(p.text);
  p = parse(hex("820161"), 0);
  assert_int_equal(p.err, CODICIL_LIMIT);
  free(p.text);
}

static void test_text_that_could_be_too_short_is_not_written_to(void **state) {
  (void)state;
  codicil_required_domain name;
  size_t num = 7;
  uint8_t text[2] = "x";
  codicil_span der = hex("820161");
  assert_int_equal(codicil_required_domains_parse(&name, &num, 1, text, sizeof text, der),
                   CODICIL_USAGE);
  assert_int_equal(num, 7);
  assert_int_equal(text[0], 'x');
}

// ---- writing ------------------------------------------------------------------------------------

static codicil_required_domain dns(codicil_required_type type, const char *name) {
  return (codicil_required_domain){.type = type, .dns = codicil_span_str(name)};
}

static codicil_required_domain address(const char *text) {
  codicil_required_domain domain = {.type = CODICIL_REQUIRED_ADDRESS};
  assert_true(codicil_address_parse(&domain.address, codicil_span_str(text)));
  return domain;
}

static void expect_encoded(const codicil_required_domain *domains, size_t num, const char *want) {
  codicil_buf out;
  codicil_buf_init(&out, NULL, SIZE_MAX);
  assert_int_equal(codicil_required_domains_encode(&out, domains, num), CODICIL_OK);
  assert_true(codicil_span_equal(codicil_buf_span(&out), hex(want)));
  codicil_buf_clear(&out);
}

static void test_one_name_is_a_general_name_and_more_are_general_names(void **state) {
  (void)state;
  const codicil_required_domain domains[] = {dns(CODICIL_REQUIRED_DNS, "a"), address("192.0.2.1"),
                                             dns(CODICIL_REQUIRED_WILDCARD, "*.b.c"),
                                             dns(CODICIL_REQUIRED_ANY, "*")};
  expect_encoded(&domains[0], 1, "820161");
  expect_encoded(&domains[1], 1, "8704c0000201");
  expect_encoded(&domains[2], 1, "82052a2e622e63");
  expect_encoded(&domains[3], 1, "82012a");
  expect_encoded(domains, 4, "30138201618704c000020182052a2e622e6382012a");
}

static void expect_not_encoded(const codicil_required_domain *domains, size_t num) {
  codicil_buf out;
  codicil_buf_init(&out, NULL, SIZE_MAX);
  assert_int_equal(codicil_buf_append(&out, codicil_span_str("x")), CODICIL_OK);
  assert_int_equal(codicil_required_domains_encode(&out, domains, num), CODICIL_USAGE);
  assert_int_equal(out.len, 1);
  codicil_buf_clear(&out);
}

static void test_what_could_not_be_read_back_is_not_written(void **state) {
  (void)state;
  const codicil_required_domain bad[] = {
      dns(CODICIL_REQUIRED_DNS, ""),
      dns(CODICIL_REQUIRED_DNS, "A"),
      dns(CODICIL_REQUIRED_DNS, "a."),
      dns(CODICIL_REQUIRED_DNS, "*"),
      dns(CODICIL_REQUIRED_DNS, "*.b.c"),
      dns(CODICIL_REQUIRED_DNS, "192.0.2.1"),
      dns(CODICIL_REQUIRED_WILDCARD, "b.c"),
      dns(CODICIL_REQUIRED_WILDCARD, "*.c"),
      dns(CODICIL_REQUIRED_ANY, "a"),
      dns(CODICIL_REQUIRED_ANY, ""),
      {.type = CODICIL_REQUIRED_ADDRESS},
      {.type = CODICIL_REQUIRED_ADDRESS, .address = {.len = 16, .octets = {[10] = 255, 255, 1}}},
      {.type = (codicil_required_type)9, .dns = codicil_span_str("a")},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    const codicil_required_domain both[] = {dns(CODICIL_REQUIRED_DNS, "a"), bad[i]};
    expect_not_encoded(&bad[i], 1);
    expect_not_encoded(both, 2);
  }
  expect_not_encoded(bad, 0);
}

static void expect_read_back(const codicil_required_domain *domains, size_t num) {
  codicil_buf out;
  codicil_buf_init(&out, NULL, SIZE_MAX);
  assert_int_equal(codicil_required_domains_encode(&out, domains, num), CODICIL_OK);
  parsed p = parse(codicil_buf_span(&out), MAX);
  assert_int_equal(p.err, CODICIL_OK);
  assert_int_equal(p.num, num);
  for (size_t i = 0; i < num; i++) {
    assert_true(codicil_span_equal(p.names[i].dns, domains[i].dns));
  }
  free(p.text);
  codicil_buf_clear(&out);
}

// DER's lengths of one, two and three octets, and where one becomes the next.
static void test_names_of_every_length_and_number_are_read_back(void **state) {
  (void)state;
  char name[254];
  memset(name, 'a', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  for (size_t i = 63; i < sizeof name - 1; i += 64) {
    name[i] = '.';
  }
  codicil_required_domain domains[MAX + 1];
  for (size_t i = 0; i <= MAX; i++) {
    domains[i] = dns(CODICIL_REQUIRED_DNS, &name[i % 2 == 0 ? 0 : 253 - i]);
  }
  for (size_t num = 1; num <= MAX; num++) {
    expect_read_back(domains, num);
  }
  expect_not_encoded(domains, MAX + 1);
  for (size_t start = 0; start < 253; start++) {
    domains[0] = dns(CODICIL_REQUIRED_DNS, &name[start]);
    if (name[start] != '.') {
      expect_read_back(domains, 1);
      expect_read_back(domains, 2);
    }
  }
}

static void test_no_memory_and_no_room_leave_the_buffer_as_it_was(void **state) {
  (void)state;
  const codicil_required_domain domains[] = {dns(CODICIL_REQUIRED_DNS, "a"),
                                             dns(CODICIL_REQUIRED_DNS, "b")};
  codicil_buf out;
  for (size_t max = 0; max < 8; max++) {
    codicil_buf_init(&out, NULL, max);
    assert_int_equal(codicil_required_domains_encode(&out, domains, 2), CODICIL_LIMIT);
    assert_int_equal(out.len, 0);
    codicil_buf_clear(&out);
  }
  fail_mem fail;
  fail_mem_init(&fail, 0);
  codicil_buf_init(&out, &fail.mem, SIZE_MAX);
  assert_int_equal(codicil_required_domains_encode(&out, domains, 2), CODICIL_NOMEM);
  assert_int_equal(out.len, 0);
  codicil_buf_clear(&out);
}

// ---- text ---------------------------------------------------------------------------------------

static void expect_text(const char *from, codicil_required_type type, const char *normal) {
  codicil_required_domain domain;
  char text[TEXT_MAX];
  codicil_span exact = exact_copy(codicil_span_str(from));
  assert_int_equal(codicil_required_domain_from_text(&domain, text, sizeof text, NULL, exact),
                   CODICIL_OK);
  free((void *)exact.data);
  if (type != CODICIL_REQUIRED_ADDRESS) {
    assert_string_equal(text, normal);
    assert_ptr_equal(domain.dns.data, text);
  }
  expect_name(&domain, type, normal);
}

static void test_text_is_read_as_people_write_it(void **state) {
  (void)state;
  expect_text("www.example.com", CODICIL_REQUIRED_DNS, "www.example.com");
  expect_text("WWW.Example.com.", CODICIL_REQUIRED_DNS, "www.example.com");
  expect_text("b\xc3\xbc"
              "cher.example",
              CODICIL_REQUIRED_DNS, "xn--bcher-kva.example");
  expect_text("*.B\xc3\x9c"
              "CHER.example",
              CODICIL_REQUIRED_WILDCARD, "*.xn--bcher-kva.example");
  expect_text("*.Example.com", CODICIL_REQUIRED_WILDCARD, "*.example.com");
  expect_text("*", CODICIL_REQUIRED_ANY, "*");
  expect_text("192.0.2.1", CODICIL_REQUIRED_ADDRESS, "192.0.2.1");
  expect_text("[2001:DB8::1]", CODICIL_REQUIRED_ADDRESS, "2001:db8::1");
  expect_text("2001:db8::1", CODICIL_REQUIRED_ADDRESS, "2001:db8::1");
  expect_text("::ffff:192.0.2.1", CODICIL_REQUIRED_ADDRESS, "192.0.2.1");
}

static void expect_bad_text(codicil_span from, const char *words) {
  codicil_required_domain domain = {.type = CODICIL_REQUIRED_ANY};
  char text[TEXT_MAX] = "untouched";
  codicil_diag diag = {NULL, 0};
  assert_int_equal(codicil_required_domain_from_text(&domain, text, sizeof text, &diag, from),
                   CODICIL_BAD_INPUT);
  assert_string_equal(text, "untouched");
  assert_int_equal(domain.type, CODICIL_REQUIRED_ANY);
  assert_non_null(strstr(diag.what, words));
  assert_int_equal(codicil_required_domain_from_text(&domain, text, sizeof text, NULL, from),
                   CODICIL_BAD_INPUT);
}

static void test_text_that_is_no_required_domain_is_refused_with_the_reason(void **state) {
  (void)state;
  static const char *const names[] = {
      "",        ".",   "a..b", "a b", "https://a", "a:443",  "192.0.2", "[192.0.2.1]",  "w*.a.b",
      "*.*.a.b", "a.*", "**",   "*.",  "*..",       "*a.b.c", "*ab.c.d", "192.0.2.0/24", "\xff"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    expect_bad_text(codicil_span_str(names[i]), "neither a DNS name");
  }
  expect_bad_text(codicil_span_of("a\0b", 3), "neither a DNS name");
  expect_bad_text(codicil_span_of(NULL, 0), "neither a DNS name");
  expect_bad_text(codicil_span_str("*.com"), "two labels");
  expect_bad_text(codicil_span_str("*.com."), "two labels");
  expect_bad_text(codicil_span_str("*.co.uk"), "public suffix");
  expect_bad_text(codicil_span_str("*.GitHub.io"), "public suffix");
}

static void test_text_of_the_longest_name_fits_and_of_a_longer_one_does_not(void **state) {
  (void)state;
  char name[256];
  memset(name, 'a', sizeof name);
  for (size_t i = 63; i < sizeof name; i += 64) {
    name[i] = '.';
  }
  codicil_required_domain domain;
  char text[TEXT_MAX];
  assert_int_equal(codicil_required_domain_from_text(&domain, text, sizeof text, NULL,
                                                     codicil_span_of(name, 253)),
                   CODICIL_OK);
  assert_int_equal(domain.dns.len, 253);
  expect_bad_text(codicil_span_of(name, 254), "neither a DNS name");
  memcpy(name, "*.", 2);
  assert_int_equal(codicil_required_domain_from_text(&domain, text, sizeof text, NULL,
                                                     codicil_span_of(name, 253)),
                   CODICIL_OK);
  expect_bad_text(codicil_span_of(name, 254), "neither a DNS name");
  assert_int_equal(codicil_required_domain_from_text(&domain, text, sizeof text - 1, NULL,
                                                     codicil_span_str("a")),
                   CODICIL_USAGE);
}

static void test_text_is_never_cut(void **state) {
  (void)state;
  char out[4] = "old";
  codicil_required_domain domain = dns(CODICIL_REQUIRED_DNS, "abcd");
  codicil_required_domain_format(&domain, out, sizeof out);
  assert_string_equal(out, "");
  out[0] = 'x';
  codicil_required_domain_format(&domain, out, 0);
  assert_int_equal(out[0], 'x');
  domain = dns(CODICIL_REQUIRED_DNS, "abc");
  codicil_required_domain_format(&domain, out, sizeof out);
  assert_string_equal(out, "abc");
}

// ---- what grants --------------------------------------------------------------------------------

static bool grants(const char *pattern, const char *domain) {
  codicil_required_domain a, b;
  char a_text[TEXT_MAX], b_text[TEXT_MAX];
  assert_int_equal(
      codicil_required_domain_from_text(&a, a_text, sizeof a_text, NULL, codicil_span_str(pattern)),
      CODICIL_OK);
  assert_int_equal(
      codicil_required_domain_from_text(&b, b_text, sizeof b_text, NULL, codicil_span_str(domain)),
      CODICIL_OK);
  return codicil_required_domain_grants(&a, &b);
}

static void test_a_pattern_grants_itself_and_direct_children_only(void **state) {
  (void)state;
  static const struct {
    const char *pattern, *domain;
    bool grants;
  } rows[] = {
      {"a.example", "a.example", true},
      {"A.Example", "a.EXAMPLE", true},
      {"a.example", "b.example", false},
      {"a.example", "w.a.example", false},
      {"a.example", "*.a.example", false},
      {"a.example", "*", false},
      {"a.example", "192.0.2.1", false},
      {"*.a.example", "w.a.example", true},
      {"*.a.example", "W.A.example", true},
      {"*.a.example", "*.a.example", true},
      {"*.A.example", "*.a.EXAMPLE", true},
      {"*.a.example", "a.example", false},
      {"*.a.example", "v.w.a.example", false},
      {"*.a.example", "*.w.a.example", false},
      {"*.w.a.example", "*.a.example", false},
      {"*.a.example", "w.b.example", false},
      {"*.a.example", "*", false},
      {"*.a.example", "192.0.2.1", false},
      {"*", "*", true},
      {"*", "a.example", false},
      {"*", "*.a.example", false},
      {"*", "192.0.2.1", false},
      {"192.0.2.1", "192.0.2.1", true},
      {"192.0.2.1", "::ffff:192.0.2.1", true},
      {"192.0.2.1", "192.0.2.2", false},
      {"192.0.2.1", "*", false},
      {"192.0.2.1", "a.example", false},
      {"[2001:db8::1]", "2001:db8:0::1", true},
      {"2001:db8::1", "2001:db8::2", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_int_equal(grants(rows[i].pattern, rows[i].domain), rows[i].grants);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_one_general_name_of_each_kind_is_read),
      cmocka_unit_test(test_names_are_lower_cased),
      cmocka_unit_test(test_general_names_of_one_and_of_many_are_read_in_order),
      cmocka_unit_test(test_names_of_253_and_labels_of_63_octets_are_the_longest),
      cmocka_unit_test(test_what_is_no_dns_name_is_refused),
      cmocka_unit_test(test_a_wildcard_is_alone_or_before_two_labels),
      cmocka_unit_test(test_addresses_have_four_or_sixteen_octets_and_one_form),
      cmocka_unit_test(test_other_types_and_empty_fields_are_refused),
      cmocka_unit_test(test_what_is_not_der_or_has_more_after_it_is_refused),
      cmocka_unit_test(test_every_cut_is_refused),
      cmocka_unit_test(test_more_names_than_there_is_room_for_are_an_error_and_not_cut),
      cmocka_unit_test(test_text_that_could_be_too_short_is_not_written_to),
      cmocka_unit_test(test_one_name_is_a_general_name_and_more_are_general_names),
      cmocka_unit_test(test_what_could_not_be_read_back_is_not_written),
      cmocka_unit_test(test_names_of_every_length_and_number_are_read_back),
      cmocka_unit_test(test_no_memory_and_no_room_leave_the_buffer_as_it_was),
      cmocka_unit_test(test_text_is_read_as_people_write_it),
      cmocka_unit_test(test_text_that_is_no_required_domain_is_refused_with_the_reason),
      cmocka_unit_test(test_text_of_the_longest_name_fits_and_of_a_longer_one_does_not),
      cmocka_unit_test(test_text_is_never_cut),
      cmocka_unit_test(test_a_pattern_grants_itself_and_direct_children_only),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
