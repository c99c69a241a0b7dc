// What secondary certificates ask of the server, whatever the HTTP version: see secondary.h.
#include "server/secondary.h"

#include <stdlib.h>
#include <string.h>

#include "codicil/ossl.h"
#include "io/clock.h"

enum { MAX_WANTED = 64 };

struct secondary_shared {
  const site_table *sites;
  server_plan *plan; // of new connections
  const server_config *server;
  io_loop *loop;
  codicil_config *config;
};

typedef struct secondary_state {
  codicil_session *session;
  codicil_ea_signing *wanted[MAX_WANTED]; // to be signed, oldest first
  size_t num_wanted;
  bool is_tls_ready;
  bool has_to_offer; // the feature is on, and nothing was done about it yet
  bool has_offered;
  bool is_leaving; // no more is proven
} secondary_state;

// ---- of one worker
// ---------------------------------------------------------------------------------------

bool secondary_shared_new(secondary_shared **out, const server_config *config,
                          const site_table *sites, server_plan *plan, io_loop *loop,
                          app_error *err) {
  secondary_shared *shared = calloc(1, sizeof *shared);
  if (!shared || codicil_config_new(&shared->config, NULL) != CODICIL_OK) {
    free(shared);
    return app_fail(err, "out of memory");
  }
  shared->sites = sites;
  shared->plan = server_plan_hold(plan);
  shared->server = config;
  shared->loop = loop;
  codicil_config_set_random(shared->config, io_random());
  codicil_config_set_codepoints(shared->config, &config->codepoints);
  codicil_config_set_offer(shared->config, config->send_secondary);
  codicil_config_set_limit(shared->config, CODICIL_LIMIT_SEND_AUTHENTICATORS,
                           config->budget_certificates);
  codicil_config_set_limit(shared->config, CODICIL_LIMIT_SEND_AUTHENTICATORS_LEN,
                           config->budget_octets);
  *out = shared;
  return true;
}

void secondary_shared_free(secondary_shared *shared) {
  if (shared) {
    server_plan_release(shared->plan);
    codicil_config_free(shared->config);
    free(shared);
  }
}

void secondary_set_plan(secondary_shared *shared, server_plan *take_plan) {
  server_plan_release(shared->plan);
  shared->plan = take_plan;
}

codicil_now secondary_now(void *shared) {
  return io_loop_now(((secondary_shared *)shared)->loop);
}

int secondary_capture_client_hello(SSL *ssl, int *al) {
  return codicil_ossl_capture_client_hello(ssl, al);
}

// ---- a connection's session
// ------------------------------------------------------------------------------

void secondary_init(secondary *s, secondary_shared *shared, const server_site *site,
                    uint16_t port) {
  server_plan *plan = server_plan_hold(shared->plan);
  *s = (secondary){shared, site, port, NULL, plan, server_plan_site(plan, site)};
}

void secondary_clear(secondary *s) {
  if (s->state) {
    codicil_session_free(s->state->session);
    free(s->state);
  }
  server_plan_release(s->plan);
  memset(s, 0, sizeof *s);
}

codicil_session *secondary_need_session(secondary *s) {
  if (!s->state) {
    secondary_state *state = calloc(1, sizeof *state);
    if (!state || codicil_session_new(&state->session, NULL, s->shared->config, CODICIL_SERVER) !=
                      CODICIL_OK) {
      free(state);
      return NULL;
    }
    codicil_session_set_own_primary(state->session, s->site->certificate->identity);
    s->state = state;
  }
  return s->state->session;
}

// A client's SETTINGS may have come before, over QUIC in 0-RTT data.
static void consider_offer(secondary *s) {
  s->state->has_to_offer =
      s->state->is_tls_ready && secondary_is_supported(s) && s->proofs->order.num_steps > 0;
}

bool secondary_tls_ready(secondary *s, const codicil_tls *tls) {
  if (!s->state || codicil_session_tls_ready(s->state->session, tls) != CODICIL_OK) {
    return false;
  }
  s->state->is_tls_ready = true;
  consider_offer(s);
  return true;
}

// ---- what is sent
// ----------------------------------------------------------------------------------------

bool secondary_is_supported(const secondary *s) {
  return s->state && codicil_session_support(s->state->session) == CODICIL_SUPPORT_YES;
}

void secondary_send_origins(secondary *s, bool all) {
  size_t num = all ? s->proofs->num_origins : s->proofs->num_own_origins;
  if (!s->shared->server->send_origin || num == 0) {
    return;
  }
  codicil_origin *origins = calloc(num, sizeof *origins);
  for (size_t i = 0; origins && i < num; i++) {
    origins[i] = s->proofs->origins[i];
    origins[i].port = s->port;
  }
  // Without it a client asks for what it does not list on another connection: no harm is done.
  if (origins) {
    (void)!codicil_session_send_origins(s->state->session, origins, num);
  }
  free(origins);
}

