// A codicil_tls over a GnuTLS session: the ClientHello by handshake hook, the role, the hash, and
// an exporter that refuses when RFC 9261 does.
//
// Nothing that a hook or a return value tells proves that a handshake is complete: the hook sees
// the client's Finished before it is verified, and gnutls_handshake returns success to a server
// with early start, and to a client with false start, before the peer's Finished came. What GnuTLS
// itself knows shows in gnutls_session_channel_binding, which gives none until then. It is asked
// each time, so there is no state here that could be wrong.
#include "codicil/gnutls.h"

// Real ClientHellos need about a hundred octets. A peer that sends kilobytes gets no
// authenticators.
enum { OFFER_MAX = 2000 };

// Memory is GnuTLS's, so that it can be made to run out with the rest of a handshake's.
static void *grow(void *ctx, void *ptr, size_t len) {
  (void)ctx;
  return gnutls_realloc(ptr, len);
}

static void release(void *ctx, void *ptr) {
  (void)ctx;
  gnutls_free(ptr);
}

static const codicil_mem memory = {NULL, grow, release};

// What belongs to one session: its database pointer.
typedef struct watch {
  gnutls_session_t session;
  bool has_offer, is_server;
  bool is_renegotiated;       // a ClientHello came after the handshake: the secrets change
  codicil_buf octets;         // of the three lists
  codicil_client_offer offer; // points into it
} watch;

// ---- what GnuTLS knows --------------------------------------------------------------------------

// Both Finished are verified: CODICIL_OK, else CODICIL_NOT_READY, or CODICIL_NOMEM. Bindings are of
// all versions before TLS 1.3 (tls-unique, RFC 5929 §3), or of TLS 1.3 (tls-exporter, RFC 9266).
static codicil_err check_complete(gnutls_session_t session) {
  gnutls_datum_t binding = {NULL, 0};
  bool is_tls_1_3 = gnutls_protocol_get_version(session) == GNUTLS_TLS1_3;
  int ret = gnutls_session_channel_binding(
      session, is_tls_1_3 ? GNUTLS_CB_TLS_EXPORTER : GNUTLS_CB_TLS_UNIQUE, &binding);
  gnutls_free(binding.data);
  return ret == 0 ? CODICIL_OK : ret == GNUTLS_E_MEMORY_ERROR ? CODICIL_NOMEM : CODICIL_NOT_READY;
}

//= https://www.rfc-editor.org/rfc/rfc9261#section-9
//# servers MUST verify the client Finished before sending an EA or processing a received EA
static codicil_err check_ready(const watch *w) {
  codicil_err err = check_complete(w->session);
  if (err != CODICIL_OK) {
    return err;
  }
  if (w->is_renegotiated) {
    return CODICIL_UNSUPPORTED;
  }
  switch (gnutls_protocol_get_version(w->session)) {
  case GNUTLS_TLS1_3:
    return CODICIL_OK;
  case GNUTLS_TLS1_2:
    return gnutls_session_ext_master_secret_status(w->session) != 0 ? CODICIL_OK
                                                                    : CODICIL_UNSUPPORTED;
  default:
    return CODICIL_UNSUPPORTED;
  }
}

// ---- the ClientHello ----------------------------------------------------------------------------

static codicil_span keep_list(codicil_buf *buf, codicil_err *err, codicil_span list) {
  size_t start = buf->len;
  if (*err == CODICIL_OK) {
    *err = codicil_buf_append(buf, list);
  }
  return *err == CODICIL_OK ? codicil_span_of(buf->data + start, list.len)
                            : codicil_span_of(NULL, 0);
}

// Room for all lists comes first, so that none moves when the next one is appended.
static codicil_err keep_offer(watch *w, codicil_span client_hello) {
  codicil_client_offer offer = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
  codicil_buf_reset(&w->octets);
  w->offer = offer;
  codicil_err err = codicil_buf_reserve(&w->octets, OFFER_MAX);
  if (err != CODICIL_OK) {
    return err;
  }
  err = codicil_client_offer_read(&offer, &w->octets, client_hello);
  offer.schemes = keep_list(&w->octets, &err, offer.schemes);
  offer.cert_schemes = keep_list(&w->octets, &err, offer.cert_schemes);
  if (err == CODICIL_OK) {
    w->offer = offer;
  }
  return CODICIL_OK; // malformed or too long: nothing is offered
}

