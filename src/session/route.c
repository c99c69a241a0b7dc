// Routing answers, and their words.
#include "accept.h"
#include "trace.h"

static const struct {
  const char *word;
  const char *text;
} reasons[CODICIL_NUM_ROUTE_REASONS] = {
#define REASON_ROW(name, word, text) [CODICIL_ROUTE_##name] = {word, text},
    CODICIL_ROUTE_REASON_MAP(REASON_ROW)
#undef REASON_ROW
};

static bool known(codicil_route_reason reason) {
  return (unsigned)reason < CODICIL_NUM_ROUTE_REASONS;
}

const char *codicil_route_reason_word(codicil_route_reason reason) {
  return known(reason) ? reasons[reason].word : "?";
}

const char *codicil_route_reason_text(codicil_route_reason reason) {
  return known(reason) ? reasons[reason].text : "?";
}

const char *codicil_answer_word(codicil_answer answer) {
  static const char *const words[] = {"use", "ask", "wait", "no"};
  return (unsigned)answer <= CODICIL_NO ? words[answer] : "?";
}

const char *codicil_decision_word(codicil_decision decision) {
  static const char *const words[] = {"unexamined", "accepted", "waiting", "rejected"};
  return (unsigned)decision <= CODICIL_REJECTED ? words[decision] : "?";
}

codicil_err codicil_session_route(codicil_session *session, codicil_route *out,
                                  const codicil_origin *origin, const codicil_evidence *evidence,
                                  codicil_now now) {
  if (session->role != CODICIL_CLIENT || !session->has_peer || session->num_certificates == 0) {
    return CODICIL_USAGE;
  }
  if (session->state == CODICIL_STATE_FAILED) {
    return session->err;
  }
  codicil_err err = codicil_accept_route(session, out, origin, evidence, now);
  if (err != CODICIL_OK) {
    return codicil_session_fail(session, err);
  }
  codicil_trace_emit(&session->config->trace, "policy:route",
                     codicil_trace_text("host", origin->host),
                     codicil_trace_uint("port", origin->port),
                     codicil_trace_text("answer", codicil_answer_word(out->answer)),
                     codicil_trace_text("reason", codicil_route_reason_word(out->reason)),
                     codicil_trace_uint("generation", out->generation));
  return CODICIL_OK;
}
