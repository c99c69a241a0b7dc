// The header section of a request: pseudo-header fields, defaults, and what -H says.
#ifndef APP_CLIENT_FIELDS_H
#define APP_CLIENT_FIELDS_H

#include "client/options.h"
#include "client/url.h"

// For either version of HTTP, borrowed.
typedef struct client_field {
  codicil_span name, value;
} client_field;

typedef struct client_fields {
  client_field *items; // pointing into options, URL and the texts below
  size_t num;
  char content_length[24];
  char alt_used[CODICIL_ORIGIN_TEXT_MAX + 8];
} client_fields;

// Builds it; `options` and `url` must outlive `out`. `alternative_port` is that of the Alternative
// Service to which the request goes, 0 for none. False: out of memory.
CODICIL_MUST_USE bool client_fields_init(client_fields *out, const client_options *options,
                                         const client_url *url, uint16_t alternative_port);
void client_fields_clear(client_fields *fields);

#endif
