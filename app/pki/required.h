// The required domains of a certificate to be: as the command line, a CSR and the register have
// them.
#ifndef APP_PKI_REQUIRED_H
#define APP_PKI_REQUIRED_H

#include "codicil/x509.h"
#include "io/error.h"
#include "pki/subject.h"

enum { PKI_EXTENSION_MAX = 32768 };

// A list; the zero state is empty. It points into itself: it is not copied.
typedef struct pki_required {
  codicil_required_domain domain[CODICIL_REQUIRED_DOMAINS_MAX];
  size_t num;
  char text[CODICIL_REQUIRED_DOMAINS_MAX][CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
} pki_required;

// Adds the names of a list that commas separate ("www.example.com,*.example.net"); one that is
// there already is there once.
CODICIL_MUST_USE bool pki_required_add(pki_required *required, const char *list, app_error *err);
// Adds the names of an extension's content.
CODICIL_MUST_USE bool pki_required_add_der(pki_required *required, codicil_span der,
                                           app_error *err);
// Tells whether "*" is among them.
bool pki_required_has_any(const pki_required *required);
// Refuses what protocol §8 does: an address among the certificate's names, a wildcard of either
// that spans a public suffix. An empty list refuses nothing.
CODICIL_MUST_USE bool pki_required_check(const pki_required *required, const pki_name *names,
                                         size_t num_names, app_error *err);

// What lint, and those who make certificates, say of a required domain that is a name of the
// certificate's own.
#define PKI_REQUIRED_OWN_FORMAT \
  "its required domain %s is a name of its own, which it never proves itself"
// Tells whether one of the two covers the other. `name` is a dNSName.
bool pki_required_is_own(const codicil_required_domain *domain, codicil_span name);
// Calls `note` (NULL: nobody listens) with a warning for every required domain that is one of the
// names.
void pki_required_warn(const pki_required *required, const pki_name *names, size_t num_names,
                       void (*note)(const char *text));

// Appends the extension's content; nothing for an empty list.
CODICIL_MUST_USE bool pki_required_encode(codicil_buf *out, const pki_required *required,
                                          app_error *err);
// Appends them as text with NUL, separated by spaces.
CODICIL_MUST_USE bool pki_required_text(codicil_buf *out, const pki_required *required,
                                        app_error *err);

#endif
