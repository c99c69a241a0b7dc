// What an authenticator costs beside the signature in it.
//
// Creating is held against one EVP_DigestSign, validating (without a path) against one
// EVP_DigestVerify, each with a ready key, a new context and a message as long as the one that is
// signed. The two sides take turns in one run, and the figure is the ratio of their medians.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "bench.h"
#include "codicil/ea.h"

enum { TURNS = 301, PER_TURN = 8, WARM_UP = 3, TBS_LEN = 119 };

typedef struct algorithm {
  const char *name;
  const char *digest;
  uint16_t scheme;
} algorithm;

// One algorithm's material: a chain of two certificates, its key, and both ends of a connection.
typedef struct subject {
  const algorithm *alg;
  EVP_PKEY *key;
  codicil_credential *credential;
  codicil_ea *client, *server;
  codicil_buf authenticators[PER_TURN];
  uint8_t tbs[TBS_LEN];
  uint8_t signature[1024];
  size_t signature_len;
  uint32_t contexts; // counted, so that none comes twice
} subject;

static const codicil_span none = {NULL, 0};

// ---- material ---------------------------------------------------------------------------------

static EVP_PKEY *new_key(const char *name) {
  if (strcmp(name, "rsa2048") == 0) {
    return EVP_RSA_gen(2048);
  }
  return strcmp(name, "p256") == 0 ? EVP_EC_gen("P-256") : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

static X509 *new_certificate(EVP_PKEY *key, const char *subject_name, EVP_PKEY *issuer_key,
                             const char *issuer_name, const char *digest) {
  X509 *x509 = X509_new();
  CHECK(x509 != NULL && X509_set_version(x509, X509_VERSION_3) == 1);
  CHECK(ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) == 1);
  X509_gmtime_adj(X509_getm_notBefore(x509), 0);
  X509_gmtime_adj(X509_getm_notAfter(x509), 86400);
  CHECK(X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                                   (const unsigned char *)subject_name, -1, -1, 0) == 1);
  CHECK(X509_NAME_add_entry_by_txt(X509_get_issuer_name(x509), "CN", MBSTRING_ASC,
                                   (const unsigned char *)issuer_name, -1, -1, 0) == 1);
  CHECK(X509_set_pubkey(x509, key) == 1);
  X509_EXTENSION *names =
      X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:www.example,DNS:img.example");
  CHECK(names != NULL && X509_add_ext(x509, names, -1) == 1);
  X509_EXTENSION_free(names);
  CHECK(X509_sign(x509, issuer_key, digest != NULL ? EVP_sha256() : NULL) > 0);
  return x509;
}

static codicil_span bio_span(BIO *bio) {
  char *data;
  long len = BIO_get_mem_data(bio, &data);
  return codicil_span_of(data, (size_t)len);
}

static void make_credential(subject *s) {
  EVP_PKEY *ca_key = new_key(s->alg->name);
  X509 *leaf = new_certificate(s->key, "leaf", ca_key, "intermediate", s->alg->digest);
  X509 *ca = new_certificate(ca_key, "intermediate", ca_key, "root", s->alg->digest);
  BIO *chain = BIO_new(BIO_s_mem());
  BIO *key = BIO_new(BIO_s_mem());
  CHECK(PEM_write_bio_X509(chain, leaf) == 1 && PEM_write_bio_X509(chain, ca) == 1);
  CHECK(PEM_write_bio_PrivateKey(key, s->key, NULL, NULL, 0, NULL, NULL) == 1);
  CHECK(codicil_credential_new(&s->credential, NULL, NULL, bio_span(chain), bio_span(key)) ==
        CODICIL_OK);
  BIO_free(chain);
  BIO_free(key);
  X509_free(leaf);
  X509_free(ca);
  EVP_PKEY_free(ca_key);
}

static codicil_err fixed_export(void *ctx, uint8_t *out, size_t out_len, const char *label,
                                size_t label_len) {
  (void)ctx;
  for (size_t i = 0; i < out_len; i++) {
    out[i] = (uint8_t)(label[i % label_len] + (char)i);
  }
  return CODICIL_OK;
}

static void make_connection(subject *s) {
  static const uint8_t schemes[] = {4, 3, 5, 3, 8, 4, 8, 5, 8, 6, 8, 7, 4, 1};
  static const uint8_t extensions[] = {0, 0, 0, 5, 0, 10, 0, 13, 0, 16, 0, 18, 0, 43, 0, 51};
  codicil_tls tls = {.exporter = fixed_export,
                     .hash = CODICIL_HASH_SHA256,
                     .client_schemes = codicil_span_of(schemes, sizeof schemes),
                     .client_extensions = codicil_span_of(extensions, sizeof extensions)};
  codicil_ea_free(s->client);
  codicil_ea_free(s->server);
  CHECK(codicil_ea_new(&s->client, NULL, &tls) == CODICIL_OK);
  tls.is_server = true;
  CHECK(codicil_ea_new(&s->server, NULL, &tls) == CODICIL_OK);
}

