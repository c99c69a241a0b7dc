// What the commands of `codicil cert` share: each has a file of its own, cert_VERB.c, with its help
// and its options, and a line in cert.c's table.
#ifndef CMD_CERT_H
#define CMD_CERT_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "pki/pki.h"

enum { CERT_EXIT_USAGE = 2, CERT_GO_ON = -1 };

// Each takes argv[0] = its own verb and returns the process's exit code.
int cert_new_ca(int argc, char **argv);
int cert_new(int argc, char **argv);
int cert_csr(int argc, char **argv);
int cert_sign(int argc, char **argv);
int cert_glue(int argc, char **argv);
int cert_list(int argc, char **argv);
int cert_revoke(int argc, char **argv);
int cert_crl(int argc, char **argv);
int cert_caa(int argc, char **argv);
int cert_show(int argc, char **argv);
int cert_lint(int argc, char **argv);

// How a command is written on the command line.
typedef struct cert_syntax {
  const char *verb;
  const char *help;             // the whole text, which fits a screen
  const struct option *options; // --help is CERT_HELP; ends with zeros
  // Takes one of `options` (its `val`, the value in optarg) into the command's own arguments.
  bool (*take)(void *args, int option, app_error *err);
} cert_syntax;
#define CERT_HELP \
  { "help", no_argument, NULL, 'h' }

// Reads the options, wherever they stand; what is left begins at argv[optind]. Returns CERT_GO_ON,
// or the exit code where the command ends here (help shown, mistake named).
int cert_parse(const cert_syntax *syntax, void *args, int argc, char **argv);
// Names a mistake on the command line; returns CERT_EXIT_USAGE.
int cert_usage(const char *verb, const char *sentence);
// Names what went wrong; returns EXIT_FAILURE.
int cert_fail(const app_error *err);

// Reads the value of --days.
bool cert_parse_days(unsigned *out, const char *text, app_error *err);
// Reads the value of --codepoints.
bool cert_parse_codepoints(codicil_codepoints *out, const char *text, app_error *err);
// Prints the paths of what was made.
void cert_tell_made(const pki_made *made);

#endif
