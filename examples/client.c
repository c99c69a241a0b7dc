// A small HTTP/2 client on nghttp2 and OpenSSL: blocking, one request after the other.
//
//   client CA ADDRESS PORT HOST…
//
// Fetches https://HOST:PORT/ for every HOST, each taken to be at ADDRESS, and tells which
// connection carried it: one that is open, if it may be used for the host, else a new one. Lines
// that are there for secondary certificates end in "// secondary".
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "examples.h"

enum { MAX_CONNECTIONS = 16 };

typedef struct client {
  SSL_CTX *ctx;
  const char *address;
  uint16_t port;
  connection connections[MAX_CONNECTIONS];
  char hosts[MAX_CONNECTIONS][AUTHORITY_MAX]; // that they were opened for
  size_t num;
} client;

// One request at a time, so one answer.
static struct answer {
  int status;
  size_t len;
  bool is_over;
} answer;

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user) {
  (void)ng, (void)frame, (void)flags, (void)user;
  if (name_len == 7 && memcmp(name, ":status", 7) == 0 && value_len == 3) {
    // nghttp2 passes three digits only.
    answer.status = (value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0');
  }
  return 0;
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t stream_id, const uint8_t *data,
                   size_t len, void *user) {
  (void)ng, (void)flags, (void)stream_id, (void)user;
  answer.len += len;
  return fwrite(data, 1, len, stdout) == len ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_stream_close(nghttp2_session *ng, int32_t stream_id, uint32_t code, void *user) {
  (void)ng, (void)stream_id, (void)code, (void)user;
  answer.is_over = true;
  return 0;
}

static int on_frame_recv(nghttp2_session *ng, const nghttp2_frame *frame, void *user) { // secondary
  return codicil_h2_on_frame_recv(((connection *)user)->secondary.h2, ng, frame);       // secondary
} // secondary

static void start_h2(connection *c) {
  nghttp2_session_callbacks *callbacks;
  nghttp2_option *option;
  if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0) {
    die("no memory");
  }
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv); // secondary
  secondary_set_callbacks(callbacks);                                             // secondary
  codicil_h2_set_option(option, NULL);                                            // secondary
  nghttp2_settings_entry settings[2] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
  size_t num = codicil_h2_settings_entry(c->secondary.h2, settings, 1, 2); // secondary
  if (nghttp2_session_client_new2(&c->ng, callbacks, c, option) != 0 ||
      nghttp2_submit_settings(c->ng, NGHTTP2_FLAG_NONE, settings, num) != 0) {
    die("cannot start HTTP/2");
  }
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
}

static SSL_CTX *make_tls(const char *ca_file) {
  SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
  if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
      SSL_CTX_load_verify_file(ctx, ca_file) != 1 ||
      SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)"\2h2", 3) != 0) {
    die("cannot use the CA file");
  }
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
  return ctx;
}

static int connect_to(const client *cl) {
  struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(cl->port)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || inet_pton(AF_INET, cl->address, &addr.sin_addr) != 1 ||
      connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0) {
    die("cannot connect");
  }
  return fd;
}

static connection *open_connection(client *cl, const char *host, const char *authority) {
  if (cl->num == MAX_CONNECTIONS || strlen(host) >= AUTHORITY_MAX) {
    die("too many connections, or a host name too long");
  }
  connection *c = &cl->connections[cl->num];
  c->ssl = SSL_new(cl->ctx);
  if (c->ssl == NULL || SSL_set_fd(c->ssl, connect_to(cl)) != 1 ||
      SSL_set_tlsext_host_name(c->ssl, host) != 1 || SSL_set1_host(c->ssl, host) != 1 ||
      codicil_ossl_prepare_client(c->ssl) != CODICIL_OK || // secondary
      SSL_connect(c->ssl) != 1 ||
      !client_secondary_open(&c->secondary, c->ssl, authority, cl->address)) { // secondary
    fprintf(stderr, "%s: ", host);
    die("cannot connect");
  }
  start_h2(c);
  snprintf(cl->hosts[cl->num++], AUTHORITY_MAX, "%s", host);
  return c;
}

static connection *find_connection(client *cl, const char *host, const char *authority) {
  for (size_t i = 0; i < cl->num; i++) {
    secondary *sec = &cl->connections[i].secondary; // secondary
    if (strcmp(cl->hosts[i], host) == 0 ||
        client_secondary_may_use(sec, authority, cl->address)) { // secondary
      return &cl->connections[i];
    }
  }
  return open_connection(cl, host, authority);
}

static bool fetch(client *cl, const char *host) {
  char authority[AUTHORITY_MAX + 8];
  snprintf(authority, sizeof authority, "%s:%u", host, (unsigned)cl->port);
  connection *c = find_connection(cl, host, authority);
  nghttp2_nv fields[] = {field(":method", "GET"), field(":scheme", "https"),
                         field(":authority", authority), field(":path", "/")};
  answer = (struct answer){0};
  if (nghttp2_submit_request(c->ng, NULL, fields, 4, NULL, NULL) < 0) {
    return false;
  }
  while (!answer.is_over && exchange(c)) {
  }
  printf("%s: status %d, %zu octets, connection %zu\n", host, answer.status, answer.len,
         (size_t)(c - cl->connections) + 1);
  return answer.is_over && answer.status == 200;
}

static void close_connection(connection *c) {
  int fd = SSL_get_fd(c->ssl);
  SSL_shutdown(c->ssl);
  nghttp2_session_del(c->ng);
  secondary_close(&c->secondary); // secondary
  SSL_free(c->ssl);
  close(fd);
}

int main(int argc, char **argv) {
  static client cl;
  if (argc < 5) {
    die("usage: client CA ADDRESS PORT HOST...");
  }
  signal(SIGPIPE, SIG_IGN);
  cl.ctx = make_tls(argv[1]);
  cl.address = argv[2];
  cl.port = read_port(argv[3]);
  client_secondary_init(argv[1]); // secondary
  bool ok = true;
  for (int i = 4; i < argc; i++) {
    ok = fetch(&cl, argv[i]) && ok;
  }
  for (size_t i = 0; i < cl.num; i++) {
    close_connection(&cl.connections[i]);
  }
  SSL_CTX_free(cl.ctx);
  return ok ? 0 : 1;
}
