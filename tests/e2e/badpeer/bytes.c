// Growing octets: see bytes.h.
#include "bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *message) {
  fprintf(stderr, "badpeer: %s: %s\n", message, strerror(errno));
  exit(2);
}

void bytes_clear(bytes *b) {
  free(b->data);
  *b = (bytes){0};
}

static void reserve(bytes *b, size_t len) {
  if (b->len + len <= b->cap) {
    return;
  }
  size_t cap = (b->len + len) * 2;
  uint8_t *data = realloc(b->data, cap);
  if (data == NULL) {
    die("realloc");
  }
  b->data = data;
  b->cap = cap;
}

void bytes_put(bytes *b, const void *data, size_t len) {
  if (len > 0) {
    reserve(b, len);
    memcpy(b->data + b->len, data, len);
    b->len += len;
  }
}

void bytes_uint(bytes *b, uint64_t value, size_t width) {
  uint8_t octets[8];
  for (size_t i = 0; i < width; i++) {
    octets[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
  }
  bytes_put(b, octets, width);
}

void bytes_fill(bytes *b, uint8_t octet, size_t len) {
  reserve(b, len);
  memset(b->data + b->len, octet, len);
  b->len += len;
}

size_t bytes_begin(bytes *b, size_t width) {
  bytes_uint(b, 0, width);
  return b->len;
}

void bytes_end(bytes *b, size_t mark, size_t width) {
  size_t len = b->len - mark;
  for (size_t i = 0; i < width; i++) {
    b->data[mark - width + i] = (uint8_t)(len >> (8 * (width - 1 - i)));
  }
}
