// Required Domain against a naive model, driven by a seed.
//
// Every run brings certificates of a fixed pool onto a connection in an order of its own, and lets
// time pass, DNS move, origins be listed and misdirected, and the block list change. The model
// computes the accepted set from the words of docs/protocol.md §5, with strings and loops. Twice it
// is held against the session: its decisions, given the paths and the evidence that the session
// asked for; and its answers, once nothing is asked any more, given everything. So what the session
// leaves unasked makes no difference. A seed that fails is printed and fails again: required_sim
// SEED 1.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bound_fixture.h"
#include "session_state.h"
#include "span.h"

enum { POOL = 40, MAX_HELD = 14, STEPS = 60, NAMES = 4, HERE = 0, ELSEWHERE = 1, NOWHERE = 2 };

// What certificates, required domains and requests are made of.
static const char *const hosts[] = {
    "www.site.example", "a.x.example",      "b.x.example", "c.x.example", "a.y.example",
    "b.y.example",      "img.site.example", "z.example",   "192.0.2.1",   "198.51.100.7"};
static const char *const patterns[] = {"*.x.example", "*.y.example", "*.site.example"};
enum { NUM_HOSTS = 10, NUM_DNS = 8, NUM_PATTERNS = 3 };
static const char *const list_of_ports[] = {"443", "8443"};

typedef struct card {
  char names[NAMES][32], required[NAMES][32];
  size_t num_names, num_required;
  bool is_broken; // its extension does not parse
  bool spans;     // a public suffix
  bool by_caa;
  int64_t not_after;
  char names_text[160], required_text[160];
  const bound *made;
} card;
static card pool[POOL];
static codicil_chain_cache *chains; // of all runs, for speed

typedef struct sim {
  world w;
  uint64_t seed, rng;
  card primary;
  const card *held[MAX_HELD]; // 0 is the handshake's
  size_t num_held;
  codicil_required_mode required_mode;
  bool insecure_any;
  codicil_dns_mode dns_mode;
  bool sent_sni;
  const char *blocked; // the breadcrumb; NULL: none
  codicil_block_list *list;
  // As it is, and as the session was told.
  int dns[NUM_DNS];
  struct {
    int leads;
    int64_t until_s;
  } told[NUM_DNS][2];
  bool is_listed, listed[NUM_HOSTS][2], misdirected[NUM_HOSTS][2];
  bool want_told[CODICIL_DNS_WANTS_MAX];
  codicil_decision decision_told[MAX_HELD];
  codicil_route last[NUM_HOSTS][2];
  bool asked[NUM_HOSTS][2];
} sim;

static void check(const sim *s, bool ok, const char *what) {
  if (!ok) {
    fprintf(stderr, "seed %llu: %s\n", (unsigned long long)s->seed, what);
    abort();
  }
}

static size_t draw_from(uint64_t *rng, size_t below) {
  uint8_t octets[4];
  counting_random(rng, octets, sizeof octets);
  return (size_t)(((uint32_t)octets[0] << 16 | (uint32_t)octets[1] << 8 | octets[2]) % below);
}

static size_t draw(sim *s, size_t below) {
  return draw_from(&s->rng, below);
}

// ---- the pool -----------------------------------------------------------------------------------

static void add_text(char *text, const char *name) {
  strcat(text, text[0] != '\0' ? "," : "");
  strcat(text, name);
}

