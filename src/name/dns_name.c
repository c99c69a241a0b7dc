// DNS names: A-labels in lower case without a trailing dot, and what a certificate's dNSName
// covers.
//
// One scanner says what a name is made of; what it refuses (NUL, octets >= 0x80, empty labels, a
// last label that a resolver would read as part of an IPv4 address) neither normalises nor matches.
#include "dns_name.h"

#include <idn2.h>
#include <string.h>

#include "span.h"

enum { LABEL_MAX = 63 };

static bool is_digit(uint8_t c) {
  return c >= '0' && c <= '9';
}

// Letters, digits, hyphen; and underscore, which is not for hosts but is found in them.
static bool is_label_octet(uint8_t c) {
  uint8_t l = codicil_lower(c);
  return (l >= 'a' && l <= 'z') || is_digit(c) || c == '-' || c == '_';
}

static bool label_is_valid(codicil_span label) {
  if (label.len == 0 || label.len > LABEL_MAX || label.data[0] == '-' ||
      label.data[label.len - 1] == '-') {
    return false;
  }
  for (size_t i = 0; i < label.len; i++) {
    if (!is_label_octet(label.data[i])) {
      return false;
    }
  }
  return true;
}

// A top label like this makes inet_aton and browsers read the name as an address ("127.1", "0x7f").
static bool label_is_number(codicil_span label) {
  bool is_hex = label.len >= 2 && label.data[0] == '0' && codicil_lower(label.data[1]) == 'x';
  for (size_t i = is_hex ? 2 : 0; i < label.len; i++) {
    uint8_t c = codicil_lower(label.data[i]);
    if (!is_digit(c) && !(is_hex && c >= 'a' && c <= 'f')) {
      return false;
    }
  }
  return true;
}

// Cuts the first label off `name`, and the dot behind it. *out_last tells that there was no dot.
static codicil_span next_label(codicil_span *name, bool *out_last) {
  const uint8_t *dot = name->len != 0 ? memchr(name->data, '.', name->len) : NULL;
  size_t len = dot != NULL ? (size_t)(dot - name->data) : name->len;
  codicil_span label = codicil_span_sub(*name, 0, len);
  *name = codicil_span_sub(*name, len + 1, SIZE_MAX);
  *out_last = dot == NULL;
  return label;
}

static bool name_is_valid(codicil_span name) {
  if (name.len == 0 || name.len > CODICIL_DNS_NAME_MAX) {
    return false;
  }
  codicil_span label;
  bool is_last = false;
  while (!is_last) {
    label = next_label(&name, &is_last);
    if (!label_is_valid(label)) {
      return false;
    }
  }
  return !label_is_number(label);
}

bool codicil_dns_name_from_ascii(char *out, size_t out_len, codicil_span text) {
  if (text.len != 0 && text.data[text.len - 1] == '.') {
    text = codicil_span_sub(text, 0, text.len - 1);
  }
  if (!name_is_valid(text) || text.len >= out_len) {
    return false;
  }
  for (size_t i = 0; i < text.len; i++) {
    out[i] = (char)codicil_lower(text.data[i]);
  }
  out[text.len] = '\0';
  return true;
}

static bool is_ascii(codicil_span text) {
  for (size_t i = 0; i < text.len; i++) {
    if (text.data[i] >= 0x80) {
      return false;
    }
  }
  return true;
}

bool codicil_dns_name_normalise(char *out, size_t out_len, codicil_span text) {
  if (is_ascii(text)) {
    return codicil_dns_name_from_ascii(out, out_len, text);
  }
  // A UTF-8 octet makes at most one octet of A-label text beyond "xn--" and its delta; what is
  // longer than this cannot be a name of 253 octets.
  char copy[4 * CODICIL_DNS_NAME_MAX + 1];
  if (text.len >= sizeof copy || memchr(text.data, '\0', text.len) != NULL) {
    return false;
  }
  memcpy(copy, text.data, text.len);
  copy[text.len] = '\0';
  char *ascii = NULL;
  if (idn2_to_ascii_8z(copy, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK) {
    return false;
  }
  bool ok = codicil_dns_name_from_ascii(out, out_len, codicil_span_str(ascii));
  idn2_free(ascii);
  return ok;
}

static bool equal_without_case(codicil_span a, codicil_span b) {
  if (a.len != b.len) {
    return false;
  }
  for (size_t i = 0; i < a.len; i++) {
    if (codicil_lower(a.data[i]) != codicil_lower(b.data[i])) {
      return false;
    }
  }
  return true;
}

bool codicil_dns_name_covers(codicil_span pattern, codicil_span name) {
  codicil_span rest = name;
  //= https://www.rfc-editor.org/rfc/rfc9525#section-6.3
  //# There is only one wildcard character.
  //= https://www.rfc-editor.org/rfc/rfc9525#section-6.3
  //# The wildcard character appears only as the complete content of the left-most label.
  if (pattern.len > 2 && pattern.data[0] == '*' && pattern.data[1] == '.') {
    bool is_last;
    pattern = codicil_span_sub(pattern, 2, SIZE_MAX);
    (void)next_label(&rest, &is_last); // the wildcard stands for exactly this one
  }
  // The cheap question first, as a peer may bring a hundred thousand names. Octets that equal those
  // of a valid name are valid: a further `*` is not a label octet, so no other wildcard passes.
  return equal_without_case(pattern, rest) && name_is_valid(name);
}
