// The cache of Alternative Services: see alt_svc_cache.h. A line of the file is
//
//   h2 www.example.com 443 h3 www.example.com 8443 "20261231 23:59:59" 0 0
//
// source (how the origin was reached, its host and port), alternative, the UTC time when it ends,
// whether it outlives a change of network, and a priority that nobody uses.
#include "client/alt_svc_cache.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/file.h"

enum { MAX_ENTRIES = 4096, MAKE_ROOM = MAX_ENTRIES / 8 };
enum { MAX_FILE = 4 * 1024 * 1024, MAX_LINE = 1024, NUM_WORDS = 10 };

typedef struct entry {
  codicil_origin origin;
  alt_svc_protocol source;
  alt_svc service; // its host is never empty here
  int64_t end_s;
} entry;

struct alt_svc_cache {
  const char *path;
  const client_verbose *verbose;
  entry *entries;
  size_t num, cap;
};

// ---- entries ------------------------------------------------------------------------------------

static void remove_at(alt_svc_cache *cache, size_t index) {
  cache->num--;
  memmove(&cache->entries[index], &cache->entries[index + 1],
          (cache->num - index) * sizeof *cache->entries);
}

static void remove_origin(alt_svc_cache *cache, const codicil_origin *origin) {
  for (size_t i = cache->num; i > 0; i--) {
    if (codicil_origin_equal(&cache->entries[i - 1].origin, origin)) {
      remove_at(cache, i - 1);
    }
  }
}

// When the cache is full, its oldest entries go: several, for all others move.
static bool reserve(alt_svc_cache *cache) {
  if (cache->num == MAX_ENTRIES) {
    cache->num -= MAKE_ROOM;
    memmove(cache->entries, cache->entries + MAKE_ROOM, cache->num * sizeof *cache->entries);
  }
  if (cache->num < cache->cap) {
    return true;
  }
  size_t cap = cache->cap * 2 + 16;
  entry *entries = realloc(cache->entries, cap * sizeof *entries);
  if (entries == NULL) {
    return false;
  }
  cache->entries = entries;
  cache->cap = cap;
  return true;
}

// Out of memory, it is as if it had not been said.
static void add(alt_svc_cache *cache, const entry *e) {
  if (reserve(cache)) {
    cache->entries[cache->num++] = *e;
  }
}

void alt_svc_cache_update(alt_svc_cache *cache, const codicil_origin *origin,
                          alt_svc_protocol protocol, codicil_span value, int64_t now_s) {
  alt_svc_field field;
  if (!alt_svc_parse(&field, value)) {
    return;
  }
  remove_origin(cache, origin);
  for (size_t i = 0; i < field.num; i++) {
    entry e = {*origin, protocol, field.items[i], now_s + field.items[i].max_age_s};
    if (e.service.host[0] == '\0') {
      memcpy(e.service.host, origin->host, sizeof e.service.host);
    }
    add(cache, &e);
  }
}

// HTTP/3 on the origin's own host.
static bool is_h3_of(const entry *e, const codicil_origin *origin) {
  return e->service.protocol == ALT_SVC_H3 && codicil_origin_equal(&e->origin, origin) &&
         strcmp(e->service.host, origin->host) == 0;
}

uint16_t alt_svc_cache_h3_port(const alt_svc_cache *cache, const codicil_origin *origin,
                               int64_t now_s) {
  for (size_t i = 0; i < cache->num; i++) {
    const entry *e = &cache->entries[i];
    if (is_h3_of(e, origin) && e->end_s > now_s) {
      return e->service.port;
    }
  }
  return 0;
}

void alt_svc_cache_forget(alt_svc_cache *cache, const codicil_origin *origin, uint16_t port) {
  for (size_t i = cache->num; i > 0; i--) {
    const entry *e = &cache->entries[i - 1];
    if (is_h3_of(e, origin) && e->service.port == port) {
      remove_at(cache, i - 1);
    }
  }
}

// ---- reading the file ---------------------------------------------------------------------------

