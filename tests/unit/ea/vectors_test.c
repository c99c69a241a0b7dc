// The vectors of tests/vectors: the project's own, and those of other implementations.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "cmocka_test.h"
#include "connection.h"
#include "ea_fixture.h"
#include "span.h"
#include "vector_file.h"

static const codicil_span none = {NULL, 0};

// A vector with its octets decoded.
typedef struct sample {
  const json_t *json;
  const char *name;
  codicil_hash hash;
  bool from_server;
  codicil_buf handshake_context, finished_key, request, context, authenticator;
} sample;

static void sample_init(sample *s, const json_t *json) {
  s->json = json;
  s->name = vector_text(json, "name");
  s->hash =
      strcmp(vector_text(json, "hash"), "sha384") == 0 ? CODICIL_HASH_SHA384 : CODICIL_HASH_SHA256;
  s->from_server = strcmp(vector_text(json, "sender"), "client") != 0;
  s->handshake_context = vector_hex(json, "handshake_context");
  s->finished_key = vector_hex(json, "finished_key");
  s->request = vector_hex(json, "request");
  s->context = vector_hex(json, "context");
  s->authenticator = vector_hex(json, "authenticator");
}

static void sample_clear(sample *s) {
  codicil_buf *bufs[] = {&s->handshake_context, &s->finished_key, &s->request, &s->context,
                         &s->authenticator};
  for (size_t i = 0; i < sizeof bufs / sizeof bufs[0]; i++) {
    codicil_buf_clear(bufs[i]);
  }
}

// Gives the vector's secrets for the labels of its sender, and nothing useful for the others.
static codicil_err export_sample(void *ctx, uint8_t *out, size_t out_len, const char *label,
                                 size_t label_len) {
  const sample *s = ctx;
  codicil_span found = codicil_span_of(label, label_len);
  const char *role = s->from_server ? "EXPORTER-server" : "EXPORTER-client";
  memset(out, 0, out_len);
  if (codicil_span_equal(codicil_span_sub(found, 0, strlen(role)), codicil_span_str(role))) {
    bool is_key = label[label_len - 1] == 'y';
    const codicil_buf *secret = is_key ? &s->finished_key : &s->handshake_context;
    assert_int_equal(secret->len, out_len);
    memcpy(out, secret->data, out_len);
  }
  return CODICIL_OK;
}

static codicil_ea *end_of(sample *s, bool is_server) {
  codicil_tls tls = {.ctx = s,
                     .exporter = export_sample,
                     .hash = s->hash,
                     .is_server = is_server,
                     .client_schemes = all_schemes(),
                     .client_extensions = all_extensions()};
  codicil_ea *ea = NULL;
  assert_int_equal(codicil_ea_new(&ea, NULL, &tls), CODICIL_OK);
  return ea;
}

// Runs `work` over every vector of a file.
static size_t each(const char *path, void (*work)(sample *)) {
  json_t *file = vector_file(path);
  const json_t *vectors = json_object_get(file, "vectors");
  for (size_t i = 0; i < json_array_size(vectors); i++) {
    sample s;
    sample_init(&s, json_array_get(vectors, i));
    work(&s);
    sample_clear(&s);
    assert_int_equal(ERR_peek_error(), 0);
  }
  size_t num = json_array_size(vectors);
  json_decref(file);
  return num;
}

static codicil_err validate(sample *s, codicil_ea *verifier, const char **out_what) {
  return check(verifier, out_what, codicil_buf_span(&s->authenticator),
               codicil_buf_span(&s->request));
}

// ---- the project's own ------------------------------------------------------------------------

static void expect_result(sample *s) {
  const char *result = vector_text(s->json, "result");
  const char *what;
  codicil_ea *verifier = end_of(s, !s->from_server);
  codicil_err err = validate(s, verifier, &what);
  bool right = strcmp(result, "valid") == 0      ? err == CODICIL_OK
               : strcmp(result, "declined") == 0 ? err == CODICIL_DECLINED
                                                 : err == CODICIL_AUTH || err == CODICIL_MALFORMED;
  if (!right) {
    fail_msg("%s: %s, not %s (%s)", s->name, codicil_err_name(err), result, what);
  }
  // Whatever it was, it does not come a second time.
  err = validate(s, verifier, &what);
  assert_true(err == CODICIL_AUTH || err == CODICIL_MALFORMED);
  codicil_ea_free(verifier);
}

static void expect_context(sample *s) {
  codicil_span found;
  codicil_err err = codicil_ea_get_context(&found, codicil_buf_span(&s->authenticator));
  if (strcmp(vector_text(s->json, "result"), "declined") == 0) {
    assert_int_equal(err, CODICIL_DECLINED);
  } else {
    assert_int_equal(err, CODICIL_OK);
    assert_true(codicil_span_equal(found, codicil_buf_span(&s->context)));
  }
  if (s->request.len != 0) {
    assert_int_equal(codicil_ea_get_context(&found, codicil_buf_span(&s->request)), CODICIL_OK);
    assert_true(codicil_span_equal(found, codicil_buf_span(&s->context)));
  }
}

