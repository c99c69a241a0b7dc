// Octets as a request's :path: what it names is below the root, and is the same whatever query
// follows.
#include <assert.h>
#include <string.h>

#include "server/file_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const char *path) {
  assert(path[0] != '\0' && path[0] != '/');
  for (const char *segment = path; segment; segment = strchr(segment, '/')) {
    segment += segment == path ? 0 : 1;
    size_t n = strcspn(segment, "/");
    assert(n > 0);
    assert(!(n == 1 && segment[0] == '.'));
    assert(!(n == 2 && segment[0] == '.' && segment[1] == '.'));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static const char query[] = "?/../%zz";
  uint8_t longer[4096];
  char path[FILE_PATH_MAX];
  char again[FILE_PATH_MAX];
  file_path_result result = file_path_decode(path, codicil_span_of(data, len));
  if (result == FILE_PATH_OK) {
    check(path);
  }
  if (len + sizeof query <= sizeof longer) {
    if (len > 0) {
      memcpy(longer, data, len);
    }
    memcpy(longer + len, query, sizeof query);
    assert(file_path_decode(again, codicil_span_of(longer, len + sizeof query - 1)) == result);
    assert(result != FILE_PATH_OK || strcmp(path, again) == 0);
  }
  return 0;
}
