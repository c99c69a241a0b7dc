// Origins: https, host and port, read from an ASCII serialisation (RFC 6454 §6.2) or an authority.
#include <stdio.h>
#include <string.h>

#include "dns_name.h"
#include "span.h"

enum { HTTPS_PORT = 443 };

static bool parse_port(uint16_t *out, codicil_span digits) {
  if (digits.len == 0 || digits.len > 5 || digits.data[0] == '0') {
    return false;
  }
  uint32_t port = 0;
  for (size_t i = 0; i < digits.len; i++) {
    if (digits.data[i] < '0' || digits.data[i] > '9') {
      return false;
    }
    port = port * 10 + (uint32_t)(digits.data[i] - '0');
  }
  if (port > UINT16_MAX) {
    return false;
  }
  *out = (uint16_t)port;
  return true;
}

// An IP literal (IPv6 in brackets only) or an ASCII name; no U-labels come over the wire.
static bool parse_host(codicil_origin *out, codicil_span host) {
  bool in_brackets = host.len != 0 && host.data[0] == '[';
  if (codicil_address_parse(&out->address, host)) {
    codicil_address_format(&out->address, out->host, sizeof out->host);
    return in_brackets || memchr(host.data, ':', host.len) == NULL;
  }
  return codicil_dns_name_from_ascii(out->host, sizeof out->host, host);
}

// Length of the host in "host" or "host:port": up to the first colon that is not in brackets.
static size_t host_len(codicil_span text) {
  bool in_brackets = false;
  for (size_t i = 0; i < text.len; i++) {
    if (text.data[i] == '[' || text.data[i] == ']') {
      in_brackets = text.data[i] == '[';
    } else if (text.data[i] == ':' && !in_brackets) {
      return i;
    }
  }
  return text.len;
}

static bool parse_host_port(codicil_origin *out, codicil_span text) {
  codicil_origin origin = {.port = HTTPS_PORT};
  size_t len = host_len(text);
  if (!parse_host(&origin, codicil_span_sub(text, 0, len))) {
    return false;
  }
  if (len != text.len && !parse_port(&origin.port, codicil_span_sub(text, len + 1, SIZE_MAX))) {
    return false;
  }
  *out = origin;
  return true;
}

bool codicil_origin_parse(codicil_origin *out, codicil_span text) {
  static const char scheme[] = "https://";
  size_t len = sizeof scheme - 1;
  if (text.len <= len || strncasecmp((const char *)text.data, scheme, len) != 0) {
    return false;
  }
  return parse_host_port(out, codicil_span_sub(text, len, SIZE_MAX));
}

bool codicil_origin_parse_authority(codicil_origin *out, codicil_span text) {
  // RFC 3986 §3.2.3: a port may be empty, and is then the scheme's.
  if (text.len != 0 && text.data[text.len - 1] == ':') {
    text = codicil_span_sub(text, 0, text.len - 1);
    if (host_len(text) != text.len) {
      return false;
    }
  }
  return parse_host_port(out, text);
}

bool codicil_origin_equal(const codicil_origin *a, const codicil_origin *b) {
  return a->port == b->port && strcmp(a->host, b->host) == 0;
}

size_t codicil_origin_format(const codicil_origin *origin, char *out, size_t out_len) {
  bool is_ipv6 = origin->address.len == sizeof origin->address.octets;
  char port[sizeof ":65535"] = "";
  if (origin->port != HTTPS_PORT) {
    snprintf(port, sizeof port, ":%u", (unsigned)origin->port);
  }
  int len = snprintf(out, out_len, "https://%s%s%s%s", is_ipv6 ? "[" : "", origin->host,
                     is_ipv6 ? "]" : "", port);
  return len > 0 && (size_t)len < out_len ? (size_t)len : 0;
}
