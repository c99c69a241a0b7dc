// What a certificate says: see facts.h. Extensions are decoded by OpenSSL, except for what the
// library decodes itself: Required Domain, timestamps, must-staple.
#include "pki/facts.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "pki/facts_names.h"
#include "pki/text.h"

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400, WORDS_MAX = 8192, HEX_MAX = 64 };

// Of what is longer than any serial number or digest the beginning.
static json_t *hex_json(const uint8_t *octets, size_t len) {
  char text[2 * HEX_MAX + 1];
  pki_hex_text(text, octets, len < HEX_MAX ? len : HEX_MAX);
  return json_string(text);
}

// ---- time ---------------------------------------------------------------------------------------

// "12 days", "1 hour"; the largest unit of which there is one.
static void span_words(char *out, size_t out_len, int64_t seconds) {
  static const struct {
    int64_t length;
    const char *name;
  } units[] = {{DAY_S, "day"}, {HOUR_S, "hour"}, {MINUTE_S, "minute"}, {1, "second"}};
  size_t i = 0;
  while (i < 3 && seconds < units[i].length) {
    i++;
  }
  int64_t count = seconds / units[i].length;
  snprintf(out, out_len, "%lld %s%s", (long long)count, units[i].name, count == 1 ? "" : "s");
}

void pki_validity_words(char *out, size_t out_len, int64_t not_before, int64_t not_after,
                        int64_t now_s) {
  char span[40];
  if (now_s > not_after) {
    span_words(span, sizeof span, now_s - not_after);
    snprintf(out, out_len, "expired %s ago", span);
  } else if (now_s < not_before) {
    span_words(span, sizeof span, not_before - now_s);
    snprintf(out, out_len, "becomes valid in %s", span);
  } else {
    span_words(span, sizeof span, not_after - now_s);
    snprintf(out, out_len, "expires in %s", span);
  }
}

static json_t *time_json(int64_t unix_s) {
  char text[PKI_TIME_LEN];
  pki_time_text(text, unix_s);
  return json_string(text);
}

// ---- keys and uses ------------------------------------------------------------------------------

static json_t *key_json(const X509 *cert) {
  const EVP_PKEY *key = X509_get0_pubkey(cert);
  const char *type = key != NULL ? EVP_PKEY_get0_type_name(key) : NULL;
  char group[64] = "";
  if (key != NULL) {
    EVP_PKEY_get_group_name(key, group, sizeof group, NULL);
  }
  json_t *json = json_pack("{s:s,s:i}", "type", type != NULL ? type : "unknown", "bits",
                           key != NULL ? EVP_PKEY_get_bits(key) : 0);
  if (group[0] != '\0') {
    json_object_set_new(json, "group", json_string(group));
  }
  ERR_clear_error();
  return json;
}

static json_t *object_json(const ASN1_OBJECT *object) {
  char text[128];
  int nid = OBJ_obj2nid(object);
  if (nid != NID_undef) {
    return json_string(OBJ_nid2sn(nid));
  }
  OBJ_obj2txt(text, sizeof text, object, 1);
  return json_string(text);
}

static json_t *signature_json(const X509 *cert) {
  const X509_ALGOR *algorithm;
  X509_get0_signature(NULL, &algorithm, cert);
  return object_json(algorithm->algorithm);
}

static json_t *key_usage_json(X509 *cert) {
  static const char *const names[] = {"digitalSignature", "nonRepudiation", "keyEncipherment",
                                      "dataEncipherment", "keyAgreement",   "keyCertSign",
                                      "cRLSign",          "encipherOnly",   "decipherOnly"};
  ASN1_BIT_STRING *usage = X509_get_ext_d2i(cert, NID_key_usage, NULL, NULL);
  json_t *array = json_array();
  for (int i = 0; usage != NULL && i < (int)(sizeof names / sizeof names[0]); i++) {
    if (ASN1_BIT_STRING_get_bit(usage, i) == 1) {
      json_array_append_new(array, json_string(names[i]));
    }
  }
  ASN1_BIT_STRING_free(usage);
  return array;
}

static json_t *extended_usage_json(X509 *cert) {
  EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
  json_t *array = json_array();
  for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++) {
    json_array_append_new(array, object_json(sk_ASN1_OBJECT_value(usage, i)));
  }
  EXTENDED_KEY_USAGE_free(usage);
  return array;
}

// ---- what issuers say ---------------------------------------------------------------------------

static json_t *basic_constraints_json(X509 *cert) {
  BASIC_CONSTRAINTS *constraints = X509_get_ext_d2i(cert, NID_basic_constraints, NULL, NULL);
  bool is_ca = constraints != NULL && constraints->ca != 0;
  bool has_length = is_ca && constraints->pathlen != NULL;
  json_t *length = has_length ? json_integer(ASN1_INTEGER_get(constraints->pathlen)) : json_null();
  BASIC_CONSTRAINTS_free(constraints);
  return json_pack("{s:b,s:o}", "ca", is_ca, "path_length", length);
}

