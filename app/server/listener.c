// Listening sockets: see listener.h.
#include "server/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  BACKLOG = 4096,
  DEFAULT_PORT = 443,
  // Port 0: how often to ask for another one where UDP has that of TCP taken.
  MAX_TRIES = 32,
  // One socket has all of a worker's clients. The kernel gives what its limits allow.
  UDP_BUFFER_LEN = 4 << 20
};

static bool set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

// Accepted sockets inherit TCP_NODELAY: nothing here writes in drops.
static bool prepare_tcp(int fd) {
  return set(fd, SOL_SOCKET, SO_REUSEADDR, 1) && set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

static bool prepare_udp(int fd) {
  (void)!set(fd, SOL_SOCKET, SO_RCVBUF, UDP_BUFFER_LEN);
  (void)!set(fd, SOL_SOCKET, SO_SNDBUF, UDP_BUFFER_LEN);
  return true;
}

static int open_socket(const io_address *address, int type, bool shares_port) {
  int family = address->storage.ss_family;
  int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return -1;
  }
  bool ok = (type == SOCK_STREAM ? prepare_tcp(fd) : prepare_udp(fd)) &&
            (!shares_port || set(fd, SOL_SOCKET, SO_REUSEPORT, 1)) &&
            (family != AF_INET6 || set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0)) &&
            bind(fd, (const struct sockaddr *)&address->storage, address->len) == 0 &&
            (type != SOCK_STREAM || listen(fd, BACKLOG) == 0);
  if (!ok) {
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
  }
  return fd;
}

static bool learn_port(io_address *address, int fd) {
  address->len = sizeof address->storage;
  return getsockname(fd, (struct sockaddr *)&address->storage, &address->len) == 0;
}

// A socket that shares no port fails where another process listens. SO_REUSEPORT alone would divide
// the clients among both.
static bool port_is_free(const io_address *address, int type) {
  int fd = open_socket(address, type, false);
  if (fd >= 0) {
    close(fd);
  }
  return fd >= 0;
}

static int *no_sockets(size_t num) {
  int *sockets = malloc(num * sizeof *sockets);
  for (size_t i = 0; sockets && i < num; i++) {
    sockets[i] = -1;
  }
  return sockets;
}

static bool open_all(int *sockets, size_t num, io_address *address, int type) {
  for (size_t i = 0; i < num; i++) {
    sockets[i] = open_socket(address, type, true);
    if (sockets[i] < 0 || !learn_port(address, sockets[i])) {
      return false;
    }
  }
  return true;
}

// Either all sockets are open or, with errno, none is.
static bool try_open(listener *out, const io_address *address, size_t num, bool has_udp) {
  listener l = {.address = *address, .num_sockets = num};
  l.sockets = no_sockets(num);
  l.udp = has_udp ? no_sockets(num) : NULL;
  bool ok = l.sockets && (l.udp || !has_udp) && port_is_free(&l.address, SOCK_STREAM) &&
            open_all(l.sockets, num, &l.address, SOCK_STREAM) &&
            (!has_udp || (port_is_free(&l.address, SOCK_DGRAM) &&
                          open_all(l.udp, num, &l.address, SOCK_DGRAM)));
  if (ok) {
    *out = l;
    return true;
  }
  int saved = errno;
  listener_close(&l, 0);
  errno = saved;
  return false;
}

bool listener_open(listener *out, const char *text, size_t num, bool has_udp, app_error *err) {
  io_address address;
  memset(out, 0, sizeof *out);
  if (!io_address_parse(&address, text, DEFAULT_PORT)) {
    return app_fail(err, "%s is not an address and a port", text);
  }
  int tries = io_address_port(&address) == 0 ? MAX_TRIES : 1;
  while (!try_open(out, &address, num, has_udp)) {
    if (errno != EADDRINUSE || --tries == 0) {
      return app_fail(err, "cannot listen on %s: %s", text, strerror(errno));
    }
  }
  return true;
}

static void close_from(int *sockets, size_t first, size_t num) {
  for (size_t i = first; sockets && i < num; i++) {
    if (sockets[i] >= 0) {
      close(sockets[i]);
    }
  }
  free(sockets);
}

void listener_close(listener *l, size_t first) {
  close_from(l->sockets, first, l->num_sockets);
  close_from(l->udp, first, l->num_sockets);
  memset(l, 0, sizeof *l);
}
