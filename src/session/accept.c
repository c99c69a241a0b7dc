// Certificates of one connection, their paths, and what policy makes of them: see accept.h.
#include "accept.h"

#include <string.h>

#include "mem.h"
#include "trace.h"

static codicil_policy_input input_of(const codicil_session *s, codicil_now now) {
  return (codicil_policy_input){.certificates = s->certificates,
                                .num_certificates = s->num_certificates,
                                .authority = &s->authority,
                                .origins = &s->origins,
                                .peer = &s->peer,
                                .support = codicil_session_support(s),
                                .is_receiving = codicil_reassembly_is_partial(&s->in),
                                .has_skipped = s->in.num_skipped > 0,
                                .unix_s = now.unix_s};
}

static void say(codicil_session *s, size_t index) {
  const codicil_proven *certificate = &s->certificates[index];
  codicil_event_queue_push(&s->events,
                           (codicil_event){.type = CODICIL_EVENT_CERTIFICATE, .index = index});
  codicil_trace_emit(
      &s->config->trace, "policy:verdict", codicil_trace_uint("certificate", index),
      codicil_trace_hex("sha256",
                        codicil_span_of(codicil_identity_sha256(certificate->identity), 32)),
      codicil_trace_text("decision", codicil_decision_word(certificate->decision)),
      codicil_trace_text("reason", codicil_cert_reason_word(certificate->reason)));
}

// Records the verdict on one certificate; tells whether it entered the authority.
static bool record(codicil_session *s, size_t index, codicil_verdict verdict) {
  codicil_proven *certificate = &s->certificates[index];
  bool changed = certificate->decision != verdict.decision || certificate->reason != verdict.reason;
  certificate->decision = verdict.decision;
  certificate->reason = verdict.reason;
  if (verdict.decision == CODICIL_ACCEPTED) {
    codicil_authority_add(&s->authority, index);
  }
  if (changed) {
    codicil_authority_touch(&s->authority);
    say(s, index);
  }
  return verdict.decision == CODICIL_ACCEPTED;
}

// Computes the accepted set anew: the least fixpoint from the handshake's certificate, since what
// one certificate needs another may prove (protocol §5.3). Each round judges what is outside by
// what is inside, until a round adds nothing.
static void settle(codicil_session *s, codicil_now now) {
  while (s->authority.num > 0) {
    codicil_authority_remove(&s->authority, s->authority.members[s->authority.num - 1]);
  }
  bool grew = true;
  while (grew) {
    grew = false;
    for (size_t i = 0; i < s->num_certificates; i++) {
      if (!codicil_authority_has(&s->authority, i)) {
        codicil_policy_input in = input_of(s, now);
        grew = record(s, i, codicil_policy_certificate(&in, i)) || grew;
      }
    }
  }
}

// ---- paths ------------------------------------------------------------------------------------

static codicil_err entries_of(codicil_session *s, codicil_chain_entry **out,
                              const codicil_ea_proof *proof) {
  size_t num = codicil_ea_proof_num_certificates(proof);
  codicil_chain_entry *entries = codicil_mem_zalloc(s->mem, num * sizeof *entries);
  if (entries == NULL) {
    return CODICIL_NOMEM;
  }
  for (size_t i = 0; i < num; i++) {
    entries[i] =
        (codicil_chain_entry){codicil_ea_proof_certificate(proof, i),
                              codicil_ea_proof_ocsp(proof, i), codicil_ea_proof_scts(proof, i)};
  }
  *out = entries;
  return CODICIL_OK;
}

static codicil_err validate(codicil_session *s, size_t index, codicil_now now) {
  codicil_proven *certificate = &s->certificates[index];
  codicil_chain_entry *entries = NULL;
  codicil_chain_verdict verdict;
  codicil_err err = entries_of(s, &entries, certificate->proof);
  if (err != CODICIL_OK) {
    return err;
  }
  err = codicil_chain_validate(&verdict, NULL, s->config->trust, NULL, s->config->chain_cache,
                               entries, codicil_ea_proof_num_certificates(certificate->proof),
                               now.unix_s);
  codicil_mem_free(s->mem, entries);
  if (err != CODICIL_OK) {
    return err;
  }
  certificate->is_path_known = true;
  certificate->path = verdict.reason;
  codicil_trace_emit(&s->config->trace, "path:validate", codicil_trace_uint("certificate", index),
                     codicil_trace_text("reason", codicil_cert_reason_word(verdict.reason)));
  // A verdict holds for this moment at the least, or one answer could need it without end.
  certificate->path_until = verdict.valid_until > now.unix_s ? verdict.valid_until : now.unix_s + 1;
  return CODICIL_OK;
}

