// QPACK (RFC 9204) without a dynamic table: literals out; static table, literals and Huffman in.
#ifndef BADPEER_QPACK_H
#define BADPEER_QPACK_H

#include <stdbool.h>

#include "bytes.h"

// Appends a literal field line with a literal name; the first one of a block begins it.
void qpack_put(bytes *block, const char *name, const char *value, size_t value_len);
// Appends an integer with a prefix of `bits`, the other bits of the first octet being `first`.
void qpack_put_int(bytes *out, uint8_t first, unsigned bits, uint64_t value);

// Calls `field` for each field line of a block; false where the block is none.
bool qpack_read(const uint8_t *data, size_t len,
                void (*field)(void *ctx, const bytes *name, const bytes *value), void *ctx);

#endif
