// The peer's other streams: see stream_watch.h.
#include "stream_watch.h"

#include "mem.h"

bool codicil_h3_watch(codicil_h3_frames *frames, size_t *out_start, codicil_reader *r,
                      uint64_t type) {
  size_t len = r->rest.len;
  codicil_h3_part part;
  do {
    codicil_span payload;
    part = codicil_h3_frames_next(frames, r, &payload);
    if (part == CODICIL_H3_PART_HEADER && frames->head.first == type) {
      size_t end = len - r->rest.len;
      *out_start = end > frames->head.len ? end - frames->head.len : 0;
      return true;
    }
  } while (part != CODICIL_H3_PART_NONE);
  return false;
}

// ---- the table ----------------------------------------------------------------------------------
//
// Open addressing with linear probing, at most half full. What is removed leaves no mark: those
// behind it move up.

enum { MIN_CAP = 16 };

void codicil_h3_streams_clear(codicil_h3_streams *streams) {
  codicil_mem_free(streams->mem, streams->slots);
  *streams = (codicil_h3_streams){.mem = streams->mem};
}

// Numbers of streams go up in steps of four: multiplied by 2^64 over the golden ratio they spread.
static size_t home_of(const codicil_h3_streams *streams, int64_t id) {
  return (size_t)((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (streams->cap - 1);
}

// Returns the slot of `id`, or the free one where it would be. There always is one.
static size_t slot_of(const codicil_h3_streams *streams, int64_t id) {
  size_t i = home_of(streams, id);
  while (streams->slots[i].is_used && streams->slots[i].id != id) {
    i = (i + 1) & (streams->cap - 1);
  }
  return i;
}

codicil_h3_stream *codicil_h3_streams_find(const codicil_h3_streams *streams, int64_t id) {
  if (streams->num == 0) {
    return NULL;
  }
  codicil_h3_stream *slot = &streams->slots[slot_of(streams, id)];
  return slot->is_used ? slot : NULL;
}

static codicil_err grow(codicil_h3_streams *streams) {
  codicil_h3_streams wider = {.mem = streams->mem,
                              .cap = streams->cap == 0 ? MIN_CAP : 2 * streams->cap,
                              .num = streams->num};
  wider.slots = codicil_mem_zalloc(wider.mem, wider.cap * sizeof *wider.slots);
  if (wider.slots == NULL) {
    return CODICIL_NOMEM;
  }
  for (size_t i = 0; i < streams->cap; i++) {
    if (streams->slots[i].is_used) {
      wider.slots[slot_of(&wider, streams->slots[i].id)] = streams->slots[i];
    }
  }
  codicil_mem_free(streams->mem, streams->slots);
  *streams = wider;
  return CODICIL_OK;
}

codicil_err codicil_h3_streams_put(codicil_h3_streams *streams, const codicil_h3_stream *stream) {
  codicil_h3_stream copy = *stream; // may be in the table
  codicil_h3_stream *known = codicil_h3_streams_find(streams, stream->id);
  if (known == NULL) {
    if (2 * (streams->num + 1) > streams->cap) {
      codicil_err err = grow(streams);
      if (err != CODICIL_OK) {
        return err;
      }
    }
    known = &streams->slots[slot_of(streams, copy.id)];
    streams->num++;
  }
  *known = copy;
  known->is_used = true;
  return CODICIL_OK;
}

void codicil_h3_streams_remove(codicil_h3_streams *streams, int64_t id) {
  const codicil_h3_stream *known = codicil_h3_streams_find(streams, id);
  if (known == NULL) {
    return;
  }
  size_t mask = streams->cap - 1;
  size_t hole = (size_t)(known - streams->slots);
  for (size_t i = (hole + 1) & mask; streams->slots[i].is_used; i = (i + 1) & mask) {
    // It moves up unless its home lies behind the hole.
    size_t from_home = (i - home_of(streams, streams->slots[i].id)) & mask;
    if (from_home >= ((i - hole) & mask)) {
      streams->slots[hole] = streams->slots[i];
      hole = i;
    }
  }
  streams->slots[hole].is_used = false;
  streams->num--;
}