static json_t *name_constraints_json(X509 *cert) {
  NAME_CONSTRAINTS *constraints = X509_get_ext_d2i(cert, NID_name_constraints, NULL, NULL);
  if (constraints == NULL) {
    return json_null();
  }
  json_t *json =
      json_pack("{s:o,s:o}", "permitted", pki_json_subtrees(constraints->permittedSubtrees),
                "excluded", pki_json_subtrees(constraints->excludedSubtrees));
  NAME_CONSTRAINTS_free(constraints);
  return json;
}

static json_t *access_json(X509 *cert, int method) {
  AUTHORITY_INFO_ACCESS *access = X509_get_ext_d2i(cert, NID_info_access, NULL, NULL);
  json_t *array = json_array();
  for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access); i++) {
    const ACCESS_DESCRIPTION *each = sk_ACCESS_DESCRIPTION_value(access, i);
    if (OBJ_obj2nid(each->method) == method) {
      json_array_append_new(array, pki_json_general_name(each->location));
    }
  }
  AUTHORITY_INFO_ACCESS_free(access);
  return array;
}

static void add_point(json_t *array, const DIST_POINT *point) {
  const DIST_POINT_NAME *name = point->distpoint;
  for (int i = 0; name != NULL && name->type == 0 && i < sk_GENERAL_NAME_num(name->name.fullname);
       i++) {
    json_array_append_new(array,
                          pki_json_general_name(sk_GENERAL_NAME_value(name->name.fullname, i)));
  }
}

static json_t *crl_json(X509 *cert) {
  CRL_DIST_POINTS *points = X509_get_ext_d2i(cert, NID_crl_distribution_points, NULL, NULL);
  json_t *array = json_array();
  for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
    add_point(array, sk_DIST_POINT_value(points, i));
  }
  CRL_DIST_POINTS_free(points);
  return array;
}

static json_t *scts_json(const codicil_identity *identity) {
  codicil_sct scts[CODICIL_SCTS_MAX];
  size_t num = 0;
  json_t *array = json_array();
  codicil_span list = codicil_identity_scts(identity);
  if (list.len == 0 || codicil_scts_parse(scts, &num, CODICIL_SCTS_MAX, list) != CODICIL_OK) {
    return array;
  }
  for (size_t i = 0; i < num; i++) {
    bool is_known = scts[i].version == CODICIL_SCT_V1;
    json_array_append_new(
        array,
        json_pack("{s:i,s:o,s:o}", "version", scts[i].version + 1, "log_id",
                  is_known ? hex_json(scts[i].log_id.data, scts[i].log_id.len) : json_null(),
                  "time",
                  is_known ? time_json((int64_t)(scts[i].timestamp_ms / 1000)) : json_null()));
  }
  return array;
}

// ---- Required Domain ----------------------------------------------------------------------------

static void append(char *out, size_t out_len, const char *text) {
  size_t len = strlen(out);
  if (len < out_len) {
    snprintf(out + len, out_len - len, "%s", text);
  }
}

