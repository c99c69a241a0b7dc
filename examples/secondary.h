// What both example programs add for secondary certificates; see README.md.
#pragma once

#include "codicil/h2.h"
#include "codicil/ossl.h"

// The first member of a connection, which is nghttp2's user data.
typedef struct secondary {
  codicil_tls *tls;
  codicil_session *session;
  codicil_h2 *h2;
} secondary;

codicil_now secondary_now(void *ctx);
bool secondary_open(secondary *s, const codicil_config *config, codicil_role role, SSL *ssl);
void secondary_set_callbacks(nghttp2_session_callbacks *callbacks);
bool secondary_flush(secondary *s, nghttp2_session *ng);
void secondary_close(secondary *s);
void server_secondary_init(SSL_CTX *ctx, char **files, int num_files);
bool server_secondary_open(secondary *s, SSL *ssl);
bool server_secondary_serves(const secondary *s, const char *authority);
void client_secondary_init(const char *ca_file);
bool client_secondary_open(secondary *s, SSL *ssl, const char *authority, const char *at);
bool client_secondary_may_use(secondary *s, const char *authority, const char *at);
