// Secondary certificates over HTTP/2.
//
// A connection's session is made when its client first speaks of secondary certificates. To others
// the server sends its setting, and ORIGIN, and spends nothing more.
#ifndef APP_SERVER_SECONDARY_H2_H
#define APP_SERVER_SECONDARY_H2_H

#include <nghttp2/nghttp2.h>

#include "codicil/h2.h"
#include "server/secondary.h"

// The zero state is safe to clear.
typedef struct secondary_h2 {
  secondary *common;
  const server_config *config;
  SSL *ssl;
  codicil_tls *tls; // NULL where this TLS connection cannot carry authenticators
  codicil_h2 *h2;
} secondary_h2;

// Before the worker's first connection.
void secondary_h2_set_option(const server_config *config, nghttp2_option *option);
// Appends our setting to the first SETTINGS; returns the new count.
size_t secondary_h2_settings(const server_config *config, nghttp2_settings_entry *entries,
                             size_t num, size_t max);

// The handshake is complete, and `common` is initialised. All are borrowed.
void secondary_h2_init(secondary_h2 *s, const server_config *config, secondary *common, SSL *ssl);
// Clears `common`, too.
void secondary_h2_clear(secondary_h2 *s);
// Submits the ORIGIN frame that every client gets. Returns 0 or nghttp2's error.
int secondary_h2_submit_origin(const secondary_h2 *s, nghttp2_session *ng);

// From nghttp2's callbacks of the same names. Each returns what the callback must return.
int secondary_h2_on_begin_frame(secondary_h2 *s, nghttp2_session *ng, const nghttp2_frame_hd *hd);
int secondary_h2_on_chunk(secondary_h2 *s, nghttp2_session *ng, const nghttp2_frame_hd *hd,
                          const uint8_t *data, size_t len);
int secondary_h2_unpack(secondary_h2 *s, nghttp2_session *ng, void **payload,
                        const nghttp2_frame_hd *hd);
int secondary_h2_on_frame(secondary_h2 *s, nghttp2_session *ng, const nghttp2_frame *frame);
ssize_t secondary_h2_pack(secondary_h2 *s, nghttp2_session *ng, uint8_t *out, size_t len,
                          const nghttp2_frame *frame);

// After the octets of a turn have gone through nghttp2, and after secondary_sign_one.
void secondary_h2_after_input(secondary_h2 *s, nghttp2_session *ng);

#endif
