// The accepted set (docs/protocol.md §5, step 3): the least fixpoint from the handshake's
// certificate.
#ifndef CODICIL_SESSION_SETTLE_H
#define CODICIL_SESSION_SETTLE_H

#include "policy.h"

// Decides on every certificate anew; what was decided before plays no part. `out`, one for each
// certificate, is where in->standings points.
void codicil_settle(codicil_standing *out, const codicil_policy_input *in);

#endif
