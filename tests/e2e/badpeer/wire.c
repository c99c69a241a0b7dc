// HTTP/2 by hand: see wire.h.
#include "wire.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

enum { TEXT_MAX = 1024 };

void wire_init(wire *w, SSL *ssl, int fd) {
  *w = (wire){.ssl = ssl, .fd = fd, .goaway = -1, .setting = -1};
  struct timeval timeout = {.tv_sec = 10};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  if (nghttp2_hd_inflate_new(&w->inflater) != 0) {
    die("nghttp2_hd_inflate_new");
  }
}

void wire_clear(wire *w) {
  bytes_clear(&w->in);
  bytes_clear(&w->certificates);
  bytes_clear(&w->origins);
  nghttp2_hd_inflate_del(w->inflater);
  for (size_t i = 0; i < w->num_responses; i++) {
    bytes_clear(&w->responses[i].fields);
    bytes_clear(&w->responses[i].text);
  }
  free(w->responses);
}

// ---- out ----------------------------------------------------------------------------------------

bool wire_send(wire *w, const void *data, size_t len) {
  return len == 0 || SSL_write(w->ssl, data, (int)len) == (int)len;
}

bool wire_frame(wire *w, uint8_t type, uint8_t flags, uint32_t stream, const void *payload,
                size_t len) {
  bytes out = {0};
  bytes_uint(&out, len, 3);
  bytes_uint(&out, type, 1);
  bytes_uint(&out, flags, 1);
  bytes_uint(&out, stream, 4);
  bytes_put(&out, payload, len);
  bool ok = wire_send(w, out.data, out.len);
  bytes_clear(&out);
  return ok;
}

bool wire_setting(wire *w, uint16_t id, uint32_t value) {
  bytes payload = {0};
  bytes_uint(&payload, id, 2);
  bytes_uint(&payload, value, 4);
  bool ok = wire_frame(w, FRAME_SETTINGS, 0, 0, payload.data, payload.len);
  bytes_clear(&payload);
  return ok;
}

bool wire_settings_empty(wire *w) {
  return wire_frame(w, FRAME_SETTINGS, 0, 0, NULL, 0);
}

bool wire_goaway(wire *w, uint32_t code) {
  bytes payload = {0};
  bytes_uint(&payload, 0, 4);
  bytes_uint(&payload, code, 4);
  bool ok = wire_frame(w, FRAME_GOAWAY, 0, 0, payload.data, payload.len);
  bytes_clear(&payload);
  return ok;
}

bool wire_certificate(wire *w, const bytes *payload, size_t cut) {
  bool ok = true;
  for (size_t at = 0; ok && at < payload->len; at += cut) {
    size_t len = payload->len - at < cut ? payload->len - at : cut;
    ok = wire_frame(w, FRAME_SERVER_CERTIFICATE, 0, 0, payload->data + at, len);
  }
  return ok;
}

bool wire_origin(wire *w, const char *const *origins) {
  bytes payload = {0};
  for (; *origins != NULL; origins++) {
    bytes_uint(&payload, strlen(*origins), 2);
    bytes_put(&payload, *origins, strlen(*origins));
  }
  bool ok = wire_frame(w, FRAME_ORIGIN, 0, 0, payload.data, payload.len);
  bytes_clear(&payload);
  return ok;
}

// RFC 7541 §5.1, an integer with a prefix of 7 bits; strings are never Huffman-coded here.
static void put_string(bytes *block, const char *text, size_t len) {
  if (len < 127) {
    bytes_uint(block, len, 1);
  } else {
    bytes_uint(block, 127, 1);
    size_t rest = len - 127;
    for (; rest >= 128; rest >>= 7) {
      bytes_uint(block, (rest & 127) | 128, 1);
    }
    bytes_uint(block, rest, 1);
  }
  bytes_put(block, text, len);
}

void header_put_n(bytes *block, const char *name, const char *value, size_t value_len) {
  bytes_uint(block, 0, 1); // literal without indexing, new name
  put_string(block, name, strlen(name));
  put_string(block, value, value_len);
}

void header_put(bytes *block, const char *name, const char *value) {
  header_put_n(block, name, value, strlen(value));
}

// ---- in -----------------------------------------------------------------------------------------

