// `codicil serve`: sites from a file, or one site from the command line.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "codicil/ea.h"
#include "codicil/x509.h"
#include "io/file.h"
#include "server/check.h"
#include "server/server.h"

enum { EXIT_USAGE = 2, MAX_PEM_LEN = 1 << 20 };

static const char usage[] =
    "usage: codicil serve -c FILE [--check]\n"
    "       codicil serve --root DIR --cert FILE --key FILE [--name NAME]...\n"
    "\n"
    "Serves static files over HTTP/2 and HTTP/3, and proves on one connection the\n"
    "certificates of all sites that may share it.\n"
    "  -c, --config FILE      sites and settings, YAML: see codicil-serve(1)\n"
    "  -t, --check            name every mistake in the file, warn of traps, and exit\n"
    "  -r, --root DIR         one site: the directory that it serves\n"
    "      --cert FILE        its certificate chain, PEM; --key FILE: its private key\n"
    "  -n, --name NAME        its name; default: those of the certificate\n"
    "  -l, --listen ADDRESS   127.0.0.1:8443 (default with --root), [::]:443, *:443\n"
    "  -w, --workers N        threads; default: one a processor\n"
    "      --access-log FILE  a line a request, - for standard output\n"
    "      --log-format F     combined (default) or json\n"
    "      --public-port N    the port that clients use, if it is not the local one\n"
    "      --codepoints LIST  KEY=VALUE,...: see codicil-serve(1)\n"
    "      --no-secondary     do not offer secondary certificates\n"
    "      --no-origin        do not send ORIGIN\n"
    "      --no-http3         serve HTTP/2 alone\n"
    "      --block-list FILE  certificates not to send; read anew when it changes\n"
    "      --qlog DIR         a file a QUIC connection, for tools that read qlog\n"
    "  -h, --help             this text\n"
    "example: codicil serve --root www --cert a.example.pem --key a.example.key\n";

enum option_id {
  OPTION_CERT = 256,
  OPTION_KEY,
  OPTION_LOG,
  OPTION_LOG_FORMAT,
  OPTION_PORT,
  OPTION_CODEPOINTS,
  OPTION_NO_SECONDARY,
  OPTION_NO_ORIGIN,
  OPTION_NO_HTTP3,
  OPTION_BLOCK_LIST,
  OPTION_QLOG
};

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"check", no_argument, NULL, 't'},
    {"root", required_argument, NULL, 'r'},
    {"cert", required_argument, NULL, OPTION_CERT},
    {"key", required_argument, NULL, OPTION_KEY},
    {"name", required_argument, NULL, 'n'},
    {"listen", required_argument, NULL, 'l'},
    {"workers", required_argument, NULL, 'w'},
    {"access-log", required_argument, NULL, OPTION_LOG},
    {"log-format", required_argument, NULL, OPTION_LOG_FORMAT},
    {"public-port", required_argument, NULL, OPTION_PORT},
    {"codepoints", required_argument, NULL, OPTION_CODEPOINTS},
    {"no-secondary", no_argument, NULL, OPTION_NO_SECONDARY},
    {"no-origin", no_argument, NULL, OPTION_NO_ORIGIN},
    {"no-http3", no_argument, NULL, OPTION_NO_HTTP3},
    {"block-list", required_argument, NULL, OPTION_BLOCK_LIST},
    {"qlog", required_argument, NULL, OPTION_QLOG},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

typedef struct arguments {
  const char *file;
  bool is_check;
  config_site site; // of the command line
  config_list listen;
  const char *workers, *log, *log_format, *port, *codepoints, *block_list, *qlog;
  bool no_secondary, no_origin, no_http3;
} arguments;

static const config_mark command_line = {0, 0};

static int fail(const char *what, const char *value) {
  fprintf(stderr, "codicil serve: %s%s%s\n", what, value ? ": " : "", value ? value : "");
  return EXIT_USAGE;
}

// ---- the command line
// --------------------------------------------------------------------------------------

