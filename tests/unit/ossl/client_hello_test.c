// What a ClientHello offered, captured on both sides of a connection.
#include "tls_pair.h"

#include "cmocka_test.h"

#include <openssl/err.h>
#include <string.h>

#include "client_hello.h"
#include "fail_mem.h"
#include "span.h"
#include "writer.h"

static bool lists(codicil_span list, uint16_t value) {
  for (size_t i = 0; i + 1 < list.len; i += 2) {
    if (list.data[i] == value >> 8 && list.data[i + 1] == (value & 0xff)) {
      return true;
    }
  }
  return false;
}

static void expect_same_offers(const tls_pair *pair, codicil_client_offer *client) {
  codicil_client_offer server;
  assert_true(client_offer_of(pair->client, client));
  assert_true(client_offer_of(pair->server, &server));
  assert_true(codicil_span_equal(client->schemes, server.schemes));
  assert_true(codicil_span_equal(client->cert_schemes, server.cert_schemes));
  assert_true(codicil_span_equal(client->extensions, server.extensions));
}

static void test_a_prepared_client_offers_staples_and_both_sides_know(void **state) {
  (void)state;
  tls_pair pair;
  codicil_client_offer offer;
  tls_pair_init(&pair);
  tls_pair_connect(&pair, true);
  assert_false(client_offer_of(pair.client, &offer));
  tls_pair_handshake(&pair);
  expect_same_offers(&pair, &offer);
  assert_true(lists(offer.extensions, TLSEXT_TYPE_status_request));
  assert_true(lists(offer.extensions, TLSEXT_TYPE_signed_certificate_timestamp));
  assert_true(lists(offer.extensions, TLSEXT_TYPE_server_name));
  assert_true(lists(offer.schemes, 0x0403)); // ecdsa_secp256r1_sha256
  assert_int_equal(offer.cert_schemes.len, 0);
  tls_pair_clear(&pair);
}

static void test_an_unprepared_client_is_still_known_to_the_server(void **state) {
  (void)state;
  tls_pair pair;
  codicil_client_offer offer;
  tls_pair_init(&pair);
  tls_pair_connect(&pair, false);
  tls_pair_handshake(&pair);
  assert_false(client_offer_of(pair.client, &offer));
  assert_true(client_offer_of(pair.server, &offer));
  assert_false(lists(offer.extensions, TLSEXT_TYPE_status_request));
  tls_pair_clear(&pair);
}

static void test_the_schemes_are_those_that_were_offered(void **state) {
  (void)state;
  tls_pair pair;
  codicil_client_offer offer;
  tls_pair_init(&pair);
  assert_int_equal(SSL_CTX_set1_sigalgs_list(pair.client_ctx, "ECDSA+SHA256:ed25519"), 1);
  tls_pair_connect(&pair, true);
  tls_pair_handshake(&pair);
  expect_same_offers(&pair, &offer);
  assert_true(codicil_span_equal(offer.schemes, codicil_span_of("\x04\x03\x08\x07", 4)));
  tls_pair_clear(&pair);
}

static void test_after_hello_retry_request_the_second_hello_counts(void **state) {
  (void)state;
  tls_pair pair;
  codicil_client_offer offer;
  tls_pair_init(&pair);
  assert_int_equal(SSL_CTX_set1_groups_list(pair.client_ctx, "X25519:P-256"), 1);
  assert_int_equal(SSL_CTX_set1_groups_list(pair.server_ctx, "P-256"), 1);
  tls_pair_connect(&pair, true);
  tls_pair_handshake(&pair);
  assert_int_equal(pair.num_client_hellos, 2);
  expect_same_offers(&pair, &offer);
  tls_pair_clear(&pair);
}

// ---- messages made by hand ----------------------------------------------------------------------

