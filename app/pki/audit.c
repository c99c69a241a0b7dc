// The audit log: see audit.h.
#include "pki/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"
#include "pki/store.h"
#include "pki/text.h"

enum { LINES_MAX = 1 << 22 };

static void add_text(json_t *line, const char *key, const char *text) {
  if (text != NULL) {
    json_t *value = json_string(text);
    json_object_set_new(line, key, value != NULL ? value : json_string("(not UTF-8)"));
  }
}

static void add_time(json_t *line, const char *key, int64_t unix_s) {
  char text[PKI_TIME_LEN];
  pki_time_text(text, unix_s);
  add_text(line, key, text);
}

static void add_words(json_t *line, const char *key, const char *words) {
  json_t *list = words != NULL ? json_array() : NULL;
  while (list != NULL && *words != '\0') {
    size_t len = strcspn(words, " ");
    json_array_append_new(list, json_stringn(words, len));
    words += len + (words[len] == ' ');
  }
  if (list != NULL) {
    json_object_set_new(line, key, list);
  }
}

static json_t *line_of(const pki_event *event) {
  json_t *line = json_object();
  add_time(line, "time", event->now_s);
  json_object_set_new(line, "uid", json_integer((json_int_t)getuid()));
  add_text(line, "command", event->command);
  add_text(line, "outcome", event->outcome);
  add_text(line, "profile", event->profile);
  add_words(line, "names", event->names);
  add_words(line, "required_domains", event->required_domains);
  add_text(line, "caa", event->caa);
  if (event->skips_caa) {
    json_object_set_new(line, "insecure-skip-caa", json_true());
  }
  add_text(line, "issuer", event->issuer);
  add_text(line, "serial", event->serial);
  add_text(line, "sha256", event->sha256);
  if (event->not_after != 0) {
    add_time(line, "not_after", event->not_after);
  }
  add_text(line, "reason", event->reason);
  if (event->crl_number != 0) {
    json_object_set_new(line, "crl_number", json_integer(event->crl_number));
  }
  add_text(line, "why", event->why);
  return line;
}

static bool append_line(codicil_buf *out, const pki_event *event) {
  json_t *line = line_of(event);
  char *text = line != NULL ? json_dumps(line, JSON_COMPACT) : NULL;
  bool ok = text != NULL && codicil_buf_append(out, codicil_span_of(text, strlen(text))) == 0 &&
            codicil_buf_append(out, codicil_span_of("\n", 1)) == 0;
  free(text);
  json_decref(line);
  return ok;
}

// A line that a crash has cut off is ended before ours begins.
static bool ends_in_midline(int fd, off_t size) {
  char last = '\n';
  return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

// What cannot be written whole is taken back: the lock keeps others' lines away meanwhile.
static bool append_locked(int fd, codicil_span lines) {
  struct stat st;
  if (flock(fd, LOCK_EX) != 0 || fstat(fd, &st) != 0) {
    return false;
  }
  bool ok = (!ends_in_midline(fd, st.st_size) || file_write_all(fd, codicil_span_of("\n", 1))) &&
            file_write_all(fd, lines) && fsync(fd) == 0;
  if (!ok) {
    int saved = errno;
    // Where even that fails, the next line begins on a line of its own.
    int ignored = ftruncate(fd, st.st_size);
    (void)ignored;
    errno = saved;
  }
  return ok;
}

static bool append_lines(const char *dir, codicil_span lines, app_error *err) {
  char path[PKI_PATH_MAX];
  int len = snprintf(path, sizeof path, "%s/audit.log", dir);
  if (len < 0 || (size_t)len >= sizeof path) {
    return app_fail(err, "%s: path is too long", dir);
  }
  int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  bool ok = fd >= 0 && append_locked(fd, lines);
  if (!ok) {
    app_fail(err, "%s: %s; nothing is signed that is not written there", path, strerror(errno));
  }
  if (fd >= 0) {
    close(fd);
  }
  return ok;
}

bool pki_audit_append(const char *dir, const pki_event *events, size_t num_events, app_error *err) {
  codicil_buf lines;
  codicil_buf_init(&lines, NULL, LINES_MAX);
  bool ok = true;
  for (size_t i = 0; ok && i < num_events; i++) {
    ok = append_line(&lines, &events[i]);
  }
  ok = ok ? append_lines(dir, codicil_buf_span(&lines), err) : app_fail(err, "out of memory");
  codicil_buf_clear(&lines);
  return ok;
}
