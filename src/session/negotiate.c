// Whether the feature is on: both sides have sent and received the setting with value 1.
//
// Nothing is remembered from another connection: the state starts anew with each session, resumed
// TLS or not.
#include "session_state.h"
#include "trace.h"

static void enter(codicil_session *s, codicil_session_state state) {
  if (s->state == state || s->state == CODICIL_STATE_NOT_OFFERED) {
    return;
  }
  s->state = state;
  codicil_authority_touch(&s->authority);
  codicil_event_queue_push(&s->events, (codicil_event){.type = CODICIL_EVENT_SUPPORT});
  codicil_trace_emit(&s->config->trace, "negotiate:support",
                     codicil_trace_text("support", state == CODICIL_STATE_ON ? "yes" : "no"));
}

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-3.1
//# Endpoints MUST NOT use any of the
//# authentication functionality described in this document unless they have
//# both sent and received `SETTINGS_HTTP_SERVER_CERT_AUTH` with a value of 1.
codicil_err codicil_on_setting(codicil_session *s, const codicil_session_arg *arg) {
  //= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-4.1
  //# The value of the
  //# parameter MUST be 0 or 1.
  //= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-4.2
  //# The value of the
  //# parameter MUST be 0 or 1.
  if (arg->value > 1) {
    return CODICIL_SETTING;
  }
  //= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-3.1
  //# Endpoints MUST NOT send a `SETTINGS_HTTP_SERVER_CERT_AUTH` parameter with a
  //# value of 0 after previously sending a value of 1.
  if (arg->value == 0 && s->peer_sent_one) {
    return CODICIL_SETTING;
  }
  if (arg->value == 1) {
    s->peer_sent_one = true;
    //= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-5.2
    //# An endpoint MUST treat a SERVER_CERTIFICATE
    //# frame received on any stream other than the control stream as a connection error.
    //
    // Also where QUIC brought it before the SETTINGS that allow the frame at all.
    if (s->had_frame_elsewhere && s->config->offer) {
      return CODICIL_UNEXPECTED;
    }
    enter(s, CODICIL_STATE_ON);
  }
  return CODICIL_OK;
}

// Without the setting, or with 0, the first SETTINGS say no. A later SETTINGS of HTTP/2 may still
// say yes.
codicil_err codicil_on_settings_end(codicil_session *s, const codicil_session_arg *arg) {
  (void)arg;
  if (s->state == CODICIL_STATE_AWAIT_SETTINGS) {
    enter(s, CODICIL_STATE_OFF);
  } else if (s->state == CODICIL_STATE_NOT_OFFERED && !s->has_said_support) {
    codicil_event_queue_push(&s->events, (codicil_event){.type = CODICIL_EVENT_SUPPORT});
  }
  s->has_said_support = true;
  return CODICIL_OK;
}
