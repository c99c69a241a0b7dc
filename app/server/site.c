// The sites as the workers use them: see site.h.
#include "server/site.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codicil/name.h"
#include "server/http3.h"
#include "server/tls.h"

// ---- loading one site
// --------------------------------------------------------------------------------

static bool open_root(server_site *site, config_report *report) {
  site->root = open(site->config->root.text, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (site->root < 0) {
    config_say(report, site->config->root.mark, false, "%s: %s", site->config->root.text,
               strerror(errno));
  }
  return site->root >= 0;
}

// A site whose key QUIC's TLS cannot use is served over HTTP/2 alone.
static void find_http3(server_site *site, config_report *report) {
  app_error err;
  site->has_http3 = http3_can_use(site->config, &err);
  if (!site->has_http3) {
    config_say(report, site->config->certificate.key.mark, true,
               "HTTP/3 cannot serve this site: %s", err.text);
  }
}

static void load_site(site_table *table, size_t index, const server_config *config,
                      config_report *report) {
  server_site *site = &table->sites[index];
  app_error err;
  if (!site->config->certificate.file.text || !site->config->certificate.key.text ||
      !site->config->root.text || site->config->names.num == 0) {
    return; // told already
  }
  bool has_root = open_root(site, report);
  if (!server_certificate_load(&table->certificates[index], &site->config->certificate,
                               config->codepoints.oid, report) ||
      !has_root) {
    return;
  }
  if (!tls_context_new(&site->tls, table, site, &err)) {
    config_say(report, site->config->certificate.file.mark, false, "%s", err.text);
  } else if (config->http3 && http3_is_built()) {
    find_http3(site, report);
  }
}

// ---- names
// ----------------------------------------------------------------------------------------------

static int by_name(const void *a, const void *b) {
  const site_name *p = a;
  const site_name *q = b;
  int order = strcmp(p->text, q->text);
  return order != 0 ? order : p->site < q->site ? -1 : p->site > q->site;
}

// Where two sites claim a name the first keeps it; check.h tells.
static void drop_repeated(site_table *table) {
  size_t kept = 0;
  for (size_t i = 0; i < table->num_names; i++) {
    if (kept == 0 || strcmp(table->names[kept - 1].text, table->names[i].text) != 0) {
      table->names[kept++] = table->names[i];
    }
  }
  table->num_names = kept;
}

static bool sort_names(site_table *table, const server_config *config) {
  size_t num = 0;
  for (size_t i = 0; i < config->num_sites; i++) {
    num += config->sites[i].names.num;
  }
  table->names = calloc(num + 1, sizeof *table->names);
  if (!table->names) {
    return false;
  }
  for (size_t i = 0; i < config->num_sites; i++) {
    for (size_t j = 0; j < config->sites[i].names.num; j++) {
      table->names[table->num_names++] = (site_name){config->sites[i].names.items[j].text, i};
    }
  }
  qsort(table->names, table->num_names, sizeof *table->names, by_name);
  drop_repeated(table);
  return true;
}

static int by_text(const void *key, const void *item) {
  return strcmp(key, ((const site_name *)item)->text);
}

const site_name *site_table_find_name(const site_table *table, const char *host) {
  return bsearch(host, table->names, table->num_names, sizeof *table->names, by_text);
}

static const server_site *find_exact(const site_table *table, const char *name) {
  const site_name *found = site_table_find_name(table, name);
  return found ? &table->sites[found->site] : NULL;
}

const server_site *site_table_find(const site_table *table, const char *host) {
  char pattern[CODICIL_HOST_MAX + 2];
  const server_site *site = find_exact(table, host);
  const char *rest = strchr(host, '.');
  size_t len = rest ? strlen(rest) : 0;
  if (site || len < 2 || len + 2 > sizeof pattern) {
    return site;
  }
  pattern[0] = '*';
  memcpy(pattern + 1, rest, len + 1);
  return find_exact(table, pattern);
}

static bool has_pattern(const codicil_identity *identity, const char *name) {
  for (size_t i = 0; i < codicil_identity_num_names(identity); i++) {
    const codicil_alt_name *alt = codicil_identity_name(identity, i);
    if (alt->type == CODICIL_ALT_DNS && alt->dns.len == strlen(name) &&
        memcmp(alt->dns.data, name, alt->dns.len) == 0) {
      return true;
    }
  }
  return false;
}

bool site_name_origin(codicil_origin *out, const char *name) {
  char authority[CODICIL_HOST_MAX + 3];
  int n = snprintf(authority, sizeof authority, strchr(name, ':') ? "[%s]" : "%s", name);
  return n > 0 && (size_t)n < sizeof authority &&
         codicil_origin_parse_authority(out, codicil_span_of(authority, (size_t)n));
}

bool site_covers_name(const server_site *site, const char *name) {
  codicil_origin origin;
  if (strncmp(name, "*.", 2) == 0) {
    return has_pattern(site->certificate->identity, name);
  }
  return site_name_origin(&origin, name) &&
         codicil_identity_covers(site->certificate->identity, &origin);
}

// ---- the table
// ------------------------------------------------------------------------------------------

static bool allocate(site_table *out, const server_config *config) {
  out->sites = calloc(config->num_sites + 1, sizeof *out->sites);
  out->certificates = calloc(config->num_sites + config->num_glue + 1, sizeof *out->certificates);
  if (!out->sites || !out->certificates || !sort_names(out, config)) {
    return false;
  }
  out->num_sites = config->num_sites;
  out->num_certificates = config->num_sites + config->num_glue;
  for (size_t i = 0; i < out->num_sites; i++) {
    out->sites[i].config = &config->sites[i];
    out->sites[i].certificate = &out->certificates[i];
    out->sites[i].root = -1;
  }
  return true;
}

bool site_table_load(site_table *out, const server_config *config, config_report *report) {
  config_mark nowhere = {0, 0};
  size_t before = report->num_errors;
  memset(out, 0, sizeof *out);
  if (!allocate(out, config)) {
    config_say(report, nowhere, false, "out of memory");
    return false;
  }
  for (size_t i = 0; i < out->num_sites; i++) {
    load_site(out, i, config, report);
  }
  for (size_t i = 0; i < config->num_glue; i++) {
    if (config->glue[i].file.text && config->glue[i].key.text) {
      (void)!server_certificate_load(&out->certificates[out->num_sites + i], &config->glue[i],
                                     config->codepoints.oid, report);
    }
  }
  return report->num_errors == before;
}

void site_table_clear(site_table *table) {
  for (size_t i = 0; i < table->num_sites; i++) {
    server_site *site = &table->sites[i];
    SSL_CTX_free(site->tls);
    if (site->root >= 0) {
      close(site->root);
    }
  }
  for (size_t i = 0; i < table->num_certificates; i++) {
    server_certificate_clear(&table->certificates[i]);
  }
  free(table->sites);
  free(table->certificates);
  free(table->names);
  memset(table, 0, sizeof *table);
}
