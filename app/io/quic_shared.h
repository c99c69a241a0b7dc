// What the stacks of one server share: see quic.h. Keys do not change; a mailbox has a lock.
#ifndef APP_IO_QUIC_SHARED_H
#define APP_IO_QUIC_SHARED_H

#include "io/quic.h"
#include "io/quic_socket.h"

enum { QUIC_CID_KEY_LEN = 16, QUIC_SECRET_LEN = 32, QUIC_MAILBOX_MAX = 512 };

typedef struct quic_mail {
  struct quic_mail *next;
  quic_path path;
  uint8_t ecn;
  size_t len;
  uint8_t data[];
} quic_mail;

size_t quic_shared_num_stacks(const quic_shared *shared);
// For connection IDs; for tokens and stateless resets.
const uint8_t *quic_shared_cid_key(const quic_shared *shared);
const uint8_t *quic_shared_secret(const quic_shared *shared);

// A stack comes to its place, or leaves it. `bell` is rung in `ev` when mail comes.
void quic_shared_enter(quic_shared *shared, size_t index, struct ev_loop *ev, ev_async *bell);
void quic_shared_leave(quic_shared *shared, size_t index);
// Puts a copy of a datagram into the mailbox of stack `index`. False, and a count, where that stack
// is gone or its mailbox full.
bool quic_shared_post(quic_shared *shared, size_t index, const quic_datagram *datagram);
// Empties a mailbox; the caller frees what it gets, oldest first.
quic_mail *quic_shared_take(quic_shared *shared, size_t index);
uint64_t quic_shared_num_dropped(quic_shared *shared);

#endif
