// Two ends of an HTTP/2 connection: see h2_fixture.h.
#include "h2_fixture.h"

#include "cmocka_test.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#include "span.h"
#include "writer.h"

enum { BUF_MAX = 1 << 20 };

// ---- what TLS would give ------------------------------------------------------------------------

static codicil_err fake_export(void *ctx, uint8_t *out, size_t out_len, const char *label,
                               size_t label_len) {
  (void)ctx;
  uint8_t digest[32];
  if (out_len > sizeof digest ||
      EVP_Digest(label, label_len, digest, NULL, EVP_sha256(), NULL) != 1) {
    return CODICIL_CRYPTO;
  }
  memcpy(out, digest, out_len);
  return CODICIL_OK;
}

static codicil_tls fake_tls(bool is_server) {
  return (codicil_tls){.exporter = fake_export,
                       .hash = CODICIL_HASH_SHA256,
                       .is_server = is_server,
                       .client_schemes = codicil_span_of("\4\3\x08\4", 4),
                       .client_extensions = codicil_span_of("\0\5\0\x12\0\x0d", 6)};
}

static bool fill(void *ctx, uint8_t *out, size_t len) {
  (void)ctx;
  return RAND_bytes(out, (int)len) == 1;
}

static codicil_now now(void *ctx) {
  (void)ctx;
  return (codicil_now){1000000000, PKI_NOW};
}

// ---- nghttp2's callbacks ------------------------------------------------------------------------

static int on_begin_frame(nghttp2_session *ng, const nghttp2_frame_hd *hd, void *user) {
  h2_end *end = user;
  return codicil_h2_on_begin_frame(end->h2, ng, hd);
}

static int on_chunk(nghttp2_session *ng, const nghttp2_frame_hd *hd, const uint8_t *data,
                    size_t len, void *user) {
  h2_end *end = user;
  return codicil_h2_on_extension_chunk_recv(end->h2, ng, hd, data, len);
}

static int unpack(nghttp2_session *ng, void **payload, const nghttp2_frame_hd *hd, void *user) {
  h2_end *end = user;
  return codicil_h2_unpack_extension(end->h2, ng, payload, hd);
}

static ssize_t pack(nghttp2_session *ng, uint8_t *buf, size_t len, const nghttp2_frame *frame,
                    void *user) {
  h2_end *end = user;
  return codicil_h2_pack_extension(end->h2, ng, buf, len, frame);
}

static void answer(h2_end *end, int32_t stream_id) {
  static nghttp2_nv status = {(uint8_t *)(uintptr_t) ":status", (uint8_t *)(uintptr_t) "204", 7, 3,
                              NGHTTP2_NV_FLAG_NONE};
  assert_int_equal(nghttp2_submit_response(end->ng, stream_id, &status, 1, NULL), 0);
}

static int on_frame_recv(nghttp2_session *ng, const nghttp2_frame *frame, void *user) {
  h2_end *end = user;
  assert_true(end->num_seen < MAX_SEEN);
  end->seen[end->num_seen++] = frame->hd.type;
  if (frame->hd.type == NGHTTP2_GOAWAY) {
    end->goaway = frame->goaway.error_code;
  }
  if (frame->hd.type == NGHTTP2_HEADERS && end->is_server && end->is_answering) {
    h2_offer(end->pair);
    h2_drive(end);
    answer(end, frame->hd.stream_id);
  }
  return codicil_h2_on_frame_recv(end->h2, ng, frame);
}

static nghttp2_session_callbacks *make_callbacks(void) {
  nghttp2_session_callbacks *callbacks;
  assert_int_equal(nghttp2_session_callbacks_new(&callbacks), 0);
  nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
  nghttp2_session_callbacks_set_on_extension_chunk_recv_callback(callbacks, on_chunk);
  nghttp2_session_callbacks_set_unpack_extension_callback(callbacks, unpack);
  nghttp2_session_callbacks_set_pack_extension_callback(callbacks, pack);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
  return callbacks;
}

// ---- the ends -----------------------------------------------------------------------------------

static void init_end(h2_pair *pair, h2_end *end, bool is_server) {
  *end = (h2_end){.is_server = is_server, .pair = pair, .tls = fake_tls(is_server)};
  assert_int_equal(codicil_config_new(&end->config, NULL), CODICIL_OK);
  codicil_config_set_trust(end->config, pair->trust);
  codicil_config_set_random(end->config, (codicil_random){NULL, fill});
}

