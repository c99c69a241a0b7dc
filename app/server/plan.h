// What the connections of each site prove, in which order, and what ORIGIN names on them: all that
// follows from the configuration's certificates and the block list.
//
// A plan is immutable and counts its references, from any thread: connections keep the one under
// which they began, and a new block list makes a new plan.
#ifndef APP_SERVER_PLAN_H
#define APP_SERVER_PLAN_H

#include "server/proof.h"
#include "server/site.h"

// What became of a name of a site's `secondary`.
typedef enum plan_outcome {
  PLAN_PROVEN,     // it is sent, or the site's own certificate covers it
  PLAN_NO_SITE,    // nothing is sent
  PLAN_UNPROVEN,   // sent, and clients refuse it: nothing proves its Required Domain here
  PLAN_BLOCKED,    // not sent: its certificate is on the block list
  PLAN_CUT_OFF,    // not sent: all that could prove its Required Domain is on the block list
  PLAN_OVER_BUDGET // not sent: with what has to be proven first it exceeds the budget
} plan_outcome;

typedef struct plan_site {
  proof_order order;
  plan_outcome *outcomes; // by place in the site's `secondary`
  // For ORIGIN, with port 443: names of sites that the handshake's certificate covers, and those by
  // which it proves a Required Domain; then the same of the secondary ones. None where one of the
  // sites' is a wildcard, which an Origin Set cannot express, or where they are more than a client
  // takes.
  codicil_origin *origins;
  size_t num_origins;
  size_t num_own_origins;
  bool has_too_many_origins;
} plan_site;

typedef struct server_plan server_plan;

// Makes a plan with one reference; `config` and `table`, loaded as far as it could be, are borrowed
// for its life, the block list (NULL: none) for the call. NULL without memory.
server_plan *server_plan_new(const server_config *config, const site_table *table,
                             const codicil_block_list *list);
server_plan *server_plan_hold(server_plan *plan);
// NULL is allowed.
void server_plan_release(server_plan *plan);

const plan_site *server_plan_site(const server_plan *plan, const server_site *site);
// Tells whether a certificate is on the block list, as one to be sent beside the handshake's: by
// key, serial number or breadcrumb.
bool server_plan_is_blocked(const server_plan *plan, size_t certificate);
size_t server_plan_num_blocked(const server_plan *plan);

#endif
