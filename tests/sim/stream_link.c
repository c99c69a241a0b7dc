// QUIC's streams, simulated: see stream_link.h.
#include "stream_link.h"

#include <stdio.h>

#include "span.h"

enum { MAX_PACKET = 1200, PACKETS_A_TICK = 6, MAX_DELAY = 9, RESEND_AFTER = 12 };

void link_check(const link *l, bool ok, const char *what) {
  if (!ok) {
    fprintf(stderr, "seed %llu, tick %llu: %s\n", (unsigned long long)l->seed,
            (unsigned long long)l->tick, what);
    abort();
  }
}

size_t link_draw(link *l, size_t below) {
  uint8_t octets[4];
  counting_random(&l->rng, octets, sizeof octets);
  return (size_t)(((uint32_t)octets[0] << 16 | (uint32_t)octets[1] << 8 | octets[2]) % below);
}

static bool is_lost(link *l) {
  return link_draw(l, 100) < l->loss_percent;
}

static link_side *side_of(link *l, bool is_server) {
  return is_server ? &l->server : &l->client;
}

static link_stream *stream_of(link_side *side, int64_t id) {
  for (size_t i = 0; i < side->num_streams; i++) {
    if (side->streams[i].id == id) {
      return &side->streams[i];
    }
  }
  link_check(side->link, side->num_streams < LINK_MAX_STREAMS, "too many streams");
  link_stream *stream = &side->streams[side->num_streams++];
  *stream = (link_stream){.id = id, .window = side->link->stream_window};
  return stream;
}

static void on_credit(void *ctx, int64_t id, size_t len) {
  link_side *side = ctx;
  stream_of(side, id)->credit += len;
  side->credit += len;
}

void link_init(link *l, uint64_t seed) {
  static const uint64_t windows[] = {1000, 4096, 4096, 16384, 100000};
  *l = (link){.seed = seed, .rng = seed * 0x9e3779b97f4a7c15};
  l->loss_percent = (unsigned)link_draw(l, 26);
  l->stream_window = windows[link_draw(l, 5)];
  l->connection_window = l->stream_window * (2 + link_draw(l, 8));
  for (int i = 0; i < 2; i++) {
    link_side *side = side_of(l, i == 1);
    fail_mem_init(&side->mem, SIZE_MAX);
    side->link = l;
    side->window = l->connection_window;
  }
}

// The ends were made anew since link_init, their hooks with them.
static void attach(link *l) {
  for (int i = 0; i < 2; i++) {
    link_side *side = side_of(l, i == 1);
    side->end.credit = on_credit;
    side->end.credit_ctx = side;
  }
}

static void ranges_clear(link_range **ranges) {
  while (*ranges != NULL) {
    link_range *range = *ranges;
    *ranges = range->next;
    free(range->octets);
    free(range);
  }
}

void link_clear(link *l) {
  for (size_t i = 0; i < l->num_packets; i++) {
    free(l->packets[i].wire);
  }
  for (int i = 0; i < 2; i++) {
    link_side *side = side_of(l, i == 1);
    for (size_t j = 0; j < side->num_streams; j++) {
      ranges_clear(&side->streams[j].later);
      ranges_clear(&side->streams[j].acked_later);
    }
  }
}

static void add_range(link *l, link_range **ranges, uint64_t offset, size_t len, uint8_t *octets) {
  link_range *range = malloc(sizeof *range);
  link_check(l, range != NULL, "memory");
  *range = (link_range){.next = *ranges, .offset = offset, .len = len, .octets = octets};
  *ranges = range;
}

// Takes a range that begins at or before `at`; NULL where there is none.
static link_range *take_range(link_range **ranges, uint64_t at) {
  for (link_range **at_range = ranges; *at_range != NULL; at_range = &(*at_range)->next) {
    if ((*at_range)->offset <= at) {
      link_range *range = *at_range;
      *at_range = range->next;
      return range;
    }
  }
  return NULL;
}

// ---- sending ------------------------------------------------------------------------------------