int codicil_gnutls_on_handshake(gnutls_session_t session, unsigned type, unsigned when,
                                unsigned incoming, const gnutls_datum_t *message) {
  watch *w = gnutls_db_get_ptr(session);
  if (w == NULL || type != GNUTLS_HANDSHAKE_CLIENT_HELLO || when != GNUTLS_HOOK_PRE) {
    return 0;
  }
  codicil_err err = check_complete(session);
  if (err == CODICIL_OK) {
    w->is_renegotiated = true;
    return 0;
  }
  if (err == CODICIL_NOT_READY) {
    err = keep_offer(w, codicil_span_of(message->data, message->size));
  }
  w->is_server = incoming != 0;
  w->has_offer = err == CODICIL_OK;
  return w->has_offer ? 0 : GNUTLS_E_MEMORY_ERROR;
}

codicil_err codicil_gnutls_prepare(gnutls_session_t session) {
  watch *w = gnutls_calloc(1, sizeof *w);
  if (w == NULL) {
    return CODICIL_NOMEM;
  }
  w->session = session;
  codicil_buf_init(&w->octets, &memory, OFFER_MAX);
  gnutls_db_set_ptr(session, w);
  gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_CLIENT_HELLO, GNUTLS_HOOK_PRE,
                                     codicil_gnutls_on_handshake);
  return CODICIL_OK;
}

void codicil_gnutls_forget(gnutls_session_t session) {
  watch *w = gnutls_db_get_ptr(session);
  if (w != NULL) {
    gnutls_db_set_ptr(session, NULL);
    codicil_buf_clear(&w->octets);
    gnutls_free(w);
  }
}

// ---- the codicil_tls ----------------------------------------------------------------------------

// The authenticator hash (RFC 9261 §5.1): of the suite in TLS 1.3, of the PRF in TLS 1.2.
static codicil_err find_hash(codicil_hash *out, gnutls_session_t session) {
  switch (gnutls_prf_hash_get(session)) {
  case GNUTLS_DIG_SHA256:
    *out = CODICIL_HASH_SHA256;
    return CODICIL_OK;
  case GNUTLS_DIG_SHA384:
    *out = CODICIL_HASH_SHA384;
    return CODICIL_OK;
  default:
    return CODICIL_UNSUPPORTED;
  }
}

// The context is empty and there; to TLS 1.2 one that is not there is another (RFC 5705 §4), and
// GnuTLS knows the two apart by its pointer.
static codicil_err export_key(void *ctx, uint8_t *out, size_t out_len, const char *label,
                              size_t label_len) {
  const watch *w = ctx;
  codicil_err err = check_ready(w);
  if (err != CODICIL_OK) {
    return err;
  }
  int ret = gnutls_prf_rfc5705(w->session, label_len, label, 0, "", out_len, (char *)out);
  return ret == 0 ? CODICIL_OK : ret == GNUTLS_E_MEMORY_ERROR ? CODICIL_NOMEM : CODICIL_CRYPTO;
}

codicil_err codicil_gnutls_tls_new(codicil_tls **out, gnutls_session_t session) {
  codicil_hash hash;
  watch *w = gnutls_db_get_ptr(session);
  if (w == NULL) {
    return CODICIL_USAGE;
  }
  codicil_err err = check_ready(w);
  if (err == CODICIL_OK) {
    err = find_hash(&hash, session);
  }
  if (err != CODICIL_OK) {
    return err;
  }
  if (!w->has_offer) {
    return CODICIL_USAGE;
  }
  codicil_tls *tls = gnutls_calloc(1, sizeof *tls);
  if (tls == NULL) {
    return CODICIL_NOMEM;
  }
  *tls = (codicil_tls){.ctx = w,
                       .exporter = export_key,
                       .hash = hash,
                       .is_server = w->is_server,
                       .client_schemes = w->offer.schemes,
                       .client_cert_schemes = w->offer.cert_schemes,
                       .client_extensions = w->offer.extensions};
  *out = tls;
  return CODICIL_OK;
}

void codicil_gnutls_tls_free(codicil_tls *tls) {
  gnutls_free(tls);
}
