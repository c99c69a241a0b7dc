// CAA decisions: zones of records in, yes or no and the reason out. DNS is a table.
#include "pki/caa.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// cmocka.h needs the above.
#include <cmocka.h>

enum { RECORDS_MAX = 8, RDATA_MAX = 512 };

typedef struct record {
  uint8_t flags;
  const char *tag;
  const char *value;
} record;

// What DNS says at one name; `tag` NULL ends the records.
typedef struct node {
  const char *name;
  dns_state state;
  record records[RECORDS_MAX];
  const char *alias;
  bool is_secure;
} node;

typedef struct zone {
  const node *nodes;
  size_t num_nodes;
  size_t num_asked;
  char last[CODICIL_HOST_MAX + 1];
} zone;

static size_t write_rdata(uint8_t *out, const record *r) {
  size_t tag_len = strlen(r->tag);
  size_t value_len = strlen(r->value);
  assert_true(2 + tag_len + value_len <= RDATA_MAX);
  out[0] = r->flags;
  out[1] = (uint8_t)tag_len;
  memcpy(out + 2, r->tag, tag_len);
  memcpy(out + 2 + tag_len, r->value, value_len);
  return 2 + tag_len + value_len;
}

static void tell(const node *n, dns_callback *callback, void *user) {
  static uint8_t rdata[RECORDS_MAX][RDATA_MAX];
  codicil_span records[RECORDS_MAX];
  dns_answer answer = {.state = n->state,
                       .canonical_name = n->alias,
                       .is_secure = n->is_secure,
                       .why = n->state == DNS_FAILED ? "SERVFAIL" : NULL,
                       .records = records};
  while (answer.num_records < RECORDS_MAX && n->records[answer.num_records].tag != NULL) {
    size_t i = answer.num_records++;
    records[i] = codicil_span_of(rdata[i], write_rdata(rdata[i], &n->records[i]));
  }
  callback(user, &answer);
}

static bool look_up(void *dns, const char *name, dns_callback *callback, void *user) {
  zone *z = dns;
  static const node nothing = {.name = "", .state = DNS_NO_DATA};
  z->num_asked++;
  snprintf(z->last, sizeof z->last, "%s", name);
  for (size_t i = 0; i < z->num_nodes; i++) {
    if (strcmp(z->nodes[i].name, name) == 0) {
      tell(&z->nodes[i], callback, user);
      return true;
    }
  }
  tell(&nothing, callback, user);
  return true;
}

// One case: a certificate, a CA, a zone, and what comes of them.
typedef struct question {
  const char *name;
  const char *required[4];
  const char *identity;
  node nodes[4];
} question;

