// A relevant CAA set: see caa_judge.h. First each record is read and gets its kind, as the rules on
// issuewild need to know all of them; then each is judged; then the set.
#include "pki/caa_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/caa_record.h"
#include "pki/escape.h"

typedef enum kind {
  KIND_ISSUE,
  KIND_ISSUEWILD,
  KIND_REQUIRED,
  KIND_OTHER, // known, and of no say here
  KIND_UNKNOWN,
  KIND_MALFORMED,
  NUM_KINDS
} kind;

// RFC 8659 §4.4; RFC 9495; CA/Browser Forum Baseline Requirements A.1; BIMI: for people, or for
// certificates that are not for TLS servers.
static const char *const other_tags[] = {"iodef", "issuemail", "issuevmc", "contactemail",
                                         "contactphone"};

typedef struct set {
  const pki_caa_judge *judge;
  bool is_wildcard;
  size_t num[NUM_KINDS];
  bool grants_required[CODICIL_REQUIRED_DOMAINS_MAX];
  size_t num_issue_grants;
  const pki_caa_property *refusal;
} set;

bool pki_caa_judge_init(pki_caa_judge *out, const pki_caa_request *request,
                        const pki_caa_policy *policy, app_error *err) {
  pki_caa_judge judge = {.request = request, .num_identities = policy->num_identities};
  if (policy->num_identities > PKI_CAA_IDENTITIES_MAX) {
    return app_fail(err, "--caa-identity: more than %d", PKI_CAA_IDENTITIES_MAX);
  }
  if (request->num_required > CODICIL_REQUIRED_DOMAINS_MAX) {
    return app_fail(err, "more than %d required domains", CODICIL_REQUIRED_DOMAINS_MAX);
  }
  for (size_t i = 0; i < policy->num_identities; i++) {
    const char *text = policy->identities[i];
    if (!codicil_dns_name_normalise(judge.identities[i], sizeof judge.identities[i],
                                    codicil_span_of(text, strlen(text)))) {
      return app_fail(err, "--caa-identity '%s' is not a domain name", text);
    }
  }
  *out = judge;
  return true;
}

// A configured tag that another property has already does not take that one's say away.
static kind kind_of(const pki_caa_judge *judge, const pki_caa_record *record) {
  if (pki_caa_tag_equals(record->tag, "issue")) {
    return KIND_ISSUE;
  }
  if (pki_caa_tag_equals(record->tag, "issuewild")) {
    return KIND_ISSUEWILD;
  }
  if (pki_caa_tag_equals(record->tag, judge->request->tag)) {
    return KIND_REQUIRED;
  }
  for (size_t i = 0; i < sizeof other_tags / sizeof other_tags[0]; i++) {
    if (pki_caa_tag_equals(record->tag, other_tags[i])) {
      return KIND_OTHER;
    }
  }
  return KIND_UNKNOWN;
}

static kind read_record(pki_caa_record *out, const pki_caa_judge *judge, codicil_span rdata) {
  return pki_caa_record_parse(out, rdata) ? kind_of(judge, out) : KIND_MALFORMED;
}

static void say(pki_caa_property *property, pki_caa_effect effect, const char *why) {
  property->effect = effect;
  snprintf(property->why, sizeof property->why, "%s", why);
}

static bool is_this_ca(const pki_caa_judge *judge, codicil_span domain) {
  for (size_t i = 0; i < judge->num_identities; i++) {
    // Domain names have no case (RFC 4343), as tags have none.
    if (pki_caa_tag_equals(domain, judge->identities[i])) {
      return true;
    }
  }
  return false;
}

