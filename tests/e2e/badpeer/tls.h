// TLS for the misbehaving peer: blocking, on loopback, with a certificate by name on the server.
#ifndef BADPEER_TLS_H
#define BADPEER_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>

typedef struct tls_options {
  bool tls12;           // at most TLS 1.2
  bool no_ems;          // without extended master secret (TLS 1.2 only)
  bool no_alpn;         // offers, or selects, nothing
  const char *alpn;     // NULL: h2
  const char *sni;      // client: NULL sends none
  const char *ciphers;  // NULL: the library's own
  SSL_SESSION *session; // client: to resume
} tls_options;

// Listens on 127.0.0.1, any port, which goes to *out_port.
int tls_listen(int *out_port);
int tls_connect_tcp(int port);
// Holds back what is written until it is uncorked, so that it arrives at once.
void tls_cork(int fd, bool is_corked);
// A server context with a certificate.
SSL_CTX *tls_server_ctx(const char *chain_file, const char *key_file, const tls_options *options);
// Performs a handshake on `fd`; NULL where it fails.
SSL *tls_accept(SSL_CTX *ctx, int fd);
SSL *tls_connect(int fd, const tls_options *options);

#endif
