// The server side of the misbehaving peer's QUIC: one UDP socket, and a thread a connection.
//
// The listener's thread passes each datagram on by the sender's address, over a socket pair that
// the connection reads as a client reads its socket. What does not fit there is lost, as on a link.
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "quic_state.h"

enum { DATAGRAM_MAX = 65536, ROUTES_MAX = 1024 };

typedef struct route {
  struct sockaddr_in from;
  int fd; // to the connection; it closes its end when it is over
} route;

struct quic_listener {
  int fd;
  struct sockaddr_in local;
  quic_certificates certificates;
  quic_options options;
  route routes[ROUTES_MAX];
  size_t num_routes;
};

quic_listener *quic_listen(int *out_port, const char *const primary[2],
                           const char *const secondary[2], const quic_options *options) {
  quic_listener *l = calloc(1, sizeof *l);
  if (l == NULL) {
    die("calloc");
  }
  l->options = *options;
  quic_certificates_load(&l->certificates, primary, secondary);
  l->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  l->local.sin_family = AF_INET;
  l->local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t len = sizeof l->local;
  if (l->fd < 0 || bind(l->fd, (struct sockaddr *)&l->local, len) != 0 ||
      getsockname(l->fd, (struct sockaddr *)&l->local, &len) != 0) {
    die("bind");
  }
  *out_port = ntohs(l->local.sin_port);
  return l;
}

static void forget(quic_listener *l, size_t at) {
  close(l->routes[at].fd);
  l->routes[at] = l->routes[--l->num_routes];
}

// Passes a datagram on to the connection of that address; false: there is none any more.
static bool pass_on(quic_listener *l, const struct sockaddr_in *from, const uint8_t *packet,
                    size_t len) {
  for (size_t i = 0; i < l->num_routes; i++) {
    const route *r = &l->routes[i];
    if (r->from.sin_port != from->sin_port) {
      continue;
    }
    if (send(r->fd, packet, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno == EAGAIN) {
      return true;
    }
    forget(l, i);
    return false;
  }
  return false;
}

static quic *begin(quic_listener *l, const struct sockaddr_in *from, const uint8_t *packet,
                   size_t len) {
  quic *q = quic_new(true, &l->options);
  q->local = l->local;
  q->remote = *from;
  q->out_fd = l->fd;
  bytes_put(&q->first, packet, len);
  if (!quic_server_new(q, &l->certificates)) {
    quic_free(q);
    return NULL;
  }
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0 ||
      l->num_routes == ROUTES_MAX) {
    die("socketpair");
  }
  q->in_fd = pair[1];
  l->routes[l->num_routes++] = (route){*from, pair[0]};
  return q;
}

quic *quic_accept(quic_listener *l) {
  static uint8_t packet[DATAGRAM_MAX];
  for (;;) {
    struct sockaddr_in from;
    socklen_t from_len = sizeof from;
    ssize_t n = recvfrom(l->fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &from_len);
    quic *q = NULL;
    if (n > 0 && !pass_on(l, &from, packet, (size_t)n)) {
      q = begin(l, &from, packet, (size_t)n);
    }
    if (q != NULL) {
      return q;
    }
  }
}
