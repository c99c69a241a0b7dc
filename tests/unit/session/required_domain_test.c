// The Required Domain of secondary certificates: what satisfies it, in which order certificates may
// come, which paths are validated for it, and in which words it is told.
#include "cmocka_test.h"

#include <string.h>

#include "bound_fixture.h"
#include "session_state.h"

static void open_page(world *w) {
  bound_init(w);
  bound_connect(w, "https://www.example", "www.example");
}

static bool is_used(world *w, const char *origin) {
  return route_to(w, origin, evidence_here()).answer == CODICIL_USE;
}

static codicil_certificate_info info_of(world *w, size_t index) {
  codicil_certificate_info info = {0};
  assert_true(codicil_session_certificate(w->client, &info, index));
  return info;
}

static void expect_reason(world *w, const char *origin, codicil_cert_reason reason) {
  codicil_route route = route_to(w, origin, evidence_here());
  assert_int_equal(route.reason, CODICIL_ROUTE_CERTIFICATE);
  assert_string_equal(codicil_cert_reason_word(route.cert_reason),
                      codicil_cert_reason_word(reason));
}

// ---- modes --------------------------------------------------------------------------------------

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-http2-secondary-certs#section-5
//# A client MUST verify that the server has
//# proven ownership of the indicated identity before accepting the limited
//# certificate over Secondary Certificate Authentication.
static void test_the_name_in_sni_proves_a_required_domain(void **state) {
  (void)state;
  world w;
  open_page(&w);
  bound_give(&w, &(bound_spec){.names = "img.example", .required = "www.example"});
  codicil_route route = route_to(&w, "https://img.example", evidence_here());
  assert_int_equal(route.answer, CODICIL_USE);
  assert_int_equal(route.reason, CODICIL_ROUTE_SECONDARY);
  assert_int_equal(route.proved_by, 0);
  codicil_certificate_info info = info_of(&w, 1);
  assert_int_equal(info.required, 0);
  assert_int_equal(info.proved_by, 0);
  assert_string_equal(info.rule, "2020 draft §5");
  assert_int_equal(take_event(w.client, CODICIL_EVENT_WANT_DNS), SIZE_MAX);
  world_close(&w);
}

// Without SNI nothing is spared.
static void test_a_name_that_was_not_in_sni_needs_dns(void **state) {
  (void)state;
  world w;
  open_page(&w);
  w.client->peer.sent_sni = false;
  bound_give(&w, &(bound_spec){.names = "img.example", .required = "www.example"});
  assert_false(is_used(&w, "https://img.example"));
  assert_true(bound_answer(&w, "https://www.example", evidence_here(), 0));
  assert_true(is_used(&w, "https://img.example"));
  world_close(&w);
}

// A 421 for the origin says that SNI did not reach it: on no port of the connection is its host
// spared then.
static void test_after_a_421_the_name_in_sni_needs_dns_on_the_other_port_too(void **state) {
  (void)state;
  world w;
  open_page(&w);
  w.client->peer.port = 8443; // an Alternative Service
  bound_give(&w, &(bound_spec){.names = "img.example", .required = "www.example"});
  assert_true(is_used(&w, "https://img.example"));
  codicil_origin own = origin_of("https://www.example");
  assert_int_equal(codicil_session_misdirected(w.client, &own), CODICIL_OK);
  assert_false(is_used(&w, "https://img.example"));
  assert_true(bound_answer(&w, "https://www.example:8443", evidence_elsewhere(), 0));
  assert_false(is_used(&w, "https://img.example"));
  world_close(&w);
}

