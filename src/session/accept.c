// Certificates of one connection, their paths, and what policy makes of them: see accept.h.
#include "accept.h"

#include <string.h>

#include "mem.h"
#include "settle.h"
#include "trace.h"

codicil_policy_input codicil_accept_input(const codicil_session *s) {
  return (codicil_policy_input){.config = s->config,
                                .certificates = s->certificates,
                                .num_certificates = s->num_certificates,
                                .standings = s->authority.standings,
                                .origins = &s->origins,
                                .wants = &s->wants,
                                .peer = &s->peer,
                                .support = codicil_session_support(s),
                                .is_receiving = codicil_reassembly_is_partial(&s->in),
                                .has_skipped = s->in.num_skipped > 0,
                                .unix_s = s->unix_s,
                                .queue = s->authority.queue};
}

static void say(codicil_session *s, size_t index) {
  const codicil_standing *standing = &s->authority.standings[index];
  codicil_event_queue_push(&s->events,
                           (codicil_event){.type = CODICIL_EVENT_CERTIFICATE, .index = index});
  codicil_trace_emit(
      &s->config->trace, "policy:verdict", codicil_trace_uint("certificate", index),
      codicil_trace_hex(
          "sha256", codicil_span_of(codicil_identity_sha256(s->certificates[index].identity), 32)),
      codicil_trace_text("decision", codicil_decision_word(standing->decision)),
      codicil_trace_text("reason", codicil_cert_reason_word(standing->reason)));
}

// The next moment at which something ends on which a decision was made.
static int64_t next_end(const codicil_session *s) {
  int64_t least = codicil_wants_next_end(&s->wants, s->unix_s);
  for (size_t i = 0; i < s->num_certificates; i++) {
    const codicil_proven *certificate = &s->certificates[i];
    if (certificate->is_path_known && s->unix_s < certificate->path_until &&
        certificate->path_until < least) {
      least = certificate->path_until;
    }
  }
  return least;
}

// Decides on every certificate, and tells of those on which the decision is another.
static void settle(codicil_session *s) {
  codicil_policy_input in = codicil_accept_input(s);
  in.standings = s->authority.draft;
  codicil_settle(s->authority.draft, &in);
  for (size_t i = 0; i < s->num_certificates; i++) {
    if (codicil_authority_decide(&s->authority, i, s->authority.draft[i])) {
      say(s, i);
    }
  }
  s->next_end = next_end(s);
}

void codicil_accept_reconsider(codicil_session *s) {
  codicil_authority_touch(&s->authority);
  if (s->num_certificates > 0) {
    settle(s);
  }
}

