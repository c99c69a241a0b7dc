// --resolve and --connect-to: see hosts.h.
#include "client/hosts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef struct resolve_rule {
  char host[CODICIL_HOST_MAX + 1]; // "*" for any
  uint16_t port;
  codicil_address *addresses;
  size_t num_addresses;
} resolve_rule;

typedef struct connect_rule {
  client_endpoint from; // empty host, port 0: any
  client_endpoint to;   // empty host, port 0: as in the URL
} connect_rule;

struct client_hosts {
  resolve_rule *resolve;
  size_t num_resolve;
  connect_rule *connect;
  size_t num_connect;
};

// ---- reading a rule -----------------------------------------------------------------------------

// Takes the text up to the next colon outside brackets, and that colon; false where there is none.
static bool next_field(codicil_span *out, const char **text) {
  const char *p = *text;
  bool in_brackets = false;
  for (; *p != '\0' && (in_brackets || *p != ':'); p++) {
    in_brackets = *p == '[' || (in_brackets && *p != ']');
  }
  if (*p == '\0') {
    return false;
  }
  *out = codicil_span_of(*text, (size_t)(p - *text));
  *text = p + 1;
  return true;
}

static bool read_port(uint16_t *out, codicil_span text) {
  unsigned value = 0;
  for (size_t i = 0; i < text.len; i++) {
    if (!isdigit(text.data[i])) {
      return false;
    }
    value = value * 10 + (unsigned)(text.data[i] - '0');
    if (value > 65535) {
      return false;
    }
  }
  *out = (uint16_t)value;
  return value != 0;
}

// A name or an address, as a URL has it.
static bool read_host(client_endpoint *out, codicil_span text) {
  if (codicil_address_parse(&out->address, text)) {
    codicil_address_format(&out->address, out->host, sizeof out->host);
    return true;
  }
  return codicil_dns_name_normalise(out->host, sizeof out->host, text);
}

static bool read_addresses(resolve_rule *rule, const char *text) {
  rule->addresses = calloc(CLIENT_MAX_ADDRESSES, sizeof *rule->addresses);
  if (rule->addresses == NULL) {
    return false;
  }
  for (;;) {
    size_t len = strcspn(text, ",");
    if (rule->num_addresses == CLIENT_MAX_ADDRESSES ||
        !codicil_address_parse(&rule->addresses[rule->num_addresses], codicil_span_of(text, len))) {
      return false;
    }
    rule->num_addresses++;
    if (text[len] == '\0') {
      return true;
    }
    text += len + 1;
  }
}

static bool read_resolve(resolve_rule *rule, const char *text, app_error *err) {
  const char *rest = text;
  codicil_span host;
  codicil_span port;
  if (!next_field(&host, &rest) || !next_field(&port, &rest)) {
    return app_fail(err, "--resolve: '%s' is not HOST:PORT:ADDRESS[,ADDRESS]", text);
  }
  client_endpoint endpoint = {0};
  if (host.len == 1 && host.data[0] == '*') {
    endpoint.host[0] = '*';
  } else if (!read_host(&endpoint, host)) {
    return app_fail(err, "--resolve: '%.*s' is not a host name", (int)host.len,
                    (const char *)host.data);
  }
  memcpy(rule->host, endpoint.host, sizeof rule->host);
  if (!read_port(&rule->port, port)) {
    return app_fail(err, "--resolve: '%s' has no port from 1 to 65535", text);
  }
  return read_addresses(rule, rest) ||
         app_fail(err, "--resolve: '%s' is not a list of addresses, at most %d", rest,
                  CLIENT_MAX_ADDRESSES);
}

static bool read_end(client_endpoint *out, codicil_span host, codicil_span port) {
  return (host.len == 0 || read_host(out, host)) && (port.len == 0 || read_port(&out->port, port));
}

