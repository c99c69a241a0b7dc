// One URL: see request.h.
#include "client/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/exit_code.h"
#include "client/fields.h"

// Tries beyond the first: two for a middlebox, one for 421, one for a closing connection.
enum { MAX_TRIES = 4, MAX_HEADER_LEN = 256 * 1024, MAX_ALT_SVC = 8192 };

static client_request *request_of(client_exchange *exchange) {
  return (client_request *)exchange;
}

static uint64_t now_ns(const client_request *r) {
  return r->context->loop->now.mono_ns;
}

double client_request_seconds(const client_request *r, uint64_t at_ns) {
  return at_ns > r->start_ns ? (double)(at_ns - r->start_ns) / 1e9 : 0.;
}

// ---- the end, or another try --------------------------------------------------------------------

static void leave_connection(client_request *r) {
  if (r->state == CLIENT_REQUEST_SENT && r->connection != NULL) {
    client_connection_cancel(r->connection, &r->exchange);
  }
}

static void finish(client_request *r, int exit_code) {
  ev_timer_stop(r->context->loop->ev, &r->timer);
  r->state = CLIENT_REQUEST_DONE;
  r->report->exit_code = exit_code;
  r->report->times.total = client_request_seconds(r, now_ns(r));
  codicil_buf_clear(&r->header_text);
  r->context->news(r->context->user);
}

static void print_error(const client_request *r) {
  const client_options *options = r->context->options;
  if (!options->silent || options->show_error) {
    fprintf(stderr, "codicil get: (%d) %s\n", r->report->exit_code, r->report->error);
  }
}

void client_request_fail(client_request *r, int exit_code, const char *format, ...) {
  char text[768];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  leave_connection(r);
  free(r->report->error);
  r->report->error = report_printable(codicil_span_of(text, strlen(text)));
  r->report->exit_code = exit_code;
  if (r->report->error != NULL) {
    print_error(r);
  }
  finish(r, exit_code);
}

// RFC 9110 §9.2.2.
static bool is_idempotent(const client_request *r) {
  static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  const char *method = client_options_method(r->context->options);
  for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
    if (strcmp(method, methods[i]) == 0) {
      return true;
    }
  }
  return false;
}

// Whether nothing that came keeps the request from being made again.
static bool may_try_again(client_request *r) {
  return r->num_tries < MAX_TRIES && output_restart(&r->out);
}

// What a header section that ended, or will not end, had of Alternative Services.
static void drop_alt_svc(client_request *r) {
  codicil_buf_reset(&r->alt_svc);
  r->age_s = 0;
}

// Back to the pool, as if nothing had come.
static void try_again(client_request *r, const char *why) {
  r->num_tries++;
  verbose_line(r->context->verbose, client_connection_id(r->connection), "%s is sent again: %s",
               r->url.text, why);
  r->connection = NULL;
  r->opens = false;
  memset(&r->where, 0, sizeof r->where); // DNS may say something else by now
  r->was_held = false;
  r->num_connections = SIZE_MAX;
  r->status = 0;
  r->has_response = false;
  r->owed = 0;
  r->header_len = 0;
  codicil_buf_reset(&r->header_text);
  drop_alt_svc(r);
  r->report->status = 0;
  r->report->size = 0;
  r->report->has_reason = false;
  r->report->certificate[0] = '\0';
  r->report->proved_by[0] = '\0';
  r->report->coalesced = false;
  r->state = CLIENT_REQUEST_RESOLVING;
  r->context->news(r->context->user);
}

static void lost(client_request *r, bool was_sent) {
  const client_failure *failure = client_connection_failure(r->connection);
  // Nothing was at fault but what came beside it, or a connection that others opened.
  bool is_retried = !was_sent || failure->is_authenticator || !r->opens;
  if (is_retried && (!was_sent || is_idempotent(r)) && may_try_again(r)) {
    try_again(r, failure->text);
    return;
  }
  bool is_silent = failure->exit_code == 0 || failure->exit_code == EXIT_RECV_ERROR;
  client_request_fail(
      r, is_silent && !r->has_response ? EXIT_GOT_NOTHING : failure->exit_code, "%s",
      failure->text[0] != '\0' ? failure->text : "the server closes its connections");
}

void client_request_withdraw(client_request *r, const char *why) {
  if (is_idempotent(r) && may_try_again(r)) {
    leave_connection(r);
    try_again(r, why);
  } else {
    client_request_fail(r, EXIT_PEER_FAILED_VERIFICATION, "%s: %s", r->url.text, why);
  }
}

