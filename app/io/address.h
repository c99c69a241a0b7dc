// Socket addresses as text: "127.0.0.1:8443", "[::1]:443". No names: nothing is looked up.
#ifndef APP_IO_ADDRESS_H
#define APP_IO_ADDRESS_H

#include <sys/socket.h>

#include "codicil/codicil.h"

enum { IO_ADDRESS_TEXT_MAX = 64 };

typedef struct io_address {
  struct sockaddr_storage storage;
  socklen_t len;
} io_address;

// Reads an address with a port: "192.0.2.1:443", "[2001:db8::1]:443", "*:443" (every address, IPv6
// and IPv4) or ":443" (the same). Without a port, `default_port`. False for anything else.
CODICIL_MUST_USE bool io_address_parse(io_address *out, const char *text, uint16_t default_port);
// Makes one of 4 or 16 octets, network order.
CODICIL_MUST_USE bool io_address_from_octets(io_address *out, codicil_span octets, uint16_t port);
// Writes it with NUL; `out` holds at least IO_ADDRESS_TEXT_MAX octets. An IPv4-mapped address is
// written as the IPv4 address.
void io_address_format(const io_address *address, char *out, size_t out_len);
// The same without the port and without brackets.
void io_address_format_host(const io_address *address, char *out, size_t out_len);
uint16_t io_address_port(const io_address *address);
// The 4 or 16 octets of the address; borrowed from it. IPv4-mapped ones are the IPv4 address.
codicil_span io_address_octets(const io_address *address);

#endif
