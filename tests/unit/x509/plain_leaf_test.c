// The short way for plain end entities says what the long way says, for plain ones and all others.
#include "cmocka_test.h"

#include "plain_leaf.h"

#include "chain_fixture.h"
#include "span.h"

static bool is_plain(const pki_cert *cert) {
  codicil_cert_fields fields;
  return codicil_cert_fields_parse(&fields, pki_der(cert)) && codicil_leaf_is_plain(&fields);
}

// Judges `leaf` below the fixture's intermediate without a cache, and with one that knows the
// intermediate.
static codicil_cert_reason judge_both(chain_fixture *f, const pki_cert *leaf) {
  codicil_chain_cache *cache = NULL;
  const pki_cert *chain[] = {leaf, f->intermediate};
  codicil_cert_reason cold = chain_judge(f, chain, 2);
  int64_t cold_until = f->valid_until;
  assert_int_equal(codicil_chain_cache_new(&cache, NULL, 4), CODICIL_OK);
  f->cache = cache;
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  assert_int_equal(chain_judge(f, chain, 2), cold);
  assert_int_equal(f->valid_until, cold_until);
  f->cache = NULL;
  codicil_chain_cache_free(cache);
  return cold;
}

static void expect(chain_fixture *f, const pki_spec *spec, bool plain, codicil_cert_reason want) {
  pki_cert *leaf = pki_make(f->intermediate, spec);
  assert_int_equal(is_plain(leaf), plain);
  assert_int_equal(judge_both(f, leaf), want);
  pki_free(leaf);
}

static const char *const name = "DNS:b.example,DNS:*.c.example,IP:192.0.2.1,IP:2001:db8::1";

static void test_usual_certificates_are_plain_and_good(void **state) {
  chain_fixture *f = *state;
  char *text;
  pki_extension scts = pki_embedded_scts(&text, 2);
  static const char *const algs[] = {"p256", "p384", "rsa2048", "ed25519", "ed448"};
  for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
    expect(f, &(pki_spec){.alg = algs[i], .alt_names = name}, true, CODICIL_CERT_NONE);
  }
  const pki_spec rows[] = {
      {.alt_names = name, .eku = "critical,clientAuth,serverAuth"},
      {.alt_names = name, .key_usage = "critical,digitalSignature,keyEncipherment"},
      {.alt_names = name, .key_usage = "digitalSignature,decipherOnly"},
      {.alt_names = name, .key_usage = "", .constraints = ""},
      {.alt_names = name, .constraints = "critical,CA:FALSE"},
      {.alt_names = "critical,DNS:b.example"},
      {.alt_names = name, .required_domain = "r.example", .extra = {scts}},
      {.alt_names = name,
       .extra = {{"2.5.29.32", "DER:300a3008060667810c010201"},
                 {"authorityInfoAccess", "caIssuers;URI:http://ca.example/"},
                 {"crlDistributionPoints", "URI:http://ca.example/crl"}}},
      {.eku = "serverAuth"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    expect(f, &rows[i], true, CODICIL_CERT_NONE);
  }
  free(text);
}

static void test_every_plain_issuers_algorithm_verifies(void **state) {
  chain_fixture *f = *state;
  static const char *const rows[][2] = {
      {"p256", "sha256"},    {"p256", "sha384"},    {"p384", "sha512"}, {"rsa2048", "sha256"},
      {"rsa2048", "sha384"}, {"rsa2048", "sha512"}, {"ed25519", NULL},  {"ed448", NULL}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    pki_free(f->leaf);
    pki_free(f->intermediate);
    f->intermediate = pki_make(
        f->root, &(pki_spec){.alg = rows[i][0], .is_ca = true, .common_name = "intermediate"});
    f->leaf = pki_leaf(f->intermediate, "DNS:a.example");
    expect(f, &(pki_spec){.alt_names = name, .digest = rows[i][1]}, true, CODICIL_CERT_NONE);
  }
}

