// Our control stream: what nghttp3 writes on it, our setting among its settings, and our frames
// between its frames.
//
// Functions over octets. They are held in chunks that never move, and that are freed when the peer
// has acknowledged them: QUIC may have to send them again. nghttp3 is told at once that its octets
// were sent and acknowledged, so it never waits for the control stream.
#ifndef CODICIL_H3_CONTROL_OUT_H
#define CODICIL_H3_CONTROL_OUT_H

#include <nghttp3/nghttp3.h>

#include "codicil/codicil.h"
#include "frames.h"

typedef struct codicil_h3_chunk codicil_h3_chunk;

typedef struct codicil_h3_control_out {
  const codicil_mem *mem;
  uint64_t setting_id;
  bool has_setting;         // ours is to be added
  bool has_type;            // of the stream; has passed
  codicil_h3_frames frames; // of nghttp3
  uint64_t settings_end;    // offset in the stream; 0 before SETTINGS
  bool is_blocked;
  codicil_h3_chunk *first, *last;
  // Offsets in the stream: of `first`, and what has been acknowledged, sent and put.
  uint64_t begin, acked, sent, end;
} codicil_h3_control_out;

// `setting_id` is added to SETTINGS with value 1 where `has_setting`.
void codicil_h3_control_out_init(codicil_h3_control_out *out, const codicil_mem *mem,
                                 uint64_t setting_id, bool has_setting);
void codicil_h3_control_out_clear(codicil_h3_control_out *out);

// Takes what nghttp3 wrote, in any pieces. CODICIL_NOMEM; CODICIL_BAD_INPUT where it is no control
// stream. After an error nothing may be sent.
CODICIL_MUST_USE codicil_err codicil_h3_control_out_take(codicil_h3_control_out *out,
                                                         codicil_span octets);
// Tells whether a frame may be put now: SETTINGS have been, no frame of nghttp3 is open, and not
// too much waits to be sent.
bool codicil_h3_control_out_has_room(const codicil_h3_control_out *out);
// Puts a frame of ours. Errors as above.
CODICIL_MUST_USE codicil_err codicil_h3_control_out_put_frame(codicil_h3_control_out *out,
                                                              uint64_t type, codicil_span payload);

// Fills `vec` with what is to be sent next; returns how many of `num`. 0 while the stream is
// blocked.
size_t codicil_h3_control_out_writev(const codicil_h3_control_out *out, nghttp3_vec *vec,
                                     size_t num);
// QUIC took the next `len` octets; the peer acknowledged them. False: there are not so many.
CODICIL_MUST_USE bool codicil_h3_control_out_sent(codicil_h3_control_out *out, uint64_t len);
CODICIL_MUST_USE bool codicil_h3_control_out_acked(codicil_h3_control_out *out, uint64_t len);
// Tells whether SETTINGS are acknowledged whole.
bool codicil_h3_control_out_settings_acked(const codicil_h3_control_out *out);

#endif
