// Whether a chain is trusted: each refusal with its own reason, and what does not matter.
#include "cmocka_test.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "chain_fixture.h"
#include "span.h"

// Issues an end entity by `spec` below the fixture's intermediate, and judges it.
static codicil_cert_reason judge_leaf(chain_fixture *f, const pki_spec *spec) {
  pki_cert *leaf = pki_make(f->intermediate, spec);
  codicil_cert_reason reason = chain_judge(f, (const pki_cert *[]){leaf, f->intermediate}, 2);
  pki_free(leaf);
  return reason;
}

// Issues an intermediate by `spec` and an end entity below it, and judges both.
static codicil_cert_reason judge_intermediate(chain_fixture *f, const pki_spec *spec,
                                              const char *alt_names) {
  pki_cert *intermediate = pki_make(f->root, spec);
  pki_cert *leaf = pki_leaf(intermediate, alt_names);
  codicil_cert_reason reason = chain_judge(f, (const pki_cert *[]){leaf, intermediate}, 2);
  pki_free(leaf);
  pki_free(intermediate);
  return reason;
}

static void test_a_good_path_is_accepted_until_the_first_not_after(void **state) {
  chain_fixture *f = *state;
  pki_cert *leaf = pki_make(
      f->intermediate, &(pki_spec){.alt_names = "DNS:a.example", .not_after = PKI_NOW + PKI_DAY});
  assert_int_equal(chain_judge(f, (const pki_cert *[]){leaf, f->intermediate}, 2),
                   CODICIL_CERT_NONE);
  assert_int_equal(f->valid_until, PKI_NOW + PKI_DAY);
  pki_free(leaf);
}

static void test_every_usual_algorithm_is_accepted(void **state) {
  chain_fixture *f = *state;
  static const char *const algs[] = {"p256", "p384", "rsa2048", "ed25519", "ed448"};
  for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
    assert_int_equal(judge_leaf(f, &(pki_spec){.alg = algs[i], .alt_names = "DNS:a.example"}),
                     CODICIL_CERT_NONE);
    assert_int_equal(
        judge_intermediate(f, &(pki_spec){.alg = algs[i], .is_ca = true}, "DNS:a.example"),
        CODICIL_CERT_NONE);
  }
}

static void test_extra_certificates_in_any_order_do_no_harm(void **state) {
  chain_fixture *f = *state;
  pki_cert *stranger = pki_root("stranger");
  const pki_cert *chain[] = {f->leaf, stranger, f->root, f->intermediate, f->intermediate};
  assert_int_equal(chain_judge(f, chain, 5), CODICIL_CERT_NONE);
  pki_free(stranger);
}

static void test_without_anchors_nothing_is_trusted(void **state) {
  chain_fixture *f = *state;
  codicil_trust *trust = f->trust;
  f->trust = NULL;
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_UNTRUSTED);
  assert_int_equal(codicil_trust_new(&f->trust, NULL), CODICIL_OK);
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_UNTRUSTED);
  codicil_trust_free(f->trust);
  f->trust = trust;
}

static void test_a_root_that_the_peer_brings_is_not_trusted(void **state) {
  chain_fixture *f = *state;
  pki_cert *root = pki_root("root"); // the anchor's name, another key
  pki_cert *leaf = pki_leaf(root, "DNS:a.example");
  assert_int_equal(chain_judge(f, (const pki_cert *[]){leaf, root}, 2), CODICIL_CERT_UNTRUSTED);
  assert_int_equal(chain_judge(f, (const pki_cert *[]){root}, 1), CODICIL_CERT_UNTRUSTED);
  pki_free(leaf);
  pki_free(root);
}

static void test_a_missing_intermediate_is_untrusted(void **state) {
  chain_fixture *f = *state;
  assert_int_equal(chain_judge(f, (const pki_cert *[]){f->leaf}, 1), CODICIL_CERT_UNTRUSTED);
}

static void test_no_entries_are_untrusted(void **state) {
  chain_fixture *f = *state;
  assert_int_equal(chain_judge(f, NULL, 0), CODICIL_CERT_UNTRUSTED);
}

