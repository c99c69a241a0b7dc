// Timestamps against logs: what counts, what does not, and OpenSSL's own word on the same.
#include "cmocka_test.h"

#include <openssl/ct.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "chain_fixture.h"
#include "pki_evidence.h"
#include "span.h"
#include "trust.h"

typedef struct fixture {
  chain_fixture *chain;
  pki_log *a, *b;
} fixture;

static void trust_log(const fixture *f, const pki_log *log, int64_t from_s, int64_t until_s) {
  codicil_span spki = exact_copy(codicil_span_of(log->spki, log->spki_len));
  assert_int_equal(codicil_trust_add_log(f->chain->trust, NULL, spki, from_s, until_s), CODICIL_OK);
  assert_int_equal(ERR_peek_error(), 0);
  free((void *)spki.data);
}

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  chain_set_up((void **)&f->chain);
  f->a = pki_log_new(NULL);
  f->b = pki_log_new("rsa2048");
  trust_log(f, f->a, 0, INT64_MAX);
  trust_log(f, f->b, 0, INT64_MAX);
  codicil_trust_set_min_scts(f->chain->trust, 2);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  void *chain = f->chain;
  chain_tear_down(&chain);
  pki_log_free(f->a);
  pki_log_free(f->b);
  free(f);
  return 0;
}

static codicil_cert_reason judge(const fixture *f, const pki_cert *leaf) {
  codicil_cert_reason reason =
      chain_judge(f->chain, (const pki_cert *[]){leaf, f->chain->intermediate}, 2);
  if (reason == CODICIL_CERT_SCTS) {
    assert_string_equal(f->chain->diag.what, "too few valid timestamps of different logs");
  }
  return reason;
}

// Judges the usual leaf with these timestamps embedded.
static codicil_cert_reason judge_embedded(const fixture *f, const pki_sct_spec *specs, size_t num,
                                          int at) {
  const chain_fixture *c = f->chain;
  pki_cert *leaf = pki_with_scts(c->leaf, c->intermediate, c->intermediate, specs, num, at);
  codicil_cert_reason reason = judge(f, leaf);
  pki_free(leaf);
  return reason;
}

// Judges the usual leaf with timestamps of the TLS extension and of its staple, any of which may
// be none.
static codicil_cert_reason judge_lists(const fixture *f, const pki_sct_spec *tls, size_t num_tls,
                                       const pki_sct_spec *stapled, size_t num_stapled) {
  const chain_fixture *c = f->chain;
  pki_bytes list = {NULL, 0}, inner = {NULL, 0}, staple = {NULL, 0};
  if (num_tls != 0) {
    list = pki_signed_scts(c->leaf, tls, num_tls);
  }
  if (num_stapled != 0) {
    inner = pki_signed_scts(c->leaf, stapled, num_stapled);
    staple = pki_ocsp(c->leaf, c->intermediate,
                      &(pki_ocsp_spec){.scts = codicil_span_of(inner.data, inner.len)});
  }
  const codicil_chain_entry entries[] = {{.der = pki_der(c->leaf),
                                          .ocsp = codicil_span_of(staple.data, staple.len),
                                          .scts = codicil_span_of(list.data, list.len)},
                                         {.der = pki_der(c->intermediate)}};
  codicil_cert_reason reason = chain_judge_entries(f->chain, entries, 2);
  free(list.data);
  free(inner.data);
  free(staple.data);
  return reason;
}

// ---- logs ---------------------------------------------------------------------------------------

static void test_a_key_that_no_log_has_is_refused(void **state) {
  const fixture *f = *state;
  static const char *const algs[] = {"p384", "rsa1024", "ed25519", "rsapss2048"};
  codicil_diag diag = {NULL, 0};
  for (size_t i = 0; i < 4; i++) {
    pki_log *log = pki_log_new(algs[i]);
    assert_int_equal(codicil_trust_add_log(f->chain->trust, &diag,
                                           codicil_span_of(log->spki, log->spki_len), 0, INT64_MAX),
                     CODICIL_BAD_INPUT);
    assert_string_equal(diag.what, "public key is neither of P-256 nor RSA of 2048 bits");
    pki_log_free(log);
  }
  pki_bytes longer = {malloc(f->a->spki_len + 1), f->a->spki_len + 1};
  memcpy(longer.data, f->a->spki, f->a->spki_len);
  longer.data[f->a->spki_len] = 0;
  for (size_t len = 0; len <= longer.len; len += len == 0 ? f->a->spki_len - 1 : 2) {
    assert_int_equal(codicil_trust_add_log(f->chain->trust, &diag,
                                           codicil_span_of(longer.data, len), 0, INT64_MAX),
                     CODICIL_BAD_INPUT);
    assert_string_equal(diag.what, "public key does not parse");
  }
  free(longer.data);
}

