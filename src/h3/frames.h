// Follows the frames of an HTTP/3 stream (RFC 9114 §7.1) in octets that come in any pieces.
//
// A header is two variable-length integers, and so is an entry of SETTINGS: both are collected
// until they are whole. What a payload says is not looked at here.
#ifndef CODICIL_H3_FRAMES_H
#define CODICIL_H3_FRAMES_H

#include "varint.h"

// RFC 9114 §7.2. Of these the binding reads SETTINGS only.
enum {
  CODICIL_H3_FRAME_DATA = 0x00,
  CODICIL_H3_FRAME_HEADERS = 0x01,
  CODICIL_H3_FRAME_SETTINGS = 0x04
};

// Two integers, one behind the other: type and length, or identifier and value.
typedef struct codicil_h3_pair {
  uint8_t octets[2 * CODICIL_VARINT_MAX_LEN];
  size_t len;
  bool is_whole; // and is forgotten when the next one begins
  uint64_t first, second;
} codicil_h3_pair;

// Takes octets of `r` until the pair is whole; false where it is not yet.
CODICIL_MUST_USE bool codicil_h3_pair_take(codicil_h3_pair *pair, codicil_reader *r);
// Returns the octets of the pair; they live until its next change.
static inline codicil_span codicil_h3_pair_span(const codicil_h3_pair *pair) {
  return codicil_span_of(pair->octets, pair->len);
}

// The zero value is the begin of a stream of frames.
typedef struct codicil_h3_frames {
  codicil_h3_pair head; // type and length
  uint64_t rest;        // of the payload
  bool in_frame;
  uint64_t num_idle; // frames so far that are neither HEADERS nor DATA with content
} codicil_h3_frames;

typedef enum codicil_h3_part {
  CODICIL_H3_PART_NONE,    // all octets are taken
  CODICIL_H3_PART_HEADER,  // whole: see `head`
  CODICIL_H3_PART_PAYLOAD, // never empty
  CODICIL_H3_PART_END      // of the frame
} codicil_h3_part;

// Takes the next part of a frame from `r`. *out_payload is set for a payload, and is part of `r`.
codicil_h3_part codicil_h3_frames_next(codicil_h3_frames *frames, codicil_reader *r,
                                       codicil_span *out_payload);
// Tells whether the octets so far end where a frame ends.
bool codicil_h3_frames_at_boundary(const codicil_h3_frames *frames);

#endif
