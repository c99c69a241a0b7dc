// codicil cert sign: a certificate for a request.
#include <stdlib.h>
#include <string.h>

#include "cert.h"
#include "cert_desk_options.h"

static const char help[] =
    "codicil cert sign - sign a certificate request\n"
    "\n"
    "usage: codicil cert sign FILE.csr --ca DIR [OPTION]...\n"
    "\n"
    "Writes FILE.pem, the chain that a server sends. The request proves that its\n"
    "maker has the key; its names are those of its subjectAltName. Of its extensions\n"
    "only that and the Required Domain count: the rest is the profile's.\n"
    "\n"
    "  --ca DIR                the CA's directory\n"
    "  --out DIR               where the file goes (default: here)\n"
    "  --profile PROFILE       server (default), glue (a server with few names and a\n"
    "                          Required Domain) or intermediate (a CA below this)\n"
    "  --days N                default: 90; glue 30, intermediate 1825\n"
    "  --intermediate          issue through DIR/intermediate.pem, made at first\n"
    "  --codepoints K=V,...    other code points than ours: oid, caa-tag\n"
    "With a Required Domain, or one of the first two, CAA records must allow it:\n"
    "  --caa-identity DOMAIN   a name of this CA in issue and issuewild; often\n"
    "  --caa-server ADDR       ask this DNS server (default: resolv.conf)\n"
    "  --dnssec-anchor FILE    validate answers from this trust anchor\n"
    "  --insecure-skip-caa     ask nobody; the audit log will say so\n"
    "\n"
    "example: codicil cert sign www.example.com.csr --ca ca --days 30\n";

enum { OPT_PROFILE = 1 };
static const struct option options[] = {
    CERT_DESK_OPTIONS,
    {"profile", required_argument, NULL, OPT_PROFILE},
    CERT_HELP,
    {NULL, 0, NULL, 0},
};

typedef struct sign_args {
  cert_desk_args desk;
  pki_profile profile;
} sign_args;

static bool parse_profile(pki_profile *out, const char *text, app_error *err) {
  static const pki_profile profiles[] = {PKI_SERVER, PKI_INTERMEDIATE, PKI_GLUE};
  for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
    if (strcmp(pki_profile_name(profiles[i]), text) == 0) {
      *out = profiles[i];
      return true;
    }
  }
  return app_fail(err, "'%s' is no profile: server, intermediate or glue", text);
}

static bool take(void *user, int option, app_error *err) {
  sign_args *args = user;
  if (cert_is_desk_option(option)) {
    return cert_take_desk(&args->desk, option, err);
  }
  return parse_profile(&args->profile, optarg, err);
}

static int sign(sign_args *args, const char *path) {
  const pki_sign_order order = {
      .desk = *cert_desk_of(&args->desk),
      .out_dir = args->desk.out_dir,
      .csr_path = path,
      .profile = args->profile,
      .days = args->desk.days,
  };
  pki_made made;
  app_error err;
  if (!pki_sign_csr(&made, &order, &err)) {
    return cert_fail(&err);
  }
  cert_tell_made(&made);
  return EXIT_SUCCESS;
}

int cert_sign(int argc, char **argv) {
  static const cert_syntax syntax = {"sign", help, options, take};
  sign_args args = {.profile = PKI_SERVER};
  cert_desk_init(&args.desk, "sign");
  int code = cert_parse(&syntax, &args, argc, argv);
  if (code != CERT_GO_ON) {
    return code;
  }
  if (argc - optind != 1) {
    return cert_usage("sign", "sign takes one request");
  }
  if (args.desk.desk.ca_dir == NULL) {
    return cert_usage("sign", "sign needs --ca DIR");
  }
  if (args.profile == PKI_INTERMEDIATE && args.desk.desk.intermediate) {
    return cert_usage("sign", "an intermediate is signed by the root, not with --intermediate");
  }
  return sign(&args, argv[optind]);
}
