// ngtcp2's callbacks, and what a connection is set up with.
#include <string.h>

#include "io/clock.h"
#include "io/quic_connection.h"

// The owner hears nothing after it closed, and nothing before it took the connection.
static bool is_heard(const quic_connection *c) {
  return c->state == QUIC_ALIVE && c->handler;
}

// ---- handshake ---------------------------------------------------------------------------------

// The owner is asked when the first packet of the client has proved to be one: not before.
static bool is_accepted(quic_connection *c) {
  quic_stack *stack = c->stack;
  if (c->handler) {
    return true;
  }
  if (c->state == QUIC_ALIVE && stack->accept(stack->accept_user, c, &c->handler, &c->user)) {
    return true;
  }
  c->handler = NULL;
  quic_connection_fail(c, QUIC_END_LOCAL, NGTCP2_CONNECTION_REFUSED, NULL);
  return false;
}

static int recv_crypto_data(ngtcp2_conn *ng, ngtcp2_encryption_level level, uint64_t offset,
                            const uint8_t *data, size_t len, void *user) {
  if (!is_accepted(user)) {
    return NGTCP2_ERR_CALLBACK_FAILURE;
  }
  return ngtcp2_crypto_recv_crypto_data_cb(ng, level, offset, data, len, user);
}

static int recv_tx_key(ngtcp2_conn *ng, ngtcp2_encryption_level level, void *user) {
  (void)ng;
  quic_connection *c = user;
  if (level == NGTCP2_ENCRYPTION_LEVEL_1RTT && is_heard(c)) {
    c->handler->start(c->user);
  }
  return 0;
}

// A token for the client's next connection.
static void give_token(quic_connection *c, const ngtcp2_path *path) {
  uint8_t token[NGTCP2_CRYPTO_MAX_REGULAR_TOKENLEN];
  ngtcp2_tstamp now = (ngtcp2_tstamp)io_clock_now().unix_s * NGTCP2_SECONDS;
  ngtcp2_ssize len = ngtcp2_crypto_generate_regular_token(
      token, quic_shared_secret(c->stack->shared), QUIC_SECRET_LEN, path->remote.addr,
      path->remote.addrlen, now);
  if (len > 0) {
    (void)ngtcp2_conn_submit_new_token(c->ng, token, (size_t)len);
  }
}

static int handshake_completed(ngtcp2_conn *ng, void *user) {
  quic_connection *c = user;
  c->is_ready = true;
  c->stats.ready_ns = quic_stack_now(c->stack);
  quic_connection_end_handshake(c);
  if (!quic_tls_speaks_h3(c->tls)) {
    //= https://www.rfc-editor.org/rfc/rfc9001#section-8.1
    //# When using ALPN, endpoints MUST immediately close a connection (see
    //# Section 10.2 of [QUIC-TRANSPORT]) with a no_application_protocol TLS
    //# alert (QUIC error code 0x0178; see Section 4.8) if an application
    //# protocol is not negotiated.
    enum { NO_APPLICATION_PROTOCOL = 120 };
    quic_connection_fail(c, QUIC_END_TLS, NO_APPLICATION_PROTOCOL, "no application protocol");
    return NGTCP2_ERR_CALLBACK_FAILURE;
  }
  if (c->is_server) {
    give_token(c, ngtcp2_conn_get_path(ng));
  } else if (is_heard(c)) {
    c->handler->start(c->user);
  }
  if (is_heard(c)) {
    c->handler->ready(c->user);
  }
  return 0;
}

static int path_validation(ngtcp2_conn *ng, uint32_t flags, const ngtcp2_path *path,
                           const ngtcp2_path *old_path, ngtcp2_path_validation_result result,
                           void *user) {
  (void)ng;
  (void)old_path;
  quic_connection *c = user;
  if (c->is_server && result == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS &&
      (flags & NGTCP2_PATH_VALIDATION_FLAG_NEW_TOKEN)) {
    give_token(c, path);
  }
  return 0;
}

static int recv_new_token(ngtcp2_conn *ng, const uint8_t *token, size_t len, void *user) {
  (void)ng;
  quic_token_keep(user, codicil_span_of(token, len));
  return 0;
}

