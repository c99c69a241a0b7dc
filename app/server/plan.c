// What the connections of each site prove: see plan.h.
#include "server/plan.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct server_plan {
  atomic_size_t num_holders;
  const site_table *table;
  plan_site *sites;
  bool *is_blocked; // by certificate
};

// One site's plan in the making.
typedef struct planner {
  const server_config *config;
  const server_plan *plan;
  const server_site *site;
  plan_site *out;
  bool *may_use;    // by certificate
  bool *is_covered; // by place in the table's names
} planner;

// ---- what is proven
// --------------------------------------------------------------------------------------

static size_t index_of(const planner *p, const server_site *site) {
  return (size_t)(site->certificate - p->plan->table->certificates);
}

// The site that a name of `secondary` asks for; NULL where there is none, or nothing of it loaded.
static const server_site *wanted_site(const planner *p, size_t index) {
  const char *name = p->site->config->secondary.items[index].text;
  const server_site *site = site_table_find(p->plan->table, name);
  return site && site->certificate->identity ? site : NULL;
}

// Glue, and what is proven on this site's connections anyway.
static void mark_usable(planner *p, bool heed_block_list) {
  const site_table *table = p->plan->table;
  const bool *is_blocked = p->plan->is_blocked;
  for (size_t i = 0; i < table->num_certificates; i++) {
    p->may_use[i] = i >= table->num_sites && !(heed_block_list && is_blocked[i]);
  }
  for (size_t i = 0; i < p->site->config->secondary.num; i++) {
    const server_site *other = wanted_site(p, i);
    if (other) {
      size_t at = index_of(p, other);
      p->may_use[at] = !(heed_block_list && is_blocked[at]);
    }
  }
}

static bool covers_all(const server_site *site, const server_site *other) {
  for (size_t i = 0; i < other->config->names.num; i++) {
    if (!site_covers_name(site, other->config->names.items[i].text)) {
      return false;
    }
  }
  return true;
}

static bool is_sent(const planner *p, const server_site *other) {
  const proof_order *order = &p->out->order;
  for (size_t i = 0; i < order->num_steps; i++) {
    const server_certificate *sent = &order->certificates[order->steps[i].certificate];
    if (server_certificate_is_same(sent, other->certificate)) {
      return true;
    }
  }
  return false;
}

// Nothing leads to it. Where the block list is not the reason, the configuration's writer wants it
// sent all the same, and a client may know better.
static bool add_unproven(planner *p, plan_outcome *outcome, size_t wanted) {
  proof_order without_list = p->out->order;
  without_list.steps = NULL;
  without_list.num_steps = without_list.num_octets = 0;
  mark_usable(p, false);
  bool has_way = proof_order_add(&without_list, wanted) != PROOF_UNPROVEN;
  proof_order_clear(&without_list);
  mark_usable(p, true);
  *outcome = has_way ? PLAN_CUT_OFF : PLAN_UNPROVEN;
  return has_way || proof_order_add_unproven(&p->out->order, wanted);
}

static bool plan_wanted(planner *p, size_t index) {
  const server_site *other = wanted_site(p, index);
  plan_outcome *outcome = &p->out->outcomes[index];
  *outcome = other ? PLAN_PROVEN : PLAN_NO_SITE;
  if (!other || other == p->site || covers_all(p->site, other) || is_sent(p, other)) {
    return true;
  }
  size_t wanted = index_of(p, other);
  if (p->plan->is_blocked[wanted]) {
    *outcome = PLAN_BLOCKED;
    return true;
  }
  switch (proof_order_add(&p->out->order, wanted)) {
  case PROOF_ADDED:
    return true;
  case PROOF_UNPROVEN:
    return add_unproven(p, outcome, wanted);
  case PROOF_OVER_BUDGET:
    *outcome = PLAN_OVER_BUDGET;
    return true;
  default:
    return false;
  }
}

