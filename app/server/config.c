// The configuration's values and the report of its mistakes: see config.h.
#include "server/config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "codicil/name.h"

void server_config_init(server_config *config) {
  memset(config, 0, sizeof *config);
  config->send_origin = true;
  config->send_secondary = true;
  config->http3 = true;
  config->alt_svc_max_age_s = 86400;
  config->budget_certificates = 32;
  config->budget_octets = 524288;
  codicil_codepoints_default(&config->codepoints);
  server_limits_default(&config->limits);
}

void config_list_clear(config_list *list) {
  for (size_t i = 0; i < list->num; i++) {
    free(list->items[i].text);
  }
  free(list->items);
  memset(list, 0, sizeof *list);
}

static void certificate_clear(config_certificate *certificate) {
  free(certificate->file.text);
  free(certificate->key.text);
  free(certificate->ocsp.text);
}

void config_site_clear(config_site *site) {
  config_list_clear(&site->names);
  config_list_clear(&site->secondary);
  certificate_clear(&site->certificate);
  free(site->root.text);
  memset(site, 0, sizeof *site);
}

void server_config_clear(server_config *config) {
  config_list_clear(&config->listen);
  for (size_t i = 0; i < config->num_sites; i++) {
    config_site_clear(&config->sites[i]);
  }
  free(config->sites);
  for (size_t i = 0; i < config->num_glue; i++) {
    certificate_clear(&config->glue[i]);
  }
  free(config->glue);
  free(config->block_list.text);
  free(config->access_log.text);
  free(config->qlog.text);
  memset(config, 0, sizeof *config);
}

bool config_text_set(config_text *out, const char *text, config_mark mark) {
  char *copy = strdup(text);
  if (!copy) {
    return false;
  }
  free(out->text);
  out->text = copy;
  out->mark = mark;
  return true;
}

bool config_list_add(config_list *list, const char *text, config_mark mark) {
  config_text *grown = realloc(list->items, (list->num + 1) * sizeof *grown);
  if (!grown) {
    return false;
  }
  list->items = grown;
  memset(&grown[list->num], 0, sizeof *grown);
  if (!config_text_set(&grown[list->num], text, mark)) {
    return false;
  }
  list->num++;
  return true;
}

config_site *server_config_add_site(server_config *config, config_mark mark) {
  config_site *grown = realloc(config->sites, (config->num_sites + 1) * sizeof *grown);
  if (!grown) {
    return NULL;
  }
  config->sites = grown;
  config_site *site = &grown[config->num_sites++];
  memset(site, 0, sizeof *site);
  site->mark = mark;
  return site;
}

config_certificate *server_config_add_glue(server_config *config) {
  config_certificate *grown = realloc(config->glue, (config->num_glue + 1) * sizeof *grown);
  if (!grown) {
    return NULL;
  }
  config->glue = grown;
  config_certificate *glue = &grown[config->num_glue++];
  memset(glue, 0, sizeof *glue);
  return glue;
}

bool config_name_normalise(char *out, const char *text) {
  bool is_wildcard = strncmp(text, "*.", 2) == 0;
  const char *rest = is_wildcard ? text + 2 : text;
  codicil_address address;
  codicil_span span = codicil_span_of(rest, strlen(rest));
  if (!is_wildcard && codicil_address_parse(&address, span)) {
    codicil_address_format(&address, out, CODICIL_DNS_NAME_MAX + 1);
    return true;
  }
  memcpy(out, "*.", 2);
  return codicil_dns_name_normalise(out + (is_wildcard ? 2 : 0), CODICIL_DNS_NAME_MAX + 1, span);
}

// ---- the report
// -----------------------------------------------------------------------------------

void config_say(config_report *report, config_mark mark, bool is_warning, const char *format, ...) {
  config_problem *grown = realloc(report->problems, (report->num + 1) * sizeof *grown);
  char *text = NULL;
  va_list args;
  va_start(args, format);
  int len = grown ? vasprintf(&text, format, args) : -1;
  va_end(args);
  report->problems = grown ? grown : report->problems;
  report->num_errors += is_warning ? 0 : 1;
  if (len < 0) {
    report->is_incomplete = true;
    return;
  }
  grown[report->num++] = (config_problem){mark, is_warning, text};
}

static int by_place(const void *a, const void *b) {
  const config_problem *p = a;
  const config_problem *q = b;
  if (p->mark.line != q->mark.line) {
    return p->mark.line < q->mark.line ? -1 : 1;
  }
  return p->mark.column == q->mark.column ? 0 : p->mark.column < q->mark.column ? -1 : 1;
}

void config_report_print(config_report *report, FILE *out) {
  if (report->num > 0) {
    qsort(report->problems, report->num, sizeof *report->problems, by_place);
  }
  for (size_t i = 0; i < report->num; i++) {
    const config_problem *p = &report->problems[i];
    fputs(report->file, out);
    if (p->mark.line > 0) {
      fprintf(out, ":%zu:%zu", p->mark.line, p->mark.column);
    }
    fprintf(out, ": %s: %s\n", p->is_warning ? "warning" : "error", p->text);
  }
  if (report->is_incomplete) {
    fprintf(out, "%s: error: out of memory: not every problem is listed\n", report->file);
  }
}

void config_report_clear(config_report *report) {
  for (size_t i = 0; i < report->num; i++) {
    free(report->problems[i].text);
  }
  free(report->problems);
  memset(report, 0, sizeof *report);
}