void client_request_lost_connection(client_request *r) {
  const client_failure *failure = client_connection_failure(r->connection);
  bool was_ready = client_connection_ready_ns(r->connection) != 0;
  // An Alternative Service that does not come about is none: there may be another connection.
  if (was_ready || client_connection_wanted_alternative(r->connection)) {
    lost(r, false);
  } else {
    client_request_fail(r, failure->exit_code, "%s", failure->text);
  }
}

static void on_timeout(struct ev_loop *ev, ev_timer *timer, int events) {
  (void)ev;
  (void)events;
  client_request *r = timer->data;
  client_request_fail(r, EXIT_OPERATION_TIMEDOUT,
                      "%s: timed out after %llu milliseconds with %llu octets received",
                      r->url.text, (unsigned long long)r->context->options->max_time_ms,
                      (unsigned long long)r->report->size);
}

// ---- the response -------------------------------------------------------------------------------

static void deliver(client_request *r, codicil_span bytes, bool *out_held) {
  app_error err;
  if (!output_write(&r->out, out_held, bytes, &err)) {
    client_request_fail(r, EXIT_WRITE_ERROR, "%s", err.text);
  }
}

static bool shows_header(const client_request *r) {
  return r->context->options->include || r->context->options->head;
}

static bool is_name(codicil_span name, const char *text) {
  return name.len == strlen(text) && memcmp(name.data, text, name.len) == 0;
}

static bool append(codicil_buf *buf, codicil_span a, const char *b) {
  return codicil_buf_append(buf, a) == CODICIL_OK &&
         codicil_buf_append(buf, codicil_span_of(b, strlen(b))) == CODICIL_OK;
}

static bool show_field(client_request *r, codicil_span name, codicil_span value) {
  if (is_name(name, ":status")) {
    return append(&r->header_text, codicil_span_of("HTTP/", 5), r->report->http_version) &&
           append(&r->header_text, codicil_span_of(" ", 1), "") &&
           append(&r->header_text, value, " \r\n");
  }
  return append(&r->header_text, name, ": ") && append(&r->header_text, value, "\r\n");
}

// 0 for what is no number.
static int64_t seconds_of(codicil_span value) {
  int64_t seconds = 0;
  for (size_t i = 0; i < value.len; i++) {
    uint8_t digit = value.data[i];
    if (digit < '0' || digit > '9') {
      return 0;
    }
    seconds = seconds * 10 + (digit - '0');
    seconds = seconds < INT32_MAX ? seconds : INT32_MAX;
  }
  return seconds;
}

// Several fields are one (RFC 9110 §5.3). What is too long to keep is as if it had not come.
static void note_alt_svc(client_request *r, codicil_span value) {
  size_t len = r->alt_svc.len;
  codicil_span comma = codicil_span_of(",", len > 0 ? 1 : 0);
  if (r->context->alt_svc != NULL &&
      !(append(&r->alt_svc, comma, "") && append(&r->alt_svc, value, ""))) {
    r->alt_svc.len = len;
  }
}

static void on_field(client_exchange *exchange, codicil_span name, codicil_span value) {
  client_request *r = request_of(exchange);
  if (r->state != CLIENT_REQUEST_SENT) {
    return;
  }
  r->header_len += name.len + value.len + 4;
  r->report->size_header += name.len + value.len + 4;
  bool ok = r->header_len <= MAX_HEADER_LEN;
  if (is_name(name, ":status") && value.len == 3) {
    r->status = (unsigned)((value.data[0] - '0') * 100 + (value.data[1] - '0') * 10 +
                           (value.data[2] - '0'));
  } else if (is_name(name, "content-type") && !r->has_response) {
    free(r->report->content_type);
    r->report->content_type = report_printable(value);
  } else if (is_name(name, "alt-svc") && !r->has_response) {
    note_alt_svc(r, value);
  } else if (is_name(name, "age") && !r->has_response) {
    r->age_s = seconds_of(value);
  }
  r->report->num_headers += name.len > 0 && name.data[0] != ':' ? 1 : 0;
  if (ok && shows_header(r) && !r->has_response) {
    ok = show_field(r, name, value);
  }
  if (!ok) {
    client_request_fail(r, EXIT_RECV_ERROR, "%s: the response has more than %d octets of headers",
                        r->url.text, MAX_HEADER_LEN);
  }
}

