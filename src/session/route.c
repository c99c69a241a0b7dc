// Routing answers, their words, and a sentence that tells a person why.
#include <stdio.h>

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

// ---- a sentence -------------------------------------------------------------------------------

static void name_certificate(const codicil_route *route, char *out, size_t out_len) {
  if (route->certificate == 0) {
    snprintf(out, out_len, "the handshake's certificate");
  } else {
    snprintf(out, out_len, "secondary certificate %zu", route->certificate);
  }
}

static int explain_use(const codicil_route *route, const codicil_origin *origin, const char *text,
                       char *out, size_t out_len) {
  if (route->reason == CODICIL_ROUTE_OWN_ORIGIN) {
    return snprintf(out, out_len, "%s: %s (%s)", text, codicil_route_reason_text(route->reason),
                    route->rule);
  }
  char certificate[64];
  name_certificate(route, certificate, sizeof certificate);
  const char *leads =
      origin->address.len != 0 ? "it is this server's address" : "DNS leads to this server";
  return snprintf(out, out_len, "%s: %s covers it; %s (RFC 9113 §9.1.1)", text, certificate, leads);
}

static int explain_no(const codicil_route *route, const char *text, char *out, size_t out_len) {
  const char *yet = route->answer == CODICIL_WAIT ? "not yet: " : "";
  if (route->reason != CODICIL_ROUTE_CERTIFICATE) {
    const char *more =
        route->cert_reason == CODICIL_CERT_LIMIT ? ", and further ones passed the limit" : "";
    return snprintf(out, out_len, "%s: %s%s%s (%s)", text, yet,
                    codicil_route_reason_text(route->reason), more, route->rule);
  }
  char certificate[64];
  name_certificate(route, certificate, sizeof certificate);
  return snprintf(out, out_len, "%s: %s%s covers it but is not accepted: %s (%s)", text, yet,
                  certificate, codicil_cert_reason_text(route->cert_reason), route->rule);
}

size_t codicil_route_explain(const codicil_route *route, const codicil_origin *origin, char *out,
                             size_t out_len) {
  char text[CODICIL_ORIGIN_TEXT_MAX];
  codicil_origin_format(origin, text, sizeof text);
  int len = route->answer == CODICIL_USE ? explain_use(route, origin, text, out, out_len)
                                         : explain_no(route, text, out, out_len);
  size_t full = len > 0 ? (size_t)len : 0;
  return full < out_len ? full : out_len - 1;
}