// Appends a ClientHello with signature_algorithms of `scheme`, `num_schemes` times,
// signature_algorithms_cert {0x0804} and `num_more` empty extensions of types from 0x1000 on.
static void write_hello(codicil_writer *w, uint16_t scheme, size_t num_schemes, size_t num_more) {
  static const uint8_t zeros[32];
  codicil_write_u8(w, 1);
  size_t body = codicil_write_open(w, 3);
  codicil_write_u16(w, 0x0303);
  codicil_write_bytes(w, codicil_span_of(zeros, 32));
  codicil_write_u8(w, 0);
  codicil_write_bytes(w, codicil_span_of("\0\2\x13\1\1", 5)); // suites, compression (1 …
  codicil_write_u8(w, 0);                                     // … null)
  size_t extensions = codicil_write_open(w, 2);
  codicil_write_u16(w, 13);
  size_t outer = codicil_write_open(w, 2), inner = codicil_write_open(w, 2);
  for (size_t i = 0; i < num_schemes; i++) {
    codicil_write_u16(w, scheme);
  }
  codicil_write_close(w, inner, 2);
  codicil_write_close(w, outer, 2);
  codicil_write_bytes(w, codicil_span_of("\0\x32\0\4\0\2\x08\x04", 8));
  for (size_t i = 0; i < num_more; i++) {
    codicil_write_u16(w, (uint16_t)(0x1000 + i));
    codicil_write_u16(w, 0);
  }
  codicil_write_close(w, extensions, 2);
  codicil_write_close(w, body, 3);
}

static codicil_buf make_hello(uint16_t scheme, size_t num_more) {
  codicil_buf buf;
  codicil_buf_init(&buf, NULL, 100000);
  codicil_writer w = codicil_writer_of(&buf);
  write_hello(&w, scheme, 1, num_more);
  assert_int_equal(codicil_writer_finish(&w), CODICIL_OK);
  return buf;
}

static void feed(SSL *ssl, codicil_span message) {
  codicil_ossl_on_message(ssl, 1, SSL3_RT_HANDSHAKE, message.data, message.len);
}

static void test_a_later_hello_replaces_an_earlier_one(void **state) {
  (void)state;
  tls_pair pair;
  codicil_client_offer offer;
  tls_pair_init(&pair);
  tls_pair_connect(&pair, true);
  codicil_buf first = make_hello(0x0403, 1), second = make_hello(0x0807, 0);
  feed(pair.client, codicil_buf_span(&first));
  assert_true(client_offer_of(pair.client, &offer));
  assert_true(codicil_span_equal(offer.schemes, codicil_span_of("\x04\x03", 2)));
  assert_true(codicil_span_equal(offer.extensions, codicil_span_of("\0\x0d\0\x32\x10\0", 6)));
  feed(pair.client, codicil_buf_span(&second));
  assert_true(client_offer_of(pair.client, &offer));
  assert_true(codicil_span_equal(offer.schemes, codicil_span_of("\x08\x07", 2)));
  assert_true(codicil_span_equal(offer.cert_schemes, codicil_span_of("\x08\x04", 2)));
  assert_true(codicil_span_equal(offer.extensions, codicil_span_of("\0\x0d\0\x32", 4)));
  codicil_buf_clear(&first);
  codicil_buf_clear(&second);
  tls_pair_clear(&pair);
}

static void test_other_messages_and_cut_hellos_are_passed_over(void **state) {
  (void)state;
  tls_pair pair;
  codicil_client_offer offer;
  tls_pair_init(&pair);
  tls_pair_connect(&pair, true);
  codicil_buf hello = make_hello(0x0403, 3);
  for (size_t len = 0; len < hello.len; len++) {
    codicil_span cut = exact_copy(codicil_span_of(hello.data, len));
    feed(pair.client, cut);
    free((void *)(uintptr_t)cut.data);
  }
  codicil_ossl_on_message(pair.client, 0, SSL3_RT_HANDSHAKE, hello.data, hello.len);
  codicil_ossl_on_message(pair.client, 1, SSL3_RT_ALERT, hello.data, hello.len);
  hello.data[0] = 2;
  feed(pair.client, codicil_buf_span(&hello));
  assert_false(client_offer_of(pair.client, &offer));
  codicil_buf_clear(&hello);
  tls_pair_clear(&pair);
}

