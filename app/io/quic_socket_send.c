// Sends runs of datagrams: many in one system call, a run of equal ones in one message
// (UDP_SEGMENT) where the kernel can.
#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/quic_socket.h"

// A run that the kernel did not take, with its octets.
typedef struct quic_unsent {
  struct quic_unsent *next;
  quic_run run;
  uint8_t octets[];
} quic_unsent;

// ---- messages ----------------------------------------------------------------------------------

typedef union control {
  uint8_t room[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int)) +
               CMSG_SPACE(sizeof(uint16_t))];
  struct cmsghdr align;
} control;

typedef struct envelope {
  struct iovec vector;
  control control;
} envelope;

static void put(struct msghdr *message, int level, int type, const void *data, size_t len) {
  struct cmsghdr *c =
      (struct cmsghdr *)(void *)((uint8_t *)message->msg_control + message->msg_controllen);
  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN(len);
  memcpy(CMSG_DATA(c), data, len);
  message->msg_controllen += CMSG_SPACE(len);
}

// To an IPv4-mapped address the kernel sends IPv4, and wants IPv4's words.
static bool is_ipv4(const ngtcp2_sockaddr_union *address) {
  return address->sa.sa_family == AF_INET || IN6_IS_ADDR_V4MAPPED(&address->in6.sin6_addr);
}

