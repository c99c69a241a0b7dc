// What a misbehaving server does to `codicil get`: protocol.md §§2–3 and the list of mistakes in
// the RFC 9261 checklist, a function a mistake.
#include <openssl/rand.h>
#include <string.h>

#include "scenario.h"

enum { CUT = 16384 };

void make_authenticator(bytes *out, peer *p, const credential *c, forge_fault fault) {
  uint8_t context[32];
  RAND_bytes(context, sizeof context);
  forge(out, &p->w->exporter, c, p->primary->key, fault, context, sizeof context);
}

bytes make_valid(peer *p) {
  bytes b = {0};
  make_authenticator(&b, p, p->secondary, FORGE_NONE);
  return b;
}

static void send_and_clear(peer *p, bytes *b, size_t cut) {
  wire_certificate(p->w, b, cut);
  bytes_clear(b);
}

void run_valid(peer *p) {
  bytes b = make_valid(p);
  send_and_clear(p, &b, CUT);
}

static void run_nothing(peer *p) {
  (void)p;
}

// ---- negotiation (protocol §2) ------------------------------------------------------------------

static void run_garbage(peer *p) {
  bytes b = {0};
  bytes_fill(&b, 0xa5, 500);
  send_and_clear(p, &b, CUT);
}

// ---- framing (protocol §3) ----------------------------------------------------------------------

static void run_in_pieces(peer *p) {
  bytes b = make_valid(p);
  size_t cut = b.len / 250 + 1;
  send_and_clear(p, &b, cut);
}

static void run_one_octet_frames(peer *p) {
  bytes b = make_valid(p);
  send_and_clear(p, &b, 1);
}

static void run_empty_frames(peer *p) {
  for (int i = 0; i < 257; i++) {
    wire_certificate_frame(p->w, NULL, 0);
  }
}

static void run_empty_frames_between(peer *p) {
  bytes b = make_valid(p);
  for (size_t at = 0; at < b.len; at += 100) {
    wire_certificate_frame(p->w, NULL, 0);
    wire_certificate_frame(p->w, b.data + at, b.len - at < 100 ? b.len - at : 100);
  }
  bytes_clear(&b);
}

// The header of a Certificate message that announces one octet beyond 128 KiB.
static void run_announce_too_much(peer *p) {
  bytes b = {0};
  bytes_uint(&b, 11, 1);
  bytes_uint(&b, 128 * 1024 + 1 - 4, 3);
  send_and_clear(p, &b, CUT);
}

static void run_announce_16_mib(peer *p) {
  bytes b = {0};
  bytes_uint(&b, 11, 1);
  bytes_uint(&b, 0xffffff, 3);
  bytes_fill(&b, 0, 1000);
  send_and_clear(p, &b, CUT);
}

// Each message fits; CertificateVerify takes the whole over the limit.
static void run_announce_too_much_in_verify(peer *p) {
  bytes b = {0};
  bytes_uint(&b, 11, 1);
  bytes_uint(&b, 100000, 3);
  bytes_fill(&b, 0, 100000);
  bytes_uint(&b, 15, 1);
  bytes_uint(&b, 40000, 3);
  send_and_clear(p, &b, CUT);
}

static void run_octets_after_finished(peer *p) {
  bytes b = make_valid(p);
  bytes_put(&b, "\0", 1);
  send_and_clear(p, &b, CUT);
}

static void run_two_in_one_payload(peer *p) {
  bytes b = make_valid(p), second = make_valid(p);
  bytes_put(&b, second.data, second.len);
  bytes_clear(&second);
  send_and_clear(p, &b, CUT);
}

static void run_truncated(peer *p) {
  bytes b = make_valid(p);
  b.len /= 2;
  send_and_clear(p, &b, CUT);
}

// A whole authenticator whose second half never comes, then a new one from its start.
static void run_restarted(peer *p) {
  bytes b = make_valid(p);
  wire_certificate_frame(p->w, b.data, b.len / 2);
  send_and_clear(p, &b, CUT);
}

// ---- authenticators (protocol §4) ---------------------------------------------------------------

static void run_replayed(peer *p) {
  bytes b = make_valid(p);
  wire_certificate(p->w, &b, CUT);
  send_and_clear(p, &b, CUT);
}

