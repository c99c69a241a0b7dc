// Lists of logs as OpenSSL's configuration files write them: see ct_logs.h.
//
// The text is walked once for every log that is enabled: lists of this form are short.
#include <stdio.h>
#include <string.h>

#include "io/ct_logs_forms.h"

enum { MAX_TEXT = 1024 * 1024, MAX_WORD = 2048, MAX_LOGS = 256 };

// A word of the text.
typedef struct word {
  const char *data;
  size_t len;
} word;

static word trim(const char *data, size_t len) {
  while (len > 0 && strchr(" \t\r", data[0]) != NULL) {
    data++;
    len--;
  }
  while (len > 0 && strchr(" \t\r", data[len - 1]) != NULL) {
    len--;
  }
  return (word){data, len};
}

static bool is(word w, const char *text, size_t len) {
  return w.len == len && (len == 0 || memcmp(w.data, text, len) == 0);
}

// ---- lines --------------------------------------------------------------------------------------

typedef struct line {
  size_t number;
  word section; // that it stands in; empty: before the first
  word name;    // empty: neither name nor value
  word value;
} line;

// Splits what stands in a line, without its comment. False where it is nothing that is known.
static bool read_line(line *out, word text) {
  const char *comment = text.len > 0 ? memchr(text.data, '#', text.len) : NULL;
  text = trim(text.data, comment != NULL ? (size_t)(comment - text.data) : text.len);
  const char *equals = text.len > 0 ? memchr(text.data, '=', text.len) : NULL;
  out->name = out->value = (word){NULL, 0};
  if (text.len == 0) {
    return true;
  }
  if (text.data[0] == '[' && text.data[text.len - 1] == ']') {
    out->section = trim(text.data + 1, text.len - 2);
    return out->section.len > 0;
  }
  if (equals == NULL || text.data[0] == '.') {
    return false;
  }
  out->name = trim(text.data, (size_t)(equals - text.data));
  out->value = trim(equals + 1, text.len - (size_t)(equals + 1 - text.data));
  return out->name.len > 0;
}

// Goes on to the next line; false at the end.
static bool next_line(line *l, word *rest, word *out_text) {
  if (rest->len == 0) {
    return false;
  }
  const char *end = memchr(rest->data, '\n', rest->len);
  size_t len = end != NULL ? (size_t)(end - rest->data) : rest->len;
  size_t step = end != NULL ? len + 1 : len;
  *out_text = (word){rest->data, len};
  *rest = (word){rest->data + step, rest->len - step};
  l->number++;
  return true;
}

static bool check_lines(const ct_list *list, word text) {
  line l = {0};
  word one;
  while (next_line(&l, &text, &one)) {
    if (memchr(one.data, '\0', one.len) != NULL || !read_line(&l, one)) {
      return app_fail(list->err, "%s:%zu: neither [section] nor name = value", list->path,
                      l.number);
    }
  }
  return true;
}

// Finds the value of `name` in a section; the last one counts, as in OpenSSL.
static bool find(line *out, word text, word section, const char *name) {
  line l = {0};
  word one;
  bool found = false;
  while (next_line(&l, &text, &one)) {
    if (read_line(&l, one) && is(l.section, section.data, section.len) &&
        is(l.name, name, strlen(name))) {
      *out = l;
      found = true;
    }
  }
  return found;
}

// ---- logs ---------------------------------------------------------------------------------------

static bool add_log(ct_list *list, word text, word section, size_t number) {
  char name[MAX_WORD], key[MAX_WORD];
  line l;
  if (section.len >= sizeof name) {
    return app_fail(list->err, "%s:%zu: the name of a log is too long", list->path, number);
  }
  snprintf(name, sizeof name, "%.*s", (int)section.len, section.data);
  if (!find(&l, text, section, "key")) {
    return app_fail(list->err, "%s:%zu: log %s: there is no section [%s] with a key", list->path,
                    number, name, name);
  }
  if (l.value.len >= sizeof key) {
    return app_fail(list->err, "%s:%zu: log %s: its key is too long", list->path, l.number, name);
  }
  snprintf(key, sizeof key, "%.*s", (int)l.value.len, l.value.data);
  return ct_list_add(list, &(ct_log_text){.name = name, .key = key, .until_s = INT64_MAX});
}

bool ct_list_read_conf(ct_list *list, codicil_span octets) {
  const word text = {(const char *)octets.data, octets.len};
  line enabled;
  if (octets.len > MAX_TEXT) {
    return app_fail(list->err, "%s: it has more than %d octets", list->path, MAX_TEXT);
  }
  if (!check_lines(list, text)) {
    return false;
  }
  if (!find(&enabled, text, (word){NULL, 0}, "enabled_logs")) {
    return app_fail(list->err, "%s: neither a JSON object nor a file with enabled_logs",
                    list->path);
  }
  word rest = enabled.value;
  while (rest.len > 0) {
    const char *comma = memchr(rest.data, ',', rest.len);
    size_t len = comma != NULL ? (size_t)(comma - rest.data) : rest.len;
    word name = trim(rest.data, len);
    if (name.len == 0 || list->num_logs == MAX_LOGS) {
      return app_fail(list->err, "%s:%zu: enabled_logs is no list of names", list->path,
                      enabled.number);
    }
    if (!add_log(list, text, name, enabled.number)) {
      return false;
    }
    size_t step = comma != NULL ? len + 1 : len;
    rest = (word){rest.data + step, rest.len - step};
  }
  return true;
}
