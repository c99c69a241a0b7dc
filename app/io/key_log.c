// Secrets of TLS connections: see key_log.h.
#include "io/key_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool key_log_open(int *out_fd, app_error *err) {
  const char *path = getenv("SSLKEYLOGFILE");
  if (path == NULL || path[0] == '\0') {
    *out_fd = -1;
    return true;
  }
  int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return app_fail(err, "SSLKEYLOGFILE: %s: %s", path, strerror(errno));
  }
  *out_fd = fd;
  return true;
}

// One write a line keeps lines whole. A log that cannot be written is no reason to end a
// connection.
void key_log_write(int fd, const char *line) {
  char text[512];
  int len = snprintf(text, sizeof text, "%s\n", line);
  if (fd >= 0 && len > 0 && (size_t)len < sizeof text && write(fd, text, (size_t)len) < 0) {
    return;
  }
}

void key_log_close(int fd) {
  if (fd >= 0) {
    close(fd);
  }
}
