// nghttp2 and the session: frames and settings in, frames out.
//
// Both frames are user extensions of nghttp2, which hands over the header, the payload in pieces
// and the end, and checks neither stream nor flags. SERVER_CERTIFICATE goes to the session piece by
// piece; ORIGIN is collected, for its entries are judged whole. Out goes a copy of each payload,
// queued at once, so that all frames of an authenticator are ahead of a response submitted later.
#include "codicil/h2.h"

#include <string.h>

#include "mem.h"
#include "origin_frame.h"
#include "span.h"

enum {
  STREAM_OF_CONNECTION = 0,
  // nghttp2 packs no more into an extension frame, and no peer's SETTINGS_MAX_FRAME_SIZE is smaller
  // (RFC 9113 §6.5.2).
  PAYLOAD_MAX = 16384,
  // RFC 8336 §2.2: "The first four flags (0x1, 0x2, 0x4, and 0x8) are reserved for
  // backwards-incompatible changes".
  ORIGIN_FLAGS_RESERVED = 0x0f,
  ORIGIN_BATCH = 64
};

// A payload submitted to nghttp2 and not packed yet.
typedef struct outgoing {
  struct outgoing *next;
  size_t len;
  uint8_t octets[];
} outgoing;

struct codicil_h2 {
  const codicil_mem *mem;
  codicil_session *session;
  uint8_t frame_type;
  int32_t setting_id;
  codicil_codepoints codepoints;
  codicil_now (*now)(void *ctx);
  void *now_ctx;
  codicil_buf origin; // payload of the ORIGIN frame being received
  bool ignores_origin;
  outgoing *first, **end;
  codicil_err err;
  bool is_ended; // GOAWAY is queued
};

codicil_err codicil_h2_new(codicil_h2 **out, const codicil_mem *mem, codicil_session *session,
                           const codicil_codepoints *codepoints, codicil_now (*now)(void *ctx),
                           void *ctx) {
  codicil_h2 *h2 = codicil_mem_zalloc(mem, sizeof *h2);
  if (h2 == NULL) {
    return CODICIL_NOMEM;
  }
  const codicil_config *config = codicil_session_config(session);
  h2->mem = mem;
  h2->session = session;
  h2->codepoints = codepoints != NULL ? *codepoints : *codicil_config_codepoints(config);
  h2->frame_type = (uint8_t)h2->codepoints.h2_frame;
  h2->setting_id = (int32_t)h2->codepoints.h2_setting;
  h2->now = now;
  h2->now_ctx = ctx;
  codicil_buf_init(&h2->origin, mem, codicil_config_limit(config, CODICIL_LIMIT_ORIGINS_LEN));
  h2->end = &h2->first;
  *out = h2;
  return CODICIL_OK;
}

void codicil_h2_free(codicil_h2 *h2) {
  if (h2 == NULL) {
    return;
  }
  while (h2->first != NULL) {
    outgoing *next = h2->first->next;
    codicil_mem_free(h2->mem, h2->first);
    h2->first = next;
  }
  codicil_buf_clear(&h2->origin);
  codicil_mem_free(h2->mem, h2);
}

void codicil_h2_set_option(nghttp2_option *option, const codicil_codepoints *codepoints) {
  codicil_codepoints defaults;
  codicil_codepoints_default(&defaults);
  uint64_t type = codepoints != NULL ? codepoints->h2_frame : defaults.h2_frame;
  nghttp2_option_set_user_recv_extension_type(option, (uint8_t)type);
  nghttp2_option_set_user_recv_extension_type(option, CODICIL_H2_FRAME_ORIGIN);
}

size_t codicil_h2_settings_entry(const codicil_h2 *h2, nghttp2_settings_entry *entries,
                                 size_t num_entries, size_t max_entries) {
  if (!codicil_session_offers(h2->session) || num_entries >= max_entries) {
    return num_entries;
  }
  //= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-3.1
  //# HTTP/2 and HTTP/3 endpoints that wish to indicate support for HTTP-Layer
  //# certificate authentication MUST send a `SETTINGS_HTTP_SERVER_CERT_AUTH`
  //# parameter set to "1" in their SETTINGS frame.
  entries[num_entries] = (nghttp2_settings_entry){h2->setting_id, 1};
  return num_entries + 1;
}

codicil_err codicil_h2_error(const codicil_h2 *h2) {
  return h2->err;
}

