// Two sessions and what they prove: see session_fixture.h.
#include "session_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "reader.h"
#include "span.h"

static void must(bool ok) {
  if (!ok) {
    abort();
  }
}

static void must_ok(codicil_err err) {
  must(err == CODICIL_OK);
}

// ---- certificates -------------------------------------------------------------------------------

static pki_cert *root, *stranger;
static codicil_trust *trust;
static site_data sites[NUM_SITES];

static void make_roots(void) {
  if (root == NULL) {
    root = pki_root("root");
    stranger = pki_root("stranger");
  }
}

const codicil_trust *site_trust(void) {
  if (trust == NULL) {
    make_roots();
    must_ok(codicil_trust_new(&trust, NULL));
    must_ok(codicil_trust_add_pem(trust, NULL, NULL, pki_pem(root)));
  }
  return trust;
}

static pki_spec spec_of(site which) {
  static char big[16384];
  static const char *const names[NUM_SITES] = {
      [SITE_WWW] = "DNS:www.example",       [SITE_IMG] = "DNS:img.example",
      [SITE_UNTRUSTED] = "DNS:bad.example", [SITE_CDN] = "DNS:cdn.example,DNS:*.cdn.example",
      [SITE_EXPIRED] = "DNS:old.example",   [SITE_BOUND] = "DNS:bound.example",
      [SITE_ADDRESS] = "IP:192.0.2.1",      [SITE_BIG] = big,
  };
  pki_spec spec = {.alt_names = names[which]};
  if (which == SITE_EXPIRED) {
    spec.not_before = PKI_NOT_BEFORE;
    spec.not_after = PKI_NOW - PKI_DAY;
  } else if (which == SITE_BOUND) {
    spec.required_domain = "www.example";
  } else if (which == SITE_BIG) {
    int len = snprintf(big, sizeof big, "DNS:big.example");
    for (int i = 0; i < 200; i++) {
      len += snprintf(big + len, sizeof big - (size_t)len, ",DNS:name-%d.of.big.example", i);
    }
  }
  return spec;
}

const site_data *site_of(site which) {
  site_data *data = &sites[which];
  if (data->cert != NULL) {
    return data;
  }
  make_roots();
  pki_spec spec = spec_of(which);
  data->cert = pki_make(which == SITE_UNTRUSTED ? stranger : root, &spec);
  must_ok(codicil_credential_new(&data->credential, NULL, NULL, pki_pem(data->cert),
                                 pki_key_pem(data->cert)));
  must_ok(codicil_identity_new(&data->identity, NULL, pki_der(data->cert), PKI_OID));
  return data;
}

void sites_free(void) {
  for (size_t i = 0; i < NUM_SITES; i++) {
    codicil_credential_free(sites[i].credential);
    codicil_identity_free(sites[i].identity);
    pki_free(sites[i].cert);
    sites[i] = (site_data){0};
  }
  codicil_trust_free(trust);
  pki_free(root);
  pki_free(stranger);
  trust = NULL;
  root = stranger = NULL;
}

// ---- one connection -----------------------------------------------------------------------------

static uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

static codicil_err export_fake(void *ctx, uint8_t *out, size_t out_len, const char *label,
                               size_t label_len) {
  fake_tls *fake = ctx;
  if (fake->refusal != CODICIL_OK) {
    return fake->refusal;
  }
  uint64_t state = fake->seed;
  for (size_t i = 0; i < label_len; i++) {
    state = mix(state ^ (uint8_t)label[i]);
  }
  for (size_t i = 0; i < out_len; i++) {
    state = mix(state);
    out[i] = (uint8_t)state;
  }
  fake->num_exports++;
  return CODICIL_OK;
}

void fake_tls_init(fake_tls *fake, bool is_server, uint64_t seed) {
  static const uint8_t schemes[] = {4, 3, 5, 3, 6, 3, 8, 4, 8, 5, 8, 6, 8, 7, 8, 8};
  static const uint8_t extensions[] = {0, 0, 0, 5, 0, 10, 0, 13, 0, 16, 0, 18, 0, 43, 0, 51};
  *fake = (fake_tls){.seed = seed,
                     .tls = {.exporter = export_fake,
                             .hash = CODICIL_HASH_SHA256,
                             .is_server = is_server,
                             .client_schemes = {schemes, sizeof schemes},
                             .client_extensions = {extensions, sizeof extensions}}};
  fake->tls.ctx = fake;
}

