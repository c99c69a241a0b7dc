// Dates of HTTP fields (RFC 9110 §5.6.7).
#ifndef APP_SERVER_HTTP_DATE_H
#define APP_SERVER_HTTP_DATE_H

#include "codicil/codicil.h"

enum { HTTP_DATE_LEN = 29 };

// Writes "Sun, 06 Nov 1994 08:49:37 GMT" and NUL; `out` holds HTTP_DATE_LEN + 1 octets.
void http_date_format(char *out, int64_t unix_s);
// Reads any of the three formats; false for anything else.
CODICIL_MUST_USE bool http_date_parse(int64_t *out_unix_s, codicil_span text);

#endif
