// Which ClientHellos with early data were seen: none is taken twice (RFC 8446 §8.2).
//
// Shared by threads. It remembers each for `keep_s` at least, in memory that does not grow; while
// that is full, early data is refused, and nothing else.
#ifndef APP_IO_REPLAY_H
#define APP_IO_REPLAY_H

#include "codicil/codicil.h"
#include "io/error.h"

typedef struct replay replay;

// Makes one. A seen ClientHello must be of no use any more after `keep_s`.
CODICIL_MUST_USE bool replay_new(replay **out, uint32_t keep_s, size_t capacity, app_error *err);
void replay_free(replay *seen);
// Remembers `id`; false where it was seen, or cannot be remembered.
CODICIL_MUST_USE bool replay_add(replay *seen, codicil_span id);
// The same at a given time, on a monotonic clock.
CODICIL_MUST_USE bool replay_add_at(replay *seen, codicil_span id, uint64_t now_s);

#endif
