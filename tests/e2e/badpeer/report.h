// The line of JSON that ends a connection: what the other side was seen to do.
#ifndef BADPEER_REPORT_H
#define BADPEER_REPORT_H

#include "scenario.h"

// Prints one line to stdout. `role_fields` (may be empty) is put first: `"name":value,…,`.
void report(const peer *p, const char *role_fields);
// Prints that the handshake failed, and why.
void report_handshake_failure(const char *role_fields, const char *reason);

#endif
