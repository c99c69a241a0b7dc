// `codicil serve --check`, of Required Domains and the block list: see check_required.h.
#include "server/check_required.h"

#include <stdio.h>
#include <string.h>

// ---- secondaries --------------------------------------------------------------------------------

// "a.example or b.example"; cut where there are very many.
static void list_required(char *out, size_t out_len, const codicil_identity *identity) {
  size_t at = 0;
  out[0] = '\0';
  for (size_t i = 0; i < codicil_identity_num_required(identity) && at < out_len; i++) {
    char name[CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
    codicil_required_domain_format(codicil_identity_required(identity, i), name, sizeof name);
    int n = snprintf(out + at, out_len - at, "%s%s", i > 0 ? " or " : "", name);
    at += n > 0 ? (size_t)n : 0;
  }
}

// A certificate for an address has no Required Domain, so none can be glue.
static bool has_name(const codicil_identity *identity) {
  for (size_t i = 0; i < codicil_identity_num_required(identity); i++) {
    if (codicil_identity_required(identity, i)->type != CODICIL_REQUIRED_ADDRESS) {
      return true;
    }
  }
  return false;
}

static void warn_of_unproven(const site_table *table, const server_site *site,
                             const config_text *name, config_report *report) {
  char required[1024];
  char remedy[512] = "the site's own certificate, for that address too, would";
  const server_certificate *wanted = site_table_find(table, name->text)->certificate;
  if (codicil_identity_required_state(wanted->identity) == CODICIL_REQUIRED_INVALID) {
    return; // a mistake, and told as one
  }
  list_required(required, sizeof required, wanted->identity);
  if (has_name(wanted->identity)) {
    snprintf(remedy, sizeof remedy, "a glue certificate for it, with the Required Domain %s, would",
             site->config->names.items[0].text);
  }
  config_say(report, name->mark, true,
             "clients refuse the certificate of secondary '%s' here: nothing on this site's "
             "connections proves its Required Domain %s; %s",
             name->text, required, remedy);
}

static void check_outcome(const site_table *table, const server_site *site, plan_outcome outcome,
                          const config_text *name, config_report *report) {
  switch (outcome) {
  case PLAN_UNPROVEN:
    warn_of_unproven(table, site, name, report);
    break;
  case PLAN_BLOCKED:
    config_say(report, name->mark, true,
               "the certificate of secondary '%s' is on the block list: it is not sent",
               name->text);
    break;
  case PLAN_CUT_OFF:
    config_say(report, name->mark, true,
               "the certificate of secondary '%s' is not sent: what would prove its Required "
               "Domain is on the block list",
               name->text);
    break;
  case PLAN_OVER_BUDGET:
    config_say(report, name->mark, true,
               "the certificate of secondary '%s' is not sent: with those that have to be proven "
               "before it, it exceeds secondary-budget",
               name->text);
    break;
  default:
    break;
  }
}

// ---- certificates
// -----------------------------------------------------------------------------------------------

static bool is_proven_somewhere(const site_table *table, const server_plan *plan,
                                size_t certificate) {
  for (size_t i = 0; i < table->num_sites; i++) {
    if (proof_order_has(&server_plan_site(plan, &table->sites[i])->order, certificate)) {
      return true;
    }
  }
  return false;
}

static bool has_any(const codicil_identity *identity) {
  for (size_t i = 0; i < codicil_identity_num_required(identity); i++) {
    if (codicil_identity_required(identity, i)->type == CODICIL_REQUIRED_ANY) {
      return true;
    }
  }
  return false;
}

static void warn_of_required(const server_certificate *c, config_report *report) {
  const config_text *file = &c->config->file;
  codicil_origin name;
  if (has_any(c->identity)) {
    config_say(report, file->mark, true,
               "%s: its Required Domain is *, which clients refuse unless told otherwise",
               file->text);
  } else if (codicil_identity_num_required(c->identity) > 0 &&
             proof_leads(&name, c->identity, c->identity)) {
    config_say(report, file->mark, true,
               "%s: its Required Domain is a name of its own, which another certificate has to "
               "prove first",
               file->text);
  }
  if (codicil_identity_spans_public_suffix(c->identity)) {
    config_say(report, file->mark, true,
               "%s: a wildcard in it spans a public suffix: clients refuse it beside another",
               file->text);
  }
}

// A directory of glue may hold the sites' certificates, too.
static bool is_a_sites(const site_table *table, const server_certificate *c) {
  for (size_t i = 0; i < table->num_sites; i++) {
    if (table->certificates[i].identity && server_certificate_is_same(&table->certificates[i], c)) {
      return true;
    }
  }
  return false;
}

static void check_glue(const site_table *table, const server_plan *plan,
                       const server_plan *unlimited, size_t index, config_report *report) {
  const server_certificate *c = &table->certificates[index];
  const config_text *file = &c->config->file;
  if (server_plan_is_blocked(plan, index)) {
    config_say(report, file->mark, true, "the glue certificate in %s is on the block list",
               file->text);
  } else if (is_proven_somewhere(table, plan, index) || is_a_sites(table, c)) {
    return;
  } else if (is_proven_somewhere(table, unlimited, index)) {
    config_say(report, file->mark, true,
               "the glue certificate in %s is not sent: secondary-budget or the block list leaves "
               "out what needs it",
               file->text);
  } else {
    config_say(report, file->mark, true, "no site needs the glue certificate in %s", file->text);
  }
}

void check_required(const site_table *table, const server_plan *plan, const server_plan *unlimited,
                    config_report *report) {
  for (size_t i = 0; i < table->num_sites; i++) {
    const server_site *site = &table->sites[i];
    const plan_site *planned = server_plan_site(plan, site);
    for (size_t j = 0; planned->outcomes && j < site->config->secondary.num; j++) {
      check_outcome(table, site, planned->outcomes[j], &site->config->secondary.items[j], report);
    }
  }
  for (size_t i = 0; i < table->num_certificates; i++) {
    const server_certificate *c = &table->certificates[i];
    bool is_glue = i >= table->num_sites;
    if (c->identity && is_glue) {
      check_glue(table, plan, unlimited, i, report);
    }
    if (c->identity && (is_glue || is_proven_somewhere(table, plan, i))) {
      warn_of_required(c, report);
    }
  }
}
