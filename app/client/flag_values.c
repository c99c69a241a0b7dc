// What flags with a function of their own make of their values: see flag_values.h.
#include "client/flag_values.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "client/url_list.h"
#include "io/file.h"

static bool read_descriptor(codicil_buf *out, int fd, const char *name, app_error *err) {
  for (;;) {
    uint8_t chunk[16384];
    ssize_t n = read(fd, chunk, sizeof chunk);
    if (n == 0) {
      return true;
    }
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      return app_fail(err, "%s: standard input: %s", name, strerror(errno));
    }
    if (codicil_buf_append(out, codicil_span_of(chunk, (size_t)n)) != CODICIL_OK) {
      return app_fail(err, "%s: standard input has more than %zu octets", name, out->max);
    }
  }
}

// "@file" or "@-" stands for the content, everything else for itself.
static bool read_value(codicil_buf *out, const char *name, const char *value, app_error *err) {
  if (value[0] != '@') {
    if (codicil_buf_append(out, codicil_span_of(value, strlen(value))) != CODICIL_OK) {
      return app_fail(err, "%s: too long", name);
    }
    return true;
  }
  if (strcmp(value, "@-") == 0) {
    return read_descriptor(out, STDIN_FILENO, name, err);
  }
  app_error cause;
  return file_read(out, value + 1, &cause) || app_fail(err, "%s: %s", name, cause.text);
}

// What -d read from a file loses its line ends and NULs, as in curl.
static void strip_lines(codicil_buf *buf, size_t start) {
  size_t kept = start;
  for (size_t i = start; i < buf->len; i++) {
    if (buf->data[i] != '\r' && buf->data[i] != '\n' && buf->data[i] != '\0') {
      buf->data[kept++] = buf->data[i];
    }
  }
  buf->len = kept;
}

static bool add_body(client_options *options, const char *name, const char *value, bool strip,
                     app_error *err) {
  if (options->has_body &&
      codicil_buf_append(&options->body, codicil_span_of("&", 1)) != CODICIL_OK) {
    return app_fail(err, "%s: too long", name);
  }
  size_t start = options->body.len;
  if (!read_value(&options->body, name, value, err)) {
    return false;
  }
  if (strip && value[0] == '@') {
    strip_lines(&options->body, start);
  }
  options->has_body = true;
  return true;
}

bool flag_data(client_options *options, const char *name, const char *value, app_error *err) {
  return add_body(options, name, value, true, err);
}

bool flag_data_binary(client_options *options, const char *name, const char *value,
                      app_error *err) {
  return add_body(options, name, value, false, err);
}

bool flag_write_out(client_options *options, const char *name, const char *value, app_error *err) {
  codicil_buf_reset(&options->write_out);
  options->has_write_out = true;
  return read_value(&options->write_out, name, value, err) &&
         (codicil_buf_append(&options->write_out, codicil_span_of("", 1)) == CODICIL_OK ||
          app_fail(err, "%s: too long", name));
}

bool flag_output(client_options *options, const char *name, const char *value, app_error *err) {
  if (value[0] == '\0') {
    return app_fail(err, "%s: needs a file name", name);
  }
  bool is_stdout = strcmp(value, "-") == 0;
  options->outputs[options->num_outputs++] =
      (client_output){is_stdout ? CLIENT_OUTPUT_STDOUT : CLIENT_OUTPUT_FILE, value};
  return true;
}

static bool is_token(const char *text) {
  for (const char *p = text; *p != '\0'; p++) {
    if (!isalnum((unsigned char)*p) && strchr("!#$%&'*+-.^_`|~", *p) == NULL) {
      return false;
    }
  }
  return text[0] != '\0';
}

bool flag_method(client_options *options, const char *name, const char *value, app_error *err) {
  if (!is_token(value) || strcmp(value, "CONNECT") == 0) {
    return app_fail(err, "%s: '%s' is not a method that can be used here", name, value);
  }
  options->method = value;
  return true;
}

// The names that may not stand in an HTTP/2 request. Host is the URL's: a request whose authority
// is not its URL's would go where no certificate was asked for it.
static bool header_is_refused(const char *header, size_t len) {
  static const char *const names[] = {
      "host", "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (strlen(names[i]) == len && strncasecmp(names[i], header, len) == 0) {
      return true;
    }
  }
  return false;
}

bool flag_header(client_options *options, const char *name, const char *value, app_error *err) {
  size_t len = strcspn(value, ":;");
  if (value[len] == '\0' || (value[len] == ';' && value[len + 1] != '\0')) {
    return app_fail(err, "%s: '%s' is not 'Name: value'", name, value);
  }
  char field[128];
  if (len >= sizeof field) {
    return app_fail(err, "%s: the name is longer than %zu octets", name, sizeof field - 1);
  }
  memcpy(field, value, len);
  field[len] = '\0';
  if (!is_token(field)) {
    return app_fail(err, "%s: '%s' is not a header name", name, field);
  }
  if (strpbrk(value, "\r\n") != NULL) {
    return app_fail(err, "%s: '%s' has a line break in it", name, field);
  }
  if (header_is_refused(value, len)) {
    return app_fail(err, "%s: '%s' has no place in an HTTP/2 request%s", name, field,
                    strcasecmp(field, "host") == 0 ? " (see --connect-to)" : "");
  }
  options->headers.items[options->headers.num++] = value;
  return true;
}

