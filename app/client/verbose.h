// -v: frames in both directions as nghttp shows them, certificates, and decisions in a sentence.
//
// Everything does nothing where `out` is NULL. What a peer sent is shown as printable ASCII.
#ifndef APP_CLIENT_VERBOSE_H
#define APP_CLIENT_VERBOSE_H

#include <nghttp2/nghttp2.h>
#include <stdio.h>

#include "codicil/session.h"
#include "io/loop.h"

typedef struct client_verbose {
  FILE *out;
  const io_loop *loop;
  uint64_t start_ns;
  const codicil_codepoints *codepoints;
} client_verbose;

void verbose_line(const client_verbose *verbose, size_t connection, const char *format, ...)
    CODICIL_PRINTF(3, 4);
void verbose_frame(const client_verbose *verbose, size_t connection, bool is_sent,
                   const nghttp2_frame *frame);
void verbose_header(const client_verbose *verbose, size_t connection, int32_t stream_id,
                    codicil_span name, codicil_span value);
// Names, SHA-256, decision and reason of one certificate.
void verbose_certificate(const client_verbose *verbose, size_t connection,
                         const codicil_session *session, size_t index);
// The Origin Set, whole.
void verbose_origin_set(const client_verbose *verbose, size_t connection,
                        const codicil_session *session);
// Returns the name of an HTTP/2 error code, the draft's included; static.
const char *verbose_h2_error_name(const codicil_codepoints *codepoints, uint32_t code);

#endif
