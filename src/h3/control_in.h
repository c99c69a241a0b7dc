// The peer's control stream, behind its type: what is ours is kept, the rest is nghttp3's.
//
// A function over octets: it calls neither the session nor nghttp3, but says piece by piece who is
// to get what. The header of a frame is held back until it is whole, so that nghttp3 never sees
// half of one that it must not see; of SETTINGS it says what is ours before it passes them on.
#ifndef CODICIL_H3_CONTROL_IN_H
#define CODICIL_H3_CONTROL_IN_H

#include "codicil/codicil.h"
#include "frames.h"

// What ends the connection, and with what code of HTTP/3 (RFC 9114 §8.1).
typedef struct codicil_h3_fault {
  codicil_err err;
  uint64_t code; // 0: that of `err`
} codicil_h3_fault;

typedef enum codicil_h3_piece_type {
  CODICIL_H3_PIECE_NONE,         // all octets are taken
  CODICIL_H3_PIECE_PASS,         // `octets` are nghttp3's
  CODICIL_H3_PIECE_SETTING,      // ours, with `number` as value
  CODICIL_H3_PIECE_SETTINGS_END, // the last of SETTINGS is passed next
  CODICIL_H3_PIECE_CERT_BEGIN,   // SERVER_CERTIFICATE, of `number` octets
  CODICIL_H3_PIECE_CERT_DATA,
  CODICIL_H3_PIECE_CERT_END,
  CODICIL_H3_PIECE_ORIGIN, // a payload, whole
  CODICIL_H3_PIECE_FAULT   // for good
} codicil_h3_piece_type;

// `octets` live until the next call.
typedef struct codicil_h3_piece {
  codicil_h3_piece_type type;
  codicil_span octets;
  uint64_t number;
  codicil_h3_fault fault;
} codicil_h3_piece;

typedef enum codicil_h3_frame_kind {
  CODICIL_H3_KIND_OTHER,
  CODICIL_H3_KIND_SETTINGS,
  CODICIL_H3_KIND_CERT,
  CODICIL_H3_KIND_ORIGIN,
  CODICIL_H3_KIND_IGNORED,
  CODICIL_H3_KIND_ID,      // GOAWAY and MAX_PUSH_ID
  CODICIL_H3_KIND_PRIORITY // PRIORITY_UPDATE
} codicil_h3_frame_kind;

// Payloads that are passed to nghttp3 in one piece. Of GOAWAY and MAX_PUSH_ID it reads an integer
// and takes what follows for the next frame: from there on its frames would not be ours. And
// before 1.10 it aborts where a piece of PRIORITY_UPDATE (RFC 9218 §7.2) ends behind the identifier
// in it; one that is longer than this it would not heed, and does not get.
enum { CODICIL_H3_MAX_HELD = 64 };

typedef struct codicil_h3_control_in {
  uint64_t frame_type; // SERVER_CERTIFICATE
  uint64_t setting_id;
  bool is_server; // we are, and ignore ORIGIN
  codicil_h3_frames frames;
  codicil_h3_frame_kind kind; // of the frame being read
  bool has_settings;          // they have begun
  bool has_setting;           // ours was among them
  codicil_h3_pair entry;      // of SETTINGS
  codicil_span settings;      // payload to be passed on, once its entries are told
  codicil_reader settings_r;  // what of it is to be read
  bool in_settings;           // `settings` are being told
  codicil_buf origin;         // payload of the ORIGIN frame being read; cleared by who has read it
  uint8_t held[CODICIL_H3_MAX_HELD]; // payload to be passed in one piece
  size_t held_len;
  uint64_t eaten; // octets that nghttp3 will not see, for flow control
  codicil_h3_fault fault;
} codicil_h3_control_in;

// The zero state is safe to clear. At most `max_origin_len` octets of an ORIGIN frame are held.
void codicil_h3_control_in_init(codicil_h3_control_in *in, const codicil_mem *mem,
                                const codicil_codepoints *codepoints, size_t max_origin_len,
                                bool is_server);
void codicil_h3_control_in_clear(codicil_h3_control_in *in);
// Takes octets of `r` up to the next piece.
codicil_h3_piece codicil_h3_control_in_next(codicil_h3_control_in *in, codicil_reader *r);

#endif
