// One HTTP/2 connection's life: TCP, TLS, the library's session, the end. See connection.h; HTTP/2
// itself is in connection_h2.c.
#include "client/connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/connection_state.h"
#include "client/exit_code.h"
#include "codicil/ossl.h"
#include "io/address.h"

enum { DEFAULT_CONNECT_TIMEOUT_MS = 300000, MAX_REASON = 512, ALERT_NO_APPLICATION_PROTOCOL = 120 };

// How long others are held for SETTINGS, which every server owes at once; from their arrival on,
// --coalesce-wait counts.
static const uint64_t settings_patience_ns = 1000000000;
// How long a closed connection waits for the peer's end.
static const double farewell_s = 1.;

// ---- the end ------------------------------------------------------------------------------------

void connection_note_close(client_connection *c, bool has_code, uint32_t code,
                           codicil_span reason) {
  if (c->is_closed) {
    return;
  }
  c->is_closed = true;
  c->has_close_code = has_code;
  c->close_code = code;
  reason.len = reason.len < MAX_REASON ? reason.len : MAX_REASON;
  c->close_reason = report_printable(reason);
}

static void free_transport(client_connection *c) {
  codicil_h2_free(c->h2);
  nghttp2_session_del(c->ng);
  codicil_session_free(c->session);
  codicil_ossl_tls_free(c->tls);
  c->h2 = NULL;
  c->ng = NULL;
  c->session = NULL;
  c->tls = NULL;
  if (c->has_stream) {
    io_stream_clear(&c->stream);
    c->has_stream = false;
  }
}

// Nothing more happens here: what was sent on it hears of it, then the pool.
static void lose(client_connection *c) {
  c->stage = CHOOSE_CLOSED;
  ev_timer_stop(c->net->loop->ev, &c->timer);
  client_dial_free(c->dial);
  c->dial = NULL;
  connection_h2_lose(c);
  c->net->news(c->net->user, c);
}

static void explain(client_connection *c, int exit_code, const char *format, va_list args)
    CODICIL_PRINTF(3, 0);
static void explain(client_connection *c, int exit_code, const char *format, va_list args) {
  if (c->failure.exit_code != 0) {
    return;
  }
  c->failure.exit_code = exit_code;
  vsnprintf(c->failure.text, sizeof c->failure.text, format, args);
  connection_note_close(c, false, 0, codicil_span_of(c->failure.text, strlen(c->failure.text)));
  verbose_line(c->net->verbose, c->id, "%s", c->failure.text);
}

// Says why, and no more: the stream is over already, or is ended by the caller.
static void note(client_connection *c, int exit_code, const char *format, ...) CODICIL_PRINTF(3, 4);
static void note(client_connection *c, int exit_code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  explain(c, exit_code, format, args);
  va_end(args);
}

void connection_fail(client_connection *c, int exit_code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  explain(c, exit_code, format, args);
  va_end(args);
  if (c->has_stream) {
    io_stream_abort(&c->stream, NULL); // and on_closed follows
  } else {
    lose(c);
  }
}

// Why TLS did not come about.
static void explain_handshake(client_connection *c) {
  const tls_client_verdict *verdict = tls_client_judge(c->stream.ssl);
  const char *host = c->origin.host;
  char text[256] = "the peer closed the connection";
  io_stream_error(&c->stream, text, sizeof text);
  if (verdict->is_examined && !verdict->is_good) {
    int code = verdict->is_unarmed ? EXIT_SSL_CACERT_BADFILE : EXIT_PEER_FAILED_VERIFICATION;
    note(c, code, "%s (%s)", verdict->text,
         verdict->reason != CODICIL_CERT_NONE ? codicil_cert_reason_word(verdict->reason) : "name");
  } else if (io_stream_alert(&c->stream) == ALERT_NO_APPLICATION_PROTOCOL) {
    note(c, EXIT_SSL_CONNECT_ERROR, "%s does not speak HTTP/2 (TLS alert no_application_protocol)",
         host);
  } else {
    note(c, EXIT_SSL_CONNECT_ERROR, "%s: %s", host, text);
  }
}

