// One client's connection over HTTP/3: io/h3.h, and nghttp3's callbacks.
#ifndef APP_SERVER_CONNECTION_H3_H
#define APP_SERVER_CONNECTION_H3_H

#include "io/quic.h"

struct worker;

// Takes a new connection of QUIC's: what quic_accept returns. `sites` (borrowed) maps the sites of
// QUIC's TLS to the worker's.
bool connection_h3_accept(struct worker *w, quic_connection *quic, const size_t *sites,
                          const quic_handler **out_handler, void **out_user);

#endif
