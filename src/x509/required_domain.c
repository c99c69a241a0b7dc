// The Required Domain extension: on whose connections a secondary certificate may be used.
//
//   RequiredDomain ::= GeneralName      -- draft-ietf-httpbis-http2-secondary-certs-06
//   RequiredDomain ::= GeneralNames     -- the 2019 proposal's open question: any of them will do
//
// A GeneralName has a context tag and GeneralNames is a SEQUENCE, so the first octet tells which.
// Reading and writing are here, as DER and as text, and a name that is read from one can be written
// as the other. Nothing here asks whether the connection proves a name: that is the session's.
#include "required_domain.h"

#include <string.h>

#include "der.h"
#include "dns_name.h"
#include "reader.h"
#include "span.h"
#include "writer.h"

enum { TAG_DNS = CODICIL_DER_CONTEXT | 2, TAG_ADDRESS = CODICIL_DER_CONTEXT | 7 };

// ---- names --------------------------------------------------------------------------------------

static bool is_wildcard(codicil_span name) {
  return name.len > 2 && name.data[0] == '*' && name.data[1] == '.';
}

static codicil_span without_wildcard(codicil_span name) {
  return codicil_span_sub(name, 2, SIZE_MAX);
}

// Only a valid name covers itself: no U-label, NUL, empty label, trailing dot; no `*`.
static bool is_name(codicil_span name) {
  return codicil_dns_name_covers(name, name);
}

// Tells what a dNSName in any case is; false where it is nothing that protocol §8 knows.
static bool classify(codicil_required_type *out, codicil_span name) {
  //= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-http2-secondary-certs#section-5
  //# This character MUST be the entirety of
  //# the name if used and MUST have a type of "dNSName".
  if (codicil_span_equal(name, codicil_span_str("*"))) {
    *out = CODICIL_REQUIRED_ANY;
    return true;
  }
  // We deviate: a wildcard may be the first label too, as in a certificate's names, where two
  // labels at least follow it.
  bool wildcard = is_wildcard(name);
  codicil_span rest = wildcard ? without_wildcard(name) : name;
  *out = wildcard ? CODICIL_REQUIRED_WILDCARD : CODICIL_REQUIRED_DNS;
  return name.len <= CODICIL_DNS_NAME_MAX && is_name(rest) &&
         (!wildcard || memchr(rest.data, '.', rest.len) != NULL);
}

// An IPv4-mapped address is refused, as identities leave it out of the names: an address has one
// form here and four octets are it, so nothing could ever prove the other.
static bool read_address(codicil_address *out, codicil_span octets) {
  return codicil_address_from_octets(out, octets) && out->len == octets.len;
}

// ---- DER ----------------------------------------------------------------------------------------

// Finds the names: the content of GeneralNames, or the one GeneralName that `der` is.
static bool read_names(codicil_span *out, codicil_span der) {
  codicil_reader r = codicil_reader_of(der);
  uint8_t tag;
  codicil_span content;
  if (!codicil_der_read_any(&r, &tag, &content) || !codicil_reader_done(&r)) {
    return false;
  }
  *out = tag == CODICIL_DER_SEQUENCE ? content : der;
  return out->len != 0;
}

// Reads one GeneralName of the two kinds that a connection can prove; its dNSName is not copied
// yet.
static bool read_name(codicil_reader *r, codicil_required_domain *out) {
  uint8_t tag;
  codicil_span content;
  if (!codicil_der_read_any(r, &tag, &content)) {
    return false;
  }
  *out = (codicil_required_domain){.type = CODICIL_REQUIRED_ADDRESS};
  if (tag == TAG_ADDRESS) {
    return read_address(&out->address, content);
  }
  out->dns = content;
  return tag == TAG_DNS && classify(&out->type, content);
}