static void make_card(card *c, uint64_t *rng) {
  c->num_names = 1 + draw_from(rng, 2);
  for (size_t i = 0; i < c->num_names; i++) {
    bool is_pattern = draw_from(rng, 5) == 0;
    strcpy(c->names[i],
           is_pattern ? patterns[draw_from(rng, NUM_PATTERNS)] : hosts[draw_from(rng, NUM_HOSTS)]);
    add_text(c->names_text, c->names[i]);
  }
  c->num_required = draw_from(rng, 4);
  for (size_t i = 0; i < c->num_required; i++) {
    size_t kind = draw_from(rng, 8);
    strcpy(c->required[i], kind == 0   ? patterns[draw_from(rng, NUM_PATTERNS)]
                           : kind == 1 ? "*"
                                       : hosts[draw_from(rng, NUM_HOSTS)]);
    add_text(c->required_text, c->required[i]);
  }
  c->by_caa = draw_from(rng, 2) == 0;
  c->not_after = draw_from(rng, 4) == 0 ? PKI_NOW + 300 * (int64_t)(1 + draw_from(rng, 4)) : 0;
  if (draw_from(rng, 12) == 0) {
    c->is_broken = true;
    strcpy(c->required_text, "DER:8200");
  } else if (draw_from(rng, 12) == 0) {
    c->spans = true;
    strcpy(c->names[0], "*.co.uk");
    strcpy(c->names_text, c->names[0]);
    c->num_names = 1;
  }
  c->made =
      bound_of(&(bound_spec){.names = c->names_text,
                             .required = c->required_text[0] != '\0' ? c->required_text : NULL,
                             .by_caa = c->by_caa,
                             .not_after = c->not_after});
}

static void make_pool(void) {
  uint64_t rng = 11;
  for (size_t i = 0; i < POOL; i++) {
    make_card(&pool[i], &rng);
  }
}

// ---- the model ----------------------------------------------------------------------------------

// What is taken as known: the whole truth, or only what the session has asked for.
typedef struct knowledge {
  bool is_whole;
  bool accepted[MAX_HELD], named[MAX_HELD];
} knowledge;

static bool is_address(const char *host) {
  return host[0] >= '0' && host[0] <= '9';
}

static size_t index_of(const char *host) {
  for (size_t i = 0; i < NUM_HOSTS; i++) {
    if (strcmp(hosts[i], host) == 0) {
      return i;
    }
  }
  abort();
}

static bool is_child(const char *host, const char *pattern) {
  const char *dot = strchr(host, '.');
  return pattern[0] == '*' && pattern[1] == '.' && host[0] != '*' && !is_address(host) &&
         dot != NULL && strcmp(dot, pattern + 1) == 0;
}

static bool covers(const card *c, const char *host) {
  for (size_t i = 0; i < c->num_names; i++) {
    if (strcmp(c->names[i], host) == 0 || is_child(host, c->names[i])) {
      return true;
    }
  }
  return false;
}

static bool has_name(const card *c, const char *name) {
  for (size_t i = 0; i < c->num_names; i++) {
    if (strcmp(c->names[i], name) == 0) {
      return true;
    }
  }
  return false;
}

static bool skips_dns(const sim *s, const knowledge *k, size_t host, size_t port, size_t by) {
  bool is_member = s->is_listed && s->listed[host][port];
  switch (s->dns_mode) {
  case CODICIL_DNS_INSECURE_NEVER:
    return true;
  case CODICIL_DNS_INSECURE_ORIGIN:
    return is_member;
  case CODICIL_DNS_CAA:
    return is_member && by != 0 && k->named[by] && s->held[by]->by_caa;
  default:
    return false;
  }
}

static int required_leads(const sim *s, const knowledge *k, size_t host, size_t port) {
  if (is_address(hosts[host])) {
    return strcmp(hosts[host], "192.0.2.1") == 0 ? HERE : ELSEWHERE;
  }
  if (s->w.now.unix_s < s->told[host][port].until_s) {
    return s->told[host][port].leads;
  }
  return k->is_whole ? s->dns[host] : ELSEWHERE;
}

// Whether certificate `by` proves `host` (of `port`) as a required domain.
static bool proves_host(const sim *s, const knowledge *k, size_t host, size_t port, size_t by) {
  if (!covers(s->held[by], hosts[host]) || s->misdirected[host][port]) {
    return false;
  }
  if (host == 0 && by == 0 && s->sent_sni && !s->misdirected[0][0]) {
    return true;
  }
  if (s->is_listed && !s->listed[host][port]) {
    return false;
  }
  bool is_free = !is_address(hosts[host]) && skips_dns(s, k, host, port, by);
  return is_free || required_leads(s, k, host, port) == HERE;
}

