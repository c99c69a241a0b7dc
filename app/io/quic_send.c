// Packets out: what the owner has next goes into packets while ngtcp2 lets it, and packets go into
// the stack's outbox.
#include "io/quic_connection.h"

// Blocked streams carry this as ngtcp2's user data, so that each is counted once.
static char blocked_mark;

enum { MAX_VECTORS = 16 };

// What the owner gave. It goes into several packets without asking again, for to ask costs more
// than to go on: `sent` is told once, when it is used up or the writing ends.
typedef struct piece {
  int64_t stream; // -1: nothing
  int fin;
  ngtcp2_vec vectors[MAX_VECTORS];
  size_t at, num;  // vectors that are left
  size_t left;     // octets in them
  size_t untold;   // octets that were taken, and not told to the owner
  bool has_untold; // even if that is none: an end alone
  bool is_used_up;
} piece;

static const piece no_piece = {.stream = -1, .is_used_up = true};

static void tell_sent(quic_connection *c, piece *p) {
  if (p->has_untold && c->state == QUIC_ALIVE) {
    c->handler->sent(c->user, p->stream, p->untold);
  }
  p->has_untold = false;
  p->untold = 0;
}

// Asks the owner. False: it has closed the connection.
static bool ask(quic_connection *c, piece *p) {
  tell_sent(c, p);
  p->stream = -1;
  p->at = p->num = p->left = 0;
  p->fin = 0;
  p->is_used_up = true;
  c->is_woken_again = false;
  c->is_drained = true;
  if (!c->handler || c->state != QUIC_ALIVE) {
    return c->state == QUIC_ALIVE;
  }
  ngtcp2_ssize num = c->handler->next(c->user, &p->stream, &p->fin, p->vectors, MAX_VECTORS);
  if (num < 0 || c->state != QUIC_ALIVE) {
    return false;
  }
  p->num = (size_t)num;
  for (size_t i = 0; i < p->num; i++) {
    p->left += p->vectors[i].len;
  }
  c->is_drained = p->stream == -1;
  p->is_used_up = p->stream == -1;
  return true;
}

static void take(piece *p, size_t len) {
  p->has_untold = true;
  p->untold += len;
  p->left -= len;
  for (; p->at < p->num && len >= p->vectors[p->at].len; p->at++) {
    len -= p->vectors[p->at].len;
  }
  if (len > 0) {
    p->vectors[p->at].base += len;
    p->vectors[p->at].len -= len;
  }
  p->is_used_up = p->left == 0;
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

// Offers it to ngtcp2. The connection's window may be used up: ngtcp2 would call that a blocked
// stream.
static ngtcp2_ssize offer(quic_connection *c, piece *p, ngtcp2_path *path, ngtcp2_pkt_info *info,
                          uint8_t *out, size_t len, uint64_t now) {
  bool is_held = p->left > 0 && ngtcp2_conn_get_max_data_left(c->ng) == 0;
  if (p->is_used_up || is_held) {
    return ngtcp2_conn_writev_stream(c->ng, path, info, out, len, NULL,
                                     NGTCP2_WRITE_STREAM_FLAG_NONE, -1, NULL, 0, now);
  }
  uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_MORE | (p->fin ? NGTCP2_WRITE_STREAM_FLAG_FIN : 0);
  ngtcp2_ssize taken = -1;
  ngtcp2_ssize n = ngtcp2_conn_writev_stream(c->ng, path, info, out, len, &taken, flags, p->stream,
                                             p->vectors + p->at, p->num - p->at, now);
  if (taken >= 0) {
    take(p, (size_t)taken);
  }
  return n;
}

// Writes one packet. Returns its length, 0 where none can be sent now, or ngtcp2's error;
// CALLBACK_FAILURE where the owner has closed the connection.
static ngtcp2_ssize write_packet(quic_connection *c, piece *p, ngtcp2_path *path,
                                 ngtcp2_pkt_info *info, uint8_t *out, size_t len, uint64_t now) {
  for (;;) {
    if (p->is_used_up && !ask(c, p)) {
      return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    ngtcp2_ssize n = offer(c, p, path, info, out, len, now);
    if (n == NGTCP2_ERR_STREAM_DATA_BLOCKED) {
      tell_sent(c, p);
      on_blocked(c, p->stream);
      p->is_used_up = true;
    } else if (n == NGTCP2_ERR_STREAM_SHUT_WR || n == NGTCP2_ERR_STREAM_NOT_FOUND) {
      tell_sent(c, p);
      c->handler->not_writable(c->user, p->stream);
      p->is_used_up = true;
    } else if (n != NGTCP2_ERR_WRITE_MORE) {
      return n;
    }
  }
}

// Writes packets up to the quantum. Returns the octets written, or an error.
static ngtcp2_ssize write_packets(quic_connection *c, piece *p, size_t quantum, uint64_t now) {
  size_t written = 0;
  while (written < quantum) {
    size_t len = ngtcp2_conn_get_max_tx_udp_payload_size(c->ng);
    quic_path path;
    ngtcp2_path view = quic_path_view(&path, NULL);
    ngtcp2_pkt_info info = {0};
    uint8_t *out = quic_outbox_room(c->stack->outbox, len);
    ngtcp2_ssize n = write_packet(c, p, &view, &info, out, len, now);
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

static bool has_full_socket(const quic_connection *c) {
  return quic_socket_is_blocked(ngtcp2_conn_get_path(c->ng)->user_data);
}

// A quantum is as much as one run holds, if nothing of a packet is added to it.
static size_t whole_packets(const quic_connection *c, size_t quantum) {
  size_t len = ngtcp2_conn_get_path_max_tx_udp_payload_size(c->ng);
  return quantum > len ? quantum - quantum % len : len;
}

void quic_connection_write(quic_connection *c) {
  c->waits_for_socket = has_full_socket(c);
  if (c->waits_for_socket) {
    quic_connection_set_timer(c);
    return;
  }
  uint64_t now = quic_stack_now(c->stack);
  size_t quantum = whole_packets(c, ngtcp2_conn_get_send_quantum(c->ng));
  piece p = no_piece;
  c->is_writing = true;
  ngtcp2_ssize n = write_packets(c, &p, quantum, now);
  tell_sent(c, &p);
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
  return c->is_drained && c->num_blocked == 0 && !c->queue && !has_full_socket(c);
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
