// Secondary certificates over HTTP/2: see secondary_h2.h.
#include "server/secondary_h2.h"

#include <string.h>

#include "codicil/ossl.h"

enum { SMALL_ORIGINS = 16 };

void secondary_h2_set_option(const server_config *config, nghttp2_option *option) {
  codicil_h2_set_option(option, &config->codepoints);
}

void secondary_h2_init(secondary_h2 *s, const server_config *config, secondary *common, SSL *ssl) {
  *s = (secondary_h2){common, config, ssl, NULL, NULL};
}

void secondary_h2_clear(secondary_h2 *s) {
  codicil_h2_free(s->h2);
  if (s->common) {
    secondary_clear(s->common);
  }
  codicil_ossl_tls_free(s->tls);
  memset(s, 0, sizeof *s);
}

// Makes the session, if it is not there; false without memory. A TLS connection that cannot carry
// authenticators (TLS 1.2 without extended master secret) has one that proves nothing.
static bool need_h2(secondary_h2 *s) {
  secondary_shared *shared = s->common->shared;
  codicil_session *session = secondary_need_session(s->common);
  if (s->h2 || !session) {
    return s->h2 != NULL;
  }
  if (codicil_h2_new(&s->h2, NULL, session, &s->config->codepoints, secondary_now, shared) !=
      CODICIL_OK) {
    return false;
  }
  return codicil_ossl_tls_new(&s->tls, s->ssl) != CODICIL_OK ||
         secondary_tls_ready(s->common, s->tls);
}

// ---- what is sent
// ----------------------------------------------------------------------------------------

size_t secondary_h2_settings(const server_config *config, nghttp2_settings_entry *entries,
                             size_t num, size_t max) {
  if (!config->send_secondary || num >= max) {
    return num;
  }
  entries[num] = (nghttp2_settings_entry){(int32_t)config->codepoints.h2_setting, 1};
  return num + 1;
}

// One frame of at most as many as fit; the first names are the site's own.
int secondary_h2_submit_origin(const secondary_h2 *s, nghttp2_session *ng) {
  char texts[SMALL_ORIGINS][CODICIL_ORIGIN_TEXT_MAX];
  nghttp2_origin_entry entries[SMALL_ORIGINS];
  const plan_site *proofs = s->common->proofs;
  if (!s->config->send_origin) {
    return 0;
  }
  for (size_t at = 0; at < proofs->num_own_origins;) {
    size_t num = 0;
    for (; num < SMALL_ORIGINS && at < proofs->num_own_origins; at++, num++) {
      codicil_origin origin = proofs->origins[at];
      origin.port = s->common->port;
      size_t len = codicil_origin_format(&origin, texts[num], sizeof texts[num]);
      entries[num] = (nghttp2_origin_entry){(uint8_t *)texts[num], len};
    }
    int rc = nghttp2_submit_origin(ng, NGHTTP2_FLAG_NONE, entries, num);
    if (rc != 0) {
      return rc;
    }
  }
  return 0;
}

// A second ORIGIN frame tells all that this connection may serve, now that it may prove the rest.
// It goes out with the acknowledgement of the client's SETTINGS, after which a client expects no
// more names.
void secondary_h2_after_input(secondary_h2 *s, nghttp2_session *ng) {
  if (!s->h2) {
    return;
  }
  if (secondary_take_events(s->common) && secondary_is_supported(s->common) &&
      s->common->proofs->num_origins > s->common->proofs->num_own_origins) {
    secondary_send_origins(s->common, true);
  }
  (void)!codicil_h2_flush(s->h2, ng); // GOAWAY is queued where it fails
}

// ---- nghttp2's callbacks
// ---------------------------------------------------------------------------------

int secondary_h2_on_begin_frame(secondary_h2 *s, nghttp2_session *ng, const nghttp2_frame_hd *hd) {
  if (hd->type == s->config->codepoints.h2_frame && !need_h2(s)) {
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }
  return s->h2 ? codicil_h2_on_begin_frame(s->h2, ng, hd) : 0;
}

int secondary_h2_on_chunk(secondary_h2 *s, nghttp2_session *ng, const nghttp2_frame_hd *hd,
                          const uint8_t *data, size_t len) {
  return s->h2 ? codicil_h2_on_extension_chunk_recv(s->h2, ng, hd, data, len) : NGHTTP2_ERR_CANCEL;
}

int secondary_h2_unpack(secondary_h2 *s, nghttp2_session *ng, void **payload,
                        const nghttp2_frame_hd *hd) {
  return s->h2 ? codicil_h2_unpack_extension(s->h2, ng, payload, hd) : NGHTTP2_ERR_CANCEL;
}

static bool has_setting(const nghttp2_frame *frame, uint64_t id) {
  for (size_t i = 0; i < frame->settings.niv; i++) {
    if ((uint32_t)frame->settings.iv[i].settings_id == id) {
      return true;
    }
  }
  return false;
}

int secondary_h2_on_frame(secondary_h2 *s, nghttp2_session *ng, const nghttp2_frame *frame) {
  const server_config *config = s->config;
  bool speaks_of_it = frame->hd.type == NGHTTP2_SETTINGS && config->send_secondary &&
                      has_setting(frame, config->codepoints.h2_setting);
  if (speaks_of_it && !need_h2(s)) {
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }
  return s->h2 ? codicil_h2_on_frame_recv(s->h2, ng, frame) : 0;
}

ssize_t secondary_h2_pack(secondary_h2 *s, nghttp2_session *ng, uint8_t *out, size_t len,
                          const nghttp2_frame *frame) {
  return s->h2 ? codicil_h2_pack_extension(s->h2, ng, out, len, frame) : NGHTTP2_ERR_CANCEL;
}
