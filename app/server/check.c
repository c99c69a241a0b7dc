// `codicil serve --check`: see check.h.
#include "server/check.h"

#include <string.h>

#include "io/clock.h"
#include "server/block_list.h"
#include "server/check_required.h"
#include "server/http3.h"
#include "server/plan.h"

enum { FRAME_LEN = 16384 };

static void warn_of_secondaries_nobody_serves(const site_table *table, const config_site *config,
                                              config_report *report) {
  for (size_t i = 0; i < config->secondary.num; i++) {
    const config_text *name = &config->secondary.items[i];
    if (!site_table_find(table, name->text)) {
      config_say(report, name->mark, true, "secondary '%s': no site serves that name", name->text);
    }
  }
}

static void warn_of_claimed_names(const server_config *config, size_t index,
                                  config_report *report) {
  const config_site *site = &config->sites[index];
  for (size_t i = 0; i < site->names.num; i++) {
    const config_text *name = &site->names.items[i];
    for (size_t j = 0; j < index; j++) {
      const config_list *earlier = &config->sites[j].names;
      for (size_t k = 0; k < earlier->num; k++) {
        if (strcmp(earlier->items[k].text, name->text) == 0) {
          config_say(report, name->mark, true,
                     "the site on line %zu claims the name '%s', too, and keeps it",
                     config->sites[j].mark.line, name->text);
        }
      }
    }
  }
}

static void warn_of_names_not_covered(const server_site *site, config_report *report) {
  for (size_t i = 0; i < site->config->names.num; i++) {
    const config_text *name = &site->config->names.items[i];
    if (!site_covers_name(site, name->text)) {
      config_say(report, name->mark, true, "certificate %s does not cover the name '%s'",
                 site->config->certificate.file.text, name->text);
    }
  }
}

// Certificates that were made one after the other expire so: that is no trap.
enum { SAME_TIME_S = 3600 };
// What lives for a month or less is renewed by a program, as glue is: no trap either.
enum { SHORT_LIFETIME_S = 31 * 86400 };

static bool is_short_lived(const site_table *table, const server_certificate *c) {
  int64_t from = codicil_identity_not_before(c->identity);
  if (codicil_identity_not_after(c->identity) - from <= SHORT_LIFETIME_S) {
    return true;
  }
  for (size_t i = table->num_sites; i < table->num_certificates; i++) {
    if (table->certificates[i].identity && server_certificate_is_same(&table->certificates[i], c)) {
      return true; // the site's certificate is glue, too
    }
  }
  return false;
}

static void warn_of_early_expiry(const site_table *table, const server_site *site,
                                 config_report *report) {
  int64_t until = codicil_identity_not_after(site->certificate->identity);
  for (size_t i = 0; i < site->config->secondary.num; i++) {
    const config_text *name = &site->config->secondary.items[i];
    const server_site *other = site_table_find(table, name->text);
    if (other && other->certificate->identity &&
        codicil_identity_not_after(other->certificate->identity) < until - SAME_TIME_S &&
        !is_short_lived(table, other->certificate)) {
      config_say(
          report, name->mark, true,
          "the certificate of secondary '%s' expires %lld days before this site's", name->text,
          (long long)((until - codicil_identity_not_after(other->certificate->identity)) / 86400));
    }
  }
}

static void warn_of_expired(const server_certificate *c, config_report *report, int64_t now_s) {
  if (codicil_identity_not_after(c->identity) < now_s) {
    config_say(report, c->config->file.mark, true, "the certificate in %s has expired",
               c->config->file.text);
  }
}

static void warn_of_large_chain(const server_certificate *c, config_report *report) {
  size_t len = server_certificate_proof_len(c);
  if (len > FRAME_LEN) {
    config_say(report, c->config->file.mark, true,
               "the chain in %s needs %zu octets: more than one frame of %d", c->config->file.text,
               len, FRAME_LEN);
  }
}

static void warn_of_wildcards(const server_config *config, const config_site *site,
                              config_report *report) {
  for (size_t i = 0; i < site->names.num && config->send_origin; i++) {
    if (strncmp(site->names.items[i].text, "*.", 2) == 0) {
      config_say(report, site->names.items[i].mark, true,
                 "no ORIGIN is sent on connections that serve the wildcard '%s'",
                 site->names.items[i].text);
    }
  }
}

// What one connection is sent at the most: the rest opens connections of its own.
static void warn_of_too_many(const server_config *config, const server_site *site,
                             const plan_site *plan, config_report *report) {
  config_mark mark = site->config->mark;
  if (plan->order.num_steps > config->budget_certificates) {
    config_say(report, mark, true,
               "%zu secondary certificates, and secondary-budget sends the first %zu",
               plan->order.num_steps, config->budget_certificates);
  }
  if (config->send_origin && plan->has_too_many_origins) {
    config_say(report, mark, true, "no ORIGIN is sent: more origins than a client takes");
  }
}

static void check_certificates(const site_table *table, config_report *report) {
  int64_t now_s = (int64_t)io_clock_now().unix_s;
  for (size_t i = 0; i < table->num_certificates; i++) {
    if (table->certificates[i].identity) {
      warn_of_expired(&table->certificates[i], report, now_s);
      warn_of_large_chain(&table->certificates[i], report);
    }
  }
}

static void check_sites(const server_config *config, const site_table *table,
                        const server_plan *plan, config_report *report) {
  for (size_t i = 0; i < table->num_sites; i++) {
    const server_site *site = &table->sites[i];
    warn_of_secondaries_nobody_serves(table, &config->sites[i], report);
    warn_of_claimed_names(config, i, report);
    warn_of_wildcards(config, &config->sites[i], report);
    if (site->certificate->identity) {
      warn_of_names_not_covered(site, report);
      warn_of_early_expiry(table, site, report);
      warn_of_too_many(config, site, server_plan_site(plan, site), report);
    }
  }
}

// What would be sent if there were room for all and nothing were blocked. NULL without memory.
static server_plan *plan_without_limits(const server_config *config, const site_table *table) {
  server_config unlimited = *config;
  unlimited.budget_certificates = SIZE_MAX;
  unlimited.budget_octets = SIZE_MAX;
  return server_plan_new(&unlimited, table, NULL);
}

void server_check(const server_config *config, config_report *report) {
  config_mark nowhere = {0, 0};
  site_table table;
  codicil_block_list *list;
  codicil_buf text;
  // What is wrong is in the report.
  (void)!site_table_load(&table, config, report);
  (void)!http3_check(config, report);
  (void)!block_list_load(&list, &text, config, &table, report);
  server_plan *plan = server_plan_new(config, &table, list);
  server_plan *unlimited = plan_without_limits(config, &table);
  if (plan && unlimited) {
    check_certificates(&table, report);
    check_sites(config, &table, plan, report);
    check_required(&table, plan, unlimited, report);
  } else {
    config_say(report, nowhere, false, "out of memory");
  }
  server_plan_release(unlimited);
  server_plan_release(plan);
  codicil_block_list_free(list);
  codicil_buf_clear(&text);
  site_table_clear(&table);
}
