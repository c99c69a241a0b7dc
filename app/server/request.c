// One request: see request.h.
#include "server/request.h"

#include <nghttp2/nghttp2.h>
#include <string.h>

enum { FIELD_OVERHEAD = 32 }; // RFC 9113 §6.5.2

static bool is(codicil_span v, const char *text, size_t len) {
  return v.len == len && memcmp(v.data, text, len) == 0;
}
#define IS(v, literal) is(v, literal, sizeof literal - 1)

static request_field field_of(codicil_span name) {
  static const struct {
    const char *text;
    size_t len;
  } known[] = {
#define REQUEST_FIELD_NAME(id, text) {text, sizeof text - 1},
      REQUEST_FIELD_MAP(REQUEST_FIELD_NAME)
#undef REQUEST_FIELD_NAME
  };
  for (size_t i = 0; i < REQUEST_NUM_FIELDS; i++) {
    if (known[i].len == name.len && memcmp(known[i].text, name.data, name.len) == 0) {
      return (request_field)i;
    }
  }
  return REQUEST_OTHER;
}

//= https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2
//# An endpoint MUST NOT generate an HTTP/2 message containing
//# connection-specific header fields.
static bool is_connection_specific(codicil_span name, codicil_span value) {
  switch (name.len) {
  case 2:
    return IS(name, "te") && !IS(value, "trailers");
  case 7:
    return IS(name, "upgrade");
  case 10:
    return IS(name, "connection") || IS(name, "keep-alive");
  case 16:
    return IS(name, "proxy-connection");
  case 17:
    return IS(name, "transfer-encoding");
  default:
    return false;
  }
}

//= https://www.rfc-editor.org/rfc/rfc9113#section-8.3
//# All pseudo-header fields MUST appear in a field block before all
//# regular field lines.
static bool is_well_placed(request *r, codicil_span name, request_field field) {
  if (name.data[0] != ':') {
    r->saw_regular_field = true;
    return true;
  }
  return !r->saw_regular_field && field <= REQUEST_PATH && !r->held[field];
}

// A name of our own table needs no second look.
static bool is_well_formed(const request *r, codicil_span name, codicil_span value,
                           request_field field) {
  return r->buffers->are_checked ||
         (nghttp2_check_header_value_rfc9113(value.data, value.len) &&
          (field != REQUEST_OTHER ||
           (name.len > 0 && nghttp2_check_header_name(name.data, name.len) &&
            !is_connection_specific(name, value))));
}

static void keep(request *r, request_field field, codicil_span value, void *buffer) {
  r->buffers->hold(buffer);
  r->fields[field] = value;
  r->held[field] = buffer;
}

void request_add_field(request *r, codicil_span name, codicil_span value, void *buffer,
                       size_t max_len) {
  r->fields_len += name.len + value.len + FIELD_OVERHEAD;
  if (r->fields_len > max_len) {
    r->is_too_large = true;
    return;
  }
  request_field field = name.len > 0 ? field_of(name) : REQUEST_OTHER;
  if (field == REQUEST_AUTHORITY || field == REQUEST_HOST) {
    // What is wrong with these is told by a response.
    bool is_first = !r->held[field];
    r->has_bad_authority |= !is_first || !nghttp2_check_header_value_rfc9113(value.data, value.len);
    r->is_malformed |= field == REQUEST_AUTHORITY && r->saw_regular_field;
  } else if (!is_well_formed(r, name, value, field) || !is_well_placed(r, name, field)) {
    r->is_malformed = true;
    return;
  }
  if (field == REQUEST_HOST) {
    r->saw_regular_field = true;
  }
  if (field != REQUEST_OTHER && !r->held[field]) {
    keep(r, field, value, buffer);
  }
}

static request_method method_of(codicil_span text) {
  return IS(text, "GET")       ? METHOD_GET
         : IS(text, "HEAD")    ? METHOD_HEAD
         : IS(text, "OPTIONS") ? METHOD_OPTIONS
                               : METHOD_OTHER;
}

//= https://www.rfc-editor.org/rfc/rfc9113#section-8.3.1
//# All HTTP/2 requests MUST include exactly one valid value for the
//# ":method", ":scheme", and ":path" pseudo-header fields, unless they
//# are CONNECT requests (Section 8.5).
void request_complete(request *r) {
  codicil_span method = request_value(r, REQUEST_METHOD);
  codicil_span path = request_value(r, REQUEST_PATH);
  codicil_span scheme = request_value(r, REQUEST_SCHEME);
  bool is_connect = method.len == 7 && memcmp(method.data, "CONNECT", 7) == 0;
  r->method = method_of(method);
  r->is_complete = true;
  if (r->is_too_large) {
    return; // what was left out cannot be judged
  }
  if (!method.data || !nghttp2_check_method(method.data, method.len)) {
    r->is_malformed = true;
  } else if (is_connect) {
    r->is_malformed |= path.data != NULL || scheme.data != NULL;
  } else {
    bool is_star = r->method == METHOD_OPTIONS && path.len == 1 && path.data[0] == '*';
    r->is_malformed |= scheme.len == 0 || path.len == 0 || (path.data[0] != '/' && !is_star) ||
                       !nghttp2_check_path(path.data, path.len);
  }
}

void request_clear(request *r) {
  for (size_t i = 0; i < REQUEST_NUM_FIELDS; i++) {
    if (r->held[i]) {
      r->buffers->release(r->held[i]);
    }
  }
  struct connection *connection = r->connection;
  memset(r, 0, sizeof *r);
  r->connection = connection;
}

// A colon without a port names 443 by the letter of RFC 3986 §3.2.3; nothing that means it says so.
static bool parse_authority(codicil_origin *out, codicil_span text) {
  return text.len > 0 && text.data[text.len - 1] != ':' &&
         codicil_origin_parse_authority(out, text);
}

//= https://www.rfc-editor.org/rfc/rfc9113#section-8.3.1
//# Clients MUST NOT generate a request with a Host header field that
//# differs from the ":authority" pseudo-header field.
bool request_origin(codicil_origin *out, const request *r) {
  codicil_span authority = request_value(r, REQUEST_AUTHORITY);
  codicil_span host = request_value(r, REQUEST_HOST);
  codicil_origin first;
  codicil_origin second;
  if (r->has_bad_authority || (!authority.data && !host.data) ||
      !parse_authority(&first, authority.data ? authority : host)) {
    return false;
  }
  if (authority.data && host.data &&
      (!parse_authority(&second, host) || !codicil_origin_equal(&first, &second))) {
    return false;
  }
  *out = first;
  return true;
}
