// HTTP/2 written by hand over a blocking TLS connection: any frame, right or wrong.
//
// Header blocks are written as literals without indexing; nghttp2's inflater reads the peer's.
#ifndef BADPEER_H2_H
#define BADPEER_H2_H

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#include "wire.h"

enum {
  H2_PRIORITY = 2,
  H2_RST_STREAM = 3,
  H2_PING = 6,
  H2_WINDOW_UPDATE = 8,
  H2_CONTINUATION = 9,
  H2_CERTIFICATE = 0xfc,
  H2_SETTING = 0xf0ce, // SETTINGS_HTTP_SERVER_CERT_AUTH
  H2_FLAG_ACK = 1,
  H2_FLAG_END_STREAM = 1,
  H2_FLAG_END_HEADERS = 4
};

struct h2 {
  SSL *ssl;
  int fd;
  bytes in;
  size_t in_at;
  nghttp2_hd_inflater *inflater;
  uint32_t next_stream;
  uint32_t overtook; // a request that came before a PING was answered; 0: none. It is read next.
};

extern const transport h2_transport;

void h2_init(wire *w, SSL *ssl, int fd);
// The client's preface, and the first SETTINGS with our setting, -1 for none.
bool h2_begin_client(wire *w, long setting);
// The same of a server; reads the client's preface.
bool h2_begin_server(wire *w, long setting);

// Each returns false where the connection takes no more octets.
bool h2_send(wire *w, const void *data, size_t len);
bool h2_frame(wire *w, uint8_t type, uint8_t flags, uint32_t stream, const void *payload,
              size_t len);
bool h2_setting(wire *w, uint16_t id, uint32_t value);

#endif
