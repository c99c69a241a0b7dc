// The client's decision, step by step: docs/protocol.md §5.
//
// A route is found by walking the steps until one of them answers. Each step is a function that
// returns true when it has answered; the order of the steps is the order of the reasons.
#include "policy.h"

bool codicil_policy_needs_path(const codicil_proven *certificate, int64_t unix_s) {
  return !certificate->is_path_known || unix_s >= certificate->path_until;
}

// Steps 1 and 2 for one certificate. The Required Domain is a fact that the rest of the authority
// must prove: until this connection can, a certificate that demands one is not for it.
codicil_verdict codicil_policy_certificate(const codicil_policy_input *in, size_t index) {
  const codicil_proven *certificate = &in->certificates[index];
  if (!certificate->is_path_known) {
    return (codicil_verdict){CODICIL_UNEXAMINED, CODICIL_CERT_NONE};
  }
  if (certificate->path != CODICIL_CERT_NONE) {
    return (codicil_verdict){CODICIL_REJECTED, certificate->path};
  }
  bool is_secondary = certificate->proof != NULL;
  if (is_secondary && codicil_identity_required_domain(certificate->identity).data != NULL) {
    return (codicil_verdict){CODICIL_REJECTED, CODICIL_CERT_REQUIRED_DOMAIN};
  }
  return (codicil_verdict){CODICIL_ACCEPTED, CODICIL_CERT_NONE};
}

// ---- a route --------------------------------------------------------------------------------

typedef struct query {
  const codicil_policy_input *in;
  const codicil_origin *origin;
  const codicil_evidence *evidence;
  size_t first;       // certificate that covers the host; those before it do not
  size_t certificate; // the one that answers
  codicil_route route;
  size_t examine;
} query;

static bool answer(query *q, codicil_answer word, codicil_route_reason reason, const char *rule) {
  q->route = (codicil_route){.answer = word,
                             .reason = reason,
                             .certificate = q->certificate,
                             .rule = rule,
                             .generation = q->in->authority->generation};
  return true;
}

static bool is_own(const query *q) {
  return codicil_origin_equal(q->origin, &q->in->peer->origin);
}

static bool covers(const query *q, size_t index) {
  return codicil_identity_covers(q->in->certificates[index].identity, q->origin);
}

// Before ORIGIN the connection's own port counts, and that of the origin for which it was opened,
// which differ on an Alternative Service (RFC 7838 §2.1) and where the user connects elsewhere.
static bool port_is_allowed(const query *q) {
  const codicil_peer *peer = q->in->peer;
  return q->in->origins->is_initialised || q->origin->port == peer->port ||
         q->origin->port == peer->origin.port;
}

static bool origin_set_allows(const query *q) {
  const codicil_origin_set *origins = q->in->origins;
  return !codicil_origin_set_is_misdirected(origins, q->origin) &&
         (!origins->is_initialised || codicil_origin_set_has(origins, q->origin));
}

typedef enum leads { LEADS_HERE, LEADS_ELSEWHERE, LEADS_NOWHERE, LEADS_UNKNOWN } leads;

static bool evidence_names_peer(const codicil_evidence *evidence, const codicil_address *peer) {
  for (size_t i = 0; i < evidence->num_addresses; i++) {
    if (codicil_address_equal(&evidence->addresses[i], peer)) {
      return true;
    }
  }
  return false;
}

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-7.1
//# Clients
//# SHOULD consult DNS for hostnames presented in secondary certificates if they
//# would have done so for the same hostname if it were present in the primary
//# certificate.
static leads where_dns_leads(const query *q) {
  const codicil_address *peer = &q->in->peer->address;
  if (is_own(q)) {
    return LEADS_HERE;
  }
  if (q->origin->address.len != 0) {
    return codicil_address_equal(&q->origin->address, peer) ? LEADS_HERE : LEADS_ELSEWHERE;
  }
  if (q->evidence == NULL || q->evidence->dns == CODICIL_DNS_UNKNOWN) {
    return LEADS_UNKNOWN;
  }
  if (q->evidence->dns == CODICIL_DNS_FAILED) {
    return LEADS_NOWHERE;
  }
  return evidence_names_peer(q->evidence, peer) ? LEADS_HERE : LEADS_ELSEWHERE;
}

// Step 6 for a host that no certificate covers: may one still come in a moment?
static bool certificate_may_come(const query *q) {
  const codicil_policy_input *in = q->in;
  leads dns = where_dns_leads(q);
  if (!port_is_allowed(q) || !origin_set_allows(q) || dns == LEADS_ELSEWHERE ||
      dns == LEADS_NOWHERE) {
    return false;
  }
  if (in->support != CODICIL_SUPPORT_YES) {
    return in->support == CODICIL_SUPPORT_AWAITED;
  }
  // Past the connection's limit none is taken any more.
  return !in->has_skipped && (in->is_receiving || in->origins->is_initialised);
}

static bool answer_uncovered(query *q) {
  if (certificate_may_come(q)) {
    return answer(q, CODICIL_WAIT, CODICIL_ROUTE_NOT_COVERED, "RFC 9525 §6.3");
  }
  if (q->in->support == CODICIL_SUPPORT_NO) {
    return answer(q, CODICIL_NO, CODICIL_ROUTE_NO_SUPPORT, "secondary-server-certs §3.1");
  }
  answer(q, CODICIL_NO, CODICIL_ROUTE_NOT_COVERED, "RFC 9525 §6.3");
  q->route.cert_reason = q->in->has_skipped ? CODICIL_CERT_LIMIT : CODICIL_CERT_NONE;
  return true;
}

