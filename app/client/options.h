// The command line of `codicil get`: curl's flags, and what is ours.
//
// Parsing opens nothing but files named as `-d @file` or `-w @file`. Strings are borrowed from
// argv. What is a mistake is told in a sentence that names the flag.
#ifndef APP_CLIENT_OPTIONS_H
#define APP_CLIENT_OPTIONS_H

#include "codicil/session.h"
#include "io/error.h"

// Borrowed strings in the order of the command line.
typedef struct client_list {
  const char **items;
  size_t num;
} client_list;

// Where one URL's body goes: the nth -o or -O belongs to the nth URL, as in curl.
typedef struct client_output {
  enum { CLIENT_OUTPUT_STDOUT, CLIENT_OUTPUT_FILE, CLIENT_OUTPUT_REMOTE_NAME } kind;
  const char *path; // CLIENT_OUTPUT_FILE
} client_output;

// Which versions of HTTP may be used, as curl's flags say; the last one counts.
typedef enum client_http {
  CLIENT_HTTP_DEFAULT, // HTTP/2, and HTTP/3 where Alt-Svc says so
  CLIENT_HTTP_2,
  CLIENT_HTTP_3, // first; HTTP/2 beside it after a moment
  CLIENT_HTTP_3_ONLY
} client_http;

typedef struct client_options {
  client_list urls;
  size_t *url_after;         // for each URL the index of the one that it waits for, or SIZE_MAX
  codicil_buf url_file;      // what --urls-from read
  client_list headers;       // "Name: value", "Name;" (empty), "Name:" (leave the default out)
  client_list resolve;       // hosts.h reads these
  client_list connect_to;    // and these
  client_list dns_servers;   // io/dns.h reads these
  char *dns_servers_text;    // in which the items are
  const char *dnssec_anchor; // file; NULL: DNS is not validated
  client_output *outputs;
  size_t num_outputs;
  const char *method; // NULL: GET, HEAD or POST, as the other flags say
  codicil_buf body;
  bool has_body;
  codicil_buf write_out; // NUL-terminated
  bool has_write_out;
  const char *cacert;
  const char *capath;
  const char *crlfile;         // files; NULL: none
  const char *block_list;      //
  const char *ct_logs;         //
  const char *caa_anchor;      //
  uint64_t min_scts;           // needs ct_logs
  uint64_t max_time_ms;        // 0: none
  uint64_t connect_timeout_ms; // 0: not given; see client_connect_timeout_ms
  int64_t coalesce_wait_ms;    // -1: the connection's handshake time
  uint64_t parallel_max;
  bool head;
  bool include;
  bool silent;
  bool show_error;
  bool verbose;
  bool fail;
  bool insecure;
  bool no_secondary;
  codicil_required_mode required_mode;
  bool insecure_any_required_domain;
  codicil_dns_mode dns_mode;
  bool no_origin;
  bool json;
  bool help;
  bool help_all; // --help all
  client_http http;
  const char *alt_svc; // the cache's file; empty: in memory; NULL: Alt-Svc is ignored
  const char *qlog;    // directory; NULL: none
  codicil_codepoints codepoints;
} client_options;

// Reads argv (argv[0] is the command's name). On failure `err` names the flag; clear `out` all the
// same.
CODICIL_MUST_USE bool client_options_parse(client_options *out, int argc, char **argv,
                                           app_error *err);
void client_options_clear(client_options *options);
// How long a connection may take to come about; five minutes where nothing was said, as in curl.
uint64_t client_connect_timeout_ms(const client_options *options);
// The method of every request: -X, else HEAD for -I, POST with -d, GET.
const char *client_options_method(const client_options *options);

#endif