static bool may_stand_for(const sim *s, size_t host, size_t by) {
  bool in_sni = host == 0 && by == 0;
  bool is_member = s->is_listed && (s->listed[host][0] || s->listed[host][1]);
  return in_sni || is_member || has_name(s->held[by], hosts[host]);
}

static bool proves(const sim *s, const knowledge *k, const char *required, size_t by) {
  bool is_pattern = required[0] == '*';
  for (size_t host = 0; host < NUM_HOSTS; host++) {
    bool fits = is_pattern ? is_child(hosts[host], required) && may_stand_for(s, host, by)
                           : strcmp(hosts[host], required) == 0;
    for (size_t port = 0; fits && port < 2; port++) {
      bool is_ours = port == 0 || s->w.client->peer.port == 8443;
      if (is_ours && proves_host(s, k, host, port, by)) {
        return true;
      }
    }
  }
  return is_pattern && s->dns_mode == CODICIL_DNS_INSECURE_NEVER && !s->is_listed &&
         has_name(s->held[by], required);
}

static bool is_blocked(const sim *s, const card *c) {
  for (size_t i = 0; s->blocked != NULL && i < c->num_required && !c->is_broken; i++) {
    const char *r = c->required[i];
    if (strcmp(r, s->blocked) == 0 || strcmp(r, "*") == 0 || is_child(s->blocked, r)) {
      return true;
    }
  }
  return false;
}

static bool has_name_required(const card *c) {
  for (size_t i = 0; i < c->num_required; i++) {
    if (strcmp(c->required[i], "*") != 0) {
      return true;
    }
  }
  return false;
}

// Whether nothing of itself is against a secondary certificate.
static bool is_fit(const sim *s, const knowledge *k, size_t index) {
  const card *c = s->held[index];
  const codicil_proven *certificate = &s->w.client->certificates[index];
  bool is_known = certificate->is_path_known && s->w.now.unix_s < certificate->path_until;
  // In its last second OpenSSL takes a certificate as expired.
  bool is_over = c->not_after != 0 && s->w.now.unix_s >= c->not_after;
  if (is_over || (!is_known && !k->is_whole) || is_blocked(s, c) || c->spans) {
    return false;
  }
  if (s->required_mode == CODICIL_REQUIRED_INSECURE_IGNORE) {
    return true;
  }
  bool is_absent = c->num_required == 0 && !c->is_broken;
  return !c->is_broken && (!is_absent || s->required_mode == CODICIL_REQUIRED_HONOUR) &&
         (is_absent || has_name_required(c) || s->insecure_any);
}

static bool enters(const sim *s, knowledge *k, size_t index) {
  const card *c = s->held[index];
  if (c->num_required == 0 || s->required_mode == CODICIL_REQUIRED_INSECURE_IGNORE) {
    bool is_new = !k->accepted[index];
    k->accepted[index] = true;
    return is_new;
  }
  for (size_t i = 0; i < c->num_required; i++) {
    if (strcmp(c->required[i], "*") == 0) {
      bool is_new = s->insecure_any && !k->accepted[index];
      k->accepted[index] = k->accepted[index] || is_new;
      if (is_new) {
        return true;
      }
      continue;
    }
    for (size_t by = 0; !k->named[index] && by < s->num_held; by++) {
      if (by != index && k->accepted[by] && proves(s, k, c->required[i], by)) {
        k->accepted[index] = k->named[index] = true;
        return true;
      }
    }
  }
  return false;
}

static knowledge model(const sim *s, bool is_whole) {
  knowledge k = {.is_whole = is_whole, .accepted = {true}};
  for (bool grew = true; grew;) {
    grew = false;
    for (size_t i = 1; i < s->num_held; i++) {
      grew = (is_fit(s, &k, i) && enters(s, &k, i)) || grew;
    }
  }
  return k;
}