// Step 0. Any certificate that covers the host, for now.
static bool step_name(query *q) {
  while (q->first < q->in->num_certificates && !covers(q, q->first)) {
    q->first++;
  }
  if (q->first == q->in->num_certificates) {
    return answer_uncovered(q);
  }
  if (!port_is_allowed(q)) {
    return answer(q, CODICIL_NO, CODICIL_ROUTE_PORT, "RFC 9113 §9.1.1");
  }
  return false;
}

// Finds the first covering certificate that `matches`, which is the cheaper question.
static bool choose(query *q, bool (*matches)(const query *q, size_t index)) {
  for (size_t i = q->first; i < q->in->num_certificates; i++) {
    if (matches(q, i) && (i == q->first || covers(q, i))) {
      q->certificate = i;
      return true;
    }
  }
  return false;
}

static bool is_accepted(const query *q, size_t index) {
  return codicil_authority_has(q->in->authority, index) &&
         !codicil_policy_needs_path(&q->in->certificates[index], q->in->unix_s);
}

static bool is_to_examine(const query *q, size_t index) {
  return codicil_policy_needs_path(&q->in->certificates[index], q->in->unix_s);
}

static bool is_waiting(const query *q, size_t index) {
  return q->in->certificates[index].decision == CODICIL_WAITING;
}

static bool is_any(const query *q, size_t index) {
  (void)q;
  (void)index;
  return true;
}

// Steps 1 to 3. Paths are validated one at a time, and only until one of them serves.
static bool step_certificate(query *q) {
  if (choose(q, is_accepted)) {
    return false;
  }
  if (choose(q, is_to_examine)) {
    q->examine = q->certificate;
    return true;
  }
  bool waits = choose(q, is_waiting);
  if (!waits) {
    choose(q, is_any);
  }
  waits = waits && origin_set_allows(q);
  answer(q, waits ? CODICIL_WAIT : CODICIL_NO, CODICIL_ROUTE_CERTIFICATE,
         "secondary-server-certs §6.2");
  q->route.cert_reason = q->in->certificates[q->certificate].reason;
  return true;
}

// Step 4.
//
//= https://www.rfc-editor.org/rfc/rfc8336#section-2.4
//# Specifically, such clients MUST
//# NOT consider a connection to be authoritative for an origin not
//# present in the Origin Set
static bool step_origin_set(query *q) {
  if (codicil_origin_set_is_misdirected(q->in->origins, q->origin)) {
    return answer(q, CODICIL_NO, CODICIL_ROUTE_MISDIRECTED, "RFC 8336 §2.3");
  }
  if (!origin_set_allows(q)) {
    return answer(q, CODICIL_NO, CODICIL_ROUTE_ORIGIN_SET, "RFC 8336 §2.4");
  }
  return false;
}

// Step 5. The Origin Set never stands in for DNS here.
static bool step_dns(query *q) {
  switch (where_dns_leads(q)) {
  case LEADS_ELSEWHERE:
    return answer(q, CODICIL_NO, CODICIL_ROUTE_DNS_MISMATCH, "RFC 9113 §9.1.1");
  case LEADS_NOWHERE:
    return answer(q, CODICIL_NO, CODICIL_ROUTE_DNS_FAILURE, "RFC 9113 §9.1.1");
  case LEADS_UNKNOWN: // the caller has not looked yet
    return answer(q, CODICIL_WAIT, CODICIL_ROUTE_DNS_FAILURE, "RFC 9113 §9.1.1");
  default:
    return false;
  }
}

// Step 6.
static bool step_use(query *q) {
  if (q->certificate != 0) {
    return answer(q, CODICIL_USE, CODICIL_ROUTE_SECONDARY, "secondary-server-certs §5");
  }
  return is_own(q) ? answer(q, CODICIL_USE, CODICIL_ROUTE_OWN_ORIGIN, "RFC 9110 §4.3.3")
                   : answer(q, CODICIL_USE, CODICIL_ROUTE_PRIMARY, "RFC 9113 §9.1.1");
}

// The next moment at which a verdict that was reached ends.
static int64_t next_end(const codicil_policy_input *in) {
  int64_t least = INT64_MAX;
  for (size_t i = 0; i < in->num_certificates; i++) {
    const codicil_proven *certificate = &in->certificates[i];
    if (!codicil_policy_needs_path(certificate, in->unix_s) && certificate->path_until < least) {
      least = certificate->path_until;
    }
  }
  return least;
}

bool codicil_policy_route(const codicil_policy_input *in, codicil_route *out, size_t *out_examine,
                          const codicil_origin *origin, const codicil_evidence *evidence) {
  static bool (*const steps[])(query *) = {step_name, step_certificate, step_origin_set, step_dns,
                                           step_use};
  query q = {.in = in,
             .origin = origin,
             .evidence = evidence,
             .certificate = SIZE_MAX,
             .examine = SIZE_MAX};
  for (size_t i = 0; !steps[i](&q); i++) {
  }
  if (q.examine != SIZE_MAX) {
    *out_examine = q.examine;
    return false;
  }
  q.route.until_s = next_end(in);
  *out = q.route;
  return true;
}
