// What certificates are judged by, from the files that flags name.
#ifndef APP_CLIENT_TRUST_H
#define APP_CLIENT_TRUST_H

#include "client/options.h"
#include "io/tls_client.h"

// Gives `tls` what --crlfile, --ct-logs, --caa-anchor and --block-list name. *out_list is the
// caller's, must outlive the use of `tls`, and is NULL without the flag; `out_text` is initialised
// here and keeps its file's octets: clear it either way. What is no error but strange is told on
// standard error. On failure `err` names flag and file, and *out_code is the exit code.
CODICIL_MUST_USE bool client_trust_set_up(tls_client *tls, codicil_block_list **out_list,
                                          codicil_buf *out_text, const client_options *options,
                                          int *out_code, app_error *err);

#endif
