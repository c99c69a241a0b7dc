// What secondary certificates ask of the server: all of it, so that a build without them, to be
// measured against, needs another secondary.c and nothing else (bench/without_feature).
//
// A connection's codicil_session is made when its client first speaks of secondary certificates. To
// others the server sends its setting, and ORIGIN, and spends nothing more.
#ifndef APP_SERVER_SECONDARY_H
#define APP_SERVER_SECONDARY_H

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#include "codicil/name.h"
#include "io/loop.h"
#include "server/site.h"

// Of one worker.
typedef struct secondary_shared secondary_shared;
CODICIL_MUST_USE bool secondary_shared_new(secondary_shared **out, const server_config *config,
                                           const site_table *sites, io_loop *loop, app_error *err);
void secondary_shared_free(secondary_shared *shared);

// Of one connection; the zero state is safe to clear.
typedef struct secondary {
  secondary_shared *shared;
  const server_site *site; // of the handshake
  SSL *ssl;
  uint16_t port; // for ORIGIN
  struct secondary_session *made;
} secondary;

// From the context's client_hello callback.
int secondary_capture_client_hello(SSL *ssl, int *al);
// Before the worker's first connection.
void secondary_set_option(const secondary_shared *shared, nghttp2_option *option);

// The handshake is complete. `ssl` is borrowed until secondary_clear.
void secondary_init(secondary *s, secondary_shared *shared, const server_site *site, SSL *ssl,
                    uint16_t port);
void secondary_clear(secondary *s);
// Appends our setting to the first SETTINGS; returns the new count.
size_t secondary_settings(const secondary *s, nghttp2_settings_entry *entries, size_t num,
                          size_t max);
// Submits the ORIGIN frame that every client gets. Returns 0 or nghttp2's error.
int secondary_submit_origin(const secondary *s, nghttp2_session *ng);

// From nghttp2's callbacks of the same names. Each returns what the callback must return.
int secondary_on_begin_frame(secondary *s, nghttp2_session *ng, const nghttp2_frame_hd *hd);
int secondary_on_chunk(secondary *s, nghttp2_session *ng, const nghttp2_frame_hd *hd,
                       const uint8_t *data, size_t len);
int secondary_unpack(secondary *s, nghttp2_session *ng, void **payload, const nghttp2_frame_hd *hd);
int secondary_on_frame(secondary *s, nghttp2_session *ng, const nghttp2_frame *frame);
ssize_t secondary_pack(secondary *s, nghttp2_session *ng, uint8_t *out, size_t len,
                       const nghttp2_frame *frame);

// After the octets of a turn have gone through nghttp2.
void secondary_after_input(secondary *s, nghttp2_session *ng);

// Tells whether a signature is wanted. Cheap: asked after every turn of a connection.
bool secondary_wants_signature(const secondary *s);
// Makes one signature, and submits what it completes.
void secondary_sign_one(secondary *s, nghttp2_session *ng);

// Tells whether a secondary certificate that was proven on this connection carries `origin`, and is
// one that its site may use here; *out_sha256 is the certificate.
bool secondary_carries(const secondary *s, const uint8_t **out_sha256, const codicil_origin *origin,
                       const server_site *wanted);

#endif
