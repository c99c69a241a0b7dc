// Secrets of TLS connections for Wireshark and its like, in the file that $SSLKEYLOGFILE names.
#ifndef APP_IO_KEY_LOG_H
#define APP_IO_KEY_LOG_H

#include "io/error.h"

// Opens it, to add to; *out_fd is -1 where the variable is not set. False, with `err`, where it
// cannot be opened.
CODICIL_MUST_USE bool key_log_open(int *out_fd, app_error *err);
// Adds a line, given without its end. From any thread: others, and other processes, may add to the
// same file. -1 is allowed.
void key_log_write(int fd, const char *line);
void key_log_close(int fd);

#endif
