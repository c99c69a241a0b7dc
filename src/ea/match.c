// Whether a credential answers a request: server_name, certificate_authorities, oid_filters.
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "credential.h"
#include "request.h"

// RFC 9525: subjectAltName only, a wildcard as the whole left-most label only. X509_check_host
// takes
// ".example" for every name below it, and passes over a NUL at the end: no host is called so.
static bool name_matches(codicil_span name, X509 *x509) {
  const unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
  return name.len == 0 ||
         (name.data[0] != '.' && memchr(name.data, '\0', name.len) == NULL &&
          X509_check_host(x509, (const char *)name.data, name.len, flags, NULL) == 1);
}

static bool issued_by(const codicil_credential *credential, codicil_span authority) {
  const unsigned char *at = authority.data;
  X509_NAME *name = d2i_X509_NAME(NULL, &at, (long)authority.len);
  bool found = false;
  for (size_t i = 0; name != NULL && i < credential->num && !found; i++) {
    found = X509_NAME_cmp(X509_get_issuer_name(credential->chain[i].x509), name) == 0;
  }
  X509_NAME_free(name);
  return found;
}

// RFC 8446 §4.2.4: one certificate of the chain at least is issued by one of the authorities.
static bool authorities_match(codicil_span content, const codicil_credential *credential) {
  codicil_reader outer = codicil_reader_of(content);
  codicil_span list = {NULL, 0};
  if (content.len == 0 || !codicil_read_vec16(&outer, &list)) {
    return content.len == 0;
  }
  codicil_reader r = codicil_reader_of(list);
  codicil_span authority;
  while (codicil_read_vec16(&r, &authority)) {
    if (issued_by(credential, authority)) {
      return true;
    }
  }
  return false;
}

static bool has_all_bits(const ASN1_BIT_STRING *have, const ASN1_BIT_STRING *want) {
  int num_bits = ASN1_STRING_length(want) * 8;
  for (int bit = 0; bit < num_bits; bit++) {
    if (ASN1_BIT_STRING_get_bit(want, bit) == 1 && ASN1_BIT_STRING_get_bit(have, bit) != 1) {
      return false;
    }
  }
  return true;
}

static bool key_usage_matches(X509 *x509, codicil_span values) {
  const unsigned char *at = values.data;
  ASN1_BIT_STRING *have = X509_get_ext_d2i(x509, NID_key_usage, NULL, NULL);
  ASN1_BIT_STRING *want = values.len != 0 ? d2i_ASN1_BIT_STRING(NULL, &at, (long)values.len) : NULL;
  bool matches = have != NULL && (values.len == 0 || (want != NULL && has_all_bits(have, want)));
  ASN1_BIT_STRING_free(have);
  ASN1_BIT_STRING_free(want);
  return matches;
}

// anyExtendedKeyUsage may not stand in a filter (RFC 8446 §4.2.5): nothing matches it.
static bool has_all_purposes(const EXTENDED_KEY_USAGE *have, const EXTENDED_KEY_USAGE *want) {
  for (int i = 0; i < sk_ASN1_OBJECT_num(want); i++) {
    const ASN1_OBJECT *purpose = sk_ASN1_OBJECT_value(want, i);
    bool found = false;
    for (int j = 0; j < sk_ASN1_OBJECT_num(have) && !found; j++) {
      found = OBJ_cmp(purpose, sk_ASN1_OBJECT_value(have, j)) == 0;
    }
    if (!found || OBJ_obj2nid(purpose) == NID_anyExtendedKeyUsage) {
      return false;
    }
  }
  return true;
}

static bool extended_key_usage_matches(X509 *x509, codicil_span values) {
  const unsigned char *at = values.data;
  EXTENDED_KEY_USAGE *have = X509_get_ext_d2i(x509, NID_ext_key_usage, NULL, NULL);
  EXTENDED_KEY_USAGE *want =
      values.len != 0 ? d2i_EXTENDED_KEY_USAGE(NULL, &at, (long)values.len) : NULL;
  bool matches =
      have != NULL && (values.len == 0 || (want != NULL && has_all_purposes(have, want)));
  EXTENDED_KEY_USAGE_free(have);
  EXTENDED_KEY_USAGE_free(want);
  return matches;
}

// RFC 8446 §4.2.5: filters for extensions that are not recognized are ignored; key usage and
// extended key usage have matching rules.
static bool filter_matches(const codicil_oid_filter *filter, X509 *x509) {
  const unsigned char *at = filter->oid.data;
  ASN1_OBJECT *oid = d2i_ASN1_OBJECT(NULL, &at, (long)filter->oid.len);
  int nid = oid != NULL ? OBJ_obj2nid(oid) : NID_undef;
  ASN1_OBJECT_free(oid);
  switch (nid) {
  case NID_key_usage:
    return key_usage_matches(x509, filter->values);
  case NID_ext_key_usage:
    return extended_key_usage_matches(x509, filter->values);
  default:
    return true;
  }
}

static bool oid_filters_match(codicil_span content, X509 *x509) {
  codicil_reader outer = codicil_reader_of(content);
  codicil_span list = {NULL, 0};
  if (content.len == 0 || !codicil_read_vec16(&outer, &list)) {
    return content.len == 0;
  }
  codicil_reader r = codicil_reader_of(list);
  codicil_oid_filter filter;
  while (codicil_oid_filter_read(&r, &filter)) {
    if (!filter_matches(&filter, x509)) {
      return false;
    }
  }
  return true;
}

bool codicil_ea_request_matches(const codicil_ea_request_info *request,
                                const codicil_credential *credential) {
  codicil_offer offer = {.schemes = request->schemes, .cert_schemes = request->cert_schemes};
  X509 *end_entity = credential->chain[0].x509;
  bool matches = codicil_credential_choose(credential, &offer) != NULL &&
                 name_matches(request->server_name, end_entity) &&
                 authorities_match(request->authorities, credential) &&
                 oid_filters_match(request->oid_filters, end_entity);
  ERR_clear_error();
  return matches;
}
