// The server's side: the credentials to prove on every connection.
#include <string.h>

#include "examples.h"

enum { MAX_CREDENTIALS = 8 };
static codicil_config *config;
static codicil_credential *credentials[MAX_CREDENTIALS]; // the first is the handshake's
static codicil_identity *identities[MAX_CREDENTIALS];
static int num;

static bool add(const char *chain_file, const char *key_file) {
  char chain[FILE_MAX], key[FILE_MAX];
  codicil_span chain_pem = {(uint8_t *)chain, read_file(chain_file, chain)};
  codicil_span key_pem = {(uint8_t *)key, read_file(key_file, key)};
  codicil_credential **c = &credentials[num];
  return codicil_credential_new(c, NULL, NULL, chain_pem, key_pem) == CODICIL_OK &&
         codicil_identity_new(&identities[num++], NULL, codicil_credential_certificate(*c, 0),
                              codicil_config_codepoints(config)->oid) == CODICIL_OK;
}

static int on_client_hello(SSL *ssl, int *alert, void *arg) {
  return arg == NULL ? codicil_ossl_capture_client_hello(ssl, alert) : SSL_CLIENT_HELLO_ERROR;
}

void server_secondary_init(SSL_CTX *ctx, char **files, int num_files) {
  if (codicil_config_new(&config, NULL) != CODICIL_OK) {
    die("no memory");
  }
  codicil_config_set_random(config, codicil_ossl_random());
  SSL_CTX_set_client_hello_cb(ctx, on_client_hello, NULL);
  for (int i = 0; i + 1 < num_files; i += 2) {
    if (num == MAX_CREDENTIALS || !add(files[i], files[i + 1])) {
      die("cannot use a certificate and its key");
    }
  }
}

bool server_secondary_open(secondary *s, SSL *ssl) {
  bool ok = secondary_open(s, config, CODICIL_SERVER, ssl);
  for (int i = 1; ok && i < num; i++) {
    ok = codicil_session_offer(s->session, credentials[i], identities[i]) == CODICIL_OK;
  }
  if (ok) {
    codicil_session_set_own_primary(s->session, identities[0]);
  }
  return ok;
}

bool server_secondary_serves(const secondary *s, const char *authority) {
  codicil_origin origin;
  size_t certificate;
  return codicil_origin_parse_authority(&origin, codicil_span_of(authority, strlen(authority))) &&
         codicil_session_serves(s->session, &certificate, &origin);
}