codicil_err codicil_required_domains_count(size_t *out_num, size_t max, codicil_span der) {
  codicil_span names;
  //= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-http2-secondary-certs#section-5
  //# Clients that encounter such a certificate when processing a
  //# certification path MUST consider the certificate invalid.
  if (!read_names(&names, der)) {
    return CODICIL_MALFORMED;
  }
  codicil_reader r = codicil_reader_of(names);
  size_t num = 0;
  for (; !codicil_reader_done(&r); num++) {
    codicil_required_domain name;
    if (num == max) {
      return CODICIL_LIMIT;
    }
    if (!read_name(&r, &name)) {
      return CODICIL_MALFORMED;
    }
  }
  *out_num = num;
  return CODICIL_OK;
}

static codicil_span copy_in_lower_case(uint8_t *out, codicil_span from) {
  for (size_t i = 0; i < from.len; i++) {
    out[i] = codicil_lower(from.data[i]);
  }
  return codicil_span_of(out, from.len);
}

codicil_err codicil_required_domains_parse(codicil_required_domain *out, size_t *out_num,
                                           size_t max, uint8_t *text, size_t text_len,
                                           codicil_span der) {
  size_t num = 0, used = 0;
  codicil_span names;
  codicil_err err = codicil_required_domains_count(&num, max, der);
  if (err != CODICIL_OK || !read_names(&names, der)) {
    return err;
  }
  if (text_len < der.len) {
    return CODICIL_USAGE;
  }
  codicil_reader r = codicil_reader_of(names);
  for (size_t i = 0; i < num && read_name(&r, &out[i]); i++) {
    if (out[i].type != CODICIL_REQUIRED_ADDRESS) {
      out[i].dns = copy_in_lower_case(&text[used], out[i].dns);
      used += out[i].dns.len;
    }
  }
  *out_num = num;
  return CODICIL_OK;
}

static bool is_lower_case(codicil_span name) {
  for (size_t i = 0; i < name.len; i++) {
    if (name.data[i] != codicil_lower(name.data[i])) {
      return false;
    }
  }
  return true;
}

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-http2-secondary-certs#section-5
//# Unlike the subject field, conforming CAs MUST NOT issue
//# certificates with a requiredDomain extension containing empty GeneralName
//# fields.
static bool can_be_read_back(const codicil_required_domain *domain) {
  codicil_required_type type;
  codicil_address address;
  if (domain->type == CODICIL_REQUIRED_ADDRESS) {
    return read_address(&address, codicil_span_of(domain->address.octets, domain->address.len));
  }
  return classify(&type, domain->dns) && type == domain->type && is_lower_case(domain->dns);
}

static codicil_span content_of(const codicil_required_domain *domain) {
  return domain->type == CODICIL_REQUIRED_ADDRESS
             ? codicil_span_of(domain->address.octets, domain->address.len)
             : domain->dns;
}

// X.690 §10.1: a length has as few octets as will do. A name's needs two at most, that of
// sixty-four names three.
static void write_header(codicil_writer *w, uint8_t tag, size_t len) {
  codicil_write_u8(w, tag);
  if (len < 0x80) {
    codicil_write_u8(w, (uint8_t)len);
  } else if (len <= 0xff) {
    codicil_write_u8(w, 0x81);
    codicil_write_u8(w, (uint8_t)len);
  } else {
    codicil_write_u8(w, 0x82);
    codicil_write_u16(w, (uint16_t)len);
  }
}

codicil_err codicil_required_domains_encode(codicil_buf *out,
                                            const codicil_required_domain *domains,
                                            size_t num_domains) {
  if (num_domains == 0 || num_domains > CODICIL_REQUIRED_DOMAINS_MAX) {
    return CODICIL_USAGE;
  }
  size_t len = 0;
  for (size_t i = 0; i < num_domains; i++) {
    if (!can_be_read_back(&domains[i])) {
      return CODICIL_USAGE;
    }
    size_t content_len = content_of(&domains[i]).len;
    len += (content_len < 0x80 ? 2 : 3) + content_len;
  }
  codicil_writer w = codicil_writer_of(out);
  if (num_domains > 1) {
    write_header(&w, CODICIL_DER_SEQUENCE, len);
  }
  for (size_t i = 0; i < num_domains; i++) {
    codicil_span content = content_of(&domains[i]);
    bool is_address = domains[i].type == CODICIL_REQUIRED_ADDRESS;
    write_header(&w, is_address ? TAG_ADDRESS : TAG_DNS, content.len);
    codicil_write_bytes(&w, content);
  }
  return codicil_writer_finish(&w);
}

