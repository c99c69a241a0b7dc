// What only a client over HTTP/3 can do wrong, and the abuse that every public HTTP/3 server meets.
#include <stdio.h>
#include <string.h>

#include "calling.h"
#include "h3.h"
#include "qpack.h"

enum { CLOSE_MS = 3000 };

// ---- SETTINGS -----------------------------------------------------------------------------------

static void more_setting_0(bytes *payload) {
  h3_put_setting(payload, h3_transport.setting_id, 0);
}

static void more_unknown_settings(bytes *payload) {
  for (uint64_t i = 0; i < 32; i++) {
    h3_put_setting(payload, 0x1f * i + 0x21, 7);
  }
}

static void more_setting_of_http2(bytes *payload) {
  h3_put_setting(payload, 4, 65535);
}

static void run_await_close(peer *p) {
  await_close(p, CLOSE_MS);
}

static void run_settings_again(peer *p) {
  bytes b = {0};
  h3_put_setting(&b, h3_transport.setting_id, 1);
  p->w->t->control(p->w, FRAME_SETTINGS, b.data, b.len);
  bytes_clear(&b);
  await_close(p, CLOSE_MS);
}

static void begin_with(peer *p, uint64_t type, const void *payload, size_t len) {
  bytes b = {0};
  h3_put_frame(&b, type, payload, len);
  p->w->h3->control = h3_open_uni(p->w, H3_STREAM_CONTROL, b.data, b.len, false);
  bytes_clear(&b);
}

static void run_certificate_before_settings(peer *p) {
  begin_with(p, h3_transport.certificate_frame, NULL, 0);
  await_close(p, CLOSE_MS);
}

static void run_grease_before_settings(peer *p) {
  begin_with(p, H3_GREASE, NULL, 0);
  await_close(p, CLOSE_MS);
}

// Requests may come before SETTINGS: QUIC orders nothing between streams.
static void run_get_before_settings(peer *p) {
  int64_t stream = send_get(p, "/");
  wire_await_response(p->w, stream);
  begin_with(p, FRAME_SETTINGS, NULL, 0);
  wire_round_trip(p->w);
}

// The type of the control stream in eight octets, a packet each, and SETTINGS likewise.
static void run_slow_beginning(peer *p) {
  bytes b = {0};
  h3_varint_in(&b, H3_STREAM_CONTROL, 8);
  h3_varint_in(&b, FRAME_SETTINGS, 8);
  h3_varint_in(&b, 16, 8);
  h3_varint_in(&b, h3_transport.setting_id, 8);
  h3_varint_in(&b, 1, 8);
  p->w->h3->control = quic_open(p->w->h3->q, true);
  for (size_t i = 0; i < b.len; i++) {
    h3_control_octets(p->w, b.data + i, 1);
  }
  bytes_clear(&b);
  run_get(p);
}

// ---- frames where they may not be ---------------------------------------------------------------

static int64_t send_headers(peer *p, const char *method) {
  bytes block = {0};
  request_block(&block, p, method, "/");
  int64_t stream = p->w->t->open(p->w);
  wire_headers(p->w, stream, &block, false);
  bytes_clear(&block);
  return stream;
}

static void run_certificate_on_request(peer *p) {
  h3_frame(p->w, p->w->t->open(p->w), h3_transport.certificate_frame, NULL, 0, false);
  await_close(p, CLOSE_MS);
}

static void run_certificate_in_body(peer *p) {
  h3_frame(p->w, send_headers(p, "POST"), h3_transport.certificate_frame, "garbage", 7, false);
  await_close(p, CLOSE_MS);
}

static void run_certificate_on_unknown_stream(peer *p) {
  bytes b = {0};
  h3_put_frame(&b, h3_transport.certificate_frame, "garbage", 7);
  h3_open_uni(p->w, H3_GREASE, b.data, b.len, false);
  bytes_clear(&b);
  run_get(p);
}

static void run_origin_on_request(peer *p) {
  bytes block = {0};
  request_block(&block, p, "GET", "/");
  int64_t stream = p->w->t->open(p->w);
  h3_frame(p->w, stream, FRAME_ORIGIN, NULL, 0, false);
  wire_headers(p->w, stream, &block, true);
  bytes_clear(&block);
  wire_await_response(p->w, stream);
}

static void control_then_close(peer *p, uint64_t type, const void *payload, size_t len) {
  p->w->t->control(p->w, type, payload, len);
  await_close(p, CLOSE_MS);
}

