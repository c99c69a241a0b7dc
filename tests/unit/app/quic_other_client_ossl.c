// Another client, by OpenSSL: see quic_other_client.h.
#include "quic_other_client.h"

#include "cmocka_test.h"

#include <ngtcp2/ngtcp2_crypto_ossl.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

struct quic_other_client {
  SSL_CTX *ctx;
  SSL *ssl;
  SSL_SESSION *last; // that came
  ngtcp2_crypto_ossl_ctx *native;
};

static int on_session(SSL *ssl, SSL_SESSION *session) {
  quic_other_client *client = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
  SSL_SESSION_free(client->last);
  client->last = session;
  return 1;
}

static SSL_SESSION *session_of(codicil_span ticket) {
  const unsigned char *at = ticket.data;
  SSL_SESSION *session = d2i_SSL_SESSION(NULL, &at, (long)ticket.len);
  assert_non_null(session);
  return session;
}

static void offer_alpn(SSL *ssl, const char *alpn) {
  uint8_t list[256];
  size_t len = strlen(alpn);
  list[0] = (uint8_t)len;
  memcpy(list + 1, alpn, len);
  assert_int_equal(SSL_set_alpn_protos(ssl, list, (unsigned)(1 + len)), 0);
}

static void offer(SSL *ssl, const quic_other_options *options) {
  assert_int_equal(SSL_set_tlsext_host_name(ssl, options->server_name), 1);
  if (options->is_retried) {
    assert_int_equal(SSL_set1_groups_list(ssl, "*brainpoolP256r1tls13:X25519"), 1);
  }
  if (options->alpn != NULL) {
    offer_alpn(ssl, options->alpn);
  }
  if (options->ticket.len > 0) {
    SSL_SESSION *session = session_of(options->ticket);
    assert_int_equal(SSL_set_session(ssl, session), 1);
    SSL_SESSION_free(session);
  }
}

quic_other_client *quic_other_client_new(ngtcp2_crypto_conn_ref *ref,
                                         const quic_other_options *options) {
  quic_other_client *client = calloc(1, sizeof *client);
  assert_non_null(client);
  client->ctx = SSL_CTX_new(TLS_client_method());
  assert_non_null(client->ctx);
  SSL_CTX_set_app_data(client->ctx, client);
  SSL_CTX_set_session_cache_mode(client->ctx,
                                 SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(client->ctx, on_session);
  client->ssl = SSL_new(client->ctx);
  assert_non_null(client->ssl);
  assert_int_equal(ngtcp2_crypto_ossl_ctx_new(&client->native, client->ssl), 0);
  SSL_set_app_data(client->ssl, ref);
  SSL_set_connect_state(client->ssl);
  offer(client->ssl, options);
  assert_int_equal(ngtcp2_crypto_ossl_configure_client_session(client->ssl), 0);
  // OpenSSL lets none be announced where the ticket allows none.
  if (options->early_data && options->ticket.len > 0 &&
      SSL_SESSION_get_max_early_data(SSL_get0_session(client->ssl)) > 0) {
    assert_int_equal(SSL_set_quic_tls_early_data_enabled(client->ssl, 1), 1);
  }
  return client;
}

void *quic_other_client_native(quic_other_client *client) {
  return client->native;
}

bool quic_other_client_is_resumed(const quic_other_client *client) {
  return SSL_session_reused(client->ssl) == 1;
}

bool quic_other_client_early_data_is_accepted(const quic_other_client *client) {
  return SSL_get_early_data_status(client->ssl) == SSL_EARLY_DATA_ACCEPTED;
}

bool quic_other_client_ticket(quic_other_client *client, codicil_buf *out) {
  uint8_t *der = NULL;
  int len = client->last != NULL ? i2d_SSL_SESSION(client->last, &der) : 0;
  if (len > 0) {
    assert_int_equal(codicil_buf_append(out, codicil_span_of(der, (size_t)len)), CODICIL_OK);
  }
  OPENSSL_free(der);
  return len > 0;
}

uint32_t quic_other_client_max_early_data(const quic_other_client *client) {
  return client->last != NULL ? SSL_SESSION_get_max_early_data(client->last) : 0;
}

void quic_other_client_free(quic_other_client *client) {
  SSL_set_app_data(client->ssl, NULL);
  ngtcp2_crypto_ossl_ctx_del(client->native);
  SSL_free(client->ssl);
  SSL_SESSION_free(client->last);
  SSL_CTX_free(client->ctx);
  free(client);
}

bool quic_other_server_took_early_data(void *native) {
  return SSL_get_early_data_status(ngtcp2_crypto_ossl_ctx_get_ssl(native)) ==
         SSL_EARLY_DATA_ACCEPTED;
}

// ---- a server -----------------------------------------------------------------------------------

struct quic_other_server {
  SSL_CTX *ctx;
  SSL *ssl;
  ngtcp2_crypto_ossl_ctx *native;
};

quic_other_server *quic_other_server_new(ngtcp2_crypto_conn_ref *ref, const char *certificate,
                                         const char *key) {
  quic_other_server *server = calloc(1, sizeof *server);
  assert_non_null(server);
  server->ctx = SSL_CTX_new(TLS_server_method());
  assert_non_null(server->ctx);
  assert_int_equal(SSL_CTX_use_certificate_chain_file(server->ctx, certificate), 1);
  assert_int_equal(SSL_CTX_use_PrivateKey_file(server->ctx, key, SSL_FILETYPE_PEM), 1);
  server->ssl = SSL_new(server->ctx);
  assert_non_null(server->ssl);
  assert_int_equal(ngtcp2_crypto_ossl_ctx_new(&server->native, server->ssl), 0);
  SSL_set_app_data(server->ssl, ref);
  SSL_set_accept_state(server->ssl);
  assert_int_equal(ngtcp2_crypto_ossl_configure_server_session(server->ssl), 0);
  return server;
}

void *quic_other_server_native(quic_other_server *server) {
  return server->native;
}

void quic_other_server_free(quic_other_server *server) {
  SSL_set_app_data(server->ssl, NULL);
  ngtcp2_crypto_ossl_ctx_del(server->native);
  SSL_free(server->ssl);
  SSL_CTX_free(server->ctx);
  free(server);
}
