// From a proof to a decision: the only caller of path validation and of policy.
//
// A certificate enters by a codicil_ea_proof, which only codicil_ea_verify makes, or as the
// handshake's, which TLS proved. What policy accepts enters the authority, and nothing else does.
#ifndef CODICIL_SESSION_ACCEPT_H
#define CODICIL_SESSION_ACCEPT_H

#include "session_state.h"

// Makes the handshake's certificate number 0, accepted. CODICIL_MALFORMED, CODICIL_NOMEM.
CODICIL_MUST_USE codicil_err codicil_accept_primary(codicil_session *s,
                                                    const codicil_chain_entry *chain,
                                                    size_t num_entries);
// Takes `proof` on success. Its path is not validated: until a name of it is wanted, it costs no
// more than its signature.
CODICIL_MUST_USE codicil_err codicil_accept_take_proof(codicil_session *s, codicil_ea_proof *proof,
                                                       size_t num_frames, size_t num_octets);
// Validates the path of the certificate that came last, and decides.
CODICIL_MUST_USE codicil_err codicil_accept_examine_last(codicil_session *s, codicil_now now);
// Decides anew: the Origin Set or what is misdirected changed.
void codicil_accept_reconsider(codicil_session *s);
// Validates every path anew that was validated, the handshake's too, and decides.
CODICIL_MUST_USE codicil_err codicil_accept_validate_again(codicil_session *s, codicil_now now);
// Answers want `index`, and decides. CODICIL_USAGE where it is not open.
CODICIL_MUST_USE codicil_err codicil_accept_resume_dns(codicil_session *s, size_t index,
                                                       const codicil_evidence *evidence,
                                                       int64_t until_s, codicil_now now);
// Answers for `origin`, validating the paths on which the answer hangs, and wanting the DNS.
CODICIL_MUST_USE codicil_err codicil_accept_route(codicil_session *s, codicil_route *out,
                                                  const codicil_origin *origin,
                                                  const codicil_evidence *evidence,
                                                  codicil_now now);
// What policy is told; for as long as nothing changes.
codicil_policy_input codicil_accept_input(const codicil_session *s);
void codicil_accept_clear(codicil_session *s);

#endif
