// HTTP/3's transport up to HTTP: QUIC's stack, the handshake and the verdict on the server's
// certificate, the end. See connection_h3.h; HTTP/3 itself is in connection_h3.c.
#include "client/http3.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/connection_h3.h"
#include "client/exit_code.h"
#include "client/verbose_h3.h"

enum { IDLE_MS = 300000, ALERT_NO_APPLICATION_PROTOCOL = 120, CRYPTO_ERROR = 0x100 };

struct client_http3 {
  client_http3_config config;
  quic_config quic;
  quic_stack *stack;
  quic_tls_context *tls;
};

bool client_http3_is_built(void) {
  return true;
}

static connection_h3 *h3_of(client_transport *transport) {
  return (connection_h3 *)transport;
}

static const char *host_of(const connection_h3 *t) {
  return t->base.connection->origin.host;
}

// ---- the end ------------------------------------------------------------------------------------

static void clear(connection_h3 *t) {
  connection_h3_clear(t);
  io_h3_free(t->h3);
  codicil_session_free(t->base.session);
  free(t->chain);
  t->h3 = NULL;
  t->base.session = NULL;
  t->chain = NULL;
  t->num_entries = 0;
}

static void h3_free(client_transport *transport) {
  connection_h3 *t = h3_of(transport);
  if (t->h3 != NULL) {
    quic_discard(io_h3_quic(t->h3));
  }
  clear(t);
  free(t);
}

static void h3_abort(client_transport *transport) {
  connection_h3 *t = h3_of(transport);
  if (t->h3 != NULL) {
    io_h3_close(t->h3, NGHTTP3_H3_NO_ERROR, NULL); // and on_closed follows
  } else if (!transport->is_over) {
    connection_over(transport);
  }
}

// TLS ended the handshake, here or there.
static void explain_alert(connection_h3 *t, uint64_t alert) {
  bool is_insecure = tls_client_is_insecure(t->base.connection->net->tls);
  if (t->verdict.is_examined && !t->verdict.is_good && !is_insecure) {
    connection_explain_verdict(&t->base, &t->verdict);
  } else if (alert == ALERT_NO_APPLICATION_PROTOCOL) {
    connection_explain(&t->base, EXIT_SSL_CONNECT_ERROR,
                       "%s does not speak HTTP/3 (TLS alert no_application_protocol)", host_of(t));
  } else {
    connection_explain(&t->base, EXIT_SSL_CONNECT_ERROR, "%s: TLS over QUIC: alert %s", host_of(t),
                       verbose_alert_name(alert));
  }
}

static void explain_handshake(connection_h3 *t, const quic_end *end) {
  client_transport *base = &t->base;
  const char *host = base->connection->endpoint.host;
  bool is_alert = end->how == QUIC_END_PEER && !end->is_application && end->code >= CRYPTO_ERROR &&
                  end->code <= CRYPTO_ERROR + UINT8_MAX;
  if (end->how == QUIC_END_TLS || is_alert) {
    explain_alert(t, end->code & UINT8_MAX);
  } else if (end->how == QUIC_END_IDLE || end->how == QUIC_END_HANDSHAKE) {
    connection_explain(base, EXIT_OPERATION_TIMEDOUT,
                       "connecting to %s port %u over QUIC timed out", host, base->port);
  } else if (end->how == QUIC_END_NETWORK) {
    connection_explain(base, EXIT_COULDNT_CONNECT, "could not connect to %s port %u over QUIC: %s",
                       host, base->port, strerror((int)end->code));
  } else {
    char text[VERBOSE_END_TEXT];
    verbose_quic_end(base->connection->net->codepoints, end, text);
    connection_explain(base, EXIT_QUIC_CONNECT_ERROR, "%s: QUIC: %s", host_of(t), text);
  }
}

// Of an established connection.
static void explain_end(connection_h3 *t, const quic_end *end) {
  client_connection *c = t->base.connection;
  char text[VERBOSE_END_TEXT];
  verbose_quic_end(c->net->codepoints, end, text);
  const char *reason = end->reason[0] != '\0' ? end->reason : text;
  if (end->is_application && end->code == NGHTTP3_H3_NO_ERROR) {
    connection_h3_note_goaway(t);
  }
  connection_note_close(c, end->is_application, end->code, codicil_span_of(reason, strlen(reason)));
  if (end->how == QUIC_END_LOCAL) {
    // The library or nghttp3 found a mistake of the server's.
    connection_broken(c, EXIT_HTTP3, end->code == c->net->codepoints->h3_error,
                      "HTTP/3 connection error %s", text);
  } else {
    connection_explain(&t->base, EXIT_RECV_ERROR, "%s: %s", c->origin.host, text);
  }
}

