// A client and a server session on one made-up TLS connection, with certificates to prove.
//
// The certificates are made once per process; sessions are made per test. Both exporters give the
// same secrets, as the two ends of one connection do.
#ifndef CODICIL_TESTS_SESSION_FIXTURE_H
#define CODICIL_TESTS_SESSION_FIXTURE_H

#include "codicil/session.h"
#include "pki_fixture.h"

typedef enum site {
  SITE_WWW,       // www.example: the handshake's certificate
  SITE_IMG,       // img.example
  SITE_CDN,       // cdn.example, *.cdn.example
  SITE_UNTRUSTED, // bad.example, from an authority that nobody trusts
  SITE_EXPIRED,   // old.example
  SITE_BOUND,     // bound.example, requiredDomain www.example
  SITE_ADDRESS,   // 192.0.2.1, the peer's address
  SITE_BIG,       // big.example, and names that make it several frames long
  NUM_SITES
} site;

typedef struct site_data {
  pki_cert *cert;
  codicil_credential *credential;
  codicil_identity *identity;
} site_data;

// Returns the certificate of `which`, made on first use.
const site_data *site_of(site which);
const codicil_trust *site_trust(void);
void sites_free(void);

typedef struct fake_tls {
  codicil_tls tls;
  uint64_t seed;
  codicil_err refusal; // what the exporter returns
  size_t num_exports;
} fake_tls;
void fake_tls_init(fake_tls *fake, bool is_server, uint64_t seed);

// A deterministic source for certificate_request_context.
bool counting_random(void *ctx, uint8_t *out, size_t len);

typedef struct world {
  codicil_config *client_config, *server_config;
  fake_tls client_tls, server_tls;
  codicil_session *client, *server;
  uint64_t random_state;
  codicil_now now;
} world;

// Configurations and TLS, without sessions: change them, then world_connect.
void world_init(world *w);
// Sessions on a complete handshake; the client knows its peer and the handshake's certificate.
void world_connect(world *w);
// Both sides receive the other's SETTINGS.
void world_negotiate(world *w);
void world_close(world *w);

// The address of the server and of img.example, and the origins of the sites.
codicil_address peer_address(void);
codicil_origin origin_of(const char *text);
// DNS evidence that leads to the peer, or elsewhere.
codicil_evidence evidence_here(void);
codicil_evidence evidence_elsewhere(void);

// Answers every want with the credential's own key.
void server_sign_all(codicil_session *server);
// Offers and signs.
void server_prove(codicil_session *server, site which);
// Moves every frame from the server to the client, whole. Stops at the first error and returns it.
codicil_err link_move(codicil_session *server, codicil_session *client, codicil_now now);
// Feeds one frame, whole or in pieces of `piece` octets.
codicil_err feed_frame(codicil_session *client, codicil_span payload, codicil_now now);
codicil_err feed_frame_in_pieces(codicil_session *client, codicil_span payload, size_t piece,
                                 codicil_now now);
// Feeds the entries of an ORIGIN payload.
codicil_err feed_origin(codicil_session *client, codicil_span payload);
// Takes the server's frames off, and gives their payloads in one piece. free() the data.
codicil_span take_authenticator(codicil_session *server);
// The authenticator that a server of the worlds' connection makes for `which`; free() the data.
codicil_span authenticator_of(site which, uint64_t random_seed);
// Tells whether two clients hold the same and answer alike for every site.
bool clients_agree(world *a, world *b);
codicil_route route_to(world *w, const char *origin, codicil_evidence evidence);
// Takes events until one of `type` comes, and returns its index; SIZE_MAX where none comes.
size_t take_event(codicil_session *session, codicil_event_type type);
void drop_events(codicil_session *session);

#endif
