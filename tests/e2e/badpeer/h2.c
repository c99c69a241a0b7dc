// HTTP/2 by hand: see h2.h.
#include "h2.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
enum { PREFACE_LEN = 24 };

static bool export_keys(void *ssl, uint8_t *out, size_t len, const char *label) {
  return SSL_export_keying_material(ssl, out, len, label, strlen(label), (const uint8_t *)"", 0,
                                    1) == 1;
}

void h2_init(wire *w, SSL *ssl, int fd) {
  wire_init(w, &h2_transport);
  w->h2 = calloc(1, sizeof *w->h2);
  if (w->h2 == NULL || nghttp2_hd_inflate_new(&w->h2->inflater) != 0) {
    die("h2_init");
  }
  w->h2->ssl = ssl;
  w->h2->fd = fd;
  w->h2->next_stream = 1;
  const EVP_MD *md = SSL_CIPHER_get_handshake_digest(SSL_get_current_cipher(ssl));
  w->exporter = (exporter){md, export_keys, ssl};
  w->tls = SSL_get_version(ssl);
  w->is_resumed = SSL_session_reused(ssl);
  struct timeval timeout = {.tv_sec = WIRE_PATIENCE_MS / 1000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
}

static void clear(wire *w) {
  bytes_clear(&w->h2->in);
  nghttp2_hd_inflate_del(w->h2->inflater);
  free(w->h2);
}

// ---- out ----------------------------------------------------------------------------------------

bool h2_send(wire *w, const void *data, size_t len) {
  return len == 0 || SSL_write(w->h2->ssl, data, (int)len) == (int)len;
}

bool h2_frame(wire *w, uint8_t type, uint8_t flags, uint32_t stream, const void *payload,
              size_t len) {
  bytes out = {0};
  bytes_uint(&out, len, 3);
  bytes_uint(&out, type, 1);
  bytes_uint(&out, flags, 1);
  bytes_uint(&out, stream, 4);
  bytes_put(&out, payload, len);
  bool ok = h2_send(w, out.data, out.len);
  bytes_clear(&out);
  return ok;
}

bool h2_setting(wire *w, uint16_t id, uint32_t value) {
  bytes payload = {0};
  bytes_uint(&payload, id, 2);
  bytes_uint(&payload, value, 4);
  bool ok = h2_frame(w, FRAME_SETTINGS, 0, 0, payload.data, payload.len);
  bytes_clear(&payload);
  return ok;
}

static bool first_settings(wire *w, long setting) {
  return setting < 0 ? h2_frame(w, FRAME_SETTINGS, 0, 0, NULL, 0)
                     : h2_setting(w, (uint16_t)w->t->setting_id, (uint32_t)setting);
}

bool h2_begin_client(wire *w, long setting) {
  return h2_send(w, preface, PREFACE_LEN) && first_settings(w, setting);
}

bool h2_begin_server(wire *w, long setting) {
  char got[PREFACE_LEN];
  first_settings(w, setting);
  for (size_t at = 0; at < sizeof got;) {
    int n = SSL_read(w->h2->ssl, got + at, (int)(sizeof got - at));
    if (n <= 0) {
      return false;
    }
    at += (size_t)n;
  }
  return memcmp(got, preface, sizeof got) == 0;
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

static void put_field(bytes *block, const char *name, const char *value, size_t value_len) {
  bytes_uint(block, 0, 1); // literal without indexing, new name
  put_string(block, name, strlen(name));
  put_string(block, value, value_len);
}

static bool control(wire *w, uint64_t type, const void *payload, size_t len) {
  return h2_frame(w, (uint8_t)type, 0, 0, payload, len);
}

static int64_t open_stream(wire *w) {
  w->h2->next_stream += 2;
  return w->h2->next_stream - 2;
}

static bool send_frame(wire *w, int64_t stream, uint64_t type, const void *payload, size_t len,
                       bool fin) {
  unsigned flags =
      (fin ? H2_FLAG_END_STREAM : 0u) | (type == FRAME_HEADERS ? H2_FLAG_END_HEADERS : 0u);
  return h2_frame(w, (uint8_t)type, (uint8_t)flags, (uint32_t)stream, payload, len);
}

static bool reset(wire *w, int64_t stream, reset_reason reason) {
  static const uint8_t codes[] = {[RESET_CANCELLED] = 8, [RESET_FAILED] = 2, [RESET_REFUSED] = 7};
  const uint8_t payload[4] = {0, 0, 0, codes[reason]};
  return h2_frame(w, H2_RST_STREAM, 0, (uint32_t)stream, payload, sizeof payload);
}

// RFC 9113 §6.8 names the last stream that was touched.
static bool goaway(wire *w, int64_t stream) {
  bytes payload = {0};
  bytes_uint(&payload, stream > 1 ? (uint64_t)stream - 2 : 0, 4);
  bytes_uint(&payload, 0, 4);
  bool ok = control(w, FRAME_GOAWAY, payload.data, payload.len);
  bytes_clear(&payload);
  return ok;
}

static void hold(wire *w, bool is_held) {
  int value = is_held;
  setsockopt(w->h2->fd, IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

// ---- in -----------------------------------------------------------------------------------------

// Makes `need` octets available from `in_at`.
static bool fill(wire *w, size_t need) {
  struct h2 *h = w->h2;
  while (!w->closed && h->in.len - h->in_at < need) {
    uint8_t chunk[16384];
    int n = SSL_read(h->ssl, chunk, sizeof chunk);
    if (n <= 0) {
      w->closed = true;
      return false;
    }
    bytes_put(&h->in, chunk, (size_t)n);
  }
  return h->in.len - h->in_at >= need;
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
    ssize_t n = nghttp2_hd_inflate_hd2(w->h2->inflater, &nv, &flags, at, len, 1);
    if (n < 0) {
      return;
    }
    at += n;
    len -= (size_t)n;
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      wire_note_field(w, f->stream, nv.name, nv.namelen, nv.value, nv.valuelen);
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
      nghttp2_hd_inflate_end_headers(w->h2->inflater);
      return;
    }
  }
}

static uint32_t get_u32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void note_settings(wire *w, const frame *f) {
  if ((f->flags & H2_FLAG_ACK) != 0) {
    w->num_settings_acks++;
    return;
  }
  w->has_settings = true;
  for (size_t at = 0; at + 6 <= f->len; at += 6) {
    if ((uint64_t)(f->payload[at] << 8 | f->payload[at + 1]) == w->t->setting_id) {
      w->setting = get_u32(f->payload + at + 2);
    }
  }
  h2_frame(w, FRAME_SETTINGS, H2_FLAG_ACK, 0, NULL, 0);
}

// Gives the octets back, to the connection and to the stream.
static void give_back(wire *w, const frame *f) {
  bytes increment = {0};
  bytes_uint(&increment, f->len, 4);
  h2_frame(w, H2_WINDOW_UPDATE, 0, 0, increment.data, increment.len);
  if (!f->fin) {
    h2_frame(w, H2_WINDOW_UPDATE, 0, (uint32_t)f->stream, increment.data, increment.len);
  }
  bytes_clear(&increment);
}

static void note_ping(wire *w, const frame *f) {
  if ((f->flags & H2_FLAG_ACK) != 0) {
    w->num_ping_acks++;
  } else {
    h2_frame(w, H2_PING, H2_FLAG_ACK, 0, f->payload, f->len);
  }
}

static void note(wire *w, const frame *f) {
  wire_note(w, f);
  switch (f->type) {
  case FRAME_SETTINGS:
    note_settings(w, f);
    break;
  case H2_PING:
    note_ping(w, f);
    break;
  case FRAME_GOAWAY:
    w->num_goaways++;
    w->code = f->len >= 8 ? (long long)get_u32(f->payload + 4) : -1;
    break;
  case H2_RST_STREAM:
    wire_response(w, f->stream)->reset = f->len >= 4 ? (long long)get_u32(f->payload) : 0;
    break;
  case FRAME_HEADERS:
    note_headers(w, f);
    break;
  case FRAME_DATA:
    if (f->len > 0) {
      give_back(w, f);
    }
    break;
  default:
    break;
  }
}

static bool is_readable(wire *w, int timeout_ms) {
  struct h2 *h = w->h2;
  struct pollfd p = {.fd = h->fd, .events = POLLIN};
  return SSL_pending(h->ssl) > 0 || h->in.len > h->in_at || poll(&p, 1, timeout_ms) > 0;
}

static bool read_frame(wire *w, frame *out, int timeout_ms) {
  struct h2 *h = w->h2;
  if (h->overtook != 0) {
    *out = (frame){.type = FRAME_HEADERS, .stream = h->overtook};
    h->overtook = 0;
    return true;
  }
  if (h->in_at > 0) {
    memmove(h->in.data, h->in.data + h->in_at, h->in.len - h->in_at);
    h->in.len -= h->in_at;
    h->in_at = 0;
  }
  if (w->closed || !is_readable(w, timeout_ms) || !fill(w, 9)) {
    return false;
  }
  size_t len = (size_t)h->in.data[0] << 16 | (size_t)h->in.data[1] << 8 | h->in.data[2];
  if (!fill(w, 9 + len)) {
    return false;
  }
  const uint8_t *head = h->in.data;
  *out = (frame){.type = head[3],
                 .flags = head[4],
                 .stream = get_u32(head + 5) & 0x7fffffff,
                 .payload = h->in.data + 9,
                 .len = len};
  bool has_end = out->type == FRAME_HEADERS || out->type == FRAME_DATA;
  out->fin = has_end && (out->flags & H2_FLAG_END_STREAM) != 0;
  h->in_at = 9 + len;
  note(w, out);
  return true;
}

static bool round_trip(wire *w) {
  size_t want = w->num_ping_acks + 1;
  uint32_t overtook = 0;
  frame f;
  bool ok = h2_frame(w, H2_PING, 0, 0, "badpeer!", 8);
  while (ok && w->num_ping_acks < want) {
    ok = wire_read(w, &f);
    overtook = ok && f.type == FRAME_HEADERS ? (uint32_t)f.stream : overtook;
  }
  w->h2->overtook = overtook;
  return ok;
}

const transport h2_transport = {
    .name = "h2",
    .certificate_frame = H2_CERTIFICATE,
    .setting_id = H2_SETTING,
    .put_field = put_field,
    .control = control,
    .open = open_stream,
    .send = send_frame,
    .reset = reset,
    .goaway = goaway,
    .hold = hold,
    .read = read_frame,
    .round_trip = round_trip,
    .clear = clear,
};
