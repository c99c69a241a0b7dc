// What quic.c and quic_listen.c share of a connection.
#ifndef BADPEER_QUIC_STATE_H
#define BADPEER_QUIC_STATE_H

#include <ngtcp2/ngtcp2.h>

#include "quic_tls.h"

// Octets to send, in place until the connection is freed, since ngtcp2 may send them again.
typedef struct chunk {
  struct chunk *next;
  int64_t stream;
  uint8_t *data;
  size_t len, at;
  bool fin;
} chunk;

typedef struct event_node {
  struct event_node *next;
  quic_event event;
} event_node;

typedef struct acked {
  int64_t stream;
  uint64_t len;
} acked;

struct quic {
  ngtcp2_conn *conn;
  ngtcp2_crypto_conn_ref ref;
  quic_tls tls;
  quic_options options;
  int in_fd, out_fd; // a server receives what its listener passes on, and sends by its socket
  struct sockaddr_in local, remote;
  bytes first; // server: the packet that began it
  chunk *unsent, **unsent_end, *sent;
  event_node *events, **events_end;
  acked *acked;
  size_t num_acked;
  bool is_server, is_held, is_silent, is_complete, is_over;
  long long close_code; // -1: the peer sent none
  bool is_application;
  char reason[256]; // the peer's, or why it is over
};

// Makes ngtcp2's side of a server's connection from `q->first`. False: no Initial packet.
bool quic_server_new(quic *q, const quic_certificates *certificates);
quic *quic_new(bool is_server, const quic_options *options);

#endif
