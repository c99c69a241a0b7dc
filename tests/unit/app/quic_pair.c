// Two connections of ngtcp2 over memory: see quic_pair.h.
#include "quic_pair.h"

#include "cmocka_test.h"

#include <dlfcn.h>
#include <netinet/in.h>
#include <openssl/rand.h>
#include <string.h>

enum { CID_LEN = 8, MS = 1000000, MESSAGE_MAX = 4096 };
enum { CLIENT_HELLO = 1, ENCRYPTED_EXTENSIONS = 8 };

static ngtcp2_conn *conn_of(ngtcp2_crypto_conn_ref *ref) {
  const quic_side *side = ref->user_data;
  return side->conn;
}

void quic_pair_init(quic_pair *pair) {
  memset(pair, 0, sizeof *pair);
  pair->now_ns = 1;
  pair->client.pair = pair->server.pair = pair;
  pair->client.ref = (ngtcp2_crypto_conn_ref){conn_of, &pair->client};
  pair->server.ref = (ngtcp2_crypto_conn_ref){conn_of, &pair->server};
}

static void fill(uint8_t *out, size_t len, const ngtcp2_rand_ctx *ctx) {
  (void)ctx;
  assert_int_equal(RAND_bytes(out, (int)len), 1);
}

static int new_cid(ngtcp2_conn *conn, ngtcp2_cid *cid, uint8_t *token, size_t len, void *user) {
  (void)conn, (void)user;
  fill(cid->data, len, NULL);
  cid->datalen = len;
  fill(token, NGTCP2_STATELESS_RESET_TOKENLEN, NULL);
  return 0;
}

// Asks for the exporter in the middle of the handshake, as an impatient application would.
static int on_key(ngtcp2_conn *conn, ngtcp2_encryption_level level, void *user) {
  (void)conn;
  quic_side *side = user;
  side->has_1rtt_key = side->has_1rtt_key || level == NGTCP2_ENCRYPTION_LEVEL_1RTT;
  if (side->tls != NULL && !side->is_complete) {
    codicil_tls *tls;
    codicil_err err = quic_tls_exporter(&tls, side->tls);
    side->num_early_exports++;
    if (err != CODICIL_NOT_READY && side->early_export == CODICIL_NOT_READY) {
      side->early_export = err;
    }
  }
  return 0;
}

static int on_complete(ngtcp2_conn *conn, void *user) {
  (void)conn;
  ((quic_side *)user)->is_complete = true;
  return 0;
}

static ngtcp2_callbacks callbacks(void) {
  return (ngtcp2_callbacks){
      .client_initial = ngtcp2_crypto_client_initial_cb,
      .recv_client_initial = ngtcp2_crypto_recv_client_initial_cb,
      .recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
      .encrypt = ngtcp2_crypto_encrypt_cb,
      .decrypt = ngtcp2_crypto_decrypt_cb,
      .hp_mask = ngtcp2_crypto_hp_mask_cb,
      .recv_retry = ngtcp2_crypto_recv_retry_cb,
      .rand = fill,
      .get_new_connection_id = new_cid,
      .update_key = ngtcp2_crypto_update_key_cb,
      .delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
      .delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
      .get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
      .version_negotiation = ngtcp2_crypto_version_negotiation_cb,
      .handshake_completed = on_complete,
      .recv_rx_key = on_key,
      .recv_tx_key = on_key,
  };
}

// One path, from and to the same address; nothing is sent there.
static struct sockaddr_in address = {.sin_family = AF_INET};
static const ngtcp2_path only_path = {
    .local = {(ngtcp2_sockaddr *)&address, sizeof address},
    .remote = {(ngtcp2_sockaddr *)&address, sizeof address},
};

static void make_cid(ngtcp2_cid *cid) {
  cid->datalen = CID_LEN;
  fill(cid->data, CID_LEN, NULL);
}

static void settings_of(ngtcp2_settings *settings, ngtcp2_transport_params *params,
                        const quic_pair *pair) {
  ngtcp2_settings_default(settings);
  settings->initial_ts = pair->now_ns;
  ngtcp2_transport_params_default(params);
  params->initial_max_streams_bidi = params->initial_max_streams_uni = 3;
  params->initial_max_data = params->initial_max_stream_data_bidi_local = 1 << 16;
  params->initial_max_stream_data_bidi_remote = params->initial_max_stream_data_uni = 1 << 16;
}