static void test_an_intermediate_as_anchor_is_not_enough(void **state) {
  chain_fixture *f = *state;
  codicil_trust *trust = f->trust;
  f->trust = chain_trust(f->intermediate);
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_UNTRUSTED);
  codicil_trust_free(f->trust);
  f->trust = trust;
}

static void test_each_octet_of_the_signature_matters(void **state) {
  chain_fixture *f = *state;
  codicil_chain_entry entries[] = {{.der = exact_copy(pki_der(f->leaf))},
                                   {.der = exact_copy(pki_der(f->intermediate))}};
  for (size_t i = 0; i < 2; i++) {
    uint8_t *last = (uint8_t *)entries[i].der.data + entries[i].der.len - 1;
    *last ^= 1;
    assert_int_equal(chain_judge_entries(f, entries, 2), CODICIL_CERT_UNTRUSTED);
    *last ^= 1;
  }
  assert_int_equal(chain_judge_entries(f, entries, 2), CODICIL_CERT_NONE);
  free((void *)entries[0].der.data);
  free((void *)entries[1].der.data);
}

static void test_octets_that_do_not_decode_are_untrusted(void **state) {
  chain_fixture *f = *state;
  codicil_span der = pki_der(f->leaf);
  uint8_t *longer = malloc(der.len + 1);
  memcpy(longer, der.data, der.len);
  longer[der.len] = 0;
  const codicil_span bad[] = {
      {NULL, 0}, codicil_span_of(longer, der.len + 1), codicil_span_sub(der, 0, der.len - 1)};
  for (size_t i = 0; i < 3; i++) {
    codicil_chain_entry leaf[] = {{.der = bad[i]}, {.der = pki_der(f->intermediate)}};
    assert_int_equal(chain_judge_entries(f, leaf, 2), CODICIL_CERT_UNTRUSTED);
    codicil_chain_entry extra[] = {{.der = der}, {.der = bad[i]}};
    assert_int_equal(chain_judge_entries(f, extra, 2), CODICIL_CERT_UNTRUSTED);
  }
  free(longer);
}

static void test_expired_and_not_yet_valid_of_any_certificate_of_the_path(void **state) {
  chain_fixture *f = *state;
  const pki_spec old = {.alt_names = "DNS:a.example", .not_after = PKI_NOW};
  const pki_spec young = {.alt_names = "DNS:a.example", .not_before = PKI_NOW + 1};
  assert_int_equal(judge_leaf(f, &old), CODICIL_CERT_EXPIRED);
  assert_int_equal(judge_leaf(f, &young), CODICIL_CERT_NOT_YET_VALID);
  const pki_spec old_ca = {.is_ca = true, .not_after = PKI_NOW};
  const pki_spec young_ca = {.is_ca = true, .not_before = PKI_NOW + 1};
  assert_int_equal(judge_intermediate(f, &old_ca, "DNS:a.example"), CODICIL_CERT_EXPIRED);
  assert_int_equal(judge_intermediate(f, &young_ca, "DNS:a.example"), CODICIL_CERT_NOT_YET_VALID);
  assert_int_equal(f->valid_until, PKI_NOW + 1);
  f->unix_s = PKI_NOT_AFTER;
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_EXPIRED);
  f->unix_s = PKI_NOT_AFTER - 1;
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  f->unix_s = PKI_NOT_BEFORE - 1;
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NOT_YET_VALID);
  f->unix_s = PKI_NOT_BEFORE;
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
}

static void test_an_expired_anchor_is_expired(void **state) {
  chain_fixture *f = *state;
  pki_cert *root = pki_make(NULL, &(pki_spec){.is_ca = true, .not_after = PKI_NOW - 1});
  pki_cert *leaf = pki_leaf(root, "DNS:a.example");
  codicil_trust *trust = f->trust;
  f->trust = chain_trust(root);
  assert_int_equal(chain_judge(f, (const pki_cert *[]){leaf}, 1), CODICIL_CERT_EXPIRED);
  codicil_trust_free(f->trust);
  f->trust = trust;
  pki_free(leaf);
  pki_free(root);
}

