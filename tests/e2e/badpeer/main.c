// A peer that misbehaves on purpose, for the end-to-end tests.
//
//   badpeer list serve|call
//   badpeer serve SCENARIO --primary PEM KEY --secondary PEM KEY [--times N] [--tls12] [--no-ems]
//   badpeer call SCENARIO --port N [--times N] [--sni NAME] [--authority A] [--tls12] [--no-ems]
//   badpeer request --port N [--sni NAME] [--expect N] [--no-alpn] [:method=GET :path=/ … [-- …]…]
//   badpeer request --port N --sni NAME --then-sni NAME
//
// `serve` prints `ready PORT`, runs the scenario on the first N connections (1) whose server name
// is not the secondary certificate's, answers every request with 200 (421 for the names that the
// certificate of the handshake does not cover, with --misdirect), and reports each connection when
// it ends. `call` and `request` make one connection and report it. With --expect they wait for
// so many authenticators, and `request` sends the setting. With --then-sni `request` makes a second
// connection for that name, with the first one's session, and reports that too.
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "report.h"
#include "scenario.h"
#include "tls.h"

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

typedef struct options {
  const char *primary[2], *secondary[2];
  const char *authority;
  int port, times;
  bool misdirect;
  size_t num_expected;
  const char *then_sni;
  tls_options tls;
} options;

static int usage(void) {
  fprintf(stderr, "usage: badpeer list|serve|call|request …\n");
  return 2;
}

static void send_settings(wire *w, const scenario *s) {
  if (s->setting == NO_SETTING) {
    wire_settings_empty(w);
  } else {
    wire_setting(w, SETTING_SERVER_CERT_AUTH, (uint32_t)s->setting);
  }
}

// ---- server -------------------------------------------------------------------------------------

typedef struct server {
  const options *o;
  const scenario *s;
  scenario forged; // where `s` is a forged authenticator
  SSL_CTX *primary_ctx, *secondary_ctx;
  credential primary, secondary;
  int port;
  atomic_int times_left;
} server;

typedef struct job {
  server *sv;
  int fd, number;
} job;

static forge_fault the_fault; // of the scenario, where that is a forged authenticator

static void run_forged(peer *p) {
  bytes b = {0};
  make_authenticator(&b, p, p->secondary, the_fault);
  wire_certificate(p->w, &b, 16384);
  bytes_clear(&b);
}

static bool covers(const credential *c, const char *host, size_t len) {
  return X509_check_host(sk_X509_value(c->chain, 0), host, len, 0, NULL) == 1;
}

static int on_sni(SSL *ssl, int *al, void *arg) {
  (void)al;
  server *sv = arg;
  const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name != NULL && covers(&sv->secondary, name, strlen(name))) {
    SSL_set_SSL_CTX(ssl, sv->secondary_ctx);
  }
  return SSL_TLSEXT_ERR_OK;
}

static void respond(server *sv, peer *p, const frame *f, bool is_secondary) {
  const char *host = p->w->authority;
  size_t len = strcspn(host, ":");
  bool serves =
      !sv->o->misdirect || covers(is_secondary ? &sv->secondary : &sv->primary, host, len);
  bytes block = {0};
  header_put(&block, ":status", serves ? "200" : "421");
  header_put(&block, "content-length", "3");
  wire_frame(p->w, FRAME_HEADERS, FLAG_END_HEADERS, f->stream, block.data, block.len);
  wire_frame(p->w, FRAME_DATA, FLAG_END_STREAM, f->stream, "ok\n", 3);
  bytes_clear(&block);
}

static void serve_requests(server *sv, peer *p, bool is_secondary, size_t *num_requests) {
  frame f;
  while (wire_read(p->w, &f)) {
    if (f.type == FRAME_HEADERS) {
      (*num_requests)++;
      respond(sv, p, &f, is_secondary);
    }
  }
}

// Reads the client's preface and SETTINGS; requests that come with them stay in the buffer, since
// SETTINGS is the first frame.
static bool start(wire *w) {
  char got[24];
  for (size_t at = 0; at < sizeof got;) {
    int n = SSL_read(w->ssl, got + at, (int)(sizeof got - at));
    if (n <= 0) {
      return false;
    }
    at += (size_t)n;
  }
  return memcmp(got, preface, sizeof got) == 0 && wire_await_settings(w);
}

