// The header section of a request: see fields.h.
#include "client/fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NUM_OWN = 9 };

static void add(client_fields *fields, const char *name, size_t name_len, const char *value) {
  fields->items[fields->num++] =
      (client_field){codicil_span_of(name, name_len), codicil_span_of(value, strlen(value))};
}

static bool is_named(const char *header, const char *name) {
  size_t len = strcspn(header, ":;");
  return len == strlen(name) && strncasecmp(header, name, len) == 0;
}

// A default that no -H replaces or takes away.
static void add_default(client_fields *fields, const client_options *options, const char *name,
                        const char *value) {
  for (size_t i = 0; i < options->headers.num; i++) {
    if (is_named(options->headers.items[i], name)) {
      return;
    }
  }
  add(fields, name, strlen(name), value);
}

// "Name: value" and "Name;" are sent, "Name:" only takes a default away.
static void add_user(client_fields *fields, const char *header) {
  size_t len = strcspn(header, ":;");
  const char *value = header + len + 1;
  value += strspn(value, " \t");
  if (header[len] == ';' || value[0] != '\0') {
    add(fields, header, len, value);
  }
}

// RFC 7838 §5: the alternative's host and port.
static void add_alt_used(client_fields *fields, const client_options *options,
                         const client_url *url, uint16_t port) {
  bool is_v6 = url->origin.address.len == 16;
  snprintf(fields->alt_used, sizeof fields->alt_used, "%s%s%s:%u", is_v6 ? "[" : "",
           url->origin.host, is_v6 ? "]" : "", port);
  add_default(fields, options, "alt-used", fields->alt_used);
}

bool client_fields_init(client_fields *out, const client_options *options, const client_url *url,
                        uint16_t alternative_port) {
  memset(out, 0, sizeof *out);
  out->items = calloc(NUM_OWN + options->headers.num, sizeof *out->items);
  if (out->items == NULL) {
    return false;
  }
  add(out, ":method", 7, client_options_method(options));
  add(out, ":scheme", 7, "https");
  add(out, ":authority", 10, url->authority);
  add(out, ":path", 5, url->path);
  add_default(out, options, "user-agent", "codicil/" CODICIL_VERSION);
  add_default(out, options, "accept", "*/*");
  if (options->has_body) {
    add_default(out, options, "content-type", "application/x-www-form-urlencoded");
    snprintf(out->content_length, sizeof out->content_length, "%zu", options->body.len);
    add_default(out, options, "content-length", out->content_length);
  }
  if (alternative_port != 0) {
    add_alt_used(out, options, url, alternative_port);
  }
  for (size_t i = 0; i < options->headers.num; i++) {
    add_user(out, options->headers.items[i]);
  }
  return true;
}

void client_fields_clear(client_fields *fields) {
  free(fields->items);
  memset(fields, 0, sizeof *fields);
}
