// Conditional and range requests: see conditional.h.
#include "server/conditional.h"

#include <string.h>

static codicil_span trim(codicil_span s) {
  while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t')) {
    s = codicil_span_of(s.data + 1, s.len - 1);
  }
  while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t')) {
    s.len--;
  }
  return s;
}

static bool is_tag(codicil_span tag, const file_entry *file) {
  return tag.len == file->etag_len && memcmp(tag.data, file->etag, tag.len) == 0;
}

// Our own tags hold no comma. If-None-Match compares weakly (RFC 9110 §13.1.2).
static bool lists_tag(codicil_span list, const file_entry *file, bool is_weak) {
  if (trim(list).len == 1 && trim(list).data[0] == '*') {
    return true;
  }
  while (list.len > 0) {
    const uint8_t *comma = memchr(list.data, ',', list.len);
    size_t len = comma ? (size_t)(comma - list.data) : list.len;
    codicil_span tag = trim(codicil_span_of(list.data, len));
    if (is_weak && tag.len > 2 && memcmp(tag.data, "W/", 2) == 0) {
      tag = codicil_span_of(tag.data + 2, tag.len - 2);
    }
    if (is_tag(tag, file)) {
      return true;
    }
    size_t step = comma ? len + 1 : len;
    list = codicil_span_of(list.data + step, list.len - step);
  }
  return false;
}

// The order of RFC 9110 §13.2.2. A date that does not parse is ignored.
static uint16_t preconditions(const request *r, const file_entry *file) {
  codicil_span if_match = request_value(r, REQUEST_IF_MATCH);
  codicil_span if_none_match = request_value(r, REQUEST_IF_NONE_MATCH);
  int64_t date;
  if (if_match.data) {
    if (!lists_tag(if_match, file, false)) {
      return 412;
    }
  } else if (http_date_parse(&date, request_value(r, REQUEST_IF_UNMODIFIED_SINCE)) &&
             file->modified_s > date) {
    return 412;
  }
  if (if_none_match.data) {
    return lists_tag(if_none_match, file, true) ? 304 : 200;
  }
  if (http_date_parse(&date, request_value(r, REQUEST_IF_MODIFIED_SINCE)) &&
      file->modified_s <= date) {
    return 304;
  }
  return 200;
}

static bool parse_decimal(uint64_t *out, codicil_span *in) {
  uint64_t value = 0;
  size_t i = 0;
  for (; i < in->len && in->data[i] >= '0' && in->data[i] <= '9'; i++) {
    if (i >= 18) {
      return false;
    }
    value = value * 10 + (uint64_t)(in->data[i] - '0');
  }
  *in = codicil_span_of(in->data + i, in->len - i);
  *out = value;
  return i > 0;
}

typedef enum range_result { RANGE_NONE, RANGE_OK, RANGE_UNSATISFIABLE } range_result;

// One range of octets. What does not parse, and a list of ranges, is ignored, which RFC 9110 §14.2
// allows: the whole is sent.
static range_result parse_range(uint64_t *out_at, uint64_t *out_end, codicil_span text,
                                uint64_t size) {
  uint64_t first = 0;
  uint64_t last = 0;
  if (text.len < 7 || memcmp(text.data, "bytes=", 6) != 0) {
    return RANGE_NONE;
  }
  text = codicil_span_of(text.data + 6, text.len - 6);
  bool has_first = parse_decimal(&first, &text);
  if (text.len == 0 || text.data[0] != '-') {
    return RANGE_NONE;
  }
  text = codicil_span_of(text.data + 1, text.len - 1);
  bool has_last = parse_decimal(&last, &text);
  if (text.len > 0 || (!has_first && !has_last) || (has_first && has_last && last < first)) {
    return RANGE_NONE;
  }
  if (has_first ? first >= size : last == 0 || size == 0) {
    return RANGE_UNSATISFIABLE;
  }
  *out_at = has_first ? first : last < size ? size - last : 0;
  *out_end = has_first && has_last && last < size ? last + 1 : size;
  return RANGE_OK;
}

// If-Range (RFC 9110 §13.1.5): a strong tag, or the very date.
static bool range_applies(const request *r, const file_entry *file) {
  codicil_span if_range = request_value(r, REQUEST_IF_RANGE);
  int64_t date;
  if (!if_range.data || is_tag(if_range, file)) {
    return true;
  }
  return http_date_parse(&date, if_range) && date == file->modified_s;
}

uint16_t conditional_status(uint64_t *out_at, uint64_t *out_end, const request *r,
                            const file_entry *file) {
  *out_at = 0;
  *out_end = file->size;
  uint16_t status = preconditions(r, file);
  codicil_span range = request_value(r, REQUEST_RANGE);
  if (status != 200 || r->method != METHOD_GET || !range.data || !range_applies(r, file)) {
    return status;
  }
  range_result result = parse_range(out_at, out_end, range, file->size);
  return result == RANGE_OK ? 206 : result == RANGE_NONE ? 200 : 416;
}
