// The bounded reader: see reader.h.
#include "reader.h"

static bool read_be(codicil_reader *r, uint64_t *out, size_t len) {
  codicil_span bytes;
  if (!codicil_read_bytes(r, &bytes, len)) {
    return false;
  }
  uint64_t value = 0;
  for (size_t i = 0; i < len; i++) {
    value = value << 8 | bytes.data[i];
  }
  *out = value;
  return true;
}

bool codicil_read_bytes(codicil_reader *r, codicil_span *out, size_t len) {
  if (len > r->rest.len) {
    return false;
  }
  *out = codicil_span_of(r->rest.data, len);
  if (len != 0) {
    r->rest = codicil_span_of(r->rest.data + len, r->rest.len - len);
  }
  return true;
}

bool codicil_read_u8(codicil_reader *r, uint8_t *out) {
  uint64_t v;
  if (!read_be(r, &v, 1)) {
    return false;
  }
  *out = (uint8_t)v;
  return true;
}

bool codicil_read_u16(codicil_reader *r, uint16_t *out) {
  uint64_t v;
  if (!read_be(r, &v, 2)) {
    return false;
  }
  *out = (uint16_t)v;
  return true;
}

bool codicil_read_u24(codicil_reader *r, uint32_t *out) {
  uint64_t v;
  if (!read_be(r, &v, 3)) {
    return false;
  }
  *out = (uint32_t)v;
  return true;
}

bool codicil_read_u32(codicil_reader *r, uint32_t *out) {
  uint64_t v;
  if (!read_be(r, &v, 4)) {
    return false;
  }
  *out = (uint32_t)v;
  return true;
}

bool codicil_read_u64(codicil_reader *r, uint64_t *out) {
  return read_be(r, out, 8);
}

static bool read_vec(codicil_reader *r, codicil_span *out, size_t len_len) {
  codicil_reader ahead = *r;
  uint64_t len;
  if (!read_be(&ahead, &len, len_len) || !codicil_read_bytes(&ahead, out, (size_t)len)) {
    return false;
  }
  *r = ahead;
  return true;
}

bool codicil_read_vec8(codicil_reader *r, codicil_span *out) {
  return read_vec(r, out, 1);
}

bool codicil_read_vec16(codicil_reader *r, codicil_span *out) {
  return read_vec(r, out, 2);
}

bool codicil_read_vec24(codicil_reader *r, codicil_span *out) {
  return read_vec(r, out, 3);
}