// As on a connection that was opened although its certificate is for another host.
static void test_a_name_in_sni_that_the_handshake_did_not_prove_proves_nothing(void **state) {
  (void)state;
  world w;
  bound_init(&w);
  bound_connect(&w, "https://www.example", "other.example");
  bound_give(&w, &(bound_spec){.names = "img.example", .required = "www.example"});
  assert_false(is_used(&w, "https://img.example"));
  assert_int_equal(info_of(&w, 1).decision, CODICIL_WAITING);
  world_close(&w);
}

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-http2-secondary-certs#section-3.4.1
//# Clients MUST NOT accept any
//# end-entity certificate from an exported authenticator which does not contain
//# the Required Domain extension
static void test_the_extension_may_be_demanded(void **state) {
  (void)state;
  world w;
  bound_init(&w);
  codicil_config_set_required_domain(w.client_config, CODICIL_REQUIRED_REQUIRE, false);
  bound_connect(&w, "https://www.example", "www.example");
  bound_give(&w, &(bound_spec){.names = "img.example"});
  expect_reason(&w, "https://img.example", CODICIL_CERT_REQUIRED_DOMAIN_MISSING);
  bound_give(&w, &(bound_spec){.names = "img.example", .required = "www.example"});
  assert_true(is_used(&w, "https://img.example"));
  assert_true(is_used(&w, "https://www.example")); // the handshake's needs none
  world_close(&w);
}

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-http2-secondary-certs#section-5
//# Clients that encounter such a certificate when processing a
//# certification path MUST consider the certificate invalid.
static void test_an_extension_that_does_not_parse_is_refused_unless_it_is_ignored(void **state) {
  (void)state;
  const codicil_required_mode modes[] = {CODICIL_REQUIRED_HONOUR, CODICIL_REQUIRED_REQUIRE,
                                         CODICIL_REQUIRED_INSECURE_IGNORE};
  for (size_t i = 0; i < 3; i++) {
    world w;
    bound_init(&w);
    codicil_config_set_required_domain(w.client_config, modes[i], true);
    bound_connect(&w, "https://www.example", "www.example");
    bound_give(&w, &(bound_spec){.names = "img.example", .required = "DER:8200"});
    if (modes[i] == CODICIL_REQUIRED_INSECURE_IGNORE) {
      assert_true(is_used(&w, "https://img.example"));
      assert_int_equal(info_of(&w, 1).required, SIZE_MAX);
    } else {
      expect_reason(&w, "https://img.example", CODICIL_CERT_REQUIRED_DOMAIN_INVALID);
    }
    world_close(&w);
  }
}

static void test_any_domain_is_satisfied_only_where_that_is_allowed(void **state) {
  (void)state;
  for (int allowed = 0; allowed < 2; allowed++) {
    world w;
    bound_init(&w);
    codicil_config_set_required_domain(w.client_config, CODICIL_REQUIRED_HONOUR, allowed);
    bound_connect(&w, "https://www.example", "www.example");
    bound_give(&w, &(bound_spec){.names = "img.example", .required = "*"});
    if (allowed) {
      assert_true(is_used(&w, "https://img.example"));
      assert_int_equal(info_of(&w, 1).required, 0);
      assert_int_equal(info_of(&w, 1).proved_by, SIZE_MAX);
    } else {
      expect_reason(&w, "https://img.example", CODICIL_CERT_REQUIRED_DOMAIN_ANY);
    }
    world_close(&w);
  }
}

static void test_beside_any_domain_the_other_names_count(void **state) {
  (void)state;
  for (int allowed = 0; allowed < 2; allowed++) {
    world w;
    bound_init(&w);
    codicil_config_set_required_domain(w.client_config, CODICIL_REQUIRED_HONOUR, allowed);
    bound_connect(&w, "https://www.example", "www.example");
    bound_give(&w, &(bound_spec){.names = "img.example", .required = "*,www.example"});
    bound_give(&w, &(bound_spec){.names = "cdn.example", .required = "other.example,*"});
    assert_true(is_used(&w, "https://img.example"));
    assert_int_equal(info_of(&w, 1).required, 1);
    assert_int_equal(info_of(&w, 1).proved_by, 0);
    assert_int_equal(is_used(&w, "https://cdn.example"), allowed);
    assert_int_equal(info_of(&w, 2).decision, allowed ? CODICIL_ACCEPTED : CODICIL_WAITING);
    world_close(&w);
  }
}

