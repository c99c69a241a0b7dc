// What stands between an SSL and the socket: memory of the loop (internal to stream.c and loop.c).
//
// The socket is read and written once for many records, and an SSL never blocks in a write: what it
// writes waits in the loop's buffer, or in the stream's own once the socket takes no more.
#ifndef APP_IO_STREAM_BIO_H
#define APP_IO_STREAM_BIO_H

#include <openssl/bio.h>

#include "io/stream.h"

// Returns a new method, or NULL.
BIO_METHOD *io_stream_bio_method(void);
// Puts a BIO of the stream's loop below its SSL; false without memory.
CODICIL_MUST_USE bool io_stream_bio_attach(io_stream *stream);

#endif
