// The server without secondary certificates, to be measured against: secondary.h and secondary_h2.h
// with nothing in them.
#include <stdlib.h>
#include <string.h>

#include "server/secondary.h"
#include "server/secondary_h2.h"

// HTTP/3's binding needs sessions; these offer nothing.
struct secondary_shared {
  codicil_config *config;
};

bool secondary_shared_new(secondary_shared **out, const server_config *config,
                          const site_table *sites, server_plan *plan, io_loop *loop,
                          app_error *err) {
  (void)config;
  (void)sites;
  (void)plan;
  (void)loop;
  secondary_shared *shared = calloc(1, sizeof *shared);
  if (!shared || codicil_config_new(&shared->config, NULL) != CODICIL_OK) {
    free(shared);
    return app_fail(err, "out of memory");
  }
  codicil_config_set_offer(shared->config, false);
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
  (void)ssl;
  (void)al;
  return SSL_CLIENT_HELLO_SUCCESS;
}

void secondary_init(secondary *s, secondary_shared *shared, const server_site *site,
                    uint16_t port) {
  *s = (secondary){shared, site, port, NULL, NULL, NULL};
}

void secondary_clear(secondary *s) {
  codicil_session_free((codicil_session *)s->state);
  memset(s, 0, sizeof *s);
}

codicil_session *secondary_need_session(secondary *s) {
  codicil_session *session = NULL;
  if (codicil_session_new(&session, NULL, s->shared->config, CODICIL_SERVER) == CODICIL_OK) {
    s->state = (struct secondary_state *)session;
  }
  return session;
}

bool secondary_wants_signature(const secondary *s) {
  (void)s;
  return false;
}

void secondary_sign_one(secondary *s) {
  (void)s;
}

void secondary_set_plan(secondary_shared *shared, server_plan *take_plan) {
  (void)shared;
  server_plan_release(take_plan);
}

bool secondary_take_plan(secondary *s) {
  (void)s;
  return true;
}

bool secondary_carries(const secondary *s, const uint8_t **out_sha256, const codicil_origin *origin,
                       const server_site *wanted) {
  (void)s;
  (void)out_sha256;
  (void)origin;
  (void)wanted;
  return false;
}

// ---- HTTP/2
// --------------------------------------------------------------------------------------------------

void secondary_h2_set_option(const server_config *config, nghttp2_option *option) {
  (void)config;
  (void)option;
}

size_t secondary_h2_settings(const server_config *config, nghttp2_settings_entry *entries,
                             size_t num, size_t max) {
  (void)config;
  (void)entries;
  (void)max;
  return num;
}

void secondary_h2_init(secondary_h2 *s, const server_config *config, secondary *common, SSL *ssl) {
  *s = (secondary_h2){common, config, ssl, NULL, NULL};
}

void secondary_h2_clear(secondary_h2 *s) {
  memset(s, 0, sizeof *s);
}

int secondary_h2_submit_origin(const secondary_h2 *s, nghttp2_session *ng) {
  (void)s;
  (void)ng;
  return 0;
}

int secondary_h2_on_begin_frame(secondary_h2 *s, nghttp2_session *ng, const nghttp2_frame_hd *hd) {
  (void)s;
  (void)ng;
  (void)hd;
  return 0;
}

int secondary_h2_on_chunk(secondary_h2 *s, nghttp2_session *ng, const nghttp2_frame_hd *hd,
                          const uint8_t *data, size_t len) {
  (void)s;
  (void)ng;
  (void)hd;
  (void)data;
  (void)len;
  return NGHTTP2_ERR_CANCEL;
}

int secondary_h2_unpack(secondary_h2 *s, nghttp2_session *ng, void **payload,
                        const nghttp2_frame_hd *hd) {
  (void)s;
  (void)ng;
  (void)payload;
  (void)hd;
  return NGHTTP2_ERR_CANCEL;
}

int secondary_h2_on_frame(secondary_h2 *s, nghttp2_session *ng, const nghttp2_frame *frame) {
  (void)s;
  (void)ng;
  (void)frame;
  return 0;
}

ssize_t secondary_h2_pack(secondary_h2 *s, nghttp2_session *ng, uint8_t *out, size_t len,
                          const nghttp2_frame *frame) {
  (void)s;
  (void)ng;
  (void)out;
  (void)len;
  (void)frame;
  return NGHTTP2_ERR_CANCEL;
}

void secondary_h2_after_input(secondary_h2 *s, nghttp2_session *ng) {
  (void)s;
  (void)ng;
}
