// What both programs share that has nothing to do with secondary certificates.
#ifndef EXAMPLES_H
#define EXAMPLES_H

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#include "secondary.h" // secondary

enum { FILE_MAX = 65536, AUTHORITY_MAX = 256 };

typedef struct connection {
  secondary secondary; // first, as nghttp2's user data points to both: secondary
  SSL *ssl;
  nghttp2_session *ng;
} connection;

// Reads a file of less than FILE_MAX octets into `out`; ends the program where it cannot.
size_t read_file(const char *name, char *out);
// Reads a port, 0 included; ends the program where there is none.
uint16_t read_port(const char *text);
// Ends the program with a message, and what OpenSSL has to say.
_Noreturn void die(const char *what);
// Sends what nghttp2 has, then reads once; false when the connection is over.
bool exchange(connection *c);
// Makes a header field of two strings that outlive the submission.
nghttp2_nv field(const char *name, const char *value);

#endif
