// One worker's files: see file_cache.h.
#include "server/file_cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/file_path.h"
#include "server/mime.h"

enum { NUM_BUCKETS = 4096, MAX_ENTRIES = 16384, MAX_KEPT_LEN = 1 << 20, RECHECK_NS = 1000000000 };

struct file_cache {
  file_entry *buckets[NUM_BUCKETS];
  file_entry *newest, *oldest; // by last use
  size_t num_entries;
  size_t octets, max_octets;
};

file_cache *file_cache_new(size_t max_octets) {
  file_cache *cache = calloc(1, sizeof *cache);
  if (cache) {
    cache->max_octets = max_octets;
  }
  return cache;
}

static void entry_free(file_entry *entry) {
  if (entry->fd >= 0) {
    close(entry->fd);
  }
  free(entry->content);
  free(entry->path);
  free(entry);
}

// ---- order of use
// ---------------------------------------------------------------------------------------

static void list_remove(file_cache *cache, file_entry *entry) {
  *(entry->newer ? &entry->newer->older : &cache->newest) = entry->older;
  *(entry->older ? &entry->older->newer : &cache->oldest) = entry->newer;
  entry->newer = entry->older = NULL;
}

static void list_add(file_cache *cache, file_entry *entry) {
  entry->older = cache->newest;
  entry->newer = NULL;
  *(cache->newest ? &cache->newest->newer : &cache->oldest) = entry;
  cache->newest = entry;
}

static void drop(file_cache *cache, file_entry *entry) {
  file_entry **link = &cache->buckets[entry->hash % NUM_BUCKETS];
  while (*link != entry) {
    link = &(*link)->next_in_bucket;
  }
  *link = entry->next_in_bucket;
  list_remove(cache, entry);
  cache->num_entries--;
  cache->octets -= (size_t)entry->size;
  entry->is_kept = false;
  if (entry->refs == 0) {
    entry_free(entry);
  }
}

static void keep(file_cache *cache, file_entry *entry) {
  while (cache->oldest &&
         (cache->num_entries >= MAX_ENTRIES || cache->octets + entry->size > cache->max_octets)) {
    drop(cache, cache->oldest);
  }
  file_entry **bucket = &cache->buckets[entry->hash % NUM_BUCKETS];
  entry->next_in_bucket = *bucket;
  *bucket = entry;
  list_add(cache, entry);
  cache->num_entries++;
  cache->octets += (size_t)entry->size;
  entry->is_kept = true;
}

void file_cache_free(file_cache *cache) {
  while (cache && cache->oldest) {
    drop(cache, cache->oldest);
  }
  free(cache);
}

void file_cache_release(file_cache *cache, file_entry *entry) {
  (void)cache;
  if (--entry->refs == 0 && !entry->is_kept) {
    entry_free(entry);
  }
}

// ---- loading
// ---------------------------------------------------------------------------------------------

static file_result result_of_errno(void) {
  switch (errno) {
  case ENOENT:
  case ENOTDIR:
  case ELOOP: // a link where none is followed, or a loop
  case EXDEV: // leads out of the root
  case ENAMETOOLONG:
  case ENXIO: // a socket, a device
    return FILE_NOT_FOUND;
  case EACCES:
    return FILE_FORBIDDEN;
  default:
    return FILE_FAILED;
  }
}

static bool read_content(file_entry *entry, int fd) {
  size_t done = 0;
  entry->content = malloc(entry->size > 0 ? (size_t)entry->size : 1);
  while (entry->content && done < entry->size) {
    ssize_t n = pread(fd, entry->content + done, (size_t)entry->size - done, (off_t)done);
    if (n <= 0 && !(n < 0 && errno == EINTR)) {
      return false; // the file shrank just now, or the disk is broken
    }
    done += n > 0 ? (size_t)n : 0;
  }
  return entry->content != NULL;
}

// In digits of six bits, the lowest first.
static char *put_number(char *out, uint64_t number) {
  static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_~";
  do {
    *out++ = digits[number & 63];
    number >>= 6;
  } while (number > 0);
  return out;
}

// When the file was written, and its size: short, for it goes out with every response, and no field
// compression keeps it.
static size_t put_etag(char *out, const struct stat *st) {
  enum { NS_PER_S = 1000000000 };
  char *at = out;
  *at++ = '"';
  at = put_number(at, (uint64_t)st->st_mtim.tv_sec * NS_PER_S + (uint64_t)st->st_mtim.tv_nsec);
  *at++ = '-';
  at = put_number(at, (uint64_t)st->st_size);
  *at++ = '"';
  *at = '\0';
  return (size_t)(at - out);
}

