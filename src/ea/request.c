// Authenticator requests: see request.h and codicil/ea.h.
#include "request.h"

#include "connection.h"
#include "extension.h"
#include "message.h"
#include "span.h"
#include "writer.h"

// ---- reading ----------------------------------------------------------------------------------

// SignatureScheme supported_signature_algorithms<2..2^16-2>
static bool parse_schemes(codicil_span *out, codicil_span content) {
  codicil_reader r = codicil_reader_of(content);
  codicil_span list;
  if (!codicil_read_vec16(&r, &list) || !codicil_reader_done(&r) || list.len == 0 ||
      list.len % 2 != 0) {
    return false;
  }
  *out = list;
  return true;
}

// RFC 6066 §3: ServerName server_name_list<1..2^16-1>, one name of a type at most. Only host_name
// is defined; others are passed over.
static bool parse_server_name(codicil_span *out, codicil_span content) {
  codicil_reader r = codicil_reader_of(content);
  codicil_span list;
  if (!codicil_read_vec16(&r, &list) || !codicil_reader_done(&r) || list.len == 0) {
    return false;
  }
  codicil_span host = {NULL, 0};
  r = codicil_reader_of(list);
  while (!codicil_reader_done(&r)) {
    uint8_t type;
    codicil_span name;
    if (!codicil_read_u8(&r, &type) || !codicil_read_vec16(&r, &name) || name.len == 0) {
      return false;
    }
    if (type == 0 && host.len != 0) {
      return false;
    }
    host = type == 0 ? name : host;
  }
  *out = host;
  return true;
}

// RFC 8446 §4.2.4: DistinguishedName authorities<3..2^16-1>, each opaque<1..2^16-1>.
static bool parse_authorities(codicil_span *out, codicil_span content) {
  codicil_reader r = codicil_reader_of(content);
  codicil_span list;
  if (!codicil_read_vec16(&r, &list) || !codicil_reader_done(&r) || list.len < 3) {
    return false;
  }
  r = codicil_reader_of(list);
  while (!codicil_reader_done(&r)) {
    codicil_span name;
    if (!codicil_read_vec16(&r, &name) || name.len == 0) {
      return false;
    }
  }
  *out = content;
  return true;
}

bool codicil_oid_filter_read(codicil_reader *r, codicil_oid_filter *out) {
  return codicil_read_vec8(r, &out->oid) && out->oid.len != 0 &&
         codicil_read_vec16(r, &out->values);
}

// RFC 8446 §4.2.5: OIDFilter filters<0..2^16-1>.
static bool parse_oid_filters(codicil_span *out, codicil_span content) {
  codicil_reader r = codicil_reader_of(content);
  codicil_span list;
  codicil_oid_filter filter;
  if (!codicil_read_vec16(&r, &list) || !codicil_reader_done(&r)) {
    return false;
  }
  r = codicil_reader_of(list);
  while (!codicil_reader_done(&r)) {
    if (!codicil_oid_filter_read(&r, &filter)) {
      return false;
    }
  }
  *out = content;
  return true;
}

static bool parse_extension(codicil_ea_request_info *info, uint16_t type, codicil_span content) {
  switch (type) {
  case CODICIL_EXT_SIGNATURE_ALGORITHMS:
    return parse_schemes(&info->schemes, content);
  case CODICIL_EXT_SIGNATURE_ALGORITHMS_CERT:
    return parse_schemes(&info->cert_schemes, content);
  case CODICIL_EXT_SERVER_NAME:
    return parse_server_name(&info->server_name, content);
  case CODICIL_EXT_CERTIFICATE_AUTHORITIES:
    return parse_authorities(&info->authorities, content);
  case CODICIL_EXT_OID_FILTERS:
    return parse_oid_filters(&info->oid_filters, content);
  case CODICIL_EXT_STATUS_REQUEST:
    // Empty in a CertificateRequest (RFC 8446 §4.4.2.1); clients also write what a ClientHello has.
    info->want_ocsp = true;
    return true;
  case CODICIL_EXT_SCT:
    info->want_scts = true;
    return content.len == 0;
  default:
    //= https://www.rfc-editor.org/rfc/rfc9261#section-5.2.1
    //# Unrecognized extensions in the
    //# authenticator request MUST be ignored.
    return true;
  }
}