bool counting_random(void *ctx, uint8_t *out, size_t len) {
  uint64_t *state = ctx;
  for (size_t i = 0; i < len; i++) {
    *state = mix(*state);
    out[i] = (uint8_t)*state;
  }
  return true;
}

void world_init(world *w) {
  *w = (world){.now = {1000, PKI_NOW}, .random_state = 7};
  must_ok(codicil_config_new(&w->client_config, NULL));
  must_ok(codicil_config_new(&w->server_config, NULL));
  codicil_config_set_trust(w->client_config, site_trust());
  codicil_config_set_random(w->server_config, (codicil_random){&w->random_state, counting_random});
  fake_tls_init(&w->client_tls, false, 42);
  fake_tls_init(&w->server_tls, true, 42);
}

void world_connect(world *w) {
  must_ok(codicil_session_new(&w->client, NULL, w->client_config, CODICIL_CLIENT));
  must_ok(codicil_session_new(&w->server, NULL, w->server_config, CODICIL_SERVER));
  codicil_session_set_own_primary(w->server, site_of(SITE_WWW)->identity);
  must_ok(codicil_session_tls_ready(w->client, &w->client_tls.tls));
  must_ok(codicil_session_tls_ready(w->server, &w->server_tls.tls));
  codicil_peer peer = {.address = peer_address(),
                       .port = 443,
                       .origin = origin_of("https://www.example"),
                       .sent_sni = true};
  codicil_chain_entry entry = {.der = pki_der(site_of(SITE_WWW)->cert)};
  must_ok(codicil_session_set_peer(w->client, &peer));
  must_ok(codicil_session_set_primary(w->client, &entry, 1));
}

void world_negotiate(world *w) {
  if (codicil_session_offers(w->server)) {
    must_ok(codicil_session_recv_setting(w->client, 1));
  }
  codicil_session_recv_settings_end(w->client);
  if (codicil_session_offers(w->client)) {
    must_ok(codicil_session_recv_setting(w->server, 1));
  }
  codicil_session_recv_settings_end(w->server);
}

void world_close(world *w) {
  codicil_session_free(w->client);
  codicil_session_free(w->server);
  codicil_config_free(w->client_config);
  codicil_config_free(w->server_config);
  *w = (world){0};
}

// ---- names --------------------------------------------------------------------------------------

static codicil_address address_of(const char *text) {
  codicil_address address;
  must(codicil_address_parse(&address, codicil_span_str(text)));
  return address;
}

codicil_address peer_address(void) {
  return address_of("192.0.2.1");
}

codicil_origin origin_of(const char *text) {
  codicil_origin origin;
  must(codicil_origin_parse(&origin, codicil_span_str(text)));
  return origin;
}

codicil_evidence evidence_here(void) {
  static codicil_address addresses[2];
  addresses[0] = address_of("2001:db8::9");
  addresses[1] = peer_address();
  return (codicil_evidence){CODICIL_DNS_ANSWERED, addresses, 2};
}

codicil_evidence evidence_elsewhere(void) {
  static codicil_address addresses[1];
  addresses[0] = address_of("198.51.100.7");
  return (codicil_evidence){CODICIL_DNS_ANSWERED, addresses, 1};
}

// ---- the link -----------------------------------------------------------------------------------

void server_sign_all(codicil_session *server) {
  codicil_event event;
  while (codicil_session_next_event(server, &event)) {
    if (event.type == CODICIL_EVENT_WANT_SIGN) {
      must_ok(codicil_session_sign(server, event.signing));
    }
  }
}

void server_prove(codicil_session *server, site which) {
  must_ok(codicil_session_offer(server, site_of(which)->credential, site_of(which)->identity));
  server_sign_all(server);
}

codicil_err feed_frame_in_pieces(codicil_session *client, codicil_span payload, size_t piece,
                                 codicil_now now) {
  codicil_err err = codicil_session_recv_frame_begin(client, payload.len);
  codicil_span rest = payload;
  while (err == CODICIL_OK && rest.len > 0) {
    err = codicil_session_recv_frame_data(client, codicil_span_sub(rest, 0, piece));
    rest = codicil_span_sub(rest, piece, SIZE_MAX);
  }
  return err == CODICIL_OK ? codicil_session_recv_frame_end(client, now) : err;
}

