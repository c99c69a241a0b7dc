// A block list from a file: see block_file.h.
#include "io/block_file.h"

#include "io/file.h"

enum { MAX_FILE = 256 * 1024 * 1024 }; // as the library

bool block_file_read(codicil_block_list **out, const char *path, app_error *err) {
  codicil_diag diag = {NULL, 0};
  size_t line = 0;
  codicil_buf text;
  codicil_buf_init(&text, NULL, MAX_FILE);
  bool ok = file_read(&text, path, err);
  if (ok) {
    codicil_err e = codicil_block_list_parse(out, NULL, &diag, &line, codicil_buf_span(&text));
    ok = e == CODICIL_OK ||
         (line != 0 ? app_fail(err, "%s:%zu: %s", path, line, diag.what)
                    : app_fail(err, "%s: %s", path, diag.what ? diag.what : codicil_err_text(e)));
  }
  codicil_buf_clear(&text);
  return ok;
}
