// Where the host of an origin is: see location.h.
#include "client/location.h"

bool client_location_begin(client_location *location, const client_hosts *hosts,
                           client_resolver *resolver, const codicil_origin *origin) {
  client_hosts_endpoint(hosts, &location->endpoint, origin);
  if (location->endpoint.address.len != 0) {
    location->addresses = &location->endpoint.address;
    location->num_addresses = 1;
    return true;
  }
  location->addresses = client_hosts_resolve(hosts, &location->num_addresses, &location->endpoint);
  if (location->addresses == NULL) {
    location->lookup = client_resolver_lookup(resolver, location->endpoint.host);
  }
  return client_location_has_begun(location);
}

bool client_location_has_begun(const client_location *location) {
  return location->addresses != NULL || location->lookup != NULL;
}

bool client_location_is_over(const client_location *location, uint64_t mono_ns) {
  const client_lookup *lookup = location->lookup;
  return lookup != NULL && lookup->state != CODICIL_DNS_UNKNOWN && mono_ns >= lookup->until_ns;
}

codicil_evidence client_location_evidence(const client_location *location) {
  const client_lookup *lookup = location->lookup;
  if (lookup == NULL) {
    return (codicil_evidence){CODICIL_DNS_ANSWERED, location->addresses, location->num_addresses};
  }
  return (codicil_evidence){lookup->state, lookup->addresses, lookup->num_addresses};
}

int64_t client_location_until_s(const client_location *location, codicil_now now) {
  const client_lookup *lookup = location->lookup;
  if (lookup == NULL) {
    return INT64_MAX;
  }
  // Rounded up: who asks again then is not given the same answer.
  uint64_t left_ns = lookup->until_ns > now.mono_ns ? lookup->until_ns - now.mono_ns : 0;
  return now.unix_s + (int64_t)((left_ns + 999999999) / 1000000000);
}
