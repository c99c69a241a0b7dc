// Dates of HTTP fields: see http_date.h.
#include "server/http_date.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void http_date_format(char *out, int64_t unix_s) {
  static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  struct tm tm;
  time_t t = (time_t)unix_s;
  if (!gmtime_r(&t, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099) {
    t = 0;
    gmtime_r(&t, &tm);
  }
  char text[64];
  snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday,
           months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
  memcpy(out, text, HTTP_DATE_LEN);
  out[HTTP_DATE_LEN] = '\0';
}

//= https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
//# A recipient that parses a timestamp value in an HTTP field MUST
//# accept all three HTTP-date formats.
bool http_date_parse(int64_t *out_unix_s, codicil_span text) {
  static const char *const formats[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                                        "%a %b %e %H:%M:%S %Y"};
  char copy[64];
  if (text.len == 0 || text.len >= sizeof copy) {
    return false;
  }
  memcpy(copy, text.data, text.len);
  copy[text.len] = '\0';
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    struct tm tm = {0};
    const char *end = strptime(copy, formats[i], &tm);
    if (end && *end == '\0') {
      *out_unix_s = timegm(&tm);
      return true;
    }
  }
  return false;
}
