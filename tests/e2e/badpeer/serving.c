// What a misbehaving server does to `codicil get`: protocol.md §§2–3 and the list of mistakes in
// the RFC 9261 checklist, a function a mistake.
#include <openssl/rand.h>
#include <string.h>

#include "scenario.h"

enum { CUT = 16384 };

void make_authenticator(bytes *out, peer *p, const credential *c, forge_fault fault) {
  uint8_t context[32];
  RAND_bytes(context, sizeof context);
  forge(out, p->ssl, c, p->primary->key, fault, context, sizeof context);
}

static bytes valid(peer *p) {
  bytes b = {0};
  make_authenticator(&b, p, p->secondary, FORGE_NONE);
  return b;
}

static void send_and_clear(peer *p, bytes *b, size_t cut) {
  wire_certificate(p->w, b, cut);
  bytes_clear(b);
}

static void run_valid(peer *p) {
  bytes b = valid(p);
  send_and_clear(p, &b, CUT);
}

static void run_nothing(peer *p) {
  (void)p;
}

// ---- negotiation (protocol §2) ------------------------------------------------------------------

static void run_setting_0_later(peer *p) {
  wire_setting(p->w, SETTING_SERVER_CERT_AUTH, 0);
}

static void run_setting_2_later(peer *p) {
  wire_setting(p->w, SETTING_SERVER_CERT_AUTH, 2);
}

static void run_setting_1_again(peer *p) {
  wire_setting(p->w, SETTING_SERVER_CERT_AUTH, 1);
  run_valid(p);
}

static void run_setting_twice_in_a_frame(peer *p) {
  bytes b = {0};
  bytes_uint(&b, SETTING_SERVER_CERT_AUTH, 2);
  bytes_uint(&b, 1, 4);
  bytes_uint(&b, SETTING_SERVER_CERT_AUTH, 2);
  bytes_uint(&b, 0, 4);
  wire_frame(p->w, FRAME_SETTINGS, 0, 0, b.data, b.len);
  bytes_clear(&b);
}

static void run_many_settings(peer *p) {
  bytes b = {0};
  for (unsigned i = 0; i < 32; i++) {
    bytes_uint(&b, 0xf100 + i, 2);
    bytes_uint(&b, 0xffffffff, 4);
  }
  wire_frame(p->w, FRAME_SETTINGS, 0, 0, b.data, b.len);
  bytes_clear(&b);
  run_valid(p);
}

static void run_garbage(peer *p) {
  bytes b = {0};
  bytes_fill(&b, 0xa5, 500);
  send_and_clear(p, &b, CUT);
}

// ---- framing (protocol §3) ----------------------------------------------------------------------

static void run_on_stream_1(peer *p) {
  bytes b = valid(p);
  wire_frame(p->w, FRAME_SERVER_CERTIFICATE, 0, 1, b.data, b.len);
  bytes_clear(&b);
}

static void run_empty_on_stream_3(peer *p) {
  wire_frame(p->w, FRAME_SERVER_CERTIFICATE, 0, 3, NULL, 0);
}

static void run_flags(peer *p) {
  bytes b = valid(p);
  wire_frame(p->w, FRAME_SERVER_CERTIFICATE, 0xff, 0, b.data, b.len);
  bytes_clear(&b);
}

static void run_in_pieces(peer *p) {
  bytes b = valid(p);
  size_t cut = b.len / 250 + 1;
  send_and_clear(p, &b, cut);
}

static void run_one_octet_frames(peer *p) {
  bytes b = valid(p);
  send_and_clear(p, &b, 1);
}

static void run_empty_frames(peer *p) {
  for (int i = 0; i < 257; i++) {
    wire_frame(p->w, FRAME_SERVER_CERTIFICATE, 0, 0, NULL, 0);
  }
}

