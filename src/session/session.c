// The session's public entry points and its one table: which handler meets which input, by role and
// state. The handlers live with what they change (negotiate.c, receive.c); the state is CODICIL_OFF
// or CODICIL_ON by negotiation only, and FAILED for good after the first fatal error.
#include "accept.h"
#include "mem.h"

// ---- the table ----------------------------------------------------------------------------------

static codicil_err on_tls_ready(codicil_session *s, const codicil_session_arg *arg) {
  if (s->tls != NULL || arg->tls->is_server != (s->role == CODICIL_SERVER)) {
    return CODICIL_USAGE;
  }
  s->tls = arg->tls;
  return CODICIL_OK;
}

static codicil_err on_failed(codicil_session *s, const codicil_session_arg *arg) {
  (void)arg;
  return s->err;
}

// What is alike in every state but the last: the handshake, SETTINGS, and the rest of a frame,
// which goes where its beginning went.
#define COMMON_CELLS                                                                \
  [CODICIL_IN_TLS_READY] = on_tls_ready, [CODICIL_IN_SETTING] = codicil_on_setting, \
  [CODICIL_IN_SETTINGS_END] = codicil_on_settings_end,                              \
  [CODICIL_IN_FRAME_DATA] = codicil_on_frame_data, [CODICIL_IN_FRAME_END] = codicil_on_frame_end

#define CLIENT_CELLS(begin, elsewhere)                                                            \
  {                                                                                               \
    COMMON_CELLS, [CODICIL_IN_FRAME_BEGIN] = (begin), [CODICIL_IN_FRAME_ELSEWHERE] = (elsewhere), \
                  [CODICIL_IN_ORIGIN] = codicil_on_origin                                         \
  }
#define SERVER_CELLS(begin, elsewhere)                                                            \
  {                                                                                               \
    COMMON_CELLS, [CODICIL_IN_FRAME_BEGIN] = (begin), [CODICIL_IN_FRAME_ELSEWHERE] = (elsewhere), \
                  [CODICIL_IN_ORIGIN] = codicil_on_origin_ignored                                 \
  }
#define FAILED_CELLS \
  { on_failed, on_failed, on_failed, on_failed, on_failed, on_failed, on_failed, on_failed }

static codicil_step *const cells[2][CODICIL_NUM_STATES][CODICIL_NUM_INPUTS] = {
    [CODICIL_CLIENT] =
        {
            [CODICIL_STATE_AWAIT_SETTINGS] =
                CLIENT_CELLS(codicil_on_frame_begin_ignored, codicil_on_frame_elsewhere),
            [CODICIL_STATE_ON] = CLIENT_CELLS(codicil_on_frame_begin, codicil_on_frame_unexpected),
            [CODICIL_STATE_OFF] =
                CLIENT_CELLS(codicil_on_frame_begin_ignored, codicil_on_frame_elsewhere),
            [CODICIL_STATE_NOT_OFFERED] =
                CLIENT_CELLS(codicil_on_frame_begin_ignored, codicil_on_frame_elsewhere),
            [CODICIL_STATE_FAILED] = FAILED_CELLS,
        },
    [CODICIL_SERVER] =
        {
            [CODICIL_STATE_AWAIT_SETTINGS] =
                SERVER_CELLS(codicil_on_frame_unexpected, codicil_on_frame_unexpected),
            [CODICIL_STATE_ON] =
                SERVER_CELLS(codicil_on_frame_unexpected, codicil_on_frame_unexpected),
            [CODICIL_STATE_OFF] =
                SERVER_CELLS(codicil_on_frame_unexpected, codicil_on_frame_unexpected),
            [CODICIL_STATE_NOT_OFFERED] =
                SERVER_CELLS(codicil_on_frame_begin_ignored, codicil_on_frame_elsewhere),
            [CODICIL_STATE_FAILED] = FAILED_CELLS,
        },
};

codicil_step *codicil_session_cell(codicil_role role, codicil_session_state state,
                                   codicil_session_input input) {
  return cells[role][state][input];
}

void codicil_session_end(codicil_session *session, codicil_err err) {
  if (err != CODICIL_OK && session->state != CODICIL_STATE_FAILED) {
    session->state = CODICIL_STATE_FAILED;
    session->err = err;
    codicil_authority_touch(&session->authority);
  }
}

codicil_err codicil_session_fail(codicil_session *s, codicil_err err) {
  if (codicil_err_is_fatal(err)) {
    codicil_session_end(s, err);
  }
  return err;
}

static codicil_err step(codicil_session *s, codicil_session_input input, codicil_session_arg arg) {
  codicil_err err = cells[s->role][s->state][input](s, &arg);
  if (err != CODICIL_OK) {
    return codicil_session_fail(s, err);
  }
  codicil_outbox_pump(s);
  return CODICIL_OK;
}