static void on_closed(void *user) {
  client_connection *c = user;
  if (c->failure.exit_code == 0 && c->stage == CHOOSE_CONNECTING) {
    explain_handshake(c);
  } else if (c->failure.exit_code == 0 && !c->is_ending) {
    char text[256] = "the server closed the connection";
    io_stream_error(&c->stream, text, sizeof text);
    note(c, EXIT_RECV_ERROR, "%s: %s", c->origin.host, text);
  }
  lose(c);
  // Here alone the stream may go. What the session knew is kept for the report.
  report_connection *kept = calloc(1, sizeof *kept);
  if (kept != NULL && !client_connection_report(c, kept)) {
    report_connection_clear(kept);
  }
  c->kept = kept;
  free_transport(c);
}

static void on_timeout(struct ev_loop *ev, ev_timer *timer, int events) {
  (void)ev;
  (void)events;
  client_connection *c = timer->data;
  if (c->stage == CHOOSE_CONNECTING) {
    connection_fail(c, EXIT_OPERATION_TIMEDOUT, "connecting to %s port %u timed out",
                    c->endpoint.host, c->endpoint.port);
  } else {
    io_stream_abort(&c->stream, NULL);
  }
}

static void start_timer(client_connection *c, double seconds) {
  ev_timer_stop(c->net->loop->ev, &c->timer);
  ev_timer_set(&c->timer, seconds, 0.);
  ev_timer_start(c->net->loop->ev, &c->timer);
}

void connection_farewell(client_connection *c) {
  c->stage = CHOOSE_CLOSED;
  if (c->has_stream) {
    io_stream_end(&c->stream);
    start_timer(c, farewell_s);
  }
}

// ---- events of the library ----------------------------------------------------------------------

void connection_events(client_connection *c) {
  const client_verbose *verbose = c->net->verbose;
  codicil_event event;
  bool any = false;
  while (c->session != NULL && codicil_session_next_event(c->session, &event)) {
    any = true;
    switch (event.type) {
    case CODICIL_EVENT_SUPPORT:
      verbose_line(verbose, c->id, "secondary certificates: %s",
                   codicil_session_support(c->session) == CODICIL_SUPPORT_YES
                       ? "the server supports them"
                       : "not on this connection");
      break;
    case CODICIL_EVENT_CERTIFICATE:
      verbose_certificate(verbose, c->id, c->session, event.index);
      break;
    case CODICIL_EVENT_ORIGIN_SET:
      verbose_origin_set(verbose, c->id, c->session);
      break;
    case CODICIL_EVENT_SKIPPED:
      verbose_line(verbose, c->id, "a certificate was passed over: %s",
                   codicil_cert_reason_text(CODICIL_CERT_LIMIT));
      break;
    default: // a server's
      break;
    }
  }
  if (any) {
    c->net->news(c->net->user, c);
  }
}

// ---- TLS is there -------------------------------------------------------------------------------

static bool speaks_h2(SSL *ssl) {
  const unsigned char *protocol = NULL;
  unsigned len = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &len);
  return len == 2 && memcmp(protocol, "h2", 2) == 0;
}

static bool introduce(client_connection *c) {
  codicil_peer peer = {.address = c->addresses[0],
                       .port = c->endpoint.is_mapped ? c->origin.port : c->endpoint.port,
                       .origin = c->origin,
                       .sent_sni = c->origin.address.len == 0};
  if (codicil_session_set_peer(c->session, &peer) != CODICIL_OK) {
    return false;
  }
  // What was not verified proves nothing, to the library neither.
  tls_client_chain chain = {0};
  bool ok = c->is_own_only || (tls_client_chain_read(&chain, c->stream.ssl) &&
                               codicil_session_set_primary(c->session, chain.entries,
                                                           chain.num_entries) == CODICIL_OK);
  tls_client_chain_clear(&chain);
  return ok;
}

// A connection that cannot export keys, or whose certificate is not verified, is an ordinary one.
static bool start_session(client_connection *c) {
  const client_net *net = c->net;
  bool offer =
      c->offer && !c->is_own_only && codicil_ossl_tls_new(&c->tls, c->stream.ssl) == CODICIL_OK;
  const codicil_config *config = offer ? net->config : net->plain_config;
  return codicil_session_new(&c->session, NULL, config, CODICIL_CLIENT) == CODICIL_OK &&
         (c->tls == NULL || codicil_session_tls_ready(c->session, c->tls) == CODICIL_OK) &&
         introduce(c) && connection_h2_start(c);
}

