// Building messages into a codicil_buf. The first error sticks: check once, at the end.
#ifndef CODICIL_BASE_WRITER_H
#define CODICIL_BASE_WRITER_H

#include "codicil/codicil.h"

typedef struct codicil_writer {
  codicil_buf *buf;
  size_t start; // length of `buf` at the beginning, restored by a failed finish
  codicil_err err;
} codicil_writer;

codicil_writer codicil_writer_of(codicil_buf *buf);
void codicil_write_u8(codicil_writer *w, uint8_t value);
void codicil_write_u16(codicil_writer *w, uint16_t value);
void codicil_write_u24(codicil_writer *w, uint32_t value);
void codicil_write_u32(codicil_writer *w, uint32_t value);
void codicil_write_bytes(codicil_writer *w, codicil_span bytes);
// Opens a vector whose length of `len_len` (1–3) octets is filled in by close; returns the mark.
size_t codicil_write_open(codicil_writer *w, size_t len_len);
// Closes it. What is longer than the length can tell is CODICIL_BAD_INPUT.
void codicil_write_close(codicil_writer *w, size_t mark, size_t len_len);
// Returns the first error, after cutting `buf` back to where it was before the writer.
CODICIL_MUST_USE codicil_err codicil_writer_finish(codicil_writer *w);

#endif
