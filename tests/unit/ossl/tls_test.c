// An SSL as a codicil_tls: both sides export the same, of the right hash, and nothing too early.
#include "tls_pair.h"

#include "cmocka_test.h"

#include <openssl/err.h>
#include <string.h>

#include "span.h"

enum { KEY_LEN = 32 };
static const char label[] = "EXPORTER-server authenticator handshake context";

static codicil_err export_from(const codicil_tls *tls, uint8_t out[KEY_LEN]) {
  return tls->exporter(tls->ctx, out, KEY_LEN, label, sizeof label - 1);
}

// Both sides of a finished handshake agree on hash and value, which is written to `out`.
static void expect_equal_exports(tls_pair *pair, uint8_t out[KEY_LEN], codicil_hash hash) {
  codicil_tls *client, *server;
  uint8_t other[KEY_LEN];
  assert_int_equal(codicil_ossl_tls_new(&client, pair->client), CODICIL_OK);
  assert_int_equal(codicil_ossl_tls_new(&server, pair->server), CODICIL_OK);
  assert_false(client->is_server);
  assert_true(server->is_server);
  assert_int_equal(client->hash, hash);
  assert_int_equal(server->hash, hash);
  assert_int_equal(export_from(client, out), CODICIL_OK);
  assert_int_equal(export_from(server, other), CODICIL_OK);
  assert_memory_equal(out, other, KEY_LEN);
  assert_true(codicil_span_equal(client->client_schemes, server->client_schemes));
  assert_true(codicil_span_equal(client->client_cert_schemes, server->client_cert_schemes));
  assert_true(codicil_span_equal(client->client_extensions, server->client_extensions));
  assert_int_equal(ERR_peek_error(), 0);
  codicil_ossl_tls_free(client);
  codicil_ossl_tls_free(server);
}

static void expect_refusal(tls_pair *pair, codicil_err err) {
  codicil_tls *tls = NULL;
  assert_int_equal(codicil_ossl_tls_new(&tls, pair->client), err);
  assert_int_equal(codicil_ossl_tls_new(&tls, pair->server), err);
  assert_null(tls);
  assert_int_equal(ERR_peek_error(), 0);
}

static void test_tls_1_3_exports_alike_with_either_hash(void **state) {
  (void)state;
  static const struct {
    const char *suite;
    codicil_hash hash;
  } rows[] = {{"TLS_AES_128_GCM_SHA256", CODICIL_HASH_SHA256},
              {"TLS_CHACHA20_POLY1305_SHA256", CODICIL_HASH_SHA256},
              {"TLS_AES_256_GCM_SHA384", CODICIL_HASH_SHA384}};
  uint8_t values[3][KEY_LEN];
  for (size_t i = 0; i < 3; i++) {
    tls_pair pair;
    tls_pair_init(&pair);
    assert_int_equal(SSL_CTX_set_ciphersuites(pair.client_ctx, rows[i].suite), 1);
    tls_pair_connect(&pair, true);
    tls_pair_handshake(&pair);
    assert_int_equal(SSL_version(pair.client), TLS1_3_VERSION);
    expect_equal_exports(&pair, values[i], rows[i].hash);
    tls_pair_clear(&pair);
  }
  assert_memory_not_equal(values[0], values[1], KEY_LEN);
}

static void use_tls_1_2(tls_pair *pair, const char *suites) {
  assert_int_equal(SSL_CTX_set_max_proto_version(pair->client_ctx, TLS1_2_VERSION), 1);
  assert_int_equal(SSL_CTX_set_cipher_list(pair->client_ctx, suites), 1);
}

static void test_tls_1_2_with_extended_master_secret_exports_alike(void **state) {
  (void)state;
  static const struct {
    const char *suite;
    codicil_hash hash;
  } rows[] = {{"ECDHE-ECDSA-AES128-GCM-SHA256", CODICIL_HASH_SHA256},
              {"ECDHE-ECDSA-AES256-GCM-SHA384", CODICIL_HASH_SHA384},
              {"ECDHE-ECDSA-AES128-SHA", CODICIL_HASH_SHA256}};
  for (size_t i = 0; i < 3; i++) {
    tls_pair pair;
    uint8_t value[KEY_LEN];
    tls_pair_init(&pair);
    use_tls_1_2(&pair, rows[i].suite);
    tls_pair_connect(&pair, true);
    tls_pair_handshake(&pair);
    assert_int_equal(SSL_version(pair.client), TLS1_2_VERSION);
    expect_equal_exports(&pair, value, rows[i].hash);
    tls_pair_clear(&pair);
  }
}

