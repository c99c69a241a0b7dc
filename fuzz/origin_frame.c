// Octets as the payload of an ORIGIN frame: what is whole has as many entries as were counted, and
// written again they parse alike.
#include <assert.h>

#include "origin_frame.h"
#include "span.h"
#include "writer.h"

static void write_entry(codicil_writer *w, codicil_span entry) {
  size_t mark = codicil_write_open(w, 2);
  codicil_write_bytes(w, entry);
  codicil_write_close(w, mark, 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  codicil_span payload = codicil_span_of(data, len), entry, entry_again;
  size_t num = 0, num_again = 0;
  if (!codicil_origin_frame_check(payload, &num)) {
    return 0;
  }
  codicil_buf buf;
  codicil_buf_init(&buf, NULL, len);
  codicil_writer w = codicil_writer_of(&buf);
  codicil_reader r = codicil_reader_of(payload);
  for (size_t i = 0; i < num; i++) {
    assert(codicil_origin_frame_next(&r, &entry) && entry.len != 0);
    write_entry(&w, entry);
  }
  assert(!codicil_origin_frame_next(&r, &entry));
  assert(codicil_writer_finish(&w) == CODICIL_OK);
  assert(codicil_origin_frame_check(codicil_buf_span(&buf), &num_again) && num_again == num);
  codicil_reader again = codicil_reader_of(codicil_buf_span(&buf));
  r = codicil_reader_of(payload);
  while (codicil_origin_frame_next(&r, &entry)) {
    assert(codicil_origin_frame_next(&again, &entry_again));
    assert(codicil_span_equal(entry, entry_again));
  }
  codicil_buf_clear(&buf);
  return 0;
}
