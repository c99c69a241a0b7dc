// QUIC's TLS by OpenSSL: see quic_tls.h.
//
// The application's data of an SSL is ngtcp2's, and the native handle is a context of ngtcp2's
// around the SSL; the quic_tls is in an ex_data slot.
#include <ngtcp2/ngtcp2_crypto_ossl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "codicil/ossl.h"
#include "io/key_log.h"
#include "io/quic_tls.h"
#include "io/tls_client.h"
#include "io/tls_server_name.h"

enum { TICKET_LIFETIME_S = 7200 };

static const uint8_t h3_protocol[] = {2, 'h', '3'};

typedef struct site {
  SSL_CTX *ctx;
  codicil_buf ocsp;
} site;

struct quic_tls_context {
  int key_log;
  // A server's. Connections begin with the first site: theirs are the keys of all tickets.
  site *sites;
  size_t num_sites;
  size_t (*choose)(void *ctx, const char *server_name);
  void *choose_ctx;
  bool early_data;
  // A client's.
  quic_tls_client_config client;
  SSL_CTX *client_ctx;
};

struct quic_tls {
  quic_tls_context *context;
  SSL *ssl;
  ngtcp2_crypto_ossl_ctx *native;
  codicil_tls *exporter;
  void *user;
  size_t site_index;
  int alert; // instead of OpenSSL's; 0: none
};

static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static int slot = -1;

static void init_once(void) {
  if (ngtcp2_crypto_ossl_init() == 0) {
    slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
  }
}

const char *quic_tls_backend(void) {
  return "OpenSSL " OPENSSL_FULL_VERSION_STR;
}

static quic_tls *tls_of(const SSL *ssl) {
  return SSL_get_ex_data(ssl, slot);
}

// "WHERE: what OpenSSL says"
static bool fail_openssl(app_error *err, const char *where) {
  unsigned long first = ERR_peek_error();
  const char *reason =
      ERR_SYSTEM_ERROR(first) ? strerror(ERR_GET_REASON(first)) : ERR_reason_error_string(first);
  app_fail(err, "%s: %s", where, reason != NULL ? reason : "OpenSSL cannot use it");
  ERR_clear_error();
  return false;
}

// ---- contexts -----------------------------------------------------------------------------------

static void on_key(const SSL *ssl, const char *line) {
  key_log_write(tls_of(ssl)->context->key_log, line);
}

static quic_tls_context *context_new(app_error *err) {
  quic_tls_context *context = calloc(1, sizeof *context);
  if (context == NULL || CRYPTO_THREAD_run_once(&once, init_once) != 1 || slot < 0) {
    free(context);
    app_fail(err, "QUIC's TLS cannot be set up");
    return NULL;
  }
  context->key_log = -1;
  if (!key_log_open(&context->key_log, err)) {
    quic_tls_context_free(context);
    return NULL;
  }
  return context;
}

void quic_tls_context_free(quic_tls_context *context) {
  if (context == NULL) {
    return;
  }
  for (size_t i = 0; i < context->num_sites; i++) {
    SSL_CTX_free(context->sites[i].ctx);
    codicil_buf_clear(&context->sites[i].ocsp);
  }
  free(context->sites);
  SSL_CTX_free(context->client_ctx);
  key_log_close(context->key_log);
  free(context);
}

static ngtcp2_conn *conn_of(const SSL *ssl) {
  ngtcp2_crypto_conn_ref *ref = SSL_get_app_data(ssl);
  return ref->get_conn(ref);
}

// OpenSSL's own alert, that of a refused certificate or callback, has gone to ngtcp2 when this is
// called.
static void on_info(const SSL *ssl, int where, int value) {
  (void)value;
  if (where == SSL_CB_WRITE_ALERT && tls_of(ssl)->alert != 0) {
    ngtcp2_conn_set_tls_alert(conn_of(ssl), (uint8_t)tls_of(ssl)->alert);
  }
}

// RFC 9001 §4.2: TLS 1.3.
static SSL_CTX *ctx_new(const quic_tls_context *context, const SSL_METHOD *method) {
  SSL_CTX *ctx = SSL_CTX_new(method);
  if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1) {
    SSL_CTX_free(ctx);
    return NULL;
  }
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_info_callback(ctx, on_info);
  if (context->key_log >= 0) {
    SSL_CTX_set_keylog_callback(ctx, on_key);
  }
  return ctx;
}

