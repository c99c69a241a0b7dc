// The block list's file: read at the start, and again while the server runs.
#ifndef APP_SERVER_BLOCK_LIST_H
#define APP_SERVER_BLOCK_LIST_H

#include <ev.h>

#include "codicil/x509.h"
#include "server/config.h"
#include "server/site.h"

// Reads and parses the file; `err` names it, and the line that is wrong. `text` is initialised here
// and keeps its octets, also of a file that does not parse: clear it either way.
CODICIL_MUST_USE bool block_list_read(codicil_block_list **out, codicil_buf *text, const char *path,
                                      app_error *err);
// The same for the configuration's file, at the start: what is wrong goes to `report`, and so does
// each site whose handshake's certificate is listed. *out is NULL where no file is configured, or
// it is of no use.
CODICIL_MUST_USE bool block_list_load(codicil_block_list **out, codicil_buf *text,
                                      const server_config *config, const site_table *table,
                                      config_report *report);

// Looks at the file from a loop's thread.
typedef struct block_watch block_watch;
// The file has other octets than before, and they parse: `take_list` is the user's.
typedef void block_changed(void *user, codicil_block_list *take_list);
// Begins. `take_seen` is what the file held at the start, and is the watch's from now on; so what
// changed since is not missed. `path` is borrowed. NULL without memory.
block_watch *block_watch_new(struct ev_loop *ev, const char *path, codicil_buf *take_seen,
                             block_changed *changed, void *user);
void block_watch_free(block_watch *watch);
// Reads the file now, changed or not.
void block_watch_read(block_watch *watch);

#endif