// ---- text ---------------------------------------------------------------------------------------

static codicil_err refuse(codicil_diag *diag, const char *what) {
  if (diag != NULL) {
    *diag = (codicil_diag){what, SIZE_MAX};
  }
  return CODICIL_BAD_INPUT;
}

// Writes what a person calls a name in the form that certificates have. A wildcard's rest is a name
// of its own, so that U-labels may stand behind it.
static bool normalise(char *out, size_t out_len, codicil_span from) {
  bool wildcard = is_wildcard(from);
  size_t start = wildcard ? 2 : 0;
  if (wildcard) {
    memcpy(out, "*.", 2);
    from = without_wildcard(from);
  }
  return codicil_dns_name_normalise(out + start, out_len - start, from);
}

codicil_err codicil_required_domain_from_text(codicil_required_domain *out, char *text,
                                              size_t text_len, codicil_diag *diag,
                                              codicil_span from) {
  codicil_required_domain domain = {.type = CODICIL_REQUIRED_ADDRESS};
  char name[CODICIL_DNS_NAME_MAX + 1] = "*";
  if (text_len < CODICIL_REQUIRED_DOMAIN_TEXT_MAX) {
    return CODICIL_USAGE;
  }
  if (codicil_address_parse(&domain.address, from)) {
    *out = domain;
    return CODICIL_OK;
  }
  bool is_any = codicil_span_equal(from, codicil_span_str("*"));
  if (!is_any && !normalise(name, sizeof name, from)) {
    return refuse(diag, "neither a DNS name, nor an IP address, nor *");
  }
  codicil_span dns = codicil_span_str(name);
  if (!classify(&domain.type, dns)) {
    return refuse(diag, "a wildcard stands before two labels at least, or alone");
  }
  if (codicil_dns_name_spans_public_suffix(dns)) {
    return refuse(diag, "the wildcard spans a public suffix");
  }
  memcpy(text, name, dns.len + 1);
  domain.dns = codicil_span_of(text, dns.len);
  *out = domain;
  return CODICIL_OK;
}

void codicil_required_domain_format(const codicil_required_domain *domain, char *out,
                                    size_t out_len) {
  if (domain->type == CODICIL_REQUIRED_ADDRESS) {
    codicil_address_format(&domain->address, out, out_len);
  } else if (domain->dns.len < out_len) {
    memcpy(out, domain->dns.data, domain->dns.len);
    out[domain->dns.len] = '\0';
  } else if (out_len != 0) {
    out[0] = '\0';
  }
}

// ---- what CAA grants ----------------------------------------------------------------------------

bool codicil_required_domain_grants(const codicil_required_domain *pattern,
                                    const codicil_required_domain *domain) {
  switch (domain->type) {
  case CODICIL_REQUIRED_ANY:
    return pattern->type == CODICIL_REQUIRED_ANY;
  case CODICIL_REQUIRED_ADDRESS: // no other pattern has one
    return codicil_address_equal(&pattern->address, &domain->address);
  case CODICIL_REQUIRED_WILDCARD:
    return pattern->type == CODICIL_REQUIRED_WILDCARD &&
           codicil_dns_name_covers(without_wildcard(pattern->dns), without_wildcard(domain->dns));
  case CODICIL_REQUIRED_DNS: // "*" covers nothing here
    return codicil_dns_name_covers(pattern->dns, domain->dns);
  }
  return false;
}
