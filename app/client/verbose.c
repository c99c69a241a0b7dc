// -v: see verbose.h.
#include "client/verbose.h"

#include <stdlib.h>
#include <string.h>

#include "client/report.h"

enum { MAX_TEXT = 1024, FRAME_ORIGIN = 0x0c };

static void stamp(const client_verbose *v, size_t connection) {
  double seconds = (double)(v->loop->now.mono_ns - v->start_ns) / 1e9;
  fprintf(v->out, "[%7.3f] [%zu] ", seconds, connection);
}

void verbose_line(const client_verbose *verbose, size_t connection, const char *format, ...) {
  if (verbose->out == NULL) {
    return;
  }
  va_list args;
  va_start(args, format);
  stamp(verbose, connection);
  vfprintf(verbose->out, format, args);
  fputc('\n', verbose->out);
  va_end(args);
}

static void write_printable(FILE *out, codicil_span bytes) {
  size_t len = bytes.len < MAX_TEXT ? bytes.len : MAX_TEXT;
  for (size_t i = 0; i < len; i++) {
    uint8_t c = bytes.data[i];
    fputc(c >= 0x20 && c < 0x7f ? c : '?', out);
  }
  if (len < bytes.len) {
    fprintf(out, "... (%zu octets)", bytes.len);
  }
}

void verbose_header(const client_verbose *verbose, size_t connection, int32_t stream_id,
                    codicil_span name, codicil_span value) {
  if (verbose->out == NULL) {
    return;
  }
  stamp(verbose, connection);
  fprintf(verbose->out, "recv (stream_id=%d) ", stream_id);
  write_printable(verbose->out, name);
  fputs(": ", verbose->out);
  write_printable(verbose->out, value);
  fputc('\n', verbose->out);
}

// ---- frames -------------------------------------------------------------------------------------

static const char *frame_name(const client_verbose *v, uint8_t type) {
  static const char *const names[] = {"DATA",          "HEADERS",      "PRIORITY", "RST_STREAM",
                                      "SETTINGS",      "PUSH_PROMISE", "PING",     "GOAWAY",
                                      "WINDOW_UPDATE", "CONTINUATION"};
  if (type < sizeof names / sizeof names[0]) {
    return names[type];
  }
  if (type == v->codepoints->h2_frame) {
    return "SERVER_CERTIFICATE";
  }
  return type == FRAME_ORIGIN ? "ORIGIN" : "UNKNOWN";
}

static const char *setting_name(const client_verbose *v, int32_t id) {
  static const char *const names[] = {NULL,
                                      "SETTINGS_HEADER_TABLE_SIZE",
                                      "SETTINGS_ENABLE_PUSH",
                                      "SETTINGS_MAX_CONCURRENT_STREAMS",
                                      "SETTINGS_INITIAL_WINDOW_SIZE",
                                      "SETTINGS_MAX_FRAME_SIZE",
                                      "SETTINGS_MAX_HEADER_LIST_SIZE",
                                      NULL,
                                      "SETTINGS_ENABLE_CONNECT_PROTOCOL",
                                      "SETTINGS_NO_RFC7540_PRIORITIES"};
  if (id > 0 && (size_t)id < sizeof names / sizeof names[0] && names[id] != NULL) {
    return names[id];
  }
  return (uint64_t)id == v->codepoints->h2_setting ? "SETTINGS_HTTP_SERVER_CERT_AUTH" : "UNKNOWN";
}

const char *verbose_h2_error_name(const codicil_codepoints *codepoints, uint32_t code) {
  return code == codepoints->h2_error ? "SERVER_CERTIFICATE_INVALID" : nghttp2_http2_strerror(code);
}

static void indent(const client_verbose *v) {
  fputs("              ", v->out);
}

