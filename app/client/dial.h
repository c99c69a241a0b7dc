// A TCP connection to one of several addresses: the next is tried when one fails, or after a
// quarter of a second beside those that are still at it; the first that connects wins (RFC 8305
// §5).
#ifndef APP_CLIENT_DIAL_H
#define APP_CLIENT_DIAL_H

#include "codicil/name.h"
#include "io/loop.h"

typedef struct client_dial client_dial;

// Called once, from the loop: `fd` is connected and the callee's, or -1 with an errno. The dial is
// over then; free it.
typedef void client_dialled(void *user, int fd, const codicil_address *address, int sys_error);

// `addresses` (at least one) are copied.
CODICIL_MUST_USE bool client_dial_new(client_dial **out, io_loop *loop,
                                      const codicil_address *addresses, size_t num_addresses,
                                      uint16_t port, client_dialled *done, void *user);
// Closes what is open.
void client_dial_free(client_dial *dial);

#endif
