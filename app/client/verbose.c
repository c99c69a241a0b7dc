// -v: see verbose.h.
#include "client/verbose.h"

#include <stdlib.h>
#include <string.h>

#include "client/report.h"

enum { MAX_TEXT = 1024 };

static double seconds_now(const client_verbose *v) {
  return (double)(v->loop->now.mono_ns - v->start_ns) / 1e9;
}

void verbose_stamp(const client_verbose *v, size_t connection) {
  fprintf(v->out, "[%7.3f] [%zu] ", seconds_now(v), connection);
}

void verbose_note(const client_verbose *verbose, const char *format, ...) {
  if (verbose->out == NULL) {
    return;
  }
  va_list args;
  va_start(args, format);
  fprintf(verbose->out, "[%7.3f] ", seconds_now(verbose));
  vfprintf(verbose->out, format, args);
  fputc('\n', verbose->out);
  va_end(args);
}

void verbose_line(const client_verbose *verbose, size_t connection, const char *format, ...) {
  if (verbose->out == NULL) {
    return;
  }
  va_list args;
  va_start(args, format);
  verbose_stamp(verbose, connection);
  vfprintf(verbose->out, format, args);
  fputc('\n', verbose->out);
  va_end(args);
}

void verbose_printable(FILE *out, codicil_span bytes) {
  size_t len = bytes.len < MAX_TEXT ? bytes.len : MAX_TEXT;
  for (size_t i = 0; i < len; i++) {
    uint8_t c = bytes.data[i];
    fputc(c >= 0x20 && c < 0x7f ? c : '?', out);
  }
  if (len < bytes.len) {
    fprintf(out, "... (%zu octets)", bytes.len);
  }
}

void verbose_header(const client_verbose *verbose, size_t connection, int64_t stream_id,
                    codicil_span name, codicil_span value) {
  if (verbose->out == NULL) {
    return;
  }
  verbose_stamp(verbose, connection);
  fprintf(verbose->out, "recv (stream_id=%lld) ", (long long)stream_id);
  verbose_printable(verbose->out, name);
  fputs(": ", verbose->out);
  verbose_printable(verbose->out, value);
  fputc('\n', verbose->out);
}

void verbose_indent(const client_verbose *v) {
  fputs("              ", v->out);
}

// ---- certificates and origins -------------------------------------------------------------------

static void write_names(const client_verbose *v, const codicil_identity *identity) {
  size_t num = codicil_identity_num_names(identity);
  for (size_t i = 0; i < num; i++) {
    const codicil_alt_name *name = codicil_identity_name(identity, i);
    fputs(i > 0 ? ", " : "", v->out);
    if (name->type == CODICIL_ALT_DNS) {
      verbose_printable(v->out, name->dns);
    } else {
      char text[REPORT_REMOTE_TEXT];
      codicil_address_format(&name->address, text, sizeof text);
      fputs(text, v->out);
    }
  }
}

static void write_required(const client_verbose *v, const codicil_session *session,
                           const codicil_certificate_info *info, size_t index) {
  size_t num = codicil_identity_num_required(info->identity);
  for (size_t i = 0; i < num; i++) {
    char text[CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
    codicil_required_domain_format(codicil_identity_required(info->identity, i), text, sizeof text);
    if (i == 0) {
      verbose_indent(v);
    }
    fprintf(v->out, "%s%s%s", i == 0 ? "Required Domain " : ", ", text, i == num - 1 ? "\n" : "");
  }
  if (info->decision != CODICIL_UNEXAMINED) {
    char sentence[CODICIL_CERT_EXPLAIN_MAX];
    (void)codicil_session_explain_certificate(session, index, sentence, sizeof sentence);
    verbose_indent(v);
    fprintf(v->out, "%s\n", sentence);
  }
}

void verbose_certificate(const client_verbose *verbose, size_t connection,
                         const codicil_session *session, size_t index) {
  codicil_certificate_info info;
  if (verbose->out == NULL || !codicil_session_certificate(session, &info, index)) {
    return;
  }
  char sha256[REPORT_SHA256_TEXT];
  report_sha256(sha256, codicil_identity_sha256(info.identity));
  verbose_stamp(verbose, connection);
  fprintf(verbose->out, "%s certificate %zu for ", info.is_primary ? "handshake" : "secondary",
          index);
  write_names(verbose, info.identity);
  fprintf(verbose->out, ": %s", codicil_decision_word(info.decision));
  if (info.reason != CODICIL_CERT_NONE) {
    fprintf(verbose->out, ", %s (%s)", codicil_cert_reason_word(info.reason),
            codicil_cert_reason_text(info.reason));
  }
  fputc('\n', verbose->out);
  verbose_indent(verbose);
  fprintf(verbose->out, "sha256 %s", sha256);
  if (!info.is_primary) {
    fprintf(verbose->out, ", %zu octets in %zu SERVER_CERTIFICATE frame%s, signed with %s%s%s",
            info.num_octets, info.num_frames, info.num_frames == 1 ? "" : "s",
            codicil_scheme_name(info.scheme), info.has_ocsp ? ", OCSP staple" : "",
            info.scts.len > 0 ? ", SCTs" : "");
  }
  fputc('\n', verbose->out);
  if (!info.is_primary) {
    write_required(verbose, session, &info, index);
  }
}

void verbose_origin_set(const client_verbose *verbose, size_t connection,
                        const codicil_session *session) {
  if (verbose->out == NULL) {
    return;
  }
  size_t num = codicil_session_num_origins(session);
  verbose_stamp(verbose, connection);
  fprintf(verbose->out, "Origin Set, by ORIGIN frames (%zu)\n", num);
  for (size_t i = 0; i < num; i++) {
    char text[CODICIL_ORIGIN_TEXT_MAX];
    codicil_origin_format(codicil_session_origin(session, i), text, sizeof text);
    verbose_indent(verbose);
    fprintf(verbose->out, "[%s]\n", text);
  }
}
