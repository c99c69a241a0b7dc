// The risks that the 2019 proposal names, one test a row: a key that was stolen, a certificate that
// was misissued, and what the thief may add to it. In each, www.example is the site that the client
// meant to visit, and the server there is the thief's.
#include "cmocka_test.h"

#include "bound_fixture.h"
#include "session_state.h"

static const bound_spec shared = {.names = "shared.cdn.example", .required = "glue.cdn.example"};
static const bound_spec glue = {.names = "glue.cdn.example", .required = "www.site.example"};
static const bound_spec plain_glue = {.names = "glue.cdn.example"};

static void open_page(world *w) {
  bound_init(w);
  bound_connect(w, "https://www.example", "www.example");
}

static bool is_used(world *w, const char *origin, codicil_evidence evidence) {
  return route_to(w, origin, evidence).answer == CODICIL_USE;
}

static codicil_decision decision_of(world *w, size_t index) {
  codicil_certificate_info info;
  assert_true(codicil_session_certificate(w->client, &info, index));
  return info.decision;
}

static bool wants_dns(world *w) {
  return take_event(w->client, CODICIL_EVENT_WANT_DNS) != SIZE_MAX;
}

static void test_without_the_extension_a_stolen_key_needs_dns_only(void **state) {
  (void)state;
  world w;
  open_page(&w);
  bound_give(&w, &(bound_spec){.names = "shared.cdn.example"});
  assert_false(is_used(&w, "https://shared.cdn.example", evidence_elsewhere()));
  assert_true(is_used(&w, "https://shared.cdn.example", evidence_here()));
  world_close(&w);
}

// Also where DNS is the thief's, and the Origin Set says whatever he likes.
static void test_a_stolen_shared_key_is_refused(void **state) {
  (void)state;
  for (int with_origin = 0; with_origin < 2; with_origin++) {
    world w;
    open_page(&w);
    if (with_origin) {
      bound_list(&w, "https://shared.cdn.example,https://glue.cdn.example");
    }
    bound_give(&w, &shared);
    assert_false(is_used(&w, "https://shared.cdn.example", evidence_elsewhere()));
    assert_false(is_used(&w, "https://shared.cdn.example", evidence_here()));
    assert_int_equal(decision_of(&w, 1), CODICIL_WAITING);
    assert_false(wants_dns(&w)); // nothing here proves the name: nobody looks it up
    world_close(&w);
  }
}

static void test_a_stolen_glue_key_proves_nothing_on_the_thiefs_site(void **state) {
  (void)state;
  world w;
  open_page(&w);
  bound_list(&w, "https://shared.cdn.example,https://glue.cdn.example");
  bound_give(&w, &glue);
  bound_give(&w, &shared);
  assert_false(is_used(&w, "https://glue.cdn.example", evidence_here()));
  assert_false(is_used(&w, "https://shared.cdn.example", evidence_here()));
  assert_int_equal(decision_of(&w, 1), CODICIL_WAITING);
  assert_int_equal(decision_of(&w, 2), CODICIL_WAITING);
  assert_false(wants_dns(&w));
  world_close(&w);
}

// Possession alone proves nothing: else an ordinary certificate would stand in for the glue.
static void test_two_stolen_keys_of_which_one_is_ordinary_do_not_do(void **state) {
  (void)state;
  world w;
  open_page(&w);
  bound_list(&w, "https://shared.cdn.example,https://glue.cdn.example");
  bound_give(&w, &plain_glue);
  bound_give(&w, &shared);
  assert_false(is_used(&w, "https://shared.cdn.example", evidence_here()));
  assert_int_equal(decision_of(&w, 1), CODICIL_ACCEPTED);
  assert_int_equal(decision_of(&w, 2), CODICIL_WAITING);
  assert_true(wants_dns(&w));
  assert_true(bound_answer(&w, "https://glue.cdn.example", evidence_elsewhere(), PKI_NOW + 600));
  assert_false(is_used(&w, "https://shared.cdn.example", evidence_here()));
  assert_int_equal(decision_of(&w, 2), CODICIL_WAITING);
  world_close(&w);
}

// That one has the wildcard, of which no name has any evidence.
static void test_a_stolen_wildcard_key_is_possession_only(void **state) {
  (void)state;
  world w;
  open_page(&w);
  bound_give(&w, &(bound_spec){.names = "*.cdn.example"});
  bound_give(&w, &(bound_spec){.names = "shared.example", .required = "*.cdn.example"});
  assert_false(is_used(&w, "https://any.cdn.example", evidence_elsewhere()));
  assert_false(is_used(&w, "https://shared.example", evidence_here()));
  assert_int_equal(decision_of(&w, 1), CODICIL_ACCEPTED);
  assert_int_equal(decision_of(&w, 2), CODICIL_WAITING);
  assert_false(wants_dns(&w));
  world_close(&w);
}

