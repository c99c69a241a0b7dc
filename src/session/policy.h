// Whether to accept a certificate, and whose requests may go on this connection.
//
// Pure: what is known goes in, decisions come out. Nothing is looked up, validated, remembered or
// queued here; accept.c, the only caller, does that. The steps are those of docs/protocol.md §5, in
// its order: this file has certificates and routes, reach.h where an origin may be served,
// required.h the Required Domain, settle.h the accepted set.
#ifndef CODICIL_SESSION_POLICY_H
#define CODICIL_SESSION_POLICY_H

#include "authority.h"
#include "codicil/session.h"
#include "origin_set.h"
#include "session_config.h"
#include "sieve.h"
#include "wants.h"

// A certificate whose key the peer has proven to hold, and what is known of it.
typedef struct codicil_proven {
  codicil_identity *identity;
  codicil_ea_proof *proof; // NULL for the handshake's
  bool is_path_known;
  codicil_cert_reason refusal; // what its path, or anything else of itself, says against it
  int64_t path_until;          // Unix time at which that ends
  bool is_caa_anchor;          // a good path ends in an anchor that checks CAA
  codicil_sieve names;
  codicil_sieve required;
  size_t num_frames;
  size_t num_octets;
  bool has_ocsp;
} codicil_proven;

typedef struct codicil_policy_input {
  const codicil_config *config;
  const codicil_proven *certificates;
  size_t num_certificates;
  const codicil_standing *standings; // one a certificate
  const codicil_origin_set *origins;
  const codicil_wants *wants;
  const codicil_peer *peer;
  codicil_support support;
  bool is_receiving; // part of an authenticator is here
  bool has_skipped;  // authenticators were skipped at the limit
  int64_t unix_s;
  size_t *queue; // room for two of each certificate
} codicil_policy_input;

// What must be known before an answer can be given.
typedef struct codicil_policy_need {
  size_t examine;     // the certificate whose path is to be validated; SIZE_MAX: none,
  codicil_origin ask; // but DNS is to be asked for this origin
} codicil_policy_need;

// What a secondary certificate, whose path has the outcome `path`, has against it of itself.
codicil_cert_reason codicil_policy_refusal(const codicil_config *config,
                                           const codicil_identity *identity,
                                           codicil_cert_reason path);
// Returns document and section of a decision, static.
const char *codicil_policy_rule(const codicil_policy_input *in, size_t index);
// Answers for `origin`. Where the answer hangs on something that is not known, returns false with
// *out_need: find that out, and ask again.
CODICIL_MUST_USE bool codicil_policy_route(const codicil_policy_input *in, codicil_route *out,
                                           codicil_policy_need *out_need,
                                           const codicil_origin *origin,
                                           const codicil_evidence *evidence);

#endif
