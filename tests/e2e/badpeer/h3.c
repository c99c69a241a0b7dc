// HTTP/3 by hand: see h3.h.
#include "h3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qpack.h"

void h3_init(wire *w, quic *q) {
  wire_init(w, &h3_transport);
  w->h3 = calloc(1, sizeof *w->h3);
  if (w->h3 == NULL) {
    die("calloc");
  }
  *w->h3 = (struct h3){.q = q, .control = -1, .encoder = -1, .decoder = -1};
  w->exporter = quic_exporter(q);
  w->tls = "TLSv1.3";
  w->is_resumed = quic_is_resumed(q);
}

static void clear(wire *w) {
  struct h3 *h = w->h3;
  for (size_t i = 0; i < h->num_streams; i++) {
    bytes_clear(&h->streams[i].in);
  }
  free(h->streams);
  bytes_clear(&h->payload);
  quic_free(h->q);
  free(h);
}

// ---- out ----------------------------------------------------------------------------------------

void h3_varint_in(bytes *out, uint64_t value, unsigned octets) {
  uint64_t log2 = octets == 8 ? 3 : octets == 4 ? 2 : octets == 2 ? 1 : 0;
  bytes_uint(out, log2 << (8 * octets - 2) | value, octets);
}

void h3_varint(bytes *out, uint64_t value) {
  h3_varint_in(out, value, value < 64 ? 1 : value < 16384 ? 2 : value < 1 << 30 ? 4 : 8);
}

void h3_put_frame(bytes *out, uint64_t type, const void *payload, size_t len) {
  h3_varint(out, type);
  h3_varint(out, len);
  bytes_put(out, payload, len);
}

void h3_put_setting(bytes *out, uint64_t id, uint64_t value) {
  h3_varint(out, id);
  h3_varint(out, value);
}

bool h3_frame(wire *w, int64_t stream, uint64_t type, const void *payload, size_t len, bool fin) {
  bytes out = {0};
  h3_put_frame(&out, type, payload, len);
  bool ok = quic_send(w->h3->q, stream, out.data, out.len, fin);
  bytes_clear(&out);
  return ok;
}

bool h3_control_octets(wire *w, const void *data, size_t len) {
  w->h3->control_len += len;
  return quic_send(w->h3->q, w->h3->control, data, len, false);
}

static bool control(wire *w, uint64_t type, const void *payload, size_t len) {
  bytes out = {0};
  h3_put_frame(&out, type, payload, len);
  bool ok = h3_control_octets(w, out.data, out.len);
  bytes_clear(&out);
  return ok;
}

bool h3_control_varint_frame(wire *w, uint64_t type, uint64_t value) {
  bytes payload = {0};
  h3_varint(&payload, value);
  bool ok = control(w, type, payload.data, payload.len);
  bytes_clear(&payload);
  return ok;
}

int64_t h3_open_uni(wire *w, uint64_t type, const void *data, size_t len, bool fin) {
  int64_t stream = quic_open(w->h3->q, true);
  bytes out = {0};
  h3_varint(&out, type);
  bytes_put(&out, data, len);
  if (stream >= 0) {
    quic_send(w->h3->q, stream, out.data, out.len, fin);
  }
  bytes_clear(&out);
  return stream;
}

bool h3_begin(wire *w, long setting, const bytes *more) {
  struct h3 *h = w->h3;
  bytes settings = {0}, first = {0};
  if (setting >= 0) {
    h3_put_setting(&settings, w->t->setting_id, (uint64_t)setting);
  }
  bytes_put(&settings, more->data, more->len);
  h3_put_frame(&first, FRAME_SETTINGS, settings.data, settings.len);
  h->control = h3_open_uni(w, H3_STREAM_CONTROL, first.data, first.len, false);
  h->control_len = first.len + 1;
  h->encoder = h3_open_uni(w, H3_STREAM_ENCODER, NULL, 0, false);
  h->decoder = h3_open_uni(w, H3_STREAM_DECODER, NULL, 0, false);
  bytes_clear(&settings);
  bytes_clear(&first);
  return h->decoder >= 0;
}

static int64_t open_stream(wire *w) {
  return quic_open(w->h3->q, false);
}

static bool reset(wire *w, int64_t stream, reset_reason reason) {
  static const uint64_t codes[] = {
      [RESET_CANCELLED] = H3_REQUEST_CANCELLED, [RESET_FAILED] = 0x102, [RESET_REFUSED] = 0x10b};
  return quic_reset(w->h3->q, stream, codes[reason]);
}

static bool goaway(wire *w, int64_t stream) {
  return h3_control_varint_frame(w, FRAME_GOAWAY, (uint64_t)stream);
}

static void hold(wire *w, bool is_held) {
  quic_hold(w->h3->q, is_held);
}

// ---- in -----------------------------------------------------------------------------------------

static h3_stream *stream_of(struct h3 *h, int64_t id) {
  for (size_t i = 0; i < h->num_streams; i++) {
    if (h->streams[i].id == id) {
      return &h->streams[i];
    }
  }
  h->streams = realloc(h->streams, (h->num_streams + 1) * sizeof *h->streams);
  if (h->streams == NULL) {
    die("realloc");
  }
  // A bidirectional stream has no type: its frames begin at once.
  h->streams[h->num_streams] = (h3_stream){.id = id, .has_type = (id & 2) == 0};
  return &h->streams[h->num_streams++];
}

static void forget_stream(struct h3 *h, h3_stream *s) {
  bytes_clear(&s->in);
  *s = h->streams[--h->num_streams];
}

