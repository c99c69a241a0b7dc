// codicil cert: a CA and certificates in PEM files, for tests, demos and private networks.
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd.h"
#include "pki/pki.h"

enum { EXIT_USAGE = 2 };

static const char help_text[] =
    "codicil cert - make a CA and certificates\n"
    "\n"
    "usage: codicil cert new-ca DIR [--alg ALG] [--days N] [--name TEXT]\n"
    "       codicil cert new NAME... --ca DIR [--out DIR] [--alg ALG] [--days N]\n"
    "                                [--intermediate]\n"
    "\n"
    "new-ca writes DIR/ca.pem and DIR/ca.key.\n"
    "new    writes NAME.pem, the chain that a server sends, and NAME.key, for one\n"
    "       certificate with all the names: host names (www.example.com,\n"
    "       *.example.com, b\303\274cher.example) and addresses. The first names the files.\n"
    "Keys have mode 0600. Nothing is overwritten; what fails leaves nothing behind.\n"
    "\n"
    "  --ca DIR        the CA's directory\n"
    "  --out DIR       where the files go (default: here)\n"
    "  --alg ALG       p256 (default), p384, rsa2048, rsa3072 or ed25519\n"
    "  --days N        how long it is valid (default: 90; a CA: 3650)\n"
    "  --intermediate  issue through DIR/intermediate.pem, made when first asked for\n"
    "  --name TEXT     the CA's common name (default: \"codicil CA\" and a number)\n"
    "\n"
    "example: codicil cert new-ca ca && codicil cert new www.example.com --ca ca\n";

typedef struct cert_args {
  const char *ca_dir;
  const char *out_dir;
  const char *name;
  pki_alg alg;
  unsigned days; // 0: not given
  bool intermediate;
  bool help;
} cert_args;

static int usage(const char *sentence) {
  fprintf(stderr, "codicil cert: %s; see 'codicil cert --help'\n", sentence);
  return EXIT_USAGE;
}

static bool parse_days(unsigned *out, const char *text, app_error *err) {
  char *end = NULL;
  long days = strtol(text, &end, 10);
  if (end == text || *end != '\0' || days < 1 || days > PKI_DAYS_MAX) {
    return app_fail(err, "--days '%s' is not a number from 1 to %d", text, PKI_DAYS_MAX);
  }
  *out = (unsigned)days;
  return true;
}

enum { OPT_CA = 1, OPT_OUT, OPT_ALG, OPT_DAYS, OPT_INTERMEDIATE, OPT_NAME };

static const struct option options[] = {
    {"ca", required_argument, NULL, OPT_CA},
    {"out", required_argument, NULL, OPT_OUT},
    {"alg", required_argument, NULL, OPT_ALG},
    {"days", required_argument, NULL, OPT_DAYS},
    {"intermediate", no_argument, NULL, OPT_INTERMEDIATE},
    {"name", required_argument, NULL, OPT_NAME},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool take_option(cert_args *args, int option, app_error *err) {
  switch (option) {
  case OPT_CA:
    args->ca_dir = optarg;
    return true;
  case OPT_OUT:
    args->out_dir = optarg;
    return true;
  case OPT_ALG:
    return pki_alg_parse(&args->alg, optarg, err);
  case OPT_DAYS:
    return parse_days(&args->days, optarg, err);
  case OPT_INTERMEDIATE:
    args->intermediate = true;
    return true;
  case OPT_NAME:
    args->name = optarg;
    return true;
  default: // -h
    args->help = true;
    return true;
  }
}

static void tell_made(const pki_made *made) {
  time_t expires = (time_t)made->expires_s;
  struct tm tm;
  char day[16] = "?";
  if (gmtime_r(&expires, &tm) != NULL) {
    strftime(day, sizeof day, "%Y-%m-%d", &tm);
  }
  printf("%s  (valid until %s)\n%s\n", made->chain_path, day, made->key_path);
}

static int finish(bool ok, const pki_made *made, const app_error *err) {
  if (!ok) {
    fprintf(stderr, "codicil cert: %s\n", err->text);
    return EXIT_FAILURE;
  }
  tell_made(made);
  return EXIT_SUCCESS;
}

static int run_new_ca(const cert_args *args, char *const *operands, size_t num_operands) {
  if (num_operands != 1) {
    return usage("new-ca takes one directory");
  }
  if (args->ca_dir != NULL || args->out_dir != NULL || args->intermediate) {
    return usage("new-ca takes --alg, --days and --name only");
  }
  const pki_ca_order order = {
      .dir = operands[0],
      .common_name = args->name,
      .alg = args->alg,
      .days = args->days != 0 ? args->days : PKI_CA_DAYS,
      .now_s = (int64_t)time(NULL),
  };
  pki_made made;
  app_error err;
  bool ok = pki_new_ca(&made, &order, &err);
  return finish(ok, &made, &err);
}

static int run_new(const cert_args *args, char *const *operands, size_t num_operands) {
  if (num_operands < 1) {
    return usage("new takes one name or more");
  }
  if (args->ca_dir == NULL) {
    return usage("new needs --ca DIR");
  }
  if (args->name != NULL) {
    return usage("--name is for new-ca");
  }
  const pki_cert_order order = {
      .ca_dir = args->ca_dir,
      .out_dir = args->out_dir != NULL ? args->out_dir : ".",
      .names = (const char *const *)operands,
      .num_names = num_operands,
      .alg = args->alg,
      .days = args->days != 0 ? args->days : PKI_CERT_DAYS,
      .now_s = (int64_t)time(NULL),
      .intermediate = args->intermediate,
  };
  pki_made made;
  app_error err;
  bool ok = pki_new_cert(&made, &order, &err);
  return finish(ok, &made, &err);
}

// Options may stand anywhere; what is left begins at argv[optind]. Returns 0, or an exit code.
static int parse_args(cert_args *args, int argc, char **argv) {
  app_error err;
  opterr = 0;
  for (int option; (option = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
    if (option == '?' || option == ':') {
      // Of joined letters, -xh, getopt names the one; it has not left the argument yet.
      char letter[] = {'-', (char)optopt, '\0'};
      bool is_letter = option == '?' && optopt > ' ' && optopt <= '~';
      app_fail(&err, "'%s' %s", is_letter ? letter : argv[optind - 1],
               option == '?' ? "is not an option" : "needs a value");
      return usage(err.text);
    }
    if (!take_option(args, option, &err)) {
      return usage(err.text);
    }
  }
  return 0;
}

int cmd_cert(int argc, char **argv) {
  cert_args args = {.alg = PKI_P256};
  int code = parse_args(&args, argc, argv);
  if (code != 0) {
    return code;
  }
  if (args.help) {
    fputs(help_text, stdout);
    return EXIT_SUCCESS;
  }
  if (optind >= argc) {
    return usage("new-ca or new?");
  }
  const char *verb = argv[optind];
  char *const *operands = argv + optind + 1;
  size_t num_operands = (size_t)(argc - optind - 1);
  if (strcmp(verb, "new-ca") == 0) {
    return run_new_ca(&args, operands, num_operands);
  }
  if (strcmp(verb, "new") == 0) {
    return run_new(&args, operands, num_operands);
  }
  app_error err;
  app_fail(&err, "'%s' is neither new-ca nor new", verb);
  return usage(err.text);
}