static void test_what_is_unusual_goes_the_long_way_and_may_be_good(void **state) {
  chain_fixture *f = *state;
  const pki_spec rows[] = {
      {.alt_names = name, .eku = ""},
      {.alt_names = "DNS:b.example,email:a@b.example"},
      {.alt_names = "DNS:b.example,URI:https://b.example/"},
      {.alt_names = name, .constraints = "critical,CA:TRUE"},
      {.alt_names = name, .extra = {{"nsComment", "hello"}}},
      {.alt_names = name, .digest = "sha224"},
      {.version = 1},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    expect(f, &rows[i], false, CODICIL_CERT_NONE);
  }
}

static void test_what_is_refused_is_refused_either_way(void **state) {
  chain_fixture *f = *state;
  const struct {
    pki_spec spec;
    bool plain; // it is time or the issuer that refuses
    codicil_cert_reason reason;
  } rows[] = {
      {{.alt_names = name, .not_after = PKI_NOW}, true, CODICIL_CERT_EXPIRED},
      {{.alt_names = name, .not_before = PKI_NOW + 1}, true, CODICIL_CERT_NOT_YET_VALID},
      {{.alt_names = name, .must_staple = true}, true, CODICIL_CERT_STAPLE_MISSING},
      // It names another key of the issuer than the one at hand.
      {{.alt_names = name, .no_key_ids = true, .extra = {{"2.5.29.35", "DER:300680040a0b0c0d"}}},
       true,
       CODICIL_CERT_UNTRUSTED},
      {{.alt_names = name, .eku = "clientAuth"}, false, CODICIL_CERT_PURPOSE},
      {{.alt_names = name, .eku = "msSGC"}, false, CODICIL_CERT_PURPOSE},
      {{.alt_names = name, .eku = "anyExtendedKeyUsage"}, false, CODICIL_CERT_PURPOSE},
      {{.alt_names = name, .key_usage = "keyEncipherment"}, false, CODICIL_CERT_PURPOSE},
      {{.alt_names = name, .key_usage = "keyAgreement,cRLSign"}, false, CODICIL_CERT_PURPOSE},
      {{.alt_names = name, .alg = "rsa1024"}, false, CODICIL_CERT_UNTRUSTED},
      {{.alt_names = name, .alg = "rsa2047"}, false, CODICIL_CERT_UNTRUSTED},
      {{.alt_names = name, .digest = "sha1"}, false, CODICIL_CERT_UNTRUSTED},
      {{.alt_names = name, .extra = {{"1.3.6.1.4.1.99999.1", "critical,DER:0500"}}},
       false,
       CODICIL_CERT_UNTRUSTED},
      {{.alt_names = name, .extra = {{"1.3.6.1.5.5.7.1.1", "critical,DER:3000"}}},
       false,
       CODICIL_CERT_UNTRUSTED},
      {{.alt_names = name, .constraints = "", .extra = {{"2.5.29.19", "DER:0500"}}},
       false,
       CODICIL_CERT_UNTRUSTED},
      {{.alt_names = name, .key_usage = "", .extra = {{"2.5.29.15", "DER:0500"}}},
       false,
       CODICIL_CERT_UNTRUSTED},
      {{.alt_names = name, .eku = "", .extra = {{"2.5.29.37", "DER:0500"}}},
       false,
       CODICIL_CERT_UNTRUSTED},
      {{.alt_names = name, .extra = {{"2.5.29.31", "DER:0500"}}}, false, CODICIL_CERT_UNTRUSTED},
      {{.alt_names = name, .extra = {{"2.5.29.30", "DER:0500"}}}, false, CODICIL_CERT_UNTRUSTED},
      {{.extra = {{"2.5.29.17", "DER:0500"}}}, false, CODICIL_CERT_UNTRUSTED},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    expect(f, &rows[i].spec, rows[i].plain, rows[i].reason);
  }
}

static void test_every_octet_of_a_plain_certificate_is_signed(void **state) {
  chain_fixture *f = *state;
  pki_cert *leaf = pki_leaf(f->intermediate, name);
  codicil_span copy = exact_copy(pki_der(leaf));
  assert_int_equal(codicil_chain_cache_new(&f->cache, NULL, 4), CODICIL_OK);
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  for (size_t i = 0; i < copy.len; i++) {
    uint8_t *octet = (uint8_t *)copy.data + i;
    *octet ^= 1;
    const codicil_chain_entry entries[] = {{.der = copy}, {.der = pki_der(f->intermediate)}};
    assert_int_not_equal(chain_judge_entries(f, entries, 2), CODICIL_CERT_NONE);
    *octet ^= 1;
  }
  free((void *)copy.data);
  pki_free(leaf);
}

