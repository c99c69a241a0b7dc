// What a misbehaving client does to `codicil serve`: frames that only a server may send, and the
// abuse that every public HTTP/2 server meets.
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "scenario.h"

// ---- helpers ------------------------------------------------------------------------------------

static void request_block(bytes *block, const peer *p, const char *path) {
  header_put(block, ":method", "GET");
  header_put(block, ":scheme", "https");
  header_put(block, ":authority", p->authority);
  header_put(block, ":path", path);
}

static bool send_get(peer *p, uint32_t stream, const char *path) {
  bytes block = {0};
  request_block(&block, p, path);
  bool ok = wire_frame(p->w, FRAME_HEADERS, FLAG_END_HEADERS | FLAG_END_STREAM, stream, block.data,
                       block.len);
  bytes_clear(&block);
  return ok;
}

// Octets may flow back as far as the kernel takes them: a flood must not block on its own answers.
static void soak_up(peer *p) {
  struct pollfd fd = {.fd = p->w->fd, .events = POLLIN};
  frame f;
  while (!p->w->closed && (SSL_pending(p->ssl) > 0 || poll(&fd, 1, 0) > 0)) {
    wire_read(p->w, &f);
  }
}

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// Notes how long the server took to end the connection.
static void await_close(peer *p, int timeout_ms) {
  int64_t start = now_ms();
  wire_drain(p->w, timeout_ms);
  snprintf(p->verdict, sizeof p->verdict, "%s after %lld ms", p->w->closed ? "closed" : "open",
           (long long)(now_ms() - start));
}

// ---- ordinary -----------------------------------------------------------------------------------

// A request that works. Certificates are signed when the server has nothing better to do: those
// that the caller expects are waited for, and where none is expected, a moment.
static void run_get(peer *p) {
  send_get(p, 1, "/");
  wire_await_response(p->w, 1);
  wire_await_authenticators(p->w, p->num_expected);
  if (p->num_expected == 0) {
    wire_drain(p->w, 100);
  }
}

// The request is there with our setting: it must not wait for signatures.
static void send_early_get(peer *p) {
  send_get(p, 1, "/");
}

static void run_early_get(peer *p) {
  wire_await_response(p->w, 1);
  wire_await_authenticators(p->w, p->num_expected);
}

static void run_quiet(peer *p) {
  wire_ping_round(p->w);
}

// ---- protocol §§2–3 -----------------------------------------------------------------------------

static void run_certificate_frame(peer *p) {
  wire_frame(p->w, FRAME_SERVER_CERTIFICATE, 0, 0, "\13\0\0\0", 4);
  await_close(p, 3000);
}

static void run_certificate_frame_then_get(peer *p) {
  wire_frame(p->w, FRAME_SERVER_CERTIFICATE, 0, 0, "\13\0\0\0", 4);
  run_get(p);
}

static void run_empty_certificate_frame(peer *p) {
  wire_frame(p->w, FRAME_SERVER_CERTIFICATE, 0, 0, NULL, 0);
  await_close(p, 3000);
}

static void run_certificate_frame_on_stream(peer *p) {
  wire_frame(p->w, FRAME_SERVER_CERTIFICATE, 0, 1, NULL, 0);
  await_close(p, 3000);
}

static void run_setting_0_later(peer *p) {
  wire_setting(p->w, SETTING_SERVER_CERT_AUTH, 0);
  await_close(p, 3000);
}

static void run_setting_2_later(peer *p) {
  wire_setting(p->w, SETTING_SERVER_CERT_AUTH, 2);
  await_close(p, 3000);
}

static void run_await_close(peer *p) {
  await_close(p, 3000);
}

static void run_origin_from_client(peer *p) {
  static const char *const origins[] = {"https://unrelated.example", NULL};
  wire_origin(p->w, origins);
  run_get(p);
}

static void run_many_settings(peer *p) {
  bytes b = {0};
  for (unsigned i = 0; i < 32; i++) {
    bytes_uint(&b, 0xf100 + i, 2);
    bytes_uint(&b, 7, 4);
  }
  wire_frame(p->w, FRAME_SETTINGS, 0, 0, b.data, b.len);
  bytes_clear(&b);
  run_get(p);
}

