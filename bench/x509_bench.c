// What a secondary certificate costs its receiver, whole: authenticator, identity and path.
//
// Each figure is the ratio of the medians of that sum and of one bare P-256 verification, taken in
// turns in one run. Chains are an end entity and an intermediate, P-256 throughout. Cold: no cache.
// Intermediate warm: the intermediate came with another end entity before. Verdict warm: this very
// chain was judged before.
#include <string.h>

#include "bench.h"
#include "codicil/ea.h"
#include "codicil/x509.h"
#include "pki_fixture.h"

enum { TURNS = 201, PER_TURN = 8, WARM_UP = 3, TBS_LEN = 119, NUM_PHASES = 3 };

typedef struct bench {
  pki_cert *root, *intermediate;
  codicil_trust *trust;
  codicil_chain_cache *cache;
  codicil_buf authenticators[PER_TURN]; // each of an end entity never seen before
  EVP_PKEY *key;
  uint8_t tbs[TBS_LEN];
  uint8_t signature[80];
  size_t signature_len;
  uint32_t num_contexts;
} bench;

static const codicil_span none = {NULL, 0};

// ---- material ---------------------------------------------------------------------------------

static codicil_err fixed_export(void *ctx, uint8_t *out, size_t out_len, const char *label,
                                size_t label_len) {
  (void)ctx;
  for (size_t i = 0; i < out_len; i++) {
    out[i] = (uint8_t)(label[i % label_len] + (char)i);
  }
  return CODICIL_OK;
}

static codicil_ea *new_end(bool is_server) {
  static const uint8_t schemes[] = {4, 3};
  static const uint8_t extensions[] = {0, 0, 0, 13};
  const codicil_tls tls = {.exporter = fixed_export,
                           .hash = CODICIL_HASH_SHA256,
                           .is_server = is_server,
                           .client_schemes = codicil_span_of(schemes, sizeof schemes),
                           .client_extensions = codicil_span_of(extensions, sizeof extensions)};
  codicil_ea *ea = NULL;
  CHECK(codicil_ea_new(&ea, NULL, &tls) == CODICIL_OK);
  return ea;
}

static void make_authenticator(bench *b, codicil_ea *server, codicil_buf *out) {
  pki_cert *leaf = pki_leaf(b->intermediate, "DNS:www.example,DNS:img.example");
  char *chain = pki_chain_pem(leaf, b->intermediate);
  codicil_credential *credential = NULL;
  CHECK(codicil_credential_new(&credential, NULL, NULL, codicil_span_of(chain, strlen(chain)),
                               pki_key_pem(leaf)) == CODICIL_OK);
  uint8_t context[16] = {0};
  b->num_contexts++;
  memcpy(context, &b->num_contexts, sizeof b->num_contexts);
  codicil_buf_reset(out);
  CHECK(codicil_ea_authenticate(server, out, credential, none,
                                codicil_span_of(context, sizeof context)) == CODICIL_OK);
  codicil_credential_free(credential);
  free(chain);
  pki_free(leaf);
}

static void make_authenticators(bench *b) {
  codicil_ea *server = new_end(true);
  for (size_t i = 0; i < PER_TURN; i++) {
    make_authenticator(b, server, &b->authenticators[i]);
  }
  codicil_ea_free(server);
}

static void set_up(bench *b) {
  b->root = pki_root("root");
  b->intermediate = pki_intermediate(b->root, "intermediate");
  CHECK(codicil_trust_new(&b->trust, NULL) == CODICIL_OK);
  CHECK(codicil_trust_add_pem(b->trust, NULL, NULL, pki_pem(b->root)) == CODICIL_OK);
  CHECK(codicil_chain_cache_new(&b->cache, NULL, 256) == CODICIL_OK);
  for (size_t i = 0; i < PER_TURN; i++) {
    codicil_buf_init(&b->authenticators[i], NULL, 131072);
  }
  b->key = EVP_EC_gen("P-256");
  b->signature_len = sizeof b->signature;
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  CHECK(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, b->key, NULL) == 1 &&
        EVP_DigestSign(ctx, b->signature, &b->signature_len, b->tbs, TBS_LEN) == 1);
  EVP_MD_CTX_free(ctx);
}

