// A client and a server session over an in-memory link, driven by a seed.
//
// Every run offers, signs, cuts, delivers, asks and misdirects in an order of its own; every second
// one damages frames as well. After each step the invariants are checked against a model that knows
// only what was proven, what was answered with 421 and where DNS leads. A seed that fails is
// printed and fails again: session_sim SEED 1.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_fixture.h"
#include "session_state.h"
#include "span.h"

enum { MAX_FRAMES = 512, MAX_OFFERS = 12, MAX_WANTS = 8, STEPS = 160 };

// The origins that are asked for, and the site that proves each (NUM_SITES: none).
static const struct {
  const char *text;
  site by;
  bool is_good; // the certificate would be accepted
} targets[] = {
    {"https://www.example", SITE_WWW, true},        {"https://img.example", SITE_IMG, true},
    {"https://cdn.example", SITE_CDN, true},        {"https://a.cdn.example", SITE_CDN, true},
    {"https://bad.example", SITE_UNTRUSTED, false}, {"https://old.example", SITE_EXPIRED, false},
    {"https://bound.example", SITE_BOUND, true},    {"https://192.0.2.1", SITE_ADDRESS, true},
    {"https://none.example", NUM_SITES, false},     {"https://img.example:8443", SITE_IMG, true},
    {"https://x.a.cdn.example", NUM_SITES, false},  {"https://198.51.100.7", NUM_SITES, false},
};
enum { NUM_TARGETS = sizeof targets / sizeof targets[0], NUM_EVIDENCE = 4 };

typedef struct frame {
  codicil_frame_type type;
  codicil_buf payload;
} frame;

typedef struct sim {
  world w;
  uint64_t seed, rng;
  bool with_faults;
  bool damaged; // something wrong is or was on the link
  codicil_err err;
  frame link[MAX_FRAMES];
  size_t link_head, link_num;
  site offered[MAX_OFFERS];
  bool given_up[MAX_OFFERS];
  size_t num_offers;
  codicil_ea_signing *wants[MAX_WANTS];
  size_t num_wants;
  bool client_settings, server_settings;
  bool is_misdirected[NUM_TARGETS];
  uint64_t generation;
  codicil_route last[NUM_TARGETS][NUM_EVIDENCE];
  bool asked[NUM_TARGETS][NUM_EVIDENCE];
} sim;

static void check(const sim *s, bool ok, const char *what) {
  if (!ok) {
    fprintf(stderr, "seed %llu: %s\n", (unsigned long long)s->seed, what);
    abort();
  }
}

static size_t draw(sim *s, size_t below) {
  uint8_t octets[4];
  counting_random(&s->rng, octets, sizeof octets);
  return (size_t)(((uint32_t)octets[0] << 16 | (uint32_t)octets[1] << 8 | octets[2]) % below);
}

// ---- the server
// -----------------------------------------------------------------------------------

static void step_offer(sim *s) {
  if (s->num_offers == MAX_OFFERS) {
    return;
  }
  site which = (site)draw(s, NUM_SITES);
  const site_data *data = site_of(which);
  s->offered[s->num_offers++] = which;
  check(s, codicil_session_offer(s->w.server, data->credential, data->identity) == CODICIL_OK,
        "offer");
}

static void step_server_events(sim *s) {
  codicil_event event;
  while (s->num_wants < MAX_WANTS && codicil_session_next_event(s->w.server, &event)) {
    if (event.type == CODICIL_EVENT_WANT_SIGN) {
      s->wants[s->num_wants++] = event.signing;
    } else if (event.type == CODICIL_EVENT_NOT_SENT) {
      s->given_up[event.index] = true;
    }
  }
}

static void step_sign(sim *s) {
  if (s->num_wants == 0) {
    return;
  }
  size_t i = draw(s, s->num_wants);
  codicil_ea_signing *want = s->wants[i];
  s->wants[i] = s->wants[--s->num_wants];
  if (draw(s, 10) == 0) {
    codicil_session_abandon_sign(s->w.server, want);
  } else {
    check(s, codicil_session_sign(s->w.server, want) == CODICIL_OK, "sign");
  }
}

