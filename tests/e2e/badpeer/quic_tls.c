// QUIC's TLS for the misbehaving peer: see quic_tls.h.
#include "quic_tls.h"

#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <string.h>

static const char priority[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:%DISABLE_TLS13_COMPAT_MODE";
static const unsigned session_flags = GNUTLS_ENABLE_EARLY_DATA | GNUTLS_NO_END_OF_EARLY_DATA;

static gnutls_certificate_credentials_t credentials(const char *const files[2]) {
  gnutls_certificate_credentials_t c;
  if (gnutls_certificate_allocate_credentials(&c) != 0 ||
      (files != NULL &&
       gnutls_certificate_set_x509_key_file(c, files[0], files[1], GNUTLS_X509_FMT_PEM) < 0)) {
    die(files == NULL ? "credentials" : files[0]);
  }
  return c;
}

void quic_certificates_load(quic_certificates *out, const char *const primary[2],
                            const char *const secondary[2]) {
  out->primary = credentials(primary);
  out->secondary = credentials(secondary);
}

static void begin(quic_tls *tls, ngtcp2_crypto_conn_ref *ref, unsigned flags,
                  const quic_options *options) {
  static const gnutls_datum_t h3 = {(unsigned char *)"h3", 2};
  if (gnutls_init(&tls->session, flags | session_flags) != 0 ||
      gnutls_priority_set_direct(tls->session, priority, NULL) != 0) {
    die("gnutls_init");
  }
  gnutls_session_set_ptr(tls->session, ref);
  if (!options->no_alpn) {
    gnutls_alpn_set_protocols(tls->session, &h3, 1, GNUTLS_ALPN_MANDATORY);
  }
}

void quic_tls_client(quic_tls *tls, ngtcp2_crypto_conn_ref *ref, const quic_options *options) {
  begin(tls, ref, GNUTLS_CLIENT, options);
  if (ngtcp2_crypto_gnutls_configure_client_session(tls->session) != 0) {
    die("ngtcp2_crypto_gnutls_configure_client_session");
  }
  tls->own = credentials(NULL);
  gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE, tls->own);
  if (options->sni != NULL) {
    snprintf(tls->sni, sizeof tls->sni, "%s", options->sni);
    gnutls_server_name_set(tls->session, GNUTLS_NAME_DNS, tls->sni, strlen(tls->sni));
  }
  if (options->session != NULL && options->session->len > 0) {
    gnutls_session_set_data(tls->session, options->session->data, options->session->len);
  }
}

static bool covers(gnutls_certificate_credentials_t c, const char *name) {
  gnutls_x509_crt_t *chain;
  unsigned num;
  if (gnutls_certificate_get_x509_crt(c, 0, &chain, &num) != 0) {
    return false;
  }
  bool does = gnutls_x509_crt_check_hostname(chain[0], name) != 0;
  for (unsigned i = 0; i < num; i++) {
    gnutls_x509_crt_deinit(chain[i]);
  }
  gnutls_free(chain);
  return does;
}

static int choose(gnutls_session_t session) {
  quic_tls *tls = gnutls_db_get_ptr(session);
  size_t len = sizeof tls->sni - 1;
  unsigned type;
  if (gnutls_server_name_get(session, tls->sni, &len, &type, 0) != 0) {
    tls->sni[0] = '\0';
  }
  tls->is_secondary = tls->sni[0] != '\0' && covers(tls->certificates->secondary, tls->sni);
  gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
                         tls->is_secondary ? tls->certificates->secondary
                                           : tls->certificates->primary);
  return 0;
}

void quic_tls_server(quic_tls *tls, ngtcp2_crypto_conn_ref *ref, const quic_options *options,
                     const quic_certificates *certificates) {
  begin(tls, ref, GNUTLS_SERVER | GNUTLS_NO_AUTO_SEND_TICKET, options);
  tls->certificates = certificates;
  gnutls_db_set_ptr(tls->session, tls);
  gnutls_handshake_set_post_client_hello_function(tls->session, choose);
  gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE, certificates->primary);
  if (ngtcp2_crypto_gnutls_configure_server_session(tls->session) != 0) {
    die("ngtcp2_crypto_gnutls_configure_server_session");
  }
}

void quic_tls_clear(quic_tls *tls) {
  gnutls_deinit(tls->session);
  if (tls->own != NULL) {
    gnutls_certificate_free_credentials(tls->own);
  }
}

static bool run_exporter(void *session, uint8_t *out, size_t len, const char *label) {
  return gnutls_prf_rfc5705(session, strlen(label), label, 0, NULL, len, (char *)out) == 0;
}

exporter quic_tls_exporter(const quic_tls *tls) {
  bool is_384 = gnutls_prf_hash_get(tls->session) == GNUTLS_DIG_SHA384;
  return (exporter){is_384 ? EVP_sha384() : EVP_sha256(), run_exporter, tls->session};
}
