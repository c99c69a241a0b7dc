// The client's decision, step by step: docs/protocol.md §5.
//
// A route is found by walking the steps until one of them answers. Each step is a function that
// returns true when it has answered; the order of the steps is the order of the reasons.
#include "policy.h"

#include "reach.h"
#include "required.h"

// ---- a certificate ------------------------------------------------------------------------------

static bool has_any_only(const codicil_identity *identity) {
  const codicil_required_domain *required;
  for (size_t i = 0; (required = codicil_identity_required(identity, i)) != NULL; i++) {
    if (required->type != CODICIL_REQUIRED_ANY) {
      return false;
    }
  }
  return true;
}

// Step 2, as far as the extension alone tells.
//
//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-http2-secondary-certs#section-5
//# Clients that encounter such a certificate when processing a
//# certification path MUST consider the certificate invalid.
//
// "Such": with an empty name; here, with anything that protocol §8 excludes, and as a secondary
// certificate only.
static codicil_cert_reason required_refusal(const codicil_config *config,
                                            const codicil_identity *identity) {
  if (config->required_mode == CODICIL_REQUIRED_INSECURE_IGNORE) {
    return CODICIL_CERT_NONE;
  }
  switch (codicil_identity_required_state(identity)) {
  case CODICIL_REQUIRED_ABSENT:
    //= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-http2-secondary-certs#section-3.4.1
    //# Clients MUST NOT accept any
    //# end-entity certificate from an exported authenticator which does not contain
    //# the Required Domain extension
    //
    // The drafts that followed have dropped it, so it is a mode.
    return config->required_mode == CODICIL_REQUIRED_REQUIRE ? CODICIL_CERT_REQUIRED_DOMAIN_MISSING
                                                             : CODICIL_CERT_NONE;
  case CODICIL_REQUIRED_VALID:
    return has_any_only(identity) && !config->insecure_any ? CODICIL_CERT_REQUIRED_DOMAIN_ANY
                                                           : CODICIL_CERT_NONE;
  default:
    return CODICIL_CERT_REQUIRED_DOMAIN_INVALID;
  }
}

codicil_cert_reason codicil_policy_refusal(const codicil_config *config,
                                           const codicil_identity *identity,
                                           codicil_cert_reason path) {
  if (path != CODICIL_CERT_NONE) {
    return path;
  }
  if (codicil_block_list_has_breadcrumb(config->block_list, identity)) {
    return CODICIL_CERT_BLOCKED;
  }
  if (codicil_identity_spans_public_suffix(identity)) {
    return CODICIL_CERT_PUBLIC_SUFFIX;
  }
  return required_refusal(config, identity);
}

static const char *rule_of_reason(codicil_cert_reason reason) {
  switch (reason) {
  case CODICIL_CERT_EXPIRED:
  case CODICIL_CERT_NOT_YET_VALID:
    return "RFC 5280 §4.1.2.5";
  case CODICIL_CERT_PURPOSE:
    return "RFC 5280 §4.2.1.12";
  case CODICIL_CERT_NAME_CONSTRAINTS:
    return "RFC 5280 §4.2.1.10";
  case CODICIL_CERT_REVOKED:
    return "RFC 5280 §3.3";
  case CODICIL_CERT_STAPLE_MISSING:
    return "RFC 7633 §4.3.3";
  case CODICIL_CERT_SCTS:
    return "RFC 6962 §5.2";
  case CODICIL_CERT_BLOCKED:
    return "secondary-server-certs §6.2";
  case CODICIL_CERT_REQUIRED_DOMAIN_MISSING:
    return "2020 draft §3.4.1";
  case CODICIL_CERT_REQUIRED_DOMAIN:
  case CODICIL_CERT_REQUIRED_DOMAIN_INVALID:
  case CODICIL_CERT_REQUIRED_DOMAIN_ANY:
    return "2020 draft §5";
  case CODICIL_CERT_PUBLIC_SUFFIX:
    return "RFC 9525 §7.1";
  default:
    return "RFC 5280 §6";
  }
}

const char *codicil_policy_rule(const codicil_policy_input *in, size_t index) {
  const codicil_standing *standing = &in->standings[index];
  if (standing->decision == CODICIL_UNEXAMINED) {
    return "secondary-server-certs §3.2";
  }
  if (standing->decision != CODICIL_ACCEPTED) {
    return rule_of_reason(standing->reason);
  }
  if (in->certificates[index].proof == NULL) {
    return "RFC 9110 §4.3.4";
  }
  return standing->required != SIZE_MAX ? "2020 draft §5" : "secondary-server-certs §3.2";
}

