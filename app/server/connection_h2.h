// One client's connection over HTTP/2: TLS over TCP, and nghttp2.
#ifndef APP_SERVER_CONNECTION_H2_H
#define APP_SERVER_CONNECTION_H2_H

#include <nghttp2/nghttp2.h>

#include "io/address.h"
#include "server/config.h"

struct worker;

// Makes the callbacks and options that all connections of a worker share.
CODICIL_MUST_USE bool connection_h2_prepare(nghttp2_session_callbacks **out_callbacks,
                                            nghttp2_option **out_option,
                                            const server_config *config);
// Takes `fd`, a connection that was just accepted. `port` is the one that clients know; `alt_svc`,
// what is announced to them, is borrowed for the worker's life.
void connection_h2_accept(struct worker *w, int fd, const io_address *peer, uint16_t port,
                          codicil_span alt_svc);

#endif
