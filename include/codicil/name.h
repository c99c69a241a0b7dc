// Names: DNS names, addresses and origins in one normal form, so that comparing is comparing
// octets.
//
// DNS names are A-labels in lower case without a trailing dot; addresses are 4 or 16 octets, and an
// IPv4-mapped IPv6 address is the IPv4 address. Nothing here looks anything up.
#ifndef CODICIL_NAME_H
#define CODICIL_NAME_H

#include "codicil/codicil.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CODICIL_DNS_NAME_MAX = 253, CODICIL_HOST_MAX = 255, CODICIL_ORIGIN_TEXT_MAX = 272 };

// An IP address, normalised. Zero value (len 0) is no address.
typedef struct codicil_address {
  uint8_t octets[16];
  uint8_t len; // 4 or 16
} codicil_address;

// Reads "192.0.2.1", "2001:db8::1" or "[2001:db8::1]"; false for anything else.
CODICIL_API bool codicil_address_parse(codicil_address *out, codicil_span text);
// Makes an address of 4 or 16 octets, normalising IPv4-mapped; false for other lengths.
CODICIL_API bool codicil_address_from_octets(codicil_address *out, codicil_span octets);
// Compares octets and lengths; no address equals no address.
CODICIL_API bool codicil_address_equal(const codicil_address *a, const codicil_address *b);
// Writes the address as text with NUL, IPv6 without brackets; `out` holds at least 46 octets.
CODICIL_API void codicil_address_format(const codicil_address *address, char *out, size_t out_len);

// Normalises a DNS name that a person wrote (U-labels allowed, IDNA 2008, one trailing dot dropped)
// into `out` (CODICIL_DNS_NAME_MAX + 1 octets with NUL). False: not a host name.
CODICIL_API bool codicil_dns_name_normalise(char *out, size_t out_len, codicil_span text);
// Tells whether `pattern` (a dNSName of a certificate, "www.example.com" or "*.example.com", any
// case) covers `name` (normalised): RFC 9525 §6.3, the wildcard is the whole left-most label and
// stands for exactly one.
CODICIL_API bool codicil_dns_name_covers(codicil_span pattern, codicil_span name);

// Tells whether a wildcard "*.X" stands for names directly below a public suffix: X is one, of the
// list's private section too (publicsuffix.org, as built into libpsl). False for what is no
// wildcard.
CODICIL_API bool codicil_dns_name_spans_public_suffix(codicil_span pattern);

// The origin of a request: https, a host and a port. `host` is a normalised DNS name or an address
// as text (IPv6 without brackets); `address.len` tells which.
typedef struct codicil_origin {
  char host[CODICIL_HOST_MAX + 1];
  codicil_address address; // set iff the host is an IP literal
  uint16_t port;
} codicil_origin;

// Reads an ASCII serialisation (RFC 6454 §6.2), "https://www.example.com" or "https://h:8443".
// False for another scheme, for user information, a path, an empty host or a bad port.
CODICIL_API bool codicil_origin_parse(codicil_origin *out, codicil_span text);
// Reads an :authority or Host, "h" or "h:port", with 443 where no port stands.
CODICIL_API bool codicil_origin_parse_authority(codicil_origin *out, codicil_span text);
// Compares host and port octet for octet: both are in normal form.
CODICIL_API bool codicil_origin_equal(const codicil_origin *a, const codicil_origin *b);
// Writes the ASCII serialisation with NUL, no port where it is 443, IPv6 in brackets. `out` holds
// at least CODICIL_ORIGIN_TEXT_MAX octets. Returns the length without NUL.
CODICIL_API size_t codicil_origin_format(const codicil_origin *origin, char *out, size_t out_len);

#ifdef __cplusplus
}
#endif
#endif