static void step_origins(sim *s) {
  codicil_origin origins[3];
  size_t num = draw(s, 4);
  for (size_t i = 0; i < num; i++) {
    origins[i] = origin_of(targets[draw(s, NUM_TARGETS)].text);
  }
  check(s, codicil_session_send_origins(s->w.server, origins, num) == CODICIL_OK, "send_origins");
}

static codicil_buf *push_frame(sim *s, codicil_frame_type type) {
  check(s, s->link_num < MAX_FRAMES, "room on the link");
  frame *f = &s->link[s->link_num++];
  f->type = type;
  codicil_buf_init(&f->payload, NULL, SIZE_MAX);
  return &f->payload;
}

// A SERVER_CERTIFICATE payload may be cut again on its way: any sender may cut where it likes.
static void put_on_link(sim *s, codicil_frame_type type, codicil_span payload) {
  size_t cut =
      type == CODICIL_FRAME_ORIGIN || draw(s, 3) > 0 ? payload.len : draw(s, payload.len + 1);
  codicil_err err = codicil_buf_append(push_frame(s, type), codicil_span_sub(payload, 0, cut));
  if (err == CODICIL_OK && cut < payload.len) {
    err = codicil_buf_append(push_frame(s, type), codicil_span_sub(payload, cut, payload.len));
  }
  check(s, err == CODICIL_OK, "memory");
}

static void step_send(sim *s) {
  codicil_frame_type type;
  codicil_span payload;
  if (codicil_session_peek_frame(s->w.server, &type, &payload) && s->link_num + 2 < MAX_FRAMES) {
    put_on_link(s, type, payload);
    codicil_session_pop_frame(s->w.server);
  }
}

// ---- the link
// -------------------------------------------------------------------------------------

// Damages the frame that comes next: a bit, its end, all of it, or its place in the order.
static void step_fault(sim *s) {
  if (!s->with_faults || s->link_head == s->link_num) {
    return;
  }
  frame *f = &s->link[s->link_head];
  if (f->type != CODICIL_FRAME_SERVER_CERTIFICATE || f->payload.len == 0) {
    return;
  }
  s->damaged = true;
  switch (draw(s, 4)) {
  case 0:
    f->payload.data[draw(s, f->payload.len)] ^= (uint8_t)(1U << draw(s, 8));
    break;
  case 1:
    f->payload.len = draw(s, f->payload.len);
    break;
  case 2:
    f->payload.len = 0;
    break;
  default:
    if (s->link_head + 1 < s->link_num) {
      frame other = s->link[s->link_head + 1];
      s->link[s->link_head + 1] = *f;
      s->link[s->link_head] = other;
    }
  }
}

static codicil_err deliver_pieces(sim *s, codicil_span payload) {
  codicil_session *client = s->w.client;
  codicil_err err = codicil_session_recv_frame_begin(client, payload.len);
  for (size_t at = 0; err == CODICIL_OK && at < payload.len;) {
    codicil_span piece = codicil_span_sub(payload, at, 1 + draw(s, payload.len));
    err = codicil_session_recv_frame_data(client, piece);
    at += piece.len;
  }
  return err == CODICIL_OK ? codicil_session_recv_frame_end(client, s->w.now) : err;
}

// SETTINGS are the first that a server sends; frames before them are damage too.
static void step_deliver(sim *s) {
  if (s->link_head == s->link_num || (!s->client_settings && !s->with_faults)) {
    return;
  }
  s->damaged = s->damaged || !s->client_settings;
  frame *f = &s->link[s->link_head++];
  codicil_span payload = codicil_buf_span(&f->payload);
  codicil_err err = f->type == CODICIL_FRAME_ORIGIN ? feed_origin(s->w.client, payload)
                                                    : deliver_pieces(s, payload);
  codicil_buf_clear(&f->payload);
  if (err != CODICIL_OK) {
    check(s, s->damaged, "an error without damage");
    check(s, err == CODICIL_MALFORMED || err == CODICIL_AUTH || err == CODICIL_LIMIT,
          "an error that damage cannot cause");
    check(s, s->err == CODICIL_OK || s->err == err, "the first error stays");
    s->err = err;
  }
}