static void run_context_reused(peer *p) {
  static const uint8_t context[] = "the same context";
  for (int i = 0; i < 2; i++) {
    bytes b = {0};
    forge(&b, &p->w->exporter, i == 0 ? p->secondary : p->primary, p->primary->key, FORGE_NONE,
          context, sizeof context - 1);
    send_and_clear(p, &b, CUT);
  }
}

static void run_context_of_one_octet(peer *p) {
  bytes b = {0};
  forge(&b, &p->w->exporter, p->secondary, p->primary->key, FORGE_NONE, (const uint8_t *)"x", 1);
  send_and_clear(p, &b, CUT);
}

static void run_context_of_255_octets(peer *p) {
  uint8_t context[255];
  RAND_bytes(context, sizeof context);
  bytes b = {0};
  forge(&b, &p->w->exporter, p->secondary, p->primary->key, FORGE_NONE, context, sizeof context);
  send_and_clear(p, &b, CUT);
}

// An authenticator of another connection: everything right but the binding.
static void run_of_another_connection(peer *p) {
  static bytes kept;
  if (kept.len == 0) {
    kept = make_valid(p);
  } else {
    wire_certificate(p->w, &kept, CUT);
  }
}

// 64 that are right, of a certificate that nobody wants, then the one that is wanted.
static void run_authenticators_65(peer *p) {
  for (int i = 0; i < 64; i++) {
    bytes b = {0};
    make_authenticator(&b, p, p->primary, FORGE_NONE);
    send_and_clear(p, &b, CUT);
  }
  run_valid(p);
}

// ---- ORIGIN (RFC 8336) --------------------------------------------------------------------------

void send_origin_of(peer *p, const char *origin) {
  const char *const origins[] = {origin, NULL};
  wire_origin(p->w, origins);
}

static void run_origin_restricts(peer *p) {
  send_origin_of(p, "https://unrelated.example");
  run_valid(p);
}

static void run_origin_empty(peer *p) {
  p->w->t->control(p->w, FRAME_ORIGIN, NULL, 0);
  run_valid(p);
}

static void run_origin_entry_cut(peer *p) {
  p->w->t->control(p->w, FRAME_ORIGIN, "\0\30https://", 10);
  run_valid(p);
}

static void run_origin_entries_bad(peer *p) {
  static const char *const origins[] = {"",
                                        "null",
                                        "http://b.example",
                                        "https://b.example/path",
                                        "https://user@b.example",
                                        "https://[::1",
                                        "https://b.example:99999",
                                        "\xff\xfe",
                                        NULL};
  wire_origin(p->w, origins);
  run_valid(p);
}

static void run_origin_1100(peer *p) {
  for (int i = 0; i < 1100; i++) {
    char text[64];
    snprintf(text, sizeof text, "https://n%d.example", i);
    send_origin_of(p, text);
  }
  run_valid(p);
}

// The wanted origin with our port, then its certificate.
static void run_origin_lists(peer *p) {
  char text[300];
  snprintf(text, sizeof text, "https://b.example:%d", p->port);
  send_origin_of(p, text);
  run_valid(p);
}

// ---- responses ----------------------------------------------------------------------------------

// Waits for the next request, which the scenario answers in its own way.
int64_t await_request(peer *p) {
  frame f;
  while (wire_read(p->w, &f)) {
    if (f.type == FRAME_HEADERS) {
      return f.stream;
    }
  }
  return -1;
}

void send_status(peer *p, int64_t stream, const char *status, const char *length) {
  bytes block = {0};
  header_put(p->w, &block, ":status", status);
  if (length != NULL) {
    header_put(p->w, &block, "content-length", length);
  }
  wire_headers(p->w, stream, &block, false);
  bytes_clear(&block);
}

static void run_response_reset(peer *p) {
  p->w->t->reset(p->w, await_request(p), RESET_FAILED);
}

static void run_response_cut(peer *p) {
  int64_t stream = await_request(p);
  send_status(p, stream, "200", "10");
  wire_data(p->w, stream, "four", 4, true);
}

static void run_response_without_status(peer *p) {
  bytes block = {0};
  header_put(p->w, &block, "content-length", "0");
  wire_headers(p->w, await_request(p), &block, true);
  bytes_clear(&block);
}

