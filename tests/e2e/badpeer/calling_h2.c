// What only a client over HTTP/2 can do wrong, and the abuse that every public HTTP/2 server meets.
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "calling.h"
#include "h2.h"

static void run_certificate_frame_on_stream(peer *p) {
  h2_frame(p->w, H2_CERTIFICATE, 0, 1, NULL, 0);
  await_close(p, 3000);
}

static void run_setting_0_later(peer *p) {
  h2_setting(p->w, H2_SETTING, 0);
  await_close(p, 3000);
}

static void run_setting_2_later(peer *p) {
  h2_setting(p->w, H2_SETTING, 2);
  await_close(p, 3000);
}

static void run_many_settings(peer *p) {
  bytes b = {0};
  for (unsigned i = 0; i < 32; i++) {
    bytes_uint(&b, 0xf100 + i, 2);
    bytes_uint(&b, 7, 4);
  }
  h2_frame(p->w, FRAME_SETTINGS, 0, 0, b.data, b.len);
  bytes_clear(&b);
  run_get(p);
}

static void run_unknown_frames(peer *p) {
  for (int i = 0; i < 20; i++) {
    h2_frame(p->w, (uint8_t)(0xb0 + i), 0xff, 0, "whatever", 8);
  }
  run_get(p);
}

// Requests that the server is made to reset (CVE-2025-8671): a WINDOW_UPDATE of zero.
static void run_made_you_reset(peer *p) {
  bool ok = true;
  for (int i = 0; ok && i < 20000; i++) {
    int64_t stream = send_get(p, "/large");
    ok = stream >= 0 && h2_frame(p->w, H2_WINDOW_UPDATE, 0, (uint32_t)stream, "\0\0\0\0", 4);
    wire_soak_up(p->w);
    ok = ok && !p->w->closed;
  }
  await_close(p, 5000);
}

static void flood(peer *p, uint8_t type, uint32_t stream, const char *payload, size_t len,
                  int num) {
  bool ok = true;
  for (int i = 0; ok && i < num; i++) {
    ok = h2_frame(p->w, type, 0, stream, payload, len) && !p->w->closed;
    if (i % 64 == 0) {
      wire_soak_up(p->w);
    }
  }
}

// Floods whose answers are read: the server may live with them or close, but must not grow.
static void run_ping_flood(peer *p) {
  flood(p, H2_PING, 0, "12345678", 8, 50000);
  await_close(p, 2000);
}

static void run_settings_flood(peer *p) {
  flood(p, FRAME_SETTINGS, 0, "\0\4\0\1\0\0", 6, 50000);
  await_close(p, 2000);
}

