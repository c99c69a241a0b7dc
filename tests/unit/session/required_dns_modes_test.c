// The modes in which DNS is not asked, for requests and for required domains: what stands in for
// it, and under which conditions.
#include "cmocka_test.h"

#include <string.h>

#include "bound_fixture.h"

static const bound_spec glue = {.names = "glue.example", .required = "www.example"};
static const bound_spec shared = {.names = "shared.example", .required = "glue.example"};

static bool is_used(world *w, const char *origin) {
  return route_to(w, origin, evidence_here()).answer == CODICIL_USE;
}

static void open_mode(world *w, codicil_dns_mode mode) {
  bound_init(w);
  codicil_config_set_dns_mode(w->client_config, mode);
  bound_connect(w, "https://www.example", "www.example");
}

static bool is_used_elsewhere(world *w, const char *origin) {
  return route_to(w, origin, evidence_elsewhere()).answer == CODICIL_USE;
}

static void test_a_ca_that_checks_caa_stands_in_for_dns_of_a_member(void **state) {
  (void)state;
  world w;
  open_mode(&w, CODICIL_DNS_CAA);
  bound_give(&w, &(bound_spec){.names = "img.example", .required = "www.example", .by_caa = true});
  assert_false(is_used_elsewhere(&w, "https://img.example"));
  bound_list(&w, "https://img.example,https://www.example");
  codicil_route route = route_to(&w, "https://img.example", evidence_elsewhere());
  assert_int_equal(route.answer, CODICIL_USE);
  assert_non_null(strstr(route.dns, "CAA"));
  world_close(&w);
}

static void test_caa_stands_in_for_dns_only_under_all_its_conditions(void **state) {
  (void)state;
  const bound_spec specs[] = {
      {.names = "img.example", .required = "www.example"},                // another anchor
      {.names = "img.example", .by_caa = true},                           // no Required Domain
      {.names = "img.example", .required = "*", .by_caa = true},          // anything satisfies it
      {.names = "img.example", .required = "no.example", .by_caa = true}, // nothing does
  };
  for (size_t i = 0; i < 4; i++) {
    world w;
    bound_init(&w);
    codicil_config_set_required_domain(w.client_config, CODICIL_REQUIRED_HONOUR, true);
    bound_connect(&w, "https://www.example", "www.example");
    bound_list(&w, "https://img.example");
    bound_give(&w, &specs[i]);
    assert_false(is_used_elsewhere(&w, "https://img.example"));
    world_close(&w);
  }
  const bound_spec good = {.names = "img.example", .required = "www.example", .by_caa = true};
  for (int ignored = 0; ignored < 2; ignored++) {
    world w;
    bound_init(&w);
    codicil_config_set_dns_mode(w.client_config, ignored ? CODICIL_DNS_CAA : CODICIL_DNS_ALWAYS);
    codicil_config_set_required_domain(
        w.client_config, ignored ? CODICIL_REQUIRED_INSECURE_IGNORE : CODICIL_REQUIRED_HONOUR,
        false);
    bound_connect(&w, "https://www.example", "www.example");
    bound_list(&w, "https://img.example");
    bound_give(&w, &good);
    assert_false(is_used_elsewhere(&w, "https://img.example"));
    world_close(&w);
  }
}

// Whichever came first.
static void test_where_dns_leads_elsewhere_a_certificate_that_needs_none_is_looked_for(
    void **state) {
  (void)state;
  const bound_spec specs[] = {
      {.names = "img.example"},
      {.names = "img.example", .required = "www.example", .by_caa = true},
  };
  for (size_t first = 0; first < 2; first++) {
    world w;
    open_mode(&w, CODICIL_DNS_CAA);
    bound_list(&w, "https://img.example");
    bound_give(&w, &specs[first]);
    bound_give(&w, &specs[1 - first]);
    codicil_route route = route_to(&w, "https://img.example", evidence_elsewhere());
    assert_int_equal(route.answer, CODICIL_USE);
    assert_int_equal(route.certificate, 2 - first);
    world_close(&w);
  }
}

static void test_glue_of_such_a_ca_proves_without_dns(void **state) {
  (void)state;
  world w;
  open_mode(&w, CODICIL_DNS_CAA);
  bound_list(&w, "https://shared.example,https://glue.example");
  bound_give(&w, &shared);
  bound_give(&w, &glue); // an ordinary anchor: its DNS is asked
  bound_give(&w, &(bound_spec){.names = "glue.example", .required = "www.example", .by_caa = true});
  assert_false(is_used(&w, "https://shared.example"));
  assert_true(bound_answer(&w, "https://glue.example", evidence_elsewhere(), 0));
  assert_true(is_used(&w, "https://shared.example"));
  world_close(&w);
}

static void test_a_member_without_dns_satisfies_a_wildcard_too(void **state) {
  (void)state;
  const codicil_dns_mode modes[] = {CODICIL_DNS_CAA, CODICIL_DNS_INSECURE_ORIGIN,
                                    CODICIL_DNS_INSECURE_NEVER, CODICIL_DNS_ALWAYS};
  const char *const names[] = {"a.cdn.example", "*.cdn.example"};
  for (size_t i = 0; i < 8; i++) {
    world w;
    open_mode(&w, modes[i / 2]);
    bound_list(&w, "https://img.example,https://a.cdn.example");
    bound_give(&w, &(bound_spec){.names = "img.example", .required = "*.cdn.example"});
    bound_give(&w, &(bound_spec){.names = names[i % 2], .required = "www.example", .by_caa = true});
    assert_int_equal(is_used(&w, "https://img.example"), modes[i / 2] != CODICIL_DNS_ALWAYS);
    world_close(&w);
  }
}

