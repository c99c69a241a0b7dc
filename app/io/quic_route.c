// Whose a datagram is: a connection's of this worker, another worker's, a new client's, nobody's.
#include "io/quic_route.h"

#include "io/clock.h"
#include "io/quic_connection.h"

// A connection ID of ours and the least that an AEAD leaves of a packet (RFC 9001 §5.4.2): what is
// shorter is no packet to us.
enum { LEAST_LEN = 1 + 20 };

bool quic_head_read(quic_head *out, codicil_span datagram) {
  ngtcp2_version_cid v = {0};
  if (datagram.len < LEAST_LEN) {
    return false;
  }
  int rv = ngtcp2_pkt_decode_version_cid(&v, datagram.data, datagram.len, QUIC_CID_LEN);
  bool is_long = (datagram.data[0] & 0x80) != 0;
  if ((rv != 0 && rv != NGTCP2_ERR_VERSION_NEGOTIATION) || (is_long && v.version == 0)) {
    return false; // a Version Negotiation packet is for clients
  }
  *out = (quic_head){.is_long = is_long,
                     .is_unknown_version = rv != 0,
                     .version = v.version,
                     .dcid = codicil_span_of(v.dcid, v.dcidlen),
                     .scid = codicil_span_of(v.scid, v.scidlen)};
  return true;
}

// ---- new clients -------------------------------------------------------------------------------

enum { RETRY_LIFE_S = 10, TOKEN_LIFE_S = 3600 };

typedef enum verdict { PROVEN, UNPROVEN, FORGED } verdict;

static ngtcp2_tstamp wall_clock(void) {
  return (ngtcp2_tstamp)io_clock_now().unix_s * NGTCP2_SECONDS;
}

static verdict check_retry(const quic_stack *stack, quic_birth *birth, ngtcp2_cid *original) {
  const ngtcp2_sockaddr_union *remote = &birth->in->path.remote;
  int rv = ngtcp2_crypto_verify_retry_token2(
      original, birth->hd->token, birth->hd->tokenlen, quic_shared_secret(stack->shared),
      QUIC_SECRET_LEN, birth->hd->version, &remote->sa, quic_sockaddr_len(remote), &birth->hd->dcid,
      RETRY_LIFE_S * NGTCP2_SECONDS, wall_clock());
  if (rv != 0) {
    // Not ours at all, as after a restart: as if there were none.
    return rv == NGTCP2_CRYPTO_ERR_VERIFY_TOKEN ? FORGED : UNPROVEN;
  }
  birth->original_dcid = original;
  birth->token_type = NGTCP2_TOKEN_TYPE_RETRY;
  return PROVEN;
}

static verdict check_regular(const quic_stack *stack, quic_birth *birth) {
  const ngtcp2_sockaddr_union *remote = &birth->in->path.remote;
  if (ngtcp2_crypto_verify_regular_token(birth->hd->token, birth->hd->tokenlen,
                                         quic_shared_secret(stack->shared), QUIC_SECRET_LEN,
                                         &remote->sa, quic_sockaddr_len(remote),
                                         TOKEN_LIFE_S * NGTCP2_SECONDS, wall_clock()) != 0) {
    return UNPROVEN;
  }
  birth->token_type = NGTCP2_TOKEN_TYPE_NEW_TOKEN;
  return PROVEN;
}

static verdict check_token(const quic_stack *stack, quic_birth *birth, ngtcp2_cid *original) {
  birth->token_type = NGTCP2_TOKEN_TYPE_UNKNOWN;
  if (birth->hd->tokenlen == 0) {
    return UNPROVEN;
  }
  switch (birth->hd->token[0]) {
  case NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY2:
    return check_retry(stack, birth, original);
  case NGTCP2_CRYPTO_TOKEN_MAGIC_REGULAR:
    return check_regular(stack, birth);
  default:
    return UNPROVEN;
  }
}

static void give_birth(quic_stack *stack, const quic_birth *birth) {
  quic_connection *c = quic_connection_accept(stack, birth);
  if (!c) {
    return;
  }
  if (quic_connection_read(c, birth->sock, birth->in) == NGTCP2_ERR_RETRY) {
    quic_answer_retry(stack, birth->sock, birth->in, birth->hd);
  }
}

static void on_first_packet(quic_stack *stack, quic_socket *sock, const quic_datagram *in,
                            ngtcp2_pkt_hd *hd) {
  ngtcp2_cid original;
  quic_birth birth = {.sock = sock, .in = in, .hd = hd};
  verdict v = check_token(stack, &birth, &original);
  if (v == FORGED || (birth.token_type != NGTCP2_TOKEN_TYPE_RETRY &&
                      hd->dcid.datalen < NGTCP2_MIN_INITIAL_DCIDLEN)) {
    //= https://www.rfc-editor.org/rfc/rfc9000#section-8.1.2
    //# Instead, the
    //# server SHOULD immediately close (Section 10.2) the connection with an
    //# INVALID_TOKEN error.
    quic_answer_close(stack, sock, in, hd, NGTCP2_INVALID_TOKEN);
  } else if (!stack->is_accepting || stack->num_connections >= stack->config->max_connections) {
    quic_answer_close(stack, sock, in, hd, NGTCP2_CONNECTION_REFUSED);
  } else if (v == UNPROVEN && stack->num_handshakes >= stack->config->retry_from) {
    quic_answer_retry(stack, sock, in, hd);
  } else {
    if (v == UNPROVEN) {
      hd->token = NULL;
      hd->tokenlen = 0;
    }
    give_birth(stack, &birth);
  }
}

// ---- routing -----------------------------------------------------------------------------------

static void on_stray(quic_stack *stack, quic_socket *sock, const quic_datagram *in,
                     const quic_head *head) {
  ngtcp2_pkt_hd hd;
  size_t worker = stack->index;
  bool is_ours = quic_ids_read(&stack->ids, &worker, head->dcid);
  if (is_ours && worker != stack->index) {
    (void)quic_shared_post(stack->shared, worker, in);
  } else if (!head->is_long) {
    if (is_ours) {
      quic_answer_reset(stack, sock, in, head->dcid);
    }
  } else if (ngtcp2_accept(&hd, in->data, in->len) == 0) {
    on_first_packet(stack, sock, in, &hd);
  }
}

void quic_stack_receive(void *user, quic_socket *sock, const quic_datagram *in) {
  quic_stack *stack = user;
  quic_head head;
  if (!quic_head_read(&head, codicil_span_of(in->data, in->len))) {
    return;
  }
  if (head.is_unknown_version) {
    quic_answer_version(stack, sock, in, head.dcid, head.scid);
    return;
  }
  quic_connection *c = quic_id_table_find(&stack->table, head.dcid);
  if (!c) {
    on_stray(stack, sock, in, &head);
  } else if (c->state == QUIC_ALIVE) {
    (void)quic_connection_read(c, sock, in);
  } else if (c->state != QUIC_ENDING) {
    quic_connection_answer_buried(c, sock, in);
  }
}