static bool read_connect(connect_rule *rule, const char *text, app_error *err) {
  const char *rest = text;
  codicil_span host[2];
  codicil_span port[2];
  if (!next_field(&host[0], &rest) || !next_field(&port[0], &rest) ||
      !next_field(&host[1], &rest)) {
    return app_fail(err, "--connect-to: '%s' is not HOST1:PORT1:HOST2:PORT2", text);
  }
  port[1] = codicil_span_of(rest, strlen(rest));
  if (!read_end(&rule->from, host[0], port[0]) || !read_end(&rule->to, host[1], port[1])) {
    return app_fail(err, "--connect-to: '%s' has a host or a port that is none", text);
  }
  return true;
}

// ---- the rules ----------------------------------------------------------------------------------

static bool read_all(client_hosts *hosts, const client_list *resolve, const client_list *connect_to,
                     app_error *err) {
  hosts->resolve = calloc(resolve->num + 1, sizeof *hosts->resolve);
  hosts->connect = calloc(connect_to->num + 1, sizeof *hosts->connect);
  if (hosts->resolve == NULL || hosts->connect == NULL) {
    return app_fail(err, "out of memory");
  }
  for (size_t i = 0; i < resolve->num; i++) {
    hosts->num_resolve++;
    if (!read_resolve(&hosts->resolve[i], resolve->items[i], err)) {
      return false;
    }
  }
  for (size_t i = 0; i < connect_to->num; i++) {
    hosts->num_connect++;
    if (!read_connect(&hosts->connect[i], connect_to->items[i], err)) {
      return false;
    }
  }
  return true;
}

bool client_hosts_new(client_hosts **out, const client_list *resolve, const client_list *connect_to,
                      app_error *err) {
  client_hosts *hosts = calloc(1, sizeof *hosts);
  if (hosts == NULL) {
    return app_fail(err, "out of memory");
  }
  if (!read_all(hosts, resolve, connect_to, err)) {
    client_hosts_free(hosts);
    return false;
  }
  *out = hosts;
  return true;
}

void client_hosts_free(client_hosts *hosts) {
  if (hosts == NULL) {
    return;
  }
  for (size_t i = 0; i < hosts->num_resolve; i++) {
    free(hosts->resolve[i].addresses);
  }
  free(hosts->resolve);
  free(hosts->connect);
  free(hosts);
}

static bool matches(const client_endpoint *from, const codicil_origin *origin) {
  return (from->host[0] == '\0' || strcmp(from->host, origin->host) == 0) &&
         (from->port == 0 || from->port == origin->port);
}

void client_hosts_endpoint(const client_hosts *hosts, client_endpoint *out,
                           const codicil_origin *origin) {
  client_endpoint endpoint = {.address = origin->address, .port = origin->port};
  memcpy(endpoint.host, origin->host, sizeof endpoint.host);
  for (size_t i = 0; i < hosts->num_connect; i++) {
    const connect_rule *rule = &hosts->connect[i];
    if (!matches(&rule->from, origin)) {
      continue;
    }
    if (rule->to.host[0] != '\0') {
      memcpy(endpoint.host, rule->to.host, sizeof endpoint.host);
      endpoint.address = rule->to.address;
    }
    endpoint.port = rule->to.port != 0 ? rule->to.port : endpoint.port;
    endpoint.is_mapped = true;
    break;
  }
  *out = endpoint;
}

const codicil_address *client_hosts_resolve(const client_hosts *hosts, size_t *out_num,
                                            const client_endpoint *endpoint) {
  const resolve_rule *best = NULL;
  for (size_t i = 0; i < hosts->num_resolve; i++) {
    const resolve_rule *rule = &hosts->resolve[i];
    bool is_any = strcmp(rule->host, "*") == 0;
    if (rule->port != endpoint->port || (!is_any && strcmp(rule->host, endpoint->host) != 0)) {
      continue;
    }
    if (best == NULL || !is_any || strcmp(best->host, "*") == 0) {
      best = rule;
    }
  }
  *out_num = best != NULL ? best->num_addresses : 0;
  return best != NULL ? best->addresses : NULL;
}
