// What a server may serve on this connection: what it has proven here, frozen as sent. Never what
// SNI said, and never what was merely offered.
#include "session_state.h"

void codicil_session_set_own_primary(codicil_session *session, const codicil_identity *identity) {
  session->own_primary = identity;
}

bool codicil_session_serves(const codicil_session *session, size_t *out_index,
                            const codicil_origin *origin) {
  if (session->own_primary != NULL && codicil_identity_covers(session->own_primary, origin)) {
    *out_index = 0;
    return true;
  }
  for (size_t i = 0; i < session->outbox.num_offers; i++) {
    const codicil_offer *offer = &session->outbox.offers[i];
    if (offer->state == CODICIL_OFFER_SENT && codicil_identity_covers(offer->identity, origin)) {
      *out_index = i + 1;
      return true;
    }
  }
  return false;
}
