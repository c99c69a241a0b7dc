// Escaping: see escape.h.
#include "pki/escape.h"

#include <stdio.h>
#include <string.h>

static const char cut_mark[] = "...";
enum { ESCAPE_LEN = 4 }; // \xHH

void pki_escape(char *out, size_t out_len, codicil_span text) {
  size_t at = 0;
  size_t cut = 0; // where the mark fits, should the rest not
  for (size_t i = 0; i < text.len; i++) {
    uint8_t c = text.data[i];
    bool is_plain = c >= ' ' && c <= '~' && c != '\\';
    size_t len = is_plain ? 1 : ESCAPE_LEN;
    if (at + sizeof cut_mark <= out_len) {
      cut = at;
    }
    if (at + len + 1 > out_len) {
      memcpy(out + cut, cut_mark, sizeof cut_mark);
      return;
    }
    if (is_plain) {
      out[at] = (char)c;
    } else {
      snprintf(out + at, ESCAPE_LEN + 1, "\\x%02x", c);
    }
    at += len;
  }
  out[at] = '\0';
}
