// The table at the end, for people: see report.h.
#include <string.h>

#include "client/report.h"

enum { URL_WIDTH = 44 };

static void write_size(FILE *out, uint64_t size) {
  if (size < 10000) {
    fprintf(out, "%6lluB ", (unsigned long long)size);
  } else if (size < 10000 * 1024ULL) {
    fprintf(out, "%5lluKiB", (unsigned long long)(size / 1024));
  } else {
    fprintf(out, "%5lluMiB", (unsigned long long)(size / 1024 / 1024));
  }
}

static void write_why(FILE *out, const report_request *r) {
  if (r->error != NULL) {
    fprintf(out, "%s", r->error);
  } else if (r->has_reason) {
    fprintf(out, "%s", codicil_route_reason_word(r->reason));
    if (r->reason == CODICIL_ROUTE_CERTIFICATE) {
      fprintf(out, ": %s", codicil_cert_reason_word(r->cert_reason));
    }
    if (r->proved_by[0] != '\0') {
      fprintf(out, ", by %.12s", r->proved_by);
    }
  }
}

static void write_row(FILE *out, const report_request *r) {
  size_t len = r->url != NULL ? strlen(r->url) : 0;
  // A long URL keeps its beginning, where the host is.
  fprintf(out, "%-*.*s%s ", URL_WIDTH - (len > URL_WIDTH ? 1 : 0),
          URL_WIDTH - (len > URL_WIDTH ? 1 : 0), r->url != NULL ? r->url : "",
          len > URL_WIDTH ? "~" : "");
  fprintf(out, "%6.3u ", r->status);
  write_size(out, r->size);
  fprintf(out, " %6.0fms ", r->times.total * 1000);
  if (r->connection != SIZE_MAX) {
    fprintf(out, "%5zu%s ", r->connection, r->coalesced ? "*" : " ");
  } else {
    fprintf(out, "%5s  ", "-");
  }
  fprintf(out, "%-12.12s ", r->certificate[0] != '\0' ? r->certificate : "-");
  write_why(out, r);
  fputc('\n', out);
}

static void write_list(FILE *out, char *const *items, size_t num) {
  for (size_t i = 0; i < num; i++) {
    fprintf(out, "%s%s", i > 0 ? ", " : "", items[i]);
  }
}

// Of certificates that asked for something, or are not used.
static void write_certificates(FILE *out, const report_connection *connection) {
  for (size_t i = 0; i < connection->num_certificates; i++) {
    const report_certificate *c = &connection->certificates[i];
    bool says_more = c->num_required > 0 || c->decision == CODICIL_REJECTED;
    if (!says_more || c->decision == CODICIL_UNEXAMINED) {
      continue;
    }
    fprintf(out, "%.12s on %zu, for ", c->sha256, connection->id);
    write_list(out, c->names, c->num_names);
    fprintf(out, ": %s\n", c->sentence != NULL ? c->sentence : codicil_decision_word(c->decision));
  }
}

void report_write_table(const report_document *r, FILE *out) {
  fprintf(out, "%-*s %6s %8s %8s %6s  %-12s %s\n", URL_WIDTH, "URL", "status", "size", "time",
          "conn", "certificate", "why");
  size_t num_coalesced = 0;
  for (size_t i = 0; i < r->num_requests; i++) {
    write_row(out, &r->requests[i]);
    num_coalesced += r->requests[i].coalesced ? 1 : 0;
  }
  fprintf(out, "%zu request%s, %zu connection%s, %zu coalesced (*)\n", r->num_requests,
          r->num_requests == 1 ? "" : "s", r->num_connections, r->num_connections == 1 ? "" : "s",
          num_coalesced);
  for (size_t i = 0; i < r->num_connections; i++) {
    write_certificates(out, &r->connections[i]);
  }
}
