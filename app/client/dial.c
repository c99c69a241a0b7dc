// A TCP connection to one of several addresses: see dial.h.
#include "client/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/address.h"

// RFC 8305 §8: a Connection Attempt Delay of 250 ms.
static const double attempt_delay_s = 0.25;

typedef struct attempt {
  client_dial *dial;
  ev_io io;
  codicil_address address;
  bool is_open;
} attempt;

struct client_dial {
  io_loop *loop;
  uint16_t port;
  client_dialled *done;
  void *user;
  ev_timer timer; // the next attempt; the first one, too, so that `done` comes from the loop
  attempt *attempts;
  size_t num_attempts;
  size_t num_started;
  size_t num_open;
  int sys_error; // of the last that failed
};

static void close_attempt(attempt *a) {
  if (a->is_open) {
    ev_io_stop(a->dial->loop->ev, &a->io);
    close(a->io.fd);
    a->is_open = false;
    a->dial->num_open--;
  }
}

static void win(attempt *a) {
  client_dial *dial = a->dial;
  int fd = a->io.fd;
  ev_io_stop(dial->loop->ev, &a->io);
  a->is_open = false;
  dial->num_open--;
  ev_timer_stop(dial->loop->ev, &dial->timer);
  codicil_address address = a->address;
  dial->done(dial->user, fd, &address, 0); // frees `dial`
}

static void schedule(client_dial *dial, double seconds) {
  ev_timer_stop(dial->loop->ev, &dial->timer);
  ev_timer_set(&dial->timer, seconds, 0.);
  ev_timer_start(dial->loop->ev, &dial->timer);
}

// After an attempt has failed: the next at once, or the end.
static void go_on(client_dial *dial) {
  if (dial->num_started < dial->num_attempts) {
    schedule(dial, 0.);
  } else if (dial->num_open == 0) {
    ev_timer_stop(dial->loop->ev, &dial->timer);
    dial->done(dial->user, -1, NULL, dial->sys_error); // frees `dial`
  }
}

static void on_writable(struct ev_loop *ev, ev_io *io, int events) {
  (void)ev;
  (void)events;
  attempt *a = io->data;
  int error = 0;
  socklen_t len = sizeof error;
  if (getsockopt(io->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
    error = errno;
  }
  if (error == 0) {
    win(a);
    return;
  }
  client_dial *dial = a->dial;
  dial->sys_error = error;
  close_attempt(a);
  go_on(dial);
}

// Returns 0, also where the connection is not complete yet, or an errno.
static int start(attempt *a) {
  client_dial *dial = a->dial;
  io_address to;
  if (!io_address_from_octets(&to, codicil_span_of(a->address.octets, a->address.len),
                              dial->port)) {
    return EAFNOSUPPORT;
  }
  int fd = socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return errno;
  }
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, (const struct sockaddr *)&to.storage, to.len) != 0 && errno != EINPROGRESS) {
    int error = errno;
    close(fd);
    return error;
  }
  ev_io_init(&a->io, on_writable, fd, EV_WRITE);
  a->io.data = a;
  ev_io_start(dial->loop->ev, &a->io);
  a->is_open = true;
  dial->num_open++;
  return 0;
}

static void on_timer(struct ev_loop *ev, ev_timer *timer, int events) {
  (void)ev;
  (void)events;
  client_dial *dial = timer->data;
  int error = start(&dial->attempts[dial->num_started++]);
  if (error != 0) {
    dial->sys_error = error;
    go_on(dial);
  } else if (dial->num_started < dial->num_attempts) {
    schedule(dial, attempt_delay_s);
  }
}

bool client_dial_new(client_dial **out, io_loop *loop, const codicil_address *addresses,
                     size_t num_addresses, uint16_t port, client_dialled *done, void *user) {
  client_dial *dial = calloc(1, sizeof *dial);
  attempt *attempts = calloc(num_addresses, sizeof *attempts);
  if (dial == NULL || attempts == NULL) {
    free(dial);
    free(attempts);
    return false;
  }
  for (size_t i = 0; i < num_addresses; i++) {
    attempts[i].dial = dial;
    attempts[i].address = addresses[i];
  }
  *dial = (client_dial){.loop = loop,
                        .port = port,
                        .done = done,
                        .user = user,
                        .attempts = attempts,
                        .num_attempts = num_addresses};
  ev_timer_init(&dial->timer, on_timer, 0., 0.);
  dial->timer.data = dial;
  ev_timer_start(loop->ev, &dial->timer);
  *out = dial;
  return true;
}

void client_dial_free(client_dial *dial) {
  if (dial == NULL) {
    return;
  }
  ev_timer_stop(dial->loop->ev, &dial->timer);
  for (size_t i = 0; i < dial->num_attempts; i++) {
    close_attempt(&dial->attempts[i]);
  }
  free(dial->attempts);
  free(dial);
}
