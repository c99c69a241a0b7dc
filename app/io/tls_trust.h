// Trust anchors from files: a bundle, a directory, or the system's; CRLs, and marks on anchors.
#ifndef APP_IO_TLS_TRUST_H
#define APP_IO_TLS_TRUST_H

#include "codicil/x509.h"
#include "io/error.h"

// Adds what the PEM file `cacert` and the files of the directory `capath` hold; either may be NULL.
// With both NULL: $SSL_CERT_FILE and $SSL_CERT_DIR, else the system's bundle. Files of a directory
// without certificates are passed over. False, with `err`, where no certificate was found.
CODICIL_MUST_USE bool tls_trust_read(codicil_trust *trust, const char *cacert, const char *capath,
                                     app_error *err);
// Adds the CRLs of a PEM or DER file. `err` names the file.
CODICIL_MUST_USE bool tls_trust_add_crls(codicil_trust *trust, const char *path, app_error *err);
// Marks the anchors that the PEM file holds as of CAs that check CAA `requireddomain`. *out_strange
// tells whether it holds certificates that are no anchors here.
CODICIL_MUST_USE bool tls_trust_mark_caa(codicil_trust *trust, bool *out_strange, const char *path,
                                         app_error *err);

#endif
