// A TLS connection that is none: see ea_fixture.h.
#include "ea_fixture.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_test.h"
#include "fail_mem.h"

// ecdsa, rsa_pss_rsae, ed25519, ed448, rsa_pss_pss, mldsa; and of what TLS 1.3 forbids in a
// CertificateVerify rsa_pkcs1_sha256 and ecdsa_sha1, which certificates may still use.
static const uint8_t offered_schemes[] = {
    0x04, 0x03, 0x05, 0x03, 0x06, 0x03, 0x08, 0x04, 0x08, 0x05, 0x08, 0x06, 0x08, 0x07, 0x08, 0x08,
    0x08, 0x09, 0x08, 0x0a, 0x08, 0x0b, 0x09, 0x04, 0x09, 0x05, 0x09, 0x06, 0x04, 0x01, 0x02, 0x03};
static const uint8_t offered_extensions[] = {0x00, 0x00, 0x00, 0x05, 0x00, 0x0d,
                                             0x00, 0x12, 0x00, 0x2b, 0x00, 0x33};

codicil_span all_schemes(void) {
  return codicil_span_of(offered_schemes, sizeof offered_schemes);
}

codicil_span all_extensions(void) {
  return codicil_span_of(offered_extensions, sizeof offered_extensions);
}

static void fake_secret(uint8_t *out, size_t out_len, const char *seed, const char *label,
                        size_t label_len) {
  uint8_t hash[64];
  EVP_MD_CTX *md = EVP_MD_CTX_new();
  assert_int_equal(EVP_DigestInit_ex(md, EVP_sha512(), NULL), 1);
  assert_int_equal(EVP_DigestUpdate(md, seed, strlen(seed)), 1);
  assert_int_equal(EVP_DigestUpdate(md, label, label_len), 1);
  assert_int_equal(EVP_DigestFinal_ex(md, hash, NULL), 1);
  EVP_MD_CTX_free(md);
  memcpy(out, hash, out_len);
}

static codicil_err fake_export(void *ctx, uint8_t *out, size_t out_len, const char *label,
                               size_t label_len) {
  fake_exporter *exporter = ctx;
  size_t call = exporter->num_calls++;
  if (exporter->refusal != CODICIL_OK && call >= exporter->refuse_from) {
    return exporter->refusal;
  }
  assert_true(call < 8 && label_len < 64);
  memcpy(exporter->labels[call], label, label_len);
  exporter->labels[call][label_len] = '\0';
  exporter->lens[call] = out_len;
  fake_secret(out, out_len, exporter->seed, label, label_len);
  return CODICIL_OK;
}

codicil_tls fake_tls(fake_exporter *exporter, codicil_hash hash, bool is_server) {
  exporter->num_calls = 0;
  return (codicil_tls){.ctx = exporter,
                       .exporter = fake_export,
                       .hash = hash,
                       .is_server = is_server,
                       .client_schemes = all_schemes(),
                       .client_extensions = all_extensions()};
}

void pair_init(ea_pair *pair, codicil_hash hash) {
  *pair = (ea_pair){.exporter = {.seed = "one connection"}};
  codicil_tls tls = fake_tls(&pair->exporter, hash, false);
  assert_int_equal(codicil_ea_new(&pair->client, NULL, &tls), CODICIL_OK);
  tls = fake_tls(&pair->exporter, hash, true);
  assert_int_equal(codicil_ea_new(&pair->server, NULL, &tls), CODICIL_OK);
}

void pair_clear(ea_pair *pair) {
  codicil_ea_free(pair->client);
  codicil_ea_free(pair->server);
  assert_int_equal(ERR_peek_error(), 0);
}

void identity_init(ea_identity *identity, const char *alg) {
  pki_spec root = {.common_name = "root", .alg = alg, .is_ca = true};
  pki_spec leaf = {.common_name = "leaf", .alg = alg, .alt_names = "DNS:second.example"};
  identity->root = pki_make(NULL, &root);
  identity->leaf = pki_make(identity->root, &leaf);
  identity->chain_pem = pki_chain_pem(identity->leaf, identity->root);
  codicil_span chain = codicil_span_of(identity->chain_pem, strlen(identity->chain_pem));
  assert_int_equal(
      codicil_credential_new(&identity->credential, NULL, NULL, chain, pki_key_pem(identity->leaf)),
      CODICIL_OK);
}