static void run_ping_of_http2(peer *p) {
  control_then_close(p, 6, "12345678", 8);
}

static void run_data_on_control(peer *p) {
  control_then_close(p, FRAME_DATA, "data", 4);
}

static void run_push_promise(peer *p) {
  h3_frame(p->w, p->w->t->open(p->w), FRAME_PUSH_PROMISE, "\0\0\0", 3, false);
  await_close(p, CLOSE_MS);
}

static void run_data_before_headers(peer *p) {
  wire_data(p->w, p->w->t->open(p->w), "data", 4, false);
  await_close(p, CLOSE_MS);
}

static void run_ends_in_frame(peer *p) {
  quic_send(p->w->h3->q, send_headers(p, "POST"), "\0\12four", 6, true); // DATA of 10 octets
  await_close(p, CLOSE_MS);
}

static void run_max_push_id_shrinks(peer *p) {
  h3_control_varint_frame(p->w, H3_MAX_PUSH_ID, 7);
  h3_control_varint_frame(p->w, H3_MAX_PUSH_ID, 6);
  await_close(p, CLOSE_MS);
}

static void run_cancel_push(peer *p) {
  h3_control_varint_frame(p->w, H3_CANCEL_PUSH, 7);
  await_close(p, CLOSE_MS);
}

// What a client may say of pushes that it will not get, and of its own end.
static void run_push_ids(peer *p) {
  h3_control_varint_frame(p->w, H3_MAX_PUSH_ID, 6);
  h3_control_varint_frame(p->w, H3_MAX_PUSH_ID, 7);
  h3_control_varint_frame(p->w, FRAME_GOAWAY, 7);
  run_get(p);
}

static void run_grease(peer *p) {
  for (uint64_t i = 0; i < 20; i++) {
    p->w->t->control(p->w, 0x1f * i * i * i + 0x21, "reserved", (size_t)i % 9);
  }
  h3_open_uni(p->w, H3_GREASE, "reserved", 8, true);
  int64_t cut = h3_open_uni(p->w, 0x1f + H3_GREASE, "reserved", 8, false);
  quic_reset(p->w->h3->q, cut, H3_GREASE);
  bytes block = {0};
  request_block(&block, p, "GET", "/");
  int64_t stream = p->w->t->open(p->w);
  h3_frame(p->w, stream, H3_GREASE, "reserved", 8, false);
  wire_headers(p->w, stream, &block, false);
  h3_frame(p->w, stream, 0xf0f0f0, NULL, 0, true);
  bytes_clear(&block);
  wire_await_response(p->w, stream);
}

// ---- streams ------------------------------------------------------------------------------------

static void run_control_ended(peer *p) {
  quic_send(p->w->h3->q, p->w->h3->control, NULL, 0, true);
  await_close(p, CLOSE_MS);
}

static void run_control_reset(peer *p) {
  quic_reset(p->w->h3->q, p->w->h3->control, 0x100);
  await_close(p, CLOSE_MS);
}

static void run_control_stopped(peer *p) {
  quic_stop(p->w->h3->q, 3, 0x100); // a server's first unidirectional stream
  await_close(p, CLOSE_MS);
}

static void run_encoder_ended(peer *p) {
  quic_send(p->w->h3->q, p->w->h3->encoder, NULL, 0, true);
  await_close(p, CLOSE_MS);
}

static void run_decoder_reset(peer *p) {
  quic_reset(p->w->h3->q, p->w->h3->decoder, 0x100);
  await_close(p, CLOSE_MS);
}

static void run_second_control(peer *p) {
  h3_open_uni(p->w, H3_STREAM_CONTROL, "\4\0", 2, false);
  await_close(p, CLOSE_MS);
}

static void run_second_encoder(peer *p) {
  h3_open_uni(p->w, H3_STREAM_ENCODER, NULL, 0, false);
  await_close(p, CLOSE_MS);
}

static void run_push_stream(peer *p) {
  h3_open_uni(p->w, H3_STREAM_PUSH, "\0", 1, false);
  await_close(p, CLOSE_MS);
}

static void run_incomplete(peer *p) {
  quic_send(p->w->h3->q, p->w->t->open(p->w), NULL, 0, true);
  await_close(p, CLOSE_MS);
}

// New packet keys in the middle; exporters know nothing of them (RFC 9001 §6).
static void run_key_update(peer *p) {
  quic_update_keys(p->w->h3->q);
  run_get(p);
}