// RFC 8657 §3, §4: with a parameter that binds the property to an account or to ACME's methods it
// is satisfied by these alone. This CA has neither, and must not act as if they had not been asked
// for.
static void judge_issuer(pki_caa_property *property, const pki_caa_judge *judge,
                         const pki_caa_issue *issue) {
  if (issue->domain.len == 0) {
    say(property, PKI_CAA_WITHHOLDS, "allows no CA");
  } else if (judge->num_identities == 0) {
    say(property, PKI_CAA_WITHHOLDS, "names a CA, and this one has no identity (--caa-identity)");
  } else if (!is_this_ca(judge, issue->domain)) {
    say(property, PKI_CAA_WITHHOLDS, "names another CA");
  } else if (issue->has_account) {
    say(property, PKI_CAA_WITHHOLDS, "names this CA for an account (accounturi): it has none");
  } else if (issue->has_methods) {
    say(property, PKI_CAA_WITHHOLDS,
        "names this CA for certain methods of validation (validationmethods): it uses none");
  } else {
    say(property, PKI_CAA_GRANTS, "names this CA");
  }
}

static void judge_issue(pki_caa_property *property, set *s, kind which, codicil_span value) {
  //= https://www.rfc-editor.org/rfc/rfc8659#section-4.3
  //# issuewild Properties MUST be ignored when processing a request for
  //# an FQDN that is not a Wildcard Domain Name.
  if (which == KIND_ISSUEWILD && !s->is_wildcard) {
    say(property, PKI_CAA_NEUTRAL, "counts for wildcards only");
    return;
  }
  //= https://www.rfc-editor.org/rfc/rfc8659#section-4.3
  //# If at least one issuewild Property is specified in the Relevant
  //# RRset for a Wildcard Domain Name, all issue Properties MUST be
  //# ignored when processing a request for that Wildcard Domain Name.
  if (which == KIND_ISSUE && s->is_wildcard && s->num[KIND_ISSUEWILD] > 0) {
    say(property, PKI_CAA_NEUTRAL, "does not count for a wildcard: issuewild stands beside it");
    return;
  }
  pki_caa_issue issue;
  //= https://www.rfc-editor.org/rfc/rfc8659#section-4.2
  //# An issue Property Tag where the issue-value does not match the ABNF
  //# grammar MUST be treated the same as one specifying an empty
  //# issuer-domain-name.
  if (!pki_caa_issue_parse(&issue, value)) {
    say(property, PKI_CAA_WITHHOLDS, "is not written as RFC 8659 has it, and so allows no CA");
  } else {
    judge_issuer(property, s->judge, &issue);
  }
  s->num_issue_grants += property->effect == PKI_CAA_GRANTS ? 1 : 0;
}

// A person may write U-labels in a configuration; a CAA value has A-labels.
static bool read_required(codicil_required_domain *out, char *text, size_t text_len,
                          codicil_span value) {
  codicil_span name = pki_caa_required_name(value);
  for (size_t i = 0; i < name.len; i++) {
    if (name.data[i] <= ' ' || name.data[i] >= 0x7f) {
      return false;
    }
  }
  return codicil_required_domain_from_text(out, text, text_len, NULL, name) == CODICIL_OK;
}

