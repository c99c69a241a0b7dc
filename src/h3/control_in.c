// The peer's control stream: see control_in.h.
#include "control_in.h"

#include <nghttp3/nghttp3.h>
#include <string.h>

#include "origin_frame.h"

enum {
  FRAME_GOAWAY = 0x07,
  FRAME_MAX_PUSH_ID = 0x0d,
  // For requests. That for pushes nghttp3 refuses by its header.
  FRAME_PRIORITY_UPDATE = 0xf0700,
  // Nobody has so many settings; of a frame that is longer nothing is read.
  MAX_SETTINGS_LEN = 16384
};

void codicil_h3_control_in_init(codicil_h3_control_in *in, const codicil_mem *mem,
                                const codicil_codepoints *codepoints, size_t max_origin_len,
                                bool is_server) {
  *in = (codicil_h3_control_in){.frame_type = codepoints->h3_frame,
                                .setting_id = codepoints->h3_setting,
                                .is_server = is_server};
  codicil_buf_init(&in->origin, mem, max_origin_len);
}

void codicil_h3_control_in_clear(codicil_h3_control_in *in) {
  codicil_buf_clear(&in->origin);
}

static codicil_h3_piece none(void) {
  return (codicil_h3_piece){.type = CODICIL_H3_PIECE_NONE};
}

static codicil_h3_piece piece_of(codicil_h3_piece_type type, codicil_span octets) {
  return (codicil_h3_piece){.type = type, .octets = octets};
}

static codicil_h3_piece fault(codicil_h3_control_in *in, codicil_err err, uint64_t code) {
  in->fault = (codicil_h3_fault){err, code};
  return (codicil_h3_piece){.type = CODICIL_H3_PIECE_FAULT, .fault = in->fault};
}

//= https://www.rfc-editor.org/rfc/rfc9114#section-7.1
//# A frame payload that contains additional bytes
//# after the identified fields or a frame payload that terminates before
//# the end of the identified fields MUST be treated as a connection
//# error of type H3_FRAME_ERROR.
static codicil_h3_piece frame_error(codicil_h3_control_in *in) {
  return fault(in, CODICIL_MALFORMED, NGHTTP3_H3_FRAME_ERROR);
}

// ---- SETTINGS -----------------------------------------------------------------------------------

//= https://www.rfc-editor.org/rfc/rfc9114#section-7.2.4
//# The same setting identifier MUST NOT occur more than once in the
//# SETTINGS frame.
//
// Of the others nghttp3 refuses what it wants to.
static codicil_h3_piece our_setting(codicil_h3_control_in *in) {
  if (in->has_setting) {
    return fault(in, CODICIL_SETTING, 0);
  }
  in->has_setting = true;
  return (codicil_h3_piece){.type = CODICIL_H3_PIECE_SETTING, .number = in->entry.second};
}

static codicil_h3_piece end_of_settings(codicil_h3_control_in *in) {
  in->kind = CODICIL_H3_KIND_OTHER;
  if (!in->entry.is_whole && in->entry.len != 0) {
    return frame_error(in);
  }
  return piece_of(CODICIL_H3_PIECE_SETTINGS_END, codicil_span_of(NULL, 0));
}

// Tells what is ours in a part of SETTINGS, then that they are over, and then passes the part on:
// nghttp3 calls the application at the last octet, who may then ask the session.
static codicil_h3_piece next_of_settings(codicil_h3_control_in *in) {
  while (codicil_h3_pair_take(&in->entry, &in->settings_r)) {
    if (in->entry.first == in->setting_id) {
      return our_setting(in);
    }
  }
  if (in->frames.rest == 0 && in->kind == CODICIL_H3_KIND_SETTINGS) {
    return end_of_settings(in);
  }
  in->in_settings = false;
  return piece_of(CODICIL_H3_PIECE_PASS, in->settings);
}

static codicil_h3_piece begin_settings_part(codicil_h3_control_in *in, codicil_span octets,
                                            codicil_span entries) {
  in->settings = octets;
  in->settings_r = codicil_reader_of(entries);
  in->in_settings = true;
  return next_of_settings(in);
}

// ---- frames -------------------------------------------------------------------------------------

static codicil_h3_frame_kind kind_of(const codicil_h3_control_in *in, uint64_t type, uint64_t len) {
  if (type == CODICIL_H3_FRAME_SETTINGS) {
    return CODICIL_H3_KIND_SETTINGS;
  }
  if (type == in->frame_type) {
    return CODICIL_H3_KIND_CERT;
  }
  if (type == CODICIL_H3_FRAME_ORIGIN) {
    return in->is_server ? CODICIL_H3_KIND_IGNORED : CODICIL_H3_KIND_ORIGIN;
  }
  if (type == FRAME_GOAWAY || type == FRAME_MAX_PUSH_ID) {
    return CODICIL_H3_KIND_ID;
  }
  // To a client it is an error, which nghttp3 finds in the header.
  if (in->is_server && type == FRAME_PRIORITY_UPDATE) {
    return len <= sizeof in->held ? CODICIL_H3_KIND_PRIORITY : CODICIL_H3_KIND_IGNORED;
  }
  return CODICIL_H3_KIND_OTHER;
}

