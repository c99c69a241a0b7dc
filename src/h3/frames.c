// Frames of a stream: see frames.h.
#include "frames.h"

#include <string.h>

static bool take_whole(codicil_h3_pair *pair, codicil_reader *r) {
  codicil_reader whole = *r;
  if (!codicil_read_varint(&whole, &pair->first) || !codicil_read_varint(&whole, &pair->second)) {
    return false;
  }
  pair->len = r->rest.len - whole.rest.len;
  memcpy(pair->octets, r->rest.data, pair->len);
  *r = whole;
  pair->is_whole = true;
  return true;
}

bool codicil_h3_pair_take(codicil_h3_pair *pair, codicil_reader *r) {
  if (pair->is_whole) {
    *pair = (codicil_h3_pair){.len = 0};
  }
  if (pair->len == 0 && take_whole(pair, r)) {
    return true; // as nearly always
  }
  // Never beyond `octets`: two integers are whole by then.
  while (!pair->is_whole && codicil_read_u8(r, &pair->octets[pair->len])) {
    pair->len++;
    codicil_reader whole = codicil_reader_of(codicil_h3_pair_span(pair));
    pair->is_whole =
        codicil_read_varint(&whole, &pair->first) && codicil_read_varint(&whole, &pair->second);
  }
  return pair->is_whole;
}

static bool is_idle(const codicil_h3_pair *head) {
  return head->first == CODICIL_H3_FRAME_DATA ? head->second == 0
                                              : head->first != CODICIL_H3_FRAME_HEADERS;
}

codicil_h3_part codicil_h3_frames_next(codicil_h3_frames *frames, codicil_reader *r,
                                       codicil_span *out_payload) {
  if (!frames->in_frame) {
    if (!codicil_h3_pair_take(&frames->head, r)) {
      return CODICIL_H3_PART_NONE;
    }
    frames->in_frame = true;
    frames->rest = frames->head.second;
    frames->num_idle += is_idle(&frames->head) ? 1 : 0;
    return CODICIL_H3_PART_HEADER;
  }
  if (frames->rest == 0) {
    frames->in_frame = false;
    return CODICIL_H3_PART_END;
  }
  size_t len = r->rest.len < frames->rest ? r->rest.len : (size_t)frames->rest;
  if (len == 0 || !codicil_read_bytes(r, out_payload, len)) {
    return CODICIL_H3_PART_NONE;
  }
  frames->rest -= len;
  return CODICIL_H3_PART_PAYLOAD;
}

bool codicil_h3_frames_at_boundary(const codicil_h3_frames *frames) {
  return !frames->in_frame && (frames->head.is_whole || frames->head.len == 0);
}