// The first error stays. The session learns what it did not see itself, or its router would go on
// to answer for a connection that is over.
static void note(codicil_h2 *h2, codicil_err err) {
  if (h2->err == CODICIL_OK) {
    h2->err = err;
    codicil_session_end(h2->session, err);
  }
}

// Queues GOAWAY and makes nghttp2 ignore what comes. Only from on_begin_frame, from on_frame_recv
// of SETTINGS and from outside: behind the callbacks of an extension frame nghttp2 before 1.68.1
// (or a distribution's fix) resets its reader and forgets it.
static void end_connection(codicil_h2 *h2, nghttp2_session *ng) {
  if (!h2->is_ended) {
    uint32_t code = codicil_err_h2_code(h2->err, &h2->codepoints);
    h2->is_ended = nghttp2_session_terminate_session(ng, code) == 0;
  }
}

// ---- in: frames ---------------------------------------------------------------------------------

static codicil_err begin_certificate(codicil_h2 *h2, const nghttp2_frame_hd *hd) {
  //= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-5.1
  //# An endpoint MUST treat a SERVER_CERTIFICATE frame with a
  //# stream identifier other than 0x00 as a connection error.
  if (hd->stream_id != STREAM_OF_CONNECTION &&
      codicil_session_support(h2->session) == CODICIL_SUPPORT_YES) {
    return CODICIL_UNEXPECTED;
  }
  return codicil_session_recv_frame_begin(h2->session, hd->length);
}

//= https://www.rfc-editor.org/rfc/rfc8336#section-2.2
//# The ORIGIN frame MUST be sent on stream 0; an ORIGIN frame on any
//# other stream is invalid and MUST be ignored.
//= https://www.rfc-editor.org/rfc/rfc8336#section-2.2
//# when any of them are set, the ORIGIN frame containing them MUST be
//# ignored by clients conforming to this specification
static codicil_err begin_origin(codicil_h2 *h2, nghttp2_session *ng, const nghttp2_frame_hd *hd) {
  h2->ignores_origin = nghttp2_session_check_server_session(ng) != 0 ||
                       hd->stream_id != STREAM_OF_CONNECTION ||
                       (hd->flags & ORIGIN_FLAGS_RESERVED) != 0;
  return h2->ignores_origin || hd->length <= h2->origin.max ? CODICIL_OK : CODICIL_LIMIT;
}

int codicil_h2_on_begin_frame(codicil_h2 *h2, nghttp2_session *ng, const nghttp2_frame_hd *hd) {
  if (h2->err == CODICIL_OK && hd->type == h2->frame_type) {
    note(h2, begin_certificate(h2, hd));
  } else if (h2->err == CODICIL_OK && hd->type == CODICIL_H2_FRAME_ORIGIN) {
    note(h2, begin_origin(h2, ng, hd));
  }
  if (h2->err != CODICIL_OK) {
    end_connection(h2, ng);
  }
  return 0;
}

int codicil_h2_on_extension_chunk_recv(codicil_h2 *h2, nghttp2_session *ng,
                                       const nghttp2_frame_hd *hd, const uint8_t *data,
                                       size_t len) {
  (void)ng;
  codicil_span chunk = codicil_span_of(data, len);
  if (h2->err == CODICIL_OK && hd->type == h2->frame_type) {
    note(h2, codicil_session_recv_frame_data(h2->session, chunk));
  } else if (h2->err == CODICIL_OK && hd->type == CODICIL_H2_FRAME_ORIGIN && !h2->ignores_origin) {
    note(h2, codicil_buf_append(&h2->origin, chunk));
  }
  return h2->err == CODICIL_OK ? 0 : NGHTTP2_ERR_CANCEL;
}

// A frame that ends inside an entry was not "successfully processed" (RFC 8336 §2.3): nothing of it
// is heeded. It closes nothing, as the frame is non-critical.
static codicil_err end_origin(codicil_h2 *h2) {
  codicil_span entries[ORIGIN_BATCH];
  size_t num;
  if (h2->ignores_origin || !codicil_origin_frame_check(codicil_buf_span(&h2->origin), &num)) {
    return CODICIL_OK;
  }
  codicil_reader r = codicil_reader_of(codicil_buf_span(&h2->origin));
  codicil_err err;
  // Once at least: a frame without entries, too, initialises the Origin Set.
  do {
    num = codicil_origin_frame_take(&r, entries, ORIGIN_BATCH);
    err = codicil_session_recv_origin(h2->session, entries, num);
  } while (err == CODICIL_OK && num == ORIGIN_BATCH);
  return err;
}

