// TLS for clients: see tls_client.h.
#include "io/tls_client.h"

#include <openssl/ct.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codicil/ossl.h"
#include "io/clock.h"
#include "io/ct_logs.h"
#include "io/key_log.h"
#include "io/tls_trust.h"

enum { MAX_CHAIN = 32 };

struct tls_client {
  SSL_CTX *ctx;
  tls_client_config config;
  codicil_trust *trust;
  const codicil_block_list *block_list;
  bool trust_read;
  app_error trust_error; // why there are no trust anchors; empty if there are
  int key_log;           // descriptor, or -1
};

// What belongs to one SSL; freed with it.
typedef struct peer {
  tls_client *tls;
  codicil_origin origin;
  tls_client_verdict verdict;
} peer;

static int peer_slot = -1;

static void peer_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp) {
  (void)parent;
  (void)ad;
  (void)idx;
  (void)argl;
  (void)argp;
  free(ptr);
}

static peer *peer_of(const SSL *ssl) {
  return SSL_get_ex_data(ssl, peer_slot);
}

// ---- the chain ----------------------------------------------------------------------------------

static bool encode(codicil_chain_entry *entry, X509 *certificate) {
  uint8_t *der = NULL;
  int len = i2d_X509(certificate, &der);
  if (len <= 0) {
    return false;
  }
  entry->der = codicil_span_of(der, (size_t)len);
  return true;
}

// OpenSSL tells of all timestamps together; those in the certificate and its staple are found
// there.
static bool read_scts(tls_client_chain *out, SSL *ssl) {
  const STACK_OF(SCT) *all = SSL_get0_peer_scts(ssl);
  STACK_OF(SCT) *own = sk_SCT_new_null();
  bool ok = own != NULL;
  for (int i = 0; ok && all != NULL && i < sk_SCT_num(all); i++) {
    SCT *sct = sk_SCT_value(all, i);
    ok = SCT_get_source(sct) != SCT_SOURCE_TLS_EXTENSION || sk_SCT_push(own, sct) > 0;
  }
  int len = ok && sk_SCT_num(own) > 0 ? i2o_SCT_LIST(own, &out->scts) : 0;
  if (len > 0) {
    out->entries[0].scts = codicil_span_of(out->scts, (size_t)len);
  }
  sk_SCT_free(own);
  ERR_clear_error(); // timestamps that do not parse are as if absent
  return ok;
}

bool tls_client_chain_of(tls_client_chain *out, STACK_OF(X509) * certificates, SSL *ssl) {
  int num = certificates != NULL ? sk_X509_num(certificates) : 0;
  if (num <= 0 || num > MAX_CHAIN) {
    return false;
  }
  tls_client_chain chain = {.entries = calloc((size_t)num, sizeof *chain.entries)};
  bool ok = chain.entries != NULL;
  for (int i = 0; ok && i < num; i++) {
    ok = encode(&chain.entries[chain.num_entries], sk_X509_value(certificates, i));
    chain.num_entries += ok ? 1 : 0;
  }
  if (!ok || !read_scts(&chain, ssl)) {
    ERR_clear_error();
    tls_client_chain_clear(&chain);
    return false;
  }
  uint8_t *staple = NULL;
  long len = SSL_get_tlsext_status_ocsp_resp(ssl, &staple);
  if (staple != NULL && len > 0) {
    chain.entries[0].ocsp = codicil_span_of(staple, (size_t)len); // the SSL's own
  }
  *out = chain;
  return true;
}

bool tls_client_chain_read(tls_client_chain *out, SSL *ssl) {
  return tls_client_chain_of(out, SSL_get_peer_cert_chain(ssl), ssl);
}

void tls_client_chain_clear(tls_client_chain *chain) {
  for (size_t i = 0; i < chain->num_entries; i++) {
    OPENSSL_free((void *)(uintptr_t)chain->entries[i].der.data);
  }
  OPENSSL_free(chain->scts);
  free(chain->entries);
  memset(chain, 0, sizeof *chain);
}

// ---- judging it ---------------------------------------------------------------------------------

// Trust anchors are many; reading them is left until a chain wants them.
static void read_trust(tls_client *tls) {
  if (tls->trust_read) {
    return;
  }
  tls->trust_read = true;
  if (!tls_trust_read(tls->trust, tls->config.cacert, tls->config.capath, &tls->trust_error)) {
    return;
  }
  tls->trust_error.text[0] = '\0';
}

