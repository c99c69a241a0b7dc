// Names in words: see facts_names.h.
#include "pki/facts_names.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codicil/name.h"
#include "pki/escape.h"

static codicil_span span_of_asn1(const ASN1_STRING *string) {
  return codicil_span_of(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));
}

json_t *pki_json_text(codicil_span text) {
  size_t room = text.len * 4 + 8;
  char *out = malloc(room);
  if (out == NULL) {
    return NULL;
  }
  pki_escape(out, room, text);
  json_t *json = json_string(out);
  free(out);
  return json;
}

// RFC 2253's flags escape control characters and what is not ASCII; ours are the second lock.
json_t *pki_json_name(const X509_NAME *name) {
  BIO *bio = BIO_new(BIO_s_mem());
  char *text = NULL;
  json_t *json = NULL;
  if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
    long len = BIO_get_mem_data(bio, &text);
    // A backslash there is an escape already.
    json = json_stringn(text != NULL ? text : "", len > 0 ? (size_t)len : 0);
  }
  BIO_free(bio);
  ERR_clear_error();
  const char *made = json_string_value(json);
  for (; made != NULL && *made != '\0'; made++) {
    if (*made < ' ' || *made > '~') {
      json_decref(json);
      return json_string("(cannot be shown)");
    }
  }
  return json != NULL ? json : json_string("(cannot be shown)");
}

static void address_text(char *out, size_t out_len, codicil_span octets) {
  codicil_address address;
  if (codicil_address_from_octets(&address, octets)) {
    codicil_address_format(&address, out, out_len);
  } else {
    snprintf(out, out_len, "(%zu octets)", octets.len);
  }
}

// Of a name constraint: the address, then its mask.
static void subnet_text(char *out, size_t out_len, codicil_span octets) {
  char base[64];
  char mask[64];
  size_t half = octets.len / 2;
  address_text(base, sizeof base, codicil_span_of(octets.data, half));
  address_text(mask, sizeof mask, codicil_span_of(octets.data + half, octets.len - half));
  snprintf(out, out_len, "%s/%s", base, mask);
}

static json_t *address_json(codicil_span octets) {
  char text[160];
  if (octets.len == 8 || octets.len == 32) {
    subnet_text(text, sizeof text, octets);
  } else {
    address_text(text, sizeof text, octets);
  }
  return json_string(text);
}

// The kind and the text of a name; NULL for one that is not shown, or where memory ran out.
static json_t *name_text(const char **out_kind, const GENERAL_NAME *name) {
  switch (name->type) {
  case GEN_DNS:
    *out_kind = "dns";
    return pki_json_text(span_of_asn1(name->d.dNSName));
  case GEN_IPADD:
    *out_kind = "ip";
    return address_json(span_of_asn1(name->d.iPAddress));
  case GEN_EMAIL:
    *out_kind = "email";
    return pki_json_text(span_of_asn1(name->d.rfc822Name));
  case GEN_URI:
    *out_kind = "uri";
    return pki_json_text(span_of_asn1(name->d.uniformResourceIdentifier));
  case GEN_DIRNAME:
    *out_kind = "dir";
    return pki_json_name(name->d.directoryName);
  default:
    return NULL;
  }
}

json_t *pki_json_general_name(const GENERAL_NAME *name) {
  const char *kind = NULL;
  json_t *text = name_text(&kind, name);
  json_t *json =
      text != NULL ? json_sprintf("%s:%s", kind, json_string_value(text)) : json_string("other");
  json_decref(text);
  return json;
}

static bool is_host(const GENERAL_NAME *name) {
  return name->type == GEN_DNS || name->type == GEN_IPADD;
}

json_t *pki_json_host_names(const GENERAL_NAMES *names) {
  json_t *array = json_array();
  for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
    const char *kind = NULL;
    if (is_host(name)) {
      json_array_append_new(array, name_text(&kind, name));
    }
  }
  return array;
}

json_t *pki_json_other_names(const GENERAL_NAMES *names) {
  json_t *array = json_array();
  for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
    if (!is_host(name)) {
      json_array_append_new(array, pki_json_general_name(name));
    }
  }
  return array;
}

json_t *pki_json_subtrees(const STACK_OF(GENERAL_SUBTREE) * subtrees) {
  json_t *array = json_array();
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(subtrees); i++) {
    const GENERAL_SUBTREE *subtree = sk_GENERAL_SUBTREE_value(subtrees, i);
    json_array_append_new(array, pki_json_general_name(subtree->base));
  }
  return array;
}
