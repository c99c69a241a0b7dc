// What secondary certificates ask of the server: see secondary.h.
#include "server/secondary.h"

#include <stdlib.h>
#include <string.h>

#include "codicil/h2.h"
#include "codicil/ossl.h"
#include "codicil/session.h"
#include "io/clock.h"

enum { MAX_WANTED = 64, SMALL_ORIGINS = 16 };

struct secondary_shared {
  const site_table *sites;
  const server_config *server;
  io_loop *loop;
  codicil_config *config;
};

typedef struct secondary_session {
  codicil_tls *tls; // NULL where this TLS connection cannot carry authenticators
  codicil_session *session;
  codicil_h2 *h2;
  codicil_ea_signing *wanted[MAX_WANTED]; // to be signed, oldest first
  size_t num_wanted;
  bool has_to_offer; // the feature is on, and nothing was done about it yet
} secondary_session;

// ---- of one worker
// ---------------------------------------------------------------------------------------

bool secondary_shared_new(secondary_shared **out, const server_config *config,
                          const site_table *sites, io_loop *loop, app_error *err) {
  secondary_shared *shared = calloc(1, sizeof *shared);
  if (!shared || codicil_config_new(&shared->config, NULL) != CODICIL_OK) {
    free(shared);
    return app_fail(err, "out of memory");
  }
  shared->sites = sites;
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
    codicil_config_free(shared->config);
    free(shared);
  }
}

int secondary_capture_client_hello(SSL *ssl, int *al) {
  return codicil_ossl_capture_client_hello(ssl, al);
}

void secondary_set_option(const secondary_shared *shared, nghttp2_option *option) {
  codicil_h2_set_option(option, &shared->server->codepoints);
}

// ---- a connection's session
// ------------------------------------------------------------------------------

static codicil_now now_of_loop(void *ctx) {
  return io_loop_now(ctx);
}

static void session_free(secondary_session *made) {
  if (made) {
    codicil_h2_free(made->h2);
    codicil_session_free(made->session);
    codicil_ossl_tls_free(made->tls);
    free(made);
  }
}

// A TLS connection that cannot carry authenticators (TLS 1.2 without extended master secret) keeps
// a session that watches the rules and proves nothing.
static codicil_err session_begin(const secondary *s, secondary_session *made) {
  const secondary_shared *shared = s->shared;
  codicil_err e = codicil_session_new(&made->session, NULL, shared->config, CODICIL_SERVER);
  if (e == CODICIL_OK) {
    e = codicil_h2_new(&made->h2, NULL, made->session, &shared->server->codepoints, now_of_loop,
                       shared->loop);
  }
  if (e == CODICIL_OK && codicil_ossl_tls_new(&made->tls, s->ssl) == CODICIL_OK) {
    e = codicil_session_tls_ready(made->session, made->tls);
  }
  if (e == CODICIL_OK) {
    codicil_session_set_own_primary(made->session, s->site->identity);
  }
  return e;
}

// Makes the session, if it is not there; false without memory.
static bool need_session(secondary *s) {
  if (s->made) {
    return true;
  }
  secondary_session *made = calloc(1, sizeof *made);
  if (!made || session_begin(s, made) != CODICIL_OK) {
    session_free(made);
    return false;
  }
  s->made = made;
  return true;
}

void secondary_init(secondary *s, secondary_shared *shared, const server_site *site, SSL *ssl,
                    uint16_t port) {
  *s = (secondary){shared, site, ssl, port, NULL};
}

void secondary_clear(secondary *s) {
  session_free(s->made);
  memset(s, 0, sizeof *s);
}

// ---- what is sent
// ----------------------------------------------------------------------------------------

size_t secondary_settings(const secondary *s, nghttp2_settings_entry *entries, size_t num,
                          size_t max) {
  if (!s->shared->server->send_secondary || num >= max) {
    return num;
  }
  entries[num] = (nghttp2_settings_entry){(int32_t)s->shared->server->codepoints.h2_setting, 1};
  return num + 1;
}

static size_t format_origin(char *out, size_t out_len, const char *host, uint16_t port) {
  bool is_ipv6 = strchr(host, ':') != NULL;
  int n = port == 443 ? snprintf(out, out_len, is_ipv6 ? "https://[%s]" : "https://%s", host)
                      : snprintf(out, out_len, is_ipv6 ? "https://[%s]:%u" : "https://%s:%u", host,
                                 (unsigned)port);
  return n > 0 && (size_t)n < out_len ? (size_t)n : 0;
}

// One frame of at most as many as fit; the first names are the site's own.
int secondary_submit_origin(const secondary *s, nghttp2_session *ng) {
  char texts[SMALL_ORIGINS][CODICIL_ORIGIN_TEXT_MAX];
  nghttp2_origin_entry entries[SMALL_ORIGINS];
  const server_site *site = s->site;
  if (!s->shared->server->send_origin) {
    return 0;
  }
  for (size_t at = 0; at < site->num_own_origin_hosts;) {
    size_t num = 0;
    for (; num < SMALL_ORIGINS && at < site->num_own_origin_hosts; at++, num++) {
      size_t len = format_origin(texts[num], sizeof texts[num], site->origin_hosts[at], s->port);
      entries[num] = (nghttp2_origin_entry){(uint8_t *)texts[num], len};
    }
    int rc = nghttp2_submit_origin(ng, NGHTTP2_FLAG_NONE, entries, num);
    if (rc != 0) {
      return rc;
    }
  }
  return 0;
}

