// QUIC's TLS by GnuTLS: see quic_tls.h.
//
// The application's pointer of a session is ngtcp2's (a ngtcp2_crypto_conn_ref), and its database
// pointer is codicil's; the former is the first member of a quic_tls, so that callbacks find it.
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codicil/gnutls.h"
#include "io/key_log.h"
#include "io/quic_tls.h"
#include "io/quic_tls_gnutls_credentials.h"
#include "io/quic_tls_gnutls_hello.h"
#include "io/replay.h"

enum {
  MAX_CHAIN = 32,
  TICKET_KEY_LEN = 64, // what gnutls_session_ticket_enable_server takes
  // GnuTLS derives the keys of tickets anew every three lifetimes, and takes the one before, too:
  // a ticket is of some use for six lifetimes.
  TICKET_LIFETIME_S = 7200,
  TICKET_USE_FACTOR = 6,
  // Of tickets that allow early data: each use is remembered as long as its ticket may be of use.
  EARLY_TICKET_LIFETIME_S = 600,
  EARLY_USES_MAX = 1 << 18
};

// RFC 9001 §4.2: TLS 1.3; §8.4: no compatibility mode. All suites of ngtcp2 with GnuTLS.
static const char priorities[] =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:"
    "-GROUP-ALL:" GNUTLS_HELLO_GROUPS ":%DISABLE_TLS13_COMPAT_MODE";

static const gnutls_datum_t h3_protocol = {(unsigned char *)(uintptr_t) "h3", 2};

typedef struct site {
  gnutls_certificate_credentials_t credentials;
  uint8_t ticket_key[TICKET_KEY_LEN];
  codicil_buf ocsp;
} site;

struct quic_tls_context {
  gnutls_priority_t priorities;
  int key_log;
  // A server's.
  site *sites;
  size_t num_sites;
  size_t (*choose)(void *ctx, const char *server_name);
  void *choose_ctx;
  replay *seen; // early data is allowed
  gnutls_anti_replay_t anti_replay;
  // A client's; `judge` is set.
  quic_tls_client_config client;
  gnutls_certificate_credentials_t credentials;
};

struct quic_tls {
  ngtcp2_crypto_conn_ref ref; // first: the session's pointer is to it
  ngtcp2_crypto_conn_ref *owner;
  quic_tls_context *context;
  gnutls_session_t session;
  codicil_tls *exporter;
  void *user;
  size_t site_index;
  bool has_site;
};

const char *quic_tls_backend(void) {
  return "GnuTLS " GNUTLS_VERSION;
}

static quic_tls *tls_of(gnutls_session_t session) {
  return gnutls_session_get_ptr(session);
}

static bool fail_gnutls(app_error *err, int ret) {
  return app_fail(err, "QUIC's TLS: %s", gnutls_strerror(ret));
}

// ---- contexts -----------------------------------------------------------------------------------

static quic_tls_context *context_new(app_error *err) {
  quic_tls_context *context = calloc(1, sizeof *context);
  if (context == NULL) {
    app_fail(err, "out of memory");
    return NULL;
  }
  context->key_log = -1;
  int ret = gnutls_priority_init(&context->priorities, priorities, NULL);
  if (ret < 0) {
    fail_gnutls(err, ret);
  } else if (key_log_open(&context->key_log, err)) {
    return context;
  }
  quic_tls_context_free(context);
  return NULL;
}

void quic_tls_context_free(quic_tls_context *context) {
  if (context == NULL) {
    return;
  }
  for (size_t i = 0; i < context->num_sites; i++) {
    site *s = &context->sites[i];
    gnutls_certificate_free_credentials(s->credentials);
    codicil_buf_clear(&s->ocsp);
    gnutls_memset(s->ticket_key, 0, sizeof s->ticket_key);
  }
  free(context->sites);
  gnutls_anti_replay_deinit(context->anti_replay);
  replay_free(context->seen);
  if (context->credentials != NULL) {
    gnutls_certificate_free_credentials(context->credentials);
  }
  if (context->priorities != NULL) {
    gnutls_priority_deinit(context->priorities);
  }
  key_log_close(context->key_log);
  free(context);
}

