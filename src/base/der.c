// DER elements, times and object identifiers: see der.h.
#include "der.h"

#include <string.h>

#include "span.h"

// X.690 §10.1: the definite form, encoded in the minimum number of octets.
static bool read_length(codicil_reader *r, size_t *out) {
  uint8_t first;
  if (!codicil_read_u8(r, &first)) {
    return false;
  }
  if (first < 0x80) {
    *out = first;
    return true;
  }
  size_t num_octets = first & 0x7f;
  if (num_octets == 0 || num_octets > 4) {
    return false;
  }
  uint32_t len = 0;
  for (size_t i = 0; i < num_octets; i++) {
    uint8_t octet;
    if (!codicil_read_u8(r, &octet) || (i == 0 && octet == 0)) {
      return false;
    }
    len = len << 8 | octet;
  }
  *out = len;
  return len >= 0x80;
}

bool codicil_der_read_any(codicil_reader *r, uint8_t *out_tag, codicil_span *out_content) {
  codicil_reader ahead = *r;
  uint8_t tag;
  size_t len;
  codicil_span content;
  if (!codicil_read_u8(&ahead, &tag) || (tag & 0x1f) == 0x1f || !read_length(&ahead, &len) ||
      !codicil_read_bytes(&ahead, &content, len)) {
    return false;
  }
  *r = ahead;
  *out_tag = tag;
  *out_content = content;
  return true;
}

bool codicil_der_read(codicil_reader *r, uint8_t tag, codicil_span *out_content) {
  uint8_t found;
  return codicil_der_is_next(r, tag) && codicil_der_read_any(r, &found, out_content);
}

bool codicil_der_skip(codicil_reader *r, uint8_t tag) {
  codicil_span content;
  return codicil_der_read(r, tag, &content);
}

bool codicil_der_read_whole(codicil_reader *r, uint8_t tag, codicil_span *out_element) {
  codicil_span before = r->rest;
  if (!codicil_der_skip(r, tag)) {
    return false;
  }
  *out_element = codicil_span_sub(before, 0, before.len - r->rest.len);
  return true;
}

bool codicil_der_is_next(const codicil_reader *r, uint8_t tag) {
  codicil_reader ahead = *r;
  uint8_t next;
  return codicil_read_u8(&ahead, &next) && next == tag;
}

bool codicil_der_only(codicil_span der, uint8_t tag, codicil_span *out_content) {
  codicil_reader r = codicil_reader_of(der);
  codicil_span content;
  if (!codicil_der_read(&r, tag, &content) || !codicil_reader_done(&r)) {
    return false;
  }
  *out_content = content;
  return true;
}

// ---- times --------------------------------------------------------------------------------------

static bool read_digits(codicil_reader *r, int *out, size_t num_digits) {
  int value = 0;
  for (size_t i = 0; i < num_digits; i++) {
    uint8_t c;
    if (!codicil_read_u8(r, &c) || c < '0' || c > '9') {
      return false;
    }
    value = value * 10 + (c - '0');
  }
  *out = value;
  return true;
}

static bool is_leap(int year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

// Days from 1970-01-01 to the first of January.
static int64_t days_before_year(int year) {
  int64_t past = year - 1; // years that are over, from year 1
  return past * 365 + past / 4 - past / 100 + past / 400 - 719162;
}

static int64_t unix_time(int year, int month, int day, int seconds) {
  int64_t days = days_before_year(year) + day - 1;
  for (int m = 1; m < month; m++) {
    days += days_in_month(year, m);
  }
  return days * 86400 + seconds;
}

// MMDDHHMMSSZ
static bool read_rest_of_time(codicil_reader *r, int64_t *out, int year) {
  int month, day, hour, minute, second;
  uint8_t zone;
  if (!read_digits(r, &month, 2) || !read_digits(r, &day, 2) || !read_digits(r, &hour, 2) ||
      !read_digits(r, &minute, 2) || !read_digits(r, &second, 2) || !codicil_read_u8(r, &zone) ||
      !codicil_reader_done(r)) {
    return false;
  }
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) ||
      hour > 23 || minute > 59 || second > 59 || zone != 'Z') {
    return false;
  }
  *out = unix_time(year, month, day, hour * 3600 + minute * 60 + second);
  return true;
}

bool codicil_der_time(int64_t *out_unix_s, uint8_t tag, codicil_span text) {
  codicil_reader r = codicil_reader_of(text);
  int year;
  if (tag == CODICIL_DER_GENERALIZED_TIME) {
    return read_digits(&r, &year, 4) && read_rest_of_time(&r, out_unix_s, year);
  }
  // RFC 5280 §4.1.2.5.1: two digits of a year mean 1950 to 2049.
  return tag == CODICIL_DER_UTC_TIME && read_digits(&r, &year, 2) &&
         read_rest_of_time(&r, out_unix_s, year + (year < 50 ? 2000 : 1900));
}

bool codicil_der_read_time(codicil_reader *r, int64_t *out_unix_s) {
  uint8_t tag;
  codicil_span text;
  return codicil_der_read_any(r, &tag, &text) && codicil_der_time(out_unix_s, tag, text);
}

// ---- object identifiers -------------------------------------------------------------------------

static bool put_arc(codicil_oid *oid, uint64_t arc) {
  size_t num_octets = 1;
  for (uint64_t rest = arc >> 7; rest != 0; rest >>= 7) {
    num_octets++;
  }
  if (num_octets > sizeof oid->octets - oid->len) {
    return false;
  }
  for (size_t i = num_octets; i-- > 0;) {
    oid->octets[oid->len++] = (uint8_t)((arc >> (7 * i) & 0x7f) | (i != 0 ? 0x80 : 0));
  }
  return true;
}

static bool read_arc(codicil_reader *r, uint64_t *out) {
  uint64_t arc = 0;
  size_t num_digits = 0;
  int digit;
  for (codicil_reader ahead = *r; read_digits(&ahead, &digit, 1); num_digits++) {
    if ((num_digits != 0 && arc == 0) || arc > (UINT64_MAX >> 8)) {
      return false;
    }
    arc = arc * 10 + (uint64_t)digit;
    *r = ahead;
  }
  *out = arc;
  return num_digits != 0;
}

static bool read_dot(codicil_reader *r) {
  uint8_t c;
  return codicil_read_u8(r, &c) && c == '.';
}

bool codicil_oid_parse(codicil_oid *out, const char *dotted) {
  codicil_reader r = codicil_reader_of(codicil_span_of(dotted, strlen(dotted)));
  codicil_oid oid = {.len = 0};
  uint64_t first, second;
  // X.690 §8.19.4: the first two arcs share a subidentifier.
  if (!read_arc(&r, &first) || !read_dot(&r) || !read_arc(&r, &second) || first > 2 ||
      (first < 2 && second > 39) || !put_arc(&oid, first * 40 + second)) {
    return false;
  }
  while (!codicil_reader_done(&r)) {
    uint64_t arc;
    if (!read_dot(&r) || !read_arc(&r, &arc) || !put_arc(&oid, arc)) {
      return false;
    }
  }
  *out = oid;
  return true;
}