static void test_a_scheme_list_that_does_not_parse_counts_as_nothing_offered(void **state) {
  (void)state;
  tls_pair pair;
  codicil_client_offer offer;
  tls_pair_init(&pair);
  tls_pair_connect(&pair, true);
  codicil_buf hello = make_hello(0x0403, 0);
  hello.data[hello.len - 16 + 5] = 3; // the inner length of signature_algorithms
  feed(pair.client, codicil_buf_span(&hello));
  assert_true(client_offer_of(pair.client, &offer));
  assert_int_equal(offer.schemes.len + offer.cert_schemes.len + offer.extensions.len, 0);
  codicil_buf_clear(&hello);
  tls_pair_clear(&pair);
}

static void test_a_hello_of_kilobytes_counts_as_nothing_offered(void **state) {
  (void)state;
  tls_pair pair;
  codicil_client_offer offer;
  tls_pair_init(&pair);
  tls_pair_connect(&pair, true);
  codicil_buf fits = make_hello(0x0403, 996), long_one = make_hello(0x0403, 997);
  feed(pair.client, codicil_buf_span(&fits));
  assert_true(client_offer_of(pair.client, &offer));
  assert_int_equal(offer.extensions.len, 2 * 998);
  feed(pair.client, codicil_buf_span(&long_one));
  assert_true(client_offer_of(pair.client, &offer));
  assert_int_equal(offer.schemes.len + offer.extensions.len, 0);
  codicil_buf_clear(&fits);
  codicil_buf_clear(&long_one);
  tls_pair_clear(&pair);
}

// Gives the server a TLS record with a ClientHello of `num_schemes`; the handshake may fail then.
static void receive_hello(tls_pair *pair, size_t num_schemes) {
  codicil_buf buf;
  codicil_buf_init(&buf, NULL, 100000);
  codicil_writer w = codicil_writer_of(&buf);
  codicil_write_bytes(&w, codicil_span_of("\x16\3\1", 3));
  size_t record = codicil_write_open(&w, 2);
  write_hello(&w, 0x0403, num_schemes, 0);
  codicil_write_close(&w, record, 2);
  assert_int_equal(codicil_writer_finish(&w), CODICIL_OK);
  assert_int_equal(BIO_write(SSL_get_wbio(pair->client), buf.data, (int)buf.len), buf.len);
  (void)SSL_do_handshake(pair->server);
  ERR_clear_error();
  codicil_buf_clear(&buf);
}

static void test_a_peer_s_hello_of_kilobytes_counts_as_nothing_offered(void **state) {
  (void)state;
  for (size_t num_schemes = 997; num_schemes <= 998; num_schemes++) {
    tls_pair pair;
    codicil_client_offer offer;
    tls_pair_init(&pair);
    tls_pair_connect(&pair, true);
    receive_hello(&pair, num_schemes);
    assert_true(client_offer_of(pair.server, &offer));
    assert_int_equal(offer.schemes.len, num_schemes == 997 ? 2 * num_schemes : 0);
    assert_int_equal(offer.cert_schemes.len, num_schemes == 997 ? 2 : 0);
    assert_int_equal(offer.extensions.len, num_schemes == 997 ? 4 : 0);
    tls_pair_clear(&pair);
  }
}

static unsigned num_messages;
static void count_and_pass_on(int is_sent, int version, int content_type, const void *message,
                              size_t len, SSL *ssl, void *arg) {
  (void)version, (void)arg;
  num_messages++;
  codicil_ossl_on_message(ssl, is_sent, content_type, message, len);
}

static void test_an_application_keeps_its_own_message_callback(void **state) {
  (void)state;
  tls_pair pair;
  codicil_client_offer offer;
  tls_pair_init(&pair);
  tls_pair_connect(&pair, true);
  SSL_set_msg_callback(pair.client, count_and_pass_on);
  tls_pair_handshake(&pair);
  assert_true(num_messages > 1);
  expect_same_offers(&pair, &offer);
  tls_pair_clear(&pair);
}

