// UDP for QUIC: options, addresses and receiving; sending is in quic_socket_send.c.
#include "io/quic_socket.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Room for the ECN mark, the addresses (an IPv4 packet on an IPv6 socket has two) and GRO's size of
// each datagram, where many of one sender come as one.
typedef union control {
  uint8_t room[256];
  struct cmsghdr align;
} control;

struct quic_inbox {
  struct mmsghdr messages[QUIC_BATCH];
  struct iovec vectors[QUIC_BATCH];
  ngtcp2_sockaddr_union from[QUIC_BATCH];
  control controls[QUIC_BATCH];
  uint8_t *octets;
};

quic_inbox *quic_inbox_new(void) {
  quic_inbox *inbox = calloc(1, sizeof *inbox);
  if (inbox) {
    inbox->octets = malloc((size_t)QUIC_BATCH * QUIC_DATAGRAM_MAX);
  }
  if (inbox && !inbox->octets) {
    free(inbox);
    return NULL;
  }
  return inbox;
}

void quic_inbox_free(quic_inbox *inbox) {
  if (inbox) {
    free(inbox->octets);
    free(inbox);
  }
}

// ---- addresses ---------------------------------------------------------------------------------

socklen_t quic_sockaddr_len(const ngtcp2_sockaddr_union *address) {
  return address->sa.sa_family == AF_INET ? sizeof address->in : sizeof address->in6;
}

ngtcp2_path quic_path_view(quic_path *path, quic_socket *socket) {
  ngtcp2_path view = {{&path->local.sa, quic_sockaddr_len(&path->local)},
                      {&path->remote.sa, quic_sockaddr_len(&path->remote)},
                      socket};
  return view;
}

void quic_sockaddr_to_address(const ngtcp2_sockaddr_union *from, io_address *out) {
  memset(out, 0, sizeof *out);
  out->len = quic_sockaddr_len(from);
  memcpy(&out->storage, from, out->len);
}

static void set_local(quic_socket *sock, ngtcp2_sockaddr_union *out, const struct in6_addr *ipv6,
                      const struct in_addr *ipv4) {
  *out = sock->local; // the port, and the address for want of a better one
  if (ipv6 && sock->local.sa.sa_family == AF_INET6) {
    out->in6.sin6_addr = *ipv6;
  } else if (ipv4 && sock->local.sa.sa_family == AF_INET) {
    out->in.sin_addr = *ipv4;
  }
}

// ---- options -----------------------------------------------------------------------------------

static bool set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

// An IPv6 socket may carry IPv4 (mapped addresses): then IPv4's options count, too.
static bool set_options(int fd, int family, bool is_connected) {
  //= https://www.rfc-editor.org/rfc/rfc9000#section-14
  //# UDP datagrams MUST NOT be fragmented at the IP layer.
  bool is_set = set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE) || family == AF_INET6;
  (void)set(fd, IPPROTO_IP, IP_RECVTOS, 1);
  if (!is_connected) {
    (void)set(fd, IPPROTO_IP, IP_PKTINFO, 1);
  }
  if (family == AF_INET6) {
    is_set = is_set && set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
    (void)set(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    is_set = is_set && (is_connected || set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1));
  }
  // Where the kernel gives less, it gives less.
  enum { BUFFER_LEN = 2 << 20 };
  (void)set(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_LEN);
  (void)set(fd, SOL_SOCKET, SO_SNDBUF, BUFFER_LEN);
  (void)set(fd, SOL_UDP, UDP_GRO, 1);
  return is_set;
}

bool quic_socket_init(quic_socket *sock, int fd, app_error *err) {
  quic_socket made = {.fd = fd};
  ngtcp2_sockaddr_union peer;
  socklen_t len = sizeof made.local, peer_len = sizeof peer;
  if (getsockname(fd, &made.local.sa, &len) != 0 ||
      (made.local.sa.sa_family != AF_INET && made.local.sa.sa_family != AF_INET6)) {
    return app_fail(err, "UDP socket has no address");
  }
  made.is_connected = getpeername(fd, &peer.sa, &peer_len) == 0;
  if (!set_options(fd, made.local.sa.sa_family, made.is_connected)) {
    return app_fail(err, "UDP socket: %s", strerror(errno));
  }
  *sock = made;
  return true;
}

