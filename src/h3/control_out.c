// Our control stream: see control_out.h.
#include "control_out.h"

#include <string.h>

#include "mem.h"
#include "span.h"

enum {
  STREAM_TYPE_CONTROL = 0x00, // RFC 9114 §6.2.1
  CHUNK_LEN = 4096,
  // More than this is not kept waiting for the peer's window: it stays with the session, where it
  // is counted. One frame more may come on top.
  MAX_UNSENT = 32768,
  MAX_PAIR_LEN = 2 * CODICIL_VARINT_MAX_LEN
};

struct codicil_h3_chunk {
  codicil_h3_chunk *next;
  size_t len, cap;
  uint8_t octets[];
};

void codicil_h3_control_out_init(codicil_h3_control_out *out, const codicil_mem *mem,
                                 uint64_t setting_id, bool has_setting) {
  *out = (codicil_h3_control_out){.mem = mem, .setting_id = setting_id, .has_setting = has_setting};
}

static void drop_first(codicil_h3_control_out *out) {
  codicil_h3_chunk *chunk = out->first;
  out->first = chunk->next;
  out->last = out->first != NULL ? out->last : NULL;
  out->begin += chunk->len;
  codicil_mem_free(out->mem, chunk);
}

void codicil_h3_control_out_clear(codicil_h3_control_out *out) {
  while (out->first != NULL) {
    drop_first(out);
  }
}

// ---- putting ------------------------------------------------------------------------------------

static codicil_err add_chunk(codicil_h3_control_out *out, size_t len) {
  size_t cap = len > CHUNK_LEN ? len : CHUNK_LEN;
  codicil_h3_chunk *chunk = codicil_mem_realloc(out->mem, NULL, sizeof *chunk + cap);
  if (chunk == NULL) {
    return CODICIL_NOMEM;
  }
  *chunk = (codicil_h3_chunk){.cap = cap};
  if (out->last != NULL) {
    out->last->next = chunk;
  } else {
    out->first = chunk;
  }
  out->last = chunk;
  return CODICIL_OK;
}

// Into what room the last chunk has, then into one more.
static codicil_err put(codicil_h3_control_out *out, codicil_span octets) {
  while (octets.len > 0) {
    codicil_h3_chunk *chunk = out->last;
    if (chunk == NULL || chunk->len == chunk->cap) {
      codicil_err err = add_chunk(out, octets.len);
      if (err != CODICIL_OK) {
        return err;
      }
      chunk = out->last;
    }
    codicil_span part = codicil_span_sub(octets, 0, chunk->cap - chunk->len);
    memcpy(chunk->octets + chunk->len, part.data, part.len);
    chunk->len += part.len;
    out->end += part.len;
    octets = codicil_span_sub(octets, part.len, SIZE_MAX);
  }
  return CODICIL_OK;
}

// A header, an entry of SETTINGS, or one behind the other.
typedef struct head {
  uint8_t octets[2 * MAX_PAIR_LEN];
  size_t len;
} head;

static codicil_err head_append(head *h, uint64_t first, uint64_t second) {
  codicil_buf buf = {.data = h->octets, .len = h->len, .cap = sizeof h->octets};
  buf.max = buf.cap;
  codicil_writer w = codicil_writer_of(&buf);
  codicil_write_varint(&w, first);
  codicil_write_varint(&w, second);
  codicil_err err = codicil_writer_finish(&w);
  h->len = buf.len;
  return err;
}

// The order of settings means nothing, so ours goes first: the end need not be looked for.
static codicil_err put_settings_header(codicil_h3_control_out *out) {
  uint64_t len = out->frames.head.second;
  head entry = {.len = 0}, whole = {.len = 0};
  codicil_err err = CODICIL_OK;
  if (out->has_setting) {
    //= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-3.1
    //# HTTP/2 and HTTP/3 endpoints that wish to indicate support for HTTP-Layer
    //# certificate authentication MUST send a `SETTINGS_HTTP_SERVER_CERT_AUTH`
    //# parameter set to "1" in their SETTINGS frame.
    err = head_append(&entry, out->setting_id, 1);
  }
  if (err == CODICIL_OK) {
    err = head_append(&whole, CODICIL_H3_FRAME_SETTINGS, len + entry.len);
  }
  if (err == CODICIL_OK && out->has_setting) {
    err = head_append(&whole, out->setting_id, 1);
  }
  if (err == CODICIL_OK) {
    err = put(out, codicil_span_of(whole.octets, whole.len));
  }
  out->settings_end = out->end + len;
  return err;
}