static void serve_one(server *sv, int number, SSL *ssl, int fd) {
  static const scenario well_behaved = {"", NO_SETTING, NULL, NULL};
  bool is_secondary = SSL_get_SSL_CTX(ssl) == sv->secondary_ctx;
  bool misbehaves = !is_secondary && atomic_fetch_sub(&sv->times_left, 1) > 0;
  const scenario *s = misbehaves ? sv->s : &well_behaved;
  wire w;
  wire_init(&w, ssl, fd);
  peer p = {
      .w = &w, .ssl = ssl, .primary = &sv->primary, .secondary = &sv->secondary, .port = sv->port};
  size_t num_requests = 0;
  send_settings(&w, s);
  if (start(&w)) {
    if (misbehaves) {
      s->run(&p);
    }
    serve_requests(sv, &p, is_secondary, &num_requests);
  }
  char fields[512];
  const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  snprintf(fields, sizeof fields,
           "\"connection\":%d,\"sni\":\"%s\",\"misbehaved\":%s,"
           "\"requests\":%zu,",
           number, sni == NULL ? "" : sni, misbehaves ? "true" : "false", num_requests);
  report(&p, fields);
  wire_clear(&w);
}

static void *serve_thread(void *arg) {
  job j = *(job *)arg;
  free(arg);
  SSL *ssl = tls_accept(j.sv->primary_ctx, j.fd);
  if (ssl == NULL) {
    char fields[64];
    snprintf(fields, sizeof fields, "\"connection\":%d,", j.number);
    report_handshake_failure(fields);
  } else {
    serve_one(j.sv, j.number, ssl, j.fd);
    SSL_free(ssl);
  }
  ERR_clear_error();
  close(j.fd);
  return NULL;
}

static bool find_scenario(server *sv, const char *name) {
  for (size_t i = 0; i < num_serving_scenarios; i++) {
    if (strcmp(serving_scenarios[i].name, name) == 0) {
      sv->s = &serving_scenarios[i];
      return true;
    }
  }
  for (forge_fault f = FORGE_NONE; f < FORGE_NUM_FAULTS; f++) {
    if (strcmp(forge_fault_name(f), name) == 0) {
      the_fault = f;
      sv->forged = (scenario){name, 1, run_forged, NULL};
      sv->s = &sv->forged;
      return true;
    }
  }
  return false;
}

static int serve(const char *name, const options *o) {
  static server sv;
  sv.o = o;
  if (!find_scenario(&sv, name) || o->primary[0] == NULL || o->secondary[0] == NULL) {
    return usage();
  }
  atomic_store(&sv.times_left, o->times);
  credential_load(&sv.primary, o->primary[0], o->primary[1]);
  credential_load(&sv.secondary, o->secondary[0], o->secondary[1]);
  sv.primary_ctx = tls_server_ctx(o->primary[0], o->primary[1], &o->tls);
  sv.secondary_ctx = tls_server_ctx(o->secondary[0], o->secondary[1], &o->tls);
  SSL_CTX_set_tlsext_servername_callback(sv.primary_ctx, on_sni);
  SSL_CTX_set_tlsext_servername_arg(sv.primary_ctx, &sv);
  int fd = tls_listen(&sv.port);
  printf("ready %d\n", sv.port);
  fflush(stdout);
  for (int number = 1;; number++) {
    job *j = malloc(sizeof *j);
    pthread_t thread;
    if (j == NULL) {
      die("malloc");
    }
    *j = (job){&sv, accept(fd, NULL, NULL), number};
    if (j->fd < 0 || pthread_create(&thread, NULL, serve_thread, j) != 0) {
      die("accept");
    }
    pthread_detach(thread);
  }
}

// ---- client -------------------------------------------------------------------------------------

static bool connect_peer(peer *p, wire *w, const options *o, const scenario *s) {
  int fd = tls_connect_tcp(o->port);
  SSL *ssl = tls_connect(fd, &o->tls);
  if (ssl == NULL) {
    report_handshake_failure("");
    close(fd);
    return false;
  }
  wire_init(w, ssl, fd);
  *p = (peer){.w = w,
              .ssl = ssl,
              .port = o->port,
              .authority = o->authority,
              .num_expected = o->num_expected};
  tls_cork(fd, true);
  wire_send(w, preface, 24);
  send_settings(w, s);
  if (s->early != NULL) {
    s->early(p);
  }
  tls_cork(fd, false);
  wire_await_settings(w);
  return true;
}

static void disconnect_peer(peer *p) {
  int fd = p->w->fd;
  SSL_free(p->ssl);
  close(fd);
  wire_clear(p->w);
}

// Runs a scenario on so many connections, one after the other, and reports the last.
static void call_times(const scenario *s, const options *o) {
  for (int left = o->times; left > 0; left--) {
    peer p;
    wire w;
    if (!connect_peer(&p, &w, o, s)) {
      return;
    }
    s->run(&p);
    if (left == 1) {
      report(&p, "");
    }
    disconnect_peer(&p);
  }
}

static int call(const char *name, const options *o) {
  for (size_t i = 0; i < num_calling_scenarios; i++) {
    if (strcmp(calling_scenarios[i].name, name) == 0) {
      call_times(&calling_scenarios[i], o);
      return 0;
    }
  }
  return usage();
}

