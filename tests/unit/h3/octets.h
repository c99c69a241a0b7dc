// Octets of HTTP/3 made by hand: integers of any length, frames, whole streams.
#ifndef CODICIL_TESTS_H3_OCTETS_H
#define CODICIL_TESTS_H3_OCTETS_H

#include "codicil/codicil.h"

enum { FRAME_DATA = 0x00, FRAME_HEADERS = 0x01, FRAME_SETTINGS = 0x04, FRAME_GOAWAY = 0x07 };
enum { FRAME_ORIGIN = 0x0c, FRAME_MAX_PUSH_ID = 0x0d, FRAME_UNKNOWN = 0x21 };
enum { FRAME_PRIORITY_UPDATE = 0xf0700, FRAME_PRIORITY_UPDATE_PUSH = 0xf0701 };
#define FRAME_CERT UINT64_C(0x2ce5f4a3)
#define SETTING    UINT64_C(0x2ce5e771)

void put_octets(codicil_buf *buf, const void *octets, size_t len);
void put_varint(codicil_buf *buf, uint64_t value);
// With `len` octets (1, 2, 4, 8), however small the value is.
void put_varint_long(codicil_buf *buf, uint64_t value, size_t len);
void put_frame(codicil_buf *buf, uint64_t type, codicil_span payload);
// SETTINGS with one entry.
void put_settings(codicil_buf *buf, uint64_t id, uint64_t value);
// A frame with a payload of `len` octets, all alike.
void put_filled_frame(codicil_buf *buf, uint64_t type, size_t len);

#endif
