// What only a server over HTTP/3 can do wrong (RFC 9114, 9204, 9412): streams that have a type and
// a fate of their own, frames where they may not be, and responses by hand.
#include <string.h>

#include "h3.h"
#include "qpack.h"
#include "scenario.h"

static const char unrelated[] = "\0\31https://unrelated.example";

// ---- SETTINGS -----------------------------------------------------------------------------------

static void more_setting_0(bytes *payload) {
  h3_put_setting(payload, h3_transport.setting_id, 0);
}

static void more_unknown_settings(bytes *payload) {
  for (uint64_t i = 0; i < 32; i++) {
    h3_put_setting(payload, 0x1f * i + 0x21, 0xffffffff);
  }
}

static void more_setting_of_http2(bytes *payload) {
  h3_put_setting(payload, 4, 65535);
}

static void more_cut_setting(bytes *payload) {
  h3_varint(payload, 0x1f + 0x21); // no value follows
}

static void run_settings_again(peer *p) {
  bytes b = {0};
  h3_put_setting(&b, h3_transport.setting_id, 1);
  p->w->t->control(p->w, FRAME_SETTINGS, b.data, b.len);
  bytes_clear(&b);
}

// A control stream whose first frame is another one.
static void begin_with(peer *p, uint64_t type) {
  bytes b = {0};
  h3_put_frame(&b, type, NULL, 0);
  p->w->h3->control = h3_open_uni(p->w, H3_STREAM_CONTROL, b.data, b.len, false);
  bytes_clear(&b);
}

static void run_certificate_before_settings(peer *p) {
  begin_with(p, h3_transport.certificate_frame);
}

static void run_origin_before_settings(peer *p) {
  begin_with(p, FRAME_ORIGIN);
}

static void run_grease_before_settings(peer *p) {
  begin_with(p, H3_GREASE);
}

// Every varint in eight octets, every octet in a packet of its own.
static void run_slow_beginning(peer *p) {
  bytes settings = {0}, b = {0};
  h3_varint_in(&settings, h3_transport.setting_id, 8);
  h3_varint_in(&settings, 1, 8);
  h3_varint_in(&b, H3_STREAM_CONTROL, 8);
  h3_varint_in(&b, FRAME_SETTINGS, 8);
  h3_varint_in(&b, settings.len, 8);
  bytes_put(&b, settings.data, settings.len);
  p->w->h3->control = quic_open(p->w->h3->q, true);
  for (size_t i = 0; i < b.len; i++) {
    h3_control_octets(p->w, b.data + i, 1);
  }
  bytes_clear(&settings);
  bytes_clear(&b);
  run_valid(p);
}

// ---- our frames where they may not be -----------------------------------------------------------

static void send_certificate_on(peer *p, int64_t stream) {
  bytes b = make_valid(p);
  h3_frame(p->w, stream, h3_transport.certificate_frame, b.data, b.len, false);
  bytes_clear(&b);
}

static void run_frame_on_request(peer *p) {
  send_certificate_on(p, await_request(p));
}

static void run_empty_frame_on_request(peer *p) {
  h3_frame(p->w, await_request(p), h3_transport.certificate_frame, NULL, 0, false);
}

static void run_frame_after_headers(peer *p) {
  int64_t stream = await_request(p);
  send_status(p, stream, "200", "3");
  send_certificate_on(p, stream);
}

static void run_frame_after_data(peer *p) {
  int64_t stream = await_request(p);
  send_status(p, stream, "200", "6");
  wire_data(p->w, stream, "one", 3, false);
  send_certificate_on(p, stream);
}

static void run_frame_in_response(peer *p) {
  int64_t stream = await_request(p);
  send_status(p, stream, "200", "3");
  send_certificate_on(p, stream);
  wire_data(p->w, stream, "ok\n", 3, true);
}

// The header of the frame, an octet a packet, and nothing of its payload.
static void run_frame_header_on_request(peer *p) {
  bytes b = {0};
  h3_varint_in(&b, h3_transport.certificate_frame, 8);
  h3_varint_in(&b, 1000, 8);
  int64_t stream = await_request(p);
  for (size_t i = 0; i < b.len; i++) {
    quic_send(p->w->h3->q, stream, b.data + i, 1, false);
  }
  bytes_clear(&b);
}

