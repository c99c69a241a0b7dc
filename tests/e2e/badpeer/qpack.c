// QPACK without a dynamic table: see qpack.h.
#include "qpack.h"

#include <nghttp2/nghttp2.h>
#include <string.h>

// RFC 9204 Appendix A.
static const struct {
  const char *name, *value;
} static_table[] = {
    {":authority", ""},
    {":path", "/"},
    {"age", "0"},
    {"content-disposition", ""},
    {"content-length", "0"},
    {"cookie", ""},
    {"date", ""},
    {"etag", ""},
    {"if-modified-since", ""},
    {"if-none-match", ""},
    {"last-modified", ""},
    {"link", ""},
    {"location", ""},
    {"referer", ""},
    {"set-cookie", ""},
    {":method", "CONNECT"},
    {":method", "DELETE"},
    {":method", "GET"},
    {":method", "HEAD"},
    {":method", "OPTIONS"},
    {":method", "POST"},
    {":method", "PUT"},
    {":scheme", "http"},
    {":scheme", "https"},
    {":status", "103"},
    {":status", "200"},
    {":status", "304"},
    {":status", "404"},
    {":status", "503"},
    {"accept", "*/*"},
    {"accept", "application/dns-message"},
    {"accept-encoding", "gzip, deflate, br"},
    {"accept-ranges", "bytes"},
    {"access-control-allow-headers", "cache-control"},
    {"access-control-allow-headers", "content-type"},
    {"access-control-allow-origin", "*"},
    {"cache-control", "max-age=0"},
    {"cache-control", "max-age=2592000"},
    {"cache-control", "max-age=604800"},
    {"cache-control", "no-cache"},
    {"cache-control", "no-store"},
    {"cache-control", "public, max-age=31536000"},
    {"content-encoding", "br"},
    {"content-encoding", "gzip"},
    {"content-type", "application/dns-message"},
    {"content-type", "application/javascript"},
    {"content-type", "application/json"},
    {"content-type", "application/x-www-form-urlencoded"},
    {"content-type", "image/gif"},
    {"content-type", "image/jpeg"},
    {"content-type", "image/png"},
    {"content-type", "text/css"},
    {"content-type", "text/html; charset=utf-8"},
    {"content-type", "text/plain"},
    {"content-type", "text/plain;charset=utf-8"},
    {"range", "bytes=0-"},
    {"strict-transport-security", "max-age=31536000"},
    {"strict-transport-security", "max-age=31536000; includesubdomains"},
    {"strict-transport-security", "max-age=31536000; includesubdomains; preload"},
    {"vary", "accept-encoding"},
    {"vary", "origin"},
    {"x-content-type-options", "nosniff"},
    {"x-xss-protection", "1; mode=block"},
    {":status", "100"},
    {":status", "204"},
    {":status", "206"},
    {":status", "302"},
    {":status", "400"},
    {":status", "403"},
    {":status", "421"},
    {":status", "425"},
    {":status", "500"},
    {"accept-language", ""},
    {"access-control-allow-credentials", "FALSE"},
    {"access-control-allow-credentials", "TRUE"},
    {"access-control-allow-headers", "*"},
    {"access-control-allow-methods", "get"},
    {"access-control-allow-methods", "get, post, options"},
    {"access-control-allow-methods", "options"},
    {"access-control-expose-headers", "content-length"},
    {"access-control-request-headers", "content-type"},
    {"access-control-request-method", "get"},
    {"access-control-request-method", "post"},
    {"alt-svc", "clear"},
    {"authorization", ""},
    {"content-security-policy", "script-src 'none'; object-src 'none'; base-uri 'none'"},
    {"early-data", "1"},
    {"expect-ct", ""},
    {"forwarded", ""},
    {"if-range", ""},
    {"origin", ""},
    {"purpose", "prefetch"},
    {"server", ""},
    {"timing-allow-origin", "*"},
    {"upgrade-insecure-requests", "1"},
    {"user-agent", ""},
    {"x-forwarded-for", ""},
    {"x-frame-options", "deny"},
    {"x-frame-options", "sameorigin"},
};

// ---- out ----------------------------------------------------------------------------------------

