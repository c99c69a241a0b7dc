// Two OpenSSL connections over memory: see tls_pair.h.
#include "tls_pair.h"

#include "cmocka_test.h"

#include <openssl/bio.h>
#include <openssl/err.h>

enum { BIO_LEN = 1 << 18 };

static int on_client_hello(SSL *ssl, int *al, void *arg) {
  tls_pair *pair = arg;
  pair->num_client_hellos++;
  return pair->capture ? codicil_ossl_capture_client_hello(ssl, al) : SSL_CLIENT_HELLO_SUCCESS;
}

static int select_h2(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                     const unsigned char *in, unsigned in_len, void *arg) {
  (void)ssl, (void)in, (void)in_len, (void)arg;
  *out = (const unsigned char *)"h2";
  *out_len = 2;
  return SSL_TLSEXT_ERR_OK;
}

void tls_pair_init(tls_pair *pair) {
  *pair = (tls_pair){.capture = true};
  pair->root = pki_root("root");
  pair->leaf = pki_leaf(pair->root, "DNS:www.example.com");
  pair->client_ctx = SSL_CTX_new(TLS_client_method());
  pair->server_ctx = SSL_CTX_new(TLS_server_method());
  assert_true(pair->client_ctx != NULL && pair->server_ctx != NULL);
  assert_int_equal(SSL_CTX_use_certificate(pair->server_ctx, pair->leaf->x509), 1);
  assert_int_equal(SSL_CTX_use_PrivateKey(pair->server_ctx, pair->leaf->key), 1);
  SSL_CTX_set_client_hello_cb(pair->server_ctx, on_client_hello, pair);
  SSL_CTX_set_alpn_select_cb(pair->server_ctx, select_h2, NULL);
  assert_int_equal(SSL_CTX_set_session_id_context(pair->server_ctx, (const uint8_t *)"t", 1), 1);
  X509_STORE *store = SSL_CTX_get_cert_store(pair->client_ctx);
  assert_int_equal(X509_STORE_add_cert(store, pair->root->x509), 1);
  SSL_CTX_set_verify(pair->client_ctx, SSL_VERIFY_PEER, NULL);
  assert_int_equal(SSL_CTX_set_alpn_protos(pair->client_ctx, (const uint8_t *)"\2h2", 3), 0);
  SSL_CTX_set_session_cache_mode(pair->client_ctx, SSL_SESS_CACHE_CLIENT);
}

void tls_pair_connect(tls_pair *pair, bool prepare) {
  BIO *client_end, *server_end;
  pair->client = SSL_new(pair->client_ctx);
  pair->server = SSL_new(pair->server_ctx);
  assert_true(pair->client != NULL && pair->server != NULL);
  assert_int_equal(BIO_new_bio_pair(&client_end, BIO_LEN, &server_end, BIO_LEN), 1);
  SSL_set_bio(pair->client, client_end, client_end);
  SSL_set_bio(pair->server, server_end, server_end);
  SSL_set_connect_state(pair->client);
  SSL_set_accept_state(pair->server);
  assert_int_equal(SSL_set_tlsext_host_name(pair->client, "www.example.com"), 1);
  if (prepare) {
    assert_int_equal(codicil_ossl_prepare_client(pair->client), CODICIL_OK);
  }
}

bool tls_pair_step(SSL *ssl) {
  ERR_clear_error();
  int ret = SSL_do_handshake(ssl);
  if (ret != 1 && SSL_get_error(ssl, ret) != SSL_ERROR_WANT_READ) {
    ERR_print_errors_fp(stderr);
    fail_msg("handshake failed");
  }
  return ret == 1;
}

void tls_pair_handshake(tls_pair *pair) {
  bool client_done = false, server_done = false;
  for (int i = 0; i < 10 && !(client_done && server_done); i++) {
    client_done = tls_pair_step(pair->client);
    server_done = tls_pair_step(pair->server);
  }
  assert_true(client_done && server_done);
}

void tls_pair_disconnect(tls_pair *pair) {
  SSL_free(pair->client);
  SSL_free(pair->server);
  pair->client = pair->server = NULL;
}

void tls_pair_clear(tls_pair *pair) {
  tls_pair_disconnect(pair);
  SSL_CTX_free(pair->client_ctx);
  SSL_CTX_free(pair->server_ctx);
  pki_free(pair->leaf);
  pki_free(pair->root);
}
