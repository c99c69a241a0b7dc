// Two GnuTLS sessions over memory: see gnutls_pair.h.
#include "gnutls_pair.h"

#include "cmocka_test.h"

#include <errno.h>
#include <string.h>

static ssize_t push(gnutls_transport_ptr_t ptr, const void *data, size_t len) {
  gnutls_pipe *out = ((gnutls_end *)ptr)->out;
  assert_true(len <= sizeof out->octets - out->len);
  memcpy(out->octets + out->len, data, len);
  out->len += len;
  return (ssize_t)len;
}

static ssize_t pull(gnutls_transport_ptr_t ptr, void *data, size_t len) {
  gnutls_pipe *in = ((gnutls_end *)ptr)->in;
  size_t num = len < in->len ? len : in->len;
  if (num == 0) {
    errno = EAGAIN;
    return -1;
  }
  memcpy(data, in->octets, num);
  in->len -= num;
  memmove(in->octets, in->octets + num, in->len);
  return (ssize_t)num;
}

void gnutls_end_attach(gnutls_end *end, gnutls_session_t session) {
  gnutls_transport_set_ptr(session, end);
  gnutls_transport_set_push_function(session, push);
  gnutls_transport_set_pull_function(session, pull);
}

void gnutls_pair_init(gnutls_pair *pair) {
  memset(pair, 0, sizeof *pair);
  pair->client_priorities = pair->server_priorities = "NORMAL";
  pair->prepare = true;
  pair->root = pki_root("root");
  pair->leaf = pki_leaf(pair->root, "DNS:www.example.com");
  gnutls_datum_t certificate = {(uint8_t *)pair->leaf->pem, (unsigned)strlen(pair->leaf->pem)};
  gnutls_datum_t key = {(uint8_t *)pair->leaf->key_pem, (unsigned)strlen(pair->leaf->key_pem)};
  assert_int_equal(gnutls_certificate_allocate_credentials(&pair->client_credentials), 0);
  assert_int_equal(gnutls_certificate_allocate_credentials(&pair->server_credentials), 0);
  assert_int_equal(gnutls_certificate_set_x509_key_mem(pair->server_credentials, &certificate, &key,
                                                       GNUTLS_X509_FMT_PEM),
                   0);
}

static gnutls_session_t connect_end(gnutls_end *end, unsigned flags, const char *priorities,
                                    gnutls_certificate_credentials_t credentials, bool prepare) {
  gnutls_session_t session;
  assert_int_equal(gnutls_init(&session, flags), 0);
  assert_int_equal(gnutls_priority_set_direct(session, priorities, NULL), 0);
  assert_int_equal(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials), 0);
  gnutls_end_attach(end, session);
  if (prepare) {
    assert_int_equal(codicil_gnutls_prepare(session), CODICIL_OK);
  }
  return session;
}

void gnutls_pair_connect(gnutls_pair *pair) {
  pair->to_client.len = pair->to_server.len = 0;
  pair->client_end = (gnutls_end){&pair->to_client, &pair->to_server};
  pair->server_end = (gnutls_end){&pair->to_server, &pair->to_client};
  pair->client = connect_end(&pair->client_end, GNUTLS_CLIENT | pair->client_flags,
                             pair->client_priorities, pair->client_credentials, pair->prepare);
  pair->server = connect_end(&pair->server_end, GNUTLS_SERVER | pair->server_flags,
                             pair->server_priorities, pair->server_credentials, pair->prepare);
  assert_int_equal(gnutls_server_name_set(pair->client, GNUTLS_NAME_DNS, "www.example.com", 15), 0);
  if (pair->ticket_key.size > 0) {
    assert_int_equal(gnutls_session_ticket_enable_server(pair->server, &pair->ticket_key), 0);
  }
  if (pair->resumed.size > 0) {
    assert_int_equal(gnutls_session_set_data(pair->client, pair->resumed.data, pair->resumed.size),
                     0);
  }
}

bool gnutls_pair_step(gnutls_session_t session) {
  int ret = gnutls_handshake(session);
  if (ret < 0 && gnutls_error_is_fatal(ret)) {
    fail_msg("handshake failed: %s", gnutls_strerror(ret));
  }
  return ret == 0;
}

void gnutls_pair_handshake(gnutls_pair *pair) {
  bool client_done = false, server_done = false;
  for (int i = 0; i < 10 && !(client_done && server_done); i++) {
    client_done = client_done || gnutls_pair_step(pair->client);
    server_done = server_done || gnutls_pair_step(pair->server);
  }
  assert_true(client_done && server_done);
}

static void end_session(gnutls_session_t *session) {
  if (*session != NULL) {
    codicil_gnutls_forget(*session);
    gnutls_deinit(*session);
    *session = NULL;
  }
}

void gnutls_pair_disconnect(gnutls_pair *pair) {
  end_session(&pair->client);
  end_session(&pair->server);
}

void gnutls_pair_clear(gnutls_pair *pair) {
  gnutls_pair_disconnect(pair);
  gnutls_certificate_free_credentials(pair->client_credentials);
  gnutls_certificate_free_credentials(pair->server_credentials);
  gnutls_free(pair->ticket_key.data);
  gnutls_free(pair->resumed.data);
  pki_free(pair->leaf);
  pki_free(pair->root);
}