// Reads the sender's memory, as QUIC does each time that it sends.
static void transmit(link *l, link_packet *p) {
  free(p->wire);
  p->wire = NULL;
  p->ack_comes = false;
  if (is_lost(l)) {
    p->due = l->tick + RESEND_AFTER;
    return;
  }
  p->wire = malloc(p->len + 1);
  link_check(l, p->wire != NULL, "memory");
  size_t at = 0;
  for (size_t i = 0; i < p->num; i++) {
    memcpy(p->wire + at, p->vec[i].base, p->vec[i].len);
    at += p->vec[i].len;
  }
  p->due = l->tick + 1 + link_draw(l, MAX_DELAY);
}

// Cuts `vec` to `len` octets; returns how many are left.
static size_t cut_vec(nghttp3_vec *vec, size_t num, size_t len) {
  size_t used = 0;
  for (; used < num && len > 0; used++) {
    vec[used].len = vec[used].len < len ? vec[used].len : len;
    len -= vec[used].len;
  }
  return used;
}

static void send_packet(link *l, link_side *side, link_stream *stream, const nghttp3_vec *vec,
                        size_t num, size_t len, bool fin) {
  link_packet *p = &l->packets[l->num_packets++];
  *p = (link_packet){.from_server = side->end.is_server,
                     .stream = stream->id,
                     .offset = stream->sent,
                     .len = len,
                     .fin = fin};
  memcpy(p->vec, vec, num * sizeof *vec);
  p->num = cut_vec(p->vec, num, len);
  stream->sent += len;
  side->sent += len;
  stream->fin_sent = stream->fin_sent || fin;
  h3_end_sent(&side->end, stream->id, len);
  transmit(l, p);
}

// False where there is nothing to send now.
static bool send_once(link *l, link_side *side) {
  nghttp3_vec vec[H3_MAX_VEC];
  int64_t id;
  int fin;
  size_t num = h3_end_next(&side->end, &id, &fin, vec);
  if (id < 0) {
    return false;
  }
  link_stream *stream = stream_of(side, id);
  // nghttp3 itself may give a blocked stream again when its priority changes; we never do.
  bool is_ours = id == h3_one_way(side->end.is_server, H3_CONTROL);
  link_check(l, !stream->fin_sent && !(is_ours && stream->is_blocked), "more than it can take");
  size_t all = (size_t)nghttp3_vec_len(vec, num), len = all;
  uint64_t room = stream->window - stream->sent;
  if (room == 0 && all > 0) {
    stream->is_blocked = true;
    codicil_h3_block_stream(side->end.h3, side->end.http, id);
    return true;
  }
  len = len < room ? len : (size_t)room;
  len = len < side->window - side->sent ? len : (size_t)(side->window - side->sent);
  len = len < MAX_PACKET ? len : MAX_PACKET;
  if (len == 0 && all > 0) {
    return false;
  }
  send_packet(l, side, stream, vec, num, len, fin != 0 && len == all);
  return true;
}

static void send_some(link *l, link_side *side) {
  size_t num = link_draw(l, PACKETS_A_TICK);
  while (num > 0 && l->num_packets < LINK_MAX_PACKETS && send_once(l, side)) {
    num--;
  }
}

// ---- receiving ----------------------------------------------------------------------------------

// In pieces, each of which ends where its memory does.
static void give(link *l, link_side *side, link_stream *stream, codicil_span octets) {
  for (size_t at = 0; at < octets.len;) {
    codicil_span piece = exact_copy(codicil_span_sub(octets, at, 1 + link_draw(l, MAX_PACKET)));
    at += piece.len;
    stream->next += piece.len;
    bool is_last = stream->has_final && stream->next == stream->final;
    stream->fin_given = is_last;
    link_check(l, h3_end_recv(&side->end, stream->id, piece, is_last), "read_stream failed");
    free((void *)(uintptr_t)piece.data);
  }
}

