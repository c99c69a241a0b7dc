// codicil cert new: a key and a certificate for names, signed by a CA in a directory.
#include <stdlib.h>
#include <time.h>

#include "cert.h"

static const char help[] =
    "codicil cert new - make a key and a certificate\n"
    "\n"
    "usage: codicil cert new NAME... --ca DIR [--out DIR] [--alg ALG] [--days N]\n"
    "                                [--intermediate]\n"
    "\n"
    "Writes NAME.pem, the chain that a server sends, and NAME.key, for one\n"
    "certificate with all the names: host names (www.example.com, *.example.com,\n"
    "b\303\274cher.example) and addresses. The first names the files. Keys have mode\n"
    "0600. Nothing is overwritten; what fails leaves nothing behind.\n"
    "\n"
    "  --ca DIR        the CA's directory\n"
    "  --out DIR       where the files go (default: here)\n"
    "  --alg ALG       p256 (default), p384, rsa2048, rsa3072 or ed25519\n"
    "  --days N        how long it is valid (default: 90)\n"
    "  --intermediate  issue through DIR/intermediate.pem, made when first asked for\n"
    "\n"
    "example: codicil cert new www.example.com example.com --ca ca --days 30\n";

enum { OPT_CA = 1, OPT_OUT, OPT_ALG, OPT_DAYS, OPT_INTERMEDIATE };
static const struct option options[] = {
    {"ca", required_argument, NULL, OPT_CA},
    {"out", required_argument, NULL, OPT_OUT},
    {"alg", required_argument, NULL, OPT_ALG},
    {"days", required_argument, NULL, OPT_DAYS},
    {"intermediate", no_argument, NULL, OPT_INTERMEDIATE},
    CERT_HELP,
    {NULL, 0, NULL, 0},
};

static bool take(void *args, int option, app_error *err) {
  pki_cert_order *order = args;
  switch (option) {
  case OPT_CA:
    order->ca_dir = optarg;
    return true;
  case OPT_OUT:
    order->out_dir = optarg;
    return true;
  case OPT_ALG:
    return pki_alg_parse(&order->alg, optarg, err);
  case OPT_DAYS:
    return cert_parse_days(&order->days, optarg, err);
  default: // OPT_INTERMEDIATE
    order->intermediate = true;
    return true;
  }
}

int cert_new(int argc, char **argv) {
  static const cert_syntax syntax = {"new", help, options, take};
  pki_cert_order order = {
      .out_dir = ".", .alg = PKI_P256, .days = PKI_CERT_DAYS, .now_s = (int64_t)time(NULL)};
  int code = cert_parse(&syntax, &order, argc, argv);
  if (code != CERT_GO_ON) {
    return code;
  }
  if (optind >= argc) {
    return cert_usage("new", "new takes one name or more");
  }
  if (order.ca_dir == NULL) {
    return cert_usage("new", "new needs --ca DIR");
  }
  order.names = (const char *const *)(argv + optind);
  order.num_names = (size_t)(argc - optind);
  pki_made made;
  app_error err;
  if (!pki_new_cert(&made, &order, &err)) {
    return cert_fail(&err);
  }
  cert_tell_made(&made);
  return EXIT_SUCCESS;
}
