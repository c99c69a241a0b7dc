// HTTP/3 with secondary certificates over a bad network, driven by a seed.
//
// Two ends (nghttp3, binding, session) exchange requests while the server proves certificates and
// lists origins, over streams that lose, reorder and block (stream_link.h); some do not offer. In
// the end every body has arrived unchanged, every certificate is there, in order, and accepted,
// flow control has every octet back, and nothing is held. A seed that fails is printed and fails
// again: h3_sim SEED 1.
#include <stdio.h>

#include "span.h"
#include "stream_link.h"

enum { MAX_TICKS = 60000, MAX_OFFERS = 6, MAX_REQUESTS = 8, QUIET_TICKS = 12, LAST_OF_APP = 300 };

typedef struct sim {
  world w;
  link l;
  site offered[MAX_OFFERS];
  size_t num_offers, to_offer, num_requests, to_request, to_list;
  bool has_goaway;
  bool is_on; // both sides offer
} sim;

static const struct {
  site which;
  const char *origin;
} sites[] = {{SITE_IMG, "https://img.example"},
             {SITE_CDN, "https://a.cdn.example"},
             {SITE_BIG, "https://name-7.of.big.example"},
             {SITE_ADDRESS, "https://192.0.2.1"}};
enum { NUM_SITES_USED = sizeof sites / sizeof sites[0] };

static void begin(sim *s, uint64_t seed) {
  *s = (sim){.num_offers = 0};
  link_init(&s->l, seed);
  link *l = &s->l;
  world_init(&s->w);
  codicil_config_set_limit(s->w.server_config, CODICIL_LIMIT_FRAME_LEN,
                           (size_t)64 << link_draw(l, 9));
  bool client_offers = link_draw(l, 8) != 0, server_offers = link_draw(l, 8) != 0;
  codicil_config_set_offer(s->w.client_config, client_offers);
  codicil_config_set_offer(s->w.server_config, server_offers);
  s->is_on = client_offers && server_offers;
  world_connect(&s->w);
  s->to_offer = link_draw(l, MAX_OFFERS + 1);
  s->to_request = link_draw(l, MAX_REQUESTS + 1);
  s->to_list = link_draw(l, 3);
  bool opened = h3_end_open(&l->client.end, false, s->w.client, &l->client.mem.mem, NULL) &&
                h3_end_open(&l->server.end, true, s->w.server, &l->server.mem.mem, NULL);
  link_check(l, opened, "open");
}

// ---- what the application does ------------------------------------------------------------------

static void offer(sim *s) {
  if (s->num_offers < s->to_offer) {
    site which = sites[link_draw(&s->l, NUM_SITES_USED)].which;
    const site_data *data = site_of(which);
    s->offered[s->num_offers++] = which;
    link_check(&s->l,
               codicil_session_offer(s->w.server, data->credential, data->identity) == CODICIL_OK,
               "offer");
  }
}

static void list_origins(sim *s) {
  if (s->to_list > 0) {
    codicil_origin origins[NUM_SITES_USED];
    for (size_t i = 0; i < NUM_SITES_USED; i++) {
      origins[i] = origin_of(sites[i].origin);
    }
    s->to_list--;
    link_check(&s->l,
               codicil_session_send_origins(s->w.server, origins, NUM_SITES_USED) == CODICIL_OK,
               "send_origins");
  }
}

static void request(sim *s) {
  static const uint64_t lens[] = {0, 1, 500, 5000, 40000};
  if (s->num_requests < s->to_request) {
    s->num_requests++;
    h3_end_request(&s->l.client.end, lens[link_draw(&s->l, 5)], lens[link_draw(&s->l, 5)]);
  }
}

// Frames of nghttp3's own on either control stream.
static void reprioritise(sim *s) {
  const h3_end *end = &s->l.client.end;
  if (end->num_exchanges > 0) {
    int64_t id = end->exchanges[link_draw(&s->l, end->num_exchanges)].id;
    static const char value[] = "u=2, i";
    (void)nghttp3_conn_set_client_stream_priority(end->http, id, (const uint8_t *)value,
                                                  sizeof value - 1);
  }
}

static void go_away(sim *s) {
  if (s->num_requests == s->to_request && !s->has_goaway && link_draw(&s->l, 4) == 0) {
    s->has_goaway = true;
    link_check(&s->l, nghttp3_conn_submit_shutdown_notice(s->l.server.end.http) == 0, "GOAWAY");
  }
}

static void act(sim *s) {
  static void (*const acts[])(sim *) = {offer,   list_origins, request,
                                        request, reprioritise, go_away};
  bool is_late = s->l.tick >= LAST_OF_APP;
  for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
    if (is_late ? acts[i] != reprioritise : link_draw(&s->l, 12) == 0) {
      acts[i](s);
    }
  }
  server_sign_all(s->w.server);
}

// ---- the end ------------------------------------------------------------------------------------

static bool is_over(const sim *s) {
  return s->l.tick > LAST_OF_APP && s->num_offers == s->to_offer && s->to_list == 0 &&
         s->num_requests == s->to_request && h3_end_is_done(&s->l.client.end) &&
         link_is_quiet(&s->l);
}

static void check_side(const sim *s, const link_side *side) {
  const link *l = &s->l;
  for (size_t i = 0; i < side->num_streams; i++) {
    const link_stream *stream = &side->streams[i];
    link_check(l, stream->later == NULL && stream->acked == stream->sent, "octets on their way");
    link_check(l, stream->credit == stream->next, "flow control has not every octet back");
  }
  link_check(l, codicil_h3_settings_acked(side->end.h3), "SETTINGS are not acknowledged");
  // The object itself, and the table of streams.
  link_check(l, side->mem.held <= 2, "octets are held that are acknowledged");
}

static void check_certificates(sim *s) {
  const link *l = &s->l;
  size_t num = s->is_on ? s->num_offers : 0;
  codicil_support support = s->is_on ? CODICIL_SUPPORT_YES : CODICIL_SUPPORT_NO;
  link_check(l, codicil_session_num_certificates(s->w.client) == num + 1,
             "certificates are missing, or too many");
  link_check(l, l->client.end.support == support && l->server.end.support == support,
             "nghttp3 told of SETTINGS before the session had read them");
  for (size_t i = 0; i < num; i++) {
    codicil_certificate_info info;
    link_check(l, codicil_session_certificate(s->w.client, &info, i + 1), "a certificate");
    link_check(l,
               memcmp(codicil_identity_sha256(info.identity),
                      codicil_identity_sha256(site_of(s->offered[i])->identity), 32) == 0,
               "certificates are out of order");
    for (size_t j = 0; j < NUM_SITES_USED; j++) {
      if (sites[j].which == s->offered[i]) {
        codicil_route route = route_to(&s->w, sites[j].origin, evidence_here());
        link_check(l, route.answer == CODICIL_USE, "a certificate is not used");
      }
    }
  }
}

static void run(uint64_t seed) {
  static sim s;
  begin(&s, seed);
  link *l = &s.l;
  size_t quiet = 0;
  while (quiet < QUIET_TICKS) {
    act(&s);
    link_tick(l);
    quiet = is_over(&s) ? quiet + 1 : 0;
    link_check(l, l->tick < MAX_TICKS, "stuck");
  }
  check_certificates(&s);
  check_side(&s, &l->client);
  check_side(&s, &l->server);
  link_check(l, !s.has_goaway || l->client.end.goaway >= 0, "GOAWAY is missing");
  h3_end_close(&l->client.end);
  h3_end_close(&l->server.end);
  link_check(l, l->client.mem.held == 0 && l->server.mem.held == 0, "a leak");
  link_clear(l);
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