static void test_a_wildcard_that_spans_a_public_suffix_is_refused(void **state) {
  (void)state;
  world w;
  open_page(&w);
  bound_give(&w, &(bound_spec){.names = "*.co.uk", .required = "www.example"});
  expect_reason(&w, "https://img.co.uk", CODICIL_CERT_PUBLIC_SUFFIX);
  // "*.co.uk"
  bound_give(&w, &(bound_spec){.names = "img.example", .required = "DER:82072a2e636f2e756b"});
  expect_reason(&w, "https://img.example", CODICIL_CERT_PUBLIC_SUFFIX);
  world_close(&w);
}

// ---- forms --------------------------------------------------------------------------------------

static void test_a_wildcard_is_satisfied_by_the_name_in_sni_below_it(void **state) {
  (void)state;
  const char *const handshakes[] = {"www.site.example", "*.site.example"};
  for (size_t i = 0; i < 2; i++) {
    world w;
    bound_init(&w);
    bound_connect(&w, "https://www.site.example", handshakes[i]);
    bound_give(&w, &(bound_spec){.names = "img.example", .required = "*.site.example"});
    assert_true(is_used(&w, "https://img.example"));
    assert_int_equal(info_of(&w, 1).proved_by, 0);
    world_close(&w);
  }
}

static void test_a_wildcard_stands_for_one_label(void **state) {
  (void)state;
  world w;
  bound_init(&w);
  bound_connect(&w, "https://a.www.site.example", "a.www.site.example");
  bound_give(&w, &(bound_spec){.names = "img.example", .required = "*.site.example"});
  assert_false(is_used(&w, "https://img.example"));
  world_close(&w);
  bound_init(&w);
  bound_connect(&w, "https://site.example", "site.example");
  bound_give(&w, &(bound_spec){.names = "img.example", .required = "*.site.example"});
  assert_false(is_used(&w, "https://img.example"));
  world_close(&w);
}

static void test_a_wildcard_is_satisfied_by_a_name_of_an_accepted_certificate(void **state) {
  (void)state;
  world w;
  open_page(&w);
  bound_give(&w, &(bound_spec){.names = "img.example", .required = "*.cdn.example"});
  bound_give(&w, &(bound_spec){.names = "x.a.cdn.example,a.cdn.example,b.cdn.example"});
  assert_false(is_used(&w, "https://img.example"));
  // One name of a wildcard is asked for at a time.
  assert_false(bound_answer(&w, "https://b.cdn.example", evidence_here(), 0));
  assert_true(bound_answer(&w, "https://a.cdn.example", evidence_elsewhere(), 0));
  assert_false(is_used(&w, "https://img.example"));
  assert_true(bound_answer(&w, "https://b.cdn.example", evidence_here(), 0));
  assert_true(is_used(&w, "https://img.example"));
  assert_int_equal(info_of(&w, 1).proved_by, 2);
  world_close(&w);
}

static void test_a_wildcard_is_not_satisfied_by_another_name_whose_dns_leads_here(void **state) {
  (void)state;
  world w;
  open_page(&w);
  bound_give(&w, &(bound_spec){.names = "one.example", .required = "glue.example"});
  bound_give(&w, &(bound_spec){.names = "img.example", .required = "*.cdn.example"});
  bound_give(&w, &(bound_spec){.names = "glue.example,a.cdn.example"});
  assert_false(is_used(&w, "https://one.example"));
  assert_true(bound_answer(&w, "https://glue.example", evidence_here(), PKI_NOW + 600));
  assert_true(is_used(&w, "https://one.example"));
  assert_false(is_used(&w, "https://img.example"));
  assert_true(bound_answer(&w, "https://a.cdn.example", evidence_elsewhere(), 0));
  assert_false(is_used(&w, "https://img.example"));
  world_close(&w);
}

static void test_a_wildcard_is_satisfied_by_a_member_that_a_wildcard_covers(void **state) {
  (void)state;
  world w;
  open_page(&w);
  bound_list(&w, "https://img.example,https://x.y.cdn.example,https://y.cdn.example");
  bound_give(&w, &(bound_spec){.names = "img.example", .required = "*.cdn.example"});
  bound_give(&w, &(bound_spec){.names = "*.cdn.example"});
  assert_false(is_used(&w, "https://img.example"));
  assert_true(bound_answer(&w, "https://y.cdn.example", evidence_here(), 0));
  assert_true(is_used(&w, "https://img.example"));
  world_close(&w);
}

