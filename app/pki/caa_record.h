// One CAA record as DNS carries it, and the values of its properties (RFC 8659 §4). Octets come
// from strangers' zones: nothing is believed, nothing is copied, spans point into the record.
#ifndef APP_PKI_CAA_RECORD_H
#define APP_PKI_CAA_RECORD_H

#include "codicil/codicil.h"

typedef struct pki_caa_record {
  uint8_t flags; // as they came; all but the critical one are reserved
  bool is_critical;
  codicil_span tag; // one ASCII letter or digit, or more, in any case
  codicil_span value;
} pki_caa_record;

// Reads a record's RDATA (§4.1); false where it is not one, `out` is untouched then.
CODICIL_MUST_USE bool pki_caa_record_parse(pki_caa_record *out, codicil_span rdata);
// Compares without case: "tags are case insensitive" (§4.1).
bool pki_caa_tag_equals(codicil_span tag, const char *name);

// The value of an `issue` or `issuewild` property.
typedef struct pki_caa_issue {
  codicil_span domain; // empty: no CA at all
  bool has_account;    // a parameter accounturi (RFC 8657 §3)
  bool has_methods;    // a parameter validationmethods (RFC 8657 §4)
} pki_caa_issue;

// Reads it (§4.2); false where it is not of that grammar, `out` is untouched then.
CODICIL_MUST_USE bool pki_caa_issue_parse(pki_caa_issue *out, codicil_span value);

// What stands before the first ";" of a `requireddomain` value, without the white space around it.
codicil_span pki_caa_required_name(codicil_span value);

#endif
