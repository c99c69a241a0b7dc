// QUIC's streams, simulated, between two ends of an HTTP/3 connection: packets are lost, come late
// and in another order, acknowledgements too; what is lost is sent again from where the sender's
// memory was; windows are small and opened lazily. All driven by one seed.
#ifndef CODICIL_TESTS_STREAM_LINK_H
#define CODICIL_TESTS_STREAM_LINK_H

#include "fail_mem.h"
#include "h3_end.h"

enum { LINK_MAX_STREAMS = 32, LINK_MAX_PACKETS = 4096 };

typedef struct link_range {
  struct link_range *next;
  uint64_t offset;
  size_t len;
  uint8_t *octets; // NULL: acknowledged only
} link_range;

// One stream, as one side sees it.
typedef struct link_stream {
  int64_t id;
  // Out.
  uint64_t sent, window, acked;
  link_range *acked_later; // behind a gap
  bool fin_sent, fin_acked, is_blocked;
  // In.
  uint64_t next, final, credit;
  link_range *later; // behind a gap
  bool has_final, fin_given, is_closed;
} link_stream;

typedef struct link_side {
  h3_end end;
  fail_mem mem; // of the binding
  link_stream streams[LINK_MAX_STREAMS];
  size_t num_streams;
  uint64_t sent, window;   // of the connection, out
  uint64_t credit, opened; // in: taken from the streams, and of that told to the other side
  struct link *link;
} link_side;

typedef struct link_packet {
  bool from_server;
  int64_t stream;
  uint64_t offset;
  nghttp3_vec vec[H3_MAX_VEC]; // in the sender's memory, until acknowledged
  size_t num, len;
  bool fin;
  uint64_t due;   // what happens to it next, and when
  uint8_t *wire;  // a copy on its way; NULL: lost, or arrived
  bool ack_comes; // its acknowledgement is on its way
} link_packet;

typedef struct link {
  uint64_t seed, rng, tick;
  unsigned loss_percent;
  uint64_t stream_window, connection_window;
  link_side client, server;
  link_packet packets[LINK_MAX_PACKETS];
  size_t num_packets;
} link;

// Aborts, telling the seed.
void link_check(const link *l, bool ok, const char *what);
size_t link_draw(link *l, size_t below);

// Loss and windows are drawn from the seed. The ends are opened by the caller.
void link_init(link *l, uint64_t seed);
void link_clear(link *l);
// One tick: both sides send a few packets, and what is due arrives.
void link_tick(link *l);
// Nothing is on its way, or waits for a window.
bool link_is_quiet(const link *l);

#endif
