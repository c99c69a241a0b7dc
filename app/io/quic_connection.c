// One connection from its making to its end, and the functions of quic.h that act on one.
#include "io/quic_connection.h"

#include <stdlib.h>
#include <string.h>

// ---- making ------------------------------------------------------------------------------------

static void on_timer(struct ev_loop *ev, ev_timer *watcher, int events);

static ngtcp2_conn *conn_of(ngtcp2_crypto_conn_ref *ref) {
  return ((quic_connection *)ref->user_data)->ng;
}

quic_connection *quic_connection_alloc(quic_stack *stack) {
  quic_connection *c = calloc(1, sizeof *c);
  if (!c) {
    return NULL;
  }
  c->stack = stack;
  c->ref = (ngtcp2_crypto_conn_ref){conn_of, c};
  ev_init(&c->timer, on_timer);
  // Packets that have come are read before what time is up for: the process may have had no turn.
  ev_set_priority(&c->timer, EV_MINPRI);
  c->timer.data = c;
  c->next = stack->connections;
  if (c->next) {
    c->next->previous = c;
  }
  stack->connections = c;
  stack->num_connections++;
  c->is_handshaking = true;
  stack->num_handshakes++;
  c->stats.opened_ns = quic_stack_refresh(stack);
  return c;
}

void quic_connection_end_handshake(quic_connection *c) {
  if (c->is_handshaking) {
    c->is_handshaking = false;
    c->stack->num_handshakes--;
  }
}

bool quic_connection_add_tls(quic_connection *c, quic_tls_context *context, const char *server_name,
                             void *tls_user, app_error *err) {
  if (!quic_tls_new(&c->tls, context, &c->ref, server_name, tls_user, err)) {
    return false;
  }
  ngtcp2_conn_set_tls_native_handle(c->ng, quic_tls_native(c->tls));
  return true;
}

static codicil_span cid_span(const ngtcp2_cid *cid) {
  return codicil_span_of(cid->data, cid->datalen);
}

static void set_server_params(ngtcp2_transport_params *out, const quic_birth *birth) {
  out->original_dcid = birth->original_dcid ? *birth->original_dcid : birth->hd->dcid;
  out->original_dcid_present = 1;
  if (birth->original_dcid) {
    out->retry_scid = birth->hd->dcid;
    out->retry_scid_present = 1;
  }
  out->stateless_reset_token_present = 1;
}

static bool make_server(quic_connection *c, const quic_birth *birth) {
  quic_stack *stack = c->stack;
  ngtcp2_callbacks callbacks;
  ngtcp2_settings settings;
  ngtcp2_transport_params params;
  ngtcp2_cid scid;
  quic_path path = birth->in->path;
  ngtcp2_path view = quic_path_view(&path, birth->sock);
  quic_callbacks_init(&callbacks, c->is_server);
  quic_settings_init(&settings, c);
  quic_params_init(&params, c);
  set_server_params(&params, birth);
  settings.token = birth->hd->token;
  settings.tokenlen = birth->hd->tokenlen;
  settings.token_type = birth->token_type;
  quic_qlog_open(c, &settings, &params.original_dcid);
  return quic_ids_make(&stack->ids, &scid) &&
         ngtcp2_crypto_generate_stateless_reset_token(params.stateless_reset_token,
                                                      quic_shared_secret(stack->shared),
                                                      QUIC_SECRET_LEN, &scid) == 0 &&
         quic_id_table_add(&stack->table, &c->ids, cid_span(&scid), c) &&
         quic_id_table_add(&stack->table, &c->ids, cid_span(&birth->hd->dcid), c) &&
         ngtcp2_conn_server_new(&c->ng, &birth->hd->scid, &scid, &view, birth->hd->version,
                                &callbacks, &settings, &params, &stack->mem, c) == 0;
}

quic_connection *quic_connection_accept(quic_stack *stack, const quic_birth *birth) {
  app_error err;
  quic_connection *c = quic_connection_alloc(stack);
  if (!c) {
    return NULL;
  }
  c->is_server = true;
  if (!make_server(c, birth) || !quic_connection_add_tls(c, stack->tls, NULL, NULL, &err)) {
    quic_connection_free(c);
    return NULL;
  }
  return c;
}

// ---- freeing -----------------------------------------------------------------------------------

// It counts no more among those that live.
static void leave(quic_connection *c) {
  quic_stack *stack = c->stack;
  quic_connection_end_handshake(c);
  if (!c->previous && stack->connections != c) {
    return;
  }
  if (c->previous) {
    c->previous->next = c->next;
  } else {
    stack->connections = c->next;
  }
  if (c->next) {
    c->next->previous = c->previous;
  }
  c->previous = c->next = NULL;
  stack->num_connections--;
}