static bool model_uses(const sim *s, const knowledge *k, size_t host, size_t port, int dns) {
  bool port_is_ours = port == 0 || s->w.client->peer.port == 8443;
  if (s->misdirected[host][port] || (s->is_listed ? !s->listed[host][port] : !port_is_ours)) {
    return false;
  }
  for (size_t by = 0; by < s->num_held; by++) {
    bool leads = is_address(hosts[host]) ? strcmp(hosts[host], "192.0.2.1") == 0
                                         : dns == HERE || skips_dns(s, k, host, port, by);
    leads = leads || (host == 0 && port == 0);
    if (k->accepted[by] && covers(s->held[by], hosts[host]) && leads) {
      return true;
    }
  }
  return false;
}

// ---- the session --------------------------------------------------------------------------------

static codicil_origin origin_at(size_t host, size_t port) {
  char text[64];
  snprintf(text, sizeof text, "https://%s:%s", hosts[host], list_of_ports[port]);
  return origin_of(text);
}

static codicil_evidence evidence_at(int dns) {
  return dns == HERE        ? evidence_here()
         : dns == ELSEWHERE ? evidence_elsewhere()
                            : (codicil_evidence){.dns = CODICIL_DNS_FAILED};
}

static void take_events(sim *s) {
  codicil_event event;
  while (codicil_session_next_event(s->w.client, &event)) {
    codicil_certificate_info info;
    if (event.type == CODICIL_EVENT_WANT_DNS) {
      check(s, codicil_session_dns_want(s->w.client, event.index) != NULL, "a want is open");
      check(s, !s->want_told[event.index], "a want is told once");
      s->want_told[event.index] = true;
    } else if (event.type == CODICIL_EVENT_CERTIFICATE) {
      check(s, codicil_session_certificate(s->w.client, &info, event.index), "a certificate");
      s->decision_told[event.index] = info.decision;
    }
  }
  for (size_t i = 0; i < s->num_held; i++) {
    codicil_certificate_info info;
    check(s, codicil_session_certificate(s->w.client, &info, i), "a certificate");
    check(s, info.decision == s->decision_told[i], "an event tells of every decision");
  }
  for (size_t i = 0; i < CODICIL_DNS_WANTS_MAX; i++) {
    check(s, (codicil_session_dns_want(s->w.client, i) != NULL) == s->want_told[i],
          "an event tells of every want");
  }
}

static void answer(sim *s, size_t index) {
  const codicil_origin *want = codicil_session_dns_want(s->w.client, index);
  size_t host = index_of(want->host), port = want->port == 8443;
  codicil_evidence evidence = evidence_at(s->dns[host]);
  int64_t until_s = s->w.now.unix_s + (int64_t)draw(s, 4) * 60;
  check(s, host < NUM_DNS, "an address is not asked for");
  s->told[host][port].leads = s->dns[host];
  s->told[host][port].until_s = until_s > s->w.now.unix_s + 60 ? until_s : s->w.now.unix_s + 60;
  s->want_told[index] = false;
  check(s,
        codicil_session_resume_dns(s->w.client, index, &evidence, until_s, s->w.now) == CODICIL_OK,
        "resume_dns");
}

static bool answer_one(sim *s) {
  size_t from = draw(s, CODICIL_DNS_WANTS_MAX);
  for (size_t i = 0; i < CODICIL_DNS_WANTS_MAX; i++) {
    size_t index = (from + i) % CODICIL_DNS_WANTS_MAX;
    if (s->want_told[index]) {
      answer(s, index);
      take_events(s);
      return true;
    }
  }
  return false;
}

static void check_decisions(const sim *s) {
  knowledge k = model(s, false);
  for (size_t i = 0; i < s->num_held; i++) {
    codicil_certificate_info info;
    check(s, codicil_session_certificate(s->w.client, &info, i), "a certificate");
    check(s, (info.decision == CODICIL_ACCEPTED) == k.accepted[i], "the model's accepted set");
    check(s, (info.proved_by != SIZE_MAX) == k.named[i], "the model's proofs");
    if (info.proved_by != SIZE_MAX) {
      check(s, info.proved_by != i, "a certificate proves itself");
      check(s, codicil_authority_has(&s->w.client->authority, info.proved_by),
            "what proves is accepted");
    }
  }
}

