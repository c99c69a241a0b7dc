// The codepoints that the draft leaves open: defaults, and "KEY=VALUE,…" to follow a registry.
//
// One row a key, with the ranges that the registries assign already: a mistyped value must not turn
// our frame into DATA. Oid and CAA tag are text.
#include <string.h>

#include "err.h"
#include "span.h"

typedef struct range {
  uint64_t first, last;
} range;

// IANA's "HTTP/2 Frame Type", "HTTP/2 Settings", "HTTP/2 Error Code" and the same of HTTP/3,
// without what is for experiments.
enum { MAX_RANGES = 8 };
typedef struct registry {
  range ranges[MAX_RANGES];
  size_t num_ranges;
  bool has_grease; // RFC 9114 §7.2.8: 0x1f * N + 0x21 is for nothing
} registry;

static const registry h2_setting = {{{0x0, 0x6}, {0x8, 0x9}, {0x10, 0x10}}, 3, false};
static const registry h2_frame = {{{0x0, 0xa}, {0xc, 0xc}, {0x10, 0x10}}, 3, false};
static const registry h2_error = {{{0x0, 0xd}}, 1, false};
static const registry h3_setting = {{{0x0, 0x8}, {0x33, 0x33}, {0x4d44, 0x4d44}}, 3, true};
static const registry h3_frame = {
    {{0x0, 0x9}, {0xc, 0xd}, {0x41, 0x41}, {0xf0700, 0xf0701}}, 4, true};
static const registry h3_error = {{{0x33, 0x33}, {0x100, 0x110}, {0x200, 0x202}}, 3, true};

static const struct {
  const char *key;
  size_t offset;
  uint64_t max;
  const registry *assigned;
} numbers[] = {
#define NUMBER_ROW(field, key, value, max) {key, offsetof(codicil_codepoints, field), max, &field},
    CODICIL_CODEPOINT_MAP(NUMBER_ROW)
#undef NUMBER_ROW
};
enum { NUM_NUMBERS = sizeof numbers / sizeof numbers[0], KEY_OID = NUM_NUMBERS, KEY_CAA, NUM_KEYS };

void codicil_codepoints_default(codicil_codepoints *out) {
  *out = (codicil_codepoints){
#define DEFAULT_VALUE(field, key, value, max) .field = (value),
      CODICIL_CODEPOINT_MAP(DEFAULT_VALUE)
#undef DEFAULT_VALUE
          .oid = "2.999.9261.1",
      .caa_tag = "requireddomain"};
}

static bool is_assigned(const registry *assigned, uint64_t value) {
  for (size_t i = 0; i < assigned->num_ranges; i++) {
    if (value >= assigned->ranges[i].first && value <= assigned->ranges[i].last) {
      return true;
    }
  }
  return assigned->has_grease && value >= 0x21 && (value - 0x21) % 0x1f == 0;
}

// -1 where `c` is no digit of `base`.
static int digit_of(uint8_t c, unsigned base) {
  int digit = -1;
  if (c >= '0' && c <= '9') {
    digit = c - '0';
  } else if (c >= 'a' && c <= 'f') {
    digit = c - 'a' + 10;
  } else if (c >= 'A' && c <= 'F') {
    digit = c - 'A' + 10;
  }
  return digit < (int)base ? digit : -1;
}

static bool parse_number(uint64_t *out, codicil_span text, uint64_t max) {
  unsigned base = 10;
  if (text.len > 2 && text.data[0] == '0' && (text.data[1] | 0x20) == 'x') {
    base = 16;
    text = codicil_span_sub(text, 2, SIZE_MAX);
  }
  uint64_t value = 0;
  for (size_t i = 0; i < text.len; i++) {
    int digit = digit_of(text.data[i], base);
    if (digit < 0 || value > (max - (uint64_t)digit) / base) {
      return false;
    }
    value = value * base + (uint64_t)digit;
  }
  *out = value;
  return text.len != 0;
}

// Reads one arc and the dot behind it. Arcs from 2^31 on make GnuTLS and Go refuse certificates.
static bool next_arc(codicil_span *text, uint64_t *out) {
  const uint8_t *dot = text->len != 0 ? memchr(text->data, '.', text->len) : NULL;
  size_t len = dot != NULL ? (size_t)(dot - text->data) : text->len;
  codicil_span arc = codicil_span_sub(*text, 0, len);
  if (len == 0 || (len > 1 && arc.data[0] == '0') || !parse_number(out, arc, INT32_MAX) ||
      (dot != NULL && len + 1 == text->len)) {
    return false;
  }
  *text = codicil_span_sub(*text, len + 1, SIZE_MAX);
  return true;
}

