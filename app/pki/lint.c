// Rules on one certificate: see lint.h. Each is a function; those of the second table are for end
// entities, which are what a server shows.
#include "pki/lint.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pki/escape.h"
#include "pki/facts.h"
#include "pki/required.h"

enum {
  DAY_S = 86400,
  LIFETIME_MAX_DAYS = 398, // CA/Browser Forum Baseline Requirements 6.3.2
  SOON_DAYS = 14,
  STRENGTH_MIN = 112, // bits of security: RSA of 2048, P-224 (RFC 9155 and browsers)
  TEXT_MAX = 512,
  NAME_SHOWN = 128
};

static const char *const severity_names[] = {
    [PKI_ERROR] = "error", [PKI_WARNING] = "warning", [PKI_NOTICE] = "notice"};
static const struct {
  const char *name;
  pki_severity severity;
} ids[] = {
#define PKI_LINT_ROW(name, severity, id) {id, PKI_##severity},
    PKI_LINT_MAP(PKI_LINT_ROW)
#undef PKI_LINT_ROW
};

const char *pki_severity_name(pki_severity severity) {
  return severity_names[severity];
}

const char *pki_lint_name(pki_lint_id id) {
  return ids[id].name;
}

pki_severity pki_lint_severity(pki_lint_id id) {
  return ids[id].severity;
}

typedef struct lint {
  const pki_parsed *parsed;
  const char *oid;
  int64_t now_s;
  pki_lint_fn *tell;
  void *user;
} lint;

static void find(const lint *l, pki_lint_id id, const char *format, ...) CODICIL_PRINTF(3, 4);
static void find(const lint *l, pki_lint_id id, const char *format, ...) {
  char text[TEXT_MAX];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  l->tell(l->user, id, text);
}

// ---- every certificate --------------------------------------------------------------------------

static void check_time(const lint *l) {
  char words[64];
  int64_t from = codicil_identity_not_before(l->parsed->identity);
  int64_t until = codicil_identity_not_after(l->parsed->identity);
  pki_validity_words(words, sizeof words, from, until, l->now_s);
  if (l->now_s > until) {
    find(l, PKI_LINT_EXPIRED, "it %s", words);
  } else if (l->now_s < from) {
    find(l, PKI_LINT_NOT_YET_VALID, "it %s", words);
  } else if (until - l->now_s < (int64_t)SOON_DAYS * DAY_S) {
    find(l, PKI_LINT_EXPIRES_SOON, "it %s", words);
  }
}

static void check_key(const lint *l) {
  const EVP_PKEY *key = X509_get0_pubkey(l->parsed->x509);
  const char *type = key != NULL ? EVP_PKEY_get0_type_name(key) : NULL;
  ERR_clear_error();
  if (key == NULL) {
    find(l, PKI_LINT_KEY_WEAK, "its key is of a kind that cannot be read");
  } else if (EVP_PKEY_get_security_bits(key) < STRENGTH_MIN) {
    find(l, PKI_LINT_KEY_WEAK, "its %s key of %d bits is too weak", type != NULL ? type : "unknown",
         EVP_PKEY_get_bits(key));
  }
}

// Nobody verifies the signature of a trust anchor.
static void check_signature(const lint *l) {
  int digest = NID_undef;
  int strength = 0;
  bool is_self_signed = (X509_get_extension_flags(l->parsed->x509) & EXFLAG_SS) != 0;
  if (is_self_signed) {
    return;
  }
  bool is_known = X509_get_signature_info(l->parsed->x509, &digest, NULL, &strength, NULL) == 1;
  ERR_clear_error();
  if (!is_known) {
    find(l, PKI_LINT_SIGNATURE_WEAK, "it is signed with what cannot be read");
  } else if (strength < STRENGTH_MIN) {
    find(l, PKI_LINT_SIGNATURE_WEAK, "it is signed with %s, which can be forged",
         digest != NID_undef ? OBJ_nid2sn(digest) : "a weak algorithm");
  }
}

// ---- names of an end entity ---------------------------------------------------------------------

static codicil_span span_of_asn1(const ASN1_STRING *string) {
  return codicil_span_of(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));
}

static codicil_span span_of_text(const char *text) {
  return codicil_span_of(text, strlen(text));
}

static bool starts_with(codicil_span text, const char *prefix) {
  return text.len >= strlen(prefix) &&
         strncasecmp((const char *)text.data, prefix, strlen(prefix)) == 0;
}

// Some label of it begins with "xn--".
static bool is_international(codicil_span name) {
  for (size_t i = 0; i < name.len; i++) {
    bool begins_label = i == 0 || name.data[i - 1] == '.';
    if (begins_label && starts_with(codicil_span_of(name.data + i, name.len - i), "xn--")) {
      return true;
    }
  }
  return false;
}

// What follows "*." is a name that covers itself.
static bool is_valid_name(codicil_span name) {
  codicil_span base = starts_with(name, "*.") ? codicil_span_of(name.data + 2, name.len - 2) : name;
  return codicil_dns_name_covers(base, base);
}