void qpack_put_int(bytes *out, uint8_t first, unsigned bits, uint64_t value) {
  uint64_t max = (UINT64_C(1) << bits) - 1;
  if (value < max) {
    bytes_uint(out, first | value, 1);
    return;
  }
  bytes_uint(out, first | max, 1);
  for (value -= max; value >= 128; value >>= 7) {
    bytes_uint(out, (value & 127) | 128, 1);
  }
  bytes_uint(out, value, 1);
}

void qpack_put(bytes *block, const char *name, const char *value, size_t value_len) {
  if (block->len == 0) {
    bytes_put(block, "\0\0", 2); // Required Insert Count 0, Base 0
  }
  qpack_put_int(block, 0x20, 3, strlen(name));
  bytes_put(block, name, strlen(name));
  qpack_put_int(block, 0, 7, value_len);
  bytes_put(block, value, value_len);
}

// ---- in -----------------------------------------------------------------------------------------

typedef struct input {
  const uint8_t *at, *end;
} input;

static bool get_int(input *in, unsigned bits, uint64_t *out) {
  if (in->at == in->end) {
    return false;
  }
  uint64_t max = (UINT64_C(1) << bits) - 1;
  *out = *in->at++ & max;
  if (*out < max) {
    return true;
  }
  for (unsigned shift = 0; in->at < in->end && shift < 56; shift += 7) {
    uint8_t octet = *in->at++;
    *out += (uint64_t)(octet & 127) << shift;
    if ((octet & 128) == 0) {
      return true;
    }
  }
  return false;
}

// HPACK's Huffman code is QPACK's (RFC 9204 §4.1.2): nghttp2 reads it as the value of a field.
static bool get_huffman(bytes *out, const uint8_t *data, size_t len) {
  bytes block = {0};
  bytes_put(&block, "\0\1x", 3);
  qpack_put_int(&block, 0x80, 7, len);
  bytes_put(&block, data, len);
  nghttp2_hd_inflater *inflater;
  nghttp2_nv nv;
  int flags = 0;
  if (nghttp2_hd_inflate_new(&inflater) != 0) {
    die("nghttp2_hd_inflate_new");
  }
  ssize_t n = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, block.data, block.len, 1);
  bool ok = n > 0 && (flags & NGHTTP2_HD_INFLATE_EMIT) != 0;
  if (ok) {
    bytes_put(out, nv.value, nv.valuelen);
  }
  nghttp2_hd_inflate_del(inflater);
  bytes_clear(&block);
  return ok;
}

static bool get_string(input *in, unsigned bits, bytes *out) {
  if (in->at == in->end) {
    return false;
  }
  bool is_huffman = (*in->at >> bits & 1) != 0;
  uint64_t len;
  if (!get_int(in, bits, &len) || len > (uint64_t)(in->end - in->at)) {
    return false;
  }
  const uint8_t *data = in->at;
  in->at += len;
  if (is_huffman) {
    return get_huffman(out, data, (size_t)len);
  }
  bytes_put(out, data, (size_t)len);
  return true;
}

// RFC 9204 §4.5; what names a dynamic entry is refused.
static bool get_line(input *in, bytes *name, bytes *value) {
  uint8_t first = *in->at;
  uint64_t index;
  if ((first & 0xe0) == 0x20) {
    return get_string(in, 3, name) && get_string(in, 7, value);
  }
  bool is_indexed = (first & 0xc0) == 0xc0;
  if ((!is_indexed && (first & 0xd0) != 0x50) || !get_int(in, is_indexed ? 6 : 4, &index) ||
      index >= sizeof static_table / sizeof *static_table) {
    return false;
  }
  bytes_put(name, static_table[index].name, strlen(static_table[index].name));
  if (is_indexed) {
    bytes_put(value, static_table[index].value, strlen(static_table[index].value));
    return true;
  }
  return get_string(in, 7, value);
}

bool qpack_read(const uint8_t *data, size_t len,
                void (*field)(void *ctx, const bytes *name, const bytes *value), void *ctx) {
  input in = {data, data + len};
  uint64_t insert_count, base;
  bool ok = get_int(&in, 8, &insert_count) && insert_count == 0 && get_int(&in, 7, &base);
  while (ok && in.at < in.end) {
    bytes name = {0}, value = {0};
    ok = get_line(&in, &name, &value);
    if (ok) {
      field(ctx, &name, &value);
    }
    bytes_clear(&name);
    bytes_clear(&value);
  }
  return ok;
}