codicil_err codicil_session_tls_ready(codicil_session *session, const codicil_tls *tls) {
  return step(session, CODICIL_IN_TLS_READY, (codicil_session_arg){.tls = tls});
}

codicil_err codicil_session_recv_setting(codicil_session *session, uint64_t value) {
  return step(session, CODICIL_IN_SETTING, (codicil_session_arg){.value = value});
}

void codicil_session_recv_settings_end(codicil_session *session) {
  // Cannot fail but by an earlier failure, which the caller has seen.
  codicil_err err = step(session, CODICIL_IN_SETTINGS_END, (codicil_session_arg){.value = 0});
  (void)err;
}

codicil_err codicil_session_recv_frame_begin(codicil_session *session, uint64_t payload_len) {
  return step(session, CODICIL_IN_FRAME_BEGIN, (codicil_session_arg){.value = payload_len});
}

codicil_err codicil_session_recv_frame_data(codicil_session *session, codicil_span bytes) {
  return step(session, CODICIL_IN_FRAME_DATA, (codicil_session_arg){.bytes = bytes});
}

codicil_err codicil_session_recv_frame_end(codicil_session *session, codicil_now now) {
  return step(session, CODICIL_IN_FRAME_END, (codicil_session_arg){.now = now});
}

codicil_err codicil_session_recv_frame_elsewhere(codicil_session *session) {
  return step(session, CODICIL_IN_FRAME_ELSEWHERE, (codicil_session_arg){.value = 0});
}

codicil_err codicil_session_recv_origin(codicil_session *session, const codicil_span *entries,
                                        size_t num_entries) {
  return step(session, CODICIL_IN_ORIGIN,
              (codicil_session_arg){.origin = {.entries = entries, .num = num_entries}});
}

// ---- birth and death ----------------------------------------------------------------------------

// News of support, of the Origin Set and of skipped authenticators waits once each.
enum { OWN_EVENTS = 3 };

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-http2-secondary-certs#section-6.1
//# clients MUST NOT
//# assume that because one origin was previously colocated with another, those
//# origins will be reachable via the same endpoints in the future.
//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-http2-secondary-certs#section-6.1
//# Clients MUST
//# NOT consider previous secondary certificates to be validated after TLS session
//# resumption.
codicil_err codicil_session_new(codicil_session **out, const codicil_mem *mem,
                                const codicil_config *config, codicil_role role) {
  codicil_session *s = codicil_mem_zalloc(mem, sizeof *s);
  if (s == NULL) {
    return CODICIL_NOMEM;
  }
  s->mem = mem;
  s->config = config;
  s->role = role;
  s->state = config->offer ? CODICIL_STATE_AWAIT_SETTINGS : CODICIL_STATE_NOT_OFFERED;
  codicil_reassembly_init(&s->in, mem, config);
  codicil_err err = codicil_event_queue_reserve(&s->events, mem, OWN_EVENTS);
  if (err != CODICIL_OK) {
    codicil_session_free(s);
    return err;
  }
  *out = s;
  return CODICIL_OK;
}

void codicil_session_free(codicil_session *session) {
  if (session == NULL) {
    return;
  }
  codicil_outbox_clear(&session->outbox, session->mem);
  codicil_accept_clear(session);
  codicil_reassembly_clear(&session->in);
  codicil_authority_clear(&session->authority, session->mem);
  codicil_origin_set_clear(&session->origins, session->mem);
  codicil_event_queue_clear(&session->events, session->mem);
  codicil_ea_free(session->ea);
  codicil_mem_free(session->mem, session);
}

// ---- what is known ------------------------------------------------------------------------------

const codicil_config *codicil_session_config(const codicil_session *session) {
  return session->config;
}

bool codicil_session_offers(const codicil_session *session) {
  return session->config->offer;
}

codicil_support codicil_session_support(const codicil_session *session) {
  switch (session->state) {
  case CODICIL_STATE_AWAIT_SETTINGS:
    return CODICIL_SUPPORT_AWAITED;
  case CODICIL_STATE_ON:
    return CODICIL_SUPPORT_YES;
  case CODICIL_STATE_FAILED: // what was negotiated before, for the report of the end
    return session->config->offer && session->peer_sent_one ? CODICIL_SUPPORT_YES
                                                            : CODICIL_SUPPORT_NO;
  default:
    return CODICIL_SUPPORT_NO;
  }
}

bool codicil_session_next_event(codicil_session *session, codicil_event *out) {
  return session->state != CODICIL_STATE_FAILED && codicil_event_queue_take(&session->events, out);
}

uint64_t codicil_session_generation(const codicil_session *session) {
  return session->authority.generation;
}

size_t codicil_session_num_ignored(const codicil_session *session) {
  return session->num_ignored;
}