//= https://www.rfc-editor.org/rfc/rfc7838#section-6
//# Clients receiving 421 (Misdirected Request) from an alternative
//# service MUST remove the corresponding entry from its alternative
//# service cache (see Section 2.2) for that origin.
//
// RFC 9110 §15.5.20: another connection may have another answer. One that was opened for this
// origin already gave its own, unless it leads to an Alternative Service.
static bool retry_misdirected(client_request *r) {
  client_connection *c = r->connection;
  client_connection_misdirected(c, &r->url.origin);
  bool is_own = codicil_origin_equal(client_connection_origin(c), &r->url.origin);
  uint16_t port = client_connection_alternative_port(c);
  if (is_own && port != 0) {
    alt_svc_cache_forget(r->context->alt_svc, &r->url.origin, port);
  }
  if ((is_own && port == 0) || !may_try_again(r)) {
    return false;
  }
  leave_connection(r);
  try_again(r, "the server answered 421 (Misdirected Request)");
  r->must_open = true;
  return true;
}

// RFC 7838 §2.1: only an authoritative response may name alternatives; §6: a 421 may not. §3.1:
// from a cache on the way it has been true for a while.
static void learn_alternatives(client_request *r) {
  if (r->context->alt_svc != NULL && r->alt_svc.len > 0 && r->status != 421 &&
      client_connection_is_verified(r->connection)) {
    alt_svc_cache_update(r->context->alt_svc, &r->url.origin,
                         client_connection_is_h3(r->connection) ? ALT_SVC_H3 : ALT_SVC_H2,
                         codicil_buf_span(&r->alt_svc), r->context->loop->now.unix_s - r->age_s);
  }
  drop_alt_svc(r);
}

static void show_section(client_request *r) {
  bool is_held = false;
  if (shows_header(r) && append(&r->header_text, codicil_span_of("\r\n", 2), "")) {
    deliver(r, codicil_buf_span(&r->header_text), &is_held);
  }
  codicil_buf_reset(&r->header_text);
}

static void on_section(client_exchange *exchange) {
  client_request *r = request_of(exchange);
  if (r->state != CLIENT_REQUEST_SENT || r->has_response) {
    return; // trailers
  }
  if (r->status >= 100 && r->status < 200) {
    show_section(r);
    drop_alt_svc(r);
    return;
  }
  learn_alternatives(r);
  if (r->status == 421 && retry_misdirected(r)) {
    return;
  }
  r->has_response = true;
  r->report->status = r->status;
  r->report->times.starttransfer = client_request_seconds(r, now_ns(r));
  if (r->context->options->fail && r->status >= 400) {
    client_request_fail(r, EXIT_HTTP_RETURNED_ERROR, "%s: the server answered %u", r->url.text,
                        r->status);
    return;
  }
  show_section(r);
}

static void on_data(client_exchange *exchange, codicil_span bytes, bool *out_held) {
  client_request *r = request_of(exchange);
  if (r->state == CLIENT_REQUEST_SENT) {
    r->report->size += bytes.len;
    deliver(r, bytes, out_held);
    r->owed += *out_held ? bytes.len : 0;
    if (*out_held && output_is_blocked(&r->out)) {
      r->context->news(r->context->user); // its next turn waits for the reader
    }
  }
}

// An empty body makes an empty file, as in curl.
static void complete(client_request *r) {
  bool is_held = false;
  r->report->size_upload = r->exchange.body_sent;
  deliver(r, codicil_span_of(NULL, 0), &is_held);
  if (r->state != CLIENT_REQUEST_DONE) {
    finish(r, 0);
  }
}

static void on_done(client_exchange *exchange, const client_end *end) {
  client_request *r = request_of(exchange);
  bool wants_other = end->how == CLIENT_END_FALLBACK;
  r->state = CLIENT_REQUEST_OPENING; // of no use to the connection any more
  switch (end->how) {
  case CLIENT_END_COMPLETE:
    if (r->has_response) {
      complete(r);
    } else {
      client_request_fail(r, EXIT_GOT_NOTHING, "%s: the stream ended without a response",
                          r->url.text);
    }
    break;
  case CLIENT_END_REFUSED:
    if (may_try_again(r)) {
      try_again(r, "the server did not process it");
    } else {
      client_request_fail(r, end->exit_code, "%s: the server refused the stream %u times",
                          r->url.text, r->num_tries);
    }
    break;
  case CLIENT_END_RESET:
  case CLIENT_END_FALLBACK:
    client_request_fail(
        r, end->exit_code, "%s: %sstream %lld was %s: %s (%llu)", r->url.text,
        wants_other ? "the server wants HTTP/1.1 for it: " : "", (long long)exchange->stream_id,
        wants_other ? "reset" : "not closed cleanly", end->name, (unsigned long long)end->code);
    break;
  case CLIENT_END_CONNECTION:
    lost(r, true);
    break;
  }
}