// RFC 8446 §4.4.2.2
static void test_purpose_is_server_authentication(void **state) {
  chain_fixture *f = *state;
  static const struct {
    const char *eku;
    const char *key_usage;
    codicil_cert_reason reason;
  } rows[] = {
      {"serverAuth,clientAuth", "digitalSignature", CODICIL_CERT_NONE},
      {"", "", CODICIL_CERT_NONE},
      {"clientAuth", NULL, CODICIL_CERT_PURPOSE},
      {"critical,OCSPSigning", NULL, CODICIL_CERT_PURPOSE},
      {"msSGC", NULL, CODICIL_CERT_PURPOSE},
      {"nsSGC", NULL, CODICIL_CERT_PURPOSE},
      {NULL, "keyEncipherment", CODICIL_CERT_PURPOSE},
      {NULL, "keyAgreement", CODICIL_CERT_PURPOSE},
      {NULL, "cRLSign", CODICIL_CERT_PURPOSE},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const pki_spec spec = {
        .alt_names = "DNS:a.example", .eku = rows[i].eku, .key_usage = rows[i].key_usage};
    assert_int_equal(judge_leaf(f, &spec), rows[i].reason);
  }
}

static void test_an_intermediate_for_clients_only_is_of_the_wrong_purpose(void **state) {
  chain_fixture *f = *state;
  assert_int_equal(
      judge_intermediate(f, &(pki_spec){.is_ca = true, .eku = "clientAuth"}, "DNS:a.example"),
      CODICIL_CERT_PURPOSE);
  assert_int_equal(
      judge_intermediate(f, &(pki_spec){.is_ca = true, .eku = "serverAuth"}, "DNS:a.example"),
      CODICIL_CERT_NONE);
  // OpenSSL would take it for a server's.
  assert_int_equal(
      judge_intermediate(f, &(pki_spec){.is_ca = true, .eku = "msSGC"}, "DNS:a.example"),
      CODICIL_CERT_PURPOSE);
}

static void test_what_is_no_ca_issues_nothing(void **state) {
  chain_fixture *f = *state;
  const pki_spec rows[] = {
      {.alt_names = "DNS:b.example"},     // an end entity
      {.is_ca = true, .constraints = ""}, // key usage alone makes no CA
      {.is_ca = true, .constraints = "critical,CA:FALSE"},
      {.is_ca = true, .key_usage = "critical,digitalSignature"},
      {.version = 1},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_int_equal(judge_intermediate(f, &rows[i], "DNS:a.example"), CODICIL_CERT_UNTRUSTED);
  }
}

static void test_a_path_longer_than_its_length_constraint_is_untrusted(void **state) {
  chain_fixture *f = *state;
  pki_cert *upper = pki_make(f->root, &(pki_spec){.common_name = "upper",
                                                  .is_ca = true,
                                                  .constraints = "critical,CA:TRUE,pathlen:0"});
  pki_cert *lower = pki_intermediate(upper, "lower");
  pki_cert *leaf = pki_leaf(lower, "DNS:a.example");
  pki_cert *direct = pki_leaf(upper, "DNS:a.example");
  assert_int_equal(chain_judge(f, (const pki_cert *[]){leaf, lower, upper}, 3),
                   CODICIL_CERT_UNTRUSTED);
  assert_int_equal(chain_judge(f, (const pki_cert *[]){direct, upper}, 2), CODICIL_CERT_NONE);
  pki_free(direct);
  pki_free(leaf);
  pki_free(lower);
  pki_free(upper);
}

