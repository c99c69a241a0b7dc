// Octets as "KEY=VALUE,…": refused and unchanged with a place inside the text, or the same when set
// again.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "codicil/codicil.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  char *text = malloc(len + 1);
  if (text == NULL) {
    return 0;
  }
  if (len != 0) {
    memcpy(text, data, len);
  }
  text[len] = '\0';
  codicil_codepoints before, once, twice;
  codicil_codepoints_default(&before);
  codicil_codepoints_default(&once);
  codicil_diag diag = {NULL, SIZE_MAX};
  if (codicil_codepoints_set(&once, &diag, text) == CODICIL_OK) {
    twice = once;
    assert(codicil_codepoints_set(&twice, NULL, text) == CODICIL_OK);
    assert(memcmp(&once, &twice, sizeof once) == 0);
    assert(once.h2_frame <= 0xff && once.h2_frame > 0xa && once.h2_setting <= 0xffff);
  } else {
    assert(memcmp(&once, &before, sizeof once) == 0);
    assert(diag.what != NULL && diag.offset <= strlen(text));
  }
  free(text);
  return 0;
}
