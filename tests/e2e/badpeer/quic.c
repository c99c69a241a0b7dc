// QUIC for the misbehaving peer: see quic.h.
#include "quic.h"

#include <errno.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "quic_state.h"

enum {
  PATIENCE_MS = 10000,
  UNI_PATIENCE_MS = 500,
  CID_LEN = 8,
  PACKET_MAX = 1500,
  DATAGRAM_MAX = 65536
};
enum { H3_NO_ERROR = 0x100 };

static ngtcp2_tstamp now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (ngtcp2_tstamp)t.tv_sec * NGTCP2_SECONDS + (ngtcp2_tstamp)t.tv_nsec;
}

static void *allocate(size_t size) {
  void *p = calloc(1, size);
  if (p == NULL) {
    die("calloc");
  }
  return p;
}

static void end(quic *q, const char *reason) {
  if (!q->is_over && q->reason[0] == '\0') {
    snprintf(q->reason, sizeof q->reason, "%s", reason);
  }
  q->is_over = true;
}

// ---- what ngtcp2 tells --------------------------------------------------------------------------

static ngtcp2_conn *conn_of(ngtcp2_crypto_conn_ref *ref) {
  return ((quic *)ref->user_data)->conn;
}

static void on_rand(uint8_t *dest, size_t len, const ngtcp2_rand_ctx *ctx) {
  (void)ctx;
  RAND_bytes(dest, (int)len);
}

static int on_new_connection_id(ngtcp2_conn *conn, ngtcp2_cid *cid, uint8_t *token, size_t len,
                                void *user) {
  (void)conn;
  (void)user;
  RAND_bytes(cid->data, (int)len);
  cid->datalen = len;
  RAND_bytes(token, NGTCP2_STATELESS_RESET_TOKENLEN);
  return 0;
}

static int on_handshake_completed(ngtcp2_conn *conn, void *user) {
  (void)conn;
  ((quic *)user)->is_complete = true;
  return 0;
}

static void push(quic *q, quic_event event) {
  event_node *node = allocate(sizeof *node);
  node->event = event;
  *q->events_end = node;
  q->events_end = &node->next;
}

