// The outside of a QUIC packet: what any version shows (RFC 8999), and whose it is.
#ifndef APP_IO_QUIC_ROUTE_H
#define APP_IO_QUIC_ROUTE_H

#include "io/quic_ids.h"

typedef struct quic_head {
  bool is_long;
  bool is_unknown_version; // to be answered by Version Negotiation
  uint32_t version;        // of a long header
  codicil_span dcid, scid; // borrowed from the datagram
} quic_head;

// Reads the head of a datagram's first packet. False: no server has an answer to it.
CODICIL_MUST_USE bool quic_head_read(quic_head *out, codicil_span datagram);

#endif