// QUIC orders nothing between streams: SETTINGS come later, and with them the verdict.
static void run_frame_before_our_settings(peer *p) {
  send_certificate_on(p, await_request(p));
  bytes none = {0};
  h3_begin(p->w, 1, &none);
}

static void run_frame_on_push_stream(peer *p) {
  bytes b = {0};
  h3_varint(&b, 0); // push ID
  h3_put_frame(&b, h3_transport.certificate_frame, NULL, 0);
  h3_open_uni(p->w, H3_STREAM_PUSH, b.data, b.len, false);
  bytes_clear(&b);
}

static void run_frame_on_unknown_stream(peer *p) {
  bytes b = {0};
  h3_put_frame(&b, h3_transport.certificate_frame, "garbage", 7);
  h3_open_uni(p->w, H3_GREASE, b.data, b.len, false);
  bytes_clear(&b);
  run_valid(p);
}

// RFC 9412 §2: "sent on stream 0" of RFC 8336 means the control stream. Elsewhere it is ignored, so
// the Origin Set stays uninitialised and restricts nothing.
static void run_origin_on_request(peer *p) {
  int64_t stream = await_request(p);
  h3_frame(p->w, stream, FRAME_ORIGIN, unrelated, sizeof unrelated - 1, false);
  send_status(p, stream, "200", "3");
  wire_data(p->w, stream, "ok\n", 3, true);
  run_valid(p);
}

// ---- framing of ours ----------------------------------------------------------------------------

static void announce(peer *p, uint64_t len) {
  bytes b = {0};
  h3_varint(&b, h3_transport.certificate_frame);
  h3_varint_in(&b, len, 8);
  h3_control_octets(p->w, b.data, b.len);
  bytes_clear(&b);
}

static void run_frame_of_128_kib_and_1(peer *p) {
  announce(p, 128 * 1024 + 1);
}

static void run_frame_of_2_to_62(peer *p) {
  announce(p, (UINT64_C(1) << 62) - 1);
}

static void run_origin_of_2_to_62(peer *p) {
  bytes b = {0};
  h3_varint(&b, FRAME_ORIGIN);
  h3_varint_in(&b, (UINT64_C(1) << 62) - 1, 8);
  h3_control_octets(p->w, b.data, b.len);
  bytes_clear(&b);
}

static void run_in_one_frame(peer *p) {
  bytes b = make_valid(p);
  wire_certificate(p->w, &b, b.len);
  bytes_clear(&b);
}

static void run_one_octet_packets(peer *p) {
  bytes payload = make_valid(p), b = {0};
  h3_varint_in(&b, h3_transport.certificate_frame, 8);
  h3_varint_in(&b, payload.len, 8);
  bytes_put(&b, payload.data, payload.len);
  for (size_t i = 0; i < b.len; i++) {
    h3_control_octets(p->w, b.data + i, 1);
  }
  bytes_clear(&payload);
  bytes_clear(&b);
}

static void run_interleaved(peer *p) {
  bytes b = make_valid(p);
  size_t half = b.len / 2;
  wire_certificate_frame(p->w, b.data, half);
  p->w->t->control(p->w, H3_GREASE, "reserved", 8);
  p->w->t->control(p->w, 0xf0f0f0, NULL, 0);
  h3_open_uni(p->w, H3_GREASE, "between", 7, true);
  wire_certificate_frame(p->w, b.data + half, b.len - half);
  bytes_clear(&b);
}

static void run_grease(peer *p) {
  for (uint64_t i = 0; i < 20; i++) {
    p->w->t->control(p->w, 0x1f * i * i * i + 0x21, "reserved", (size_t)i % 9);
  }
  for (uint64_t i = 0; i < 6; i++) {
    int64_t stream = h3_open_uni(p->w, 0x1f * i + 0x21, "reserved", 8, i % 3 == 0);
    if (i % 3 == 1) {
      quic_reset(p->w->h3->q, stream, 0x1f * i + 0x21);
    }
  }
  run_valid(p);
}

static void run_unknown_frames_20000(peer *p) {
  bytes b = {0};
  for (int i = 0; i < 1000; i++) {
    h3_put_frame(&b, H3_GREASE, NULL, 0);
  }
  for (int i = 0; i < 20 && h3_control_octets(p->w, b.data, b.len); i++) {
  }
  bytes_clear(&b);
  run_valid(p);
}

// ---- streams that a connection cannot do without ------------------------------------------------

static void run_control_ended(peer *p) {
  quic_send(p->w->h3->q, p->w->h3->control, NULL, 0, true);
}