// ---- the two sides ----------------------------------------------------------------------------

static bool set_padding(const subject *s, EVP_PKEY_CTX *ctx) {
  return s->alg->scheme != 0x0804 ||
         (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
          EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1);
}

static void bare_sign(subject *s, size_t index) {
  (void)index;
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  EVP_PKEY_CTX *key_ctx;
  s->signature_len = sizeof s->signature;
  CHECK(EVP_DigestSignInit_ex(ctx, &key_ctx, s->alg->digest, NULL, NULL, s->key, NULL) == 1 &&
        set_padding(s, key_ctx) &&
        EVP_DigestSign(ctx, s->signature, &s->signature_len, s->tbs, TBS_LEN) == 1);
  EVP_MD_CTX_free(ctx);
}

static void bare_verify(subject *s, size_t index) {
  (void)index;
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  EVP_PKEY_CTX *key_ctx;
  CHECK(EVP_DigestVerifyInit_ex(ctx, &key_ctx, s->alg->digest, NULL, NULL, s->key, NULL) == 1 &&
        set_padding(s, key_ctx) &&
        EVP_DigestVerify(ctx, s->signature, s->signature_len, s->tbs, TBS_LEN) == 1);
  EVP_MD_CTX_free(ctx);
}

static void create(subject *s, size_t index) {
  uint8_t context[16] = {0};
  s->contexts++;
  memcpy(context, &s->contexts, sizeof s->contexts);
  codicil_buf_reset(&s->authenticators[index]);
  CHECK(codicil_ea_authenticate(s->server, &s->authenticators[index], s->credential, none,
                                codicil_span_of(context, sizeof context)) == CODICIL_OK);
}

static void validate(subject *s, size_t index) {
  codicil_ea_proof *proof;
  CHECK(codicil_ea_verify(s->client, &proof, NULL, codicil_buf_span(&s->authenticators[index]),
                          none) == CODICIL_OK);
  codicil_ea_proof_free(proof);
}

// ---- measuring --------------------------------------------------------------------------------

static double timed(void (*work)(subject *, size_t), subject *s) {
  double start = bench_cpu_ns() / 1e3;
  for (size_t i = 0; i < PER_TURN; i++) {
    work(s, i);
  }
  return (bench_cpu_ns() / 1e3 - start) / PER_TURN;
}

static void print_ratio(const char *name, const subject *s, double ours[TURNS], double bare[TURNS],
                        const char *against) {
  double a = bench_median(ours, TURNS);
  double b = bench_median(bare, TURNS);
  printf("{\"name\": \"%s_%s\", \"value\": %.3f, \"unit\": \"ratio\", \"against\": \"%s\", "
         "\"n\": %d}\n",
         name, s->alg->name, a / b, against, TURNS * PER_TURN);
  fprintf(stderr, "%s_%s: %.1f us, %s %.1f us\n", name, s->alg->name, a, against, b);
}

// As many authenticators to a connection as a session lets through, then a new one: the first of
// each pays for what is made once.
static void run(const algorithm *alg) {
  static double created[TURNS], signed_bare[TURNS], validated[TURNS], verified_bare[TURNS];
  subject s = {.alg = alg, .key = new_key(alg->name)};
  memset(s.tbs, 0x20, sizeof s.tbs);
  make_credential(&s);
  for (size_t i = 0; i < PER_TURN; i++) {
    codicil_buf_init(&s.authenticators[i], NULL, 131072);
  }
  for (size_t turn = 0; turn < TURNS + WARM_UP; turn++) {
    size_t at = turn < WARM_UP ? 0 : turn - WARM_UP;
    if (turn % (32 / PER_TURN) == 0) {
      make_connection(&s);
    }
    signed_bare[at] = timed(bare_sign, &s);
    created[at] = timed(create, &s);
    verified_bare[at] = timed(bare_verify, &s);
    validated[at] = timed(validate, &s);
  }
  print_ratio("ea_create", &s, created, signed_bare, "bare signature");
  print_ratio("ea_validate", &s, validated, verified_bare, "bare verification");
  for (size_t i = 0; i < PER_TURN; i++) {
    codicil_buf_clear(&s.authenticators[i]);
  }
  codicil_ea_free(s.client);
  codicil_ea_free(s.server);
  codicil_credential_free(s.credential);
  EVP_PKEY_free(s.key);
}

int main(void) {
  static const algorithm algorithms[] = {
      {"p256", "SHA256", 0x0403}, {"rsa2048", "SHA256", 0x0804}, {"ed25519", NULL, 0x0807}};
  for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
    run(&algorithms[i]);
  }
  return 0;
}
