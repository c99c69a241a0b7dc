// The command line of `codicil get`: see options.h. One table names every flag, so that a flag has
// one spelling, one kind and one place where its value goes.
#include "client/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/url_list.h"
#include "io/file.h"

enum {
  MAX_BODY = 256 * 1024 * 1024,
  MAX_WRITE_OUT = 1024 * 1024,
  DEFAULT_CONNECT_TIMEOUT_MS = 300000
};

typedef enum flag_kind {
  FLAG_ON,   // a bool that becomes true
  FLAG_TEXT, // a const char *
  FLAG_LIST, // one more item of a client_list
  FLAG_SECONDS,
  FLAG_CALL, // a function of its own; takes a value
  FLAG_DO    // the same without a value
} flag_kind;

typedef struct flag {
  const char *name;
  char letter;
  flag_kind kind;
  size_t offset;
  bool (*call)(client_options *options, const char *name, const char *value, app_error *err);
} flag;

// ---- flags with a function of their own ---------------------------------------------------------

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

static bool flag_data(client_options *options, const char *name, const char *value,
                      app_error *err) {
  return add_body(options, name, value, true, err);
}

static bool flag_data_binary(client_options *options, const char *name, const char *value,
                             app_error *err) {
  return add_body(options, name, value, false, err);
}

static bool flag_write_out(client_options *options, const char *name, const char *value,
                           app_error *err) {
  codicil_buf_reset(&options->write_out);
  options->has_write_out = true;
  return read_value(&options->write_out, name, value, err) &&
         (codicil_buf_append(&options->write_out, codicil_span_of("", 1)) == CODICIL_OK ||
          app_fail(err, "%s: too long", name));
}