static void step_settings(sim *s) {
  if (draw(s, 2) == 0 && !s->server_settings) {
    s->server_settings = true;
    check(s, codicil_session_recv_setting(s->w.server, 1) == CODICIL_OK, "setting");
    codicil_session_recv_settings_end(s->w.server);
  } else if (!s->client_settings) {
    s->client_settings = true;
    check(s, codicil_session_recv_setting(s->w.client, 1) == CODICIL_OK, "setting");
    codicil_session_recv_settings_end(s->w.client);
  }
}

// ---- the client
// -----------------------------------------------------------------------------------

static codicil_evidence evidence_of(size_t which) {
  switch (which) {
  case 0:
    return evidence_here();
  case 1:
    return evidence_elsewhere();
  default:
    return (codicil_evidence){.dns = which == 2 ? CODICIL_DNS_FAILED : CODICIL_DNS_UNKNOWN};
  }
}

static bool was_proven(const sim *s, const codicil_identity *identity) {
  for (size_t i = 0; i < s->num_offers; i++) {
    if (!s->given_up[i] && memcmp(codicil_identity_sha256(site_of(s->offered[i])->identity),
                                  codicil_identity_sha256(identity), 32) == 0) {
      return true;
    }
  }
  return false;
}

static void check_use(const sim *s, const codicil_route *route, size_t target, size_t evidence) {
  bool is_own = target == 0;
  bool is_address = targets[target].by == SITE_ADDRESS;
  codicil_origin origin = origin_of(targets[target].text);
  codicil_certificate_info info;
  check(s, targets[target].is_good, "used what no certificate may prove");
  check(s, !s->is_misdirected[target], "used after a 421");
  check(s, targets[target].by != SITE_BOUND || !s->is_misdirected[0],
        "used without its Required Domain, which is the origin in SNI");
  check(s, is_own || is_address || evidence == 0, "used without DNS evidence");
  check(s, codicil_session_certificate(s->w.client, &info, route->certificate), "a certificate");
  check(s, codicil_identity_covers(info.identity, &origin), "the certificate covers the origin");
  check(s, info.decision == CODICIL_ACCEPTED, "the certificate is accepted");
  check(s, codicil_authority_has(&s->w.client->authority, route->certificate), "and in authority");
  check(s,
        !s->w.client->origins.is_initialised ||
            codicil_origin_set_has(&s->w.client->origins, &origin),
        "used outside the Origin Set");
}

static void step_route(sim *s) {
  size_t target = draw(s, NUM_TARGETS), which = draw(s, NUM_EVIDENCE);
  codicil_origin origin = origin_of(targets[target].text);
  codicil_evidence evidence = evidence_of(which);
  codicil_route route;
  uint64_t before = codicil_session_generation(s->w.client);
  codicil_err err = codicil_session_route(s->w.client, &route, &origin, &evidence, s->w.now);
  check(s, err == s->err, "a route fails only after an error");
  if (err != CODICIL_OK) {
    return;
  }
  if (route.answer == CODICIL_USE) {
    check_use(s, &route, target, which);
  }
  const codicil_route *last = &s->last[target][which];
  bool same = s->asked[target][which] && last->answer == route.answer &&
              last->reason == route.reason && last->certificate == route.certificate;
  check(s, same || !s->asked[target][which] || last->generation != before,
        "an answer changed and the generation did not");
  s->last[target][which] = route;
  s->asked[target][which] = true;
}

static void step_misdirect(sim *s) {
  size_t target = draw(s, NUM_TARGETS);
  codicil_origin origin = origin_of(targets[target].text);
  if (draw(s, 4) == 0 && s->err == CODICIL_OK) {
    s->is_misdirected[target] = true;
    check(s, codicil_session_misdirected(s->w.client, &origin) == CODICIL_OK, "misdirected");
  }
}