static codicil_route ask(sim *s, size_t host, size_t port, int dns) {
  codicil_origin origin = origin_at(host, port);
  codicil_evidence evidence = evidence_at(dns);
  codicil_route route;
  char sentence[CODICIL_EXPLAIN_MAX];
  check(s, codicil_session_route(s->w.client, &route, &origin, &evidence, s->w.now) == CODICIL_OK,
        "route");
  check(s, codicil_route_explain(&route, &origin, sentence, sizeof sentence) > 0, "explain");
  take_events(s);
  return route;
}

static void step_route(sim *s) {
  size_t host = draw(s, NUM_HOSTS), port = draw(s, 2);
  uint64_t before = codicil_session_generation(s->w.client);
  codicil_route route = ask(s, host, port, HERE);
  const codicil_route *last = &s->last[host][port];
  bool is_same = last->answer == route.answer && last->certificate == route.certificate &&
                 last->proved_by == route.proved_by;
  check(s,
        !s->asked[host][port] || is_same || last->generation != before ||
            s->w.now.unix_s >= last->until_s,
        "an answer changed, and nothing told");
  s->last[host][port] = route;
  s->asked[host][port] = true;
  check_decisions(s);
}

// Asks until nothing is open: the answer is then that of one who knows everything.
static void step_route_to_the_end(sim *s) {
  size_t host = draw(s, NUM_HOSTS), port = draw(s, 2);
  int dns = host < NUM_DNS ? s->dns[host] : HERE;
  codicil_route route;
  size_t turns = 0;
  do {
    check(s, turns++ < 200, "a route comes to an end");
    route = ask(s, host, port, dns);
  } while (answer_one(s));
  check_decisions(s);
  knowledge k = model(s, true);
  check(s, (route.answer == CODICIL_USE) == model_uses(s, &k, host, port, dns),
        "the model's answer");
}

// ---- what happens -------------------------------------------------------------------------------

static void step_give(sim *s) {
  if (s->num_held == MAX_HELD) {
    return;
  }
  const card *c = &pool[draw(s, POOL)];
  for (size_t i = 0; i < s->num_held; i++) {
    if (s->held[i] == c) {
      return; // an authenticator is good once
    }
  }
  s->held[s->num_held++] = c;
  check(s, feed_frame(s->w.client, c->made->authenticator, s->w.now) == CODICIL_OK, "a frame");
  take_events(s);
}

static void step_origin(sim *s) {
  if (draw(s, 4) != 0) {
    return;
  }
  codicil_span entries[6];
  char texts[6][64];
  size_t num = draw(s, 6);
  for (size_t i = 0; i < num; i++) {
    size_t host = draw(s, NUM_HOSTS), port = draw(s, 4) == 0;
    snprintf(texts[i], sizeof texts[i], "https://%s:%s", hosts[host], list_of_ports[port]);
    entries[i] = codicil_span_str(texts[i]);
    s->listed[host][port] = s->listed[host][port] || !s->misdirected[host][port];
  }
  // RFC 8336 §2.3: the initial origin is what was in SNI, or else the peer's address.
  size_t initial = s->sent_sni ? 0 : index_of("192.0.2.1");
  size_t port = s->w.client->peer.port == 8443;
  s->listed[initial][port] =
      s->listed[initial][port] || (!s->is_listed && !s->misdirected[initial][port]);
  s->is_listed = true;
  check(s, codicil_session_recv_origin(s->w.client, entries, num) == CODICIL_OK, "ORIGIN");
  take_events(s);
}

static void step_misdirect(sim *s) {
  if (draw(s, 10) != 0) {
    return;
  }
  size_t host = draw(s, NUM_HOSTS), port = draw(s, 2);
  codicil_origin origin = origin_at(host, port);
  s->misdirected[host][port] = true;
  s->listed[host][port] = false;
  check(s, codicil_session_misdirected(s->w.client, &origin) == CODICIL_OK, "misdirected");
  take_events(s);
}

static void step_time(sim *s) {
  s->w.now.unix_s += (int64_t)draw(s, 120);
}

