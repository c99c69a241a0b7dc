// GnuTLS on one side and OpenSSL on the other: an authenticator made over the one verifies over the
// other.
#include "gnutls_pair.h"

#include "cmocka_test.h"

#include <openssl/err.h>
#include <string.h>

#include "codicil/ossl.h"

enum { KEY_LEN = 32 };
static const char label[] = "EXPORTER-server authenticator finished key";

typedef struct mixed {
  gnutls_pair pair; // of which one side is used
  gnutls_session_t gnutls;
  gnutls_pipe *to_gnutls, *to_openssl;
  SSL_CTX *ctx;
  SSL *openssl;
} mixed;

static int on_client_hello(SSL *ssl, int *al, void *arg) {
  (void)arg;
  return codicil_ossl_capture_client_hello(ssl, al);
}

static SSL *make_openssl(mixed *m, bool is_client) {
  m->ctx = SSL_CTX_new(is_client ? TLS_client_method() : TLS_server_method());
  assert_non_null(m->ctx);
  if (!is_client) {
    assert_int_equal(SSL_CTX_use_certificate(m->ctx, m->pair.leaf->x509), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(m->ctx, m->pair.leaf->key), 1);
    SSL_CTX_set_client_hello_cb(m->ctx, on_client_hello, NULL);
  }
  SSL *ssl = SSL_new(m->ctx);
  assert_non_null(ssl);
  SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  if (is_client) {
    assert_int_equal(codicil_ossl_prepare_client(ssl), CODICIL_OK);
    SSL_set_connect_state(ssl);
  } else {
    SSL_set_accept_state(ssl);
  }
  return ssl;
}

static void mixed_init(mixed *m, bool gnutls_is_client, const char *priorities) {
  gnutls_pair_init(&m->pair);
  m->pair.client_priorities = m->pair.server_priorities = priorities;
  gnutls_pair_connect(&m->pair);
  m->gnutls = gnutls_is_client ? m->pair.client : m->pair.server;
  m->to_gnutls = gnutls_is_client ? &m->pair.to_client : &m->pair.to_server;
  m->to_openssl = gnutls_is_client ? &m->pair.to_server : &m->pair.to_client;
  m->openssl = make_openssl(m, !gnutls_is_client);
}

static void mixed_clear(mixed *m) {
  SSL_free(m->openssl);
  SSL_CTX_free(m->ctx);
  gnutls_pair_clear(&m->pair);
}

static bool step_openssl(mixed *m) {
  int len = (int)m->to_openssl->len;
  assert_int_equal(BIO_write(SSL_get_rbio(m->openssl), m->to_openssl->octets, len), len);
  m->to_openssl->len = 0;
  ERR_clear_error();
  int ret = SSL_do_handshake(m->openssl);
  if (ret != 1 && SSL_get_error(m->openssl, ret) != SSL_ERROR_WANT_READ) {
    ERR_print_errors_fp(stderr);
    fail_msg("handshake failed");
  }
  uint8_t *octets;
  long num = BIO_get_mem_data(SSL_get_wbio(m->openssl), &octets);
  assert_true(num >= 0 && (size_t)num <= sizeof m->to_gnutls->octets - m->to_gnutls->len);
  memcpy(m->to_gnutls->octets + m->to_gnutls->len, octets, (size_t)num);
  m->to_gnutls->len += (size_t)num;
  (void)BIO_reset(SSL_get_wbio(m->openssl));
  return ret == 1;
}

static void mixed_handshake(mixed *m) {
  bool gnutls_done = false, openssl_done = false;
  for (int i = 0; i < 10 && !(gnutls_done && openssl_done); i++) {
    gnutls_done = gnutls_done || gnutls_pair_step(m->gnutls);
    openssl_done = step_openssl(m);
  }
  assert_true(gnutls_done && openssl_done);
}

