// Connections of HTTP/3 over QUIC: see ends.h.
#include <pthread.h>
#include <stdlib.h>

#include "ends.h"
#include "h3.h"
#include "report.h"

typedef struct job {
  server *sv;
  quic *q;
  int number;
} job;

static void *serve_thread(void *arg) {
  job j = *(job *)arg;
  free(arg);
  char reason[300] = "";
  if (!quic_handshake(j.q, reason, sizeof reason)) {
    serve_handshake_failure(j.number, reason);
    quic_free(j.q);
    return NULL;
  }
  wire w;
  h3_init(&w, j.q);
  serve_one(j.sv, &w, j.number, quic_sni(j.q), quic_is_secondary(j.q));
  return NULL;
}

static void serve_h3(server *sv) {
  quic_options o = {.no_alpn = sv->o->tls.no_alpn, .stream_window = sv->s->stream_window};
  int port;
  quic_listener *l = quic_listen(&port, sv->o->primary, sv->o->secondary, &o);
  serve_ready(sv, port);
  for (int number = 1;; number++) {
    job *j = malloc(sizeof *j);
    pthread_t thread;
    if (j == NULL) {
      die("malloc");
    }
    *j = (job){sv, quic_accept(l), number};
    if (pthread_create(&thread, NULL, serve_thread, j) != 0) {
      die("pthread_create");
    }
    pthread_detach(thread);
  }
}

static bool connect_h3(wire *w, const options *o, const scenario *s, const session *resumed) {
  char reason[300] = "";
  bytes kept = resumed->quic;
  quic_options quic_o = {.sni = o->tls.sni,
                         .no_alpn = o->tls.no_alpn,
                         .stream_window = s->stream_window,
                         .is_stingy = s->stream_window > 0,
                         .session = &kept};
  quic *q = quic_connect(o->port, &quic_o, reason, sizeof reason);
  if (q == NULL) {
    report_handshake_failure("", reason);
    return false;
  }
  h3_init(w, q);
  return true;
}

static bool begin_h3(wire *w, const scenario *s, bool is_server) {
  (void)is_server;
  bytes more = {0};
  if (s->settings != NULL) {
    s->settings(&more);
  }
  bool ok = s->is_bare || h3_begin(w, s->setting, &more);
  bytes_clear(&more);
  return ok;
}

static void take_session(wire *w, session *out) {
  quic_take_session(w->h3->q, &out->quic);
}

static void disconnect(wire *w) {
  quic_close(w->h3->q);
  wire_clear(w);
}

static const version over_quic = {
    .name = "h3",
    .serving = &serving_h3,
    .calling = &calling_h3,
    .serve = serve_h3,
    .connect = connect_h3,
    .begin = begin_h3,
    .take_session = take_session,
    .disconnect = disconnect,
};
const version *const version_h3 = &over_quic;
