// A small HTTP/2 server on nghttp2 and OpenSSL: blocking, a process per connection.
//
//   server PORT CERT KEY [CERT KEY]…
//
// The first certificate is for the TLS handshake; every further one is proven on the connection.
// Port 0 takes a free one; the port is printed. Lines that are there for secondary certificates end
// in "// secondary".
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "examples.h"

typedef struct stream {
  char authority[AUTHORITY_MAX];
  char body[AUTHORITY_MAX + 32];
  size_t sent;
} stream;

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *user) {
  (void)user;
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
    return 0; // trailers
  }
  stream *s = calloc(1, sizeof *s);
  return s == NULL ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE
                   : nghttp2_session_set_stream_user_data(ng, frame->hd.stream_id, s);
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user) {
  (void)flags, (void)user;
  stream *s = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
  if (s != NULL && name_len == 10 && memcmp(name, ":authority", 10) == 0 &&
      value_len < sizeof s->authority) {
    memcpy(s->authority, value, value_len);
  }
  return 0;
}

static ssize_t read_body(nghttp2_session *ng, int32_t stream_id, uint8_t *buf, size_t len,
                         uint32_t *flags, nghttp2_data_source *source, void *user) {
  (void)ng, (void)stream_id, (void)user;
  stream *s = source->ptr;
  size_t rest = strlen(s->body) - s->sent;
  len = len < rest ? len : rest;
  memcpy(buf, s->body + s->sent, len);
  s->sent += len;
  if (len == rest) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
  }
  return (ssize_t)len;
}

static int respond(connection *c, int32_t stream_id) {
  stream *s = nghttp2_session_get_stream_user_data(c->ng, stream_id);
  if (s == NULL) {
    return 0;
  }
  bool is_served = server_secondary_serves(&c->secondary, s->authority); // secondary
  snprintf(s->body, sizeof s->body, "%s %s\n", is_served ? "This is" : "There is no", s->authority);
  nghttp2_nv fields[] = {field(":status", is_served ? "200" : "421")};
  nghttp2_data_provider body = {{.ptr = s}, read_body};
  return nghttp2_submit_response(c->ng, stream_id, fields, 1, &body);
}

static int on_frame_recv(nghttp2_session *ng, const nghttp2_frame *frame, void *user) {
  connection *c = user;
  bool is_part = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
  if (is_part && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
    return respond(c, frame->hd.stream_id);
  }
  return codicil_h2_on_frame_recv(c->secondary.h2, ng, frame); // secondary
}

static int on_stream_close(nghttp2_session *ng, int32_t stream_id, uint32_t code, void *user) {
  (void)code, (void)user;
  free(nghttp2_session_get_stream_user_data(ng, stream_id));
  return 0;
}

static void start_h2(connection *c) {
  nghttp2_session_callbacks *callbacks;
  nghttp2_option *option;
  if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0) {
    die("no memory");
  }
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
  secondary_set_callbacks(callbacks);  // secondary
  codicil_h2_set_option(option, NULL); // secondary
  nghttp2_settings_entry settings[2] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100}};
  size_t num = codicil_h2_settings_entry(c->secondary.h2, settings, 1, 2); // secondary
  if (nghttp2_session_server_new2(&c->ng, callbacks, c, option) != 0 ||
      nghttp2_submit_settings(c->ng, NGHTTP2_FLAG_NONE, settings, num) != 0) {
    die("cannot start HTTP/2");
  }
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
}

static void serve(SSL_CTX *ctx, int fd) {
  connection c = {.ssl = SSL_new(ctx)};
  if (c.ssl != NULL && SSL_set_fd(c.ssl, fd) == 1 && SSL_accept(c.ssl) == 1 &&
      server_secondary_open(&c.secondary, c.ssl)) { // secondary
    start_h2(&c);
    while (exchange(&c)) {
    }
    SSL_shutdown(c.ssl);
  }
  nghttp2_session_del(c.ng);
  secondary_close(&c.secondary); // secondary
  SSL_free(c.ssl);
  close(fd);
}

static int select_h2(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                     const unsigned char *in, unsigned in_len, void *arg) {
  (void)ssl, (void)arg;
  return SSL_select_next_proto((unsigned char **)(uintptr_t)out, out_len,
                               (const unsigned char *)"\2h2", 3, in,
                               in_len) == OPENSSL_NPN_NEGOTIATED
             ? SSL_TLSEXT_ERR_OK
             : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static SSL_CTX *make_tls(const char *chain_file, const char *key_file) {
  SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
  if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
      SSL_CTX_use_certificate_chain_file(ctx, chain_file) != 1 ||
      SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1) {
    die("cannot use the certificate and key");
  }
  SSL_CTX_set_alpn_select_cb(ctx, select_h2, NULL);
  return ctx;
}

static int listen_on(uint16_t port) {
  struct sockaddr_in addr = {
      .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
  socklen_t len = sizeof addr;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&addr, len) != 0 || listen(fd, 16) != 0 ||
      getsockname(fd, (struct sockaddr *)&addr, &len) != 0) {
    die("cannot listen");
  }
  printf("port %u\n", (unsigned)ntohs(addr.sin_port));
  fflush(stdout);
  return fd;
}

int main(int argc, char **argv) {
  if (argc < 4 || argc % 2 != 0) {
    die("usage: server PORT CERT KEY [CERT KEY]...");
  }
  signal(SIGPIPE, SIG_IGN);
  signal(SIGCHLD, SIG_IGN); // nobody waits for the children
  SSL_CTX *ctx = make_tls(argv[2], argv[3]);
  server_secondary_init(ctx, argv + 2, argc - 2); // secondary
  int listener = listen_on(read_port(argv[1]));
  for (int fd; (fd = accept(listener, NULL, NULL)) >= 0;) {
    if (fork() == 0) {
      close(listener);
      serve(ctx, fd);
      return 0;
    }
    close(fd);
  }
  die("cannot accept");
}