static void free_protocol(quic_connection *c) {
  ngtcp2_conn_del(c->ng);
  c->ng = NULL;
  quic_tls_free(c->tls);
  c->tls = NULL;
  quic_qlog_close(c);
}

void quic_connection_free(quic_connection *c) {
  leave(c);
  if (c->queue == &c->stack->buried) {
    c->stack->num_buried--;
  }
  quic_queue_remove(c);
  ev_timer_stop(c->stack->loop->ev, &c->timer);
  free_protocol(c);
  quic_id_table_remove_all(&c->stack->table, &c->ids);
  if (c->own) {
    quic_socket_clear(c->own);
    free(c->own);
  }
  free(c->server_name);
  free(c->close_packet);
  free(c);
}

void quic_discard(quic_connection *c) {
  quic_connection_free(c);
}

// ---- time --------------------------------------------------------------------------------------

static void start_timer(quic_connection *c, uint64_t at_ns) {
  struct ev_loop *ev = c->stack->loop->ev;
  uint64_t now = io_loop_now(c->stack->loop).mono_ns;
  // A timer that is too early finds nothing to do and is set again: never for want of a
  // microsecond.
  double after = at_ns > now ? (double)(at_ns - now) / 1e9 + 1e-6 : 0;
  ev_timer_stop(ev, &c->timer);
  ev_timer_set(&c->timer, after, 0.);
  ev_timer_start(ev, &c->timer);
  c->timer_at_ns = at_ns;
}

// One that is set for an earlier time is left alone: moving it with every packet costs more.
void quic_connection_set_timer(quic_connection *c) {
  enum { PATIENCE = 50 * NGTCP2_MILLISECONDS };
  uint64_t at = ngtcp2_conn_get_expiry(c->ng), now = quic_stack_now(c->stack);
  if (c->waits_for_socket && at < now + PATIENCE) {
    at = now + PATIENCE; // what is due cannot be sent; that it is idle is still to be noticed
  }
  if (at != UINT64_MAX && (!ev_is_active(&c->timer) || at < c->timer_at_ns)) {
    start_timer(c, at);
  }
}

static void on_timer(struct ev_loop *ev, ev_timer *watcher, int events) {
  (void)ev;
  (void)events;
  quic_connection *c = watcher->data;
  if (c->state >= QUIC_CLOSING) {
    quic_connection_free(c);
    return;
  }
  if (c->state == QUIC_ENDING) {
    return;
  }
  uint64_t now = quic_stack_now(c->stack);
  if (ngtcp2_conn_get_expiry(c->ng) > now) {
    quic_connection_set_timer(c);
    return;
  }
  int rv = ngtcp2_conn_handle_expiry(c->ng, now);
  if (rv != 0) {
    quic_connection_fail_ngtcp2(c, rv);
  } else if (c->waits_for_socket) {
    quic_connection_set_timer(c);
  } else {
    quic_wake(c);
  }
}

// ---- packets in --------------------------------------------------------------------------------

int quic_connection_read(quic_connection *c, quic_socket *sock, const quic_datagram *in) {
  quic_path path = in->path;
  ngtcp2_path view = quic_path_view(&path, sock);
  ngtcp2_pkt_info info = {.ecn = in->ecn};
  c->stats.octets_in += in->len;
  c->stats.packets_in++;
  int rv = ngtcp2_conn_read_pkt(c->ng, &view, &info, in->data, in->len, quic_stack_now(c->stack));
  if (!c->handler && (rv == NGTCP2_ERR_RETRY || rv == NGTCP2_ERR_DROP_CONN)) {
    quic_connection_free(c); // nobody knows of it, and its IDs are free for the next try
    return rv;
  }
  if (rv != 0) {
    quic_connection_fail_ngtcp2(c, rv);
    return rv;
  }
  quic_wake(c);
  if (c->is_server && c->is_handshaking) {
    quic_stack_write(c->stack);
  }
  return 0;
}

// ---- the end -----------------------------------------------------------------------------------

static void copy_printable(char *out, size_t out_len, const uint8_t *text, size_t len) {
  size_t n = len < out_len - 1 ? len : out_len - 1;
  for (size_t i = 0; i < n; i++) {
    bool is_printable = text[i] >= 0x20 && text[i] < 0x7f;
    out[i] = (char)(is_printable ? text[i] : (uint8_t)'?');
  }
  out[n] = '\0';
}

static void set_reason(quic_connection *c, const char *text) {
  if (text) {
    copy_printable(c->end.reason, sizeof c->end.reason, (const uint8_t *)text, strlen(text));
  }
}

