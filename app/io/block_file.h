// A block list (codicil/x509.h) from a file.
#ifndef APP_IO_BLOCK_FILE_H
#define APP_IO_BLOCK_FILE_H

#include "codicil/x509.h"
#include "io/error.h"

// Reads the file; call it again to see whether it changed, for lists themselves do not. The list is
// the caller's. False, with `err` naming the file and the line, where it cannot be read or a line
// is wrong.
CODICIL_MUST_USE bool block_file_read(codicil_block_list **out, const char *path, app_error *err);

#endif
