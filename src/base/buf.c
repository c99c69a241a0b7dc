// Owned octets with a hard maximum: see codicil/codicil.h.
#include <string.h>

#include "mem.h"

void codicil_buf_init(codicil_buf *buf, const codicil_mem *mem, size_t max) {
  *buf = (codicil_buf){.max = max, .mem = mem};
}

void codicil_buf_clear(codicil_buf *buf) {
  if (buf->data != NULL) {
    codicil_mem_free(buf->mem, buf->data);
  }
  codicil_buf_init(buf, buf->mem, buf->max);
}

void codicil_buf_reset(codicil_buf *buf) {
  buf->len = 0;
}

codicil_err codicil_buf_reserve(codicil_buf *buf, size_t len) {
  if (len > buf->max - buf->len) {
    return CODICIL_LIMIT;
  }
  void *data = buf->data;
  codicil_err err = codicil_mem_grow(buf->mem, &data, &buf->cap, buf->len + len, buf->max, 1);
  buf->data = data;
  return err;
}

codicil_err codicil_buf_append(codicil_buf *buf, codicil_span bytes) {
  if (bytes.len == 0) {
    return CODICIL_OK;
  }
  codicil_err err = codicil_buf_reserve(buf, bytes.len);
  if (err != CODICIL_OK) {
    return err;
  }
  memcpy(buf->data + buf->len, bytes.data, bytes.len);
  buf->len += bytes.len;
  return CODICIL_OK;
}