// ---- what counts --------------------------------------------------------------------------------

static void test_embedded_timestamps_of_two_logs_are_two(void **state) {
  const fixture *f = *state;
  const pki_sct_spec specs[] = {{.log = f->a}, {.log = f->b}};
  // Wherever the extension stands among the others.
  for (int at = -1; at <= 3; at++) {
    assert_int_equal(judge_embedded(f, specs, 2, at), CODICIL_CERT_NONE);
    assert_int_equal(judge_embedded(f, specs, 1, at), CODICIL_CERT_SCTS);
  }
  assert_int_equal(judge(f, f->chain->leaf), CODICIL_CERT_SCTS);
  codicil_trust_set_min_scts(f->chain->trust, 0);
  assert_int_equal(judge(f, f->chain->leaf), CODICIL_CERT_NONE);
}

// Lengths of one octet and of more are written anew where the timestamps are cut out.
static void test_lengths_change_their_size_when_timestamps_are_cut_out(void **state) {
  const fixture *f = *state;
  const chain_fixture *c = f->chain;
  const pki_sct_spec specs[] = {{.log = f->a}, {.log = f->b}};
  static const size_t sizes[] = {1, 60, 200, 9000};
  for (size_t i = 0; i < 4; i++) {
    char *comment = malloc(sizes[i] + 1);
    memset(comment, 'x', sizes[i]);
    comment[sizes[i]] = '\0';
    pki_cert *leaf = pki_make(c->intermediate, &(pki_spec){.common_name = "s",
                                                           .alt_names = "DNS:a.example",
                                                           .no_key_ids = true,
                                                           .extra = {{"nsComment", comment}}});
    pki_cert *logged = pki_with_scts(leaf, c->intermediate, c->intermediate, specs, 2, -1);
    assert_int_equal(judge(f, logged), CODICIL_CERT_NONE);
    pki_free(logged);
    pki_free(leaf);
    free(comment);
  }
}

static void test_timestamps_beside_the_certificate_count_as_those_in_it(void **state) {
  const fixture *f = *state;
  const pki_sct_spec a = {.log = f->a}, b = {.log = f->b};
  const pki_sct_spec both[] = {a, b};
  assert_int_equal(judge_lists(f, both, 2, NULL, 0), CODICIL_CERT_NONE);
  assert_int_equal(judge_lists(f, NULL, 0, both, 2), CODICIL_CERT_NONE);
  assert_int_equal(judge_lists(f, &a, 1, &b, 1), CODICIL_CERT_NONE);
  assert_int_equal(judge_lists(f, &a, 1, NULL, 0), CODICIL_CERT_SCTS);
  assert_int_equal(judge_lists(f, NULL, 0, &b, 1), CODICIL_CERT_SCTS);
  assert_int_equal(judge_lists(f, NULL, 0, NULL, 0), CODICIL_CERT_SCTS);
}

static void test_an_end_entity_that_is_its_own_anchor_needs_timestamps_too(void **state) {
  const fixture *f = *state;
  const pki_sct_spec specs[] = {{.log = f->a}, {.log = f->b}};
  pki_cert *own = pki_make(NULL, &(pki_spec){.alt_names = "DNS:a.example"});
  assert_int_equal(codicil_trust_add_pem(f->chain->trust, NULL, NULL, pki_pem(own)), CODICIL_OK);
  pki_bytes tls = pki_signed_scts(own, specs, 1), inner = pki_signed_scts(own, specs + 1, 1);
  pki_bytes staple =
      pki_ocsp(own, own, &(pki_ocsp_spec){.scts = codicil_span_of(inner.data, inner.len)});
  codicil_chain_entry entry = {.der = pki_der(own),
                               .ocsp = codicil_span_of(staple.data, staple.len)};
  assert_int_equal(chain_judge_entries(f->chain, &entry, 1), CODICIL_CERT_SCTS);
  entry.scts = codicil_span_of(tls.data, tls.len);
  assert_int_equal(chain_judge_entries(f->chain, &entry, 1), CODICIL_CERT_NONE);
  free(staple.data);
  free(inner.data);
  free(tls.data);
  pki_free(own);
}

