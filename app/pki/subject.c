// Names of a certificate to be: see subject.h.
#include "pki/subject.h"

#include <stdio.h>
#include <string.h>

static codicil_span span_of_text(const char *text) {
  return codicil_span_of(text, strlen(text));
}

static bool parse_wildcard(pki_name *out, const char *text, app_error *err) {
  char base[CODICIL_DNS_NAME_MAX + 1];
  if (!codicil_dns_name_normalise(base, sizeof base, span_of_text(text + 2))) {
    return app_fail(err, "'%s' is not a host name", text);
  }
  if (strchr(base, '.') == NULL) {
    return app_fail(err, "'%s': a wildcard stands above two labels or more", text);
  }
  if (strlen(base) + 2 > CODICIL_DNS_NAME_MAX) {
    return app_fail(err, "'%s': longer than a host name can be", text);
  }
  snprintf(out->text, sizeof out->text, "*.%s", base);
  return true;
}

bool pki_name_parse(pki_name *out, const char *text, app_error *err) {
  pki_name name = {.text = ""};
  if (codicil_address_parse(&name.address, span_of_text(text))) {
    codicil_address_format(&name.address, name.text, sizeof name.text);
  } else if (strncmp(text, "*.", 2) == 0) {
    if (!parse_wildcard(&name, text, err)) {
      return false;
    }
  } else if (!codicil_dns_name_normalise(name.text, sizeof name.text, span_of_text(text))) {
    return app_fail(err, "'%s' is neither a host name nor an address", text);
  }
  *out = name;
  return true;
}

void pki_name_stem(char *out, const pki_name *name) {
  bool wildcard = name->text[0] == '*';
  snprintf(out, PKI_STEM_LEN, "%s%s", wildcard ? "_wildcard" : "", name->text + (wildcard ? 1 : 0));
  for (char *c = out; *c != '\0'; c++) {
    if (*c == ':') {
      *c = '-';
    }
  }
}

static bool push_name(GENERAL_NAMES *san, const pki_name *name) {
  GENERAL_NAME *entry = GENERAL_NAME_new();
  bool is_dns = name->address.len == 0;
  ASN1_STRING *value = is_dns ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();
  const void *octets = is_dns ? (const void *)name->text : name->address.octets;
  size_t len = is_dns ? strlen(name->text) : name->address.len;
  if (entry == NULL || value == NULL || ASN1_STRING_set(value, octets, (int)len) != 1) {
    ASN1_STRING_free(value);
    GENERAL_NAME_free(entry);
    return false;
  }
  GENERAL_NAME_set0_value(entry, is_dns ? GEN_DNS : GEN_IPADD, value);
  if (sk_GENERAL_NAME_push(san, entry) <= 0) {
    GENERAL_NAME_free(entry);
    return false;
  }
  return true;
}

static bool came_before(const pki_name *names, size_t index) {
  for (size_t i = 0; i < index; i++) {
    if (strcmp(names[i].text, names[index].text) == 0) {
      return true;
    }
  }
  return false;
}

GENERAL_NAMES *pki_names_to_san(const pki_name *names, size_t num_names) {
  GENERAL_NAMES *san = sk_GENERAL_NAME_new_null();
  for (size_t i = 0; san != NULL && i < num_names; i++) {
    if (!came_before(names, i) && !push_name(san, &names[i])) {
      sk_GENERAL_NAME_pop_free(san, GENERAL_NAME_free);
      return NULL;
    }
  }
  return san;
}
