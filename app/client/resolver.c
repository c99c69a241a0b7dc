// Host names to addresses: see resolver.h.
#include "client/resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/address.h"

enum { MIN_TTL_S = 60 };

typedef enum family { FAMILY_IPV6, FAMILY_IPV4, NUM_FAMILIES } family;
static const int type_of[NUM_FAMILIES] = {DNS_AAAA, DNS_A};

typedef struct asking asking;

// One of the two questions.
typedef struct half {
  asking *asking;
  dns_query *query; // NULL once it is answered
  codicil_address addresses[DNS_RECORDS_MAX];
  size_t num_addresses;
} half;

// A lookup under way.
struct asking {
  client_resolver *resolver;
  client_lookup *lookup;
  half halves[NUM_FAMILIES];
  size_t num_open;
  bool has_failed; // one of them
  bool is_secure;
  uint32_t ttl_s;
  char error[CLIENT_LOOKUP_ERROR_MAX];
  asking *next;
};

struct client_resolver {
  io_loop *loop;
  dns_resolver *dns;
  void (*news)(void *user);
  void *user;
  client_lookup *lookups;
  asking *askings;
};

// ---- the order of addresses ---------------------------------------------------------------------

// Tells whether this machine has a route and an address of its own for it; nothing is sent.
static bool is_reachable(const codicil_address *address) {
  io_address to;
  if (!io_address_from_octets(&to, codicil_span_of(address->octets, address->len), 443)) {
    return false;
  }
  int fd = socket(to.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return false;
  }
  bool ok = connect(fd, (const struct sockaddr *)&to.storage, to.len) == 0;
  close(fd);
  return ok;
}

// One of each family in turn.
static void interleave(client_lookup *lookup, const half halves[NUM_FAMILIES]) {
  const half *ipv6 = &halves[FAMILY_IPV6];
  family first =
      ipv6->num_addresses > 0 && is_reachable(&ipv6->addresses[0]) ? FAMILY_IPV6 : FAMILY_IPV4;
  for (size_t i = 0; i < DNS_RECORDS_MAX; i++) {
    for (int turn = 0; turn < NUM_FAMILIES; turn++) {
      const half *h = &halves[turn == 0 ? first : (family)(NUM_FAMILIES - 1 - first)];
      if (i < h->num_addresses && lookup->num_addresses < CLIENT_MAX_ADDRESSES) {
        lookup->addresses[lookup->num_addresses++] = h->addresses[i];
      }
    }
  }
}

// ---- answers ------------------------------------------------------------------------------------

static void release(asking *a) {
  for (int i = 0; i < NUM_FAMILIES; i++) {
    if (a->halves[i].query != NULL) {
      dns_cancel(a->halves[i].query);
    }
  }
  free(a);
}

static void forget(asking *a) {
  asking **at = &a->resolver->askings;
  while (*at != a) {
    at = &(*at)->next;
  }
  *at = a->next;
  release(a);
}

static void finish(asking *a) {
  client_resolver *resolver = a->resolver;
  client_lookup *lookup = a->lookup;
  size_t num = a->halves[FAMILY_IPV6].num_addresses + a->halves[FAMILY_IPV4].num_addresses;
  uint32_t ttl_s = a->ttl_s > MIN_TTL_S ? a->ttl_s : MIN_TTL_S;
  lookup->addresses = num > 0 ? calloc(num, sizeof *lookup->addresses) : NULL;
  if (lookup->addresses != NULL) {
    interleave(lookup, a->halves);
    lookup->state = CODICIL_DNS_ANSWERED;
    lookup->is_secure = a->is_secure;
  } else {
    lookup->state = CODICIL_DNS_FAILED;
    snprintf(lookup->error, sizeof lookup->error, "%s",
             num > 0         ? "out of memory"
             : a->has_failed ? a->error
                             : "it has no addresses");
    ttl_s = MIN_TTL_S;
  }
  lookup->done_ns = resolver->loop->now.mono_ns;
  lookup->until_ns = lookup->done_ns + ttl_s * UINT64_C(1000000000);
  forget(a);
  resolver->news(resolver->user);
}

