// The Alt-Svc response field: see alt_svc.h. The functions are the productions of RFC 7838 §3 and
// RFC 9110 §5.6, over a cursor that never passes the end.
#include "client/alt_svc.h"

#include <ctype.h>
#include <string.h>

enum {
  DEFAULT_MAX_AGE_S = 24 * 3600, // RFC 7838 §3.1
  MAX_TEXT = 512,
  MAX_PROTOCOL = 16,
  END = -1
};

typedef struct cursor {
  codicil_span text;
  size_t at;
} cursor;

// A token or the content of a quoted-string; what is longer is cut, and `is_long`.
typedef struct word {
  char text[MAX_TEXT];
  size_t len;
  bool is_long;
} word;

static int peek(const cursor *c) {
  return c->at < c->text.len ? c->text.data[c->at] : END;
}

static int take(cursor *c) {
  int octet = peek(c);
  c->at += octet != END ? 1 : 0;
  return octet;
}

static bool take_this(cursor *c, char wanted) {
  bool is_there = peek(c) == wanted;
  c->at += is_there ? 1 : 0;
  return is_there;
}

static void skip_space(cursor *c) {
  while (peek(c) == ' ' || peek(c) == '\t') {
    c->at++;
  }
}

static void put(word *w, int octet) {
  w->is_long = w->len == sizeof w->text - 1;
  if (!w->is_long) {
    w->text[w->len++] = (char)octet;
  }
  w->text[w->len] = '\0';
}

static bool is_token_char(int octet) {
  return octet != END && octet < 0x80 &&
         (isalnum(octet) || (octet > 0 && strchr("!#$%&'*+-.^_`|~", octet) != NULL));
}

static bool read_token(cursor *c, word *out) {
  *out = (word){.len = 0};
  while (is_token_char(peek(c))) {
    put(out, take(c));
  }
  return out->len > 0;
}

// RFC 9110 §5.6.4.
static bool read_quoted(cursor *c, word *out) {
  *out = (word){.len = 0};
  if (!take_this(c, '"')) {
    return false;
  }
  for (int octet = take(c); octet != '"'; octet = take(c)) {
    octet = octet == '\\' ? take(c) : octet;
    bool is_allowed = octet == '\t' || (octet >= ' ' && octet != 0x7f);
    if (!is_allowed) {
      return false;
    }
    put(out, octet);
  }
  return true;
}

static bool read_value(cursor *c, word *out) {
  return peek(c) == '"' ? read_quoted(c, out) : read_token(c, out);
}

// ---- an alternative -----------------------------------------------------------------------------

static int hex_digit(char c) {
  static const char digits[] = "0123456789abcdef";
  const char *at = c != '\0' ? strchr(digits, tolower((unsigned char)c)) : NULL;
  return at != NULL ? (int)(at - digits) : -1;
}

// The ALPN protocol name that a token stands for, percent-encoded.
static bool decode_protocol(char out[MAX_PROTOCOL], const word *token) {
  size_t len = 0;
  for (size_t i = 0; i < token->len; i++) {
    int octet = (unsigned char)token->text[i];
    if (octet == '%') {
      int high = hex_digit(token->text[i + 1]);
      int low = high >= 0 ? hex_digit(token->text[i + 2]) : -1;
      if (low < 0) {
        return false;
      }
      octet = high * 16 + low;
      i += 2;
    }
    if (len < MAX_PROTOCOL - 1) {
      out[len] = (char)octet;
    }
    len++;
  }
  // What is too long to have a name here has none.
  out[len < MAX_PROTOCOL ? len : 0] = '\0';
  return true;
}

// Tells whether the protocol has a name here.
static bool known_protocol(alt_svc_protocol *out, const char *name) {
  static const char *const names[] = {"http/1.1", "h2", "h3"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (strcmp(name, names[i]) == 0) {
      *out = (alt_svc_protocol)i;
      return true;
    }
  }
  return false;
}

// Digits, at most `max`; what is more is `max`.
static bool read_number(uint32_t *out, const char *digits, uint32_t max) {
  uint64_t value = 0;
  for (const char *p = digits; *p != '\0'; p++) {
    if (!isdigit((unsigned char)*p)) {
      return false;
    }
    value = value * 10 + (uint64_t)(*p - '0');
    value = value < max ? value : max;
  }
  *out = (uint32_t)value;
  return digits[0] != '\0';
}