static void tear_down(bench *b) {
  for (size_t i = 0; i < PER_TURN; i++) {
    codicil_buf_clear(&b->authenticators[i]);
  }
  codicil_chain_cache_free(b->cache);
  codicil_trust_free(b->trust);
  pki_free(b->intermediate);
  pki_free(b->root);
  EVP_PKEY_free(b->key);
}

// ---- the two sides ----------------------------------------------------------------------------

static void bare_verify(const bench *b) {
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  CHECK(EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", NULL, NULL, b->key, NULL) == 1 &&
        EVP_DigestVerify(ctx, b->signature, b->signature_len, b->tbs, TBS_LEN) == 1);
  EVP_MD_CTX_free(ctx);
}

static void judge(const bench *b, const codicil_ea_proof *proof, codicil_chain_cache *cache) {
  codicil_chain_entry entries[2];
  codicil_identity *identity = NULL;
  codicil_chain_verdict verdict;
  for (size_t i = 0; i < 2; i++) {
    entries[i] =
        (codicil_chain_entry){codicil_ea_proof_certificate(proof, i),
                              codicil_ea_proof_ocsp(proof, i), codicil_ea_proof_scts(proof, i)};
  }
  CHECK(codicil_identity_new(&identity, NULL, entries[0].der, PKI_OID) == CODICIL_OK);
  CHECK(codicil_chain_validate(&verdict, NULL, b->trust, NULL, cache, entries, 2, PKI_NOW) ==
            CODICIL_OK &&
        verdict.reason == CODICIL_CERT_NONE);
  codicil_identity_free(identity);
}

static void receive(const bench *b, codicil_ea *client, const codicil_buf *authenticator,
                    codicil_chain_cache *cache) {
  codicil_ea_proof *proof = NULL;
  CHECK(codicil_ea_verify(client, &proof, NULL, codicil_buf_span(authenticator), none) ==
        CODICIL_OK);
  judge(b, proof, cache);
  codicil_ea_proof_free(proof);
}

// ---- measuring --------------------------------------------------------------------------------

static double time_bare(const bench *b) {
  double start = bench_cpu_ns() / 1e3;
  for (size_t i = 0; i < PER_TURN; i++) {
    bare_verify(b);
  }
  return (bench_cpu_ns() / 1e3 - start) / PER_TURN;
}

// A new connection each time: a client refuses an authenticator that it has seen.
static double time_receive(const bench *b, codicil_chain_cache *cache) {
  codicil_ea *client = new_end(false);
  double start = bench_cpu_ns() / 1e3;
  for (size_t i = 0; i < PER_TURN; i++) {
    receive(b, client, &b->authenticators[i], cache);
  }
  double each = (bench_cpu_ns() / 1e3 - start) / PER_TURN;
  codicil_ea_free(client);
  return each;
}

static void print_ratio(const char *phase, double ours, double bare) {
  printf("{\"name\": \"ea_validate_path_%s_p256\", \"value\": %.3f, \"unit\": \"ratio\", "
         "\"against\": \"bare verification\", \"n\": %d}\n",
         phase, ours / bare, TURNS * PER_TURN);
  fprintf(stderr, "ea_validate_path_%s_p256: %.1f us, bare verification %.1f us\n", phase, ours,
          bare);
}

int main(void) {
  static const char *const phases[NUM_PHASES] = {"cold", "intermediate_warm", "verdict_warm"};
  static double bare[TURNS], taken[NUM_PHASES][TURNS];
  bench b = {.num_contexts = 0};
  set_up(&b);
  for (size_t turn = 0; turn < TURNS + WARM_UP; turn++) {
    size_t at = turn < WARM_UP ? 0 : turn - WARM_UP;
    make_authenticators(&b);
    bare[at] = time_bare(&b);
    taken[0][at] = time_receive(&b, NULL);
    taken[1][at] = time_receive(&b, b.cache);
    taken[2][at] = time_receive(&b, b.cache);
  }
  double bare_us = bench_median(bare, TURNS);
  for (size_t i = 0; i < NUM_PHASES; i++) {
    print_ratio(phases[i], bench_median(taken[i], TURNS), bare_us);
  }
  tear_down(&b);
  return 0;
}