void h2_pair_init(h2_pair *pair) {
  *pair = (h2_pair){0};
  pair->root = pki_root("root");
  pair->primary = pki_leaf(pair->root, "DNS:www.example.com");
  pair->secondary = pki_leaf(pair->root, "DNS:img.example.com");
  codicil_codepoints_default(&pair->codepoints);
  assert_int_equal(codicil_trust_new(&pair->trust, NULL), CODICIL_OK);
  assert_int_equal(codicil_trust_add_pem(pair->trust, NULL, NULL, pki_pem(pair->root)), CODICIL_OK);
  assert_int_equal(codicil_credential_new(&pair->credential, NULL, NULL, pki_pem(pair->secondary),
                                          pki_key_pem(pair->secondary)),
                   CODICIL_OK);
  assert_int_equal(codicil_identity_new(&pair->identity, NULL, pki_der(pair->secondary), PKI_OID),
                   CODICIL_OK);
  assert_int_equal(
      codicil_identity_new(&pair->primary_identity, NULL, pki_der(pair->primary), PKI_OID),
      CODICIL_OK);
  init_end(pair, &pair->client, false);
  init_end(pair, &pair->server, true);
}

static void tell_session(h2_pair *pair, h2_end *end) {
  assert_int_equal(codicil_session_tls_ready(end->session, &end->tls), CODICIL_OK);
  if (end->is_server) {
    codicil_session_set_own_primary(end->session, pair->primary_identity);
    return;
  }
  codicil_peer peer = {.port = 443, .sent_sni = true};
  codicil_chain_entry entry = {.der = pki_der(pair->primary)};
  assert_true(codicil_address_parse(&peer.address, codicil_span_str("192.0.2.1")));
  assert_true(codicil_origin_parse(&peer.origin, codicil_span_str("https://www.example.com")));
  assert_int_equal(codicil_session_set_peer(end->session, &peer), CODICIL_OK);
  assert_int_equal(codicil_session_set_primary(end->session, &entry, 1), CODICIL_OK);
}

void h2_pair_open_end(h2_pair *pair, h2_end *end) {
  codicil_config_set_codepoints(end->config, &pair->codepoints);
  assert_int_equal(codicil_session_new(&end->session, NULL, end->config,
                                       end->is_server ? CODICIL_SERVER : CODICIL_CLIENT),
                   CODICIL_OK);
  tell_session(pair, end);
  assert_int_equal(codicil_h2_new(&end->h2, pair->mem, end->session, NULL, now, NULL), CODICIL_OK);
  codicil_buf_init(&end->out, NULL, BUF_MAX);
  end->goaway = NO_GOAWAY;
  end->num_seen = 0;
  nghttp2_option *option;
  nghttp2_session_callbacks *callbacks = make_callbacks();
  assert_int_equal(nghttp2_option_new(&option), 0);
  codicil_h2_set_option(option, &pair->codepoints);
  int rc = end->is_server ? nghttp2_session_server_new2(&end->ng, callbacks, end, option)
                          : nghttp2_session_client_new2(&end->ng, callbacks, end, option);
  assert_int_equal(rc, 0);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  // Room for an ORIGIN frame beyond its limit.
  nghttp2_settings_entry entries[2] = {{NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 100000}};
  size_t num = codicil_h2_settings_entry(end->h2, entries, 1, 2);
  assert_int_equal(nghttp2_submit_settings(end->ng, NGHTTP2_FLAG_NONE, entries, num), 0);
  h2_drive(end);
}

void h2_pair_open(h2_pair *pair) {
  h2_pair_open_end(pair, &pair->client);
  h2_pair_open_end(pair, &pair->server);
}

void h2_end_close(h2_end *end) {
  nghttp2_session_del(end->ng);
  codicil_h2_free(end->h2);
  codicil_session_free(end->session);
  codicil_buf_clear(&end->out);
  end->ng = NULL;
  end->h2 = NULL;
  end->session = NULL;
}

void h2_pair_close(h2_pair *pair) {
  h2_end_close(&pair->client);
  h2_end_close(&pair->server);
}

void h2_pair_clear(h2_pair *pair) {
  h2_pair_close(pair);
  codicil_config_free(pair->client.config);
  codicil_config_free(pair->server.config);
  codicil_credential_free(pair->credential);
  codicil_identity_free(pair->identity);
  codicil_identity_free(pair->primary_identity);
  codicil_trust_free(pair->trust);
  pki_free(pair->secondary);
  pki_free(pair->primary);
  pki_free(pair->root);
}

// ---- driving ------------------------------------------------------------------------------------

void h2_offer(h2_pair *pair) {
  codicil_origin origin;
  assert_true(codicil_origin_parse(&origin, codicil_span_str("https://img.example.com")));
  assert_int_equal(codicil_session_send_origins(pair->server.session, &origin, 1), CODICIL_OK);
  assert_int_equal(codicil_session_offer(pair->server.session, pair->credential, pair->identity),
                   CODICIL_OK);
}

