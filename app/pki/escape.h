// Strangers' octets for a terminal: certificates and DNS records may carry its control sequences.
#ifndef APP_PKI_ESCAPE_H
#define APP_PKI_ESCAPE_H

#include "codicil/codicil.h"

// Writes `text` with NUL, at most `out_len` octets (8 or more). What is not printable ASCII, and
// the backslash, becomes \xHH; what does not fit is cut, and ends with "...".
void pki_escape(char *out, size_t out_len, codicil_span text);

#endif
