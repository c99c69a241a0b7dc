// The block list's file: see block_list.h.
//
// A file that is gone or does not parse changes nothing: the list from before stays in force, and
// standard error says so.
#include "server/block_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/file.h"

enum { MAX_TEXT_LEN = 64 << 20 };
// stat(2) as libev compares it counts whole seconds: a second change within one is seen by looking
// again after it.
static const double look_again_s = 1.1;

bool block_list_read(codicil_block_list **out, codicil_buf *text, const char *path,
                     app_error *err) {
  codicil_diag diag = {NULL, SIZE_MAX};
  size_t line = 0;
  codicil_buf_init(text, NULL, MAX_TEXT_LEN);
  if (!file_read(text, path, err)) {
    return false;
  }
  codicil_err e = codicil_block_list_parse(out, NULL, &diag, &line, codicil_buf_span(text));
  return e == CODICIL_OK ||
         app_fail(err, "%s:%zu: %s", path, line, diag.what ? diag.what : codicil_err_text(e));
}

// Beside another one a certificate is left out; without one there is no handshake.
static bool refuse_listed_sites(const codicil_block_list *list, const site_table *table,
                                const config_text *path, config_report *report) {
  bool ok = true;
  for (size_t i = 0; i < table->num_sites; i++) {
    const server_certificate *own = table->sites[i].certificate;
    if (own->identity && server_certificate_is_listed(own, list)) {
      config_say(report, own->config->file.mark, false,
                 "the certificate in %s is on the block list %s", own->config->file.text,
                 path->text);
      ok = false;
    }
  }
  return ok;
}

bool block_list_load(codicil_block_list **out, codicil_buf *text, const server_config *config,
                     const site_table *table, config_report *report) {
  const config_text *path = &config->block_list;
  app_error err;
  *out = NULL;
  codicil_buf_init(text, NULL, MAX_TEXT_LEN);
  if (!path->text) {
    return true;
  }
  if (!block_list_read(out, text, path->text, &err)) {
    config_say(report, path->mark, false, "%s", err.text);
    return false;
  }
  return refuse_listed_sites(*out, table, path, report);
}

// ---- while the server runs
// -----------------------------------------------------------------------------------------------

struct block_watch {
  struct ev_loop *ev;
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
  bool is_good = block_list_read(&list, &text, w->path, &err);
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
    fprintf(stderr, "codicil serve: %s: the block list stays as it was\n", err.text);
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

block_watch *block_watch_new(struct ev_loop *ev, const char *path, codicil_buf *take_seen,
                             block_changed *changed, void *user) {
  block_watch *w = calloc(1, sizeof *w);
  if (!w) {
    return NULL;
  }
  w->ev = ev;
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