// What is judged, and by what.
typedef struct examination {
  const tls_client *tls;
  const codicil_origin *origin;
  const codicil_chain_entry *chain;
  size_t num_entries;
  tls_client_verdict *verdict;
} examination;

// "the certificate for HOST WHAT", and the detail where there is one.
static void refuse(tls_client_verdict *verdict, const codicil_origin *origin,
                   codicil_cert_reason reason, const char *what, const char *detail) {
  verdict->is_examined = true;
  verdict->is_good = false;
  verdict->reason = reason;
  snprintf(verdict->text, sizeof verdict->text, "the certificate for %s %s%s%s", origin->host, what,
           detail != NULL ? ": " : "", detail != NULL ? detail : "");
}

static void judge_name(const examination *e) {
  codicil_identity *identity = NULL;
  if (codicil_identity_new(&identity, NULL, e->chain[0].der, e->tls->config.requireddomain_oid) !=
      CODICIL_OK) {
    refuse(e->verdict, e->origin, CODICIL_CERT_UNTRUSTED, "does not decode", NULL);
    return;
  }
  e->verdict->is_good = codicil_identity_covers(identity, e->origin);
  if (!e->verdict->is_good) {
    refuse(e->verdict, e->origin, CODICIL_CERT_NONE, "does not name it", NULL);
  }
  codicil_identity_free(identity);
}

static void judge(const examination *e) {
  codicil_chain_verdict verdict;
  codicil_diag diag = {NULL, 0};
  codicil_err err = codicil_chain_validate(&verdict, &diag, e->tls->trust, e->tls->block_list, NULL,
                                           e->chain, e->num_entries, io_clock_now().unix_s);
  if (err != CODICIL_OK) {
    refuse(e->verdict, e->origin, CODICIL_CERT_UNTRUSTED, "could not be examined",
           codicil_err_text(err));
  } else if (verdict.reason != CODICIL_CERT_NONE) {
    const char *trust_error = e->tls->trust_error.text;
    e->verdict->is_unarmed = verdict.reason == CODICIL_CERT_UNTRUSTED && trust_error[0] != '\0';
    refuse(e->verdict, e->origin, verdict.reason, "is refused",
           e->verdict->is_unarmed ? trust_error : codicil_cert_reason_text(verdict.reason));
  } else {
    judge_name(e);
  }
}

bool tls_client_judge_chain(tls_client *tls, tls_client_verdict *out, const codicil_origin *origin,
                            const codicil_chain_entry *chain, size_t num_entries) {
  memset(out, 0, sizeof *out);
  out->is_examined = true;
  if (num_entries == 0 || num_entries > MAX_CHAIN) {
    refuse(out, origin, CODICIL_CERT_UNTRUSTED, "comes with a chain that cannot be read", NULL);
  } else {
    read_trust(tls);
    judge(&(examination){tls, origin, chain, num_entries, out});
  }
  return out->is_good || tls->config.insecure;
}

// The alert that the server gets.
static int alert_error(const tls_client_verdict *verdict) {
  switch (verdict->reason) {
  case CODICIL_CERT_NONE:
    return X509_V_ERR_HOSTNAME_MISMATCH;
  case CODICIL_CERT_EXPIRED:
    return X509_V_ERR_CERT_HAS_EXPIRED;
  case CODICIL_CERT_REVOKED:
    return X509_V_ERR_CERT_REVOKED;
  case CODICIL_CERT_PURPOSE:
    return X509_V_ERR_INVALID_PURPOSE;
  case CODICIL_CERT_UNTRUSTED:
    return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
  default:
    return X509_V_ERR_CERT_REJECTED;
  }
}

static int on_verify(X509_STORE_CTX *store, void *arg) {
  (void)arg;
  SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
  if (SSL_version(ssl) < TLS1_3_VERSION) {
    return 1; // the staple comes in a later message: tls_client_judge
  }
  peer *p = peer_of(ssl);
  tls_client_chain chain = {0};
  // A chain that cannot be read is refused as none.
  (void)tls_client_chain_of(&chain, X509_STORE_CTX_get0_untrusted(store), ssl);
  bool goes_on =
      tls_client_judge_chain(p->tls, &p->verdict, &p->origin, chain.entries, chain.num_entries);
  tls_client_chain_clear(&chain);
  X509_STORE_CTX_set_error(store, goes_on ? X509_V_OK : alert_error(&p->verdict));
  return goes_on ? 1 : 0;
}

