// Wildcards against excluded subtrees: see wildcard.h.
//
// Name constraints compare text: `*.a.example` is not below the excluded `www.a.example`, and yet
// it would serve for it. RFC 5280 leaves wildcards out; an issuer that excludes a name means it.
#include "wildcard.h"

#include <openssl/x509v3.h>

#include "codicil/name.h"
#include "span.h"

static codicil_span dns_of(const GENERAL_NAME *name) {
  if (name->type != GEN_DNS || ASN1_STRING_length(name->d.dNSName) <= 0) {
    return codicil_span_of(NULL, 0);
  }
  return codicil_span_of(ASN1_STRING_get0_data(name->d.dNSName),
                         (size_t)ASN1_STRING_length(name->d.dNSName));
}

static bool overlaps(const GENERAL_NAMES *names, const NAME_CONSTRAINTS *constraints) {
  for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
    codicil_span name = dns_of(sk_GENERAL_NAME_value(names, i));
    bool is_wildcard = name.len > 2 && name.data[0] == '*' && name.data[1] == '.';
    for (int j = 0; is_wildcard && j < sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees); j++) {
      const GENERAL_SUBTREE *tree = sk_GENERAL_SUBTREE_value(constraints->excludedSubtrees, j);
      if (codicil_dns_name_covers(name, dns_of(tree->base))) {
        return true;
      }
    }
  }
  return false;
}

// What cannot be read (no memory) counts as excluded.
static bool is_excluded_by(X509 *leaf, X509 *issuer) {
  int found = 0; // -1: the extension is absent
  NAME_CONSTRAINTS *constraints = X509_get_ext_d2i(issuer, NID_name_constraints, NULL, NULL);
  GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, &found, NULL);
  bool excluded =
      constraints == NULL || (names == NULL ? found != -1 : overlaps(names, constraints));
  NAME_CONSTRAINTS_free(constraints);
  GENERAL_NAMES_free(names);
  return excluded;
}

bool codicil_wildcard_is_excluded(STACK_OF(X509) * chain) {
  for (int i = 1; i < sk_X509_num(chain); i++) {
    X509 *issuer = sk_X509_value(chain, i);
    if (X509_get_ext_by_NID(issuer, NID_name_constraints, -1) >= 0 &&
        is_excluded_by(sk_X509_value(chain, 0), issuer)) {
      return true;
    }
  }
  return false;
}
