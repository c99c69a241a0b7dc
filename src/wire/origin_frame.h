// The payload of an ORIGIN frame (RFC 8336 §2.1, RFC 9412 §2.1): Origin-Len (16) and that many
// octets, repeated.
//
// What the octets say is not read here: an entry that is no origin is skipped by who reads it
// (RFC 8336 §2.2), and does not make the frame invalid.
#ifndef CODICIL_WIRE_ORIGIN_FRAME_H
#define CODICIL_WIRE_ORIGIN_FRAME_H

#include "reader.h"

enum { CODICIL_H2_FRAME_ORIGIN = 0x0c, CODICIL_H3_FRAME_ORIGIN = 0x0c };

// Tells whether `payload` is whole entries from its first octet to its last. *out_num (set on
// success) counts those that are not empty.
CODICIL_MUST_USE bool codicil_origin_frame_check(codicil_span payload, size_t *out_num);
// Takes the next entry that is not empty; false at the end.
CODICIL_MUST_USE bool codicil_origin_frame_next(codicil_reader *r, codicil_span *out_entry);
// Takes the next `max` of them; returns how many there were, less than `max` at the end.
size_t codicil_origin_frame_take(codicil_reader *r, codicil_span *out_entries, size_t max);

#endif
