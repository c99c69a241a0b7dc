// Octets as a list of logs, in either form. It is read alike twice; an error names the list, and
// one that is read has a log at least.
#include <assert.h>
#include <string.h>

#include "io/ct_logs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool read_list(size_t *out_num, app_error *err, codicil_span text) {
  codicil_trust *trust = NULL;
  if (codicil_trust_new(&trust, NULL) != CODICIL_OK) {
    return false;
  }
  bool ok = ct_logs_parse(trust, out_num, text, "list", err);
  codicil_trust_free(trust);
  return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  codicil_span text = codicil_span_of(data, len);
  size_t num = 0, again = 0;
  app_error err = {.text = ""}, err_again = {.text = ""};
  bool ok = read_list(&num, &err, text);
  assert(read_list(&again, &err_again, text) == ok);
  assert(again == num && strcmp(err.text, err_again.text) == 0);
  assert(ok ? num > 0 : num == 0 && strncmp(err.text, "list:", 5) == 0);
  return 0;
}