// The owner's turn comes with the turn's end.
static void begin_end(quic_connection *c) {
  c->state = QUIC_ENDING;
  c->waits_for_socket = false;
  c->is_writing = false;
  ev_timer_stop(c->stack->loop->ev, &c->timer);
  quic_wake(c);
}

static void tell_transport(quic_connection *c, uint64_t code) {
  c->tells_peer = true;
  ngtcp2_ccerr_set_transport_error(&c->reason, code, (const uint8_t *)c->end.reason,
                                   strlen(c->end.reason));
}

void quic_connection_fail(quic_connection *c, quic_end_how how, uint64_t code, const char *reason) {
  if (c->state != QUIC_ALIVE) {
    return;
  }
  c->end = (quic_end){.how = how, .code = code};
  set_reason(c, reason);
  if (how == QUIC_END_TLS) {
    tell_transport(c, NGTCP2_CRYPTO_ERROR | code);
  } else if (how == QUIC_END_PROTOCOL || how == QUIC_END_LOCAL) {
    tell_transport(c, code);
  }
  begin_end(c);
}

static void end_by_peer(quic_connection *c) {
  if (c->was_stateless_reset) {
    quic_connection_fail(c, QUIC_END_RESET, 0, "stateless reset");
    return;
  }
  const ngtcp2_ccerr *reason = ngtcp2_conn_get_ccerr(c->ng);
  quic_connection_fail(c, QUIC_END_PEER, reason->error_code, NULL);
  c->end.is_application = reason->type == NGTCP2_CCERR_TYPE_APPLICATION;
  copy_printable(c->end.reason, sizeof c->end.reason, reason->reason, reason->reasonlen);
}

void quic_connection_fail_ngtcp2(quic_connection *c, int error) {
  if (c->state != QUIC_ALIVE) {
    return;
  }
  switch (error) {
  case NGTCP2_ERR_DRAINING:
    end_by_peer(c);
    break;
  case NGTCP2_ERR_CRYPTO:
    quic_connection_fail(c, QUIC_END_TLS, ngtcp2_conn_get_tls_alert(c->ng), "TLS handshake failed");
    break;
  case NGTCP2_ERR_IDLE_CLOSE:
    quic_connection_fail(c, QUIC_END_IDLE, 0, "idle timeout");
    break;
  case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
    quic_connection_fail(c, QUIC_END_HANDSHAKE, 0, "handshake timeout");
    break;
  case NGTCP2_ERR_RECV_VERSION_NEGOTIATION:
    quic_connection_fail(c, QUIC_END_VERSION, 0, "no QUIC version in common");
    break;
  default:
    quic_connection_fail(c, QUIC_END_PROTOCOL, ngtcp2_err_infer_quic_transport_error_code(error),
                         ngtcp2_strerror(error));
    if (error == NGTCP2_ERR_DROP_CONN || error == NGTCP2_ERR_RETRY) {
      c->tells_peer = false;
    }
  }
}

void quic_connection_keep_close(quic_connection *c, codicil_span packet) {
  if (!c->is_server) {
    return; // its socket goes, and with it whatever still comes (RFC 9000 §10.2)
  }
  c->close_packet = malloc(packet.len);
  if (c->close_packet) {
    memcpy(c->close_packet, packet.data, packet.len);
    c->close_len = packet.len;
    c->closing_answers_at = 1;
  }
}

// Those that are over cost their IDs and one packet each, and are no more than the living may be.
static void bury(quic_connection *c, uint64_t pto) {
  quic_stack *stack = c->stack;
  c->state = c->close_packet ? QUIC_CLOSING : QUIC_DRAINING;
  free_protocol(c);
  quic_queue_add(&stack->buried, c);
  stack->num_buried++;
  //= https://www.rfc-editor.org/rfc/rfc9000#section-10.2
  //# These states SHOULD persist
  //# for at least three times the current PTO interval as defined in
  //# [QUIC-RECOVERY].
  start_timer(c, quic_stack_now(stack) + 3 * pto);
  if (stack->num_buried > stack->config->max_connections) {
    quic_connection_free(stack->buried.first);
  }
}

void quic_connection_finish(quic_connection *c) {
  const quic_handler *handler = c->handler;
  bool is_known_to_peer = c->end.how == QUIC_END_PEER || c->close_packet;
  uint64_t pto = ngtcp2_conn_get_pto(c->ng);
  quic_queue_remove(c);
  leave(c);
  c->handler = NULL;
  if (handler) {
    handler->closed(c->user);
  }
  if (c->is_server && is_known_to_peer) {
    bury(c, pto);
  } else {
    quic_connection_free(c);
  }
}

