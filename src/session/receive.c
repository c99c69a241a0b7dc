// What arrives: SERVER_CERTIFICATE frames, piece by piece, and ORIGIN frames.
//
// Cheapest check first: limits and framing as octets come; then, of a whole authenticator, Finished
// and the signature. The path of the certificate waits until a name of it is wanted (accept.c).
#include "accept.h"
#include "trace.h"

codicil_err codicil_session_need_ea(codicil_session *s) {
  if (s->ea != NULL) {
    return CODICIL_OK;
  }
  if (s->tls == NULL) {
    return CODICIL_USAGE;
  }
  codicil_err err = codicil_ea_new(&s->ea, s->mem, s->tls);
  if (err == CODICIL_OK) {
    codicil_ea_set_limits(s->ea, codicil_limit_of(s->config, CODICIL_LIMIT_AUTHENTICATOR_LEN),
                          codicil_limit_of(s->config, CODICIL_LIMIT_CHAIN_CERTIFICATES));
  }
  return err;
}

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-3.2
//# A client MUST NOT send certificates to the server. The server MUST close the
//# connection upon receipt of a SERVER_CERTIFICATE frame from a client.
codicil_err codicil_on_frame_unexpected(codicil_session *s, const codicil_session_arg *arg) {
  (void)s;
  (void)arg;
  return CODICIL_UNEXPECTED;
}

codicil_err codicil_on_frame_begin_ignored(codicil_session *s, const codicil_session_arg *arg) {
  if (s->in.in_frame) {
    return CODICIL_USAGE;
  }
  s->num_ignored++;
  s->in.in_frame = true;
  s->in.is_ignored = true;
  s->in.frame_rest = arg->value;
  codicil_trace_emit(&s->config->trace, "frame:ignored", codicil_trace_uint("len", arg->value));
  return CODICIL_OK;
}

codicil_err codicil_on_frame_elsewhere(codicil_session *s, const codicil_session_arg *arg) {
  (void)arg;
  s->num_ignored++;
  s->had_frame_elsewhere = true;
  codicil_trace_emit(&s->config->trace, "frame:ignored", codicil_trace_uint("len", 0));
  return CODICIL_OK;
}

// Who waited for nothing may wait for an authenticator of which a part is here, and no longer for
// one that is passed over.
static void tell_partial(codicil_session *s, bool was_partial) {
  if (codicil_reassembly_is_partial(&s->in) != was_partial) {
    codicil_authority_touch(&s->authority);
  }
}

codicil_err codicil_on_frame_begin(codicil_session *s, const codicil_session_arg *arg) {
  if (s->in.in_frame || s->tls == NULL || !s->has_peer || s->num_certificates == 0) {
    return CODICIL_USAGE;
  }
  bool was_partial = codicil_reassembly_is_partial(&s->in);
  s->in.is_ignored = false;
  codicil_err err = codicil_reassembly_begin(&s->in, s->config, arg->value);
  tell_partial(s, was_partial);
  return err;
}

codicil_err codicil_on_frame_data(codicil_session *s, const codicil_session_arg *arg) {
  if (!s->in.in_frame || arg->bytes.len > s->in.frame_rest) {
    return CODICIL_USAGE;
  }
  if (s->in.is_ignored) {
    s->in.frame_rest -= arg->bytes.len;
    return CODICIL_OK;
  }
  bool was_partial = codicil_reassembly_is_partial(&s->in);
  codicil_err err = codicil_reassembly_data(&s->in, s->config, arg->bytes);
  tell_partial(s, was_partial);
  return err;
}

// Answers depend on whether any was skipped, not on how many: a peer at the limit can send skipped
// ones for ever, and must not make the router re-ask for each.
static codicil_err skip(codicil_session *s) {
  if (s->in.num_skipped == 0) {
    codicil_authority_touch(&s->authority);
  }
  codicil_reassembly_next(&s->in, false);
  codicil_event_queue_push(&s->events, (codicil_event){.type = CODICIL_EVENT_SKIPPED});
  codicil_trace_emit(&s->config->trace, "frame:skipped",
                     codicil_trace_uint("num", s->in.num_skipped));
  return CODICIL_OK;
}

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-5.3
//# If the authenticator cannot be validated, this MUST be treated as a connection
//# error of type SERVER_CERTIFICATE_INVALID ({{errors}}).
//
// Whatever the reason: an exporter that refuses and a failing library are no proof either.
static codicil_err as_invalid(codicil_err err) {
  return codicil_err_is_fatal(err) ? err : CODICIL_AUTH;
}

