// Where a body goes: see output.h.
#include "client/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
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

// Waits for a slow reader, as curl does: nothing more can be fetched for it meanwhile.
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

bool output_write(output *out, bool *out_held, codicil_span bytes, app_error *err) {
  *out_held = false;
  if (out->kind == OUTPUT_NOWHERE) {
    return true;
  }
  if (out->kind == OUTPUT_STDOUT && !out->has_turn) {
    *out_held = true;
    // More than the window is not taken from a server: nghttp2 ends the stream before that.
    return codicil_buf_append(&out->held, bytes) == CODICIL_OK ||
           app_fail(err, "no memory for a body that waits for its turn");
  }
  if (out->kind == OUTPUT_FILE && out->fd < 0 && !open_file(out, err)) {
    return false;
  }
  out->has_written = out->has_written || bytes.len > 0;
  return out->kind == OUTPUT_FILE ? write_all(out->fd, out->path, bytes, err)
                                  : write_all(STDOUT_FILENO, "standard output", bytes, err);
}

bool output_take_turn(output *out, size_t *out_len, app_error *err) {
  bool held;
  *out_len = out->held.len;
  out->has_turn = true;
  bool ok = out->kind != OUTPUT_STDOUT || out->held.len == 0 ||
            output_write(out, &held, codicil_buf_span(&out->held), err);
  codicil_buf_clear(&out->held);
  return ok;
}

bool output_restart(output *out) {
  codicil_buf_reset(&out->held);
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
