// HTTP/2 written by hand over a blocking TLS connection: any frame, right or wrong.
//
// A `wire` keeps what the other side was seen to do, for the report that ends a scenario. Header
// blocks are written as literals without indexing; nghttp2's inflater reads the peer's.
#ifndef BADPEER_WIRE_H
#define BADPEER_WIRE_H

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <stdbool.h>

#include "bytes.h"

enum {
  FRAME_DATA = 0,
  FRAME_HEADERS = 1,
  FRAME_PRIORITY = 2,
  FRAME_RST_STREAM = 3,
  FRAME_SETTINGS = 4,
  FRAME_PUSH_PROMISE = 5,
  FRAME_PING = 6,
  FRAME_GOAWAY = 7,
  FRAME_WINDOW_UPDATE = 8,
  FRAME_CONTINUATION = 9,
  FRAME_ORIGIN = 0x0c,
  FRAME_SERVER_CERTIFICATE = 0xfc,
  SETTING_SERVER_CERT_AUTH = 0xf0ce,
  FLAG_ACK = 1,
  FLAG_END_STREAM = 1,
  FLAG_END_HEADERS = 4
};

typedef struct frame {
  uint8_t type, flags;
  uint32_t stream;
  uint8_t *payload; // in the wire's buffer, until the next frame
  size_t len;
} frame;

typedef struct response {
  uint32_t stream;
  int status;
  size_t body;
  bool done;
  long long reset; // error code, -1 where there was none
  bytes fields;    // names and values, each ended by NUL, without :status
  bytes text;      // the start of the body
} response;

typedef struct wire {
  SSL *ssl;
  int fd;
  bytes in;
  size_t in_at;
  nghttp2_hd_inflater *inflater;
  // what the peer did
  bool closed;          // no more octets will come
  long long goaway;     // error code of the last GOAWAY, -1 where there was none
  bool was_goaway_seen; // of any code
  long long setting;    // SETTINGS_HTTP_SERVER_CERT_AUTH, -1 where absent
  bool has_settings;
  size_t num_settings_acks, num_ping_acks, num_origin_frames, num_certificate_frames;
  size_t max_certificate_frame;
  bytes certificates; // payloads of SERVER_CERTIFICATE frames, in order
  bytes origins;      // payload of the last ORIGIN frame
  response *responses;
  size_t num_responses;
  char authority[256]; // of the last HEADERS read
  char path[1024];
  size_t first_certificate_at, first_headers_at, num_frames; // order of frames
} wire;

void wire_init(wire *w, SSL *ssl, int fd);
void wire_clear(wire *w);

// Each returns false where the connection takes no more octets.
bool wire_send(wire *w, const void *data, size_t len);
bool wire_frame(wire *w, uint8_t type, uint8_t flags, uint32_t stream, const void *payload,
                size_t len);
bool wire_setting(wire *w, uint16_t id, uint32_t value);
bool wire_settings_empty(wire *w);
bool wire_goaway(wire *w, uint32_t code);
// Cuts `payload` into SERVER_CERTIFICATE frames of at most `cut` octets.
bool wire_certificate(wire *w, const bytes *payload, size_t cut);
// An ORIGIN frame with one entry for each of `origins`, which NULL ends.
bool wire_origin(wire *w, const char *const *origins);

// Appends one header field to a block.
void header_put(bytes *block, const char *name, const char *value);
void header_put_n(bytes *block, const char *name, const char *value, size_t value_len);

// Reads one frame and notes it. False: the peer closed, or said nothing for the socket's timeout.
bool wire_read(wire *w, frame *out);
// Reads until the connection ends, or the deadline passes.
void wire_drain(wire *w, int timeout_ms);
// Reads until response `stream` is complete or reset.
bool wire_await_response(wire *w, uint32_t stream);
// Reads until SETTINGS of the peer came.
bool wire_await_settings(wire *w);
// Reads until `num` PINGs of ours were acknowledged: everything sent before was processed.
bool wire_ping_round(wire *w);
response *wire_response(wire *w, uint32_t stream);
// Reads until so many authenticators are there whole.
bool wire_await_authenticators(wire *w, size_t num);
// Where the authenticator ends whose three messages start at `data`; 0: not a whole one.
size_t wire_authenticator_len(const uint8_t *data, size_t len);

#endif
