// What has to be proven before a certificate with a Required Domain: found, in order, or not there.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "pki_fixture.h"
#include "server/proof.h"

enum { MAX = 8 };

// Certificate 0 is the handshake's; all may be used unless a test says otherwise.
typedef struct fixture {
  server_certificate certificates[MAX];
  bool may_use[MAX];
  size_t num;
  proof_order order;
} fixture;

static int set_up(void **state) {
  static fixture f;
  memset(&f, 0, sizeof f);
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  proof_order_clear(&f->order);
  for (size_t i = 0; i < f->num; i++) {
    server_certificate_clear(&f->certificates[i]);
  }
  return 0;
}

static size_t add_spec(fixture *f, const pki_spec *spec) {
  pki_cert *cert = pki_make(NULL, spec);
  server_certificate *out = &f->certificates[f->num];
  assert_int_equal(
      codicil_credential_new(&out->credential, NULL, NULL, pki_pem(cert), pki_key_pem(cert)),
      CODICIL_OK);
  assert_int_equal(codicil_identity_new(&out->identity, NULL, pki_der(cert), PKI_OID), CODICIL_OK);
  pki_free(cert);
  server_certificate_find_bits(out);
  f->may_use[f->num] = true;
  return f->num++;
}

static size_t add(fixture *f, const char *names, const char *required) {
  pki_spec spec = {.alt_names = names, .required_domain = required};
  return add_spec(f, &spec);
}

// The content of the extension as OpenSSL writes it: "DER:82…".
static size_t add_der(fixture *f, const char *names, const char *der) {
  pki_spec spec = {.alt_names = names, .extra = {{PKI_OID, der}}};
  return add_spec(f, &spec);
}

static proof_result want(fixture *f, size_t wanted) {
  f->order.certificates = f->certificates;
  f->order.num_certificates = f->num;
  f->order.may_use = f->may_use;
  f->order.max_num = f->order.max_num > 0 ? f->order.max_num : 32;
  f->order.max_octets = f->order.max_octets > 0 ? f->order.max_octets : 1 << 20;
  return proof_order_add(&f->order, wanted);
}

static void assert_step(const fixture *f, size_t at, size_t certificate, ptrdiff_t proved_by,
                        const char *name) {
  assert_true(at < f->order.num_steps);
  assert_int_equal(f->order.steps[at].certificate, certificate);
  assert_int_equal(f->order.steps[at].proved_by, proved_by);
  assert_string_equal(f->order.steps[at].name.host, name);
}

static void test_a_certificate_that_requires_nothing_comes_alone(void **state) {
  fixture *f = *state;
  add(f, "DNS:www.site.example", NULL);
  size_t img = add(f, "DNS:img.example", NULL);
  assert_int_equal(want(f, img), PROOF_ADDED);
  assert_int_equal(f->order.num_steps, 1);
  assert_step(f, 0, img, PROOF_OWN, "");
}

static void test_what_the_handshake_proves_needs_nothing_more(void **state) {
  fixture *f = *state;
  add(f, "DNS:www.site.example", NULL);
  add(f, "DNS:www.site.example", "www.site.example");
  size_t img = add(f, "DNS:img.example", "www.site.example");
  assert_int_equal(want(f, img), PROOF_ADDED);
  assert_int_equal(f->order.num_steps, 1);
  assert_step(f, 0, img, PROOF_OWN, "www.site.example");
}

static void test_glue_comes_first(void **state) {
  fixture *f = *state;
  add(f, "DNS:www.site.example", NULL);
  size_t shared = add(f, "DNS:shared.cdn.example", "glue.cdn.example");
  size_t glue = add(f, "DNS:glue.cdn.example", "www.site.example");
  assert_int_equal(want(f, shared), PROOF_ADDED);
  assert_int_equal(f->order.num_steps, 2);
  assert_step(f, 0, glue, PROOF_OWN, "www.site.example");
  assert_step(f, 1, shared, (ptrdiff_t)glue, "glue.cdn.example");
}

static void test_the_sites_own_glue_is_taken_of_many_with_one_name(void **state) {
  fixture *f = *state;
  add(f, "DNS:www.two.example", NULL);
  size_t shared = add(f, "DNS:shared.cdn.example", "glue.cdn.example");
  add(f, "DNS:glue.cdn.example", "www.one.example");
  size_t glue = add(f, "DNS:glue.cdn.example", "www.two.example");
  add(f, "DNS:glue.cdn.example", "www.three.example");
  assert_int_equal(want(f, shared), PROOF_ADDED);
  assert_int_equal(f->order.num_steps, 2);
  assert_step(f, 0, glue, PROOF_OWN, "www.two.example");
}

