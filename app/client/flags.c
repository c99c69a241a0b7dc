// The table of flags, so that a flag has one spelling, one kind and one place where its value goes:
// see flags.h.
#include "client/flags.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define ON(name, letter, field) \
  { name, letter, FLAG_ON, offsetof(client_options, field), NULL }
#define TEXT(name, letter, field) \
  { name, letter, FLAG_TEXT, offsetof(client_options, field), NULL }
#define LIST(name, letter, field) \
  { name, letter, FLAG_LIST, offsetof(client_options, field), NULL }
#define SECONDS(name, letter, field) \
  { name, letter, FLAG_SECONDS, offsetof(client_options, field), NULL }
#define CALL(name, letter, function) \
  { name, letter, FLAG_CALL, 0, function }
#define DO(name, letter, function) \
  { name, letter, FLAG_DO, 0, function }

static const client_flag flags[] = {
    TEXT("cacert", 0, cacert),
    TEXT("capath", 0, capath),
    TEXT("crlfile", 0, crlfile),
    TEXT("block-list", 0, block_list),
    TEXT("ct-logs", 0, ct_logs),
    CALL("min-scts", 0, flag_min_scts),
    TEXT("caa-anchor", 0, caa_anchor),
    LIST("resolve", 0, resolve),
    LIST("connect-to", 0, connect_to),
    CALL("dns-servers", 0, flag_dns_servers),
    TEXT("dnssec-anchor", 0, dnssec_anchor),
    CALL("header", 'H', flag_header),
    CALL("request", 'X', flag_method),
    CALL("data", 'd', flag_data),
    CALL("data-binary", 0, flag_data_binary),
    CALL("output", 'o', flag_output),
    DO("remote-name", 'O', flag_remote_name),
    ON("head", 'I', head),
    ON("include", 'i', include),
    ON("silent", 's', silent),
    ON("show-error", 'S', show_error),
    ON("verbose", 'v', verbose),
    ON("fail", 'f', fail),
    ON("insecure", 'k', insecure),
    CALL("write-out", 'w', flag_write_out),
    SECONDS("max-time", 'm', max_time_ms),
    SECONDS("connect-timeout", 0, connect_timeout_ms),
    CALL("parallel-max", 0, flag_parallel_max),
    CALL("urls-from", 0, flag_urls_from),
    DO("http2", 0, flag_http),
    DO("http3", 0, flag_http),
    DO("http3-only", 0, flag_http),
    CALL("alt-svc", 0, flag_alt_svc),
    TEXT("qlog", 0, qlog),
    ON("no-secondary", 0, no_secondary),
    ON("no-origin", 0, no_origin),
    CALL("required-domain", 0, flag_required_domain),
    ON("insecure-any-required-domain", 0, insecure_any_required_domain),
    CALL("dns-evidence", 0, flag_dns_evidence),
    CALL("coalesce-wait", 0, flag_coalesce_wait),
    ON("json", 0, json),
    CALL("codepoints", 0, flag_codepoints),
    ON("help", 'h', help),
};
enum { NUM_FLAGS = sizeof flags / sizeof flags[0] };

const client_flag *client_flag_long(const char *name, size_t len) {
  for (size_t i = 0; i < NUM_FLAGS; i++) {
    if (strlen(flags[i].name) == len && memcmp(flags[i].name, name, len) == 0) {
      return &flags[i];
    }
  }
  return NULL;
}

const client_flag *client_flag_letter(char letter) {
  for (size_t i = 0; i < NUM_FLAGS; i++) {
    if (flags[i].letter == letter) {
      return &flags[i];
    }
  }
  return NULL;
}

bool client_flag_takes_value(const client_flag *f) {
  return f->kind != FLAG_ON && f->kind != FLAG_DO;
}

static bool set_seconds(uint64_t *out, const char *name, const char *value, app_error *err) {
  char *end = NULL;
  bool is_plain = isdigit((unsigned char)value[0]) || value[0] == '.';
  double seconds = is_plain ? strtod(value, &end) : -1;
  if (!is_plain || *end != '\0' || !(seconds >= 0 && seconds <= 1e7)) {
    return app_fail(err, "%s: '%s' is not a number of seconds", name, value);
  }
  *out = seconds > 0 && seconds < 0.001 ? 1 : (uint64_t)(seconds * 1000);
  return true;
}

bool client_flag_apply(client_options *options, const client_flag *f, const char *name,
                       const char *value, app_error *err) {
  void *field = (char *)options + f->offset;
  switch (f->kind) {
  case FLAG_ON:
    *(bool *)field = true;
    return true;
  case FLAG_TEXT:
    *(const char **)field = value;
    return value[0] != '\0' || app_fail(err, "%s: needs a value", name);
  case FLAG_LIST: {
    client_list *list = field;
    list->items[list->num++] = value;
    return true;
  }
  case FLAG_SECONDS:
    return set_seconds(field, name, value, err);
  case FLAG_CALL:
  case FLAG_DO:
    break;
  }
  return f->call(options, name, value, err);
}