static int on_stream_data(ngtcp2_conn *conn, uint32_t flags, int64_t stream, uint64_t offset,
                          const uint8_t *data, size_t len, void *user, void *stream_user) {
  (void)offset;
  (void)stream_user;
  quic *q = user;
  uint8_t *copy = allocate(len + 1);
  if (len > 0) {
    memcpy(copy, data, len);
  }
  bool fin = (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0;
  push(q, (quic_event){QUIC_DATA, stream, copy, len, fin, 0});
  if (!q->options.is_stingy) {
    ngtcp2_conn_extend_max_stream_offset(conn, stream, len);
    ngtcp2_conn_extend_max_offset(conn, len);
  }
  return 0;
}

static int on_reset(ngtcp2_conn *conn, int64_t stream, uint64_t final_size, uint64_t code,
                    void *user, void *stream_user) {
  (void)conn;
  (void)final_size;
  (void)stream_user;
  push(user, (quic_event){QUIC_RESET, stream, NULL, 0, false, code});
  return 0;
}

static int on_acked(ngtcp2_conn *conn, int64_t stream, uint64_t offset, uint64_t len, void *user,
                    void *stream_user) {
  (void)conn;
  (void)stream_user;
  quic *q = user;
  for (size_t i = 0; i < q->num_acked; i++) {
    if (q->acked[i].stream == stream) {
      q->acked[i].len = offset + len;
    }
  }
  return 0;
}

static int on_stream_close(ngtcp2_conn *conn, uint32_t flags, int64_t stream, uint64_t code,
                           void *user, void *stream_user) {
  (void)flags;
  (void)code;
  (void)stream_user;
  if (((quic *)user)->is_server && ngtcp2_is_bidi_stream(stream)) {
    ngtcp2_conn_extend_max_streams_bidi(conn, 1);
  }
  return 0;
}

static const ngtcp2_callbacks callbacks = {
    .client_initial = ngtcp2_crypto_client_initial_cb,
    .recv_client_initial = ngtcp2_crypto_recv_client_initial_cb,
    .recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
    .handshake_completed = on_handshake_completed,
    .encrypt = ngtcp2_crypto_encrypt_cb,
    .decrypt = ngtcp2_crypto_decrypt_cb,
    .hp_mask = ngtcp2_crypto_hp_mask_cb,
    .recv_stream_data = on_stream_data,
    .acked_stream_data_offset = on_acked,
    .stream_close = on_stream_close,
    .recv_retry = ngtcp2_crypto_recv_retry_cb,
    .rand = on_rand,
    .get_new_connection_id = on_new_connection_id,
    .update_key = ngtcp2_crypto_update_key_cb,
    .stream_reset = on_reset,
    .delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
    .delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
    .get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
    .version_negotiation = ngtcp2_crypto_version_negotiation_cb,
};

// ---- packets ------------------------------------------------------------------------------------

static void send_packet(quic *q, const uint8_t *packet, size_t len) {
  struct sockaddr *to = q->is_server ? (struct sockaddr *)&q->remote : NULL;
  if (!q->is_silent) {
    (void)!sendto(q->out_fd, packet, len, 0, to, to == NULL ? 0 : sizeof q->remote);
  }
}

static void send_close(quic *q, const ngtcp2_ccerr *error) {
  uint8_t packet[PACKET_MAX];
  ngtcp2_pkt_info info;
  ngtcp2_ssize n = ngtcp2_conn_write_connection_close(q->conn, NULL, &info, packet, sizeof packet,
                                                      error, now_ns());
  if (n > 0) {
    send_packet(q, packet, (size_t)n);
  }
}

static void fail(quic *q, int liberr) {
  ngtcp2_ccerr error;
  ngtcp2_ccerr_default(&error);
  if (liberr == NGTCP2_ERR_CRYPTO) {
    ngtcp2_ccerr_set_tls_alert(&error, ngtcp2_conn_get_tls_alert(q->conn), NULL, 0);
  } else {
    ngtcp2_ccerr_set_liberr(&error, liberr, NULL, 0);
  }
  send_close(q, &error);
  end(q, ngtcp2_strerror(liberr));
}

static void note_close(quic *q) {
  const ngtcp2_ccerr *error = ngtcp2_conn_get_ccerr(q->conn);
  q->close_code = (long long)error->error_code;
  q->is_application = error->type == NGTCP2_CCERR_TYPE_APPLICATION;
  snprintf(q->reason, sizeof q->reason, "%.*s", (int)error->reasonlen,
           error->reason == NULL ? "" : (const char *)error->reason);
  q->is_over = true;
}

static void read_packet(quic *q, const uint8_t *packet, size_t len) {
  ngtcp2_path path = {{(ngtcp2_sockaddr *)&q->local, sizeof q->local},
                      {(ngtcp2_sockaddr *)&q->remote, sizeof q->remote},
                      NULL};
  ngtcp2_pkt_info info = {0};
  int rv = ngtcp2_conn_read_pkt(q->conn, &path, &info, packet, len, now_ns());
  if (rv == NGTCP2_ERR_DRAINING) {
    note_close(q);
  } else if (rv != 0) {
    fail(q, rv);
  }
}

// One chunk, or what there is of QUIC's own where it is NULL. Returns whether to go on.
static bool write_chunk(quic *q, chunk *c, ngtcp2_ssize *out_taken, int *out_error) {
  // A packet may take several calls, and every one has to find what those before it wrote.
  static _Thread_local uint8_t packet[PACKET_MAX];
  ngtcp2_pkt_info info;
  ngtcp2_vec vec = {0};
  uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_NONE;
  if (c != NULL) {
    vec = (ngtcp2_vec){c->data + c->at, c->len - c->at};
    flags = NGTCP2_WRITE_STREAM_FLAG_MORE | (c->fin ? NGTCP2_WRITE_STREAM_FLAG_FIN : 0u);
  }
  *out_taken = -1;
  ngtcp2_ssize n =
      ngtcp2_conn_writev_stream(q->conn, NULL, &info, packet, sizeof packet, out_taken, flags,
                                c == NULL ? -1 : c->stream, &vec, c == NULL ? 0 : 1, now_ns());
  *out_error = n < 0 ? (int)n : 0;
  if (n > 0) {
    send_packet(q, packet, (size_t)n);
  }
  return n > 0 || n == NGTCP2_ERR_WRITE_MORE;
}

static void drop_chunk(quic *q, chunk **at) {
  chunk *c = *at;
  *at = c->next;
  if (c->next == NULL) {
    q->unsent_end = at;
  }
  c->next = q->sent;
  q->sent = c;
}

static bool is_stream_gone(int error) {
  return error == NGTCP2_ERR_STREAM_SHUT_WR || error == NGTCP2_ERR_STREAM_NOT_FOUND;
}

// Writes what the windows let through, in the order in which it was sent.
static void write_packets(quic *q) {
  int64_t held = -1; // a stream whose window is shut: what follows on it waits
  ngtcp2_ssize taken;
  int error = 0;
  for (chunk **at = &q->unsent; *at != NULL && !q->is_over;) {
    chunk *c = *at;
    if (c->stream == held) {
      at = &c->next;
      continue;
    }
    bool goes_on = write_chunk(q, c, &taken, &error);
    c->at += taken > 0 ? (size_t)taken : 0;
    if ((taken >= 0 && c->at == c->len) || is_stream_gone(error)) {
      drop_chunk(q, at);
    } else if (error == NGTCP2_ERR_STREAM_DATA_BLOCKED) {
      held = c->stream;
      at = &c->next;
    } else if (!goes_on) {
      break; // congestion, or an error
    }
  }
  bool is_fatal = error != 0 && error != NGTCP2_ERR_WRITE_MORE &&
                  error != NGTCP2_ERR_STREAM_DATA_BLOCKED && !is_stream_gone(error);
  while (!is_fatal && !q->is_over && write_chunk(q, NULL, &taken, &error)) {
  }
  if (error != 0 && is_fatal) {
    fail(q, error);
  }
}

static void read_socket(quic *q) {
  static _Thread_local uint8_t packet[DATAGRAM_MAX];
  while (!q->is_over) {
    ssize_t n = recv(q->in_fd, packet, sizeof packet, MSG_DONTWAIT);
    if (n < 0 && errno == ECONNREFUSED) {
      end(q, "nobody listens");
    }
    if (n < 0) {
      return;
    }
    read_packet(q, packet, (size_t)n);
  }
}

static int timeout_of(const quic *q, ngtcp2_tstamp deadline) {
  ngtcp2_tstamp expiry = ngtcp2_conn_get_expiry(q->conn), now = now_ns();
  ngtcp2_tstamp until = expiry < deadline ? expiry : deadline;
  return until <= now ? 0 : (int)((until - now) / NGTCP2_MILLISECONDS + 1);
}

// Sends what there is, waits for packets or a timer until `deadline`, and reads.
static void turn(quic *q, ngtcp2_tstamp deadline) {
  if (!q->is_held) {
    write_packets(q);
  }
  struct pollfd fd = {.fd = q->in_fd, .events = POLLIN};
  if (!q->is_over) {
    poll(&fd, 1, timeout_of(q, deadline));
    read_socket(q);
  }
  if (!q->is_over && ngtcp2_conn_get_expiry(q->conn) <= now_ns()) {
    int rv = ngtcp2_conn_handle_expiry(q->conn, now_ns());
    if (rv == NGTCP2_ERR_IDLE_CLOSE || rv == NGTCP2_ERR_HANDSHAKE_TIMEOUT) {
      end(q, "idle");
    } else if (rv != 0) {
      fail(q, rv);
    }
  }
  if (!q->is_over && !q->is_held) {
    write_packets(q); // acknowledgements of what was read
  }
}

static ngtcp2_tstamp in_ms(int ms) {
  return now_ns() + (ngtcp2_tstamp)ms * NGTCP2_MILLISECONDS;
}

// ---- the ends of a connection -------------------------------------------------------------------

quic *quic_new(bool is_server, const quic_options *options) {
  quic *q = allocate(sizeof *q);
  *q = (quic){.is_server = is_server, .options = *options, .close_code = -1, .in_fd = -1};
  q->unsent_end = &q->unsent;
  q->events_end = &q->events;
  q->ref = (ngtcp2_crypto_conn_ref){conn_of, q};
  return q;
}

static ngtcp2_settings settings_of(void) {
  ngtcp2_settings s;
  ngtcp2_settings_default(&s);
  s.initial_ts = now_ns();
  s.handshake_timeout = PATIENCE_MS * NGTCP2_MILLISECONDS;
  s.no_pmtud = 1;
  return s;
}

static ngtcp2_transport_params params_of(const quic_options *o) {
  ngtcp2_transport_params p;
  ngtcp2_transport_params_default(&p);
  uint64_t window = o->stream_window == 0 ? UINT64_C(1) << 30 : o->stream_window;
  p.initial_max_stream_data_bidi_local = window;
  p.initial_max_stream_data_bidi_remote = window;
  p.initial_max_stream_data_uni = UINT64_C(1) << 24;
  p.initial_max_data = UINT64_C(1) << 30;
  p.initial_max_streams_bidi = 100;
  p.initial_max_streams_uni = 100;
  p.max_idle_timeout = 30 * NGTCP2_SECONDS;
  return p;
}

static ngtcp2_cid random_cid(void) {
  ngtcp2_cid cid = {.datalen = CID_LEN};
  RAND_bytes(cid.data, CID_LEN);
  return cid;
}

static void client_new(quic *q) {
  ngtcp2_cid scid = random_cid(), dcid = random_cid();
  dcid.datalen = NGTCP2_MIN_INITIAL_DCIDLEN;
  ngtcp2_settings settings = settings_of();
  ngtcp2_transport_params params = params_of(&q->options);
  params.initial_max_streams_bidi = 0;
  ngtcp2_path path = {{(ngtcp2_sockaddr *)&q->local, sizeof q->local},
                      {(ngtcp2_sockaddr *)&q->remote, sizeof q->remote},
                      NULL};
  if (ngtcp2_conn_client_new(&q->conn, &dcid, &scid, &path, NGTCP2_PROTO_VER_V1, &callbacks,
                             &settings, &params, NULL, q) != 0) {
    die("ngtcp2_conn_client_new");
  }
  quic_tls_client(&q->tls, &q->ref, &q->options);
  ngtcp2_conn_set_tls_native_handle(q->conn, q->tls.session);
}

bool quic_server_new(quic *q, const quic_certificates *certificates) {
  ngtcp2_pkt_hd head;
  if (ngtcp2_accept(&head, q->first.data, q->first.len) != 0) {
    return false;
  }
  ngtcp2_cid scid = random_cid();
  ngtcp2_settings settings = settings_of();
  ngtcp2_transport_params params = params_of(&q->options);
  params.original_dcid = head.dcid;
  params.original_dcid_present = 1;
  ngtcp2_path path = {{(ngtcp2_sockaddr *)&q->local, sizeof q->local},
                      {(ngtcp2_sockaddr *)&q->remote, sizeof q->remote},
                      NULL};
  if (ngtcp2_conn_server_new(&q->conn, &head.scid, &scid, &path, head.version, &callbacks,
                             &settings, &params, NULL, q) != 0) {
    die("ngtcp2_conn_server_new");
  }
  quic_tls_server(&q->tls, &q->ref, &q->options, certificates);
  ngtcp2_conn_set_tls_native_handle(q->conn, q->tls.session);
  return true;
}

bool quic_handshake(quic *q, char *out_reason, size_t size) {
  ngtcp2_tstamp deadline = in_ms(PATIENCE_MS);
  if (q->is_server) {
    read_packet(q, q->first.data, q->first.len);
  }
  while (!q->is_over && !q->is_complete && now_ns() < deadline) {
    turn(q, deadline);
  }
  if (q->is_over || !q->is_complete) {
    snprintf(out_reason, size, "%s (%lld)", q->reason, q->close_code);
  }
  return !q->is_over && q->is_complete;
}

quic *quic_connect(int port, const quic_options *options, char *out_reason, size_t size) {
  quic *q = quic_new(false, options);
  q->in_fd = q->out_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  q->remote = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  q->remote.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t len = sizeof q->local;
  if (q->in_fd < 0 || connect(q->in_fd, (struct sockaddr *)&q->remote, sizeof q->remote) != 0 ||
      getsockname(q->in_fd, (struct sockaddr *)&q->local, &len) != 0) {
    die("connect");
  }
  client_new(q);
  if (!quic_handshake(q, out_reason, size)) {
    quic_free(q);
    return NULL;
  }
  return q;
}

void quic_close(quic *q) {
  ngtcp2_ccerr error;
  if (!q->is_over) {
    ngtcp2_ccerr_default(&error);
    ngtcp2_ccerr_set_application_error(&error, H3_NO_ERROR, NULL, 0);
    send_close(q, &error);
    q->is_over = true;
  }
}

static void free_chunks(chunk *c) {
  while (c != NULL) {
    chunk *next = c->next;
    free(c->data);
    free(c);
    c = next;
  }
}

void quic_free(quic *q) {
  if (q->conn != NULL) {
    ngtcp2_conn_del(q->conn);
    quic_tls_clear(&q->tls);
  }
  free_chunks(q->unsent);
  free_chunks(q->sent);
  for (event_node *n = q->events; n != NULL;) {
    event_node *next = n->next;
    free(n->event.data);
    free(n);
    n = next;
  }
  bytes_clear(&q->first);
  free(q->acked);
  close(q->in_fd);
  free(q);
}

const char *quic_sni(const quic *q) {
  return q->tls.sni;
}

bool quic_is_secondary(const quic *q) {
  return q->tls.is_secondary;
}

bool quic_is_resumed(const quic *q) {
  return gnutls_session_is_resumed(q->tls.session) != 0;
}

exporter quic_exporter(const quic *q) {
  return quic_tls_exporter(&q->tls);
}

bool quic_take_session(quic *q, bytes *out) {
  ngtcp2_tstamp deadline = in_ms(PATIENCE_MS);
  while (!q->is_over && now_ns() < deadline &&
         (gnutls_session_get_flags(q->tls.session) & GNUTLS_SFLAGS_SESSION_TICKET) == 0) {
    turn(q, deadline);
  }
  gnutls_datum_t data;
  if (q->is_over || gnutls_session_get_data2(q->tls.session, &data) != 0) {
    return false;
  }
  bytes_put(out, data.data, data.size);
  gnutls_free(data.data);
  return true;
}

// ---- out ----------------------------------------------------------------------------------------

static void watch_acks(quic *q, int64_t stream) {
  q->acked = realloc(q->acked, (q->num_acked + 1) * sizeof *q->acked);
  if (q->acked == NULL) {
    die("realloc");
  }
  q->acked[q->num_acked++] = (acked){stream, 0};
}

int64_t quic_open(quic *q, bool is_uni) {
  ngtcp2_tstamp deadline = in_ms(is_uni ? UNI_PATIENCE_MS : PATIENCE_MS);
  int64_t stream;
  while (!q->is_over && now_ns() < deadline) {
    int rv = is_uni ? ngtcp2_conn_open_uni_stream(q->conn, &stream, NULL)
                    : ngtcp2_conn_open_bidi_stream(q->conn, &stream, NULL);
    if (rv == 0 && is_uni) {
      watch_acks(q, stream);
    }
    if (rv == 0) {
      return stream;
    }
    turn(q, deadline);
  }
  return -1;
}

static bool flush(quic *q) {
  ngtcp2_tstamp deadline = in_ms(PATIENCE_MS);
  write_packets(q);
  while (!q->is_over && q->unsent != NULL && now_ns() < deadline) {
    turn(q, deadline);
  }
  return !q->is_over && q->unsent == NULL;
}

bool quic_send(quic *q, int64_t stream, const void *data, size_t len, bool fin) {
  if (q->is_over || stream < 0 || (len == 0 && !fin)) {
    return !q->is_over && stream >= 0;
  }
  chunk *c = allocate(sizeof *c);
  *c = (chunk){.stream = stream, .data = allocate(len + 1), .len = len, .fin = fin};
  if (len > 0) {
    memcpy(c->data, data, len);
  }
  *q->unsent_end = c;
  q->unsent_end = &c->next;
  return q->is_held || flush(q);
}

void quic_hold(quic *q, bool is_held) {
  q->is_held = is_held;
  if (!is_held) {
    flush(q);
  }
}

bool quic_reset(quic *q, int64_t stream, uint64_t code) {
  return !q->is_over && stream >= 0 &&
         ngtcp2_conn_shutdown_stream_write(q->conn, 0, stream, code) == 0 &&
         (q->is_held || flush(q));
}

bool quic_stop(quic *q, int64_t stream, uint64_t code) {
  return !q->is_over && stream >= 0 &&
         ngtcp2_conn_shutdown_stream_read(q->conn, 0, stream, code) == 0 &&
         (q->is_held || flush(q));
}

void quic_update_keys(quic *q) {
  ngtcp2_tstamp deadline = in_ms(PATIENCE_MS);
  while (!q->is_over && ngtcp2_conn_initiate_key_update(q->conn, now_ns()) != 0) {
    if (now_ns() >= deadline) {
      die("key update");
    }
    turn(q, deadline);
  }
}

void quic_fall_silent(quic *q) {
  q->is_silent = true;
}

void quic_keep_alive(quic *q) {
  ngtcp2_conn_set_keep_alive_timeout(q->conn, 200 * NGTCP2_MILLISECONDS);
}

// ---- in -----------------------------------------------------------------------------------------

bool quic_next(quic *q, quic_event *out, int timeout_ms) {
  ngtcp2_tstamp deadline = in_ms(timeout_ms);
  for (bool is_first = true; q->events == NULL && !q->is_over; is_first = false) {
    if (!is_first && now_ns() >= deadline) {
      return false;
    }
    turn(q, deadline);
  }
  event_node *node = q->events;
  if (node == NULL) {
    return false;
  }
  *out = node->event;
  q->events = node->next;
  if (q->events == NULL) {
    q->events_end = &q->events;
  }
  free(node);
  return true;
}

static uint64_t acked_of(const quic *q, int64_t stream) {
  for (size_t i = 0; i < q->num_acked; i++) {
    if (q->acked[i].stream == stream) {
      return q->acked[i].len;
    }
  }
  return 0;
}

bool quic_await_ack(quic *q, int64_t stream, uint64_t len, int timeout_ms) {
  ngtcp2_tstamp deadline = in_ms(timeout_ms);
  while (!q->is_over && acked_of(q, stream) < len && now_ns() < deadline) {
    turn(q, deadline);
  }
  return acked_of(q, stream) >= len;
}

bool quic_is_over(const quic *q) {
  return q->is_over;
}

long long quic_close_code(const quic *q, bool *out_is_application) {
  *out_is_application = q->is_application;
  return q->close_code;
}

const char *quic_close_reason(const quic *q) {
  return q->reason;
}
