// TLS for the misbehaving peer: see tls.h.
#include "tls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "bytes.h"

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return a;
}

int tls_listen(int *out_port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in a = loopback(0);
  socklen_t len = sizeof a;
  if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) != 0 || listen(fd, 128) != 0 ||
      getsockname(fd, (struct sockaddr *)&a, &len) != 0) {
    die("listen");
  }
  *out_port = ntohs(a.sin_port);
  return fd;
}

int tls_connect_tcp(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in a = loopback(port);
  int one = 1;
  if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
    die("connect");
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

void tls_cork(int fd, bool is_corked) {
  int value = is_corked;
  setsockopt(fd, IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

static void apply(SSL_CTX *ctx, const tls_options *o) {
  if (o->tls12) {
    SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
  }
  if (o->no_ems) {
    SSL_CTX_set_options(ctx, SSL_OP_NO_EXTENDED_MASTER_SECRET);
  }
  if (o->ciphers != NULL && SSL_CTX_set_cipher_list(ctx, o->ciphers) != 1) {
    die("ciphers");
  }
}

static int select_h2(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                     const unsigned char *in, unsigned in_len, void *arg) {
  (void)ssl;
  (void)arg;
  static const unsigned char h2[] = "\2h2";
  unsigned char *chosen;
  if (SSL_select_next_proto(&chosen, out_len, h2, 3, in, in_len) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

SSL_CTX *tls_server_ctx(const char *chain_file, const char *key_file, const tls_options *options) {
  SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
  if (ctx == NULL || SSL_CTX_use_certificate_chain_file(ctx, chain_file) != 1 ||
      SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1) {
    die(chain_file);
  }
  apply(ctx, options);
  if (!options->no_alpn) {
    SSL_CTX_set_alpn_select_cb(ctx, select_h2, NULL);
  }
  return ctx;
}

SSL *tls_accept(SSL_CTX *ctx, int fd) {
  SSL *ssl = SSL_new(ctx);
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  SSL_set_fd(ssl, fd);
  if (SSL_accept(ssl) != 1) {
    SSL_free(ssl);
    return NULL;
  }
  return ssl;
}

SSL *tls_connect(int fd, const tls_options *options) {
  SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
  apply(ctx, options);
  SSL *ssl = SSL_new(ctx);
  SSL_CTX_free(ctx);
  SSL_set_fd(ssl, fd);
  if (options->sni != NULL) {
    SSL_set_tlsext_host_name(ssl, options->sni);
  }
  if (options->session != NULL) {
    SSL_set_session(ssl, options->session);
  }
  if (!options->no_alpn) {
    const char *name = options->alpn == NULL ? "h2" : options->alpn;
    unsigned char list[256] = {(unsigned char)strlen(name)};
    memcpy(list + 1, name, strlen(name));
    SSL_set_alpn_protos(ssl, list, 1 + (unsigned)strlen(name));
  }
  if (SSL_connect(ssl) != 1) {
    SSL_free(ssl);
    return NULL;
  }
  return ssl;
}