// GnuTLS frees what it gets.
static int staple(gnutls_session_t session, void *ptr, gnutls_datum_t *out) {
  (void)session;
  const site *s = ptr;
  out->data = gnutls_malloc(s->ocsp.len);
  if (out->data == NULL) {
    return GNUTLS_E_MEMORY_ERROR;
  }
  memcpy(out->data, s->ocsp.data, s->ocsp.len);
  out->size = (unsigned)s->ocsp.len;
  return 0;
}

// A site's tickets are sealed with a key of its own: another site cannot open them, so it resumes
// none of them.
static bool site_init(site *s, const quic_tls_site *config, const gnutls_datum_t *master,
                      app_error *err) {
  codicil_buf_init(&s->ocsp, NULL, config->ocsp.len);
  if (!gnutls_credentials_load(&s->credentials, config->certificate, config->key, err)) {
    return false;
  }
  int ret = gnutls_hmac_fast(GNUTLS_MAC_SHA512, master->data, master->size, config->id,
                             sizeof config->id, s->ticket_key);
  if (ret == 0 && config->ocsp.len > 0) {
    ret = codicil_buf_append(&s->ocsp, config->ocsp) != CODICIL_OK
              ? GNUTLS_E_MEMORY_ERROR
              : gnutls_certificate_set_ocsp_status_request_function2(s->credentials, 0, staple, s);
  }
  if (ret < 0) {
    gnutls_certificate_free_credentials(s->credentials);
    codicil_buf_clear(&s->ocsp);
    return fail_gnutls(err, ret);
  }
  return true;
}

static bool sites_init(quic_tls_context *context, const quic_tls_server_config *config,
                       app_error *err) {
  gnutls_datum_t master = {NULL, 0};
  context->sites = calloc(config->num_sites, sizeof *context->sites);
  if (context->sites == NULL || gnutls_session_ticket_key_generate(&master) != 0) {
    return app_fail(err, "out of memory");
  }
  bool ok = true;
  for (size_t i = 0; ok && i < config->num_sites; i++) {
    ok = site_init(&context->sites[i], &config->sites[i], &master, err);
    context->num_sites += ok ? 1 : 0;
  }
  gnutls_memset(master.data, 0, master.size);
  gnutls_free(master.data);
  return ok;
}

static int remember(void *ptr, time_t expires, const gnutls_datum_t *key,
                    const gnutls_datum_t *data) {
  (void)expires, (void)data;
  return replay_add(ptr, codicil_span_of(key->data, key->size)) ? 0 : GNUTLS_E_DB_ENTRY_EXISTS;
}

// GnuTLS's own window is as long as can be: it is not made for threads to move, and does not take
// tickets that are older than it. What it would have forgotten is remembered here.
static bool allow_early_data(quic_tls_context *context, app_error *err) {
  if (!replay_new(&context->seen, EARLY_TICKET_LIFETIME_S * TICKET_USE_FACTOR, EARLY_USES_MAX,
                  err)) {
    return false;
  }
  int ret = gnutls_anti_replay_init(&context->anti_replay);
  if (ret < 0) {
    return fail_gnutls(err, ret);
  }
  gnutls_anti_replay_set_window(context->anti_replay, UINT32_MAX);
  gnutls_anti_replay_set_ptr(context->anti_replay, context->seen);
  gnutls_anti_replay_set_add_function(context->anti_replay, remember);
  return true;
}

bool quic_tls_server_new(quic_tls_context **out, const quic_tls_server_config *config,
                         app_error *err) {
  quic_tls_context *context = context_new(err);
  if (context == NULL) {
    return false;
  }
  context->choose = config->choose;
  context->choose_ctx = config->ctx;
  if (!sites_init(context, config, err) ||
      (config->early_data && !allow_early_data(context, err))) {
    quic_tls_context_free(context);
    return false;
  }
  *out = context;
  return true;
}

bool quic_tls_can_use(const char *certificate, const char *key, app_error *err) {
  gnutls_certificate_credentials_t credentials;
  if (!gnutls_credentials_load(&credentials, certificate, key, err)) {
    return false;
  }
  gnutls_certificate_free_credentials(credentials);
  return true;
}