static pki_caa_decision decide(const question *q, zone *z) {
  pki_name name;
  char texts[4][CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
  codicil_required_domain required[4];
  app_error err = {""};
  pki_caa_decision decision;
  pki_caa_request request = {
      .names = &name, .num_names = 1, .required = required, .tag = "requireddomain"};
  pki_caa_policy policy = {
      .identities = &q->identity, .num_identities = q->identity ? 1 : 0, .server = "192.0.2.53"};
  assert_true(pki_name_parse(&name, q->name, &err));
  for (; request.num_required < 4 && q->required[request.num_required] != NULL;
       request.num_required++) {
    size_t i = request.num_required;
    codicil_span text = codicil_span_of(q->required[i], strlen(q->required[i]));
    assert_int_equal(
        codicil_required_domain_from_text(&required[i], texts[i], sizeof texts[i], NULL, text),
        CODICIL_OK);
  }
  *z = (zone){.nodes = q->nodes};
  while (z->num_nodes < 4 && q->nodes[z->num_nodes].name != NULL) {
    z->num_nodes++;
  }
  if (!pki_caa_decide(&decision, &request, &policy, look_up, z, &err)) {
    fail_msg("%s: %s", q->name, err.text);
  }
  return decision;
}

// `why` stands in the sentence on the name; of a refusal, in the final one as well.
static void assert_decided(const question *q, bool is_allowed, const char *why) {
  zone z;
  pki_caa_decision decision = decide(q, &z);
  assert_int_equal(decision.num_names, 1);
  if (decision.is_allowed != is_allowed || strstr(decision.names[0].why, why) == NULL ||
      (!is_allowed && strstr(decision.why, why) == NULL)) {
    fail_msg("%s: %s, %s (not: %s)", q->name, decision.is_allowed ? "allowed" : "refused",
             decision.why, why);
  }
  assert_int_equal(decision.names[0].is_allowed, is_allowed);
  pki_caa_decision_clear(&decision);
}

#define AT(domain, ...)                                               \
  {                                                                   \
    .name = domain, .state = DNS_ANSWERED, .records = { __VA_ARGS__ } \
  }
#define CDN  "shared.cdn.example"
#define GLUE "glue.cdn.example"

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-http2-secondary-certs#section-5
//# Conforming CAs MUST require the
//# presence of a CAA record
static void test_required_domain_needs_a_set_that_covers_each_of_them(void **state) {
  (void)state;
  const struct {
    question q;
    bool is_allowed;
    const char *why;
  } cases[] = {
      {{CDN, {GLUE}, NULL, {{.name = NULL}}}, false, "needs some that grant it"},
      {{CDN, {GLUE}, NULL, {AT(CDN, {0, "iodef", "mailto:a@cdn.example"})}},
       false,
       "no requireddomain property of shared.cdn.example covers glue.cdn.example"},
      {{CDN, {GLUE}, NULL, {AT(CDN, {0, "requireddomain", GLUE})}}, true, "allow it"},
      {{CDN, {GLUE}, NULL, {AT(CDN, {0, "RequiredDomain", " GLUE.cdn.Example ; a=b"})}},
       true,
       "allow it"},
      {{CDN, {GLUE}, NULL, {AT(CDN, {0x80, "requireddomain", GLUE})}}, true, "allow it"},
      {{CDN, {GLUE}, NULL, {AT(CDN, {0, "requireddomain", "www.site.example"})}},
       false,
       "covers glue"},
      {{CDN, {GLUE}, NULL, {AT(CDN, {0, "requireddomain", "a.example " GLUE})}},
       false,
       "covers glue"},
      {{CDN, {GLUE}, NULL, {AT(CDN, {0, "requireddomain", "*.cdn.example"})}}, true, "allow it"},
      {{CDN, {GLUE}, NULL, {AT(CDN, {0, "requireddomain", "*"})}}, false, "covers glue"},
      {{CDN, {"*"}, NULL, {AT(CDN, {0, "requireddomain", "*"})}}, true, "allow it"},
      {{CDN, {"*"}, NULL, {AT(CDN, {0, "requireddomain", "*.cdn.example"})}}, false, "covers *"},
      {{CDN, {"*.cdn.example"}, NULL, {AT(CDN, {0, "requireddomain", "*.cdn.example"})}},
       true,
       "allow it"},
      {{CDN, {"*.cdn.example"}, NULL, {AT(CDN, {0, "requireddomain", GLUE})}},
       false,
       "covers *.cdn"},
      {{CDN, {"192.0.2.7"}, NULL, {AT(CDN, {0, "requireddomain", "192.0.2.7"})}}, true, "allow it"},
      {{CDN, {"192.0.2.7"}, NULL, {AT(CDN, {0, "requireddomain", "192.0.2.8"})}},
       false,
       "covers 192.0.2.7"},
      {{CDN,
        {GLUE, "www.site.example"},
        NULL,
        {AT(CDN, {0, "requireddomain", GLUE}, {0, "requireddomain", "www.site.example"})}},
       true,
       "allow it"},
      {{CDN, {GLUE, "www.site.example"}, NULL, {AT(CDN, {0, "requireddomain", GLUE})}},
       false,
       "covers www.site.example"},
      {{CDN, {GLUE}, NULL, {AT(CDN, {0, "requireddomain", "gl\303\274e.example"})}},
       false,
       "covers"},
      {{CDN, {GLUE}, NULL, {AT(CDN, {0, "requireddomain", ""})}}, false, "covers"},
      {{"192.0.2.1", {GLUE}, NULL, {{.name = NULL}}},
       false,
       "for an address cannot have Required Domain"},
      {{"192.0.2.1", {NULL}, "ca.example", {{.name = NULL}}},
       true,
       "an address has no CAA records"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    assert_decided(&cases[i].q, cases[i].is_allowed, cases[i].why);
  }
}

// RFC 8659 §4.2 and RFC 8659 §4.3; RFC 8657 §3 and RFC 8657 §4.
static void test_issue_and_issuewild_bind_as_usual(void **state) {
  (void)state;
  const char *ca = "ca.example";
  const char *www = "www.site.example";
  const char *wild = "*.site.example";
  const struct {
    question q;
    bool is_allowed;
    const char *why;
  } cases[] = {
      {{www, {NULL}, ca, {{.name = NULL}}}, true, "any CA may issue"},
      {{www, {NULL}, ca, {AT("www.site.example", {0, "issue", "CA.example"})}}, true, "allow it"},
      {{www, {NULL}, ca, {AT("www.site.example", {0, "issue", "ca.example; a=b"})}},
       true,
       "allow it"},
      {{www, {NULL}, ca, {AT("www.site.example", {0, "issue", "other.example"})}},
       false,
       "no issue property"},
      {{www, {NULL}, ca, {AT("www.site.example", {0, "issue", "sub.ca.example"})}},
       false,
       "no issue property"},
      {{www, {NULL}, NULL, {AT("www.site.example", {0, "issue", "ca.example"})}},
       false,
       "which has no identity"},
      {{www, {NULL}, ca, {AT("www.site.example", {0, "issue", ";"})}}, false, "no issue property"},
      {{www, {NULL}, ca, {AT("www.site.example", {0, "issue", "%%%%%"})}},
       false,
       "no issue property"},
      // RFC 8659 §4.2: authorizations are additive.
      {{www, {NULL}, ca, {AT("www.site.example", {0, "issue", ";"}, {0, "issue", "ca.example"})}},
       true,
       "allow it"},
      {{www,
        {NULL},
        ca,
        {AT("www.site.example", {0, "issue", "ca.example; accounturi=https://ca.example/1"})}},
       false,
       "no issue property"},
      {{www,
        {NULL},
        ca,
        {AT("www.site.example", {0, "issue", "ca.example; validationmethods=dns-01"})}},
       false,
       "no issue property"},
      {{www, {NULL}, ca, {AT("www.site.example", {0, "issuewild", ";"})}}, true, "allow it"},
      {{wild, {NULL}, ca, {AT("site.example", {0, "issuewild", ";"}, {0, "issue", "ca.example"})}},
       false,
       "no issuewild property"},
      {{wild, {NULL}, ca, {AT("site.example", {0, "issuewild", "ca.example"}, {0, "issue", ";"})}},
       true,
       "allow it"},
      {{wild, {NULL}, ca, {AT("site.example", {0, "issue", "ca.example"})}}, true, "allow it"},
      {{wild, {NULL}, ca, {AT("site.example", {0, "issue", "other.example"})}},
       false,
       "no issue property"},
      // And they bind beside requireddomain.
      {{CDN, {GLUE}, ca, {AT(CDN, {0, "requireddomain", GLUE}, {0, "issue", "other.example"})}},
       false,
       "no issue property"},
      {{CDN, {GLUE}, ca, {AT(CDN, {0, "issue", "ca.example"})}}, false, "covers glue"},
      {{CDN, {GLUE}, ca, {AT(CDN, {0, "requireddomain", GLUE}, {0, "issue", "ca.example"})}},
       true,
       "allow it"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    assert_decided(&cases[i].q, cases[i].is_allowed, cases[i].why);
  }
}

// RFC 8659 §4.1: what is critical, and what a tag may be.
static void test_what_is_not_understood_refuses_where_it_must(void **state) {
  (void)state;
  const record grant = {0, "requireddomain", GLUE};
  const struct {
    question q;
    bool is_allowed;
    const char *why;
  } cases[] = {
      {{CDN, {GLUE}, NULL, {AT(CDN, grant, {0x80, "tbs", "x"})}},
       false,
       "is critical, and this CA does not know it"},
      {{CDN, {GLUE}, NULL, {AT(CDN, {0x80, "tbs", "x"}, grant)}}, false, "is critical"},
      {{CDN, {GLUE}, NULL, {AT(CDN, grant, {0x7f, "tbs", "x"})}}, true, "allow it"},
      {{CDN, {GLUE}, NULL, {AT(CDN, grant, {0x80, "iodef", "mailto:x"})}}, true, "allow it"},
      {{CDN, {GLUE}, NULL, {AT(CDN, grant, {0, "contactemail", "x"})}}, true, "allow it"},
      {{CDN, {GLUE}, NULL, {AT(CDN, grant, {0, "not a tag", "x"})}}, false, "is not a CAA record"},
      {{CDN, {GLUE}, NULL, {AT(CDN, grant, {0, "", "x"})}}, false, "is not a CAA record"},
      {{CDN, {NULL}, NULL, {AT(CDN, {0, "requireddomain", "x"})}}, true, "allow it"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    assert_decided(&cases[i].q, cases[i].is_allowed, cases[i].why);
  }
}

// RFC 8659 §3.
static void test_the_tree_is_climbed_to_the_first_set_and_not_beyond(void **state) {
  (void)state;
  const record grant = {0, "requireddomain", GLUE};
  const record other = {0, "requireddomain", "other.example"};
  zone z;
  const question above = {"a.b.cdn.example", {GLUE}, NULL, {AT("cdn.example", grant)}};
  pki_caa_decision decision = decide(&above, &z);
  assert_true(decision.is_allowed);
  assert_string_equal(decision.names[0].found_at, "cdn.example");
  assert_int_equal(z.num_asked, 3);
  pki_caa_decision_clear(&decision);

  const question nearer = {
      "a.cdn.example", {GLUE}, NULL, {AT("a.cdn.example", other), AT("cdn.example", grant)}};
  assert_decided(&nearer, false, "of a.cdn.example covers");

  const question none = {"a.cdn.example", {GLUE}, NULL, {{.name = NULL}}};
  decision = decide(&none, &z);
  assert_false(decision.is_allowed);
  assert_string_equal(decision.names[0].found_at, "");
  assert_string_equal(z.last, "example");
  assert_int_equal(z.num_asked, 3);
  pki_caa_decision_clear(&decision);

  // An answer without records is none, whatever it says of itself.
  const question empty = {
      "a.cdn.example",
      {GLUE},
      NULL,
      {{.name = "a.cdn.example", .state = DNS_ANSWERED}, AT("cdn.example", grant)}};
  assert_decided(&empty, true, "of cdn.example allow it");
}

static void test_an_alias_is_followed_and_its_parents_are_not_climbed(void **state) {
  (void)state;
  zone z;
  node target = AT("www.site.example", {0, "requireddomain", GLUE});
  target.alias = "site.hoster.example";
  const question found = {"www.site.example", {GLUE}, NULL, {target}};
  pki_caa_decision decision = decide(&found, &z);
  assert_true(decision.is_allowed);
  assert_string_equal(decision.names[0].alias, "site.hoster.example");
  pki_caa_decision_clear(&decision);

  const question nothing_there = {
      "www.site.example",
      {GLUE},
      NULL,
      {{.name = "www.site.example", .state = DNS_NO_DATA, .alias = "site.hoster.example"},
       AT("hoster.example", {0, "requireddomain", GLUE})}};
  decision = decide(&nothing_there, &z);
  assert_false(decision.is_allowed);
  assert_int_equal(z.num_asked, 3); // www.site.example, site.example, example
  pki_caa_decision_clear(&decision);
}

static void test_a_wildcard_is_climbed_from_what_it_stands_below(void **state) {
  (void)state;
  zone z;
  const question q = {
      "*.cdn.example", {GLUE}, NULL, {AT("cdn.example", {0, "requireddomain", GLUE})}};
  pki_caa_decision decision = decide(&q, &z);
  assert_true(decision.is_allowed);
  assert_int_equal(z.num_asked, 1);
  pki_caa_decision_clear(&decision);
}

static void test_a_failure_of_dns_refuses_at_any_height(void **state) {
  (void)state;
  const question at_name = {CDN, {NULL}, "ca.example", {{.name = CDN, .state = DNS_FAILED}}};
  assert_decided(&at_name, false, "DNS did not tell the CAA records of shared.cdn.example");
  const question above = {CDN, {NULL}, "ca.example", {{.name = "example", .state = DNS_FAILED}}};
  assert_decided(&above, false, "DNS did not tell the CAA records of example: SERVFAIL");
}

static void test_an_answer_is_secure_when_all_on_the_way_were(void **state) {
  (void)state;
  zone z;
  node below = {.name = CDN, .state = DNS_NO_DATA, .is_secure = true};
  node set = AT("cdn.example", {0, "requireddomain", GLUE});
  set.is_secure = true;
  question q = {CDN, {GLUE}, NULL, {below, set}};
  pki_caa_decision decision = decide(&q, &z);
  assert_true(decision.names[0].is_secure);
  pki_caa_decision_clear(&decision);
  q.nodes[0].is_secure = false;
  decision = decide(&q, &z);
  assert_false(decision.names[0].is_secure);
  pki_caa_decision_clear(&decision);
}

static void test_each_record_says_why(void **state) {
  (void)state;
  zone z;
  const question q = {
      "*.cdn.example",
      {GLUE},
      "ca.example",
      {AT("cdn.example", {0, "issue", "ca.example"}, {0, "issuewild", "ca.example; accounturi=x"},
          {0, "issuewild", "ca.example"}, {0, "requireddomain", GLUE},
          {0, "requireddomain", "\033[31m"}, {0, "iodef", "mailto:x"}, {0, "tbs", "x"})}};
  static const struct {
    pki_caa_effect effect;
    const char *why;
  } expected[] = {
      {PKI_CAA_NEUTRAL, "issuewild stands beside it"},
      {PKI_CAA_WITHHOLDS, "accounturi"},
      {PKI_CAA_GRANTS, "names this CA"},
      {PKI_CAA_GRANTS, "covers what the certificate requires"},
      {PKI_CAA_WITHHOLDS, "is no name that could be required"},
      {PKI_CAA_NEUTRAL, "says nothing on who may issue"},
      {PKI_CAA_NEUTRAL, "is not critical"},
  };
  pki_caa_decision decision = decide(&q, &z);
  assert_true(decision.is_allowed);
  assert_int_equal(decision.names[0].num_properties, 7);
  for (size_t i = 0; i < 7; i++) {
    const pki_caa_property *property = &decision.names[0].properties[i];
    assert_int_equal(property->effect, expected[i].effect);
    assert_non_null(strstr(property->why, expected[i].why));
  }
  assert_string_equal(decision.names[0].properties[4].value, "\\x1b[31m");
  pki_caa_decision_clear(&decision);
}

static void test_every_name_must_be_allowed_and_dns_fails_once(void **state) {
  (void)state;
  const node nodes[] = {
      AT("a.example", {0, "requireddomain", GLUE}),
      {.name = "b.example", .state = DNS_FAILED},
      AT("c.example", {0, "requireddomain", GLUE}),
  };
  pki_name names[3];
  app_error err;
  char text[CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
  codicil_required_domain required;
  assert_true(pki_name_parse(&names[0], "a.example", &err));
  assert_true(pki_name_parse(&names[1], "b.example", &err));
  assert_true(pki_name_parse(&names[2], "c.example", &err));
  assert_int_equal(codicil_required_domain_from_text(&required, text, sizeof text, NULL,
                                                     codicil_span_of(GLUE, strlen(GLUE))),
                   CODICIL_OK);
  pki_caa_request request = {names, 3, &required, 1, "requireddomain"};
  const pki_caa_policy policy = {.server = NULL};
  zone z = {.nodes = nodes, .num_nodes = 3};
  pki_caa_decision decision;
  assert_true(pki_caa_decide(&decision, &request, &policy, look_up, &z, &err));
  assert_false(decision.is_allowed);
  assert_true(decision.names[0].is_allowed);
  assert_non_null(strstr(decision.why, "b.example"));
  assert_string_equal(decision.names[2].why, "not asked, as DNS had failed");
  assert_int_equal(z.num_asked, 2);
  pki_caa_decision_clear(&decision);

  request.num_names = 0;
  assert_true(pki_caa_decide(&decision, &request, &policy, look_up, &z, &err));
  assert_false(decision.is_allowed);
  pki_caa_decision_clear(&decision);
}

static void test_when_caa_applies(void **state) {
  (void)state;
  static const char *const identity = "ca.example";
  const codicil_required_domain required = {.type = CODICIL_REQUIRED_ANY};
  const pki_caa_request ordinary = {.tag = "requireddomain"};
  const pki_caa_request with = {.required = &required, .num_required = 1, .tag = "requireddomain"};
  const pki_caa_policy bare = {.skip = false};
  const pki_caa_policy named = {.identities = &identity, .num_identities = 1};
  const pki_caa_policy served = {.server = "127.0.0.1"};
  const pki_caa_policy always = {.always = true};
  const pki_caa_policy skips = {
      .identities = &identity, .num_identities = 1, .server = "127.0.0.1", .skip = true};
  assert_false(pki_caa_applies(&bare, &ordinary));
  assert_true(pki_caa_applies(&named, &ordinary));
  assert_true(pki_caa_applies(&served, &ordinary));
  assert_true(pki_caa_applies(&always, &ordinary));
  assert_true(pki_caa_applies(&bare, &with));
  assert_false(pki_caa_applies(&skips, &with));

  pki_caa_decision decision;
  app_error err;
  assert_true(pki_caa_decide(&decision, &with, &skips, look_up, NULL, &err));
  assert_true(decision.is_allowed && decision.is_skipped);
  assert_non_null(strstr(decision.why, "--insecure-skip-caa"));
  pki_caa_decision_clear(&decision);
}

static void test_an_identity_must_be_a_domain(void **state) {
  (void)state;
  static const char *const bad = "not a domain";
  const pki_caa_policy policy = {.identities = &bad, .num_identities = 1};
  const pki_caa_request request = {.tag = "requireddomain"};
  pki_caa_decision decision = {.num_names = 42};
  app_error err;
  assert_false(pki_caa_decide(&decision, &request, &policy, look_up, NULL, &err));
  assert_non_null(strstr(err.text, "--caa-identity"));
  assert_int_equal(decision.num_names, 42);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_required_domain_needs_a_set_that_covers_each_of_them),
      cmocka_unit_test(test_issue_and_issuewild_bind_as_usual),
      cmocka_unit_test(test_what_is_not_understood_refuses_where_it_must),
      cmocka_unit_test(test_the_tree_is_climbed_to_the_first_set_and_not_beyond),
      cmocka_unit_test(test_an_alias_is_followed_and_its_parents_are_not_climbed),
      cmocka_unit_test(test_a_wildcard_is_climbed_from_what_it_stands_below),
      cmocka_unit_test(test_a_failure_of_dns_refuses_at_any_height),
      cmocka_unit_test(test_an_answer_is_secure_when_all_on_the_way_were),
      cmocka_unit_test(test_each_record_says_why),
      cmocka_unit_test(test_every_name_must_be_allowed_and_dns_fails_once),
      cmocka_unit_test(test_when_caa_applies),
      cmocka_unit_test(test_an_identity_must_be_a_domain),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
