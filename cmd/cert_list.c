// codicil cert list: the CA's register.
#include <stdlib.h>
#include <time.h>

#include "cert.h"
#include "cert_desk_options.h"
#include "pki/list.h"

static const char help[] =
    "codicil cert list - list what a CA has signed\n"
    "\n"
    "usage: codicil cert list --ca DIR [--json]\n"
    "\n"
    "A line a certificate, oldest first: serial number, state (issued, expired,\n"
    "revoked; reserved: a number spent on no certificate), profile, last day, names.\n"
    "\n"
    "  --ca DIR  the CA's directory\n"
    "  --json    all that the register has, as JSON\n"
    "\n"
    "example: codicil cert list --ca ca\n";

enum { OPT_JSON = 1 };
static const struct option options[] = {
    {"ca", required_argument, NULL, OPT_CA},
    {"json", no_argument, NULL, OPT_JSON},
    CERT_HELP,
    {NULL, 0, NULL, 0},
};

typedef struct list_args {
  const char *ca_dir;
  bool as_json;
} list_args;

static bool take(void *user, int option, app_error *err) {
  list_args *args = user;
  (void)err;
  if (option == OPT_CA) {
    args->ca_dir = optarg;
  } else {
    args->as_json = true;
  }
  return true;
}

int cert_list(int argc, char **argv) {
  static const cert_syntax syntax = {"list", help, options, take};
  list_args args = {.ca_dir = NULL};
  int code = cert_parse(&syntax, &args, argc, argv);
  if (code != CERT_GO_ON) {
    return code;
  }
  if (optind < argc || args.ca_dir == NULL) {
    return cert_usage("list", "list needs --ca DIR, and takes options only");
  }
  app_error err;
  return pki_list(args.ca_dir, args.as_json, (int64_t)time(NULL), &err) ? EXIT_SUCCESS
                                                                        : cert_fail(&err);
}
