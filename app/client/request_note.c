// What is noted of a request for the report, while it finds its way: see request.h.
#include "client/request.h"

#include <stdlib.h>
#include <string.h>

void client_request_note_reason(client_request *r, codicil_route_reason reason,
                                codicil_cert_reason cert_reason) {
  r->report->has_reason = true;
  r->report->reason = reason;
  r->report->cert_reason = cert_reason;
}

void client_request_note_sentence(client_request *r, const char *sentence) {
  free(r->report->sentence);
  r->report->sentence = strdup(sentence); // without memory there is none
}

static void note_sha256(char out[REPORT_SHA256_TEXT], const client_request *r, size_t index) {
  const codicil_session *session = client_connection_session(r->connection);
  codicil_certificate_info info;
  if (session != NULL && codicil_session_certificate(session, &info, index)) {
    report_sha256(out, codicil_identity_sha256(info.identity));
  }
}

void client_request_note_authority(client_request *r, size_t certificate, size_t proved_by) {
  report_request *report = r->report;
  codicil_evidence evidence = client_location_evidence(&r->where);
  const client_lookup *lookup = r->where.lookup;
  r->certificate = certificate != SIZE_MAX ? certificate : 0;
  note_sha256(report->certificate, r, r->certificate);
  note_sha256(report->proved_by, r, proved_by);
  report_evidence_read(&report->evidence, &evidence);
  report->evidence.is_given = lookup == NULL;
  if (lookup != NULL) {
    report->evidence.is_secure = lookup->is_secure;
    report->evidence.age = (double)(r->context->loop->now.mono_ns - lookup->done_ns) / 1e9;
  }
}

void client_request_note_opened(client_request *r) {
  const client_connection *c = r->connection;
  report_times *times = &r->report->times;
  times->connect = client_request_seconds(r, client_connection_connected_ns(c));
  times->appconnect = client_request_seconds(r, client_connection_ready_ns(c));
}