response *wire_response(wire *w, uint32_t stream) {
  for (size_t i = 0; i < w->num_responses; i++) {
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

// Makes `need` octets available from `in_at`.
static bool fill(wire *w, size_t need) {
  while (!w->closed && w->in.len - w->in_at < need) {
    uint8_t chunk[16384];
    int n = SSL_read(w->ssl, chunk, sizeof chunk);
    if (n <= 0) {
      w->closed = true;
      return false;
    }
    bytes_put(&w->in, chunk, (size_t)n);
  }
  return w->in.len - w->in_at >= need;
}

static void note_field(wire *w, uint32_t stream, const nghttp2_nv *nv) {
  if (nv->namelen == 7 && memcmp(nv->name, ":status", 7) == 0) {
    wire_response(w, stream)->status = atoi((const char *)nv->value);
  } else if (nv->namelen == 10 && memcmp(nv->name, ":authority", 10) == 0) {
    snprintf(w->authority, sizeof w->authority, "%.*s", (int)nv->valuelen, nv->value);
  } else if (nv->namelen == 5 && memcmp(nv->name, ":path", 5) == 0) {
    snprintf(w->path, sizeof w->path, "%.*s", (int)nv->valuelen, nv->value);
  } else if (nv->namelen > 0 && nv->name[0] != ':') {
    bytes *fields = &wire_response(w, stream)->fields;
    bytes_put(fields, nv->name, nv->namelen);
    bytes_put(fields, "", 1);
    bytes_put(fields, nv->value, nv->valuelen);
    bytes_put(fields, "", 1);
  }
}

static void note_headers(wire *w, const frame *f) {
  const uint8_t *at = f->payload;
  size_t len = f->len;
  if ((f->flags & 0x20) != 0 && len >= 5) { // priority
    at += 5;
    len -= 5;
  }
  for (;;) {
    nghttp2_nv nv;
    int flags = 0;
    ssize_t n = nghttp2_hd_inflate_hd2(w->inflater, &nv, &flags, at, len, 1);
    if (n < 0) {
      return;
    }
    at += n;
    len -= (size_t)n;
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      note_field(w, f->stream, &nv);
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
      nghttp2_hd_inflate_end_headers(w->inflater);
      return;
    }
  }
}

static uint32_t get_u32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void note_settings(wire *w, const frame *f) {
  if ((f->flags & FLAG_ACK) != 0) {
    w->num_settings_acks++;
    return;
  }
  w->has_settings = true;
  for (size_t at = 0; at + 6 <= f->len; at += 6) {
    if ((f->payload[at] << 8 | f->payload[at + 1]) == SETTING_SERVER_CERT_AUTH) {
      w->setting = get_u32(f->payload + at + 2);
    }
  }
  wire_frame(w, FRAME_SETTINGS, FLAG_ACK, 0, NULL, 0);
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
    bytes_put(&r->text, f->payload, f->len);
  }
  if (f->len > 0) { // give the octets back, to the connection and to the stream
    bytes increment = {0};
    bytes_uint(&increment, f->len, 4);
    wire_frame(w, FRAME_WINDOW_UPDATE, 0, 0, increment.data, increment.len);
    if ((f->flags & FLAG_END_STREAM) == 0) {
      wire_frame(w, FRAME_WINDOW_UPDATE, 0, f->stream, increment.data, increment.len);
    }
    bytes_clear(&increment);
  }
}

static void note(wire *w, const frame *f) {
  w->num_frames++;
  switch (f->type) {
  case FRAME_SETTINGS:
    note_settings(w, f);
    break;
  case FRAME_PING:
    if ((f->flags & FLAG_ACK) != 0) {
      w->num_ping_acks++;
    } else {
      wire_frame(w, FRAME_PING, FLAG_ACK, 0, f->payload, f->len);
    }
    break;
  case FRAME_GOAWAY:
    w->was_goaway_seen = true;
    w->goaway = f->len >= 8 ? (long long)get_u32(f->payload + 4) : -1;
    break;
  case FRAME_RST_STREAM:
    wire_response(w, f->stream)->reset = f->len >= 4 ? (long long)get_u32(f->payload) : 0;
    break;
  case FRAME_HEADERS:
    if (w->first_headers_at == 0) {
      w->first_headers_at = w->num_frames;
    }
    note_headers(w, f);
    break;
  case FRAME_DATA:
    note_data(w, f);
    break;
  case FRAME_ORIGIN:
    w->num_origin_frames++;
    bytes_clear(&w->origins);
    bytes_put(&w->origins, f->payload, f->len);
    break;
  case FRAME_SERVER_CERTIFICATE:
    note_certificate(w, f);
    break;
  default:
    break;
  }
  if ((f->type == FRAME_HEADERS || f->type == FRAME_DATA) && (f->flags & FLAG_END_STREAM) != 0) {
    wire_response(w, f->stream)->done = true;
  }
}

bool wire_read(wire *w, frame *out) {
  if (w->in_at > 0) {
    memmove(w->in.data, w->in.data + w->in_at, w->in.len - w->in_at);
    w->in.len -= w->in_at;
    w->in_at = 0;
  }
  if (!fill(w, 9)) {
    return false;
  }
  uint8_t *h = w->in.data;
  size_t len = (size_t)h[0] << 16 | (size_t)h[1] << 8 | h[2];
  if (!fill(w, 9 + len)) {
    return false;
  }
  h = w->in.data;
  *out = (frame){.type = h[3],
                 .flags = h[4],
                 .stream = get_u32(h + 5) & 0x7fffffff,
                 .payload = h + 9,
                 .len = len};
  w->in_at = 9 + len;
  note(w, out);
  return true;
}

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void wire_drain(wire *w, int timeout_ms) {
  int64_t end = now_ms() + timeout_ms;
  while (!w->closed) {
    int64_t left = end - now_ms();
    struct pollfd p = {.fd = w->fd, .events = POLLIN};
    bool is_buffered = SSL_pending(w->ssl) > 0 || w->in.len > w->in_at;
    if (left <= 0 || (!is_buffered && poll(&p, 1, (int)left) <= 0)) {
      return;
    }
    frame f;
    wire_read(w, &f);
  }
}

bool wire_await_response(wire *w, uint32_t stream) {
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

bool wire_ping_round(wire *w) {
  size_t want = w->num_ping_acks + 1;
  frame f;
  bool ok = wire_frame(w, FRAME_PING, 0, 0, "badpeer!", 8);
  while (ok && w->num_ping_acks < want) {
    ok = wire_read(w, &f);
  }
  return ok;
}