bool quic_tls_client_new(quic_tls_context **out, const quic_tls_client_config *config,
                         app_error *err) {
  quic_tls_context *context = context_new(err);
  if (context == NULL) {
    return false;
  }
  context->client = *config;
  int ret = gnutls_certificate_allocate_credentials(&context->credentials);
  if (ret < 0) {
    quic_tls_context_free(context);
    return fail_gnutls(err, ret);
  }
  *out = context;
  return true;
}

// ---- in the handshake ---------------------------------------------------------------------------

static void server_name_of(char *out, size_t out_len, gnutls_session_t session) {
  unsigned type = 0;
  size_t len = out_len;
  if (gnutls_server_name_get(session, out, &len, &type, 0) != 0 || type != GNUTLS_NAME_DNS) {
    len = 0;
  }
  out[len] = '\0';
  for (size_t i = 0; i < len; i++) {
    out[i] = (char)(out[i] >= 'A' && out[i] <= 'Z' ? out[i] | 0x20 : out[i]);
  }
}

static int use_site(quic_tls *tls, size_t index) {
  const quic_tls_context *context = tls->context;
  site *s = &context->sites[index < context->num_sites ? index : 0];
  gnutls_datum_t key = {s->ticket_key, sizeof s->ticket_key};
  int ret = gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE, s->credentials);
  if (ret == 0) {
    ret = gnutls_session_ticket_enable_server(tls->session, &key);
  }
  tls->site_index = (size_t)(s - context->sites);
  tls->has_site = ret == 0;
  return ret;
}

// Called when the server name and ALPN are read, and before tickets are. A second ClientHello names
// the same server (RFC 8446 §4.1.2), and keeps its site if not.
//= https://www.rfc-editor.org/rfc/rfc9001#section-8.1
//# Unless another mechanism is used for agreeing on an application
//# protocol, endpoints MUST use ALPN for this purpose.
static int on_client_hello(gnutls_session_t session) {
  quic_tls *tls = tls_of(session);
  char name[CODICIL_HOST_MAX + 1];
  if (!quic_tls_speaks_h3(tls)) {
    return GNUTLS_E_NO_APPLICATION_PROTOCOL;
  }
  if (tls->has_site) {
    // What took early data must not be sent back: see quic_tls_gnutls_hello.c.
    bool took = (gnutls_session_get_flags(session) & GNUTLS_SFLAGS_EARLY_DATA) != 0;
    return took ? GNUTLS_E_UNEXPECTED_PACKET : 0;
  }
  server_name_of(name, sizeof name, session);
  return use_site(tls, tls->context->choose(tls->context->choose_ctx, name));
}