static const client_exchange_handler handler = {
    .field = on_field, .section = on_section, .data = on_data, .done = on_done};

// ---- beginning ----------------------------------------------------------------------------------

void client_request_init(client_request *r, const client_request_context *context,
                         report_request *report, const char *url, const client_output *where) {
  const client_options *options = context->options;
  memset(r, 0, sizeof *r);
  r->context = context;
  r->report = report;
  r->exchange.handler = &handler;
  r->exchange.body = codicil_buf_span(&options->body);
  r->start_ns = now_ns(r);
  r->num_connections = SIZE_MAX;
  report->connection = SIZE_MAX;
  report->http_version = options->http == CLIENT_HTTP_3_ONLY ? "3" : "2";
  report->method = strdup(client_options_method(options));
  codicil_buf_init(&r->header_text, NULL, (size_t)MAX_HEADER_LEN * 2);
  codicil_buf_init(&r->alt_svc, NULL, MAX_ALT_SVC);
  ev_timer_init(&r->timer, on_timeout, 0., 0.);
  r->timer.data = r;
  app_error err;
  int code = client_url_parse(&r->url, url, &err);
  report->url = report_printable(code == 0 ? codicil_span_of(r->url.text, strlen(r->url.text))
                                           : codicil_span_of(url, strlen(url)));
  if (code != 0) {
    client_request_fail(r, code, "%s", err.text);
    return;
  }
  r->has_url = true;
  if (!output_init(&r->out, where, &r->url, options->json, (size_t)CLIENT_STREAM_WINDOW * 2,
                   &err)) {
    client_request_fail(r, EXIT_WRITE_ERROR, "%s", err.text);
    return;
  }
  r->has_output = true;
  report->file_name = r->out.path != NULL ? strdup(r->out.path) : NULL;
}

void client_request_clear(client_request *r) {
  ev_timer_stop(r->context->loop->ev, &r->timer);
  if (r->has_url) {
    client_url_clear(&r->url);
  }
  if (r->has_output) {
    output_clear(&r->out);
  }
  codicil_buf_clear(&r->header_text);
  codicil_buf_clear(&r->alt_svc);
}

void client_request_start(client_request *r) {
  const client_options *options = r->context->options;
  r->start_ns = now_ns(r);
  if (options->max_time_ms != 0) {
    ev_timer_set(&r->timer, (double)options->max_time_ms / 1000, 0.);
    ev_timer_start(r->context->loop->ev, &r->timer);
  }
}

bool client_request_send(client_request *r) {
  client_fields fields;
  bool is_own = codicil_origin_equal(client_connection_origin(r->connection), &r->url.origin);
  uint16_t port = is_own ? client_connection_alternative_port(r->connection) : 0;
  if (!client_fields_init(&fields, r->context->options, &r->url, port)) {
    return false;
  }
  bool ok = client_connection_send(r->connection, &r->exchange, fields.items, fields.num);
  client_fields_clear(&fields);
  if (ok) {
    r->state = CLIENT_REQUEST_SENT;
    r->report->connection = client_connection_id(r->connection);
    r->report->http_version = client_connection_http_version(r->connection);
    r->report->times.pretransfer = client_request_seconds(r, now_ns(r));
    client_connection_ends(r->connection, r->report);
  }
  return ok;
}

void client_request_take_turn(client_request *r) {
  app_error err;
  size_t len = 0;
  if (!r->has_output) {
    return;
  }
  if (!output_take_turn(&r->out, &len, &err)) {
    client_request_fail(r, EXIT_WRITE_ERROR, "%s", err.text);
    return;
  }
  // What is written may be the header section, too.
  size_t given = len < r->owed ? len : r->owed;
  r->owed -= given;
  if (given > 0 && r->state == CLIENT_REQUEST_SENT) {
    client_connection_consume(r->connection, &r->exchange, given);
  }
}