// The fields of a request up to "--" or the end; returns how many arguments it took.
static int put_request(bytes *block, int argc, char **argv) {
  int i = 0;
  for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
    char *eq = strchr(argv[i] + 1, '=');
    if (eq == NULL) {
      exit(usage());
    }
    *eq = '\0';
    header_put(block, argv[i], eq + 1);
  }
  return i;
}

static void send_requests(peer *p, int argc, char **argv) {
  uint32_t stream = 1;
  for (int i = 0; i < argc; i++, stream += 2) {
    bytes block = {0};
    i += put_request(&block, argc - i, argv + i);
    wire_frame(p->w, FRAME_HEADERS, FLAG_END_HEADERS | FLAG_END_STREAM, stream, block.data,
               block.len);
    bytes_clear(&block);
    wire_await_response(p->w, stream);
  }
}

static int request(options *o, int argc, char **argv) {
  scenario plain = {"", o->num_expected > 0 ? 1 : NO_SETTING, NULL, NULL};
  peer p;
  wire w;
  if (!connect_peer(&p, &w, o, &plain)) {
    return 0;
  }
  wire_await_authenticators(&w, o->num_expected);
  send_requests(&p, argc, argv);
  report(&p, "");
  o->tls.session = o->then_sni == NULL ? NULL : SSL_get1_session(p.ssl);
  SSL_shutdown(p.ssl); // a session whose connection was cut is not resumable
  disconnect_peer(&p);
  o->tls.sni = o->then_sni;
  if (o->then_sni != NULL && connect_peer(&p, &w, o, &plain)) {
    wire_ping_round(&w);
    wire_await_authenticators(&w, o->num_expected);
    report(&p, "");
    disconnect_peer(&p);
  }
  SSL_SESSION_free(o->tls.session);
  return 0;
}

// ---- command line -------------------------------------------------------------------------------

static int list(const char *role) {
  bool is_serve = strcmp(role, "serve") == 0;
  const scenario *all = is_serve ? serving_scenarios : calling_scenarios;
  size_t num = is_serve ? num_serving_scenarios : num_calling_scenarios;
  for (size_t i = 0; i < num; i++) {
    puts(all[i].name);
  }
  for (forge_fault f = FORGE_NONE; is_serve && f < FORGE_NUM_FAULTS; f++) {
    puts(forge_fault_name(f));
  }
  return 0;
}

// Takes the flags at the front of argv; returns how many arguments they were.
static int parse(options *o, int argc, char **argv) {
  int i = 0;
  for (; i < argc && strncmp(argv[i], "--", 2) == 0 && argv[i][2] != '\0'; i++) {
    const char *flag = argv[i] + 2;
    int left = argc - i - 1;
    if (strcmp(flag, "tls12") == 0) {
      o->tls.tls12 = true;
    } else if (strcmp(flag, "no-ems") == 0) {
      o->tls.no_ems = true;
    } else if (strcmp(flag, "no-alpn") == 0) {
      o->tls.no_alpn = true;
    } else if (left >= 1 && strcmp(flag, "expect") == 0) {
      o->num_expected = (size_t)atoi(argv[++i]);
    } else if (left >= 1 && strcmp(flag, "then-sni") == 0) {
      o->then_sni = argv[++i];
    } else if (strcmp(flag, "misdirect") == 0) {
      o->misdirect = true;
    } else if (left >= 2 && strcmp(flag, "primary") == 0) {
      o->primary[0] = argv[++i];
      o->primary[1] = argv[++i];
    } else if (left >= 2 && strcmp(flag, "secondary") == 0) {
      o->secondary[0] = argv[++i];
      o->secondary[1] = argv[++i];
    } else if (left >= 1 && strcmp(flag, "port") == 0) {
      o->port = atoi(argv[++i]);
    } else if (left >= 1 && strcmp(flag, "times") == 0) {
      o->times = atoi(argv[++i]);
    } else if (left >= 1 && strcmp(flag, "sni") == 0) {
      o->tls.sni = argv[++i];
    } else if (left >= 1 && strcmp(flag, "alpn") == 0) {
      o->tls.alpn = argv[++i];
    } else if (left >= 1 && strcmp(flag, "ciphers") == 0) {
      o->tls.ciphers = argv[++i];
    } else if (left >= 1 && strcmp(flag, "authority") == 0) {
      o->authority = argv[++i];
    } else {
      exit(usage());
    }
  }
  return i;
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  options o = {.times = 1, .authority = "a.example"};
  if (argc < 3) {
    return usage();
  }
  if (strcmp(argv[1], "list") == 0) {
    return list(argv[2]);
  }
  if (strcmp(argv[1], "request") == 0) {
    int n = 2 + parse(&o, argc - 2, argv + 2);
    return request(&o, argc - n, argv + n);
  }
  parse(&o, argc - 3, argv + 3);
  if (strcmp(argv[1], "serve") == 0) {
    return serve(argv[2], &o);
  }
  return strcmp(argv[1], "call") == 0 ? call(argv[2], &o) : usage();
}