// Digits only; `max` is far from INT_MAX.
static bool read_number(int *out, const char *text, size_t len, int max) {
  int value = 0;
  for (size_t i = 0; i < len; i++) {
    if (!isdigit((unsigned char)text[i])) {
      return false;
    }
    value = value * 10 + (text[i] - '0');
    if (value > max) {
      return false;
    }
  }
  *out = value;
  return len > 0;
}

// `day` is "20261231 with the quotation mark, `clock` 23:59:59" with the other.
static bool read_time(int64_t *out, const char *day, const char *clock) {
  struct tm tm = {0};
  bool ok = strlen(day) == 9 && day[0] == '"' && strlen(clock) == 9 && clock[8] == '"' &&
            clock[2] == ':' && clock[5] == ':' && read_number(&tm.tm_year, day + 1, 4, 9999) &&
            read_number(&tm.tm_mon, day + 5, 2, 12) && read_number(&tm.tm_mday, day + 7, 2, 31) &&
            read_number(&tm.tm_hour, clock, 2, 23) && read_number(&tm.tm_min, clock + 3, 2, 59) &&
            read_number(&tm.tm_sec, clock + 6, 2, 60) && tm.tm_year >= 1970 && tm.tm_mon >= 1 &&
            tm.tm_mday >= 1;
  if (ok) {
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *out = (int64_t)timegm(&tm);
  }
  return ok;
}

static bool has_port(const char *host) {
  const char *end = host[0] == '[' ? strchr(host, ']') : host;
  return end == NULL || strchr(end, ':') != NULL;
}

// A host, IPv6 in brackets, and a port.
static bool read_place(codicil_origin *out, const char *host, const char *port) {
  int number = 0;
  codicil_origin origin;
  if (!read_number(&number, port, strlen(port), UINT16_MAX) || number == 0 || has_port(host) ||
      !codicil_origin_parse_authority(&origin, codicil_span_of(host, strlen(host)))) {
    return false;
  }
  origin.port = (uint16_t)number;
  *out = origin;
  return true;
}

static bool read_protocol(alt_svc_protocol *out, const char *word) {
  return alt_svc_protocol_read(out, codicil_span_of(word, strlen(word)));
}

static bool read_entry(entry *out, char *line) {
  char *words[NUM_WORDS + 1];
  size_t num = 0;
  char *rest = NULL;
  for (char *w = strtok_r(line, " \t\r", &rest); w != NULL && num <= NUM_WORDS;
       w = strtok_r(NULL, " \t\r", &rest)) {
    words[num++] = w;
  }
  codicil_origin to;
  int persist = 0;
  if (num != NUM_WORDS || !read_protocol(&out->source, words[0]) ||
      !read_place(&out->origin, words[1], words[2]) ||
      !read_protocol(&out->service.protocol, words[3]) || !read_place(&to, words[4], words[5]) ||
      !read_time(&out->end_s, words[6], words[7]) ||
      !read_number(&persist, words[8], strlen(words[8]), 1)) {
    return false;
  }
  memcpy(out->service.host, to.host, sizeof out->service.host);
  out->service.port = to.port;
  out->service.persist = persist != 0;
  return true;
}

static void read_line(alt_svc_cache *cache, codicil_span line, size_t number, int64_t now_s) {
  char text[MAX_LINE] = "";
  entry e = {.end_s = 0};
  bool fits = line.len < sizeof text && memchr(line.data, '\0', line.len) == NULL;
  if (fits) {
    memcpy(text, line.data, line.len);
  }
  if (fits && (text[0] == '#' || text[strspn(text, " \t\r")] == '\0')) {
    return;
  }
  if (!fits || !read_entry(&e, text)) {
    verbose_note(cache->verbose, "%s:%zu: not an Alternative Service", cache->path, number);
  } else if (e.end_s > now_s) {
    add(cache, &e);
  }
}

static void read_lines(alt_svc_cache *cache, codicil_span text, int64_t now_s) {
  size_t number = 0;
  for (size_t at = 0; at < text.len;) {
    const uint8_t *begin = text.data + at;
    const uint8_t *end = memchr(begin, '\n', text.len - at);
    size_t len = end != NULL ? (size_t)(end - begin) : text.len - at;
    read_line(cache, codicil_span_of(begin, len), ++number, now_s);
    at += len + 1;
  }
}

