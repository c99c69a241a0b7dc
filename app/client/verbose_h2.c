// -v of HTTP/2's frames: see verbose_h2.h.
#include "client/verbose_h2.h"

enum { FRAME_ORIGIN = 0x0c };

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

static void write_settings(const client_verbose *v, const nghttp2_settings *settings) {
  if ((settings->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
    verbose_indent(v);
    fputs("; ACK\n", v->out);
    return;
  }
  verbose_indent(v);
  fprintf(v->out, "(niv=%zu)\n", settings->niv);
  for (size_t i = 0; i < settings->niv; i++) {
    int32_t id = settings->iv[i].settings_id;
    verbose_indent(v);
    fprintf(v->out, "[%s(0x%02x):%u]\n", setting_name(v, id), (unsigned)id, settings->iv[i].value);
  }
}

static void write_goaway(const client_verbose *v, const nghttp2_goaway *goaway) {
  verbose_indent(v);
  fprintf(v->out, "(last_stream_id=%d, error_code=%s(0x%02x), opaque_data(%zu)=[",
          goaway->last_stream_id, verbose_h2_error_name(v->codepoints, goaway->error_code),
          goaway->error_code, goaway->opaque_data_len);
  verbose_printable(v->out, codicil_span_of(goaway->opaque_data, goaway->opaque_data_len));
  fputs("])\n", v->out);
}

static void write_headers(const client_verbose *v, const nghttp2_headers *headers) {
  for (size_t i = 0; i < headers->nvlen; i++) {
    const nghttp2_nv *nv = &headers->nva[i];
    verbose_indent(v);
    verbose_printable(v->out, codicil_span_of(nv->name, nv->namelen));
    fputs(": ", v->out);
    verbose_printable(v->out, codicil_span_of(nv->value, nv->valuelen));
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
    verbose_indent(v);
    fprintf(v->out, "(error_code=%s(0x%02x))\n",
            verbose_h2_error_name(v->codepoints, frame->rst_stream.error_code),
            frame->rst_stream.error_code);
    break;
  case NGHTTP2_WINDOW_UPDATE:
    verbose_indent(v);
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
  verbose_stamp(verbose, connection);
  fprintf(verbose->out, "%s %s frame <length=%zu, flags=0x%02x, stream_id=%d>\n",
          is_sent ? "send" : "recv", frame_name(verbose, frame->hd.type), frame->hd.length,
          frame->hd.flags, frame->hd.stream_id);
  write_payload(verbose, is_sent, frame);
}
