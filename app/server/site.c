// The sites as the workers use them: see site.h.
#include "server/site.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codicil/name.h"
#include "io/file.h"
#include "server/http3.h"
#include "server/tls.h"

enum { MAX_PEM_LEN = 1 << 20, MAX_OCSP_LEN = 1 << 15 };

// ---- loading one site
// --------------------------------------------------------------------------------

static bool load_credential(server_site *site, config_report *report) {
  const config_site *config = site->config;
  codicil_buf chain;
  codicil_buf key;
  app_error err;
  codicil_diag diag = {NULL, SIZE_MAX};
  bool ok = false;
  codicil_buf_init(&chain, NULL, MAX_PEM_LEN);
  codicil_buf_init(&key, NULL, MAX_PEM_LEN);
  if (!file_read(&chain, config->certificate.text, &err)) {
    config_say(report, config->certificate.mark, false, "%s", err.text);
    goto done;
  }
  if (!file_read(&key, config->key.text, &err)) {
    config_say(report, config->key.mark, false, "%s", err.text);
    goto done;
  }
  codicil_err e = codicil_credential_new(&site->credential, &diag, NULL, codicil_buf_span(&chain),
                                         codicil_buf_span(&key));
  if (e != CODICIL_OK) {
    config_say(report, config->certificate.mark, false, "%s and %s: %s", config->certificate.text,
               config->key.text, diag.what ? diag.what : codicil_err_text(e));
    goto done;
  }
  ok = true;
done:
  if (key.data) {
    OPENSSL_cleanse(key.data, key.len);
  }
  codicil_buf_clear(&key);
  codicil_buf_clear(&chain);
  return ok;
}

static bool is_ocsp_response(codicil_span der) {
  const uint8_t *at = der.data;
  OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)der.len);
  bool is_one = response && at == der.data + der.len &&
                OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL;
  OCSP_RESPONSE_free(response);
  ERR_clear_error();
  return is_one;
}

// A response that nobody could use is a mistake to be told now, not at the clients.
static bool load_ocsp(server_site *site, config_report *report) {
  const config_text *path = &site->config->ocsp;
  app_error err;
  codicil_buf_init(&site->ocsp, NULL, MAX_OCSP_LEN);
  if (!path->text) {
    return true;
  }
  if (!file_read(&site->ocsp, path->text, &err)) {
    config_say(report, path->mark, false, "%s", err.text);
    return false;
  }
  codicil_span der = codicil_buf_span(&site->ocsp);
  bool ok =
      is_ocsp_response(der) && codicil_credential_set_ocsp(site->credential, 0, der) == CODICIL_OK;
  if (!ok) {
    config_say(report, path->mark, false, "%s: not a successful OCSP response in DER", path->text);
  }
  return ok;
}

static bool load_identity(server_site *site, const server_config *config, config_report *report) {
  codicil_span der = codicil_credential_certificate(site->credential, 0);
  codicil_err e = codicil_identity_new(&site->identity, NULL, der, config->codepoints.oid);
  if (e != CODICIL_OK) {
    config_say(report, site->config->certificate.mark, false, "%s: %s",
               site->config->certificate.text, codicil_err_text(e));
  }
  return e == CODICIL_OK;
}

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
    config_say(report, site->config->key.mark, true, "HTTP/3 cannot serve this site: %s", err.text);
  }
}

