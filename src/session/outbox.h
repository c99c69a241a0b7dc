// What a server sends: ORIGIN frames, and credentials on their way to being proven.
//
// Authenticators leave in the order in which their credentials were offered. Several may be with a
// signer at once; each waits for those before it. ORIGIN frames wait for no certificate: a client
// should know that an origin is served here before the certificate that proves it.
#ifndef CODICIL_SESSION_OUTBOX_H
#define CODICIL_SESSION_OUTBOX_H

#include "codicil/session.h"

typedef enum codicil_offer_state {
  CODICIL_OFFER_QUEUED,
  CODICIL_OFFER_SIGNING, // the application has a want for it
  CODICIL_OFFER_READY,   // an authenticator, not yet popped whole
  CODICIL_OFFER_SENT,
  CODICIL_OFFER_GIVEN_UP
} codicil_offer_state;

typedef struct codicil_offer {
  codicil_offer_state state;
  codicil_credential *credential; // held until the authenticator is made
  const codicil_identity *identity;
  codicil_ea_signing *signing;
  codicil_buf authenticator;
  size_t popped_len;
} codicil_offer;

typedef struct codicil_outbox {
  codicil_offer *offers;
  size_t num_offers;
  size_t offers_cap;
  size_t to_send; // first offer that is neither sent nor given up
  size_t to_sign; // first offer for which nothing was signed
  size_t num_signing;
  size_t num_authenticators; // signing, ready or sent
  size_t authenticators_len; // ready or sent

  codicil_buf *origin_frames;
  size_t num_origin_frames;
  size_t origin_frames_cap;
  size_t origin_to_send;
  size_t num_origins; // named on this connection
  size_t origins_len;
} codicil_outbox;

// Starts what may be signed now: the feature is on, the handshake complete. Queues a want for each.
void codicil_outbox_pump(codicil_session *s);
void codicil_outbox_clear(codicil_outbox *outbox, const codicil_mem *mem);

#endif
