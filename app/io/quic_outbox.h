// What the connections of one thread send in a turn of its loop, gathered, so that the kernel is
// called a few times a turn and not once a packet.
#ifndef APP_IO_QUIC_OUTBOX_H
#define APP_IO_QUIC_OUTBOX_H

#include "io/quic_socket.h"

typedef struct quic_outbox quic_outbox;

quic_outbox *quic_outbox_new(void);
void quic_outbox_free(quic_outbox *outbox);
// Returns room for `len` octets (of at most QUIC_MAX_RUN_LEN), to write one datagram into; what was
// there may be sent for it.
uint8_t *quic_outbox_room(quic_outbox *outbox, size_t len);
// The first `len` octets of the room are a datagram, to be sent from `socket`.
void quic_outbox_add(quic_outbox *outbox, quic_socket *socket, const quic_path *path, uint8_t ecn,
                     size_t len);
// Sends all that is there.
void quic_outbox_flush(quic_outbox *outbox);

#endif
