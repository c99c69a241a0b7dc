// What is wrong with a certificate, or may be: `codicil cert lint`. A rule sees one certificate;
// what several of them do to one another is lint_prove.h's.
//
// A finding's id is stable: scripts may depend on it. Sentences may change. Texts are printable
// ASCII.
#ifndef APP_PKI_LINT_H
#define APP_PKI_LINT_H

#include "pki/parsed.h"
#include "pki/subject.h"

// Id, severity. An error: clients or the protocol refuse it, or it is not what you allow. A
// warning: it works somewhere, or not for what it was made. A notice: look twice.
#define PKI_LINT_MAP(X)                                         \
  X(MALFORMED, ERROR, "malformed")                              \
  X(EXPIRED, ERROR, "expired")                                  \
  X(NOT_YET_VALID, WARNING, "not-yet-valid")                    \
  X(EXPIRES_SOON, NOTICE, "expires-soon")                       \
  X(LIFETIME, WARNING, "lifetime")                              \
  X(KEY_WEAK, ERROR, "key-weak")                                \
  X(SIGNATURE_WEAK, ERROR, "signature-weak")                    \
  X(NO_NAMES, ERROR, "no-names")                                \
  X(NAME_INVALID, ERROR, "name-invalid")                        \
  X(NAME_UNDERSCORE, ERROR, "name-underscore")                  \
  X(NAME_IDN, NOTICE, "name-idn")                               \
  X(WILDCARD_PUBLIC_SUFFIX, ERROR, "wildcard-public-suffix")    \
  X(COMMON_NAME, WARNING, "common-name")                        \
  X(USAGE, ERROR, "usage")                                      \
  X(USAGE_MISSING, WARNING, "usage-missing")                    \
  X(REQUIRED_INVALID, ERROR, "required-domain-invalid")         \
  X(REQUIRED_CRITICAL, ERROR, "required-domain-critical")       \
  X(REQUIRED_ADDRESS, ERROR, "required-domain-address")         \
  X(REQUIRED_SUFFIX, ERROR, "required-domain-public-suffix")    \
  X(REQUIRED_ANY, WARNING, "required-domain-any")               \
  X(REQUIRED_OWN, WARNING, "required-domain-own")               \
  X(REQUIRED_UNPROVABLE, WARNING, "required-domain-unprovable") \
  X(REQUIRED_LOOP, WARNING, "required-domain-loop")             \
  X(REQUIRED_NOT_ALLOWED, ERROR, "required-domain-not-allowed")

typedef enum pki_severity { PKI_ERROR, PKI_WARNING, PKI_NOTICE, PKI_NUM_SEVERITIES } pki_severity;
typedef enum pki_lint_id {
#define PKI_LINT_ENUM(name, severity, id) PKI_LINT_##name,
  PKI_LINT_MAP(PKI_LINT_ENUM)
#undef PKI_LINT_ENUM
      PKI_NUM_LINT_IDS
} pki_lint_id;

// "error", "warning", "notice"; static.
const char *pki_severity_name(pki_severity severity);
const char *pki_lint_name(pki_lint_id id);
pki_severity pki_lint_severity(pki_lint_id id);

// `text` is a sentence without a full stop, borrowed for the call.
typedef void pki_lint_fn(void *user, pki_lint_id id, const char *text);
// Calls `tell` for every finding on this certificate. `oid` is that of Required Domain.
void pki_lint(const pki_parsed *parsed, const char *oid, int64_t now_s, pki_lint_fn *tell,
              void *user);

// Whose certificates are looked for, and which required domains they may have.
typedef struct pki_mine {
  const pki_name *names; // "*.X": every name below X
  size_t num_names;
  const codicil_required_domain *allowed; // as a CAA requireddomain property covers
  size_t num_allowed;
} pki_mine;
// Calls `tell` where the certificate is for one of the names and has a Required Domain that is not
// allowed, or does not parse.
void pki_lint_mine(const codicil_identity *identity, const pki_mine *mine, pki_lint_fn *tell,
                   void *user);

#endif