static codicil_err verify(codicil_session *s, codicil_ea_proof **out) {
  codicil_diag diag = {"", SIZE_MAX};
  codicil_err err = codicil_session_need_ea(s);
  if (err == CODICIL_OK) {
    err = codicil_ea_verify(s->ea, out, &diag, codicil_buf_span(&s->in.octets),
                            codicil_span_of(NULL, 0));
  }
  codicil_trace_emit(&s->config->trace, "ea:verify", codicil_trace_uint("len", s->in.octets.len),
                     codicil_trace_uint("frames", s->in.num_frames),
                     codicil_trace_text("result", codicil_err_name(err)),
                     codicil_trace_text("what", diag.what));
  return err == CODICIL_OK ? CODICIL_OK : as_invalid(err);
}

// A path that could not be judged now is judged when it is wanted.
static codicil_err examine_at_once(codicil_session *s, codicil_now now) {
  codicil_err err = codicil_accept_examine_last(s, now);
  return codicil_err_is_fatal(err) ? err : CODICIL_OK;
}

codicil_err codicil_on_frame_end(codicil_session *s, const codicil_session_arg *arg) {
  if (!s->in.in_frame || s->in.frame_rest > 0) {
    return CODICIL_USAGE;
  }
  s->in.in_frame = false;
  if (s->in.is_ignored || !s->in.is_whole) {
    return CODICIL_OK;
  }
  if (s->in.is_full) {
    return skip(s);
  }
  codicil_ea_proof *proof = NULL;
  codicil_err err = verify(s, &proof);
  if (err != CODICIL_OK) {
    return err;
  }
  err = codicil_accept_take_proof(s, proof, s->in.num_frames, s->in.octets.len);
  if (err != CODICIL_OK) {
    codicil_ea_proof_free(proof);
    return as_invalid(err);
  }
  codicil_reassembly_next(&s->in, true);
  return s->config->validate_at_once ? examine_at_once(s, arg->now) : CODICIL_OK;
}

// ---- ORIGIN -------------------------------------------------------------------------------------

codicil_err codicil_on_origin_ignored(codicil_session *s, const codicil_session_arg *arg) {
  (void)s;
  (void)arg;
  return CODICIL_OK;
}

//= https://www.rfc-editor.org/rfc/rfc8336#section-2.2
//# Each ASCII-Origin field in the frame's payload MUST be parsed as an
//# ASCII serialization of an origin ([RFC6454], Section 6.2).  If
//# parsing fails, the field MUST be ignored.
static codicil_err add_entry(codicil_session *s, bool *out_added, codicil_span entry) {
  codicil_origin origin;
  if (!codicil_origin_parse(&origin, entry)) {
    return CODICIL_OK;
  }
  return codicil_origin_set_add(&s->origins, out_added, s->config, s->mem, &origin);
}

codicil_err codicil_on_origin(codicil_session *s, const codicil_session_arg *arg) {
  if (!s->config->use_origin) {
    return CODICIL_OK;
  }
  if (!s->has_peer) {
    return CODICIL_USAGE;
  }
  bool changed = !s->origins.is_initialised;
  codicil_err err = codicil_origin_set_initialise(&s->origins, s->config, s->mem, &s->peer);
  for (size_t i = 0; err == CODICIL_OK && i < arg->origin.num; i++) {
    bool added = false;
    err = add_entry(s, &added, arg->origin.entries[i]);
    changed = changed || added;
  }
  if (err == CODICIL_OK && changed) {
    codicil_accept_reconsider(s);
    codicil_event_queue_push(&s->events, (codicil_event){.type = CODICIL_EVENT_ORIGIN_SET});
    codicil_trace_emit(&s->config->trace, "origin:set",
                       codicil_trace_uint("num", s->origins.members.num));
  }
  return err;
}
