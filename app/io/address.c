// Socket addresses as text: see address.h.
#include "io/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { HOST_MAX = 46 };

static bool parse_port(uint16_t *out, const char *text) {
  unsigned value = 0;
  size_t len = strlen(text);
  if (len == 0 || len > 5) {
    return false;
  }
  for (size_t i = 0; i < len; i++) {
    if (text[i] < '0' || text[i] > '9') {
      return false;
    }
    value = value * 10 + (unsigned)(text[i] - '0');
  }
  *out = (uint16_t)value;
  return value <= 65535;
}

// Splits "HOST", "HOST:PORT" or "[HOST]:PORT"; a bare IPv6 address has no port.
static bool split(char *out_host, const char **out_port, const char *text) {
  const char *end;
  if (text[0] == '[') {
    text++;
    end = strchr(text, ']');
    if (!end || (end[1] != ':' && end[1] != '\0')) {
      return false;
    }
    *out_port = end[1] == ':' ? end + 2 : NULL;
  } else {
    const char *colon = strchr(text, ':');
    bool is_bare_ipv6 = colon && strchr(colon + 1, ':');
    end = colon && !is_bare_ipv6 ? colon : text + strlen(text);
    *out_port = *end == ':' ? end + 1 : NULL;
  }
  if ((size_t)(end - text) >= HOST_MAX) {
    return false;
  }
  memcpy(out_host, text, (size_t)(end - text));
  out_host[end - text] = '\0';
  return true;
}

bool io_address_parse(io_address *out, const char *text, uint16_t default_port) {
  char host[HOST_MAX];
  const char *port_text;
  uint16_t port = default_port;
  uint8_t octets[16];
  if (!split(host, &port_text, text) || (port_text && !parse_port(&port, port_text))) {
    return false;
  }
  if (text[0] != '[' && (host[0] == '\0' || strcmp(host, "*") == 0)) {
    memset(octets, 0, sizeof octets);
    return io_address_from_octets(out, codicil_span_of(octets, 16), port);
  }
  if (inet_pton(AF_INET6, host, octets) == 1) {
    return io_address_from_octets(out, codicil_span_of(octets, 16), port);
  }
  return text[0] != '[' && inet_pton(AF_INET, host, octets) == 1 &&
         io_address_from_octets(out, codicil_span_of(octets, 4), port);
}

bool io_address_from_octets(io_address *out, codicil_span octets, uint16_t port) {
  io_address made = {.len = 0};
  if (octets.len == 4) {
    struct sockaddr_in *in = (struct sockaddr_in *)&made.storage;
    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    memcpy(&in->sin_addr, octets.data, 4);
    made.len = sizeof *in;
  } else if (octets.len == 16) {
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&made.storage;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    memcpy(&in6->sin6_addr, octets.data, 16);
    made.len = sizeof *in6;
  } else {
    return false;
  }
  *out = made;
  return true;
}

codicil_span io_address_octets(const io_address *address) {
  if (address->storage.ss_family == AF_INET) {
    return codicil_span_of(&((const struct sockaddr_in *)&address->storage)->sin_addr, 4);
  }
  if (address->storage.ss_family != AF_INET6) {
    return codicil_span_of(NULL, 0);
  }
  const struct in6_addr *in6 = &((const struct sockaddr_in6 *)&address->storage)->sin6_addr;
  return IN6_IS_ADDR_V4MAPPED(in6) ? codicil_span_of(&in6->s6_addr[12], 4)
                                   : codicil_span_of(in6->s6_addr, 16);
}

uint16_t io_address_port(const io_address *address) {
  if (address->storage.ss_family == AF_INET) {
    return ntohs(((const struct sockaddr_in *)&address->storage)->sin_port);
  }
  if (address->storage.ss_family == AF_INET6) {
    return ntohs(((const struct sockaddr_in6 *)&address->storage)->sin6_port);
  }
  return 0;
}

void io_address_format_host(const io_address *address, char *out, size_t out_len) {
  codicil_span octets = io_address_octets(address);
  int family = octets.len == 4 ? AF_INET : AF_INET6;
  if (octets.len == 0 || !inet_ntop(family, octets.data, out, (socklen_t)out_len)) {
    snprintf(out, out_len, "-");
  }
}

void io_address_format(const io_address *address, char *out, size_t out_len) {
  char host[HOST_MAX];
  bool is_ipv6 = io_address_octets(address).len == 16;
  io_address_format_host(address, host, sizeof host);
  snprintf(out, out_len, is_ipv6 ? "[%s]:%u" : "%s:%u", host, (unsigned)io_address_port(address));
}