static void test_a_leaf_of_a_namesake_of_the_known_issuer_is_refused(void **state) {
  chain_fixture *f = *state;
  pki_cert *namesake = pki_intermediate(f->root, "intermediate");
  for (int i = 0; i < 2; i++) {
    pki_cert *leaf = pki_make(namesake, &(pki_spec){.alt_names = name, .no_key_ids = i == 1});
    assert_int_equal(judge_both(f, leaf), CODICIL_CERT_UNTRUSTED);
    pki_free(leaf);
  }
  pki_free(namesake);
}

// The known issuer's key under another name issued it.
static void test_a_leaf_with_another_issuers_name_is_refused(void **state) {
  chain_fixture *f = *state;
  pki_cert renamed = *f->intermediate;
  renamed.x509 = X509_dup(f->intermediate->x509);
  assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(renamed.x509), "O",
                                              MBSTRING_UTF8, (const unsigned char *)"other", -1, -1,
                                              0),
                   1);
  pki_cert *leaf = pki_leaf(&renamed, name);
  assert_true(is_plain(leaf));
  assert_int_equal(judge_both(f, leaf), CODICIL_CERT_UNTRUSTED);
  pki_free(leaf);
  X509_free(renamed.x509);
}

// A path of four: what another peer sent between the known intermediate and the anchor does not
// complete this peer's chain.
static void test_a_tail_longer_than_one_step_is_not_used(void **state) {
  chain_fixture *f = *state;
  assert_int_equal(codicil_chain_cache_new(&f->cache, NULL, 8), CODICIL_OK);
  pki_cert *lower = pki_intermediate(f->intermediate, "lower");
  pki_cert *first = pki_leaf(lower, "DNS:a.example");
  pki_cert *second = pki_leaf(lower, "DNS:b.example");
  assert_int_equal(chain_judge(f, (const pki_cert *[]){first, lower, f->intermediate}, 3),
                   CODICIL_CERT_NONE);
  assert_int_equal(chain_judge(f, (const pki_cert *[]){second, lower}, 2), CODICIL_CERT_UNTRUSTED);
  assert_int_equal(chain_judge(f, (const pki_cert *[]){second, lower, f->intermediate}, 3),
                   CODICIL_CERT_NONE);
  pki_free(second);
  pki_free(first);
  pki_free(lower);
}

static void test_a_tail_holds_under_its_own_anchors_and_in_its_own_time(void **state) {
  chain_fixture *f = *state;
  assert_int_equal(codicil_chain_cache_new(&f->cache, NULL, 8), CODICIL_OK);
  pki_cert *intermediate = pki_make(f->root, &(pki_spec){.is_ca = true, .not_after = PKI_NOW + 60});
  pki_cert *first = pki_leaf(intermediate, "DNS:a.example");
  pki_cert *second = pki_leaf(intermediate, "DNS:b.example");
  pki_cert *third = pki_leaf(intermediate, "DNS:c.example");
  assert_int_equal(chain_judge(f, (const pki_cert *[]){first, intermediate}, 2), CODICIL_CERT_NONE);
  codicil_trust *trust = f->trust;
  f->trust = chain_trust(third);
  assert_int_equal(chain_judge(f, (const pki_cert *[]){second, intermediate}, 2),
                   CODICIL_CERT_UNTRUSTED);
  codicil_trust_free(f->trust);
  f->trust = trust;
  assert_int_equal(chain_judge(f, (const pki_cert *[]){second, intermediate}, 2),
                   CODICIL_CERT_NONE);
  assert_int_equal(f->valid_until, PKI_NOW + 60);
  f->unix_s = PKI_NOW + 60;
  assert_int_equal(chain_judge(f, (const pki_cert *[]){third, intermediate}, 2),
                   CODICIL_CERT_EXPIRED);
  pki_free(third);
  pki_free(second);
  pki_free(first);
  pki_free(intermediate);
}

