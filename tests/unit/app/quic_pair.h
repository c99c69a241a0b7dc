// A client and a server connection of ngtcp2 in one process, over memory: no sockets, no clock.
// Either TLS is a quic_tls, or a native handle of the test's own.
#ifndef CODICIL_TESTS_QUIC_PAIR_H
#define CODICIL_TESTS_QUIC_PAIR_H

#include <ngtcp2/ngtcp2_crypto.h>

#include "io/quic_tls.h"

typedef struct quic_pair quic_pair;

typedef struct quic_side {
  quic_pair *pair;
  ngtcp2_conn *conn;
  ngtcp2_crypto_conn_ref ref;
  quic_tls *tls; // NULL where the native handle is the test's own
  bool has_1rtt_key, is_complete;
  bool has_0rtt_key;          // of a client
  bool hides_parameters;      // the test's: it sends no quic_transport_parameters
  codicil_err early_export;   // the first answer but CODICIL_NOT_READY before completion
  unsigned num_early_exports; // how often it was asked in the handshake's callbacks
} quic_side;

enum { QUIC_PAIR_PACKET_MAX = 1452, QUIC_PAIR_FIRST_MAX = 4 };

struct quic_pair {
  quic_side client, server;
  void *server_native; // of a server's TLS that is the test's own
  uint64_t now_ns;
  // The packets with which the client began.
  uint8_t first[QUIC_PAIR_FIRST_MAX][QUIC_PAIR_PACKET_MAX];
  size_t first_len[QUIC_PAIR_FIRST_MAX];
  size_t num_first;
};

// Prepares the structure, so that `ref`s can be given to sessions.
void quic_pair_init(quic_pair *pair);
// Makes the client's connection, with its TLS or, where that is NULL, `native`.
void quic_pair_client(quic_pair *pair, quic_tls *tls, void *native);
// Sends what one side has, up to `max` packets, to the other. The first one makes the server's
// connection with `tls`. Returns how many there were; a side that fails ends it and stays failed.
unsigned quic_pair_carry(quic_pair *pair, quic_side *from, quic_tls *server_tls, unsigned max);
// Carries packets to and fro until there are none.
void quic_pair_run(quic_pair *pair, quic_tls *server_tls);
// Gives another server, whose client there is none of, what the client of `from` began with.
void quic_pair_replay(quic_pair *pair, const quic_pair *from, quic_tls *server_tls);
// The TLS alert with which that side ended the handshake; 0 for none.
unsigned quic_side_alert(const quic_side *side);
// Deletes the connections; each quic_tls is the test's to free, after this.
void quic_pair_clear(quic_pair *pair);

#endif
