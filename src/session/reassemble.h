// Finding whole authenticators in the payloads of SERVER_CERTIFICATE frames.
//
// A small scanner (ea.h) tells where an authenticator ends; limits are checked when a frame header
// or a handshake header announces the excess, before anything is copied. At the connection's limit
// authenticators are passed over: scanned, so that framing errors still show, but not kept.
#ifndef CODICIL_SESSION_REASSEMBLE_H
#define CODICIL_SESSION_REASSEMBLE_H

#include "codicil/session.h"

typedef struct codicil_reassembly {
  // The authenticator being received.
  codicil_buf octets;
  codicil_ea_scan scan;
  size_t num_frames;
  bool is_whole;
  // The frame being received.
  bool in_frame;
  bool is_ignored; // the feature is off for this frame
  uint64_t frame_rest;
  // The connection.
  bool is_full; // at the connection's limit: pass over what follows
  size_t num_kept;
  size_t kept_len;
  size_t num_skipped;
} codicil_reassembly;

void codicil_reassembly_init(codicil_reassembly *in, const codicil_mem *mem,
                             const codicil_config *config);
void codicil_reassembly_clear(codicil_reassembly *in);
// A frame header came. CODICIL_LIMIT: too many frames, or octets, for one authenticator.
CODICIL_MUST_USE codicil_err codicil_reassembly_begin(codicil_reassembly *in,
                                                      const codicil_config *config,
                                                      uint64_t payload_len);
// Octets of the payload came. CODICIL_MALFORMED, CODICIL_LIMIT, CODICIL_NOMEM.
CODICIL_MUST_USE codicil_err codicil_reassembly_data(codicil_reassembly *in,
                                                     const codicil_config *config,
                                                     codicil_span bytes);
// Forgets the authenticator, whole or not. `was_kept` says that it was verified.
void codicil_reassembly_next(codicil_reassembly *in, bool was_kept);
// Tells whether part of an authenticator is here.
bool codicil_reassembly_is_partial(const codicil_reassembly *in);

#endif