static void on_closed(void *user) {
  connection_h3 *t = user;
  const quic_end *end = quic_connection_end(io_h3_quic(t->h3));
  const client_connection *c = t->base.connection;
  bool is_explained = t->base.failure.exit_code != 0 || c->failure.exit_code != 0;
  quic_connection_stats(io_h3_quic(t->h3), &t->stats);
  verbose_quic_stats(c->net->verbose, c->id, &t->stats);
  if (!is_explained && c->transport != &t->base) {
    explain_handshake(t, end);
  } else if (!is_explained && !t->is_ending) {
    explain_end(t, end);
  }
  connection_over(&t->base);
  clear(t);
}

// ---- the handshake ------------------------------------------------------------------------------

static codicil_span copy(uint8_t **at, codicil_span from) {
  uint8_t *to = *at;
  if (from.len > 0) {
    memcpy(to, from.data, from.len);
  }
  *at += from.len;
  return codicil_span_of(to, from.len);
}

// One block: the entries, and behind them their octets.
static bool keep_chain(connection_h3 *t, const codicil_chain_entry *chain, size_t num_entries) {
  size_t len = 0;
  for (size_t i = 0; i < num_entries; i++) {
    len += chain[i].der.len + chain[i].ocsp.len + chain[i].scts.len;
  }
  t->chain = num_entries > 0 ? malloc(num_entries * sizeof *t->chain + len) : NULL;
  if (t->chain == NULL) {
    return false; // a good verdict is one on a chain
  }
  uint8_t *at = (uint8_t *)&t->chain[num_entries];
  for (size_t i = 0; i < num_entries; i++) {
    t->chain[i].der = copy(&at, chain[i].der);
    t->chain[i].ocsp = copy(&at, chain[i].ocsp);
    t->chain[i].scts = copy(&at, chain[i].scts);
  }
  t->num_entries = num_entries;
  return true;
}

static bool judge(void *user, const codicil_chain_entry *chain, size_t num_entries) {
  connection_h3 *t = user;
  const client_connection *c = t->base.connection;
  bool goes_on = tls_client_judge_chain(c->net->tls, &t->verdict, &c->origin, chain, num_entries);
  return goes_on && (!t->verdict.is_good || keep_chain(t, chain, num_entries));
}

static void on_start(void *user) {
  connection_h3 *t = user;
  const client_connection *c = t->base.connection;
  quic_tls *handshake = quic_connection_tls(io_h3_quic(t->h3));
  codicil_tls *tls = NULL;
  if (!quic_tls_speaks_h3(handshake)) {
    connection_fail(&t->base, EXIT_QUIC_CONNECT_ERROR,
                    "%s does not speak HTTP/3 (it did not choose h3)", host_of(t));
    return;
  }
  // A refused certificate has ended the handshake. One that nobody judged is not trusted either.
  if (!t->verdict.is_good && !tls_client_is_insecure(c->net->tls)) {
    connection_fail(&t->base, EXIT_PEER_FAILED_VERIFICATION,
                    "the certificate for %s was not examined", host_of(t));
    return;
  }
  t->base.tls = "TLSv1.3";
  connection_connected(&t->base, &t->base.address, t->base.port);
  verbose_line(c->net->verbose, c->id, "QUIC and %s with %s, %s", t->base.tls,
               quic_tls_suite(handshake),
               t->verdict.is_good ? "certificate verified" : t->verdict.text);
  if (quic_tls_exporter(&tls, handshake) != CODICIL_OK) {
    tls = NULL;
  }
  if (!connection_secured(&t->base, tls, t->chain, t->num_entries) || !connection_h3_start(t)) {
    connection_fail(&t->base, EXIT_OUT_OF_MEMORY, "%s: HTTP/3 could not be set up", host_of(t));
    return;
  }
  connection_ready(&t->base);
}