// Floods whose answers are not read: the server must stop to queue answers.
static void flood_blindly(peer *p, uint8_t type, const char *payload, size_t len) {
  struct timeval timeout = {.tv_sec = 2};
  setsockopt(p->w->h2->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  for (int i = 0; i < 400000 && h2_frame(p->w, type, 0, 0, payload, len); i++) {
  }
  await_close(p, 3000);
}

static void run_ping_flood_blind(peer *p) {
  flood_blindly(p, H2_PING, "12345678", 8);
}

static void run_settings_flood_blind(peer *p) {
  flood_blindly(p, FRAME_SETTINGS, NULL, 0);
}

static void run_priority_flood(peer *p) {
  flood(p, H2_PRIORITY, 1, "\0\0\0\3\20", 5, 50000);
  await_close(p, 2000);
}

// HEADERS and CONTINUATIONs without an end (CVE-2024-28182).
static void run_continuation_flood(peer *p) {
  bytes block = {0};
  request_block(&block, p, "GET", "/");
  h2_frame(p->w, FRAME_HEADERS, H2_FLAG_END_STREAM, 1, block.data, block.len);
  bytes_clear(&block);
  header_put(p->w, &block, "x-filler", "0123456789abcdef");
  bool ok = true;
  for (int i = 0; ok && i < 20000; i++) {
    ok = h2_frame(p->w, H2_CONTINUATION, 0, 1, block.data, block.len);
    wire_soak_up(p->w);
    ok = ok && !p->w->closed;
  }
  bytes_clear(&block);
  await_close(p, 2000);
}

static void run_header_bomb(peer *p) {
  bytes block = {0};
  request_block(&block, p, "GET", "/");
  char *value = malloc(15000);
  if (value == NULL) {
    die("malloc");
  }
  memset(value, 'x', 15000);
  h2_frame(p->w, FRAME_HEADERS, H2_FLAG_END_STREAM, 1, block.data, block.len);
  bytes_clear(&block);
  p->w->t->put_field(&block, "x-bomb", value, 15000);
  for (int i = 0; i < 20; i++) {
    h2_frame(p->w, H2_CONTINUATION, i == 19 ? H2_FLAG_END_HEADERS : 0, 1, block.data, block.len);
  }
  bytes_clear(&block);
  free(value);
  wire_await_response(p->w, 1);
}

// One indexed field repeated: 4 KiB in the dynamic table become megabytes (HPACK bomb).
static void run_hpack_bomb(peer *p) {
  bytes block = {0};
  request_block(&block, p, "GET", "/");
  bytes_uint(&block, 0x40, 1); // literal with indexing, new name
  bytes_put(&block, "\6x-bomb", 7);
  bytes_put(&block, "\177\241\36", 3); // 127 + 33 + 30 * 128 = 4000
  bytes_fill(&block, 'x', 4000);
  bytes_fill(&block, 0x80 | 62, 10000); // the newest entry, ten thousand times
  h2_frame(p->w, FRAME_HEADERS, H2_FLAG_END_HEADERS | H2_FLAG_END_STREAM, 1, block.data, block.len);
  bytes_clear(&block);
  wire_await_response(p->w, 1);
}

// Headers that never end: slow loris.
static void run_slow_headers(peer *p) {
  bytes block = {0};
  request_block(&block, p, "GET", "/");
  h2_frame(p->w, FRAME_HEADERS, H2_FLAG_END_STREAM, 1, block.data, block.len);
  bytes_clear(&block);
  await_close(p, 20000);
}

// A window of nothing: the response can never be sent.
static void run_stalled_window(peer *p) {
  h2_setting(p->w, 4, 0);
  for (int i = 0; i < 10; i++) {
    send_get(p, "/large");
  }
  await_close(p, 20000);
}

// Large responses that are never read from the socket.
static void run_stalled_read(peer *p) {
  bytes window = {0};
  bytes_uint(&window, 0x3fffffff, 4);
  h2_frame(p->w, H2_WINDOW_UPDATE, 0, 0, window.data, window.len);
  h2_setting(p->w, 4, 0x3fffffff);
  for (int i = 0; i < 10; i++) {
    send_get(p, "/large");
  }
  bytes_clear(&window);
  int64_t start = wire_now_ms();
  struct pollfd fd = {.fd = p->w->h2->fd, .events = POLLRDHUP};
  poll(&fd, 1, 20000); // nothing is read: only the server's end of the connection wakes us
  snprintf(p->verdict, sizeof p->verdict, "%s after %lld ms", fd.revents != 0 ? "closed" : "open",
           (long long)(wire_now_ms() - start));
  p->w->closed = fd.revents != 0;
}

static void run_too_many_streams(peer *p) {
  bytes block = {0};
  request_block(&block, p, "GET", "/");
  for (uint32_t i = 0; i < 2000; i++) {
    h2_frame(p->w, FRAME_HEADERS, H2_FLAG_END_HEADERS, 2 * i + 1, block.data, block.len);
    wire_soak_up(p->w);
  }
  bytes_clear(&block);
  await_close(p, 1000);
}

static void send_get_on(peer *p, int64_t stream) {
  bytes block = {0};
  request_block(&block, p, "GET", "/");
  wire_headers(p->w, stream, &block, true);
  bytes_clear(&block);
}

static void run_stream_0_headers(peer *p) {
  send_get_on(p, 0);
  await_close(p, 3000);
}

static void run_even_stream(peer *p) {
  send_get_on(p, 2);
  await_close(p, 3000);
}

static void run_push_promise(peer *p) {
  h2_frame(p->w, FRAME_PUSH_PROMISE, H2_FLAG_END_HEADERS, 1, "\0\0\0\2", 4);
  await_close(p, 3000);
}

static void run_frame_too_large(peer *p) {
  bytes b = {0};
  bytes_fill(&b, 0, 16385);
  h2_frame(p->w, 0xbb, 0, 0, b.data, b.len);
  bytes_clear(&b);
  await_close(p, 3000);
}

static void run_hpack_garbage(peer *p) {
  h2_frame(p->w, FRAME_HEADERS, H2_FLAG_END_HEADERS | H2_FLAG_END_STREAM, 1, "\377\377\377\377\377",
           5);
  await_close(p, 3000);
}

static void run_window_overflow(peer *p) {
  h2_frame(p->w, H2_WINDOW_UPDATE, 0, 0, "\177\377\377\377", 4);
  await_close(p, 3000);
}

// The octets of a frame, one write each: every cut of what the server reads.
static void run_one_octet_writes(peer *p) {
  bytes block = {0}, out = {0};
  request_block(&block, p, "GET", "/");
  bytes_uint(&out, block.len, 3);
  bytes_uint(&out, FRAME_HEADERS, 1);
  bytes_uint(&out, H2_FLAG_END_HEADERS | H2_FLAG_END_STREAM, 1);
  bytes_uint(&out, 1, 4);
  bytes_put(&out, block.data, block.len);
  for (size_t i = 0; i < out.len; i++) {
    h2_send(p->w, out.data + i, 1);
  }
  bytes_clear(&block);
  bytes_clear(&out);
  wire_await_response(p->w, 1);
}

static void run_cut_off(peer *p) {
  h2_send(p->w, "\0\1\0\1", 4);
  shutdown(p->w->h2->fd, SHUT_RDWR);
}

static const scenario all[] = {
    {.name = "setting-0-after-1", .setting = 1, .run = run_setting_0_later},
    {.name = "setting-2-after-1", .setting = 1, .run = run_setting_2_later},
    {.name = "certificate-frame-on-stream-1", .setting = 1, .run = run_certificate_frame_on_stream},
    {.name = "settings-32-unknown", .setting = 1, .run = run_many_settings},
    {.name = "frames-unknown", .setting = 1, .run = run_unknown_frames},
    {.name = "made-you-reset", .setting = 1, .run = run_made_you_reset},
    {.name = "ping-flood", .setting = 1, .run = run_ping_flood},
    {.name = "settings-flood", .setting = 1, .run = run_settings_flood},
    {.name = "ping-flood-blind", .setting = 1, .run = run_ping_flood_blind},
    {.name = "settings-flood-blind", .setting = 1, .run = run_settings_flood_blind},
    {.name = "priority-flood", .setting = 1, .run = run_priority_flood},
    {.name = "continuation-flood", .setting = 1, .run = run_continuation_flood},
    {.name = "header-bomb", .setting = 1, .run = run_header_bomb},
    {.name = "hpack-bomb", .setting = 1, .run = run_hpack_bomb},
    {.name = "slow-headers", .setting = 1, .run = run_slow_headers},
    {.name = "stalled-window", .setting = 1, .run = run_stalled_window},
    {.name = "stalled-read", .setting = 1, .run = run_stalled_read},
    {.name = "streams-2000", .setting = 1, .run = run_too_many_streams},
    {.name = "headers-on-stream-0", .setting = 1, .run = run_stream_0_headers},
    {.name = "headers-on-even-stream", .setting = 1, .run = run_even_stream},
    {.name = "push-promise", .setting = 1, .run = run_push_promise},
    {.name = "frame-larger-than-allowed", .setting = 1, .run = run_frame_too_large},
    {.name = "hpack-garbage", .setting = 1, .run = run_hpack_garbage},
    {.name = "window-overflow", .setting = 1, .run = run_window_overflow},
    {.name = "writes-of-one-octet", .setting = 1, .run = run_one_octet_writes},
    {.name = "cut-off", .setting = 1, .run = run_cut_off},
};
const scenario_list calling_h2 = {all, sizeof all / sizeof *all};
