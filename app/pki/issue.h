// Issuing: one X.509 certificate from a profile, a subject key and an issuer.
#ifndef APP_PKI_ISSUE_H
#define APP_PKI_ISSUE_H

#include <openssl/x509.h>

#include "io/error.h"
#include "pki/required.h"

typedef enum pki_profile {
  PKI_ROOT,         // a CA that signs itself
  PKI_INTERMEDIATE, // a CA that signs end entities only
  PKI_SERVER,       // an end entity for serverAuth
  PKI_GLUE,         // the same, whose one use is to prove a Required Domain for another
} pki_profile;

// "root", "intermediate", "server", "glue"; static.
const char *pki_profile_name(pki_profile profile);
static inline bool pki_profile_is_ca(pki_profile profile) {
  return profile == PKI_ROOT || profile == PKI_INTERMEDIATE;
}

enum { PKI_SERIAL_LEN = 16 };
// A serial number in its shortest form: 128 bits, of which the first is set.
typedef struct pki_serial {
  uint8_t octets[PKI_SERIAL_LEN];
} pki_serial;
CODICIL_MUST_USE bool pki_serial_new(pki_serial *out, app_error *err);

// Who signs. For PKI_ROOT `certificate` is NULL and `key` the subject's own.
typedef struct pki_issuer {
  X509 *certificate;
  EVP_PKEY *key;
} pki_issuer;

typedef struct pki_request {
  pki_profile profile;
  EVP_PKEY *key; // of the subject
  pki_serial serial;
  const char *common_name;  // NULL, or a server's longer than RFC 5280's 64: empty subject
  const X509_NAME *subject; // of a CA, in place of a common name; else NULL
  const pki_name *names;    // of an end entity
  size_t num_names;
  const pki_required *required;    // NULL or empty: no Required Domain extension
  const char *required_domain_oid; // dotted
  int64_t now_s;                   // Unix time
  unsigned days; // valid from an hour before `now_s` (clocks differ) to so many days after it
} pki_request;

// Makes the Required Domain extension, which is never critical: no client of today would take it.
// NULL where memory ran out or `oid` is not dotted. The caller frees it.
X509_EXTENSION *pki_required_extension(const pki_required *required, const char *oid);

int64_t pki_not_before(const pki_request *request);
int64_t pki_not_after(const pki_request *request);
// Refuses a certificate that would outlive its issuer.
CODICIL_MUST_USE bool pki_check_lifetime(const pki_request *request, const X509 *issuer,
                                         app_error *err);
// Signs a certificate; the caller frees it. NULL with `err` set where it cannot, and where the
// certificate would outlive its issuer. Nothing but sign.c calls this: what goes before a
// signature (policy, CAA, register, audit log) is done there.
CODICIL_MUST_USE X509 *pki_issue(const pki_request *request, const pki_issuer *issuer,
                                 app_error *err);

#endif
