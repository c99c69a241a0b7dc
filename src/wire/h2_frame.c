// The HTTP/2 frame header: see h2_frame.h.
#include "h2_frame.h"

static const uint32_t stream_id_mask = 0x7fffffff;

bool codicil_h2_frame_header_read(codicil_reader *r, codicil_h2_frame_header *out) {
  codicil_reader ahead = *r;
  codicil_h2_frame_header header;
  if (!codicil_read_u24(&ahead, &header.payload_len) || !codicil_read_u8(&ahead, &header.type) ||
      !codicil_read_u8(&ahead, &header.flags) || !codicil_read_u32(&ahead, &header.stream_id)) {
    return false;
  }
  //= https://www.rfc-editor.org/rfc/rfc9113#section-4.1
  //# The semantics of this bit are undefined, and the bit MUST remain unset (0x00) when sending and
  //# MUST be ignored when receiving.
  header.stream_id &= stream_id_mask;
  *r = ahead;
  *out = header;
  return true;
}

void codicil_h2_frame_header_write(codicil_writer *w, const codicil_h2_frame_header *header) {
  codicil_write_u24(w, header->payload_len);
  codicil_write_u8(w, header->type);
  codicil_write_u8(w, header->flags);
  codicil_write_u32(w, header->stream_id & stream_id_mask);
}