static void step_dns(sim *s) {
  s->dns[draw(s, NUM_DNS)] = (int)draw(s, 3);
}

static void step_answer(sim *s) {
  (void)answer_one(s);
}

static void step_block(sim *s) {
  if (draw(s, 8) != 0) {
    return;
  }
  char text[64];
  codicil_block_list *before = s->list;
  s->list = NULL;
  s->blocked = draw(s, 3) == 0 ? NULL : hosts[draw(s, NUM_DNS)];
  if (s->blocked != NULL) {
    snprintf(text, sizeof text, "breadcrumb %s", s->blocked);
    check(s,
          codicil_block_list_parse(&s->list, NULL, NULL, NULL, codicil_span_str(text)) ==
              CODICIL_OK,
          "a block list");
  }
  codicil_config_set_block_list(s->w.client_config, s->list);
  check(s, codicil_session_policy_changed(s->w.client, s->w.now) == CODICIL_OK, "policy_changed");
  codicil_block_list_free(before);
  take_events(s);
}

// ---- one run ------------------------------------------------------------------------------------

static void connect(sim *s) {
  static const char *const handshakes[] = {"www.site.example", "*.site.example",
                                           "www.site.example,a.x.example",
                                           "www.site.example,*.y.example", "192.0.2.1"};
  const char *names = handshakes[draw(s, 5)];
  char copy[64];
  strcpy(copy, names);
  for (char *name = strtok(copy, ","); name != NULL; name = strtok(NULL, ",")) {
    strcpy(s->primary.names[s->primary.num_names++], name);
  }
  s->sent_sni = draw(s, 8) != 0;
  bound_init(&s->w);
  codicil_config_set_chain_cache(s->w.client_config, chains);
  codicil_config_set_required_domain(s->w.client_config, s->required_mode, s->insecure_any);
  codicil_config_set_dns_mode(s->w.client_config, s->dns_mode);
  codicil_config_set_validate_at_once(s->w.client_config, draw(s, 4) == 0);
  bound_connect(&s->w, "https://www.site.example", names);
  s->w.client->peer.sent_sni = s->sent_sni;
  s->w.client->peer.port = draw(s, 4) == 0 ? 8443 : 443;
  s->held[0] = &s->primary;
  s->num_held = 1;
  take_events(s);
}

static void run(uint64_t seed) {
  static void (*const steps[])(sim *) = {step_give,
                                         step_give,
                                         step_give,
                                         step_give,
                                         step_origin,
                                         step_origin,
                                         step_route,
                                         step_route,
                                         step_route,
                                         step_route,
                                         step_answer,
                                         step_answer,
                                         step_time,
                                         step_dns,
                                         step_block,
                                         step_misdirect,
                                         step_route_to_the_end,
                                         step_route_to_the_end};
  static sim s;
  s = (sim){.seed = seed, .rng = seed * 0x9e3779b97f4a7c15};
  s.required_mode = draw(&s, 6) == 0 ? (codicil_required_mode)draw(&s, 3) : CODICIL_REQUIRED_HONOUR;
  s.insecure_any = draw(&s, 3) == 0;
  s.dns_mode = draw(&s, 2) == 0 ? (codicil_dns_mode)draw(&s, 4) : CODICIL_DNS_CAA;
  // `decision_told` of the handshake's certificate is what its event says.
  s.decision_told[0] = CODICIL_UNEXAMINED;
  connect(&s);
  for (size_t i = 0; i < STEPS; i++) {
    steps[draw(&s, sizeof steps / sizeof steps[0])](&s);
  }
  world_close(&s.w);
  codicil_block_list_free(s.list);
}

int main(int argc, char **argv) {
  uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  uint64_t num = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000;
  make_pool();
  if (codicil_chain_cache_new(&chains, NULL, 4096) != CODICIL_OK) {
    return 1;
  }
  for (uint64_t seed = first; seed < first + num; seed++) {
    run(seed);
  }
  printf("%llu runs\n", (unsigned long long)num);
  codicil_chain_cache_free(chains);
  bound_free();
  return 0;
}