// Decisions hold until the next thing ends. A clock that was set back may make them wrong, too.
static void keep_time(codicil_session *s, codicil_now now) {
  bool is_over = now.unix_s >= s->next_end || now.unix_s < s->unix_s;
  s->unix_s = now.unix_s;
  if (is_over) {
    settle(s);
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

static codicil_err judge(codicil_session *s, size_t index, const codicil_chain_entry *entries,
                         size_t num_entries) {
  codicil_proven *certificate = &s->certificates[index];
  codicil_chain_verdict verdict;
  codicil_err err = codicil_chain_validate(&verdict, NULL, s->config->trust, s->config->block_list,
                                           s->config->chain_cache, entries, num_entries, s->unix_s);
  if (err != CODICIL_OK) {
    return err;
  }
  certificate->is_path_known = true;
  certificate->refusal = codicil_policy_refusal(s->config, certificate->identity, verdict.reason);
  certificate->is_caa_anchor = verdict.is_caa_anchor;
  codicil_trace_emit(&s->config->trace, "path:validate", codicil_trace_uint("certificate", index),
                     codicil_trace_text("reason", codicil_cert_reason_word(verdict.reason)));
  // A verdict holds for this moment at the least, or one answer could need it without end.
  certificate->path_until = verdict.valid_until > s->unix_s ? verdict.valid_until : s->unix_s + 1;
  return CODICIL_OK;
}

static codicil_err validate(codicil_session *s, size_t index) {
  const codicil_ea_proof *proof = s->certificates[index].proof;
  codicil_chain_entry *entries = NULL;
  codicil_err err = entries_of(s, &entries, proof);
  if (err == CODICIL_OK) {
    err = judge(s, index, entries, codicil_ea_proof_num_certificates(proof));
  }
  codicil_mem_free(s->mem, entries);
  return err;
}

static codicil_err examine(codicil_session *s, size_t index) {
  codicil_err err = validate(s, index);
  if (err == CODICIL_OK) {
    settle(s);
  }
  return err;
}

// The handshake validated its certificate, maybe by other anchors; of what is said against it now,
// the block list alone is new.
static codicil_err judge_primary(codicil_session *s) {
  const codicil_kept_chain *chain = &s->handshake;
  codicil_chain_verdict verdict = {.reason = CODICIL_CERT_NONE};
  bool is_blocked = false;
  for (size_t i = 0; i < chain->num; i++) {
    is_blocked = is_blocked || codicil_block_list_has(s->config->block_list, chain->entries[i].der);
  }
  if (!is_blocked && s->config->trust != NULL) {
    codicil_err err =
        codicil_chain_validate(&verdict, NULL, s->config->trust, s->config->block_list,
                               s->config->chain_cache, chain->entries, chain->num, s->unix_s);
    if (err != CODICIL_OK) {
      return err;
    }
  }
  is_blocked = is_blocked || verdict.reason == CODICIL_CERT_BLOCKED;
  s->certificates[0].refusal = is_blocked ? CODICIL_CERT_BLOCKED : CODICIL_CERT_NONE;
  return CODICIL_OK;
}

codicil_err codicil_accept_validate_again(codicil_session *s, codicil_now now) {
  s->unix_s = now.unix_s;
  codicil_err err = judge_primary(s);
  for (size_t i = 1; err == CODICIL_OK && i < s->num_certificates; i++) {
    err = s->certificates[i].is_path_known ? validate(s, i) : CODICIL_OK;
  }
  codicil_accept_reconsider(s);
  return err;
}

// ---- certificates in --------------------------------------------------------------------------

static void clear_certificate(codicil_proven *certificate) {
  codicil_identity_free(certificate->identity);
  codicil_ea_proof_free(certificate->proof);
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

static void add(codicil_session *s, codicil_proven certificate) {
  certificate.names = codicil_sieve_of_names(certificate.identity);
  certificate.required = codicil_sieve_of_required(certificate.identity);
  s->certificates[s->num_certificates] = certificate;
  s->num_certificates++;
  codicil_authority_extend(&s->authority);
}

codicil_err codicil_accept_primary(codicil_session *s, const codicil_chain_entry *chain,
                                   size_t num_entries) {
  codicil_proven primary = {.is_path_known = true, .has_ocsp = chain[0].ocsp.len > 0};
  codicil_err err = reserve(s);
  if (err == CODICIL_OK) {
    err = identity_of(s, &primary.identity, chain[0].der);
  }
  if (err == CODICIL_OK) {
    err = codicil_kept_chain_copy(&s->handshake, s->mem, chain, num_entries);
  }
  if (err != CODICIL_OK) {
    clear_certificate(&primary);
    return err;
  }
  int64_t not_after = codicil_identity_not_after(primary.identity);
  primary.path_until = not_after < INT64_MAX ? not_after + 1 : INT64_MAX;
  add(s, primary);
  settle(s);
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
  add(s, certificate);
  say(s, s->num_certificates - 1);
  return CODICIL_OK;
}

codicil_err codicil_accept_examine_last(codicil_session *s, codicil_now now) {
  keep_time(s, now);
  return examine(s, s->num_certificates - 1);
}

// ---- routes -----------------------------------------------------------------------------------

static codicil_err want_dns(codicil_session *s, const codicil_origin *origin) {
  size_t index;
  codicil_err err = CODICIL_OK;
  if (s->wants.num == 0) {
    err = codicil_event_queue_reserve(&s->events, s->mem, CODICIL_DNS_WANTS_OPEN);
  }
  if (err == CODICIL_OK) {
    err = codicil_wants_open(&s->wants, &index, s->mem, origin, s->unix_s);
  }
  if (err != CODICIL_OK) {
    return err;
  }
  codicil_event_queue_push(&s->events,
                           (codicil_event){.type = CODICIL_EVENT_WANT_DNS, .index = index});
  codicil_trace_emit(&s->config->trace, "policy:want-dns", codicil_trace_text("host", origin->host),
                     codicil_trace_uint("port", origin->port));
  return CODICIL_OK;
}

codicil_err codicil_accept_resume_dns(codicil_session *s, size_t index,
                                      const codicil_evidence *evidence, int64_t until_s,
                                      codicil_now now) {
  if (index >= s->wants.num || !s->wants.items[index].is_open) {
    return CODICIL_USAGE;
  }
  codicil_leads leads = codicil_leads_of(evidence, &s->peer.address);
  s->unix_s = now.unix_s;
  codicil_event_queue_withdraw(&s->events,
                               (codicil_event){.type = CODICIL_EVENT_WANT_DNS, .index = index});
  // No answer is one, too: it would be wanted again at once.
  leads = leads != CODICIL_LEADS_UNKNOWN ? leads : CODICIL_LEADS_NOWHERE;
  codicil_wants_answer(&s->wants, index, leads, until_s, now.unix_s);
  codicil_accept_reconsider(s);
  return CODICIL_OK;
}

codicil_err codicil_accept_route(codicil_session *s, codicil_route *out,
                                 const codicil_origin *origin, const codicil_evidence *evidence,
                                 codicil_now now) {
  keep_time(s, now);
  codicil_route route;
  codicil_policy_need need;
  codicil_policy_input in = codicil_accept_input(s);
  while (!codicil_policy_route(&in, &route, &need, origin, evidence)) {
    codicil_err err = need.examine != SIZE_MAX ? examine(s, need.examine) : want_dns(s, &need.ask);
    if (err != CODICIL_OK) {
      return err;
    }
  }
  route.generation = s->authority.generation;
  route.until_s = s->next_end;
  *out = route;
  return CODICIL_OK;
}

void codicil_accept_clear(codicil_session *s) {
  for (size_t i = 0; i < s->num_certificates; i++) {
    clear_certificate(&s->certificates[i]);
  }
  codicil_mem_free(s->mem, s->certificates);
  codicil_kept_chain_clear(&s->handshake, s->mem);
  codicil_wants_clear(&s->wants, s->mem);
  s->certificates = NULL;
  s->num_certificates = 0;
}