static void on_answer(void *user, const dns_answer *answer) {
  half *h = user;
  asking *a = h->asking;
  h->query = NULL;
  for (size_t i = 0; i < answer->num_records; i++) {
    if (codicil_address_from_octets(&h->addresses[h->num_addresses], answer->records[i])) {
      h->num_addresses++;
    }
  }
  if (answer->state == DNS_FAILED) {
    a->has_failed = true;
    a->ttl_s = 0; // the other is asked again soon
    snprintf(a->error, sizeof a->error, "%s", answer->why);
  } else if (answer->ttl_s < a->ttl_s) {
    a->ttl_s = answer->ttl_s;
  }
  a->is_secure = a->is_secure && answer->is_secure;
  if (--a->num_open == 0) {
    finish(a);
  }
}

// ---- asking -------------------------------------------------------------------------------------

static bool ask(client_resolver *resolver, client_lookup *lookup) {
  asking *a = calloc(1, sizeof *a);
  if (a == NULL) {
    return false;
  }
  a->resolver = resolver;
  a->lookup = lookup;
  a->is_secure = true;
  a->ttl_s = UINT32_MAX;
  a->next = resolver->askings;
  resolver->askings = a;
  for (int i = 0; i < NUM_FAMILIES; i++) {
    half *h = &a->halves[i];
    h->asking = a;
    h->query = dns_ask(resolver->dns, lookup->host, type_of[i], on_answer, h);
    if (h->query == NULL) {
      forget(a);
      return false;
    }
    a->num_open++;
  }
  return true;
}

static client_lookup *find(const client_resolver *resolver, const char *host) {
  uint64_t now_ns = resolver->loop->now.mono_ns;
  for (client_lookup *l = resolver->lookups; l != NULL; l = l->next) {
    bool is_old = l->state != CODICIL_DNS_UNKNOWN && now_ns >= l->until_ns;
    if (!is_old && strcmp(l->host, host) == 0) {
      return l;
    }
  }
  return NULL;
}

const client_lookup *client_resolver_lookup(client_resolver *resolver, const char *host) {
  client_lookup *known = find(resolver, host);
  if (known != NULL) {
    return known;
  }
  client_lookup *lookup = calloc(1, sizeof *lookup);
  size_t len = strlen(host);
  if (lookup == NULL || len >= sizeof lookup->host) {
    free(lookup);
    return NULL;
  }
  memcpy(lookup->host, host, len + 1);
  lookup->state = CODICIL_DNS_UNKNOWN;
  if (!ask(resolver, lookup)) {
    free(lookup);
    return NULL;
  }
  lookup->next = resolver->lookups;
  resolver->lookups = lookup;
  return lookup;
}

bool client_resolver_new(client_resolver **out, io_loop *loop, const dns_options *dns,
                         void (*news)(void *user), void *user, app_error *err) {
  client_resolver *resolver = calloc(1, sizeof *resolver);
  if (resolver == NULL) {
    return app_fail(err, "out of memory");
  }
  *resolver = (client_resolver){.loop = loop, .news = news, .user = user};
  if (!dns_resolver_new(&resolver->dns, loop, dns, err)) {
    free(resolver);
    return false;
  }
  *out = resolver;
  return true;
}

void client_resolver_free(client_resolver *resolver) {
  if (resolver == NULL) {
    return;
  }
  while (resolver->askings != NULL) {
    asking *a = resolver->askings;
    resolver->askings = a->next;
    release(a);
  }
  dns_resolver_free(resolver->dns);
  while (resolver->lookups != NULL) {
    client_lookup *next = resolver->lookups->next;
    free(resolver->lookups->addresses);
    free(resolver->lookups);
    resolver->lookups = next;
  }
  free(resolver);
}
