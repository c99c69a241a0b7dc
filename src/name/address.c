// IP addresses in one normal form: 4 or 16 octets, IPv4-mapped IPv6 made IPv4.
#include <arpa/inet.h>
#include <string.h>

#include "codicil/name.h"
#include "span.h"

enum { IPV4_LEN = 4, IPV6_LEN = 16 };

bool codicil_address_from_octets(codicil_address *out, codicil_span octets) {
  static const uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (octets.len != IPV4_LEN && octets.len != IPV6_LEN) {
    return false;
  }
  // RFC 4291 §2.5.5.2: the same host, reached through an IPv6 socket.
  codicil_span prefix = codicil_span_of(mapped, sizeof mapped);
  if (octets.len == IPV6_LEN &&
      codicil_span_equal(codicil_span_sub(octets, 0, sizeof mapped), prefix)) {
    octets = codicil_span_sub(octets, sizeof mapped, IPV4_LEN);
  }
  codicil_address address = {.len = (uint8_t)octets.len};
  memcpy(address.octets, octets.data, octets.len);
  *out = address;
  return true;
}

bool codicil_address_parse(codicil_address *out, codicil_span text) {
  bool in_brackets = text.len >= 2 && text.data[0] == '[' && text.data[text.len - 1] == ']';
  if (in_brackets) {
    text = codicil_span_sub(text, 1, text.len - 2);
  }
  char copy[INET6_ADDRSTRLEN];
  if (text.len == 0 || text.len >= sizeof copy || memchr(text.data, '\0', text.len) != NULL) {
    return false;
  }
  memcpy(copy, text.data, text.len);
  copy[text.len] = '\0';
  uint8_t octets[IPV6_LEN];
  if (inet_pton(AF_INET6, copy, octets) == 1) {
    return codicil_address_from_octets(out, codicil_span_of(octets, IPV6_LEN));
  }
  // RFC 3986 §3.2.2: only IPv6 stands in brackets.
  if (!in_brackets && inet_pton(AF_INET, copy, octets) == 1) {
    return codicil_address_from_octets(out, codicil_span_of(octets, IPV4_LEN));
  }
  return false;
}

bool codicil_address_equal(const codicil_address *a, const codicil_address *b) {
  return a->len == b->len && memcmp(a->octets, b->octets, a->len) == 0;
}

void codicil_address_format(const codicil_address *address, char *out, size_t out_len) {
  int family = address->len == IPV4_LEN ? AF_INET : AF_INET6;
  if (out_len != 0 &&
      (address->len == 0 || inet_ntop(family, address->octets, out, (socklen_t)out_len) == NULL)) {
    out[0] = '\0';
  }
}