// 3 occasions for each scheme, a chain with staples, and a refusal of either role.
static void test_every_scheme_over_either_hash_is_as_its_vector_says(void **state) {
  (void)state;
  enum { NUM_SCHEMES = 11, NUM = 3 * NUM_SCHEMES + 1 + 2 };
  assert_int_equal(each("vectors/sha256.json", expect_result), NUM);
  assert_int_equal(each("vectors/sha384.json", expect_result), NUM);
  (void)each("vectors/sha256.json", expect_context);
  (void)each("vectors/sha384.json", expect_context);
}

static void expect_refused(sample *s) {
  codicil_ea *verifier = end_of(s, !s->from_server);
  assert_int_equal(validate(s, verifier, NULL), CODICIL_AUTH);
  codicil_ea_free(verifier);
}

// A libcrypto without ML-DSA refuses what it cannot check.
static void test_ml_dsa_is_as_its_vector_says_or_refused_where_it_is_not_known(void **state) {
  (void)state;
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "ML-DSA-44", NULL);
  bool known = ctx != NULL;
  EVP_PKEY_CTX_free(ctx);
  ERR_clear_error();
  assert_int_equal(each("vectors/mldsa.json", known ? expect_result : expect_refused), 3 * 3 * 2);
}

static void test_every_wrong_vector_is_refused(void **state) {
  (void)state;
  assert_int_equal(each("vectors/invalid.json", expect_result), 31);
}

// ---- made again -------------------------------------------------------------------------------

// A credential of keys.json, or of a peer's vector: members `certificate` and
// `private_key_pkcs8`.
static codicil_credential *credential_from(const json_t *json) {
  codicil_buf der = vector_hex(json, "certificate");
  codicil_buf key = vector_hex(json, "private_key_pkcs8");
  BIO *pem[2] = {BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem())};
  assert_true(PEM_write_bio(pem[0], "CERTIFICATE", "", der.data, (long)der.len) > 0);
  assert_true(PEM_write_bio(pem[1], "PRIVATE KEY", "", key.data, (long)key.len) > 0);
  codicil_span text[2];
  for (size_t i = 0; i < 2; i++) {
    char *data;
    long len = BIO_get_mem_data(pem[i], &data);
    text[i] = codicil_span_of(data, (size_t)len);
  }
  codicil_credential *out = NULL;
  assert_int_equal(codicil_credential_new(&out, NULL, NULL, text[0], text[1]), CODICIL_OK);
  BIO_free(pem[0]);
  BIO_free(pem[1]);
  codicil_buf_clear(&der);
  codicil_buf_clear(&key);
  return out;
}

static void expect_made_again(sample *s, const json_t *key, codicil_span context) {
  codicil_ea *prover = end_of(s, s->from_server);
  codicil_credential *credential = key != NULL ? credential_from(key) : NULL;
  codicil_buf out = new_buf();
  codicil_span request = codicil_buf_span(&s->request);
  codicil_err err = credential == NULL
                        ? codicil_ea_decline(prover, &out, request)
                        : codicil_ea_authenticate(prover, &out, credential, request,
                                                  s->request.len != 0 ? none : context);
  assert_int_equal(err, CODICIL_OK);
  assert_true(codicil_span_equal(codicil_buf_span(&out), codicil_buf_span(&s->authenticator)));
  codicil_buf_clear(&out);
  codicil_credential_free(credential);
  codicil_ea_free(prover);
}

static json_t *keys;
static size_t num_made;

static void make_again(sample *s) {
  const char *key = vector_text(s->json, "key");
  bool declined = strcmp(vector_text(s->json, "result"), "declined") == 0;
  if ((declined || strncmp(key, "ed", 2) == 0) && strstr(s->name, "chain") == NULL) {
    expect_made_again(s, declined ? NULL : json_object_get(keys, key),
                      codicil_buf_span(&s->context));
    num_made++;
  }
}

static void test_what_is_not_random_is_made_again_octet_for_octet(void **state) {
  (void)state;
  json_t *file = vector_file("vectors/keys.json");
  keys = json_object_get(file, "keys");
  num_made = 0;
  (void)each("vectors/sha256.json", make_again);
  (void)each("vectors/sha384.json", make_again);
  assert_int_equal(num_made, 2 * (2 * 3 + 2));
  json_decref(file);
}

// ---- other implementations --------------------------------------------------------------------