static bool flag_output(client_options *options, const char *name, const char *value,
                        app_error *err) {
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

static bool flag_method(client_options *options, const char *name, const char *value,
                        app_error *err) {
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

static bool flag_header(client_options *options, const char *name, const char *value,
                        app_error *err) {
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

static bool flag_coalesce_wait(client_options *options, const char *name, const char *value,
                               app_error *err) {
  uint64_t ms;
  if (!read_number(&ms, value, 3600000)) {
    return app_fail(err, "%s: '%s' is not a number of milliseconds up to 3600000", name, value);
  }
  options->coalesce_wait_ms = (int64_t)ms;
  return true;
}

static bool flag_urls_from(client_options *options, const char *name, const char *value,
                           app_error *err) {
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

static bool flag_parallel_max(client_options *options, const char *name, const char *value,
                              app_error *err) {
  if (!read_number(&options->parallel_max, value, 65535) || options->parallel_max == 0) {
    return app_fail(err, "%s: '%s' is not a number from 1 to 65535", name, value);
  }
  return true;
}

static bool flag_codepoints(client_options *options, const char *name, const char *value,
                            app_error *err) {
  codicil_diag diag = {NULL, 0};
  if (codicil_codepoints_set(&options->codepoints, &diag, value) == CODICIL_OK) {
    return true;
  }
  return app_fail(err, "%s: %s, at '%s'", name, diag.what != NULL ? diag.what : "does not parse",
                  diag.offset < strlen(value) ? value + diag.offset : value);
}

static bool flag_alt_svc(client_options *options, const char *name, const char *value,
                         app_error *err) {
  (void)name;
  (void)err;
  options->alt_svc = value;
  return true;
}

static bool flag_remote_name(client_options *options, const char *name, const char *value,
                             app_error *err) {
  (void)name;
  (void)value;
  (void)err;
  options->outputs[options->num_outputs++] = (client_output){CLIENT_OUTPUT_REMOTE_NAME, NULL};
  return true;
}

static bool flag_http(client_options *options, const char *name, const char *value,
                      app_error *err) {
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

// ---- the table ----------------------------------------------------------------------------------

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

static const flag flags[] = {
    TEXT("cacert", 0, cacert),
    TEXT("capath", 0, capath),
    LIST("resolve", 0, resolve),
    LIST("connect-to", 0, connect_to),
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
    CALL("coalesce-wait", 0, flag_coalesce_wait),
    ON("json", 0, json),
    CALL("codepoints", 0, flag_codepoints),
    ON("help", 'h', help),
};
enum { NUM_FLAGS = sizeof flags / sizeof flags[0] };

static const flag *find_long(const char *name, size_t len) {
  for (size_t i = 0; i < NUM_FLAGS; i++) {
    if (strlen(flags[i].name) == len && memcmp(flags[i].name, name, len) == 0) {
      return &flags[i];
    }
  }
  return NULL;
}

static const flag *find_letter(char letter) {
  for (size_t i = 0; i < NUM_FLAGS; i++) {
    if (flags[i].letter == letter) {
      return &flags[i];
    }
  }
  return NULL;
}

static bool takes_value(const flag *f) {
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

static bool apply(client_options *options, const flag *f, const char *name, const char *value,
                  app_error *err) {
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

// ---- walking argv -------------------------------------------------------------------------------

typedef struct walk {
  int argc;
  char **argv;
  int next;
} walk;

static bool parse_long(client_options *options, walk *w, const char *arg, app_error *err) {
  size_t len = strcspn(arg + 2, "=");
  const flag *f = find_long(arg + 2, len);
  char name[64];
  if (f == NULL || len + 3 > sizeof name) {
    return app_fail(err, "option %.*s: is unknown", (int)(len + 2), arg);
  }
  memcpy(name, arg, len + 2);
  name[len + 2] = '\0';
  bool has_inline = arg[len + 2] == '=';
  if (!takes_value(f)) {
    return has_inline ? app_fail(err, "%s: takes no value", name)
                      : apply(options, f, name, NULL, err);
  }
  if (has_inline) {
    return apply(options, f, name, arg + len + 3, err);
  }
  if (w->next == w->argc) {
    return app_fail(err, "%s: needs a value", name);
  }
  return apply(options, f, name, w->argv[w->next++], err);
}

// Letters may be joined, "-sSo FILE" and "-sSoFILE" alike.
static bool parse_letters(client_options *options, walk *w, const char *arg, app_error *err) {
  for (const char *p = arg + 1; *p != '\0'; p++) {
    const flag *f = find_letter(*p);
    if (f == NULL) {
      return app_fail(err, "option -%c: is unknown", *p);
    }
    char name[] = {'-', *p, '\0'};
    if (!takes_value(f)) {
      if (!apply(options, f, name, NULL, err)) {
        return false;
      }
      continue;
    }
    if (p[1] != '\0') {
      return apply(options, f, name, p + 1, err);
    }
    if (w->next == w->argc) {
      return app_fail(err, "%s: needs a value", name);
    }
    return apply(options, f, name, w->argv[w->next++], err);
  }
  return true;
}

static bool parse_all(client_options *options, walk *w, app_error *err) {
  bool only_urls = false;
  while (w->next < w->argc) {
    const char *arg = w->argv[w->next++];
    bool ok = true;
    if (only_urls || arg[0] != '-' || arg[1] == '\0') {
      ok = url_list_add_one(options, arg, SIZE_MAX, err);
    } else if (strcmp(arg, "--") == 0) {
      only_urls = true;
    } else if (arg[1] == '-') {
      ok = parse_long(options, w, arg, err);
    } else {
      ok = parse_letters(options, w, arg, err);
    }
    if (!ok) {
      return false;
    }
  }
  return true;
}

// Every list can hold as many items as there are letters and arguments: joined flags included.
static bool reserve(client_options *options, int argc, char **argv, app_error *err) {
  size_t most = (size_t)argc;
  for (int i = 0; i < argc; i++) {
    most += strlen(argv[i]);
  }
  client_list *lists[] = {&options->headers, &options->resolve, &options->connect_to};
  bool ok = true;
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
    lists[i]->items = calloc((size_t)argc + 1, sizeof *lists[i]->items);
    ok = ok && lists[i]->items != NULL;
  }
  options->outputs = calloc(most + 1, sizeof *options->outputs);
  return (ok && options->outputs != NULL) || app_fail(err, "out of memory");
}

static bool check_together(const client_options *options, app_error *err) {
  if (options->urls.num == 0) {
    return app_fail(err, "no URL: try 'codicil get --help'");
  }
  if (options->head && options->has_body) {
    return app_fail(err, "-I and -d exclude each other");
  }
  if (options->json && options->has_write_out) {
    return app_fail(err, "--json and -w exclude each other: both write to standard output");
  }
  if (options->num_outputs > options->urls.num) {
    return app_fail(err, "there are more -o and -O (%zu) than URLs (%zu)", options->num_outputs,
                    options->urls.num);
  }
  return true;
}

bool client_options_parse(client_options *out, int argc, char **argv, app_error *err) {
  memset(out, 0, sizeof *out);
  out->coalesce_wait_ms = -1;
  out->parallel_max = 100;
  codicil_buf_init(&out->body, NULL, MAX_BODY);
  codicil_buf_init(&out->url_file, NULL, MAX_BODY);
  codicil_buf_init(&out->write_out, NULL, MAX_WRITE_OUT);
  codicil_codepoints_default(&out->codepoints);
  walk w = {argc, argv, 1};
  if (!reserve(out, argc, argv, err) || !parse_all(out, &w, err)) {
    return false;
  }
  return out->help || check_together(out, err);
}

void client_options_clear(client_options *options) {
  free(options->urls.items);
  free(options->url_after);
  codicil_buf_clear(&options->url_file);
  free(options->headers.items);
  free(options->resolve.items);
  free(options->connect_to.items);
  free(options->outputs);
  codicil_buf_clear(&options->body);
  codicil_buf_clear(&options->write_out);
  memset(options, 0, sizeof *options);
}

uint64_t client_connect_timeout_ms(const client_options *options) {
  return options->connect_timeout_ms != 0 ? options->connect_timeout_ms
                                          : DEFAULT_CONNECT_TIMEOUT_MS;
}

const char *client_options_method(const client_options *options) {
  if (options->method != NULL) {
    return options->method;
  }
  if (options->head) {
    return "HEAD";
  }
  return options->has_body ? "POST" : "GET";
}