static void test_stolen_keys_of_a_site_and_of_its_images_do_not_do(void **state) {
  (void)state;
  world w;
  open_page(&w);
  bound_list(&w, "https://main.victim.example,https://img.victim.example");
  bound_give(&w, &(bound_spec){.names = "main.victim.example"});
  bound_give(&w, &(bound_spec){.names = "img.victim.example", .required = "main.victim.example"});
  assert_false(is_used(&w, "https://main.victim.example", evidence_elsewhere()));
  assert_false(is_used(&w, "https://img.victim.example", evidence_elsewhere()));
  assert_false(is_used(&w, "https://img.victim.example", evidence_here()));
  assert_true(bound_answer(&w, "https://main.victim.example", evidence_elsewhere(), 0));
  assert_false(is_used(&w, "https://img.victim.example", evidence_here()));
  world_close(&w);
}

// What they do, where the thief has DNS for the ordinary one as well: this is the residual risk.
static void test_an_ordinary_key_with_its_dns_proves_the_name(void **state) {
  (void)state;
  world w;
  open_page(&w);
  bound_give(&w, &plain_glue);
  bound_give(&w, &shared);
  assert_false(is_used(&w, "https://shared.cdn.example", evidence_here()));
  assert_true(bound_answer(&w, "https://glue.cdn.example", evidence_here(), PKI_NOW + 600));
  assert_true(is_used(&w, "https://shared.cdn.example", evidence_here()));
  world_close(&w);
}

// The thief had a CA issue a certificate for the victim, bound to his own site. DNS remains.
static void test_a_misissued_certificate_bound_to_the_thiefs_site_needs_dns(void **state) {
  (void)state;
  const bound_spec misissued = {.names = "victim.example", .required = "www.example"};
  const codicil_dns_mode modes[] = {CODICIL_DNS_CAA, CODICIL_DNS_ALWAYS,
                                    CODICIL_DNS_INSECURE_ORIGIN, CODICIL_DNS_INSECURE_NEVER};
  for (size_t i = 0; i < 4; i++) {
    world w;
    bound_init(&w);
    codicil_config_set_dns_mode(w.client_config, modes[i]);
    bound_connect(&w, "https://www.example", "www.example");
    bound_give(&w, &misissued);
    bool is_insecure = modes[i] == CODICIL_DNS_INSECURE_NEVER;
    assert_int_equal(is_used(&w, "https://victim.example", evidence_elsewhere()), is_insecure);
    bound_list(&w, "https://victim.example");
    is_insecure = is_insecure || modes[i] == CODICIL_DNS_INSECURE_ORIGIN;
    assert_int_equal(is_used(&w, "https://victim.example", evidence_elsewhere()), is_insecure);
    world_close(&w);
  }
}

// The proposal's ORIGIN question: one certificate for the thief and for the victim, both in ORIGIN.
static void test_a_handshakes_certificate_for_thief_and_victim_needs_dns(void **state) {
  (void)state;
  const codicil_dns_mode modes[] = {CODICIL_DNS_CAA, CODICIL_DNS_ALWAYS,
                                    CODICIL_DNS_INSECURE_ORIGIN, CODICIL_DNS_INSECURE_NEVER};
  const bool used[] = {false, false, true, true};
  for (size_t i = 0; i < 4; i++) {
    world w;
    bound_init(&w);
    codicil_config_set_dns_mode(w.client_config, modes[i]);
    bound_connect(&w, "https://www.example", "www.example,victim.example");
    bound_list(&w, "https://victim.example");
    assert_int_equal(is_used(&w, "https://victim.example", evidence_elsewhere()), used[i]);
    world_close(&w);
  }
}

// Every other name of the handshake's certificate needs evidence, as a required domain too: it may
// have been stolen or misissued.
static void test_a_name_of_the_handshakes_certificate_that_is_not_in_sni_needs_dns(void **state) {
  (void)state;
  world w;
  bound_init(&w);
  bound_connect(&w, "https://www.example", "www.example,glue.cdn.example");
  bound_give(&w, &shared);
  assert_false(is_used(&w, "https://shared.cdn.example", evidence_here()));
  assert_true(bound_answer(&w, "https://glue.cdn.example", evidence_elsewhere(), 0));
  assert_false(is_used(&w, "https://shared.cdn.example", evidence_here()));
  world_close(&w);
}

static void test_a_certificate_never_proves_its_own_required_domain(void **state) {
  (void)state;
  world w;
  open_page(&w);
  bound_give(&w, &(bound_spec){.names = "a.example,b.example", .required = "b.example"});
  assert_false(is_used(&w, "https://a.example", evidence_here()));
  assert_false(is_used(&w, "https://b.example", evidence_here()));
  assert_false(wants_dns(&w));
  // Another certificate with the same names does, where it is good.
  bound_give(&w, &(bound_spec){.names = "a.example,b.example", .required = "www.example"});
  assert_true(is_used(&w, "https://a.example", evidence_here()));
  assert_int_equal(decision_of(&w, 1), CODICIL_WAITING);
  world_close(&w);
}