static void on_ready(void *user) {
  client_connection *c = user;
  SSL *ssl = c->stream.ssl;
  const tls_client_verdict *verdict = tls_client_judge(ssl);
  c->is_own_only = !verdict->is_good;
  c->tls_version = strdup(SSL_get_version(ssl));
  verbose_line(c->net->verbose, c->id, "%s with %s, %s", SSL_get_version(ssl),
               SSL_get_cipher_name(ssl), verdict->is_good ? "certificate verified" : verdict->text);
  if (!verdict->is_good && !tls_client_is_insecure(c->net->tls)) {
    explain_handshake(c); // TLS 1.2, where the verdict comes last
    io_stream_abort(&c->stream, NULL);
    return;
  }
  if (!speaks_h2(ssl)) {
    connection_fail(c, EXIT_HTTP2, "%s does not speak HTTP/2 (it did not choose h2)",
                    c->origin.host);
    return;
  }
  if (!start_session(c)) {
    connection_fail(c, EXIT_OUT_OF_MEMORY, "%s: HTTP/2 could not be set up", c->origin.host);
    return;
  }
  ev_timer_stop(c->net->loop->ev, &c->timer);
  c->stage = CHOOSE_AWAIT_SETTINGS;
  c->ready_ns = c->net->loop->now.mono_ns;
  c->hold_until_ns = c->ready_ns + settings_patience_ns;
  connection_events(c);
  c->net->news(c->net->user, c);
}

static void on_received(void *user, codicil_span bytes) {
  connection_h2_received(user, bytes);
}

static void on_produce(void *user) {
  connection_h2_produce(user);
}

static const io_stream_handler stream_handler = {
    .ready = on_ready, .received = on_received, .produce = on_produce, .closed = on_closed};

// ---- TCP ----------------------------------------------------------------------------------------

static void on_dialled(void *user, int fd, const codicil_address *address, int sys_error) {
  client_connection *c = user;
  client_dial_free(c->dial);
  c->dial = NULL;
  if (fd < 0) {
    connection_fail(c, EXIT_COULDNT_CONNECT, "could not connect to %s port %u: %s",
                    c->endpoint.host, c->endpoint.port, strerror(sys_error));
    return;
  }
  c->addresses[0] = *address;
  c->num_addresses = 1;
  c->connected_ns = c->net->loop->now.mono_ns;
  app_error err;
  SSL *ssl = tls_client_connection(c->net->tls, &c->origin, &err);
  if (ssl == NULL || !io_stream_open(&c->stream, c->net->loop, fd, ssl, &stream_handler, c, &err)) {
    SSL_free(ssl);
    close(fd);
    connection_fail(c, EXIT_SSL_CONNECT_ERROR, "%s", err.text);
    return;
  }
  c->has_stream = true;
  char text[REPORT_REMOTE_TEXT];
  codicil_address_format(address, text, sizeof text);
  verbose_line(c->net->verbose, c->id, "connected to %s port %u for %s", text, c->endpoint.port,
               c->origin.host);
  c->net->news(c->net->user, c); // of its addresses one is left
}

client_connection *client_connection_new(const client_net *net, size_t id,
                                         const codicil_origin *origin,
                                         const client_endpoint *endpoint,
                                         const codicil_address *addresses, size_t num_addresses,
                                         bool offer) {
  client_connection *c = calloc(1, sizeof *c);
  if (c == NULL) {
    return NULL;
  }
  c->net = net;
  c->id = id;
  c->origin = *origin;
  c->endpoint = *endpoint;
  c->offer = offer;
  c->stage = CHOOSE_CONNECTING;
  c->start_ns = net->loop->now.mono_ns;
  c->num_addresses = num_addresses < CLIENT_MAX_ADDRESSES ? num_addresses : CLIENT_MAX_ADDRESSES;
  memcpy(c->addresses, addresses, c->num_addresses * sizeof *addresses);
  ev_timer_init(&c->timer, on_timeout, 0., 0.);
  c->timer.data = c;
  if (!client_dial_new(&c->dial, net->loop, c->addresses, c->num_addresses, endpoint->port,
                       on_dialled, c)) {
    free(c);
    return NULL;
  }
  uint64_t ms = net->connect_timeout_ms != 0 ? net->connect_timeout_ms : DEFAULT_CONNECT_TIMEOUT_MS;
  start_timer(c, (double)ms / 1000);
  return c;
}

void client_connection_free(client_connection *c) {
  if (c == NULL) {
    return;
  }
  ev_timer_stop(c->net->loop->ev, &c->timer);
  client_dial_free(c->dial);
  free_transport(c);
  free(c->tls_version);
  free(c->close_reason);
  if (c->kept != NULL) {
    report_connection_clear(c->kept);
    free(c->kept);
  }
  free(c);
}

