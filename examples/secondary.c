// The same on both sides: a connection's objects, nghttp2's callbacks handed through.
#include "secondary.h"

#include <time.h>

codicil_now secondary_now(void *ctx) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (codicil_now){(uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec, time(ctx)};
}

bool secondary_open(secondary *s, const codicil_config *config, codicil_role role, SSL *ssl) {
  return codicil_ossl_tls_new(&s->tls, ssl) == CODICIL_OK &&
         codicil_session_new(&s->session, NULL, config, role) == CODICIL_OK &&
         codicil_session_tls_ready(s->session, s->tls) == CODICIL_OK &&
         codicil_h2_new(&s->h2, NULL, s->session, NULL, secondary_now, NULL) == CODICIL_OK;
}

static int begin(nghttp2_session *ng, const nghttp2_frame_hd *hd, void *user) {
  return codicil_h2_on_begin_frame(((secondary *)user)->h2, ng, hd);
}

static int chunk(nghttp2_session *ng, const nghttp2_frame_hd *hd, const uint8_t *data, size_t len,
                 void *user) {
  return codicil_h2_on_extension_chunk_recv(((secondary *)user)->h2, ng, hd, data, len);
}

static int unpack(nghttp2_session *ng, void **payload, const nghttp2_frame_hd *hd, void *user) {
  return codicil_h2_unpack_extension(((secondary *)user)->h2, ng, payload, hd);
}

static ssize_t pack(nghttp2_session *ng, uint8_t *buf, size_t len, const nghttp2_frame *frame,
                    void *user) {
  return codicil_h2_pack_extension(((secondary *)user)->h2, ng, buf, len, frame);
}

void secondary_set_callbacks(nghttp2_session_callbacks *callbacks) {
  nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, begin);
  nghttp2_session_callbacks_set_on_extension_chunk_recv_callback(callbacks, chunk);
  nghttp2_session_callbacks_set_unpack_extension_callback(callbacks, unpack);
  nghttp2_session_callbacks_set_pack_extension_callback(callbacks, pack);
}

bool secondary_flush(secondary *s, nghttp2_session *ng) {
  codicil_event event;
  while (codicil_session_next_event(s->session, &event)) {
    if (event.type == CODICIL_EVENT_WANT_SIGN &&
        codicil_session_sign(s->session, event.signing) != CODICIL_OK) {
      return false;
    }
  }
  return codicil_h2_flush(s->h2, ng) == CODICIL_OK;
}

void secondary_close(secondary *s) {
  codicil_h2_free(s->h2);
  codicil_session_free(s->session);
  codicil_ossl_tls_free(s->tls);
}