static void test_one_log_counts_once(void **state) {
  const fixture *f = *state;
  const pki_sct_spec a[] = {{.log = f->a}, {.log = f->a, .unix_s = PKI_NOW - 5}};
  assert_int_equal(judge_lists(f, a, 2, a, 2), CODICIL_CERT_SCTS);
  codicil_trust_set_min_scts(f->chain->trust, 1);
  assert_int_equal(judge_lists(f, a, 2, NULL, 0), CODICIL_CERT_NONE);
}

// ---- what does not ------------------------------------------------------------------------------

static void test_a_timestamp_that_its_log_did_not_sign_counts_for_nothing(void **state) {
  const fixture *f = *state;
  pki_log *stranger = pki_log_new(NULL);
  const pki_sct_spec bad[] = {{.log = f->b, .is_forged = true},
                              {.log = stranger},
                              {.log = f->b, .version = 1},
                              {.log = f->b, .algorithm = 0x0403},
                              {.log = f->b, .algorithm = 0x0601}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    const pki_sct_spec specs[] = {{.log = f->a}, bad[i]};
    assert_int_equal(judge_embedded(f, specs, 2, -1), CODICIL_CERT_SCTS);
    assert_int_equal(judge_lists(f, specs, 2, NULL, 0), CODICIL_CERT_SCTS);
  }
  const pki_sct_spec wrong_then_right[] = {{.log = f->a}, bad[0], {.log = f->b}};
  assert_int_equal(judge_lists(f, wrong_then_right, 3, NULL, 0), CODICIL_CERT_NONE);
  pki_log_free(stranger);
}

static void test_after_eight_wrong_signatures_no_more_are_verified(void **state) {
  const fixture *f = *state;
  pki_sct_spec specs[10] = {[8] = {.log = f->a}, [9] = {.log = f->b}};
  for (size_t i = 0; i < 8; i++) {
    specs[i] = (pki_sct_spec){.log = f->a, .is_forged = true};
  }
  assert_int_equal(judge_lists(f, specs + 1, 9, NULL, 0), CODICIL_CERT_NONE);
  assert_int_equal(judge_lists(f, specs, 10, NULL, 0), CODICIL_CERT_SCTS);
  // Wherever they stand.
  assert_int_equal(judge_lists(f, specs + 1, 7, specs + 8, 2), CODICIL_CERT_NONE);
  assert_int_equal(judge_lists(f, specs, 8, specs + 8, 2), CODICIL_CERT_SCTS);
}

static void test_a_timestamp_is_for_one_certificate_of_one_issuer(void **state) {
  const fixture *f = *state;
  const chain_fixture *c = f->chain;
  const pki_sct_spec specs[] = {{.log = f->a}, {.log = f->b}};
  pki_cert *other = pki_leaf(c->intermediate, "DNS:b.example");
  pki_bytes list = pki_signed_scts(other, specs, 2);
  const codicil_chain_entry entries[] = {
      {.der = pki_der(c->leaf), .scts = codicil_span_of(list.data, list.len)},
      {.der = pki_der(c->intermediate)}};
  assert_int_equal(chain_judge_entries(f->chain, entries, 2), CODICIL_CERT_SCTS);
  // Logged under another issuer's key.
  pki_cert *leaf = pki_with_scts(c->leaf, c->intermediate, c->root, specs, 2, -1);
  assert_int_equal(judge(f, leaf), CODICIL_CERT_SCTS);
  pki_free(leaf);
  free(list.data);
  pki_free(other);
}

static void test_lists_that_do_not_parse_count_for_nothing(void **state) {
  const fixture *f = *state;
  const chain_fixture *c = f->chain;
  const pki_sct_spec specs[] = {{.log = f->a}, {.log = f->b}};
  pki_bytes list = pki_signed_scts(c->leaf, specs, 2);
  const codicil_chain_entry entries[] = {
      {.der = pki_der(c->leaf), .scts = codicil_span_of(list.data, list.len - 1)},
      {.der = pki_der(c->intermediate)}};
  assert_int_equal(chain_judge_entries(f->chain, entries, 2), CODICIL_CERT_SCTS);
  for (int trail = 0; trail < 2; trail++) {
    const pki_ocsp_spec spec = {.scts = codicil_span_of(list.data, list.len),
                                .scts_trail = trail == 1};
    pki_bytes staple = pki_ocsp(c->leaf, c->intermediate, &spec);
    const codicil_chain_entry stapled[] = {
        {.der = pki_der(c->leaf), .ocsp = codicil_span_of(staple.data, staple.len)},
        {.der = pki_der(c->intermediate)}};
    assert_int_equal(chain_judge_entries(f->chain, stapled, 2),
                     trail == 0 ? CODICIL_CERT_NONE : CODICIL_CERT_SCTS);
    free(staple.data);
  }
  free(list.data);
}

