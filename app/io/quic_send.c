// Packets out: what the owner has next goes into packets while ngtcp2 lets it, and packets go into
// the stack's outbox.
#include "io/quic_connection.h"

// Blocked streams carry this as ngtcp2's user data, so that each is counted once.
static char blocked_mark;

enum { MAX_VECTORS = 16 };

typedef struct piece {
  int64_t stream;
  int fin;
  ngtcp2_vec vectors[MAX_VECTORS];
  size_t num;
} piece;

static size_t piece_len(const piece *p) {
  size_t len = 0;
  for (size_t i = 0; i < p->num; i++) {
    len += p->vectors[i].len;
  }
  return len;
}

// Asks the owner. False: it has closed the connection.
static bool ask(quic_connection *c, piece *out) {
  out->stream = -1;
  out->fin = 0;
  out->num = 0;
  c->is_woken_again = false;
  c->is_drained = true;
  if (!c->handler || c->state != QUIC_ALIVE) {
    return c->state == QUIC_ALIVE;
  }
  ngtcp2_ssize num = c->handler->next(c->user, &out->stream, &out->fin, out->vectors, MAX_VECTORS);
  if (num < 0 || c->state != QUIC_ALIVE) {
    return false;
  }
  out->num = (size_t)num;
  c->is_drained = out->stream == -1;
  // The connection's window is used up: ngtcp2 would call that a blocked stream.
  if (out->stream != -1 && piece_len(out) > 0 && ngtcp2_conn_get_max_data_left(c->ng) == 0) {
    out->stream = -1;
    out->num = 0;
  }
  return true;
}

static void on_blocked(quic_connection *c, int64_t stream) {
  if (ngtcp2_conn_set_stream_user_data(c->ng, stream, &blocked_mark) == 0) {
    c->num_blocked++;
  }
  c->handler->blocked(c->user, stream);
}

bool quic_stream_unblock(quic_connection *c, int64_t stream, void *stream_user_data) {
  if (stream_user_data != &blocked_mark) {
    return false;
  }
  c->num_blocked--;
  (void)ngtcp2_conn_set_stream_user_data(c->ng, stream, NULL);
  return true;
}

// Writes one packet. Returns its length, 0 where none can be sent now, or ngtcp2's error;
// CALLBACK_FAILURE where the owner has closed the connection.
static ngtcp2_ssize write_packet(quic_connection *c, ngtcp2_path *path, ngtcp2_pkt_info *info,
                                 uint8_t *out, size_t len, uint64_t now) {
  for (;;) {
    piece p;
    if (!ask(c, &p)) {
      return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    uint32_t flags = p.stream == -1 ? NGTCP2_WRITE_STREAM_FLAG_NONE : NGTCP2_WRITE_STREAM_FLAG_MORE;
    if (p.fin && p.stream != -1) {
      flags |= NGTCP2_WRITE_STREAM_FLAG_FIN;
    }
    ngtcp2_ssize taken = -1;
    ngtcp2_ssize n = ngtcp2_conn_writev_stream(c->ng, path, info, out, len, &taken, flags, p.stream,
                                               p.vectors, p.num, now);
    if (n == NGTCP2_ERR_STREAM_DATA_BLOCKED) {
      on_blocked(c, p.stream);
    } else if (n == NGTCP2_ERR_STREAM_SHUT_WR || n == NGTCP2_ERR_STREAM_NOT_FOUND) {
      c->handler->not_writable(c->user, p.stream);
    } else {
      if (taken >= 0 && p.stream != -1) {
        c->handler->sent(c->user, p.stream, (size_t)taken);
      }
      if (n != NGTCP2_ERR_WRITE_MORE) {
        return n;
      }
    }
  }
}

// Writes packets up to the quantum. Returns the octets written, or an error.
static ngtcp2_ssize write_packets(quic_connection *c, size_t quantum, uint64_t now) {
  size_t written = 0;
  while (written < quantum) {
    size_t len = ngtcp2_conn_get_max_tx_udp_payload_size(c->ng);
    quic_path path;
    ngtcp2_path view = quic_path_view(&path, NULL);
    ngtcp2_pkt_info info = {0};
    uint8_t *out = quic_outbox_room(c->stack->outbox, len);
    ngtcp2_ssize n = write_packet(c, &view, &info, out, len, now);
    if (n < 0) {
      return n;
    }
    if (n == 0) {
      return (ngtcp2_ssize)written;
    }
    quic_outbox_add(c->stack->outbox, view.user_data, &path, info.ecn & 3, (size_t)n);
    c->stats.octets_out += (size_t)n;
    c->stats.packets_out++;
    written += (size_t)n;
  }
  c->is_drained = false;
  return (ngtcp2_ssize)written;
}

static bool waits_for_socket(quic_connection *c) {
  const quic_socket *sock = ngtcp2_conn_get_path(c->ng)->user_data;
  c->waits_for_socket = quic_socket_is_blocked(sock);
  return c->waits_for_socket;
}

void quic_connection_write(quic_connection *c) {
  if (waits_for_socket(c)) {
    return;
  }
  uint64_t now = quic_stack_now(c->stack);
  size_t quantum = ngtcp2_conn_get_send_quantum(c->ng);
  c->is_writing = true;
  ngtcp2_ssize n = write_packets(c, quantum, now);
  c->is_writing = false;
  if (n < 0) {
    quic_connection_fail_ngtcp2(c, (int)n);
    return;
  }
  ngtcp2_conn_update_pkt_tx_time(c->ng, now);
  quic_connection_set_timer(c);
  if (c->is_woken_again || (size_t)n >= quantum) {
    quic_wake(c);
  }
}

bool quic_is_flushed(const quic_connection *c) {
  return c->is_drained && c->num_blocked == 0 && !c->waits_for_socket && !c->queue;
}

// ---- the end -----------------------------------------------------------------------------------

void quic_connection_write_close(quic_connection *c) {
  if (!c->tells_peer || !c->ng) {
    return;
  }
  size_t len = ngtcp2_conn_get_max_tx_udp_payload_size(c->ng);
  quic_path path;
  ngtcp2_path view = quic_path_view(&path, NULL);
  ngtcp2_pkt_info info = {0};
  uint8_t *out = quic_outbox_room(c->stack->outbox, len);
  ngtcp2_ssize n = ngtcp2_conn_write_connection_close(c->ng, &view, &info, out, len, &c->reason,
                                                      quic_stack_now(c->stack));
  if (n <= 0) {
    return;
  }
  quic_connection_keep_close(c, codicil_span_of(out, (size_t)n));
  quic_outbox_add(c->stack->outbox, view.user_data, &path, info.ecn & 3, (size_t)n);
}