static void run_control_ended_in_frame(peer *p) {
  bytes payload = make_valid(p), b = {0};
  h3_put_frame(&b, h3_transport.certificate_frame, payload.data, payload.len);
  quic_send(p->w->h3->q, p->w->h3->control, b.data, b.len / 2, true);
  bytes_clear(&payload);
  bytes_clear(&b);
}

static void run_control_reset(peer *p) {
  quic_reset(p->w->h3->q, p->w->h3->control, 0x100);
}

static void run_control_stopped(peer *p) {
  quic_stop(p->w->h3->q, 2, 0x100); // a client's first unidirectional stream
}

static void run_encoder_ended(peer *p) {
  quic_send(p->w->h3->q, p->w->h3->encoder, NULL, 0, true);
}

static void run_encoder_reset(peer *p) {
  quic_reset(p->w->h3->q, p->w->h3->encoder, 0x100);
}

static void run_decoder_ended(peer *p) {
  quic_send(p->w->h3->q, p->w->h3->decoder, NULL, 0, true);
}

static void run_decoder_reset(peer *p) {
  quic_reset(p->w->h3->q, p->w->h3->decoder, 0x100);
}

static void run_second_control(peer *p) {
  h3_open_uni(p->w, H3_STREAM_CONTROL, "\4\0", 2, false);
}

static void run_second_encoder(peer *p) {
  h3_open_uni(p->w, H3_STREAM_ENCODER, NULL, 0, false);
}

static void run_second_decoder(peer *p) {
  h3_open_uni(p->w, H3_STREAM_DECODER, NULL, 0, false);
}

// ---- other frames on the control stream ---------------------------------------------------------

static void run_priority_of_http2(peer *p) {
  p->w->t->control(p->w, 2, "\0\0\0\3\20", 5);
}

static void run_ping_of_http2(peer *p) {
  p->w->t->control(p->w, 6, "12345678", 8);
}

static void run_data_on_control(peer *p) {
  p->w->t->control(p->w, FRAME_DATA, "data", 4);
}

static void run_headers_on_control(peer *p) {
  p->w->t->control(p->w, FRAME_HEADERS, "\0\0\331", 3); // :status 200
}

static void run_max_push_id(peer *p) {
  h3_control_varint_frame(p->w, H3_MAX_PUSH_ID, 7);
}

static void run_cancel_push(peer *p) {
  h3_control_varint_frame(p->w, H3_CANCEL_PUSH, 7);
}

static void run_goaway_of_no_request(peer *p) {
  h3_control_varint_frame(p->w, FRAME_GOAWAY, 3);
}

// The request is not answered, nor its stream reset: that it was not processed is said already.
static void run_goaway_alone(peer *p) {
  int64_t stream = await_request(p);
  h3_control_varint_frame(p->w, FRAME_GOAWAY, (uint64_t)stream);
}

static void run_goaway_grows(peer *p) {
  h3_control_varint_frame(p->w, FRAME_GOAWAY, 400);
  h3_control_varint_frame(p->w, FRAME_GOAWAY, 404);
}

static void run_goaway_too_long(peer *p) {
  p->w->t->control(p->w, FRAME_GOAWAY, "\0\0", 2);
}

static void run_goaway_of_1000_octets(peer *p) {
  bytes b = {0};
  bytes_fill(&b, 0xc0, 1000);
  p->w->t->control(p->w, FRAME_GOAWAY, b.data, b.len);
  bytes_clear(&b);
}

// ---- QPACK --------------------------------------------------------------------------------------

static void respond_with_block(peer *p, const void *block, size_t len) {
  bytes b = {0};
  bytes_put(&b, block, len);
  wire_headers(p->w, await_request(p), &b, false);
  bytes_clear(&b);
}

static void run_qpack_garbage(peer *p) {
  respond_with_block(p, "\0\0\377\377\377\377\377\377\377\377\377\377\377", 13);
}

// A block that needs nothing of the dynamic table, and then names an entry of it.
static void run_qpack_dynamic(peer *p) {
  respond_with_block(p, "\0\0\200", 3);
}

static void run_qpack_capacity(peer *p) {
  bytes b = {0};
  qpack_put_int(&b, 0x20, 5, UINT64_C(1) << 40); // Set Dynamic Table Capacity
  quic_send(p->w->h3->q, p->w->h3->encoder, b.data, b.len, false);
  bytes_clear(&b);
}

