// HTTP/2's transport: TCP, TLS, the end. See connection_h2.h; HTTP/2 itself is in connection_h2.c.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/connection_h2.h"
#include "client/exit_code.h"
#include "codicil/ossl.h"
#include "io/address.h"

enum { ALERT_NO_APPLICATION_PROTOCOL = 120 };

// How long a closed connection waits for the peer's end.
static const double farewell_s = 1.;

static connection_h2 *tcp_of(client_transport *transport) {
  return (connection_h2 *)transport;
}

// ---- the end ------------------------------------------------------------------------------------

static void clear(connection_h2 *t) {
  client_dial_free(t->dial);
  t->dial = NULL;
  connection_h2_clear(t);
  codicil_session_free(t->base.session);
  codicil_ossl_tls_free(t->tls);
  t->base.session = NULL;
  t->tls = NULL;
  if (t->has_stream) {
    io_stream_clear(&t->stream);
    t->has_stream = false;
  }
}

static void tcp_free(client_transport *transport) {
  clear(tcp_of(transport));
  free(transport);
}

static void tcp_abort(client_transport *transport) {
  connection_h2 *t = tcp_of(transport);
  client_dial_free(t->dial);
  t->dial = NULL;
  if (t->has_stream) {
    io_stream_abort(&t->stream, NULL); // and on_closed follows
  } else if (!transport->is_over) {
    connection_over(transport);
  }
}

// Why TLS did not come about.
static void explain_handshake(connection_h2 *t) {
  const tls_client_verdict *verdict = tls_client_judge(t->stream.ssl);
  const char *host = t->base.connection->origin.host;
  char text[256] = "the peer closed the connection";
  io_stream_error(&t->stream, text, sizeof text);
  if (verdict->is_examined && !verdict->is_good) {
    connection_explain_verdict(&t->base, verdict);
  } else if (io_stream_alert(&t->stream) == ALERT_NO_APPLICATION_PROTOCOL) {
    connection_explain(&t->base, EXIT_SSL_CONNECT_ERROR,
                       "%s does not speak HTTP/2 (TLS alert no_application_protocol)", host);
  } else {
    connection_explain(&t->base, EXIT_SSL_CONNECT_ERROR, "%s: %s", host, text);
  }
}

static void on_closed(void *user) {
  connection_h2 *t = user;
  client_connection *c = t->base.connection;
  bool is_explained = t->base.failure.exit_code != 0 || c->failure.exit_code != 0;
  if (!is_explained && t->ng == NULL) {
    explain_handshake(t);
  } else if (!is_explained && !t->is_ending) {
    char text[256] = "the server closed the connection";
    io_stream_error(&t->stream, text, sizeof text);
    connection_explain(&t->base, EXIT_RECV_ERROR, "%s: %s", c->origin.host, text);
  }
  connection_over(&t->base);
  clear(t); // here alone the stream may go
}

void connection_tcp_farewell(connection_h2 *t) {
  if (t->has_stream) {
    io_stream_end(&t->stream);
    connection_start_timer(t->base.connection, farewell_s);
  }
}

// ---- TLS is there -------------------------------------------------------------------------------

static bool speaks_h2(SSL *ssl) {
  const unsigned char *protocol = NULL;
  unsigned len = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &len);
  return len == 2 && memcmp(protocol, "h2", 2) == 0;
}

static bool start_session(connection_h2 *t, bool is_verified) {
  tls_client_chain chain = {0};
  bool ok = !is_verified || tls_client_chain_read(&chain, t->stream.ssl);
  if (codicil_ossl_tls_new(&t->tls, t->stream.ssl) != CODICIL_OK) {
    t->tls = NULL;
  }
  ok = ok && connection_secured(&t->base, t->tls, chain.entries, chain.num_entries) &&
       connection_h2_start(t);
  tls_client_chain_clear(&chain);
  return ok;
}

static void on_ready(void *user) {
  connection_h2 *t = user;
  const client_connection *c = t->base.connection;
  SSL *ssl = t->stream.ssl;
  const tls_client_verdict *verdict = tls_client_judge(ssl);
  t->base.tls = SSL_get_version(ssl);
  verbose_line(c->net->verbose, c->id, "%s with %s, %s", t->base.tls, SSL_get_cipher_name(ssl),
               verdict->is_good ? "certificate verified" : verdict->text);
  if (!verdict->is_good && !tls_client_is_insecure(c->net->tls)) {
    explain_handshake(t); // TLS 1.2, where the verdict comes last
    io_stream_abort(&t->stream, NULL);
  } else if (!speaks_h2(ssl)) {
    connection_fail(&t->base, EXIT_HTTP2, "%s does not speak HTTP/2 (it did not choose h2)",
                    c->origin.host);
  } else if (!start_session(t, verdict->is_good)) {
    connection_fail(&t->base, EXIT_OUT_OF_MEMORY, "%s: HTTP/2 could not be set up", c->origin.host);
  } else {
    connection_ready(&t->base);
  }
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
  connection_h2 *t = user;
  client_connection *c = t->base.connection;
  client_dial_free(t->dial);
  t->dial = NULL;
  if (fd < 0) {
    connection_fail(&t->base, EXIT_COULDNT_CONNECT, "could not connect to %s port %u: %s",
                    c->endpoint.host, t->base.port, strerror(sys_error));
    return;
  }
  app_error err;
  SSL *ssl = tls_client_connection(c->net->tls, &c->origin, &err);
  if (ssl == NULL || !io_stream_open(&t->stream, c->net->loop, fd, ssl, &stream_handler, t, &err)) {
    SSL_free(ssl);
    close(fd);
    connection_fail(&t->base, EXIT_SSL_CONNECT_ERROR, "%s", err.text);
    return;
  }
  t->has_stream = true;
  connection_connected(&t->base, address, t->base.port);
}

static void tcp_open(client_transport *transport) {
  client_connection *c = transport->connection;
  if (!client_dial_new(&tcp_of(transport)->dial, c->net->loop, c->addresses, c->num_addresses,
                       transport->port, on_dialled, transport)) {
    connection_fail(transport, EXIT_OUT_OF_MEMORY, "out of memory");
  }
}

static bool local(const client_transport *transport, io_address *out) {
  const connection_h2 *t = (const connection_h2 *)transport;
  out->len = sizeof out->storage;
  return t->has_stream &&
         getsockname(t->stream.io.fd, (struct sockaddr *)&out->storage, &out->len) == 0;
}

static void octets(const client_transport *transport, uint64_t *out_in, uint64_t *out_out) {
  const connection_h2 *t = (const connection_h2 *)transport;
  *out_in = t->stream.octets_in;
  *out_out = t->stream.octets_out;
}

static const client_transport_ops ops = {.protocol = "h2",
                                         .http_version = "2",
                                         .open = tcp_open,
                                         .submit = connection_h2_submit,
                                         .cancel = connection_h2_cancel,
                                         .forget = connection_h2_forget,
                                         .consume = connection_h2_consume,
                                         .end = connection_h2_end,
                                         .abort = tcp_abort,
                                         .local = local,
                                         .octets = octets,
                                         .error_name = connection_h2_error_name,
                                         .free = tcp_free};

client_transport *connection_h2_new(client_connection *c) {
  connection_h2 *t = calloc(1, sizeof *t);
  if (t == NULL) {
    return NULL;
  }
  t->base.ops = &ops;
  t->base.connection = c;
  t->base.port = c->endpoint.port;
  return &t->base;
}