// The CA's check of CAA spares those DNS whose Required Domain another certificate proves. Here
// that other one is the same, sent twice, or the handshake's once more.
static void test_a_copy_of_a_certificate_does_not_prove_its_required_domain(void **state) {
  (void)state;
  const bound_spec both = {
      .names = "victim.example,b.example", .required = "*,b.example", .by_caa = true};
  world w;
  bound_init(&w);
  codicil_config_set_required_domain(w.client_config, CODICIL_REQUIRED_HONOUR, true);
  bound_connect(&w, "https://www.example", "www.example");
  bound_list(&w, "https://victim.example,https://b.example");
  bound_give(&w, &both);
  bound_give_copy(&w, &both);
  assert_true(is_used(&w, "https://victim.example", evidence_here()));
  assert_false(is_used(&w, "https://victim.example", evidence_elsewhere()));
  assert_false(wants_dns(&w));
  assert_false(is_used(&w, "https://victim.example", evidence_elsewhere()));
  world_close(&w);
}

static void test_the_handshakes_certificate_sent_again_proves_nothing_more(void **state) {
  (void)state;
  const bound_spec handshake = {
      .names = "www.example,victim.example", .required = "www.example", .by_caa = true};
  world w;
  bound_init(&w);
  bound_connect_as(&w, "https://www.example", &handshake);
  bound_list(&w, "https://victim.example");
  bound_give(&w, &handshake);
  assert_false(is_used(&w, "https://victim.example", evidence_elsewhere()));
  assert_int_equal(decision_of(&w, 1), CODICIL_WAITING);
  world_close(&w);
}

// Two of the same names, of different serials, are two; and a cycle of them holds nothing.
static void test_a_renewed_certificate_proves_no_more_than_the_one_before(void **state) {
  (void)state;
  const codicil_dns_mode modes[] = {CODICIL_DNS_CAA, CODICIL_DNS_INSECURE_NEVER};
  for (size_t i = 0; i < 2; i++) {
    world w;
    bound_init(&w);
    codicil_config_set_dns_mode(w.client_config, modes[i]);
    bound_connect(&w, "https://www.example", "www.example");
    for (int64_t days = 1; days <= 2; days++) {
      bound_give(&w, &(bound_spec){.names = "main.example,img.example",
                                   .required = "main.example",
                                   .not_after = PKI_NOW + days * 86400});
    }
    assert_false(is_used(&w, "https://img.example", evidence_here()));
    assert_false(is_used(&w, "https://main.example", evidence_here()));
    assert_int_equal(decision_of(&w, 1), CODICIL_WAITING);
    assert_int_equal(decision_of(&w, 2), CODICIL_WAITING);
    assert_false(wants_dns(&w));
    world_close(&w);
  }
}

static void test_certificates_that_prove_only_each_other_are_refused(void **state) {
  (void)state;
  world w;
  bound_init(&w);
  codicil_config_set_dns_mode(w.client_config, CODICIL_DNS_INSECURE_NEVER);
  bound_connect(&w, "https://www.example", "www.example");
  bound_give(&w, &(bound_spec){.names = "a.example", .required = "b.example"});
  bound_give(&w, &(bound_spec){.names = "b.example", .required = "a.example"});
  bound_give(&w, &(bound_spec){.names = "c.example", .required = "b.example"});
  for (int i = 0; i < 2; i++) {
    assert_false(is_used(&w, "https://a.example", evidence_here()));
    assert_false(is_used(&w, "https://b.example", evidence_here()));
    assert_false(is_used(&w, "https://c.example", evidence_here()));
  }
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_without_the_extension_a_stolen_key_needs_dns_only),
      cmocka_unit_test(test_a_stolen_shared_key_is_refused),
      cmocka_unit_test(test_a_stolen_glue_key_proves_nothing_on_the_thiefs_site),
      cmocka_unit_test(test_two_stolen_keys_of_which_one_is_ordinary_do_not_do),
      cmocka_unit_test(test_a_stolen_wildcard_key_is_possession_only),
      cmocka_unit_test(test_stolen_keys_of_a_site_and_of_its_images_do_not_do),
      cmocka_unit_test(test_an_ordinary_key_with_its_dns_proves_the_name),
      cmocka_unit_test(test_a_misissued_certificate_bound_to_the_thiefs_site_needs_dns),
      cmocka_unit_test(test_a_handshakes_certificate_for_thief_and_victim_needs_dns),
      cmocka_unit_test(test_a_name_of_the_handshakes_certificate_that_is_not_in_sni_needs_dns),
      cmocka_unit_test(test_a_certificate_never_proves_its_own_required_domain),
      cmocka_unit_test(test_a_copy_of_a_certificate_does_not_prove_its_required_domain),
      cmocka_unit_test(test_the_handshakes_certificate_sent_again_proves_nothing_more),
      cmocka_unit_test(test_a_renewed_certificate_proves_no_more_than_the_one_before),
      cmocka_unit_test(test_certificates_that_prove_only_each_other_are_refused),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  bound_free();
  return failed;
}