static void put_source(struct msghdr *message, const ngtcp2_sockaddr_union *local, bool ipv4) {
  if (ipv4) {
    struct in_pktinfo info = {0};
    memcpy(&info.ipi_spec_dst,
           local->sa.sa_family == AF_INET ? (const void *)&local->in.sin_addr
                                          : (const void *)&local->in6.sin6_addr.s6_addr[12],
           sizeof info.ipi_spec_dst);
    put(message, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
  } else {
    struct in6_pktinfo info = {.ipi6_addr = local->in6.sin6_addr};
    put(message, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
  }
}

static bool is_segmented(const quic_run *run) {
  return run->len > run->segment;
}

static void write_envelope(struct msghdr *out, envelope *e, quic_run *run, const uint8_t *octets) {
  bool ipv4 = is_ipv4(&run->path.remote);
  int ecn = run->ecn;
  e->vector = (struct iovec){(void *)(uintptr_t)octets, run->len};
  memset(&e->control, 0, sizeof e->control);
  *out = (struct msghdr){.msg_iov = &e->vector, .msg_iovlen = 1, .msg_control = &e->control};
  if (!run->socket->is_connected) {
    out->msg_name = &run->path.remote;
    out->msg_namelen = quic_sockaddr_len(&run->path.remote);
    put_source(out, &run->path.local, ipv4);
  }
  if (ecn != 0) {
    put(out, ipv4 ? IPPROTO_IP : IPPROTO_IPV6, ipv4 ? IP_TOS : IPV6_TCLASS, &ecn, sizeof ecn);
  }
  if (is_segmented(run)) {
    uint16_t segment = (uint16_t)run->segment;
    put(out, SOL_UDP, UDP_SEGMENT, &segment, sizeof segment);
  }
}

// ---- what the kernel says ----------------------------------------------------------------------

typedef enum outcome { AGAIN, LOST, SINGLY } outcome;

// A connected socket's owner hears of it as of one that came in; on others it is one client's bad
// luck.
static void tell_error(quic_socket *sock, int error) {
  if (sock->is_connected && sock->ev) {
    sock->error = error;
    ev_feed_event(sock->ev, &sock->io, EV_READ);
  }
}

// EIO: the device has no checksums to offer. EMSGSIZE: one of them is too long, which condemns none
// of the others. EINVAL is that, too, to older kernels, or another fault of the run's own, as
// a port that there is not; a kernel without segmentation says it always.
static bool refuses_segments(quic_socket *sock, int error) {
  enum { MAX_REFUSALS = 8 };
  if (error == EMSGSIZE) {
    return true;
  }
  if (error == EINVAL && ++sock->gso_refusals < MAX_REFUSALS) {
    return true;
  }
  sock->has_no_gso = error == EINVAL || error == EIO || error == ENOPROTOOPT;
  return sock->has_no_gso;
}

static outcome judge(quic_socket *sock, const quic_run *run, int error) {
  if (error == EAGAIN || error == EWOULDBLOCK || error == EINTR) {
    return AGAIN;
  }
  if (is_segmented(run) && refuses_segments(sock, error)) {
    return SINGLY;
  }
  // Longer than the interface takes: a probe of the path's MTU, which fails by this. No memory for
  // it: a full queue.
  if (error != EMSGSIZE && error != ENOBUFS) {
    tell_error(sock, error);
  }
  return LOST;
}

// Sends the datagrams of a run one by one. Returns the octets that are done with.
static size_t send_singly(const quic_run *run, const uint8_t *octets) {
  size_t done = 0;
  while (done < run->len) {
    quic_run one = *run;
    envelope e;
    struct msghdr message;
    one.len = run->len - done < run->segment ? run->len - done : run->segment;
    write_envelope(&message, &e, &one, octets + done);
    if (sendmsg(run->socket->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
        judge(run->socket, &one, errno) == AGAIN) {
      return done;
    }
    done += one.len;
  }
  return done;
}

static size_t send_one_singly(const uint8_t *octets, const quic_run *run, size_t *out_part) {
  size_t done = send_singly(run, octets + run->at);
  *out_part = done == run->len ? 0 : done;
  return done == run->len;
}

// Sends one batch. Returns the number of runs that are done with: 0 where the kernel takes no more;
// `*out_part` octets of the next run are done with, too.
static size_t send_batch(quic_socket *sock, const uint8_t *octets, const quic_run *runs, size_t num,
                         size_t *out_part) {
  struct mmsghdr messages[QUIC_BATCH];
  envelope envelopes[QUIC_BATCH];
  quic_run copies[QUIC_BATCH];
  size_t n = 0;
  *out_part = 0;
  for (; n < num && n < QUIC_BATCH && !(sock->has_no_gso && is_segmented(&runs[n])); n++) {
    copies[n] = runs[n];
    write_envelope(&messages[n].msg_hdr, &envelopes[n], &copies[n], octets + runs[n].at);
  }
  if (n == 0) {
    return send_one_singly(octets, &runs[0], out_part);
  }
  int sent = sendmmsg(sock->fd, messages, (unsigned)n, MSG_DONTWAIT | MSG_NOSIGNAL);
  for (int i = 0; i < sent; i++) {
    sock->gso_refusals = is_segmented(&runs[i]) ? 0 : sock->gso_refusals;
  }
  if (sent > 0) {
    return (size_t)sent;
  }
  switch (judge(sock, &runs[0], errno)) {
  case SINGLY:
    return send_one_singly(octets, &runs[0], out_part);
  case LOST:
    return 1;
  default:
    return 0;
  }
}

// ---- what is kept ------------------------------------------------------------------------------

static void keep(quic_socket *sock, const uint8_t *octets, const quic_run *run, size_t part) {
  quic_unsent *kept = malloc(sizeof *kept + run->len - part);
  if (!kept) {
    return; // as good as lost on the way
  }
  *kept = (quic_unsent){.run = *run};
  kept->run.at = 0;
  kept->run.len = run->len - part;
  memcpy(kept->octets, octets + run->at + part, kept->run.len);
  if (sock->unsent) {
    sock->last_unsent->next = kept;
  } else {
    sock->unsent = kept;
  }
  sock->last_unsent = kept;
}

static void watch(quic_socket *sock, int events) {
  if (sock->ev) {
    ev_io_stop(sock->ev, &sock->io);
    ev_io_set(&sock->io, sock->fd, events);
    ev_io_start(sock->ev, &sock->io);
  }
}

void quic_socket_send(quic_socket *sock, const uint8_t *octets, const quic_run *runs, size_t num) {
  size_t at = 0, part = 0;
  size_t done = !quic_socket_is_blocked(sock);
  while (at < num && done > 0) {
    done = send_batch(sock, octets, runs + at, num - at, &part);
    at += done;
  }
  for (; at < num; at++, part = 0) {
    keep(sock, octets, &runs[at], part);
  }
  if (quic_socket_is_blocked(sock)) {
    watch(sock, EV_READ | EV_WRITE);
  }
}

bool quic_socket_resume(quic_socket *sock) {
  size_t part;
  for (quic_unsent *first; (first = sock->unsent) != NULL;) {
    if (send_batch(sock, first->octets, &first->run, 1, &part) == 0) {
      first->run.at += part;
      first->run.len -= part;
      break;
    }
    sock->unsent = first->next;
    free(first);
  }
  if (!quic_socket_is_blocked(sock)) {
    watch(sock, EV_READ);
    return true;
  }
  return false;
}

void quic_socket_clear(quic_socket *sock) {
  while (sock->unsent) {
    quic_unsent *next = sock->unsent->next;
    free(sock->unsent);
    sock->unsent = next;
  }
  if (sock->ev) {
    ev_io_stop(sock->ev, &sock->io);
  }
  if (sock->fd >= 0) {
    close(sock->fd);
  }
  *sock = (quic_socket){.fd = -1};
}
