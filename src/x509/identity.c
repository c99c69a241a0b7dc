// Whose a certificate is: see x509.h.
//
// Everything that is kept lies in one allocation: the object, its names, the octets they point to.
#include <stdlib.h>
#include <string.h>

#include "cert_fields.h"
#include "codicil/x509.h"
#include "der.h"
#include "digest.h"
#include "dns_name.h"
#include "mem.h"
#include "reader.h"
#include "required_domain.h"
#include "span.h"

// Enough for any certificate that was ever issued; a name takes 20 times its least encoding here.
enum { NAMES_MAX = 2048 };

struct codicil_identity {
  const codicil_mem *mem;
  uint8_t sha256[CODICIL_SHA256_LEN];
  uint8_t tbs_sha256[CODICIL_SHA256_LEN];
  int64_t not_before;
  int64_t not_after;
  bool must_staple;
  bool spans_public_suffix;
  codicil_span required_domain;
  codicil_required_state required_state;
  size_t num_required;
  codicil_required_domain *required;
  codicil_span scts;
  uint8_t *octets; // what names, required, required_domain and scts point into
  size_t num_octets;
  size_t num_names;
  const codicil_alt_name **sorted; // the names, in the order of `compare`
  codicil_alt_name names[];
};

// 2.5.29.17 subjectAltName; 1.3.6.1.4.1.11129.2.4.2 embedded SCT list (RFC 6962 §3.3).
static const uint8_t oid_alt_name[] = {0x55, 0x1d, 0x11};
static const uint8_t oid_scts[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x02};

// What a certificate says, still in its own octets.
typedef struct claims {
  codicil_cert_fields certificate;
  codicil_span alt_names; // content of GeneralNames; empty if absent
  codicil_span required_domain;
  codicil_required_state required_state;
  size_t num_required;
  codicil_span scts;
  bool must_staple;
  size_t num_names;  // that are kept
  size_t num_octets; // of the dNSNames among them
} claims;

// ---- subjectAltName -----------------------------------------------------------------------------

// Tells whether any host could match `name`. All else (NUL, octets >= 0x80, empty labels) is left
// out, and so never reaches a comparison, a log or a terminal.
static bool is_usable_dns_name(codicil_span name) {
  bool is_wildcard = name.len >= 2 && name.data[0] == '*' && name.data[1] == '.';
  codicil_span rest = is_wildcard ? codicil_span_sub(name, 2, SIZE_MAX) : name;
  return name.len <= CODICIL_DNS_NAME_MAX && codicil_dns_name_covers(rest, rest);
}

// An IPv4-mapped address in a certificate is left out: issuers' name constraints compare octets, so
// an excluded IPv4 range would not see it, and our addresses are IPv4 where they can be.
static bool is_usable_address(codicil_address *out, codicil_span octets) {
  return codicil_address_from_octets(out, octets) && out->len == octets.len;
}

// Reads one GeneralName. *out_used tells whether it is one to keep; the dNSName is not copied yet.
static bool read_alt_name(codicil_reader *r, codicil_alt_name *out, bool *out_used) {
  uint8_t tag;
  codicil_span content;
  if (!codicil_der_read_any(r, &tag, &content) || (tag & 0xc0) != CODICIL_DER_CONTEXT ||
      (tag & 0x1f) > 8) {
    return false;
  }
  *out_used = false;
  memset(out, 0, sizeof *out);
  if (tag == (CODICIL_DER_CONTEXT | 2)) {
    out->type = CODICIL_ALT_DNS;
    out->dns = content;
    *out_used = is_usable_dns_name(content);
  } else if (tag == (CODICIL_DER_CONTEXT | 7)) {
    out->type = CODICIL_ALT_ADDRESS;
    *out_used = is_usable_address(&out->address, content);
  }
  return true;
}

static codicil_err count_names(claims *c) {
  codicil_reader r = codicil_reader_of(c->alt_names);
  while (!codicil_reader_done(&r)) {
    codicil_alt_name name;
    bool used;
    if (!read_alt_name(&r, &name, &used)) {
      return CODICIL_MALFORMED;
    }
    if (used && c->num_names == NAMES_MAX) {
      return CODICIL_LIMIT;
    }
    c->num_names += used ? 1 : 0;
    c->num_octets += used ? name.dns.len : 0;
  }
  return CODICIL_OK;
}

// What does not parse is the extension's fault and not the certificate's, which may be good in a
// handshake; as a secondary one it is invalid.
static void read_required(claims *c) {
  if (c->required_domain.data != NULL) {
    codicil_err err = codicil_required_domains_count(&c->num_required, CODICIL_REQUIRED_DOMAINS_MAX,
                                                     c->required_domain);
    c->required_state = err == CODICIL_OK ? CODICIL_REQUIRED_VALID : CODICIL_REQUIRED_INVALID;
  }
}