// ---- receiving ---------------------------------------------------------------------------------

typedef struct facts {
  const struct in6_addr *ipv6;
  const struct in_addr *ipv4;
  struct in6_pktinfo info6;
  struct in_pktinfo info4;
  uint8_t ecn;
  size_t segment; // 0: one datagram
} facts;

static void read_ip(facts *out, struct cmsghdr *c) {
  if (c->cmsg_type == IP_PKTINFO) {
    memcpy(&out->info4, CMSG_DATA(c), sizeof out->info4);
    out->ipv4 = &out->info4.ipi_addr;
  } else if (c->cmsg_type == IP_TOS) {
    out->ecn = *(const uint8_t *)CMSG_DATA(c) & 3;
  }
}

static void read_ipv6(facts *out, struct cmsghdr *c) {
  if (c->cmsg_type == IPV6_PKTINFO) {
    memcpy(&out->info6, CMSG_DATA(c), sizeof out->info6);
    out->ipv6 = &out->info6.ipi6_addr;
  } else if (c->cmsg_type == IPV6_TCLASS) {
    int class;
    memcpy(&class, CMSG_DATA(c), sizeof class);
    out->ecn = (uint8_t)(class & 3);
  }
}

static void read_control(facts *out, struct msghdr *message) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level == IPPROTO_IP) {
      read_ip(out, c);
    } else if (c->cmsg_level == IPPROTO_IPV6) {
      read_ipv6(out, c);
    } else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
      int size;
      memcpy(&size, CMSG_DATA(c), sizeof size);
      out->segment = size > 0 ? (size_t)size : 0;
    }
  }
}

static void prepare(quic_inbox *inbox) {
  for (size_t i = 0; i < QUIC_BATCH; i++) {
    inbox->vectors[i] = (struct iovec){inbox->octets + i * QUIC_DATAGRAM_MAX, QUIC_DATAGRAM_MAX};
    inbox->messages[i].msg_hdr = (struct msghdr){.msg_name = &inbox->from[i],
                                                 .msg_namelen = sizeof inbox->from[i],
                                                 .msg_iov = &inbox->vectors[i],
                                                 .msg_iovlen = 1,
                                                 .msg_control = &inbox->controls[i],
                                                 .msg_controllen = sizeof inbox->controls[i]};
  }
}

typedef void told(void *user, quic_socket *sock, const quic_datagram *in);

static size_t tell(quic_socket *sock, quic_inbox *inbox, size_t i, told *each, void *user) {
  facts f = {0};
  struct msghdr *message = &inbox->messages[i].msg_hdr;
  size_t len = inbox->messages[i].msg_len, num = 0;
  if (message->msg_namelen == 0 || (message->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ||
      inbox->from[i].in.sin_port == 0) { // in the same place for IPv6; nobody can be answered there
    return 0;
  }
  read_control(&f, message);
  quic_datagram in = {.ecn = f.ecn};
  in.path.remote = inbox->from[i];
  set_local(sock, &in.path.local, f.ipv6, f.ipv4);
  size_t segment = f.segment > 0 ? f.segment : len;
  const uint8_t *octets = message->msg_iov->iov_base;
  for (size_t at = 0; at < len; at += segment, num++) {
    in.data = octets + at;
    in.len = len - at < segment ? len - at : segment;
    each(user, sock, &in);
  }
  return num;
}

size_t quic_socket_receive(quic_socket *sock, quic_inbox *inbox, told *each, void *user) {
  prepare(inbox);
  int num = recvmmsg(sock->fd, inbox->messages, QUIC_BATCH, MSG_DONTWAIT, NULL);
  if (num <= 0) {
    return 0;
  }
  size_t told_of = 0;
  for (size_t i = 0; i < (size_t)num; i++) {
    told_of += tell(sock, inbox, i, each, user);
  }
  errno = 0;
  return told_of;
}
