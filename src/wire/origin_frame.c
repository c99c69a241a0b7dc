// The payload of an ORIGIN frame: see origin_frame.h.
#include "origin_frame.h"

bool codicil_origin_frame_next(codicil_reader *r, codicil_span *out_entry) {
  codicil_span entry;
  while (codicil_read_vec16(r, &entry)) {
    // ASCII-Origin is optional; an empty one is no serialisation of anything.
    if (entry.len != 0) {
      *out_entry = entry;
      return true;
    }
  }
  return false;
}

size_t codicil_origin_frame_take(codicil_reader *r, codicil_span *out_entries, size_t max) {
  size_t num = 0;
  while (num < max && codicil_origin_frame_next(r, &out_entries[num])) {
    num++;
  }
  return num;
}

bool codicil_origin_frame_check(codicil_span payload, size_t *out_num) {
  codicil_reader r = codicil_reader_of(payload);
  codicil_span entry;
  size_t num = 0;
  while (codicil_origin_frame_next(&r, &entry)) {
    num++;
  }
  if (!codicil_reader_done(&r)) {
    return false;
  }
  *out_num = num;
  return true;
}