static bool parse_extensions(codicil_ea_request_info *info, codicil_span block) {
  codicil_ext_place place =
      info->from_client ? CODICIL_IN_CLIENT_REQUEST : CODICIL_IN_SERVER_REQUEST;
  if (!codicil_extensions_allowed(block, place)) {
    return false;
  }
  codicil_reader r = codicil_reader_of(block);
  uint16_t type;
  codicil_span content;
  while (codicil_extension_read(&r, &type, &content)) {
    if (!parse_extension(info, type, content)) {
      return false;
    }
  }
  // RFC 9261 §7.1: signature_algorithms MUST be among them.
  return info->schemes.len != 0;
}

bool codicil_request_parse(codicil_ea_request_info *out, codicil_offer *out_offer,
                           codicil_span request) {
  codicil_reader r = codicil_reader_of(request);
  codicil_message m;
  if (!codicil_message_read(&r, &m) || !codicil_reader_done(&r) ||
      (m.type != CODICIL_MSG_CERTIFICATE_REQUEST &&
       m.type != CODICIL_MSG_CLIENT_CERTIFICATE_REQUEST)) {
    return false;
  }
  codicil_ea_request_info info = {.from_client = m.type == CODICIL_MSG_CLIENT_CERTIFICATE_REQUEST};
  codicil_span block;
  r = codicil_reader_of(m.body);
  if (!codicil_read_vec8(&r, &info.context) || !codicil_read_vec16(&r, &block) ||
      !codicil_reader_done(&r) || !parse_extensions(&info, block)) {
    return false;
  }
  *out = info;
  *out_offer = (codicil_offer){
      .schemes = info.schemes, .cert_schemes = info.cert_schemes, .extensions = block};
  return true;
}

codicil_err codicil_ea_request_parse(codicil_ea_request_info *out, codicil_span request) {
  codicil_offer offer;
  return codicil_request_parse(out, &offer, request) ? CODICIL_OK : CODICIL_MALFORMED;
}

// ---- writing ----------------------------------------------------------------------------------

static void write_schemes(codicil_writer *w, uint16_t type, const uint16_t *schemes, size_t num) {
  codicil_write_u16(w, type);
  size_t content = codicil_write_open(w, 2);
  size_t list = codicil_write_open(w, 2);
  for (size_t i = 0; i < num; i++) {
    codicil_write_u16(w, schemes[i]);
  }
  codicil_write_close(w, list, 2);
  codicil_write_close(w, content, 2);
}

static void write_server_name(codicil_writer *w, const char *name) {
  codicil_write_u16(w, CODICIL_EXT_SERVER_NAME);
  size_t content = codicil_write_open(w, 2);
  size_t list = codicil_write_open(w, 2);
  codicil_write_u8(w, 0); // host_name
  size_t host = codicil_write_open(w, 2);
  codicil_write_bytes(w, codicil_span_str(name));
  codicil_write_close(w, host, 2);
  codicil_write_close(w, list, 2);
  codicil_write_close(w, content, 2);
}

static void write_authorities(codicil_writer *w, const codicil_span *authorities, size_t num) {
  codicil_write_u16(w, CODICIL_EXT_CERTIFICATE_AUTHORITIES);
  size_t content = codicil_write_open(w, 2);
  size_t list = codicil_write_open(w, 2);
  for (size_t i = 0; i < num; i++) {
    size_t name = codicil_write_open(w, 2);
    codicil_write_bytes(w, authorities[i]);
    codicil_write_close(w, name, 2);
  }
  codicil_write_close(w, list, 2);
  codicil_write_close(w, content, 2);
}

static void write_content(codicil_writer *w, uint16_t type, codicil_span content) {
  codicil_write_u16(w, type);
  size_t mark = codicil_write_open(w, 2);
  codicil_write_bytes(w, content);
  codicil_write_close(w, mark, 2);
}

static void write_extensions(codicil_writer *w, const codicil_ea_request_params *p) {
  size_t block = codicil_write_open(w, 2);
  write_schemes(w, CODICIL_EXT_SIGNATURE_ALGORITHMS, p->schemes, p->num_schemes);
  if (p->num_cert_schemes != 0) {
    write_schemes(w, CODICIL_EXT_SIGNATURE_ALGORITHMS_CERT, p->cert_schemes, p->num_cert_schemes);
  }
  if (p->server_name != NULL) {
    write_server_name(w, p->server_name);
  }
  if (p->num_authorities != 0) {
    write_authorities(w, p->authorities, p->num_authorities);
  }
  if (p->oid_filters.len != 0) {
    write_content(w, CODICIL_EXT_OID_FILTERS, p->oid_filters);
  }
  if (p->want_ocsp) {
    write_content(w, CODICIL_EXT_STATUS_REQUEST, codicil_span_of(NULL, 0));
  }
  if (p->want_scts) {
    write_content(w, CODICIL_EXT_SCT, codicil_span_of(NULL, 0));
  }
  codicil_write_close(w, block, 2);
}

