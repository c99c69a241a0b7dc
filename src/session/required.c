// Names that would prove a required domain, one after the other: see required.h.
#include "required.h"

#include <string.h>

#include "reach.h"
#include "span.h"

// ---- names ----------------------------------------------------------------------------------

// What is asked of each name; true ends the walk.
typedef bool visit_fn(void *ctx, const codicil_origin *name, codicil_reach reach);

// One required domain, and the one certificate that may prove it.
typedef struct walk {
  const codicil_policy_input *in;
  const codicil_required_domain *required;
  size_t by;
  visit_fn *visit;
  void *ctx;
} walk;

// The ports are the connection's and that of the origin for which it was opened, as for a request.
static bool visit_ports(const walk *w, codicil_origin *name) {
  const codicil_peer *peer = w->in->peer;
  name->port = peer->port;
  if (w->visit(w->ctx, name, codicil_reach_required(w->in, name, w->by))) {
    return true;
  }
  name->port = peer->origin.port;
  return name->port != peer->port &&
         w->visit(w->ctx, name, codicil_reach_required(w->in, name, w->by));
}

static bool visit_proven(void *ctx, const codicil_origin *name, codicil_reach reach) {
  (void)ctx;
  (void)name;
  return reach.answer == CODICIL_USE;
}

static bool visit_if_covered(const walk *w, codicil_origin *name) {
  return codicil_identity_covers(w->in->certificates[w->by].identity, name) && visit_ports(w, name);
}

static void set_host(codicil_origin *name, codicil_span dns) {
  *name = (codicil_origin){0};
  memcpy(name->host, dns.data, dns.len < CODICIL_HOST_MAX ? dns.len : CODICIL_HOST_MAX);
}

// Tells whether `name` is one label below X of the wildcard "*.X".
static bool is_below(codicil_span name, codicil_span wildcard) {
  if (name.len < wildcard.len) {
    return false;
  }
  size_t label = name.len - wildcard.len + 1;
  return name.data[0] != '*' && memchr(name.data, '.', label) == NULL &&
         codicil_span_equal(codicil_span_sub(name, label, SIZE_MAX),
                            codicil_span_sub(wildcard, 1, SIZE_MAX));
}

static bool has_name(const codicil_identity *identity, codicil_span dns) {
  const codicil_alt_name *name;
  for (size_t i = 0; (name = codicil_identity_name(identity, i)) != NULL; i++) {
    if (name->type == CODICIL_ALT_DNS && codicil_span_equal(name->dns, dns)) {
      return true;
    }
  }
  return false;
}

static bool visit_own_names(const walk *w) {
  const codicil_identity *identity = w->in->certificates[w->by].identity;
  const codicil_alt_name *name;
  for (size_t i = 0; (name = codicil_identity_name(identity, i)) != NULL; i++) {
    codicil_origin origin;
    if (name->type != CODICIL_ALT_DNS || !is_below(name->dns, w->required->dns)) {
      continue;
    }
    set_host(&origin, name->dns);
    if (visit_ports(w, &origin)) {
      return true;
    }
  }
  return false;
}

static bool visit_members(const walk *w) {
  const codicil_origin_list *members = &w->in->origins->members;
  for (size_t i = 0; i < members->num; i++) {
    codicil_origin origin = members->items[i];
    if (origin.address.len == 0 && is_below(codicil_span_str(origin.host), w->required->dns) &&
        visit_ports(w, &origin)) {
      return true;
    }
  }
  return false;
}

// Where nothing but DNS proves, the names that DNS is known of: a hundred at most, where a server
// may bring thousands and make us settle again and again.
static bool visit_known(const walk *w) {
  const codicil_identity *identity = w->in->certificates[w->by].identity;
  const codicil_wants *wants = w->in->wants;
  for (size_t i = 0; i < wants->num; i++) {
    codicil_origin name = wants->items[i].origin;
    codicil_span host = codicil_span_str(name.host);
    if (wants->items[i].leads == CODICIL_LEADS_HERE && is_below(host, w->required->dns) &&
        (w->in->origins->is_initialised || has_name(identity, host)) &&
        visit_if_covered(w, &name)) {
      return true;
    }
  }
  return false;
}

// The names that "*.X" stands for have no list: the one in SNI, those that the certificate has
// itself, and, where it has the pattern, members of the Origin Set.
static bool visit_below(const walk *w) {
  const codicil_identity *identity = w->in->certificates[w->by].identity;
  codicil_origin own = w->in->peer->origin;
  if (w->by == 0 && own.address.len == 0 &&
      is_below(codicil_span_str(own.host), w->required->dns) && visit_if_covered(w, &own)) {
    return true;
  }
  if (w->visit == visit_proven && codicil_reach_needs_dns(w->in, w->by)) {
    return visit_known(w);
  }
  return visit_own_names(w) || (has_name(identity, w->required->dns) && visit_members(w));
}