void quic_pair_client(quic_pair *pair, quic_tls *tls, void *native) {
  quic_side *side = &pair->client;
  ngtcp2_settings settings;
  ngtcp2_transport_params params;
  ngtcp2_cid dcid, scid;
  ngtcp2_callbacks calls = callbacks();
  make_cid(&dcid);
  make_cid(&scid);
  settings_of(&settings, &params, pair);
  assert_int_equal(ngtcp2_conn_client_new(&side->conn, &dcid, &scid, &only_path,
                                          NGTCP2_PROTO_VER_V1, &calls, &settings, &params, NULL,
                                          side),
                   0);
  side->tls = tls;
  side->early_export = CODICIL_NOT_READY;
  ngtcp2_conn_set_tls_native_handle(side->conn, tls != NULL ? quic_tls_native(tls) : native);
}

static void make_server(quic_pair *pair, quic_tls *tls, const uint8_t *packet, size_t len) {
  quic_side *side = &pair->server;
  ngtcp2_version_cid ids;
  ngtcp2_settings settings;
  ngtcp2_transport_params params;
  ngtcp2_cid dcid, scid;
  ngtcp2_callbacks calls = callbacks();
  assert_int_equal(ngtcp2_pkt_decode_version_cid(&ids, packet, len, CID_LEN), 0);
  ngtcp2_cid_init(&dcid, ids.scid, ids.scidlen);
  make_cid(&scid);
  settings_of(&settings, &params, pair);
  ngtcp2_cid_init(&params.original_dcid, ids.dcid, ids.dcidlen);
  params.original_dcid_present = 1;
  assert_int_equal(ngtcp2_conn_server_new(&side->conn, &dcid, &scid, &only_path, ids.version,
                                          &calls, &settings, &params, NULL, side),
                   0);
  side->tls = tls;
  side->early_export = CODICIL_NOT_READY;
  ngtcp2_conn_set_tls_native_handle(side->conn,
                                    tls != NULL ? quic_tls_native(tls) : pair->server_native);
}

// ---- a side that hides its parameters -----------------------------------------------------------

static _Thread_local quic_pair *current; // whose packets are carried

// Where the extensions of a message begin, after their length.
static size_t extensions_of(const uint8_t *p) {
  size_t at = 4;
  if (p[0] == CLIENT_HELLO) {
    at += 2 + 32;
    at += 1u + p[at];                            // session id
    at += 2u + ((size_t)p[at] << 8 | p[at + 1]); // suites
    at += 1u + p[at];                            // compression
  }
  return at + 2;
}

// Gives the extension a type that nobody knows.
static void hide_parameters(uint8_t *message, size_t len) {
  if (message[0] != CLIENT_HELLO && message[0] != ENCRYPTED_EXTENSIONS) {
    return;
  }
  uint8_t *p = message;
  for (size_t at = extensions_of(p); at + 4 <= len;
       at += 4u + ((size_t)p[at + 2] << 8 | p[at + 3])) {
    if (p[at] == 0 && p[at + 1] == NGTCP2_TLSEXT_QUIC_TRANSPORT_PARAMETERS_V1) {
      p[at] = 0xee;
    }
  }
}

// Stands in front of ngtcp2's: what TLS sends passes here.
__attribute__((visibility("default"))) int ngtcp2_conn_submit_crypto_data(
    ngtcp2_conn *conn, ngtcp2_encryption_level level, const uint8_t *data, size_t len) {
  int (*submit)(ngtcp2_conn *, ngtcp2_encryption_level, const uint8_t *, size_t);
  uint8_t copy[MESSAGE_MAX];
  *(void **)&submit = dlsym(RTLD_NEXT, "ngtcp2_conn_submit_crypto_data");
  const quic_side *side = conn == current->client.conn ? &current->client : &current->server;
  if (!side->hides_parameters || len > sizeof copy) {
    return submit(conn, level, data, len);
  }
  memcpy(copy, data, len);
  hide_parameters(copy, len);
  return submit(conn, level, copy, len);
}

