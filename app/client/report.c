// What is told when all is done, as data: see report.h.
#include "client/report.h"

#include <stdlib.h>
#include <string.h>

static void clear_strings(char **strings, size_t num) {
  for (size_t i = 0; i < num; i++) {
    free(strings[i]);
  }
  free(strings);
}

static void clear_certificate(report_certificate *certificate) {
  clear_strings(certificate->names, certificate->num_names);
  clear_strings(certificate->required, certificate->num_required);
  free(certificate->sentence);
  memset(certificate, 0, sizeof *certificate);
}

void report_request_clear(report_request *request) {
  free(request->url);
  free(request->method);
  free(request->content_type);
  free(request->file_name);
  free(request->error);
  free(request->sentence);
  clear_strings(request->evidence.addresses, request->evidence.num_addresses);
  memset(request, 0, sizeof *request);
}

// What the session told; the rest stays.
static void clear_session_part(report_connection *connection) {
  clear_certificate(&connection->primary);
  for (size_t i = 0; i < connection->num_certificates; i++) {
    clear_certificate(&connection->certificates[i]);
  }
  free(connection->certificates);
  clear_strings(connection->origins, connection->num_origins);
  connection->has_primary = false;
  connection->certificates = NULL;
  connection->num_certificates = 0;
  connection->origins = NULL;
  connection->num_origins = 0;
}

void report_connection_clear(report_connection *connection) {
  clear_session_part(connection);
  free(connection->tls);
  free(connection->sni);
  free(connection->closed_name);
  free(connection->closed_reason);
  memset(connection, 0, sizeof *connection);
}

void report_clear(report_document *r) {
  for (size_t i = 0; i < r->num_requests; i++) {
    report_request_clear(&r->requests[i]);
  }
  for (size_t i = 0; i < r->num_connections; i++) {
    report_connection_clear(&r->connections[i]);
  }
  free(r->requests);
  free(r->connections);
  memset(r, 0, sizeof *r);
}

void report_sha256(char out[REPORT_SHA256_TEXT], const uint8_t *sha256) {
  for (size_t i = 0; i < 32; i++) {
    snprintf(out + 2 * i, 3, "%02x", sha256[i]);
  }
}

char *report_printable(codicil_span bytes) {
  char *text = malloc(bytes.len + 1);
  if (text == NULL) {
    return NULL;
  }
  for (size_t i = 0; i < bytes.len; i++) {
    uint8_t c = bytes.data[i];
    text[i] = (char)(c >= 0x20 && c < 0x7f ? c : '?');
  }
  text[bytes.len] = '\0';
  return text;
}

static char *name_text(const codicil_alt_name *name) {
  if (name->type == CODICIL_ALT_DNS) {
    return report_printable(name->dns);
  }
  char text[REPORT_REMOTE_TEXT];
  codicil_address_format(&name->address, text, sizeof text);
  return strdup(text);
}

static bool read_required(report_certificate *out, const codicil_identity *identity) {
  size_t num = codicil_identity_num_required(identity);
  out->required = calloc(num + 1, sizeof *out->required);
  if (out->required == NULL) {
    return false;
  }
  for (size_t i = 0; i < num; i++) {
    char text[CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
    codicil_required_domain_format(codicil_identity_required(identity, i), text, sizeof text);
    out->required[i] = strdup(text);
    if (out->required[i] == NULL) {
      return false;
    }
    out->num_required++;
  }
  return true;
}

// Why it is decided upon as it is, and what proved what.
static bool read_decision(report_certificate *out, const codicil_session *session,
                          const codicil_certificate_info *info, size_t index) {
  char sentence[CODICIL_CERT_EXPLAIN_MAX];
  codicil_certificate_info prover;
  (void)codicil_session_explain_certificate(session, index, sentence, sizeof sentence);
  out->sentence = strdup(sentence);
  out->rule = info->rule;
  out->is_caa_anchor = info->is_caa_anchor;
  if (out->sentence == NULL || !read_required(out, info->identity)) {
    return false;
  }
  out->proven = info->required < out->num_required ? out->required[info->required] : NULL;
  if (info->proved_by != SIZE_MAX &&
      codicil_session_certificate(session, &prover, info->proved_by)) {
    report_sha256(out->proved_by, codicil_identity_sha256(prover.identity));
  }
  return true;
}

static bool read_certificate(report_certificate *out, const codicil_certificate_info *info) {
  size_t num_names = codicil_identity_num_names(info->identity);
  out->decision = info->decision;
  out->reason = info->reason;
  out->frames = info->num_frames;
  out->octets = info->num_octets;
  report_sha256(out->sha256, codicil_identity_sha256(info->identity));
  out->names = calloc(num_names + 1, sizeof *out->names);
  if (out->names == NULL) {
    return false;
  }
  for (size_t i = 0; i < num_names; i++) {
    out->names[i] = name_text(codicil_identity_name(info->identity, i));
    if (out->names[i] == NULL) {
      return false;
    }
    out->num_names++;
  }
  return true;
}

static bool read_certificates(report_connection *connection, const codicil_session *session) {
  size_t num = codicil_session_num_certificates(session);
  connection->certificates = calloc(num + 1, sizeof *connection->certificates);
  if (connection->certificates == NULL) {
    return false;
  }
  for (size_t i = 0; i < num; i++) {
    codicil_certificate_info info;
    if (!codicil_session_certificate(session, &info, i) || info.identity == NULL) {
      continue;
    }
    report_certificate *to = info.is_primary
                                 ? &connection->primary
                                 : &connection->certificates[connection->num_certificates++];
    connection->has_primary = connection->has_primary || info.is_primary;
    if (!read_certificate(to, &info) || !read_decision(to, session, &info, i)) {
      return false;
    }
  }
  return true;
}

static bool read_origins(report_connection *connection, const codicil_session *session) {
  connection->has_origin_set = codicil_session_origin_set_initialised(session);
  size_t num = codicil_session_num_origins(session);
  connection->origins = calloc(num + 1, sizeof *connection->origins);
  if (connection->origins == NULL) {
    return false;
  }
  for (size_t i = 0; connection->has_origin_set && i < num; i++) {
    char text[CODICIL_ORIGIN_TEXT_MAX];
    codicil_origin_format(codicil_session_origin(session, i), text, sizeof text);
    connection->origins[i] = strdup(text);
    if (connection->origins[i] == NULL) {
      return false;
    }
    connection->num_origins++;
  }
  return true;
}

bool report_connection_read(report_connection *connection, const codicil_session *session) {
  if (session == NULL) {
    return true;
  }
  clear_session_part(connection);
  connection->negotiated = codicil_session_support(session) == CODICIL_SUPPORT_YES;
  connection->skipped = codicil_session_num_skipped(session);
  connection->ignored = codicil_session_num_ignored(session);
  return read_certificates(connection, session) && read_origins(connection, session);
}

void report_evidence_read(report_evidence *out, const codicil_evidence *evidence) {
  clear_strings(out->addresses, out->num_addresses);
  *out = (report_evidence){.is_known = evidence->dns == CODICIL_DNS_ANSWERED};
  out->addresses = calloc(evidence->num_addresses + 1, sizeof *out->addresses);
  for (size_t i = 0; out->addresses != NULL && i < evidence->num_addresses; i++) {
    char text[REPORT_REMOTE_TEXT];
    codicil_address_format(&evidence->addresses[i], text, sizeof text);
    out->addresses[i] = strdup(text);
    if (out->addresses[i] == NULL) {
      return;
    }
    out->num_addresses++;
  }
}