// Visits each name that `by` covers and that would prove the required domain.
static bool visit_names(const walk *w) {
  codicil_origin name = {0};
  switch (w->required->type) {
  case CODICIL_REQUIRED_DNS:
    set_host(&name, w->required->dns);
    return visit_if_covered(w, &name);
  case CODICIL_REQUIRED_ADDRESS:
    name.address = w->required->address;
    codicil_address_format(&name.address, name.host, sizeof name.host);
    return visit_if_covered(w, &name);
  case CODICIL_REQUIRED_WILDCARD:
    return visit_below(w);
  default: // "*" is satisfied by anything or by nothing: settle.c
    return false;
  }
}

// The identical pattern is no name, so that no DNS can lead and no Origin Set list it: it counts
// where neither is asked.
static bool is_proven_by_pattern(const walk *w) {
  return w->required->type == CODICIL_REQUIRED_WILDCARD &&
         w->in->config->dns_mode == CODICIL_DNS_INSECURE_NEVER && !w->in->origins->is_initialised &&
         has_name(w->in->certificates[w->by].identity, w->required->dns);
}

// Never itself, nor a copy of itself: a server may send a certificate twice, and the handshake's
// once more.
static bool may_prove(const codicil_policy_input *in, size_t index, size_t by) {
  const codicil_proven *bound = &in->certificates[index], *proof = &in->certificates[by];
  return index != by && codicil_sieve_lets(&proof->names, &bound->required) &&
         !codicil_identity_is_same(bound->identity, proof->identity);
}

// ---- proven -------------------------------------------------------------------------------------

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-http2-secondary-certs#section-5
//# A client MUST verify that the server has
//# proven ownership of the indicated identity before accepting the limited
//# certificate over Secondary Certificate Authentication.
size_t codicil_required_proven_by(const codicil_policy_input *in, size_t index, size_t by) {
  if (!may_prove(in, index, by)) {
    return SIZE_MAX;
  }
  const codicil_required_domain *required;
  for (size_t i = 0;
       (required = codicil_identity_required(in->certificates[index].identity, i)) != NULL; i++) {
    walk w = {in, required, by, visit_proven, NULL};
    if (visit_names(&w) || is_proven_by_pattern(&w)) {
      return i;
    }
  }
  return SIZE_MAX;
}

// ---- what could prove it ------------------------------------------------------------------------

typedef struct pull {
  const codicil_policy_input *in;
  codicil_policy_need *need;
  bool is_found;
  bool is_pending; // an answer of DNS that decides is on its way
  size_t num;      // in the queue
} pull;

// The names of one required domain for which an accepted certificate lacks but DNS.
typedef struct asking {
  const codicil_policy_input *in;
  bool is_pending;
  bool has_name;
  codicil_origin name; // the first that nobody asked for yet
} asking;

static bool visit_asking(void *ctx, const codicil_origin *name, codicil_reach reach) {
  asking *a = ctx;
  if (reach.answer != CODICIL_WAIT) {
    return false;
  }
  if (codicil_wants_is_open(a->in->wants, name)) {
    a->is_pending = true;
  } else if (!a->has_name) {
    a->has_name = true;
    a->name = *name;
  }
  return a->is_pending;
}

// One name of a required domain is asked for at a time, or a wildcard would ask for hundreds.
static void ask_for(pull *p, size_t index, const codicil_required_domain *required) {
  const codicil_policy_input *in = p->in;
  asking a = {.in = in};
  for (size_t by = 0; by < in->num_certificates && !a.is_pending; by++) {
    if (in->standings[by].decision == CODICIL_ACCEPTED && may_prove(in, index, by)) {
      walk w = {in, required, by, visit_asking, &a};
      (void)visit_names(&w);
    }
  }
  p->is_pending = p->is_pending || a.is_pending || a.has_name;
  if (!a.is_pending && a.has_name && codicil_wants_has_room(in->wants, in->unix_s)) {
    *p->need = (codicil_policy_need){SIZE_MAX, a.name};
    p->is_found = true;
  }
}

typedef struct useful {
  const codicil_policy_input *in;
  size_t by;
} useful;

// Whether a certificate would prove something, once accepted: what the Origin Set, a 421 or DNS
// exclude is not worth a path.
static bool visit_useful(void *ctx, const codicil_origin *name, codicil_reach reach) {
  const useful *u = ctx;
  bool by_dns =
      reach.reason == CODICIL_ROUTE_DNS_MISMATCH || reach.reason == CODICIL_ROUTE_DNS_FAILURE;
  return reach.answer != CODICIL_NO || (by_dns && codicil_reach_may_skip_dns(u->in, name, u->by));
}

