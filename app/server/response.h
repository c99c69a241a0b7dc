// The answer to a request, of any HTTP version: its status, its fields and its content.
//
// A version (connection_h2.c, connection_h3.c) takes what is made here to its library, and content
// to the wire.
#ifndef APP_SERVER_RESPONSE_H
#define APP_SERVER_RESPONSE_H

#include "server/request.h"

// Name and value stay where they are until the request's stream closes, but for a value that is
// `borrowed` for the call.
typedef struct response_field {
  const char *name, *value;
  size_t name_len, value_len;
  bool is_borrowed;
} response_field;

enum { RESPONSE_MAX_FIELDS = 10 };
typedef struct response_fields {
  response_field field[RESPONSE_MAX_FIELDS];
  size_t num;
} response_fields;

// Answers a complete request: finds its site, its file and its conditions, and has the connection
// submit the response. Returns 0 or what the HTTP library returned.
int response_submit(request *r);
// Answers with a status that is not the outcome of looking for anything.
int response_submit_status(request *r, uint16_t status);

// Tells whether content is to be sent: that of `r` from `at` to `end`.
static inline bool response_has_content(const request *r) {
  return r->end > r->at && r->method != METHOD_HEAD;
}
// Returns up to `len` octets of the content from `at`, in place or read into `space` (`len`
// octets). Empty where that fails: a file that shrank ends its own stream only.
codicil_span response_read(const request *r, size_t len, uint8_t *space);

#endif
