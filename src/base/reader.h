// The one bounded reader: everything that comes from a peer is parsed through it.
//
// A parser is a chain of reads that looks like the structure it parses and ends in
// codicil_reader_done. A read that fails leaves the reader and the output as they were.
#ifndef CODICIL_BASE_READER_H
#define CODICIL_BASE_READER_H

#include "codicil/codicil.h"

typedef struct codicil_reader {
  codicil_span rest;
} codicil_reader;

static inline codicil_reader codicil_reader_of(codicil_span s) {
  codicil_reader r = {s};
  return r;
}
static inline bool codicil_reader_done(const codicil_reader *r) {
  return r->rest.len == 0;
}

// Big-endian integers.
CODICIL_MUST_USE bool codicil_read_u8(codicil_reader *r, uint8_t *out);
CODICIL_MUST_USE bool codicil_read_u16(codicil_reader *r, uint16_t *out);
CODICIL_MUST_USE bool codicil_read_u24(codicil_reader *r, uint32_t *out);
CODICIL_MUST_USE bool codicil_read_u32(codicil_reader *r, uint32_t *out);
CODICIL_MUST_USE bool codicil_read_u64(codicil_reader *r, uint64_t *out);
// `len` octets, borrowed from the input.
CODICIL_MUST_USE bool codicil_read_bytes(codicil_reader *r, codicil_span *out, size_t len);
// Vectors with a length of 1, 2 or 3 octets before them (RFC 8446 §3.4).
CODICIL_MUST_USE bool codicil_read_vec8(codicil_reader *r, codicil_span *out);
CODICIL_MUST_USE bool codicil_read_vec16(codicil_reader *r, codicil_span *out);
CODICIL_MUST_USE bool codicil_read_vec24(codicil_reader *r, codicil_span *out);

#endif
