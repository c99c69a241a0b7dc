// What has to be proven before a certificate with a Required Domain can be used: see proof.h.
#include "server/proof.h"

#include <stdlib.h>
#include <string.h>

// ---- one certificate and another
// -------------------------------------------------------------------------------

static bool host_of_dns(codicil_origin *out, codicil_span dns) {
  memset(out, 0, sizeof *out);
  if (dns.len > CODICIL_HOST_MAX) {
    return false;
  }
  memcpy(out->host, dns.data, dns.len);
  out->port = 443;
  return true;
}

static bool host_of(codicil_origin *out, const codicil_required_domain *required) {
  if (required->type == CODICIL_REQUIRED_DNS) {
    return host_of_dns(out, required->dns);
  }
  memset(out, 0, sizeof *out);
  out->address = required->address;
  out->port = 443;
  codicil_address_format(&required->address, out->host, sizeof out->host);
  return true;
}

static bool is_equal(codicil_span a, codicil_span b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool is_wildcard(codicil_span name) {
  return name.len >= 2 && memcmp(name.data, "*.", 2) == 0;
}

// A name of `by` one label below the pattern's, or the pattern itself.
static bool leads_by_pattern(codicil_origin *out, const codicil_identity *by,
                             codicil_span pattern) {
  bool has_pattern = false;
  for (size_t i = 0; i < codicil_identity_num_names(by); i++) {
    const codicil_alt_name *name = codicil_identity_name(by, i);
    if (name->type != CODICIL_ALT_DNS) {
      continue;
    }
    if (!is_wildcard(name->dns) && codicil_dns_name_covers(pattern, name->dns) &&
        host_of_dns(out, name->dns)) {
      return true;
    }
    has_pattern |= is_equal(name->dns, pattern);
  }
  return has_pattern;
}

static bool leads_to(codicil_origin *out, const codicil_identity *by,
                     const codicil_required_domain *required) {
  codicil_origin host;
  switch (required->type) {
  case CODICIL_REQUIRED_ANY:
    return true;
  case CODICIL_REQUIRED_WILDCARD:
    return leads_by_pattern(out, by, required->dns);
  default:
    if (!host_of(&host, required) || !codicil_identity_covers(by, &host)) {
      return false;
    }
    *out = host;
    return true;
  }
}

bool proof_leads(codicil_origin *out, const codicil_identity *by, const codicil_identity *wanted) {
  memset(out, 0, sizeof *out);
  if (codicil_identity_required_state(wanted) == CODICIL_REQUIRED_ABSENT) {
    return true;
  }
  for (size_t i = 0; i < codicil_identity_num_required(wanted); i++) {
    if (leads_to(out, by, codicil_identity_required(wanted, i))) {
      return true;
    }
  }
  return false;
}

// ---- the order
// -------------------------------------------------------------------------------------------

void proof_order_clear(proof_order *order) {
  free(order->steps);
  memset(order, 0, sizeof *order);
}

bool proof_order_has(const proof_order *order, size_t certificate) {
  for (size_t i = 0; i < order->num_steps; i++) {
    if (order->steps[i].certificate == certificate) {
      return true;
    }
  }
  return false;
}

static bool reserve(proof_order *order, size_t num) {
  proof_step *grown = realloc(order->steps, (order->num_steps + num) * sizeof *grown);
  order->steps = grown ? grown : order->steps;
  return grown != NULL;
}

static void append(proof_order *order, size_t certificate, ptrdiff_t proved_by) {
  const server_certificate *all = order->certificates;
  proof_step *step = &order->steps[order->num_steps++];
  memset(step, 0, sizeof *step);
  step->certificate = certificate;
  step->proved_by = proved_by;
  order->num_octets += server_certificate_proof_len(&all[certificate]);
  if (proved_by != PROOF_NONE) {
    size_t by = proved_by == PROOF_OWN ? order->own : (size_t)proved_by;
    (void)proof_leads(&step->name, all[by].identity, all[certificate].identity);
  }
}

bool proof_order_add_unproven(proof_order *order, size_t wanted) {
  if (!reserve(order, 1)) {
    return false;
  }
  append(order, wanted, PROOF_NONE);
  return true;
}

// ---- the search
// ------------------------------------------------------------------------------------------

// Breadth first, from all that is proven already, so that the first way found is a shortest one.
typedef struct search {
  const proof_order *order;
  size_t wanted;
  ptrdiff_t *proved_by; // by certificate, PROOF_NONE for what was not reached
  ptrdiff_t *queue;     // reached, in order
  size_t num_queued;
} search;

static bool is_candidate(const search *s, size_t certificate) {
  const proof_order *order = s->order;
  return s->proved_by[certificate] == PROOF_NONE && certificate != order->own &&
         order->certificates[certificate].identity &&
         (certificate == s->wanted || order->may_use[certificate]) &&
         !proof_order_has(order, certificate);
}

// Reaches what `from` proves. True: that is the wanted one.
static bool expand(search *s, ptrdiff_t from) {
  const proof_order *order = s->order;
  const server_certificate *all = order->certificates;
  const server_certificate *by = &all[from == PROOF_OWN ? order->own : (size_t)from];
  codicil_origin name;
  for (size_t i = 0; i < order->num_certificates; i++) {
    if (server_certificate_may_prove(by, &all[i]) && is_candidate(s, i) &&
        proof_leads(&name, by->identity, all[i].identity)) {
      s->proved_by[i] = from;
      s->queue[s->num_queued++] = (ptrdiff_t)i;
      if (i == s->wanted) {
        return true;
      }
    }
  }
  return false;
}

static bool run_search(search *s) {
  const proof_order *order = s->order;
  s->queue[s->num_queued++] = PROOF_OWN;
  for (size_t i = 0; i < order->num_steps; i++) {
    if (order->steps[i].proved_by != PROOF_NONE) {
      s->queue[s->num_queued++] = (ptrdiff_t)order->steps[i].certificate;
    }
  }
  for (size_t at = 0; at < s->num_queued; at++) {
    if (expand(s, s->queue[at])) {
      return true;
    }
  }
  return false;
}

// What was proven before the search has no entry of its own.
static bool is_new(const search *s, ptrdiff_t certificate) {
  return certificate != PROOF_OWN && s->proved_by[certificate] != PROOF_NONE;
}

static size_t way_len(const search *s, size_t *out_octets) {
  size_t num = 0;
  *out_octets = 0;
  for (ptrdiff_t at = (ptrdiff_t)s->wanted; is_new(s, at); at = s->proved_by[at]) {
    *out_octets += server_certificate_proof_len(&s->order->certificates[at]);
    num++;
  }
  return num;
}

// From the wanted one back, so that the way is in `queue` in reverse.
static void append_way(const search *s, proof_order *order) {
  size_t len = 0;
  for (ptrdiff_t at = (ptrdiff_t)s->wanted; is_new(s, at); at = s->proved_by[at]) {
    s->queue[len++] = at;
  }
  while (len > 0) {
    ptrdiff_t certificate = s->queue[--len];
    append(order, (size_t)certificate, s->proved_by[certificate]);
  }
}

// One that needs no other is left to the session, which counts what was really sent.
static proof_result take_way(const search *s, proof_order *order) {
  size_t octets;
  size_t num = way_len(s, &octets);
  if (num > 1 &&
      (order->num_steps + num > order->max_num || order->num_octets + octets > order->max_octets)) {
    return PROOF_OVER_BUDGET;
  }
  if (!reserve(order, num)) {
    return PROOF_NO_MEMORY;
  }
  append_way(s, order);
  return PROOF_ADDED;
}

proof_result proof_order_add(proof_order *order, size_t wanted) {
  size_t num = order->num_certificates;
  search s = {.order = order, .wanted = wanted};
  proof_result result = PROOF_NO_MEMORY;
  s.proved_by = calloc(num + 1, sizeof *s.proved_by);
  s.queue = calloc(num + 1, sizeof *s.queue);
  if (s.proved_by && s.queue) {
    for (size_t i = 0; i < num; i++) {
      s.proved_by[i] = PROOF_NONE;
    }
    result = run_search(&s) ? take_way(&s, order) : PROOF_UNPROVEN;
  }
  free(s.proved_by);
  free(s.queue);
  return result;
}
