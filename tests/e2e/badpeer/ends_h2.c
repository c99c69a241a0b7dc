// Connections of HTTP/2 over TLS and TCP: see ends.h.
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ends.h"
#include "h2.h"
#include "report.h"

static SSL_CTX *primary_ctx, *secondary_ctx;

typedef struct job {
  server *sv;
  int fd, number;
} job;

static int on_sni(SSL *ssl, int *al, void *arg) {
  (void)al;
  server *sv = arg;
  const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  X509 *leaf = sk_X509_value(sv->secondary.chain, 0);
  if (name != NULL && X509_check_host(leaf, name, strlen(name), 0, NULL) == 1) {
    SSL_set_SSL_CTX(ssl, secondary_ctx);
  }
  return SSL_TLSEXT_ERR_OK;
}

static const char *tls_error(void) {
  const char *reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason == NULL ? "closed" : reason;
}

static void *serve_thread(void *arg) {
  job j = *(job *)arg;
  free(arg);
  SSL *ssl = tls_accept(primary_ctx, j.fd);
  if (ssl == NULL) {
    serve_handshake_failure(j.number, tls_error());
  } else {
    wire w;
    h2_init(&w, ssl, j.fd);
    serve_one(j.sv, &w, j.number, SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name),
              SSL_get_SSL_CTX(ssl) == secondary_ctx);
    SSL_free(ssl);
  }
  ERR_clear_error();
  close(j.fd);
  return NULL;
}

static void serve_h2(server *sv) {
  const options *o = sv->o;
  primary_ctx = tls_server_ctx(o->primary[0], o->primary[1], &o->tls);
  secondary_ctx = tls_server_ctx(o->secondary[0], o->secondary[1], &o->tls);
  SSL_CTX_set_tlsext_servername_callback(primary_ctx, on_sni);
  SSL_CTX_set_tlsext_servername_arg(primary_ctx, sv);
  int port, fd = tls_listen(&port);
  serve_ready(sv, port);
  for (int number = 1;; number++) {
    job *j = malloc(sizeof *j);
    pthread_t thread;
    if (j == NULL) {
      die("malloc");
    }
    *j = (job){sv, accept(fd, NULL, NULL), number};
    if (j->fd < 0 || pthread_create(&thread, NULL, serve_thread, j) != 0) {
      die("accept");
    }
    pthread_detach(thread);
  }
}

static bool connect_h2(wire *w, const options *o, const scenario *s, const session *resumed) {
  (void)s;
  int fd = tls_connect_tcp(o->port);
  tls_options tls = o->tls;
  tls.session = resumed->tls;
  SSL *ssl = tls_connect(fd, &tls);
  if (ssl == NULL) {
    report_handshake_failure("", tls_error());
    close(fd);
    return false;
  }
  h2_init(w, ssl, fd);
  return true;
}

static bool begin_h2(wire *w, const scenario *s, bool is_server) {
  return is_server ? h2_begin_server(w, s->setting) : h2_begin_client(w, s->setting);
}

static void take_session(wire *w, session *out) {
  out->tls = SSL_get1_session(w->h2->ssl);
}

static void disconnect(wire *w) {
  SSL *ssl = w->h2->ssl;
  int fd = w->h2->fd;
  SSL_shutdown(ssl); // a session whose connection was cut is not resumable
  wire_clear(w);
  SSL_free(ssl);
  close(fd);
}

const version version_h2 = {
    .name = "h2",
    .serving = &serving_h2,
    .calling = &calling_h2,
    .serve = serve_h2,
    .connect = connect_h2,
    .begin = begin_h2,
    .take_session = take_session,
    .disconnect = disconnect,
};