static bool take_option(arguments *a, int id, const char *value) {
  switch (id) {
  case 'c':
    a->file = value;
    return true;
  case 't':
    a->is_check = true;
    return true;
  case 'r':
    return config_text_set(&a->site.root, value, command_line);
  case OPTION_CERT:
    return config_text_set(&a->site.certificate.file, value, command_line);
  case OPTION_KEY:
    return config_text_set(&a->site.certificate.key, value, command_line);
  case 'n':
    return config_list_add(&a->site.names, value, command_line);
  case 'l':
    return config_list_add(&a->listen, value, command_line);
  case 'w':
    a->workers = value;
    return true;
  case OPTION_LOG:
    a->log = value;
    return true;
  case OPTION_LOG_FORMAT:
    a->log_format = value;
    return true;
  case OPTION_PORT:
    a->port = value;
    return true;
  case OPTION_CODEPOINTS:
    a->codepoints = value;
    return true;
  case OPTION_NO_SECONDARY:
    a->no_secondary = true;
    return true;
  case OPTION_NO_ORIGIN:
    a->no_origin = true;
    return true;
  case OPTION_NO_HTTP3:
    a->no_http3 = true;
    return true;
  case OPTION_BLOCK_LIST:
    a->block_list = value;
    return true;
  case OPTION_QLOG:
    a->qlog = value;
    return true;
  default:
    return false;
  }
}

// Returns -1, or the exit code where there is nothing more to do.
static int parse_arguments(arguments *a, int argc, char **argv) {
  static char name[] = "codicil serve"; // getopt's messages begin with it
  int id;
  argv[0] = name;
  optind = 1;
  while ((id = getopt_long(argc, argv, "c:tr:n:l:w:h", options, NULL)) != -1) {
    if (id == 'h') {
      fputs(usage, stdout);
      return EXIT_SUCCESS;
    }
    if (!take_option(a, id, optarg)) {
      fputs("try: codicil serve --help\n", stderr);
      return EXIT_USAGE;
    }
  }
  if (optind < argc) {
    return fail("unexpected argument", argv[optind]);
  }
  bool has_site = a->site.root.text || a->site.certificate.file.text ||
                  a->site.certificate.key.text || a->site.names.num > 0;
  if (a->file && has_site) {
    return fail("a file and --root, --cert, --key or --name exclude each other", NULL);
  }
  if (!a->file &&
      !(a->site.root.text && a->site.certificate.file.text && a->site.certificate.key.text)) {
    return fail("name a file with -c, or a site with --root, --cert and --key", NULL);
  }
  return -1;
}

static bool parse_count(size_t *out, const char *text, size_t most) {
  char *end;
  unsigned long value = strtoul(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end != '\0' || value < 1 || value > most) {
    return false;
  }
  *out = value;
  return true;
}

// What the command line says holds against the file.
static int apply(server_config *config, const arguments *a) {
  size_t number;
  codicil_diag diag = {NULL, SIZE_MAX};
  if (a->workers && !parse_count(&config->workers, a->workers, 1024)) {
    return fail("--workers wants a number from 1 to 1024", a->workers);
  }
  if (a->port) {
    if (!parse_count(&number, a->port, 65535)) {
      return fail("--public-port wants a port", a->port);
    }
    config->public_port = (uint16_t)number;
  }
  if (a->log_format && strcmp(a->log_format, "json") != 0 &&
      strcmp(a->log_format, "combined") != 0) {
    return fail("--log-format wants combined or json", a->log_format);
  }
  if (a->log_format) {
    config->access_log_is_json = strcmp(a->log_format, "json") == 0;
  }
  if ((a->log && !config_text_set(&config->access_log, a->log, command_line)) ||
      (a->block_list && !config_text_set(&config->block_list, a->block_list, command_line)) ||
      (a->qlog && !config_text_set(&config->qlog, a->qlog, command_line))) {
    return fail("out of memory", NULL);
  }
  if (a->codepoints &&
      codicil_codepoints_set(&config->codepoints, &diag, a->codepoints) != CODICIL_OK) {
    return fail("--codepoints", diag.what);
  }
  config->send_secondary = config->send_secondary && !a->no_secondary;
  config->send_origin = config->send_origin && !a->no_origin;
  config->http3 = config->http3 && !a->no_http3;
  return -1;
}

// ---- one site from the command line
// --------------------------------------------------------------------------