// RFC 9261 §5.1: the context is empty and there; to TLS 1.2 one that is not there is another
// (RFC 5705 §4).
static void test_the_exporters_context_is_there_and_empty(void **state) {
  (void)state;
  tls_pair pair;
  uint8_t value[KEY_LEN], with[KEY_LEN], without[KEY_LEN];
  tls_pair_init(&pair);
  use_tls_1_2(&pair, "ECDHE-ECDSA-AES128-GCM-SHA256");
  tls_pair_connect(&pair, true);
  tls_pair_handshake(&pair);
  expect_equal_exports(&pair, value, CODICIL_HASH_SHA256);
  assert_int_equal(SSL_export_keying_material(pair.server, with, KEY_LEN, label, sizeof label - 1,
                                              (const uint8_t *)"", 0, 1),
                   1);
  assert_int_equal(SSL_export_keying_material(pair.server, without, KEY_LEN, label,
                                              sizeof label - 1, NULL, 0, 0),
                   1);
  assert_memory_equal(value, with, KEY_LEN);
  assert_memory_not_equal(value, without, KEY_LEN);
  tls_pair_clear(&pair);
}

static void test_tls_1_2_without_extended_master_secret_is_unsupported(void **state) {
  (void)state;
  for (int on_client = 0; on_client < 2; on_client++) {
    tls_pair pair;
    tls_pair_init(&pair);
    use_tls_1_2(&pair, "ECDHE-ECDSA-AES128-GCM-SHA256");
    SSL_CTX_set_options(on_client ? pair.client_ctx : pair.server_ctx,
                        SSL_OP_NO_EXTENDED_MASTER_SECRET);
    tls_pair_connect(&pair, true);
    tls_pair_handshake(&pair);
    expect_refusal(&pair, CODICIL_UNSUPPORTED);
    tls_pair_clear(&pair);
  }
}

static void test_tls_1_1_is_unsupported(void **state) {
  (void)state;
  tls_pair pair;
  tls_pair_init(&pair);
  SSL_CTX_set_security_level(pair.client_ctx, 0);
  SSL_CTX_set_security_level(pair.server_ctx, 0);
  assert_int_equal(SSL_CTX_set_min_proto_version(pair.client_ctx, TLS1_1_VERSION), 1);
  assert_int_equal(SSL_CTX_set_max_proto_version(pair.client_ctx, TLS1_1_VERSION), 1);
  assert_int_equal(SSL_CTX_set_min_proto_version(pair.server_ctx, TLS1_1_VERSION), 1);
  tls_pair_connect(&pair, true);
  tls_pair_handshake(&pair);
  assert_int_equal(SSL_version(pair.client), TLS1_1_VERSION);
  expect_refusal(&pair, CODICIL_UNSUPPORTED);
  tls_pair_clear(&pair);
}

// Connects, then again with the session of the first connection.
static void resume(tls_pair *pair, uint8_t first[KEY_LEN], uint8_t second[KEY_LEN],
                   codicil_hash hash) {
  tls_pair_connect(pair, true);
  tls_pair_handshake(pair);
  char octet;
  SSL_read(pair->client, &octet, 1); // the tickets
  ERR_clear_error();
  expect_equal_exports(pair, first, hash);
  SSL_SESSION *session = SSL_get1_session(pair->client);
  SSL_shutdown(pair->client);
  tls_pair_disconnect(pair);
  tls_pair_connect(pair, true);
  assert_int_equal(SSL_set_session(pair->client, session), 1);
  tls_pair_handshake(pair);
  assert_true(SSL_session_reused(pair->client));
  expect_equal_exports(pair, second, hash);
  SSL_SESSION_free(session);
}

static void test_resumption_changes_the_exported_value(void **state) {
  (void)state;
  for (int is_tls_1_2 = 0; is_tls_1_2 < 2; is_tls_1_2++) {
    tls_pair pair;
    uint8_t first[KEY_LEN], second[KEY_LEN];
    tls_pair_init(&pair);
    if (is_tls_1_2) {
      use_tls_1_2(&pair, "ECDHE-ECDSA-AES256-GCM-SHA384");
    }
    resume(&pair, first, second, CODICIL_HASH_SHA384);
    assert_memory_not_equal(first, second, KEY_LEN);
    tls_pair_clear(&pair);
  }
}