// A second frame: all that this connection may serve, now that it may prove the rest. It goes out
// with the acknowledgement of the client's SETTINGS, after which a client expects no more names.
static void send_all_origins(const secondary *s) {
  const server_site *site = s->site;
  size_t num = site->num_origin_hosts;
  if (!s->shared->server->send_origin || num == site->num_own_origin_hosts) {
    return;
  }
  codicil_origin *origins = calloc(num, sizeof *origins);
  for (size_t i = 0; origins && i < num; i++) {
    origins[i] = site->origins[i];
    origins[i].port = s->port;
  }
  // Without it a client asks for what it does not list on another connection: no harm is done.
  if (origins) {
    (void)!codicil_session_send_origins(s->made->session, origins, num);
  }
  free(origins);
}

// Everything that this site has, in the configured order.
static void offer_all(secondary *s) {
  const server_site *site = s->site;
  for (size_t i = 0; i < site->num_secondary; i++) {
    const server_site *other = &s->shared->sites->sites[site->secondary[i]];
    if (codicil_session_offer(s->made->session, other->credential, other->identity) != CODICIL_OK) {
      return;
    }
  }
}

static void want_signature(secondary_session *made, codicil_ea_signing *signing) {
  if (made->num_wanted < MAX_WANTED) {
    made->wanted[made->num_wanted++] = signing;
  } else {
    codicil_session_abandon_sign(made->session, signing);
  }
}

static void take_events(secondary *s) {
  codicil_event event;
  while (codicil_session_next_event(s->made->session, &event)) {
    if (event.type == CODICIL_EVENT_SUPPORT &&
        codicil_session_support(s->made->session) == CODICIL_SUPPORT_YES) {
      s->made->has_to_offer = s->made->tls != NULL && s->site->num_secondary > 0;
      send_all_origins(s);
    } else if (event.type == CODICIL_EVENT_WANT_SIGN) {
      want_signature(s->made, event.signing);
    }
  }
}

void secondary_after_input(secondary *s, nghttp2_session *ng) {
  if (s->made) {
    take_events(s);
    (void)!codicil_h2_flush(s->made->h2, ng); // GOAWAY is queued where it fails
  }
}

bool secondary_wants_signature(const secondary *s) {
  return s->made && (s->made->has_to_offer || s->made->num_wanted > 0);
}

static void sign_oldest(secondary_session *made) {
  codicil_ea_signing *signing = made->wanted[0];
  made->num_wanted--;
  memmove(made->wanted, made->wanted + 1, made->num_wanted * sizeof *made->wanted);
  if (codicil_session_sign(made->session, signing) == CODICIL_USAGE) {
    codicil_session_abandon_sign(made->session, signing);
  }
}

// What the first signature needs (secrets of the connection, transcripts) takes a turn of its own.
void secondary_sign_one(secondary *s, nghttp2_session *ng) {
  if (s->made && s->made->has_to_offer) {
    s->made->has_to_offer = false;
    offer_all(s);
  } else if (s->made && s->made->num_wanted > 0) {
    sign_oldest(s->made);
  }
  secondary_after_input(s, ng);
}

// ---- nghttp2's callbacks
// ---------------------------------------------------------------------------------

int secondary_on_begin_frame(secondary *s, nghttp2_session *ng, const nghttp2_frame_hd *hd) {
  if (hd->type == s->shared->server->codepoints.h2_frame && !need_session(s)) {
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }
  return s->made ? codicil_h2_on_begin_frame(s->made->h2, ng, hd) : 0;
}

int secondary_on_chunk(secondary *s, nghttp2_session *ng, const nghttp2_frame_hd *hd,
                       const uint8_t *data, size_t len) {
  return s->made ? codicil_h2_on_extension_chunk_recv(s->made->h2, ng, hd, data, len)
                 : NGHTTP2_ERR_CANCEL;
}

int secondary_unpack(secondary *s, nghttp2_session *ng, void **payload,
                     const nghttp2_frame_hd *hd) {
  return s->made ? codicil_h2_unpack_extension(s->made->h2, ng, payload, hd) : NGHTTP2_ERR_CANCEL;
}

static bool has_setting(const nghttp2_frame *frame, uint64_t id) {
  for (size_t i = 0; i < frame->settings.niv; i++) {
    if ((uint32_t)frame->settings.iv[i].settings_id == id) {
      return true;
    }
  }
  return false;
}

int secondary_on_frame(secondary *s, nghttp2_session *ng, const nghttp2_frame *frame) {
  const server_config *config = s->shared->server;
  bool speaks_of_it = frame->hd.type == NGHTTP2_SETTINGS && config->send_secondary &&
                      has_setting(frame, config->codepoints.h2_setting);
  if (speaks_of_it && !need_session(s)) {
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }
  return s->made ? codicil_h2_on_frame_recv(s->made->h2, ng, frame) : 0;
}

ssize_t secondary_pack(secondary *s, nghttp2_session *ng, uint8_t *out, size_t len,
                       const nghttp2_frame *frame) {
  return s->made ? codicil_h2_pack_extension(s->made->h2, ng, out, len, frame) : NGHTTP2_ERR_CANCEL;
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

bool secondary_carries(const secondary *s, const uint8_t **out_sha256, const codicil_origin *origin,
                       const server_site *wanted) {
  size_t index;
  if (!s->made || !is_secondary_of(s->shared->sites, s->site, wanted) ||
      !codicil_session_serves(s->made->session, &index, origin) || index == 0 ||
      index > s->site->num_secondary) {
    return false;
  }
  const server_site *proven = &s->shared->sites->sites[s->site->secondary[index - 1]];
  *out_sha256 = codicil_identity_sha256(proven->identity);
  return true;
}