static void expect_equal(const codicil_tls *a, const codicil_tls *b) {
  uint8_t value[KEY_LEN], other[KEY_LEN];
  assert_int_equal(a->exporter(a->ctx, value, KEY_LEN, label, sizeof label - 1), CODICIL_OK);
  assert_int_equal(b->exporter(b->ctx, other, KEY_LEN, label, sizeof label - 1), CODICIL_OK);
  assert_memory_equal(value, other, KEY_LEN);
  assert_int_equal(a->hash, b->hash);
  assert_int_equal(a->client_schemes.len, b->client_schemes.len);
  assert_memory_equal(a->client_schemes.data, b->client_schemes.data, b->client_schemes.len);
  assert_int_equal(a->is_server, !b->is_server);
}

// The server shows a certificate of its own accord, and the client believes it.
static void expect_authenticator_passes(const codicil_tls *from, const codicil_tls *to,
                                        const pki_cert *certificate) {
  codicil_credential *credential;
  codicil_ea *server, *client;
  codicil_ea_proof *proof;
  codicil_buf authenticator;
  codicil_buf_init(&authenticator, NULL, 10000);
  assert_int_equal(codicil_credential_new(&credential, NULL, NULL, pki_pem(certificate),
                                          pki_key_pem(certificate)),
                   CODICIL_OK);
  assert_int_equal(codicil_ea_new(&server, NULL, from), CODICIL_OK);
  assert_int_equal(codicil_ea_new(&client, NULL, to), CODICIL_OK);
  assert_int_equal(codicil_ea_authenticate(server, &authenticator, credential,
                                           codicil_span_of(NULL, 0), codicil_span_of("once", 4)),
                   CODICIL_OK);
  assert_int_equal(codicil_ea_verify(client, &proof, NULL, codicil_buf_span(&authenticator),
                                     codicil_span_of(NULL, 0)),
                   CODICIL_OK);
  codicil_span shown = codicil_ea_proof_certificate(proof, 0);
  assert_int_equal(shown.len, certificate->der_len);
  assert_memory_equal(shown.data, certificate->der, shown.len);
  codicil_ea_proof_free(proof);
  codicil_ea_free(client);
  codicil_ea_free(server);
  codicil_credential_free(credential);
  codicil_buf_clear(&authenticator);
}

static void expect_across(bool gnutls_is_client, const char *priorities) {
  mixed m;
  codicil_tls *over_gnutls, *over_openssl;
  mixed_init(&m, gnutls_is_client, priorities);
  mixed_handshake(&m);
  assert_int_equal(codicil_gnutls_tls_new(&over_gnutls, m.gnutls), CODICIL_OK);
  assert_int_equal(codicil_ossl_tls_new(&over_openssl, m.openssl), CODICIL_OK);
  assert_int_equal(over_gnutls->is_server, !gnutls_is_client);
  expect_equal(over_gnutls, over_openssl);
  pki_cert *secondary = pki_leaf(m.pair.root, "DNS:secondary.example.com");
  expect_authenticator_passes(gnutls_is_client ? over_openssl : over_gnutls,
                              gnutls_is_client ? over_gnutls : over_openssl, secondary);
  pki_free(secondary);
  codicil_gnutls_tls_free(over_gnutls);
  codicil_ossl_tls_free(over_openssl);
  mixed_clear(&m);
}

static void test_an_authenticator_passes_from_openssl_to_gnutls(void **state) {
  (void)state;
  expect_across(true, "NORMAL:-VERS-ALL:+VERS-TLS1.3");
  expect_across(true, "NORMAL:-VERS-ALL:+VERS-TLS1.2");
  expect_across(true, "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM");
}

static void test_an_authenticator_passes_from_gnutls_to_openssl(void **state) {
  (void)state;
  expect_across(false, "NORMAL:-VERS-ALL:+VERS-TLS1.3");
  expect_across(false, "NORMAL:-VERS-ALL:+VERS-TLS1.2");
  expect_across(false, "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_authenticator_passes_from_openssl_to_gnutls),
      cmocka_unit_test(test_an_authenticator_passes_from_gnutls_to_openssl),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
