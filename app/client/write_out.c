// -w: see write_out.h. A table names the variables.
#include "client/write_out.h"

#include <string.h>

typedef enum variable_kind {
  V_TEXT,   // const char *, maybe NULL
  V_ARRAY,  // char[]
  V_STATUS, // three digits
  V_UINT64,
  V_UINT,
  V_PORT,
  V_INT,
  V_BOOL,
  V_SIZE,    // size_t; SIZE_MAX is -
  V_SECONDS, // double
  V_CONSTANT // `text`
} variable_kind;

typedef struct variable {
  const char *name;
  variable_kind kind;
  size_t offset;
  const char *text;
} variable;

#define FIELD(name, kind, field) \
  { name, kind, offsetof(report_request, field), NULL }

static const variable variables[] = {
    FIELD("certificate", V_ARRAY, certificate), // ours
    FIELD("coalesced", V_BOOL, coalesced),      // ours
    FIELD("connection", V_SIZE, connection),    // ours
    FIELD("conn_id", V_SIZE, connection),
    FIELD("content_type", V_TEXT, content_type),
    FIELD("errormsg", V_TEXT, error),
    FIELD("exitcode", V_INT, exit_code),
    FIELD("filename_effective", V_TEXT, file_name),
    FIELD("http_code", V_STATUS, status),
    FIELD("http_version", V_TEXT, http_version),
    FIELD("local_ip", V_ARRAY, local_ip),
    FIELD("local_port", V_PORT, local_port),
    FIELD("method", V_TEXT, method),
    FIELD("num_connects", V_UINT, num_connects),
    FIELD("num_headers", V_UINT64, num_headers),
    {"num_redirects", V_CONSTANT, 0, "0"},
    FIELD("remote_ip", V_ARRAY, remote_ip),
    FIELD("remote_port", V_PORT, remote_port),
    FIELD("response_code", V_STATUS, status),
    {"scheme", V_CONSTANT, 0, "https"},
    FIELD("size_download", V_UINT64, size),
    FIELD("size_header", V_UINT64, size_header),
    FIELD("size_upload", V_UINT64, size_upload),
    FIELD("time_appconnect", V_SECONDS, times.appconnect),
    FIELD("time_connect", V_SECONDS, times.connect),
    FIELD("time_namelookup", V_SECONDS, times.namelookup),
    FIELD("time_pretransfer", V_SECONDS, times.pretransfer),
    {"time_redirect", V_CONSTANT, 0, "0.000000"},
    FIELD("time_starttransfer", V_SECONDS, times.starttransfer),
    FIELD("time_total", V_SECONDS, times.total),
    FIELD("url", V_TEXT, url),
    FIELD("url_effective", V_TEXT, url),
};

static void write_value(FILE *to, const variable *v, const report_request *r) {
  const void *field = (const char *)r + v->offset;
  switch (v->kind) {
  case V_TEXT: {
    const char *text = *(char *const *)field;
    fputs(text != NULL ? text : "", to);
    break;
  }
  case V_ARRAY:
    fputs(field, to);
    break;
  case V_STATUS:
    fprintf(to, "%03u", *(const unsigned *)field);
    break;
  case V_UINT64:
    fprintf(to, "%llu", (unsigned long long)*(const uint64_t *)field);
    break;
  case V_UINT:
    fprintf(to, "%u", *(const unsigned *)field);
    break;
  case V_PORT:
    fprintf(to, "%u", *(const uint16_t *)field);
    break;
  case V_INT:
    fprintf(to, "%d", *(const int *)field);
    break;
  case V_BOOL:
    fputs(*(const bool *)field ? "true" : "false", to);
    break;
  case V_SIZE:
    if (*(const size_t *)field != SIZE_MAX) {
      fprintf(to, "%zu", *(const size_t *)field);
    } else {
      fputc('-', to);
    }
    break;
  case V_SECONDS:
    fprintf(to, "%.6f", *(const double *)field);
    break;
  case V_CONSTANT:
    fputs(v->text, to);
    break;
  }
}

typedef struct writer {
  FILE *out;
  FILE *err;
  FILE *to; // one of them
  const report_request *request;
  size_t index;
  bool is_over; // %{onerror} of a request without one
} writer;

static bool is_name(const char *text, size_t len, const char *name) {
  return strlen(name) == len && memcmp(text, name, len) == 0;
}

// The variables that are not a field of the request.
static bool write_special(writer *w, const char *name, size_t len) {
  if (is_name(name, len, "stdout")) {
    w->to = w->out;
  } else if (is_name(name, len, "stderr")) {
    w->to = w->err;
  } else if (is_name(name, len, "onerror")) {
    w->is_over = w->request->exit_code == 0;
  } else if (is_name(name, len, "urlnum")) {
    fprintf(w->to, "%zu", w->index);
  } else if (is_name(name, len, "speed_download")) {
    double total = w->request->times.total;
    fprintf(w->to, "%.0f", total > 0 ? (double)w->request->size / total : 0.);
  } else if (is_name(name, len, "reason")) { // ours
    fputs(w->request->has_reason ? codicil_route_reason_word(w->request->reason) : "", w->to);
  } else {
    return false;
  }
  return true;
}

static void write_variable(writer *w, const char *name, size_t len) {
  if (write_special(w, name, len)) {
    return;
  }
  for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
    if (is_name(name, len, variables[i].name)) {
      write_value(w->to, &variables[i], w->request);
      return;
    }
  }
  fprintf(w->err, "codicil get: unknown --write-out variable: '%.*s'\n", (int)len, name);
}

// After a '%'; returns what follows.
static const char *write_percent(writer *w, const char *p) {
  if (*p == '%') {
    fputc('%', w->to);
    return p + 1;
  }
  const char *end = *p == '{' ? strchr(p, '}') : NULL;
  if (end == NULL) {
    fputc('%', w->to);
    return p;
  }
  write_variable(w, p + 1, (size_t)(end - p) - 1);
  return end + 1;
}

// After a backslash; returns what follows.
static const char *write_escape(writer *w, const char *p) {
  static const char letters[] = "nrt";
  static const char octets[] = "\n\r\t";
  const char *at = *p != '\0' ? strchr(letters, *p) : NULL;
  if (at != NULL) {
    fputc(octets[at - letters], w->to);
    return p + 1;
  }
  fputc('\\', w->to);
  if (*p == '\0') {
    return p;
  }
  fputc(*p, w->to);
  return p + 1;
}

void write_out(FILE *out, FILE *err, const char *format, const report_request *request,
               size_t index) {
  writer w = {out, err, out, request, index, false};
  for (const char *p = format; *p != '\0' && !w.is_over;) {
    if (*p == '%') {
      p = write_percent(&w, p + 1);
    } else if (*p == '\\') {
      p = write_escape(&w, p + 1);
    } else {
      fputc(*p++, w.to);
    }
  }
  fflush(out);
  fflush(err);
}
