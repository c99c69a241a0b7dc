// CAA: whether the owners of a certificate's names allow this CA to issue it (RFC 8659, and
// `requireddomain` of protocol §8).
//
// pki_caa_check asks DNS and decides; pki_caa_decide is the same with any way of asking. The
// decision says why, name by name and record by record. Order of calls: pki_caa_applies, then
// pki_caa_check, then sign if `is_allowed`, then pki_caa_decision_clear. What is not checked here:
// that who asks controls the names.
#ifndef APP_PKI_CAA_H
#define APP_PKI_CAA_H

#include "codicil/x509.h"
#include "io/dns.h"
#include "io/error.h"
#include "pki/subject.h"

enum { PKI_CAA_TEXT_MAX = 256, PKI_CAA_WHY_MAX = 384, PKI_CAA_IDENTITIES_MAX = 16 };

// What the command line and the CA's directory say of CAA.
typedef struct pki_caa_policy {
  const char *const *identities; // --caa-identity: domains that are this CA in issue and issuewild
  size_t num_identities;
  const char *server; // --caa-server ADDR[:PORT]; NULL: resolv.conf
  const char *anchor; // --dnssec-anchor FILE; NULL: nothing is validated
  bool skip;          // --insecure-skip-caa
  bool always;        // ordinary certificates too, whatever else is given
} pki_caa_policy;

// What is to be signed.
typedef struct pki_caa_request {
  const pki_name *names; // of the subjectAltName
  size_t num_names;
  const codicil_required_domain *required; // of the requiredDomain extension
  size_t num_required;
  const char *tag; // codicil_codepoints.caa_tag
} pki_caa_request;

typedef enum pki_caa_effect {
  PKI_CAA_NEUTRAL,   // says nothing on this certificate
  PKI_CAA_GRANTS,    // names this CA, or covers a required domain
  PKI_CAA_WITHHOLDS, // would have to grant, and does not: another property may
  PKI_CAA_REFUSES    // forbids whatever else there is: malformed, or critical and unknown
} pki_caa_effect;

// One record. Texts are printable ASCII: other octets are escaped, what is too long is cut.
typedef struct pki_caa_property {
  uint8_t flags;
  char tag[PKI_CAA_TEXT_MAX];
  char value[PKI_CAA_TEXT_MAX];
  pki_caa_effect effect;
  char why[PKI_CAA_WHY_MAX]; // a sentence without a full stop
} pki_caa_property;

// One name of the certificate. For an address only `is_allowed` and `why` mean something.
typedef struct pki_caa_name {
  char name[CODICIL_HOST_MAX + 1];     // as in the certificate
  char found_at[CODICIL_HOST_MAX + 1]; // where climbing found the relevant set; "": nowhere
  char alias[CODICIL_HOST_MAX + 1];    // where CNAMEs led from there; "": nowhere
  bool is_secure;                      // every answer on the way was validated with DNSSEC
  bool is_allowed;
  char why[PKI_CAA_WHY_MAX];
  pki_caa_property *properties;
  size_t num_properties;
} pki_caa_name;

// The zero state is safe to clear.
typedef struct pki_caa_decision {
  bool is_allowed;
  bool is_skipped; // nobody was asked: --insecure-skip-caa, or CAA does not apply
  char why[PKI_CAA_WHY_MAX];
  pki_caa_name *names;
  size_t num_names;
} pki_caa_decision;

// Tells whether DNS is asked before `request` is signed. A certificate with Required Domain: always
// (protocol §8). An ordinary one of a private CA: where an identity or a server was given, or
// `always`. Neither with `skip`.
bool pki_caa_applies(const pki_caa_policy *policy, const pki_caa_request *request);

// Decides. Where CAA does not apply the answer is yes and DNS is not asked. Returns false with
// `err` only where no decision was reached (memory, a flag of no use); a DNS failure is a decision:
// no. The caller clears `out`, which is untouched on failure. *resolver is NULL at first, is made
// when DNS is asked, and serves the next request of this policy: the caller frees it.
CODICIL_MUST_USE bool pki_caa_check(pki_caa_decision *out, const pki_caa_request *request,
                                    const pki_caa_policy *policy, dns_resolver **resolver,
                                    app_error *err);

// Asks for the CAA records at `name`; calls `callback` once before it returns, or returns false.
typedef bool pki_caa_lookup(void *dns, const char *name, dns_callback *callback, void *user);
// pki_caa_check with a way of asking that is given. `policy`'s server and anchor are not used.
CODICIL_MUST_USE bool pki_caa_decide(pki_caa_decision *out, const pki_caa_request *request,
                                     const pki_caa_policy *policy, pki_caa_lookup *lookup,
                                     void *dns, app_error *err);
void pki_caa_decision_clear(pki_caa_decision *decision);

#endif
