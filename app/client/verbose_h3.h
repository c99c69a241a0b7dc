// -v of HTTP/3 and QUIC, and the names of their errors. See verbose.h.
//
// Frames are nghttp3's and the library's affair: shown is what they tell of.
#ifndef APP_CLIENT_VERBOSE_H3_H
#define APP_CLIENT_VERBOSE_H3_H

#include "client/verbose.h"
#include "io/h3.h"

enum { VERBOSE_END_TEXT = 512 };

void verbose_h3_request(const client_verbose *verbose, size_t connection, int64_t stream,
                        const nghttp3_nv *fields, size_t num_fields);
void verbose_h3_settings(const client_verbose *verbose, size_t connection,
                         const nghttp3_settings *settings);
// Returns the name of an HTTP/3 error code, the draft's included; static.
const char *verbose_h3_error_name(const codicil_codepoints *codepoints, uint64_t code);
// Returns what a TLS alert means; static.
const char *verbose_alert_name(uint64_t alert);
// The figures of a connection, when it is over.
void verbose_quic_stats(const client_verbose *verbose, size_t connection, const quic_stats *stats);
// Writes how a QUIC connection ended: a sentence without a full stop.
void verbose_quic_end(const codicil_codepoints *codepoints, const quic_end *end,
                      char out[VERBOSE_END_TEXT]);

#endif
