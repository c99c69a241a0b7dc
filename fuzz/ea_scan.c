// Octets of a stream: the scanner says the same in one piece, in two, and octet by octet.
#include <assert.h>

#include "codicil/ea.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

typedef struct outcome {
  codicil_err err;
  bool done;
} outcome;

enum { MAX = 4096 };

// Feeds `data` in pieces of `step` octets.
static outcome scan_by(const uint8_t *data, size_t len, size_t step) {
  codicil_ea_scan scan = {0};
  outcome o = {CODICIL_OK, false};
  for (size_t at = 0; at < len && o.err == CODICIL_OK; at += step) {
    codicil_ea_scan before = scan;
    size_t piece = len - at < step ? len - at : step;
    o.err = codicil_ea_scan_feed(&scan, &o.done, codicil_span_of(data + at, piece), MAX);
    assert(scan.total == before.total + (o.err == CODICIL_OK ? piece : 0));
    assert(o.err == CODICIL_OK || scan.remaining == before.remaining);
    assert(scan.total <= MAX && scan.total + scan.remaining <= MAX);
  }
  return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  outcome whole = scan_by(data, len, len > 0 ? len : 1);
  const size_t steps[] = {1, 3, 7, len / 2 + 1};
  for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
    outcome cut = scan_by(data, len, steps[i]);
    assert(cut.err == whole.err);
    assert(whole.err != CODICIL_OK || cut.done == whole.done);
  }
  // RFC 9261 §5.2.4: what is complete is three messages and nothing else.
  assert(!whole.done || whole.err != CODICIL_OK || data[0] == 11);
  return 0;
}
