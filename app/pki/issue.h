// Issuing: one X.509 certificate from a profile, a subject key and an issuer.
#ifndef APP_PKI_ISSUE_H
#define APP_PKI_ISSUE_H

#include <openssl/x509.h>

#include "io/error.h"
#include "pki/subject.h"

typedef enum pki_profile {
  PKI_ROOT,         // a CA that signs itself
  PKI_INTERMEDIATE, // a CA that signs end entities only
  PKI_SERVER,       // an end entity for serverAuth
} pki_profile;

// Who signs. For PKI_ROOT `certificate` is NULL and `key` the subject's own.
typedef struct pki_issuer {
  X509 *certificate;
  EVP_PKEY *key;
} pki_issuer;

typedef struct pki_request {
  pki_profile profile;
  EVP_PKEY *key;           // of the subject
  const char *common_name; // NULL, or a server's longer than RFC 5280's 64: empty subject
  const pki_name *names;   // of PKI_SERVER
  size_t num_names;
  int64_t now_s; // Unix time
  unsigned days; // valid from an hour before `now_s` (clocks differ) to so many days after it
} pki_request;

// Signs a certificate; the caller frees it. NULL with `err` set where it cannot, and where the
// certificate would outlive its issuer.
CODICIL_MUST_USE X509 *pki_issue(const pki_request *request, const pki_issuer *issuer,
                                 app_error *err);

#endif