static void h3_open(client_transport *transport) {
  connection_h3 *t = h3_of(transport);
  const codicil_origin *origin = &transport->connection->origin;
  io_address remote;
  app_error err = {"no such address"};
  t->handler = (io_h3_handler){.start = on_start, .closed = on_closed};
  connection_h3_set_handler(&t->handler);
  t->h3 = io_h3_new(t->http3->config.loop, false, &t->handler, t);
  bool ok = t->h3 != NULL &&
            io_address_from_octets(
                &remote, codicil_span_of(transport->address.octets, transport->address.len),
                transport->port) &&
            io_h3_connect(t->h3, t->http3->stack, t->http3->tls,
                          origin->address.len == 0 ? origin->host : NULL, &remote, t, &err);
  if (!ok) {
    io_h3_free(t->h3);
    t->h3 = NULL;
    connection_fail(transport, EXIT_COULDNT_CONNECT,
                    "could not connect to %s port %u over QUIC: %s",
                    transport->connection->endpoint.host, transport->port, err.text);
  }
}

// ---- what the connection asks -------------------------------------------------------------------

static bool local(const client_transport *transport, io_address *out) {
  const connection_h3 *t = (const connection_h3 *)transport;
  io_address remote;
  if (t->h3 != NULL) {
    quic_connection_path(io_h3_quic(t->h3), out, &remote);
  }
  return t->h3 != NULL;
}

static void octets(const client_transport *transport, uint64_t *out_in, uint64_t *out_out) {
  const connection_h3 *t = (const connection_h3 *)transport;
  quic_stats stats = t->stats;
  if (t->h3 != NULL) {
    quic_connection_stats(io_h3_quic(t->h3), &stats);
  }
  *out_in = stats.octets_in;
  *out_out = stats.octets_out;
}

static const char *error_name(const client_connection *c, uint64_t code) {
  return verbose_h3_error_name(c->net->codepoints, code);
}

// Every exchange is over: there is nobody to drain for.
static void h3_end(client_transport *transport) {
  connection_h3 *t = h3_of(transport);
  t->is_ending = true;
  connection_h3_note_goaway(t);
  if (t->h3 != NULL) {
    io_h3_close(t->h3, NGHTTP3_H3_NO_ERROR, NULL);
  }
}

static const client_transport_ops ops = {.protocol = "h3",
                                         .http_version = "3",
                                         .open = h3_open,
                                         .submit = connection_h3_submit,
                                         .cancel = connection_h3_cancel,
                                         .forget = connection_h3_forget,
                                         .consume = connection_h3_consume,
                                         .end = h3_end,
                                         .abort = h3_abort,
                                         .local = local,
                                         .octets = octets,
                                         .error_name = error_name,
                                         .free = h3_free};

client_transport *client_http3_transport(client_http3 *http3, client_connection *connection,
                                         const codicil_address *address, uint16_t port) {
  connection_h3 *t = calloc(1, sizeof *t);
  if (t == NULL) {
    return NULL;
  }
  t->http3 = http3;
  t->base.ops = &ops;
  t->base.connection = connection;
  t->base.address = *address;
  t->base.port = port;
  return &t->base;
}

// ---- what connections share ---------------------------------------------------------------------

static bool is_writable_directory(const char *path) {
  struct stat st;
  if (stat(path, &st) != 0) {
    return false;
  }
  errno = ENOTDIR;
  return S_ISDIR(st.st_mode) && access(path, W_OK | X_OK) == 0;
}

bool client_http3_new(client_http3 **out, const client_http3_config *config, app_error *err) {
  if (config->qlog_dir != NULL && !is_writable_directory(config->qlog_dir)) {
    return app_fail(err, "--qlog: %s: %s", config->qlog_dir, strerror(errno));
  }
  client_http3 *http3 = calloc(1, sizeof *http3);
  if (http3 == NULL) {
    return app_fail(err, "out of memory");
  }
  quic_tls_client_config tls = {.judge = judge};
  http3->config = *config;
  http3->quic = (quic_config){.stream_window = CLIENT_STREAM_WINDOW,
                              .connection_window = CLIENT_CONNECTION_WINDOW,
                              .handshake_ms = config->connect_timeout_ms,
                              .idle_ms = IDLE_MS,
                              .qlog_dir = config->qlog_dir};
  if (!quic_tls_client_new(&http3->tls, &tls, err) ||
      !quic_stack_new(&http3->stack, config->loop, &http3->quic, NULL, 0, NULL, err)) {
    client_http3_free(http3);
    return false;
  }
  *out = http3;
  return true;
}

void client_http3_free(client_http3 *http3) {
  if (http3 == NULL) {
    return;
  }
  quic_stack_free(http3->stack);
  quic_tls_context_free(http3->tls);
  free(http3);
}
