// A GnuTLS session as a codicil_tls: both sides export the same, of the right hash, and nothing too
// early, whatever GnuTLS itself would give.
#include "gnutls_pair.h"

#include "cmocka_test.h"

#include <string.h>

enum { KEY_LEN = 32 };
static const char label[] = "EXPORTER-server authenticator handshake context";
static const char tls_1_2[] = "NORMAL:-VERS-ALL:+VERS-TLS1.2";

static codicil_err export_from(const codicil_tls *tls, uint8_t out[KEY_LEN]) {
  return tls->exporter(tls->ctx, out, KEY_LEN, label, sizeof label - 1);
}

// What GnuTLS gives to who asks it directly.
static int export_raw(gnutls_session_t session, uint8_t out[KEY_LEN]) {
  return gnutls_prf_rfc5705(session, sizeof label - 1, label, 0, "", KEY_LEN, (char *)out);
}

static void expect_same(codicil_span a, codicil_span b) {
  assert_int_equal(a.len, b.len);
  assert_true(a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static void expect_equal_exports(gnutls_pair *pair, uint8_t out[KEY_LEN], codicil_hash hash) {
  codicil_tls *client, *server;
  uint8_t other[KEY_LEN];
  assert_int_equal(codicil_gnutls_tls_new(&client, pair->client), CODICIL_OK);
  assert_int_equal(codicil_gnutls_tls_new(&server, pair->server), CODICIL_OK);
  assert_true(server->is_server && !client->is_server);
  assert_int_equal(client->hash, hash);
  assert_int_equal(server->hash, hash);
  assert_int_equal(export_from(client, out), CODICIL_OK);
  assert_int_equal(export_from(server, other), CODICIL_OK);
  assert_memory_equal(out, other, KEY_LEN);
  expect_same(client->client_schemes, server->client_schemes);
  expect_same(client->client_cert_schemes, server->client_cert_schemes);
  expect_same(client->client_extensions, server->client_extensions);
  codicil_gnutls_tls_free(client);
  codicil_gnutls_tls_free(server);
}

static void expect_refusal(gnutls_session_t session, codicil_err err) {
  codicil_tls *tls = NULL;
  assert_int_equal(codicil_gnutls_tls_new(&tls, session), err);
  assert_null(tls);
}

// ---- complete -----------------------------------------------------------------------------------

static void test_either_version_exports_alike_with_either_hash(void **state) {
  (void)state;
  static const struct {
    const char *priorities;
    codicil_hash hash;
  } rows[] = {
      {"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM", CODICIL_HASH_SHA256},
      {"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+CHACHA20-POLY1305", CODICIL_HASH_SHA256},
      {"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-256-GCM", CODICIL_HASH_SHA384},
      {"NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM", CODICIL_HASH_SHA256},
      {"NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-256-GCM", CODICIL_HASH_SHA384},
      {"NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC", CODICIL_HASH_SHA256},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    gnutls_pair pair;
    uint8_t value[KEY_LEN];
    gnutls_pair_init(&pair);
    pair.client_priorities = rows[i].priorities;
    gnutls_pair_connect(&pair);
    gnutls_pair_handshake(&pair);
    expect_equal_exports(&pair, value, rows[i].hash);
    gnutls_pair_clear(&pair);
  }
}

// RFC 9261 §5.1: the context is empty and there; to TLS 1.2 one that is not there is another
// (RFC 5705 §4).
static void test_the_exporters_context_is_there_and_empty(void **state) {
  (void)state;
  gnutls_pair pair;
  uint8_t value[KEY_LEN], with[KEY_LEN], without[KEY_LEN];
  gnutls_pair_init(&pair);
  pair.client_priorities = tls_1_2;
  gnutls_pair_connect(&pair);
  gnutls_pair_handshake(&pair);
  expect_equal_exports(&pair, value, CODICIL_HASH_SHA384);
  assert_int_equal(export_raw(pair.server, with), 0);
  assert_int_equal(
      gnutls_prf_rfc5705(pair.server, sizeof label - 1, label, 0, NULL, KEY_LEN, (char *)without),
      0);
  assert_memory_equal(value, with, KEY_LEN);
  assert_memory_not_equal(value, without, KEY_LEN);
  gnutls_pair_clear(&pair);
}

static void test_tls_1_2_without_extended_master_secret_is_unsupported(void **state) {
  (void)state;
  for (int on_client = 0; on_client < 2; on_client++) {
    gnutls_pair pair;
    gnutls_pair_init(&pair);
    pair.client_priorities = tls_1_2;
    *(on_client ? &pair.client_priorities : &pair.server_priorities) =
        "NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_SESSION_HASH";
    gnutls_pair_connect(&pair);
    gnutls_pair_handshake(&pair);
    expect_refusal(pair.client, CODICIL_UNSUPPORTED);
    expect_refusal(pair.server, CODICIL_UNSUPPORTED);
    gnutls_pair_clear(&pair);
  }
}

static void test_tls_1_1_is_unsupported(void **state) {
  (void)state;
  gnutls_pair pair;
  gnutls_pair_init(&pair);
  pair.client_priorities = pair.server_priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.1:+SHA1";
  gnutls_pair_connect(&pair);
  gnutls_pair_handshake(&pair);
  expect_refusal(pair.client, CODICIL_UNSUPPORTED);
  expect_refusal(pair.server, CODICIL_UNSUPPORTED);
  gnutls_pair_clear(&pair);
}

// Connects, then again with the session of the first connection.
static void test_resumption_changes_the_exported_value(void **state) {
  (void)state;
  for (int is_tls_1_2 = 0; is_tls_1_2 < 2; is_tls_1_2++) {
    gnutls_pair pair;
    uint8_t first[KEY_LEN], second[KEY_LEN];
    gnutls_pair_init(&pair);
    pair.client_priorities = is_tls_1_2 ? tls_1_2 : "NORMAL";
    assert_int_equal(gnutls_session_ticket_key_generate(&pair.ticket_key), 0);
    gnutls_pair_connect(&pair);
    gnutls_pair_handshake(&pair);
    expect_equal_exports(&pair, first, CODICIL_HASH_SHA384);
    char octet;
    assert_true(gnutls_record_recv(pair.client, &octet, 1) < 0); // the ticket
    assert_int_equal(gnutls_session_get_data2(pair.client, &pair.resumed), 0);
    gnutls_pair_disconnect(&pair);
    gnutls_pair_connect(&pair);
    gnutls_pair_handshake(&pair);
    assert_true(gnutls_session_is_resumed(pair.server));
    expect_equal_exports(&pair, second, CODICIL_HASH_SHA384);
    assert_memory_not_equal(first, second, KEY_LEN);
    gnutls_pair_clear(&pair);
  }
}

// ---- too early ----------------------------------------------------------------------------------

//= https://www.rfc-editor.org/rfc/rfc9261#section-9
//# servers MUST verify the client Finished before sending an EA or processing a received EA
static void test_a_server_that_has_sent_its_finished_exports_nothing_yet(void **state) {
  (void)state;
  gnutls_pair pair;
  uint8_t client_value[KEY_LEN], value[KEY_LEN] = {0};
  codicil_tls *tls;
  gnutls_pair_init(&pair);
  gnutls_pair_connect(&pair);
  expect_refusal(pair.client, CODICIL_NOT_READY);
  expect_refusal(pair.server, CODICIL_NOT_READY);
  assert_false(gnutls_pair_step(pair.client)); // ClientHello
  expect_refusal(pair.client, CODICIL_NOT_READY);
  assert_false(gnutls_pair_step(pair.server)); // ServerHello … Finished
  expect_refusal(pair.server, CODICIL_NOT_READY);
  assert_true(gnutls_pair_step(pair.client)); // its Finished
  assert_int_equal(codicil_gnutls_tls_new(&tls, pair.client), CODICIL_OK);
  assert_int_equal(export_from(tls, client_value), CODICIL_OK);
  codicil_gnutls_tls_free(tls);
  // The server has not read it, and yet GnuTLS gives it the value.
  assert_int_equal(export_raw(pair.server, value), 0);
  assert_memory_equal(value, client_value, KEY_LEN);
  expect_refusal(pair.server, CODICIL_NOT_READY);
  assert_true(gnutls_pair_step(pair.server));
  expect_equal_exports(&pair, value, CODICIL_HASH_SHA384);
  gnutls_pair_clear(&pair);
}

// With early start gnutls_handshake returns success before the client's Finished is read.
static void test_the_success_of_an_early_start_is_not_completion(void **state) {
  (void)state;
  gnutls_pair pair;
  uint8_t value[KEY_LEN], early[KEY_LEN];
  gnutls_pair_init(&pair);
  pair.server_flags = GNUTLS_ENABLE_EARLY_START;
  gnutls_pair_connect(&pair);
  assert_false(gnutls_pair_step(pair.client));
  assert_true(gnutls_pair_step(pair.server));
  assert_int_equal(export_raw(pair.server, early), 0);
  expect_refusal(pair.server, CODICIL_NOT_READY);
  assert_true(gnutls_pair_step(pair.client));
  expect_refusal(pair.server, CODICIL_NOT_READY);
  char octet; // reads the client's Finished, and no data
  assert_int_equal(gnutls_record_recv(pair.server, &octet, 1), GNUTLS_E_AGAIN);
  expect_equal_exports(&pair, value, CODICIL_HASH_SHA384);
  assert_memory_equal(value, early, KEY_LEN);
  gnutls_pair_clear(&pair);
}

// And with false start, on a client of TLS 1.2, before the server's.
static void test_the_success_of_a_false_start_is_not_completion(void **state) {
  (void)state;
  gnutls_pair pair;
  uint8_t value[KEY_LEN];
  gnutls_pair_init(&pair);
  pair.client_flags = GNUTLS_ENABLE_FALSE_START;
  pair.client_priorities = tls_1_2;
  gnutls_pair_connect(&pair);
  assert_false(gnutls_pair_step(pair.client));
  assert_false(gnutls_pair_step(pair.server));
  assert_true(gnutls_pair_step(pair.client));
  assert_true((gnutls_session_get_flags(pair.client) & GNUTLS_SFLAGS_FALSE_START) != 0);
  assert_int_equal(export_raw(pair.client, value), 0);
  expect_refusal(pair.client, CODICIL_NOT_READY);
  assert_true(gnutls_pair_step(pair.server));
  char octet;
  assert_int_equal(gnutls_record_recv(pair.client, &octet, 1), GNUTLS_E_AGAIN);
  expect_equal_exports(&pair, value, CODICIL_HASH_SHA384);
  gnutls_pair_clear(&pair);
}

// ---- from callbacks -----------------------------------------------------------------------------

static struct {
  unsigned num_keys;
  uint8_t raw[2][KEY_LEN]; // at the first key of either side
  bool is_refused;
} in_callback;

static int on_key(gnutls_session_t session, gnutls_record_encryption_level_t level,
                  const void *read_secret, const void *write_secret, size_t len) {
  (void)read_secret, (void)write_secret, (void)len;
  codicil_tls *tls;
  if (level == GNUTLS_ENCRYPTION_LEVEL_HANDSHAKE && in_callback.num_keys < 2) {
    assert_int_equal(export_raw(session, in_callback.raw[in_callback.num_keys]), 0);
    in_callback.num_keys++;
  }
  if (codicil_gnutls_tls_new(&tls, session) != CODICIL_NOT_READY) {
    in_callback.is_refused = false;
  }
  return 0;
}

// There GnuTLS returns success and a constant: keys that bind to no connection.
static void test_a_key_callback_gets_no_value_where_gnutls_gives_a_constant(void **state) {
  (void)state;
  uint8_t constant[KEY_LEN], value[2][KEY_LEN];
  for (size_t i = 0; i < 2; i++) {
    gnutls_pair pair;
    gnutls_pair_init(&pair);
    memset(&in_callback, 0, sizeof in_callback);
    in_callback.is_refused = true;
    gnutls_pair_connect(&pair);
    gnutls_handshake_set_secret_function(pair.client, on_key);
    gnutls_handshake_set_secret_function(pair.server, on_key);
    gnutls_pair_handshake(&pair);
    assert_int_equal(in_callback.num_keys, 2);
    assert_true(in_callback.is_refused);
    assert_memory_equal(in_callback.raw[0], in_callback.raw[1], KEY_LEN);
    if (i == 0) {
      memcpy(constant, in_callback.raw[0], KEY_LEN);
    }
    assert_memory_equal(in_callback.raw[0], constant, KEY_LEN); // on another connection, too
    expect_equal_exports(&pair, value[i], CODICIL_HASH_SHA384);
    assert_memory_not_equal(value[i], constant, KEY_LEN);
    gnutls_pair_clear(&pair);
  }
  assert_memory_not_equal(value[0], value[1], KEY_LEN);
}

static unsigned num_finished_seen;
static bool spoils_finished;

// An application's own hook, for every message, before and after.
static int on_message(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                      const gnutls_datum_t *message) {
  codicil_tls *tls;
  assert_int_equal(codicil_gnutls_tls_new(&tls, session), CODICIL_NOT_READY);
  if (type == GNUTLS_HANDSHAKE_FINISHED && incoming) {
    message->data[0] ^= spoils_finished && when == GNUTLS_HOOK_PRE ? 1 : 0;
    num_finished_seen += when == GNUTLS_HOOK_POST ? 1 : 0;
  }
  return codicil_gnutls_on_handshake(session, type, when, incoming, message);
}

// The hook is told of a Finished, before and after, and neither says that it was verified.
static void test_the_hooks_news_of_a_finished_is_not_completion(void **state) {
  (void)state;
  for (int spoils = 0; spoils < 2; spoils++) {
    gnutls_pair pair;
    uint8_t value[KEY_LEN];
    gnutls_pair_init(&pair);
    gnutls_pair_connect(&pair);
    gnutls_handshake_set_hook_function(pair.server, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_BOTH,
                                       on_message);
    num_finished_seen = 0;
    spoils_finished = spoils != 0;
    assert_false(gnutls_pair_step(pair.client));
    assert_false(gnutls_pair_step(pair.server));
    assert_true(gnutls_pair_step(pair.client));
    int ret = gnutls_handshake(pair.server);
    assert_int_equal(num_finished_seen, 1);
    if (spoils) {
      assert_int_equal(ret, GNUTLS_E_ERROR_IN_FINISHED_PACKET);
      assert_int_equal(export_raw(pair.server, value), 0); // GnuTLS still gives it
      expect_refusal(pair.server, CODICIL_NOT_READY);
    } else {
      assert_int_equal(ret, 0);
      expect_equal_exports(&pair, value, CODICIL_HASH_SHA384);
    }
    gnutls_pair_clear(&pair);
  }
}

// ---- afterwards ---------------------------------------------------------------------------------

static void test_a_renegotiation_ends_it(void **state) {
  (void)state;
  gnutls_pair pair;
  codicil_tls *client, *server;
  uint8_t value[KEY_LEN] = {0x5a};
  gnutls_pair_init(&pair);
  pair.client_priorities = tls_1_2;
  gnutls_pair_connect(&pair);
  gnutls_pair_handshake(&pair);
  assert_int_equal(codicil_gnutls_tls_new(&client, pair.client), CODICIL_OK);
  assert_int_equal(codicil_gnutls_tls_new(&server, pair.server), CODICIL_OK);
  assert_false(gnutls_pair_step(pair.client)); // another ClientHello
  assert_int_equal(export_from(client, value), CODICIL_UNSUPPORTED);
  char octet;
  assert_int_equal(gnutls_record_recv(pair.server, &octet, 1), GNUTLS_E_REHANDSHAKE);
  gnutls_pair_handshake(&pair);
  assert_int_equal(export_from(client, value), CODICIL_UNSUPPORTED);
  assert_int_equal(export_from(server, value), CODICIL_UNSUPPORTED);
  assert_int_equal(value[0], 0x5a);
  codicil_gnutls_tls_free(client);
  codicil_gnutls_tls_free(server);
  gnutls_pair_clear(&pair);
}

static void test_a_key_update_changes_nothing(void **state) {
  (void)state;
  gnutls_pair pair;
  uint8_t before[KEY_LEN], after[KEY_LEN];
  gnutls_pair_init(&pair);
  gnutls_pair_connect(&pair);
  gnutls_pair_handshake(&pair);
  expect_equal_exports(&pair, before, CODICIL_HASH_SHA384);
  assert_int_equal(gnutls_session_key_update(pair.client, GNUTLS_KU_PEER), 0);
  char octet;
  assert_int_equal(gnutls_record_recv(pair.server, &octet, 1), GNUTLS_E_AGAIN);
  expect_equal_exports(&pair, after, CODICIL_HASH_SHA384);
  assert_memory_equal(before, after, KEY_LEN);
  gnutls_pair_clear(&pair);
}

static void test_a_session_that_was_not_prepared_in_time_is_refused(void **state) {
  (void)state;
  gnutls_pair pair;
  gnutls_pair_init(&pair);
  pair.prepare = false;
  gnutls_pair_connect(&pair);
  gnutls_pair_handshake(&pair);
  expect_refusal(pair.client, CODICIL_USAGE);
  assert_int_equal(codicil_gnutls_prepare(pair.client), CODICIL_OK);
  expect_refusal(pair.client, CODICIL_USAGE);
  codicil_gnutls_forget(pair.server); // without effect
  codicil_gnutls_tls_free(NULL);
  gnutls_pair_clear(&pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_either_version_exports_alike_with_either_hash),
      cmocka_unit_test(test_the_exporters_context_is_there_and_empty),
      cmocka_unit_test(test_tls_1_2_without_extended_master_secret_is_unsupported),
      cmocka_unit_test(test_tls_1_1_is_unsupported),
      cmocka_unit_test(test_resumption_changes_the_exported_value),
      cmocka_unit_test(test_a_server_that_has_sent_its_finished_exports_nothing_yet),
      cmocka_unit_test(test_the_success_of_an_early_start_is_not_completion),
      cmocka_unit_test(test_the_success_of_a_false_start_is_not_completion),
      cmocka_unit_test(test_a_key_callback_gets_no_value_where_gnutls_gives_a_constant),
      cmocka_unit_test(test_the_hooks_news_of_a_finished_is_not_completion),
      cmocka_unit_test(test_a_renegotiation_ends_it),
      cmocka_unit_test(test_a_key_update_changes_nothing),
      cmocka_unit_test(test_a_session_that_was_not_prepared_in_time_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
