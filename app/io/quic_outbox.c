// Gathers datagrams into runs and hands them to their sockets: see quic_outbox.h.
#include "io/quic_outbox.h"

#include <stdlib.h>
#include <string.h>

enum { OUTBOX_LEN = 4 * 65536, MAX_RUNS = 64 };

struct quic_outbox {
  size_t num_runs, used;
  quic_run runs[MAX_RUNS];
  uint8_t octets[OUTBOX_LEN];
};

quic_outbox *quic_outbox_new(void) {
  quic_outbox *outbox = malloc(sizeof *outbox);
  if (outbox) {
    outbox->num_runs = outbox->used = 0;
  }
  return outbox;
}

void quic_outbox_free(quic_outbox *outbox) {
  free(outbox);
}

uint8_t *quic_outbox_room(quic_outbox *outbox, size_t len) {
  if (OUTBOX_LEN - outbox->used < len || outbox->num_runs == MAX_RUNS) {
    quic_outbox_flush(outbox);
  }
  return outbox->octets + outbox->used;
}

static bool is_same_path(const quic_path *a, const quic_path *b) {
  ngtcp2_path x = quic_path_view((quic_path *)(uintptr_t)a, NULL);
  ngtcp2_path y = quic_path_view((quic_path *)(uintptr_t)b, NULL);
  return ngtcp2_path_eq(&x, &y);
}

// A run is of datagrams of one length; only its last may be shorter. Nothing shorter follows the
// first, which may be a probe of the path's MTU: what the path does not take is refused with all
// that is in its run.
static bool continues(const quic_run *run, const quic_socket *socket, const quic_path *path,
                      uint8_t ecn, size_t len) {
  return run->socket == socket && run->ecn == ecn &&
         (len == run->segment || (len < run->segment && run->len > run->segment)) &&
         run->len % run->segment == 0 && run->len / run->segment < QUIC_MAX_SEGMENTS &&
         run->len + len <= QUIC_MAX_RUN_LEN && is_same_path(&run->path, path);
}

void quic_outbox_add(quic_outbox *outbox, quic_socket *socket, const quic_path *path, uint8_t ecn,
                     size_t len) {
  quic_run *last = outbox->num_runs > 0 ? &outbox->runs[outbox->num_runs - 1] : NULL;
  if (last && continues(last, socket, path, ecn, len)) {
    last->len += len;
  } else {
    outbox->runs[outbox->num_runs++] = (quic_run){.socket = socket,
                                                  .path = *path,
                                                  .ecn = ecn,
                                                  .segment = len,
                                                  .at = outbox->used,
                                                  .len = len};
  }
  outbox->used += len;
}

void quic_outbox_flush(quic_outbox *outbox) {
  for (size_t at = 0, end; at < outbox->num_runs; at = end) {
    for (end = at + 1;
         end < outbox->num_runs && outbox->runs[end].socket == outbox->runs[at].socket; end++) {
    }
    quic_socket_send(outbox->runs[at].socket, outbox->octets, &outbox->runs[at], end - at);
  }
  outbox->num_runs = outbox->used = 0;
}
