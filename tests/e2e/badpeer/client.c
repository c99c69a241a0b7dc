// The misbehaving peer as a client, over either version: see main.c.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ends.h"
#include "report.h"

static bool connect_peer(peer *p, wire *w, const options *o, const scenario *s,
                         const session *resumed) {
  if (!o->version->connect(w, o, s, resumed)) {
    return false;
  }
  *p = (peer){.w = w, .port = o->port, .authority = o->authority, .num_expected = o->num_expected};
  w->t->hold(w, true);
  o->version->begin(w, s, false);
  if (s->early != NULL) {
    s->early(p);
  }
  w->t->hold(w, false);
  wire_await_settings(w);
  return true;
}

// Runs a scenario on so many connections, one after the other, and reports the last.
static void call_times(const scenario *s, const options *o) {
  static const session none;
  for (int left = o->times; left > 0; left--) {
    peer p;
    wire w;
    if (!connect_peer(&p, &w, o, s, &none)) {
      return;
    }
    s->run(&p);
    if (left == 1) {
      report(&p, "");
    }
    o->version->disconnect(&w);
  }
}

int call(const char *name, const options *o) {
  const scenario_list *lists[] = {&calling_both, o->version->calling};
  for (size_t i = 0; i < 2; i++) {
    for (size_t j = 0; j < lists[i]->num; j++) {
      if (strcmp(lists[i]->all[j].name, name) == 0) {
        call_times(&lists[i]->all[j], o);
        return 0;
      }
    }
  }
  return usage();
}

// The fields of a request up to "--" or the end; returns how many arguments it took.
static int put_request(const wire *w, bytes *block, int argc, char **argv) {
  int i = 0;
  for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
    char *eq = strchr(argv[i] + 1, '=');
    if (eq == NULL) {
      exit(usage());
    }
    *eq = '\0';
    header_put(w, block, argv[i], eq + 1);
  }
  return i;
}

static void send_requests(peer *p, int argc, char **argv) {
  for (int i = 0; i < argc && !p->w->closed; i++) {
    bytes block = {0};
    i += put_request(p->w, &block, argc - i, argv + i);
    int64_t stream = p->w->t->open(p->w);
    if (stream >= 0) {
      wire_headers(p->w, stream, &block, true);
      wire_await_response(p->w, stream);
    }
    bytes_clear(&block);
  }
}

static void request_again(const options *o, const scenario *plain, session *resumed) {
  peer p;
  wire w;
  if (connect_peer(&p, &w, o, plain, resumed)) {
    wire_round_trip(&w);
    wire_await_authenticators(&w, o->num_expected);
    report(&p, "");
    o->version->disconnect(&w);
  }
}

int request(options *o, int argc, char **argv) {
  scenario plain = {.name = "", .setting = o->num_expected > 0 ? 1 : NO_SETTING};
  session resumed = {0};
  peer p;
  wire w;
  if (!connect_peer(&p, &w, o, &plain, &resumed)) {
    return 0;
  }
  wire_await_authenticators(&w, o->num_expected);
  send_requests(&p, argc, argv);
  report(&p, "");
  if (o->then_sni != NULL) {
    o->version->take_session(&w, &resumed);
  }
  o->version->disconnect(&w);
  if (o->then_sni != NULL) {
    o->tls.sni = o->then_sni;
    request_again(o, &plain, &resumed);
  }
  SSL_SESSION_free(resumed.tls);
  bytes_clear(&resumed.quic);
  return 0;
}