void identity_clear(ea_identity *identity) {
  codicil_credential_free(identity->credential);
  free(identity->chain_pem);
  pki_free(identity->leaf);
  pki_free(identity->root);
}

codicil_buf new_buf(void) {
  codicil_buf buf;
  codicil_buf_init(&buf, NULL, 131072);
  return buf;
}

codicil_span context_of(uint8_t fill) {
  static uint8_t octets[4][16];
  static size_t next;
  uint8_t *at = octets[next++ % 4];
  memset(at, fill, 16);
  return codicil_span_of(at, 16);
}

void ask_for(codicil_ea *asker, codicil_buf *out, codicil_span context, const uint16_t *schemes,
             size_t num) {
  codicil_ea_request_params params = {.context = context,
                                      .schemes = schemes,
                                      .num_schemes = num,
                                      .want_ocsp = true,
                                      .want_scts = true};
  assert_int_equal(codicil_ea_request(asker, out, &params), CODICIL_OK);
}

void ask(codicil_ea *asker, codicil_buf *out, codicil_span context) {
  static const uint16_t schemes[] = {0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0807, 0x0808,
                                     0x0809, 0x080a, 0x080b, 0x0904, 0x0905, 0x0906, 0x0401};
  ask_for(asker, out, context, schemes, sizeof schemes / sizeof schemes[0]);
}

forgery forgery_of(const ea_pair *pair, codicil_hash hash, bool from_server) {
  // Written out here once more: what the library takes its labels from is not what checks them.
  static const char *const labels[2][2] = {{"EXPORTER-client authenticator handshake context",
                                            "EXPORTER-client authenticator finished key"},
                                           {"EXPORTER-server authenticator handshake context",
                                            "EXPORTER-server authenticator finished key"}};
  static uint8_t secrets[2][2][64];
  size_t len = hash == CODICIL_HASH_SHA384 ? 48 : 32;
  codicil_span spans[2];
  for (size_t i = 0; i < 2; i++) {
    const char *label = labels[from_server][i];
    uint8_t *secret = secrets[from_server][i];
    fake_secret(secret, len, pair->exporter.seed, label, strlen(label));
    spans[i] = codicil_span_of(secret, len);
  }
  return (forgery){.hash = hash, .handshake_context = spans[0], .finished_key = spans[1]};
}

codicil_buf entry_of(const pki_cert *cert, codicil_span extensions) {
  codicil_buf list = new_buf();
  forge_entry(&list, pki_der(cert), extensions);
  return list;
}

codicil_err check(codicil_ea *verifier, const char **out_what, codicil_span authenticator,
                  codicil_span request) {
  codicil_ea_proof *proof = NULL;
  codicil_diag diag = {"", 0};
  // Exactly as long as it is: a read past its end is one that ASan sees.
  codicil_span exact = exact_copy(authenticator);
  codicil_err err = codicil_ea_verify(verifier, &proof, &diag, exact, request);
  free((void *)(uintptr_t)exact.data);
  assert_int_equal(ERR_peek_error(), 0);
  assert_true((err == CODICIL_OK) == (proof != NULL));
  codicil_ea_proof_free(proof);
  if (out_what != NULL) {
    *out_what = diag.what;
  }
  return err;
}

void expect(codicil_ea *verifier, const codicil_buf *authenticator, codicil_span request,
            codicil_err err, const char *what) {
  const char *found;
  codicil_err got = check(verifier, &found, codicil_buf_span(authenticator), request);
  if (got != err || strcmp(found, what) != 0) {
    fail_msg("%s (%s), not %s (%s)", codicil_err_name(got), found, codicil_err_name(err), what);
  }
}
