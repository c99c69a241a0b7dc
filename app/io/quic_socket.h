// One UDP socket: batches of datagrams in and out, with the addresses, ECN marks and segmentation
// offload that QUIC wants of it. It knows nothing of QUIC.
#ifndef APP_IO_QUIC_SOCKET_H
#define APP_IO_QUIC_SOCKET_H

#include <ngtcp2/ngtcp2.h>

#include "io/address.h"
#include "io/loop.h"

enum {
  QUIC_BATCH = 16, // datagrams (or runs of them) taken from or given to the kernel at once
  QUIC_DATAGRAM_MAX = 65536,
  QUIC_MAX_SEGMENTS = 64,  // of one run: the kernel's least limit (UDP_MAX_SEGMENTS)
  QUIC_MAX_RUN_LEN = 65487 // and of octets in it: an IP packet's, without UDP's and IPv6's headers
};

// Where a datagram came to and from, or goes out and to.
typedef struct quic_path {
  ngtcp2_sockaddr_union local, remote;
} quic_path;

typedef struct quic_socket {
  int fd;
  bool is_connected;    // the remote address is the kernel's affair
  bool has_no_gso;      // the kernel or the device refuses segmentation
  uint8_t gso_refusals; // in a row, each for a reason that may be that run's alone
  int error;            // connected: errno of a datagram that could not be sent; its watcher is fed
  ngtcp2_sockaddr_union local;
  struct quic_unsent *unsent; // what the kernel did not take: nothing more is sent before it
  struct quic_unsent *last_unsent;
  ev_io io;
  struct ev_loop *ev;
} quic_socket;

// A datagram that came. Borrowed for the call.
typedef struct quic_datagram {
  const uint8_t *data;
  size_t len;
  quic_path path;
  uint8_t ecn; // the two bits
} quic_datagram;

// Datagrams of one size (the last may be shorter) that go out the same way.
typedef struct quic_run {
  quic_socket *socket;
  quic_path path;
  uint8_t ecn;
  size_t segment, at, len; // octets, in the outbox
} quic_run;

// The memory to receive into: one for all sockets of a thread.
typedef struct quic_inbox quic_inbox;
quic_inbox *quic_inbox_new(void);
void quic_inbox_free(quic_inbox *inbox);

// The length of an address by its family.
socklen_t quic_sockaddr_len(const ngtcp2_sockaddr_union *address);
// As ngtcp2 wants it; borrowed from `path`. `socket` is its user data.
ngtcp2_path quic_path_view(quic_path *path, quic_socket *socket);
void quic_sockaddr_to_address(const ngtcp2_sockaddr_union *from, io_address *out);

// Sets the options of a bound or connected socket that does not block, and takes it on success.
CODICIL_MUST_USE bool quic_socket_init(quic_socket *sock, int fd, app_error *err);
// Closes it, stops its watcher and forgets what was not sent.
void quic_socket_clear(quic_socket *sock);
// Takes one batch and tells `each` of its datagrams. Returns how many calls that were; 0 with errno
// where there was nothing (EAGAIN) or the socket failed.
size_t quic_socket_receive(quic_socket *sock, quic_inbox *inbox,
                           void (*each)(void *user, quic_socket *sock, const quic_datagram *in),
                           void *user);
// Sends runs of one socket, with their octets at `octets`. What the kernel does not take now is
// kept, and goes out from the loop; quic_socket_is_blocked tells. A datagram that cannot be sent is
// as good as lost on the way.
void quic_socket_send(quic_socket *sock, const uint8_t *octets, const quic_run *runs, size_t num);
static inline bool quic_socket_is_blocked(const quic_socket *sock) {
  return sock->unsent != NULL;
}
// The socket takes more: sends what was kept. True once nothing is left of it.
bool quic_socket_resume(quic_socket *sock);

#endif