static void run_empty_frames_between(peer *p) {
  bytes b = valid(p);
  for (size_t at = 0; at < b.len; at += 100) {
    wire_frame(p->w, FRAME_SERVER_CERTIFICATE, 0, 0, NULL, 0);
    wire_frame(p->w, FRAME_SERVER_CERTIFICATE, 0, 0, b.data + at,
               b.len - at < 100 ? b.len - at : 100);
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
  bytes b = valid(p);
  bytes_put(&b, "\0", 1);
  send_and_clear(p, &b, CUT);
}

static void run_two_in_one_payload(peer *p) {
  bytes b = valid(p), second = valid(p);
  bytes_put(&b, second.data, second.len);
  bytes_clear(&second);
  send_and_clear(p, &b, CUT);
}

static void run_truncated(peer *p) {
  bytes b = valid(p);
  b.len /= 2;
  send_and_clear(p, &b, CUT);
}

static void run_interleaved(peer *p) {
  bytes b = valid(p);
  size_t half = b.len / 2;
  wire_frame(p->w, FRAME_SERVER_CERTIFICATE, 0, 0, b.data, half);
  wire_frame(p->w, FRAME_PING, 0, 0, "between!", 8);
  wire_frame(p->w, FRAME_WINDOW_UPDATE, 0, 0, "\0\0\0\1", 4);
  wire_frame(p->w, 0xbb, 0xff, 0, "unknown", 7);
  wire_settings_empty(p->w);
  wire_frame(p->w, FRAME_SERVER_CERTIFICATE, 0, 0, b.data + half, b.len - half);
  bytes_clear(&b);
}

// A whole authenticator whose second half never comes, then a new one from its start.
static void run_restarted(peer *p) {
  bytes b = valid(p);
  wire_frame(p->w, FRAME_SERVER_CERTIFICATE, 0, 0, b.data, b.len / 2);
  send_and_clear(p, &b, CUT);
}

static void run_frame_too_large(peer *p) {
  bytes b = {0};
  bytes_uint(&b, 11, 1);
  bytes_uint(&b, 60000, 3);
  bytes_fill(&b, 0, 16385 - 4);
  wire_frame(p->w, FRAME_SERVER_CERTIFICATE, 0, 0, b.data, b.len);
  bytes_clear(&b);
}

// ---- authenticators (protocol §4) ---------------------------------------------------------------

static void run_replayed(peer *p) {
  bytes b = valid(p);
  wire_certificate(p->w, &b, CUT);
  send_and_clear(p, &b, CUT);
}

static void run_context_reused(peer *p) {
  static const uint8_t context[] = "the same context";
  for (int i = 0; i < 2; i++) {
    bytes b = {0};
    forge(&b, p->ssl, i == 0 ? p->secondary : p->primary, p->primary->key, FORGE_NONE, context,
          sizeof context - 1);
    send_and_clear(p, &b, CUT);
  }
}

static void run_context_of_one_octet(peer *p) {
  bytes b = {0};
  forge(&b, p->ssl, p->secondary, p->primary->key, FORGE_NONE, (const uint8_t *)"x", 1);
  send_and_clear(p, &b, CUT);
}

static void run_context_of_255_octets(peer *p) {
  uint8_t context[255];
  RAND_bytes(context, sizeof context);
  bytes b = {0};
  forge(&b, p->ssl, p->secondary, p->primary->key, FORGE_NONE, context, sizeof context);
  send_and_clear(p, &b, CUT);
}

// An authenticator of another connection: everything right but the binding.
static void run_of_another_connection(peer *p) {
  static bytes kept;
  if (kept.len == 0) {
    kept = valid(p);
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

static void send_origin(peer *p, uint8_t flags, uint32_t stream, const char *origin) {
  bytes b = {0};
  bytes_uint(&b, strlen(origin), 2);
  bytes_put(&b, origin, strlen(origin));
  wire_frame(p->w, FRAME_ORIGIN, flags, stream, b.data, b.len);
  bytes_clear(&b);
}

// Each of the next four is ignored, so the Origin Set stays uninitialised and restricts nothing.
static void run_origin_flag_1(peer *p) {
  send_origin(p, 0x01, 0, "https://unrelated.example");
  run_valid(p);
}

static void run_origin_flag_8(peer *p) {
  send_origin(p, 0x08, 0, "https://unrelated.example");
  run_valid(p);
}

static void run_origin_on_stream_1(peer *p) {
  send_origin(p, 0, 1, "https://unrelated.example");
  run_valid(p);
}

// The high flags are "reserved for updates that are compatible": the frame counts.
static void run_origin_flag_16(peer *p) {
  send_origin(p, 0x10, 0, "https://unrelated.example");
  run_valid(p);
}

static void run_origin_restricts(peer *p) {
  send_origin(p, 0, 0, "https://unrelated.example");
  run_valid(p);
}

static void run_origin_empty(peer *p) {
  wire_frame(p->w, FRAME_ORIGIN, 0, 0, NULL, 0);
  run_valid(p);
}

static void run_origin_entry_cut(peer *p) {
  wire_frame(p->w, FRAME_ORIGIN, 0, 0, "\0\30https://", 10);
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
    send_origin(p, 0, 0, text);
  }
  run_valid(p);
}

// The wanted origin with our port, then its certificate.
static void run_origin_lists(peer *p) {
  char text[300];
  snprintf(text, sizeof text, "https://b.example:%d", p->port);
  send_origin(p, 0, 0, text);
  run_valid(p);
}

const scenario serving_scenarios[] = {
    {"quiet", 1, run_nothing, NULL},
    {"valid-in-pieces", 1, run_in_pieces, NULL},
    {"setting-absent", NO_SETTING, run_valid, NULL},
    {"setting-absent-garbage-frame", NO_SETTING, run_garbage, NULL},
    {"setting-0", 0, run_valid, NULL},
    {"setting-2", 2, run_nothing, NULL},
    {"setting-4294967295", 0xffffffff, run_nothing, NULL},
    {"setting-0-after-1", 1, run_setting_0_later, NULL},
    {"setting-2-after-1", 1, run_setting_2_later, NULL},
    {"setting-1-again", 1, run_setting_1_again, NULL},
    {"setting-1-and-0-in-a-frame", 1, run_setting_twice_in_a_frame, NULL},
    {"settings-32-unknown", 1, run_many_settings, NULL},
    {"garbage", 1, run_garbage, NULL},
    {"frame-on-stream-1", 1, run_on_stream_1, NULL},
    {"empty-frame-on-stream-3", 1, run_empty_on_stream_3, NULL},
    {"frame-with-all-flags", 1, run_flags, NULL},
    {"frames-of-one-octet", 1, run_one_octet_frames, NULL},
    {"empty-frames-257", 1, run_empty_frames, NULL},
    {"empty-frames-between", 1, run_empty_frames_between, NULL},
    {"announces-128-kib-and-1", 1, run_announce_too_much, NULL},
    {"announces-16-mib", 1, run_announce_16_mib, NULL},
    {"announces-too-much-in-verify", 1, run_announce_too_much_in_verify, NULL},
    {"octets-after-finished", 1, run_octets_after_finished, NULL},
    {"two-authenticators-in-one-payload", 1, run_two_in_one_payload, NULL},
    {"truncated", 1, run_truncated, NULL},
    {"interleaved-with-other-frames", 1, run_interleaved, NULL},
    {"restarted-in-the-middle", 1, run_restarted, NULL},
    {"frame-larger-than-allowed", 1, run_frame_too_large, NULL},
    {"replayed-octet-for-octet", 1, run_replayed, NULL},
    {"context-reused", 1, run_context_reused, NULL},
    {"context-of-one-octet", 1, run_context_of_one_octet, NULL},
    {"context-of-255-octets", 1, run_context_of_255_octets, NULL},
    {"of-another-connection", 1, run_of_another_connection, NULL},
    {"authenticators-65", 1, run_authenticators_65, NULL},
    {"origin-flag-1", 1, run_origin_flag_1, NULL},
    {"origin-flag-8", 1, run_origin_flag_8, NULL},
    {"origin-flag-16", 1, run_origin_flag_16, NULL},
    {"origin-on-stream-1", 1, run_origin_on_stream_1, NULL},
    {"origin-restricts", 1, run_origin_restricts, NULL},
    {"origin-empty", 1, run_origin_empty, NULL},
    {"origin-entry-cut", 1, run_origin_entry_cut, NULL},
    {"origin-entries-bad", 1, run_origin_entries_bad, NULL},
    {"origin-1100", 1, run_origin_1100, NULL},
    {"origin-lists", 1, run_origin_lists, NULL},
};
const size_t num_serving_scenarios = sizeof serving_scenarios / sizeof *serving_scenarios;
