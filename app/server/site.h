// The sites as the workers use them: certificates and keys loaded, names in order, roots open.
//
// A table is made once, is then read-only, and is shared by all workers.
#ifndef APP_SERVER_SITE_H
#define APP_SERVER_SITE_H

#include <openssl/ssl.h>

#include "codicil/name.h"
#include "server/certificate.h"
#include "server/config.h"

typedef struct server_site {
  const config_site *config;             // borrowed
  const server_certificate *certificate; // of the handshake; nothing in it where it did not load
  SSL_CTX *tls;
  int root;       // descriptor of the directory
  bool has_http3; // QUIC's TLS can use its key
  int key_log;    // see tls_log_keys
} server_site;

typedef struct site_name {
  const char *text; // borrowed from the configuration
  size_t site;
} site_name;

typedef struct site_table {
  server_site *sites;
  size_t num_sites;
  server_certificate *certificates; // of the sites, in their order, and then glue
  size_t num_certificates;
  site_name *names; // sorted
  size_t num_names;
} site_table;

// Loads what `config` (borrowed for the table's life) names; mistakes go to `report`. Returns
// whether there were none; otherwise `out` holds as much as loaded, for check.h.
CODICIL_MUST_USE bool site_table_load(site_table *out, const server_config *config,
                                      config_report *report);
void site_table_clear(site_table *table);
// Finds the site of a normalised host: by its name, else by a wildcard of one label. NULL if none.
const server_site *site_table_find(const site_table *table, const char *host);
// Finds what a host is called in `names`, no wildcard; NULL if it is not there.
const site_name *site_table_find_name(const site_table *table, const char *host);
// Makes an origin with port 443 of a site's name; false for a wildcard.
CODICIL_MUST_USE bool site_name_origin(codicil_origin *out, const char *name);
// Tells whether `site`'s certificate covers a name of the configuration, wildcards included.
bool site_covers_name(const server_site *site, const char *name);

#endif
