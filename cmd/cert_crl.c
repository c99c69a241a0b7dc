// codicil cert crl: the list of what is revoked.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cert.h"
#include "cert_desk_options.h"
#include "pki/revoke.h"

static const char help[] =
    "codicil cert crl - make the CA's CRLs\n"
    "\n"
    "usage: codicil cert crl --ca DIR [--days N] [--out FILE]\n"
    "\n"
    "Writes DIR/ca.crl for what the root signed, and DIR/intermediate.crl for what\n"
    "the intermediate signed, where there is one. They replace those before and have\n"
    "the next numbers. Make them whenever something was revoked, and before the next\n"
    "are due.\n"
    "\n"
    "  --ca DIR    the CA's directory\n"
    "  --days N    when the next are due (default: 30)\n"
    "  --out FILE  one file for all\n"
    "\n"
    "example: codicil cert crl --ca ca\n";

enum { OPT_DAYS_TO_NEXT = 1 };
static const struct option options[] = {
    {"ca", required_argument, NULL, OPT_CA},
    {"days", required_argument, NULL, OPT_DAYS_TO_NEXT},
    {"out", required_argument, NULL, OPT_OUT},
    CERT_HELP,
    {NULL, 0, NULL, 0},
};

static bool take(void *user, int option, app_error *err) {
  pki_crl_order *order = user;
  switch (option) {
  case OPT_CA:
    order->ca_dir = optarg;
    return true;
  case OPT_OUT:
    order->out_path = optarg;
    return true;
  default: // OPT_DAYS_TO_NEXT
    return cert_parse_days(&order->days, optarg, err);
  }
}

static void tell(const pki_crl_made *made) {
  char day[PKI_DAY_LEN];
  pki_day_text(day, made->next_update);
  printf("%s  (of %s.pem, number %lld, %zu revoked, next by %s)\n", made->path, made->issuer,
         (long long)made->number, made->num_entries, day);
}

int cert_crl(int argc, char **argv) {
  static const cert_syntax syntax = {"crl", help, options, take};
  pki_crl_order order = {.days = PKI_CRL_DAYS, .now_s = (int64_t)time(NULL)};
  int code = cert_parse(&syntax, &order, argc, argv);
  if (code != CERT_GO_ON) {
    return code;
  }
  if (optind < argc || order.ca_dir == NULL) {
    return cert_usage("crl", "crl needs --ca DIR, and takes options only");
  }
  static pki_crl_made made[PKI_CRLS_MAX];
  size_t num = 0;
  app_error err;
  if (!pki_new_crls(made, &num, &order, &err)) {
    return cert_fail(&err);
  }
  for (size_t i = 0; i < num; i++) {
    tell(&made[i]);
  }
  return EXIT_SUCCESS;
}
