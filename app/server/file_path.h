// From a request's target to a path below a site's root.
#ifndef APP_SERVER_FILE_PATH_H
#define APP_SERVER_FILE_PATH_H

#include "codicil/codicil.h"

enum { FILE_PATH_MAX = 1024 };

typedef enum file_path_result {
  FILE_PATH_OK,
  FILE_PATH_MALFORMED, // no path at all: 400
  FILE_PATH_NONE       // well formed, and certainly not there: 404
} file_path_result;

// Decodes a :path ("/a%20b/?q") into `out` (FILE_PATH_MAX octets with NUL): relative, its query
// gone, each %XX decoded once, and "index.html" added to a directory. A "..", an empty or a "."
// segment, a NUL or an encoded slash names nothing.
file_path_result file_path_decode(char *out, codicil_span target);
// Opens `path` for reading below the directory `root`: no path leads out of it. Symbolic links are
// followed as long as they stay below. Returns a descriptor or -1 with errno.
int file_path_open(int root, const char *path);

#endif
