// What Required Domain costs a client, for 1, 10 and 100 certificates in one chain of glue: each is
// bound to the name of the one before it, and the first to the site.
//
// `decided` is a request's route once everything is known. `settle` is deciding on all of them
// anew, as after a 421. `arrival` is what each certificate costs that comes, in the worst order,
// the last of the chain first, with every path validated and everything decided at once; and once
// more beside the same with the extension ignored, where next to nothing is left to decide.

#include "accept.h"
#include "bench.h"
#include "bound_fixture.h"
#include "settle.h"
#include "span.h"

enum { ROUTES = 20000, SETTLES = 200, TURNS = 15, MAX = 100 };

static void print(const char *what, size_t num, double value, const char *unit, const char *against,
                  size_t n) {
  printf("{\"name\": \"required_domain_%s_%zu\", \"value\": %.3f, \"unit\": \"%s\", "
         "\"against\": %s, \"n\": %zu}\n",
         what, num, value, unit, against, n);
  fprintf(stderr, "required_domain_%s_%zu: %.3f %s\n", what, num, value, unit);
}

static const bound_spec *link_of(size_t i) {
  static char names[MAX][32], required[MAX][32];
  static bound_spec specs[MAX];
  snprintf(names[i], sizeof names[i], "glue-%zu.cdn.example", i);
  if (i == 0) {
    snprintf(required[i], sizeof required[i], "www.example");
  } else {
    snprintf(required[i], sizeof required[i], "glue-%zu.cdn.example", i - 1);
  }
  specs[i] = (bound_spec){.names = names[i], .required = required[i]};
  return &specs[i];
}

// Nothing is in the way but the names: every one is proven as soon as what covers it is accepted.
static void open_world(world *w, codicil_required_mode mode) {
  bound_init(w);
  codicil_config_set_limit(w->client_config, CODICIL_LIMIT_AUTHENTICATORS, MAX);
  codicil_config_set_required_domain(w->client_config, mode, false);
  codicil_config_set_dns_mode(w->client_config, CODICIL_DNS_INSECURE_NEVER);
  codicil_config_set_validate_at_once(w->client_config, true);
  bound_connect(w, "https://www.example", "www.example");
}

// Gives all, the last first; returns the time of a whole round.
static double give_all(world *w, size_t num) {
  for (size_t i = 0; i < num; i++) {
    (void)bound_of(link_of(i));
  }
  double start = bench_cpu_ns();
  for (size_t i = num; i > 0; i--) {
    CHECK(bound_give(w, link_of(i - 1)) == num - i + 1);
  }
  return bench_cpu_ns() - start;
}

static double time_routes(world *w, size_t num) {
  char text[48];
  snprintf(text, sizeof text, "https://glue-%zu.cdn.example", num - 1);
  codicil_origin origin = origin_of(text);
  codicil_evidence evidence = evidence_here();
  codicil_route route = {0};
  double start = bench_cpu_ns();
  for (size_t i = 0; i < ROUTES; i++) {
    CHECK(codicil_session_route(w->client, &route, &origin, &evidence, w->now) == CODICIL_OK);
  }
  double took = (bench_cpu_ns() - start) / ROUTES;
  CHECK(route.answer == CODICIL_USE);
  return took;
}

static double time_settles(world *w) {
  codicil_policy_input in = codicil_accept_input(w->client);
  in.standings = w->client->authority.draft;
  double start = bench_cpu_ns();
  for (size_t i = 0; i < SETTLES; i++) {
    codicil_settle(w->client->authority.draft, &in);
  }
  return (bench_cpu_ns() - start) / SETTLES;
}

static double time_arrival(size_t num, codicil_required_mode mode) {
  world w;
  open_world(&w, mode);
  double took = give_all(&w, num) / (double)num;
  world_close(&w);
  return took;
}

static void bench_chain(size_t num) {
  double decided[TURNS], settle[TURNS], honoured[TURNS], ignored[TURNS];
  world w;
  open_world(&w, CODICIL_REQUIRED_HONOUR);
  give_all(&w, num);
  for (size_t i = 0; i < TURNS; i++) {
    decided[i] = time_routes(&w, num);
    settle[i] = time_settles(&w);
  }
  // Whichever comes first in a pair is slower: they take turns.
  for (size_t i = 0; i < 2 * TURNS; i++) {
    bool is_honoured = (i / 2 + i) % 2 == 0;
    double took =
        time_arrival(num, is_honoured ? CODICIL_REQUIRED_HONOUR : CODICIL_REQUIRED_INSECURE_IGNORE);
    (is_honoured ? honoured : ignored)[i / 2] = took;
  }
  world_close(&w);
  double arrival = bench_median(honoured, TURNS), without = bench_median(ignored, TURNS);
  print("decided", num, bench_median(decided, TURNS), "ns", "null", (size_t)TURNS * ROUTES);
  print("settle", num, bench_median(settle, TURNS), "ns", "null", (size_t)TURNS * SETTLES);
  print("arrival", num, arrival, "ns", "null", (size_t)TURNS * num);
  print("arrival_vs_ignored", num, arrival / without, "ratio", "\"the extension ignored\"",
        (size_t)TURNS * num);
}

int main(void) {
  bench_chain(1);
  bench_chain(10);
  bench_chain(100);
  bound_free();
  return 0;
}