static void test_an_application_that_offers_scts_itself_keeps_doing_so(void **state) {
  (void)state;
  tls_pair pair;
  codicil_client_offer offer;
  tls_pair_init(&pair);
  assert_int_equal(SSL_CTX_add_client_custom_ext(pair.client_ctx,
                                                 TLSEXT_TYPE_signed_certificate_timestamp, NULL,
                                                 NULL, NULL, NULL, NULL),
                   1);
  tls_pair_connect(&pair, true);
  tls_pair_handshake(&pair);
  expect_same_offers(&pair, &offer);
  assert_true(lists(offer.extensions, TLSEXT_TYPE_signed_certificate_timestamp));
  tls_pair_clear(&pair);
}

static int add_scts(SSL *ssl, unsigned type, unsigned context, const uint8_t **out, size_t *out_len,
                    X509 *x509, size_t chain_index, int *al, void *arg) {
  (void)ssl, (void)type, (void)context, (void)x509, (void)chain_index, (void)al;
  const pki_bytes *list = arg;
  *out = list->data;
  *out_len = list->len;
  return 1;
}

static void test_scts_of_the_handshake_are_accepted_unexamined(void **state) {
  (void)state;
  tls_pair pair;
  pki_bytes list = pki_scts(2);
  tls_pair_init(&pair);
  assert_int_equal(SSL_CTX_add_custom_ext(pair.server_ctx, TLSEXT_TYPE_signed_certificate_timestamp,
                                          SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_3_CERTIFICATE,
                                          add_scts, NULL, &list, NULL, NULL),
                   1);
  tls_pair_connect(&pair, true);
  tls_pair_handshake(&pair);
  assert_int_equal(SSL_get_verify_result(pair.client), X509_V_OK);
  assert_int_equal(sk_SCT_num(SSL_get0_peer_scts(pair.client)), 2);
  tls_pair_clear(&pair);
  free(list.data);
}

static void test_a_duplicated_connection_has_no_record_of_the_first(void **state) {
  (void)state;
  tls_pair pair;
  codicil_client_offer offer;
  tls_pair_init(&pair);
  tls_pair_connect(&pair, true);
  codicil_buf hello = make_hello(0x0403, 0);
  feed(pair.client, codicil_buf_span(&hello));
  SSL *copy = SSL_dup(pair.client);
  assert_non_null(copy);
  assert_ptr_not_equal(copy, pair.client);
  assert_false(client_offer_of(copy, &offer));
  SSL_free(copy);
  assert_true(client_offer_of(pair.client, &offer));
  codicil_buf_clear(&hello);
  tls_pair_clear(&pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_prepared_client_offers_staples_and_both_sides_know),
      cmocka_unit_test(test_an_unprepared_client_is_still_known_to_the_server),
      cmocka_unit_test(test_the_schemes_are_those_that_were_offered),
      cmocka_unit_test(test_after_hello_retry_request_the_second_hello_counts),
      cmocka_unit_test(test_a_later_hello_replaces_an_earlier_one),
      cmocka_unit_test(test_other_messages_and_cut_hellos_are_passed_over),
      cmocka_unit_test(test_a_scheme_list_that_does_not_parse_counts_as_nothing_offered),
      cmocka_unit_test(test_a_hello_of_kilobytes_counts_as_nothing_offered),
      cmocka_unit_test(test_a_peer_s_hello_of_kilobytes_counts_as_nothing_offered),
      cmocka_unit_test(test_an_application_keeps_its_own_message_callback),
      cmocka_unit_test(test_an_application_that_offers_scts_itself_keeps_doing_so),
      cmocka_unit_test(test_scts_of_the_handshake_are_accepted_unexamined),
      cmocka_unit_test(test_a_duplicated_connection_has_no_record_of_the_first),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