// The intermediate's staple is looked at each time it comes.
static void test_a_revoking_staple_on_a_known_intermediate_is_heard(void **state) {
  chain_fixture *f = *state;
  assert_int_equal(codicil_chain_cache_new(&f->cache, NULL, 8), CODICIL_OK);
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  pki_bytes staple = pki_ocsp(f->intermediate, f->root, &(pki_ocsp_spec){.status = PKI_REVOKED});
  const codicil_chain_entry entries[] = {
      {.der = pki_der(f->leaf)},
      {.der = pki_der(f->intermediate), .ocsp = codicil_span_of(staple.data, staple.len)}};
  assert_int_equal(chain_judge_entries(f, entries, 2), CODICIL_CERT_REVOKED);
  free(staple.data);
}

static void test_a_revoking_staple_on_a_plain_leaf_is_heard(void **state) {
  chain_fixture *f = *state;
  assert_int_equal(codicil_chain_cache_new(&f->cache, NULL, 8), CODICIL_OK);
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  pki_bytes staple = pki_ocsp(f->leaf, f->intermediate, &(pki_ocsp_spec){.status = PKI_REVOKED});
  const codicil_chain_entry entries[] = {
      {.der = pki_der(f->leaf), .ocsp = codicil_span_of(staple.data, staple.len)},
      {.der = pki_der(f->intermediate)}};
  assert_int_equal(chain_judge_entries(f, entries, 2), CODICIL_CERT_REVOKED);
  free(staple.data);
}

// The anchor's validity bounds the tail, and the intermediate's on both sides.
static void test_a_tail_holds_while_all_of_it_is_valid(void **state) {
  chain_fixture *f = *state;
  const int64_t from = PKI_NOW - 60, to = PKI_NOW + 60;
  pki_cert *root = pki_make(NULL, &(pki_spec){.is_ca = true, .not_after = to});
  pki_cert *intermediate =
      pki_make(root, &(pki_spec){.common_name = "i", .is_ca = true, .not_before = from});
  pki_cert *leaves[4];
  codicil_trust *trust = f->trust;
  f->trust = chain_trust(root);
  assert_int_equal(codicil_chain_cache_new(&f->cache, NULL, 8), CODICIL_OK);
  static const struct {
    int64_t unix_s;
    codicil_cert_reason reason;
  } rows[] = {{PKI_NOW, CODICIL_CERT_NONE},
              {PKI_NOW + 59, CODICIL_CERT_NONE},
              {PKI_NOW + 60, CODICIL_CERT_EXPIRED},
              {PKI_NOW - 61, CODICIL_CERT_NOT_YET_VALID}};
  for (size_t i = 0; i < 4; i++) {
    leaves[i] = pki_leaf(intermediate, "DNS:a.example");
    f->unix_s = rows[i].unix_s;
    assert_int_equal(chain_judge(f, (const pki_cert *[]){leaves[i], intermediate}, 2),
                     rows[i].reason);
    assert_true(rows[i].reason != CODICIL_CERT_NONE || f->valid_until == to);
    pki_free(leaves[i]);
  }
  codicil_trust_free(f->trust);
  f->trust = trust;
  pki_free(intermediate);
  pki_free(root);
}

