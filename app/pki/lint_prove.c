// Proving within a bundle: see lint_prove.h. Certificates with Required Domain are nodes; an edge
// leads to one that has the required name. A node is proven by an ordinary certificate with the
// name (a page's, in its handshake), or by a node that is proven: glue. What is left over has no
// such certificate, or stands in a loop of certificates that wait for one another.
#include "pki/lint_prove.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct node {
  char *path;
  size_t index;
  uint8_t sha256[PKI_SHA256_LEN];
  codicil_required_domain *required;
  char (*texts)[CODICIL_DNS_NAME_MAX]; // what `required` points to
  size_t num_required;
  bool is_proven;
  bool is_waiting; // some node has the name
} node;

struct pki_prover {
  node *nodes;
  size_t num_nodes;
  size_t cap;
  size_t num_left_out;
  uint8_t *edges; // a bit for each pair: the first waits for the second
};

pki_prover *pki_prover_new(void) {
  return calloc(1, sizeof(pki_prover));
}

static void free_node(node *n) {
  free(n->path);
  free(n->required);
  free(n->texts);
}

void pki_prover_free(pki_prover *prover) {
  if (prover == NULL) {
    return;
  }
  for (size_t i = 0; i < prover->num_nodes; i++) {
    free_node(&prover->nodes[i]);
  }
  free(prover->nodes);
  free(prover->edges);
  free(prover);
}

// What must be proven: "*" needs no proof, and what does not parse has none.
static bool is_node(const codicil_identity *identity) {
  size_t num = codicil_identity_num_required(identity);
  for (size_t i = 0; i < num; i++) {
    if (codicil_identity_required(identity, i)->type == CODICIL_REQUIRED_ANY) {
      return false;
    }
  }
  return num > 0;
}

static bool make_room(pki_prover *prover) {
  if (prover->num_nodes < prover->cap) {
    return true;
  }
  size_t cap = prover->cap == 0 ? 64 : prover->cap * 2;
  node *nodes = realloc(prover->nodes, cap * sizeof *nodes);
  if (nodes != NULL) {
    prover->nodes = nodes;
    prover->cap = cap;
  }
  return nodes != NULL;
}

static bool fill_node(node *out, const codicil_identity *identity, const char *path) {
  size_t num = codicil_identity_num_required(identity);
  out->path = strdup(path);
  out->required = calloc(num, sizeof *out->required);
  out->texts = calloc(num, sizeof *out->texts);
  memcpy(out->sha256, codicil_identity_sha256(identity), sizeof out->sha256);
  if (out->path == NULL || out->required == NULL || out->texts == NULL) {
    return false;
  }
  for (; out->num_required < num; out->num_required++) {
    codicil_required_domain *copy = &out->required[out->num_required];
    *copy = *codicil_identity_required(identity, out->num_required);
    if (copy->dns.len > 0) {
      copy->dns.data = memcpy(out->texts[out->num_required], copy->dns.data, copy->dns.len);
    }
  }
  return true;
}

bool pki_prover_add(pki_prover *prover, const codicil_identity *identity, const char *path,
                    size_t index, app_error *err) {
  if (!is_node(identity)) {
    return true;
  }
  if (prover->num_nodes == PKI_PROVER_MAX) {
    prover->num_left_out++;
    return true;
  }
  node made = {.index = index};
  if (!make_room(prover) || !fill_node(&made, identity, path)) {
    free_node(&made);
    return app_fail(err, "%s: out of memory", path);
  }
  prover->nodes[prover->num_nodes++] = made;
  return true;
}

static bool has_name(const codicil_identity *identity, const codicil_required_domain *domain) {
  for (size_t i = 0; i < codicil_identity_num_names(identity); i++) {
    const codicil_alt_name *name = codicil_identity_name(identity, i);
    bool is_match = false;
    if (domain->type == CODICIL_REQUIRED_ADDRESS) {
      is_match = name->type == CODICIL_ALT_ADDRESS &&
                 codicil_address_equal(&name->address, &domain->address);
    } else if (name->type == CODICIL_ALT_DNS) {
      // "*.X" is proven by a name one label below X, or by the identical pattern.
      bool is_same = name->dns.len == domain->dns.len &&
                     memcmp(name->dns.data, domain->dns.data, domain->dns.len) == 0;
      is_match = is_same || codicil_dns_name_covers(name->dns, domain->dns) ||
                 codicil_dns_name_covers(domain->dns, name->dns);
    }
    if (is_match) {
      return true;
    }
  }
  return false;
}

