// What both versions of HTTP have: see wire.h.
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TEXT_MAX = 1024 };

void wire_init(wire *w, const transport *t) {
  *w = (wire){.t = t, .code = -1, .setting = -1};
}

void wire_clear(wire *w) {
  w->t->clear(w);
  bytes_clear(&w->certificates);
  bytes_clear(&w->origins);
  for (size_t i = 0; i < w->num_responses; i++) {
    bytes_clear(&w->responses[i].fields);
    bytes_clear(&w->responses[i].text);
  }
  free(w->responses);
}

int64_t wire_now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// ---- out ----------------------------------------------------------------------------------------

bool wire_certificate_frame(wire *w, const void *payload, size_t len) {
  return w->t->control(w, w->t->certificate_frame, payload, len);
}

bool wire_certificate(wire *w, const bytes *payload, size_t cut) {
  bool ok = true;
  for (size_t at = 0; ok && at < payload->len; at += cut) {
    size_t len = payload->len - at < cut ? payload->len - at : cut;
    ok = wire_certificate_frame(w, payload->data + at, len);
  }
  return ok;
}

bool wire_origin(wire *w, const char *const *origins) {
  bytes payload = {0};
  for (; *origins != NULL; origins++) {
    bytes_uint(&payload, strlen(*origins), 2);
    bytes_put(&payload, *origins, strlen(*origins));
  }
  bool ok = w->t->control(w, FRAME_ORIGIN, payload.data, payload.len);
  bytes_clear(&payload);
  return ok;
}

bool wire_headers(wire *w, int64_t stream, const bytes *block, bool fin) {
  return w->t->send(w, stream, FRAME_HEADERS, block->data, block->len, fin);
}

bool wire_data(wire *w, int64_t stream, const void *data, size_t len, bool fin) {
  return w->t->send(w, stream, FRAME_DATA, data, len, fin);
}

void header_put(const wire *w, bytes *block, const char *name, const char *value) {
  w->t->put_field(block, name, value, strlen(value));
}

// ---- in -----------------------------------------------------------------------------------------

response *wire_response(wire *w, int64_t stream) {
  for (size_t i = w->num_responses; i-- > 0;) {
    if (w->responses[i].stream == stream) {
      return &w->responses[i];
    }
  }
  w->responses = realloc(w->responses, (w->num_responses + 1) * sizeof *w->responses);
  if (w->responses == NULL) {
    die("realloc");
  }
  w->responses[w->num_responses] = (response){.stream = stream, .reset = -1};
  return &w->responses[w->num_responses++];
}

void wire_note_field(wire *w, int64_t stream, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len) {
  if (name_len == 7 && memcmp(name, ":status", 7) == 0) {
    char text[8];
    snprintf(text, sizeof text, "%.*s", (int)value_len, (const char *)value);
    wire_response(w, stream)->status = atoi(text);
  } else if (name_len == 10 && memcmp(name, ":authority", 10) == 0) {
    snprintf(w->authority, sizeof w->authority, "%.*s", (int)value_len, (const char *)value);
  } else if (name_len == 5 && memcmp(name, ":path", 5) == 0) {
    snprintf(w->path, sizeof w->path, "%.*s", (int)value_len, (const char *)value);
  } else if (name_len > 0 && name[0] != ':') {
    bytes *fields = &wire_response(w, stream)->fields;
    bytes_put(fields, name, name_len);
    bytes_put(fields, "", 1);
    bytes_put(fields, value, value_len);
    bytes_put(fields, "", 1);
  }
}

static void note_certificate(wire *w, const frame *f) {
  if (w->num_certificate_frames++ == 0) {
    w->first_certificate_at = w->num_frames;
  }
  if (f->len > w->max_certificate_frame) {
    w->max_certificate_frame = f->len;
  }
  bytes_put(&w->certificates, f->payload, f->len);
}

static void note_data(wire *w, const frame *f) {
  response *r = wire_response(w, f->stream);
  r->body += f->len;
  if (r->text.len < TEXT_MAX) {
    bytes_put(&r->text, f->payload, f->len < TEXT_MAX ? f->len : TEXT_MAX);
  }
}

void wire_note(wire *w, const frame *f) {
  w->num_frames++;
  if (f->type == FRAME_HEADERS && w->first_headers_at == 0) {
    w->first_headers_at = w->num_frames;
  } else if (f->type == FRAME_DATA) {
    note_data(w, f);
  } else if (f->type == FRAME_ORIGIN) {
    w->num_origin_frames++;
    bytes_clear(&w->origins);
    bytes_put(&w->origins, f->payload, f->len);
  } else if (f->type == w->t->certificate_frame) {
    note_certificate(w, f);
  }
  if (f->fin) {
    wire_response(w, f->stream)->done = true;
  }
}

bool wire_read(wire *w, frame *out) {
  return w->t->read(w, out, WIRE_PATIENCE_MS);
}

void wire_soak_up(wire *w) {
  frame f;
  while (!w->closed && w->t->read(w, &f, 0)) {
  }
}

void wire_drain(wire *w, int timeout_ms) {
  int64_t deadline = wire_now_ms() + timeout_ms;
  frame f;
  for (int64_t left = timeout_ms; !w->closed && left > 0; left = deadline - wire_now_ms()) {
    w->t->read(w, &f, (int)left);
  }
}

bool wire_await_response(wire *w, int64_t stream) {
  frame f;
  while (!wire_response(w, stream)->done && wire_response(w, stream)->reset < 0) {
    if (!wire_read(w, &f)) {
      return false;
    }
  }
  return wire_response(w, stream)->done;
}

bool wire_await_settings(wire *w) {
  frame f;
  while (!w->has_settings) {
    if (!wire_read(w, &f)) {
      return false;
    }
  }
  return true;
}

bool wire_round_trip(wire *w) {
  return w->t->round_trip(w);
}

size_t wire_authenticator_len(const uint8_t *data, size_t len) {
  size_t at = 0;
  for (int i = 0; i < 3; i++) {
    if (len - at < 4) {
      return 0;
    }
    size_t size = (size_t)data[at + 1] << 16 | (size_t)data[at + 2] << 8 | data[at + 3];
    if (size > len - at - 4) {
      return 0;
    }
    at += 4 + size;
  }
  return at;
}

static size_t count_authenticators(const bytes *b) {
  size_t num = 0;
  for (size_t at = 0, len; at < b->len; at += len, num++) {
    len = wire_authenticator_len(b->data + at, b->len - at);
    if (len == 0) {
      break;
    }
  }
  return num;
}

bool wire_await_authenticators(wire *w, size_t num) {
  frame f;
  while (count_authenticators(&w->certificates) < num) {
    if (!wire_read(w, &f)) {
      return false;
    }
  }
  return true;
}
