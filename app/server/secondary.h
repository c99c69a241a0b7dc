// What secondary certificates ask of the server: all of it, so that a build without them, to be
// measured against, needs other files of this name and nothing else (bench/without_feature). Here
// is what all HTTP versions have in common; secondary_h2.h and secondary_h3.h are the frames.
#ifndef APP_SERVER_SECONDARY_H
#define APP_SERVER_SECONDARY_H

#include <openssl/ssl.h>

#include "codicil/name.h"
#include "codicil/session.h"
#include "io/loop.h"
#include "server/plan.h"

// Of one worker.
typedef struct secondary_shared secondary_shared;
CODICIL_MUST_USE bool secondary_shared_new(secondary_shared **out, const server_config *config,
                                           const site_table *sites, server_plan *plan,
                                           io_loop *loop, app_error *err);
void secondary_shared_free(secondary_shared *shared);
// New connections prove as `take_plan` says, a reference to which is taken; those that there are
// are to be asked: see secondary_take_plan.
void secondary_set_plan(secondary_shared *shared, server_plan *take_plan);
// The time, for what adapts a session to an HTTP version.
codicil_now secondary_now(void *shared);

// Of one connection; the zero state is safe to clear.
typedef struct secondary {
  secondary_shared *shared;
  const server_site *site; // of the handshake
  uint16_t port;           // for ORIGIN
  struct secondary_state *state;
  server_plan *plan; // under which the connection began
  const plan_site *proofs;
} secondary;

// From the context's client_hello callback.
int secondary_capture_client_hello(SSL *ssl, int *al);

// `site` is what the handshake selected.
void secondary_init(secondary *s, secondary_shared *shared, const server_site *site, uint16_t port);
void secondary_clear(secondary *s);
// Returns the connection's session, made if it is not there; NULL without memory.
codicil_session *secondary_need_session(secondary *s);
// The handshake is complete: `tls` is borrowed until secondary_clear. Without this call, where TLS
// cannot carry authenticators, the session watches the rules and proves nothing.
CODICIL_MUST_USE bool secondary_tls_ready(secondary *s, const codicil_tls *tls);

// Takes the session's events, after everything that gives it input. Returns whether it has just
// become known what the client supports.
bool secondary_take_events(secondary *s);
bool secondary_is_supported(const secondary *s);
// Queues ORIGIN: all that this connection may serve, or what its own certificate covers.
void secondary_send_origins(secondary *s, bool all);

// Tells whether a signature is wanted. Cheap: asked after every turn of a connection.
bool secondary_wants_signature(const secondary *s);
// Makes one signature; what it completes waits in the session.
void secondary_sign_one(secondary *s);

// The plan of new connections has changed. False: a certificate is blocked now that was proven on
// this connection, or was to be. It carries nothing any more, no other is proven, and the
// connection had better end.
CODICIL_MUST_USE bool secondary_take_plan(secondary *s);

// Tells whether a secondary certificate that was proven on this connection carries `origin`, is one
// that its site may use here, and is not blocked; *out_sha256 is the certificate.
bool secondary_carries(const secondary *s, const uint8_t **out_sha256, const codicil_origin *origin,
                       const server_site *wanted);

#endif