static void check_dns_name(const lint *l, codicil_span name) {
  char shown[NAME_SHOWN];
  pki_escape(shown, sizeof shown, name);
  if (name.len > 0 && memchr(name.data, '_', name.len) != NULL) {
    find(l, PKI_LINT_NAME_UNDERSCORE, "'%s' has an underscore, which no host name has", shown);
  } else if (!is_valid_name(name)) {
    find(l, PKI_LINT_NAME_INVALID, "'%s' is not a host name in A-labels: nobody matches it", shown);
  } else if (codicil_dns_name_spans_public_suffix(name)) {
    find(l, PKI_LINT_WILDCARD_PUBLIC_SUFFIX,
         "'%s' stands for everybody's names below a public "
         "suffix",
         shown);
  } else if (is_international(name)) {
    find(l, PKI_LINT_NAME_IDN, "'%s' is an international name: look at it as people see it", shown);
  }
}

static void check_names(const lint *l) {
  size_t num = 0;
  for (int i = 0; i < sk_GENERAL_NAME_num(l->parsed->names); i++) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(l->parsed->names, i);
    codicil_address address;
    if (name->type == GEN_DNS) {
      num++;
      check_dns_name(l, span_of_asn1(name->d.dNSName));
    } else if (name->type == GEN_IPADD) {
      codicil_span octets = span_of_asn1(name->d.iPAddress);
      num++;
      if (!codicil_address_from_octets(&address, octets) || address.len != octets.len) {
        find(l, PKI_LINT_NAME_INVALID, "an address of %zu octets matches nothing", octets.len);
      }
    }
  }
  if (num == 0) {
    find(l, PKI_LINT_NO_NAMES, "no dNSName and no iPAddress: nobody reads the common name");
  }
}

static bool has_name(const codicil_identity *identity, codicil_span text) {
  codicil_address address;
  bool is_address = codicil_address_parse(&address, text);
  for (size_t i = 0; i < codicil_identity_num_names(identity); i++) {
    const codicil_alt_name *name = codicil_identity_name(identity, i);
    bool is_same =
        name->type == CODICIL_ALT_DNS
            ? name->dns.len == text.len &&
                  strncasecmp((const char *)name->dns.data, (const char *)text.data, text.len) == 0
            : is_address && codicil_address_equal(&address, &name->address);
    if (is_same) {
      return true;
    }
  }
  return false;
}

static void check_common_name(const lint *l) {
  const X509_NAME *subject = X509_get_subject_name(l->parsed->x509);
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;) {
    const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    if (!has_name(l->parsed->identity, span_of_asn1(value))) {
      char shown[NAME_SHOWN];
      pki_escape(shown, sizeof shown, span_of_asn1(value));
      find(l, PKI_LINT_COMMON_NAME, "its common name '%s' is not among its names", shown);
    }
  }
}

static void check_lifetime(const lint *l) {
  int64_t from = codicil_identity_not_before(l->parsed->identity);
  // RFC 5280 §4.1.2.5: both ends belong to it.
  int64_t seconds = codicil_identity_not_after(l->parsed->identity) - from + 1;
  if (seconds > (int64_t)LIFETIME_MAX_DAYS * DAY_S) {
    find(l, PKI_LINT_LIFETIME,
         "it lives for %lld days: browsers take no more than %d of a public "
         "CA's",
         (long long)(seconds / DAY_S), LIFETIME_MAX_DAYS);
  }
}

static void check_usage(const lint *l) {
  uint32_t flags = X509_get_extension_flags(l->parsed->x509);
  uint32_t usage = X509_get_extended_key_usage(l->parsed->x509);
  if ((flags & EXFLAG_XKUSAGE) == 0) {
    find(l, PKI_LINT_USAGE_MISSING, "no extended key usage: it says nothing of serverAuth");
  } else if ((usage & (XKU_SSL_SERVER | XKU_ANYEKU)) == 0) {
    find(l, PKI_LINT_USAGE, "its extended key usage does not have serverAuth");
  }
}

// ---- Required Domain ----------------------------------------------------------------------------

static bool is_own(const codicil_identity *identity, const codicil_required_domain *domain) {
  for (size_t i = 0; i < codicil_identity_num_names(identity); i++) {
    const codicil_alt_name *name = codicil_identity_name(identity, i);
    bool is_match = domain->type == CODICIL_REQUIRED_ADDRESS
                        ? name->type == CODICIL_ALT_ADDRESS &&
                              codicil_address_equal(&name->address, &domain->address)
                        : name->type == CODICIL_ALT_DNS && pki_required_is_own(domain, name->dns);
    if (is_match) {
      return true;
    }
  }
  return false;
}