//= https://www.rfc-editor.org/rfc/rfc6962#section-5.2
//# TLS clients MUST reject SCTs whose timestamp is in the future.
static void test_a_timestamp_counts_from_its_own_second(void **state) {
  const fixture *f = *state;
  const pki_sct_spec specs[] = {{.log = f->a}, {.log = f->b, .unix_s = PKI_NOW + 60}};
  assert_int_equal(codicil_chain_cache_new(&f->chain->cache, NULL, 4), CODICIL_OK);
  pki_bytes list = pki_signed_scts(f->chain->leaf, specs, 2);
  const codicil_chain_entry entries[] = {
      {.der = pki_der(f->chain->leaf), .scts = codicil_span_of(list.data, list.len)},
      {.der = pki_der(f->chain->intermediate)}};
  assert_int_equal(chain_judge_entries(f->chain, entries, 2), CODICIL_CERT_SCTS);
  assert_int_equal(f->chain->valid_until, PKI_NOW + 60);
  f->chain->unix_s += 59;
  assert_int_equal(chain_judge_entries(f->chain, entries, 2), CODICIL_CERT_SCTS);
  f->chain->unix_s += 1;
  assert_int_equal(chain_judge_entries(f->chain, entries, 2), CODICIL_CERT_NONE);
  free(list.data);
}

static void test_a_log_counts_for_timestamps_of_its_time(void **state) {
  const fixture *f = *state;
  pki_log *c = pki_log_new(NULL);
  trust_log(f, c, PKI_NOW - 100, PKI_NOW - 50);
  static const struct {
    int64_t unix_s;
    codicil_cert_reason want;
  } cases[] = {{PKI_NOW - 101, CODICIL_CERT_SCTS},
               {PKI_NOW - 100, CODICIL_CERT_NONE},
               {PKI_NOW - 51, CODICIL_CERT_NONE},
               {PKI_NOW - 50, CODICIL_CERT_SCTS}};
  for (size_t i = 0; i < 4; i++) {
    const pki_sct_spec specs[] = {{.log = f->a}, {.log = c, .unix_s = cases[i].unix_s}};
    assert_int_equal(judge_lists(f, specs, 2, NULL, 0), cases[i].want);
  }
  // The same log with another time beside: its timestamps may be of either, and are one log's.
  trust_log(f, c, PKI_NOW - 50, PKI_NOW);
  const pki_sct_spec two[] = {{.log = c, .unix_s = PKI_NOW - 51},
                              {.log = c, .unix_s = PKI_NOW - 50}};
  assert_int_equal(judge_lists(f, two, 2, NULL, 0), CODICIL_CERT_SCTS);
  const pki_sct_spec late[] = {{.log = f->a}, two[1]};
  assert_int_equal(judge_lists(f, late, 2, NULL, 0), CODICIL_CERT_NONE);
  pki_log_free(c);
}

// ---- the cache, the short way -------------------------------------------------------------------

static void test_a_cached_verdict_does_not_survive_another_policy(void **state) {
  const fixture *f = *state;
  chain_fixture *c = f->chain;
  pki_log *third = pki_log_new(NULL);
  const pki_sct_spec specs[] = {{.log = f->a}, {.log = f->b}, {.log = third}};
  pki_cert *leaf = pki_with_scts(c->leaf, c->intermediate, c->intermediate, specs, 3, -1);
  assert_int_equal(codicil_chain_cache_new(&c->cache, NULL, 16), CODICIL_OK);
  assert_int_equal(judge(f, leaf), CODICIL_CERT_NONE);
  codicil_trust_set_min_scts(c->trust, 3);
  assert_int_equal(judge(f, leaf), CODICIL_CERT_SCTS);
  trust_log(f, third, 0, INT64_MAX);
  assert_int_equal(judge(f, leaf), CODICIL_CERT_NONE);
  pki_free(leaf);
  pki_log_free(third);
}

