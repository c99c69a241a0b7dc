// The domains that a CA in files is in CAA records: DIR/caa-identity, one a line, "#" begins a
// comment. They count where the command line gives none.
#ifndef APP_PKI_CAA_IDENTITY_H
#define APP_PKI_CAA_IDENTITY_H

#include "pki/caa.h"

#define PKI_CAA_IDENTITY_FILE "caa-identity"

// It points into itself: it is not copied.
typedef struct pki_caa_identity {
  const char *names[PKI_CAA_IDENTITIES_MAX];
  size_t num;
  char text[PKI_CAA_IDENTITIES_MAX][CODICIL_DNS_NAME_MAX + 1];
} pki_caa_identity;

// Reads DIR's; none where there is no such file. The error names the line.
CODICIL_MUST_USE bool pki_caa_identity_load(pki_caa_identity *out, const char *dir, app_error *err);
// Appends the file's content for these domains to `out`.
CODICIL_MUST_USE bool pki_caa_identity_write(codicil_buf *out, const pki_caa_policy *policy,
                                             app_error *err);
// `policy` with the identities of `identity` where it has none. Borrows both.
pki_caa_policy pki_caa_policy_with(const pki_caa_policy *policy, const pki_caa_identity *identity);

#endif
