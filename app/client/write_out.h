// -w: what is printed when a request is done, with curl's variables.
#ifndef APP_CLIENT_WRITE_OUT_H
#define APP_CLIENT_WRITE_OUT_H

#include "client/report.h"

// Writes `format` for the request number `index` to `out`; after %{stderr} to `err`. What is
// unknown is named on `err`, as curl does. Flushes both.
void write_out(FILE *out, FILE *err, const char *format, const report_request *request,
               size_t index);

#endif