// The server's Certificate and CertificateVerify are read, and the signature is good.
//= https://www.rfc-editor.org/rfc/rfc9001#section-8.1
//# When using ALPN, endpoints MUST immediately close a connection (see
//# Section 10.2 of [QUIC-TRANSPORT]) with a no_application_protocol TLS alert
static int on_verify(gnutls_session_t session) {
  quic_tls *tls = tls_of(session);
  codicil_chain_entry chain[MAX_CHAIN];
  unsigned num = 0;
  const gnutls_datum_t *certificates = gnutls_certificate_get_peers(session, &num);
  if (!quic_tls_speaks_h3(tls)) {
    return GNUTLS_E_NO_APPLICATION_PROTOCOL;
  }
  if (certificates == NULL || num == 0 || num > MAX_CHAIN) {
    return GNUTLS_E_CERTIFICATE_ERROR;
  }
  memset(chain, 0, sizeof chain);
  for (unsigned i = 0; i < num; i++) {
    gnutls_datum_t ocsp;
    chain[i].der = codicil_span_of(certificates[i].data, certificates[i].size);
    if (gnutls_ocsp_status_request_get2(session, i, &ocsp) == 0) {
      chain[i].ocsp = codicil_span_of(ocsp.data, ocsp.size);
    }
  }
  return tls->context->client.judge(tls->user, chain, num) ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

// NSS's format: label, the client's random, secret.
static int on_key(gnutls_session_t session, const char *label, const gnutls_datum_t *secret) {
  char line[512], random_hex[2 * 32 + 1], secret_hex[2 * 64 + 1];
  size_t random_len = sizeof random_hex, secret_len = sizeof secret_hex;
  gnutls_datum_t random;
  if (tls_of(session)->context->key_log < 0) {
    return 0;
  }
  gnutls_session_get_random(session, &random, NULL);
  if (gnutls_hex_encode(&random, random_hex, &random_len) == 0 &&
      gnutls_hex_encode(secret, secret_hex, &secret_len) == 0) {
    snprintf(line, sizeof line, "%s %s %s", label, random_hex, secret_hex);
    key_log_write(tls_of(session)->context->key_log, line);
  }
  gnutls_memset(secret_hex, 0, sizeof secret_hex);
  gnutls_memset(line, 0, sizeof line);
  return 0;
}

// GnuTLS would go on without, to keys with which ngtcp2 then sends, which ends the process.
//= https://www.rfc-editor.org/rfc/rfc9001#section-8.2
//# endpoints that receive ClientHello or EncryptedExtensions messages without the
//# quic_transport_parameters extension MUST close the connection with an error of type 0x016d
static int check_parameters(const gnutls_hello *hello) {
  return hello->has_parameters ? 0 : GNUTLS_E_MISSING_EXTENSION;
}

// Without protection against replays GnuTLS takes no early data.
static int check_client_hello(quic_tls *tls, const gnutls_datum_t *message) {
  gnutls_hello hello = gnutls_hello_read(message, GNUTLS_EXT_RAW_FLAG_TLS_CLIENT_HELLO);
  if (hello.is_final && tls->context->anti_replay != NULL) {
    gnutls_anti_replay_enable(tls->session, tls->context->anti_replay);
  }
  return check_parameters(&hello);
}

static int check_encrypted_extensions(const gnutls_datum_t *message) {
  gnutls_hello hello = gnutls_hello_read(message, 0);
  return check_parameters(&hello);
}

// GnuTLS would follow a KeyUpdate and hand over keys again, on which ngtcp2 ends the process.
//= https://www.rfc-editor.org/rfc/rfc9001#section-6
//# Endpoints MUST NOT send a TLS KeyUpdate message.  Endpoints MUST
//# treat the receipt of a TLS KeyUpdate message as a connection error of
//# type 0x010a, equivalent to a fatal TLS alert of unexpected_message;
//# see Section 4.8.
static int check_message(quic_tls *tls, unsigned type, const gnutls_datum_t *message) {
  switch (type) {
  case GNUTLS_HANDSHAKE_KEY_UPDATE:
    return GNUTLS_E_UNEXPECTED_PACKET;
  case GNUTLS_HANDSHAKE_CLIENT_HELLO:
    return check_client_hello(tls, message);
  case GNUTLS_HANDSHAKE_ENCRYPTED_EXTENSIONS:
    return check_encrypted_extensions(message);
  default:
    return 0;
  }
}

static int on_message(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                      const gnutls_datum_t *message) {
  int ret = incoming != 0 ? check_message(tls_of(session), type, message) : 0;
  return ret == 0 ? codicil_gnutls_on_handshake(session, type, when, incoming, message) : ret;
}

// ---- one connection -----------------------------------------------------------------------------

static ngtcp2_conn *conn_of(ngtcp2_crypto_conn_ref *ref) {
  const quic_tls *tls = ref->user_data;
  return tls->owner->get_conn(tls->owner);
}

static int set_up_server(quic_tls *tls) {
  bool early = tls->context->seen != NULL;
  gnutls_handshake_set_post_client_hello_function(tls->session, on_client_hello);
  gnutls_db_set_cache_expiration(tls->session, early ? EARLY_TICKET_LIFETIME_S : TICKET_LIFETIME_S);
  if (early) {
    //= https://www.rfc-editor.org/rfc/rfc9001#section-4.6.1
    //# Servers MUST NOT send the early_data extension with a max_early_data_size
    //# field set to any value other than 0xffffffff.
    int ret = gnutls_record_set_max_early_data_size(tls->session, UINT32_MAX);
    if (ret < 0) {
      return ret;
    }
  }
  return ngtcp2_crypto_gnutls_configure_server_session(tls->session);
}

// GnuTLS offers status_request by itself, and refuses a server that chose no protocol or another.
static int set_up_client(quic_tls *tls, const char *server_name) {
  gnutls_session_set_verify_function(tls->session, on_verify);
  int ret = gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE, tls->context->credentials);
  if (ret == 0 && server_name != NULL) {
    ret = gnutls_server_name_set(tls->session, GNUTLS_NAME_DNS, server_name, strlen(server_name));
  }
  return ret == 0 ? ngtcp2_crypto_gnutls_configure_client_session(tls->session) : ret;
}

