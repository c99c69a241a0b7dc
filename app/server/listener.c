// Listening sockets: see listener.h.
#include "server/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 4096, DEFAULT_PORT = 443 };

static bool set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

// Accepted sockets inherit TCP_NODELAY: nothing here writes in drops.
static int open_socket(const io_address *address, bool shares_port) {
  int family = address->storage.ss_family;
  int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return -1;
  }
  bool ok = set(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
            (!shares_port || set(fd, SOL_SOCKET, SO_REUSEPORT, 1)) &&
            (family != AF_INET6 || set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0)) &&
            set(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
            bind(fd, (const struct sockaddr *)&address->storage, address->len) == 0 &&
            listen(fd, BACKLOG) == 0;
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
static bool port_is_free(const io_address *address) {
  int fd = open_socket(address, false);
  if (fd >= 0) {
    close(fd);
  }
  return fd >= 0;
}

bool listener_open(listener *out, const char *text, size_t num, app_error *err) {
  memset(out, 0, sizeof *out);
  if (!io_address_parse(&out->address, text, DEFAULT_PORT)) {
    return app_fail(err, "%s is not an address and a port", text);
  }
  if (!port_is_free(&out->address)) {
    return app_fail(err, "cannot listen on %s: %s", text, strerror(errno));
  }
  out->sockets = calloc(num, sizeof *out->sockets);
  while (out->sockets && out->num_sockets < num) {
    int fd = open_socket(&out->address, true);
    if (fd < 0 || !learn_port(&out->address, fd)) {
      break;
    }
    out->sockets[out->num_sockets++] = fd;
  }
  if (out->num_sockets < num) {
    app_fail(err, "cannot listen on %s: %s", text, strerror(errno));
    listener_close(out, 0);
    return false;
  }
  return true;
}

void listener_close(listener *l, size_t first) {
  for (size_t i = first; l->sockets != NULL && i < l->num_sockets; i++) {
    close(l->sockets[i]);
  }
  free(l->sockets);
  memset(l, 0, sizeof *l);
}