const tls_client_verdict *tls_client_judge(SSL *ssl) {
  peer *p = peer_of(ssl);
  tls_client_chain chain = {0};
  if (!p->verdict.is_examined && SSL_is_init_finished(ssl) && tls_client_chain_read(&chain, ssl)) {
    (void)tls_client_judge_chain(p->tls, &p->verdict, &p->origin, chain.entries, chain.num_entries);
    tls_client_chain_clear(&chain);
  }
  return &p->verdict;
}

// ---- what it is judged by -----------------------------------------------------------------------

bool tls_client_add_crls(tls_client *tls, const char *path, app_error *err) {
  return tls_trust_add_crls(tls->trust, path, err);
}

bool tls_client_add_logs(tls_client *tls, const char *path, size_t min_scts, app_error *err) {
  size_t num = 0;
  codicil_trust_set_min_scts(tls->trust, min_scts);
  if (!ct_logs_read(tls->trust, &num, path, err)) {
    return false;
  }
  return num >= min_scts ||
         app_fail(err, "%s: of its logs %zu count, fewer than are demanded", path, num);
}

bool tls_client_mark_caa(tls_client *tls, bool *out_strange, const char *path, app_error *err) {
  read_trust(tls);
  return tls_trust_mark_caa(tls->trust, out_strange, path, err);
}

void tls_client_set_block_list(tls_client *tls, const codicil_block_list *list) {
  tls->block_list = list;
}

// ---- context and connections --------------------------------------------------------------------

static void on_key_log(const SSL *ssl, const char *line) {
  key_log_write(peer_of(ssl)->tls->key_log, line);
}

//= https://www.rfc-editor.org/rfc/rfc9113#section-9.2.2
//# An HTTP/2 deployment over TLS 1.2 SHOULD NOT use any of the prohibited
//# cipher suites listed in Appendix A.
static bool set_up(SSL_CTX *ctx) {
  static const uint8_t h2[] = {2, 'h', '2'};
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_cert_verify_callback(ctx, on_verify, NULL);
  return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
         SSL_CTX_set_alpn_protos(ctx, h2, sizeof h2) == 0;
}

bool tls_client_new(tls_client **out, const tls_client_config *config, app_error *err) {
  tls_client *tls = calloc(1, sizeof *tls);
  if (tls == NULL) {
    return app_fail(err, "out of memory");
  }
  tls->config = *config;
  tls->key_log = -1;
  if (peer_slot < 0) {
    peer_slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, peer_free);
  }
  tls->ctx = SSL_CTX_new(TLS_client_method());
  if (peer_slot < 0 || tls->ctx == NULL || !set_up(tls->ctx) ||
      codicil_trust_new(&tls->trust, NULL) != CODICIL_OK) {
    app_fail(err, "TLS cannot be set up");
  } else if (key_log_open(&tls->key_log, err)) {
    if (tls->key_log >= 0) {
      SSL_CTX_set_keylog_callback(tls->ctx, on_key_log);
    }
    *out = tls;
    return true;
  }
  ERR_clear_error();
  tls_client_free(tls);
  return false;
}

void tls_client_free(tls_client *tls) {
  if (tls == NULL) {
    return;
  }
  SSL_CTX_free(tls->ctx);
  codicil_trust_free(tls->trust);
  key_log_close(tls->key_log);
  free(tls);
}

const codicil_trust *tls_client_trust(const tls_client *tls) {
  return tls->trust;
}

bool tls_client_is_insecure(const tls_client *tls) {
  return tls->config.insecure;
}

SSL *tls_client_connection(tls_client *tls, const codicil_origin *origin, app_error *err) {
  SSL *ssl = SSL_new(tls->ctx);
  peer *p = calloc(1, sizeof *p);
  if (ssl == NULL || p == NULL || SSL_set_ex_data(ssl, peer_slot, p) != 1) {
    free(p);
    SSL_free(ssl);
    ERR_clear_error();
    app_fail(err, "out of memory");
    return NULL;
  }
  p->tls = tls;
  p->origin = *origin;
  bool is_name = origin->address.len == 0;
  bool ok = codicil_ossl_prepare_client(ssl) == CODICIL_OK &&
            (!is_name || SSL_set_tlsext_host_name(ssl, origin->host) == 1);
  if (!ok) {
    SSL_free(ssl);
    ERR_clear_error();
    app_fail(err, "TLS cannot be set up for %s", origin->host);
    return NULL;
  }
  SSL_set_connect_state(ssl);
  return ssl;
}