void quic_connection_answer_buried(quic_connection *c, quic_socket *sock, const quic_datagram *in) {
  c->closing_in++;
  //= https://www.rfc-editor.org/rfc/rfc9000#section-10.2.1
  //# An endpoint SHOULD limit the rate at which it generates packets in the
  //# closing state.
  if (c->state != QUIC_CLOSING || c->closing_in < c->closing_answers_at ||
      c->close_len > 3 * in->len || quic_socket_is_blocked(sock)) {
    return;
  }
  c->closing_answers_at *= 2;
  quic_run run = {
      .socket = sock, .path = in->path, .segment = c->close_len, .at = 0, .len = c->close_len};
  quic_socket_send(sock, c->close_packet, &run, 1);
}

// ---- what the owner asks for -------------------------------------------------------------------

void quic_close(quic_connection *c, uint64_t code, const char *reason) {
  if (c->state != QUIC_ALIVE) {
    return;
  }
  c->end = (quic_end){.how = QUIC_END_LOCAL, .is_application = true, .code = code};
  set_reason(c, reason);
  c->tells_peer = true;
  ngtcp2_ccerr_set_application_error(&c->reason, code, (const uint8_t *)c->end.reason,
                                     strlen(c->end.reason));
  begin_end(c);
}

void quic_abort(quic_connection *c, const char *reason) {
  if (c->state == QUIC_ALIVE) {
    quic_connection_fail(c, QUIC_END_LOCAL, 0, reason);
    c->tells_peer = false;
  }
}

static bool is_alive(const quic_connection *c) {
  return c->state == QUIC_ALIVE && c->ng;
}

int64_t quic_open_bidi(quic_connection *c) {
  int64_t stream = -1;
  return is_alive(c) && ngtcp2_conn_open_bidi_stream(c->ng, &stream, NULL) == 0 ? stream : -1;
}

int64_t quic_open_uni(quic_connection *c) {
  int64_t stream = -1;
  return is_alive(c) && ngtcp2_conn_open_uni_stream(c->ng, &stream, NULL) == 0 ? stream : -1;
}

void quic_consume(quic_connection *c, int64_t stream, size_t len) {
  quic_consume_stream(c, stream, len);
  quic_consume_connection(c, len);
}

void quic_consume_stream(quic_connection *c, int64_t stream, size_t len) {
  if (is_alive(c)) {
    (void)ngtcp2_conn_extend_max_stream_offset(c->ng, stream, len);
    quic_wake(c);
  }
}

void quic_consume_connection(quic_connection *c, size_t len) {
  if (is_alive(c)) {
    ngtcp2_conn_extend_max_offset(c->ng, len);
    quic_wake(c);
  }
}

void quic_reset_stream(quic_connection *c, int64_t stream, uint64_t code) {
  if (is_alive(c)) {
    (void)ngtcp2_conn_shutdown_stream_write(c->ng, 0, stream, code);
    quic_wake(c);
  }
}

void quic_stop_stream(quic_connection *c, int64_t stream, uint64_t code) {
  if (is_alive(c)) {
    (void)ngtcp2_conn_shutdown_stream_read(c->ng, 0, stream, code);
    quic_wake(c);
  }
}

void quic_shutdown_stream(quic_connection *c, int64_t stream, uint64_t code) {
  if (is_alive(c)) {
    (void)ngtcp2_conn_shutdown_stream(c->ng, 0, stream, code);
    quic_wake(c);
  }
}

void quic_extend_streams(quic_connection *c) {
  if (is_alive(c)) {
    ngtcp2_conn_extend_max_streams_bidi(c->ng, 1);
    quic_wake(c);
  }
}

// ---- what the owner may know -------------------------------------------------------------------

quic_tls *quic_connection_tls(const quic_connection *c) {
  return c->tls;
}

bool quic_is_ready(const quic_connection *c) {
  return c->is_ready;
}

const quic_end *quic_connection_end(const quic_connection *c) {
  return &c->end;
}

void quic_connection_path(const quic_connection *c, io_address *out_local, io_address *out_remote) {
  const ngtcp2_path *path = ngtcp2_conn_get_path(c->ng);
  quic_sockaddr_to_address((const ngtcp2_sockaddr_union *)(const void *)path->local.addr,
                           out_local);
  quic_sockaddr_to_address((const ngtcp2_sockaddr_union *)(const void *)path->remote.addr,
                           out_remote);
}

void quic_connection_stats(const quic_connection *c, quic_stats *out) {
  ngtcp2_conn_info info;
  ngtcp2_conn_get_conn_info(c->ng, &info);
  *out = c->stats;
  out->smoothed_rtt_ns = info.smoothed_rtt;
}