static void test_an_unknown_critical_extension_is_untrusted(void **state) {
  chain_fixture *f = *state;
  const pki_extension critical = {"1.3.6.1.4.1.99999.1", "critical,DER:0500"};
  const pki_extension plain = {"1.3.6.1.4.1.99999.1", "DER:0500"};
  const char *name = "DNS:a.example";
  assert_int_equal(judge_leaf(f, &(pki_spec){.alt_names = name, .extra = {critical}}),
                   CODICIL_CERT_UNTRUSTED);
  assert_int_equal(judge_leaf(f, &(pki_spec){.alt_names = name, .extra = {plain}}),
                   CODICIL_CERT_NONE);
  assert_int_equal(judge_intermediate(f, &(pki_spec){.is_ca = true, .extra = {critical}}, name),
                   CODICIL_CERT_UNTRUSTED);
}

static void test_our_own_extension_does_no_harm(void **state) {
  chain_fixture *f = *state;
  assert_int_equal(
      judge_leaf(f, &(pki_spec){.alt_names = "DNS:a.example", .required_domain = "r.example"}),
      CODICIL_CERT_NONE);
}

static void test_a_path_longer_than_any_in_use_is_untrusted(void **state) {
  chain_fixture *f = *state;
  enum { NUM = 13 };
  pki_cert *certs[NUM]; // end entity first
  codicil_chain_entry entries[NUM] = {{.der = {NULL, 0}}};
  for (size_t i = NUM; i-- > 0;) {
    const pki_cert *issuer = i == NUM - 1 ? f->root : certs[i + 1];
    char name[16];
    snprintf(name, sizeof name, "ca %zu", i);
    certs[i] = i == 0 ? pki_leaf(issuer, "DNS:a.example") : pki_intermediate(issuer, name);
    entries[i].der = pki_der(certs[i]);
  }
  assert_int_equal(chain_judge_entries(f, entries, NUM), CODICIL_CERT_UNTRUSTED);
  assert_int_equal(chain_judge_entries(f, &entries[4], NUM - 4), CODICIL_CERT_PURPOSE); // a CA
  for (size_t i = 0; i < NUM; i++) {
    pki_free(certs[i]);
  }
}

static void test_tls_features_of_an_issuer_bind_what_it_issues(void **state) {
  chain_fixture *f = *state;
  static const struct {
    const char *issuers;
    const char *leafs;
    codicil_cert_reason reason;
  } rows[] = {
      {"status_request", NULL, CODICIL_CERT_UNTRUSTED},
      {"status_request_v2", NULL, CODICIL_CERT_UNTRUSTED},
      {"status_request,status_request_v2", "status_request", CODICIL_CERT_UNTRUSTED},
      {"status_request", "status_request,status_request_v2", CODICIL_CERT_STAPLE_MISSING},
      {"status_request_v2", "status_request_v2", CODICIL_CERT_NONE},
      {"DER:3000", NULL, CODICIL_CERT_NONE},
      {"DER:0500", NULL, CODICIL_CERT_UNTRUSTED},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const char *name =
        strncmp(rows[i].issuers, "DER:", 4) == 0 ? "1.3.6.1.5.5.7.1.24" : "tlsfeature";
    pki_cert *intermediate =
        pki_make(f->root, &(pki_spec){.is_ca = true, .extra = {{name, rows[i].issuers}}});
    pki_cert *leaf = pki_make(intermediate, &(pki_spec){.alt_names = "DNS:a.example",
                                                        .extra = {{"tlsfeature", rows[i].leafs}}});
    assert_int_equal(chain_judge(f, (const pki_cert *[]){leaf, intermediate}, 2), rows[i].reason);
    pki_free(leaf);
    pki_free(intermediate);
  }
}