static bool satisfies_one(const node *n, const codicil_identity *identity) {
  for (size_t i = 0; i < n->num_required; i++) {
    if (has_name(identity, &n->required[i])) {
      return true;
    }
  }
  return false;
}

static size_t find_node(const pki_prover *prover, const uint8_t *sha256) {
  size_t i = 0;
  while (i < prover->num_nodes && memcmp(prover->nodes[i].sha256, sha256, PKI_SHA256_LEN) != 0) {
    i++;
  }
  return i;
}

static void add_edge(pki_prover *prover, size_t from, size_t to) {
  size_t bit = from * prover->num_nodes + to;
  prover->edges[bit / 8] |= (uint8_t)(1u << (bit % 8));
}

static bool has_edge(const pki_prover *prover, size_t from, size_t to) {
  size_t bit = from * prover->num_nodes + to;
  return (prover->edges[bit / 8] >> (bit % 8) & 1) != 0;
}

static bool make_edges(pki_prover *prover) {
  size_t bits = prover->num_nodes * prover->num_nodes;
  if (prover->edges == NULL) {
    prover->edges = calloc(bits / 8 + 1, 1);
  }
  return prover->edges != NULL;
}

bool pki_prover_link(pki_prover *prover, const pki_parsed *parsed, app_error *err) {
  if (!make_edges(prover)) {
    return app_fail(err, "out of memory");
  }
  const uint8_t *sha256 = codicil_identity_sha256(parsed->identity);
  codicil_required_state state = codicil_identity_required_state(parsed->identity);
  if (state == CODICIL_REQUIRED_INVALID || pki_parsed_is_ca(parsed)) {
    return true;
  }
  size_t self = find_node(prover, sha256);
  for (size_t i = 0; i < prover->num_nodes; i++) {
    node *n = &prover->nodes[i];
    // A certificate never proves its own required domain.
    bool is_self = memcmp(n->sha256, sha256, PKI_SHA256_LEN) == 0;
    if (is_self || !satisfies_one(n, parsed->identity)) {
      continue;
    }
    if (state == CODICIL_REQUIRED_ABSENT) {
      n->is_proven = true;
    } else {
      n->is_waiting = true;
      if (self < prover->num_nodes) {
        add_edge(prover, i, self);
      }
    }
  }
  return true;
}

static bool waits_for_proven(const pki_prover *prover, size_t from) {
  for (size_t to = 0; to < prover->num_nodes; to++) {
    if (prover->nodes[to].is_proven && has_edge(prover, from, to)) {
      return true;
    }
  }
  return false;
}

static void reach_fixpoint(pki_prover *prover) {
  for (bool changed = prover->edges != NULL; changed;) {
    changed = false;
    for (size_t i = 0; i < prover->num_nodes; i++) {
      if (!prover->nodes[i].is_proven && waits_for_proven(prover, i)) {
        prover->nodes[i].is_proven = true;
        changed = true;
      }
    }
  }
}

size_t pki_prover_finish(pki_prover *prover, pki_prover_fn *tell, void *user) {
  reach_fixpoint(prover);
  for (size_t i = 0; i < prover->num_nodes; i++) {
    const node *n = &prover->nodes[i];
    char text[512];
    char shown[CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
    codicil_required_domain_format(&n->required[0], shown, sizeof shown);
    const char *more = n->num_required > 1 ? " or another of its required domains" : "";
    if (n->is_proven) {
      continue;
    }
    if (n->is_waiting) {
      snprintf(text, sizeof text,
               "only certificates that themselves wait to be proven have %s%s: it is of use only "
               "where one of them is the handshake's",
               shown, more);
    } else {
      snprintf(text, sizeof text, "no certificate here has %s%s, so nothing here proves it", shown,
               more);
    }
    tell(user, n->path, n->index,
         n->is_waiting ? PKI_LINT_REQUIRED_LOOP : PKI_LINT_REQUIRED_UNPROVABLE, text);
  }
  return prover->num_left_out;
}
