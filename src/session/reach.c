// Steps 0, 4 and 5 of docs/protocol.md §5: see reach.h.
#include "reach.h"

#include <string.h>

// Before ORIGIN the connection's own port counts, and that of the origin for which it was opened,
// which differ on an Alternative Service (RFC 7838 §2.1) and where the user connects elsewhere.
bool codicil_reach_port(const codicil_policy_input *in, const codicil_origin *origin) {
  return in->origins->is_initialised || origin->port == in->peer->port ||
         origin->port == in->peer->origin.port;
}

bool codicil_reach_listed(const codicil_policy_input *in, const codicil_origin *origin) {
  return !codicil_origin_set_is_misdirected(in->origins, origin) &&
         (!in->origins->is_initialised || codicil_origin_set_has(in->origins, origin));
}

static bool is_member(const codicil_policy_input *in, const codicil_origin *origin) {
  return in->origins->is_initialised && codicil_origin_set_has(in->origins, origin);
}

// ---- without DNS --------------------------------------------------------------------------------

static bool is_satisfied_by_name(const codicil_policy_input *in, size_t by) {
  const codicil_required_domain *required =
      codicil_identity_required(in->certificates[by].identity, in->standings[by].required);
  return required != NULL && required->type != CODICIL_REQUIRED_ANY;
}

static bool has_required_name(const codicil_identity *identity) {
  const codicil_required_domain *required;
  for (size_t i = 0; (required = codicil_identity_required(identity, i)) != NULL; i++) {
    if (required->type != CODICIL_REQUIRED_ANY) {
      return true;
    }
  }
  return false;
}

bool codicil_reach_ignores_dns(const codicil_policy_input *in, const codicil_origin *origin) {
  if (origin->address.len != 0) {
    return false; // an address is served by that peer only
  }
  return in->config->dns_mode == CODICIL_DNS_INSECURE_NEVER ||
         (in->config->dns_mode == CODICIL_DNS_INSECURE_ORIGIN && is_member(in, origin));
}

// What CAA's check has to be true of a certificate for; of the name, that it is a member.
static bool is_checked_by_caa(const codicil_policy_input *in, size_t by) {
  const codicil_proven *certificate = &in->certificates[by];
  return certificate->is_caa_anchor && certificate->proof != NULL && is_satisfied_by_name(in, by);
}

bool codicil_reach_skips_dns(const codicil_policy_input *in, const codicil_origin *origin,
                             size_t by) {
  if (origin->address.len != 0 || in->config->dns_mode != CODICIL_DNS_CAA) {
    return codicil_reach_ignores_dns(in, origin);
  }
  return is_checked_by_caa(in, by) && is_member(in, origin);
}

bool codicil_reach_needs_dns(const codicil_policy_input *in, size_t by) {
  switch (in->config->dns_mode) {
  case CODICIL_DNS_ALWAYS:
    return true;
  case CODICIL_DNS_CAA:
    return !is_checked_by_caa(in, by);
  default:
    return false;
  }
}

bool codicil_reach_may_skip_dns(const codicil_policy_input *in, const codicil_origin *origin,
                                size_t by) {
  const codicil_proven *certificate = &in->certificates[by];
  if (origin->address.len != 0 || in->config->dns_mode != CODICIL_DNS_CAA) {
    return codicil_reach_skips_dns(in, origin, by);
  }
  return in->config->required_mode != CODICIL_REQUIRED_INSECURE_IGNORE &&
         certificate->proof != NULL && has_required_name(certificate->identity) &&
         (!certificate->is_path_known || certificate->is_caa_anchor) && is_member(in, origin);
}

// ---- DNS ----------------------------------------------------------------------------------------

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-7.1
//# Clients
//# SHOULD consult DNS for hostnames presented in secondary certificates if they
//# would have done so for the same hostname if it were present in the primary
//# certificate.
codicil_leads codicil_reach_dns(const codicil_policy_input *in, const codicil_origin *origin,
                                const codicil_evidence *evidence) {
  const codicil_address *peer = &in->peer->address;
  if (codicil_origin_equal(origin, &in->peer->origin)) {
    return CODICIL_LEADS_HERE;
  }
  if (origin->address.len != 0) {
    return codicil_address_equal(&origin->address, peer) ? CODICIL_LEADS_HERE
                                                         : CODICIL_LEADS_ELSEWHERE;
  }
  return codicil_leads_of(evidence, peer);
}

// ---- required domains ---------------------------------------------------------------------------

// The name in SNI counts as proven by the handshake's certificate, until a 421 came for it: the
// client resolved it to open this connection. No other name is spared, nor the own origin where it
// was not in SNI.
static bool is_proven_by_handshake(const codicil_policy_input *in, const codicil_origin *origin,
                                   size_t by) {
  return by == 0 && in->peer->sent_sni && strcmp(origin->host, in->peer->origin.host) == 0 &&
         !codicil_origin_set_is_misdirected(in->origins, &in->peer->origin);
}

static codicil_leads where_required_leads(const codicil_policy_input *in,
                                          const codicil_origin *origin, size_t by) {
  if (origin->address.len != 0) {
    return codicil_address_equal(&origin->address, &in->peer->address) ? CODICIL_LEADS_HERE
                                                                       : CODICIL_LEADS_ELSEWHERE;
  }
  return codicil_reach_skips_dns(in, origin, by)
             ? CODICIL_LEADS_HERE
             : codicil_wants_leads(in->wants, origin, in->unix_s);
}

codicil_reach codicil_reach_required(const codicil_policy_input *in, const codicil_origin *origin,
                                     size_t by) {
  codicil_route_reason served = by == 0 ? CODICIL_ROUTE_PRIMARY : CODICIL_ROUTE_SECONDARY;
  if (codicil_origin_set_is_misdirected(in->origins, origin)) {
    return (codicil_reach){CODICIL_NO, CODICIL_ROUTE_MISDIRECTED};
  }
  if (is_proven_by_handshake(in, origin, by)) {
    return (codicil_reach){CODICIL_USE, CODICIL_ROUTE_OWN_ORIGIN};
  }
  if (!codicil_reach_listed(in, origin)) {
    return (codicil_reach){CODICIL_NO, CODICIL_ROUTE_ORIGIN_SET};
  }
  switch (where_required_leads(in, origin, by)) {
  case CODICIL_LEADS_HERE:
    return (codicil_reach){CODICIL_USE, served};
  case CODICIL_LEADS_ELSEWHERE:
    return (codicil_reach){CODICIL_NO, CODICIL_ROUTE_DNS_MISMATCH};
  case CODICIL_LEADS_NOWHERE:
    return (codicil_reach){CODICIL_NO, CODICIL_ROUTE_DNS_FAILURE};
  default:
    return (codicil_reach){CODICIL_WAIT, CODICIL_ROUTE_DNS_FAILURE};
  }
}
