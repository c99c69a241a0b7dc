// Whole files in and out: see file.h.
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_all(codicil_buf *out, int fd, const char *path, app_error *err) {
  for (;;) {
    uint8_t chunk[16384];
    ssize_t n = read(fd, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      return app_fail(err, "%s: %s", path, strerror(errno));
    }
    if (n == 0) {
      return true;
    }
    codicil_err e = codicil_buf_append(out, codicil_span_of(chunk, (size_t)n));
    if (e == CODICIL_LIMIT) {
      return app_fail(err, "%s: larger than %zu octets", path, out->max);
    }
    if (e != CODICIL_OK) {
      return app_fail(err, "%s: %s", path, codicil_err_text(e));
    }
  }
}

bool file_read(codicil_buf *out, const char *path, app_error *err) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return app_fail(err, "%s: %s", path, strerror(errno));
  }
  struct stat st;
  bool ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read_all(out, fd, path, err)
                                                       : app_fail(err, "%s: not a file", path);
  close(fd);
  return ok;
}

bool file_write_all(int fd, codicil_span content) {
  size_t done = 0;
  while (done < content.len) {
    ssize_t n = write(fd, content.data + done, content.len - done);
    if (n < 0 && errno != EINTR) {
      return false;
    }
    done += n > 0 ? (size_t)n : 0;
  }
  return true;
}

bool file_create(const char *path, unsigned mode, codicil_span content, app_error *err) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) {
    return app_fail(err, "%s: %s", path, strerror(errno));
  }
  bool ok = fchmod(fd, (mode_t)mode) == 0 && file_write_all(fd, content) && fsync(fd) == 0;
  int saved = errno;
  if (close(fd) != 0 || !ok) {
    unlink(path);
    return app_fail(err, "%s: %s", path, strerror(saved));
  }
  return true;
}
