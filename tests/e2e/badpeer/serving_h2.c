// What only a server over HTTP/2 can do wrong.
#include <string.h>

#include "h2.h"
#include "scenario.h"

static void run_setting_0_later(peer *p) {
  h2_setting(p->w, H2_SETTING, 0);
}

static void run_setting_2_later(peer *p) {
  h2_setting(p->w, H2_SETTING, 2);
}

static void run_setting_1_again(peer *p) {
  h2_setting(p->w, H2_SETTING, 1);
  run_valid(p);
}

static void run_setting_twice_in_a_frame(peer *p) {
  bytes b = {0};
  bytes_uint(&b, H2_SETTING, 2);
  bytes_uint(&b, 1, 4);
  bytes_uint(&b, H2_SETTING, 2);
  bytes_uint(&b, 0, 4);
  h2_frame(p->w, FRAME_SETTINGS, 0, 0, b.data, b.len);
  bytes_clear(&b);
}

static void run_many_settings(peer *p) {
  bytes b = {0};
  for (unsigned i = 0; i < 32; i++) {
    bytes_uint(&b, 0xf100 + i, 2);
    bytes_uint(&b, 0xffffffff, 4);
  }
  h2_frame(p->w, FRAME_SETTINGS, 0, 0, b.data, b.len);
  bytes_clear(&b);
  run_valid(p);
}

static void run_on_stream_1(peer *p) {
  bytes b = make_valid(p);
  h2_frame(p->w, H2_CERTIFICATE, 0, 1, b.data, b.len);
  bytes_clear(&b);
}

static void run_empty_on_stream_3(peer *p) {
  h2_frame(p->w, H2_CERTIFICATE, 0, 3, NULL, 0);
}

static void run_flags(peer *p) {
  bytes b = make_valid(p);
  h2_frame(p->w, H2_CERTIFICATE, 0xff, 0, b.data, b.len);
  bytes_clear(&b);
}

static void run_interleaved(peer *p) {
  bytes b = make_valid(p);
  size_t half = b.len / 2;
  h2_frame(p->w, H2_CERTIFICATE, 0, 0, b.data, half);
  h2_frame(p->w, H2_PING, 0, 0, "between!", 8);
  h2_frame(p->w, H2_WINDOW_UPDATE, 0, 0, "\0\0\0\1", 4);
  h2_frame(p->w, 0xbb, 0xff, 0, "unknown", 7);
  h2_frame(p->w, FRAME_SETTINGS, 0, 0, NULL, 0);
  h2_frame(p->w, H2_CERTIFICATE, 0, 0, b.data + half, b.len - half);
  bytes_clear(&b);
}

static void run_frame_too_large(peer *p) {
  bytes b = {0};
  bytes_uint(&b, 11, 1);
  bytes_uint(&b, 60000, 3);
  bytes_fill(&b, 0, 16385 - 4);
  h2_frame(p->w, H2_CERTIFICATE, 0, 0, b.data, b.len);
  bytes_clear(&b);
}

// ---- ORIGIN (RFC 8336) --------------------------------------------------------------------------

static void send_unrelated_origin(peer *p, uint8_t flags, uint32_t stream) {
  static const char payload[] = "\0\31https://unrelated.example";
  h2_frame(p->w, FRAME_ORIGIN, flags, stream, payload, sizeof payload - 1);
}

// Each of the next three is ignored, so the Origin Set stays uninitialised and restricts nothing.
static void run_origin_flag_1(peer *p) {
  send_unrelated_origin(p, 0x01, 0);
  run_valid(p);
}

static void run_origin_flag_8(peer *p) {
  send_unrelated_origin(p, 0x08, 0);
  run_valid(p);
}

static void run_origin_on_stream_1(peer *p) {
  send_unrelated_origin(p, 0, 1);
  run_valid(p);
}

// The high flags are "reserved for updates that are compatible": the frame counts.
static void run_origin_flag_16(peer *p) {
  send_unrelated_origin(p, 0x10, 0);
  run_valid(p);
}

static const scenario all[] = {
    {.name = "setting-0-after-1", .setting = 1, .run = run_setting_0_later},
    {.name = "setting-2-after-1", .setting = 1, .run = run_setting_2_later},
    {.name = "setting-1-again", .setting = 1, .run = run_setting_1_again},
    {.name = "setting-1-and-0-in-a-frame", .setting = 1, .run = run_setting_twice_in_a_frame},
    {.name = "settings-32-unknown", .setting = 1, .run = run_many_settings},
    {.name = "frame-on-stream-1", .setting = 1, .run = run_on_stream_1},
    {.name = "empty-frame-on-stream-3", .setting = 1, .run = run_empty_on_stream_3},
    {.name = "frame-with-all-flags", .setting = 1, .run = run_flags},
    {.name = "interleaved-with-other-frames", .setting = 1, .run = run_interleaved},
    {.name = "frame-larger-than-allowed", .setting = 1, .run = run_frame_too_large},
    {.name = "origin-flag-1", .setting = 1, .run = run_origin_flag_1},
    {.name = "origin-flag-8", .setting = 1, .run = run_origin_flag_8},
    {.name = "origin-flag-16", .setting = 1, .run = run_origin_flag_16},
    {.name = "origin-on-stream-1", .setting = 1, .run = run_origin_on_stream_1},
};
const scenario_list serving_h2 = {all, sizeof all / sizeof *all};
