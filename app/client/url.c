// An https URL, taken apart: see url.h.
#include "client/url.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/exit_code.h"

enum { MAX_URL = 65536 };

// ---- scheme and authority -----------------------------------------------------------------------

// Finds what follows "https://"; a name with a port ("host:8443/") is no scheme.
static int skip_scheme(const char **out, const char *text, app_error *err) {
  const char *sep = strstr(text, "://");
  if (sep == NULL || strcspn(text, "/?#") < (size_t)(sep - text)) {
    *out = text;
    return 0;
  }
  size_t len = (size_t)(sep - text);
  if (len != 5 || strncasecmp(text, "https", 5) != 0) {
    app_fail(err, "%s: the scheme '%.*s' is not supported, only https", text, (int)len, text);
    return EXIT_UNSUPPORTED_PROTOCOL;
  }
  *out = sep + 3;
  return 0;
}

static int malformed(app_error *err, const char *url, const char *why) {
  app_fail(err, "%s: %s", url, why);
  return EXIT_URL_MALFORMAT;
}

static bool read_port(uint16_t *out, const char *text, size_t len) {
  unsigned value = 0;
  for (size_t i = 0; i < len; i++) {
    if (!isdigit((unsigned char)text[i])) {
      return false;
    }
    value = value * 10 + (unsigned)(text[i] - '0');
    if (value > 65535) {
      return false;
    }
  }
  // An empty port is the default one (RFC 3986 §6.2.3).
  *out = len == 0 ? 443 : (uint16_t)value;
  return *out != 0;
}

// A last label of digits only is an IPv4 address that was written wrongly, never a name.
static bool ends_in_number(const char *host) {
  const char *dot = strrchr(host, '.');
  const char *label = dot != NULL ? dot + 1 : host;
  return label[0] != '\0' && label[strspn(label, "0123456789")] == '\0';
}

static bool read_host(codicil_origin *out, const char *host, size_t len) {
  codicil_address address;
  codicil_span span = codicil_span_of(host, len);
  if (codicil_address_parse(&address, span)) {
    out->address = address;
    codicil_address_format(&address, out->host, sizeof out->host);
    return true;
  }
  return len > 0 && host[0] != '[' &&
         codicil_dns_name_normalise(out->host, sizeof out->host, span) &&
         !ends_in_number(out->host);
}

static int read_authority(client_url *out, const char *text, size_t len, const char *url,
                          app_error *err) {
  if (memchr(text, '@', len) != NULL) {
    return malformed(err, url, "user information in a URL is not supported");
  }
  size_t host_len = 0;
  if (len > 0 && text[0] == '[') {
    const char *end = memchr(text, ']', len);
    if (end == NULL) {
      return malformed(err, url, "']' is missing after the IPv6 address");
    }
    host_len = (size_t)(end - text) + 1;
  } else {
    const char *colon = memchr(text, ':', len);
    host_len = colon != NULL ? (size_t)(colon - text) : len;
  }
  if (host_len == 0) {
    return malformed(err, url, "no host");
  }
  if (!read_host(&out->origin, text, host_len)) {
    return malformed(err, url, "the host is not a name or an address");
  }
  bool has_port = host_len < len;
  if (has_port && (text[host_len] != ':' ||
                   !read_port(&out->origin.port, text + host_len + 1, len - host_len - 1))) {
    return malformed(err, url, "the port is not a number from 1 to 65535");
  }
  if (!has_port) {
    out->origin.port = 443;
  }
  return 0;
}

// ---- path ---------------------------------------------------------------------------------------

// Octets that RFC 3986 lets stand in a path or query; '%' is checked apart.
static bool is_plain(char c) {
  return isalnum((unsigned char)c) || strchr("-._~!$&'()*+,;=:@/?", c) != NULL;
}

static char *encode(const char *text, size_t len) {
  static const char digits[] = "0123456789ABCDEF";
  char *out = malloc(len * 3 + 2);
  if (out == NULL) {
    return NULL;
  }
  size_t n = 0;
  if (len == 0 || text[0] != '/') {
    out[n++] = '/';
  }
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];
    bool is_escape = c == '%' && i + 2 < len && isxdigit((unsigned char)text[i + 1]) &&
                     isxdigit((unsigned char)text[i + 2]);
    if (is_escape || is_plain((char)c)) {
      out[n++] = (char)c;
    } else {
      out[n++] = '%';
      out[n++] = digits[c >> 4];
      out[n++] = digits[c & 15];
    }
  }
  out[n] = '\0';
  return out;
}

// RFC 3986 §5.2.4, in place, up to the query.
static void remove_dot_segments(char *path) {
  size_t end = strcspn(path, "?");
  size_t out = 0;
  for (size_t in = 0; in < end;) {
    size_t len = 1 + strcspn(path + in + 1, "/?");
    bool is_last = in + len >= end;
    const char *segment = path + in + 1;
    if (len == 2 && memcmp(segment, ".", 1) == 0) {
      if (is_last) {
        path[out++] = '/';
      }
    } else if (len == 3 && memcmp(segment, "..", 2) == 0) {
      while (out > 0 && path[--out] != '/') {
      }
      if (is_last) {
        path[out++] = '/';
      }
    } else {
      memmove(path + out, path + in, len);
      out += len;
    }
    in += len;
  }
  memmove(path + out, path + end, strlen(path + end) + 1);
}

static bool has_control_or_space(const char *text) {
  for (const char *p = text; *p != '\0'; p++) {
    if ((unsigned char)*p <= 0x20 || *p == 0x7f) {
      return true;
    }
  }
  return false;
}

static int finish(client_url *out, const char *path, app_error *err) {
  char origin[CODICIL_ORIGIN_TEXT_MAX];
  codicil_origin_format(&out->origin, origin, sizeof origin);
  snprintf(out->authority, sizeof out->authority, "%s", origin + strlen("https://"));
  out->path = encode(path, strcspn(path, "#"));
  if (out->path != NULL) {
    remove_dot_segments(out->path);
    size_t len = strlen(origin) + strlen(out->path) + 1;
    out->text = malloc(len);
    if (out->text != NULL) {
      snprintf(out->text, len, "%s%s", origin, out->path);
      return 0;
    }
  }
  client_url_clear(out);
  app_fail(err, "out of memory");
  return EXIT_OUT_OF_MEMORY;
}

int client_url_parse(client_url *out, const char *text, app_error *err) {
  if (strlen(text) > MAX_URL) {
    app_fail(err, "a URL is longer than %d octets", MAX_URL);
    return EXIT_URL_MALFORMAT;
  }
  if (has_control_or_space(text)) {
    return malformed(err, text, "a space or control character must be percent-encoded");
  }
  client_url url = {0};
  const char *rest = NULL;
  int code = skip_scheme(&rest, text, err);
  if (code != 0) {
    return code;
  }
  size_t len = strcspn(rest, "/?#");
  code = read_authority(&url, rest, len, text, err);
  if (code == 0) {
    code = finish(&url, rest + len, err);
  }
  if (code == 0) {
    *out = url;
  }
  return code;
}

void client_url_clear(client_url *url) {
  free(url->path);
  free(url->text);
  memset(url, 0, sizeof *url);
}

bool client_url_file_name(const client_url *url, char *out, size_t out_len) {
  size_t end = strcspn(url->path, "?");
  size_t start = end;
  while (start > 0 && url->path[start - 1] != '/') {
    start--;
  }
  size_t len = end - start;
  if (len == 0 || len >= out_len) {
    return false;
  }
  memcpy(out, url->path + start, len);
  out[len] = '\0';
  return true;
}