static void check_invariants(sim *s) {
  const codicil_session *client = s->w.client;
  uint64_t generation = codicil_session_generation(client);
  check(s, generation >= s->generation, "the generation went back");
  s->generation = generation;
  for (size_t i = 1; i < client->num_certificates; i++) {
    const codicil_proven *certificate = &client->certificates[i];
    check(s, certificate->proof != NULL, "a certificate without a proof");
    check(s, was_proven(s, certificate->identity), "a certificate that nobody proved");
    codicil_certificate_info info;
    check(s,
          codicil_session_certificate(client, &info, i) &&
              (info.decision == CODICIL_ACCEPTED) == codicil_authority_has(&client->authority, i),
          "authority is what is accepted");
  }
  for (size_t i = 0; i < NUM_TARGETS; i++) {
    codicil_origin origin = origin_of(targets[i].text);
    check(s, !s->is_misdirected[i] || !codicil_origin_set_has(&client->origins, &origin),
          "a misdirected origin returned");
  }
}

// ---- one run
// --------------------------------------------------------------------------------------

static void finish(sim *s) {
  s->with_faults = false;
  while (!s->server_settings || !s->client_settings) {
    step_deliver(s);
    step_settings(s);
  }
  codicil_frame_type type;
  codicil_span payload;
  do {
    step_server_events(s);
    while (s->num_wants > 0) {
      step_sign(s);
    }
    step_send(s);
    step_deliver(s);
  } while (codicil_session_peek_frame(s->w.server, &type, &payload) || s->link_head < s->link_num ||
           s->w.server->events.num > 0 || s->num_wants > 0);
}

// Without damage the client has every certificate that was not given up, in order, and skipped
// those past its limit.
static void check_end(sim *s) {
  size_t num_skipped = codicil_session_num_skipped(s->w.client);
  size_t index = 1;
  for (size_t i = 0; i < s->num_offers && !s->damaged; i++) {
    codicil_certificate_info info;
    if (s->given_up[i]) {
      continue;
    }
    if (!codicil_session_certificate(s->w.client, &info, index)) {
      check(s, num_skipped > 0, "a certificate is missing");
      num_skipped--;
      continue;
    }
    check(s,
          memcmp(codicil_identity_sha256(info.identity),
                 codicil_identity_sha256(site_of(s->offered[i])->identity), 32) == 0,
          "certificates are out of order");
    index++;
  }
  check(s, s->damaged || num_skipped == 0, "more was skipped than sent");
}

static void run(uint64_t seed) {
  static void (*const steps[])(sim *) = {
      step_offer, step_server_events, step_sign,    step_origins,   step_send,
      step_send,  step_deliver,       step_deliver, step_deliver,   step_settings,
      step_route, step_route,         step_route,   step_misdirect, step_fault};
  static sim s;
  s = (sim){.seed = seed, .rng = seed * 0x9e3779b97f4a7c15, .with_faults = seed % 2 == 0};
  world_init(&s.w);
  codicil_config_set_limit(s.w.server_config, CODICIL_LIMIT_FRAME_LEN, (size_t)512 << draw(&s, 6));
  if (draw(&s, 4) == 0) {
    codicil_config_set_limit(s.w.client_config, CODICIL_LIMIT_AUTHENTICATORS, draw(&s, 6));
    codicil_config_set_limit(s.w.client_config, CODICIL_LIMIT_AUTHENTICATORS_LEN,
                             (size_t)1000 << draw(&s, 5));
  }
  codicil_config_set_validate_at_once(s.w.client_config, draw(&s, 4) == 0);
  world_connect(&s.w);
  for (size_t i = 0; i < STEPS; i++) {
    size_t step = draw(&s, sizeof steps / sizeof steps[0]);
    // ORIGIN is rarer than the rest, or every set holds everything.
    if (steps[step] == step_origins && draw(&s, 8) != 0) {
      continue;
    }
    if (steps[step] == step_fault && draw(&s, 8) != 0) {
      continue;
    }
    steps[step](&s);
    check_invariants(&s);
  }
  finish(&s);
  check_invariants(&s);
  check_end(&s);
  world_close(&s.w);
}

int main(int argc, char **argv) {
  uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  uint64_t num = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000;
  for (uint64_t seed = first; seed < first + num; seed++) {
    run(seed);
  }
  printf("%llu runs\n", (unsigned long long)num);
  sites_free();
  return 0;
}
