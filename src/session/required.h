// The Required Domain of one certificate (2020 draft §5, docs/protocol.md §5 step 2): which other
// certificate proves it here, and where none does, what could.
//
// A name is proven where this connection is authoritative for it: another certificate that is
// accepted covers it, and the answer of the whole of §5 for it is `use`. To hold a key is not
// enough: else two stolen ones, one of them ordinary, would do.
#ifndef CODICIL_SESSION_REQUIRED_H
#define CODICIL_SESSION_REQUIRED_H

#include "policy.h"

// Returns which of the required domains of certificate `index` certificate `by`, were it accepted,
// proves; SIZE_MAX: none.
size_t codicil_required_proven_by(const codicil_policy_input *in, size_t index, size_t by);

// What could still prove the Required Domains of the `num` certificates in in->queue. Looks for the
// nearest that is not known: a path to validate, or a name to ask DNS for; false where there is
// none now.
bool codicil_required_pull(const codicil_policy_input *in, codicil_policy_need *out, size_t num);

// Tells how it stands with the Required Domain of certificate `index`: the name that is proven, or
// the one nearest to it, and the answer of §5 for that name. `required` is NULL where it has none.
typedef struct codicil_required_report {
  const codicil_required_domain *required;
  codicil_answer answer;
  codicil_route_reason reason;
} codicil_required_report;
codicil_required_report codicil_required_tell(const codicil_policy_input *in, size_t index);

#endif