static void test_each_certificate_is_proven_once(void **state) {
  fixture *f = *state;
  add(f, "DNS:www.site.example", NULL);
  size_t first = add(f, "DNS:shared1.cdn.example", "glue.cdn.example");
  size_t second = add(f, "DNS:shared2.cdn.example", "glue.cdn.example");
  size_t glue = add(f, "DNS:glue.cdn.example", "www.site.example");
  assert_int_equal(want(f, first), PROOF_ADDED);
  assert_int_equal(want(f, second), PROOF_ADDED);
  assert_int_equal(f->order.num_steps, 3);
  assert_step(f, 2, second, (ptrdiff_t)glue, "glue.cdn.example");
}

static void test_the_shortest_way_is_taken(void **state) {
  fixture *f = *state;
  add(f, "DNS:www.site.example", NULL);
  add(f, "DNS:a.example", "www.site.example");
  add(f, "DNS:b.example", "a.example");
  size_t direct = add(f, "DNS:c.example", "www.site.example");
  size_t wanted = add_der(f, "DNS:shared.example",
                          "DER:3016820962"
                          "2e6578616d706c658209632e6578616d706c65"); // b.example or c.example
  assert_int_equal(want(f, wanted), PROOF_ADDED);
  assert_int_equal(f->order.num_steps, 2);
  assert_step(f, 0, direct, PROOF_OWN, "www.site.example");
  assert_step(f, 1, wanted, (ptrdiff_t)direct, "c.example");
}

static void test_a_long_chain_is_found_in_order(void **state) {
  fixture *f = *state;
  add(f, "DNS:www.site.example", NULL);
  size_t last = add(f, "DNS:d.example", "c.example");
  size_t third = add(f, "DNS:c.example", "b.example");
  size_t second = add(f, "DNS:b.example", "a.example");
  size_t first = add(f, "DNS:a.example", "www.site.example");
  assert_int_equal(want(f, last), PROOF_ADDED);
  assert_int_equal(f->order.num_steps, 4);
  assert_step(f, 0, first, PROOF_OWN, "www.site.example");
  assert_step(f, 1, second, (ptrdiff_t)first, "a.example");
  assert_step(f, 2, third, (ptrdiff_t)second, "b.example");
  assert_step(f, 3, last, (ptrdiff_t)third, "c.example");
}

static void test_certificates_that_prove_each_other_alone_prove_nothing(void **state) {
  fixture *f = *state;
  add(f, "DNS:www.site.example", NULL);
  size_t a = add(f, "DNS:a.example", "b.example");
  add(f, "DNS:b.example", "a.example");
  size_t itself = add(f, "DNS:c.example", "c.example");
  assert_int_equal(want(f, a), PROOF_UNPROVEN);
  assert_int_equal(want(f, itself), PROOF_UNPROVEN);
  assert_int_equal(f->order.num_steps, 0);
}

static void test_a_certificate_that_may_not_be_used_is_no_way(void **state) {
  fixture *f = *state;
  add(f, "DNS:www.site.example", NULL);
  size_t shared = add(f, "DNS:shared.cdn.example", "glue.cdn.example");
  size_t glue = add(f, "DNS:glue.cdn.example", "www.site.example");
  f->may_use[glue] = false;
  assert_int_equal(want(f, shared), PROOF_UNPROVEN);
}

static void test_what_nothing_proves_proves_nothing(void **state) {
  fixture *f = *state;
  add(f, "DNS:www.site.example", NULL);
  size_t shared = add(f, "DNS:shared.cdn.example", "glue.cdn.example");
  size_t glue = add(f, "DNS:glue.cdn.example", "elsewhere.example");
  assert_int_equal(want(f, glue), PROOF_UNPROVEN);
  assert_true(proof_order_add_unproven(&f->order, glue));
  assert_int_equal(want(f, shared), PROOF_UNPROVEN);
  assert_int_equal(f->order.num_steps, 1);
}

static void test_a_way_beyond_the_budget_is_not_begun(void **state) {
  fixture *f = *state;
  add(f, "DNS:www.site.example", NULL);
  size_t img = add(f, "DNS:img.example", NULL);
  size_t shared = add(f, "DNS:shared.cdn.example", "glue.cdn.example");
  add(f, "DNS:glue.cdn.example", "www.site.example");
  f->order.max_num = 2;
  assert_int_equal(want(f, img), PROOF_ADDED);
  assert_int_equal(want(f, shared), PROOF_OVER_BUDGET);
  assert_int_equal(f->order.num_steps, 1);
  f->order.max_num = 3;
  f->order.max_octets = f->order.num_octets + 2000;
  assert_int_equal(want(f, shared), PROOF_OVER_BUDGET);
  f->order.max_octets = f->order.num_octets + 3000;
  assert_int_equal(want(f, shared), PROOF_ADDED);
}

