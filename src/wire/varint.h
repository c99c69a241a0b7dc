// Variable-length integers of QUIC (RFC 9000 §16): the first two bits tell the length.
#ifndef CODICIL_WIRE_VARINT_H
#define CODICIL_WIRE_VARINT_H

#include "reader.h"
#include "writer.h"

enum { CODICIL_VARINT_MAX_LEN = 8 };
#define CODICIL_VARINT_MAX UINT64_C(0x3fffffffffffffff)

// Reads one, of any of its lengths: HTTP/3 does not ask for the shortest.
CODICIL_MUST_USE bool codicil_read_varint(codicil_reader *r, uint64_t *out);
// Appends `value` in the shortest form. CODICIL_BAD_INPUT beyond CODICIL_VARINT_MAX.
void codicil_write_varint(codicil_writer *w, uint64_t value);

#endif
