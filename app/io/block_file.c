// A block list from a file: see block_file.h.
#include "io/block_file.h"

#include "io/file.h"

enum { MAX_FILE = 256 * 1024 * 1024 }; // as the library

bool block_file_read(codicil_block_list **out, codicil_buf *text, const char *path,
                     app_error *err) {
  codicil_diag diag = {NULL, 0};
  size_t line = 0;
  codicil_buf_init(text, NULL, MAX_FILE);
  if (!file_read(text, path, err)) {
    return false;
  }
  codicil_err e = codicil_block_list_parse(out, NULL, &diag, &line, codicil_buf_span(text));
  return e == CODICIL_OK ||
         (line != 0 ? app_fail(err, "%s:%zu: %s", path, line, diag.what)
                    : app_fail(err, "%s: %s", path, diag.what ? diag.what : codicil_err_text(e)));
}
