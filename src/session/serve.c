// What a server may serve on this connection: what it has proven here, frozen as sent. Never what
// SNI said, and never what was merely offered.
#include "session_state.h"
#include "span.h"

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

// A wildcard is covered by the same wildcard only: RFC 9525 §6.3 knows one label.
static bool name_covers(const codicil_alt_name *covering, const codicil_alt_name *name) {
  if (covering->type != name->type) {
    return false;
  }
  if (name->type == CODICIL_ALT_ADDRESS) {
    return codicil_address_equal(&covering->address, &name->address);
  }
  return codicil_span_equal(covering->dns, name->dns) ||
         codicil_dns_name_covers(covering->dns, name->dns);
}

static bool identity_covers_name(const codicil_identity *identity, const codicil_alt_name *name) {
  for (size_t i = 0; i < codicil_identity_num_names(identity); i++) {
    if (name_covers(codicil_identity_name(identity, i), name)) {
      return true;
    }
  }
  return false;
}

bool codicil_identity_covers_all(const codicil_identity *identity, const codicil_identity *other) {
  for (size_t i = 0; i < codicil_identity_num_names(other); i++) {
    if (!identity_covers_name(identity, codicil_identity_name(other, i))) {
      return false;
    }
  }
  return true;
}
