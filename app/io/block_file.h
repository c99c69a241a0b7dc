// A block list (codicil/x509.h) from a file.
#ifndef APP_IO_BLOCK_FILE_H
#define APP_IO_BLOCK_FILE_H

#include "codicil/x509.h"
#include "io/error.h"

// Reads and parses the file. The list is the caller's. `text` is initialised here and keeps the
// file's octets, also of a file that does not parse: clear it either way. False, with `err` naming
// the file and the line, where it cannot be read or a line is wrong.
CODICIL_MUST_USE bool block_file_read(codicil_block_list **out, codicil_buf *text, const char *path,
                                      app_error *err);

#endif