// What an independent checker computes: is Finished right, is the signature? By the parts of the
// library, over the request as that implementation hashed it.
static void compute(sample *s, bool *out_finished, bool *out_signature) {
  codicil_ea *ea = end_of(s, !s->from_server);
  codicil_transcript *t = &ea->transcript;
  codicil_reader r = codicil_reader_of(codicil_buf_span(&s->authenticator));
  codicil_message m = {0};
  codicil_certificate_verify cv = {0};
  codicil_certificate_head head;
  codicil_spki spki = {.type = CODICIL_KEY_NONE};
  codicil_tbs tbs = {.len = 0};
  uint8_t hash[CODICIL_HASH_MAX];
  uint8_t mac[CODICIL_HASH_MAX];
  assert_true(codicil_transcript_start(t, codicil_buf_span(&s->handshake_context),
                                       codicil_buf_span(&s->request)));
  codicil_buf context = vector_hex(s->json, "request_context");
  if (s->authenticator.data[0] == CODICIL_MSG_FINISHED) {
    codicil_certificate_head_build(&head, codicil_buf_span(&context), 0);
    assert_true(codicil_transcript_add(t, codicil_span_of(head.octets, head.len)));
  }
  while (codicil_message_read(&r, &m) && m.type != CODICIL_MSG_FINISHED) {
    if (m.type == CODICIL_MSG_CERTIFICATE_VERIFY) {
      assert_true(codicil_transcript_hash(t, hash));
      codicil_tbs_build(&tbs, codicil_span_of(hash, ea->peer.mac_len));
      assert_true(codicil_certificate_verify_parse(&cv, m.body));
    }
    assert_true(codicil_transcript_add(t, m.whole));
  }
  assert_true(codicil_transcript_hash(t, hash));
  assert_true(codicil_keys_finished(&ea->peer, mac, codicil_span_of(hash, ea->peer.mac_len)));
  *out_finished = codicil_span_equal(m.body, codicil_span_of(mac, ea->peer.mac_len));
  codicil_buf certificate = vector_hex(s->json, "certificate");
  EVP_PKEY *key = codicil_spki_parse(&spki, codicil_buf_span(&certificate))
                      ? codicil_key_make(&ea->keys, &spki)
                      : NULL;
  *out_signature = key != NULL && tbs.len != 0 &&
                   codicil_signature_check(key, codicil_scheme_find(cv.scheme),
                                           codicil_tbs_span(&tbs), cv.signature);
  EVP_PKEY_free(key);
  ERR_clear_error();
  codicil_buf_clear(&certificate);
  codicil_buf_clear(&context);
  codicil_ea_free(ea);
}

static void expect_computed(sample *s) {
  const json_t *expected = json_object_get(s->json, "expect");
  bool finished, signature;
  compute(s, &finished, &signature);
  if (finished != json_is_true(json_object_get(expected, "finished")) ||
      signature != json_is_true(json_object_get(expected, "signature"))) {
    fail_msg("%s: Finished %d, signature %d", s->name, finished, signature);
  }
}

// Puts the handshake header before a request that was hashed without one.
static void add_header(sample *s) {
  codicil_buf body = s->request;
  s->request = new_buf();
  put_message(&s->request, s->from_server ? 17 : 13, codicil_buf_span(&body));
  codicil_buf_clear(&body);
}

static void expect_peer_verdict(sample *s) {
  bool conformant = json_is_true(json_object_get(s->json, "rfc9261_conformant"));
  bool empty = s->authenticator.data[0] == CODICIL_MSG_FINISHED;
  if (json_is_false(json_object_get(s->json, "request_has_handshake_header"))) {
    add_header(s);
  }
  codicil_ea *verifier = end_of(s, !s->from_server);
  codicil_err err = validate(s, verifier, NULL);
  codicil_err right = empty ? CODICIL_DECLINED : CODICIL_OK;
  bool refused = err == CODICIL_AUTH || err == CODICIL_MALFORMED;
  if (conformant ? err != right : !refused) {
    fail_msg("%s: %s", s->name, codicil_err_name(err));
  }
  codicil_ea_free(verifier);
}

static void test_other_implementations_vectors_compute_as_they_say(void **state) {
  (void)state;
  assert_int_equal(each("vectors/peers_sha256.json", expect_computed), 10);
}

static void test_other_implementations_vectors_are_accepted_where_they_keep_the_rfc(void **state) {
  (void)state;
  assert_int_equal(each("vectors/peers_sha256.json", expect_peer_verdict), 10);
}

static void make_a_peers_again(sample *s) {
  bool is_ed25519 = strstr(s->name, "ed25519") != NULL;
  bool is_empty = strncmp(s->name, "cocos", 5) == 0 && strstr(s->name, "empty") != NULL;
  codicil_buf context = vector_hex(s->json, "request_context");
  if (is_ed25519 || is_empty) {
    expect_made_again(s, is_ed25519 ? s->json : NULL, codicil_buf_span(&context));
    num_made++;
  }
  codicil_buf_clear(&context);
}

static void test_what_a_peer_made_we_make_octet_for_octet(void **state) {
  (void)state;
  num_made = 0;
  (void)each("vectors/peers_sha256.json", make_a_peers_again);
  assert_int_equal(num_made, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_scheme_over_either_hash_is_as_its_vector_says),
      cmocka_unit_test(test_ml_dsa_is_as_its_vector_says_or_refused_where_it_is_not_known),
      cmocka_unit_test(test_every_wrong_vector_is_refused),
      cmocka_unit_test(test_what_is_not_random_is_made_again_octet_for_octet),
      cmocka_unit_test(test_other_implementations_vectors_compute_as_they_say),
      cmocka_unit_test(test_other_implementations_vectors_are_accepted_where_they_keep_the_rfc),
      cmocka_unit_test(test_what_a_peer_made_we_make_octet_for_octet),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
