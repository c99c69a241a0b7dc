// What a server answers without a connection: Version Negotiation, Retry, a close, a stateless
// reset.
#include "io/clock.h"
#include "io/quic_stack.h"

// Sent at once, beside the outbox; while the socket is full, not at all.
static void send_answer(quic_socket *sock, const quic_datagram *in, const uint8_t *octets,
                        ngtcp2_ssize len) {
  if (len <= 0 || quic_socket_is_blocked(sock)) {
    return;
  }
  quic_run run = {
      .socket = sock, .path = in->path, .segment = (size_t)len, .at = 0, .len = (size_t)len};
  quic_socket_send(sock, octets, &run, 1);
}

static bool fill(void *out, size_t len) {
  codicil_random random = io_random();
  return random.fill(random.ctx, out, len);
}

void quic_answer_version(quic_stack *stack, quic_socket *sock, const quic_datagram *in,
                         codicil_span dcid, codicil_span scid) {
  (void)stack;
  uint8_t octets[2 * 256 + 64];
  struct {
    uint32_t version;
    uint8_t unused;
  } grease;
  if (!fill(&grease, sizeof grease)) {
    return;
  }
  // One of the versions that are reserved to keep clients from thinking that they know them all
  // (RFC 9000 §15).
  uint32_t versions[] = {(grease.version & 0xf0f0f0f0) | 0x0a0a0a0a, NGTCP2_PROTO_VER_V1,
                         NGTCP2_PROTO_VER_V2};
  //= https://www.rfc-editor.org/rfc/rfc9000#section-17.2.1
  //# The server MUST include the value from the Source Connection ID field
  //# of the packet it receives in the Destination Connection ID field.
  ngtcp2_ssize len = ngtcp2_pkt_write_version_negotiation(
      octets, sizeof octets, grease.unused, scid.data, scid.len, dcid.data, dcid.len, versions,
      sizeof versions / sizeof versions[0]);
  send_answer(sock, in, octets, len);
}

void quic_answer_retry(quic_stack *stack, quic_socket *sock, const quic_datagram *in,
                       const ngtcp2_pkt_hd *hd) {
  uint8_t token[NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN2], octets[512];
  ngtcp2_cid scid;
  const ngtcp2_sockaddr_union *remote = &in->path.remote;
  ngtcp2_tstamp now = (ngtcp2_tstamp)io_clock_now().unix_s * NGTCP2_SECONDS;
  if (!quic_ids_make(&stack->ids, &scid)) {
    return;
  }
  ngtcp2_ssize token_len = ngtcp2_crypto_generate_retry_token2(
      token, quic_shared_secret(stack->shared), QUIC_SECRET_LEN, hd->version, &remote->sa,
      quic_sockaddr_len(remote), &scid, &hd->dcid, now);
  if (token_len < 0) {
    return;
  }
  send_answer(sock, in, octets,
              ngtcp2_crypto_write_retry(octets, sizeof octets, hd->version, &hd->scid, &scid,
                                        &hd->dcid, token, (size_t)token_len));
}

void quic_answer_close(quic_stack *stack, quic_socket *sock, const quic_datagram *in,
                       const ngtcp2_pkt_hd *hd, uint64_t code) {
  (void)stack;
  uint8_t octets[256];
  send_answer(sock, in, octets,
              ngtcp2_crypto_write_connection_close(octets, sizeof octets, hd->version, &hd->scid,
                                                   &hd->dcid, code, NULL, 0));
}

// A bucket of resets that fills at a steady rate.
static bool may_reset(quic_stack *stack) {
  enum { BURST = 100, A_SECOND = 100 };
  uint64_t now = quic_stack_now(stack), each = NGTCP2_SECONDS / A_SECOND;
  uint64_t gained = (now - stack->resets_at_ns) / each;
  if (gained > 0) {
    stack->resets_left =
        gained > BURST - stack->resets_left ? BURST : stack->resets_left + (unsigned)gained;
    stack->resets_at_ns = now;
  }
  if (stack->resets_left == 0) {
    return false;
  }
  stack->resets_left--;
  return true;
}

void quic_answer_reset(quic_stack *stack, quic_socket *sock, const quic_datagram *in,
                       codicil_span dcid) {
  enum { LEAST = 21, MOST = 42 };
  uint8_t octets[MOST], random[MOST], token[NGTCP2_STATELESS_RESET_TOKENLEN];
  ngtcp2_cid cid;
  //= https://www.rfc-editor.org/rfc/rfc9000#section-10.3.3
  //# An endpoint MUST ensure that every Stateless Reset that it sends is
  //# smaller than the packet that triggered it, unless it maintains state
  //# sufficient to prevent looping.
  size_t len = in->len > MOST ? MOST : in->len - 1;
  if (len < LEAST || !may_reset(stack) || !fill(random, sizeof random)) {
    return;
  }
  ngtcp2_cid_init(&cid, dcid.data, dcid.len);
  if (ngtcp2_crypto_generate_stateless_reset_token(token, quic_shared_secret(stack->shared),
                                                   QUIC_SECRET_LEN, &cid) != 0) {
    return;
  }
  send_answer(sock, in, octets,
              ngtcp2_pkt_write_stateless_reset(octets, len, token, random, len - sizeof token));
}
