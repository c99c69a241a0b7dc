// From a proof to a decision: the only caller of path validation and of policy.
//
// A certificate enters by a codicil_ea_proof, which only codicil_ea_verify makes, or as the
// handshake's, which TLS proved. What policy accepts enters the authority, and nothing else does.
#ifndef CODICIL_SESSION_ACCEPT_H
#define CODICIL_SESSION_ACCEPT_H

#include "session_state.h"

// Makes the handshake's certificate number 0, accepted. CODICIL_MALFORMED, CODICIL_NOMEM.
CODICIL_MUST_USE codicil_err codicil_accept_primary(codicil_session *s,
                                                    const codicil_chain_entry *end_entity);
// Takes `proof` on success. Its path is not validated: until a name of it is wanted, it costs no
// more than its signature.
CODICIL_MUST_USE codicil_err codicil_accept_take_proof(codicil_session *s, codicil_ea_proof *proof,
                                                       size_t num_frames, size_t num_octets);
// Validates the path of the certificate that came last, and judges it.
CODICIL_MUST_USE codicil_err codicil_accept_examine_last(codicil_session *s, codicil_now now);
// Answers for `origin`, validating the paths on which the answer hangs.
CODICIL_MUST_USE codicil_err codicil_accept_route(codicil_session *s, codicil_route *out,
                                                  const codicil_origin *origin,
                                                  const codicil_evidence *evidence,
                                                  codicil_now now);
void codicil_accept_clear(codicil_session *s);

#endif
