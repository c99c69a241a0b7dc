// codicil cert caa: whether CAA records would allow a certificate, and why. Nothing is signed.
#include <stdlib.h>

#include "cert.h"
#include "cert_caa_options.h"
#include "pki/caa_identity.h"
#include "pki/caa_report.h"
#include "pki/required.h"

static const char help[] =
    "codicil cert caa - tell whether CAA records allow a certificate\n"
    "\n"
    "usage: codicil cert caa NAME... [OPTION]...\n"
    "\n"
    "Asks DNS as the commands that sign do and explains the answer, name by name and\n"
    "record by record. Signs nothing. Unlike them it asks for every certificate.\n"
    "\n"
    "  --required-domain NAME  the certificate would have this Required Domain; often\n"
    "  --ca DIR                the CA that would sign: its DIR/caa-identity counts\n"
    "  --caa-identity DOMAIN   a name of the CA in issue and issuewild; often\n"
    "  --caa-server ADDR       ask this DNS server, ADDR or ADDR:PORT\n"
    "  --dnssec-anchor FILE    validate answers from this trust anchor\n"
    "  --codepoints K=V,...    other code points than ours: caa-tag\n"
    "  --json                  an object; codicil-cert(1) tells its members\n"
    "\n"
    "Exit code: 0 where they allow it, 1 where not.\n"
    "\n"
    "example: codicil cert caa img.example --required-domain www.example\n";

enum { OPT_JSON = 1, OPT_CODEPOINTS, OPT_REQUIRED, OPT_CA };
static const struct option options[] = {
    CERT_CAA_OPTIONS,
    {"required-domain", required_argument, NULL, OPT_REQUIRED},
    {"ca", required_argument, NULL, OPT_CA},
    {"codepoints", required_argument, NULL, OPT_CODEPOINTS},
    {"json", no_argument, NULL, OPT_JSON},
    CERT_HELP,
    {NULL, 0, NULL, 0},
};

typedef struct caa_args {
  cert_caa_args caa;
  pki_caa_identity identity; // of the CA
  pki_required required;
  codicil_codepoints codepoints;
  bool json;
  pki_name names[PKI_NAMES_MAX];
} caa_args;

static bool take(void *user, int option, app_error *err) {
  caa_args *args = user;
  if (cert_is_caa_option(option)) {
    return cert_take_caa(&args->caa, option, err);
  }
  switch (option) {
  case OPT_REQUIRED:
    return pki_required_add(&args->required, optarg, err);
  case OPT_CA:
    return pki_caa_identity_load(&args->identity, optarg, err);
  case OPT_CODEPOINTS:
    return cert_parse_codepoints(&args->codepoints, optarg, err);
  default: // OPT_JSON
    args->json = true;
    return true;
  }
}

static void tell(const pki_caa_decision *decision, bool json) {
  if (!json) {
    pki_caa_print(stdout, decision);
    return;
  }
  json_t *document = pki_caa_json(decision);
  json_dumpf(document, stdout, JSON_INDENT(2));
  fputc('\n', stdout);
  json_decref(document);
}

static int explain(caa_args *args, char *const *names, size_t num_names) {
  app_error err;
  if (num_names < 1 || num_names > PKI_NAMES_MAX) {
    app_fail(&err, "caa takes 1 to %d names", PKI_NAMES_MAX);
    return cert_usage("caa", err.text);
  }
  for (size_t i = 0; i < num_names; i++) {
    if (!pki_name_parse(&args->names[i], names[i], &err)) {
      return cert_usage("caa", err.text);
    }
  }
  const pki_caa_request request = {args->names, num_names, args->required.domain,
                                   args->required.num, args->codepoints.caa_tag};
  pki_caa_policy policy = pki_caa_policy_with(&args->caa.policy, &args->identity);
  policy.always = true;
  pki_caa_decision decision;
  dns_resolver *resolver = NULL;
  bool is_decided = pki_caa_check(&decision, &request, &policy, &resolver, &err);
  dns_resolver_free(resolver);
  if (!is_decided) {
    return cert_fail(&err);
  }
  tell(&decision, args->json);
  int code = decision.is_allowed ? EXIT_SUCCESS : EXIT_FAILURE;
  pki_caa_decision_clear(&decision);
  return code;
}

int cert_caa(int argc, char **argv) {
  static const cert_syntax syntax = {"caa", help, options, take};
  caa_args *args = calloc(1, sizeof *args);
  if (args == NULL) {
    return EXIT_FAILURE;
  }
  codicil_codepoints_default(&args->codepoints);
  int code = cert_parse(&syntax, args, argc, argv);
  if (code == CERT_GO_ON) {
    code = explain(args, argv + optind, (size_t)(argc - optind));
  }
  free(args);
  return code;
}