size_t codicil_session_num_skipped(const codicil_session *session) {
  return session->in.num_skipped;
}

// ---- client -------------------------------------------------------------------------------------

codicil_err codicil_session_set_peer(codicil_session *session, const codicil_peer *peer) {
  if (session->role != CODICIL_CLIENT || session->has_peer ||
      session->state == CODICIL_STATE_FAILED) {
    return CODICIL_USAGE;
  }
  // Else an address that could not be read, as evidence, would be the peer's.
  if (peer->address.len == 0) {
    return CODICIL_BAD_INPUT;
  }
  session->peer = *peer;
  session->has_peer = true;
  return CODICIL_OK;
}

codicil_err codicil_session_set_primary(codicil_session *session, const codicil_chain_entry *chain,
                                        size_t num_entries) {
  if (session->role != CODICIL_CLIENT || session->num_certificates > 0 || num_entries == 0 ||
      session->state == CODICIL_STATE_FAILED) {
    return CODICIL_USAGE;
  }
  return codicil_session_fail(session, codicil_accept_primary(session, chain, num_entries));
}

size_t codicil_session_num_certificates(const codicil_session *session) {
  return session->num_certificates;
}

bool codicil_session_certificate(const codicil_session *session, codicil_certificate_info *out,
                                 size_t index) {
  if (index >= session->num_certificates) {
    return false;
  }
  const codicil_proven *certificate = &session->certificates[index];
  const codicil_standing *standing = &session->authority.standings[index];
  const codicil_ea_proof *proof = certificate->proof;
  codicil_policy_input in = codicil_accept_input(session);
  *out = (codicil_certificate_info){.identity = certificate->identity,
                                    .decision = standing->decision,
                                    .reason = standing->reason,
                                    .is_primary = proof == NULL,
                                    .num_frames = certificate->num_frames,
                                    .num_octets = certificate->num_octets,
                                    .scheme = proof != NULL ? codicil_ea_proof_scheme(proof) : 0,
                                    .scts = proof != NULL ? codicil_ea_proof_scts(proof, 0)
                                                          : session->handshake.entries[0].scts,
                                    .has_ocsp = certificate->has_ocsp,
                                    .required = standing->required,
                                    .proved_by = standing->proved_by,
                                    .rule = codicil_policy_rule(&in, index),
                                    .is_caa_anchor = certificate->is_caa_anchor};
  return true;
}

bool codicil_session_origin_set_initialised(const codicil_session *session) {
  return session->origins.is_initialised;
}

size_t codicil_session_num_origins(const codicil_session *session) {
  return session->origins.members.num;
}

const codicil_origin *codicil_session_origin(const codicil_session *session, size_t index) {
  const codicil_origin_list *members = &session->origins.members;
  return index < members->num ? &members->items[index] : NULL;
}

//= https://www.rfc-editor.org/rfc/rfc8336#section-2.4
//# When this
//# occurs, clients SHOULD NOT emit new requests on any connection whose
//# Origin Set is a proper subset of another connection's Origin Set
//
// The application holds the connections; this compares two.
bool codicil_session_is_within(const codicil_session *session, const codicil_session *other) {
  return codicil_origin_set_is_proper_subset(&session->origins, &other->origins);
}

codicil_err codicil_session_misdirected(codicil_session *session, const codicil_origin *origin) {
  if (session->role != CODICIL_CLIENT) {
    return CODICIL_USAGE;
  }
  if (session->state == CODICIL_STATE_FAILED) {
    return session->err;
  }
  codicil_err err =
      codicil_origin_set_misdirect(&session->origins, session->config, session->mem, origin);
  if (err != CODICIL_OK) {
    return codicil_session_fail(session, err);
  }
  codicil_accept_reconsider(session);
  codicil_event_queue_push(&session->events, (codicil_event){.type = CODICIL_EVENT_ORIGIN_SET});
  return CODICIL_OK;
}

codicil_err codicil_session_policy_changed(codicil_session *session, codicil_now now) {
  if (session->state == CODICIL_STATE_FAILED) {
    return session->err;
  }
  if (session->num_certificates == 0) {
    return CODICIL_OK;
  }
  codicil_err err = codicil_accept_validate_again(session, now);
  codicil_session_end(session, err); // what could not be judged again may be blocked
  return err;
}

const codicil_origin *codicil_session_dns_want(const codicil_session *session, size_t index) {
  const codicil_wants *wants = &session->wants;
  return index < wants->num && wants->items[index].is_open ? &wants->items[index].origin : NULL;
}

codicil_err codicil_session_resume_dns(codicil_session *session, size_t index,
                                       const codicil_evidence *evidence, int64_t until_s,
                                       codicil_now now) {
  if (session->state == CODICIL_STATE_FAILED) {
    return session->err;
  }
  return codicil_accept_resume_dns(session, index, evidence, until_s, now);
}
