// Octets of HTTP/3 made by hand: see octets.h.
#include "octets.h"

#include <stdlib.h>

#include "varint.h"

static void must(bool ok) {
  if (!ok) {
    abort();
  }
}

void put_octets(codicil_buf *buf, const void *octets, size_t len) {
  must(codicil_buf_append(buf, codicil_span_of(octets, len)) == CODICIL_OK);
}

void put_varint(codicil_buf *buf, uint64_t value) {
  codicil_writer w = codicil_writer_of(buf);
  codicil_write_varint(&w, value);
  must(codicil_writer_finish(&w) == CODICIL_OK);
}

void put_varint_long(codicil_buf *buf, uint64_t value, size_t len) {
  static const uint8_t prefixes[] = {[1] = 0x00, [2] = 0x40, [4] = 0x80, [8] = 0xc0};
  for (size_t i = 0; i < len; i++) {
    uint8_t octet = (uint8_t)(value >> (8 * (len - 1 - i)));
    octet |= i == 0 ? prefixes[len] : 0;
    put_octets(buf, &octet, 1);
  }
}

void put_frame(codicil_buf *buf, uint64_t type, codicil_span payload) {
  put_varint(buf, type);
  put_varint(buf, payload.len);
  put_octets(buf, payload.data, payload.len);
}

void put_settings(codicil_buf *buf, uint64_t id, uint64_t value) {
  codicil_buf payload;
  codicil_buf_init(&payload, NULL, 16);
  put_varint(&payload, id);
  put_varint(&payload, value);
  put_frame(buf, FRAME_SETTINGS, codicil_buf_span(&payload));
  codicil_buf_clear(&payload);
}

void put_filled_frame(codicil_buf *buf, uint64_t type, size_t len) {
  put_varint(buf, type);
  put_varint(buf, len);
  for (size_t i = 0; i < len; i++) {
    put_octets(buf, "x", 1);
  }
}