static void test_a_wildcard_is_proven_by_a_name_one_label_below(void **state) {
  fixture *f = *state;
  codicil_origin name;
  size_t wanted = add(f, "DNS:x.example", "*.site.example");
  size_t child = add(f, "DNS:other.example,DNS:www.site.example", NULL);
  size_t grandchild = add(f, "DNS:a.www.site.example,DNS:site.example", NULL);
  size_t pattern = add(f, "DNS:*.site.example", NULL);
  const server_certificate *c = f->certificates;
  assert_true(proof_leads(&name, c[child].identity, c[wanted].identity));
  assert_string_equal(name.host, "www.site.example");
  assert_false(proof_leads(&name, c[grandchild].identity, c[wanted].identity));
  assert_true(proof_leads(&name, c[pattern].identity, c[wanted].identity));
  assert_string_equal(name.host, "");
}

static void test_a_wildcard_certificate_proves_a_name_that_it_covers(void **state) {
  fixture *f = *state;
  codicil_origin name;
  size_t wanted = add(f, "DNS:x.example", "www.site.example");
  size_t wild = add(f, "DNS:*.site.example", NULL);
  assert_true(proof_leads(&name, f->certificates[wild].identity, f->certificates[wanted].identity));
  assert_string_equal(name.host, "www.site.example");
}

static void test_an_address_is_proven_by_the_same_address(void **state) {
  fixture *f = *state;
  codicil_origin name;
  size_t wanted = add_der(f, "DNS:x.example", "DER:8704c0000201");
  size_t same = add(f, "IP:192.0.2.1", NULL);
  size_t other = add(f, "IP:192.0.2.2", NULL);
  const server_certificate *c = f->certificates;
  assert_true(proof_leads(&name, c[same].identity, c[wanted].identity));
  assert_string_equal(name.host, "192.0.2.1");
  assert_int_equal(name.address.len, 4);
  assert_false(proof_leads(&name, c[other].identity, c[wanted].identity));
}

static void test_a_star_needs_nothing(void **state) {
  fixture *f = *state;
  add(f, "DNS:www.site.example", NULL);
  size_t wanted = add(f, "DNS:x.example", "*");
  assert_int_equal(want(f, wanted), PROOF_ADDED);
  assert_step(f, 0, wanted, PROOF_OWN, "");
}

// The quick question is no other than the thorough one.
static void test_what_proves_is_never_left_out_by_its_bits(void **state) {
  fixture *f = *state;
  add(f, "DNS:WWW.Site.example,DNS:other.example", NULL);
  add(f, "DNS:*.site.example", "a.example");
  add(f, "IP:192.0.2.1,IP:2001:db8::1", "192.0.2.1");
  add(f, "DNS:a.site.example", "*.site.example");
  add(f, "DNS:a.example", "www.site.example");
  add(f, "DNS:b.example", "*");
  size_t num_proven = 0, num_left_out = 0;
  for (size_t i = 0; i < f->num; i++) {
    for (size_t j = 0; j < f->num; j++) {
      codicil_origin name;
      const server_certificate *by = &f->certificates[i], *wanted = &f->certificates[j];
      bool leads = proof_leads(&name, by->identity, wanted->identity);
      assert_true(server_certificate_may_prove(by, wanted) || !leads);
      num_proven += leads;
      num_left_out += !server_certificate_may_prove(by, wanted);
    }
  }
  assert_true(num_proven > 2 * f->num && num_left_out > 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_what_proves_is_never_left_out_by_its_bits, set_up,
                                      tear_down),
      TEST(test_a_certificate_that_requires_nothing_comes_alone),
      TEST(test_what_the_handshake_proves_needs_nothing_more),
      TEST(test_glue_comes_first),
      TEST(test_the_sites_own_glue_is_taken_of_many_with_one_name),
      TEST(test_each_certificate_is_proven_once),
      TEST(test_the_shortest_way_is_taken),
      TEST(test_a_long_chain_is_found_in_order),
      TEST(test_certificates_that_prove_each_other_alone_prove_nothing),
      TEST(test_a_certificate_that_may_not_be_used_is_no_way),
      TEST(test_what_nothing_proves_proves_nothing),
      TEST(test_a_way_beyond_the_budget_is_not_begun),
      TEST(test_a_wildcard_is_proven_by_a_name_one_label_below),
      TEST(test_a_wildcard_certificate_proves_a_name_that_it_covers),
      TEST(test_an_address_is_proven_by_the_same_address),
      TEST(test_a_star_needs_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
