// Lists of Certificate Transparency logs, in either form that is about.
//
// JSON, version 3, as browsers take it: of each operator's `logs` and `tiled_logs` those count
// whose state is usable, qualified or readonly; of a retired one the timestamps from before it
// retired; one that is pending or rejected, or without a state, counts for nothing.
// `temporal_interval` is about when the certificates end that a log takes, and so the log's to
// keep: it is not looked at.
//
// OpenSSL's: `enabled_logs` names sections, each with the `key` of a log. Of its configuration
// language that is lines "name = value", sections and comments; no includes, no variables, no lines
// that go on. Names that mean nothing here are passed over.
#ifndef APP_IO_CT_LOGS_H
#define APP_IO_CT_LOGS_H

#include "codicil/x509.h"
#include "io/error.h"

// Adds the logs of the file; *out_num counts them. False, with `err` naming the file and the line
// or the log, where it cannot be read, is wrong, or has no log that counts.
CODICIL_MUST_USE bool ct_logs_read(codicil_trust *trust, size_t *out_num, const char *path,
                                   app_error *err);
// The same from the text; `path` is for what is told.
CODICIL_MUST_USE bool ct_logs_parse(codicil_trust *trust, size_t *out_num, codicil_span text,
                                    const char *path, app_error *err);

#endif
