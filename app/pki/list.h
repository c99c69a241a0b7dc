// What a CA has signed, for people and for programs.
#ifndef APP_PKI_LIST_H
#define APP_PKI_LIST_H

#include "io/error.h"

// Prints the register of the CA in `dir` on standard output, oldest first: a line each, or an array
// of objects.
CODICIL_MUST_USE bool pki_list(const char *dir, bool as_json, int64_t now_s, app_error *err);

#endif
