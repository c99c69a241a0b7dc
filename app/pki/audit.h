// The audit log of a CA: DIR/audit.log, one line of JSON an event, mode 0600.
//
// It is there before what it tells of: what cannot be written down is not signed. A line is written
// whole, under a lock, and is on the disk when pki_audit_append returns.
#ifndef APP_PKI_AUDIT_H
#define APP_PKI_AUDIT_H

#include "io/error.h"

// Members that are NULL, false or 0 are left out.
typedef struct pki_event {
  int64_t now_s;
  const char *command; // "new"
  const char *outcome; // "signing", "issued", "refused", "failed", "revoked", "crl"
  const char *profile;
  const char *names;            // separated by spaces
  const char *required_domains; // separated by spaces
  const char *caa;              // what was found, in words
  bool skips_caa;
  const char *issuer;
  const char *serial;
  const char *sha256;
  int64_t not_after;
  const char *reason; // of a revocation
  int64_t crl_number;
  const char *why; // refused, failed: in words
} pki_event;

CODICIL_MUST_USE bool pki_audit_append(const char *dir, const pki_event *events, size_t num_events,
                                       app_error *err);

#endif
