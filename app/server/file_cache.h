// One worker's files: what they hold and what HTTP says of them.
//
// Small files are kept, up to a number of octets, and looked at again at most once a second; large
// ones are read as they are sent. An entry that a response uses stays as it is, whatever becomes of
// the file.
#ifndef APP_SERVER_FILE_CACHE_H
#define APP_SERVER_FILE_CACHE_H

#include <sys/stat.h>

#include "codicil/codicil.h"
#include "server/http_date.h"

typedef struct file_entry {
  uint64_t size;
  const char *type; // media type, static
  char length[24];  // size, decimal
  char etag[64];    // strong, with quotes
  char modified[HTTP_DATE_LEN + 1];
  size_t type_len, length_len, etag_len;
  int64_t modified_s;
  // The rest is file_cache.c's.
  uint8_t *content; // NULL where the file is too large to keep
  int fd;           // of a large file, else -1
  unsigned refs;
  bool is_kept; // in the table
  int root;
  uint32_t hash;
  uint64_t checked_ns;
  struct timespec changed;
  dev_t device;
  ino_t inode;
  struct file_entry *next_in_bucket, *newer, *older;
  char *path;
} file_entry;

typedef struct file_cache file_cache;

typedef enum file_result {
  FILE_FOUND,
  FILE_NOT_FOUND,
  FILE_IS_DIRECTORY,
  FILE_FORBIDDEN,
  FILE_FAILED // no descriptor, no memory, a broken disk
} file_result;

// Returns a cache that keeps up to `max_octets`, or NULL without memory.
file_cache *file_cache_new(size_t max_octets);
// Every entry must have been released.
void file_cache_free(file_cache *cache);
// Finds `path` below the directory `root`; release *out after use.
file_result file_cache_get(file_cache *cache, file_entry **out, int root, const char *path,
                           uint64_t now_ns);
void file_cache_release(file_cache *cache, file_entry *entry);
// Returns up to `len` octets of the content from `at`, borrowed until the next call with `entry`:
// from memory or, read into `space` (`len` octets), from the file. Empty where reading failed.
codicil_span file_entry_read(const file_entry *entry, uint64_t at, size_t len, uint8_t *space);

#endif
