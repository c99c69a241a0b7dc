// The command line of `codicil get`: see options.h. What flags there are is flags.c's.
#include "client/options.h"

#include <stdlib.h>
#include <string.h>

#include "client/flags.h"
#include "client/url_list.h"

enum {
  MAX_BODY = 256 * 1024 * 1024,
  MAX_WRITE_OUT = 1024 * 1024,
  DEFAULT_CONNECT_TIMEOUT_MS = 300000
};

// ---- walking argv -------------------------------------------------------------------------------

typedef struct walk {
  int argc;
  char **argv;
  int next;
} walk;

static bool parse_long(client_options *options, walk *w, const char *arg, app_error *err) {
  size_t len = strcspn(arg + 2, "=");
  const client_flag *f = client_flag_long(arg + 2, len);
  char name[64];
  if (f == NULL || len + 3 > sizeof name) {
    return app_fail(err, "option %.*s: is unknown", (int)(len + 2), arg);
  }
  memcpy(name, arg, len + 2);
  name[len + 2] = '\0';
  bool has_inline = arg[len + 2] == '=';
  if (!client_flag_takes_value(f)) {
    return has_inline ? app_fail(err, "%s: takes no value", name)
                      : client_flag_apply(options, f, name, NULL, err);
  }
  if (has_inline) {
    return client_flag_apply(options, f, name, arg + len + 3, err);
  }
  if (w->next == w->argc) {
    return app_fail(err, "%s: needs a value", name);
  }
  return client_flag_apply(options, f, name, w->argv[w->next++], err);
}

// Letters may be joined, "-sSo FILE" and "-sSoFILE" alike.
static bool parse_letters(client_options *options, walk *w, const char *arg, app_error *err) {
  for (const char *p = arg + 1; *p != '\0'; p++) {
    const client_flag *f = client_flag_letter(*p);
    if (f == NULL) {
      return app_fail(err, "option -%c: is unknown", *p);
    }
    char name[] = {'-', *p, '\0'};
    if (!client_flag_takes_value(f)) {
      if (!client_flag_apply(options, f, name, NULL, err)) {
        return false;
      }
      continue;
    }
    if (p[1] != '\0') {
      return client_flag_apply(options, f, name, p + 1, err);
    }
    if (w->next == w->argc) {
      return app_fail(err, "%s: needs a value", name);
    }
    return client_flag_apply(options, f, name, w->argv[w->next++], err);
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
  if (options->min_scts > 0 && options->ct_logs == NULL) {
    return app_fail(err, "--min-scts needs --ct-logs: timestamps count that a known log signed");
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
  out->help_all = out->help && out->urls.num > 0 && strcmp(out->urls.items[0], "all") == 0;
  return out->help || check_together(out, err);
}

void client_options_clear(client_options *options) {
  free(options->urls.items);
  free(options->url_after);
  codicil_buf_clear(&options->url_file);
  free(options->headers.items);
  free(options->resolve.items);
  free(options->connect_to.items);
  free(options->dns_servers.items);
  free(options->dns_servers_text);
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