static bool plan_proofs(planner *p) {
  const site_table *table = p->plan->table;
  size_t num = p->site->config->secondary.num;
  p->out->outcomes = calloc(num + 1, sizeof *p->out->outcomes);
  p->out->order = (proof_order){.certificates = table->certificates,
                                .num_certificates = table->num_certificates,
                                .own = index_of(p, p->site),
                                .may_use = p->may_use,
                                .max_num = p->config->budget_certificates,
                                .max_octets = p->config->budget_octets};
  if (!p->out->outcomes) {
    return false;
  }
  mark_usable(p, true);
  for (size_t i = 0; i < num; i++) {
    if (!plan_wanted(p, i)) {
      return false;
    }
  }
  return true;
}

// ---- what ORIGIN names
// -----------------------------------------------------------------------------------

static void add_origin(plan_site *out, const codicil_origin *origin) {
  for (size_t i = 0; i < out->num_origins; i++) {
    if (codicil_origin_equal(&out->origins[i], origin)) {
      return;
    }
  }
  out->origins[out->num_origins++] = *origin;
}

// False: a wildcard.
static bool add_name(plan_site *out, const char *name) {
  codicil_origin origin;
  if (strncmp(name, "*.", 2) == 0 || !site_name_origin(&origin, name)) {
    return false;
  }
  add_origin(out, &origin);
  return true;
}

// A name by which a required domain is proven must be a member, too (protocol §5.2), whether or not
// a site has it.
static void add_proving_names(plan_site *out, bool by_own) {
  for (size_t i = 0; i < out->order.num_steps; i++) {
    const proof_step *step = &out->order.steps[i];
    if ((step->proved_by == PROOF_OWN) == by_own && step->name.host[0] != '\0') {
      add_origin(out, &step->name);
    }
  }
}

// Nothing is named that was left out: a client would wait for it.
static bool add_secondary_names(planner *p) {
  bool ok = true;
  for (size_t i = 0; i < p->site->config->secondary.num; i++) {
    const server_site *other = wanted_site(p, i);
    plan_outcome outcome = p->out->outcomes[i];
    if (!other || (outcome != PLAN_PROVEN && outcome != PLAN_UNPROVEN)) {
      continue;
    }
    for (size_t j = 0; j < other->config->names.num; j++) {
      ok &= add_name(p->out, other->config->names.items[j].text);
    }
  }
  return ok;
}

// The library's limits, which a client has, too.
enum {
#define LIMIT_VALUE(name, value, text) LIMIT_##name = (value),
  CODICIL_LIMIT_MAP(LIMIT_VALUE)
#undef LIMIT_VALUE
};

// Whether a client's Origin Set holds them all beside its initial origin (RFC 8336 §2.3).
static bool fits_origin_set(const plan_site *out) {
  size_t len = 0;
  for (size_t i = 0; i < out->num_origins; i++) {
    len += 2 + strlen("https://[]:65535") + strlen(out->origins[i].host);
  }
  return out->num_origins < LIMIT_ORIGINS && len + CODICIL_ORIGIN_TEXT_MAX <= LIMIT_ORIGINS_LEN;
}

// A certificate has few names, and the table may have thousands: a name is looked up, and only a
// wildcard or an address is compared with all.
static void mark_covered(planner *p) {
  const site_table *table = p->plan->table;
  const codicil_identity *identity = p->site->certificate->identity;
  bool has_other = false;
  memset(p->is_covered, 0, table->num_names * sizeof *p->is_covered);
  for (size_t i = 0; i < codicil_identity_num_names(identity); i++) {
    const codicil_alt_name *name = codicil_identity_name(identity, i);
    char host[CODICIL_HOST_MAX + 1];
    bool is_host = name->type == CODICIL_ALT_DNS && name->dns.len > 0 && name->dns.data[0] != '*' &&
                   name->dns.len < sizeof host;
    has_other |= !is_host;
    if (is_host) {
      memcpy(host, name->dns.data, name->dns.len);
      host[name->dns.len] = '\0';
      const site_name *found = site_table_find_name(table, host);
      if (found) {
        p->is_covered[found - table->names] = site_covers_name(p->site, found->text);
      }
    }
  }
  for (size_t i = 0; has_other && i < table->num_names; i++) {
    p->is_covered[i] = site_covers_name(p->site, table->names[i].text);
  }
}