// A certificate that entered by "*" gains where a name of it is proven after all.
static void test_a_name_that_is_proven_later_is_worth_more_than_any(void **state) {
  (void)state;
  world w;
  bound_init(&w);
  codicil_config_set_required_domain(w.client_config, CODICIL_REQUIRED_HONOUR, true);
  bound_connect(&w, "https://www.example", "www.example");
  bound_list(&w, "https://img.example,https://glue.example");
  bound_give(&w,
             &(bound_spec){.names = "img.example", .required = "*,glue.example", .by_caa = true});
  assert_false(is_used_elsewhere(&w, "https://img.example"));
  assert_true(is_used(&w, "https://img.example"));
  bound_give(&w, &glue);
  assert_false(is_used_elsewhere(&w, "https://img.example"));
  assert_true(bound_answer(&w, "https://glue.example", evidence_here(), 0));
  assert_true(is_used_elsewhere(&w, "https://img.example"));
  world_close(&w);
}

// Of glue that entered by "*", with DNS that leads elsewhere, no name is proven until its own
// Required Domain is, and then the check of CAA spares it DNS: a path is worth validating for that.
static void test_what_makes_glue_worth_more_than_any_is_looked_for(void **state) {
  (void)state;
  world w;
  bound_init(&w);
  codicil_config_set_required_domain(w.client_config, CODICIL_REQUIRED_HONOUR, true);
  bound_connect(&w, "https://www.example", "www.example");
  bound_list(&w, "https://img.example,https://glue.example,https://deep.example");
  bound_give(&w, &(bound_spec){.names = "img.example", .required = "glue.example"});
  bound_give(&w,
             &(bound_spec){.names = "glue.example", .required = "*,deep.example", .by_caa = true});
  bound_give(&w, &(bound_spec){.names = "deep.example", .required = "www.example"});
  assert_false(is_used(&w, "https://img.example"));
  assert_false(is_used(&w, "https://img.example"));
  assert_true(bound_answer(&w, "https://glue.example", evidence_elsewhere(), 0));
  assert_false(is_used(&w, "https://img.example"));
  assert_true(bound_answer(&w, "https://deep.example", evidence_here(), 0));
  assert_true(is_used(&w, "https://img.example"));
  world_close(&w);
}

// A member whose CA checks CAA may do without DNS once its Required Domain is proven; for no other
// is that proof looked for where DNS leads elsewhere.
static void test_where_dns_leads_elsewhere_a_proof_is_looked_for_only_if_it_would_do(void **state) {
  (void)state;
  for (unsigned i = 0; i < 4; i++) {
    bool by_caa = (i & 1) != 0, is_member = (i & 2) != 0;
    world w;
    open_mode(&w, CODICIL_DNS_CAA);
    if (is_member) {
      bound_list(&w, "https://img.example,https://glue.example");
    }
    bound_give(&w,
               &(bound_spec){.names = "img.example", .required = "glue.example", .by_caa = by_caa});
    bound_give(&w, &(bound_spec){.names = "glue.example"});
    codicil_route route = route_to(&w, "https://img.example", evidence_elsewhere());
    assert_int_equal(route.answer, by_caa && is_member ? CODICIL_WAIT : CODICIL_NO);
    assert_int_equal(take_event(w.client, CODICIL_EVENT_WANT_DNS) != SIZE_MAX, by_caa && is_member);
    world_close(&w);
  }
}

static void test_membership_stands_in_for_dns_where_the_mode_says_so(void **state) {
  (void)state;
  world w;
  open_mode(&w, CODICIL_DNS_INSECURE_ORIGIN);
  bound_give(&w, &glue);
  bound_give(&w, &shared);
  assert_false(is_used(&w, "https://shared.example"));
  bound_list(&w, "https://shared.example,https://glue.example");
  assert_true(is_used_elsewhere(&w, "https://shared.example"));
  world_close(&w);
}

static void test_an_address_needs_the_peers_own_in_every_mode(void **state) {
  (void)state;
  world w;
  open_mode(&w, CODICIL_DNS_INSECURE_NEVER);
  bound_give(&w, &(bound_spec){.names = "198.51.100.7"});
  bound_give(&w, &(bound_spec){.names = "img.example", .required = "198.51.100.7"});
  assert_false(is_used(&w, "https://198.51.100.7"));
  assert_false(is_used(&w, "https://img.example"));
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_ca_that_checks_caa_stands_in_for_dns_of_a_member),
      cmocka_unit_test(test_caa_stands_in_for_dns_only_under_all_its_conditions),
      cmocka_unit_test(test_where_dns_leads_elsewhere_a_certificate_that_needs_none_is_looked_for),
      cmocka_unit_test(test_glue_of_such_a_ca_proves_without_dns),
      cmocka_unit_test(test_a_member_without_dns_satisfies_a_wildcard_too),
      cmocka_unit_test(test_a_name_that_is_proven_later_is_worth_more_than_any),
      cmocka_unit_test(test_what_makes_glue_worth_more_than_any_is_looked_for),
      cmocka_unit_test(test_where_dns_leads_elsewhere_a_proof_is_looked_for_only_if_it_would_do),
      cmocka_unit_test(test_membership_stands_in_for_dns_where_the_mode_says_so),
      cmocka_unit_test(test_an_address_needs_the_peers_own_in_every_mode),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  bound_free();
  return failed;
}
