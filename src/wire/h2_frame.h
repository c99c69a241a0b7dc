// The HTTP/2 frame header (RFC 9113 §4.1): nine octets before every payload.
#ifndef CODICIL_WIRE_H2_FRAME_H
#define CODICIL_WIRE_H2_FRAME_H

#include "reader.h"
#include "writer.h"

enum { CODICIL_H2_FRAME_HEADER_LEN = 9 };

typedef struct codicil_h2_frame_header {
  uint32_t payload_len; // 24 bits
  uint8_t type;
  uint8_t flags;
  uint32_t stream_id; // 31 bits: the reserved one is dropped
} codicil_h2_frame_header;

CODICIL_MUST_USE bool codicil_h2_frame_header_read(codicil_reader *r, codicil_h2_frame_header *out);
void codicil_h2_frame_header_write(codicil_writer *w, const codicil_h2_frame_header *header);

#endif
