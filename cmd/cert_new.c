// codicil cert new: a key and a certificate for names, signed by a CA in a directory.
#include <stdlib.h>

#include "cert.h"
#include "cert_desk_options.h"

static const char help[] =
    "codicil cert new - make a key and a certificate\n"
    "\n"
    "usage: codicil cert new NAME... --ca DIR [OPTION]...\n"
    "\n"
    "Writes NAME.pem, the chain that a server sends, and NAME.key (mode 0600), for\n"
    "one certificate with all the names: host names (www.example.com,\n"
    "*.example.com, b\303\274cher.example) and addresses. The first names the files.\n"
    "\n"
    "  --ca DIR                the CA's directory\n"
    "  --out DIR               where the files go (default: here)\n"
    "  --alg ALG               p256 (default), p384, rsa2048, rsa3072 or ed25519\n"
    "  --days N                how long it is valid (default: 90)\n"
    "  --intermediate          issue through DIR/intermediate.pem, made at first\n"
    "  --required-domain NAME  for connections that prove NAME only; often, or\n"
    "                          NAME,NAME: any of them (*.example.com, addresses, *)\n"
    "  --codepoints K=V,...    other code points than ours: oid, caa-tag\n"
    "With --required-domain, or one of the first two, CAA records must allow it:\n"
    "  --caa-identity DOMAIN   a name of this CA in issue and issuewild; often\n"
    "  --caa-server ADDR       ask this DNS server (default: resolv.conf)\n"
    "  --dnssec-anchor FILE    validate answers from this trust anchor\n"
    "  --insecure-skip-caa     ask nobody; the audit log will say so\n"
    "\n"
    "example: codicil cert new www.example.com example.com --ca ca --days 30\n";

enum { OPT_ALG = 1, OPT_REQUIRED };
static const struct option options[] = {
    CERT_DESK_OPTIONS,
    {"alg", required_argument, NULL, OPT_ALG},
    {"required-domain", required_argument, NULL, OPT_REQUIRED},
    CERT_HELP,
    {NULL, 0, NULL, 0},
};

typedef struct new_args {
  cert_desk_args desk;
  pki_required required;
  pki_alg alg;
} new_args;

static bool take(void *user, int option, app_error *err) {
  new_args *args = user;
  if (cert_is_desk_option(option)) {
    return cert_take_desk(&args->desk, option, err);
  }
  return option == OPT_ALG ? pki_alg_parse(&args->alg, optarg, err)
                           : pki_required_add(&args->required, optarg, err);
}

static int make(new_args *args, char *const *names, int num_names) {
  const pki_cert_order order = {
      .desk = *cert_desk_of(&args->desk),
      .out_dir = args->desk.out_dir,
      .names = (const char *const *)names,
      .num_names = (size_t)num_names,
      .required = &args->required,
      .alg = args->alg,
      .days = args->desk.days != 0 ? args->desk.days : PKI_CERT_DAYS,
  };
  pki_made made;
  app_error err;
  if (!pki_new_cert(&made, &order, &err)) {
    return cert_fail(&err);
  }
  cert_tell_made(&made);
  return EXIT_SUCCESS;
}

int cert_new(int argc, char **argv) {
  static const cert_syntax syntax = {"new", help, options, take};
  static new_args args = {.alg = PKI_P256};
  cert_desk_init(&args.desk, "new");
  int code = cert_parse(&syntax, &args, argc, argv);
  if (code != CERT_GO_ON) {
    return code;
  }
  if (optind >= argc) {
    return cert_usage("new", "new takes one name or more");
  }
  if (args.desk.desk.ca_dir == NULL) {
    return cert_usage("new", "new needs --ca DIR");
  }
  return make(&args, argv + optind, argc - optind);
}