// ---- what the pool asks -------------------------------------------------------------------------

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
  codicil_err err =
      codicil_session_route(c->session, &fact.route, origin, &here, io_loop_now(c->net->loop));
  if (err != CODICIL_OK) {
    fact.stage = CHOOSE_CLOSED;
    return fact;
  }
  fact.support = codicil_session_support(c->session);
  // Before our SETTINGS were acknowledged the server cannot name what it would prove to us.
  fact.origin_set_is_final =
      c->had_settings_ack && codicil_session_origin_set_initialised(c->session);
  return fact;
}

bool client_connection_is_within(const client_connection *connection,
                                 const client_connection *other) {
  return connection->session != NULL && other->session != NULL &&
         codicil_session_is_within(connection->session, other->session);
}

void client_connection_misdirected(client_connection *c, const codicil_origin *origin) {
  if (c->session != NULL && !c->is_own_only &&
      codicil_session_misdirected(c->session, origin) != CODICIL_OK) {
    c->stage = CHOOSE_CLOSED; // it cannot remember: nothing more goes here
  }
}

void client_connection_end(client_connection *c) {
  if (c->dial != NULL) {
    client_dial_free(c->dial);
    c->dial = NULL;
  } else if (c->ng != NULL && c->stage != CHOOSE_CLOSED) {
    c->is_ending = true;
    nghttp2_session_terminate_session(c->ng, NGHTTP2_NO_ERROR);
    io_stream_wake(&c->stream);
  }
}

size_t client_connection_id(const client_connection *c) {
  return c->id;
}

const codicil_origin *client_connection_origin(const client_connection *c) {
  return &c->origin;
}

choose_stage client_connection_stage(const client_connection *c) {
  return c->stage;
}

const client_failure *client_connection_failure(const client_connection *c) {
  return &c->failure;
}

const codicil_session *client_connection_session(const client_connection *c) {
  return c->session;
}

uint64_t client_connection_connected_ns(const client_connection *c) {
  return c->connected_ns;
}

uint64_t client_connection_ready_ns(const client_connection *c) {
  return c->ready_ns;
}

void client_connection_ends(const client_connection *c, report_request *out) {
  io_address local = {.len = sizeof local.storage};
  if (c->connected_ns == 0) {
    return;
  }
  codicil_address_format(&c->addresses[0], out->remote_ip, sizeof out->remote_ip);
  out->remote_port = c->endpoint.port;
  if (c->has_stream &&
      getsockname(c->stream.io.fd, (struct sockaddr *)&local.storage, &local.len) == 0) {
    io_address_format_host(&local, out->local_ip, sizeof out->local_ip);
    out->local_port = io_address_port(&local);
  }
}

// ---- the report ---------------------------------------------------------------------------------

static char *dup_or_null(const char *text) {
  return text != NULL ? strdup(text) : NULL;
}

static void report_remote(const client_connection *c, report_connection *out) {
  char host[REPORT_REMOTE_TEXT];
  codicil_address_format(&c->addresses[0], host, sizeof host);
  bool is_v6 = c->addresses[0].len == 16;
  snprintf(out->remote, sizeof out->remote, "%s%s%s:%u", is_v6 ? "[" : "", host, is_v6 ? "]" : "",
           c->endpoint.port);
}

bool client_connection_report(const client_connection *c, report_connection *out) {
  report_connection r = {.id = c->id};
  bool ok = true;
  if (c->kept != NULL) { // the session is gone
    r = *c->kept;
    memset(c->kept, 0, sizeof *c->kept);
  } else {
    ok = report_connection_read(&r, c->session);
    report_remote(c, &r);
    r.tls = dup_or_null(c->tls_version);
    r.sni = c->origin.address.len == 0 ? strdup(c->origin.host) : NULL;
  }
  r.octets_received = c->stream.octets_in;
  r.octets_sent = c->stream.octets_out;
  free(r.closed_name);
  free(r.closed_reason);
  r.is_closed = c->is_closed;
  r.closed_code = c->close_code;
  r.closed_name =
      c->has_close_code ? strdup(verbose_h2_error_name(c->net->codepoints, c->close_code)) : NULL;
  r.closed_reason = dup_or_null(c->close_reason);
  *out = r;
  return ok;
}
