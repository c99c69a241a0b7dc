// Growing octets for the misbehaving peer. It shares no code with the library that it tests, so
// that a mistake in the library's writer cannot hide itself. Out of memory ends the process.
#ifndef BADPEER_BYTES_H
#define BADPEER_BYTES_H

#include <stddef.h>
#include <stdint.h>

typedef struct bytes {
  uint8_t *data;
  size_t len, cap;
} bytes;

void bytes_clear(bytes *b);
void bytes_put(bytes *b, const void *data, size_t len);
// Appends `value` big-endian in `width` octets.
void bytes_uint(bytes *b, uint64_t value, size_t width);
void bytes_fill(bytes *b, uint8_t octet, size_t len);
// Opens a vector with a `width`-octet length: returns the mark that bytes_end takes.
size_t bytes_begin(bytes *b, size_t width);
void bytes_end(bytes *b, size_t mark, size_t width);

// Prints `message` with errno's text to stderr and ends the process.
_Noreturn void die(const char *message);

#endif
