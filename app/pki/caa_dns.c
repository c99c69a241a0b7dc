// CAA decisions by the DNS there is: see caa.h.
#include "pki/caa.h"

static bool look_up(void *dns, const char *name, dns_callback *callback, void *user) {
  return dns_ask_and_wait(dns, name, DNS_CAA, callback, user);
}

bool pki_caa_check(pki_caa_decision *out, const pki_caa_request *request,
                   const pki_caa_policy *policy, dns_resolver **resolver, app_error *err) {
  const dns_options options = {
      .servers = &policy->server,
      .num_servers = policy->server != NULL ? 1 : 0,
      .trust_anchor = policy->anchor,
  };
  if (*resolver == NULL && pki_caa_applies(policy, request) &&
      !dns_resolver_new(resolver, NULL, &options, err)) {
    return false;
  }
  return pki_caa_decide(out, request, policy, look_up, *resolver, err);
}