static void one_required_words(char *out, size_t out_len, const codicil_required_domain *domain) {
  char name[CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
  char text[CODICIL_REQUIRED_DOMAIN_TEXT_MAX + 64];
  codicil_required_domain_format(domain, name, sizeof name);
  if (domain->type == CODICIL_REQUIRED_WILDCARD) {
    snprintf(text, sizeof text, "a name directly below %s", name + 2);
  } else if (domain->type == CODICIL_REQUIRED_ANY) {
    snprintf(text, sizeof text, "any name at all (*), which clients refuse unless told otherwise");
  } else {
    snprintf(text, sizeof text, "%s", name);
  }
  append(out, out_len, text);
}

void pki_required_words(char *out, size_t out_len, const codicil_identity *identity) {
  codicil_required_state state = codicil_identity_required_state(identity);
  if (state == CODICIL_REQUIRED_ABSENT) {
    snprintf(out, out_len, "none: usable on any connection that its server sends it on");
    return;
  }
  if (state == CODICIL_REQUIRED_INVALID) {
    snprintf(out, out_len, "does not parse: never usable as a secondary certificate");
    return;
  }
  snprintf(out, out_len, "usable only on connections that are authoritative for ");
  size_t num = codicil_identity_num_required(identity);
  for (size_t i = 0; i < num; i++) {
    append(out, out_len, i == 0 ? "" : i + 1 < num ? ", " : " or ");
    one_required_words(out, out_len, codicil_identity_required(identity, i));
  }
  if (codicil_identity_spans_public_suffix(identity)) {
    append(out, out_len, "; clients refuse it, as a wildcard spans a public suffix");
  }
}

static json_t *required_json(const pki_parsed *parsed, const char *oid) {
  static const char *const states[] = {[CODICIL_REQUIRED_ABSENT] = "absent",
                                       [CODICIL_REQUIRED_VALID] = "valid",
                                       [CODICIL_REQUIRED_INVALID] = "invalid"};
  char *words = malloc(WORDS_MAX);
  if (words == NULL) {
    return NULL;
  }
  pki_required_words(words, WORDS_MAX, parsed->identity);
  json_t *names = json_array();
  for (size_t i = 0; i < codicil_identity_num_required(parsed->identity); i++) {
    char text[CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
    codicil_required_domain_format(codicil_identity_required(parsed->identity, i), text,
                                   sizeof text);
    json_array_append_new(names, json_string(text));
  }
  json_t *json = json_pack(
      "{s:s,s:o,s:b,s:s}", "state", states[codicil_identity_required_state(parsed->identity)],
      "names", names, "critical", pki_parsed_is_critical(parsed, oid), "meaning", words);
  free(words);
  return json;
}

// ---- all of it ----------------------------------------------------------------------------------

static json_t *serial_json(const X509 *cert) {
  const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
  const uint8_t *octets = ASN1_STRING_get0_data(serial);
  size_t len = (size_t)ASN1_STRING_length(serial);
  json_t *hex = hex_json(octets, len);
  if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER) {
    json_t *negative = json_sprintf("-%s", json_string_value(hex));
    json_decref(hex);
    return negative;
  }
  return hex;
}

static void add_fingerprints(json_t *facts, const pki_parsed *parsed) {
  uint8_t spki[PKI_SHA256_LEN];
  uint8_t issuer[PKI_SHA256_LEN];
  json_object_set_new(facts, "sha256",
                      hex_json(codicil_identity_sha256(parsed->identity), PKI_SHA256_LEN));
  if (!pki_parsed_spki(spki, parsed) || !pki_parsed_issuer(issuer, parsed)) {
    return;
  }
  json_t *spki_hex = hex_json(spki, sizeof spki);
  json_t *issuer_hex = hex_json(issuer, sizeof issuer);
  json_object_set(facts, "spki_sha256", spki_hex);
  json_object_set_new(facts, "block_list",
                      json_pack("[o,o]", json_sprintf("spki %s", json_string_value(spki_hex)),
                                json_sprintf("serial %s %s", json_string_value(issuer_hex),
                                             json_string_value(json_object_get(facts, "serial")))));
  json_decref(spki_hex);
  json_decref(issuer_hex);
}

static void add_validity(json_t *facts, const codicil_identity *identity, int64_t now_s) {
  char words[64];
  int64_t from = codicil_identity_not_before(identity);
  int64_t until = codicil_identity_not_after(identity);
  pki_validity_words(words, sizeof words, from, until, now_s);
  json_object_set_new(facts, "not_before", time_json(from));
  json_object_set_new(facts, "not_after", time_json(until));
  json_object_set_new(facts, "validity", json_string(words));
}

json_t *pki_facts(const pki_parsed *parsed, const char *oid, int64_t now_s) {
  X509 *cert = parsed->x509;
  json_t *facts = json_object();
  json_object_set_new(facts, "subject", pki_json_name(X509_get_subject_name(cert)));
  json_object_set_new(facts, "names", pki_json_host_names(parsed->names));
  json_object_set_new(facts, "other_names", pki_json_other_names(parsed->names));
  json_object_set_new(facts, "issuer", pki_json_name(X509_get_issuer_name(cert)));
  json_object_set_new(facts, "serial", serial_json(cert));
  add_validity(facts, parsed->identity, now_s);
  json_object_set_new(facts, "key", key_json(cert));
  json_object_set_new(facts, "signature", signature_json(cert));
  json_object_set_new(facts, "key_usage", key_usage_json(cert));
  json_object_set_new(facts, "extended_key_usage", extended_usage_json(cert));
  json_object_set_new(facts, "basic_constraints", basic_constraints_json(cert));
  json_object_set_new(facts, "name_constraints", name_constraints_json(cert));
  json_object_set_new(facts, "ocsp", access_json(cert, NID_ad_OCSP));
  json_object_set_new(facts, "ca_issuers", access_json(cert, NID_ad_ca_issuers));
  json_object_set_new(facts, "crl", crl_json(cert));
  json_object_set_new(facts, "must_staple",
                      json_boolean(codicil_identity_must_staple(parsed->identity)));
  json_object_set_new(facts, "scts", scts_json(parsed->identity));
  json_object_set_new(facts, "required_domain", required_json(parsed, oid));
  add_fingerprints(facts, parsed);
  ERR_clear_error();
  return facts;
}
