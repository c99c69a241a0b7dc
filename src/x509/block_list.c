// Certificates that are not to be used: see x509.h. Looking entries up; block_list_text.c reads
// them.
#include "block_list.h"

#include <stdlib.h>
#include <string.h>

#include "der.h"
#include "mem.h"
#include "span.h"

// ---- order --------------------------------------------------------------------------------------

static int compare_keys(const void *a, const void *b) {
  return memcmp(a, b, sizeof(codicil_blocked_key));
}

static int compare_serials(const void *a, const void *b) {
  return memcmp(a, b, sizeof(codicil_blocked_serial));
}

static int compare_names(const void *a, const void *b) {
  const codicil_blocked_name *x = a, *y = b;
  if (x->is_parent != y->is_parent) {
    return x->is_parent ? 1 : -1;
  }
  if (x->name.len != y->name.len) {
    return x->name.len < y->name.len ? -1 : 1;
  }
  return memcmp(x->name.data, y->name.data, x->name.len); // neither is empty
}

static void sort(void *table, size_t num, size_t size, int (*compare)(const void *, const void *)) {
  if (num > 1) {
    qsort(table, num, size, compare);
  }
}

void codicil_block_list_sort(codicil_block_list *list) {
  sort(list->keys, list->num_keys, sizeof *list->keys, compare_keys);
  sort(list->serials, list->num_serials, sizeof *list->serials, compare_serials);
  sort(list->names, list->num_names, sizeof *list->names, compare_names);
}

static bool find(const void *key, const void *table, size_t num, size_t size,
                 int (*compare)(const void *, const void *)) {
  return num != 0 && bsearch(key, table, num, size, compare) != NULL;
}

// ---- keys and serial numbers --------------------------------------------------------------------

static bool has_serial(const codicil_block_list *list, const codicil_blocked_serial *issuer,
                       codicil_span serial) {
  codicil_blocked_serial key = *issuer;
  while (serial.len != 0 && serial.data[0] == 0) {
    serial = codicil_span_sub(serial, 1, SIZE_MAX);
  }
  if (serial.len > sizeof key.serial) {
    return false; // longer than any entry
  }
  key.len = (uint8_t)serial.len;
  if (serial.len != 0) {
    memcpy(key.serial, serial.data, serial.len);
  }
  return find(&key, list->serials, list->num_serials, sizeof key, compare_serials);
}

// All are whole elements, so that whoever decoded the certificate asks for the same octets.
static codicil_err find_parts(const codicil_block_list *list, bool *out, codicil_span spki,
                              codicil_span issuer, codicil_span integer) {
  codicil_blocked_key key;
  codicil_blocked_serial of_issuer = {.len = 0};
  codicil_span serial;
  if (!codicil_sha256(key.sha256, spki) || !codicil_sha256(of_issuer.issuer_sha256, issuer) ||
      !codicil_der_only(integer, CODICIL_DER_INTEGER, &serial)) {
    return CODICIL_CRYPTO; // an INTEGER it is: the certificate was decoded
  }
  *out = find(&key, list->keys, list->num_keys, sizeof key, compare_keys) ||
         has_serial(list, &of_issuer, serial);
  return CODICIL_OK;
}

codicil_err codicil_block_list_find(const codicil_block_list *list, bool *out,
                                    const codicil_cert_fields *certificate) {
  return find_parts(list, out, certificate->spki, certificate->issuer, certificate->serial);
}

codicil_err codicil_block_list_find_x509(const codicil_block_list *list, bool *out,
                                         X509 *certificate) {
  const uint8_t *issuer;
  size_t issuer_len;
  uint8_t *spki = NULL, *serial = NULL;
  // OpenSSL keeps a negative number's amount; a list has its octets.
  int serial_len = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), &serial);
  int spki_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki);
  codicil_err err = CODICIL_CRYPTO;
  if (spki_len > 0 && serial_len > 0 &&
      X509_NAME_get0_der(X509_get_issuer_name(certificate), &issuer, &issuer_len) == 1) {
    err = find_parts(list, out, codicil_span_of(spki, (size_t)spki_len),
                     codicil_span_of(issuer, issuer_len),
                     codicil_span_of(serial, (size_t)serial_len));
  }
  OPENSSL_free(serial);
  OPENSSL_free(spki);
  return err;
}

bool codicil_block_list_has(const codicil_block_list *list, codicil_span der) {
  codicil_cert_fields certificate;
  bool found = false;
  if (list == NULL || !codicil_cert_fields_parse(&certificate, der)) {
    return false; // what does not decode is used nowhere
  }
  // Where libcrypto fails nobody knows: then it is listed.
  return codicil_block_list_find(list, &found, &certificate) != CODICIL_OK || found;
}

// ---- breadcrumbs --------------------------------------------------------------------------------

static bool has_name(const codicil_block_list *list, codicil_span name, bool is_parent) {
  const codicil_blocked_name key = {name, is_parent};
  return name.len != 0 && find(&key, list->names, list->num_names, sizeof key, compare_names);
}

// Tells whether `name` is a breadcrumb or below one.
static bool is_below(const codicil_block_list *list, codicil_span name) {
  while (name.len != 0 && !has_name(list, name, false)) {
    const uint8_t *dot = memchr(name.data, '.', name.len);
    name = dot != NULL ? codicil_span_sub(name, (size_t)(dot - name.data) + 1, SIZE_MAX)
                       : codicil_span_of(NULL, 0);
  }
  return name.len != 0;
}

static bool has_address(const codicil_block_list *list, const codicil_address *address) {
  char text[46];
  codicil_address_format(address, text, sizeof text);
  return has_name(list, codicil_span_str(text), false);
}

bool codicil_block_list_has_domain(const codicil_block_list *list,
                                   const codicil_required_domain *domain) {
  codicil_span rest = codicil_span_sub(domain->dns, 2, SIZE_MAX); // of a wildcard, behind "*."
  switch (domain->type) {
  case CODICIL_REQUIRED_DNS:
    return is_below(list, domain->dns);
  case CODICIL_REQUIRED_WILDCARD:
    // "*.X" covers a breadcrumb that is a child of X, and is below one that is X.
    return is_below(list, rest) || has_name(list, rest, true);
  case CODICIL_REQUIRED_ADDRESS:
    return has_address(list, &domain->address);
  case CODICIL_REQUIRED_ANY:
    break; // good on any connection, the breadcrumb's among them
  }
  return list->num_names != 0;
}

bool codicil_block_list_has_breadcrumb(const codicil_block_list *list,
                                       const codicil_identity *identity) {
  bool found = false;
  for (size_t i = 0; list != NULL && i < codicil_identity_num_required(identity) && !found; i++) {
    found = codicil_block_list_has_domain(list, codicil_identity_required(identity, i));
  }
  return found;
}

// ---- the object ---------------------------------------------------------------------------------

void codicil_block_list_free(codicil_block_list *list) {
  if (list != NULL) {
    codicil_mem_free(list->mem, list->keys);
    codicil_mem_free(list->mem, list->serials);
    codicil_mem_free(list->mem, list->names);
    codicil_buf_clear(&list->octets);
    codicil_mem_free(list->mem, list);
  }
}

size_t codicil_block_list_num(const codicil_block_list *list) {
  return list->num_entries;
}

const uint8_t *codicil_block_list_generation(const codicil_block_list *list) {
  return list->generation;
}