static void describe(file_entry *entry, const struct stat *st) {
  entry->size = (uint64_t)st->st_size;
  entry->device = st->st_dev;
  entry->inode = st->st_ino;
  entry->changed = st->st_mtim;
  entry->modified_s = st->st_mtim.tv_sec;
  entry->type = mime_type(entry->path);
  entry->type_len = strlen(entry->type);
  entry->length_len = (size_t)snprintf(entry->length, sizeof entry->length, "%llu",
                                       (unsigned long long)entry->size);
  entry->etag_len = put_etag(entry->etag, st);
  http_date_format(entry->modified, entry->modified_s);
}

static file_entry *entry_new(int root, const char *path, uint32_t hash) {
  file_entry *entry = calloc(1, sizeof *entry);
  char *copy = strdup(path);
  if (!entry || !copy) {
    free(entry);
    free(copy);
    return NULL;
  }
  entry->fd = -1;
  entry->root = root;
  entry->hash = hash;
  entry->path = copy;
  return entry;
}

// Takes `fd`.
static file_result load(file_cache *cache, file_entry **out, int fd, const struct stat *st,
                        int root, const char *path, uint32_t hash) {
  file_entry *entry = entry_new(root, path, hash);
  if (!entry) {
    close(fd);
    return FILE_FAILED;
  }
  describe(entry, st);
  if (entry->size > MAX_KEPT_LEN || entry->size > cache->max_octets / 8) {
    entry->fd = fd;
  } else {
    bool ok = read_content(entry, fd);
    close(fd);
    if (!ok) {
      entry_free(entry);
      return FILE_FAILED;
    }
    keep(cache, entry);
  }
  *out = entry;
  return FILE_FOUND;
}

static file_result open_file(int *out_fd, struct stat *out_st, int root, const char *path) {
  int fd = file_path_open(root, path);
  if (fd < 0) {
    return result_of_errno();
  }
  if (fstat(fd, out_st) == 0 && S_ISREG(out_st->st_mode)) {
    *out_fd = fd;
    return FILE_FOUND;
  }
  close(fd);
  return S_ISDIR(out_st->st_mode) ? FILE_IS_DIRECTORY : FILE_NOT_FOUND;
}

// ---- finding
// -------------------------------------------------------------------------------------------------

// FNV-1a: the names are the site owner's, not the client's, so collisions are nobody's weapon.
static uint32_t hash_of(int root, const char *path) {
  uint32_t hash = 2166136261u ^ (uint32_t)root;
  for (; *path != '\0'; path++) {
    hash = (hash ^ (uint8_t)*path) * 16777619u;
  }
  return hash;
}

static file_entry *find(file_cache *cache, int root, const char *path, uint32_t hash) {
  file_entry *entry = cache->buckets[hash % NUM_BUCKETS];
  while (entry && (entry->hash != hash || entry->root != root || strcmp(entry->path, path) != 0)) {
    entry = entry->next_in_bucket;
  }
  return entry;
}

static bool is_unchanged(const file_entry *entry, const struct stat *st) {
  return entry->device == st->st_dev && entry->inode == st->st_ino &&
         entry->size == (uint64_t)st->st_size && entry->changed.tv_sec == st->st_mtim.tv_sec &&
         entry->changed.tv_nsec == st->st_mtim.tv_nsec;
}

static file_result refresh(file_cache *cache, file_entry **out, file_entry *found, int root,
                           const char *path, uint32_t hash) {
  int fd;
  struct stat st;
  file_result result = open_file(&fd, &st, root, path);
  if (result == FILE_FOUND && found && is_unchanged(found, &st)) {
    close(fd);
    *out = found;
    return FILE_FOUND;
  }
  if (found) {
    drop(cache, found);
  }
  return result == FILE_FOUND ? load(cache, out, fd, &st, root, path, hash) : result;
}

file_result file_cache_get(file_cache *cache, file_entry **out, int root, const char *path,
                           uint64_t now_ns) {
  uint32_t hash = hash_of(root, path);
  file_entry *entry = find(cache, root, path, hash);
  if (!entry || now_ns - entry->checked_ns >= RECHECK_NS) {
    file_result result = refresh(cache, &entry, entry, root, path, hash);
    if (result != FILE_FOUND) {
      return result;
    }
    entry->checked_ns = now_ns;
  }
  if (entry->is_kept && cache->newest != entry) {
    list_remove(cache, entry);
    list_add(cache, entry);
  }
  entry->refs++;
  *out = entry;
  return FILE_FOUND;
}

codicil_span file_entry_read(const file_entry *entry, uint64_t at, size_t len, uint8_t *space) {
  uint64_t left = at < entry->size ? entry->size - at : 0;
  len = left < len ? (size_t)left : len;
  if (entry->content) {
    return codicil_span_of(entry->content + at, len);
  }
  ssize_t n;
  do {
    n = pread(entry->fd, space, len, (off_t)at);
  } while (n < 0 && errno == EINTR);
  return codicil_span_of(space, n > 0 ? (size_t)n : 0);
}