// The server refuses the request and has done nothing of it: it is made again elsewhere.
static void run_response_rejected(peer *p) {
  p->w->t->reset(p->w, await_request(p), RESET_REFUSED);
}

static void run_goaway_of_the_request(peer *p) {
  int64_t stream = await_request(p);
  p->w->t->goaway(p->w, stream);
  p->w->t->reset(p->w, stream, RESET_REFUSED);
}

// No fault: QUIC orders nothing between streams. The response has begun, and goes on afterwards.
static void run_certificate_after_headers(peer *p) {
  int64_t stream = await_request(p);
  send_status(p, stream, "200", "6");
  wire_data(p->w, stream, "one", 3, false);
  run_valid(p);
  wire_round_trip(p->w);
  wire_data(p->w, stream, "two", 3, true);
}

static void run_certificate_after_response(peer *p) {
  int64_t stream = await_request(p);
  send_status(p, stream, "200", "3");
  wire_data(p->w, stream, "ok\n", 3, true);
  run_valid(p);
}

static const scenario all[] = {
    {.name = "quiet", .setting = 1, .run = run_nothing},
    {.name = "valid-in-pieces", .setting = 1, .run = run_in_pieces},
    {.name = "setting-absent", .setting = NO_SETTING, .run = run_valid},
    {.name = "setting-absent-garbage-frame", .setting = NO_SETTING, .run = run_garbage},
    {.name = "setting-0", .setting = 0, .run = run_valid},
    {.name = "setting-2", .setting = 2, .run = run_nothing},
    {.name = "setting-4294967295", .setting = 0xffffffff, .run = run_nothing},
    {.name = "garbage", .setting = 1, .run = run_garbage},
    {.name = "frames-of-one-octet", .setting = 1, .run = run_one_octet_frames},
    {.name = "empty-frames-257", .setting = 1, .run = run_empty_frames},
    {.name = "empty-frames-between", .setting = 1, .run = run_empty_frames_between},
    {.name = "announces-128-kib-and-1", .setting = 1, .run = run_announce_too_much},
    {.name = "announces-16-mib", .setting = 1, .run = run_announce_16_mib},
    {.name = "announces-too-much-in-verify", .setting = 1, .run = run_announce_too_much_in_verify},
    {.name = "octets-after-finished", .setting = 1, .run = run_octets_after_finished},
    {.name = "two-authenticators-in-one-payload", .setting = 1, .run = run_two_in_one_payload},
    {.name = "truncated", .setting = 1, .run = run_truncated},
    {.name = "restarted-in-the-middle", .setting = 1, .run = run_restarted},
    {.name = "replayed-octet-for-octet", .setting = 1, .run = run_replayed},
    {.name = "context-reused", .setting = 1, .run = run_context_reused},
    {.name = "context-of-one-octet", .setting = 1, .run = run_context_of_one_octet},
    {.name = "context-of-255-octets", .setting = 1, .run = run_context_of_255_octets},
    {.name = "of-another-connection", .setting = 1, .run = run_of_another_connection},
    {.name = "authenticators-65", .setting = 1, .run = run_authenticators_65},
    {.name = "origin-restricts", .setting = 1, .run = run_origin_restricts},
    {.name = "origin-empty", .setting = 1, .run = run_origin_empty},
    {.name = "origin-entry-cut", .setting = 1, .run = run_origin_entry_cut},
    {.name = "origin-entries-bad", .setting = 1, .run = run_origin_entries_bad},
    {.name = "origin-1100", .setting = 1, .run = run_origin_1100},
    {.name = "origin-lists", .setting = 1, .run = run_origin_lists},
    {.name = "response-reset", .setting = 1, .run = run_response_reset},
    {.name = "response-cut", .setting = 1, .run = run_response_cut},
    {.name = "response-without-status", .setting = 1, .run = run_response_without_status},
    {.name = "response-rejected", .setting = 1, .run = run_response_rejected},
    {.name = "goaway-of-the-request", .setting = 1, .run = run_goaway_of_the_request},
    {.name = "certificate-after-headers", .setting = 1, .run = run_certificate_after_headers},
    {.name = "certificate-after-response", .setting = 1, .run = run_certificate_after_response},
};
const scenario_list serving_both = {all, sizeof all / sizeof *all};