static EVP_PKEY *read_key(const char *path, app_error *err) {
  BIO *bio = BIO_new_file(path, "r");
  EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
  BIO_free(bio);
  if (key == NULL) {
    (void)fail_openssl(err, path);
  }
  return key;
}

static bool use_certificate(SSL_CTX *ctx, const char *certificate, const char *key,
                            app_error *err) {
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1) {
    return fail_openssl(err, certificate);
  }
  EVP_PKEY *private_key = read_key(key, err);
  if (private_key == NULL) {
    return false;
  }
  bool ok = true;
  if (X509_check_private_key(SSL_CTX_get0_certificate(ctx), private_key) != 1) {
    ok = app_fail(err, "%s: not the key of %s", key, certificate);
  } else if (SSL_CTX_use_PrivateKey(ctx, private_key) != 1) {
    ok = fail_openssl(err, key);
  }
  EVP_PKEY_free(private_key);
  ERR_clear_error();
  return ok;
}

bool quic_tls_can_use(const char *certificate, const char *key, app_error *err) {
  SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
  bool ok = ctx != NULL ? use_certificate(ctx, certificate, key, err)
                        : app_fail(err, "QUIC's TLS cannot be set up");
  SSL_CTX_free(ctx);
  return ok;
}

// ---- a server's handshake -----------------------------------------------------------------------

static bool has_extension(SSL *ssl, unsigned type) {
  const unsigned char *p;
  size_t len;
  return SSL_client_hello_get0_ext(ssl, type, &p, &len) == 1;
}

// The alert for a ClientHello that QUIC cannot go on with; 0: it can.
//= https://www.rfc-editor.org/rfc/rfc9001#section-8.2
//# endpoints that receive ClientHello or EncryptedExtensions messages without the
//# quic_transport_parameters extension MUST close the connection with an error of type 0x016d
static int refusal_of(SSL *ssl) {
  if (!has_extension(ssl, NGTCP2_TLSEXT_QUIC_TRANSPORT_PARAMETERS_V1)) {
    return SSL_AD_MISSING_EXTENSION;
  }
  return has_extension(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation)
             ? 0
             : SSL_AD_NO_APPLICATION_PROTOCOL;
}