void h2_drive(h2_end *end) {
  codicil_event event;
  while (codicil_session_next_event(end->session, &event)) {
    if (event.type == CODICIL_EVENT_WANT_SIGN) {
      assert_int_equal(codicil_session_sign(end->session, event.signing), CODICIL_OK);
    }
  }
  codicil_err err = codicil_h2_flush(end->h2, end->ng);
  assert_int_equal(err, codicil_h2_error(end->h2));
  const uint8_t *data;
  ssize_t len;
  while ((len = nghttp2_session_mem_send(end->ng, &data)) > 0) {
    assert_int_equal(codicil_buf_append(&end->out, codicil_span_of(data, (size_t)len)), CODICIL_OK);
  }
  assert_int_equal(len, 0);
}

void h2_deliver(h2_end *from, h2_end *to, size_t step) {
  codicil_buf in = from->out;
  codicil_buf_init(&from->out, NULL, BUF_MAX);
  step = step == 0 ? in.len : step;
  for (size_t at = 0; at < in.len; at += step) {
    codicil_span piece = codicil_span_sub(codicil_buf_span(&in), at, step);
    assert_int_equal(nghttp2_session_mem_recv(to->ng, piece.data, piece.len), piece.len);
  }
  codicil_buf_clear(&in);
  h2_drive(to);
}

void h2_settle(h2_pair *pair) {
  while (pair->client.out.len + pair->server.out.len > 0) {
    h2_deliver(&pair->client, &pair->server, 0);
    h2_deliver(&pair->server, &pair->client, 0);
  }
}

void h2_inject(h2_end *end, uint8_t type, uint8_t flags, uint32_t stream_id, codicil_span payload) {
  codicil_writer w = codicil_writer_of(&end->out);
  codicil_write_u24(&w, (uint32_t)payload.len);
  codicil_write_u8(&w, type);
  codicil_write_u8(&w, flags);
  codicil_write_u32(&w, stream_id);
  codicil_write_bytes(&w, payload);
  assert_int_equal(codicil_writer_finish(&w), CODICIL_OK);
}

void h2_send_setting(h2_end *end, const uint32_t *values, size_t num) {
  nghttp2_settings_entry entries[4];
  assert_true(num <= 4);
  for (size_t i = 0; i < num; i++) {
    entries[i] = (nghttp2_settings_entry){(int32_t)end->pair->codepoints.h2_setting, values[i]};
  }
  assert_int_equal(nghttp2_submit_settings(end->ng, NGHTTP2_FLAG_NONE, entries, num), 0);
  h2_drive(end);
}

static nghttp2_nv field(const char *name, const char *value) {
  return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
                      strlen(value), NGHTTP2_NV_FLAG_NONE};
}

void h2_request(h2_pair *pair) {
  nghttp2_nv fields[] = {field(":method", "GET"), field(":scheme", "https"),
                         field(":authority", "www.example.com"), field(":path", "/")};
  assert_true(nghttp2_submit_request(pair->client.ng, NULL, fields, 4, NULL, NULL) > 0);
  h2_drive(&pair->client);
}

size_t h2_count_seen(const h2_end *end, uint8_t type) {
  size_t num = 0;
  for (size_t i = 0; i < end->num_seen; i++) {
    num += end->seen[i] == type;
  }
  return num;
}

codicil_buf h2_authenticator(h2_pair *pair) {
  codicil_ea *ea;
  codicil_buf out;
  uint8_t context[32];
  codicil_buf_init(&out, NULL, BUF_MAX);
  assert_true(fill(NULL, context, sizeof context));
  assert_int_equal(codicil_ea_new(&ea, NULL, &pair->server.tls), CODICIL_OK);
  assert_int_equal(codicil_ea_authenticate(ea, &out, pair->credential, codicil_span_of(NULL, 0),
                                           codicil_span_of(context, sizeof context)),
                   CODICIL_OK);
  codicil_ea_free(ea);
  return out;
}

codicil_route h2_route(h2_pair *pair) {
  codicil_origin origin;
  codicil_address address;
  codicil_route route;
  assert_true(codicil_origin_parse(&origin, codicil_span_str("https://img.example.com")));
  assert_true(codicil_address_parse(&address, codicil_span_str("192.0.2.1")));
  codicil_evidence evidence = {CODICIL_DNS_ANSWERED, &address, 1};
  assert_int_equal(
      codicil_session_route(pair->client.session, &route, &origin, &evidence, now(NULL)),
      CODICIL_OK);
  return route;
}
