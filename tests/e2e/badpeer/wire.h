// One connection of the misbehaving peer, over HTTP/2 (h2.h) or HTTP/3 (h3.h): what scenarios say,
// and what the other side was seen to do, for the report that ends them.
//
// Only what both versions have is here. What one of them has alone is in its own header, for the
// scenarios in serving_h2.c, calling_h2.c, serving_h3.c and calling_h3.c. Streams have the IDs of
// the version.
#ifndef BADPEER_WIRE_H
#define BADPEER_WIRE_H

#include "bytes.h"
#include "forge.h"

enum {
  FRAME_DATA = 0,
  FRAME_HEADERS = 1,
  FRAME_SETTINGS = 4,
  FRAME_PUSH_PROMISE = 5,
  FRAME_GOAWAY = 7,
  FRAME_ORIGIN = 0x0c
};
#define FRAME_NONE UINT64_MAX // no frame: something else of a stream, such as its end

typedef struct frame {
  uint64_t type;
  uint8_t flags; // HTTP/2
  int64_t stream;
  uint8_t *payload; // in the connection's buffer, until the next frame
  size_t len;
  bool fin; // nothing follows on the stream
} frame;

typedef struct response {
  int64_t stream;
  int status;
  size_t body;
  bool done;
  long long reset; // error code, -1 where there was none
  bytes fields;    // names and values, each ended by NUL, without :status
  bytes text;      // the start of the body
} response;

typedef struct wire wire;

// Why a stream is reset, in either version's codes.
typedef enum reset_reason { RESET_CANCELLED, RESET_FAILED, RESET_REFUSED } reset_reason;

// How a version of HTTP does it. Functions return false where the connection takes no more octets.
typedef struct transport {
  const char *name;
  uint64_t certificate_frame, setting_id; // SERVER_CERTIFICATE, SETTINGS_HTTP_SERVER_CERT_AUTH
  void (*put_field)(bytes *block, const char *name, const char *value, size_t value_len);
  // A frame where those of the connection go: stream 0, or the control stream.
  bool (*control)(wire *w, uint64_t type, const void *payload, size_t len);
  int64_t (*open)(wire *w); // a client's next request; -1: the server allows none
  bool (*send)(wire *w, int64_t stream, uint64_t type, const void *payload, size_t len, bool fin);
  bool (*reset)(wire *w, int64_t stream, reset_reason reason);
  // A server's: requests from this one on were not touched.
  bool (*goaway)(wire *w, int64_t stream);
  void (*hold)(wire *w, bool is_held);
  bool (*read)(wire *w, frame *out, int timeout_ms);
  bool (*round_trip)(wire *w);
  void (*clear)(wire *w);
} transport;

struct wire {
  const transport *t;
  struct h2 *h2; // the one that `t` is about
  struct h3 *h3;
  exporter exporter;
  const char *tls;
  bool is_resumed;
  // what the peer did
  bool closed;       // no more octets will come
  long long code;    // error code with which it ended the connection, -1 where it told none
  char reason[256];  // its words about that
  long long setting; // SETTINGS_HTTP_SERVER_CERT_AUTH, -1 where absent
  bool has_settings;
  size_t num_goaways;
  size_t num_settings_acks, num_ping_acks, num_origin_frames, num_certificate_frames;
  size_t max_certificate_frame;
  bytes certificates; // payloads of SERVER_CERTIFICATE frames, in order
  bytes origins;      // payload of the last ORIGIN frame
  response *responses;
  size_t num_responses;
  char authority[256]; // of the last HEADERS read
  char path[1024];
  size_t first_certificate_at, first_headers_at, num_frames; // order of frames
};

enum { WIRE_PATIENCE_MS = 10000 };

void wire_init(wire *w, const transport *t);
void wire_clear(wire *w);

// Cuts `payload` into SERVER_CERTIFICATE frames of at most `cut` octets.
bool wire_certificate(wire *w, const bytes *payload, size_t cut);
bool wire_certificate_frame(wire *w, const void *payload, size_t len);
// An ORIGIN frame with one entry for each of `origins`, which NULL ends.
bool wire_origin(wire *w, const char *const *origins);
bool wire_headers(wire *w, int64_t stream, const bytes *block, bool fin);
bool wire_data(wire *w, int64_t stream, const void *data, size_t len, bool fin);
// Appends one header field to a block.
void header_put(const wire *w, bytes *block, const char *name, const char *value);

// Reads one frame and notes it. False: the peer closed, or said nothing for a while.
bool wire_read(wire *w, frame *out);
// Reads what is there already.
void wire_soak_up(wire *w);
// Reads until the connection ends, or the deadline passes.
void wire_drain(wire *w, int timeout_ms);
// Reads until response `stream` is complete or reset.
bool wire_await_response(wire *w, int64_t stream);
// Reads until SETTINGS of the peer came.
bool wire_await_settings(wire *w);
// Reads until the peer has what was sent before.
bool wire_round_trip(wire *w);
// Reads until so many authenticators are there whole.
bool wire_await_authenticators(wire *w, size_t num);
// Where the authenticator ends whose three messages start at `data`; 0: not a whole one.
size_t wire_authenticator_len(const uint8_t *data, size_t len);

// ---- for the versions: what came ----------------------------------------------------------------

response *wire_response(wire *w, int64_t stream);
void wire_note_field(wire *w, int64_t stream, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len);
// Notes what both versions have alike, but for HEADERS and SETTINGS.
void wire_note(wire *w, const frame *f);

int64_t wire_now_ms(void);

#endif