static void test_a_path_that_needs_an_explicit_policy_has_one(void **state) {
  chain_fixture *f = *state;
  static const char one[] = "DER:3007300506032a0304";
  static const char other[] = "DER:3007300506032a0305";
  static const char any[] = "DER:300830060604551d2000";
  static const struct {
    const char *issuers; // certificatePolicies
    const char *leafs;
    codicil_cert_reason reason;
  } rows[] = {
      {one, one, CODICIL_CERT_NONE},        {one, NULL, CODICIL_CERT_UNTRUSTED},
      {one, other, CODICIL_CERT_UNTRUSTED}, {NULL, one, CODICIL_CERT_UNTRUSTED},
      {any, one, CODICIL_CERT_NONE},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    pki_cert *intermediate = pki_make(
        f->root, &(pki_spec){.is_ca = true,
                             .extra = {{"policyConstraints", "critical,requireExplicitPolicy:0"},
                                       {"2.5.29.32", rows[i].issuers}}});
    pki_cert *leaf = pki_make(intermediate, &(pki_spec){.alt_names = "DNS:a.example",
                                                        .extra = {{"2.5.29.32", rows[i].leafs}}});
    assert_int_equal(chain_judge(f, (const pki_cert *[]){leaf, intermediate}, 2), rows[i].reason);
    pki_free(leaf);
    pki_free(intermediate);
  }
}

