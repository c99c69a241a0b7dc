// A block list's file while a program runs: see block_watch.h.
//
// libev's watcher is fast and misses things: it compares whole seconds, and its inotify(7) watch of
// a symbolic link is one of the link, not of what it leads to (a list that a deployment replaces is
// often such a link). So the file's status is looked at by itself as well.
#include "io/block_watch.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io/block_file.h"

static const double every_s = 1;
// A file that is being written in place is empty at first, and would let through what it is to
// stop: it is read when nothing has happened to it for this long, or when that never comes. Then it
// is read once more, for file systems that count whole seconds.
static const double quiet_s = 0.1;
enum { MAX_WAITS = 50, READS = 2 };

struct block_watch {
  struct ev_loop *ev;
  const char *program;
  const char *path;
  block_changed *changed;
  void *user;
  ev_stat stat;
  ev_timer tick;
  struct stat status; // of the file when it was last looked at; zeros where there was none
  int num_waits;      // for it to be quiet
  int reads_left;
  uint8_t seen[SHA256_DIGEST_LENGTH]; // of the file's octets as last read
  bool was_good;                      // and it could be read and parsed
};

static bool is_same_time(struct timespec a, struct timespec b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_same_status(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
         a->st_mode == b->st_mode && is_same_time(a->st_mtim, b->st_mtim) &&
         is_same_time(a->st_ctim, b->st_ctim);
}

static void read_status(const block_watch *w, struct stat *out) {
  if (stat(w->path, out) != 0) {
    memset(out, 0, sizeof *out);
  }
}

// Remembers what was read. Returns whether it is something new.
static bool note(block_watch *w, const codicil_buf *text, bool is_good) {
  uint8_t digest[sizeof w->seen] = {0};
  bool is_new = !SHA256(text->data, text->len, digest) || w->was_good != is_good ||
                memcmp(w->seen, digest, sizeof digest) != 0;
  memcpy(w->seen, digest, sizeof digest);
  w->was_good = is_good;
  return is_new;
}

static void look(block_watch *w, bool is_asked) {
  codicil_block_list *list = NULL;
  codicil_buf text;
  app_error err;
  bool is_good = block_file_read(&list, &text, w->path, &err);
  bool is_new = note(w, &text, is_good);
  codicil_buf_clear(&text);
  if (!is_new && !is_asked) {
    codicil_block_list_free(list);
  } else if (is_good) {
    w->changed(w->user, list);
  } else {
    fprintf(stderr, "%s: %s: the block list stays as it was\n", w->program, err.text);
  }
}

void block_watch_read(block_watch *w) {
  look(w, true);
}

// Returns whether the file has just changed: then the next tick comes soon.
static bool has_changed(block_watch *w) {
  struct stat status;
  read_status(w, &status);
  if (is_same_status(&status, &w->status) || w->num_waits >= MAX_WAITS) {
    return false;
  }
  w->status = status;
  w->num_waits++;
  w->reads_left = READS;
  ev_timer_stop(w->ev, &w->tick);
  ev_timer_set(&w->tick, quiet_s, every_s);
  ev_timer_start(w->ev, &w->tick);
  return true;
}

static void on_stat(struct ev_loop *ev, ev_stat *watcher, int events) {
  (void)ev;
  (void)events;
  (void)has_changed(watcher->data);
}

static void on_tick(struct ev_loop *ev, ev_timer *watcher, int events) {
  block_watch *w = watcher->data;
  (void)ev;
  (void)events;
  if (!has_changed(w)) {
    w->num_waits = 0;
    if (w->reads_left > 0) {
      w->reads_left--;
      look(w, false);
    }
  }
}

block_watch *block_watch_new(struct ev_loop *ev, const char *program, const char *path,
                             codicil_buf *take_seen, block_changed *changed, void *user) {
  block_watch *w = calloc(1, sizeof *w);
  if (!w) {
    return NULL;
  }
  w->ev = ev;
  w->program = program;
  w->path = path;
  w->changed = changed;
  w->user = user;
  (void)note(w, take_seen, true);
  codicil_buf_clear(take_seen);
  ev_stat_init(&w->stat, on_stat, path, 0);
  ev_timer_init(&w->tick, on_tick, quiet_s, every_s);
  w->stat.data = w->tick.data = w;
  ev_stat_start(ev, &w->stat);
  ev_timer_start(ev, &w->tick);
  return w;
}

void block_watch_free(block_watch *w) {
  if (w) {
    ev_stat_stop(w->ev, &w->stat);
    ev_timer_stop(w->ev, &w->tick);
    free(w);
  }
}
