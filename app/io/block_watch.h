// A block list's file while a program runs: whoever changes it is heard without a restart.
//
// A file that is gone or does not parse changes nothing: the list from before stays in force, and
// standard error says so.
#ifndef APP_IO_BLOCK_WATCH_H
#define APP_IO_BLOCK_WATCH_H

#include <ev.h>

#include "codicil/x509.h"

// Looks at the file from a loop's thread.
typedef struct block_watch block_watch;
// The file has other octets than before, and they parse: `take_list` is the user's.
typedef void block_changed(void *user, codicil_block_list *take_list);
// Begins. `take_seen` is what the file held at the start, and is cleared; so what changed since is
// not missed. `program` ("codicil serve") and `path` are borrowed. NULL without memory.
block_watch *block_watch_new(struct ev_loop *ev, const char *program, const char *path,
                             codicil_buf *take_seen, block_changed *changed, void *user);
// Not from within `changed`. NULL is allowed.
void block_watch_free(block_watch *watch);
// Reads the file now, changed or not.
void block_watch_read(block_watch *watch);

#endif
