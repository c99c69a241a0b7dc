// A client's nghttp2 session with the binding: see h2_client.h.
#include "h2_client.h"

#include <assert.h>

#include "span.h"

static int on_begin_frame(nghttp2_session *ng, const nghttp2_frame_hd *hd, void *user) {
  return codicil_h2_on_begin_frame(((h2_client *)user)->h2, ng, hd);
}
static int on_chunk(nghttp2_session *ng, const nghttp2_frame_hd *hd, const uint8_t *data,
                    size_t len, void *user) {
  return codicil_h2_on_extension_chunk_recv(((h2_client *)user)->h2, ng, hd, data, len);
}
static int unpack(nghttp2_session *ng, void **payload, const nghttp2_frame_hd *hd, void *user) {
  return codicil_h2_unpack_extension(((h2_client *)user)->h2, ng, payload, hd);
}
static int on_frame_recv(nghttp2_session *ng, const nghttp2_frame *frame, void *user) {
  return codicil_h2_on_frame_recv(((h2_client *)user)->h2, ng, frame);
}
static codicil_now now(void *ctx) {
  return ((world *)ctx)->now;
}

static void start(h2_client *client) {
  nghttp2_session_callbacks *callbacks;
  nghttp2_option *option;
  nghttp2_settings_entry entry;
  int rc = nghttp2_session_callbacks_new(&callbacks) | nghttp2_option_new(&option);
  assert(rc == 0);
  nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
  nghttp2_session_callbacks_set_on_extension_chunk_recv_callback(callbacks, on_chunk);
  nghttp2_session_callbacks_set_unpack_extension_callback(callbacks, unpack);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
  codicil_h2_set_option(option, NULL);
  size_t num = codicil_h2_settings_entry(client->h2, &entry, 0, 1);
  rc = nghttp2_session_client_new2(&client->ng, callbacks, client, option);
  assert(rc == 0 && nghttp2_submit_settings(client->ng, NGHTTP2_FLAG_NONE, &entry, num) == 0);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
}

static void send_all(h2_client *client) {
  const uint8_t *data;
  for (ssize_t len; (len = nghttp2_session_mem_send(client->ng, &data)) > 0;) {
    codicil_err err = codicil_buf_append(&client->out, codicil_span_of(data, (size_t)len));
    assert(err == CODICIL_OK);
  }
}

bool h2_client_run(h2_client *client, codicil_span in, size_t piece) {
  static nghttp2_nv get[] = {
      {(uint8_t *)(uintptr_t) ":method", (uint8_t *)(uintptr_t) "GET", 7, 3, NGHTTP2_NV_FLAG_NONE},
      {(uint8_t *)(uintptr_t) ":scheme", (uint8_t *)(uintptr_t) "https", 7, 5,
       NGHTTP2_NV_FLAG_NONE},
      {(uint8_t *)(uintptr_t) ":path", (uint8_t *)(uintptr_t) "/", 5, 1, NGHTTP2_NV_FLAG_NONE},
  };
  world_init(&client->world);
  codicil_config_set_limit(client->world.client_config, CODICIL_LIMIT_AUTHENTICATORS, 2);
  world_connect(&client->world);
  codicil_buf_init(&client->out, NULL, 1 << 22);
  codicil_err err =
      codicil_h2_new(&client->h2, NULL, client->world.client, NULL, now, &client->world);
  assert(err == CODICIL_OK);
  start(client);
  int32_t stream_id = nghttp2_submit_request(client->ng, NULL, get, 3, NULL, NULL);
  assert(stream_id == 1);
  send_all(client);
  bool is_over = false;
  for (size_t at = 0; at < in.len && !is_over; at += codicil_span_sub(in, at, piece).len) {
    codicil_span next = codicil_span_sub(in, at, piece);
    is_over =
        nghttp2_session_mem_recv(client->ng, next.data, next.len) < 0 ||
        (codicil_h2_error(client->h2) == CODICIL_OK && !nghttp2_session_want_read(client->ng));
  }
  err = codicil_h2_flush(client->h2, client->ng);
  assert(err == codicil_h2_error(client->h2));
  send_all(client);
  return !is_over;
}

void h2_client_close(h2_client *client) {
  nghttp2_session_del(client->ng);
  codicil_h2_free(client->h2);
  codicil_buf_clear(&client->out);
  world_close(&client->world);
}
