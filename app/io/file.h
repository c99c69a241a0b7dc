// Whole files in and out, bounded.
#ifndef APP_IO_FILE_H
#define APP_IO_FILE_H

#include "codicil/codicil.h"
#include "io/error.h"

// Reads a regular file of at most `out->max` octets, appending to `out`.
CODICIL_MUST_USE bool file_read(codicil_buf *out, const char *path, app_error *err);
// Writes a file that must not exist yet, with exactly `mode`; removes it again where that fails.
CODICIL_MUST_USE bool file_create(const char *path, unsigned mode, codicil_span content,
                                  app_error *err);
// Writes all of `content` to a blocking descriptor; false with errno set.
CODICIL_MUST_USE bool file_write_all(int fd, codicil_span content);

#endif
