// Payloads in, whole authenticators out: see reassemble.h.
#include "reassemble.h"

#include "session_config.h"

void codicil_reassembly_init(codicil_reassembly *in, const codicil_mem *mem,
                             const codicil_config *config) {
  *in = (codicil_reassembly){0};
  codicil_buf_init(&in->octets, mem, codicil_limit_of(config, CODICIL_LIMIT_AUTHENTICATOR_LEN));
}

void codicil_reassembly_clear(codicil_reassembly *in) {
  codicil_buf_clear(&in->octets);
}

static bool passes_connection_limit(const codicil_reassembly *in, const codicil_config *config,
                                    uint64_t payload_len) {
  return in->num_kept >= codicil_limit_of(config, CODICIL_LIMIT_AUTHENTICATORS) ||
         in->kept_len + in->scan.total + payload_len >
             codicil_limit_of(config, CODICIL_LIMIT_AUTHENTICATORS_LEN);
}

codicil_err codicil_reassembly_begin(codicil_reassembly *in, const codicil_config *config,
                                     uint64_t payload_len) {
  // Empty payloads add nothing, but count: else they would be free for ever.
  if (in->num_frames >= codicil_limit_of(config, CODICIL_LIMIT_AUTHENTICATOR_FRAMES)) {
    return CODICIL_LIMIT;
  }
  size_t max_len = codicil_limit_of(config, CODICIL_LIMIT_AUTHENTICATOR_LEN);
  if (in->scan.total > max_len || payload_len > max_len - in->scan.total) {
    return CODICIL_LIMIT;
  }
  if (!in->is_full && passes_connection_limit(in, config, payload_len)) {
    in->is_full = true;
    codicil_buf_clear(&in->octets);
  }
  in->num_frames++;
  in->in_frame = true;
  in->frame_rest = payload_len;
  return CODICIL_OK;
}

codicil_err codicil_reassembly_data(codicil_reassembly *in, const codicil_config *config,
                                    codicil_span bytes) {
  if (bytes.len == 0) {
    return CODICIL_OK;
  }
  bool done = false;
  codicil_err err = codicil_ea_scan_feed(&in->scan, &done, bytes,
                                         codicil_limit_of(config, CODICIL_LIMIT_AUTHENTICATOR_LEN));
  if (err == CODICIL_OK && !in->is_full) {
    err = codicil_buf_append(&in->octets, bytes);
  }
  if (err != CODICIL_OK) {
    return err;
  }
  in->is_whole = done;
  in->frame_rest -= bytes.len;
  return CODICIL_OK;
}

void codicil_reassembly_next(codicil_reassembly *in, bool was_kept) {
  if (was_kept) {
    in->num_kept++;
    in->kept_len += in->scan.total;
  } else {
    in->num_skipped++;
  }
  // An idle connection holds no buffer.
  codicil_buf_clear(&in->octets);
  in->scan = (codicil_ea_scan){0};
  in->num_frames = 0;
  in->is_whole = false;
}

bool codicil_reassembly_is_partial(const codicil_reassembly *in) {
  return in->scan.total > 0 && !in->is_full;
}