static unsigned session_flags(const quic_tls_context *context) {
  if (context->client.judge != NULL) {
    return GNUTLS_CLIENT | GNUTLS_NO_TICKETS | GNUTLS_NO_END_OF_EARLY_DATA;
  }
  unsigned early = context->seen != NULL ? GNUTLS_ENABLE_EARLY_DATA : 0;
  return GNUTLS_SERVER | GNUTLS_NO_END_OF_EARLY_DATA | early;
}

static int set_up(quic_tls *tls, const char *server_name) {
  gnutls_session_t session = tls->session;
  gnutls_session_set_ptr(session, tls);
  gnutls_session_set_keylog_function(session, on_key);
  int ret = gnutls_priority_set(session, tls->context->priorities);
  if (ret == 0) {
    ret = gnutls_alpn_set_protocols(session, &h3_protocol, 1, GNUTLS_ALPN_MANDATORY);
  }
  if (ret == 0 && codicil_gnutls_prepare(session) != CODICIL_OK) {
    ret = GNUTLS_E_MEMORY_ERROR;
  }
  gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_PRE, on_message);
  if (ret == 0) {
    ret = tls->context->client.judge != NULL ? set_up_client(tls, server_name) : set_up_server(tls);
  }
  return ret;
}

bool quic_tls_new(quic_tls **out, quic_tls_context *context, ngtcp2_crypto_conn_ref *ref,
                  const char *server_name, void *user, app_error *err) {
  quic_tls *tls = calloc(1, sizeof *tls);
  if (tls == NULL) {
    return app_fail(err, "out of memory");
  }
  tls->ref = (ngtcp2_crypto_conn_ref){conn_of, tls};
  tls->owner = ref;
  tls->context = context;
  tls->user = user;
  int ret = gnutls_init(&tls->session, session_flags(context));
  if (ret == 0) {
    ret = set_up(tls, server_name);
  }
  if (ret < 0) {
    quic_tls_free(tls);
    return fail_gnutls(err, ret);
  }
  *out = tls;
  return true;
}

void quic_tls_free(quic_tls *tls) {
  if (tls == NULL) {
    return;
  }
  codicil_gnutls_tls_free(tls->exporter);
  if (tls->session != NULL) {
    codicil_gnutls_forget(tls->session);
    gnutls_deinit(tls->session);
  }
  free(tls);
}

void *quic_tls_native(quic_tls *tls) {
  return tls->session;
}

size_t quic_tls_site_index(const quic_tls *tls) {
  return tls->site_index;
}

bool quic_tls_is_resumed(const quic_tls *tls) {
  return gnutls_session_is_resumed(tls->session) != 0;
}

bool quic_tls_speaks_h3(const quic_tls *tls) {
  gnutls_datum_t protocol;
  return gnutls_alpn_get_selected_protocol(tls->session, &protocol) == 0 &&
         protocol.size == h3_protocol.size &&
         memcmp(protocol.data, h3_protocol.data, protocol.size) == 0;
}

const char *quic_tls_suite(const quic_tls *tls) {
  const char *name = gnutls_ciphersuite_get(tls->session);
  return name != NULL ? name : "";
}

codicil_err quic_tls_exporter(codicil_tls **out, quic_tls *tls) {
  if (tls->exporter == NULL) {
    codicil_err err = codicil_gnutls_tls_new(&tls->exporter, tls->session);
    if (err != CODICIL_OK) {
      return err;
    }
  }
  *out = tls->exporter;
  return CODICIL_OK;
}
