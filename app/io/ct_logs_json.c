// Lists of logs in JSON, version 3: see ct_logs.h.
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "io/ct_logs_forms.h"

// A log, and where it stands, for a sentence.
typedef struct place {
  ct_list *list;
  const char *kind; // "logs" or "tiled_logs"
  size_t operator_number, number;
} place;

static bool fail(const place *at, const char *what) {
  return app_fail(at->list->err, "%s: operators[%zu].%s[%zu]: %s", at->list->path,
                  at->operator_number, at->kind, at->number, what);
}

// ---- time ---------------------------------------------------------------------------------------

static int64_t days_before(int64_t year, int64_t month, int64_t day) {
  // Years begin in March, so that the leap day is the last.
  year -= month <= 2 ? 1 : 0;
  int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return 365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719468;
}

// The number of `len` digits.
static int64_t number(const char *digits, size_t len) {
  int64_t value = 0;
  for (size_t i = 0; i < len; i++) {
    value = value * 10 + (digits[i] - '0');
  }
  return value;
}

static bool has_pattern(const char *text, const char *pattern) {
  size_t i = 0; // ends at the text's end at the latest
  while (pattern[i] == 'd' ? text[i] >= '0' && text[i] <= '9'
                           : pattern[i] != '\0' && text[i] == pattern[i]) {
    i++;
  }
  return pattern[i] == '\0';
}

// "2024-01-31T23:59:59Z", with a fraction that is passed over.
static bool read_time(int64_t *out_unix_s, const char *text) {
  if (!has_pattern(text, "dddd-dd-ddTdd:dd:dd")) {
    return false;
  }
  int64_t year = number(text, 4), month = number(text + 5, 2), day = number(text + 8, 2);
  int64_t hour = number(text + 11, 2), minute = number(text + 14, 2), second = number(text + 17, 2);
  const char *rest = text + 19;
  if (rest[0] == '.' && strspn(rest + 1, "0123456789") > 0) {
    rest += 1 + strspn(rest + 1, "0123456789");
  }
  if (strcmp(rest, "Z") != 0 || year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 ||
      hour > 23 || minute > 59 || second > 60) {
    return false;
  }
  *out_unix_s = days_before(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
  return true;
}

// ---- one log ------------------------------------------------------------------------------------

// Reads "state": {"NAME": {"timestamp": TIME, ...}}. *out_until_s is 0 where the log counts for
// nothing.
static bool read_state(int64_t *out_until_s, const place *at, const json_t *log) {
  static const char *const all[] = {"usable", "qualified", "readonly"};
  static const char *const nothing[] = {"pending", "rejected"};
  json_t *state = json_object_get(log, "state");
  *out_until_s = 0;
  if (state == NULL) {
    return true;
  }
  void *member = json_object_iter(state);
  if (!json_is_object(state) || json_object_size(state) != 1) {
    return fail(at, "its state is not one");
  }
  const char *name = json_object_iter_key(member);
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    if (strcmp(name, all[i]) == 0) {
      *out_until_s = INT64_MAX;
      return true;
    }
  }
  for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
    if (strcmp(name, nothing[i]) == 0) {
      return true;
    }
  }
  if (strcmp(name, "retired") != 0) {
    return fail(at, "its state is none of usable, qualified, readonly, retired, pending, rejected");
  }
  const char *time =
      json_string_value(json_object_get(json_object_iter_value(member), "timestamp"));
  return (time != NULL && read_time(out_until_s, time)) ||
         fail(at, "it is retired, and no timestamp says when");
}

// Fit for a terminal, and for a sentence.
static bool is_plain(const char *text) {
  size_t len = 0;
  while (text[len] >= ' ' && text[len] <= '~') {
    len++;
  }
  return text[len] == '\0' && len > 0 && len <= 100;
}

static bool read_log(const place *at, const json_t *log) {
  const char *description = json_string_value(json_object_get(log, "description"));
  const json_t *log_id = json_object_get(log, "log_id");
  char name[80];
  ct_log_text text = {.key = json_string_value(json_object_get(log, "key")),
                      .log_id = json_string_value(log_id)};
  if (text.key == NULL || (log_id != NULL && text.log_id == NULL)) {
    return fail(at, text.key == NULL ? "it has no key" : "its log_id is no string");
  }
  if (!read_state(&text.until_s, at, log)) {
    return false;
  }
  snprintf(name, sizeof name, "operators[%zu].%s[%zu]", at->operator_number, at->kind, at->number);
  text.name = description != NULL && is_plain(description) ? description : name;
  return text.until_s == 0 || ct_list_add(at->list, &text);
}

// ---- the list -----------------------------------------------------------------------------------

static bool read_logs(place *at, const json_t *owner) {
  const json_t *logs = json_object_get(owner, at->kind);
  if (logs != NULL && !json_is_array(logs)) {
    return app_fail(at->list->err, "%s: operators[%zu].%s is no array", at->list->path,
                    at->operator_number, at->kind);
  }
  for (at->number = 0; at->number < json_array_size(logs); at->number++) {
    if (!read_log(at, json_array_get(logs, at->number))) {
      return false;
    }
  }
  return true;
}

static bool read_operators(ct_list *list, const json_t *root) {
  const json_t *operators = json_object_get(root, "operators");
  if (!json_is_array(operators)) {
    return app_fail(list->err, "%s: it has no array \"operators\"", list->path);
  }
  for (size_t i = 0; i < json_array_size(operators); i++) {
    const json_t *one = json_array_get(operators, i);
    place logs = {list, "logs", i, 0}, tiled = {list, "tiled_logs", i, 0};
    if (!read_logs(&logs, one) || !read_logs(&tiled, one)) {
      return false;
    }
  }
  return true;
}

bool ct_list_read_json(ct_list *list, codicil_span text) {
  json_error_t error;
  json_t *root = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
  if (root == NULL) {
    return app_fail(list->err, "%s:%d:%d: %s", list->path, error.line, error.column, error.text);
  }
  bool ok = read_operators(list, root);
  json_decref(root);
  return ok;
}