static void run_qpack_increment_0(peer *p) {
  quic_send(p->w->h3->q, p->w->h3->decoder, "\0", 1, false); // Insert Count Increment
}

// ---- responses ----------------------------------------------------------------------------------

static void run_data_before_headers(peer *p) {
  wire_data(p->w, await_request(p), "ok\n", 3, true);
}

static void run_response_ends_in_frame(peer *p) {
  int64_t stream = await_request(p);
  send_status(p, stream, "200", NULL);
  quic_send(p->w->h3->q, stream, "\0\12four", 6, true); // DATA of 10 octets
}

static void run_push_promise(peer *p) {
  int64_t stream = await_request(p);
  h3_frame(p->w, stream, FRAME_PUSH_PROMISE, "\0\0\0", 3, false);
}

static void run_ping_in_response(peer *p) {
  h3_frame(p->w, await_request(p), 6, "12345678", 8, false);
}

static void run_response_headers_too_large(peer *p) {
  char value[1000];
  memset(value, 'x', sizeof value);
  bytes block = {0};
  header_put(p->w, &block, ":status", "200");
  for (int i = 0; i < 2000; i++) {
    qpack_put(&block, "x-filler", value, sizeof value);
  }
  wire_headers(p->w, await_request(p), &block, true);
  bytes_clear(&block);
}

static void run_grease_in_response(peer *p) {
  int64_t stream = await_request(p);
  h3_frame(p->w, stream, H3_GREASE, "reserved", 8, false);
  send_status(p, stream, "103", NULL);
  h3_frame(p->w, stream, H3_GREASE, NULL, 0, false);
  send_status(p, stream, "200", "6");
  wire_data(p->w, stream, "one", 3, false);
  h3_frame(p->w, stream, 0xf0f0f0, "unknown", 7, false);
  wire_data(p->w, stream, "two", 3, false);
  h3_frame(p->w, stream, H3_GREASE, NULL, 0, true);
  run_valid(p);
}

static void stop_request(peer *p, uint64_t code) {
  int64_t stream = await_request(p);
  quic_stop(p->w->h3->q, stream, code);
  send_status(p, stream, "200", "3");
  wire_data(p->w, stream, "ok\n", 3, true);
  run_valid(p);
}

static void run_request_stopped(peer *p) {
  stop_request(p, 0x100);
}

static void run_request_stopped_with_an_error(peer *p) {
  stop_request(p, 0x102);
}

// New packet keys before the authenticator; exporters know nothing of them (RFC 9001 §6).
static void run_key_update(peer *p) {
  int64_t stream = await_request(p);
  quic_update_keys(p->w->h3->q);
  run_valid(p);
  send_status(p, stream, "200", "3");
  wire_data(p->w, stream, "ok\n", 3, true);
}

