// codicil cert revoke: takes a certificate back, in the CA's register.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cert.h"
#include "cert_desk_options.h"
#include "pki/revoke.h"

static const char help[] =
    "codicil cert revoke - revoke a certificate\n"
    "\n"
    "usage: codicil cert revoke FILE|SERIAL --ca DIR [--reason REASON]\n"
    "\n"
    "Names the certificate by its file or by its serial number (in hex; see\n"
    "`codicil cert list`). Clients learn of it from the next CRL: `codicil cert crl`.\n"
    "\n"
    "  --ca DIR              the CA's directory\n"
    "  --reason REASON       unspecified (default), keyCompromise, cACompromise,\n"
    "                        affiliationChanged, superseded, cessationOfOperation or\n"
    "                        privilegeWithdrawn\n"
    "  --codepoints K=V,...  another code point than ours: oid\n"
    "\n"
    "example: codicil cert revoke img.pem --ca ca --reason keyCompromise\n";

enum { OPT_REASON = 1 };
static const struct option options[] = {
    {"ca", required_argument, NULL, OPT_CA},
    {"reason", required_argument, NULL, OPT_REASON},
    {"codepoints", required_argument, NULL, OPT_CODEPOINTS},
    CERT_HELP,
    {NULL, 0, NULL, 0},
};

typedef struct revoke_args {
  pki_revoke_order order;
  codicil_codepoints codepoints;
} revoke_args;

static bool take(void *user, int option, app_error *err) {
  revoke_args *args = user;
  switch (option) {
  case OPT_CA:
    args->order.ca_dir = optarg;
    return true;
  case OPT_REASON:
    return pki_reason_parse(&args->order.reason, optarg, err);
  default: // OPT_CODEPOINTS
    return cert_parse_codepoints(&args->codepoints, optarg, err);
  }
}

int cert_revoke(int argc, char **argv) {
  static const cert_syntax syntax = {"revoke", help, options, take};
  revoke_args args = {.order = {.now_s = (int64_t)time(NULL)}};
  codicil_codepoints_default(&args.codepoints);
  int code = cert_parse(&syntax, &args, argc, argv);
  if (code != CERT_GO_ON) {
    return code;
  }
  if (argc - optind != 1) {
    return cert_usage("revoke", "revoke takes one file or serial number");
  }
  if (args.order.ca_dir == NULL) {
    return cert_usage("revoke", "revoke needs --ca DIR");
  }
  args.order.what = argv[optind];
  args.order.oid = args.codepoints.oid;
  pki_revoked revoked;
  app_error err;
  if (!pki_revoke(&revoked, &args.order, &err)) {
    return cert_fail(&err);
  }
  // A CA has no names.
  bool has_names = revoked.names[0] != '\0';
  printf("%s  revoked%s%s%s\n", revoked.serial, has_names ? " (" : "", revoked.names,
         has_names ? ")" : "");
  return EXIT_SUCCESS;
}
