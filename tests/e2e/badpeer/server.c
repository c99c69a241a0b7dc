// The misbehaving peer as a server, over either version: see main.c.
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ends.h"
#include "report.h"

static forge_fault the_fault; // of the scenario, where that is a forged authenticator

static void run_forged(peer *p) {
  bytes b = {0};
  make_authenticator(&b, p, p->secondary, the_fault);
  wire_certificate(p->w, &b, 16384);
  bytes_clear(&b);
}

static bool find_in(const scenario_list *list, const char *name, const scenario **out) {
  for (size_t i = 0; i < list->num; i++) {
    if (strcmp(list->all[i].name, name) == 0) {
      *out = &list->all[i];
      return true;
    }
  }
  return false;
}

static bool find_scenario(server *sv, const char *name) {
  static scenario forged = {.setting = 1, .run = run_forged};
  for (forge_fault f = FORGE_NONE; f < FORGE_NUM_FAULTS; f++) {
    if (strcmp(forge_fault_name(f), name) == 0) {
      the_fault = f;
      sv->s = &forged;
      return true;
    }
  }
  return find_in(&serving_both, name, &sv->s) || find_in(sv->o->version->serving, name, &sv->s);
}

static bool covers(const credential *c, const char *host, size_t len) {
  return X509_check_host(sk_X509_value(c->chain, 0), host, len, 0, NULL) == 1;
}

static void respond(server *sv, peer *p, int64_t stream, bool is_secondary) {
  const char *host = p->w->authority;
  size_t len = strcspn(host, ":");
  bool serves =
      !sv->o->misdirect || covers(is_secondary ? &sv->secondary : &sv->primary, host, len);
  bytes block = {0};
  header_put(p->w, &block, ":status", serves ? "200" : "421");
  header_put(p->w, &block, "content-length", "3");
  wire_headers(p->w, stream, &block, false);
  wire_data(p->w, stream, "ok\n", 3, true);
  bytes_clear(&block);
}

static void serve_requests(server *sv, peer *p, bool is_secondary, size_t *num_requests) {
  frame f;
  while (wire_read(p->w, &f)) {
    if (f.type == FRAME_HEADERS) {
      (*num_requests)++;
      respond(sv, p, f.stream, is_secondary);
    }
  }
}

void serve_one(server *sv, wire *w, int number, const char *sni, bool is_secondary) {
  static const scenario well_behaved = {.name = "", .setting = NO_SETTING};
  bool misbehaves = !is_secondary && atomic_fetch_sub(&sv->times_left, 1) > 0;
  const scenario *s = misbehaves ? sv->s : &well_behaved;
  peer p = {.w = w, .primary = &sv->primary, .secondary = &sv->secondary, .port = sv->port};
  size_t num_requests = 0;
  if (sv->o->version->begin(w, s, true) && wire_await_settings(w)) {
    if (misbehaves) {
      s->run(&p);
    }
    serve_requests(sv, &p, is_secondary, &num_requests);
  }
  char fields[512];
  snprintf(fields, sizeof fields,
           "\"connection\":%d,\"sni\":\"%s\",\"misbehaved\":%s,"
           "\"requests\":%zu,",
           number, sni == NULL ? "" : sni, misbehaves ? "true" : "false", num_requests);
  report(&p, fields);
  wire_clear(w);
}

void serve_handshake_failure(int number, const char *reason) {
  char fields[64];
  snprintf(fields, sizeof fields, "\"connection\":%d,", number);
  report_handshake_failure(fields, reason);
}

void serve_ready(server *sv, int port) {
  sv->port = port;
  printf("ready %d\n", port);
  fflush(stdout);
}

int serve(const char *name, const options *o) {
  static server sv;
  sv.o = o;
  if (!find_scenario(&sv, name) || o->primary[0] == NULL || o->secondary[0] == NULL) {
    return usage();
  }
  atomic_store(&sv.times_left, o->times);
  credential_load(&sv.primary, o->primary[0], o->primary[1]);
  credential_load(&sv.secondary, o->secondary[0], o->secondary[1]);
  o->version->serve(&sv);
  return 0;
}
