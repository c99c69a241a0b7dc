// A program writes nghttp3's control stream in pieces, puts frames of ours, sends, blocks and
// acknowledges. Oracle: what leaves is what was written and put, in that order, and whoever walks
// over it finds as many of our frames more as were put: each stands between two others.
#include <assert.h>

#include "control_out.h"
#include "span.h"

enum { SETTING = 0x2ce5e771, FRAME = 0x21, MAX_HELD = 15 };

static void append(codicil_buf *buf, codicil_span octets) {
  assert(codicil_buf_append(buf, octets) == CODICIL_OK);
}

static size_t count(codicil_span octets) {
  codicil_reader r = codicil_reader_of(octets);
  uint64_t type, len;
  codicil_span payload;
  size_t num = 0;
  while (codicil_read_varint(&r, &type) && codicil_read_varint(&r, &len)) {
    assert(codicil_read_bytes(&r, &payload, len < r.rest.len ? (size_t)len : r.rest.len));
    num += type == FRAME;
  }
  return num;
}

static void send(codicil_h3_control_out *out, codicil_buf *sent, size_t len, bool ack) {
  nghttp3_vec vec[3];
  size_t num = codicil_h3_control_out_writev(out, vec, 3);
  for (size_t i = 0; i < num && len > 0; i++) {
    codicil_span part = codicil_span_sub(codicil_span_of(vec[i].base, vec[i].len), 0, len);
    append(sent, part);
    assert(codicil_h3_control_out_sent(out, part.len));
    len -= part.len;
  }
  assert(!ack || codicil_h3_control_out_acked(out, out->sent - out->acked));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  codicil_buf bufs[3], *written = &bufs[0], *all = &bufs[1], *sent = &bufs[2];
  for (size_t i = 0; i < 3; i++) {
    codicil_buf_init(&bufs[i], NULL, 1 << 20);
  }
  codicil_h3_control_out out;
  codicil_h3_control_out_init(&out, NULL, SETTING, true);
  assert(codicil_h3_control_out_take(&out, codicil_span_of("\0\4\2\6\1", 5)) == CODICIL_OK);
  append(all, codicil_span_of("\0\4\7\xac\xe5\xe7\x71\1\6\1", 10));
  codicil_reader r = codicil_reader_of(codicil_span_of(data, len));
  size_t num_put = 0;
  codicil_span arg;
  for (uint8_t op; codicil_read_u8(&r, &op) && codicil_read_vec8(&r, &arg);) {
    if (op % 4 == 0) {
      assert(codicil_h3_control_out_take(&out, arg) == CODICIL_OK);
      append(written, arg);
      append(all, arg);
    } else if (op % 4 == 1 && arg.len < 64 && codicil_h3_control_out_has_room(&out)) {
      assert(codicil_h3_control_out_put_frame(&out, FRAME, arg) == CODICIL_OK);
      append(all, codicil_span_of(((uint8_t[]){FRAME, (uint8_t)arg.len}), 2));
      append(all, arg);
      num_put++;
    } else {
      out.is_blocked = op % 16 == 15;
      send(&out, sent, op % 4 == 2 ? SIZE_MAX : arg.len, op % 8 == 3);
    }
  }
  for (out.is_blocked = false; out.sent < out.end;) {
    send(&out, sent, SIZE_MAX, true);
  }
  codicil_span part = codicil_span_sub(codicil_buf_span(all), 0, sent->len);
  assert(codicil_span_equal(part, codicil_buf_span(sent)) && all->len - sent->len <= MAX_HELD);
  part = codicil_span_sub(codicil_buf_span(all), 1, SIZE_MAX);
  assert(count(part) == count(codicil_buf_span(written)) + num_put);
  codicil_h3_control_out_clear(&out);
  for (size_t i = 0; i < 3; i++) {
    codicil_buf_clear(&bufs[i]);
  }
  return 0;
}
