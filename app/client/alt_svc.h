// The Alt-Svc response field (RFC 7838 §3), read into plain data. Bounded; allocates nothing.
#ifndef APP_CLIENT_ALT_SVC_H
#define APP_CLIENT_ALT_SVC_H

#include "codicil/name.h"

enum { ALT_SVC_MAX = 16 };

typedef enum alt_svc_protocol { ALT_SVC_H1, ALT_SVC_H2, ALT_SVC_H3 } alt_svc_protocol;

// One alternative: where the same origin is served, too.
typedef struct alt_svc {
  alt_svc_protocol protocol;
  char host[CODICIL_HOST_MAX + 1]; // normalised; empty: the origin's
  uint16_t port;
  uint32_t max_age_s; // from the response on
  bool persist;       // a change of network does not end it
} alt_svc;

typedef struct alt_svc_field {
  bool is_clear;              // all that was known of the origin is void
  alt_svc items[ALT_SVC_MAX]; // of protocols that have a name here, in order of preference
  size_t num;
} alt_svc_field;

// Reads the value of the field; of more than ALT_SVC_MAX alternatives the first ones. False for
// what does not parse; `out` is untouched then.
CODICIL_MUST_USE bool alt_svc_parse(alt_svc_field *out, codicil_span value);
// "h1", "h2", "h3": as in the file of the cache. Static.
const char *alt_svc_protocol_word(alt_svc_protocol protocol);
// False for anything else.
bool alt_svc_protocol_read(alt_svc_protocol *out, codicil_span text);

#endif