static const scenario all[] = {
    {.name = "setting-1-and-0-in-a-frame",
     .setting = 1,
     .settings = more_setting_0,
     .run = run_valid},
    {.name = "settings-32-unknown",
     .setting = 1,
     .settings = more_unknown_settings,
     .run = run_valid},
    {.name = "setting-of-http2", .setting = 1, .settings = more_setting_of_http2, .run = run_valid},
    {.name = "setting-without-a-value",
     .setting = 1,
     .settings = more_cut_setting,
     .run = run_valid},
    {.name = "settings-again", .setting = 1, .run = run_settings_again},
    {.name = "certificate-before-settings",
     .is_bare = true,
     .run = run_certificate_before_settings},
    {.name = "origin-before-settings", .is_bare = true, .run = run_origin_before_settings},
    {.name = "grease-before-settings", .is_bare = true, .run = run_grease_before_settings},
    {.name = "settings-an-octet-a-packet", .is_bare = true, .run = run_slow_beginning},
    {.name = "frame-on-request-stream", .setting = 1, .run = run_frame_on_request},
    {.name = "empty-frame-on-request-stream", .setting = 1, .run = run_empty_frame_on_request},
    {.name = "frame-header-on-request-stream", .setting = 1, .run = run_frame_header_on_request},
    {.name = "frame-on-request-stream-before-its-settings",
     .is_bare = true,
     .run = run_frame_before_our_settings},
    {.name = "frame-after-headers", .setting = 1, .run = run_frame_after_headers},
    {.name = "frame-in-response", .setting = 1, .run = run_frame_in_response},
    {.name = "frame-after-data", .setting = 1, .run = run_frame_after_data},
    {.name = "frame-on-push-stream", .setting = 1, .run = run_frame_on_push_stream},
    {.name = "frame-on-unknown-stream", .setting = 1, .run = run_frame_on_unknown_stream},
    {.name = "origin-on-request-stream", .setting = 1, .run = run_origin_on_request},
    {.name = "frame-of-128-kib-and-1", .setting = 1, .run = run_frame_of_128_kib_and_1},
    {.name = "frame-of-2-to-62", .setting = 1, .run = run_frame_of_2_to_62},
    {.name = "origin-of-2-to-62", .setting = 1, .run = run_origin_of_2_to_62},
    {.name = "valid-in-one-frame", .setting = 1, .run = run_in_one_frame},
    {.name = "valid-an-octet-a-packet", .setting = 1, .run = run_one_octet_packets},
    {.name = "interleaved-with-other-frames", .setting = 1, .run = run_interleaved},
    {.name = "grease", .setting = 1, .run = run_grease},
    {.name = "frames-unknown-20000", .setting = 1, .run = run_unknown_frames_20000},
    {.name = "control-stream-ended", .setting = 1, .run = run_control_ended},
    {.name = "control-stream-ended-in-a-frame", .setting = 1, .run = run_control_ended_in_frame},
    {.name = "control-stream-reset", .setting = 1, .run = run_control_reset},
    {.name = "control-stream-stopped", .setting = 1, .run = run_control_stopped},
    {.name = "encoder-stream-ended", .setting = 1, .run = run_encoder_ended},
    {.name = "encoder-stream-reset", .setting = 1, .run = run_encoder_reset},
    {.name = "decoder-stream-ended", .setting = 1, .run = run_decoder_ended},
    {.name = "decoder-stream-reset", .setting = 1, .run = run_decoder_reset},
    {.name = "control-stream-twice", .setting = 1, .run = run_second_control},
    {.name = "encoder-stream-twice", .setting = 1, .run = run_second_encoder},
    {.name = "decoder-stream-twice", .setting = 1, .run = run_second_decoder},
    {.name = "priority-of-http2", .setting = 1, .run = run_priority_of_http2},
    {.name = "ping-of-http2", .setting = 1, .run = run_ping_of_http2},
    {.name = "data-on-control-stream", .setting = 1, .run = run_data_on_control},
    {.name = "headers-on-control-stream", .setting = 1, .run = run_headers_on_control},
    {.name = "max-push-id", .setting = 1, .run = run_max_push_id},
    {.name = "cancel-push-of-no-promise", .setting = 1, .run = run_cancel_push},
    {.name = "goaway-of-no-request", .setting = 1, .run = run_goaway_of_no_request},
    {.name = "goaway-alone", .setting = 1, .run = run_goaway_alone},
    {.name = "goaway-grows", .setting = 1, .run = run_goaway_grows},
    {.name = "goaway-too-long", .setting = 1, .run = run_goaway_too_long},
    {.name = "goaway-of-1000-octets", .setting = 1, .run = run_goaway_of_1000_octets},
    {.name = "qpack-garbage", .setting = 1, .run = run_qpack_garbage},
    {.name = "qpack-dynamic-reference", .setting = 1, .run = run_qpack_dynamic},
    {.name = "qpack-capacity", .setting = 1, .run = run_qpack_capacity},
    {.name = "qpack-increment-0", .setting = 1, .run = run_qpack_increment_0},
    {.name = "data-before-headers", .setting = 1, .run = run_data_before_headers},
    {.name = "response-ends-in-a-frame", .setting = 1, .run = run_response_ends_in_frame},
    {.name = "push-promise", .setting = 1, .run = run_push_promise},
    {.name = "ping-of-http2-in-response", .setting = 1, .run = run_ping_in_response},
    {.name = "response-headers-2-mb", .setting = 1, .run = run_response_headers_too_large},
    {.name = "grease-in-response", .setting = 1, .run = run_grease_in_response},
    {.name = "request-stream-stopped", .setting = 1, .run = run_request_stopped},
    {.name = "request-stream-stopped-with-an-error",
     .setting = 1,
     .run = run_request_stopped_with_an_error},
    {.name = "key-update", .setting = 1, .run = run_key_update},
};
const scenario_list serving_h3 = {all, sizeof all / sizeof *all};