static void run_stopped_and_reset(peer *p) {
  int64_t stream = send_get(p, "/large");
  quic_stop(p->w->h3->q, stream, H3_REQUEST_CANCELLED);
  stream = send_headers(p, "POST");
  quic_reset(p->w->h3->q, stream, H3_REQUEST_CANCELLED);
  run_get(p);
}

// ---- QPACK --------------------------------------------------------------------------------------

static void send_block(peer *p, const void *block, size_t len) {
  bytes b = {0};
  bytes_put(&b, block, len);
  wire_headers(p->w, p->w->t->open(p->w), &b, true);
  bytes_clear(&b);
}

static void run_qpack_garbage(peer *p) {
  send_block(p, "\0\0\377\377\377\377\377\377\377\377\377\377\377", 13);
  await_close(p, CLOSE_MS);
}

static void run_qpack_capacity(peer *p) {
  bytes b = {0};
  qpack_put_int(&b, 0x20, 5, UINT64_C(1) << 40); // Set Dynamic Table Capacity
  quic_send(p->w->h3->q, p->w->h3->encoder, b.data, b.len, false);
  bytes_clear(&b);
  await_close(p, CLOSE_MS);
}

static void run_qpack_increment_0(peer *p) {
  quic_send(p->w->h3->q, p->w->h3->decoder, "\0", 1, false);
  await_close(p, CLOSE_MS);
}

// Requests that wait for an entry of the dynamic table which never comes.
static void run_qpack_blocked(peer *p) {
  for (int i = 0; i < 50 && !p->w->closed; i++) {
    send_block(p, "\2\0\200", 3);
    wire_soak_up(p->w);
  }
  await_close(p, CLOSE_MS);
}

// The first entry of the dynamic table, for those that wait for it.
static void insert_entry(peer *p) {
  bytes b = {0};
  qpack_put_int(&b, 0x20, 5, 4096);
  bytes_put(&b, "\103x-a\1b", 6);
  quic_send(p->w->h3->q, p->w->h3->encoder, b.data, b.len, false);
  bytes_clear(&b);
}

// A request that waits for an entry, and whose response is refused meanwhile: QUIC's stream is
// closed when the entry comes.
static void run_qpack_too_late(peer *p) {
  bytes b = {0};
  bytes_put(&b, "\2\0", 2);
  request_block(&b, p, "GET", "/large");
  bytes_put(&b, "\200", 1);
  for (int i = 0; i < 10; i++) {
    int64_t stream = p->w->t->open(p->w);
    wire_headers(p->w, stream, &b, true);
    quic_stop(p->w->h3->q, stream, H3_REQUEST_CANCELLED);
  }
  bytes_clear(&b);
  wire_round_trip(p->w);
  wire_drain(p->w, 100); // the server's RESET_STREAM is acknowledged
  insert_entry(p);
  run_get(p);
}

// The same of trailers, while the response is under way, and is given a priority.
static void run_qpack_trailers_too_late(peer *p) {
  bytes b = {0}, update = {0};
  int64_t stream = p->w->t->open(p->w);
  request_block(&b, p, "GET", "/large");
  wire_headers(p->w, stream, &b, false);
  h3_frame(p->w, stream, FRAME_HEADERS, "\2\0\200", 3, true);
  quic_stop(p->w->h3->q, stream, H3_REQUEST_CANCELLED);
  wire_round_trip(p->w);
  wire_drain(p->w, 100);
  h3_varint(&update, (uint64_t)stream);
  bytes_put(&update, "u=1", 3);
  quic_hold(p->w->h3->q, true);
  p->w->t->control(p->w, H3_PRIORITY_UPDATE, update.data, update.len);
  insert_entry(p);
  quic_hold(p->w->h3->q, false);
  bytes_clear(&b);
  bytes_clear(&update);
  run_get(p);
}

// An entry of 4,000 octets in the dynamic table, and a request that names it ten thousand times.
static void run_qpack_bomb(peer *p) {
  char value[4000];
  memset(value, 'x', sizeof value);
  bytes b = {0};
  qpack_put_int(&b, 0x20, 5, 4096);
  qpack_put_int(&b, 0x40, 5, 6); // Insert with Literal Name
  bytes_put(&b, "x-bomb", 6);
  qpack_put_int(&b, 0, 7, sizeof value);
  bytes_put(&b, value, sizeof value);
  quic_send(p->w->h3->q, p->w->h3->encoder, b.data, b.len, false);
  bytes_clear(&b);
  bytes_put(&b, "\2\0", 2);
  bytes_fill(&b, 0x80, 10000);
  send_block(p, b.data, b.len);
  bytes_clear(&b);
  await_close(p, 1000);
}

