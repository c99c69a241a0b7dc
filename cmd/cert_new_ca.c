// codicil cert new-ca: a CA's certificate and key.
#include <stdlib.h>
#include <time.h>

#include "cert.h"
#include "cert_caa_options.h"

static const char help[] =
    "codicil cert new-ca - make a CA\n"
    "\n"
    "usage: codicil cert new-ca DIR [--alg ALG] [--days N] [--name TEXT]\n"
    "                               [--caa-identity DOMAIN]...\n"
    "\n"
    "Writes DIR/ca.pem, the file to trust, and DIR/ca.key, which has mode 0600.\n"
    "Nothing is overwritten; what fails leaves nothing behind.\n"
    "\n"
    "  --alg ALG       p256 (default), p384, rsa2048, rsa3072 or ed25519\n"
    "  --days N        how long it is valid (default: 3650)\n"
    "  --name TEXT     its common name (default: \"codicil CA\" and a number)\n"
    "  --caa-identity DOMAIN\n"
    "                  its name in CAA records, written into DIR/caa-identity; often.\n"
    "                  Then it asks CAA before everything that it signs\n"
    "\n"
    "example: codicil cert new-ca ca --name 'our test CA'\n";

enum { OPT_ALG = 1, OPT_DAYS, OPT_NAME };
static const struct option options[] = {
    {"alg", required_argument, NULL, OPT_ALG},
    {"days", required_argument, NULL, OPT_DAYS},
    {"name", required_argument, NULL, OPT_NAME},
    CERT_CAA_IDENTITY_OPTION,
    CERT_HELP,
    {NULL, 0, NULL, 0},
};

typedef struct new_ca_args {
  pki_ca_order order;
  cert_caa_args caa;
} new_ca_args;

static bool take(void *args, int option, app_error *err) {
  new_ca_args *all = args;
  pki_ca_order *order = &all->order;
  switch (option) {
  case OPT_CAA_IDENTITY:
    return cert_take_caa(&all->caa, option, err);
  case OPT_ALG:
    return pki_alg_parse(&order->alg, optarg, err);
  case OPT_DAYS:
    return cert_parse_days(&order->days, optarg, err);
  default: // OPT_NAME
    order->common_name = optarg;
    return true;
  }
}

int cert_new_ca(int argc, char **argv) {
  static const cert_syntax syntax = {"new-ca", help, options, take};
  new_ca_args args = {
      .order = {.alg = PKI_P256, .days = PKI_CA_DAYS, .now_s = (int64_t)time(NULL)}};
  int code = cert_parse(&syntax, &args, argc, argv);
  if (code != CERT_GO_ON) {
    return code;
  }
  if (argc - optind != 1) {
    return cert_usage("new-ca", "new-ca takes one directory");
  }
  args.order.dir = argv[optind];
  args.order.caa = args.caa.policy;
  pki_made made;
  app_error err;
  if (!pki_new_ca(&made, &args.order, &err)) {
    return cert_fail(&err);
  }
  cert_tell_made(&made);
  return EXIT_SUCCESS;
}