static void test_an_extension_that_does_not_parse_is_untrusted(void **state) {
  chain_fixture *f = *state;
  const char *name = "DNS:a.example";
  const pki_spec rows[] = {
      {.alt_names = name, .constraints = "", .extra = {{"2.5.29.19", "DER:0500"}}},
      {.alt_names = name, .eku = "", .extra = {{"2.5.29.37", "DER:0500"}}},
      {.alt_names = name, .key_usage = "", .extra = {{"2.5.29.15", "DER:0500"}}},
      {.alt_names = name, .extra = {{"2.5.29.30", "DER:0500"}}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_int_equal(judge_leaf(f, &rows[i]), CODICIL_CERT_UNTRUSTED);
    pki_spec issuer = rows[i];
    issuer.is_ca = true;
    assert_int_equal(judge_intermediate(f, &issuer, name), CODICIL_CERT_UNTRUSTED);
  }
}

static void test_weak_keys_and_digests_are_untrusted(void **state) {
  chain_fixture *f = *state;
  const char *name = "DNS:a.example";
  assert_int_equal(judge_leaf(f, &(pki_spec){.alt_names = name, .alg = "rsa1024"}),
                   CODICIL_CERT_UNTRUSTED);
  assert_int_equal(judge_leaf(f, &(pki_spec){.alt_names = name, .digest = "sha1"}),
                   CODICIL_CERT_UNTRUSTED);
  assert_int_equal(judge_leaf(f, &(pki_spec){.alt_names = name, .alg = "rsa2047"}),
                   CODICIL_CERT_UNTRUSTED);
  assert_int_equal(judge_leaf(f, &(pki_spec){.alt_names = name, .alg = "rsapss2047"}),
                   CODICIL_CERT_UNTRUSTED);
  assert_int_equal(judge_intermediate(f, &(pki_spec){.is_ca = true, .alg = "rsa2047"}, name),
                   CODICIL_CERT_UNTRUSTED);
  assert_int_equal(judge_intermediate(f, &(pki_spec){.is_ca = true, .alg = "rsa1024"}, name),
                   CODICIL_CERT_UNTRUSTED);
  assert_int_equal(judge_intermediate(f, &(pki_spec){.is_ca = true, .digest = "sha1"}, name),
                   CODICIL_CERT_UNTRUSTED);
}

static void test_name_constraints_bind(void **state) {
  chain_fixture *f = *state;
  static const struct {
    const char *constraint;
    const char *alt_names;
    codicil_cert_reason reason;
  } rows[] = {
      {"critical,permitted;DNS:a.example", "DNS:a.example", CODICIL_CERT_NONE},
      {"critical,permitted;DNS:a.example", "DNS:www.a.example,DNS:*.a.example", CODICIL_CERT_NONE},
      {"critical,permitted;DNS:a.example", "DNS:b.example", CODICIL_CERT_NAME_CONSTRAINTS},
      {"permitted;DNS:a.example", "DNS:a.example,DNS:b.example", CODICIL_CERT_NAME_CONSTRAINTS},
      {"critical,permitted;DNS:a.example", "DNS:xa.example", CODICIL_CERT_NAME_CONSTRAINTS},
      {"critical,permitted;DNS:a.example", "IP:192.0.2.1", CODICIL_CERT_NONE},
      {"critical,excluded;DNS:a.example", "DNS:b.example", CODICIL_CERT_NONE},
      {"critical,excluded;DNS:a.example", "DNS:www.A.example", CODICIL_CERT_NAME_CONSTRAINTS},
      {"critical,excluded;DNS:www.a.example", "DNS:*.a.example", CODICIL_CERT_NAME_CONSTRAINTS},
      {"critical,excluded;DNS:WWW.a.example", "DNS:*.a.example", CODICIL_CERT_NAME_CONSTRAINTS},
      {"critical,excluded;DNS:w.www.a.example", "DNS:*.a.example", CODICIL_CERT_NONE},
      {"critical,excluded;DNS:www.b.example", "DNS:*.a.example", CODICIL_CERT_NONE},
      {"critical,permitted;IP:192.0.2.0/255.255.255.0", "IP:192.0.2.9", CODICIL_CERT_NONE},
      {"critical,permitted;IP:192.0.2.0/255.255.255.0", "IP:192.0.3.9",
       CODICIL_CERT_NAME_CONSTRAINTS},
      {"critical,excluded;IP:192.0.2.0/255.255.255.0", "IP:192.0.2.9",
       CODICIL_CERT_NAME_CONSTRAINTS},
      {"critical,excluded;IP:2001:db8:0:0:0:0:0:0/ffff:ffff:0:0:0:0:0:0", "IP:2001:db8::9",
       CODICIL_CERT_NAME_CONSTRAINTS},
      {"critical,permitted;email:a.example", "DNS:b.example", CODICIL_CERT_NONE},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const pki_spec spec = {.is_ca = true, .extra = {{"nameConstraints", rows[i].constraint}}};
    assert_int_equal(judge_intermediate(f, &spec, rows[i].alt_names), rows[i].reason);
  }
}

static void test_the_anchors_own_name_constraints_bind_too(void **state) {
  chain_fixture *f = *state;
  pki_cert *root = pki_make(
      NULL, &(pki_spec){.common_name = "narrow",
                        .is_ca = true,
                        .extra = {{"nameConstraints", "critical,permitted;DNS:a.example"}}});
  pki_cert *leaf = pki_leaf(root, "DNS:b.example");
  codicil_trust *trust = f->trust;
  f->trust = chain_trust(root);
  assert_int_equal(chain_judge(f, (const pki_cert *[]){leaf}, 1), CODICIL_CERT_NAME_CONSTRAINTS);
  codicil_trust_free(f->trust);
  f->trust = trust;
  pki_free(leaf);
  pki_free(root);
}

static void test_a_common_name_is_no_host_name_to_name_constraints(void **state) {
  chain_fixture *f = *state;
  const pki_spec ca = {.is_ca = true,
                       .extra = {{"nameConstraints", "critical,permitted;DNS:a.example"}}};
  pki_cert *intermediate = pki_make(f->root, &ca);
  const pki_spec spec = {.common_name = "www.b.example", .alt_names = "IP:192.0.2.1"};
  pki_cert *leaf = pki_make(intermediate, &spec);
  assert_int_equal(chain_judge(f, (const pki_cert *[]){leaf, intermediate}, 2), CODICIL_CERT_NONE);
  pki_free(leaf);
  pki_free(intermediate);
}

static void test_a_self_signed_end_entity_is_good_only_as_its_own_anchor(void **state) {
  chain_fixture *f = *state;
  pki_cert *own = pki_make(NULL, &(pki_spec){.alt_names = "DNS:a.example", .common_name = "own"});
  assert_int_equal(chain_judge(f, (const pki_cert *[]){own}, 1), CODICIL_CERT_UNTRUSTED);
  codicil_trust *trust = f->trust;
  f->trust = chain_trust(own);
  assert_int_equal(chain_judge(f, (const pki_cert *[]){own}, 1), CODICIL_CERT_NONE);
  codicil_trust_free(f->trust);
  f->trust = trust;
  pki_free(own);
}

static void test_a_refusal_says_why_and_leaves_no_openssl_error(void **state) {
  chain_fixture *f = *state;
  f->diag = (codicil_diag){NULL, 0};
  assert_int_equal(chain_judge(f, (const pki_cert *[]){f->leaf}, 1), CODICIL_CERT_UNTRUSTED);
  assert_non_null(f->diag.what);
  assert_int_equal(f->diag.offset, SIZE_MAX);
  assert_int_equal(ERR_peek_error(), 0);
}

static void test_reason_words_are_those_of_the_contract(void **state) {
  (void)state;
  assert_string_equal(codicil_cert_reason_word(CODICIL_CERT_NONE), "");
  assert_string_equal(codicil_cert_reason_word(CODICIL_CERT_NAME_CONSTRAINTS), "name-constraints");
  assert_string_equal(codicil_cert_reason_word(CODICIL_CERT_LIMIT), "limit");
  assert_string_equal(codicil_cert_reason_word(CODICIL_NUM_CERT_REASONS), "?");
  assert_string_equal(codicil_cert_reason_text(CODICIL_NUM_CERT_REASONS), "?");
  for (int i = 1; i < CODICIL_NUM_CERT_REASONS; i++) {
    assert_true(strlen(codicil_cert_reason_word((codicil_cert_reason)i)) > 0);
    assert_true(strlen(codicil_cert_reason_text((codicil_cert_reason)i)) > 0);
  }
}

#define CHAIN_TEST(name) cmocka_unit_test_setup_teardown(name, chain_set_up, chain_tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      CHAIN_TEST(test_a_good_path_is_accepted_until_the_first_not_after),
      CHAIN_TEST(test_every_usual_algorithm_is_accepted),
      CHAIN_TEST(test_extra_certificates_in_any_order_do_no_harm),
      CHAIN_TEST(test_without_anchors_nothing_is_trusted),
      CHAIN_TEST(test_a_root_that_the_peer_brings_is_not_trusted),
      CHAIN_TEST(test_a_missing_intermediate_is_untrusted),
      CHAIN_TEST(test_no_entries_are_untrusted),
      CHAIN_TEST(test_an_intermediate_as_anchor_is_not_enough),
      CHAIN_TEST(test_each_octet_of_the_signature_matters),
      CHAIN_TEST(test_octets_that_do_not_decode_are_untrusted),
      CHAIN_TEST(test_expired_and_not_yet_valid_of_any_certificate_of_the_path),
      CHAIN_TEST(test_an_expired_anchor_is_expired),
      CHAIN_TEST(test_purpose_is_server_authentication),
      CHAIN_TEST(test_an_intermediate_for_clients_only_is_of_the_wrong_purpose),
      CHAIN_TEST(test_what_is_no_ca_issues_nothing),
      CHAIN_TEST(test_a_path_longer_than_its_length_constraint_is_untrusted),
      CHAIN_TEST(test_an_unknown_critical_extension_is_untrusted),
      CHAIN_TEST(test_our_own_extension_does_no_harm),
      CHAIN_TEST(test_a_path_longer_than_any_in_use_is_untrusted),
      CHAIN_TEST(test_tls_features_of_an_issuer_bind_what_it_issues),
      CHAIN_TEST(test_a_path_that_needs_an_explicit_policy_has_one),
      CHAIN_TEST(test_an_extension_that_does_not_parse_is_untrusted),
      CHAIN_TEST(test_weak_keys_and_digests_are_untrusted),
      CHAIN_TEST(test_name_constraints_bind),
      CHAIN_TEST(test_the_anchors_own_name_constraints_bind_too),
      CHAIN_TEST(test_a_common_name_is_no_host_name_to_name_constraints),
      CHAIN_TEST(test_a_self_signed_end_entity_is_good_only_as_its_own_anchor),
      CHAIN_TEST(test_a_refusal_says_why_and_leaves_no_openssl_error),
      cmocka_unit_test(test_reason_words_are_those_of_the_contract),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