// Octets of the varint at `at`, its value in *out; 0: not a whole one.
static size_t get_varint(const bytes *b, size_t at, uint64_t *out) {
  if (at >= b->len) {
    return 0;
  }
  size_t len = (size_t)1 << (b->data[at] >> 6);
  if (len > b->len - at) {
    return 0;
  }
  *out = b->data[at] & 0x3f;
  for (size_t i = 1; i < len; i++) {
    *out = *out << 8 | b->data[at + i];
  }
  return len;
}

static void drop(bytes *b, size_t len) {
  memmove(b->data, b->data + len, b->len - len);
  b->len -= len;
}

// Cuts a whole frame from a stream.
static bool cut_frame(struct h3 *h, h3_stream *s, frame *out) {
  uint64_t len;
  if (!s->has_type) {
    size_t n = get_varint(&s->in, 0, &s->type);
    s->has_type = n > 0;
    drop(&s->in, n);
  }
  if (s->has_type && (s->id & 2) != 0 && s->type != H3_STREAM_CONTROL) {
    drop(&s->in, s->in.len); // QPACK's and unknown ones
  }
  size_t type_len = s->has_type ? get_varint(&s->in, 0, &out->type) : 0;
  size_t len_len = type_len == 0 ? 0 : get_varint(&s->in, type_len, &len);
  size_t head = type_len + len_len;
  if (len_len == 0 || len > s->in.len - head) {
    return false;
  }
  bytes_clear(&h->payload);
  bytes_put(&h->payload, s->in.data + head, (size_t)len);
  drop(&s->in, head + (size_t)len);
  out->stream = s->id;
  out->payload = h->payload.data;
  out->len = (size_t)len;
  return true;
}

typedef struct line_target {
  wire *w;
  int64_t stream;
} line_target;

static void note_line(void *ctx, const bytes *name, const bytes *value) {
  line_target *to = ctx;
  wire_note_field(to->w, to->stream, name->data, name->len, value->data, value->len);
}

static void note_settings(wire *w, const frame *f) {
  bytes b = {f->payload, f->len, f->len};
  uint64_t id, value;
  w->has_settings = true;
  for (size_t at = 0; at < f->len;) {
    size_t id_len = get_varint(&b, at, &id);
    size_t value_len = id_len == 0 ? 0 : get_varint(&b, at + id_len, &value);
    if (value_len == 0) {
      return;
    }
    if (id == w->t->setting_id) {
      w->setting = (long long)value;
    }
    at += id_len + value_len;
  }
}

static void note(wire *w, const frame *f) {
  wire_note(w, f);
  if (f->type == FRAME_HEADERS) {
    line_target to = {w, f->stream};
    if (!qpack_read(f->payload, f->len, note_line, &to)) {
      snprintf(w->reason, sizeof w->reason, "badpeer cannot read a header block");
    }
  } else if (f->type == FRAME_SETTINGS) {
    note_settings(w, f);
  } else if (f->type == FRAME_GOAWAY) {
    w->num_goaways++;
  }
}

// The next whole frame of any stream, or the end of one.
static bool next_frame(wire *w, frame *out) {
  struct h3 *h = w->h3;
  for (size_t i = 0; i < h->num_streams; i++) {
    h3_stream *s = &h->streams[i];
    *out = (frame){.type = FRAME_NONE, .stream = s->id, .fin = s->is_ended};
    if (cut_frame(h, s, out)) {
      out->fin = s->is_ended && s->in.len == 0;
      note(w, out);
    } else if (s->is_ended) {
      wire_response(w, s->id)->done = true;
    } else {
      continue;
    }
    if (out->fin) {
      forget_stream(h, s);
    }
    return true;
  }
  return false;
}

static void note_over(wire *w) {
  bool is_application;
  long long code = quic_close_code(w->h3->q, &is_application);
  w->closed = true;
  w->code = is_application ? code : -1;
  const char *text = quic_close_reason(w->h3->q);
  if (is_application || code < 0) {
    snprintf(w->reason, sizeof w->reason, "%s", text);
  } else {
    snprintf(w->reason, sizeof w->reason, "QUIC error %lld: %.200s", code, text);
  }
}

static void note_event(wire *w, const quic_event *e) {
  struct h3 *h = w->h3;
  h3_stream *s = stream_of(h, e->stream);
  if (e->what == QUIC_DATA) {
    bytes_put(&s->in, e->data, e->len);
    s->is_ended = e->fin;
  } else {
    wire_response(w, e->stream)->reset = (long long)e->code;
    forget_stream(h, s);
  }
}

static bool read_frame(wire *w, frame *out, int timeout_ms) {
  if (next_frame(w, out)) {
    return true;
  }
  quic_event e;
  if (!quic_next(w->h3->q, &e, timeout_ms)) {
    if (quic_is_over(w->h3->q)) {
      note_over(w);
    }
    return false;
  }
  note_event(w, &e);
  free(e.data);
  if (!next_frame(w, out)) {
    *out = (frame){.type = FRAME_NONE, .stream = e.stream};
  }
  return true;
}

// An ignored frame whose octets the peer acknowledged: what was sent before has come.
static bool round_trip(wire *w) {
  return control(w, H3_GREASE, NULL, 0) &&
         quic_await_ack(w->h3->q, w->h3->control, w->h3->control_len, WIRE_PATIENCE_MS);
}

const transport h3_transport = {
    .name = "h3",
    .certificate_frame = 0x2ce5f4a3,
    .setting_id = 0x2ce5e771,
    .put_field = qpack_put,
    .control = control,
    .open = open_stream,
    .send = h3_frame,
    .reset = reset,
    .goaway = goaway,
    .hold = hold,
    .read = read_frame,
    .round_trip = round_trip,
    .clear = clear,
};