// The same without a dynamic table: an entry of the static one, a hundred thousand times.
static void run_qpack_static_bomb(peer *p) {
  bytes b = {0};
  request_block(&b, p, "GET", "/");
  bytes_fill(&b, 0xc0 | 56, 100000); // strict-transport-security
  int64_t stream = p->w->t->open(p->w);
  wire_headers(p->w, stream, &b, true);
  bytes_clear(&b);
  wire_await_response(p->w, stream);
}

// The same in trailers, of which nothing is kept.
static void run_trailers_bomb(peer *p) {
  bytes b = {0};
  int64_t stream = p->w->t->open(p->w);
  request_block(&b, p, "POST", "/");
  wire_headers(p->w, stream, &b, false);
  bytes_clear(&b);
  bytes_put(&b, "\0\0", 2);
  bytes_fill(&b, 0xc0 | 56, 100000); // strict-transport-security
  wire_headers(p->w, stream, &b, true);
  bytes_clear(&b);
  await_close(p, 1000);
}

// ---- abuse --------------------------------------------------------------------------------------

static void run_header_bomb(peer *p) {
  char value[15000];
  memset(value, 'x', sizeof value);
  bytes b = {0};
  request_block(&b, p, "GET", "/");
  for (int i = 0; i < 20; i++) {
    qpack_put(&b, "x-bomb", value, sizeof value);
  }
  int64_t stream = p->w->t->open(p->w);
  wire_headers(p->w, stream, &b, true);
  bytes_clear(&b);
  wire_await_response(p->w, stream);
}

// A HEADERS frame that announces more than anybody would send, octet after octet.
static void run_headers_of_512_mib(peer *p) {
  bytes b = {0}, out = {0};
  request_block(&b, p, "GET", "/");
  char value[1000];
  memset(value, 'x', sizeof value);
  for (int i = 0; i < 2000; i++) {
    qpack_put(&b, "x-filler", value, sizeof value);
  }
  h3_varint(&out, FRAME_HEADERS);
  h3_varint(&out, 1 << 29);
  bytes_put(&out, b.data, b.len);
  quic_send(p->w->h3->q, p->w->t->open(p->w), out.data, out.len, false);
  bytes_clear(&b);
  bytes_clear(&out);
  await_close(p, 5000);
}

// Requests whose responses are refused as soon as they are asked for: the server resets.
static void stop_flood(peer *p, uint64_t code) {
  for (int i = 0; i < 20000 && !p->w->closed; i++) {
    int64_t stream = send_get(p, "/large");
    if (stream < 0 || !quic_stop(p->w->h3->q, stream, code)) {
      break;
    }
    wire_soak_up(p->w);
  }
  await_close(p, 5000);
}

static void run_stop_flood(peer *p) {
  stop_flood(p, H3_REQUEST_CANCELLED);
}

// As if nothing were wrong.
static void run_friendly_stop_flood(peer *p) {
  stop_flood(p, H3_NO_ERROR);
}

// The same with a body that the server does not want, and that it is not told the end of.
static void run_friendly_reset_flood(peer *p) {
  for (int i = 0; i < 20000 && !p->w->closed; i++) {
    bytes block = {0};
    request_block(&block, p, "GET", "/large");
    int64_t stream = p->w->t->open(p->w);
    bool ok = stream >= 0 && wire_headers(p->w, stream, &block, false) &&
              wire_data(p->w, stream, "x", 1, false) &&
              quic_reset(p->w->h3->q, stream, H3_NO_ERROR) &&
              quic_stop(p->w->h3->q, stream, H3_NO_ERROR);
    bytes_clear(&block);
    if (!ok) {
      break;
    }
    wire_soak_up(p->w);
  }
  await_close(p, 5000);
}

static void control_flood(peer *p, uint64_t type, const void *payload, size_t len) {
  bytes b = {0};
  for (int i = 0; i < 100; i++) {
    h3_put_frame(&b, type, payload, len);
  }
  for (int i = 0; i < 500 && !p->w->closed && h3_control_octets(p->w, b.data, b.len); i++) {
    wire_soak_up(p->w);
  }
  bytes_clear(&b);
  await_close(p, 2000);
}

static void run_unknown_flood(peer *p) {
  control_flood(p, H3_GREASE, "x", 1);
}