// Decimal digits only, at most `max`.
static bool read_number(uint64_t *out, const char *text, uint64_t max) {
  uint64_t value = 0;
  for (const char *p = text; *p != '\0'; p++) {
    if (!isdigit((unsigned char)*p)) {
      return false;
    }
    value = value * 10 + (uint64_t)(*p - '0');
    if (value > max) {
      return false;
    }
  }
  *out = value;
  return text[0] != '\0';
}

bool flag_coalesce_wait(client_options *options, const char *name, const char *value,
                        app_error *err) {
  uint64_t ms;
  if (!read_number(&ms, value, 3600000)) {
    return app_fail(err, "%s: '%s' is not a number of milliseconds up to 3600000", name, value);
  }
  options->coalesce_wait_ms = (int64_t)ms;
  return true;
}

bool flag_urls_from(client_options *options, const char *name, const char *value, app_error *err) {
  app_error cause;
  if (options->url_file.len > 0) {
    return app_fail(err, "%s: may be given once", name);
  }
  if (strcmp(value, "-") == 0) {
    if (!read_descriptor(&options->url_file, STDIN_FILENO, name, err)) {
      return false;
    }
  } else if (!file_read(&options->url_file, value, &cause)) {
    return app_fail(err, "%s: %s", name, cause.text);
  }
  return url_list_add(options, value, err);
}

bool flag_parallel_max(client_options *options, const char *name, const char *value,
                       app_error *err) {
  if (!read_number(&options->parallel_max, value, 65535) || options->parallel_max == 0) {
    return app_fail(err, "%s: '%s' is not a number from 1 to 65535", name, value);
  }
  return true;
}

bool flag_min_scts(client_options *options, const char *name, const char *value, app_error *err) {
  return read_number(&options->min_scts, value, 32) ||
         app_fail(err, "%s: '%s' is not a number up to 32", name, value);
}

bool flag_codepoints(client_options *options, const char *name, const char *value, app_error *err) {
  codicil_diag diag = {NULL, 0};
  if (codicil_codepoints_set(&options->codepoints, &diag, value) == CODICIL_OK) {
    return true;
  }
  return app_fail(err, "%s: %s, at '%s'", name, diag.what != NULL ? diag.what : "does not parse",
                  diag.offset < strlen(value) ? value + diag.offset : value);
}

bool flag_alt_svc(client_options *options, const char *name, const char *value, app_error *err) {
  (void)name;
  (void)err;
  options->alt_svc = value;
  return true;
}

bool flag_remote_name(client_options *options, const char *name, const char *value,
                      app_error *err) {
  (void)name;
  (void)value;
  (void)err;
  options->outputs[options->num_outputs++] = (client_output){CLIENT_OUTPUT_REMOTE_NAME, NULL};
  return true;
}

bool flag_http(client_options *options, const char *name, const char *value, app_error *err) {
  static const struct {
    const char *name;
    client_http http;
  } versions[] = {
      {"--http2", CLIENT_HTTP_2}, {"--http3", CLIENT_HTTP_3}, {"--http3-only", CLIENT_HTTP_3_ONLY}};
  (void)value;
  (void)err;
  for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
    if (strcmp(versions[i].name, name) == 0) {
      options->http = versions[i].http;
    }
  }
  return true;
}

// Addresses separated by commas; the last flag counts, as in curl.
bool flag_dns_servers(client_options *options, const char *name, const char *value,
                      app_error *err) {
  client_list *list = &options->dns_servers;
  size_t most = 1;
  for (const char *p = value; *p != '\0'; p++) {
    most += *p == ',' ? 1 : 0;
  }
  free(list->items);
  free(options->dns_servers_text);
  *list = (client_list){.items = calloc(most, sizeof *list->items)};
  options->dns_servers_text = strdup(value);
  if (list->items == NULL || options->dns_servers_text == NULL) {
    return app_fail(err, "out of memory");
  }
  char *rest = options->dns_servers_text;
  while (rest != NULL) {
    const char *item = strsep(&rest, ",");
    list->items[list->num++] = item;
    if (item[0] == '\0') {
      return app_fail(err, "%s: '%s' is not ADDRESS[:PORT][,ADDRESS[:PORT]]...", name, value);
    }
  }
  return true;
}

bool flag_required_domain(client_options *options, const char *name, const char *value,
                          app_error *err) {
  static const char *const words[] = {[CODICIL_REQUIRED_HONOUR] = "honour",
                                      [CODICIL_REQUIRED_REQUIRE] = "require",
                                      [CODICIL_REQUIRED_INSECURE_IGNORE] = "insecure-ignore"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (strcmp(value, words[i]) == 0) {
      options->required_mode = (codicil_required_mode)i;
      return true;
    }
  }
  return app_fail(err, "%s: '%s' is not require, honour or insecure-ignore", name, value);
}

bool flag_dns_evidence(client_options *options, const char *name, const char *value,
                       app_error *err) {
  static const char *const words[] = {[CODICIL_DNS_CAA] = "caa",
                                      [CODICIL_DNS_ALWAYS] = "always",
                                      [CODICIL_DNS_INSECURE_ORIGIN] = "insecure-origin",
                                      [CODICIL_DNS_INSECURE_NEVER] = "insecure-never"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (strcmp(value, words[i]) == 0) {
      options->dns_mode = (codicil_dns_mode)i;
      return true;
    }
  }
  return app_fail(err, "%s: '%s' is not always, caa, insecure-origin or insecure-never", name,
                  value);
}
