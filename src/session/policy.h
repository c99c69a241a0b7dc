// Whether to accept a certificate, and whose requests may go on this connection.
//
// Pure: what is known goes in, a verdict comes out. Nothing is looked up, validated, remembered or
// queued here; accept.c, the only caller, does that. The steps are those of docs/protocol.md §5, in
// its order.
#ifndef CODICIL_SESSION_POLICY_H
#define CODICIL_SESSION_POLICY_H

#include "authority.h"
#include "codicil/session.h"
#include "origin_set.h"

// A certificate whose key the peer has proven to hold, and what is known of it.
typedef struct codicil_proven {
  codicil_identity *identity;
  codicil_ea_proof *proof; // NULL for the handshake's
  codicil_decision decision;
  codicil_cert_reason reason;
  bool is_path_known;
  codicil_cert_reason path; // outcome of path validation
  int64_t path_until;       // Unix time at which that outcome ends
  size_t num_frames;
  size_t num_octets;
  codicil_buf scts; // the handshake's certificate only: copied from its entry
  bool has_ocsp;
} codicil_proven;

typedef struct codicil_policy_input {
  const codicil_proven *certificates;
  size_t num_certificates;
  const codicil_authority *authority;
  const codicil_origin_set *origins;
  const codicil_peer *peer;
  codicil_support support;
  bool is_receiving; // part of an authenticator is here
  bool has_skipped;  // authenticators were skipped at the limit
  int64_t unix_s;
} codicil_policy_input;

typedef struct codicil_verdict {
  codicil_decision decision;
  codicil_cert_reason reason;
} codicil_verdict;

// Tells whether the path of `certificate` must be validated (again) before it is judged.
bool codicil_policy_needs_path(const codicil_proven *certificate, int64_t unix_s);
// Judges certificate `index`, given the authority so far.
codicil_verdict codicil_policy_certificate(const codicil_policy_input *in, size_t index);
// Answers for `origin`. Where the answer hangs on a path that is not validated, returns false with
// *out_examine naming the certificate: validate it, and ask again.
CODICIL_MUST_USE bool codicil_policy_route(const codicil_policy_input *in, codicil_route *out,
                                           size_t *out_examine, const codicil_origin *origin,
                                           const codicil_evidence *evidence);

#endif
