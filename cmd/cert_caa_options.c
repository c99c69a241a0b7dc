// Options on CAA: see cert_caa_options.h.
#include "cert_caa_options.h"

#include <string.h>

#include "codicil/name.h"
#include "io/dns.h"

static bool add_identity(cert_caa_args *args, app_error *err) {
  if (args->policy.num_identities == PKI_CAA_IDENTITIES_MAX) {
    return app_fail(err, "--caa-identity: more than %d", PKI_CAA_IDENTITIES_MAX);
  }
  char name[CODICIL_DNS_NAME_MAX + 1];
  if (!codicil_dns_name_normalise(name, sizeof name, codicil_span_of(optarg, strlen(optarg)))) {
    return app_fail(err, "--caa-identity '%s' is not a domain name", optarg);
  }
  args->identities[args->policy.num_identities++] = optarg;
  args->policy.identities = args->identities;
  return true;
}

bool cert_take_caa(cert_caa_args *args, int option, app_error *err) {
  switch (option) {
  case OPT_CAA_IDENTITY:
    return add_identity(args, err);
  case OPT_CAA_SERVER:
    args->policy.server = optarg;
    return dns_server_check(optarg, err);
  case OPT_DNSSEC_ANCHOR:
    args->policy.anchor = optarg;
    return true;
  default: // OPT_SKIP_CAA
    args->policy.skip = true;
    return true;
  }
}
