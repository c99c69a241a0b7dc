// -v of HTTP/3 and QUIC: see verbose_h3.h.
#include "client/verbose_h3.h"

#include <openssl/ssl.h>
#include <string.h>

// ---- names --------------------------------------------------------------------------------------

typedef struct code_name {
  uint64_t code;
  const char *name;
} code_name;

// RFC 9114 §8.1, RFC 9204 §6.
static const code_name h3_errors[] = {
    {0x100, "H3_NO_ERROR"},
    {0x101, "H3_GENERAL_PROTOCOL_ERROR"},
    {0x102, "H3_INTERNAL_ERROR"},
    {0x103, "H3_STREAM_CREATION_ERROR"},
    {0x104, "H3_CLOSED_CRITICAL_STREAM"},
    {0x105, "H3_FRAME_UNEXPECTED"},
    {0x106, "H3_FRAME_ERROR"},
    {0x107, "H3_EXCESSIVE_LOAD"},
    {0x108, "H3_ID_ERROR"},
    {0x109, "H3_SETTINGS_ERROR"},
    {0x10a, "H3_MISSING_SETTINGS"},
    {0x10b, "H3_REQUEST_REJECTED"},
    {0x10c, "H3_REQUEST_CANCELLED"},
    {0x10d, "H3_REQUEST_INCOMPLETE"},
    {0x10e, "H3_MESSAGE_ERROR"},
    {0x10f, "H3_CONNECT_ERROR"},
    {0x110, "H3_VERSION_FALLBACK"},
    {0x200, "QPACK_DECOMPRESSION_FAILED"},
    {0x201, "QPACK_ENCODER_STREAM_ERROR"},
    {0x202, "QPACK_DECODER_STREAM_ERROR"},
};

// RFC 9000 §20.1, RFC 9368 §8.
static const code_name quic_errors[] = {
    {0x00, "NO_ERROR"},
    {0x01, "INTERNAL_ERROR"},
    {0x02, "CONNECTION_REFUSED"},
    {0x03, "FLOW_CONTROL_ERROR"},
    {0x04, "STREAM_LIMIT_ERROR"},
    {0x05, "STREAM_STATE_ERROR"},
    {0x06, "FINAL_SIZE_ERROR"},
    {0x07, "FRAME_ENCODING_ERROR"},
    {0x08, "TRANSPORT_PARAMETER_ERROR"},
    {0x09, "CONNECTION_ID_LIMIT_ERROR"},
    {0x0a, "PROTOCOL_VIOLATION"},
    {0x0b, "INVALID_TOKEN"},
    {0x0c, "APPLICATION_ERROR"},
    {0x0d, "CRYPTO_BUFFER_EXCEEDED"},
    {0x0e, "KEY_UPDATE_ERROR"},
    {0x0f, "AEAD_LIMIT_REACHED"},
    {0x10, "NO_VIABLE_PATH"},
    {0x11, "VERSION_NEGOTIATION_ERROR"},
};

static const char *name_of(const code_name *names, size_t num, uint64_t code) {
  for (size_t i = 0; i < num; i++) {
    if (names[i].code == code) {
      return names[i].name;
    }
  }
  return "unknown";
}

const char *verbose_h3_error_name(const codicil_codepoints *codepoints, uint64_t code) {
  return code == codepoints->h3_error
             ? "SERVER_CERTIFICATE_INVALID"
             : name_of(h3_errors, sizeof h3_errors / sizeof h3_errors[0], code);
}

static const char *quic_error_name(uint64_t code) {
  return code >= 0x100 && code <= 0x1ff
             ? "CRYPTO_ERROR"
             : name_of(quic_errors, sizeof quic_errors / sizeof quic_errors[0], code);
}

const char *verbose_alert_name(uint64_t alert) {
  return SSL_alert_desc_string_long((int)alert);
}

// ---- the end ------------------------------------------------------------------------------------

static void write_code(const codicil_codepoints *codepoints, const quic_end *end, const char *who,
                       char *out) {
  const char *name = end->is_application ? verbose_h3_error_name(codepoints, end->code)
                                         : quic_error_name(end->code);
  snprintf(out, VERBOSE_END_TEXT, "%s%s (0x%llx)%s%s", who, name, (unsigned long long)end->code,
           end->reason[0] != '\0' ? ": " : "", end->reason);
}

void verbose_quic_end(const codicil_codepoints *codepoints, const quic_end *end,
                      char out[VERBOSE_END_TEXT]) {
  const char *text = end->reason;
  switch (end->how) {
  case QUIC_END_LOCAL:
    write_code(codepoints, end, "", out);
    return;
  case QUIC_END_PEER:
    write_code(codepoints, end, "the server closed the connection: ", out);
    return;
  case QUIC_END_NETWORK:
    text = strerror((int)end->code);
    break;
  case QUIC_END_IDLE:
    text = "the connection was idle for too long, or the server is gone";
    break;
  case QUIC_END_HANDSHAKE:
    text = "the handshake timed out";
    break;
  case QUIC_END_RESET:
    text = "the server does not know the connection (stateless reset)";
    break;
  case QUIC_END_VERSION:
    text = "the server speaks no version of QUIC that is spoken here";
    break;
  case QUIC_END_TLS:
    text = verbose_alert_name(end->code);
    break;
  case QUIC_END_NONE:
  case QUIC_END_PROTOCOL:
    break;
  }
  snprintf(out, VERBOSE_END_TEXT, "%s", text[0] != '\0' ? text : "the connection broke");
}

void verbose_quic_stats(const client_verbose *verbose, size_t connection, const quic_stats *stats) {
  verbose_line(verbose, connection,
               "QUIC: %llu packets came, %llu were sent; the round trip takes %.1f ms",
               (unsigned long long)stats->packets_in, (unsigned long long)stats->packets_out,
               (double)stats->smoothed_rtt_ns / 1e6);
}

// ---- frames -------------------------------------------------------------------------------------

void verbose_h3_request(const client_verbose *verbose, size_t connection, int64_t stream,
                        const nghttp3_nv *fields, size_t num_fields) {
  if (verbose->out == NULL) {
    return;
  }
  verbose_line(verbose, connection, "send HEADERS frame <stream_id=%lld>", (long long)stream);
  for (size_t i = 0; i < num_fields; i++) {
    verbose_indent(verbose);
    verbose_printable(verbose->out, codicil_span_of(fields[i].name, fields[i].namelen));
    fputs(": ", verbose->out);
    verbose_printable(verbose->out, codicil_span_of(fields[i].value, fields[i].valuelen));
    fputc('\n', verbose->out);
  }
}

static void write_setting(const client_verbose *verbose, const char *name, uint64_t value) {
  verbose_indent(verbose);
  fprintf(verbose->out, "[%s:%llu]\n", name, (unsigned long long)value);
}

void verbose_h3_settings(const client_verbose *verbose, size_t connection,
                         const nghttp3_settings *settings) {
  if (verbose->out == NULL) {
    return;
  }
  verbose_line(verbose, connection, "recv SETTINGS frame");
  write_setting(verbose, "SETTINGS_MAX_FIELD_SECTION_SIZE", settings->max_field_section_size);
  write_setting(verbose, "SETTINGS_QPACK_MAX_TABLE_CAPACITY", settings->qpack_max_dtable_capacity);
  write_setting(verbose, "SETTINGS_QPACK_BLOCKED_STREAMS", settings->qpack_blocked_streams);
  write_setting(verbose, "SETTINGS_ENABLE_CONNECT_PROTOCOL", settings->enable_connect_protocol);
}