static void run_unknown_frames(peer *p) {
  for (int i = 0; i < 20; i++) {
    wire_frame(p->w, (uint8_t)(0xb0 + i), 0xff, 0, "whatever", 8);
  }
  run_get(p);
}

// ---- abuse --------------------------------------------------------------------------------------

// CVE-2023-44487: requests that are reset at once.
static void run_rapid_reset(peer *p) {
  bool ok = true;
  for (uint32_t i = 0; ok && i < 20000; i++) {
    ok = send_get(p, 2 * i + 1, "/") &&
         wire_frame(p->w, FRAME_RST_STREAM, 0, 2 * i + 1, "\0\0\0\10", 4);
    soak_up(p);
    ok = ok && !p->w->closed;
  }
  await_close(p, 5000);
}

// The same where the server is made to reset (CVE-2025-8671): a WINDOW_UPDATE of zero.
static void run_made_you_reset(peer *p) {
  bool ok = true;
  for (uint32_t i = 0; ok && i < 20000; i++) {
    ok = send_get(p, 2 * i + 1, "/large") &&
         wire_frame(p->w, FRAME_WINDOW_UPDATE, 0, 2 * i + 1, "\0\0\0\0", 4);
    soak_up(p);
    ok = ok && !p->w->closed;
  }
  await_close(p, 5000);
}

static void flood(peer *p, uint8_t type, uint32_t stream, const char *payload, size_t len,
                  int num) {
  bool ok = true;
  for (int i = 0; ok && i < num; i++) {
    ok = wire_frame(p->w, type, 0, stream, payload, len) && !p->w->closed;
    if (i % 64 == 0) {
      soak_up(p);
    }
  }
}

// Floods whose answers are read: the server may live with them or close, but must not grow.
static void run_ping_flood(peer *p) {
  flood(p, FRAME_PING, 0, "12345678", 8, 50000);
  await_close(p, 2000);
}

static void run_settings_flood(peer *p) {
  flood(p, FRAME_SETTINGS, 0, "\0\4\0\1\0\0", 6, 50000);
  await_close(p, 2000);
}