// Everything that this site has, in the order of the plan: that of the session's offers.
static void offer_all(secondary *s) {
  const proof_order *order = &s->proofs->order;
  s->state->has_offered = true;
  for (size_t i = 0; i < order->num_steps; i++) {
    const server_certificate *c = &order->certificates[order->steps[i].certificate];
    if (codicil_session_offer(s->state->session, c->credential, c->identity) != CODICIL_OK) {
      return;
    }
  }
}

static void want_signature(secondary_state *state, codicil_ea_signing *signing) {
  if (state->num_wanted < MAX_WANTED && !state->is_leaving) {
    state->wanted[state->num_wanted++] = signing;
  } else {
    codicil_session_abandon_sign(state->session, signing);
  }
}

bool secondary_take_events(secondary *s) {
  codicil_event event;
  bool is_known = false;
  while (codicil_session_next_event(s->state->session, &event)) {
    if (event.type == CODICIL_EVENT_SUPPORT) {
      is_known = true;
      consider_offer(s);
    } else if (event.type == CODICIL_EVENT_WANT_SIGN) {
      want_signature(s->state, event.signing);
    }
  }
  return is_known;
}

bool secondary_wants_signature(const secondary *s) {
  return s->state && (s->state->has_to_offer || s->state->num_wanted > 0);
}

static void sign_oldest(secondary_state *state) {
  codicil_ea_signing *signing = state->wanted[0];
  state->num_wanted--;
  memmove(state->wanted, state->wanted + 1, state->num_wanted * sizeof *state->wanted);
  if (codicil_session_sign(state->session, signing) == CODICIL_USAGE) {
    codicil_session_abandon_sign(state->session, signing);
  }
}

// What the first signature needs (secrets of the connection, transcripts) takes a turn of its own.
void secondary_sign_one(secondary *s) {
  if (s->state && s->state->has_to_offer) {
    s->state->has_to_offer = false;
    offer_all(s);
  } else if (s->state && s->state->num_wanted > 0) {
    sign_oldest(s->state);
  }
}

// ---- authority
// -------------------------------------------------------------------------------------------

static bool is_secondary_of(const site_table *sites, const server_site *site,
                            const server_site *wanted) {
  for (size_t i = 0; i < site->config->secondary.num; i++) {
    if (site_table_find(sites, site->config->secondary.items[i].text) == wanted) {
      return true;
    }
  }
  return false;
}

// Of offers in their order, as codicil_session_serves counts them.
static size_t offered_certificate(const secondary *s, size_t index) {
  return s->proofs->order.steps[index - 1].certificate;
}

bool secondary_carries(const secondary *s, const uint8_t **out_sha256, const codicil_origin *origin,
                       const server_site *wanted) {
  size_t index;
  if (!s->state || !is_secondary_of(s->shared->sites, s->site, wanted) ||
      !codicil_session_serves(s->state->session, &index, origin) || index == 0 ||
      index > s->proofs->order.num_steps ||
      server_plan_is_blocked(s->shared->plan, offered_certificate(s, index))) {
    return false;
  }
  const server_certificate *proven = &s->proofs->order.certificates[offered_certificate(s, index)];
  *out_sha256 = codicil_identity_sha256(proven->identity);
  return true;
}

// ---- a new plan
// ------------------------------------------------------------------------------------------

static bool has_blocked(const secondary *s) {
  const proof_order *order = &s->proofs->order;
  for (size_t i = 0; i < order->num_steps; i++) {
    if (server_plan_is_blocked(s->shared->plan, order->steps[i].certificate)) {
      return true;
    }
  }
  return false;
}

static void abandon_all(secondary_state *state) {
  state->is_leaving = true;
  for (size_t i = 0; i < state->num_wanted; i++) {
    codicil_session_abandon_sign(state->session, state->wanted[i]);
  }
  state->num_wanted = 0;
}

bool secondary_take_plan(secondary *s) {
  if (!s->plan) {
    return true; // no handshake yet
  }
  if (!s->state || !s->state->has_offered) {
    server_plan *old = s->plan;
    s->plan = server_plan_hold(s->shared->plan);
    s->proofs = server_plan_site(s->plan, s->site);
    server_plan_release(old);
    return true;
  }
  if (!has_blocked(s)) {
    return true;
  }
  abandon_all(s->state);
  return false;
}
