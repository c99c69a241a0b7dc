// HTTP/3 written by hand over QUIC: any frame on any stream, right or wrong.
#ifndef BADPEER_H3_H
#define BADPEER_H3_H

#include "quic.h"
#include "wire.h"

enum {
  H3_STREAM_CONTROL = 0,
  H3_STREAM_PUSH = 1,
  H3_STREAM_ENCODER = 2,
  H3_STREAM_DECODER = 3,
  H3_CANCEL_PUSH = 3,
  H3_MAX_PUSH_ID = 0x0d,
  H3_PRIORITY_UPDATE = 0xf0700, // RFC 9218 §7.2: of a request
  H3_NO_ERROR = 0x100,
  H3_REQUEST_CANCELLED = 0x10c,
  H3_GREASE = 0x21 // RFC 9114 §7.2.8: 0x1f * N + 0x21 means nothing
};

typedef struct h3_stream {
  int64_t id;
  bytes in;
  bool has_type, is_ended;
  uint64_t type;
} h3_stream;

struct h3 {
  quic *q;
  int64_t control, encoder, decoder; // ours, -1 before
  uint64_t control_len;              // octets sent on it
  h3_stream *streams;                // the peer's octets that are no whole frame yet
  size_t num_streams;
  bytes payload; // of the last frame
};

extern const transport h3_transport;

// Takes `q`.
void h3_init(wire *w, quic *q);
// Opens the control stream and QPACK's, and sends SETTINGS with our setting (-1 for none) and
// `more`, which may be empty.
bool h3_begin(wire *w, long setting, const bytes *more);

void h3_varint(bytes *out, uint64_t value);
// Appends a varint in 1, 2, 4 or 8 octets, whatever it would need.
void h3_varint_in(bytes *out, uint64_t value, unsigned octets);
void h3_put_frame(bytes *out, uint64_t type, const void *payload, size_t len);
void h3_put_setting(bytes *out, uint64_t id, uint64_t value);

// Each returns false where the connection takes no more octets.
bool h3_frame(wire *w, int64_t stream, uint64_t type, const void *payload, size_t len, bool fin);
// Octets as they are, on the control stream.
bool h3_control_octets(wire *w, const void *data, size_t len);
bool h3_control_varint_frame(wire *w, uint64_t type, uint64_t value);
// A unidirectional stream of a type and these octets; its ID.
int64_t h3_open_uni(wire *w, uint64_t type, const void *data, size_t len, bool fin);

#endif