static void test_the_identical_pattern_counts_where_no_name_needs_evidence(void **state) {
  (void)state;
  world w;
  bound_init(&w);
  codicil_config_set_dns_mode(w.client_config, CODICIL_DNS_INSECURE_NEVER);
  bound_connect(&w, "https://www.example", "www.example");
  bound_give(&w, &(bound_spec){.names = "img.example", .required = "*.cdn.example"});
  bound_give(&w, &(bound_spec){.names = "*.cdn.example"});
  assert_true(is_used(&w, "https://img.example"));
  // No Origin Set can list it.
  bound_list(&w, "https://img.example");
  assert_false(is_used(&w, "https://img.example"));
  world_close(&w);
}

static void test_an_address_is_proven_by_the_peers_own_only(void **state) {
  (void)state;
  const char *const addresses[] = {"192.0.2.1", "198.51.100.7"};
  for (size_t i = 0; i < 2; i++) {
    world w;
    open_page(&w);
    bound_give(&w, &(bound_spec){.names = "img.example", .required = addresses[i]});
    assert_false(is_used(&w, "https://img.example"));
    bound_give(&w, &(bound_spec){.names = addresses[i]});
    assert_int_equal(is_used(&w, "https://img.example"), i == 0);
    assert_int_equal(take_event(w.client, CODICIL_EVENT_WANT_DNS), SIZE_MAX);
    world_close(&w);
  }
}

static void test_of_two_ports_either_proves(void **state) {
  (void)state;
  world w;
  bound_init(&w);
  bound_connect(&w, "https://www.example:8443", "www.example");
  bound_list(&w, "https://img.example:8443,https://glue.example:8443");
  bound_give(&w, &(bound_spec){.names = "img.example", .required = "glue.example"});
  bound_give(&w, &(bound_spec){.names = "glue.example"});
  assert_false(is_used(&w, "https://img.example:8443"));
  assert_true(bound_answer(&w, "https://glue.example:8443", evidence_here(), 0));
  assert_true(is_used(&w, "https://img.example:8443"));
  world_close(&w);
}

// ---- order --------------------------------------------------------------------------------------

static const bound_spec chain[] = {
    {.names = "glue.example", .required = "www.example"},
    {.names = "shared.example", .required = "glue.example"},
    {.names = "deep.example", .required = "shared.example"},
    {.names = "deeper.example", .required = "deep.example"},
};
enum { CHAIN = 4 };

// Answers every want as leading here until there are none.
static size_t answer_all(world *w, const char *origin) {
  static const char *const names[] = {"https://glue.example", "https://shared.example",
                                      "https://deep.example"};
  size_t num = 0;
  bool any = true;
  while (any) {
    any = false;
    (void)is_used(w, origin);
    for (size_t i = 0; i < 3; i++) {
      if (bound_answer(w, names[i], evidence_here(), PKI_NOW + 600)) {
        any = true;
        num++;
      }
    }
  }
  return num;
}

static void try_order(const size_t *order, bool at_once) {
  world w;
  size_t index[CHAIN];
  bound_init(&w);
  codicil_config_set_validate_at_once(w.client_config, at_once);
  bound_connect(&w, "https://www.example", "www.example");
  for (size_t i = 0; i < CHAIN; i++) {
    index[order[i]] = bound_give(&w, &chain[order[i]]);
  }
  assert_int_equal(answer_all(&w, "https://deeper.example"), 3);
  assert_true(is_used(&w, "https://deeper.example"));
  for (size_t i = 0; i < CHAIN; i++) {
    assert_int_equal(info_of(&w, index[i]).decision, CODICIL_ACCEPTED);
    assert_int_equal(info_of(&w, index[i]).proved_by, i == 0 ? 0 : index[i - 1]);
  }
  world_close(&w);
}

static void permute(size_t *order, size_t at, bool at_once) {
  if (at == CHAIN) {
    try_order(order, at_once);
    return;
  }
  for (size_t i = at; i < CHAIN; i++) {
    size_t other = order[i];
    order[i] = order[at];
    order[at] = other;
    permute(order, at + 1, at_once);
    order[at] = order[i];
    order[i] = other;
  }
}