// Runs before a ticket is looked at: the site's session context, which the SSL takes over, says
// that a ticket of another one is not resumed.
//= https://www.rfc-editor.org/rfc/rfc9001#section-8.1
//# Unless another mechanism is used for agreeing on an application
//# protocol, endpoints MUST use ALPN for this purpose.
static int on_client_hello(SSL *ssl, int *al, void *arg) {
  (void)arg;
  quic_tls *tls = tls_of(ssl);
  const quic_tls_context *context = tls->context;
  char name[CODICIL_HOST_MAX + 1];
  int rc = codicil_ossl_capture_client_hello(ssl, al);
  if (rc != SSL_CLIENT_HELLO_SUCCESS) {
    return rc;
  }
  tls->alert = refusal_of(ssl);
  if (tls->alert != 0) {
    *al = tls->alert; // which OpenSSL may take for one of an older version, and change
    return SSL_CLIENT_HELLO_ERROR;
  }
  if (!tls_server_name(name, sizeof name, ssl)) {
    name[0] = '\0';
  }
  size_t index = context->choose(context->choose_ctx, name);
  tls->site_index = index < context->num_sites ? index : 0;
  SSL_CTX *ctx = context->sites[tls->site_index].ctx;
  if (ctx != SSL_get_SSL_CTX(ssl) && SSL_set_SSL_CTX(ssl, ctx) == NULL) {
    *al = SSL_AD_INTERNAL_ERROR;
    return SSL_CLIENT_HELLO_ERROR;
  }
  return SSL_CLIENT_HELLO_SUCCESS;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *arg) {
  (void)ssl, (void)arg;
  for (unsigned i = 0; i < in_len; i += 1u + in[i]) {
    if (in_len - i >= sizeof h3_protocol && memcmp(in + i, h3_protocol, sizeof h3_protocol) == 0) {
      *out = in + i + 1;
      *out_len = sizeof h3_protocol - 1;
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int on_status(SSL *ssl, void *arg) {
  const site *s = arg;
  uint8_t *copy = s->ocsp.len > 0 ? OPENSSL_memdup(s->ocsp.data, s->ocsp.len) : NULL;
  if (copy == NULL) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)s->ocsp.len); // takes it
  return SSL_TLSEXT_ERR_OK;
}

// With early data, OpenSSL keeps sessions itself, takes each once and keeps a bounded number: that
// is its protection against replays (RFC 8446 §8.1).
static void set_sessions(SSL_CTX *ctx, bool early_data) {
  SSL_CTX_set_timeout(ctx, TICKET_LIFETIME_S);
  SSL_CTX_set_session_cache_mode(ctx, early_data ? SSL_SESS_CACHE_SERVER : SSL_SESS_CACHE_OFF);
  //= https://www.rfc-editor.org/rfc/rfc9001#section-4.6.1
  //# Servers MUST NOT send the early_data extension with a max_early_data_size
  //# field set to any value other than 0xffffffff.
  SSL_CTX_set_max_early_data(ctx, early_data ? UINT32_MAX : 0);
}

static bool site_init(site *s, quic_tls_context *context, const quic_tls_site *config,
                      app_error *err) {
  codicil_buf_init(&s->ocsp, NULL, config->ocsp.len);
  s->ctx = ctx_new(context, TLS_server_method());
  if (s->ctx == NULL || codicil_buf_append(&s->ocsp, config->ocsp) != CODICIL_OK ||
      SSL_CTX_set_session_id_context(s->ctx, config->id, sizeof config->id) != 1) {
    return app_fail(err, "QUIC's TLS cannot be set up");
  }
  set_sessions(s->ctx, context->early_data);
  SSL_CTX_set_client_hello_cb(s->ctx, on_client_hello, NULL);
  SSL_CTX_set_alpn_select_cb(s->ctx, on_alpn, NULL);
  SSL_CTX_set_tlsext_status_cb(s->ctx, on_status);
  SSL_CTX_set_tlsext_status_arg(s->ctx, s);
  return use_certificate(s->ctx, config->certificate, config->key, err);
}

bool quic_tls_server_new(quic_tls_context **out, const quic_tls_server_config *config,
                         app_error *err) {
  quic_tls_context *context = context_new(err);
  if (context == NULL) {
    return false;
  }
  context->choose = config->choose;
  context->choose_ctx = config->ctx;
  context->early_data = config->early_data;
  context->sites = calloc(config->num_sites, sizeof *context->sites);
  bool ok = context->sites != NULL || app_fail(err, "out of memory");
  for (size_t i = 0; ok && i < config->num_sites; i++) {
    context->num_sites++; // what is half made is freed, too
    ok = site_init(&context->sites[i], context, &config->sites[i], err);
  }
  if (!ok) {
    quic_tls_context_free(context);
    return false;
  }
  *out = context;
  return true;
}

// ---- a client's handshake -----------------------------------------------------------------------

// What EncryptedExtensions had to have; 0: it had.
//= https://www.rfc-editor.org/rfc/rfc9001#section-8.1
//# When using ALPN, endpoints MUST immediately close a connection (see
//# Section 10.2 of [QUIC-TRANSPORT]) with a no_application_protocol TLS alert
static int lack_of(const quic_tls *tls) {
  if (ngtcp2_conn_get_remote_transport_params(conn_of(tls->ssl)) == NULL) {
    return SSL_AD_MISSING_EXTENSION;
  }
  return quic_tls_speaks_h3(tls) ? 0 : SSL_AD_NO_APPLICATION_PROTOCOL;
}

// EncryptedExtensions have been read when the server's certificate comes.
static int on_verify(X509_STORE_CTX *store, void *arg) {
  (void)arg;
  SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
  quic_tls *tls = tls_of(ssl);
  tls_client_chain chain = {0};
  tls->alert = lack_of(tls);
  bool good = tls->alert == 0 &&
              tls_client_chain_of(&chain, X509_STORE_CTX_get0_untrusted(store), ssl) &&
              tls->context->client.judge(tls->user, chain.entries, chain.num_entries);
  tls_client_chain_clear(&chain);
  X509_STORE_CTX_set_error(store, good ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
  return good ? 1 : 0;
}

bool quic_tls_client_new(quic_tls_context **out, const quic_tls_client_config *config,
                         app_error *err) {
  quic_tls_context *context = context_new(err);
  if (context == NULL) {
    return false;
  }
  context->client = *config;
  context->client_ctx = ctx_new(context, TLS_client_method());
  if (context->client_ctx == NULL ||
      SSL_CTX_set_alpn_protos(context->client_ctx, h3_protocol, sizeof h3_protocol) != 0) {
    quic_tls_context_free(context);
    return fail_openssl(err, "QUIC's TLS");
  }
  SSL_CTX_set_session_cache_mode(context->client_ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(context->client_ctx, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_cert_verify_callback(context->client_ctx, on_verify, NULL);
  *out = context;
  return true;
}

// ---- one connection -----------------------------------------------------------------------------

static bool set_up_server(SSL *ssl, const quic_tls_context *context) {
  SSL_set_accept_state(ssl);
  return ngtcp2_crypto_ossl_configure_server_session(ssl) == 0 &&
         (!context->early_data || SSL_set_quic_tls_early_data_enabled(ssl, 1) == 1);
}

static bool set_up_client(SSL *ssl, const char *server_name) {
  SSL_set_connect_state(ssl);
  return codicil_ossl_prepare_client(ssl) == CODICIL_OK &&
         (server_name == NULL || SSL_set_tlsext_host_name(ssl, server_name) == 1) &&
         ngtcp2_crypto_ossl_configure_client_session(ssl) == 0;
}

static bool set_up(quic_tls *tls, ngtcp2_crypto_conn_ref *ref, const char *server_name) {
  const quic_tls_context *context = tls->context;
  bool is_client = context->client_ctx != NULL;
  tls->ssl = SSL_new(is_client ? context->client_ctx : context->sites[0].ctx);
  if (tls->ssl == NULL || SSL_set_ex_data(tls->ssl, slot, tls) != 1 ||
      ngtcp2_crypto_ossl_ctx_new(&tls->native, tls->ssl) != 0) {
    return false;
  }
  SSL_set_app_data(tls->ssl, ref);
  return is_client ? set_up_client(tls->ssl, server_name) : set_up_server(tls->ssl, context);
}

bool quic_tls_new(quic_tls **out, quic_tls_context *context, ngtcp2_crypto_conn_ref *ref,
                  const char *server_name, void *user, app_error *err) {
  quic_tls *tls = calloc(1, sizeof *tls);
  if (tls == NULL) {
    return app_fail(err, "out of memory");
  }
  tls->context = context;
  tls->user = user;
  if (!set_up(tls, ref, server_name)) {
    quic_tls_free(tls);
    return fail_openssl(err, "QUIC's TLS");
  }
  *out = tls;
  return true;
}

// The ngtcp2_conn is gone, and what SSL_free still has to say is not for it. OpenSSL would forget
// the session of a connection that did not end with close_notify, which QUIC has not.
void quic_tls_free(quic_tls *tls) {
  if (tls == NULL) {
    return;
  }
  codicil_ossl_tls_free(tls->exporter);
  if (tls->ssl != NULL) {
    SSL_set_app_data(tls->ssl, NULL);
    SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  }
  ngtcp2_crypto_ossl_ctx_del(tls->native);
  SSL_free(tls->ssl);
  free(tls);
}

void *quic_tls_native(quic_tls *tls) {
  return tls->native;
}

size_t quic_tls_site_index(const quic_tls *tls) {
  return tls->site_index;
}

bool quic_tls_is_resumed(const quic_tls *tls) {
  return SSL_session_reused(tls->ssl) == 1;
}

bool quic_tls_speaks_h3(const quic_tls *tls) {
  const unsigned char *protocol;
  unsigned len;
  SSL_get0_alpn_selected(tls->ssl, &protocol, &len);
  return len == sizeof h3_protocol - 1 && memcmp(protocol, h3_protocol + 1, len) == 0;
}

const char *quic_tls_suite(const quic_tls *tls) {
  const SSL_CIPHER *suite = SSL_get_current_cipher(tls->ssl);
  return suite != NULL ? SSL_CIPHER_standard_name(suite) : "";
}

codicil_err quic_tls_exporter(codicil_tls **out, quic_tls *tls) {
  if (tls->exporter == NULL) {
    codicil_err err = codicil_ossl_tls_new(&tls->exporter, tls->ssl);
    if (err != CODICIL_OK) {
      return err;
    }
  }
  *out = tls->exporter;
  return CODICIL_OK;
}
