// CAA: see caa.h. Every name is climbed by itself, as RFC 8659 §3 has it; answers that two names
// share come from the resolver's cache.
#include "pki/caa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/caa_judge.h"
#include "pki/escape.h"

bool pki_caa_applies(const pki_caa_policy *policy, const pki_caa_request *request) {
  return !policy->skip && (request->num_required > 0 || policy->num_identities > 0 ||
                           policy->server != NULL || policy->always);
}

// One step of the climb: the answer to one question.
typedef struct step {
  const pki_caa_judge *judge;
  pki_caa_name *name; // gets what a relevant set says
  const char *domain;
  dns_state state;
  char why[PKI_CAA_WHY_MAX]; // DNS_FAILED
  bool is_secure;
  bool out_of_memory;
} step;

static void take_answer(void *user, const dns_answer *answer) {
  step *s = user;
  s->state = answer->state;
  s->is_secure = answer->is_secure;
  if (answer->state == DNS_FAILED && answer->why != NULL) {
    pki_escape(s->why, sizeof s->why, codicil_span_of(answer->why, strlen(answer->why)));
  } else if (answer->state == DNS_ANSWERED && answer->num_records > 0) {
    snprintf(s->name->found_at, sizeof s->name->found_at, "%s", s->domain);
    snprintf(s->name->alias, sizeof s->name->alias, "%s",
             answer->canonical_name != NULL ? answer->canonical_name : "");
    s->out_of_memory = !pki_caa_judge_set(s->name, s->judge, answer->records, answer->num_records);
  }
}

typedef struct climb {
  const pki_caa_judge *judge;
  pki_caa_lookup *lookup;
  void *dns;
  bool dns_failed; // once is enough: the other names are refused unasked
} climb;

static bool fail_memory(app_error *err) {
  return app_fail(err, "CAA: out of memory");
}

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-http2-secondary-certs#section-5
//# Conforming CAs MUST require the
//# presence of a CAA record
static void nowhere(pki_caa_name *name, const pki_caa_judge *judge) {
  name->is_allowed = judge->request->num_required == 0;
  snprintf(name->why, sizeof name->why, "%s",
           name->is_allowed ? "there are no CAA records at it or above it, so any CA may issue"
                            : "there are no CAA records at it or above it, and a certificate with "
                              "Required Domain needs some that grant it");
}

//= https://www.rfc-editor.org/rfc/rfc8659#section-3
//# Before issuing a certificate, a compliant CA MUST check for
//# publication of a Relevant RRset.
//
// From the name (of a wildcard: what stands behind "*.") up to below the root. The resolver follows
// CNAMEs at each step; the climb goes on from the name asked for, not from where they led.
static bool climb_from(pki_caa_name *name, climb *c, app_error *err) {
  bool is_wildcard = strncmp(name->name, "*.", 2) == 0;
  const char *domain = name->name + (is_wildcard ? 2 : 0);
  name->is_secure = true;
  for (; domain != NULL && *domain != '\0'; domain = strchr(domain, '.')) {
    domain += *domain == '.' ? 1 : 0;
    step s = {
        .judge = c->judge, .name = name, .domain = domain, .state = DNS_FAILED, .why = "no answer"};
    if (!c->lookup(c->dns, domain, take_answer, &s) || s.out_of_memory) {
      return fail_memory(err);
    }
    name->is_secure = name->is_secure && s.is_secure;
    if (s.state == DNS_FAILED) {
      c->dns_failed = true;
      snprintf(name->why, sizeof name->why, "DNS did not tell the CAA records of %s: %.120s",
               domain, s.why);
      return true;
    }
    if (name->num_properties > 0) {
      return true;
    }
  }
  nowhere(name, c->judge);
  return true;
}

static bool decide_name(pki_caa_name *out, const pki_name *name, climb *c, app_error *err) {
  snprintf(out->name, sizeof out->name, "%s", name->text);
  if (name->address.len != 0) {
    out->is_allowed = c->judge->request->num_required == 0;
    snprintf(out->why, sizeof out->why, "%s",
             out->is_allowed ? "an address has no CAA records"
                             : "a certificate for an address cannot have Required Domain");
    return true;
  }
  if (c->dns_failed) {
    snprintf(out->why, sizeof out->why, "not asked, as DNS had failed");
    return true;
  }
  return climb_from(out, c, err);
}

static void conclude(pki_caa_decision *decision) {
  decision->is_allowed = decision->num_names > 0;
  snprintf(decision->why, sizeof decision->why, "%s",
           decision->is_allowed ? "CAA allows it for every name" : "there is no name");
  for (size_t i = 0; i < decision->num_names; i++) {
    const pki_caa_name *name = &decision->names[i];
    if (!name->is_allowed) {
      decision->is_allowed = false;
      snprintf(decision->why, sizeof decision->why, "CAA refuses %.100s: %.260s", name->name,
               name->why);
      return;
    }
  }
}

static bool skip_all(pki_caa_decision *out, const pki_caa_policy *policy) {
  *out = (pki_caa_decision){.is_allowed = true, .is_skipped = true};
  snprintf(out->why, sizeof out->why, "%s",
           policy->skip ? "CAA was skipped (--insecure-skip-caa)"
                        : "CAA does not apply: no Required Domain, and the CA has no identity");
  return true;
}

bool pki_caa_decide(pki_caa_decision *out, const pki_caa_request *request,
                    const pki_caa_policy *policy, pki_caa_lookup *lookup, void *dns,
                    app_error *err) {
  if (!pki_caa_applies(policy, request)) {
    return skip_all(out, policy);
  }
  pki_caa_judge judge;
  if (!pki_caa_judge_init(&judge, request, policy, err)) {
    return false;
  }
  climb c = {&judge, lookup, dns, false};
  pki_caa_decision decision = {.num_names = request->num_names};
  decision.names = calloc(request->num_names + 1, sizeof *decision.names);
  if (decision.names == NULL) {
    return fail_memory(err);
  }
  bool ok = true;
  for (size_t i = 0; ok && i < request->num_names; i++) {
    ok = decide_name(&decision.names[i], &request->names[i], &c, err);
  }
  if (!ok) {
    pki_caa_decision_clear(&decision);
    return false;
  }
  conclude(&decision);
  *out = decision;
  return true;
}

void pki_caa_decision_clear(pki_caa_decision *decision) {
  for (size_t i = 0; i < decision->num_names; i++) {
    free(decision->names[i].properties);
  }
  free(decision->names);
  *decision = (pki_caa_decision){.names = NULL};
}