static void receive(link *l, link_side *side, const link_packet *p) {
  link_stream *stream = stream_of(side, p->stream);
  if (p->fin) {
    stream->has_final = true;
    stream->final = p->offset + p->len;
  }
  codicil_span octets = exact_copy(codicil_span_of(p->wire, p->len));
  add_range(l, &stream->later, p->offset, p->len, (uint8_t *)(uintptr_t)octets.data);
  link_range *range;
  while ((range = take_range(&stream->later, stream->next)) != NULL) {
    size_t known = (size_t)(stream->next - range->offset);
    if (known < range->len) {
      give(l, side, stream, codicil_span_of(range->octets + known, range->len - known));
    }
    free(range->octets);
    free(range);
  }
  if (stream->has_final && stream->next == stream->final && !stream->fin_given) {
    stream->fin_given = true;
    link_check(l, h3_end_recv(&side->end, stream->id, codicil_span_of(NULL, 0), 1), "fin failed");
  }
}

static void acknowledge(link *l, link_side *side, const link_packet *p) {
  link_stream *stream = stream_of(side, p->stream);
  add_range(l, &stream->acked_later, p->offset, p->len, NULL);
  stream->fin_acked = stream->fin_acked || p->fin;
  link_range *range;
  while ((range = take_range(&stream->acked_later, stream->acked)) != NULL) {
    stream->acked += range->len;
    h3_end_acked(&side->end, stream->id, range->len);
    free(range);
  }
}

// What is due: arrives, is acknowledged, or was lost and goes again. True where it is over.
static bool advance(link *l, link_packet *p) {
  if (p->ack_comes) {
    acknowledge(l, side_of(l, p->from_server), p);
    return true;
  }
  if (p->wire == NULL) {
    transmit(l, p);
    return false;
  }
  receive(l, side_of(l, !p->from_server), p);
  free(p->wire);
  p->wire = NULL;
  p->ack_comes = !is_lost(l);
  p->due = l->tick + (p->ack_comes ? 1 + link_draw(l, MAX_DELAY) : RESEND_AFTER);
  return false;
}

// Windows are opened now and then, by all that was taken since; QUIC makes sure that this arrives.
static void open_windows(link *l, link_side *from, link_side *to) {
  for (size_t i = 0; i < to->num_streams; i++) {
    link_stream *out = &to->streams[i];
    const link_stream *in = stream_of(from, out->id);
    out->window = l->stream_window + in->credit;
    if (out->is_blocked && out->window > out->sent) {
      out->is_blocked = false;
      link_check(l, codicil_h3_unblock_stream(to->end.h3, to->end.http, out->id) == 0, "unblock");
    }
  }
  to->window = l->connection_window + from->credit;
}

// A stream of requests is closed on a side when both directions are over there.
static void close_streams(link *l, link_side *side) {
  for (size_t i = 0; i < side->num_streams; i++) {
    link_stream *stream = &side->streams[i];
    if ((stream->id & 2) == 0 && !stream->is_closed && stream->fin_given && stream->fin_acked &&
        stream->acked == stream->sent) {
      stream->is_closed = true;
      link_check(l,
                 codicil_h3_close_stream(side->end.h3, side->end.http, stream->id,
                                         NGHTTP3_H3_NO_ERROR) == 0,
                 "close_stream");
    }
  }
}

void link_tick(link *l) {
  attach(l);
  l->tick++;
  send_some(l, &l->client);
  send_some(l, &l->server);
  for (size_t i = 0; i < l->num_packets;) {
    if (l->packets[i].due <= l->tick && advance(l, &l->packets[i])) {
      free(l->packets[i].wire);
      l->packets[i] = l->packets[--l->num_packets];
    } else {
      i++;
    }
  }
  if (link_draw(l, 5) == 0) {
    open_windows(l, &l->client, &l->server);
    open_windows(l, &l->server, &l->client);
  }
  close_streams(l, &l->client);
  close_streams(l, &l->server);
  link_check(l, l->client.end.rc == 0 && l->server.end.rc == 0, "an error without a reason");
}

bool link_is_quiet(const link *l) {
  if (l->num_packets > 0) {
    return false;
  }
  for (int i = 0; i < 2; i++) {
    const link_side *side = i == 1 ? &l->server : &l->client;
    for (size_t j = 0; j < side->num_streams; j++) {
      if (side->streams[j].is_blocked) {
        return false;
      }
    }
  }
  return true;
}