static int recv_stateless_reset(ngtcp2_conn *ng, const ngtcp2_pkt_stateless_reset *reset,
                                void *user) {
  (void)ng;
  (void)reset;
  ((quic_connection *)user)->was_stateless_reset = true;
  return 0;
}

// ---- streams -----------------------------------------------------------------------------------

static int recv_stream_data(ngtcp2_conn *ng, uint32_t flags, int64_t stream, uint64_t offset,
                            const uint8_t *data, size_t len, void *user, void *stream_user) {
  (void)ng;
  (void)offset;
  (void)stream_user;
  quic_connection *c = user;
  if (is_heard(c)) {
    c->handler->received(c->user, stream, codicil_span_of(data, len),
                         (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0);
  }
  return 0;
}

static int acked_stream_data_offset(ngtcp2_conn *ng, int64_t stream, uint64_t offset, uint64_t len,
                                    void *user, void *stream_user) {
  (void)ng;
  (void)offset;
  (void)stream_user;
  quic_connection *c = user;
  if (is_heard(c)) {
    c->handler->acked(c->user, stream, len);
  }
  return 0;
}

static int stream_close(ngtcp2_conn *ng, uint32_t flags, int64_t stream, uint64_t code, void *user,
                        void *stream_user) {
  (void)ng;
  quic_connection *c = user;
  quic_stream_unblock(c, stream, stream_user);
  if (is_heard(c)) {
    bool has_code = (flags & NGTCP2_STREAM_CLOSE_FLAG_APP_ERROR_CODE_SET) != 0;
    c->handler->stream_closed(c->user, stream, has_code, has_code ? code : 0);
  }
  return 0;
}

static int stream_reset(ngtcp2_conn *ng, int64_t stream, uint64_t final_size, uint64_t code,
                        void *user, void *stream_user) {
  (void)ng;
  (void)final_size;
  (void)stream_user;
  quic_connection *c = user;
  if (is_heard(c)) {
    c->handler->was_reset(c->user, stream, code);
  }
  return 0;
}

static int extend_max_stream_data(ngtcp2_conn *ng, int64_t stream, uint64_t max_data, void *user,
                                  void *stream_user) {
  (void)ng;
  (void)max_data;
  quic_connection *c = user;
  if (quic_stream_unblock(c, stream, stream_user) && is_heard(c)) {
    c->handler->writable(c->user, stream);
  }
  return 0;
}

static int extend_max_local_streams_bidi(ngtcp2_conn *ng, uint64_t max_streams, void *user) {
  (void)ng;
  (void)max_streams;
  quic_connection *c = user;
  if (is_heard(c) && c->handler->more_streams) {
    c->handler->more_streams(c->user);
  }
  return 0;
}

// ---- randomness and IDs ------------------------------------------------------------------------

static void fill(uint8_t *out, size_t len, const ngtcp2_rand_ctx *ctx) {
  (void)ctx;
  codicil_random random = io_random();
  if (!random.fill(random.ctx, out, len)) {
    memset(out, 0, len); // greasing, which nobody depends on
  }
}

static int get_new_connection_id(ngtcp2_conn *ng, ngtcp2_cid *cid, uint8_t *token, size_t len,
                                 void *user) {
  (void)ng;
  quic_connection *c = user;
  quic_stack *stack = c->stack;
  codicil_random random = io_random();
  if (!c->is_server) {
    cid->datalen = len;
    return random.fill(random.ctx, cid->data, len) &&
                   random.fill(random.ctx, token, NGTCP2_STATELESS_RESET_TOKENLEN)
               ? 0
               : NGTCP2_ERR_CALLBACK_FAILURE;
  }
  if (!quic_ids_make(&stack->ids, cid) ||
      ngtcp2_crypto_generate_stateless_reset_token(token, quic_shared_secret(stack->shared),
                                                   QUIC_SECRET_LEN, cid) != 0 ||
      !quic_id_table_add(&stack->table, &c->ids, codicil_span_of(cid->data, cid->datalen), c)) {
    return NGTCP2_ERR_CALLBACK_FAILURE;
  }
  return 0;
}

static int remove_connection_id(ngtcp2_conn *ng, const ngtcp2_cid *cid, void *user) {
  (void)ng;
  quic_connection *c = user;
  quic_id_table_remove(&c->stack->table, &c->ids, codicil_span_of(cid->data, cid->datalen));
  return 0;
}

// ---- set up ------------------------------------------------------------------------------------

#define SHARED_CALLBACKS                                                                        \
  .recv_crypto_data = recv_crypto_data, .handshake_completed = handshake_completed,             \
  .encrypt = ngtcp2_crypto_encrypt_cb, .decrypt = ngtcp2_crypto_decrypt_cb,                     \
  .hp_mask = ngtcp2_crypto_hp_mask_cb, .recv_stream_data = recv_stream_data,                    \
  .acked_stream_data_offset = acked_stream_data_offset, .stream_close = stream_close,           \
  .recv_stateless_reset = recv_stateless_reset,                                                 \
  .extend_max_local_streams_bidi = extend_max_local_streams_bidi, .rand = fill,                 \
  .get_new_connection_id = get_new_connection_id, .remove_connection_id = remove_connection_id, \
  .update_key = ngtcp2_crypto_update_key_cb, .path_validation = path_validation,                \
  .stream_reset = stream_reset, .extend_max_stream_data = extend_max_stream_data,               \
  .delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,                            \
  .delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,                        \
  .get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,                          \
  .version_negotiation = ngtcp2_crypto_version_negotiation_cb

// Told by newer versions only: see quic_stops.c.
int quic_on_stop(quic_connection *c, int64_t stream, uint64_t code) {
  if (is_heard(c)) {
    c->handler->was_stopped(c->user, stream, code);
  }
  return 0;
}

static const ngtcp2_callbacks server_callbacks = {
    SHARED_CALLBACKS,
    .recv_client_initial = ngtcp2_crypto_recv_client_initial_cb,
    .recv_tx_key = recv_tx_key,
};

static const ngtcp2_callbacks client_callbacks = {
    SHARED_CALLBACKS,
    .client_initial = ngtcp2_crypto_client_initial_cb,
    .recv_retry = ngtcp2_crypto_recv_retry_cb,
    .recv_new_token = recv_new_token,
};

void quic_callbacks_init(ngtcp2_callbacks *out, bool is_server) {
  *out = is_server ? server_callbacks : client_callbacks;
  quic_hear_stops(out);
}

// What the path may take, without IPv6's and UDP's headers, in the order of trying (RFC 8899): as
// Ethernet, jumbo frames; else PPPoE, tunnels, IPv6's least. What is longer than one that failed is
// not tried.
static const uint16_t path_probes[] = {1500 - 48, 9000 - 48, 1492 - 48,
                                       1454 - 48, 1390 - 48, 1280 - 48};
enum { LONGEST_PROBE = 9000 - 48 };

void quic_settings_init(ngtcp2_settings *out, quic_connection *c) {
  ngtcp2_settings_default(out);
  out->pmtud_probes = path_probes;
  out->pmtud_probeslen = sizeof path_probes / sizeof path_probes[0];
  out->max_tx_udp_payload_size = LONGEST_PROBE;
  out->initial_ts = quic_stack_refresh(c->stack);
  out->handshake_timeout = c->stack->config->handshake_ms * NGTCP2_MILLISECONDS;
}

void quic_params_init(ngtcp2_transport_params *out, const quic_connection *c) {
  // HTTP/3's control and QPACK streams, and some that the peer opens for exercise.
  enum { UNI_STREAMS = 16, CONNECTION_IDS = 7 };
  const quic_config *config = c->stack->config;
  ngtcp2_transport_params_default(out);
  out->initial_max_stream_data_bidi_local = config->stream_window;
  out->initial_max_stream_data_bidi_remote = config->stream_window;
  out->initial_max_stream_data_uni = config->stream_window;
  out->initial_max_data = config->connection_window;
  out->initial_max_streams_bidi = config->max_streams;
  out->initial_max_streams_uni = UNI_STREAMS;
  out->max_idle_timeout = config->idle_ms * NGTCP2_MILLISECONDS;
  out->active_connection_id_limit = CONNECTION_IDS;
  out->grease_quic_bit = 1;
}
