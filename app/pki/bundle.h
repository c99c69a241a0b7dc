// Certificates out of files, one after the other: PEM with any number of them, or one in DER, from
// a file, a directory or standard input. At most one is in memory, whatever the size of the file.
#ifndef APP_PKI_BUNDLE_H
#define APP_PKI_BUNDLE_H

#include <stdio.h>

#include "codicil/codicil.h"
#include "io/error.h"

enum { PKI_CERTIFICATE_MAX = 1048576 };

typedef struct pki_bundle_item {
  const char *path; // escaped, for people; "-": standard input
  size_t index;     // in its file, from 1
  codicil_span der; // borrowed for the call; empty where `flaw` is set
  const char *flaw; // what is no certificate from the outset, in words; else NULL
} pki_bundle_item;

// Returns false, with `err` set, to stop.
typedef bool pki_bundle_fn(void *user, const pki_bundle_item *item, app_error *err);

// Calls `each` for every certificate at `path`, in order. Of a directory the files are read that
// end in .pem, .crt, .cer or .der, by name; those below it are not. Other PEM blocks (keys) are
// passed over. False where a file cannot be read, where a file that was named itself holds no
// certificate, and where `each` says so.
CODICIL_MUST_USE bool pki_bundle_read(const char *path, pki_bundle_fn *each, void *user,
                                      app_error *err);
// The same of a file that is open, from where it stands; `path` is for people. *out_num counts the
// certificates, flawed ones too.
CODICIL_MUST_USE bool pki_bundle_read_from(size_t *out_num, FILE *file, const char *path,
                                           pki_bundle_fn *each, void *user, app_error *err);

#endif