static void load_site(site_table *table, size_t index, const server_config *config,
                      config_report *report) {
  server_site *site = &table->sites[index];
  app_error err;
  site->config = &config->sites[index];
  if (!site->config->certificate.text || !site->config->key.text || !site->config->root.text ||
      site->config->names.num == 0) {
    return; // told already
  }
  bool has_root = open_root(site, report);
  if (!load_credential(site, report) || !load_ocsp(site, report) ||
      !load_identity(site, config, report) || !has_root) {
    return;
  }
  if (!tls_context_new(&site->tls, table, site, &err)) {
    config_say(report, site->config->certificate.mark, false, "%s", err.text);
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

static const server_site *find_exact(const site_table *table, const char *name) {
  const site_name *found =
      bsearch(name, table->names, table->num_names, sizeof *table->names, by_text);
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

static bool origin_of_name(codicil_origin *out, const char *name) {
  char authority[CODICIL_HOST_MAX + 3];
  int n = snprintf(authority, sizeof authority, strchr(name, ':') ? "[%s]" : "%s", name);
  return n > 0 && (size_t)n < sizeof authority &&
         codicil_origin_parse_authority(out, codicil_span_of(authority, (size_t)n));
}

bool site_covers_name(const server_site *site, const char *name) {
  codicil_origin origin;
  if (strncmp(name, "*.", 2) == 0) {
    return has_pattern(site->identity, name);
  }
  return origin_of_name(&origin, name) && codicil_identity_covers(site->identity, &origin);
}

// ---- what goes beside a site's own certificate
// --------------------------------------------------------

static bool covers_all(const server_site *site, const server_site *other) {
  for (size_t i = 0; i < other->config->names.num; i++) {
    if (!site_covers_name(site, other->config->names.items[i].text)) {
      return false;
    }
  }
  return true;
}

static bool is_same_certificate(const server_site *a, const server_site *b) {
  return memcmp(codicil_identity_sha256(a->identity), codicil_identity_sha256(b->identity), 32) ==
         0;
}

static bool is_listed(const site_table *table, const server_site *site, const server_site *other) {
  for (size_t i = 0; i < site->num_secondary; i++) {
    if (is_same_certificate(&table->sites[site->secondary[i]], other)) {
      return true;
    }
  }
  return false;
}

static bool choose_secondary(site_table *table, server_site *site) {
  const config_list *wanted = &site->config->secondary;
  site->secondary = calloc(wanted->num + 1, sizeof *site->secondary);
  if (!site->secondary) {
    return false;
  }
  for (size_t i = 0; i < wanted->num; i++) {
    const server_site *other = site_table_find(table, wanted->items[i].text);
    if (other && other != site && other->identity && !covers_all(site, other) &&
        !is_listed(table, site, other)) {
      site->secondary[site->num_secondary++] = (size_t)(other - table->sites);
    }
  }
  return true;
}

static bool add_host(server_site *site, const char *name) {
  for (size_t i = 0; i < site->num_origin_hosts; i++) {
    if (strcmp(site->origin_hosts[i], name) == 0) {
      return true;
    }
  }
  site->origin_hosts[site->num_origin_hosts++] = name;
  return strncmp(name, "*.", 2) != 0;
}

static bool add_secondary_hosts(site_table *table, server_site *site) {
  bool ok = true;
  for (size_t i = 0; i < site->config->secondary.num; i++) {
    const server_site *other = site_table_find(table, site->config->secondary.items[i].text);
    for (size_t j = 0; other && other->identity && j < other->config->names.num; j++) {
      ok &= add_host(site, other->config->names.items[j].text);
    }
  }
  return ok;
}

static bool make_origins(server_site *site) {
  site->origins = calloc(site->num_origin_hosts + 1, sizeof *site->origins);
  for (size_t i = 0; site->origins && i < site->num_origin_hosts; i++) {
    (void)!origin_of_name(&site->origins[i], site->origin_hosts[i]); // normalised: always one
  }
  return site->origins != NULL;
}

// The library's limits, which a client has, too.
enum {
#define LIMIT_VALUE(name, value, text) LIMIT_##name = (value),
  CODICIL_LIMIT_MAP(LIMIT_VALUE)
#undef LIMIT_VALUE
};

// Whether a client's Origin Set holds them all beside its initial origin (RFC 8336 §2.3).
static bool fits_origin_set(const server_site *site) {
  size_t len = 0;
  for (size_t i = 0; i < site->num_origin_hosts; i++) {
    len += 2 + strlen("https://[]:65535") + strlen(site->origin_hosts[i]);
  }
  return site->num_origin_hosts < LIMIT_ORIGINS &&
         len + CODICIL_ORIGIN_TEXT_MAX <= LIMIT_ORIGINS_LEN;
}

// What ORIGIN names, as protocol §7 says: the sites that this connection may serve.
static bool choose_origins(site_table *table, server_site *site) {
  bool ok = true;
  site->origin_hosts = calloc(table->num_names + 1, sizeof *site->origin_hosts);
  if (!site->origin_hosts) {
    return false;
  }
  for (size_t i = 0; i < table->num_names; i++) {
    if (site_covers_name(site, table->names[i].text)) {
      ok &= add_host(site, table->names[i].text);
    }
  }
  site->num_own_origin_hosts = site->num_origin_hosts;
  ok &= add_secondary_hosts(table, site);
  site->has_too_many_origins = !fits_origin_set(site);
  if (!ok || site->has_too_many_origins) {
    site->num_origin_hosts = site->num_own_origin_hosts = 0;
  }
  return make_origins(site);
}

// ---- the table
// ------------------------------------------------------------------------------------------

bool site_table_load(site_table *out, const server_config *config, config_report *report) {
  config_mark nowhere = {0, 0};
  size_t before = report->num_errors;
  memset(out, 0, sizeof *out);
  out->sites = calloc(config->num_sites + 1, sizeof *out->sites);
  if (!out->sites || !sort_names(out, config)) {
    config_say(report, nowhere, false, "out of memory");
    return false;
  }
  out->num_sites = config->num_sites;
  for (size_t i = 0; i < out->num_sites; i++) {
    out->sites[i].root = -1;
  }
  for (size_t i = 0; i < out->num_sites; i++) {
    load_site(out, i, config, report);
  }
  for (size_t i = 0; i < out->num_sites; i++) {
    server_site *site = &out->sites[i];
    if (site->identity && (!choose_secondary(out, site) || !choose_origins(out, site))) {
      config_say(report, nowhere, false, "out of memory");
    }
  }
  return report->num_errors == before;
}

void site_table_clear(site_table *table) {
  for (size_t i = 0; i < table->num_sites; i++) {
    server_site *site = &table->sites[i];
    SSL_CTX_free(site->tls);
    codicil_identity_free(site->identity);
    codicil_credential_free(site->credential);
    codicil_buf_clear(&site->ocsp);
    if (site->root >= 0) {
      close(site->root);
    }
    free(site->secondary);
    free(site->origin_hosts);
    free(site->origins);
  }
  free(table->sites);
  free(table->names);
  memset(table, 0, sizeof *table);
}