// What an issuer imposes, and by which extension an end entity meets it.
static void test_what_an_issuer_imposes_is_asked_of_every_leaf(void **state) {
  chain_fixture *f = *state;
  static const struct {
    pki_extension issuers;
    pki_extension leafs;
    const char *alt_names;
    codicil_cert_reason reason; // of a leaf of b.example without the extension
  } rows[] = {
      {{"nameConstraints", "permitted;DNS:a.example"},
       {NULL, NULL},
       "DNS:a.example",
       CODICIL_CERT_NAME_CONSTRAINTS},
      {{"tlsfeature", "status_request_v2"},
       {"tlsfeature", "status_request_v2"},
       "DNS:b.example",
       CODICIL_CERT_UNTRUSTED},
      {{"policyConstraints", "requireExplicitPolicy:1"},
       {"2.5.29.32", "DER:3007300506032a0304"},
       "DNS:b.example",
       CODICIL_CERT_UNTRUSTED},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const pki_extension policies = {"2.5.29.32", "DER:3007300506032a0304"};
    pki_cert *intermediate =
        pki_make(f->root, &(pki_spec){.is_ca = true, .extra = {rows[i].issuers, policies}});
    pki_cert *meets = pki_make(
        intermediate, &(pki_spec){.alt_names = rows[i].alt_names, .extra = {rows[i].leafs}});
    pki_cert *misses = pki_leaf(intermediate, "DNS:b.example");
    assert_int_equal(codicil_chain_cache_new(&f->cache, NULL, 8), CODICIL_OK);
    assert_true(is_plain(meets) && is_plain(misses));
    assert_int_equal(chain_judge(f, (const pki_cert *[]){meets, intermediate}, 2),
                     CODICIL_CERT_NONE);
    assert_int_equal(chain_judge(f, (const pki_cert *[]){misses, intermediate}, 2), rows[i].reason);
    codicil_chain_cache_free(f->cache);
    f->cache = NULL;
    pki_free(misses);
    pki_free(meets);
    pki_free(intermediate);
  }
}

// Lays out a certificate of `tbs` that says ecdsa-with-SHA384 outside of what `key` signs so.
static codicil_span signed_with_sha384(codicil_span tbs, EVP_PKEY *key) {
  static const uint8_t algorithm[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                      0x48, 0xce, 0x3d, 0x04, 0x03, 0x03};
  uint8_t signature[300];
  size_t len = sizeof signature;
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha384(), NULL, key), 1);
  assert_int_equal(EVP_DigestSign(ctx, signature, &len, tbs.data, tbs.len), 1);
  EVP_MD_CTX_free(ctx);
  size_t content_len = tbs.len + sizeof algorithm + 5 + len;
  assert_true(content_len >= 0x100 && content_len <= 0xffff);
  uint8_t *der = malloc(4 + content_len), *at = der;
  *at++ = 0x30, *at++ = 0x82, *at++ = (uint8_t)(content_len >> 8), *at++ = (uint8_t)content_len;
  memcpy(at, tbs.data, tbs.len), at += tbs.len;
  memcpy(at, algorithm, sizeof algorithm), at += sizeof algorithm;
  *at++ = 0x03;
  if (len + 1 >= 0x100) {
    *at++ = 0x82, *at++ = (uint8_t)((len + 1) >> 8);
  } else {
    content_len -= 2;
    der[2] = (uint8_t)(content_len >> 8), der[3] = (uint8_t)content_len;
  }
  *at++ = (uint8_t)(len + 1), *at++ = 0;
  memcpy(at, signature, len);
  return codicil_span_of(der, 4 + content_len);
}

// RFC 5280 §4.1.1.2: what is signed says how, and what stands outside of it says the same.
static void test_an_algorithm_that_is_not_the_signed_one_is_refused_either_way(void **state) {
  chain_fixture *f = *state;
  codicil_cert_fields fields;
  assert_true(codicil_cert_fields_parse(&fields, pki_der(f->leaf)));
  codicil_span der = signed_with_sha384(fields.tbs, f->intermediate->key);
  const codicil_chain_entry entries[] = {{.der = der}, {.der = pki_der(f->intermediate)}};
  assert_true(codicil_cert_fields_parse(&fields, der));
  assert_false(codicil_leaf_is_plain(&fields));
  assert_int_equal(chain_judge_entries(f, entries, 2), CODICIL_CERT_UNTRUSTED);
  assert_int_equal(codicil_chain_cache_new(&f->cache, NULL, 4), CODICIL_OK);
  assert_int_equal(chain_judge_usual(f), CODICIL_CERT_NONE);
  assert_int_equal(chain_judge_entries(f, entries, 2), CODICIL_CERT_UNTRUSTED);
  free((void *)der.data);
}