static void write_settings(const client_verbose *v, const nghttp2_settings *settings) {
  if ((settings->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
    indent(v);
    fputs("; ACK\n", v->out);
    return;
  }
  indent(v);
  fprintf(v->out, "(niv=%zu)\n", settings->niv);
  for (size_t i = 0; i < settings->niv; i++) {
    int32_t id = settings->iv[i].settings_id;
    indent(v);
    fprintf(v->out, "[%s(0x%02x):%u]\n", setting_name(v, id), (unsigned)id, settings->iv[i].value);
  }
}

static void write_goaway(const client_verbose *v, const nghttp2_goaway *goaway) {
  indent(v);
  fprintf(v->out, "(last_stream_id=%d, error_code=%s(0x%02x), opaque_data(%zu)=[",
          goaway->last_stream_id, verbose_h2_error_name(v->codepoints, goaway->error_code),
          goaway->error_code, goaway->opaque_data_len);
  write_printable(v->out, codicil_span_of(goaway->opaque_data, goaway->opaque_data_len));
  fputs("])\n", v->out);
}

static void write_headers(const client_verbose *v, const nghttp2_headers *headers) {
  for (size_t i = 0; i < headers->nvlen; i++) {
    const nghttp2_nv *nv = &headers->nva[i];
    indent(v);
    write_printable(v->out, codicil_span_of(nv->name, nv->namelen));
    fputs(": ", v->out);
    write_printable(v->out, codicil_span_of(nv->value, nv->valuelen));
    fputc('\n', v->out);
  }
}

static void write_payload(const client_verbose *v, bool is_sent, const nghttp2_frame *frame) {
  switch (frame->hd.type) {
  case NGHTTP2_SETTINGS:
    write_settings(v, &frame->settings);
    break;
  case NGHTTP2_GOAWAY:
    write_goaway(v, &frame->goaway);
    break;
  case NGHTTP2_RST_STREAM:
    indent(v);
    fprintf(v->out, "(error_code=%s(0x%02x))\n",
            verbose_h2_error_name(v->codepoints, frame->rst_stream.error_code),
            frame->rst_stream.error_code);
    break;
  case NGHTTP2_WINDOW_UPDATE:
    indent(v);
    fprintf(v->out, "(window_size_increment=%d)\n", frame->window_update.window_size_increment);
    break;
  case NGHTTP2_HEADERS:
    if (is_sent) { // received ones were shown one by one
      write_headers(v, &frame->headers);
    }
    break;
  default:
    break;
  }
}

void verbose_frame(const client_verbose *verbose, size_t connection, bool is_sent,
                   const nghttp2_frame *frame) {
  if (verbose->out == NULL) {
    return;
  }
  stamp(verbose, connection);
  fprintf(verbose->out, "%s %s frame <length=%zu, flags=0x%02x, stream_id=%d>\n",
          is_sent ? "send" : "recv", frame_name(verbose, frame->hd.type), frame->hd.length,
          frame->hd.flags, frame->hd.stream_id);
  write_payload(verbose, is_sent, frame);
}

// ---- certificates and origins -------------------------------------------------------------------

static void write_names(const client_verbose *v, const codicil_identity *identity) {
  size_t num = codicil_identity_num_names(identity);
  for (size_t i = 0; i < num; i++) {
    const codicil_alt_name *name = codicil_identity_name(identity, i);
    fputs(i > 0 ? ", " : "", v->out);
    if (name->type == CODICIL_ALT_DNS) {
      write_printable(v->out, name->dns);
    } else {
      char text[REPORT_REMOTE_TEXT];
      codicil_address_format(&name->address, text, sizeof text);
      fputs(text, v->out);
    }
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
  stamp(verbose, connection);
  fprintf(verbose->out, "%s certificate %zu for ", info.is_primary ? "handshake" : "secondary",
          index);
  write_names(verbose, info.identity);
  fprintf(verbose->out, ": %s", codicil_decision_word(info.decision));
  if (info.reason != CODICIL_CERT_NONE) {
    fprintf(verbose->out, ", %s (%s)", codicil_cert_reason_word(info.reason),
            codicil_cert_reason_text(info.reason));
  }
  fputc('\n', verbose->out);
  indent(verbose);
  fprintf(verbose->out, "sha256 %s", sha256);
  if (!info.is_primary) {
    fprintf(verbose->out, ", %zu octets in %zu frame%s, signed with %s%s%s", info.num_octets,
            info.num_frames, info.num_frames == 1 ? "" : "s", codicil_scheme_name(info.scheme),
            info.has_ocsp ? ", OCSP staple" : "", info.scts.len > 0 ? ", SCTs" : "");
  }
  fputc('\n', verbose->out);
}

void verbose_origin_set(const client_verbose *verbose, size_t connection,
                        const codicil_session *session) {
  if (verbose->out == NULL) {
    return;
  }
  size_t num = codicil_session_num_origins(session);
  stamp(verbose, connection);
  fprintf(verbose->out, "Origin Set (%zu)\n", num);
  for (size_t i = 0; i < num; i++) {
    char text[CODICIL_ORIGIN_TEXT_MAX];
    codicil_origin_format(codicil_session_origin(session, i), text, sizeof text);
    indent(verbose);
    fprintf(verbose->out, "[%s]\n", text);
  }
}