static codicil_err read_claims(claims *c, codicil_span der, const codicil_oid *required_domain) {
  if (!codicil_cert_fields_parse(&c->certificate, der)) {
    return CODICIL_MALFORMED;
  }
  const codicil_cert_fields *cert = &c->certificate;
  codicil_span alt_name =
      codicil_cert_fields_extension(cert, codicil_span_of(oid_alt_name, sizeof oid_alt_name));
  codicil_span scts =
      codicil_cert_fields_extension(cert, codicil_span_of(oid_scts, sizeof oid_scts));
  c->required_domain = codicil_cert_fields_extension(
      cert, codicil_span_of(required_domain->octets, required_domain->len));
  //= https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.6
  //# If the subjectAltName extension is present, the sequence MUST contain
  //# at least one entry.
  if ((alt_name.data != NULL && (!codicil_der_only(alt_name, CODICIL_DER_SEQUENCE, &c->alt_names) ||
                                 c->alt_names.len == 0)) ||
      !codicil_cert_fields_must_staple(cert, &c->must_staple) ||
      (scts.data != NULL && !codicil_der_only(scts, CODICIL_DER_OCTET_STRING, &c->scts))) {
    return CODICIL_MALFORMED;
  }
  read_required(c);
  return count_names(c);
}

// ---- the object ---------------------------------------------------------------------------------

// Copies into the identity's own octets, for which room was counted.
static codicil_span keep(codicil_identity *identity, codicil_span bytes) {
  if (bytes.data == NULL) {
    return bytes;
  }
  uint8_t *at = &identity->octets[identity->num_octets];
  memcpy(at, bytes.data, bytes.len);
  identity->num_octets += bytes.len;
  return codicil_span_of(at, bytes.len);
}

static void lower_case(codicil_identity *identity, size_t from) {
  for (size_t i = from; i < identity->num_octets; i++) {
    identity->octets[i] = codicil_lower(identity->octets[i]);
  }
}

static void keep_names(codicil_identity *identity, codicil_span alt_names) {
  codicil_reader r = codicil_reader_of(alt_names);
  codicil_alt_name name;
  bool used;
  while (!codicil_reader_done(&r) && read_alt_name(&r, &name, &used)) {
    if (used) {
      size_t from = identity->num_octets;
      name.dns = keep(identity, name.dns);
      lower_case(identity, from);
      identity->names[identity->num_names++] = name;
    }
  }
}

static int compare(const codicil_alt_name *a, const codicil_alt_name *b) {
  if (a->type != b->type) {
    return a->type < b->type ? -1 : 1;
  }
  codicil_span x = a->dns, y = b->dns;
  if (a->type == CODICIL_ALT_ADDRESS) {
    x = codicil_span_of(a->address.octets, a->address.len);
    y = codicil_span_of(b->address.octets, b->address.len);
  }
  if (x.len != y.len) {
    return x.len < y.len ? -1 : 1;
  }
  return memcmp(x.data, y.data, x.len); // neither is empty
}

static int compare_elements(const void *a, const void *b) {
  return compare(*(const codicil_alt_name *const *)a, *(const codicil_alt_name *const *)b);
}

static void sort_names(codicil_identity *identity) {
  for (size_t i = 0; i < identity->num_names; i++) {
    identity->sorted[i] = &identity->names[i];
  }
  if (identity->num_names > 0) {
    qsort(identity->sorted, identity->num_names, sizeof *identity->sorted, compare_elements);
  }
}

// Decodes the extension again, into the room that was counted for it.
static void keep_required(codicil_identity *identity, codicil_span der) {
  uint8_t *text = &identity->octets[identity->num_octets];
  codicil_err err =
      codicil_required_domains_parse(identity->required, &identity->num_required,
                                     CODICIL_REQUIRED_DOMAINS_MAX, text, der.len, der);
  identity->num_octets += err == CODICIL_OK ? der.len : 0;
}

// At once, so that to ask costs nothing: a wildcard takes a quarter of a microsecond.
static bool find_public_suffix(const codicil_identity *identity) {
  for (size_t i = 0; i < identity->num_names; i++) {
    if (codicil_dns_name_spans_public_suffix(identity->names[i].dns)) {
      return true;
    }
  }
  for (size_t i = 0; i < identity->num_required; i++) {
    if (codicil_dns_name_spans_public_suffix(identity->required[i].dns)) {
      return true;
    }
  }
  return false;
}

static codicil_identity *new_identity(const codicil_mem *mem, const claims *c) {
  size_t names_len = c->num_names * sizeof(codicil_alt_name);
  size_t sorted_len = c->num_names * sizeof(codicil_alt_name *);
  size_t required_len = c->num_required * sizeof(codicil_required_domain);
  size_t octets_len = c->num_octets + 2 * c->required_domain.len + c->scts.len + 1;
  codicil_identity *identity = codicil_mem_zalloc(mem, sizeof *identity + names_len + sorted_len +
                                                           required_len + octets_len);
  if (identity == NULL) {
    return NULL;
  }
  identity->mem = mem;
  identity->sorted = (void *)&identity->names[c->num_names];
  identity->required = (void *)&identity->sorted[c->num_names];
  identity->octets = (uint8_t *)&identity->required[c->num_required];
  identity->not_before = c->certificate.not_before;
  identity->not_after = c->certificate.not_after;
  identity->must_staple = c->must_staple;
  identity->required_domain = keep(identity, c->required_domain);
  identity->required_state = c->required_state;
  if (c->required_state == CODICIL_REQUIRED_VALID) {
    keep_required(identity, c->required_domain);
  }
  identity->scts = keep(identity, c->scts);
  keep_names(identity, c->alt_names);
  sort_names(identity);
  identity->spans_public_suffix = find_public_suffix(identity);
  return identity;
}

