// Variable-length integers: see varint.h.
#include "varint.h"

// The two bits before a value, and how many more octets they announce.
typedef struct form {
  uint64_t max;
  uint8_t prefix;
  size_t len;
} form;

static const form forms[] = {
    {0x3f, 0x00, 1}, {0x3fff, 0x40, 2}, {0x3fffffff, 0x80, 4}, {CODICIL_VARINT_MAX, 0xc0, 8}};
enum { NUM_FORMS = sizeof forms / sizeof forms[0] };

bool codicil_read_varint(codicil_reader *r, uint64_t *out) {
  codicil_reader ahead = *r;
  uint8_t octet;
  if (!codicil_read_u8(&ahead, &octet)) {
    return false;
  }
  uint64_t value = octet & 0x3fU;
  for (size_t left = forms[octet >> 6].len - 1; left > 0; left--) {
    if (!codicil_read_u8(&ahead, &octet)) {
      return false;
    }
    value = value << 8 | octet;
  }
  *r = ahead;
  *out = value;
  return true;
}

void codicil_write_varint(codicil_writer *w, uint64_t value) {
  size_t i = 0;
  while (i < NUM_FORMS && value > forms[i].max) {
    i++;
  }
  if (i == NUM_FORMS) {
    w->err = w->err == CODICIL_OK ? CODICIL_BAD_INPUT : w->err;
    return;
  }
  for (size_t left = forms[i].len; left > 0; left--) {
    uint8_t octet = (uint8_t)(value >> (8 * (left - 1)));
    codicil_write_u8(w, left == forms[i].len ? octet | forms[i].prefix : octet);
  }
}
