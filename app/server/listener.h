// Listening sockets: one a worker and address, told apart by the kernel (SO_REUSEPORT). Beside each
// of TCP's one of UDP's, on the same address and port, where HTTP/3 is served.
#ifndef APP_SERVER_LISTENER_H
#define APP_SERVER_LISTENER_H

#include "io/address.h"
#include "io/error.h"

typedef struct listener {
  io_address address; // with the port that the kernel chose, where 0 was asked for
  int *sockets;       // one a worker
  int *udp;           // the same; NULL without HTTP/3, -1 where one has another owner already
  size_t num_sockets; // of each
} listener;

// Opens `num` sockets that listen on `text`, an address and port, and as many of UDP's if
// `has_udp`. Refuses a port that another process listens on already.
CODICIL_MUST_USE bool listener_open(listener *out, const char *text, size_t num, bool has_udp,
                                    app_error *err);
// Closes the sockets from number `first` on; the earlier ones have other owners.
void listener_close(listener *l, size_t first);

#endif