// ---- a route --------------------------------------------------------------------------------

typedef struct query {
  const codicil_policy_input *in;
  const codicil_origin *origin;
  codicil_sieve sieve; // of the origin
  codicil_leads leads;
  size_t first;       // certificate that covers the host; those before it do not
  size_t certificate; // the one that answers
  codicil_route route;
  codicil_policy_need need;
  bool has_need;
} query;

static bool answer(query *q, codicil_answer word, codicil_route_reason reason, const char *rule) {
  q->route = (codicil_route){.answer = word,
                             .reason = reason,
                             .certificate = q->certificate,
                             .proved_by = SIZE_MAX,
                             .rule = rule};
  return true;
}

static bool need(query *q) {
  q->has_need = true;
  return true;
}

static bool is_own(const query *q) {
  return codicil_origin_equal(q->origin, &q->in->peer->origin);
}

static bool covers(const query *q, size_t index) {
  const codicil_proven *certificate = &q->in->certificates[index];
  return codicil_sieve_lets(&certificate->names, &q->sieve) &&
         codicil_identity_covers(certificate->identity, q->origin);
}

// Tells whether DNS may yet allow what a certificate does: it does already, or the caller has not
// looked yet.
static bool dns_may_lead_here(const query *q) {
  return q->leads == CODICIL_LEADS_HERE || q->leads == CODICIL_LEADS_UNKNOWN;
}

