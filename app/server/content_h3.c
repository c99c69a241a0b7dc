// Content on its way out over HTTP/3: see content_h3.h.
#include "server/content_h3.h"

#include <stdlib.h>

#include "server/connection.h"
#include "server/response.h"

// Of content in memory. What is given away counts as sent, so it is not the whole of a large one.
enum { PIECE_LEN = 65536 };

typedef struct content_chunk {
  struct content_chunk *next;
  size_t len;
  uint8_t octets[CONTENT_CHUNK_LEN];
} content_chunk;

static void append(request *r, content_chunk *chunk) {
  chunk->next = NULL;
  *(r->newest_chunk ? &r->newest_chunk->next : &r->chunks) = chunk;
  r->newest_chunk = chunk;
  r->num_chunks++;
  r->connection->num_chunks++;
}

// One that waits has chunks of its own, whose acknowledgement lets it go on.
static bool may_read(const request *r) {
  bool are_few = r->connection->num_chunks < CONTENT_CONNECTION_CHUNKS;
  return r->num_chunks < (are_few ? CONTENT_MAX_CHUNKS : CONTENT_MIN_CHUNKS);
}

static content_result read_chunk(request *r, codicil_span *out) {
  if (!may_read(r)) {
    r->awaits_ack = true;
    return CONTENT_WAITS;
  }
  content_chunk *chunk = malloc(sizeof *chunk);
  codicil_span part =
      chunk ? response_read(r, sizeof chunk->octets, chunk->octets) : codicil_span_of(NULL, 0);
  if (part.len == 0) {
    free(chunk);
    return CONTENT_FAILED;
  }
  chunk->len = part.len;
  append(r, chunk);
  *out = part;
  return CONTENT_OK;
}

content_result content_next(request *r, codicil_span *out) {
  content_result result = CONTENT_OK;
  if (r->file && !r->file->content) {
    result = read_chunk(r, out);
  } else {
    *out = response_read(r, PIECE_LEN, NULL);
  }
  if (result == CONTENT_OK) {
    r->at += out->len;
    r->sent += out->len;
  }
  return result;
}

static void drop_oldest(request *r) {
  content_chunk *chunk = r->chunks;
  r->chunks = chunk->next;
  r->newest_chunk = r->chunks ? r->newest_chunk : NULL;
  r->num_chunks--;
  r->connection->num_chunks--;
  free(chunk);
}

// Acknowledgements come in order, and need not end where a chunk does.
bool content_acked(request *r, uint64_t len) {
  r->acked += len;
  r->acked_of_chunk += r->chunks ? len : 0;
  while (r->chunks && r->acked_of_chunk >= r->chunks->len) {
    r->acked_of_chunk -= r->chunks->len;
    drop_oldest(r);
  }
  bool goes_on = r->awaits_ack && may_read(r);
  r->awaits_ack = r->awaits_ack && !goes_on;
  return goes_on;
}

void content_clear(request *r) {
  while (r->chunks) {
    drop_oldest(r);
  }
}
