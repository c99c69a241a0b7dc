// Taking certificates back: revocation in the register, and the CRLs that say so.
#ifndef APP_PKI_REVOKE_H
#define APP_PKI_REVOKE_H

#include "pki/register.h"
#include "pki/store.h"

enum { PKI_CRL_DAYS = 30, PKI_CRLS_MAX = 2 };

// CRLReason (RFC 5280 §5.3.1), but for those that take a revocation back.
#define PKI_REASON_MAP(X)      \
  X("unspecified", 0)          \
  X("keyCompromise", 1)        \
  X("cACompromise", 2)         \
  X("affiliationChanged", 3)   \
  X("superseded", 4)           \
  X("cessationOfOperation", 5) \
  X("privilegeWithdrawn", 9)

// Reads "keyCompromise", in any case; false, with the names there are, for any other word.
CODICIL_MUST_USE bool pki_reason_parse(int *out, const char *text, app_error *err);
// "keyCompromise"; static.
const char *pki_reason_name(int reason);

typedef struct pki_revoke_order {
  const char *ca_dir;
  const char *what; // a certificate's file, or its serial number in hex, with or without colons
  const char *oid;  // of the Required Domain extension
  int reason;
  int64_t now_s;
} pki_revoke_order;

typedef struct pki_revoked {
  char serial[PKI_SERIAL_TEXT_LEN];
  char names[512]; // the first of them
} pki_revoked;

// A certificate that this CA signed before it had a register is revoked by its file, and registered
// then. Refuses what another CA signed, what is revoked already, and the CA itself.
CODICIL_MUST_USE bool pki_revoke(pki_revoked *out, const pki_revoke_order *order, app_error *err);

typedef struct pki_crl_order {
  const char *ca_dir;
  const char *out_path; // one file for all; NULL: DIR/ca.crl, and DIR/intermediate.crl
  unsigned days;        // until the next one is due
  int64_t now_s;
} pki_crl_order;

typedef struct pki_crl_made {
  char path[PKI_PATH_MAX];
  const char *issuer; // "ca" or "intermediate"
  int64_t number;
  size_t num_entries;
  int64_t next_update;
} pki_crl_made;

// Makes a CRL of the root, and one of the intermediate where there is one. They take the place of
// those before. `out` has room for PKI_CRLS_MAX.
CODICIL_MUST_USE bool pki_new_crls(pki_crl_made *out, size_t *out_num, const pki_crl_order *order,
                                   app_error *err);

#endif
