// The peer's other streams: finds SERVER_CERTIFICATE where it may not be, and tells what streams of
// one direction are.
//
// nghttp3 ignores frames that it does not know, and ours among them. So the headers of frames on
// request streams are followed here too. What has to be remembered of a stream is in a hash table:
// of a request stream only while a frame is open, of one with a type until it ends. Who opens
// streams chooses their numbers, but QUIC allows only so many.
#ifndef CODICIL_H3_STREAM_WATCH_H
#define CODICIL_H3_STREAM_WATCH_H

#include "codicil/codicil.h"
#include "frames.h"

// Follows `frames` in `r` to the next header of a frame of `type`; false where there is none.
// *out_start: how many of the octets of `r`, as it was given, lie before that header.
CODICIL_MUST_USE bool codicil_h3_watch(codicil_h3_frames *frames, size_t *out_start,
                                       codicil_reader *r, uint64_t type);

// What is remembered of a stream.
typedef struct codicil_h3_stream {
  int64_t id;
  bool is_used;  // in the table
  bool has_type; // of a stream of one direction: nghttp3 knows it, its octets pass
  // Of a request stream; of one without a type what there is of that is in `head`.
  codicil_h3_frames frames;
} codicil_h3_stream;

// The zero value with `mem` is an empty table.
typedef struct codicil_h3_streams {
  const codicil_mem *mem;
  codicil_h3_stream *slots;
  size_t cap; // 0 or a power of two
  size_t num;
} codicil_h3_streams;

void codicil_h3_streams_clear(codicil_h3_streams *streams);
// Returns what is remembered of `id`, or NULL; lives until the next change of the table.
codicil_h3_stream *codicil_h3_streams_find(const codicil_h3_streams *streams, int64_t id);
// Remembers `stream`, in place of what was of the same id. CODICIL_NOMEM.
CODICIL_MUST_USE codicil_err codicil_h3_streams_put(codicil_h3_streams *streams,
                                                    const codicil_h3_stream *stream);
// Forgets `id`, where anything is remembered of it.
void codicil_h3_streams_remove(codicil_h3_streams *streams, int64_t id);

#endif
