// One thread's event loop: see loop.h.
#include "io/loop.h"

#include <stdlib.h>
#include <string.h>

#include "io/clock.h"
#include "io/stream_bio.h"

static void on_turn(struct ev_loop *ev, ev_check *watcher, int events) {
  (void)ev;
  (void)events;
  ((io_loop *)watcher->data)->now = io_clock_now();
}

static bool allocate(io_loop *loop) {
  loop->ev = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
  loop->bio = io_stream_bio_method();
  loop->in = malloc(IO_IN_LEN);
  loop->received = malloc(IO_RECORD_LEN);
  loop->record = malloc(IO_RECORD_LEN);
  loop->out = malloc(IO_OUT_LEN);
  loop->out_cap = IO_OUT_LEN;
  return loop->ev && loop->bio && loop->in && loop->received && loop->record && loop->out;
}

bool io_loop_init(io_loop *loop, app_error *err) {
  memset(loop, 0, sizeof *loop);
  if (!allocate(loop)) {
    io_loop_clear(loop);
    return app_fail(err, "no memory or no descriptor for an event loop");
  }
  loop->now = io_clock_now();
  ev_check_init(&loop->clock, on_turn);
  ev_set_priority(&loop->clock, EV_MAXPRI);
  loop->clock.data = loop;
  ev_check_start(loop->ev, &loop->clock);
  ev_unref(loop->ev); // the clock alone keeps no loop running
  return true;
}

void io_loop_clear(io_loop *loop) {
  if (loop->ev && ev_is_active(&loop->clock)) {
    ev_ref(loop->ev);
    ev_check_stop(loop->ev, &loop->clock);
  }
  if (loop->ev) {
    ev_loop_destroy(loop->ev);
  }
  BIO_meth_free(loop->bio);
  free(loop->in);
  free(loop->received);
  free(loop->record);
  free(loop->out);
  io_pool_clear(&loop->pool);
  memset(loop, 0, sizeof *loop);
}
