// The server's TLS: see tls.h.
#include "server/tls.h"

#include <openssl/err.h>
#include <openssl/sha.h>
#include <string.h>

#include "io/key_log.h"
#include "io/tls_server_name.h"
#include "server/secondary.h"

// RFC 9113 §9.2.2 and its appendix A leave of TLS 1.2's suites ephemeral exchange with an AEAD.
static const char tls12_suites[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
static const uint8_t h2_protocol[] = {2, 'h', '2'};
enum { TICKET_LIFETIME_S = 7200 };

// ---- choosing
// -------------------------------------------------------------------------------------------

// A client that offers no protocol speaks HTTP/1.1, which is not spoken here.
static bool offers_protocols(SSL *ssl) {
  const unsigned char *p;
  size_t len;
  return SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &p,
                                   &len) == 1;
}

// Runs before a ticket is looked at, so that the ticket is judged by the site's own session
// context: one that another site issued is not resumed. An unknown name gets the first site's
// certificate.
static int on_client_hello(SSL *ssl, int *al, void *arg) {
  const site_table *table = arg;
  char name[CODICIL_HOST_MAX + 1];
  const server_site *site = NULL;
  int rc = secondary_capture_client_hello(ssl, al);
  if (rc != SSL_CLIENT_HELLO_SUCCESS) {
    return rc;
  }
  if (!offers_protocols(ssl)) {
    *al = SSL_AD_NO_APPLICATION_PROTOCOL;
    return SSL_CLIENT_HELLO_ERROR;
  }
  if (tls_server_name(name, sizeof name, ssl)) {
    site = site_table_find(table, name);
  }
  if (site && site->tls != SSL_get_SSL_CTX(ssl) && !SSL_set_SSL_CTX(ssl, site->tls)) {
    *al = SSL_AD_INTERNAL_ERROR;
    return SSL_CLIENT_HELLO_ERROR;
  }
  return SSL_CLIENT_HELLO_SUCCESS;
}

//= https://www.rfc-editor.org/rfc/rfc7301#section-3.2
//# In the event that the server supports no protocols that the client
//# advertises, then the server SHALL respond with a fatal
//# "no_application_protocol" alert.
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *arg) {
  (void)ssl;
  (void)arg;
  for (unsigned i = 0; i < in_len; i += 1u + in[i]) {
    if (in_len - i >= sizeof h2_protocol && memcmp(in + i, h2_protocol, sizeof h2_protocol) == 0) {
      *out = in + i + 1;
      *out_len = 2;
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// A client that asked for it gets the response that the configuration names (RFC 6066 §8).
static int on_status(SSL *ssl, void *arg) {
  const server_site *site = tls_site(ssl);
  (void)arg;
  if (site->certificate->ocsp.len == 0) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  uint8_t *copy = OPENSSL_memdup(site->certificate->ocsp.data, site->certificate->ocsp.len);
  if (!copy) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)site->certificate->ocsp.len); // takes it
  return SSL_TLSEXT_ERR_OK;
}

// ---- the context
// ------------------------------------------------------------------------------------

static bool use_certificate(SSL_CTX *tls, const config_site *config) {
  return SSL_CTX_use_certificate_chain_file(tls, config->certificate.file.text) == 1 &&
         SSL_CTX_use_PrivateKey_file(tls, config->certificate.key.text, SSL_FILETYPE_PEM) == 1 &&
         SSL_CTX_check_private_key(tls) == 1;
}

// Names of the configuration are normalised: none is longer than a wildcard.
void tls_site_id(uint8_t out[32], const server_site *site) {
  uint8_t input[CODICIL_HOST_MAX + 40];
  const char *name = site->config->names.items[0].text;
  size_t len = strnlen(name, CODICIL_HOST_MAX + 2);
  memcpy(input, codicil_identity_sha256(site->certificate->identity), 32);
  memcpy(input + 32, name, len);
  SHA256(input, 32 + len, out);
}

static bool bind_sessions(SSL_CTX *tls, const server_site *site) {
  uint8_t id[SHA256_DIGEST_LENGTH];
  tls_site_id(id, site);
  SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(tls, TICKET_LIFETIME_S);
  return SSL_CTX_set_session_id_context(tls, id, sizeof id) == 1;
}

static bool configure(SSL_CTX *tls, const site_table *table, const server_site *site) {
  // Every suite that is left is good, so the client's order counts: it knows its hardware.
  SSL_CTX_set_options(tls, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_client_hello_cb(tls, on_client_hello, (void *)table);
  SSL_CTX_set_alpn_select_cb(tls, on_alpn, NULL);
  SSL_CTX_set_tlsext_status_cb(tls, on_status);
  SSL_CTX_set_app_data(tls, (void *)site);
  return SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(tls, tls12_suites) == 1 && bind_sessions(tls, site) &&
         use_certificate(tls, site->config);
}

static void on_key_log(const SSL *ssl, const char *line) {
  key_log_write(tls_site(ssl)->key_log, line);
}

void tls_log_keys(server_site *site, int key_log) {
  site->key_log = key_log;
  SSL_CTX_set_keylog_callback(site->tls, key_log >= 0 ? on_key_log : NULL);
}

bool tls_context_new(SSL_CTX **out, const site_table *table, const server_site *site,
                     app_error *err) {
  ERR_clear_error();
  SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
  if (!tls || !configure(tls, table, site)) {
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    app_fail(err, "%s: %s", site->config->certificate.file.text,
             reason ? reason : "TLS refuses it");
    SSL_CTX_free(tls);
    ERR_clear_error();
    return false;
  }
  *out = tls;
  return true;
}

const server_site *tls_site(const SSL *ssl) {
  return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}