// Floods whose answers are not read: the server must stop to queue answers.
static void flood_blindly(peer *p, uint8_t type, const char *payload, size_t len) {
  struct timeval timeout = {.tv_sec = 2};
  setsockopt(p->w->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  for (int i = 0; i < 400000 && wire_frame(p->w, type, 0, 0, payload, len); i++) {
  }
  await_close(p, 3000);
}

static void run_ping_flood_blind(peer *p) {
  flood_blindly(p, FRAME_PING, "12345678", 8);
}

static void run_settings_flood_blind(peer *p) {
  flood_blindly(p, FRAME_SETTINGS, NULL, 0);
}

static void run_priority_flood(peer *p) {
  flood(p, FRAME_PRIORITY, 1, "\0\0\0\3\20", 5, 50000);
  await_close(p, 2000);
}

static void run_empty_data_flood(peer *p) {
  bytes block = {0};
  header_put(&block, ":method", "POST");
  header_put(&block, ":scheme", "https");
  header_put(&block, ":authority", p->authority);
  header_put(&block, ":path", "/");
  wire_frame(p->w, FRAME_HEADERS, FLAG_END_HEADERS, 1, block.data, block.len);
  bytes_clear(&block);
  flood(p, FRAME_DATA, 1, NULL, 0, 50000);
  await_close(p, 2000);
}

// HEADERS and CONTINUATIONs without an end (CVE-2024-28182).
static void run_continuation_flood(peer *p) {
  bytes block = {0};
  request_block(&block, p, "/");
  wire_frame(p->w, FRAME_HEADERS, FLAG_END_STREAM, 1, block.data, block.len);
  bytes_clear(&block);
  header_put(&block, "x-filler", "0123456789abcdef");
  bool ok = true;
  for (int i = 0; ok && i < 20000; i++) {
    ok = wire_frame(p->w, FRAME_CONTINUATION, 0, 1, block.data, block.len);
    soak_up(p);
    ok = ok && !p->w->closed;
  }
  bytes_clear(&block);
  await_close(p, 2000);
}

static void run_header_bomb(peer *p) {
  bytes block = {0};
  request_block(&block, p, "/");
  char *value = malloc(15000);
  if (value == NULL) {
    die("malloc");
  }
  memset(value, 'x', 15000);
  wire_frame(p->w, FRAME_HEADERS, FLAG_END_STREAM, 1, block.data, block.len);
  bytes_clear(&block);
  header_put_n(&block, "x-bomb", value, 15000);
  for (int i = 0; i < 20; i++) {
    wire_frame(p->w, FRAME_CONTINUATION, i == 19 ? FLAG_END_HEADERS : 0, 1, block.data, block.len);
  }
  bytes_clear(&block);
  free(value);
  wire_await_response(p->w, 1);
}

// One indexed field repeated: 4 KiB in the dynamic table become megabytes (HPACK bomb).
static void run_hpack_bomb(peer *p) {
  bytes block = {0};
  request_block(&block, p, "/");
  bytes_uint(&block, 0x40, 1); // literal with indexing, new name
  bytes_put(&block, "\6x-bomb", 7);
  bytes_put(&block, "\177\241\36", 3); // 127 + 33 + 30 * 128 = 4000
  bytes_fill(&block, 'x', 4000);
  bytes_fill(&block, 0x80 | 62, 10000); // the newest entry, ten thousand times
  wire_frame(p->w, FRAME_HEADERS, FLAG_END_HEADERS | FLAG_END_STREAM, 1, block.data, block.len);
  bytes_clear(&block);
  wire_await_response(p->w, 1);
}

// Headers that never end: slow loris.
static void run_slow_headers(peer *p) {
  bytes block = {0};
  request_block(&block, p, "/");
  wire_frame(p->w, FRAME_HEADERS, FLAG_END_STREAM, 1, block.data, block.len);
  bytes_clear(&block);
  await_close(p, 20000);
}

// A window of nothing: the response can never be sent.
static void run_stalled_window(peer *p) {
  wire_setting(p->w, 4, 0);
  for (uint32_t i = 0; i < 10; i++) {
    send_get(p, 2 * i + 1, "/large");
  }
  await_close(p, 20000);
}

// Large responses that are never read from the socket.
static void run_stalled_read(peer *p) {
  bytes window = {0};
  bytes_uint(&window, 0x3fffffff, 4);
  wire_frame(p->w, FRAME_WINDOW_UPDATE, 0, 0, window.data, window.len);
  wire_setting(p->w, 4, 0x3fffffff);
  for (uint32_t i = 0; i < 10; i++) {
    send_get(p, 2 * i + 1, "/large");
  }
  bytes_clear(&window);
  int64_t start = now_ms();
  struct pollfd fd = {.fd = p->w->fd, .events = POLLRDHUP};
  poll(&fd, 1, 20000); // nothing is read: only the server's end of the connection wakes us
  snprintf(p->verdict, sizeof p->verdict, "%s after %lld ms", fd.revents != 0 ? "closed" : "open",
           (long long)(now_ms() - start));
  p->w->closed = fd.revents != 0;
}

static void run_idle(peer *p) {
  await_close(p, 20000);
}

static void run_too_many_streams(peer *p) {
  bytes block = {0};
  request_block(&block, p, "/");
  for (uint32_t i = 0; i < 2000; i++) {
    wire_frame(p->w, FRAME_HEADERS, FLAG_END_HEADERS, 2 * i + 1, block.data, block.len);
    soak_up(p);
  }
  bytes_clear(&block);
  await_close(p, 1000);
}

static void run_stream_0_headers(peer *p) {
  send_get(p, 0, "/");
  await_close(p, 3000);
}

static void run_even_stream(peer *p) {
  send_get(p, 2, "/");
  await_close(p, 3000);
}

static void run_push_promise(peer *p) {
  wire_frame(p->w, FRAME_PUSH_PROMISE, FLAG_END_HEADERS, 1, "\0\0\0\2", 4);
  await_close(p, 3000);
}

static void run_frame_too_large(peer *p) {
  bytes b = {0};
  bytes_fill(&b, 0, 16385);
  wire_frame(p->w, 0xbb, 0, 0, b.data, b.len);
  bytes_clear(&b);
  await_close(p, 3000);
}

static void run_hpack_garbage(peer *p) {
  wire_frame(p->w, FRAME_HEADERS, FLAG_END_HEADERS | FLAG_END_STREAM, 1, "\377\377\377\377\377", 5);
  await_close(p, 3000);
}

static void run_window_overflow(peer *p) {
  wire_frame(p->w, FRAME_WINDOW_UPDATE, 0, 0, "\177\377\377\377", 4);
  await_close(p, 3000);
}

// The octets of a frame, one write each: every cut of what the server reads.
static void run_one_octet_writes(peer *p) {
  bytes block = {0}, out = {0};
  request_block(&block, p, "/");
  bytes_uint(&out, block.len, 3);
  bytes_uint(&out, FRAME_HEADERS, 1);
  bytes_uint(&out, FLAG_END_HEADERS | FLAG_END_STREAM, 1);
  bytes_uint(&out, 1, 4);
  bytes_put(&out, block.data, block.len);
  for (size_t i = 0; i < out.len; i++) {
    wire_send(p->w, out.data + i, 1);
  }
  bytes_clear(&block);
  bytes_clear(&out);
  wire_await_response(p->w, 1);
}

static void run_cut_off(peer *p) {
  wire_send(p->w, "\0\1\0\1", 4);
  shutdown(p->w->fd, SHUT_RDWR);
}

const scenario calling_scenarios[] = {
    {"get", 1, run_get, NULL},
    {"get-without-setting", NO_SETTING, run_get, NULL},
    {"get-setting-0", 0, run_get, NULL},
    {"get-with-the-preface", 1, run_early_get, send_early_get},
    {"quiet", 1, run_quiet, NULL},
    {"setting-2", 2, run_await_close, NULL},
    {"setting-4294967295", 0xffffffff, run_await_close, NULL},
    {"setting-0-after-1", 1, run_setting_0_later, NULL},
    {"setting-2-after-1", 1, run_setting_2_later, NULL},
    {"certificate-frame", 1, run_certificate_frame, NULL},
    {"certificate-frame-without-setting", NO_SETTING, run_certificate_frame, NULL},
    {"certificate-frame-then-get", 1, run_certificate_frame_then_get, NULL},
    {"certificate-frame-empty", 1, run_empty_certificate_frame, NULL},
    {"certificate-frame-on-stream-1", 1, run_certificate_frame_on_stream, NULL},
    {"origin-from-client", 1, run_origin_from_client, NULL},
    {"settings-32-unknown", 1, run_many_settings, NULL},
    {"frames-unknown", 1, run_unknown_frames, NULL},
    {"rapid-reset", 1, run_rapid_reset, NULL},
    {"made-you-reset", 1, run_made_you_reset, NULL},
    {"ping-flood", 1, run_ping_flood, NULL},
    {"settings-flood", 1, run_settings_flood, NULL},
    {"ping-flood-blind", 1, run_ping_flood_blind, NULL},
    {"settings-flood-blind", 1, run_settings_flood_blind, NULL},
    {"priority-flood", 1, run_priority_flood, NULL},
    {"empty-data-flood", 1, run_empty_data_flood, NULL},
    {"continuation-flood", 1, run_continuation_flood, NULL},
    {"header-bomb", 1, run_header_bomb, NULL},
    {"hpack-bomb", 1, run_hpack_bomb, NULL},
    {"slow-headers", 1, run_slow_headers, NULL},
    {"stalled-window", 1, run_stalled_window, NULL},
    {"stalled-read", 1, run_stalled_read, NULL},
    {"idle", 1, run_idle, NULL},
    {"streams-2000", 1, run_too_many_streams, NULL},
    {"headers-on-stream-0", 1, run_stream_0_headers, NULL},
    {"headers-on-even-stream", 1, run_even_stream, NULL},
    {"push-promise", 1, run_push_promise, NULL},
    {"frame-larger-than-allowed", 1, run_frame_too_large, NULL},
    {"hpack-garbage", 1, run_hpack_garbage, NULL},
    {"window-overflow", 1, run_window_overflow, NULL},
    {"writes-of-one-octet", 1, run_one_octet_writes, NULL},
    {"cut-off", 1, run_cut_off, NULL},
};
const size_t num_calling_scenarios = sizeof calling_scenarios / sizeof *calling_scenarios;
