// Where a body goes: see output.h.
#include "client/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_NAME = 256 };

static bool remote_name(char **out, const client_url *url, app_error *err) {
  char name[MAX_NAME];
  if (!client_url_file_name(url, name, sizeof name) || strcmp(name, ".") == 0 ||
      strcmp(name, "..") == 0) {
    return app_fail(err, "-O: %s ends in no file name", url->text);
  }
  *out = strdup(name);
  return *out != NULL || app_fail(err, "out of memory");
}

bool output_init(output *out, const client_output *spec, const client_url *url, bool discard,
                 size_t max_held, app_error *err) {
  output o = {.kind = discard ? OUTPUT_NOWHERE : OUTPUT_STDOUT, .fd = -1};
  if (spec->kind == CLIENT_OUTPUT_FILE) {
    o.kind = OUTPUT_FILE;
    o.path = strdup(spec->path);
    if (o.path == NULL) {
      return app_fail(err, "out of memory");
    }
  } else if (spec->kind == CLIENT_OUTPUT_REMOTE_NAME) {
    o.kind = OUTPUT_FILE;
    if (!remote_name(&o.path, url, err)) {
      return false;
    }
  }
  struct stat st;
  o.is_file = fstat(STDOUT_FILENO, &st) != 0 || S_ISREG(st.st_mode);
  codicil_buf_init(&o.held, NULL, max_held);
  *out = o;
  return true;
}

void output_clear(output *out) {
  if (out->kind == OUTPUT_FILE && out->fd >= 0) {
    close(out->fd);
  }
  out->fd = -1;
  free(out->path);
  out->path = NULL;
  codicil_buf_clear(&out->held);
}

static bool open_file(output *out, app_error *err) {
  out->fd = open(out->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  return out->fd >= 0 || app_fail(err, "%s: %s", out->path, strerror(errno));
}

static bool write_all(int fd, const char *name, codicil_span bytes, app_error *err) {
  size_t done = 0;
  while (done < bytes.len) {
    ssize_t n = write(fd, bytes.data + done, bytes.len - done);
    if (n >= 0) {
      done += (size_t)n;
    } else if (errno == EAGAIN) {
      struct pollfd ready = {fd, POLLOUT, 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return app_fail(err, "%s: %s", name, strerror(errno));
    }
  }
  return true;
}

static bool can_write(int fd) {
  struct pollfd ready = {fd, POLLOUT, 0};
  return poll(&ready, 1, 0) != 0;
}

// What its reader takes now. So many octets at a time do not block a pipe that has room (POSIX),
// and the descriptor, which others have too, stays as it is.
static bool write_some(codicil_span bytes, size_t *out_len, app_error *err) {
  size_t done = 0;
  while (done < bytes.len && can_write(STDOUT_FILENO)) {
    size_t left = bytes.len - done;
    ssize_t n = write(STDOUT_FILENO, bytes.data + done, left < PIPE_BUF ? left : PIPE_BUF);
    if (n < 0 && errno == EAGAIN) {
      break;
    }
    if (n < 0 && errno != EINTR) {
      return app_fail(err, "standard output: %s", strerror(errno));
    }
    done += n > 0 ? (size_t)n : 0;
  }
  *out_len = done;
  return true;
}

static bool write_stdout(const output *out, codicil_span bytes, size_t *out_len, app_error *err) {
  if (!out->is_file) {
    return write_some(bytes, out_len, err);
  }
  *out_len = bytes.len;
  return write_all(STDOUT_FILENO, "standard output", bytes, err);
}

static bool hold(output *out, codicil_span bytes, app_error *err) {
  // More than the window is not taken from a server: that would end the stream before.
  return codicil_buf_append(&out->held, bytes) == CODICIL_OK ||
         app_fail(err, "no memory for a body that waits for its turn");
}

static bool write_or_hold(output *out, bool *out_held, codicil_span bytes, app_error *err) {
  size_t len = 0;
  if (out->has_turn && out->held.len == 0) {
    if (!write_stdout(out, bytes, &len, err)) {
      return false;
    }
    out->has_written = out->has_written || len > 0;
  }
  *out_held = len < bytes.len;
  out->taken += *out_held ? len : 0;
  return !*out_held || hold(out, codicil_span_of(bytes.data + len, bytes.len - len), err);
}

bool output_write(output *out, bool *out_held, codicil_span bytes, app_error *err) {
  *out_held = false;
  if (out->kind == OUTPUT_NOWHERE) {
    return true;
  }
  if (out->kind == OUTPUT_STDOUT) {
    return write_or_hold(out, out_held, bytes, err);
  }
  if (out->fd < 0 && !open_file(out, err)) {
    return false;
  }
  out->has_written = out->has_written || bytes.len > 0;
  return write_all(out->fd, out->path, bytes, err);
}

bool output_take_turn(output *out, size_t *out_len, app_error *err) {
  size_t len = 0;
  out->has_turn = true;
  if (out->held.len > 0 && !write_stdout(out, codicil_buf_span(&out->held), &len, err)) {
    codicil_buf_clear(&out->held);
    return false;
  }
  out->has_written = out->has_written || len > 0;
  if (len > 0) {
    out->held.len -= len;
    memmove(out->held.data, out->held.data + len, out->held.len);
  }
  *out_len = len + out->taken;
  out->taken = 0;
  return true;
}

bool output_is_blocked(const output *out) {
  return out->has_turn && out->held.len > 0;
}

bool output_restart(output *out) {
  codicil_buf_reset(&out->held);
  out->taken = 0;
  if (!out->has_written) {
    return true;
  }
  // What is no regular file cannot be taken back.
  if (out->kind != OUTPUT_FILE || lseek(out->fd, 0, SEEK_SET) != 0 || ftruncate(out->fd, 0) != 0) {
    return false;
  }
  out->has_written = false;
  return true;
}
