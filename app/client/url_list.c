// URLs from a file: see url_list.h.
#include "client/url_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t\r";

static bool grow(client_options *options) {
  size_t num = options->urls.num + 1;
  if ((num & (num - 1)) != 0) {
    return true; // room is made at each power of two
  }
  const char **items = realloc(options->urls.items, 2 * num * sizeof *items);
  if (items == NULL) {
    return false;
  }
  options->urls.items = items;
  size_t *after = realloc(options->url_after, 2 * num * sizeof *after);
  if (after == NULL) {
    return false;
  }
  options->url_after = after;
  return true;
}

bool url_list_add_one(client_options *options, const char *url, size_t after, app_error *err) {
  if (!grow(options)) {
    return app_fail(err, "out of memory");
  }
  options->urls.items[options->urls.num] = url;
  options->url_after[options->urls.num] = after;
  options->urls.num++;
  return true;
}

// Reads `after=N`, an earlier URL of the `num` that the file has had so far.
static bool read_after(size_t *out, const char *text, size_t num) {
  static const char key[] = "after=";
  if (strncmp(text, key, sizeof key - 1) != 0) {
    return false;
  }
  const char *digits = text + sizeof key - 1;
  char *end = NULL;
  errno = 0;
  unsigned long value = strtoul(digits, &end, 10);
  if (errno != 0 || *end != '\0' || digits[0] < '0' || digits[0] > '9' || value < 1 ||
      value > num) {
    return false;
  }
  *out = value - 1;
  return true;
}

static bool add_line(client_options *options, char *line, size_t first, app_error *err) {
  char *url = line + strspn(line, blanks);
  if (url[0] == '\0' || url[0] == '#') {
    return true;
  }
  char *rest = url + strcspn(url, blanks);
  if (*rest != '\0') {
    *rest++ = '\0';
    rest += strspn(rest, blanks);
    rest[strcspn(rest, blanks)] = '\0';
  }
  size_t after = SIZE_MAX;
  if (*rest != '\0') {
    if (!read_after(&after, rest, options->urls.num - first)) {
      return app_fail(err, "'%s' is not 'after=N' with an earlier URL's number", rest);
    }
    after += first;
  }
  return url_list_add_one(options, url, after, err);
}

bool url_list_add(client_options *options, const char *name, app_error *err) {
  if (codicil_buf_append(&options->url_file, codicil_span_of("", 1)) != CODICIL_OK) {
    return app_fail(err, "--urls-from %s: the file is too long", name);
  }
  char *text = (char *)options->url_file.data;
  if (strlen(text) + 1 != options->url_file.len) {
    return app_fail(err, "--urls-from %s: there is a NUL in it", name);
  }
  size_t first = options->urls.num, number = 1;
  for (char *line = text; line != NULL; number++) {
    char *next = strchr(line, '\n');
    if (next != NULL) {
      *next++ = '\0';
    }
    app_error cause;
    if (!add_line(options, line, first, &cause)) {
      return app_fail(err, "--urls-from %s:%zu: %s", name, number, cause.text);
    }
    line = next;
  }
  return true;
}