codicil_err codicil_identity_new(codicil_identity **out, const codicil_mem *mem, codicil_span der,
                                 const char *requireddomain_oid) {
  claims c = {.must_staple = false};
  codicil_oid oid;
  if (!codicil_oid_parse(&oid, requireddomain_oid)) {
    return CODICIL_BAD_INPUT;
  }
  codicil_err err = read_claims(&c, der, &oid);
  if (err != CODICIL_OK) {
    return err;
  }
  codicil_identity *identity = new_identity(mem, &c);
  if (identity == NULL) {
    return CODICIL_NOMEM;
  }
  if (!codicil_sha256(identity->sha256, der) ||
      !codicil_sha256(identity->tbs_sha256, c.certificate.tbs)) {
    codicil_identity_free(identity);
    return CODICIL_CRYPTO;
  }
  *out = identity;
  return CODICIL_OK;
}

void codicil_identity_free(codicil_identity *identity) {
  if (identity != NULL) {
    codicil_mem_free(identity->mem, identity);
  }
}

size_t codicil_identity_num_names(const codicil_identity *identity) {
  return identity->num_names;
}

const codicil_alt_name *codicil_identity_name(const codicil_identity *identity, size_t index) {
  return index < identity->num_names ? &identity->names[index] : NULL;
}

static const codicil_alt_name *find(const codicil_identity *identity, const codicil_alt_name *key) {
  size_t low = 0, high = identity->num_names;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = compare(key, identity->sorted[middle]);
    if (order == 0) {
      return identity->sorted[middle];
    }
    low = order > 0 ? middle + 1 : low;
    high = order < 0 ? middle : high;
  }
  return NULL;
}

// Whether a name that covers does so is codicil_dns_name_covers' to say; this finds the only one
// that can.
static bool covers_as(const codicil_identity *identity, codicil_span pattern, codicil_span host) {
  codicil_alt_name key = {.type = CODICIL_ALT_DNS, .dns = pattern};
  const codicil_alt_name *name = pattern.len != 0 ? find(identity, &key) : NULL;
  return name != NULL && codicil_dns_name_covers(name->dns, host);
}

// By binary search: a peer may bring 64 certificates of 2,048 names, and make a client ask of many
// origins again and again.
bool codicil_identity_covers(const codicil_identity *identity, const codicil_origin *origin) {
  if (origin->address.len != 0) {
    codicil_alt_name key = {.type = CODICIL_ALT_ADDRESS, .address = origin->address};
    return find(identity, &key) != NULL;
  }
  codicil_span host = codicil_span_str(origin->host);
  if (covers_as(identity, host, host)) {
    return true;
  }
  const char *dot = strchr(origin->host, '.');
  if (dot == NULL) {
    return false;
  }
  char wildcard[CODICIL_HOST_MAX + 2] = "*"; // with what follows the first label
  memcpy(wildcard + 1, dot, strlen(dot));
  return covers_as(identity, codicil_span_str(wildcard), host);
}

const uint8_t *codicil_identity_sha256(const codicil_identity *identity) {
  return identity->sha256;
}

bool codicil_identity_is_same(const codicil_identity *identity, const codicil_identity *other) {
  return memcmp(identity->tbs_sha256, other->tbs_sha256, CODICIL_SHA256_LEN) == 0;
}

int64_t codicil_identity_not_before(const codicil_identity *identity) {
  return identity->not_before;
}

int64_t codicil_identity_not_after(const codicil_identity *identity) {
  return identity->not_after;
}

codicil_span codicil_identity_required_domain(const codicil_identity *identity) {
  return identity->required_domain;
}

codicil_required_state codicil_identity_required_state(const codicil_identity *identity) {
  return identity->required_state;
}

size_t codicil_identity_num_required(const codicil_identity *identity) {
  return identity->num_required;
}

const codicil_required_domain *codicil_identity_required(const codicil_identity *identity,
                                                         size_t index) {
  return index < identity->num_required ? &identity->required[index] : NULL;
}

bool codicil_identity_spans_public_suffix(const codicil_identity *identity) {
  return identity->spans_public_suffix;
}

codicil_span codicil_identity_scts(const codicil_identity *identity) {
  return identity->scts;
}

bool codicil_identity_must_staple(const codicil_identity *identity) {
  return identity->must_staple;
}
