// One request: its fields, whether they are well formed, and whose it is.
//
// nghttp2's own checking of messages is off, for it answers a missing or malformed authority with a
// reset stream where a server should say 400: what RFC 9113 §8 asks of requests is checked here.
#ifndef APP_SERVER_REQUEST_H
#define APP_SERVER_REQUEST_H

#include <nghttp2/nghttp2.h>

#include "codicil/name.h"
#include "server/file_cache.h"
#include "server/site.h"

// Fields that the server looks at.
#define REQUEST_FIELD_MAP(X)                    \
  X(METHOD, ":method")                          \
  X(SCHEME, ":scheme")                          \
  X(AUTHORITY, ":authority")                    \
  X(PATH, ":path")                              \
  X(HOST, "host")                               \
  X(RANGE, "range")                             \
  X(IF_RANGE, "if-range")                       \
  X(IF_MATCH, "if-match")                       \
  X(IF_NONE_MATCH, "if-none-match")             \
  X(IF_MODIFIED_SINCE, "if-modified-since")     \
  X(IF_UNMODIFIED_SINCE, "if-unmodified-since") \
  X(USER_AGENT, "user-agent")                   \
  X(REFERER, "referer")

typedef enum request_field {
#define REQUEST_FIELD_ENUM(name, text) REQUEST_##name,
  REQUEST_FIELD_MAP(REQUEST_FIELD_ENUM)
#undef REQUEST_FIELD_ENUM
      REQUEST_NUM_FIELDS,
  REQUEST_OTHER = REQUEST_NUM_FIELDS
} request_field;

typedef enum request_method {
  METHOD_GET,
  METHOD_HEAD,
  METHOD_OPTIONS,
  METHOD_OTHER
} request_method;

struct connection;

typedef struct request {
  struct connection *connection;
  struct request *next, *previous; // of the connection's, or of the worker's spare ones
  int32_t stream;
  bool is_malformed;      // the stream is reset
  bool has_bad_authority; // 400
  bool is_too_large;      // 431
  bool saw_regular_field; // no pseudo-field may follow
  bool has_body;          // END_STREAM did not come with the fields
  bool is_answered;
  request_method method;
  nghttp2_rcbuf *fields[REQUEST_NUM_FIELDS];
  size_t fields_len; // as RFC 9113 §6.5.2 counts
  // The answer.
  uint16_t status;
  file_entry *file;  // of the content, or NULL
  const char *text;  // content where there is no file; static
  uint64_t at, end;  // of the content, to be sent
  codicil_span part; // from `at`, read for the frame that is being made
  uint64_t sent;
  char content_length[24]; // where it is not the whole file
  char content_range[72];
  uint64_t began_ns;
  // The certificate that carried the authority (SHA-256), or NULL.
  const uint8_t *certificate;
} request;

// Notes one field; `max_len` is the most that all may measure.
void request_add_field(request *r, nghttp2_rcbuf *name, nghttp2_rcbuf *value, size_t max_len);
// All fields are here: decides the method and what is malformed.
void request_complete(request *r);
// Forgets everything but the connection.
void request_clear(request *r);

// Returns a field's value; `data` is NULL where it is absent.
static inline codicil_span request_value(const request *r, request_field field) {
  nghttp2_vec v = {NULL, 0};
  if (r->fields[field]) {
    v = nghttp2_rcbuf_get_buf(r->fields[field]);
  }
  return codicil_span_of(v.base, v.len);
}
// The authority of the request, one of :authority and Host, where it is well formed.
CODICIL_MUST_USE bool request_origin(codicil_origin *out, const request *r);

#endif