static void test_a_chain_of_glue_is_accepted_in_every_order_of_arrival(void **state) {
  (void)state;
  size_t order[CHAIN] = {0, 1, 2, 3};
  permute(order, 0, false);
  permute(order, 0, true);
}

// ---- laziness -----------------------------------------------------------------------------------

static void count_paths(void *ctx, const char *point, const codicil_trace_field *fields,
                        size_t num_fields) {
  (void)fields;
  (void)num_fields;
  *(size_t *)ctx += strcmp(point, "path:validate") == 0;
}

static void test_only_paths_that_can_prove_what_is_wanted_are_validated(void **state) {
  (void)state;
  world w;
  size_t num = 0;
  bound_init(&w);
  codicil_config_set_trace(w.client_config, (codicil_trace){&num, count_paths});
  bound_connect(&w, "https://www.example", "www.example");
  for (size_t i = 0; i < CHAIN; i++) {
    bound_give(&w, &chain[CHAIN - 1 - i]);
  }
  bound_give(&w, &(bound_spec){.names = "unrelated.example", .required = "glue.example"});
  bound_give(&w, &(bound_spec){.names = "other.example"});
  assert_int_equal(num, 0);
  (void)is_used(&w, "https://glue.example");
  assert_int_equal(num, 1);
  (void)is_used(&w, "https://shared.example");
  assert_int_equal(num, 2);
  answer_all(&w, "https://deeper.example");
  assert_int_equal(num, CHAIN);
  assert_int_equal(info_of(&w, 5).decision, CODICIL_UNEXAMINED);
  assert_int_equal(info_of(&w, 6).decision, CODICIL_UNEXAMINED);
  world_close(&w);
}

static void test_what_the_origin_set_excludes_is_not_worth_a_path(void **state) {
  (void)state;
  world w;
  size_t num = 0;
  bound_init(&w);
  codicil_config_set_trace(w.client_config, (codicil_trace){&num, count_paths});
  bound_connect(&w, "https://www.example", "www.example");
  bound_list(&w, "https://shared.example");
  bound_give(&w, &chain[1]);
  bound_give(&w, &chain[0]);
  assert_false(is_used(&w, "https://shared.example"));
  assert_int_equal(num, 1);
  world_close(&w);
}

static void test_for_what_the_origin_set_excludes_nothing_is_looked_for(void **state) {
  (void)state;
  world w;
  size_t num = 0;
  bound_init(&w);
  codicil_config_set_trace(w.client_config, (codicil_trace){&num, count_paths});
  bound_connect(&w, "https://www.example", "www.example");
  bound_list(&w, "https://glue.example");
  bound_give(&w, &chain[1]);
  bound_give(&w, &chain[0]);
  codicil_route route = route_to(&w, "https://shared.example", evidence_here());
  assert_int_equal(route.answer, CODICIL_NO);
  assert_int_equal(num, 1);
  assert_int_equal(info_of(&w, 2).decision, CODICIL_UNEXAMINED);
  assert_int_equal(take_event(w.client, CODICIL_EVENT_WANT_DNS), SIZE_MAX);
  world_close(&w);
}

// What is refused for good proves nothing, whatever would prove it.
static void test_for_what_is_rejected_nothing_is_looked_for(void **state) {
  (void)state;
  world w;
  size_t num = 0;
  bound_init(&w);
  codicil_config_set_trace(w.client_config, (codicil_trace){&num, count_paths});
  bound_connect(&w, "https://www.example", "www.example");
  bound_give(&w, &chain[1]);
  bound_give(&w, &(bound_spec){.names = "glue.example",
                               .required = "other.example",
                               .not_after = PKI_NOW - 100});
  bound_give(&w, &(bound_spec){.names = "other.example"});
  for (int i = 0; i < 2; i++) {
    assert_false(is_used(&w, "https://shared.example"));
  }
  assert_int_equal(info_of(&w, 2).decision, CODICIL_REJECTED);
  assert_int_equal(info_of(&w, 3).decision, CODICIL_UNEXAMINED);
  assert_int_equal(num, 2);
  world_close(&w);
}

