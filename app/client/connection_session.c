// A connection and the library's session on it: events, and whose requests may go here. See
// connection.h.
#include "client/connection_state.h"
#include "client/exit_code.h"

// Requests that hang on DNS are held for it, also where it is asked for when the time for
// certificates is over.
static void hold_for_dns(client_connection *c) {
  uint64_t until_ns =
      c->net->loop->now.mono_ns + choose_wait_ns(c->net->coalesce_wait_ms, UINT64_MAX);
  c->hold_until_ns = until_ns > c->hold_until_ns ? until_ns : c->hold_until_ns;
}

void connection_events(client_connection *c) {
  const client_verbose *verbose = c->net->verbose;
  codicil_session *session = c->transport->session;
  codicil_event event;
  bool any = false;
  while (session != NULL && codicil_session_next_event(session, &event)) {
    any = true;
    switch (event.type) {
    case CODICIL_EVENT_SUPPORT:
      verbose_line(verbose, c->id, "secondary certificates: %s",
                   codicil_session_support(session) == CODICIL_SUPPORT_YES
                       ? "the server supports them"
                       : "not on this connection");
      break;
    case CODICIL_EVENT_CERTIFICATE:
      verbose_certificate(verbose, c->id, session, event.index);
      break;
    case CODICIL_EVENT_ORIGIN_SET:
      verbose_origin_set(verbose, c->id, session);
      break;
    case CODICIL_EVENT_SKIPPED:
      verbose_line(verbose, c->id, "a certificate was passed over: %s",
                   codicil_cert_reason_text(CODICIL_CERT_LIMIT));
      break;
    case CODICIL_EVENT_WANT_DNS:
      hold_for_dns(c);
      c->net->want_dns(c->net->user, c, event.index);
      break;
    default: // a server's
      break;
    }
  }
  if (any) {
    c->net->news(c->net->user, c);
  }
}

// ---- whose requests may go here -----------------------------------------------------------------

// --connect-to makes an address mean something for its port only: an endpoint on another port is
// elsewhere.
static codicil_evidence evidence_here(const client_connection *c, const client_endpoint *endpoint,
                                      const codicil_evidence *evidence) {
  codicil_evidence here = *evidence;
  if ((c->endpoint.is_mapped || endpoint->is_mapped) && c->endpoint.port != endpoint->port) {
    here.num_addresses = 0;
  }
  return here;
}

static bool address_matches(const client_connection *c, const codicil_evidence *evidence) {
  for (size_t i = 0; i < evidence->num_addresses; i++) {
    for (size_t j = 0; j < c->num_addresses; j++) {
      if (codicil_address_equal(&evidence->addresses[i], &c->addresses[j])) {
        return true;
      }
    }
  }
  return false;
}

static codicil_route own_only_route(bool is_own) {
  return (codicil_route){.answer = is_own ? CODICIL_USE : CODICIL_NO,
                         .reason = is_own ? CODICIL_ROUTE_OWN_ORIGIN : CODICIL_ROUTE_NOT_COVERED,
                         .certificate = SIZE_MAX,
                         .proved_by = SIZE_MAX,
                         .rule = "RFC 9110 §4.3.4"};
}

choose_fact client_connection_fact(client_connection *c, const codicil_origin *origin,
                                   const client_endpoint *endpoint,
                                   const codicil_evidence *evidence) {
  codicil_evidence here = evidence_here(c, endpoint, evidence);
  choose_fact fact = {.stage = c->stage,
                      .is_own = codicil_origin_equal(origin, &c->origin),
                      .address_matches = address_matches(c, &here),
                      .hold_until_ns = c->hold_until_ns};
  if (c->stage == CHOOSE_CONNECTING || c->stage == CHOOSE_CLOSED) {
    return fact;
  }
  if (c->is_own_only) {
    fact.support = CODICIL_SUPPORT_NO;
    fact.route = own_only_route(fact.is_own);
    return fact;
  }
  codicil_session *session = c->transport->session;
  codicil_err err =
      codicil_session_route(session, &fact.route, origin, &here, io_loop_now(c->net->loop));
  if (err != CODICIL_OK) {
    fact.stage = CHOOSE_CLOSED;
    return fact;
  }
  connection_events(c); // what was examined for this answer, and what it hangs on
  fact.hold_until_ns = c->hold_until_ns;
  fact.support = codicil_session_support(session);
  // Before our SETTINGS were acknowledged the server cannot name what it would prove to us.
  fact.origin_set_is_final = c->had_settings_ack && codicil_session_origin_set_initialised(session);
  return fact;
}

const codicil_origin *client_connection_dns_want(const client_connection *c, size_t index) {
  const codicil_session *session = client_connection_session(c);
  return session != NULL ? codicil_session_dns_want(session, index) : NULL;
}

void client_connection_resume_dns(client_connection *c, size_t index,
                                  const client_endpoint *endpoint, const codicil_evidence *evidence,
                                  int64_t until_s) {
  codicil_evidence here = evidence_here(c, endpoint, evidence);
  if (codicil_session_resume_dns(c->transport->session, index, &here, until_s,
                                 io_loop_now(c->net->loop)) != CODICIL_OK) {
    c->stage = CHOOSE_CLOSED; // out of memory: what hangs on it would wait for ever
  }
  connection_events(c);
  c->net->news(c->net->user, c);
}

bool client_connection_is_within(const client_connection *connection,
                                 const client_connection *other) {
  const codicil_session *session = client_connection_session(connection);
  const codicil_session *wider = client_connection_session(other);
  return session != NULL && wider != NULL && codicil_session_is_within(session, wider);
}

void client_connection_misdirected(client_connection *c, const codicil_origin *origin) {
  codicil_session *session = c->transport != NULL ? c->transport->session : NULL;
  if (session != NULL && !c->is_own_only &&
      codicil_session_misdirected(session, origin) != CODICIL_OK) {
    c->stage = CHOOSE_CLOSED; // it cannot remember: nothing more goes here
  }
}

bool client_connection_accepts(const client_connection *c, size_t index) {
  codicil_certificate_info info;
  const codicil_session *session = client_connection_session(c);
  return c->is_own_only || (session != NULL && codicil_session_certificate(session, &info, index) &&
                            info.decision == CODICIL_ACCEPTED);
}

void client_connection_policy_changed(client_connection *c) {
  codicil_session *session = c->transport != NULL ? c->transport->session : NULL;
  if (session == NULL || c->is_own_only) {
    return;
  }
  codicil_err err = codicil_session_policy_changed(session, io_loop_now(c->net->loop));
  connection_events(c);
  if (err != CODICIL_OK) {
    connection_fail(c->transport, EXIT_PEER_FAILED_VERIFICATION,
                    "the server's certificates could not be judged by the block list: %s",
                    codicil_err_text(err));
  } else if (!client_connection_accepts(c, 0)) {
    connection_fail(c->transport, EXIT_PEER_FAILED_VERIFICATION,
                    "the server's certificate is on the block list (%s)",
                    codicil_cert_reason_word(CODICIL_CERT_BLOCKED));
  }
}