// [ uri-host ] ":" port
static bool read_authority(alt_svc *out, const word *authority) {
  const char *colon = strrchr(authority->text, ':');
  uint32_t port = 0;
  codicil_origin origin = {.port = 0};
  bool ok =
      !authority->is_long && colon != NULL && strlen(authority->text) == authority->len &&
      read_number(&port, colon + 1, UINT16_MAX + 1) && port > 0 && port <= UINT16_MAX &&
      (colon == authority->text ||
       codicil_origin_parse_authority(&origin, codicil_span_of(authority->text, authority->len)));
  if (ok) {
    memcpy(out->host, origin.host, sizeof out->host);
    out->port = (uint16_t)port;
  }
  return ok;
}

//= https://www.rfc-editor.org/rfc/rfc7838#section-3
//# Unknown parameters MUST be ignored.
//
//= https://www.rfc-editor.org/rfc/rfc7838#section-3.1
//# Clients MUST ignore "persist" parameters with values other than "1".
static void apply_parameter(alt_svc *out, const word *name, const word *value) {
  uint32_t seconds = 0;
  if (strcmp(name->text, "ma") == 0 && read_number(&seconds, value->text, INT32_MAX)) {
    out->max_age_s = seconds;
  } else if (strcmp(name->text, "persist") == 0 && strcmp(value->text, "1") == 0) {
    out->persist = true;
  }
}

static bool read_parameters(cursor *c, alt_svc *out) {
  skip_space(c);
  while (take_this(c, ';')) {
    word name;
    word value;
    skip_space(c);
    if (!read_token(c, &name) || !take_this(c, '=') || !read_value(c, &value)) {
      return false;
    }
    apply_parameter(out, &name, &value);
    skip_space(c);
  }
  return true;
}

// *out_is_known false: the protocol has no name here.
static bool read_alternative(cursor *c, alt_svc *out, bool *out_is_known) {
  word token;
  word authority;
  char protocol[MAX_PROTOCOL];
  *out = (alt_svc){.max_age_s = DEFAULT_MAX_AGE_S};
  if (!read_token(c, &token) || token.is_long || !decode_protocol(protocol, &token) ||
      !take_this(c, '=') || !read_quoted(c, &authority) || !read_parameters(c, out)) {
    return false;
  }
  *out_is_known = known_protocol(&out->protocol, protocol) && read_authority(out, &authority);
  return true;
}

// ---- the field ----------------------------------------------------------------------------------

// The whole value, "clear" with its case.
static bool is_clear(codicil_span value) {
  cursor c = {value, 0};
  word token;
  skip_space(&c);
  if (!read_token(&c, &token) || strcmp(token.text, "clear") != 0) {
    return false;
  }
  skip_space(&c);
  return peek(&c) == END;
}

static bool read_list(alt_svc_field *out, codicil_span value) {
  cursor c = {value, 0};
  for (;;) {
    skip_space(&c);
    if (take_this(&c, ',')) { // RFC 9110 §5.6.1.2: empty elements are ignored
      continue;
    }
    if (peek(&c) == END) {
      return true;
    }
    alt_svc item;
    bool is_known = false;
    if (!read_alternative(&c, &item, &is_known) || (peek(&c) != ',' && peek(&c) != END)) {
      return false;
    }
    if (is_known && out->num < ALT_SVC_MAX) {
      out->items[out->num++] = item;
    }
  }
}

bool alt_svc_parse(alt_svc_field *out, codicil_span value) {
  alt_svc_field field = {.is_clear = is_clear(value)};
  if (!field.is_clear && !read_list(&field, value)) {
    return false;
  }
  *out = field;
  return true;
}

// ---- words of the cache's file ------------------------------------------------------------------

static const char *const words[] = {"h1", "h2", "h3"};

const char *alt_svc_protocol_word(alt_svc_protocol protocol) {
  return words[protocol];
}

bool alt_svc_protocol_read(alt_svc_protocol *out, codicil_span text) {
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (text.len == 2 && memcmp(words[i], text.data, 2) == 0) {
      *out = (alt_svc_protocol)i;
      return true;
    }
  }
  return false;
}