// Of an accepted one there is more to come only where its own Required Domain is satisfied by "*".
static bool may_gain(const codicil_policy_input *in, size_t by) {
  const codicil_standing *standing = &in->standings[by];
  return standing->decision == CODICIL_UNEXAMINED || standing->decision == CODICIL_WAITING ||
         (standing->decision == CODICIL_ACCEPTED && standing->required != SIZE_MAX &&
          standing->proved_by == SIZE_MAX);
}

static void enqueue(pull *p, size_t index) {
  for (size_t i = 0; i < p->num; i++) {
    if (p->in->queue[i] == index) {
      return;
    }
  }
  p->in->queue[p->num] = index;
  p->num++;
}

static void pull_by(pull *p, const codicil_required_domain *required, size_t by) {
  useful u = {p->in, by};
  walk w = {p->in, required, by, visit_useful, &u};
  if (!visit_names(&w) && !is_proven_by_pattern(&w)) {
    return;
  }
  if (p->in->standings[by].decision == CODICIL_UNEXAMINED) {
    p->need->examine = by;
    p->is_found = true;
  } else {
    enqueue(p, by);
  }
}

static void pull_one(pull *p, size_t index) {
  const codicil_policy_input *in = p->in;
  const codicil_identity *identity = in->certificates[index].identity;
  const codicil_required_domain *required;
  for (size_t i = 0; !p->is_found && (required = codicil_identity_required(identity, i)) != NULL;
       i++) {
    ask_for(p, index, required);
  }
  // What DNS will decide is not worth a path meanwhile.
  for (size_t i = 0; !p->is_found && !p->is_pending &&
                     (required = codicil_identity_required(identity, i)) != NULL;
       i++) {
    for (size_t by = 0; !p->is_found && by < in->num_certificates; by++) {
      if (may_gain(in, by) && may_prove(in, index, by)) {
        pull_by(p, required, by);
      }
    }
  }
}

bool codicil_required_pull(const codicil_policy_input *in, codicil_policy_need *out, size_t num) {
  pull p = {.in = in, .need = out, .num = num};
  for (size_t i = 0; !p.is_found && i < p.num; i++) {
    pull_one(&p, in->queue[i]);
  }
  return p.is_found;
}

// ---- in words -----------------------------------------------------------------------------------

// How near a name is to being proven.
static int nearness(codicil_answer answer, codicil_route_reason reason) {
  if (answer == CODICIL_USE) {
    return 7;
  }
  switch (reason) {
  case CODICIL_ROUTE_DNS_FAILURE:
    return answer == CODICIL_WAIT ? 6 : 4;
  case CODICIL_ROUTE_DNS_MISMATCH:
    return 5;
  case CODICIL_ROUTE_MISDIRECTED:
  case CODICIL_ROUTE_ORIGIN_SET:
    return 3;
  case CODICIL_ROUTE_CERTIFICATE:
    return 2;
  default:
    return 1;
  }
}

typedef struct telling {
  codicil_required_report *report;
  const codicil_required_domain *required;
  bool is_accepted;
} telling;

static void consider(codicil_required_report *report, codicil_required_report other) {
  if (report->required == NULL ||
      nearness(other.answer, other.reason) > nearness(report->answer, report->reason)) {
    *report = other;
  }
}

static bool visit_telling(void *ctx, const codicil_origin *name, codicil_reach reach) {
  const telling *t = ctx;
  (void)name;
  codicil_required_report here = {t->required, reach.answer, reach.reason};
  if (!t->is_accepted && reach.answer != CODICIL_NO) {
    here.answer = CODICIL_NO;
    here.reason = CODICIL_ROUTE_CERTIFICATE;
  }
  consider(t->report, here);
  return false;
}

static void tell_one(const codicil_policy_input *in, codicil_required_report *report, size_t index,
                     const codicil_required_domain *required) {
  consider(report, (codicil_required_report){required, CODICIL_NO, CODICIL_ROUTE_NOT_COVERED});
  for (size_t by = 0; by < in->num_certificates; by++) {
    if (may_prove(in, index, by)) {
      telling t = {report, required, in->standings[by].decision == CODICIL_ACCEPTED};
      walk w = {in, required, by, visit_telling, &t};
      (void)visit_names(&w);
    }
  }
}

codicil_required_report codicil_required_tell(const codicil_policy_input *in, size_t index) {
  const codicil_identity *identity = in->certificates[index].identity;
  const codicil_standing *standing = &in->standings[index];
  codicil_required_report report = {NULL, CODICIL_NO, CODICIL_ROUTE_NOT_COVERED};
  const codicil_required_domain *required;
  if (standing->required != SIZE_MAX) {
    required = codicil_identity_required(identity, standing->required);
    return (codicil_required_report){required, CODICIL_USE, CODICIL_ROUTE_SECONDARY};
  }
  for (size_t i = 0; standing->decision == CODICIL_WAITING &&
                     (required = codicil_identity_required(identity, i)) != NULL;
       i++) {
    tell_one(in, &report, index, required);
  }
  return report;
}
