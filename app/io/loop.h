// One thread's event loop and what its streams share.
//
// A stream needs large buffers only while one of its callbacks runs, so they belong to the loop:
// an idle connection holds none of them. The loop also keeps the time, read once a turn.
#ifndef APP_IO_LOOP_H
#define APP_IO_LOOP_H

#include <ev.h>
#include <openssl/bio.h>

#include "codicil/codicil.h"
#include "io/error.h"
#include "io/pool.h"

enum {
  IO_RECORD_LEN = 16384, // the most that one TLS record carries (RFC 8446 §5.1)
  IO_IN_LEN = 65536,     // octets taken from a socket at once
  IO_OUT_LEN = 131072,   // octets given to a socket at once: see io_stream_room
};

struct io_stream;

typedef struct io_loop {
  struct ev_loop *ev;
  codicil_now now; // of this turn
  ev_check clock;
  io_pool pool; // for what belongs to the thread
  BIO_METHOD *bio;
  struct io_stream *active; // whose callback runs: the buffers below are its own until it returns
  uint8_t *in;              // ciphertext just received
  size_t in_at, in_len;
  uint8_t *received; // plaintext of one record, received
  uint8_t *record;   // plaintext that waits for a full record
  size_t record_len;
  uint8_t *out; // ciphertext to send
  size_t out_len, out_cap;
} io_loop;

CODICIL_MUST_USE bool io_loop_init(io_loop *loop, app_error *err);
// Every stream of the loop must be gone.
void io_loop_clear(io_loop *loop);
// The time at which this turn of the loop began.
static inline codicil_now io_loop_now(const io_loop *loop) {
  return loop->now;
}

#endif
