// What a misbehaving client does to `codicil serve` over either version: frames that only a server
// may send, and abuse.
#include "calling.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- helpers ------------------------------------------------------------------------------------

void request_block(bytes *block, const peer *p, const char *method, const char *path) {
  header_put(p->w, block, ":method", method);
  header_put(p->w, block, ":scheme", "https");
  header_put(p->w, block, ":authority", p->authority);
  header_put(p->w, block, ":path", path);
}

int64_t send_get(peer *p, const char *path) {
  bytes block = {0};
  request_block(&block, p, "GET", path);
  int64_t stream = p->w->t->open(p->w);
  bool ok = stream >= 0 && wire_headers(p->w, stream, &block, true);
  bytes_clear(&block);
  return ok ? stream : -1;
}

void await_close(peer *p, int timeout_ms) {
  int64_t start = wire_now_ms();
  wire_drain(p->w, timeout_ms);
  snprintf(p->verdict, sizeof p->verdict, "%s after %lld ms", p->w->closed ? "closed" : "open",
           (long long)(wire_now_ms() - start));
}

// ---- ordinary -----------------------------------------------------------------------------------

void run_get(peer *p) {
  int64_t stream = send_get(p, "/");
  if (stream >= 0) {
    wire_await_response(p->w, stream);
  }
  wire_await_authenticators(p->w, p->num_expected);
  if (p->num_expected == 0) {
    wire_drain(p->w, 100);
  }
}

// Stays until the server ends.
static void run_get_and_stay(peer *p) {
  run_get(p);
  wire_drain(p->w, 30000);
}

// Asks again and again until the answer is another one, and stays.
static void run_get_until_refused(peer *p) {
  bool goes_on = wire_await_authenticators(p->w, p->num_expected);
  for (int i = 0; goes_on && i < 4000; i++) {
    int64_t stream = send_get(p, "/");
    goes_on = stream >= 0 && wire_await_response(p->w, stream) &&
              wire_response(p->w, stream)->status == 200;
    wire_drain(p->w, 5);
  }
  wire_drain(p->w, 30000);
}

// The request is there with our setting: it must not wait for signatures.
static void send_early_get(peer *p) {
  send_get(p, "/");
}

static void run_early_get(peer *p) {
  frame f;
  while ((p->w->num_responses == 0 || !p->w->responses[0].done) && wire_read(p->w, &f)) {
  }
  wire_await_authenticators(p->w, p->num_expected);
}

static void run_quiet(peer *p) {
  wire_round_trip(p->w);
}

// ---- protocol §§2–3 -----------------------------------------------------------------------------

static void run_certificate_frame(peer *p) {
  wire_certificate_frame(p->w, "\13\0\0\0", 4);
  await_close(p, 3000);
}

static void run_certificate_frame_then_get(peer *p) {
  wire_certificate_frame(p->w, "\13\0\0\0", 4);
  run_get(p);
}

static void run_empty_certificate_frame(peer *p) {
  wire_certificate_frame(p->w, NULL, 0);
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

// ---- abuse --------------------------------------------------------------------------------------

// CVE-2023-44487: requests that are cancelled at once.
static void run_rapid_reset(peer *p) {
  for (int i = 0; i < 20000 && !p->w->closed; i++) {
    int64_t stream = send_get(p, "/");
    if (stream < 0 || !p->w->t->reset(p->w, stream, RESET_CANCELLED)) {
      break;
    }
    wire_soak_up(p->w);
  }
  await_close(p, 5000);
}

static void post_headers(peer *p, int64_t stream, const char *length) {
  bytes block = {0};
  request_block(&block, p, "POST", "/");
  if (length != NULL) {
    header_put(p->w, &block, "content-length", length);
  }
  wire_headers(p->w, stream, &block, false);
  bytes_clear(&block);
}

static void run_empty_data_flood(peer *p) {
  int64_t stream = p->w->t->open(p->w);
  post_headers(p, stream, NULL);
  bool ok = true;
  for (int i = 0; ok && i < 50000 && !p->w->closed; i++) {
    ok = wire_data(p->w, stream, NULL, 0, false);
    if (i % 64 == 0) {
      wire_soak_up(p->w);
    }
  }
  await_close(p, 2000);
}

static void run_idle(peer *p) {
  await_close(p, 20000);
}

// A body of another length than was said (RFC 9113 §8.1.1, RFC 9114 §4.1.2), then a good request.
static void run_length_mismatch(peer *p) {
  int64_t stream = p->w->t->open(p->w);
  post_headers(p, stream, "10");
  wire_data(p->w, stream, "four", 4, true);
  frame f;
  while (wire_response(p->w, stream)->reset < 0 && !wire_response(p->w, stream)->done &&
         wire_read(p->w, &f)) {
  }
  run_get(p);
}

// Large responses that are asked for and cancelled when they have begun.
static void run_cancelled_bodies(peer *p) {
  frame f;
  for (int i = 0; i < 20; i++) {
    int64_t stream = send_get(p, "/large");
    while (stream >= 0 && wire_response(p->w, stream)->body == 0 && wire_read(p->w, &f)) {
    }
    p->w->t->reset(p->w, stream, RESET_CANCELLED);
  }
  run_get(p);
}

static const scenario all[] = {
    {.name = "get", .setting = 1, .run = run_get},
    {.name = "get-without-setting", .setting = NO_SETTING, .run = run_get},
    {.name = "get-setting-0", .setting = 0, .run = run_get},
    {.name = "get-with-the-preface", .setting = 1, .run = run_early_get, .early = send_early_get},
    {.name = "get-and-stay", .setting = 1, .run = run_get_and_stay},
    {.name = "get-until-refused", .setting = 1, .run = run_get_until_refused},
    {.name = "quiet", .setting = 1, .run = run_quiet},
    {.name = "setting-2", .setting = 2, .run = run_await_close},
    {.name = "setting-4294967295", .setting = 0xffffffff, .run = run_await_close},
    {.name = "certificate-frame", .setting = 1, .run = run_certificate_frame},
    {.name = "certificate-frame-without-setting",
     .setting = NO_SETTING,
     .run = run_certificate_frame},
    {.name = "certificate-frame-then-get", .setting = 1, .run = run_certificate_frame_then_get},
    {.name = "certificate-frame-empty", .setting = 1, .run = run_empty_certificate_frame},
    {.name = "origin-from-client", .setting = 1, .run = run_origin_from_client},
    {.name = "rapid-reset", .setting = 1, .run = run_rapid_reset},
    {.name = "empty-data-flood", .setting = 1, .run = run_empty_data_flood},
    {.name = "idle", .setting = 1, .run = run_idle},
    {.name = "content-length-mismatch", .setting = 1, .run = run_length_mismatch},
    {.name = "cancelled-bodies", .setting = 1, .run = run_cancelled_bodies},
};
const scenario_list calling_both = {all, sizeof all / sizeof *all};
