// CAA records: see caa_record.h. A cursor walks over the octets and never passes their end.
#include "pki/caa_record.h"

#include <string.h>

enum { FLAG_CRITICAL = 0x80 };

typedef struct cursor {
  codicil_span text;
  size_t at;
} cursor;

static bool is_alnum(uint8_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static uint8_t lower(uint8_t c) {
  return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

// The next octet; NUL, which no grammar here has, at the end.
static uint8_t next(const cursor *c) {
  return c->at < c->text.len ? c->text.data[c->at] : 0;
}

static bool at_end(const cursor *c) {
  return c->at == c->text.len;
}

static bool take(cursor *c, uint8_t octet) {
  bool is_there = !at_end(c) && next(c) == octet;
  c->at += is_there ? 1 : 0;
  return is_there;
}

static void skip_space(cursor *c) {
  while (take(c, ' ') || take(c, '\t')) {
  }
}

static codicil_span since(const cursor *c, size_t start) {
  return codicil_span_of(c->text.data + start, c->at - start);
}

bool pki_caa_record_parse(pki_caa_record *out, codicil_span rdata) {
  if (rdata.len < 2) {
    return false;
  }
  size_t tag_len = rdata.data[1];
  //= https://www.rfc-editor.org/rfc/rfc8659#section-4.1
  //# Tags MUST NOT contain any other characters.
  if (tag_len == 0 || tag_len > rdata.len - 2) {
    return false;
  }
  codicil_span tag = codicil_span_of(rdata.data + 2, tag_len);
  for (size_t i = 0; i < tag.len; i++) {
    if (!is_alnum(tag.data[i])) {
      return false;
    }
  }
  *out = (pki_caa_record){
      .flags = rdata.data[0],
      // §4.1: the other bits are reserved, and ignored.
      .is_critical = (rdata.data[0] & FLAG_CRITICAL) != 0,
      .tag = tag,
      .value = codicil_span_of(rdata.data + 2 + tag_len, rdata.len - 2 - tag_len),
  };
  return true;
}

bool pki_caa_tag_equals(codicil_span tag, const char *name) {
  if (tag.len != strlen(name)) {
    return false;
  }
  for (size_t i = 0; i < tag.len; i++) {
    if (lower(tag.data[i]) != lower((uint8_t)name[i])) {
      return false;
    }
  }
  return true;
}

// label = (ALPHA / DIGIT) *( *("-") (ALPHA / DIGIT)); a parameter's tag is the same.
static bool take_label(cursor *c) {
  size_t start = c->at;
  while (is_alnum(next(c)) || next(c) == '-') {
    c->at++;
  }
  codicil_span label = since(c, start);
  return label.len > 0 && label.data[0] != '-' && label.data[label.len - 1] != '-';
}

// issuer-domain-name = label *("." label)
static bool take_domain(cursor *c, codicil_span *out) {
  size_t start = c->at;
  do {
    if (!take_label(c)) {
      return false;
    }
  } while (take(c, '.'));
  *out = since(c, start);
  return true;
}

// parameter = tag *WSP "=" *WSP value; value = *(%x21-3A / %x3C-7E)
static bool take_parameter(cursor *c, pki_caa_issue *issue) {
  size_t start = c->at;
  if (!take_label(c)) {
    return false;
  }
  codicil_span tag = since(c, start);
  skip_space(c);
  if (!take(c, '=')) {
    return false;
  }
  skip_space(c);
  while (next(c) > 0x20 && next(c) < 0x7f && next(c) != ';') {
    c->at++;
  }
  issue->has_account = issue->has_account || pki_caa_tag_equals(tag, "accounturi");
  issue->has_methods = issue->has_methods || pki_caa_tag_equals(tag, "validationmethods");
  skip_space(c);
  return true;
}

// [";" *WSP [parameters *WSP]]; between two parameters stands a ";", after the last there is none.
static bool take_parameters(cursor *c, pki_caa_issue *issue) {
  skip_space(c);
  if (at_end(c)) {
    return true;
  }
  do {
    if (!take_parameter(c, issue)) {
      return false;
    }
    if (!take(c, ';')) {
      return at_end(c);
    }
    skip_space(c);
  } while (true);
}

bool pki_caa_issue_parse(pki_caa_issue *out, codicil_span value) {
  cursor c = {value, 0};
  pki_caa_issue issue = {.domain = {NULL, 0}};
  skip_space(&c);
  if (is_alnum(next(&c)) && !take_domain(&c, &issue.domain)) {
    return false;
  }
  skip_space(&c);
  bool ok = take(&c, ';') ? take_parameters(&c, &issue) : at_end(&c);
  if (ok) {
    *out = issue;
  }
  return ok;
}

codicil_span pki_caa_required_name(codicil_span value) {
  cursor c = {value, 0};
  skip_space(&c);
  size_t start = c.at;
  size_t end = start;
  while (!at_end(&c) && next(&c) != ';') {
    bool is_space = next(&c) == ' ' || next(&c) == '\t';
    c.at++;
    end = is_space ? end : c.at;
  }
  c.at = end;
  return since(&c, start);
}