static bool read_file(alt_svc_cache *cache, int64_t now_s, app_error *err) {
  codicil_buf text;
  codicil_buf_init(&text, NULL, MAX_FILE);
  bool is_there = cache->path[0] != '\0' && access(cache->path, F_OK) == 0;
  bool ok = !is_there || file_read(&text, cache->path, err);
  if (ok) {
    read_lines(cache, codicil_buf_span(&text), now_s);
  }
  codicil_buf_clear(&text);
  return ok;
}

bool alt_svc_cache_new(alt_svc_cache **out, const char *path, const client_verbose *verbose,
                       int64_t now_s, app_error *err) {
  alt_svc_cache *cache = calloc(1, sizeof *cache);
  if (cache == NULL) {
    return app_fail(err, "out of memory");
  }
  cache->path = path;
  cache->verbose = verbose;
  if (!read_file(cache, now_s, err)) {
    alt_svc_cache_free(cache);
    return false;
  }
  *out = cache;
  return true;
}

void alt_svc_cache_free(alt_svc_cache *cache) {
  if (cache != NULL) {
    free(cache->entries);
    free(cache);
  }
}

// ---- writing the file ---------------------------------------------------------------------------

static bool append(codicil_buf *out, const char *text) {
  return codicil_buf_append(out, codicil_span_of(text, strlen(text))) == CODICIL_OK;
}

static bool write_entry(codicil_buf *out, const entry *e) {
  char line[MAX_LINE];
  struct tm tm;
  time_t end = (time_t)e->end_s;
  if (gmtime_r(&end, &tm) == NULL) {
    return true;
  }
  bool is_v6 = strchr(e->origin.host, ':') != NULL;
  bool to_v6 = strchr(e->service.host, ':') != NULL;
  snprintf(line, sizeof line, "%s %s%s%s %u %s %s%s%s %u \"%04d%02d%02d %02d:%02d:%02d\" %d 0\n",
           alt_svc_protocol_word(e->source), is_v6 ? "[" : "", e->origin.host, is_v6 ? "]" : "",
           e->origin.port, alt_svc_protocol_word(e->service.protocol), to_v6 ? "[" : "",
           e->service.host, to_v6 ? "]" : "", e->service.port, tm.tm_year + 1900, tm.tm_mon + 1,
           tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, e->service.persist ? 1 : 0);
  return append(out, line);
}

static bool write_entries(const alt_svc_cache *cache, codicil_buf *out, int64_t now_s) {
  bool ok = append(out, "# Alternative Services, in the format of curl's --alt-svc.\n"
                        "# Written by codicil get; lines that it does not understand are lost.\n");
  for (size_t i = 0; ok && i < cache->num; i++) {
    ok = cache->entries[i].end_s <= now_s || write_entry(out, &cache->entries[i]);
  }
  return ok;
}

// A name beside `path` that nobody else has; `out` is as long as `out_len`.
static bool beside(char *out, size_t out_len, const char *path) {
  uint64_t number = 0;
  codicil_random random = io_random();
  return random.fill(random.ctx, (uint8_t *)&number, sizeof number) &&
         snprintf(out, out_len, "%s.%016llx", path, (unsigned long long)number) < (int)out_len;
}

static bool replace(const char *path, codicil_span content, app_error *err) {
  char name[4096];
  if (!beside(name, sizeof name, path)) {
    return app_fail(err, "%s: the name is too long", path);
  }
  if (!file_create(name, 0600, content, err)) {
    return false;
  }
  if (rename(name, path) != 0) {
    int saved = errno;
    unlink(name);
    return app_fail(err, "%s: %s", path, strerror(saved));
  }
  return true;
}

bool alt_svc_cache_save(const alt_svc_cache *cache, int64_t now_s, app_error *err) {
  if (cache->path[0] == '\0') {
    return true;
  }
  codicil_buf text;
  codicil_buf_init(&text, NULL, MAX_FILE);
  bool ok = write_entries(cache, &text, now_s) ? replace(cache->path, codicil_buf_span(&text), err)
                                               : app_fail(err, "out of memory");
  codicil_buf_clear(&text);
  return ok;
}