//= https://www.rfc-editor.org/rfc/rfc9261#section-9
//# servers MUST verify the client Finished before sending an EA or processing a received EA
static void test_no_side_exports_in_the_middle_of_the_handshake(void **state) {
  (void)state;
  tls_pair pair;
  tls_pair_init(&pair);
  tls_pair_connect(&pair, true);
  expect_refusal(&pair, CODICIL_NOT_READY);
  assert_false(tls_pair_step(pair.client)); // ClientHello
  expect_refusal(&pair, CODICIL_NOT_READY);
  assert_false(tls_pair_step(pair.server)); // ServerHello … Finished
  expect_refusal(&pair, CODICIL_NOT_READY);
  assert_true(tls_pair_step(pair.client)); // its Finished
  codicil_tls *tls = NULL;
  assert_int_equal(codicil_ossl_tls_new(&tls, pair.client), CODICIL_OK);
  uint8_t client_value[KEY_LEN], value[KEY_LEN] = {0};
  assert_int_equal(export_from(tls, client_value), CODICIL_OK);
  codicil_ossl_tls_free(tls);
  // The server has not read it, and yet OpenSSL gives it the value.
  assert_int_equal(
      SSL_export_keying_material(pair.server, value, KEY_LEN, label, sizeof label - 1, NULL, 0, 1),
      1);
  assert_memory_equal(value, client_value, KEY_LEN);
  assert_int_equal(codicil_ossl_tls_new(&tls, pair.server), CODICIL_NOT_READY);
  assert_true(tls_pair_step(pair.server));
  expect_equal_exports(&pair, value, CODICIL_HASH_SHA384);
  tls_pair_clear(&pair);
}

static void test_no_side_of_tls_1_2_exports_in_the_middle_of_the_handshake(void **state) {
  (void)state;
  tls_pair pair;
  tls_pair_init(&pair);
  use_tls_1_2(&pair, "ECDHE-ECDSA-AES128-GCM-SHA256");
  tls_pair_connect(&pair, true);
  bool client_done = false, server_done = false;
  while (!client_done || !server_done) {
    codicil_tls *tls = NULL;
    assert_true(client_done || codicil_ossl_tls_new(&tls, pair.client) == CODICIL_NOT_READY);
    assert_true(server_done || codicil_ossl_tls_new(&tls, pair.server) == CODICIL_NOT_READY);
    assert_int_equal(ERR_peek_error(), 0);
    client_done = tls_pair_step(pair.client);
    server_done = tls_pair_step(pair.server);
  }
  uint8_t value[KEY_LEN];
  expect_equal_exports(&pair, value, CODICIL_HASH_SHA256);
  tls_pair_clear(&pair);
}

static unsigned num_keys;

// OpenSSL itself fails here, and leaves an error in its queue that would end the handshake.
static void on_key(const SSL *ssl, const char *line) {
  codicil_tls *tls = NULL;
  (void)line;
  if (!SSL_is_init_finished(ssl)) {
    num_keys++;
    assert_int_equal(codicil_ossl_tls_new(&tls, (SSL *)(uintptr_t)ssl), CODICIL_NOT_READY);
    assert_int_equal(ERR_peek_error(), 0);
  }
}

static void test_a_key_callback_gets_no_value_and_the_handshake_goes_on(void **state) {
  (void)state;
  tls_pair pair;
  uint8_t value[KEY_LEN];
  tls_pair_init(&pair);
  SSL_CTX_set_keylog_callback(pair.client_ctx, on_key);
  SSL_CTX_set_keylog_callback(pair.server_ctx, on_key);
  tls_pair_connect(&pair, true);
  num_keys = 0;
  tls_pair_handshake(&pair);
  assert_true(num_keys >= 4);
  expect_equal_exports(&pair, value, CODICIL_HASH_SHA384);
  tls_pair_clear(&pair);
}

static void test_the_exporter_refuses_when_the_connection_is_reset(void **state) {
  (void)state;
  tls_pair pair;
  tls_pair_init(&pair);
  tls_pair_connect(&pair, true);
  tls_pair_handshake(&pair);
  codicil_tls *tls;
  assert_int_equal(codicil_ossl_tls_new(&tls, pair.client), CODICIL_OK);
  assert_int_equal(SSL_clear(pair.client), 1);
  uint8_t value[KEY_LEN] = {0x5a};
  assert_int_equal(export_from(tls, value), CODICIL_NOT_READY);
  assert_int_equal(value[0], 0x5a);
  codicil_ossl_tls_free(tls);
  tls_pair_clear(&pair);
}

