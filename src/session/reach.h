// Where an origin may be served, its certificate aside: port, Origin Set, 421, DNS
// (docs/protocol.md §5, steps 0, 4 and 5).
#ifndef CODICIL_SESSION_REACH_H
#define CODICIL_SESSION_REACH_H

#include "policy.h"

// Tells whether the port is one of the connection's, as long as no Origin Set says.
bool codicil_reach_port(const codicil_policy_input *in, const codicil_origin *origin);
// Tells whether neither a 421 nor the Origin Set keep `origin` from this connection.
bool codicil_reach_listed(const codicil_policy_input *in, const codicil_origin *origin);
// Tells whether `origin` may be served here without DNS, whatever its certificate is.
bool codicil_reach_ignores_dns(const codicil_policy_input *in, const codicil_origin *origin);
// Tells whether accepted certificate `by` serves `origin` without DNS.
bool codicil_reach_skips_dns(const codicil_policy_input *in, const codicil_origin *origin,
                             size_t by);
// Tells whether it serves no name, but for the one in SNI, without DNS.
bool codicil_reach_needs_dns(const codicil_policy_input *in, size_t by);
// The same of one that is not accepted yet: whether it could, once it is.
bool codicil_reach_may_skip_dns(const codicil_policy_input *in, const codicil_origin *origin,
                                size_t by);
// Where DNS leads for an origin that a request is for.
codicil_leads codicil_reach_dns(const codicil_policy_input *in, const codicil_origin *origin,
                                const codicil_evidence *evidence);

// The answer for `origin` as a required domain, were certificate `by`, which covers it, accepted.
typedef struct codicil_reach {
  codicil_answer answer;
  codicil_route_reason reason;
} codicil_reach;
codicil_reach codicil_reach_required(const codicil_policy_input *in, const codicil_origin *origin,
                                     size_t by);

#endif