// The handshake validated its own certificate; it ends with its notAfter, and for good.
static void expire_primary(codicil_proven *primary) {
  primary->path = CODICIL_CERT_EXPIRED;
  primary->path_until = INT64_MAX;
}

static codicil_err examine(codicil_session *s, size_t index, codicil_now now) {
  codicil_proven *certificate = &s->certificates[index];
  codicil_err err = CODICIL_OK;
  if (certificate->proof == NULL) {
    expire_primary(certificate);
  } else {
    err = validate(s, index, now);
  }
  if (err == CODICIL_OK) {
    settle(s, now);
  }
  return err;
}

// ---- certificates in --------------------------------------------------------------------------

static void clear_certificate(codicil_proven *certificate) {
  codicil_identity_free(certificate->identity);
  codicil_ea_proof_free(certificate->proof);
  codicil_buf_clear(&certificate->scts);
  *certificate = (codicil_proven){0};
}

// Makes room for one certificate everywhere that one needs room, so that the rest cannot fail.
static codicil_err reserve(codicil_session *s) {
  size_t num = s->num_certificates + 1;
  void *certificates = s->certificates;
  codicil_err err = codicil_mem_grow(s->mem, &certificates, &s->certificates_cap, num, SIZE_MAX,
                                     sizeof *s->certificates);
  s->certificates = certificates;
  if (err == CODICIL_OK) {
    err = codicil_authority_reserve(&s->authority, s->mem, num);
  }
  if (err == CODICIL_OK) {
    err = codicil_event_queue_reserve(&s->events, s->mem, 1);
  }
  return err;
}

static codicil_err identity_of(codicil_session *s, codicil_identity **out, codicil_span der) {
  return codicil_identity_new(out, s->mem, der, s->config->codepoints.oid);
}

codicil_err codicil_accept_primary(codicil_session *s, const codicil_chain_entry *end_entity) {
  codicil_proven primary = {.is_path_known = true, .has_ocsp = end_entity->ocsp.len > 0};
  codicil_buf_init(&primary.scts, s->mem, end_entity->scts.len);
  codicil_err err = reserve(s);
  if (err == CODICIL_OK) {
    err = identity_of(s, &primary.identity, end_entity->der);
  }
  if (err == CODICIL_OK) {
    err = codicil_buf_append(&primary.scts, end_entity->scts);
  }
  if (err != CODICIL_OK) {
    clear_certificate(&primary);
    return err;
  }
  int64_t not_after = codicil_identity_not_after(primary.identity);
  primary.path_until = not_after < INT64_MAX ? not_after + 1 : INT64_MAX;
  s->certificates[0] = primary;
  s->num_certificates = 1;
  codicil_policy_input in = input_of(s, (codicil_now){0, 0});
  record(s, 0, codicil_policy_certificate(&in, 0));
  return CODICIL_OK;
}

codicil_err codicil_accept_take_proof(codicil_session *s, codicil_ea_proof *proof,
                                      size_t num_frames, size_t num_octets) {
  codicil_proven certificate = {.num_frames = num_frames,
                                .num_octets = num_octets,
                                .has_ocsp = codicil_ea_proof_ocsp(proof, 0).len > 0};
  codicil_err err = reserve(s);
  if (err == CODICIL_OK) {
    err = identity_of(s, &certificate.identity, codicil_ea_proof_certificate(proof, 0));
  }
  if (err != CODICIL_OK) {
    return err;
  }
  certificate.proof = proof;
  size_t index = s->num_certificates;
  s->certificates[index] = certificate;
  s->num_certificates++;
  codicil_authority_touch(&s->authority);
  say(s, index);
  return CODICIL_OK;
}

codicil_err codicil_accept_examine_last(codicil_session *s, codicil_now now) {
  return examine(s, s->num_certificates - 1, now);
}

codicil_err codicil_accept_route(codicil_session *s, codicil_route *out,
                                 const codicil_origin *origin, const codicil_evidence *evidence,
                                 codicil_now now) {
  for (;;) {
    codicil_policy_input in = input_of(s, now);
    size_t to_examine = SIZE_MAX;
    if (codicil_policy_route(&in, out, &to_examine, origin, evidence)) {
      return CODICIL_OK;
    }
    codicil_err err = examine(s, to_examine, now);
    if (err != CODICIL_OK) {
      return err;
    }
  }
}

void codicil_accept_clear(codicil_session *s) {
  for (size_t i = 0; i < s->num_certificates; i++) {
    clear_certificate(&s->certificates[i]);
  }
  codicil_mem_free(s->mem, s->certificates);
  s->certificates = NULL;
  s->num_certificates = 0;
}
