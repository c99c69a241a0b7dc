// The program's one error: a sentence for a person that names the file, line or flag.
#ifndef APP_IO_ERROR_H
#define APP_IO_ERROR_H

#include "codicil/codicil.h"

typedef struct app_error {
  char text[512];
} app_error;

// Sets the sentence; returns false, so that a function can end in `return app_fail(err, …)`.
bool app_fail(app_error *err, const char *format, ...) CODICIL_PRINTF(2, 3);

#endif
