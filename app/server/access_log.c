// The access log: see access_log.h.
#include "server/access_log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

// A line holds five values, of which an octet may take six in JSON: it is never cut, for a client
// could hide the rest of it, or spoil the log for who reads JSON.
enum { LOG_LEN = 131072, MAX_VALUE_LEN = 2048, MAX_LINE_LEN = 5 * 6 * MAX_VALUE_LEN + 1024 };

bool access_log_init(access_log *log, int fd, bool is_json) {
  memset(log, 0, sizeof *log);
  log->fd = fd;
  log->is_json = is_json;
  struct stat st;
  log->is_pipe = fd >= 0 && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
  log->lines = fd >= 0 ? malloc(LOG_LEN) : NULL;
  return fd < 0 || log->lines;
}

// How much to write at once. To a pipe, whole lines that fit into PIPE_BUF: what other workers
// write does not come in between, which is so for a longer line by good luck only.
static size_t len_of_write(const access_log *log, size_t done) {
  const char *at = log->lines + done;
  size_t len = log->len - done;
  if (!log->is_pipe || len <= PIPE_BUF) {
    return len;
  }
  size_t fits = PIPE_BUF;
  while (fits > 0 && at[fits - 1] != '\n') {
    fits--;
  }
  return fits > 0 ? fits : (size_t)((const char *)memchr(at, '\n', len) - at) + 1;
}

void access_log_flush(access_log *log) {
  size_t done = 0;
  if (log->len == 0) {
    return; // there may be no buffer
  }
  while (done < log->len) {
    ssize_t n = write(log->fd, log->lines + done, len_of_write(log, done));
    if (n < 0 && errno == EAGAIN) {
      break; // its reader is slow: the rest is kept for later
    }
    if (n < 0 && errno != EINTR) {
      done = log->len; // a full disk must not stop the service
    }
    done += n > 0 ? (size_t)n : 0;
  }
  memmove(log->lines, log->lines + done, log->len - done);
  log->len -= done;
  log->has_given_up &= done == 0;
}

// Waits for a slow reader, as long as it takes something each second; then no more, until it does.
static void flush_patiently(access_log *log) {
  struct pollfd fd = {log->fd, POLLOUT, 0};
  do {
    access_log_flush(log);
  } while (log->len > 0 && !log->has_given_up && poll(&fd, 1, 1000) > 0);
  log->has_given_up |= log->len > 0;
}

void access_log_clear(access_log *log) {
  if (log->lines) {
    flush_patiently(log);
  }
  free(log->lines);
  log->lines = NULL;
  log->fd = -1;
}

// ---- one line
// --------------------------------------------------------------------------------------------

typedef struct line {
  char *text; // room for MAX_LINE_LEN
  size_t len;
} line;

static void put(line *l, const char *text, size_t len) {
  size_t room = MAX_LINE_LEN - 1 - l->len;
  len = len < room ? len : room;
  memcpy(l->text + l->len, text, len);
  l->len += len;
}

static void put_text(line *l, const char *text) {
  put(l, text, strlen(text));
}

// What a client wrote cannot end a line or a string: quotes, backslashes, controls and everything
// beyond ASCII are escaped, \xHH or, as JSON has it, \u00HH.
static void put_value(line *l, codicil_span value, const char *escape) {
  size_t len = value.len < MAX_VALUE_LEN ? value.len : MAX_VALUE_LEN;
  for (size_t i = 0; i < len; i++) {
    char c = (char)value.data[i];
    if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
      put(l, &c, 1);
    } else {
      char escaped[8];
      int n = snprintf(escaped, sizeof escaped, "%s%02x", escape, value.data[i]);
      put(l, escaped, (size_t)n);
    }
  }
}

static void put_certificate(line *l, const uint8_t *sha256) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < 32; i++) {
    char hex[2] = {digits[sha256[i] >> 4], digits[sha256[i] & 15]};
    put(l, hex, 2);
  }
}

static codicil_span authority_of(const request *r) {
  return request_value(r, r->fields[REQUEST_AUTHORITY].data ? REQUEST_AUTHORITY : REQUEST_HOST);
}

static void put_quoted(line *l, codicil_span value) {
  put_text(l, " \"");
  if (value.data) {
    put_value(l, value, "\\x");
  } else {
    put_text(l, "-");
  }
  put_text(l, "\"");
}

static void combined(line *l, const request *r, const access_log_client *client, codicil_now now) {
  char text[128];
  char when[40];
  struct tm tm;
  time_t t = (time_t)now.unix_s;
  gmtime_r(&t, &tm);
  strftime(when, sizeof when, "%d/%b/%Y:%H:%M:%S +0000", &tm);
  snprintf(text, sizeof text, "%s - - [%s] \"", client->remote, when);
  put_text(l, text);
  put_value(l, request_value(r, REQUEST_METHOD), "\\x");
  put_text(l, " ");
  put_value(l, request_value(r, REQUEST_PATH), "\\x");
  snprintf(text, sizeof text, " %s\" %u %llu", client->protocol, r->status,
           (unsigned long long)r->sent);
  put_text(l, text);
  put_quoted(l, request_value(r, REQUEST_REFERER));
  put_quoted(l, request_value(r, REQUEST_USER_AGENT));
  put_quoted(l, authority_of(r));
  put_text(l, " ");
  if (r->certificate) {
    put_certificate(l, r->certificate);
  } else {
    put_text(l, "-");
  }
}

static void put_member(line *l, const char *name, codicil_span value) {
  put_text(l, ",\"");
  put_text(l, name);
  if (!value.data) {
    put_text(l, "\":null");
    return;
  }
  put_text(l, "\":\"");
  put_value(l, value, "\\u00");
  put_text(l, "\"");
}

static void json(line *l, const request *r, const access_log_client *client, codicil_now now) {
  char text[192];
  char when[40];
  struct tm tm;
  time_t t = (time_t)now.unix_s;
  gmtime_r(&t, &tm);
  strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
  snprintf(text, sizeof text,
           "{\"time\":\"%s\",\"remote\":\"%s\",\"connection\":%llu,\"protocol\":\"%s\"", when,
           client->remote, (unsigned long long)client->connection, client->protocol);
  put_text(l, text);
  put_member(l, "method", request_value(r, REQUEST_METHOD));
  put_member(l, "authority", authority_of(r));
  put_member(l, "path", request_value(r, REQUEST_PATH));
  snprintf(text, sizeof text, ",\"status\":%u,\"octets\":%llu,\"duration_us\":%llu", r->status,
           (unsigned long long)r->sent, (unsigned long long)(now.mono_ns - r->began_ns) / 1000);
  put_text(l, text);
  put_member(l, "referer", request_value(r, REQUEST_REFERER));
  put_member(l, "user_agent", request_value(r, REQUEST_USER_AGENT));
  if (r->certificate) {
    put_text(l, ",\"certificate\":\"");
    put_certificate(l, r->certificate);
    put_text(l, "\"}");
  } else {
    put_text(l, ",\"certificate\":null}");
  }
}

void access_log_add(access_log *log, const request *r, const access_log_client *client,
                    codicil_now now) {
  if (log->fd < 0) {
    return;
  }
  if (log->len + MAX_LINE_LEN > LOG_LEN) {
    flush_patiently(log);
  }
  if (log->len + MAX_LINE_LEN > LOG_LEN) {
    return; // nobody reads: the service goes on, and the line is lost
  }
  line l = {log->lines + log->len, 0};
  if (log->is_json) {
    json(&l, r, client, now);
  } else {
    combined(&l, r, client, now);
  }
  l.text[l.len++] = '\n';
  log->len += l.len;
}
