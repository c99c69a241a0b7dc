// What is told of a connection: its ends, for a request, and the row of the report. See
// connection.h.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/connection_state.h"

void client_connection_ends(const client_connection *c, report_request *out) {
  io_address local;
  const client_transport *t = c->transport;
  if (t == NULL || t->connected_ns == 0) {
    return;
  }
  codicil_address_format(&c->addresses[0], out->remote_ip, sizeof out->remote_ip);
  out->remote_port = t->port;
  if (t->ops->local(t, &local)) {
    io_address_format_host(&local, out->local_ip, sizeof out->local_ip);
    out->local_port = io_address_port(&local);
  }
}

static char *dup_or_null(const char *text) {
  return text != NULL ? strdup(text) : NULL;
}

// What it will be where nothing has been tried yet.
static const client_transport *shown(const client_connection *c) {
  return c->transport != NULL ? c->transport : c->transports[0];
}

static void report_remote(const client_connection *c, report_connection *out) {
  char host[REPORT_REMOTE_TEXT];
  codicil_address_format(&c->addresses[0], host, sizeof host);
  bool is_v6 = c->addresses[0].len == 16;
  snprintf(out->remote, sizeof out->remote, "%s%s%s:%u", is_v6 ? "[" : "", host, is_v6 ? "]" : "",
           shown(c)->port);
}

// Of all that were tried: they went over the network for this connection.
static void sum_octets(const client_connection *c, report_connection *out) {
  out->octets_received = 0;
  out->octets_sent = 0;
  for (size_t i = 0; i < c->num_transports; i++) {
    uint64_t in = 0;
    uint64_t sent = 0;
    c->transports[i]->ops->octets(c->transports[i], &in, &sent);
    out->octets_received += in;
    out->octets_sent += sent;
  }
}

bool client_connection_report(const client_connection *c, report_connection *out) {
  report_connection r = {.id = c->id};
  bool ok = true;
  if (c->kept != NULL) { // the session is gone
    r = *c->kept;
    memset(c->kept, 0, sizeof *c->kept);
  } else {
    ok = report_connection_read(&r, client_connection_session(c));
    report_remote(c, &r);
    r.protocol = shown(c)->ops->protocol;
    r.tls = dup_or_null(shown(c)->tls);
    r.sni = c->origin.address.len == 0 ? strdup(c->origin.host) : NULL;
  }
  sum_octets(c, &r);
  free(r.closed_name);
  free(r.closed_reason);
  r.is_closed = c->is_closed;
  r.closed_code = c->close_code;
  r.closed_name = c->has_close_code ? strdup(shown(c)->ops->error_name(c, c->close_code)) : NULL;
  r.closed_reason = dup_or_null(c->close_reason);
  *out = r;
  return ok;
}