// The names that the certificate itself has.
static bool add_certificate_names(config_list *names, const char *path, app_error *err) {
  codicil_buf pem;
  codicil_credential *chain = NULL;
  codicil_identity *identity = NULL;
  codicil_codepoints codepoints;
  codicil_diag diag = {NULL, SIZE_MAX};
  codicil_codepoints_default(&codepoints);
  codicil_buf_init(&pem, NULL, MAX_PEM_LEN);
  bool ok = file_read(&pem, path, err);
  if (ok &&
      (codicil_credential_new_remote(&chain, &diag, NULL, codicil_buf_span(&pem)) != CODICIL_OK ||
       codicil_identity_new(&identity, NULL, codicil_credential_certificate(chain, 0),
                            codepoints.oid) != CODICIL_OK)) {
    ok = app_fail(err, "%s: %s", path, diag.what ? diag.what : "not a certificate");
  }
  for (size_t i = 0; ok && i < codicil_identity_num_names(identity); i++) {
    const codicil_alt_name *alt = codicil_identity_name(identity, i);
    char name[CODICIL_HOST_MAX + 1];
    if (alt->type == CODICIL_ALT_ADDRESS) {
      codicil_address_format(&alt->address, name, sizeof name);
    } else {
      snprintf(name, sizeof name, "%.*s", (int)alt->dns.len, (const char *)alt->dns.data);
    }
    ok = config_list_add(names, name, command_line) || app_fail(err, "out of memory");
  }
  codicil_identity_free(identity);
  codicil_credential_free(chain);
  codicil_buf_clear(&pem);
  return ok && (names->num > 0 || app_fail(err, "%s names no host: use --name", path));
}

static bool normalise_names(config_list *names, app_error *err) {
  for (size_t i = 0; i < names->num; i++) {
    char name[CODICIL_DNS_NAME_MAX + 3];
    if (!config_name_normalise(name, names->items[i].text)) {
      return app_fail(err, "'%s' is not a host name", names->items[i].text);
    }
    if (!config_text_set(&names->items[i], name, command_line)) {
      return app_fail(err, "out of memory");
    }
  }
  return true;
}

// Moves the site of the command line into `config`.
static bool take_site(server_config *config, arguments *a, app_error *err) {
  if (a->site.names.num == 0
          ? !add_certificate_names(&a->site.names, a->site.certificate.file.text, err)
          : !normalise_names(&a->site.names, err)) {
    return false;
  }
  config_site *site = server_config_add_site(config, command_line);
  if (!site ||
      (a->listen.num == 0 && !config_list_add(&config->listen, "127.0.0.1:8443", command_line))) {
    return app_fail(err, "out of memory");
  }
  *site = a->site;
  memset(&a->site, 0, sizeof a->site);
  return true;
}

// ---- the whole
// ---------------------------------------------------------------------------------------------

static int run(server_config *config, config_report *report, bool is_check) {
  if (report->num_errors == 0 && !is_check) {
    return server_run(config, report, stdout);
  }
  if (is_check) {
    server_check(config, report);
  }
  config_report_print(report, stderr);
  if (is_check && report->num_errors == 0) {
    printf("%s: ok\n", report->file);
  }
  return report->num_errors == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int serve(arguments *a, server_config *config, config_report *report) {
  app_error err;
  if (a->file) {
    server_config_read(config, report);
  } else if (!take_site(config, a, &err)) {
    fprintf(stderr, "codicil serve: %s\n", err.text);
    return EXIT_FAILURE;
  }
  int code = apply(config, a);
  if (code >= 0) {
    return code;
  }
  if (a->listen.num > 0) {
    config_list old = config->listen;
    config->listen = a->listen;
    a->listen = old;
  }
  return run(config, report, a->is_check);
}

int cmd_serve(int argc, char **argv) {
  arguments a;
  server_config config;
  memset(&a, 0, sizeof a);
  int code = parse_arguments(&a, argc, argv);
  config_report report = {.file = a.file ? a.file : "codicil serve"};
  server_config_init(&config);
  if (code < 0) {
    code = serve(&a, &config, &report);
  }
  config_report_clear(&report);
  server_config_clear(&config);
  config_list_clear(&a.listen);
  config_site_clear(&a.site);
  return code;
}
