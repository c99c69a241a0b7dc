// Building messages: see writer.h.
#include "writer.h"

codicil_writer codicil_writer_of(codicil_buf *buf) {
  codicil_writer w = {buf, buf->len, CODICIL_OK};
  return w;
}

void codicil_write_bytes(codicil_writer *w, codicil_span bytes) {
  if (w->err == CODICIL_OK) {
    w->err = codicil_buf_append(w->buf, bytes);
  }
}

static void put_be(uint8_t *out, uint64_t value, size_t len) {
  for (size_t i = len; i-- > 0; value >>= 8) {
    out[i] = (uint8_t)value;
  }
}

static void write_be(codicil_writer *w, uint64_t value, size_t len) {
  uint8_t octets[8];
  put_be(octets, value, len);
  codicil_write_bytes(w, codicil_span_of(octets, len));
}

void codicil_write_u8(codicil_writer *w, uint8_t value) {
  write_be(w, value, 1);
}

void codicil_write_u16(codicil_writer *w, uint16_t value) {
  write_be(w, value, 2);
}

void codicil_write_u24(codicil_writer *w, uint32_t value) {
  write_be(w, value, 3);
}

void codicil_write_u32(codicil_writer *w, uint32_t value) {
  write_be(w, value, 4);
}

size_t codicil_write_open(codicil_writer *w, size_t len_len) {
  size_t mark = w->buf->len;
  write_be(w, 0, len_len);
  return mark;
}

void codicil_write_close(codicil_writer *w, size_t mark, size_t len_len) {
  if (w->err != CODICIL_OK) {
    return;
  }
  size_t len = w->buf->len - mark - len_len;
  if (len >> (8 * len_len) != 0) {
    w->err = CODICIL_BAD_INPUT;
    return;
  }
  put_be(w->buf->data + mark, len, len_len);
}

codicil_err codicil_writer_finish(codicil_writer *w) {
  if (w->err != CODICIL_OK) {
    w->buf->len = w->start;
  }
  return w->err;
}