static bool oid_is_valid(codicil_span text) {
  uint64_t first, second, arc;
  if (!next_arc(&text, &first) || !next_arc(&text, &second) || first > 2 ||
      (first < 2 && second >= 40)) {
    return false;
  }
  while (text.len != 0) {
    if (!next_arc(&text, &arc)) {
      return false;
    }
  }
  return true;
}

// RFC 8659 §4.1: letters and digits; compared without case, so kept in lower case.
static bool tag_is_valid(codicil_span text) {
  for (size_t i = 0; i < text.len; i++) {
    if (!(text.data[i] >= 'a' && text.data[i] <= 'z') && digit_of(text.data[i], 10) < 0) {
      return false;
    }
  }
  return text.len != 0;
}

static bool set_text(char *out, size_t out_len, codicil_span text) {
  if (text.len >= out_len) {
    return false;
  }
  memset(out, 0, out_len);
  memcpy(out, text.data, text.len);
  return true;
}

static const char *set_number(codicil_codepoints *codepoints, size_t row, codicil_span value) {
  uint64_t number;
  if (!parse_number(&number, value, numbers[row].max)) {
    return "not a number in range";
  }
  if (is_assigned(numbers[row].assigned, number)) {
    return "assigned already by the HTTP specifications";
  }
  memcpy((uint8_t *)codepoints + numbers[row].offset, &number, sizeof number);
  return NULL;
}

static size_t find_key(codicil_span key) {
  for (size_t i = 0; i < NUM_NUMBERS; i++) {
    if (codicil_span_equal(key, codicil_span_str(numbers[i].key))) {
      return i;
    }
  }
  if (codicil_span_equal(key, codicil_span_str("oid"))) {
    return KEY_OID;
  }
  return codicil_span_equal(key, codicil_span_str("caa-tag")) ? KEY_CAA : NUM_KEYS;
}

// Returns NULL, or what is wrong. `seen` has a bit for each key that stood before.
static const char *set_pair(codicil_codepoints *codepoints, unsigned *seen, codicil_span pair) {
  const uint8_t *equals = pair.len != 0 ? memchr(pair.data, '=', pair.len) : NULL;
  if (equals == NULL) {
    return "not KEY=VALUE";
  }
  size_t len = (size_t)(equals - pair.data);
  size_t key = find_key(codicil_span_sub(pair, 0, len));
  codicil_span value = codicil_span_sub(pair, len + 1, SIZE_MAX);
  if (key == NUM_KEYS) {
    return "no such codepoint";
  }
  if ((*seen >> key & 1) != 0) {
    return "set twice";
  }
  *seen |= 1U << key;
  if (key == KEY_OID) {
    bool ok = oid_is_valid(value) && set_text(codepoints->oid, sizeof codepoints->oid, value);
    return ok ? NULL : "not an object identifier";
  }
  if (key == KEY_CAA) {
    bool ok =
        tag_is_valid(value) && set_text(codepoints->caa_tag, sizeof codepoints->caa_tag, value);
    return ok ? NULL : "not a CAA tag in lower case";
  }
  return set_number(codepoints, key, value);
}

codicil_err codicil_codepoints_set(codicil_codepoints *codepoints, codicil_diag *diag,
                                   const char *text) {
  codicil_codepoints changed = *codepoints;
  unsigned seen = 0;
  codicil_span all = codicil_span_str(text);
  size_t start = 0;
  while (all.len != 0 && start <= all.len) {
    codicil_span rest = codicil_span_sub(all, start, SIZE_MAX);
    const uint8_t *comma = rest.len != 0 ? memchr(rest.data, ',', rest.len) : NULL;
    size_t len = comma != NULL ? (size_t)(comma - rest.data) : rest.len;
    const char *what = set_pair(&changed, &seen, codicil_span_sub(rest, 0, len));
    if (what != NULL) {
      codicil_diag_set(diag, what, start);
      return CODICIL_BAD_INPUT;
    }
    start += len + 1;
  }
  *codepoints = changed;
  return CODICIL_OK;
}