//= https://www.rfc-editor.org/rfc/rfc9261#section-4
//# These are encoded as TLS handshake messages, including length and
//# type fields.
static codicil_err write_request(codicil_buf *out, const codicil_ea_request_params *params,
                                 bool from_client) {
  codicil_writer w = codicil_writer_of(out);
  codicil_write_u8(&w, from_client ? CODICIL_MSG_CLIENT_CERTIFICATE_REQUEST
                                   : CODICIL_MSG_CERTIFICATE_REQUEST);
  size_t body = codicil_write_open(&w, 3);
  size_t context = codicil_write_open(&w, 1);
  codicil_write_bytes(&w, params->context);
  codicil_write_close(&w, context, 1);
  write_extensions(&w, params);
  codicil_write_close(&w, body, 3);
  return codicil_writer_finish(&w);
}

// Appends the request and reads it back: what we would refuse to answer we do not ask.
static codicil_err write_checked(codicil_buf *out, const codicil_ea_request_params *params,
                                 bool from_client) {
  size_t before = out->len;
  codicil_err err = write_request(out, params, from_client);
  if (err != CODICIL_OK) {
    return err;
  }
  codicil_ea_request_info info;
  codicil_offer offer;
  codicil_span request = codicil_span_sub(codicil_buf_span(out), before, out->len);
  if (!codicil_request_parse(&info, &offer, request)) {
    out->len = before;
    return CODICIL_BAD_INPUT;
  }
  return CODICIL_OK;
}

codicil_err codicil_ea_request(codicil_ea *ea, codicil_buf *out,
                               const codicil_ea_request_params *params) {
  if (params->context.len > CODICIL_CONTEXT_MAX) {
    return CODICIL_BAD_INPUT;
  }
  //= https://www.rfc-editor.org/rfc/rfc9261#section-4
  //# A
  //# certificate_request_context value MUST be unique for each
  //# authenticator request within the scope of a connection
  if ((params->server_name != NULL && ea->is_server) ||
      codicil_contexts_state(&ea->contexts, params->context) != CODICIL_CONTEXT_NEW) {
    return CODICIL_USAGE;
  }
  codicil_err err = codicil_contexts_reserve(&ea->contexts, params->context);
  if (err == CODICIL_OK) {
    err = write_checked(out, params, !ea->is_server);
  }
  if (err == CODICIL_OK) {
    codicil_contexts_set(&ea->contexts, params->context, CODICIL_CONTEXT_ASKED);
  }
  return err;
}

// ---- get context ------------------------------------------------------------------------------

static bool request_context(codicil_span *out, codicil_span body) {
  codicil_reader r = codicil_reader_of(body);
  codicil_span context;
  codicil_span extensions;
  if (!codicil_read_vec8(&r, &context) || !codicil_read_vec16(&r, &extensions) ||
      !codicil_reader_done(&r)) {
    return false;
  }
  *out = context;
  return true;
}

codicil_err codicil_ea_get_context(codicil_span *out_context, codicil_span message) {
  codicil_reader r = codicil_reader_of(message);
  codicil_message m;
  codicil_certificate certificate;
  if (!codicil_message_read(&r, &m)) {
    return CODICIL_MALFORMED;
  }
  switch (m.type) {
  case CODICIL_MSG_CERTIFICATE_REQUEST:
  case CODICIL_MSG_CLIENT_CERTIFICATE_REQUEST:
    return codicil_reader_done(&r) && request_context(out_context, m.body) ? CODICIL_OK
                                                                           : CODICIL_MALFORMED;
  case CODICIL_MSG_CERTIFICATE:
    if (!codicil_certificate_parse(&certificate, m.body)) {
      return CODICIL_MALFORMED;
    }
    *out_context = certificate.context;
    return CODICIL_OK;
  case CODICIL_MSG_FINISHED:
    return codicil_reader_done(&r) ? CODICIL_DECLINED : CODICIL_MALFORMED;
  default:
    return CODICIL_MALFORMED;
  }
}
