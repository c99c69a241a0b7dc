// Listening sockets: one a worker and address, told apart by the kernel (SO_REUSEPORT).
#ifndef APP_SERVER_LISTENER_H
#define APP_SERVER_LISTENER_H

#include "io/address.h"
#include "io/error.h"

typedef struct listener {
  io_address address; // with the port that the kernel chose, where 0 was asked for
  int *sockets;       // one a worker
  size_t num_sockets;
} listener;

// Opens `num` sockets that listen on `text`, an address and port. Refuses a port that another
// process listens on already.
CODICIL_MUST_USE bool listener_open(listener *out, const char *text, size_t num, app_error *err);
// Closes the sockets from number `first` on; the earlier ones have other owners.
void listener_close(listener *l, size_t first);

#endif