static codicil_err take_part(codicil_h3_control_out *out, codicil_h3_part part,
                             codicil_span payload) {
  if (part == CODICIL_H3_PART_PAYLOAD) {
    return put(out, payload);
  }
  if (part != CODICIL_H3_PART_HEADER) {
    return CODICIL_OK;
  }
  bool is_first = out->settings_end == 0;
  if (is_first && out->frames.head.first != CODICIL_H3_FRAME_SETTINGS) {
    return CODICIL_BAD_INPUT;
  }
  return is_first ? put_settings_header(out) : put(out, codicil_h3_pair_span(&out->frames.head));
}

codicil_err codicil_h3_control_out_take(codicil_h3_control_out *out, codicil_span octets) {
  codicil_reader r = codicil_reader_of(octets);
  codicil_err err = CODICIL_OK;
  uint8_t type;
  if (!out->has_type && codicil_read_u8(&r, &type)) {
    out->has_type = true;
    err = type == STREAM_TYPE_CONTROL ? put(out, codicil_span_of(&type, 1)) : CODICIL_BAD_INPUT;
  }
  codicil_h3_part part = CODICIL_H3_PART_HEADER;
  while (err == CODICIL_OK && part != CODICIL_H3_PART_NONE) {
    codicil_span payload;
    part = codicil_h3_frames_next(&out->frames, &r, &payload);
    err = take_part(out, part, payload);
  }
  return err;
}

//= https://www.rfc-editor.org/rfc/rfc9114#section-6.2.1
//# Each side MUST initiate a single control stream at the beginning of the
//# connection and send its SETTINGS frame as the first frame on this stream.
bool codicil_h3_control_out_has_room(const codicil_h3_control_out *out) {
  return out->settings_end != 0 && codicil_h3_frames_at_boundary(&out->frames) &&
         out->end - out->sent < MAX_UNSENT;
}

codicil_err codicil_h3_control_out_put_frame(codicil_h3_control_out *out, uint64_t type,
                                             codicil_span payload) {
  head h = {.len = 0};
  codicil_err err = head_append(&h, type, payload.len);
  if (err == CODICIL_OK) {
    err = put(out, codicil_span_of(h.octets, h.len));
  }
  return err == CODICIL_OK ? put(out, payload) : err;
}

// ---- sending ------------------------------------------------------------------------------------

size_t codicil_h3_control_out_writev(const codicil_h3_control_out *out, nghttp3_vec *vec,
                                     size_t num) {
  size_t filled = 0;
  uint64_t begin = out->begin;
  // As nearly always, there is nothing: however much is not acknowledged yet.
  codicil_h3_chunk *chunk = out->is_blocked || out->sent == out->end ? NULL : out->first;
  for (; chunk != NULL && filled < num; chunk = chunk->next) {
    // What is unacknowledged is as long as the peer's window at most, so the way is short.
    size_t skip = out->sent > begin ? (size_t)(out->sent - begin) : 0;
    if (skip < chunk->len) {
      vec[filled++] = (nghttp3_vec){chunk->octets + skip, chunk->len - skip};
    }
    begin += chunk->len;
  }
  return filled;
}

bool codicil_h3_control_out_sent(codicil_h3_control_out *out, uint64_t len) {
  if (len > out->end - out->sent) {
    return false;
  }
  out->sent += len;
  return true;
}

// The last chunk goes too when all of it is acknowledged: whoever holds its octets has been sent it
// whole.
bool codicil_h3_control_out_acked(codicil_h3_control_out *out, uint64_t len) {
  if (len > out->sent - out->acked) {
    return false;
  }
  out->acked += len;
  while (out->first != NULL && out->acked - out->begin >= out->first->len) {
    drop_first(out);
  }
  return true;
}

bool codicil_h3_control_out_settings_acked(const codicil_h3_control_out *out) {
  return out->settings_end != 0 && out->acked >= out->settings_end;
}
