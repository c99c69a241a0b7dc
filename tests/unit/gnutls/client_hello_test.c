// What a ClientHello offered, on both sides of a GnuTLS session; memory that runs out.
#include "gnutls_pair.h"

#include "cmocka_test.h"

#include <stdlib.h>
#include <string.h>

enum { STATUS_REQUEST = 5, KEY_LEN = 32 };
static const char label[] = "EXPORTER-server authenticator handshake context";

static bool lists(codicil_span list, uint16_t value) {
  for (size_t i = 0; i + 1 < list.len; i += 2) {
    if (list.data[i] == value >> 8 && list.data[i + 1] == (value & 0xff)) {
      return true;
    }
  }
  return false;
}

static bool is_same(codicil_span a, codicil_span b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

typedef struct both {
  codicil_tls *client, *server;
} both;

// Both sides know the same of a complete handshake.
static both expect_same_offers(gnutls_pair *pair) {
  both tls;
  assert_int_equal(codicil_gnutls_tls_new(&tls.client, pair->client), CODICIL_OK);
  assert_int_equal(codicil_gnutls_tls_new(&tls.server, pair->server), CODICIL_OK);
  assert_true(is_same(tls.client->client_schemes, tls.server->client_schemes));
  assert_true(is_same(tls.client->client_cert_schemes, tls.server->client_cert_schemes));
  assert_true(is_same(tls.client->client_extensions, tls.server->client_extensions));
  return tls;
}

static void both_free(both *tls) {
  codicil_gnutls_tls_free(tls->client);
  codicil_gnutls_tls_free(tls->server);
}

static void test_both_sides_know_what_the_client_offered(void **state) {
  (void)state;
  gnutls_pair pair;
  gnutls_pair_init(&pair);
  pair.client_priorities = "NORMAL:-SIGN-ALL:+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-EDDSA-ED25519";
  gnutls_pair_connect(&pair);
  gnutls_pair_handshake(&pair);
  both tls = expect_same_offers(&pair);
  assert_true(is_same(tls.client->client_schemes, codicil_span_of("\x04\x03\x08\x07", 4)));
  assert_int_equal(tls.client->client_cert_schemes.len, 0);
  assert_true(lists(tls.client->client_extensions, STATUS_REQUEST));
  assert_true(lists(tls.client->client_extensions, 0)); // server_name
  both_free(&tls);
  gnutls_pair_clear(&pair);
}

static unsigned num_hellos;

static int count_and_pass_on(gnutls_session_t session, unsigned type, unsigned when,
                             unsigned incoming, const gnutls_datum_t *message) {
  num_hellos += type == GNUTLS_HANDSHAKE_CLIENT_HELLO ? 1 : 0;
  return codicil_gnutls_on_handshake(session, type, when, incoming, message);
}

static void test_after_hello_retry_request_the_second_hello_counts(void **state) {
  (void)state;
  gnutls_pair pair;
  gnutls_pair_init(&pair);
  pair.client_priorities =
      "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP384R1";
  pair.server_priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-SECP384R1";
  pair.client_flags = GNUTLS_KEY_SHARE_TOP;
  gnutls_pair_connect(&pair);
  gnutls_handshake_set_hook_function(pair.server, GNUTLS_HANDSHAKE_CLIENT_HELLO, GNUTLS_HOOK_PRE,
                                     count_and_pass_on);
  num_hellos = 0;
  gnutls_pair_handshake(&pair);
  assert_int_equal(num_hellos, 2);
  both tls = expect_same_offers(&pair);
  both_free(&tls);
  gnutls_pair_clear(&pair);
}

// ---- hellos made by hand ------------------------------------------------------------------------

static void put_u16(uint8_t *out, size_t value) {
  out[0] = (uint8_t)(value >> 8);
  out[1] = (uint8_t)value;
}

// A ClientHello's body whose signature_algorithms are `num_schemes` times `scheme`.
static gnutls_datum_t make_hello(uint16_t scheme, size_t num_schemes) {
  static uint8_t octets[10000];
  uint8_t *at = octets + 2 + 32 + 1;
  memset(octets, 0, sizeof octets);
  memcpy(at, "\0\2\x13\1\1\0", 6);
  put_u16(at + 6, 6 + 2 * num_schemes);
  put_u16(at + 8, 13);
  put_u16(at + 10, 2 + 2 * num_schemes);
  put_u16(at + 12, 2 * num_schemes);
  for (size_t i = 0; i < num_schemes; i++) {
    put_u16(at + 14 + 2 * i, scheme);
  }
  return (gnutls_datum_t){octets, (unsigned)(2 + 32 + 1 + 14 + 2 * num_schemes)};
}

// Tells a client that it sent `hello` (between its own, which stays what it is, and completion).
static codicil_span schemes_after(gnutls_pair *pair, gnutls_datum_t hello, codicil_tls **out) {
  gnutls_pair_connect(pair);
  assert_false(gnutls_pair_step(pair->client));
  assert_int_equal(codicil_gnutls_on_handshake(pair->client, GNUTLS_HANDSHAKE_CLIENT_HELLO,
                                               GNUTLS_HOOK_PRE, 0, &hello),
                   0);
  gnutls_pair_handshake(pair);
  assert_int_equal(codicil_gnutls_tls_new(out, pair->client), CODICIL_OK);
  return (*out)->client_schemes;
}

static void test_a_later_hello_replaces_an_earlier_one(void **state) {
  (void)state;
  gnutls_pair pair;
  codicil_tls *tls;
  gnutls_pair_init(&pair);
  assert_true(
      is_same(schemes_after(&pair, make_hello(0x0807, 1), &tls), codicil_span_of("\x08\x07", 2)));
  assert_int_equal(tls->client_extensions.len, 2);
  codicil_gnutls_tls_free(tls);
  gnutls_pair_clear(&pair);
}

static void test_a_hello_of_kilobytes_or_one_that_does_not_parse_offers_nothing(void **state) {
  (void)state;
  static const struct {
    size_t num_schemes, cut, expected;
  } rows[] = {{999, 0, 2 * 999}, {1000, 0, 0}, {3000, 0, 0}, {2, 1, 0}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    gnutls_pair pair;
    codicil_tls *tls;
    gnutls_pair_init(&pair);
    gnutls_datum_t hello = make_hello(0x0403, rows[i].num_schemes);
    hello.size -= (unsigned)rows[i].cut;
    assert_int_equal(schemes_after(&pair, hello, &tls).len, rows[i].expected);
    assert_int_equal(tls->client_extensions.len, rows[i].expected > 0 ? 2 : 0);
    codicil_gnutls_tls_free(tls);
    gnutls_pair_clear(&pair);
  }
}

static void test_other_messages_are_passed_over(void **state) {
  (void)state;
  gnutls_pair pair;
  gnutls_datum_t hello = make_hello(0x0807, 1);
  gnutls_pair_init(&pair);
  gnutls_pair_connect(&pair);
  gnutls_pair_handshake(&pair);
  both before = expect_same_offers(&pair);
  assert_int_equal(codicil_gnutls_on_handshake(pair.client, GNUTLS_HANDSHAKE_SERVER_HELLO,
                                               GNUTLS_HOOK_PRE, 0, &hello),
                   0);
  assert_int_equal(codicil_gnutls_on_handshake(pair.client, GNUTLS_HANDSHAKE_CLIENT_HELLO,
                                               GNUTLS_HOOK_POST, 0, &hello),
                   0);
  both after = expect_same_offers(&pair);
  both_free(&before);
  both_free(&after);
  gnutls_pair_clear(&pair);
}

// ---- memory -------------------------------------------------------------------------------------

static size_t countdown;
static bool failed;

static bool refuses(void) {
  failed = failed || countdown == 0;
  return countdown == 0 || countdown-- == 0;
}

static void *starved_malloc(size_t len) {
  return refuses() ? NULL : malloc(len);
}

static void *starved_calloc(size_t num, size_t len) {
  return refuses() ? NULL : calloc(num, len);
}

static void *starved_realloc(void *ptr, size_t len) {
  return refuses() ? NULL : realloc(ptr, len);
}

// From here on all but the first `n` allocations of GnuTLS and of the binding are refused.
static void starve(size_t n) {
  countdown = n;
  failed = false;
  gnutls_malloc = starved_malloc;
  gnutls_calloc = starved_calloc;
  gnutls_realloc = starved_realloc;
}

static bool feed(void) {
  gnutls_malloc = malloc;
  gnutls_calloc = calloc;
  gnutls_realloc = realloc;
  return failed;
}

static void test_preparing_without_memory_leaves_the_session_as_it_was(void **state) {
  (void)state;
  gnutls_session_t session;
  codicil_tls *tls = NULL;
  assert_int_equal(gnutls_init(&session, GNUTLS_CLIENT), 0);
  starve(0);
  codicil_err err = codicil_gnutls_prepare(session);
  assert_true(feed());
  assert_int_equal(err, CODICIL_NOMEM);
  assert_int_equal(codicil_gnutls_tls_new(&tls, session), CODICIL_USAGE);
  gnutls_deinit(session);
}

// What cannot be remembered ends the handshake, and an earlier hello does not stand for it.
static void test_a_hello_that_cannot_be_remembered_ends_the_handshake(void **state) {
  (void)state;
  gnutls_pair pair;
  gnutls_datum_t hello = make_hello(0x0403, 1);
  gnutls_pair_init(&pair);
  gnutls_pair_connect(&pair);
  starve(0);
  int ret = codicil_gnutls_on_handshake(pair.client, GNUTLS_HANDSHAKE_CLIENT_HELLO, GNUTLS_HOOK_PRE,
                                        0, &hello);
  assert_true(feed());
  assert_int_equal(ret, GNUTLS_E_MEMORY_ERROR);
  gnutls_pair_clear(&pair);
}

static void test_each_allocation_that_fails_is_told_and_leaves_the_rest_usable(void **state) {
  (void)state;
  gnutls_pair pair;
  gnutls_pair_init(&pair);
  gnutls_pair_connect(&pair);
  gnutls_pair_handshake(&pair);
  codicil_tls *tls = NULL;
  codicil_err err = CODICIL_NOMEM;
  for (size_t n = 0; err != CODICIL_OK; n++) {
    starve(n);
    err = codicil_gnutls_tls_new(&tls, pair.client);
    assert_int_equal(err, feed() ? CODICIL_NOMEM : CODICIL_OK);
    assert_true(err == CODICIL_OK || tls == NULL);
  }
  err = CODICIL_NOMEM;
  for (size_t n = 0; err != CODICIL_OK; n++) {
    uint8_t value[KEY_LEN] = {0x5a};
    starve(n);
    err = tls->exporter(tls->ctx, value, KEY_LEN, label, sizeof label - 1);
    assert_int_equal(err, feed() ? CODICIL_NOMEM : CODICIL_OK);
    assert_true(err == CODICIL_OK || (value[0] == 0x5a && value[1] == 0));
  }
  codicil_gnutls_tls_free(tls);
  gnutls_pair_clear(&pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_both_sides_know_what_the_client_offered),
      cmocka_unit_test(test_after_hello_retry_request_the_second_hello_counts),
      cmocka_unit_test(test_a_later_hello_replaces_an_earlier_one),
      cmocka_unit_test(test_a_hello_of_kilobytes_or_one_that_does_not_parse_offers_nothing),
      cmocka_unit_test(test_other_messages_are_passed_over),
      cmocka_unit_test(test_preparing_without_memory_leaves_the_session_as_it_was),
      cmocka_unit_test(test_a_hello_that_cannot_be_remembered_ends_the_handshake),
      cmocka_unit_test(test_each_allocation_that_fails_is_told_and_leaves_the_rest_usable),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
