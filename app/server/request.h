// One request, of any HTTP version: its fields, whether they are well formed, and whose it is.
//
// nghttp2's own checking of messages is off, for it answers a missing or malformed authority with a
// reset stream where a server should say 400: what RFC 9113 §8 asks of requests is checked here.
// RFC 9114 §4 asks the same; nghttp3 has looked first, and cannot be told not to.
#ifndef APP_SERVER_REQUEST_H
#define APP_SERVER_REQUEST_H

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

// How to keep the buffer that a field's value is in: it counts who does, and belongs to the library
// that decoded it.
typedef struct request_buffers {
  void (*hold)(void *buffer);
  void (*release)(void *buffer);
  // The HTTP version's library has refused what no name, value or place of a field may be.
  bool are_checked;
} request_buffers;

struct connection;
struct content_chunk;

typedef struct request {
  struct connection *connection;
  struct request *next, *previous; // of the connection's, or of the worker's spare ones
  const request_buffers *buffers;
  int64_t stream;
  bool is_malformed;      // the stream is reset
  bool has_bad_authority; // 400
  bool is_too_large;      // 431
  bool saw_regular_field; // no pseudo-field may follow
  bool is_complete;       // all fields are here
  bool has_body;          // more came, or is to come, than the fields
  bool is_answered;
  bool has_alt_svc; // its site is served over HTTP/3, too
  request_method method;
  codicil_span fields[REQUEST_NUM_FIELDS]; // `data` is NULL where one is absent
  void *held[REQUEST_NUM_FIELDS];          // the buffers that they are in
  size_t fields_len;                       // as RFC 9113 §6.5.2 counts
  // The answer.
  uint16_t status;
  file_entry *file;  // of the content, or NULL
  const char *text;  // content where there is no file; static
  uint64_t at, end;  // of the content, to be sent
  codicil_span part; // from `at`, read for the frame that is being made (HTTP/2)
  uint64_t sent;
  uint64_t acked; // of `sent` (HTTP/3)
  // HTTP/3: what was read of a large file, oldest first, until it is acknowledged.
  struct content_chunk *chunks, *newest_chunk;
  size_t num_chunks;
  uint64_t acked_of_chunk; // of the oldest
  bool awaits_ack;         // to read more
  char content_length[24]; // where it is not the whole file
  char content_range[72];
  uint64_t began_ns;
  // The certificate that carried the authority (SHA-256), or NULL.
  const uint8_t *certificate;
} request;

// Notes one field, whose value is in `buffer`; `max_len` is the most that all may measure.
void request_add_field(request *r, codicil_span name, codicil_span value, void *buffer,
                       size_t max_len);
// All fields are here: decides the method and what is malformed.
void request_complete(request *r);
// Forgets everything but the connection, and lets go of the buffers.
void request_clear(request *r);

// Returns a field's value; `data` is NULL where it is absent.
static inline codicil_span request_value(const request *r, request_field field) {
  return r->fields[field];
}
// The authority of the request, one of :authority and Host, where it is well formed.
CODICIL_MUST_USE bool request_origin(codicil_origin *out, const request *r);

#endif