// Step 6 for a host that no certificate covers: may one still come in a moment?
static bool certificate_may_come(const query *q) {
  const codicil_policy_input *in = q->in;
  if (!codicil_reach_port(in, q->origin) || !codicil_reach_listed(in, q->origin) ||
      !(dns_may_lead_here(q) || codicil_reach_ignores_dns(in, q->origin))) {
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
  if (!codicil_reach_port(q->in, q->origin)) {
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
  return q->in->standings[index].decision == CODICIL_ACCEPTED;
}

// Accepted, and DNS is as it should be for this certificate.
static bool is_enough(const query *q, size_t index) {
  return is_accepted(q, index) &&
         (q->leads == CODICIL_LEADS_HERE || codicil_reach_skips_dns(q->in, q->origin, index));
}

static bool may_be_enough(const query *q, size_t index) {
  return dns_may_lead_here(q) || codicil_reach_may_skip_dns(q->in, q->origin, index);
}

static bool is_to_examine(const query *q, size_t index) {
  return q->in->standings[index].decision == CODICIL_UNEXAMINED;
}

static bool is_to_examine_for_dns(const query *q, size_t index) {
  return is_to_examine(q, index) && codicil_reach_may_skip_dns(q->in, q->origin, index);
}

static bool is_waiting(const query *q, size_t index) {
  return q->in->standings[index].decision == CODICIL_WAITING;
}

// A certificate whose Required Domain, once proven by a name, would make the answer USE.
static bool is_hopeful(const query *q, size_t index) {
  const codicil_standing *standing = &q->in->standings[index];
  bool is_by_any = standing->decision == CODICIL_ACCEPTED && standing->required != SIZE_MAX &&
                   standing->proved_by == SIZE_MAX;
  return (is_waiting(q, index) || is_by_any) && may_be_enough(q, index);
}

static bool is_waiting_with_hope(const query *q, size_t index) {
  return is_waiting(q, index) && may_be_enough(q, index);
}

static bool is_any(const query *q, size_t index) {
  (void)q;
  (void)index;
  return true;
}

// Step 3: what could prove the Required Domains of the certificates that cover the host.
static bool pull_required(query *q) {
  size_t num = 0;
  for (size_t i = q->first; i < q->in->num_certificates; i++) {
    if (is_hopeful(q, i) && (i == q->first || covers(q, i))) {
      q->in->queue[num++] = i;
    }
  }
  return num > 0 && codicil_required_pull(q->in, &q->need, num);
}

static bool answer_unaccepted(query *q) {
  bool waits = choose(q, is_waiting_with_hope);
  if (!waits && !choose(q, is_waiting)) {
    choose(q, is_any);
  }
  waits = waits && codicil_reach_listed(q->in, q->origin);
  codicil_required_report report = codicil_required_tell(q->in, q->certificate);
  answer(q, waits ? CODICIL_WAIT : CODICIL_NO, CODICIL_ROUTE_CERTIFICATE,
         codicil_policy_rule(q->in, q->certificate));
  q->route.cert_reason = q->in->standings[q->certificate].reason;
  q->route.required = report.required;
  q->route.required_answer = report.answer;
  q->route.required_reason = report.reason;
  return true;
}

// Steps 1 to 3. Paths are validated one at a time, and only until one of them serves. A certificate
// that needs no DNS is looked for where DNS does not lead here.
static bool step_certificate(query *q) {
  if (choose(q, is_enough)) {
    return false;
  }
  bool is_served = choose(q, is_accepted);
  if (is_served && q->leads == CODICIL_LEADS_UNKNOWN) {
    return false;
  }
  if (choose(q, is_served ? is_to_examine_for_dns : is_to_examine)) {
    q->need = (codicil_policy_need){.examine = q->certificate};
    return need(q);
  }
  bool is_listed = codicil_reach_listed(q->in, q->origin);
  if (is_listed && pull_required(q)) {
    return need(q);
  }
  bool waits = is_listed && choose(q, is_waiting_with_hope);
  if (is_served && !waits) {
    return !choose(q, is_accepted);
  }
  return answer_unaccepted(q);
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
  if (!codicil_reach_listed(q->in, q->origin)) {
    return answer(q, CODICIL_NO, CODICIL_ROUTE_ORIGIN_SET, "RFC 8336 §2.4");
  }
  return false;
}

// Step 5. The Origin Set stands in for DNS only where the mode says so.
static bool step_dns(query *q) {
  if (codicil_reach_skips_dns(q->in, q->origin, q->certificate)) {
    return false;
  }
  switch (q->leads) {
  case CODICIL_LEADS_ELSEWHERE:
    return answer(q, CODICIL_NO, CODICIL_ROUTE_DNS_MISMATCH, "RFC 9113 §9.1.1");
  case CODICIL_LEADS_NOWHERE:
    return answer(q, CODICIL_NO, CODICIL_ROUTE_DNS_FAILURE, "RFC 9113 §9.1.1");
  case CODICIL_LEADS_UNKNOWN: // the caller has not looked yet
    return answer(q, CODICIL_WAIT, CODICIL_ROUTE_DNS_FAILURE, "RFC 9113 §9.1.1");
  default:
    return false;
  }
}

static const char *dns_in_words(const query *q) {
  if (q->origin->address.len != 0) {
    return "it is this server's address (RFC 9113 §9.1.1)";
  }
  if (q->leads == CODICIL_LEADS_HERE) {
    return "DNS leads to this server (RFC 9113 §9.1.1)";
  }
  switch (q->in->config->dns_mode) {
  case CODICIL_DNS_CAA:
    return "its CA checks CAA, which stands in for DNS (RFC 8659 §1)";
  case CODICIL_DNS_INSECURE_ORIGIN:
    return "the server's Origin Set stands in for DNS (RFC 8336 §2.4)";
  default:
    return "DNS is not asked";
  }
}

// Step 6.
static bool step_use(query *q) {
  const codicil_standing *standing = &q->in->standings[q->certificate];
  if (q->certificate != 0) {
    answer(q, CODICIL_USE, CODICIL_ROUTE_SECONDARY, "secondary-server-certs §5");
    q->route.proved_by = standing->proved_by;
    q->route.required =
        codicil_identity_required(q->in->certificates[q->certificate].identity, standing->required);
    q->route.required_answer = CODICIL_USE;
    q->route.required_reason =
        standing->proved_by == 0 ? CODICIL_ROUTE_PRIMARY : CODICIL_ROUTE_SECONDARY;
  } else if (is_own(q)) {
    return answer(q, CODICIL_USE, CODICIL_ROUTE_OWN_ORIGIN, "RFC 9110 §4.3.3");
  } else {
    answer(q, CODICIL_USE, CODICIL_ROUTE_PRIMARY, "RFC 9113 §9.1.1");
  }
  q->route.dns = dns_in_words(q);
  return true;
}

bool codicil_policy_route(const codicil_policy_input *in, codicil_route *out,
                          codicil_policy_need *out_need, const codicil_origin *origin,
                          const codicil_evidence *evidence) {
  static bool (*const steps[])(query *) = {step_name, step_certificate, step_origin_set, step_dns,
                                           step_use};
  query q = {.in = in,
             .origin = origin,
             .sieve = codicil_sieve_of_origin(origin),
             .leads = codicil_reach_dns(in, origin, evidence),
             .certificate = SIZE_MAX};
  for (size_t i = 0; !steps[i](&q); i++) {
  }
  if (q.has_need) {
    *out_need = q.need;
    return false;
  }
  *out = q.route;
  return true;
}