static void judge_required(pki_caa_property *property, set *s, codicil_span value) {
  const pki_caa_request *request = s->judge->request;
  char text[CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
  codicil_required_domain pattern;
  if (request->num_required == 0) {
    say(property, PKI_CAA_NEUTRAL, "counts for certificates with Required Domain only");
    return;
  }
  if (!read_required(&pattern, text, sizeof text, value)) {
    say(property, PKI_CAA_WITHHOLDS, "is no name that could be required");
    return;
  }
  size_t num_granted = 0;
  for (size_t i = 0; i < request->num_required; i++) {
    if (codicil_required_domain_grants(&pattern, &request->required[i])) {
      s->grants_required[i] = true;
      num_granted++;
    }
  }
  if (num_granted == 0) {
    say(property, PKI_CAA_WITHHOLDS, "covers none of the certificate's required domains");
  } else if (num_granted == request->num_required) {
    say(property, PKI_CAA_GRANTS, "covers what the certificate requires");
  } else {
    say(property, PKI_CAA_GRANTS, "covers some of the certificate's required domains");
  }
}

static void judge_unknown(pki_caa_property *property, const pki_caa_record *record) {
  //= https://www.rfc-editor.org/rfc/rfc8659#section-4.1
  //# A CA MUST NOT issue certificates for any FQDN if the Relevant RRset
  //# for that FQDN contains a CAA critical Property for an unknown or
  //# unsupported Property Tag.
  if (record->is_critical) {
    say(property, PKI_CAA_REFUSES, "is critical, and this CA does not know it");
  } else {
    say(property, PKI_CAA_NEUTRAL, "is not critical, and this CA does not know it");
  }
}

static void judge_property(pki_caa_property *property, set *s, codicil_span rdata) {
  pki_caa_record record = {.flags = 0};
  kind which = read_record(&record, s->judge, rdata);
  if (which == KIND_MALFORMED) {
    pki_escape(property->value, sizeof property->value, rdata);
    say(property, PKI_CAA_REFUSES, "is not a CAA record (RFC 8659 4.1)");
    s->refusal = property;
    return;
  }
  property->flags = record.flags;
  pki_escape(property->tag, sizeof property->tag, record.tag);
  pki_escape(property->value, sizeof property->value, record.value);
  switch (which) {
  case KIND_ISSUE:
  case KIND_ISSUEWILD:
    judge_issue(property, s, which, record.value);
    break;
  case KIND_REQUIRED:
    judge_required(property, s, record.value);
    break;
  case KIND_OTHER:
    say(property, PKI_CAA_NEUTRAL, "says nothing on who may issue");
    break;
  default:
    judge_unknown(property, &record);
    break;
  }
  s->refusal = property->effect == PKI_CAA_REFUSES ? property : s->refusal;
}

// The first required domain that no property covers; NULL: all are covered.
static const codicil_required_domain *uncovered(const set *s) {
  const pki_caa_request *request = s->judge->request;
  for (size_t i = 0; i < request->num_required; i++) {
    if (!s->grants_required[i]) {
      return &request->required[i];
    }
  }
  return NULL;
}

static void conclude(pki_caa_name *name, const set *s) {
  bool by_wild = s->is_wildcard && s->num[KIND_ISSUEWILD] > 0;
  size_t num_issue = by_wild ? s->num[KIND_ISSUEWILD] : s->num[KIND_ISSUE];
  const codicil_required_domain *missing = uncovered(s);
  if (s->refusal != NULL) {
    snprintf(name->why, sizeof name->why, "a record of %.100s %.100s", name->found_at,
             s->refusal->why);
  } else if (num_issue > 0 && s->num_issue_grants == 0) {
    snprintf(name->why, sizeof name->why, "no %s property of %.100s names this CA%s",
             by_wild ? "issuewild" : "issue", name->found_at,
             s->judge->num_identities == 0 ? ", which has no identity (--caa-identity)" : "");
  } else if (missing != NULL) {
    char text[CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
    codicil_required_domain_format(missing, text, sizeof text);
    snprintf(name->why, sizeof name->why, "no %s property of %.100s covers %.100s",
             s->judge->request->tag, name->found_at, text);
  } else {
    name->is_allowed = true;
    snprintf(name->why, sizeof name->why, "the records of %.100s allow it", name->found_at);
  }
}

bool pki_caa_judge_set(pki_caa_name *name, const pki_caa_judge *judge, const codicil_span *records,
                       size_t num_records) {
  name->properties = calloc(num_records + 1, sizeof *name->properties);
  if (name->properties == NULL) {
    return false;
  }
  name->num_properties = num_records;
  set s = {.judge = judge, .is_wildcard = strncmp(name->name, "*.", 2) == 0};
  for (size_t i = 0; i < num_records; i++) {
    pki_caa_record record;
    s.num[read_record(&record, judge, records[i])]++;
  }
  for (size_t i = 0; i < num_records; i++) {
    judge_property(&name->properties[i], &s, records[i]);
  }
  conclude(name, &s);
  return true;
}
