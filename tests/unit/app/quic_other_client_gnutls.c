// Another client, by GnuTLS: see quic_other_client.h.
#include "quic_other_client.h"

#include "cmocka_test.h"

#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <stdlib.h>
#include <string.h>

struct quic_other_client {
  gnutls_session_t session;
  gnutls_certificate_credentials_t credentials;
  uint32_t max_early_data;
};

enum { EXT_EARLY_DATA = 42 };

// NewSessionTicket (RFC 8446 §4.6.1), whose early_data GnuTLS does not tell from its default.
static int on_ticket(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                     const gnutls_datum_t *message) {
  quic_other_client *client = gnutls_db_get_ptr(session);
  const uint8_t *p = message->data;
  (void)type, (void)when, (void)incoming;
  size_t at = 4 + 4;
  at += 1u + p[at];                            // nonce
  at += 2u + ((size_t)p[at] << 8 | p[at + 1]); // ticket
  at += 2;                                     // length of the extensions
  for (; at + 4 <= message->size; at += 4u + p[at + 3]) {
    if (p[at] == 0 && p[at + 1] == EXT_EARLY_DATA) {
      client->max_early_data = (uint32_t)p[at + 4] << 24 | (uint32_t)p[at + 5] << 16 |
                               (uint32_t)p[at + 6] << 8 | p[at + 7];
    }
  }
  return 0;
}

static const char plain[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:%DISABLE_TLS13_COMPAT_MODE";
static const char retried[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-FFDHE2048:"
                              "+GROUP-X25519:%DISABLE_TLS13_COMPAT_MODE";

static void offer(gnutls_session_t session, const quic_other_options *options) {
  assert_int_equal(gnutls_priority_set_direct(session, options->is_retried ? retried : plain, NULL),
                   0);
  assert_int_equal(gnutls_server_name_set(session, GNUTLS_NAME_DNS, options->server_name,
                                          strlen(options->server_name)),
                   0);
  if (options->alpn != NULL) {
    gnutls_datum_t protocol = {(unsigned char *)(uintptr_t)options->alpn,
                               (unsigned)strlen(options->alpn)};
    assert_int_equal(gnutls_alpn_set_protocols(session, &protocol, 1, 0), 0);
  }
  if (options->ticket.len > 0) {
    assert_int_equal(gnutls_session_set_data(session, options->ticket.data, options->ticket.len),
                     0);
  }
}

quic_other_client *quic_other_client_new(ngtcp2_crypto_conn_ref *ref,
                                         const quic_other_options *options) {
  quic_other_client *client = calloc(1, sizeof *client);
  unsigned flags = GNUTLS_CLIENT | GNUTLS_NO_END_OF_EARLY_DATA | GNUTLS_KEY_SHARE_TOP;
  assert_non_null(client);
  flags |= options->early_data ? GNUTLS_ENABLE_EARLY_DATA : 0;
  assert_int_equal(gnutls_init(&client->session, flags), 0);
  gnutls_session_set_ptr(client->session, ref);
  gnutls_db_set_ptr(client->session, client);
  gnutls_handshake_set_hook_function(client->session, GNUTLS_HANDSHAKE_NEW_SESSION_TICKET,
                                     GNUTLS_HOOK_PRE, on_ticket);
  assert_int_equal(gnutls_certificate_allocate_credentials(&client->credentials), 0);
  assert_int_equal(
      gnutls_credentials_set(client->session, GNUTLS_CRD_CERTIFICATE, client->credentials), 0);
  offer(client->session, options);
  assert_int_equal(ngtcp2_crypto_gnutls_configure_client_session(client->session), 0);
  return client;
}

void *quic_other_client_native(quic_other_client *client) {
  return client->session;
}

bool quic_other_client_is_resumed(const quic_other_client *client) {
  return gnutls_session_is_resumed(client->session) != 0;
}

bool quic_other_client_early_data_is_accepted(const quic_other_client *client) {
  return (gnutls_session_get_flags(client->session) & GNUTLS_SFLAGS_EARLY_DATA) != 0;
}

bool quic_other_client_ticket(quic_other_client *client, codicil_buf *out) {
  gnutls_datum_t data;
  if ((gnutls_session_get_flags(client->session) & GNUTLS_SFLAGS_SESSION_TICKET) == 0 ||
      gnutls_session_get_data2(client->session, &data) != 0) {
    return false;
  }
  assert_int_equal(codicil_buf_append(out, codicil_span_of(data.data, data.size)), CODICIL_OK);
  gnutls_free(data.data);
  return true;
}

uint32_t quic_other_client_max_early_data(const quic_other_client *client) {
  return client->max_early_data;
}

void quic_other_client_free(quic_other_client *client) {
  gnutls_deinit(client->session);
  gnutls_certificate_free_credentials(client->credentials);
  free(client);
}

bool quic_other_server_took_early_data(void *native) {
  return (gnutls_session_get_flags(native) & GNUTLS_SFLAGS_EARLY_DATA) != 0;
}

// ---- a server -----------------------------------------------------------------------------------

struct quic_other_server {
  gnutls_session_t session;
  gnutls_certificate_credentials_t credentials;
};

quic_other_server *quic_other_server_new(ngtcp2_crypto_conn_ref *ref, const char *certificate,
                                         const char *key) {
  quic_other_server *server = calloc(1, sizeof *server);
  assert_non_null(server);
  assert_int_equal(gnutls_init(&server->session, GNUTLS_SERVER | GNUTLS_NO_END_OF_EARLY_DATA), 0);
  gnutls_session_set_ptr(server->session, ref);
  assert_int_equal(gnutls_priority_set_direct(server->session, plain, NULL), 0);
  assert_int_equal(gnutls_certificate_allocate_credentials(&server->credentials), 0);
  assert_int_equal(gnutls_certificate_set_x509_key_file(server->credentials, certificate, key,
                                                        GNUTLS_X509_FMT_PEM),
                   0);
  assert_int_equal(
      gnutls_credentials_set(server->session, GNUTLS_CRD_CERTIFICATE, server->credentials), 0);
  assert_int_equal(ngtcp2_crypto_gnutls_configure_server_session(server->session), 0);
  return server;
}

void *quic_other_server_native(quic_other_server *server) {
  return server->session;
}

void quic_other_server_free(quic_other_server *server) {
  gnutls_deinit(server->session);
  gnutls_certificate_free_credentials(server->credentials);
  free(server);
}
