// -v: frames in both directions as nghttp shows them (verbose_h2.h), certificates, and decisions in
// a sentence.
//
// Everything does nothing where `out` is NULL. What a peer sent is shown as printable ASCII.
#ifndef APP_CLIENT_VERBOSE_H
#define APP_CLIENT_VERBOSE_H

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
// The same of no connection.
void verbose_note(const client_verbose *verbose, const char *format, ...) CODICIL_PRINTF(2, 3);
void verbose_header(const client_verbose *verbose, size_t connection, int64_t stream_id,
                    codicil_span name, codicil_span value);
// Names, SHA-256, decision and reason of one certificate.
void verbose_certificate(const client_verbose *verbose, size_t connection,
                         const codicil_session *session, size_t index);
// The Origin Set, whole.
void verbose_origin_set(const client_verbose *verbose, size_t connection,
                        const codicil_session *session);

// For what shows frames, where `out` is not NULL: when and where; an indented line's beginning;
// octets as printable ASCII, cut where they are many.
void verbose_stamp(const client_verbose *verbose, size_t connection);
void verbose_indent(const client_verbose *verbose);
void verbose_printable(FILE *out, codicil_span bytes);

#endif
