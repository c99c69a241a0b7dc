// The client's side: whose requests may go on a connection that is open already.
#include <string.h>

#include "examples.h"

static codicil_config *config;
static codicil_trust *trust;

void client_secondary_init(const char *ca_file) {
  char ca[FILE_MAX];
  codicil_span ca_pem = {(uint8_t *)ca, read_file(ca_file, ca)};
  if (codicil_config_new(&config, NULL) != CODICIL_OK ||
      codicil_trust_new(&trust, NULL) != CODICIL_OK ||
      codicil_trust_add_pem(trust, NULL, NULL, ca_pem) != CODICIL_OK) {
    die("cannot use the CA file");
  }
  codicil_config_set_trust(config, trust);
}

static bool set_peer(codicil_peer *out, const char *authority, const char *at) {
  codicil_span text = codicil_span_of(authority, strlen(authority));
  bool ok = codicil_origin_parse_authority(&out->origin, text) &&
            codicil_address_parse(&out->address, codicil_span_of(at, strlen(at)));
  out->port = out->origin.port;
  out->sent_sni = true;
  return ok;
}

bool client_secondary_open(secondary *s, SSL *ssl, const char *authority, const char *at) {
  codicil_peer peer = {0};
  uint8_t *der = NULL;
  int len = i2d_X509(SSL_get0_peer_certificate(ssl), &der); // OpenSSL has validated it
  codicil_chain_entry entry = {.der = codicil_span_of(der, len > 0 ? (size_t)len : 0)};
  bool ok = secondary_open(s, config, CODICIL_CLIENT, ssl) && set_peer(&peer, authority, at) &&
            codicil_session_set_peer(s->session, &peer) == CODICIL_OK &&
            codicil_session_set_primary(s->session, &entry, 1) == CODICIL_OK;
  OPENSSL_free(der);
  return ok;
}

bool client_secondary_may_use(secondary *s, const char *authority, const char *at) {
  codicil_peer to = {0};
  codicil_route route;
  codicil_evidence evidence = {CODICIL_DNS_ANSWERED, &to.address, 1};
  return set_peer(&to, authority, at) &&
         codicil_session_route(s->session, &route, &to.origin, &evidence, secondary_now(NULL)) ==
             CODICIL_OK &&
         route.answer == CODICIL_USE;
}