static void check_required_domain(const lint *l, const codicil_required_domain *domain) {
  char shown[CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
  codicil_required_domain_format(domain, shown, sizeof shown);
  if (domain->type == CODICIL_REQUIRED_ANY) {
    find(l, PKI_LINT_REQUIRED_ANY, "its required domain is '*': by default clients refuse that");
  } else if (domain->type == CODICIL_REQUIRED_WILDCARD &&
             codicil_dns_name_spans_public_suffix(domain->dns)) {
    find(l, PKI_LINT_REQUIRED_SUFFIX, "its required domain %s spans a public suffix", shown);
  } else if (is_own(l->parsed->identity, domain)) {
    find(l, PKI_LINT_REQUIRED_OWN, PKI_REQUIRED_OWN_FORMAT, shown);
  }
}

static bool has_address(const codicil_identity *identity) {
  for (size_t i = 0; i < codicil_identity_num_names(identity); i++) {
    if (codicil_identity_name(identity, i)->type == CODICIL_ALT_ADDRESS) {
      return true;
    }
  }
  return false;
}

static void check_required(const lint *l) {
  const codicil_identity *identity = l->parsed->identity;
  if (codicil_identity_required_state(identity) == CODICIL_REQUIRED_ABSENT) {
    return;
  }
  if (codicil_identity_required_state(identity) == CODICIL_REQUIRED_INVALID) {
    find(l, PKI_LINT_REQUIRED_INVALID,
         "its Required Domain does not parse: it is no secondary certificate");
  }
  if (pki_parsed_is_critical(l->parsed, l->oid)) {
    find(l, PKI_LINT_REQUIRED_CRITICAL,
         "its Required Domain is critical: clients that do not know it refuse the certificate");
  }
  if (has_address(identity)) {
    find(l, PKI_LINT_REQUIRED_ADDRESS, "a certificate for an address has no Required Domain");
  }
  for (size_t i = 0; i < codicil_identity_num_required(identity); i++) {
    check_required_domain(l, codicil_identity_required(identity, i));
  }
}

// ---- all rules ----------------------------------------------------------------------------------

typedef void rule(const lint *l);
static rule *const rules[] = {check_time, check_key, check_signature};
static rule *const end_entity_rules[] = {check_names, check_common_name, check_lifetime,
                                         check_usage, check_required};

void pki_lint(const pki_parsed *parsed, const char *oid, int64_t now_s, pki_lint_fn *tell,
              void *user) {
  const lint l = {parsed, oid, now_s, tell, user};
  for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
    rules[i](&l);
  }
  if (!pki_parsed_is_ca(parsed)) {
    for (size_t i = 0; i < sizeof end_entity_rules / sizeof end_entity_rules[0]; i++) {
      end_entity_rules[i](&l);
    }
  }
}

// ---- a name's owner -----------------------------------------------------------------------------

// "*.X" of an owner is everything below X: a monitor rather looks at too much.
static bool is_for(const codicil_alt_name *name, const pki_name *mine) {
  codicil_span text = span_of_text(mine->text);
  if (name->type == CODICIL_ALT_ADDRESS) {
    return mine->address.len != 0 && codicil_address_equal(&name->address, &mine->address);
  }
  if (!starts_with(text, "*.")) {
    return codicil_dns_name_covers(name->dns, text);
  }
  size_t ending = text.len - 1; // ".X"
  return name->dns.len > ending &&
         memcmp(name->dns.data + name->dns.len - ending, text.data + 1, ending) == 0;
}

// Writes the first name of the certificate that is of the owner's.
static bool first_mine(char *out, size_t out_len, const codicil_identity *identity,
                       const pki_mine *mine) {
  for (size_t k = 0; k < codicil_identity_num_names(identity); k++) {
    const codicil_alt_name *name = codicil_identity_name(identity, k);
    for (size_t i = 0; i < mine->num_names; i++) {
      if (is_for(name, &mine->names[i])) {
        if (name->type == CODICIL_ALT_ADDRESS) {
          snprintf(out, out_len, "%s", mine->names[i].text);
        } else {
          snprintf(out, out_len, "%.*s", (int)name->dns.len, (const char *)name->dns.data);
        }
        return true;
      }
    }
  }
  return false;
}

static bool is_allowed(const codicil_required_domain *domain, const pki_mine *mine) {
  for (size_t i = 0; i < mine->num_allowed; i++) {
    if (codicil_required_domain_grants(&mine->allowed[i], domain)) {
      return true;
    }
  }
  return false;
}

void pki_lint_mine(const codicil_identity *identity, const pki_mine *mine, pki_lint_fn *tell,
                   void *user) {
  const lint l = {.tell = tell, .user = user};
  codicil_required_state state = codicil_identity_required_state(identity);
  char name[CODICIL_DNS_NAME_MAX + 1];
  if (state == CODICIL_REQUIRED_ABSENT || !first_mine(name, sizeof name, identity, mine)) {
    return;
  }
  if (state == CODICIL_REQUIRED_INVALID) {
    find(&l, PKI_LINT_REQUIRED_NOT_ALLOWED,
         "it is for %.200s, and its Required Domain does not parse", name);
  }
  for (size_t i = 0; i < codicil_identity_num_required(identity); i++) {
    const codicil_required_domain *domain = codicil_identity_required(identity, i);
    if (!is_allowed(domain, mine)) {
      char shown[CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
      codicil_required_domain_format(domain, shown, sizeof shown);
      find(&l, PKI_LINT_REQUIRED_NOT_ALLOWED,
           "it is for %.200s, and requires %s, which you do not allow", name, shown);
    }
  }
}