int codicil_h2_unpack_extension(codicil_h2 *h2, nghttp2_session *ng, void **payload,
                                const nghttp2_frame_hd *hd) {
  (void)ng;
  if (h2->err != CODICIL_OK) {
    return NGHTTP2_ERR_CANCEL;
  }
  if (hd->type == h2->frame_type) {
    note(h2, codicil_session_recv_frame_end(h2->session, h2->now(h2->now_ctx)));
  } else if (hd->type == CODICIL_H2_FRAME_ORIGIN) {
    note(h2, end_origin(h2));
    codicil_buf_clear(&h2->origin);
  } else {
    return NGHTTP2_ERR_CANCEL;
  }
  *payload = NULL;
  return h2->err == CODICIL_OK ? 0 : NGHTTP2_ERR_CANCEL;
}

// nghttp2 shows entries that it does not know, in order, and forgets them.
int codicil_h2_on_frame_recv(codicil_h2 *h2, nghttp2_session *ng, const nghttp2_frame *frame) {
  if (frame->hd.type != NGHTTP2_SETTINGS || (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
    return 0;
  }
  for (size_t i = 0; i < frame->settings.niv && h2->err == CODICIL_OK; i++) {
    if (frame->settings.iv[i].settings_id == h2->setting_id) {
      note(h2, codicil_session_recv_setting(h2->session, frame->settings.iv[i].value));
    }
  }
  if (h2->err != CODICIL_OK) {
    end_connection(h2, ng);
    return 0;
  }
  codicil_session_recv_settings_end(h2->session);
  return 0;
}

// ---- out ----------------------------------------------------------------------------------------

static codicil_err submit(codicil_h2 *h2, nghttp2_session *ng, codicil_frame_type type,
                          codicil_span payload) {
  if (payload.len > PAYLOAD_MAX) {
    return CODICIL_LIMIT;
  }
  outgoing *out = codicil_mem_realloc(h2->mem, NULL, sizeof *out + payload.len);
  if (out == NULL) {
    return CODICIL_NOMEM;
  }
  *out = (outgoing){.len = payload.len};
  if (payload.len != 0) {
    memcpy(out->octets, payload.data, payload.len);
  }
  uint8_t code = type == CODICIL_FRAME_ORIGIN ? (uint8_t)CODICIL_H2_FRAME_ORIGIN : h2->frame_type;
  int rc = nghttp2_submit_extension(ng, code, NGHTTP2_FLAG_NONE, STREAM_OF_CONNECTION, out);
  if (rc != 0) {
    codicil_mem_free(h2->mem, out);
    return rc == NGHTTP2_ERR_NOMEM ? CODICIL_NOMEM : CODICIL_USAGE;
  }
  *h2->end = out;
  h2->end = &out->next;
  return CODICIL_OK;
}

codicil_err codicil_h2_flush(codicil_h2 *h2, nghttp2_session *ng) {
  codicil_frame_type type;
  codicil_span payload;
  while (h2->err == CODICIL_OK && codicil_session_peek_frame(h2->session, &type, &payload)) {
    note(h2, submit(h2, ng, type, payload));
    if (h2->err == CODICIL_OK) {
      codicil_session_pop_frame(h2->session);
    }
  }
  if (h2->err != CODICIL_OK) {
    end_connection(h2, ng);
  }
  return h2->err;
}

// Takes `out` off the list; false where it is not on it, and so not ours.
static bool take(codicil_h2 *h2, const outgoing *out) {
  for (outgoing **link = &h2->first; *link != NULL; link = &(*link)->next) {
    if (*link == out) {
      h2->end = h2->end == &(*link)->next ? link : h2->end;
      *link = (*link)->next;
      return true;
    }
  }
  return false;
}

ssize_t codicil_h2_pack_extension(codicil_h2 *h2, nghttp2_session *ng, uint8_t *buf, size_t len,
                                  const nghttp2_frame *frame) {
  (void)ng;
  outgoing *out = frame->ext.payload;
  if (out == NULL || !take(h2, out)) {
    return NGHTTP2_ERR_CANCEL;
  }
  // Never longer: nghttp2 gives PAYLOAD_MAX octets of room.
  ssize_t packed = out->len <= len ? (ssize_t)out->len : NGHTTP2_ERR_CALLBACK_FAILURE;
  if (packed > 0) {
    memcpy(buf, out->octets, out->len);
  }
  codicil_mem_free(h2->mem, out);
  return packed;
}