// Which frame may come first, and which only there.
static bool order_is_right(codicil_h3_control_in *in, codicil_h3_piece *out_fault) {
  bool is_settings = in->kind == CODICIL_H3_KIND_SETTINGS;
  if (!in->has_settings && !is_settings) {
    //= https://www.rfc-editor.org/rfc/rfc9114#section-6.2.1
    //# If the first frame of the control stream
    //# is any other frame type, this MUST be treated as a connection error
    //# of type H3_MISSING_SETTINGS.
    *out_fault = fault(in, CODICIL_UNEXPECTED, NGHTTP3_H3_MISSING_SETTINGS);
    return false;
  }
  if (in->has_settings && is_settings) {
    //= https://www.rfc-editor.org/rfc/rfc9114#section-7.2.4
    //# If an endpoint receives a second SETTINGS
    //# frame on the control stream, the endpoint MUST respond with a
    //# connection error of type H3_FRAME_UNEXPECTED.
    *out_fault = fault(in, CODICIL_UNEXPECTED, NGHTTP3_H3_FRAME_UNEXPECTED);
    return false;
  }
  in->has_settings = true;
  return true;
}

static codicil_h3_piece begin_frame(codicil_h3_control_in *in) {
  codicil_span head = codicil_h3_pair_span(&in->frames.head);
  uint64_t len = in->frames.rest;
  codicil_h3_piece wrong;
  in->kind = kind_of(in, in->frames.head.first, len);
  if (!order_is_right(in, &wrong)) {
    return wrong;
  }
  switch (in->kind) {
  case CODICIL_H3_KIND_SETTINGS:
    if (len > MAX_SETTINGS_LEN) {
      return fault(in, CODICIL_LIMIT, 0);
    }
    // Empty ones end with their header.
    return len == 0 ? begin_settings_part(in, head, codicil_span_of(NULL, 0))
                    : piece_of(CODICIL_H3_PIECE_PASS, head);
  case CODICIL_H3_KIND_CERT:
    in->eaten += head.len;
    return (codicil_h3_piece){.type = CODICIL_H3_PIECE_CERT_BEGIN, .number = len};
  case CODICIL_H3_KIND_ORIGIN:
    in->eaten += head.len;
    return len > in->origin.max ? fault(in, CODICIL_LIMIT, 0) : none();
  case CODICIL_H3_KIND_IGNORED:
    in->eaten += head.len;
    return none();
  case CODICIL_H3_KIND_ID:
    if (len > CODICIL_VARINT_MAX_LEN) {
      return frame_error(in);
    }
    break;
  default:
    break;
  }
  in->held_len = 0;
  return piece_of(CODICIL_H3_PIECE_PASS, head);
}

static codicil_h3_piece take_payload(codicil_h3_control_in *in, codicil_span octets) {
  switch (in->kind) {
  case CODICIL_H3_KIND_SETTINGS:
    return begin_settings_part(in, octets, octets);
  case CODICIL_H3_KIND_CERT:
    in->eaten += octets.len;
    return piece_of(CODICIL_H3_PIECE_CERT_DATA, octets);
  case CODICIL_H3_KIND_ORIGIN: {
    in->eaten += octets.len;
    codicil_err err = codicil_buf_append(&in->origin, octets);
    return err == CODICIL_OK ? none() : fault(in, err, 0);
  }
  case CODICIL_H3_KIND_IGNORED:
    in->eaten += octets.len;
    return none();
  case CODICIL_H3_KIND_ID:
  case CODICIL_H3_KIND_PRIORITY:
    memcpy(in->held + in->held_len, octets.data, octets.len);
    in->held_len += octets.len;
    return none();
  default:
    return piece_of(CODICIL_H3_PIECE_PASS, octets);
  }
}

static bool is_one_integer(codicil_span payload) {
  codicil_reader r = codicil_reader_of(payload);
  uint64_t value;
  return codicil_read_varint(&r, &value) && codicil_reader_done(&r);
}

static codicil_h3_piece end_frame(codicil_h3_control_in *in) {
  codicil_span held = codicil_span_of(in->held, in->held_len);
  switch (in->kind) {
  case CODICIL_H3_KIND_CERT:
    return piece_of(CODICIL_H3_PIECE_CERT_END, codicil_span_of(NULL, 0));
  case CODICIL_H3_KIND_ORIGIN:
    return piece_of(CODICIL_H3_PIECE_ORIGIN, codicil_buf_span(&in->origin));
  case CODICIL_H3_KIND_ID:
    return is_one_integer(held) ? piece_of(CODICIL_H3_PIECE_PASS, held) : frame_error(in);
  case CODICIL_H3_KIND_PRIORITY:
    return piece_of(CODICIL_H3_PIECE_PASS, held);
  default:
    return none();
  }
}

codicil_h3_piece codicil_h3_control_in_next(codicil_h3_control_in *in, codicil_reader *r) {
  if (in->fault.err != CODICIL_OK) {
    return (codicil_h3_piece){.type = CODICIL_H3_PIECE_FAULT, .fault = in->fault};
  }
  if (in->in_settings) {
    return next_of_settings(in);
  }
  codicil_h3_piece piece = none();
  codicil_h3_part part;
  do {
    codicil_span payload;
    part = codicil_h3_frames_next(&in->frames, r, &payload);
    if (part == CODICIL_H3_PART_HEADER) {
      codicil_buf_reset(&in->origin); // the one before is read
      piece = begin_frame(in);
    } else if (part == CODICIL_H3_PART_PAYLOAD) {
      piece = take_payload(in, payload);
    } else if (part == CODICIL_H3_PART_END) {
      piece = end_frame(in);
    }
  } while (part != CODICIL_H3_PART_NONE && piece.type == CODICIL_H3_PIECE_NONE);
  return piece;
}
