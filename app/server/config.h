// The server's configuration, from a YAML file or from the command line.
//
// Reading keeps going after a mistake, so that one run names them all, each with its place. What
// the files that it names hold is not looked at here (a directory of glue certificates is listed):
// site.h loads them, check.h judges the whole.
#ifndef APP_SERVER_CONFIG_H
#define APP_SERVER_CONFIG_H

#include <stdio.h>

#include "codicil/codicil.h"
#include "io/error.h"
#include "server/limits.h"

// A place in the file, from 1; line 0 is the command line.
typedef struct config_mark {
  size_t line, column;
} config_mark;

typedef struct config_text {
  char *text; // owned; NULL where the key is absent
  config_mark mark;
} config_text;

typedef struct config_list {
  config_text *items;
  size_t num;
} config_list;

typedef struct config_certificate {
  config_text file, key; // the chain, its own certificate first, and its key; PEM
  config_text ocsp;      // a response to staple, DER; optional
} config_certificate;

typedef struct config_site {
  config_list names; // normalised; "*.example.com" covers one label
  config_certificate certificate;
  config_text root;
  config_list secondary; // names of sites, normalised, in the order of sending
  config_mark mark;
} config_site;

typedef struct server_config {
  config_list listen;
  config_site *sites;
  size_t num_sites;
  config_certificate
      *glue; // certificates that may have to be proven before a site's secondary ones
  size_t num_glue;
  config_text block_list; // NULL: none
  size_t workers;         // 0: one a processor
  config_text access_log;
  bool access_log_is_json;
  uint16_t public_port; // 0: the local port
  bool send_origin;
  bool send_secondary;
  bool http3;
  bool early_data;
  uint64_t alt_svc_max_age_s; // 0: not announced
  config_text qlog;           // directory; NULL: none
  size_t budget_certificates, budget_octets;
  codicil_codepoints codepoints;
  server_limits limits;
} server_config;

// ---- what was found
// ------------------------------------------------------------------------------

typedef struct config_problem {
  config_mark mark;
  bool is_warning;
  char *text;
} config_problem;

typedef struct config_report {
  const char *file; // borrowed
  config_problem *problems;
  size_t num, num_errors;
  bool is_incomplete; // memory ran out
} config_report;

void config_say(config_report *report, config_mark mark, bool is_warning, const char *format, ...)
    CODICIL_PRINTF(4, 5);
// Writes "file:line:column: error: …", a line a problem, in the file's order.
void config_report_print(config_report *report, FILE *out);
void config_report_clear(config_report *report);

// ---- reading
// ---------------------------------------------------------------------------------------

// The defaults; no site, nothing to listen on.
void server_config_init(server_config *config);
void server_config_clear(server_config *config);
// Reads YAML. Paths in it are relative to `directory`. Mistakes go to `report`.
void server_config_parse(server_config *config, config_report *report, codicil_span yaml,
                         const char *directory);
// Reads the file named `report->file`.
void server_config_read(server_config *config, config_report *report);

// Parts for the command line. False without memory.
CODICIL_MUST_USE bool config_list_add(config_list *list, const char *text, config_mark mark);
CODICIL_MUST_USE bool config_text_set(config_text *out, const char *text, config_mark mark);
void config_list_clear(config_list *list);
void config_site_clear(config_site *site);
// Returns a new site with nothing in it, or NULL without memory.
config_site *server_config_add_site(server_config *config, config_mark mark);
// The same for a glue certificate.
config_certificate *server_config_add_glue(server_config *config);
// Normalises a site's name, wildcards allowed; `out` holds CODICIL_DNS_NAME_MAX + 3 octets.
bool config_name_normalise(char *out, const char *text);

#endif
