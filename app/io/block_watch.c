// A block list's file while a program runs: see block_watch.h.
#include "io/block_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/block_file.h"

// stat(2) as libev compares it counts whole seconds: a second change within one is seen by looking
// again after it.
static const double look_again_s = 1.1;

struct block_watch {
  struct ev_loop *ev;
  const char *program;
  const char *path;
  block_changed *changed;
  void *user;
  ev_stat stat;
  ev_timer again;
  codicil_buf seen; // the file's octets as last read
  bool was_good;    // and it could be read and parsed
};

static bool is_seen(const block_watch *w, const codicil_buf *text, bool is_good) {
  return w->was_good == is_good && w->seen.len == text->len &&
         (text->len == 0 || memcmp(w->seen.data, text->data, text->len) == 0);
}

static void look(block_watch *w, bool is_asked) {
  codicil_block_list *list = NULL;
  codicil_buf text;
  app_error err;
  bool is_good = block_file_read(&list, &text, w->path, &err);
  if (!is_asked && is_seen(w, &text, is_good)) {
    codicil_block_list_free(list);
    codicil_buf_clear(&text);
    return;
  }
  codicil_buf_clear(&w->seen);
  w->seen = text;
  w->was_good = is_good;
  if (is_good) {
    w->changed(w->user, list);
  } else {
    fprintf(stderr, "%s: %s: the block list stays as it was\n", w->program, err.text);
  }
}

void block_watch_read(block_watch *w) {
  look(w, true);
}

// A file that is being written may be read in part: what follows is seen, too.
static void on_stat(struct ev_loop *ev, ev_stat *watcher, int events) {
  block_watch *w = watcher->data;
  (void)events;
  look(w, false);
  ev_timer_again(ev, &w->again);
}

static void on_again(struct ev_loop *ev, ev_timer *watcher, int events) {
  block_watch *w = watcher->data;
  (void)events;
  ev_timer_stop(ev, watcher);
  look(w, false);
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
  w->seen = *take_seen;
  w->was_good = true;
  memset(take_seen, 0, sizeof *take_seen);
  ev_stat_init(&w->stat, on_stat, path, 0);
  ev_timer_init(&w->again, on_again, 0, look_again_s);
  w->stat.data = w->again.data = w;
  ev_stat_start(ev, &w->stat);
  ev_timer_again(ev, &w->again);
  return w;
}

void block_watch_free(block_watch *w) {
  if (w) {
    ev_stat_stop(w->ev, &w->stat);
    ev_timer_stop(w->ev, &w->again);
    codicil_buf_clear(&w->seen);
    free(w);
  }
}