// What ORIGIN names, as protocol §7 says: the sites that this connection may serve.
static bool plan_origins(planner *p) {
  const site_table *table = p->plan->table;
  plan_site *out = p->out;
  bool ok = true;
  out->origins =
      calloc(table->num_names + out->order.num_steps + 1, sizeof *out->origins); // each once
  if (!out->origins) {
    return false;
  }
  mark_covered(p);
  for (size_t i = 0; i < table->num_names; i++) {
    if (p->is_covered[i]) {
      ok &= add_name(out, table->names[i].text);
    }
  }
  add_proving_names(out, true);
  out->num_own_origins = out->num_origins;
  ok &= add_secondary_names(p);
  add_proving_names(out, false);
  out->has_too_many_origins = !fits_origin_set(out);
  if (!ok || out->has_too_many_origins) {
    out->num_origins = out->num_own_origins = 0;
  }
  codicil_origin *shrunk = realloc(out->origins, (out->num_origins + 1) * sizeof *shrunk);
  out->origins = shrunk ? shrunk : out->origins;
  return true;
}

// ---- the whole
// -----------------------------------------------------------------------------------------------

static bool plan_sites(server_plan *plan, const server_config *config) {
  const site_table *table = plan->table;
  bool *may_use = calloc(table->num_certificates + 1, sizeof *may_use);
  bool *is_covered = calloc(table->num_names + 1, sizeof *is_covered);
  bool ok = may_use != NULL && is_covered != NULL;
  for (size_t i = 0; ok && i < table->num_sites; i++) {
    planner p = {config, plan, &table->sites[i], &plan->sites[i], may_use, is_covered};
    ok = !p.site->certificate->identity || (plan_proofs(&p) && plan_origins(&p));
    p.out->order.may_use = NULL;
  }
  free(may_use);
  free(is_covered);
  return ok;
}

static void find_blocked(server_plan *plan, const codicil_block_list *list) {
  for (size_t i = 0; i < plan->table->num_certificates; i++) {
    const server_certificate *certificate = &plan->table->certificates[i];
    plan->is_blocked[i] =
        certificate->identity && (server_certificate_is_listed(certificate, list) ||
                                  codicil_block_list_has_breadcrumb(list, certificate->identity));
  }
}

server_plan *server_plan_new(const server_config *config, const site_table *table,
                             const codicil_block_list *list) {
  server_plan *plan = calloc(1, sizeof *plan);
  if (!plan) {
    return NULL;
  }
  atomic_init(&plan->num_holders, 1);
  plan->table = table;
  plan->sites = calloc(table->num_sites + 1, sizeof *plan->sites);
  plan->is_blocked = calloc(table->num_certificates + 1, sizeof *plan->is_blocked);
  if (!plan->sites || !plan->is_blocked) {
    server_plan_release(plan);
    return NULL;
  }
  find_blocked(plan, list);
  if (!plan_sites(plan, config)) {
    server_plan_release(plan);
    return NULL;
  }
  return plan;
}

server_plan *server_plan_hold(server_plan *plan) {
  atomic_fetch_add_explicit(&plan->num_holders, 1, memory_order_relaxed);
  return plan;
}

void server_plan_release(server_plan *plan) {
  if (!plan || atomic_fetch_sub_explicit(&plan->num_holders, 1, memory_order_acq_rel) > 1) {
    return;
  }
  for (size_t i = 0; plan->sites && i < plan->table->num_sites; i++) {
    proof_order_clear(&plan->sites[i].order);
    free(plan->sites[i].outcomes);
    free(plan->sites[i].origins);
  }
  free(plan->sites);
  free(plan->is_blocked);
  free(plan);
}

const plan_site *server_plan_site(const server_plan *plan, const server_site *site) {
  return &plan->sites[site - plan->table->sites];
}

bool server_plan_is_blocked(const server_plan *plan, size_t certificate) {
  return plan->is_blocked[certificate];
}

size_t server_plan_num_blocked(const server_plan *plan) {
  size_t num = 0;
  for (size_t i = 0; i < plan->table->num_certificates; i++) {
    num += plan->is_blocked[i];
  }
  return num;
}