static void test_before_dns_is_known_no_second_path_is_validated(void **state) {
  (void)state;
  world w;
  size_t num = 0;
  bound_init(&w);
  codicil_config_set_trace(w.client_config, (codicil_trace){&num, count_paths});
  bound_connect(&w, "https://www.example", "www.example");
  bound_list(&w, "https://img.example");
  bound_give(&w, &(bound_spec){.names = "img.example"});
  bound_give(&w, &(bound_spec){.names = "img.example", .required = "no.example", .by_caa = true});
  codicil_route route = route_to(&w, "https://img.example", (codicil_evidence){0});
  assert_int_equal(route.answer, CODICIL_WAIT);
  assert_int_equal(route.reason, CODICIL_ROUTE_DNS_FAILURE);
  assert_int_equal(num, 1);
  world_close(&w);
}

// ---- words --------------------------------------------------------------------------------------

static void expect_route(world *w, const char *origin, const char *want) {
  char sentence[CODICIL_EXPLAIN_MAX];
  codicil_origin wanted = origin_of(origin);
  codicil_route route = route_to(w, origin, evidence_here());
  codicil_route_explain(&route, &wanted, sentence, sizeof sentence);
  assert_string_equal(sentence, want);
}

static void expect_certificate(world *w, size_t index, const char *want) {
  char sentence[CODICIL_CERT_EXPLAIN_MAX];
  size_t len = codicil_session_explain_certificate(w->client, index, sentence, sizeof sentence);
  assert_string_equal(sentence, want);
  assert_int_equal(len, strlen(want));
}

static void test_what_proved_what_is_told(void **state) {
  (void)state;
  world w;
  open_page(&w);
  bound_give(&w, &chain[0]);
  bound_give(&w, &chain[1]);
  bound_give(&w, &(bound_spec){.names = "other.example"});
  expect_certificate(&w, 0, "accepted: the TLS handshake proved it (RFC 9110 §4.3.4)");
  expect_certificate(&w, 1, "unexamined: no name of it was wanted (secondary-server-certs §3.2)");
  expect_route(&w, "https://glue.example",
               "https://glue.example: secondary certificate 1 covers it; its Required Domain "
               "www.example is proven by the handshake's certificate (2020 draft §5); DNS leads to "
               "this server (RFC 9113 §9.1.1)");
  expect_route(&w, "https://shared.example",
               "https://shared.example: not yet: secondary certificate 2 covers it but is not "
               "accepted: its Required Domain glue.example is not proven: DNS has not said yet "
               "where it leads (2020 draft §5)");
  assert_true(bound_answer(&w, "https://glue.example", evidence_elsewhere(), 0));
  expect_certificate(&w, 2,
                     "waiting: its Required Domain glue.example is not proven: DNS does not lead "
                     "to this server (2020 draft §5)");
  w.now.unix_s += 60;
  (void)is_used(&w, "https://shared.example");
  assert_true(bound_answer(&w, "https://glue.example", evidence_here(), 0));
  expect_certificate(&w, 2,
                     "accepted: its Required Domain glue.example is proven by secondary "
                     "certificate 1 (2020 draft §5)");
  (void)is_used(&w, "https://other.example");
  expect_certificate(&w, 3,
                     "accepted: its Required Domain is absent, which is allowed here "
                     "(secondary-server-certs §3.2)");
  char none[8] = "x";
  assert_int_equal(codicil_session_explain_certificate(w.client, 9, none, sizeof none), 0);
  assert_string_equal(none, "");
  world_close(&w);
}

static void expect_unproven(const char *required, const char *list, const char *why) {
  world w;
  char want[512];
  open_page(&w);
  if (list != NULL) {
    bound_list(&w, list);
  }
  bound_give(&w, &(bound_spec){.names = "img.example", .required = required});
  bound_give(&w, &(bound_spec){.names = "glue.example,*.cdn.example,198.51.100.7"});
  bound_give(&w, &(bound_spec){.names = "waits.example", .required = "nobody.example"});
  assert_false(is_used(&w, "https://img.example"));
  if (bound_answer(&w, "https://glue.example", (codicil_evidence){.dns = CODICIL_DNS_FAILED}, 0)) {
    assert_false(is_used(&w, "https://img.example"));
  }
  snprintf(want, sizeof want, "waiting: its Required Domain %s is not proven: %s (2020 draft §5)",
           required, why);
  expect_certificate(&w, 1, want);
  world_close(&w);
}

