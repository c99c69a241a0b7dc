// What a session costs per request, per frame and per idle connection.
//
// A route is asked for on a connection that holds as many certificates as the limit lets it, the
// wanted one last: the worst case of a client. Figures are absolute; there is nothing else to hold
// them against.

#include "bench.h"
#include "session_fixture.h"
#include "span.h"

enum { CERTIFICATES = 64, ROUTES = 20000, FRAMES = 4000, TURNS = 15, FRAME_LEN = 16384 };

static void print(const char *name, double value, const char *unit, size_t n) {
  printf("{\"name\": \"%s\", \"value\": %.1f, \"unit\": \"%s\", \"against\": null, \"n\": %zu}\n",
         name, value, unit, n);
  fprintf(stderr, "%s: %.1f %s\n", name, value, unit);
}

// ---- routes -------------------------------------------------------------------------------------

static void prove_many(world *w) {
  codicil_config_set_limit(w->server_config, CODICIL_LIMIT_SEND_AUTHENTICATORS, CERTIFICATES);
  world_connect(w);
  world_negotiate(w);
  for (size_t i = 0; i < CERTIFICATES; i++) {
    server_prove(w->server, i + 1 < CERTIFICATES ? SITE_CDN : SITE_IMG);
  }
  CHECK(link_move(w->server, w->client, w->now) == CODICIL_OK);
}

static double time_route(world *w, const char *text, codicil_answer answer) {
  codicil_origin origin = origin_of(text);
  codicil_evidence evidence = evidence_here();
  codicil_route route = {0};
  double start = bench_cpu_ns();
  for (size_t i = 0; i < ROUTES; i++) {
    CHECK(codicil_session_route(w->client, &route, &origin, &evidence, w->now) == CODICIL_OK);
  }
  double took = (bench_cpu_ns() - start) / ROUTES;
  CHECK(route.answer == answer);
  return took;
}

static void bench_route(const char *name, const char *origin, codicil_answer answer) {
  double turns[TURNS];
  world w;
  world_init(&w);
  prove_many(&w);
  for (size_t i = 0; i < TURNS; i++) {
    turns[i] = time_route(&w, origin, answer);
  }
  print(name, bench_median(turns, TURNS), "ns", (size_t)TURNS * ROUTES);
  world_close(&w);
}

// ---- frames -------------------------------------------------------------------------------------

// Frames of the longest authenticator, short of its end, so that only taking them in is measured.
static void bench_reassemble(void) {
  static uint8_t octets[FRAME_LEN] = {11, 1, 0xff, 0}; // Certificate, 130,816 octets
  double turns[TURNS];
  for (size_t i = 0; i < TURNS; i++) {
    double took = 0;
    for (size_t n = 0; n < FRAMES / 7; n++) {
      world w;
      world_init(&w);
      world_connect(&w);
      world_negotiate(&w);
      double start = bench_cpu_ns();
      for (size_t f = 0; f < 7; f++) {
        CHECK(feed_frame(w.client, codicil_span_of(octets, sizeof octets), w.now) == CODICIL_OK);
      }
      took += bench_cpu_ns() - start;
      world_close(&w);
    }
    turns[i] = took / (FRAMES / 7 * 7);
  }
  print("session_reassemble_16k", bench_median(turns, TURNS), "ns", (size_t)TURNS * FRAMES);
}

// ---- memory -------------------------------------------------------------------------------------

static size_t held;

// Each block carries its length in front of it.
static void *count_realloc(void *ctx, void *ptr, size_t len) {
  (void)ctx;
  max_align_t *block = ptr != NULL ? (max_align_t *)ptr - 1 : NULL;
  size_t before = block != NULL ? *(size_t *)(void *)block : 0;
  max_align_t *grown = realloc(block, sizeof *grown + len);
  CHECK(grown != NULL);
  *(size_t *)(void *)grown = len;
  held += len - before;
  return grown + 1;
}

static void count_free(void *ctx, void *ptr) {
  (void)ctx;
  if (ptr != NULL) {
    max_align_t *block = (max_align_t *)ptr - 1;
    held -= *(size_t *)(void *)block;
    free(block);
  }
}

static void bench_idle(const char *name, codicil_role role) {
  codicil_mem mem = {NULL, count_realloc, count_free};
  world w;
  codicil_session *s = NULL;
  world_init(&w);
  held = 0;
  CHECK(codicil_session_new(&s, &mem, w.client_config, role) == CODICIL_OK);
  CHECK(codicil_session_recv_setting(s, 1) == CODICIL_OK);
  codicil_session_recv_settings_end(s);
  print(name, (double)held, "octets", 1);
  codicil_session_free(s);
  CHECK(held == 0);
  world_close(&w);
}

int main(void) {
  bench_route("session_route_own_origin", "https://www.example", CODICIL_USE);
  bench_route("session_route_last_of_64", "https://img.example", CODICIL_USE);
  bench_route("session_route_not_covered_by_64", "https://none.example", CODICIL_NO);
  bench_reassemble();
  bench_idle("session_idle_client", CODICIL_CLIENT);
  bench_idle("session_idle_server", CODICIL_SERVER);
  sites_free();
  return 0;
}