static void test_what_was_offered_stays_when_the_connection_is_used_again(void **state) {
  (void)state;
  tls_pair pair;
  tls_pair_init(&pair);
  tls_pair_connect(&pair, true);
  tls_pair_handshake(&pair);
  codicil_tls *tls;
  assert_int_equal(codicil_ossl_tls_new(&tls, pair.client), CODICIL_OK);
  codicil_buf before;
  codicil_buf_init(&before, NULL, tls->client_schemes.len);
  assert_int_equal(codicil_buf_append(&before, tls->client_schemes), CODICIL_OK);
  assert_int_equal(SSL_clear(pair.client), 1);
  assert_int_equal(SSL_set1_sigalgs_list(pair.client, "ed25519"), 1);
  assert_int_equal(SSL_connect(pair.client), -1); // another ClientHello goes out
  assert_true(codicil_span_equal(tls->client_schemes, codicil_buf_span(&before)));
  codicil_buf_clear(&before);
  codicil_ossl_tls_free(tls);
  tls_pair_clear(&pair);
}

static void test_the_error_queue_is_left_as_it_was_found(void **state) {
  (void)state;
  tls_pair pair;
  tls_pair_init(&pair);
  use_tls_1_2(&pair, "ECDHE-ECDSA-AES128-GCM-SHA256");
  tls_pair_connect(&pair, true);
  tls_pair_handshake(&pair);
  codicil_tls *tls;
  uint8_t value[KEY_LEN];
  assert_int_equal(codicil_ossl_tls_new(&tls, pair.client), CODICIL_OK);
  // A label that TLS keeps for itself: OpenSSL refuses, and says so in its queue.
  static const char reserved[] = "client finished";
  assert_int_equal(tls->exporter(tls->ctx, value, KEY_LEN, reserved, sizeof reserved - 1),
                   CODICIL_CRYPTO);
  assert_int_equal(ERR_peek_error(), 0);
  ERR_raise(ERR_LIB_USER, 42); // the application's
  assert_int_equal(tls->exporter(tls->ctx, value, KEY_LEN, reserved, sizeof reserved - 1),
                   CODICIL_CRYPTO);
  assert_int_equal(ERR_GET_REASON(ERR_get_error()), 42);
  assert_int_equal(ERR_peek_error(), 0);
  codicil_ossl_tls_free(tls);
  tls_pair_clear(&pair);
}

static void test_without_the_client_hello_there_is_no_tls(void **state) {
  (void)state;
  tls_pair pair;
  tls_pair_init(&pair);
  pair.capture = false;
  tls_pair_connect(&pair, false);
  tls_pair_handshake(&pair);
  expect_refusal(&pair, CODICIL_USAGE);
  codicil_ossl_tls_free(NULL);
  tls_pair_clear(&pair);
}

static void test_the_random_generator_fills_all_that_is_asked(void **state) {
  (void)state;
  codicil_random random = codicil_ossl_random();
  uint8_t a[65] = {0}, b[65] = {0};
  assert_true(random.fill(random.ctx, a, 64) && random.fill(random.ctx, b, 64));
  assert_memory_not_equal(a, b, 32);
  assert_memory_not_equal(a + 32, b + 32, 32);
  assert_int_equal(a[64], 0);
  assert_false(random.fill(random.ctx, a, SIZE_MAX));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tls_1_3_exports_alike_with_either_hash),
      cmocka_unit_test(test_tls_1_2_with_extended_master_secret_exports_alike),
      cmocka_unit_test(test_the_exporters_context_is_there_and_empty),
      cmocka_unit_test(test_tls_1_2_without_extended_master_secret_is_unsupported),
      cmocka_unit_test(test_tls_1_1_is_unsupported),
      cmocka_unit_test(test_resumption_changes_the_exported_value),
      cmocka_unit_test(test_no_side_exports_in_the_middle_of_the_handshake),
      cmocka_unit_test(test_no_side_of_tls_1_2_exports_in_the_middle_of_the_handshake),
      cmocka_unit_test(test_a_key_callback_gets_no_value_and_the_handshake_goes_on),
      cmocka_unit_test(test_the_exporter_refuses_when_the_connection_is_reset),
      cmocka_unit_test(test_what_was_offered_stays_when_the_connection_is_used_again),
      cmocka_unit_test(test_the_error_queue_is_left_as_it_was_found),
      cmocka_unit_test(test_the_random_generator_fills_all_that_is_asked),
      cmocka_unit_test(test_without_the_client_hello_there_is_no_tls),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