static void run_max_push_id_flood(peer *p) {
  control_flood(p, H3_MAX_PUSH_ID, "\7", 1);
}

static void run_origin_flood(peer *p) {
  control_flood(p, FRAME_ORIGIN, "\0\31https://unrelated.example", 27);
}

// RFC 9218 §7.2: PRIORITY_UPDATE of a request that was never made.
static void run_priority_flood(peer *p) {
  control_flood(p, H3_PRIORITY_UPDATE, "\0u=1", 4);
}

static void run_uni_stream_flood(peer *p) {
  for (int i = 0; i < 5000 && !p->w->closed; i++) {
    if (h3_open_uni(p->w, H3_GREASE, "x", 1, true) < 0) {
      break;
    }
    wire_soak_up(p->w);
  }
  await_close(p, 1000);
}

// HEADERS that never end: slow loris.
static void run_slow_headers(peer *p) {
  bytes b = {0}, out = {0};
  request_block(&b, p, "GET", "/");
  h3_varint(&out, FRAME_HEADERS);
  h3_varint(&out, 1000);
  bytes_put(&out, b.data, b.len);
  quic_keep_alive(p->w->h3->q);
  quic_send(p->w->h3->q, p->w->t->open(p->w), out.data, out.len, false);
  bytes_clear(&b);
  bytes_clear(&out);
  await_close(p, 20000);
}

// A client that never says what it wants to be told.
static void run_no_settings(peer *p) {
  quic_keep_alive(p->w->h3->q);
  await_close(p, 20000);
}

// A body that is not wanted, and whose end does not come: the server asks for it to stop, and QUIC
// obeys.
static void run_body_without_end(peer *p) {
  int64_t stream = send_headers(p, "POST");
  wire_await_response(p->w, stream);
  wire_drain(p->w, 2500);
  run_get(p);
}

// As many requests as the server allows, none of which ends; each octet keeps the connection alive.
static void run_streams_held(peer *p) {
  quic_keep_alive(p->w->h3->q);
  for (int i = 0; i < 90; i++) {
    send_headers(p, "POST");
    wire_soak_up(p->w);
  }
  await_close(p, 20000);
}

// A window that is never opened again: the responses can never be sent whole.
static void run_stalled_window(peer *p) {
  quic_keep_alive(p->w->h3->q);
  for (int i = 0; i < 10; i++) {
    send_get(p, "/large");
  }
  await_close(p, 20000);
}

// Large responses, and not one acknowledgement.
static void run_stalled_read(peer *p) {
  for (int i = 0; i < 10; i++) {
    send_get(p, "/large");
  }
  quic_fall_silent(p->w->h3->q);
  await_close(p, 20000);
}

static void run_one_octet_writes(peer *p) {
  bytes block = {0}, out = {0};
  request_block(&block, p, "GET", "/");
  h3_varint_in(&out, FRAME_HEADERS, 8);
  h3_varint_in(&out, block.len, 8);
  bytes_put(&out, block.data, block.len);
  int64_t stream = p->w->t->open(p->w);
  for (size_t i = 0; i < out.len; i++) {
    quic_send(p->w->h3->q, stream, out.data + i, 1, i + 1 == out.len);
  }
  bytes_clear(&block);
  bytes_clear(&out);
  wire_await_response(p->w, stream);
}

static void run_cut_off(peer *p) {
  quic_send(p->w->h3->q, p->w->t->open(p->w), "\1\100", 2, false);
  quic_fall_silent(p->w->h3->q);
}