// An RSA signature is none of ECDSA, whatever its digest.
static void test_an_algorithm_that_is_not_the_issuers_keys_is_refused_either_way(void **state) {
  chain_fixture *f = *state;
  const pki_spec ca = {.common_name = "i", .is_ca = true, .no_key_ids = true};
  pki_spec rsa = ca;
  rsa.alg = "rsa2048";
  pki_cert *namesake = pki_make(f->root, &ca);
  pki_cert *issuer = pki_make(f->root, &rsa);
  pki_cert *known = pki_leaf(issuer, "DNS:a.example");
  pki_cert *leaf =
      pki_make(namesake, &(pki_spec){.alt_names = name, .digest = "sha384", .no_key_ids = true});
  codicil_cert_fields fields;
  assert_true(codicil_cert_fields_parse(&fields, pki_der(leaf)));
  codicil_span der = signed_with_sha384(fields.tbs, issuer->key);
  assert_true(codicil_cert_fields_parse(&fields, der));
  assert_true(codicil_leaf_is_plain(&fields));
  const codicil_chain_entry entries[] = {{.der = der}, {.der = pki_der(issuer)}};
  assert_int_equal(chain_judge_entries(f, entries, 2), CODICIL_CERT_UNTRUSTED);
  assert_int_equal(codicil_chain_cache_new(&f->cache, NULL, 4), CODICIL_OK);
  assert_int_equal(chain_judge(f, (const pki_cert *[]){known, issuer}, 2), CODICIL_CERT_NONE);
  assert_int_equal(chain_judge_entries(f, entries, 2), CODICIL_CERT_UNTRUSTED);
  free((void *)der.data);
  pki_free(leaf);
  pki_free(known);
  pki_free(issuer);
  pki_free(namesake);
}

// Both curves' identifiers differ in their last octet.
static void test_a_key_of_a_length_that_is_not_its_algorithms_is_not_plain(void **state) {
  chain_fixture *f = *state;
  static const char *const algs[] = {"p384", "ed25519"};
  for (size_t i = 0; i < 2; i++) {
    pki_cert *leaf = pki_make(f->intermediate, &(pki_spec){.alg = algs[i], .alt_names = name});
    codicil_cert_fields fields;
    assert_true(codicil_cert_fields_parse(&fields, pki_der(leaf)));
    assert_true(codicil_leaf_is_plain(&fields));
    codicil_span spki = exact_copy(fields.spki);
    size_t at = spki.data[1] >= 0x80 ? 3 : 2; // AlgorithmIdentifier
    ((uint8_t *)spki.data)[at + 1 + spki.data[at + 1]] += 1;
    fields.spki = spki;
    assert_false(codicil_leaf_is_plain(&fields));
    free((void *)spki.data);
    pki_free(leaf);
  }
}

#define CHAIN_TEST(name) cmocka_unit_test_setup_teardown(name, chain_set_up, chain_tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      CHAIN_TEST(test_usual_certificates_are_plain_and_good),
      CHAIN_TEST(test_every_plain_issuers_algorithm_verifies),
      CHAIN_TEST(test_what_is_unusual_goes_the_long_way_and_may_be_good),
      CHAIN_TEST(test_what_is_refused_is_refused_either_way),
      CHAIN_TEST(test_every_octet_of_a_plain_certificate_is_signed),
      CHAIN_TEST(test_a_leaf_of_a_namesake_of_the_known_issuer_is_refused),
      CHAIN_TEST(test_a_leaf_with_another_issuers_name_is_refused),
      CHAIN_TEST(test_a_tail_longer_than_one_step_is_not_used),
      CHAIN_TEST(test_a_tail_holds_under_its_own_anchors_and_in_its_own_time),
      CHAIN_TEST(test_a_revoking_staple_on_a_known_intermediate_is_heard),
      CHAIN_TEST(test_a_revoking_staple_on_a_plain_leaf_is_heard),
      CHAIN_TEST(test_a_tail_holds_while_all_of_it_is_valid),
      CHAIN_TEST(test_what_an_issuer_imposes_is_asked_of_every_leaf),
      CHAIN_TEST(test_an_algorithm_that_is_not_the_signed_one_is_refused_either_way),
      CHAIN_TEST(test_an_algorithm_that_is_not_the_issuers_keys_is_refused_either_way),
      CHAIN_TEST(test_a_key_of_a_length_that_is_not_its_algorithms_is_not_plain),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
