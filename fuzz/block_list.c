// Octets as a block list. Lines are independent: a list is good iff each line alone is, and has as
// many entries as they have; the first bad line is the one that is named.
#include <assert.h>
#include <string.h>

#include "codicil/x509.h"
#include "span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static codicil_span line_at(codicil_span text) {
  const uint8_t *end = memchr(text.data, '\n', text.len);
  return end != NULL ? codicil_span_sub(text, 0, (size_t)(end - text.data)) : text;
}

// Returns the number of entries, SIZE_MAX where the text is bad.
static size_t num_entries(codicil_span text, size_t *out_line) {
  codicil_block_list *list = NULL;
  codicil_diag diag = {NULL, SIZE_MAX};
  if (codicil_block_list_parse(&list, NULL, &diag, out_line, text) != CODICIL_OK) {
    assert(list == NULL && diag.what != NULL && diag.offset < text.len);
    return SIZE_MAX;
  }
  size_t num = codicil_block_list_num(list);
  codicil_block_list_free(list);
  return num;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  codicil_span text = codicil_span_of(data, len);
  size_t bad_line = 0, line = 0, sum = 0;
  size_t num = num_entries(text, &bad_line);
  assert((num == SIZE_MAX) == (bad_line != 0));
  for (size_t at = 0; at < len;) {
    codicil_span one = line_at(codicil_span_sub(text, at, SIZE_MAX));
    size_t bad = 0;
    size_t alone = one.len != 0 ? num_entries(one, &bad) : 0;
    line++;
    assert(alone == SIZE_MAX || alone <= 1);
    assert(alone != SIZE_MAX || bad_line == line);
    if (alone == SIZE_MAX) {
      return 0;
    }
    sum += alone;
    at += one.len + 1;
  }
  assert(num == sum);
  return 0;
}