codicil_err feed_frame(codicil_session *client, codicil_span payload, codicil_now now) {
  return feed_frame_in_pieces(client, payload, SIZE_MAX, now);
}

codicil_err feed_origin(codicil_session *client, codicil_span payload) {
  codicil_span entries[2048];
  size_t num = 0;
  codicil_reader r = codicil_reader_of(payload);
  while (!codicil_reader_done(&r)) {
    must(num < 2048 && codicil_read_vec16(&r, &entries[num]));
    num++;
  }
  return codicil_session_recv_origin(client, entries, num);
}

codicil_err link_move(codicil_session *server, codicil_session *client, codicil_now now) {
  codicil_frame_type type;
  codicil_span payload;
  codicil_err err = CODICIL_OK;
  while (err == CODICIL_OK && codicil_session_peek_frame(server, &type, &payload)) {
    err = type == CODICIL_FRAME_ORIGIN ? feed_origin(client, payload)
                                       : feed_frame(client, payload, now);
    codicil_session_pop_frame(server);
  }
  return err;
}

codicil_span take_authenticator(codicil_session *server) {
  codicil_buf all;
  codicil_buf_init(&all, NULL, SIZE_MAX);
  codicil_frame_type type;
  codicil_span payload;
  while (codicil_session_peek_frame(server, &type, &payload)) {
    must_ok(codicil_buf_append(&all, payload));
    codicil_session_pop_frame(server);
  }
  return codicil_buf_span(&all);
}

codicil_span authenticator_of(site which, uint64_t random_seed) {
  world w;
  world_init(&w);
  w.random_state = random_seed;
  world_connect(&w);
  world_negotiate(&w);
  server_prove(w.server, which);
  codicil_span all = take_authenticator(w.server);
  world_close(&w);
  return all;
}

static bool same_certificate(world *a, world *b, size_t index) {
  codicil_certificate_info x, y;
  return codicil_session_certificate(a->client, &x, index) &&
         codicil_session_certificate(b->client, &y, index) && x.decision == y.decision &&
         x.reason == y.reason && x.num_frames == y.num_frames && x.num_octets == y.num_octets &&
         memcmp(codicil_identity_sha256(x.identity), codicil_identity_sha256(y.identity), 32) == 0;
}

static bool same_route(world *a, world *b, const char *origin) {
  codicil_route x = route_to(a, origin, evidence_here());
  codicil_route y = route_to(b, origin, evidence_here());
  return x.answer == y.answer && x.reason == y.reason && x.cert_reason == y.cert_reason &&
         x.certificate == y.certificate && x.generation == y.generation;
}

bool clients_agree(world *a, world *b) {
  static const char *const origins[] = {"https://www.example",   "https://img.example",
                                        "https://a.cdn.example", "https://bad.example",
                                        "https://glue.example",  "https://shared.example"};
  size_t num = codicil_session_num_certificates(a->client);
  bool agree = codicil_session_num_certificates(b->client) == num &&
               codicil_session_num_skipped(a->client) == codicil_session_num_skipped(b->client) &&
               codicil_session_num_ignored(a->client) == codicil_session_num_ignored(b->client) &&
               codicil_session_num_origins(a->client) == codicil_session_num_origins(b->client);
  for (size_t i = 0; agree && i < num; i++) {
    agree = same_certificate(a, b, i);
  }
  for (size_t i = 0; agree && i < sizeof origins / sizeof origins[0]; i++) {
    agree = same_route(a, b, origins[i]);
  }
  return agree;
}

codicil_route route_to(world *w, const char *origin, codicil_evidence evidence) {
  codicil_origin wanted = origin_of(origin);
  codicil_route route = {0};
  must_ok(codicil_session_route(w->client, &route, &wanted, &evidence, w->now));
  must(route.generation == codicil_session_generation(w->client));
  return route;
}

size_t take_event(codicil_session *session, codicil_event_type type) {
  codicil_event event;
  while (codicil_session_next_event(session, &event)) {
    if (event.type == type) {
      return event.index;
    }
  }
  return SIZE_MAX;
}

void drop_events(codicil_session *session) {
  codicil_event event;
  while (codicil_session_next_event(session, &event)) {
  }
}
