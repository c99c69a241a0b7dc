// The JSON document of --json: see report.h, and codicil-get(1) for its meaning.
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "client/report.h"

// A string, or null for NULL and for text that is not UTF-8.
static json_t *text_or_null(const char *text) {
  json_t *value = text != NULL ? json_string(text) : NULL;
  return value != NULL ? value : json_null();
}

static json_t *strings(char *const *items, size_t num) {
  json_t *array = json_array();
  for (size_t i = 0; i < num; i++) {
    json_array_append_new(array, text_or_null(items[i]));
  }
  return array;
}

static json_t *times_json(const report_times *times) {
  return json_pack("{s:f,s:f,s:f,s:f,s:f,s:f}", "time_namelookup", times->namelookup,
                   "time_connect", times->connect, "time_appconnect", times->appconnect,
                   "time_pretransfer", times->pretransfer, "time_starttransfer",
                   times->starttransfer, "time_total", times->total);
}

static json_t *sha256_or_null(const char *sha256) {
  return text_or_null(sha256[0] != '\0' ? sha256 : NULL);
}

static json_t *evidence_json(const report_evidence *e) {
  if (!e->is_known) {
    return json_null();
  }
  return json_pack("{s:s,s:o,s:f,s:b}", "source", e->is_given ? "given" : "dns", "addresses",
                   strings(e->addresses, e->num_addresses), "age", e->age, "secure", e->is_secure);
}

static json_t *request_json(const report_request *r) {
  bool by_certificate = r->has_reason && r->cert_reason != CODICIL_CERT_NONE;
  return json_pack(
      "{s:o,s:o,s:I,s:o,s:b,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "url", text_or_null(r->url),
      "status", r->status != 0 ? json_integer(r->status) : json_null(), "size", (json_int_t)r->size,
      "connection",
      r->connection != SIZE_MAX ? json_integer((json_int_t)r->connection) : json_null(),
      "coalesced", r->coalesced, "certificate", sha256_or_null(r->certificate), "proved_by",
      sha256_or_null(r->proved_by), "reason",
      text_or_null(r->has_reason ? codicil_route_reason_word(r->reason) : NULL),
      "certificate_reason",
      text_or_null(by_certificate ? codicil_cert_reason_word(r->cert_reason) : NULL), "sentence",
      text_or_null(r->sentence), "error", text_or_null(r->error), "dns",
      evidence_json(&r->evidence), "timings", times_json(&r->times));
}

static json_t *certificate_json(const report_certificate *c) {
  const char *reason = c->reason != CODICIL_CERT_NONE ? codicil_cert_reason_word(c->reason) : NULL;
  return json_pack("{s:o,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:I,s:I}", "names",
                   strings(c->names, c->num_names), "sha256", c->sha256, "decision",
                   codicil_decision_word(c->decision), "reason", text_or_null(reason), "sentence",
                   text_or_null(c->sentence), "rule", text_or_null(c->rule), "required_domains",
                   strings(c->required, c->num_required), "proven_domain", text_or_null(c->proven),
                   "proved_by", sha256_or_null(c->proved_by), "caa_anchor", c->is_caa_anchor,
                   "frames", (json_int_t)c->frames, "octets", (json_int_t)c->octets);
}

static json_t *primary_json(const report_connection *c) {
  if (!c->has_primary) {
    return json_null();
  }
  const report_certificate *p = &c->primary;
  const char *reason = p->reason != CODICIL_CERT_NONE ? codicil_cert_reason_word(p->reason) : NULL;
  return json_pack("{s:o,s:s,s:s,s:o}", "names", strings(p->names, p->num_names), "sha256",
                   p->sha256, "decision", codicil_decision_word(p->decision), "reason",
                   text_or_null(reason));
}

static json_t *closed_json(const report_connection *c) {
  if (!c->is_closed) {
    return json_null();
  }
  return json_pack("{s:I,s:o,s:o}", "code", (json_int_t)c->closed_code, "name",
                   text_or_null(c->closed_name), "reason", text_or_null(c->closed_reason));
}

static json_t *octets_json(const report_connection *c) {
  return json_pack("{s:I,s:I}", "received", (json_int_t)c->octets_received, "sent",
                   (json_int_t)c->octets_sent);
}

static json_t *connection_json(const report_connection *c) {
  json_t *certificates = json_array();
  for (size_t i = 0; i < c->num_certificates; i++) {
    json_array_append_new(certificates, certificate_json(&c->certificates[i]));
  }
  return json_pack("{s:I,s:s,s:s,s:o,s:o,s:b,s:o,s:o,s:I,s:I,s:o,s:o,s:o}", "id", (json_int_t)c->id,
                   "remote", c->remote, "protocol", c->protocol, "tls", text_or_null(c->tls), "sni",
                   text_or_null(c->sni), "negotiated", c->negotiated, "primary", primary_json(c),
                   "certificates", certificates, "skipped", (json_int_t)c->skipped, "ignored",
                   (json_int_t)c->ignored, "octets", octets_json(c), "origin_set",
                   c->has_origin_set ? strings(c->origins, c->num_origins) : json_null(), "closed",
                   closed_json(c));
}

bool report_write_json(const report_document *r, FILE *out) {
  json_t *requests = json_array();
  json_t *connections = json_array();
  for (size_t i = 0; i < r->num_requests; i++) {
    json_array_append_new(requests, request_json(&r->requests[i]));
  }
  for (size_t i = 0; i < r->num_connections; i++) {
    json_array_append_new(connections, connection_json(&r->connections[i]));
  }
  json_t *document = json_pack("{s:o,s:o}", "requests", requests, "connections", connections);
  bool ok = document != NULL &&
            json_dumpf(document, out, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) == 0 &&
            fputc('\n', out) != EOF && fflush(out) == 0;
  json_decref(document);
  return ok;
}