static void test_what_is_missing_is_told(void **state) {
  (void)state;
  expect_unproven("none.example", NULL, "no other accepted certificate covers it");
  expect_unproven("waits.example", NULL, "the certificate that covers it is not accepted");
  expect_unproven("glue.example", NULL, "its addresses could not be found");
  expect_unproven("glue.example", "https://img.example",
                  "the server's Origin Set does not list it");
  expect_unproven("*.cdn.example", NULL, "no name that it stands for is");
  expect_unproven("198.51.100.7", NULL, "it is not this server's address");
}

static void test_of_several_names_the_nearest_is_told(void **state) {
  (void)state;
  world w;
  open_page(&w);
  bound_give(&w, &(bound_spec){.names = "img.example",
                               .required = "none.example,glue.example,also-none.example"});
  bound_give(&w, &chain[0]);
  codicil_route route = route_to(&w, "https://img.example", evidence_here());
  assert_int_equal(route.answer, CODICIL_WAIT);
  assert_non_null(route.required);
  assert_memory_equal(route.required->dns.data, "glue.example", 12);
  assert_int_equal(route.required_answer, CODICIL_WAIT);
  assert_int_equal(route.required_reason, CODICIL_ROUTE_DNS_FAILURE);
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_name_in_sni_proves_a_required_domain),
      cmocka_unit_test(test_a_name_that_was_not_in_sni_needs_dns),
      cmocka_unit_test(test_after_a_421_the_name_in_sni_needs_dns_on_the_other_port_too),
      cmocka_unit_test(test_a_name_in_sni_that_the_handshake_did_not_prove_proves_nothing),
      cmocka_unit_test(test_the_extension_may_be_demanded),
      cmocka_unit_test(test_an_extension_that_does_not_parse_is_refused_unless_it_is_ignored),
      cmocka_unit_test(test_any_domain_is_satisfied_only_where_that_is_allowed),
      cmocka_unit_test(test_beside_any_domain_the_other_names_count),
      cmocka_unit_test(test_a_wildcard_that_spans_a_public_suffix_is_refused),
      cmocka_unit_test(test_a_wildcard_is_satisfied_by_the_name_in_sni_below_it),
      cmocka_unit_test(test_a_wildcard_stands_for_one_label),
      cmocka_unit_test(test_a_wildcard_is_satisfied_by_a_name_of_an_accepted_certificate),
      cmocka_unit_test(test_a_wildcard_is_not_satisfied_by_another_name_whose_dns_leads_here),
      cmocka_unit_test(test_a_wildcard_is_satisfied_by_a_member_that_a_wildcard_covers),
      cmocka_unit_test(test_the_identical_pattern_counts_where_no_name_needs_evidence),
      cmocka_unit_test(test_an_address_is_proven_by_the_peers_own_only),
      cmocka_unit_test(test_of_two_ports_either_proves),
      cmocka_unit_test(test_a_chain_of_glue_is_accepted_in_every_order_of_arrival),
      cmocka_unit_test(test_only_paths_that_can_prove_what_is_wanted_are_validated),
      cmocka_unit_test(test_what_the_origin_set_excludes_is_not_worth_a_path),
      cmocka_unit_test(test_for_what_the_origin_set_excludes_nothing_is_looked_for),
      cmocka_unit_test(test_for_what_is_rejected_nothing_is_looked_for),
      cmocka_unit_test(test_before_dns_is_known_no_second_path_is_validated),
      cmocka_unit_test(test_what_proved_what_is_told),
      cmocka_unit_test(test_what_is_missing_is_told),
      cmocka_unit_test(test_of_several_names_the_nearest_is_told),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  bound_free();
  return failed;
}
