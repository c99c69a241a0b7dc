// codicil cert csr: a key and a certificate request, for a CA elsewhere.
#include <stdlib.h>

#include "cert.h"
#include "cert_desk_options.h"

static const char help[] =
    "codicil cert csr - make a certificate request\n"
    "\n"
    "usage: codicil cert csr NAME... [OPTION]...\n"
    "\n"
    "Writes NAME.csr (PKCS#10) and NAME.key (mode 0600), for one certificate with all\n"
    "the names. The first names the files. Nothing is overwritten.\n"
    "\n"
    "  --out DIR               where the files go (default: here)\n"
    "  --alg ALG               p256 (default), p384, rsa2048, rsa3072 or ed25519\n"
    "  --key FILE              ask for this key; no other is made\n"
    "  --required-domain NAME  for connections that prove NAME only; often, or\n"
    "                          NAME,NAME: any of them (*.example.com, *)\n"
    "  --codepoints K=V,...    another code point than ours: oid\n"
    "\n"
    "example: codicil cert csr img.cdn.example --required-domain www.shop.example\n";

enum { OPT_ALG = 1, OPT_KEY, OPT_REQUIRED };
static const struct option options[] = {
    {"out", required_argument, NULL, OPT_OUT},
    {"alg", required_argument, NULL, OPT_ALG},
    {"key", required_argument, NULL, OPT_KEY},
    {"required-domain", required_argument, NULL, OPT_REQUIRED},
    {"codepoints", required_argument, NULL, OPT_CODEPOINTS},
    CERT_HELP,
    {NULL, 0, NULL, 0},
};

typedef struct csr_args {
  pki_csr_order order;
  codicil_codepoints codepoints;
  pki_required required;
  bool has_alg;
} csr_args;

static bool take(void *user, int option, app_error *err) {
  csr_args *args = user;
  switch (option) {
  case OPT_OUT:
    args->order.out_dir = optarg;
    return true;
  case OPT_ALG:
    args->has_alg = true;
    return pki_alg_parse(&args->order.alg, optarg, err);
  case OPT_KEY:
    args->order.key_path = optarg;
    return true;
  case OPT_REQUIRED:
    return pki_required_add(&args->required, optarg, err);
  default: // OPT_CODEPOINTS
    return cert_parse_codepoints(&args->codepoints, optarg, err);
  }
}

int cert_csr(int argc, char **argv) {
  static const cert_syntax syntax = {"csr", help, options, take};
  static csr_args args = {.order = {.out_dir = ".", .alg = PKI_P256}};
  codicil_codepoints_default(&args.codepoints);
  int code = cert_parse(&syntax, &args, argc, argv);
  if (code != CERT_GO_ON) {
    return code;
  }
  if (optind >= argc) {
    return cert_usage("csr", "csr takes one name or more");
  }
  if (args.has_alg && args.order.key_path != NULL) {
    return cert_usage("csr", "--alg is for a new key, and --key has one");
  }
  args.order.names = (const char *const *)(argv + optind);
  args.order.num_names = (size_t)(argc - optind);
  args.order.required = &args.required;
  args.order.oid = args.codepoints.oid;
  args.order.note = cert_note;
  pki_made made;
  app_error err;
  if (!pki_new_csr(&made, &args.order, &err)) {
    return cert_fail(&err);
  }
  cert_tell_made(&made);
  return EXIT_SUCCESS;
}
