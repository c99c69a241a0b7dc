// codicil cert: a CA and certificates in PEM files, for tests, demos and private networks. This
// file finds the command and holds what the commands share.
#include "cert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

typedef struct cert_command {
  const char *verb;
  int (*run)(int argc, char **argv);
  const char *line; // of the help
} cert_command;

static const cert_command commands[] = {
    {"new-ca", cert_new_ca, "make a CA: its certificate and its key"},
    {"new", cert_new, "make a key and a certificate for names"},
    {"csr", cert_csr, "make a key and a certificate request for names"},
    {"sign", cert_sign, "sign a certificate request"},
    {"glue", cert_glue, "make a CDN's glue and shared certificates"},
    {"list", cert_list, "list what a CA has signed"},
    {"revoke", cert_revoke, "revoke a certificate"},
    {"crl", cert_crl, "make the CA's CRLs"},
    {"caa", cert_caa, "tell whether CAA records allow a certificate, and why"},
    {"show", cert_show, "tell what certificates say"},
    {"lint", cert_lint, "tell what is wrong with them, or not allowed to be yours"},
};
enum { NUM_COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(void) {
  puts("codicil cert - a small CA: make, sign, list and revoke certificates\n"
       "\n"
       "usage: codicil cert COMMAND [ARGUMENT]...\n"
       "       codicil cert COMMAND --help\n"
       "\n"
       "commands:");
  for (size_t i = 0; i < NUM_COMMANDS; i++) {
    printf("  %-7s %s\n", commands[i].verb, commands[i].line);
  }
  puts("\n"
       "example: codicil cert new-ca ca && codicil cert new www.example.com --ca ca");
}

int cert_usage(const char *verb, const char *sentence) {
  const char *space = *verb != '\0' ? " " : "";
  fprintf(stderr, "codicil cert: %s; see 'codicil cert%s%s --help'\n", sentence, space, verb);
  return CERT_EXIT_USAGE;
}

int cert_fail(const app_error *err) {
  fprintf(stderr, "codicil cert: %s\n", err->text);
  return EXIT_FAILURE;
}

int cert_parse(const cert_syntax *syntax, void *args, int argc, char **argv) {
  app_error err;
  opterr = 0;
  for (int option; (option = getopt_long(argc, argv, ":h", syntax->options, NULL)) != -1;) {
    if (option == '?' || option == ':') {
      // Of joined letters, -xh, getopt names the one; it has not left the argument yet.
      char letter[] = {'-', (char)optopt, '\0'};
      bool is_letter = option == '?' && optopt > ' ' && optopt <= '~';
      app_fail(&err, "'%s' %s", is_letter ? letter : argv[optind - 1],
               option == '?' ? "is not an option" : "needs a value");
      return cert_usage(syntax->verb, err.text);
    }
    if (option == 'h') {
      fputs(syntax->help, stdout);
      return EXIT_SUCCESS;
    }
    if (!syntax->take(args, option, &err)) {
      return cert_usage(syntax->verb, err.text);
    }
  }
  return CERT_GO_ON;
}

bool cert_parse_days(unsigned *out, const char *text, app_error *err) {
  char *end = NULL;
  long days = strtol(text, &end, 10);
  if (end == text || *end != '\0' || days < 1 || days > PKI_DAYS_MAX) {
    return app_fail(err, "--days '%s' is not a number from 1 to %d", text, PKI_DAYS_MAX);
  }
  *out = (unsigned)days;
  return true;
}

bool cert_parse_codepoints(codicil_codepoints *out, const char *text, app_error *err) {
  codicil_diag diag;
  return codicil_codepoints_set(out, &diag, text) == CODICIL_OK ||
         app_fail(err, "--codepoints '%s': %s", text, diag.what);
}

void cert_tell_made(const pki_made *made) {
  char day[PKI_DAY_LEN];
  pki_day_text(day, made->expires_s);
  if (made->expires_s != 0) {
    printf("%s  (valid until %s)\n", made->chain_path, day);
  } else {
    puts(made->chain_path);
  }
  if (made->key_path[0] != '\0') {
    puts(made->key_path);
  }
}

int cmd_cert(int argc, char **argv) {
  if (argc < 2) {
    return cert_usage("", "which command?");
  }
  const char *verb = argv[1];
  if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0) {
    print_help();
    return EXIT_SUCCESS;
  }
  for (size_t i = 0; i < NUM_COMMANDS; i++) {
    if (strcmp(commands[i].verb, verb) == 0) {
      return commands[i].run(argc - 1, argv + 1);
    }
  }
  app_error err;
  app_fail(&err, "'%s' is not a command", verb);
  return cert_usage("", err.text);
}