static void test_the_short_way_counts_timestamps(void **state) {
  const fixture *f = *state;
  const chain_fixture *c = f->chain;
  const pki_sct_spec specs[] = {{.log = f->a}, {.log = f->b}};
  assert_int_equal(codicil_chain_cache_new(&f->chain->cache, NULL, 16), CODICIL_OK);
  for (int i = 0; i < 3; i++) {
    pki_cert *bare = pki_leaf(c->intermediate, "DNS:b.example");
    pki_cert *leaf = pki_with_scts(bare, c->intermediate, c->intermediate, specs, 2, 0);
    assert_int_equal(judge(f, leaf), CODICIL_CERT_NONE);
    assert_int_equal(judge(f, bare), CODICIL_CERT_SCTS);
    pki_free(leaf);
    pki_free(bare);
  }
}

// ---- another's word -----------------------------------------------------------------------------

static CTLOG_STORE *openssl_store(const fixture *f) {
  char path[] = "/tmp/codicil-ct-XXXXXX";
  int fd = mkstemp(path);
  FILE *file = fdopen(fd, "w");
  assert_non_null(file);
  fprintf(file, "enabled_logs = a,b\n");
  const pki_log *logs[] = {f->a, f->b};
  for (int i = 0; i < 2; i++) {
    uint8_t text[1024];
    EVP_EncodeBlock(text, logs[i]->spki, (int)logs[i]->spki_len);
    fprintf(file, "[%c]\ndescription = log\nkey = %s\n", 'a' + i, text);
  }
  fclose(file);
  CTLOG_STORE *store = CTLOG_STORE_new();
  assert_int_equal(CTLOG_STORE_load_file(store, path), 1);
  unlink(path);
  return store;
}

// The signer of these tests and the verifier under test could be wrong alike.
static void test_openssl_finds_the_same_timestamps_valid(void **state) {
  const fixture *f = *state;
  const chain_fixture *c = f->chain;
  const pki_sct_spec specs[] = {{.log = f->a}, {.log = f->b}, {.log = f->a, .is_forged = true}};
  pki_cert *leaf = pki_with_scts(c->leaf, c->intermediate, c->intermediate, specs, 3, 2);
  CTLOG_STORE *store = openssl_store(f);
  CT_POLICY_EVAL_CTX *ctx = CT_POLICY_EVAL_CTX_new();
  CT_POLICY_EVAL_CTX_set_shared_CTLOG_STORE(ctx, store);
  CT_POLICY_EVAL_CTX_set_time(ctx, (uint64_t)PKI_NOW * 1000);
  assert_int_equal(CT_POLICY_EVAL_CTX_set1_cert(ctx, leaf->x509), 1);
  assert_int_equal(CT_POLICY_EVAL_CTX_set1_issuer(ctx, c->intermediate->x509), 1);
  STACK_OF(SCT) *scts = X509_get_ext_d2i(leaf->x509, NID_ct_precert_scts, NULL, NULL);
  assert_int_equal(sk_SCT_num(scts), 3);
  for (int i = 0; i < 3; i++) {
    SCT *sct = sk_SCT_value(scts, i);
    assert_int_equal(SCT_set_log_entry_type(sct, CT_LOG_ENTRY_TYPE_PRECERT), 1);
    assert_int_equal(SCT_validate(sct, ctx), i < 2 ? 1 : 0);
  }
  SCT_LIST_free(scts);
  CT_POLICY_EVAL_CTX_free(ctx);
  CTLOG_STORE_free(store);
  pki_free(leaf);
  ERR_clear_error();
}

#define SCT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      SCT_TEST(test_a_key_that_no_log_has_is_refused),
      SCT_TEST(test_embedded_timestamps_of_two_logs_are_two),
      SCT_TEST(test_lengths_change_their_size_when_timestamps_are_cut_out),
      SCT_TEST(test_timestamps_beside_the_certificate_count_as_those_in_it),
      SCT_TEST(test_an_end_entity_that_is_its_own_anchor_needs_timestamps_too),
      SCT_TEST(test_one_log_counts_once),
      SCT_TEST(test_a_timestamp_that_its_log_did_not_sign_counts_for_nothing),
      SCT_TEST(test_after_eight_wrong_signatures_no_more_are_verified),
      SCT_TEST(test_a_timestamp_is_for_one_certificate_of_one_issuer),
      SCT_TEST(test_lists_that_do_not_parse_count_for_nothing),
      SCT_TEST(test_a_timestamp_counts_from_its_own_second),
      SCT_TEST(test_a_log_counts_for_timestamps_of_its_time),
      SCT_TEST(test_a_cached_verdict_does_not_survive_another_policy),
      SCT_TEST(test_the_short_way_counts_timestamps),
      SCT_TEST(test_openssl_finds_the_same_timestamps_valid),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
