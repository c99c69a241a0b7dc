// The inside of quic.h: one thread's sockets, its connections, and the turn of its loop in which
// they are written. Files of QUIC and their tests include this; nothing else does.
#ifndef APP_IO_QUIC_STACK_H
#define APP_IO_QUIC_STACK_H

#include "io/quic.h"
#include "io/quic_ids.h"
#include "io/quic_outbox.h"
#include "io/quic_socket.h"

// Connections in a row; one is in one queue at most.
typedef struct quic_queue {
  quic_connection *first, *last;
} quic_queue;

// A server's socket.
typedef struct quic_listener {
  quic_socket socket;
  quic_stack *stack;
  struct quic_listener *next;
} quic_listener;

// A token that a server gave a client for its next connection (RFC 9000 §8.1.3).
typedef struct quic_token {
  struct quic_token *next;
  ngtcp2_sockaddr_union remote;
  char server_name[256];
  size_t len;
  uint8_t octets[];
} quic_token;

struct quic_stack {
  io_loop *loop;
  const quic_config *config;
  quic_shared *shared; // NULL: a client's
  size_t index;
  quic_tls_context *tls;
  quic_accept *accept;
  void *accept_user;
  bool is_accepting;
  quic_listener *listeners;
  quic_ids ids;
  quic_id_table table;
  quic_inbox *inbox;
  quic_outbox *outbox;
  ngtcp2_mem mem;    // of the loop's pool
  quic_queue woken;  // to be written at the end of the turn
  quic_queue ended;  // whose `closed` is due
  quic_queue buried; // closing and draining ones, oldest first
  size_t num_buried;
  quic_connection *connections; // those that are not over
  size_t num_connections, num_handshakes;
  ev_prepare prepare;
  ev_idle idle; // runs while somebody is woken: the loop does not sleep then
  ev_async bell;
  uint64_t now_ns;
  uint64_t resets_at_ns; // stateless resets: a bucket that fills with time
  unsigned resets_left;
  quic_token *tokens;
  size_t num_tokens;
};

void quic_queue_add(quic_queue *queue, quic_connection *connection);
void quic_queue_remove(quic_connection *connection);

// Time for ngtcp2, which does not take one from before the last: that of the turn, or the later one
// that quic_stack_refresh read.
uint64_t quic_stack_now(quic_stack *stack);
uint64_t quic_stack_refresh(quic_stack *stack);

// Writes what is woken, before the turn ends. Not from inside a function that the owner calls.
void quic_stack_write(quic_stack *stack);

// What came to a server's socket, or was handed over by another worker. May make a connection.
void quic_stack_receive(void *user, quic_socket *sock, const quic_datagram *in);
// Starts to watch a socket: `readable` is called, with `data` in the watcher.
void quic_stack_watch(quic_stack *stack, quic_socket *sock,
                      void (*readable)(struct ev_loop *, ev_io *, int), void *data);
// The socket takes more again: those who waited are woken.
void quic_stack_resume(quic_stack *stack, quic_socket *sock);

// Answers to a packet that belongs to no connection. Each is no longer than what it answers, or a
// bounded multiple of it that RFC 9000 §8.1 allows.
void quic_answer_version(quic_stack *stack, quic_socket *sock, const quic_datagram *in,
                         codicil_span dcid, codicil_span scid);
void quic_answer_retry(quic_stack *stack, quic_socket *sock, const quic_datagram *in,
                       const ngtcp2_pkt_hd *hd);
void quic_answer_close(quic_stack *stack, quic_socket *sock, const quic_datagram *in,
                       const ngtcp2_pkt_hd *hd, uint64_t code);
void quic_answer_reset(quic_stack *stack, quic_socket *sock, const quic_datagram *in,
                       codicil_span dcid);

#endif