// The same for keys of early data: GnuTLS gives them to a client again after a HelloRetryRequest.
__attribute__((visibility("default"))) int ngtcp2_conn_install_0rtt_key(
    ngtcp2_conn *conn, const ngtcp2_crypto_aead_ctx *aead, const uint8_t *iv, size_t iv_len,
    const ngtcp2_crypto_cipher_ctx *hp) {
  int (*install)(ngtcp2_conn *, const ngtcp2_crypto_aead_ctx *, const uint8_t *, size_t,
                 const ngtcp2_crypto_cipher_ctx *);
  *(void **)&install = dlsym(RTLD_NEXT, "ngtcp2_conn_install_0rtt_key");
  bool *has_key = conn == current->client.conn ? &current->client.has_0rtt_key : NULL;
  if (has_key != NULL && *has_key) {
    ngtcp2_crypto_delete_crypto_aead_ctx_cb(conn, (ngtcp2_crypto_aead_ctx *)(uintptr_t)aead, NULL);
    ngtcp2_crypto_delete_crypto_cipher_ctx_cb(conn, (ngtcp2_crypto_cipher_ctx *)(uintptr_t)hp,
                                              NULL);
    return 0;
  }
  if (has_key != NULL) {
    *has_key = true;
  }
  return install(conn, aead, iv, iv_len, hp);
}

// ---- carrying packets ---------------------------------------------------------------------------

// A side whose TLS failed says so in a CONNECTION_CLOSE, which is not carried.
static bool is_over(const quic_side *side) {
  return quic_side_alert(side) != 0 || ngtcp2_conn_in_draining_period(side->conn) != 0;
}

static void receive(quic_pair *pair, quic_side *to, quic_tls *server_tls, const uint8_t *packet,
                    size_t len) {
  ngtcp2_pkt_info info = {0};
  if (to->conn == NULL) {
    make_server(pair, server_tls, packet, len);
  }
  (void)ngtcp2_conn_read_pkt(to->conn, &only_path, &info, packet, len, pair->now_ns);
}

void quic_pair_replay(quic_pair *pair, const quic_pair *from, quic_tls *server_tls) {
  current = pair;
  for (size_t i = 0; i < from->num_first; i++) {
    receive(pair, &pair->server, server_tls, from->first[i], from->first_len[i]);
  }
}

unsigned quic_pair_carry(quic_pair *pair, quic_side *from, quic_tls *server_tls, unsigned max) {
  quic_side *to = from == &pair->client ? &pair->server : &pair->client;
  unsigned num = 0;
  current = pair;
  for (; num < max; num++) {
    uint8_t packet[QUIC_PAIR_PACKET_MAX];
    ngtcp2_path_storage path;
    ngtcp2_pkt_info info = {0};
    ngtcp2_path_storage_zero(&path);
    ngtcp2_ssize len =
        ngtcp2_conn_write_pkt(from->conn, &path.path, &info, packet, sizeof packet, pair->now_ns);
    if (len <= 0) {
      break;
    }
    if (from == &pair->client && pair->num_first < QUIC_PAIR_FIRST_MAX &&
        (to->conn == NULL || !to->has_1rtt_key)) {
      memcpy(pair->first[pair->num_first], packet, (size_t)len);
      pair->first_len[pair->num_first++] = (size_t)len;
    }
    receive(pair, to, server_tls, packet, (size_t)len);
    if (is_over(to)) {
      break;
    }
  }
  return num;
}

void quic_pair_run(quic_pair *pair, quic_tls *server_tls) {
  for (int i = 0; i < 50; i++) {
    pair->now_ns += MS;
    unsigned num = quic_pair_carry(pair, &pair->client, server_tls, 100);
    if (pair->server.conn == NULL || is_over(&pair->client) || is_over(&pair->server)) {
      return;
    }
    num += quic_pair_carry(pair, &pair->server, server_tls, 100);
    if (num == 0 || is_over(&pair->client)) {
      return;
    }
  }
  fail_msg("packets without end");
}

unsigned quic_side_alert(const quic_side *side) {
  return side->conn != NULL ? ngtcp2_conn_get_tls_alert(side->conn) : 0;
}

void quic_pair_clear(quic_pair *pair) {
  ngtcp2_conn_del(pair->client.conn);
  ngtcp2_conn_del(pair->server.conn);
  pair->client.conn = pair->server.conn = NULL;
}
