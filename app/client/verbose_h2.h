// -v of HTTP/2's frames, as nghttp shows them. See verbose.h.
#ifndef APP_CLIENT_VERBOSE_H2_H
#define APP_CLIENT_VERBOSE_H2_H

#include <nghttp2/nghttp2.h>

#include "client/verbose.h"

void verbose_frame(const client_verbose *verbose, size_t connection, bool is_sent,
                   const nghttp2_frame *frame);
// Returns the name of an HTTP/2 error code, the draft's included; static.
const char *verbose_h2_error_name(const codicil_codepoints *codepoints, uint32_t code);

#endif