static const scenario all[] = {
    {.name = "setting-1-and-0-in-a-frame",
     .setting = 1,
     .settings = more_setting_0,
     .run = run_await_close},
    {.name = "settings-32-unknown",
     .setting = 1,
     .settings = more_unknown_settings,
     .run = run_get},
    {.name = "setting-of-http2",
     .setting = 1,
     .settings = more_setting_of_http2,
     .run = run_await_close},
    {.name = "settings-again", .setting = 1, .run = run_settings_again},
    {.name = "certificate-before-settings",
     .is_bare = true,
     .run = run_certificate_before_settings},
    {.name = "grease-before-settings", .is_bare = true, .run = run_grease_before_settings},
    {.name = "get-before-settings", .is_bare = true, .run = run_get_before_settings},
    {.name = "settings-an-octet-a-packet", .is_bare = true, .run = run_slow_beginning},
    {.name = "certificate-frame-on-request-stream",
     .setting = 1,
     .run = run_certificate_on_request},
    {.name = "certificate-frame-in-body", .setting = 1, .run = run_certificate_in_body},
    {.name = "certificate-frame-on-unknown-stream",
     .setting = 1,
     .run = run_certificate_on_unknown_stream},
    {.name = "origin-on-request-stream", .setting = 1, .run = run_origin_on_request},
    {.name = "ping-of-http2", .setting = 1, .run = run_ping_of_http2},
    {.name = "data-on-control-stream", .setting = 1, .run = run_data_on_control},
    {.name = "push-promise", .setting = 1, .run = run_push_promise},
    {.name = "data-before-headers", .setting = 1, .run = run_data_before_headers},
    {.name = "request-ends-in-a-frame", .setting = 1, .run = run_ends_in_frame},
    {.name = "max-push-id-shrinks", .setting = 1, .run = run_max_push_id_shrinks},
    {.name = "cancel-push-of-no-promise", .setting = 1, .run = run_cancel_push},
    {.name = "push-ids", .setting = 1, .run = run_push_ids},
    {.name = "grease", .setting = 1, .run = run_grease},
    {.name = "control-stream-ended", .setting = 1, .run = run_control_ended},
    {.name = "control-stream-reset", .setting = 1, .run = run_control_reset},
    {.name = "control-stream-stopped", .setting = 1, .run = run_control_stopped},
    {.name = "encoder-stream-ended", .setting = 1, .run = run_encoder_ended},
    {.name = "decoder-stream-reset", .setting = 1, .run = run_decoder_reset},
    {.name = "control-stream-twice", .setting = 1, .run = run_second_control},
    {.name = "encoder-stream-twice", .setting = 1, .run = run_second_encoder},
    {.name = "push-stream", .setting = 1, .run = run_push_stream},
    {.name = "request-incomplete", .setting = 1, .run = run_incomplete},
    {.name = "key-update", .setting = 1, .run = run_key_update},
    {.name = "stopped-and-reset", .setting = 1, .run = run_stopped_and_reset},
    {.name = "qpack-garbage", .setting = 1, .run = run_qpack_garbage},
    {.name = "qpack-capacity", .setting = 1, .run = run_qpack_capacity},
    {.name = "qpack-increment-0", .setting = 1, .run = run_qpack_increment_0},
    {.name = "qpack-blocked", .setting = 1, .run = run_qpack_blocked},
    {.name = "qpack-entry-too-late", .setting = 1, .run = run_qpack_too_late},
    {.name = "qpack-entry-of-trailers-too-late", .setting = 1, .run = run_qpack_trailers_too_late},
    {.name = "qpack-bomb", .setting = 1, .run = run_qpack_bomb},
    {.name = "qpack-static-bomb", .setting = 1, .run = run_qpack_static_bomb},
    {.name = "trailers-bomb", .setting = 1, .run = run_trailers_bomb},
    {.name = "header-bomb", .setting = 1, .run = run_header_bomb},
    {.name = "headers-of-512-mib", .setting = 1, .run = run_headers_of_512_mib},
    {.name = "stop-flood", .setting = 1, .run = run_stop_flood},
    {.name = "stop-flood-without-error", .setting = 1, .run = run_friendly_stop_flood},
    {.name = "reset-flood-without-error", .setting = 1, .run = run_friendly_reset_flood},
    {.name = "unknown-frame-flood", .setting = 1, .run = run_unknown_flood},
    {.name = "max-push-id-flood", .setting = 1, .run = run_max_push_id_flood},
    {.name = "origin-flood", .setting = 1, .run = run_origin_flood},
    {.name = "priority-flood", .setting = 1, .run = run_priority_flood},
    {.name = "uni-stream-flood", .setting = 1, .run = run_uni_stream_flood},
    {.name = "slow-headers", .setting = 1, .run = run_slow_headers},
    {.name = "no-settings", .is_bare = true, .run = run_no_settings},
    {.name = "body-without-end", .setting = 1, .run = run_body_without_end},
    {.name = "streams-held", .setting = 1, .run = run_streams_held},
    {.name = "stalled-window", .setting = 1, .stream_window = 1000, .run = run_stalled_window},
    {.name = "stalled-read", .setting = 1, .run = run_stalled_read},
    {.name = "writes-of-one-octet", .setting = 1, .run = run_one_octet_writes},
    {.name = "cut-off", .setting = 1, .run = run_cut_off},
};
const scenario_list calling_h3 = {all, sizeof all / sizeof *all};
