// codicil cert glue: what a CDN needs to serve a shared host on its customers' connections.
#include <stdio.h>
#include <stdlib.h>

#include "cert.h"
#include "cert_desk_options.h"

static const char help[] =
    "codicil cert glue - make a CDN's glue and shared certificates\n"
    "\n"
    "usage: codicil cert glue --site NAME... --shared NAME --ca DIR [OPTION]...\n"
    "\n"
    "For each site a certificate for the glue name, which requires the site, and one\n"
    "for the shared name, which requires the glue name. Writes glue-SITE.pem and\n"
    ".key, SHARED.pem and .key, and prints what `codicil serve` needs to be told.\n"
    "\n"
    "  --site NAME           a site that uses the shared name; often\n"
    "  --shared NAME         the shared name (shared.cdn.example)\n"
    "  --glue NAME           the glue name (default: glue. and the shared name)\n"
    "  --ca DIR              the CA's directory\n"
    "  --out DIR             where the files go (default: here)\n"
    "  --alg ALG             p256 (default), p384, rsa2048, rsa3072 or ed25519\n"
    "  --days N              how long they are valid (default: 30)\n"
    "  --intermediate        issue through DIR/intermediate.pem, made at first\n"
    "  --codepoints K=V,...  other code points than ours: oid, caa-tag\n"
    "CAA records must allow it: --caa-identity, --caa-server, --dnssec-anchor and\n"
    "--insecure-skip-caa as with `codicil cert new`.\n"
    "\n"
    "example: codicil cert glue --site www.shop.example --shared cdn.example --ca ca\n";

enum { OPT_SITE = 1, OPT_SHARED, OPT_GLUE, OPT_ALG };
static const struct option options[] = {
    CERT_DESK_OPTIONS,
    {"site", required_argument, NULL, OPT_SITE},
    {"shared", required_argument, NULL, OPT_SHARED},
    {"glue", required_argument, NULL, OPT_GLUE},
    {"alg", required_argument, NULL, OPT_ALG},
    CERT_HELP,
    {NULL, 0, NULL, 0},
};

typedef struct glue_args {
  cert_desk_args desk;
  const char *sites[PKI_NAMES_MAX];
  size_t num_sites;
  const char *shared;
  const char *glue;
  pki_alg alg;
} glue_args;

static bool take(void *user, int option, app_error *err) {
  glue_args *args = user;
  if (cert_is_desk_option(option)) {
    return cert_take_desk(&args->desk, option, err);
  }
  switch (option) {
  case OPT_SITE:
    if (args->num_sites == PKI_NAMES_MAX) {
      return app_fail(err, "--site: more than %d", PKI_NAMES_MAX);
    }
    args->sites[args->num_sites++] = optarg;
    return true;
  case OPT_SHARED:
    args->shared = optarg;
    return true;
  case OPT_GLUE:
    args->glue = optarg;
    return true;
  default: // OPT_ALG
    return pki_alg_parse(&args->alg, optarg, err);
  }
}

static void print_configuration(const pki_made *made, const glue_args *args) {
  puts("\n# for the configuration of codicil serve:\nglue:");
  for (size_t i = 0; i < args->num_sites; i++) {
    printf("  - certificate: %s\n    key: %s\n", made[i].chain_path, made[i].key_path);
  }
  const pki_made *shared = &made[args->num_sites];
  printf("sites:\n  %s:\n    certificate: %s\n    key: %s\n", args->shared, shared->chain_path,
         shared->key_path);
  puts("    root: .  # where its files are");
  for (size_t i = 0; i < args->num_sites; i++) {
    printf("  # %s:\n  #   secondary: [%s]\n", args->sites[i], args->shared);
  }
}

static int make(glue_args *args) {
  const pki_glue_order order = {
      .desk = *cert_desk_of(&args->desk),
      .out_dir = args->desk.out_dir,
      .sites = args->sites,
      .num_sites = args->num_sites,
      .shared = args->shared,
      .glue = args->glue,
      .alg = args->alg,
      .days = args->desk.days != 0 ? args->desk.days : PKI_GLUE_DAYS,
  };
  app_error err;
  pki_made *made = calloc(args->num_sites + 1, sizeof *made);
  bool ok = made != NULL ? pki_new_glue(made, &order, &err) : app_fail(&err, "out of memory");
  for (size_t i = 0; ok && i <= args->num_sites; i++) {
    cert_tell_made(&made[i]);
  }
  if (ok) {
    print_configuration(made, args);
  }
  free(made);
  return ok ? EXIT_SUCCESS : cert_fail(&err);
}

int cert_glue(int argc, char **argv) {
  static const cert_syntax syntax = {"glue", help, options, take};
  static glue_args args = {.alg = PKI_P256};
  cert_desk_init(&args.desk, "glue");
  int code = cert_parse(&syntax, &args, argc, argv);
  if (code != CERT_GO_ON) {
    return code;
  }
  if (optind < argc) {
    return cert_usage("glue", "glue takes options only: --site NAME for each site");
  }
  if (args.num_sites == 0 || args.shared == NULL || args.desk.desk.ca_dir == NULL) {
    return cert_usage("glue", "glue needs --site NAME, --shared NAME and --ca DIR");
  }
  return make(&args);
}
