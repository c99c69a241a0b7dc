// The sites as the workers use them: certificates and keys loaded, names in order, roots open.
//
// A table is made once, is then read-only, and is shared by all workers.
#ifndef APP_SERVER_SITE_H
#define APP_SERVER_SITE_H

#include <openssl/ssl.h>

#include "codicil/ea.h"
#include "codicil/name.h"
#include "codicil/x509.h"
#include "server/config.h"

typedef struct server_site {
  const config_site *config; // borrowed
  SSL_CTX *tls;
  codicil_identity *identity; // of its certificate
  codicil_credential *credential;
  codicil_buf ocsp; // the response to staple; empty where there is none
  int root;         // descriptor of the directory
  bool has_http3;   // QUIC's TLS can use its key
  int key_log;      // see tls_log_keys
  // Sites whose certificates are proven beside this one's, in the order of sending: those that the
  // own certificate covers, and a certificate named twice, are left out.
  size_t *secondary;
  size_t num_secondary;
  // Hosts for ORIGIN: of all sites that the own certificate covers, and then of the secondary ones.
  // None where one of them is a wildcard, which an Origin Set cannot express, or where they are
  // more than a client takes.
  const char **origin_hosts; // borrowed from the configuration
  codicil_origin *origins;   // the same, with the default port
  size_t num_origin_hosts;
  size_t num_own_origin_hosts;
  bool has_too_many_origins;
} server_site;

typedef struct site_name {
  const char *text; // borrowed from the configuration
  size_t site;
} site_name;

typedef struct site_table {
  server_site *sites;
  size_t num_sites;
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
// Tells whether `site`'s certificate covers a name of the configuration, wildcards included.
bool site_covers_name(const server_site *site, const char *name);

#endif
