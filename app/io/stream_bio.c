// What stands between an SSL and the socket: see stream_bio.h.
#include "io/stream_bio.h"

#include <stdlib.h>
#include <string.h>

#include "io/loop.h"

static int bio_read(BIO *bio, char *out, size_t len, size_t *out_len) {
  io_stream *stream = BIO_get_data(bio);
  io_loop *loop = stream->loop;
  size_t left = loop->active == stream ? loop->in_len - loop->in_at : 0;
  BIO_clear_retry_flags(bio);
  if (left == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  size_t n = left < len ? left : len;
  memcpy(out, loop->in + loop->in_at, n);
  loop->in_at += n;
  *out_len = n;
  return 1;
}

static bool make_room(io_loop *loop, size_t len) {
  if (len <= loop->out_cap - loop->out_len) {
    return true;
  }
  size_t cap = loop->out_len + len + IO_RECORD_LEN;
  uint8_t *grown = realloc(loop->out, cap);
  if (!grown) {
    return false;
  }
  loop->out = grown;
  loop->out_cap = cap;
  return true;
}

// An SSL that is freed outside its callbacks may try to write its farewell: that is dropped.
static int bio_write(BIO *bio, const char *data, size_t len, size_t *out_len) {
  io_stream *stream = BIO_get_data(bio);
  io_loop *loop = stream->loop;
  BIO_clear_retry_flags(bio);
  if (loop->active != stream || !make_room(loop, len)) {
    return 0;
  }
  memcpy(loop->out + loop->out_len, data, len);
  loop->out_len += len;
  *out_len = len;
  return 1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer) {
  (void)bio;
  (void)number;
  (void)pointer;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD *io_stream_bio_method(void) {
  BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "codicil stream");
  if (method &&
      (!BIO_meth_set_read_ex(method, bio_read) || !BIO_meth_set_write_ex(method, bio_write) ||
       !BIO_meth_set_ctrl(method, bio_ctrl))) {
    BIO_meth_free(method);
    return NULL;
  }
  return method;
}

bool io_stream_bio_attach(io_stream *stream) {
  BIO *bio = BIO_new(stream->loop->bio);
  if (!bio) {
    return false;
  }
  BIO_set_data(bio, stream);
  BIO_set_init(bio, 1);
  SSL_set_bio(stream->ssl, bio, bio);
  return true;
}
