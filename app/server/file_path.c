// From a request's target to a path below a site's root: see file_path.h.
#include "server/file_path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int hex_value(uint8_t c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Reads one octet of the path at `*at`; -1 where an escape is malformed.
static int next_octet(codicil_span text, size_t *at, bool *out_is_escaped) {
  uint8_t c = text.data[(*at)++];
  *out_is_escaped = c == '%';
  if (c != '%') {
    return c;
  }
  if (text.len - *at < 2) {
    return -1;
  }
  int high = hex_value(text.data[*at]);
  int low = hex_value(text.data[*at + 1]);
  *at += 2;
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static file_path_result decode(char *out, size_t *out_len, codicil_span text) {
  size_t len = 0;
  for (size_t i = 0; i < text.len;) {
    bool is_escaped;
    int c = next_octet(text, &i, &is_escaped);
    if (c < 0) {
      return FILE_PATH_MALFORMED;
    }
    if (c == '\0' || (is_escaped && c == '/') || len + sizeof "index.html" >= FILE_PATH_MAX) {
      return FILE_PATH_NONE;
    }
    out[len++] = (char)c;
  }
  out[len] = '\0';
  *out_len = len;
  return FILE_PATH_OK;
}

// The last segment may be empty: that names the directory.
static bool has_plain_segments(const char *path) {
  for (;;) {
    size_t len = strcspn(path, "/");
    bool is_dots = (len == 1 && path[0] == '.') || (len == 2 && path[0] == '.' && path[1] == '.');
    if (is_dots || (len == 0 && path[0] == '/')) {
      return false;
    }
    if (path[len] == '\0') {
      return true;
    }
    path += len + 1;
  }
}

file_path_result file_path_decode(char *out, codicil_span target) {
  if (target.len == 0 || target.data[0] != '/') {
    return FILE_PATH_MALFORMED;
  }
  const uint8_t *query = memchr(target.data, '?', target.len);
  size_t len = query ? (size_t)(query - target.data) : target.len;
  file_path_result result = decode(out, &len, codicil_span_of(target.data + 1, len - 1));
  if (result != FILE_PATH_OK) {
    return result;
  }
  if (!has_plain_segments(out)) {
    return FILE_PATH_NONE;
  }
  if (len == 0 || out[len - 1] == '/') {
    memcpy(out + len, "index.html", sizeof "index.html");
  }
  return FILE_PATH_OK;
}

// Where the kernel has no openat2, or a sandbox forbids it: segment by segment, without following
// any symbolic link.
static int open_segments(int root, const char *path) {
  char segment[FILE_PATH_MAX];
  int at = root;
  for (;;) {
    size_t len = strcspn(path, "/");
    bool is_last = path[len] == '\0';
    memcpy(segment, path, len);
    segment[len] = '\0';
    int flags = is_last ? O_RDONLY | O_NONBLOCK | O_NOCTTY : O_PATH | O_DIRECTORY;
    int next = openat(at, segment, flags | O_NOFOLLOW | O_CLOEXEC);
    int saved = errno;
    if (at != root) {
      close(at);
    }
    errno = saved;
    if (next < 0 || is_last) {
      return next;
    }
    at = next;
    path += len + 1;
  }
}

int file_path_open(int root, const char *path) {
  struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                         .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
  long fd = syscall(SYS_openat2, root, path, &how, sizeof how);
  if (fd < 0 && (errno == ENOSYS || errno == EPERM)) {
    return open_segments(root, path);
  }
  return (int)fd;
}
